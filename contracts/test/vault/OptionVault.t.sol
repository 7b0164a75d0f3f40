// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOptionVault} from "../../src/interfaces/IOptionVault.sol";
import {VaultConversion, VaultPhase} from "../../src/types/Vault.sol";
import {OptionVault} from "../../src/vault/OptionVault.sol";
import {VaultWorld} from "../VaultWorld.sol";

/// @notice The machine of an option vault: epochs, cranks, what they prove and send.
contract OptionVaultTest is VaultWorld {
    function setUp() public {
        deployWorld();
    }

    function test_roll_withoutShares_convertsAtPar() public {
        requestDeposit(puts, alice, 1000e6);
        assertEq(puts.totalAssets(), 0, "pending deposits are no assets");
        roll(puts);
        assertEq(puts.epoch().number, 2);
        assertEq(uint256(puts.phase()), uint256(VaultPhase.OPEN));
        assertEq(claimShares(puts, alice), 1000e12);
        assertEq(puts.totalAssets(), 1000e6);
        assertEq(puts.convertToAssets(1000e12), 1000e6);
    }

    function test_roll_withNothing_reverts() public {
        vm.expectRevert(IOptionVault.NothingToRoll.selector);
        puts.roll();
    }

    function test_roll_sendsDepositAndSale() public {
        start(calls, alice, 5 ether);
        uint64 before = inbox.delayedCount();
        roll(calls);
        assertEq(inbox.delayedCount(), before + 2);
        assertEq(calls.epoch().lastMessage, before + 1);
        assertEq(calls.epoch().depositMessage, before);
        uint64 expiryAt = calls.epoch().expiryAt;
        assertTrue(expiryAt >= vm.getBlockTimestamp() + TENOR && expiryAt < vm.getBlockTimestamp() + TENOR + 7 days);
        assertEq((expiryAt - 8 hours) / 1 days % 7, 1, "a Friday: the epoch began on a Thursday");
        assertEq(expiryAt % 1 days, 8 hours);
        publish();
        assertEq(l2[accountOf(calls)].eth, 5 ether);
        assertEq(l2[accountOf(calls)].owner, address(calls));
        (uint256 account, uint256 next) = _varint(lastSale, 1);
        assertEq(account, accountOf(calls));
        assertEq(uint8(lastSale[next]), 0, "underlying");
        assertEq(uint8(lastSale[next + 1]), 1, "a call");
        (uint256 date,) = _varint(lastSale, next + 2);
        assertEq(date, expiryAt);
    }

    function test_phase_followsTime() public {
        start(puts, alice, 1000e6);
        assertEq(uint256(puts.phase()), uint256(VaultPhase.OPEN));
        roll(puts);
        assertEq(uint256(puts.phase()), uint256(VaultPhase.LOCKED));
        vm.warp(START + FORCE_AFTER);
        assertEq(uint256(puts.phase()), uint256(VaultPhase.SALE));
        vm.warp(START + FORCE_AFTER + SALE_SECONDS);
        assertEq(uint256(puts.phase()), uint256(VaultPhase.LIVE));
        publish();
        expire(puts);
        publish();
        settle(puts);
        assertEq(uint256(puts.phase()), uint256(VaultPhase.SETTLED));
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.WrongPhase.selector, VaultPhase.SETTLED));
        puts.roll();
    }

    function test_epoch_puts_gainAndLoss() public {
        start(puts, alice, 1000e6);
        runEpoch(puts, 50e6);
        VaultConversion memory pair = puts.conversionOf(2);
        // 1,050 less crank fees (3 at 0.35, a thousandth of the value), a week's management and a tenth of the gain.
        assertTrue(pair.assets > 1040e6 && pair.assets < 1046e6);
        assertEq(pair.supply, 1000e12);
        assertEq(puts.totalAssets(), pair.assets);
        assertEq(pair.assets + puts.books().fees, 1050e6, "fees and assets are what came home");
        uint256 mark = puts.highWaterMark();
        assertGt(mark, 1e18);
        runEpoch(puts, -200e6);
        assertEq(puts.highWaterMark(), mark, "a loss leaves the mark");
        uint256 treasuryBefore = puts.feesOf(treasury);
        runEpoch(puts, 50e6);
        assertLt(puts.feesOf(treasury) - treasuryBefore, 1e6);
    }

    function test_epoch_calls_debtIsSoldAndCashBought() public {
        start(calls, alice, 10 ether);
        runEpoch(calls, -3000e6);
        // One ETH was owed; at the worst price 2 % below the index, and the fees of a week.
        uint256 assets = calls.conversionOf(2).assets;
        assertTrue(assets > 8.95 ether && assets < 9 ether);
        runEpoch(calls, 300e6);
        assertTrue(calls.conversionOf(3).assets > assets + 0.08 ether);
    }

    function test_settle_order_isBoundedByIndexAndNeed() public {
        start(calls, alice, 10 ether);
        roll(calls);
        publish();
        expire(calls);
        l2[accountOf(calls)].cash = -3000e6;
        publish();
        settle(calls);
        publish();
        (, uint256 at_) = _varint(lastOrder, 1);
        (, at_) = _varint(lastOrder, at_ + 1);
        (uint256 tick, uint256 next) = _varint(lastOrder, at_ + 2);
        (uint256 lots,) = _varint(lastOrder, next);
        assertEq(tick, 29_400, "3 USD a lot, less 2 %, in ticks of 100");
        // 3,003.000001 owed with the margin for interest, 2.93706 a lot after fees.
        assertEq(lots, 1023);
        assertTrue(l2[accountOf(calls)].cash > 0);
    }

    function test_settle_needsConfirmedState() public {
        _toExpiry(puts);
        (bytes[] memory values, bytes memory proof) = open(settleKeys(puts));
        bytes32 wrong = bytes32("nothing");
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.NotConfirmed.selector, wrong));
        puts.settle(wrong, values, proof);
    }

    function test_settle_beforeExpiry_reverts() public {
        start(puts, alice, 1000e6);
        roll(puts);
        publish();
        timeMs = puts.epoch().expiryAt * 1000 - 1;
        publish();
        _expectSettle(puts, abi.encodeWithSelector(IOptionVault.NotExpired.selector, timeMs, timeMs + 1));
    }

    function test_settle_messageNotConsumed_reverts() public {
        start(puts, alice, 1000e6);
        uint64 before = consumed;
        roll(puts);
        expire(puts);
        confirmState();
        _expectSettle(
            puts, abi.encodeWithSelector(IOptionVault.MessagePending.selector, before, puts.epoch().lastMessage)
        );
    }

    function test_settle_inTheMiddleOfATask_reverts() public {
        _toExpiry(puts);
        cursorPhase = 9;
        confirmState();
        _expectSettle(puts, abi.encodeWithSelector(IOptionVault.TaskRunning.selector, 9));
        cursorPhase = 1;
        confirmState();
        settle(puts);
    }

    function test_settle_withPositions_reverts() public {
        _toExpiry(puts);
        l2[accountOf(puts)].hasPositions = true;
        confirmState();
        _expectSettle(puts, abi.encodeWithSelector(IOptionVault.HasPositions.selector, accountOf(puts)));
    }

    function test_settle_forgedLeaf_reverts() public {
        _toExpiry(puts);
        (bytes[] memory values, bytes memory proof) = open(settleKeys(puts));
        bytes32 id = chain.latestConfirmed();
        values[3] = abi.encodePacked(int96(1e6), new bytes(36));
        vm.expectPartialRevert(IOptionVault.LeafMismatch.selector);
        puts.settle(id, values, proof);
        values = new bytes[](4);
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.WrongLeafCount.selector, 4, 5));
        puts.settle(id, values, proof);
    }

    function test_settle_failedWithdrawal_isSentAgain() public {
        _toExpiry(puts);
        withdrawalsFail = true;
        settle(puts);
        publish();
        assertEq(outbox.length, 0);
        withdrawalsFail = false;
        finish(puts);
        assertEq(puts.epoch().number, 3);
    }

    function test_settle_afterWithdrawal_reverts() public {
        _toExpiry(puts);
        settle(puts);
        publish();
        _expectSettle(puts, abi.encodeWithSelector(IOptionVault.AlreadyWithdrawn.selector, 0, 1000e6));
    }

    function test_settle_conversion_needsLatestState() public {
        start(calls, alice, 10 ether);
        roll(calls);
        publish();
        expire(calls);
        l2[accountOf(calls)].cash = -3000e6;
        bytes32 old = publish();
        (bytes[] memory values, bytes memory proof) = open(settleKeys(calls));
        index = 4_000_000_000;
        bytes32 latest = publish();
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.NotLatest.selector, old, latest));
        calls.settle(old, values, proof);
    }

    function test_settle_afterMaxRounds_takesWhatMayLeave() public {
        start(calls, alice, 10 ether);
        roll(calls);
        publish();
        expire(calls);
        l2[accountOf(calls)].cash = -3000e6;
        ordersFail = true;
        publish();
        for (uint256 i = 0; i < 3; ++i) {
            settle(calls);
            publish();
        }
        assertEq(calls.epoch().rounds, 3);
        finish(calls);
        // Four times the debt stays.
        assertEq(l2[accountOf(calls)].eth, 4 ether);
        VaultConversion memory pair = calls.conversionOf(2);
        assertEq(pair.stayed, 3 ether);
        assertTrue(pair.assets > 5.99 ether && pair.assets < 6 ether);
        ordersFail = false;
        requestDeposit(calls, bob, 1 ether);
        runEpoch(calls, 0);
        pair = calls.conversionOf(3);
        assertTrue(pair.assets > 8.9 ether && pair.assets < 9 ether, "what stayed belongs to the next close");
    }

    function test_settle_debtWithoutMarket_waits() public {
        start(calls, alice, 10 ether);
        roll(calls);
        publish();
        expire(calls);
        l2[accountOf(calls)].cash = -6000e6;
        spotListed = false;
        publish();
        _expectSettle(calls, abi.encodeWithSelector(IOptionVault.NoMarket.selector, SPOT));
        // Anybody may pay the debt.
        donateL2(accountOf(calls), USDC, 6000e6);
        publish();
        finish(calls);
        assertEq(calls.epoch().number, 3);
    }

    function test_close_needsPaidEntryOfThisEpoch() public {
        _toExpiry(puts);
        settle(puts);
        publish();
        (bytes[] memory values, bytes memory proof) = open(closeKeys(puts, 0));
        bytes32 id = chain.latestConfirmed();
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.NotFinalized.selector, 0));
        puts.close(id, values, proof, 0);
        pay(0);
        close(puts, 0);
        assertTrue(puts.isCollected(0));
        _toExpiryAgain(puts);
        settle(puts);
        publish();
        (values, proof) = open(closeKeys(puts, 0));
        id = chain.latestConfirmed();
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.EntryTooOld.selector, 0, 1));
        puts.close(id, values, proof, 0);
    }

    function test_cranks_shareBoundedFee() public {
        start(puts, alice, 1000e6);
        runEpoch(puts, 0);
        // Three cranks at a dollar would be 3: they share a thousandth of the value.
        assertEq(puts.feesOf(keeper), 3 * (uint256(1e6) / 3));
        requestDeposit(puts, bob, 100_000e6);
        runEpoch(puts, 0);
        uint256 before = puts.feesOf(keeper);
        runEpoch(puts, 0);
        assertEq(puts.feesOf(keeper) - before, 3e6);
        uint256 fees = puts.feesOf(keeper);
        assertEq(puts.claimFees(keeper), fees);
        assertEq(usdc.balanceOf(keeper), fees);
        vm.expectRevert(IOptionVault.NothingDue.selector);
        puts.claimFees(keeper);
    }

    function test_totalLoss_startsNewGeneration() public {
        start(puts, alice, 1000e6);
        requestRedeem(puts, alice, 500e12);
        requestDeposit(puts, bob, 100e6);
        roll(puts);
        publish();
        expire(puts);
        l2[accountOf(puts)].cash = 0;
        publish();
        uint32 lost = accountOf(puts);
        settle(puts);
        vm.expectPartialRevert(IOptionVault.GraceRunning.selector);
        puts.writeOff();
        vm.warp(vm.getBlockTimestamp() + GRACE);
        puts.writeOff();
        assertEq(puts.epoch().generation, 1);
        assertNotEq(uint256(accountOf(puts)), uint256(lost));
        assertEq(sharesOf(puts, alice), 0);
        assertEq(claimAssets(puts, alice), 0);
        assertEq(claimShares(puts, bob), 100e12, "par");
        assertEq(puts.totalAssets(), 100e6);
        assertEq(puts.highWaterMark(), 1e18);
        runEpoch(puts, 10e6);
        assertGt(puts.convertToAssets(100e12), 105e6);
    }

    function test_writeOff_needsProofOfLoss() public {
        _toExpiry(puts);
        vm.expectRevert(IOptionVault.NotLost.selector);
        puts.writeOff();
        settle(puts);
        vm.expectRevert(IOptionVault.NotLost.selector);
        puts.writeOff();
    }

    function test_liquidation_goesOnWithWhatWasLeft() public {
        start(calls, alice, 10 ether);
        roll(calls);
        publish();
        expire(calls);
        uint32 account = accountOf(calls);
        (l2[account].owner, l2[account].group) = (eve, 77);
        uint32 fresh = uint32(FIRST_L2_ACCOUNT + 5);
        openL2(fresh, address(calls), account);
        l2[fresh].cash = 6000e6;
        publish();
        vm.expectRevert(IOptionVault.NotLost.selector);
        calls.adopt(fresh, bytes32(0), new bytes[](0), "");
        settle(calls);
        assertGt(calls.epoch().lostAt, 0);
        adopt(calls, fresh);
        assertEq(accountOf(calls), fresh);
        finish(calls);
        uint256 assets = calls.conversionOf(2).assets;
        assertTrue(assets > 1.9 ether && assets < 2 ether);
        assertEq(calls.epoch().generation, 0);
        runEpoch(calls, 0);
        assertEq(calls.epoch().number, 4);
    }

    function test_refundedDeposit_isCollectedBeforeWriteOff() public {
        start(puts, alice, 1000e6);
        roll(puts);
        depositsFail = true;
        publish();
        expire(puts);
        publish();
        settle(puts);
        pay(0);
        collect(puts, 0);
        vm.warp(vm.getBlockTimestamp() + GRACE);
        puts.writeOff();
        assertEq(puts.epoch().generation, 0, "nothing was lost");
        assertTrue(puts.totalAssets() > 998e6);
    }

    function test_guardian_pausesDepositsOnly() public {
        start(puts, alice, 1000e6);
        vm.expectRevert(abi.encodeWithSelector(IOptionVault.NotGuardian.selector, address(this)));
        puts.setDepositsPaused(true);
        vm.prank(guardian);
        puts.setDepositsPaused(true);
        give(puts, bob, 100e6);
        vm.expectRevert(IOptionVault.DepositsArePaused.selector);
        vm.prank(bob);
        puts.requestDeposit(100e6, bob, bob);
        requestRedeem(puts, alice, 400e12);
        runEpoch(puts, 0);
        assertGt(claimAssets(puts, alice), 390e6);
    }

    function test_receive_refusesStrangers() public {
        vm.deal(eve, 1 ether);
        vm.prank(eve);
        (bool ok,) = address(calls).call{value: 1}("");
        assertFalse(ok);
    }

    function _toExpiry(OptionVault vault) private {
        start(vault, alice, 1000 * unitOf(vault));
        _toExpiryAgain(vault);
    }

    function _toExpiryAgain(OptionVault vault) private {
        roll(vault);
        publish();
        expire(vault);
        publish();
    }

    function _expectSettle(OptionVault vault, bytes memory refusal) private {
        (bytes[] memory values, bytes memory proof) = open(settleKeys(vault));
        bytes32 id = chain.latestConfirmed();
        vm.expectRevert(refusal);
        vault.settle(id, values, proof);
    }
}
