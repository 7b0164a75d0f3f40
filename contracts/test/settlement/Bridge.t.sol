// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Bridge} from "../../src/Bridge.sol";
import {IBridge} from "../../src/interfaces/IBridge.sol";
import {IInbox} from "../../src/interfaces/IInbox.sol";
import {StateProof} from "../../src/proof/StateProof.sol";
import {Withdrawal} from "../../src/types/State.sol";
import {Settlement} from "../Settlement.sol";
import {Shipped} from "../Shipped.sol";
import {StateFixture} from "../StateFixture.sol";
import {GasBurner, PickyRecipient, ReentrantRecipient, ReturnBomb} from "../mocks/Recipients.sol";
import {FalseToken, FeeToken, HookToken, NoReturnToken} from "../mocks/Tokens.sol";

contract BridgeTest is Settlement {
    uint96 private constant AMOUNT = 3 ether;

    StateFixture.State private _state;
    bytes32 private _id;

    function setUp() public {
        deploySettlement();
        vm.deal(alice, 100 ether);
        bridge.openAccount(alice);
    }

    // ---- accounts

    function test_openAccount_countsFromOne_severalPerOwner() public {
        assertEq(bridge.accountOwner(1), alice);
        vm.expectEmit(address(bridge));
        emit IBridge.AccountOpened(2, bob);
        assertEq(bridge.openAccount(bob), 2);
        assertEq(bridge.openAccount(alice), 3);
        assertEq(bridge.firstAccount(alice), 1);
        assertEq(bridge.firstAccount(bob), 2);
        assertEq(bridge.firstAccount(owner), 0);
        assertEq(bridge.accountCount(), 3);
        vm.expectRevert(IBridge.ZeroOwner.selector);
        bridge.openAccount(address(0));
    }

    function test_openAccount_allTaken_isRejected() public {
        uint32 last = (1 << 21) - 1;
        // accountCount lies in slot 1, after the array of tokens
        vm.store(address(bridge), bytes32(uint256(1)), bytes32(uint256(last - 1)));
        assertEq(bridge.openAccount(bob), last);
        vm.expectRevert(abi.encodeWithSelector(IBridge.AccountsExhausted.selector, last));
        bridge.openAccount(bob);
    }

    // ---- deposits

    function test_depositETH_sendsDelayedMessage() public {
        vm.expectEmit(address(inbox));
        bytes memory body = abi.encodePacked(uint32(1), alice, ETH, AMOUNT);
        bytes32 message = keccak256(abi.encodePacked(bytes1(0x09), uint8(0), bob, uint40(START), body));
        bytes32 acc = keccak256(abi.encodePacked(bytes1(0x08), bytes32(0), message));
        emit IInbox.DelayedMessage(0, acc, 0, bob, START, body);
        vm.expectEmit(address(bridge));
        emit IBridge.Deposited(bob, 1, ETH, AMOUNT, 0);
        hoax(bob, AMOUNT);
        bridge.depositETH{value: AMOUNT}(1);
        assertEq(bridge.custody(ETH), AMOUNT);
        assertEq(address(bridge).balance, AMOUNT);
    }

    function test_depositETH_badInput_isRejected() public {
        vm.expectRevert(abi.encodeWithSelector(IBridge.AmountOutOfRange.selector, 0));
        bridge.depositETH(1);
        uint256 huge = uint256(type(uint96).max) + 1;
        hoax(bob, huge);
        vm.expectRevert(abi.encodeWithSelector(IBridge.AmountOutOfRange.selector, huge));
        bridge.depositETH{value: huge}(1);
        hoax(bob, 1);
        vm.expectRevert(abi.encodeWithSelector(IBridge.UnknownAccount.selector, 2));
        bridge.depositETH{value: 1}(2);
        hoax(bob, 1);
        vm.expectRevert(abi.encodeWithSelector(IBridge.UnknownAccount.selector, 0));
        bridge.depositETH{value: 1}(0);
    }

    function test_depositToken_movesMoney() public {
        _depositUsdc(5e6);
        assertEq(bridge.custody(USDC), 5e6);
        assertEq(usdc.balanceOf(address(bridge)), 5e6);
        assertEq(inbox.delayedCount(), 1);
    }

    function test_depositToken_badInput_isRejected() public {
        vm.expectRevert(abi.encodeWithSelector(IBridge.UnknownAsset.selector, 1));
        bridge.depositToken(1, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(IBridge.UnknownAsset.selector, 3));
        bridge.depositToken(3, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(IBridge.AmountOutOfRange.selector, 0));
        bridge.depositToken(0, 1, 0);
        vm.startPrank(alice);
        usdc.mint(alice, 1);
        usdc.approve(address(bridge), 1);
        vm.expectRevert(abi.encodeWithSelector(IBridge.UnknownAccount.selector, 9));
        bridge.depositToken(0, 9, 1);
        vm.stopPrank();
        assertEq(usdc.balanceOf(alice), 1);
    }

    function test_depositToken_feeOnTransfer_isRejected() public {
        FeeToken fee = new FeeToken();
        deploySettlement(address(usdc), address(fee));
        bridge.openAccount(alice);
        fee.mint(alice, 1000);
        vm.startPrank(alice);
        fee.approve(address(bridge), 1000);
        vm.expectRevert(abi.encodeWithSelector(IBridge.FeeOnTransfer.selector, 1000, 990));
        bridge.depositToken(TBTC, 1, 1000);
        vm.stopPrank();
    }

    function test_depositToken_returningFalse_isRejected() public {
        FalseToken liar = new FalseToken();
        deploySettlement(address(usdc), address(liar));
        bridge.openAccount(alice);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(liar)));
        bridge.depositToken(TBTC, 1, 1000);
    }

    function test_depositToken_hookCannotReenter() public {
        HookToken hook = new HookToken();
        deploySettlement(address(usdc), address(hook));
        bridge.openAccount(alice);
        hook.mint(alice, 10);
        hook.setHook(address(bridge), abi.encodeCall(bridge.depositToken, (TBTC, 1, 1)));
        vm.startPrank(alice);
        hook.approve(address(bridge), 10);
        bridge.depositToken(TBTC, 1, 10);
        vm.stopPrank();
        assertFalse(hook.reentered());
        assertEq(hook.answer(), abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector));
        assertEq(bridge.custody(TBTC), 10);
    }

    function test_receive_plainEther_isRefused() public {
        vm.prank(alice);
        (bool ok, bytes memory answer) = address(bridge).call{value: 1}("");
        assertFalse(ok);
        assertEq(answer, abi.encodeWithSelector(IBridge.PlainEtherRefused.selector, alice, 1));
    }

    // ---- proving

    function test_proveWithdrawal_recordsTimeAndBlock() public {
        Withdrawal memory w = _fund(ETH, bob);
        mine(1);
        (IBridge.WithdrawalStage stage, uint64 until) = bridge.withdrawalStatus(alice, _id, w, 3);
        assertTrue(stage == IBridge.WithdrawalStage.UNPROVEN && until == 0);
        vm.expectEmit(address(bridge));
        emit IBridge.WithdrawalProven(3, _id, alice, StateFixture.leafHash(encode(w)), START + 1 + MATURITY);
        _prove(alice, w);
        (uint64 provenAt, uint64 provenBlock) = bridge.provenWithdrawal(alice, _id, w, 3);
        assertEq(provenAt, START + 1);
        assertEq(provenBlock, 101);
    }

    function test_proveWithdrawal_everySlot_isOpened() public {
        for (uint96 i = 0; i < 8; ++i) {
            _state.outbox[i] = StateFixture.entry(1, ETH, i + 1, bob);
        }
        _assertState();
        mine(1);
        for (uint96 i = 0; i < 8; ++i) {
            bytes32[] memory branch = StateFixture.outboxBranch(_state, i);
            bridge.proveWithdrawal(_id, Withdrawal(1, ETH, i + 1, bob), uint64(i), branch);
            vm.expectPartialRevert(IBridge.BranchMismatch.selector);
            bridge.proveWithdrawal(_id, Withdrawal(1, ETH, i + 1, bob), uint64(i ^ 1), branch);
        }
    }

    function test_proveWithdrawal_inCreationBlock_isRejected() public {
        Withdrawal memory w = _fund(ETH, bob);
        vm.warp(START + 12); // same block number, whatever the time
        bytes32[] memory branch = StateFixture.outboxBranch(_state, 3);
        vm.expectRevert(abi.encodeWithSelector(IBridge.ProvenInCreationBlock.selector, 100));
        bridge.proveWithdrawal(_id, w, 3, branch);
    }

    function test_proveWithdrawal_twice_isRejected_otherProverIsNot() public {
        Withdrawal memory w = _fund(ETH, bob);
        mine(1);
        _prove(alice, w);
        mine(1);
        bytes32[] memory branch = StateFixture.outboxBranch(_state, 3);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IBridge.AlreadyProven.selector, START + 1));
        bridge.proveWithdrawal(_id, w, 3, branch);
        _prove(bob, w);
    }

    function test_proveWithdrawal_forgedFields_areRejected() public {
        Withdrawal memory w = _fund(ETH, bob);
        mine(1);
        bytes32[] memory branch = StateFixture.outboxBranch(_state, 3);
        _expectForged(Withdrawal(2, ETH, AMOUNT, bob), 3, branch);
        _expectForged(Withdrawal(1, TBTC, AMOUNT, bob), 3, branch);
        _expectForged(Withdrawal(1, ETH, AMOUNT + 1, bob), 3, branch);
        _expectForged(Withdrawal(1, ETH, AMOUNT, alice), 3, branch);
        _expectForged(w, 2, branch);
        _expectForged(w, 3 | 1 << 31, branch);
        for (uint256 i = 0; i < branch.length; ++i) {
            branch[i] ^= bytes32(uint256(1));
            _expectForged(w, 3, branch);
            branch[i] ^= bytes32(uint256(1));
        }
        bridge.proveWithdrawal(_id, w, 3, branch);
    }

    function test_proveWithdrawal_wrongBranchLength_isRejected() public {
        Withdrawal memory w = _fund(ETH, bob);
        mine(1);
        vm.expectRevert(abi.encodeWithSelector(StateProof.WrongBranchLength.selector, 35, 36));
        bridge.proveWithdrawal(_id, w, 3, new bytes32[](35));
        vm.expectRevert(abi.encodeWithSelector(StateProof.WrongBranchLength.selector, 37, 36));
        bridge.proveWithdrawal(_id, w, 3, new bytes32[](37));
    }

    function test_proveWithdrawal_emptySlotOrInnerNode_cannotPoseAsLeaf() public {
        // A leaf one byte longer than an entry, whose first 37 bytes are a valid entry.
        Withdrawal memory w = Withdrawal(1, ETH, AMOUNT, bob);
        _state.outbox[3] = abi.encodePacked(encode(w), bytes1(0));
        _state.outbox[4] = StateFixture.entry(1, ETH, 1, bob);
        _assertState();
        mine(1);
        bridge.proveWithdrawal(_id, Withdrawal(1, ETH, 1, bob), 4, StateFixture.outboxBranch(_state, 4));
        _expectForged(w, 3, StateFixture.outboxBranch(_state, 3));
        _expectForged(Withdrawal(0, 0, 0, address(0)), 5, StateFixture.outboxBranch(_state, 5));
    }

    function test_proveWithdrawal_badArguments_areRejected() public {
        Withdrawal memory w = _fund(ETH, bob);
        mine(1);
        bytes32[] memory branch = StateFixture.outboxBranch(_state, 3);
        vm.expectRevert(abi.encodeWithSelector(IBridge.UnknownAssertion.selector, bytes32(0)));
        bridge.proveWithdrawal(0, w, 3, branch);
        vm.expectRevert(abi.encodeWithSelector(IBridge.OutboxIndexOutOfRange.selector, 1 << 32));
        bridge.proveWithdrawal(_id, w, 1 << 32, branch);
        vm.expectRevert(abi.encodeWithSelector(IBridge.UnknownAsset.selector, 3));
        bridge.proveWithdrawal(_id, Withdrawal(1, 3, 1, bob), 3, branch);
        vm.expectRevert(abi.encodeWithSelector(IBridge.UnpayableRecipient.selector, address(bridge)));
        bridge.proveWithdrawal(_id, Withdrawal(1, ETH, 1, address(bridge)), 3, branch);
    }

    // ---- finalizing

    function test_finalizeWithdrawal_eth_paysOnce() public {
        Withdrawal memory w = _ready(ETH, bob);
        (IBridge.WithdrawalStage stage,) = bridge.withdrawalStatus(alice, _id, w, 3);
        assertTrue(stage == IBridge.WithdrawalStage.READY);
        vm.expectEmit(address(bridge));
        emit IBridge.WithdrawalFinalized(3, bob, ETH, AMOUNT, false);
        bridge.finalizeWithdrawal(alice, _id, w, 3);
        assertEq(bob.balance, AMOUNT);
        assertEq(bridge.custody(ETH), 0);
        assertTrue(bridge.isFinalized(3));
        (stage,) = bridge.withdrawalStatus(alice, _id, w, 3);
        assertTrue(stage == IBridge.WithdrawalStage.FINALIZED);
        vm.expectRevert(abi.encodeWithSelector(IBridge.AlreadyFinalized.selector, 3));
        bridge.finalizeWithdrawal(alice, _id, w, 3);
    }

    function test_finalizeWithdrawal_replayUnderNewerAssertion_isRejected() public {
        Withdrawal memory w = _ready(ETH, bob);
        bridge.finalizeWithdrawal(alice, _id, w, 3);
        hoax(alice, AMOUNT);
        bridge.depositETH{value: AMOUNT}(1);
        _assertState();
        mine(1);
        bytes32[] memory branch = StateFixture.outboxBranch(_state, 3);
        vm.expectRevert(abi.encodeWithSelector(IBridge.AlreadyFinalized.selector, 3));
        bridge.proveWithdrawal(_id, w, 3, branch);
    }

    function test_finalizeWithdrawal_provenTwice_paysOnce() public {
        Withdrawal memory w = _fund(ETH, bob);
        mine(1);
        _prove(alice, w);
        _prove(bob, w);
        mine(PERIOD);
        chain.confirm(_id);
        bridge.finalizeWithdrawal(bob, _id, w, 3);
        vm.expectRevert(abi.encodeWithSelector(IBridge.AlreadyFinalized.selector, 3));
        bridge.finalizeWithdrawal(alice, _id, w, 3);
    }

    function test_finalizeWithdrawal_proofOfAnother_isRejected() public {
        Withdrawal memory w = _ready(ETH, bob);
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotProven.selector, bob, _id, 3));
        bridge.finalizeWithdrawal(bob, _id, w, 3);
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotProven.selector, alice, bytes32(0), 3));
        bridge.finalizeWithdrawal(alice, 0, w, 3);
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotProven.selector, alice, _id, 4));
        bridge.finalizeWithdrawal(alice, _id, w, 4);
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotProven.selector, alice, _id, 3));
        bridge.finalizeWithdrawal(alice, _id, Withdrawal(1, ETH, AMOUNT, alice), 3);
    }

    function test_finalizeWithdrawal_rivaledAssertion_isNeverConfirmed() public {
        Withdrawal memory w = _fund(ETH, bob);
        vm.deal(alice, 10 ether);
        assertAs(alice, claimOf(chain.GENESIS_ID(), stateAt(1), "rival"));
        mine(1);
        _prove(alice, w);
        mine(10 * PERIOD);
        (IBridge.WithdrawalStage stage, uint64 until) = bridge.withdrawalStatus(alice, _id, w, 3);
        assertTrue(stage == IBridge.WithdrawalStage.WAITING_CONFIRMATION && until == 0);
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotConfirmed.selector, _id));
        bridge.finalizeWithdrawal(alice, _id, w, 3);
    }

    function test_finalizeWithdrawal_twoClocks_statusNamesThePendingOne() public {
        Withdrawal memory w = _fund(ETH, bob);
        mine(PERIOD);
        _prove(alice, w);
        _expectStatus(w, IBridge.WithdrawalStage.WAITING_CONFIRMATION, START + PERIOD);
        chain.confirm(_id);
        _expectStatus(w, IBridge.WithdrawalStage.WAITING_MATURITY, START + PERIOD + MATURITY);
        mine(MATURITY - 1);
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotMature.selector, START + PERIOD + MATURITY));
        bridge.finalizeWithdrawal(alice, _id, w, 3);
        mine(1);
        vm.prank(guardian);
        bridge.pause(60);
        _expectStatus(w, IBridge.WithdrawalStage.PAUSED, START + PERIOD + MATURITY + 60);
        mine(60);
        _expectStatus(w, IBridge.WithdrawalStage.READY, 0);
        bridge.finalizeWithdrawal(alice, _id, w, 3);
        _expectStatus(w, IBridge.WithdrawalStage.FINALIZED, 0);
    }

    function test_finalizeWithdrawal_token_pays() public {
        Withdrawal memory w = _ready(USDC, bob);
        bridge.finalizeWithdrawal(alice, _id, w, 3);
        assertEq(usdc.balanceOf(bob), AMOUNT);
        assertEq(bridge.custody(USDC), 0);
    }

    function test_finalizeWithdrawal_toTheToken_keepsAccounts() public {
        Withdrawal memory w = _ready(USDC, address(usdc));
        bridge.finalizeWithdrawal(alice, _id, w, 3);
        assertEq(bridge.custody(USDC), usdc.balanceOf(address(bridge)));
        assertEq(usdc.balanceOf(address(usdc)), AMOUNT);
    }

    function test_finalizeWithdrawal_noReturnToken_refusalCanBeRetried() public {
        NoReturnToken old = new NoReturnToken();
        deploySettlement(address(usdc), address(old));
        bridge.openAccount(alice);
        old.mint(alice, AMOUNT);
        vm.startPrank(alice);
        old.approve(address(bridge), AMOUNT);
        bridge.depositToken(TBTC, 1, AMOUNT);
        vm.stopPrank();
        Withdrawal memory w = _readyEntry(TBTC, bob);
        old.refuse(bob, true);
        vm.expectRevert();
        bridge.finalizeWithdrawal(alice, _id, w, 3);
        assertEq(bridge.custody(TBTC), AMOUNT);
        old.refuse(bob, false);
        bridge.finalizeWithdrawal(alice, _id, w, 3);
        assertEq(old.balanceOf(bob), AMOUNT);
        assertEq(bridge.custody(TBTC), 0);
    }

    function test_finalizeWithdrawal_tokenThatMovesNothing_isRefused() public {
        Withdrawal memory w = _ready(USDC, bob);
        vm.mockCall(address(usdc), abi.encodeCall(usdc.transfer, (bob, AMOUNT)), abi.encode(true));
        vm.expectRevert(abi.encodeWithSelector(IBridge.FeeOnTransfer.selector, AMOUNT, 0));
        bridge.finalizeWithdrawal(alice, _id, w, 3);
        vm.clearMockedCalls();
        bridge.finalizeWithdrawal(alice, _id, w, 3);
        assertEq(usdc.balanceOf(bob), AMOUNT);
    }

    function test_finalizeWithdrawal_moreThanCustody_isRefused() public {
        Withdrawal memory w = _readyEntry(ETH, bob);
        vm.deal(address(bridge), AMOUNT); // force-fed money is not anybody's
        vm.expectRevert(abi.encodeWithSelector(IBridge.CustodyExceeded.selector, ETH, AMOUNT, 0));
        bridge.finalizeWithdrawal(alice, _id, w, 3);
    }

    // ---- recipients that misbehave

    function test_finalizeWithdrawal_refusingRecipient_getsAClaim() public {
        PickyRecipient picky = new PickyRecipient();
        Withdrawal memory w = _ready(ETH, address(picky));
        vm.expectEmit(address(bridge));
        emit IBridge.WithdrawalFinalized(3, address(picky), ETH, AMOUNT, true);
        bridge.finalizeWithdrawal(alice, _id, w, 3);
        assertEq(bridge.claimable(address(picky)), AMOUNT);
        assertEq(bridge.custody(ETH), AMOUNT);
        vm.expectRevert(abi.encodeWithSelector(IBridge.PaymentRefused.selector, address(picky), AMOUNT));
        bridge.claim(address(picky));
        picky.setOpen(true);
        vm.expectEmit(address(bridge));
        emit IBridge.Claimed(address(picky), address(picky), AMOUNT);
        bridge.claim(address(picky));
        assertEq(address(picky).balance, AMOUNT);
        assertEq(bridge.custody(ETH), 0);
        vm.expectRevert(abi.encodeWithSelector(IBridge.NothingToClaim.selector, address(picky)));
        bridge.claim(address(picky));
    }

    function test_claimTo_onlyForTheCaller() public {
        PickyRecipient picky = new PickyRecipient();
        Withdrawal memory w = _ready(ETH, address(picky));
        bridge.finalizeWithdrawal(alice, _id, w, 3);
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(IBridge.NothingToClaim.selector, bob));
        bridge.claimTo(bob);
        picky.execute(address(bridge), 0, abi.encodeCall(bridge.claimTo, (bob)));
        assertEq(bob.balance, AMOUNT);
        assertEq(address(bridge).balance, bridge.custody(ETH));
    }

    function test_finalizeWithdrawal_ethToTheToken_becomesAClaim() public {
        Withdrawal memory w = _ready(ETH, address(usdc));
        bridge.finalizeWithdrawal(alice, _id, w, 3);
        assertEq(bridge.claimable(address(usdc)), AMOUNT);
        assertEq(bridge.custody(ETH), address(bridge).balance);
    }

    function test_finalizeWithdrawal_reentrantRecipient_isPaidOnce() public {
        ReentrantRecipient attacker = new ReentrantRecipient();
        Withdrawal memory w = _ready(ETH, address(attacker));
        _depositEth(AMOUNT);
        attacker.setHook(address(bridge), abi.encodeCall(bridge.finalizeWithdrawal, (alice, _id, w, 3)));
        bridge.finalizeWithdrawal(alice, _id, w, 3);
        assertTrue(attacker.tried());
        assertFalse(attacker.reentered());
        assertTrue(attacker.refusal() == ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        assertEq(address(attacker).balance, AMOUNT);
        assertEq(bridge.custody(ETH), AMOUNT);
        assertEq(address(bridge).balance, AMOUNT);
    }

    function test_finalizeWithdrawal_greedyRecipients_costBoundedGas() public {
        address[2] memory greedy = [address(new GasBurner()), address(new ReturnBomb())];
        for (uint256 i = 0; i < greedy.length; ++i) {
            uint256 before = vm.snapshotState();
            Withdrawal memory w = _ready(ETH, greedy[i]);
            uint256 gasBefore = gasleft();
            bridge.finalizeWithdrawal(alice, _id, w, 3);
            assertLt(gasBefore - gasleft(), 400_000);
            assertEq(bridge.claimable(greedy[i]), AMOUNT);
            vm.revertToState(before);
        }
    }

    function test_finalizeWithdrawal_starvedCall_cannotTurnPaymentIntoClaim() public {
        Withdrawal memory w = _ready(ETH, address(new ReentrantRecipient()));
        for (uint256 gasLimit = 40_000; gasLimit < 300_000; gasLimit += 5000) {
            uint256 before = vm.snapshotState();
            try bridge.finalizeWithdrawal{gas: gasLimit}(alice, _id, w, 3) {
                assertEq(bridge.claimable(w.recipient), 0);
                assertEq(w.recipient.balance, AMOUNT);
            } catch {}
            vm.revertToState(before);
        }
        vm.expectPartialRevert(IBridge.InsufficientGas.selector);
        bridge.finalizeWithdrawal{gas: 180_000}(alice, _id, w, 3);
    }

    // ---- pause

    function test_pause_stopsFinalizationOnly() public {
        Withdrawal memory w = _ready(ETH, bob);
        uint64 time = uint64(vm.getBlockTimestamp());
        vm.expectEmit(address(bridge));
        emit IBridge.FinalizationPaused(guardian, time, time + 1 days, 1 days);
        vm.prank(guardian);
        bridge.pause(1 days);
        vm.expectRevert(abi.encodeWithSelector(IBridge.Paused.selector, time + 1 days));
        bridge.finalizeWithdrawal(alice, _id, w, 3);
        _prove(bob, w);
        _depositEth(1);
        mine(1 days);
        bridge.finalizeWithdrawal(alice, _id, w, 3);
    }

    function test_pause_strangers_areRejected() public {
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotGuardian.selector, alice));
        bridge.pause(1);
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotGuardian.selector, alice));
        bridge.unpause();
        vm.stopPrank();
    }

    function test_unpause_endsEarly_andGivesBackSeconds() public {
        vm.startPrank(guardian);
        vm.expectRevert(IBridge.NotPaused.selector);
        bridge.unpause();
        bridge.pause(MAX_PAUSE);
        assertEq(bridge.pauseUsed(), MAX_PAUSE);
        mine(100);
        vm.expectEmit(address(bridge));
        emit IBridge.FinalizationResumed(guardian, START + 100);
        bridge.unpause();
        assertEq(bridge.pauseUsed(), 100);
        assertEq(bridge.pausedUntil(), START + 100);
        bridge.pause(MAX_PAUSE - 100);
        vm.stopPrank();
    }

    function test_pause_budget_isExactOverTheRollingYear() public {
        vm.startPrank(guardian);
        bridge.pause(MAX_PAUSE - 10);
        mine(30 days);
        vm.expectRevert(abi.encodeWithSelector(IBridge.PauseBudgetExceeded.selector, MAX_PAUSE + 1, MAX_PAUSE));
        bridge.pause(11);
        bridge.pause(10);
        mine(100);
        vm.expectRevert(abi.encodeWithSelector(IBridge.PauseBudgetExceeded.selector, MAX_PAUSE + 1, MAX_PAUSE));
        bridge.pause(1);
        // After a year each second that falls out of the window is free again, and never one earlier. A pause runs
        // over seconds that fall out while it lasts, so it may be as long as the old one.
        vm.warp(START + 365 days);
        bridge.pause(MAX_PAUSE - 10);
        assertEq(bridge.pauseUsed(), MAX_PAUSE);
        vm.stopPrank();
    }

    function test_pause_extension_countsOnce() public {
        vm.startPrank(guardian);
        bridge.pause(1000);
        mine(400);
        vm.expectRevert(abi.encodeWithSelector(IBridge.PauseNotLonger.selector, START + 1000, START + 1000));
        bridge.pause(600);
        bridge.pause(1000);
        assertEq(bridge.pausedUntil(), START + 1400);
        assertEq(bridge.pauseUsed(), 1400);
        vm.expectRevert(abi.encodeWithSelector(IBridge.PauseNotLonger.selector, START + 400, START + 1400));
        bridge.pause(0);
        vm.stopPrank();
    }

    function test_pause_seventeenthInAYear_isRejected() public {
        vm.startPrank(guardian);
        for (uint256 i = 0; i < 16; ++i) {
            bridge.pause(10);
            mine(20);
        }
        vm.expectRevert(abi.encodeWithSelector(IBridge.TooManyPauses.selector, 16));
        bridge.pause(10);
        vm.warp(START + 365 days - 1);
        vm.expectRevert(abi.encodeWithSelector(IBridge.TooManyPauses.selector, 16));
        bridge.pause(10);
        vm.warp(START + 365 days);
        bridge.pause(10);
        vm.expectRevert(abi.encodeWithSelector(IBridge.PauseBudgetExceeded.selector, type(uint64).max, MAX_PAUSE));
        bridge.pause(type(uint64).max);
        vm.stopPrank();
    }

    /// @dev Random pauses against a second-by-second count (in steps of an hour).
    function testFuzz_pause_anyYear_staysInBudget(uint256 seed) public {
        vm.startPrank(guardian);
        uint256 hoursPaused = 0;
        uint256[] memory pausedHours = new uint256[](600 days / 1 hours);
        for (uint256 i = 0; i < 40; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 now_ = (vm.getBlockTimestamp() - START) / 1 hours;
            try bridge.pause(uint64(1 hours * (1 + seed % 80))) {
                for (uint256 h = now_; h < (bridge.pausedUntil() - START) / 1 hours; ++h) {
                    pausedHours[h] = 1;
                }
            } catch {}
            mine(1 hours * ((seed >> 64) % 300));
        }
        vm.stopPrank();
        for (uint256 h = 0; h < pausedHours.length; ++h) {
            hoursPaused += pausedHours[h];
            if (h >= 365 * 24) hoursPaused -= pausedHours[h - 365 * 24];
            assertLe(hoursPaused * 1 hours, MAX_PAUSE);
        }
    }

    // ---- construction

    function test_constructor_badParameters_areRejected() public {
        address[] memory tokens = new address[](3);
        (tokens[0], tokens[2]) = (address(usdc), address(tbtc));
        _expectInvalid("inbox", 0);
        Shipped.deploy("Bridge", abi.encode(address(0), address(2), address(3), guardian, tokens, 1, 0));
        _expectInvalid("assertionChain", 0);
        Shipped.deploy("Bridge", abi.encode(address(1), address(0), address(3), guardian, tokens, 1, 0));
        _expectInvalid("maturitySeconds", 0);
        Shipped.deploy("Bridge", abi.encode(address(1), address(2), address(3), guardian, tokens, 0, 0));
        _expectInvalid("maxPauseSeconds", 365 days + 1);
        Shipped.deploy("Bridge", abi.encode(address(1), address(2), address(3), guardian, tokens, 1, 365 days + 1));
        tokens[2] = address(usdc);
        _expectInvalid("token", 2);
        Shipped.deploy("Bridge", abi.encode(address(1), address(2), address(3), guardian, tokens, 1, 0));
        tokens[2] = alice;
        _expectInvalid("token", 2);
        Shipped.deploy("Bridge", abi.encode(address(1), address(2), address(3), guardian, tokens, 1, 0));
        (tokens[1], tokens[2]) = (address(tbtc), address(0));
        _expectInvalid("token", 1);
        Shipped.deploy("Bridge", abi.encode(address(1), address(2), address(3), guardian, tokens, 1, 0));
        _expectInvalid("tokens", 1);
        Shipped.deploy("Bridge", abi.encode(address(1), address(2), address(3), guardian, new address[](1), 1, 0));
        _expectInvalid("tokens", 5);
        Shipped.deploy("Bridge", abi.encode(address(1), address(2), address(3), guardian, new address[](5), 1, 0));
    }

    function test_views_describeTheAssets() public {
        assertEq(bridge.assetCount(), 3);
        assertEq(bridge.token(USDC), address(usdc));
        assertEq(bridge.token(ETH), address(0));
        vm.expectRevert(abi.encodeWithSelector(IBridge.UnknownAsset.selector, 3));
        bridge.token(3);
    }

    // ---- moves

    function _depositEth(uint96 amount) private {
        hoax(alice, amount);
        bridge.depositETH{value: amount}(1);
    }

    function _depositUsdc(uint96 amount) private {
        usdc.mint(alice, amount);
        vm.startPrank(alice);
        usdc.approve(address(bridge), amount);
        bridge.depositToken(USDC, 1, amount);
        vm.stopPrank();
    }

    /// @dev Deposit, and assert a state whose outbox slot 3 pays it to `recipient`.
    function _fund(uint8 asset, address recipient) private returns (Withdrawal memory w) {
        if (asset == ETH) _depositEth(AMOUNT);
        else _depositUsdc(AMOUNT);
        return _entry(asset, recipient);
    }

    function _entry(uint8 asset, address recipient) private returns (Withdrawal memory w) {
        w = Withdrawal(1, asset, AMOUNT, recipient);
        _state.outbox[2] = StateFixture.entry(1, asset, 1, alice);
        _state.outbox[3] = encode(w);
        _assertState();
    }

    function _assertState() private {
        _id = assertState(_state);
        _state.cursor = StateFixture.cursorAt(chain.assertion(_id).item, 0);
    }

    function _ready(uint8 asset, address recipient) private returns (Withdrawal memory w) {
        w = _fund(asset, recipient);
        _mature(w);
    }

    function _readyEntry(uint8 asset, address recipient) private returns (Withdrawal memory w) {
        w = _entry(asset, recipient);
        _mature(w);
    }

    function _mature(Withdrawal memory w) private {
        mine(1);
        _prove(alice, w);
        mine(PERIOD + MATURITY);
        chain.confirm(_id);
    }

    function _prove(address prover, Withdrawal memory w) private {
        bytes32[] memory branch = StateFixture.outboxBranch(_state, 3);
        vm.prank(prover);
        bridge.proveWithdrawal(_id, w, 3, branch);
    }

    function _expectForged(Withdrawal memory w, uint64 index, bytes32[] memory branch) private {
        vm.expectPartialRevert(IBridge.BranchMismatch.selector);
        bridge.proveWithdrawal(_id, w, index, branch);
    }

    function _expectStatus(Withdrawal memory w, IBridge.WithdrawalStage expected, uint64 until) private view {
        (IBridge.WithdrawalStage stage, uint64 actual) = bridge.withdrawalStatus(alice, _id, w, 3);
        assertEq(uint256(stage), uint256(expected));
        assertEq(actual, until);
    }

    function _expectInvalid(bytes32 name, uint256 value) private {
        vm.expectRevert(abi.encodeWithSelector(IBridge.InvalidParameter.selector, name, value));
    }
}
