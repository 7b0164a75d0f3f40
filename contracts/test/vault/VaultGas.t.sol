// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OptionVault} from "../../src/vault/OptionVault.sol";
import {Transactions} from "../Transactions.sol";
import {VaultWorld} from "../VaultWorld.sol";

/// @notice What each call of a vault costs as a whole transaction: intrinsic gas, calldata and execution.
/// @dev Every contract is cold, as at the start of a transaction. Roll, settle and close are measured with everything that
/// they do elsewhere: bridge, inbox, proof.
contract VaultGasTest is VaultWorld, Transactions {
    function setUp() public {
        deployWorld();
    }

    function test_gas_requestDeposit() public {
        _request(puts, "requestDeposit, first of an epoch");
        give(puts, bob, 100e6);
        bytes memory data = abi.encodeCall(puts.requestDeposit, (100e6, bob, bob));
        _measure("requestDeposit", bob, puts, data, 110_000);
    }

    function test_gas_requestDeposit_wrapped() public {
        _request(calls, "requestDeposit of ETH, first of an epoch");
    }

    function test_gas_requestRedeem() public {
        start(puts, alice, 1000e6);
        _measure("requestRedeem", alice, puts, abi.encodeCall(puts.requestRedeem, (10e12, alice, alice)), 140_000);
    }

    function test_gas_claims() public {
        start(puts, alice, 1000e6);
        requestDeposit(puts, bob, 100e6);
        requestRedeem(puts, alice, 500e12);
        runEpoch(puts, 5e6);
        bytes4 three = bytes4(keccak256("deposit(uint256,address,address)"));
        _measure("claim of shares", bob, puts, abi.encodeWithSelector(three, 100e6, bob, bob), 90_000);
        _measure("claim of assets", alice, puts, abi.encodeCall(puts.redeem, (500e12, alice, alice)), 90_000);
    }

    function test_gas_epoch_puts() public {
        _epoch(puts, "puts");
    }

    function test_gas_epoch_calls() public {
        _epoch(calls, "calls");
    }

    function _request(OptionVault vault, string memory name) private {
        start(vault, alice, 1000 * unitOf(vault));
        give(vault, bob, 100 * unitOf(vault));
        _measure(name, bob, vault, abi.encodeCall(vault.requestDeposit, (unitOf(vault) * 50, bob, bob)), 110_000);
    }

    /// @dev With both queues full, and fees.
    function _epoch(OptionVault vault, string memory kind) private {
        start(vault, alice, 1000 * unitOf(vault));
        requestDeposit(vault, bob, 100 * unitOf(vault));
        requestRedeem(vault, alice, 100 * unitOf(vault) * 1e6);
        uint256 snapshot = vm.snapshotState();
        _measure(string.concat("roll, ", kind), keeper, vault, abi.encodeCall(vault.roll, ()), 600_000);
        vm.revertToState(snapshot);
        roll(vault);
        publish();
        vm.warp(vm.getBlockTimestamp() + FORCE_AFTER + SALE_SECONDS);
        snapshot = vm.snapshotState();
        _measure(string.concat("resendSale, ", kind), keeper, vault, abi.encodeCall(vault.resendSale, ()), 150_000);
        vm.revertToState(snapshot);
        expire(vault);
        // It has traded: there is a hot leaf.
        l2[accountOf(vault)].group = accountOf(vault);
        if (!isCall(vault)) l2[accountOf(vault)].cash += 5e6;
        publish();
        (bytes[] memory values, bytes memory proof) = open(settleKeys(vault));
        bytes memory data = abi.encodeCall(vault.settle, (chain.latestConfirmed(), values, proof));
        snapshot = vm.snapshotState();
        _measure(string.concat("settle, ", kind), keeper, vault, data, 600_000);
        vm.revertToState(snapshot);
        settle(vault);
        publish();
        pay(0);
        (values, proof) = open(closeKeys(vault, 0));
        data = abi.encodeCall(vault.close, (chain.latestConfirmed(), values, proof, 0));
        _measure(string.concat("close, ", kind), keeper, vault, data, 600_000);
    }

    function _measure(string memory name, address from, OptionVault vault, bytes memory data, uint256 limit) private {
        vm.cool(address(vault));
        vm.cool(vault.share());
        vm.cool(vault.strategy());
        vm.cool(address(inbox));
        vm.cool(address(bridge));
        vm.cool(address(chain));
        vm.cool(address(exitMode));
        vm.cool(address(usdc));
        vm.cool(address(weth));
        vm.prank(from, from);
        uint256 total = transact(address(vault), 0, data);
        vm.snapshotValue("vault", name, total);
        assertLe(total, limit);
    }
}
