// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssertionInput} from "../../src/interfaces/IAssertionChain.sol";
import {Withdrawal} from "../../src/types/State.sol";
import {Settlement} from "../Settlement.sol";
import {StateFixture} from "../StateFixture.sol";
import {Transactions} from "../Transactions.sol";

/// @notice What each L1 action costs as a whole transaction: intrinsic gas, calldata and execution.
/// @dev `vm.cool` makes what the set-up touched cold again, as it is at the start of a transaction.
contract SettlementGasTest is Settlement, Transactions {
    uint96 private constant AMOUNT = 3 ether;

    StateFixture.State private _state;
    Withdrawal private _w;
    bytes32 private _id;

    function setUp() public {
        deploySettlement();
        vm.deal(alice, 100 ether);
        bridge.openAccount(alice);
        vm.prank(alice);
        bridge.depositETH{value: AMOUNT}(1);
        _w = Withdrawal(1, ETH, AMOUNT, bob);
        _state.outbox[3] = encode(_w);
        _state.cursor = StateFixture.cursorAt(1, 0);
        vm.deal(bob, 1);
        usdc.mint(alice, 10e6);
        vm.prank(alice);
        usdc.approve(address(bridge), type(uint256).max);
        post(hex"01");
    }

    function test_gas_depositETH() public {
        _measure("depositETH", alice, address(bridge), 1 ether, abi.encodeCall(bridge.depositETH, (1)), 120_000);
    }

    function test_gas_depositToken() public {
        bytes memory data = abi.encodeCall(bridge.depositToken, (USDC, 1, 1e6));
        _measure("depositToken", alice, address(bridge), 0, data, 175_000);
    }

    function test_gas_openAccount() public {
        _measure("openAccount", alice, address(bridge), 0, abi.encodeCall(bridge.openAccount, (bob)), 80_000);
    }

    function test_gas_sendForced() public {
        bytes memory body = hex"1101010203e8000102030405060708090a0b0c0d0e0f1011121314";
        _measure("sendForced", alice, address(inbox), 0, abi.encodeCall(inbox.sendForced, (body)), 70_000);
    }

    function test_gas_appendBatch_10KB() public {
        _measureBatch("appendBatch 10 KB", 10_240, 500_000);
    }

    function test_gas_appendBatch_100KB() public {
        _measureBatch("appendBatch 100 KB", 102_400, 4_200_000);
    }

    function test_gas_appendBlobBatch() public {
        bytes32[] memory hashes = new bytes32[](6);
        for (uint256 i = 0; i < 6; ++i) {
            hashes[i] = bytes32(uint256(1) << 248 | i);
        }
        vm.blobhashes(hashes);
        bytes32 acc = inbox.accumulator(1);
        bytes memory data = abi.encodeCall(inbox.appendBlobBatch, (acc, 761_856, 1, inbox.delayedAccumulator(1), 0, 0));
        _measure("appendBlobBatch 6 blobs", poster, address(inbox), 0, data, 80_000);
    }

    function test_gas_createAssertion() public {
        AssertionInput memory input = claimOf(chain.GENESIS_ID(), _state, "a");
        bytes memory data = abi.encodeCall(chain.createAssertion, (input));
        _measure("createAssertion", staker, address(chain), STAKE, data, 340_000);
    }

    function test_gas_confirm() public {
        _id = assertState(_state);
        mine(PERIOD);
        _measure("confirm", bob, address(chain), 0, abi.encodeCall(chain.confirm, (_id)), 95_000);
    }

    function test_gas_markConfirmable_and_confirm_rivaled() public {
        _rivaled();
        bytes memory mark = abi.encodeCall(chain.markConfirmable, (_id));
        _measure("markConfirmable, with the least game", bob, address(chain), 0, mark, 75_000);
        mine(DELAY);
        _measure("confirm, rivaled", bob, address(chain), 0, abi.encodeCall(chain.confirm, (_id)), 100_000);
    }

    function test_gas_settle_and_claim() public {
        bytes32 lost = _rivaled();
        chain.markConfirmable(_id);
        mine(DELAY);
        chain.confirm(_id);
        (bytes32[] memory ids, address[] memory stakers) = (new bytes32[](1), new address[](1));
        (ids[0], stakers[0]) = (lost, alice);
        _measure("settle, one loser", bob, address(chain), 0, abi.encodeCall(chain.settle, (ids, stakers)), 240_000);
        _measure("claim", bob, address(pool), 0, abi.encodeCall(pool.claim, (bob)), 60_000);
    }

    function test_gas_proveWithdrawal() public {
        _id = assertState(_state);
        mine(1);
        _measure("proveWithdrawal", bob, address(bridge), 0, _proveData(), 120_000);
    }

    function test_gas_finalizeWithdrawal() public {
        _id = assertState(_state);
        mine(1);
        vm.prank(alice);
        bridge.proveWithdrawal(_id, _w, 3, StateFixture.outboxBranch(_state, 3));
        mine(PERIOD);
        chain.confirm(_id);
        bytes memory data = abi.encodeCall(bridge.finalizeWithdrawal, (alice, _id, _w, 3));
        _measure("finalizeWithdrawal", bob, address(bridge), 0, data, 100_000);
    }

    function test_gas_forceInclude() public {
        vm.prank(alice);
        inbox.sendForced(hex"10");
        mine(FORCE_AFTER);
        _measure("forceInclude", bob, address(inbox), 0, abi.encodeCall(inbox.forceInclude, ()), 80_000);
    }

    /// @dev `_id` and a rival that the game's clock speaks against.
    function _rivaled() private returns (bytes32 lost) {
        _id = assertState(_state);
        lost = assertAs(alice, claimOf(chain.GENESIS_ID(), _state, "wrong"));
        game.setTimer(chain.assertion(_id).historyRoot, PERIOD);
    }

    function _proveData() private view returns (bytes memory) {
        return abi.encodeCall(bridge.proveWithdrawal, (_id, _w, 3, StateFixture.outboxBranch(_state, 3)));
    }

    /// @dev Data without a zero byte: the dearest.
    function _measureBatch(string memory name, uint256 length, uint256 limit) private {
        bytes memory batch = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            batch[i] = 0x5a;
        }
        bytes32 acc = inbox.accumulator(1);
        bytes memory data = abi.encodeCall(inbox.appendBatch, (acc, batch, 1, inbox.delayedAccumulator(1), 0, 0));
        _measure(name, poster, address(inbox), 0, data, limit);
    }

    function _measure(string memory name, address from, address to, uint256 value, bytes memory data, uint256 limit)
        private
    {
        vm.cool(address(inbox));
        vm.cool(address(bridge));
        vm.cool(address(chain));
        vm.cool(address(pool));
        vm.cool(address(game));
        vm.cool(address(exitMode));
        vm.cool(address(verifier));
        vm.cool(address(usdc));
        vm.cool(bob);
        vm.prank(from, from);
        uint256 total = transact(to, value, data);
        vm.snapshotValue("settlement", name, total);
        assertLe(total, limit);
    }
}
