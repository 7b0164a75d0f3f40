// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOptionVault} from "../../src/interfaces/IOptionVault.sol";
import {Withdrawal} from "../../src/types/State.sol";
import {OptionVault} from "../../src/vault/OptionVault.sol";
import {VaultWorld} from "../VaultWorld.sol";

/// @notice A vault's account was liquidated and sold (docs/spec.md L-4); who bought it gives it back by RotateKey, which
/// changes its owner and not its group. It stays lost: what it was sold for comes home, and nothing is sent to it.
contract VaultGivenBackTest is VaultWorld {
    uint32 private constant HERS = 77;
    int96 private constant PRICE = 6000e6;

    function setUp() public {
        deployWorld();
    }

    function test_givenBack_emptied_proceedsComeHome() public {
        uint32 account = _toExpiry(puts, 10_000e6);
        uint32 fresh = _sellAndGiveBack(puts, 1);
        publish();
        settle(puts);
        assertEq(puts.epoch().lostAt, vm.getBlockTimestamp(), "lost, though the vault is its owner");
        // There is nothing to end the epoch with but what it was sold for, or the time of grace.
        assertEq(outbox.length, 0);
        vm.expectPartialRevert(IOptionVault.GraceRunning.selector);
        puts.writeOff();
        adopt(puts, fresh);
        finish(puts);
        assertEq(puts.conversionOf(2).assets + puts.books().fees, uint96(PRICE));
        assertEq(puts.epoch().generation, 0);
        assertNotEq(uint256(accountOf(puts)), uint256(account));
        assertEq(l2[account].cash, 1, "nobody counts what she left");
    }

    function test_givenBack_withPositions_isLostAtOnce() public {
        uint32 account = _toExpiry(puts, 10_000e6);
        uint32 fresh = _sellAndGiveBack(puts, 1);
        l2[account].hasPositions = true;
        publish();
        settle(puts);
        adopt(puts, fresh);
        finish(puts);
        assertEq(puts.conversionOf(2).assets + puts.books().fees, uint96(PRICE));
    }

    function test_givenBack_withDebt_isNotPaid() public {
        uint32 account = _toExpiry(calls, 10 ether);
        uint32 fresh = _sellAndGiveBack(calls, -50_000e6);
        spotListed = false;
        publish();
        // A debt without a market would have to wait.
        settle(calls);
        assertGt(calls.epoch().lostAt, 0);
        spotListed = true;
        publish();
        adopt(calls, fresh);
        finish(calls);
        assertGt(calls.conversionOf(2).assets, 1.9 ether);
        assertEq(l2[account].cash, -50_000e6);
    }

    /// @dev What was bought while the vault was trading: the sale comes to an account that is not its own any more.
    function test_givenBack_beforeTheExpiry_isLostAtTheExpiry() public {
        start(calls, alice, 10 ether);
        roll(calls);
        publish();
        uint32 fresh = _sellAndGiveBack(calls, 1e6);
        vm.warp(vm.getBlockTimestamp() + FORCE_AFTER + SALE_SECONDS);
        resendSale(calls);
        publish();
        expire(calls);
        publish();
        settle(calls);
        adopt(calls, fresh);
        finish(calls);
        assertGt(calls.conversionOf(2).assets, 1.9 ether);
    }

    function test_givenBack_afterTheLossWasProven_changesNothing() public {
        _toExpiry(puts, 10_000e6);
        uint32 fresh = _sellAndGiveBack(puts, 1);
        l2[accountOf(puts)].owner = eve;
        publish();
        settle(puts);
        uint64 lostAt = puts.epoch().lostAt;
        l2[accountOf(puts)].owner = address(puts);
        publish();
        _refusesToSettle(puts, abi.encodeWithSelector(IOptionVault.NothingDue.selector));
        assertEq(puts.epoch().lostAt, lostAt);
        adopt(puts, fresh);
        finish(puts);
        assertEq(puts.conversionOf(2).assets + puts.books().fees, uint96(PRICE));
    }

    function test_lost_afterTheWithdrawal_isNotClosedWith() public {
        _lostAfterTheWithdrawal(eve);
    }

    function test_givenBack_afterTheWithdrawal_isNotClosedWith() public {
        _lostAfterTheWithdrawal(address(calls));
    }

    /// @dev Between two conversions; she makes an entry of the account that pays the vault next to nothing.
    function test_buyer_cannotCloseWithAnEntryOfHers() public {
        uint32 account = _toExpiry(calls, 10 ether);
        l2[account].cash = -3000e6;
        ordersFail = true;
        publish();
        settle(calls);
        uint32 fresh = sell(account, eve, HERS, 0, PRICE);
        outbox.push(Withdrawal(account, ETH, 0.001 ether, address(calls)));
        publish();
        pay(0);
        _refusesToClose(0, abi.encodeWithSelector(IOptionVault.ForeignAccount.selector, account, eve, HERS));
        l2[account].owner = address(calls);
        publish();
        _refusesToClose(0, abi.encodeWithSelector(IOptionVault.ForeignAccount.selector, account, calls, HERS));
        settle(calls);
        _refusesToClose(0, abi.encodeWithSelector(IOptionVault.ForeignAccount.selector, account, calls, HERS));
        collect(calls, 0);
        adopt(calls, fresh);
        ordersFail = false;
        finish(calls);
        assertGt(calls.conversionOf(2).assets, 1.9 ether);
    }

    /// @dev Of states from before the sale the newest counts once: it has not consumed what it leads to.
    function test_loss_isHiddenByAnOldStateOnceAtMost() public {
        uint32 account = _toExpiry(puts, 10_000e6);
        bytes32 old = chain.latestConfirmed();
        (bytes[] memory values, bytes memory proof) = open(settleKeys(puts));
        uint32 fresh = sell(account, eve, HERS, 1, PRICE);
        publish();
        settle(puts);
        settleBy(puts, old, values, proof);
        assertEq(puts.epoch().lostAt, 0);
        vm.expectPartialRevert(IOptionVault.MessagePending.selector);
        puts.settle(old, values, proof);
        l2[account].owner = address(puts);
        publish();
        settle(puts);
        adopt(puts, fresh);
        finish(puts);
        assertEq(puts.conversionOf(2).assets + puts.books().fees, uint96(PRICE));
    }

    /// @dev What a liquidation left may be liquidated itself: its proceeds are of the same group.
    function test_proceeds_lostThemselves_leaveProceeds() public {
        uint32 account = _toExpiry(calls, 10 ether);
        uint32 first = sell(account, eve, HERS, 1, PRICE);
        publish();
        settle(calls);
        adopt(calls, first);
        uint32 second = sell(first, address(calls), HERS, 1, PRICE);
        publish();
        settle(calls);
        assertGt(calls.epoch().lostAt, 0);
        adopt(calls, second);
        finish(calls);
        assertEq(calls.epoch().group, accountOf(calls), "the next account is of its own group");
        assertGt(calls.conversionOf(2).assets, 1.9 ether);
    }

    /// @dev An account of a generation before is in a group that was given up.
    function test_generations_doNotMix() public {
        uint32 account = _toExpiry(puts, 10_000e6);
        uint32 before = _sellAndGiveBack(puts, 1);
        publish();
        settle(puts);
        vm.warp(vm.getBlockTimestamp() + GRACE);
        puts.writeOff();
        assertEq(puts.epoch().generation, 1);
        requestDeposit(puts, bob, 1000e6);
        roll(puts);
        claimShares(puts, bob);
        roll(puts);
        publish();
        expire(puts);
        uint32 fresh = _sellAndGiveBack(puts, 1);
        publish();
        settle(puts);
        vm.expectRevert(
            abi.encodeWithSelector(IOptionVault.ForeignAccount.selector, before, address(puts), uint256(account))
        );
        this.adoptPuts(before);
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.ForeignAccount.selector, account, address(puts), 0));
        this.adoptPuts(account);
        adopt(puts, fresh);
    }

    /// @dev One that has traded has its group in the hot leaf; one that never did is its own.
    function test_account_inItsOwnGroup_isHeld() public {
        uint32 account = _toExpiry(puts, 10_000e6);
        l2[account].group = account;
        publish();
        finish(puts);
        assertEq(puts.conversionOf(2).assets + puts.books().fees, 10_000e6);
    }

    function adoptPuts(uint32 account) external {
        adopt(puts, account);
    }

    /// @dev Four times a debt stays when conversions find nobody, and is sold before the close.
    function _lostAfterTheWithdrawal(address owner) private {
        uint32 account = _toExpiry(calls, 10 ether);
        l2[account].cash = -3000e6;
        ordersFail = true;
        publish();
        for (uint256 i = 0; i < 4; ++i) {
            settle(calls);
            publish();
        }
        assertEq(outbox.length, 1);
        pay(0);
        (bytes[] memory values, bytes memory proof) = open(closeKeys(calls, 0));
        bytes32 old = chain.latestConfirmed();
        uint32 fresh = sell(account, owner, HERS, 1, 3000e6);
        bytes32 latest = publish();
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.NotLatest.selector, old, latest));
        calls.close(old, values, proof, 0);
        _refusesToClose(0, abi.encodeWithSelector(IOptionVault.ForeignAccount.selector, account, owner, HERS));
        settle(calls);
        collect(calls, 0);
        adopt(calls, fresh);
        ordersFail = false;
        finish(calls);
        assertGt(calls.conversionOf(2).assets, 6.9 ether);
        // No money goes to what she has.
        assertNotEq(uint256(accountOf(calls)), uint256(account));
    }

    function _toExpiry(OptionVault vault, uint256 assets) private returns (uint32) {
        start(vault, alice, assets);
        roll(vault);
        publish();
        expire(vault);
        publish();
        return accountOf(vault);
    }

    function _sellAndGiveBack(OptionVault vault, int96 left) private returns (uint32 fresh) {
        uint32 account = accountOf(vault);
        fresh = sell(account, eve, HERS, left, PRICE);
        l2[account].owner = address(vault);
    }

    function _refusesToSettle(OptionVault vault, bytes memory refusal) private {
        (bytes[] memory values, bytes memory proof) = open(settleKeys(vault));
        bytes32 id = chain.latestConfirmed();
        vm.expectRevert(refusal);
        vault.settle(id, values, proof);
    }

    function _refusesToClose(uint64 slot, bytes memory refusal) private {
        (bytes[] memory values, bytes memory proof) = open(closeKeys(calls, slot));
        bytes32 id = chain.latestConfirmed();
        vm.expectRevert(refusal);
        calls.close(id, values, proof, slot);
    }
}
