// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssertionChain} from "../../src/AssertionChain.sol";
import {Assertion, AssertionInput, AssertionStatus, IAssertionChain} from "../../src/interfaces/IAssertionChain.sol";
import {IStakePool} from "../../src/interfaces/IStakePool.sol";
import {IStepVerifier} from "../../src/interfaces/IStepVerifier.sol";
import {Settlement} from "../Settlement.sol";
import {Shipped} from "../Shipped.sol";
import {StateFixture} from "../StateFixture.sol";

contract AssertionChainTest is Settlement {
    address private rival = makeAddr("rival");

    function setUp() public {
        deploySettlement();
        vm.deal(rival, 100 ether);
    }

    // ---- genesis and configuration

    function test_constructor_makesConfirmedGenesis() public view {
        bytes32 root = keccak256("genesis state");
        bytes32 id = keccak256(abi.encodePacked(bytes1(0x0a), bytes32(0), root, bytes32(0)));
        assertEq(chain.GENESIS_ID(), id);
        assertEq(chain.latestConfirmed(), id);
        Assertion memory genesis = chain.assertion(id);
        assertEq(genesis.afterStateRoot, root);
        assertEq(genesis.nextTarget, 1);
        assertTrue(genesis.finished && genesis.status == AssertionStatus.CONFIRMED);
        assertEq(chain.rivals(id), 0);
        assertEq(chain.confirmableAt(id), 0);
    }

    function test_configHash_bindsEveryField() public view {
        bytes memory packed = abi.encodePacked(
            bytes1(0x0b), L2_CHAIN, address(inbox), address(bridge), chain.VERIFIER(), HEIGHT, uint40(PERIOD), STAKE
        );
        assertEq(packed.length, 87);
        assertEq(chain.configHash(), keccak256(packed));
    }

    function test_constructor_badParameters_areRejected() public {
        _expectInvalidAt("historyHeight", 0, 0, PERIOD, DELAY, 1);
        _expectInvalidAt("historyHeight", 33, 33, PERIOD, DELAY, 1);
        _expectInvalidAt("confirmPeriodSeconds", 0, HEIGHT, 0, DELAY, 1);
        _expectInvalidAt("confirmPeriodSeconds", (1 << 31) + 1, HEIGHT, (1 << 31) + 1, DELAY, 1);
        _expectInvalidAt("rivalDelaySeconds", (1 << 31) + 1, HEIGHT, PERIOD, (1 << 31) + 1, 1);
        _expectInvalidAt("genesisStateRoot", 0, HEIGHT, PERIOD, DELAY, 0);
    }

    function test_constructor_partnersOfAnotherChain_areRejected() public {
        _expectInvalid("bridge", uint160(address(bridge)));
        _construct(HEIGHT, PERIOD, DELAY, 1);
        _mockHere(address(bridge));
        _expectInvalid("challengeGame", uint160(address(game)));
        _construct(HEIGHT, PERIOD, DELAY, 1);
        _mockHere(address(bridge));
        _mockHere(address(game));
        _expectInvalid("stakePool", uint160(address(pool)));
        _construct(HEIGHT, PERIOD, DELAY, 1);
        _mockHere(address(bridge));
        _mockHere(address(game));
        _mockHere(address(pool));
        _expectInvalid("exitMode", uint160(address(exitMode)));
        _construct(HEIGHT, PERIOD, DELAY, 1);
    }

    function test_constructor_exitBeforeADecision_isRejected() public {
        uint64 tooLong = (EXIT_AFTER - FORCE_AFTER) / 2 - 2 * PERIOD;
        assertEq(2 * (2 * PERIOD + tooLong) + FORCE_AFTER, EXIT_AFTER);
        _mockHere(address(bridge));
        _mockHere(address(game));
        _mockHere(address(pool));
        _mockHere(address(exitMode));
        uint256 before = vm.snapshotState();
        _expectInvalid("exitAfterSeconds", EXIT_AFTER);
        _construct(HEIGHT, PERIOD, tooLong, 1);
        vm.revertToState(before);
        assertEq(_construct(HEIGHT, PERIOD, tooLong - 1, 1).RIVAL_DELAY_SECONDS(), tooLong - 1);
    }

    // ---- creation

    function test_createAssertion_finished_storesEverything() public {
        post(hex"01");
        post(hex"02");
        AssertionInput memory input = claimOf(chain.GENESIS_ID(), stateAt(1), "a");
        vm.expectEmit(address(chain));
        emit IAssertionChain.AssertionCreated(
            input.expectedId,
            chain.GENESIS_ID(),
            staker,
            input.historyRoot,
            input.afterStateRoot,
            inbox.accumulator(1),
            1,
            2,
            1,
            true
        );
        vm.expectEmit(address(pool));
        emit IStakePool.BondLocked(staker, input.expectedId, STAKE);
        bytes32 id = assertAs(staker, input);
        Assertion memory node = chain.assertion(id);
        assertEq(node.parentId, chain.GENESIS_ID());
        assertEq(node.historyRoot, input.historyRoot);
        assertEq(node.target, 1);
        assertEq(node.nextTarget, 2, "two items are in the inbox");
        assertEq(node.item, 1);
        assertEq(node.createdAt, START);
        assertEq(node.createdBlock, 100);
        assertEq(node.staker, staker);
        assertTrue(node.finished && node.status == AssertionStatus.PENDING);
        assertEq(chain.assertion(chain.GENESIS_ID()).firstLive, id);
        assertEq(pool.locked(), STAKE);
        assertEq(address(pool).balance, STAKE);
        assertEq(address(chain).balance, 0);
    }

    function test_createAssertion_finishedAtInboxEnd_targetsNextItem() public {
        post(hex"01");
        bytes32 id = assertAs(staker, claimOf(chain.GENESIS_ID(), stateAt(1), "a"));
        assertEq(chain.assertion(id).nextTarget, 2);
        AssertionInput memory next = claimOf(id, stateAt(2), "b");
        vm.prank(staker);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.TargetNotReached.selector, 2, 1));
        chain.createAssertion(next);
    }

    function test_createAssertion_unfinished_keepsTarget() public {
        post(hex"01");
        StateFixture.State memory middle;
        middle.cursor = StateFixture.cursorAt(0, 1);
        bytes32 id = assertAs(staker, claimOf(chain.GENESIS_ID(), middle, "a"));
        assertFalse(chain.assertion(id).finished);
        assertEq(chain.assertion(id).nextTarget, 1);
        post(hex"02");
        bytes32 child = assertAs(staker, claimOf(id, stateAt(1), "b"));
        assertEq(chain.assertion(child).target, 1);
        assertEq(chain.assertion(child).nextTarget, 2);
        assertTrue(chain.assertion(child).finished);
    }

    function test_createAssertion_cursorPastTarget_isRejected() public {
        post(hex"01");
        _expectRejected(
            claimOf(chain.GENESIS_ID(), stateAt(2), "a"),
            abi.encodeWithSelector(IAssertionChain.CursorBeyondTarget.selector, 2, true, 1)
        );
        StateFixture.State memory inside;
        inside.cursor = StateFixture.cursorAt(1, 1);
        _expectRejected(
            claimOf(chain.GENESIS_ID(), inside, "a"),
            abi.encodeWithSelector(IAssertionChain.CursorBeyondTarget.selector, 1, false, 1)
        );
    }

    function test_createAssertion_emptyInbox_isRejected() public {
        _expectRejected(
            claimOf(chain.GENESIS_ID(), stateAt(1), "a"),
            abi.encodeWithSelector(IAssertionChain.TargetNotReached.selector, 1, 0)
        );
    }

    function test_createAssertion_afterReorgOfTheInbox_isRejected() public {
        uint256 before = vm.snapshotState();
        post(hex"01");
        AssertionInput memory input = claimOf(chain.GENESIS_ID(), stateAt(1), "a");
        vm.revertToState(before);
        post(hex"02");
        _expectRejected(
            input, abi.encodeWithSelector(IAssertionChain.UnexpectedAssertion.selector, input.expectedId, idOf(input))
        );
    }

    function test_createAssertion_twice_isRejected() public {
        post(hex"01");
        AssertionInput memory input = claimOf(chain.GENESIS_ID(), stateAt(1), "a");
        assertAs(staker, input);
        bytes memory reason = abi.encodeWithSelector(IAssertionChain.AssertionExists.selector, input.expectedId);
        vm.prank(rival);
        vm.expectRevert(reason);
        chain.createAssertion{value: STAKE}(input);
    }

    function test_createAssertion_unknownParent_isRejected() public {
        post(hex"01");
        AssertionInput memory input = claimOf(chain.GENESIS_ID(), stateAt(1), "a");
        input.parentId = keccak256("nobody");
        _expectRejected(input, abi.encodeWithSelector(IAssertionChain.UnknownAssertion.selector, input.parentId));
    }

    function test_createAssertion_badHistoryBranch_isRejected() public {
        post(hex"01");
        AssertionInput memory input = claimOf(chain.GENESIS_ID(), stateAt(1), "a");
        input.lastLeafBranch[2] ^= bytes32(uint256(1));
        vm.prank(staker);
        vm.expectPartialRevert(IAssertionChain.HistoryMismatch.selector);
        chain.createAssertion{value: STAKE}(input);
        input.lastLeafBranch = new bytes32[](HEIGHT - 1);
        _expectRejected(input, abi.encodeWithSelector(IAssertionChain.BranchLengthMismatch.selector, 4, 3));
    }

    function test_createAssertion_badCursor_isRejected() public {
        post(hex"01");
        AssertionInput memory input = claimOf(chain.GENESIS_ID(), stateAt(1), "a");
        input.cursorProof[31] ^= 0x01;
        vm.prank(staker);
        vm.expectPartialRevert(IStepVerifier.WrongRoot.selector);
        chain.createAssertion{value: STAKE}(input);
        input.cursorProof = abi.encodePacked(input.cursorProof, bytes32(0));
        _expectRejected(input, abi.encodeWithSelector(IStepVerifier.InvalidPositionProof.selector, 448, 416));
    }

    // ---- confirmation

    function test_confirm_atTheDeadline_notASecondEarlier() public {
        bytes32 id = assertState(stateAt(1));
        assertEq(chain.confirmableAt(id), START + PERIOD);
        mine(PERIOD - 1);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.ConfirmPeriodRunning.selector, START + PERIOD));
        chain.confirm(id);
        mine(1);
        vm.expectEmit(address(chain));
        emit IAssertionChain.AssertionConfirmed(id, chain.assertion(id).afterStateRoot, 1);
        chain.confirm(id);
        assertEq(chain.latestConfirmed(), id);
        assertEq(chain.assertion(chain.GENESIS_ID()).confirmedChild, id);
        assertEq(chain.confirmableAt(id), 0);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.AlreadyConfirmed.selector, id));
        chain.confirm(id);
    }

    function test_confirm_rivaled_isRejectedForBoth() public {
        (bytes32 a, bytes32 b) = _rivals();
        assertEq(chain.rivals(a), 1);
        assertEq(chain.assertion(a).nextLive, b);
        assertEq(chain.assertion(chain.GENESIS_ID()).lastLive, b);
        assertEq(chain.confirmableAt(a), 0);
        mine(10 * PERIOD);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.AssertionRivaled.selector, a, 1));
        chain.confirm(a);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.AssertionRivaled.selector, b, 1));
        chain.confirm(b);
    }

    function test_confirm_childFirst_isRejected() public {
        bytes32 a = assertState(stateAt(1));
        post(hex"02");
        bytes32 b = assertAs(staker, claimOf(a, stateAt(2), "b"));
        mine(PERIOD);
        assertEq(chain.confirmableAt(b), START + PERIOD);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.ParentNotConfirmed.selector, a));
        chain.confirm(b);
        chain.confirm(a);
        chain.confirm(b);
        assertEq(chain.latestConfirmed(), b);
    }

    function test_confirm_unknown_isRejected() public {
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.UnknownAssertion.selector, bytes32(0)));
        chain.confirm(0);
    }

    function test_createAssertion_afterConfirmation_parentIsClosed() public {
        bytes32 id = assertState(stateAt(1));
        AssertionInput memory late = claimOf(chain.GENESIS_ID(), stateAt(1), "late");
        mine(PERIOD);
        chain.confirm(id);
        vm.prank(rival);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.ParentClosed.selector, chain.GENESIS_ID(), id));
        chain.createAssertion{value: STAKE}(late);
    }

    function test_confirmableAt_rivaledAncestor_isNever() public {
        (bytes32 a,) = _rivals();
        post(hex"02");
        bytes32 child = assertAs(staker, claimOf(a, stateAt(2), "c"));
        assertEq(chain.rivals(child), 0);
        assertEq(chain.confirmableAt(child), 0);
    }

    // ---- stakes

    function test_stake_movesAlongItsBranch_withoutValue() public {
        bytes32 a = assertState(stateAt(1));
        post(hex"02");
        AssertionInput memory next = claimOf(a, stateAt(2), "b");
        vm.prank(staker);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.StakeMismatch.selector, 0, STAKE));
        chain.createAssertion{value: STAKE}(next);
        vm.expectEmit(address(chain));
        emit IAssertionChain.BondMoved(staker, a, next.expectedId);
        vm.prank(staker);
        bytes32 b = chain.createAssertion(next);
        assertEq(chain.stakedOn(staker), b);
        assertEq(pool.locked(), STAKE);
    }

    function test_stake_newStaker_paysExactly() public {
        post(hex"01");
        AssertionInput memory input = claimOf(chain.GENESIS_ID(), stateAt(1), "a");
        vm.prank(rival);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.StakeMismatch.selector, STAKE, 0));
        chain.createAssertion(input);
        vm.prank(rival);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.StakeMismatch.selector, STAKE, STAKE + 1));
        chain.createAssertion{value: STAKE + 1}(input);
    }

    function test_stake_pendingElsewhere_cannotBackTwoBranches() public {
        (bytes32 a,) = _rivals();
        AssertionInput memory third = claimOf(chain.GENESIS_ID(), stateAt(1), "third");
        vm.prank(staker);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.StakeElsewhere.selector, staker, a));
        chain.createAssertion(third);
    }

    function test_stake_onConfirmed_isReusableAnywhere() public {
        bytes32 a = assertState(stateAt(1));
        mine(PERIOD);
        chain.confirm(a);
        post(hex"02");
        bytes32 b = assertAs(rival, claimOf(a, stateAt(2), "b"));
        post(hex"03");
        bytes32 c = assertAs(staker, claimOf(b, stateAt(3), "c"));
        assertEq(chain.stakedOn(staker), c);
        vm.prank(staker);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.StakeLocked.selector, staker, c));
        chain.withdrawStake();
        assertEq(pool.locked(), 2 * uint256(STAKE));
    }

    function test_withdrawStake_onceAfterConfirmation() public {
        uint256 before = staker.balance;
        bytes32 a = assertState(stateAt(1));
        vm.prank(staker);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.StakeLocked.selector, staker, a));
        chain.withdrawStake();
        mine(PERIOD);
        chain.confirm(a);
        vm.expectEmit(address(pool));
        emit IStakePool.BondRefunded(staker, STAKE);
        vm.startPrank(staker);
        chain.withdrawStake();
        assertEq(pool.locked(), 0);
        assertEq(pool.claimable(staker), STAKE);
        pool.claim(staker);
        assertEq(staker.balance, before);
        assertEq(address(pool).balance, 0);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.NoStake.selector, staker));
        chain.withdrawStake();
        vm.stopPrank();
    }

    function test_withdrawStake_rivaled_staysLocked() public {
        (bytes32 a,) = _rivals();
        mine(10 * PERIOD);
        vm.prank(staker);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.StakeLocked.selector, staker, a));
        chain.withdrawStake();
    }

    function _rivals() private returns (bytes32 a, bytes32 b) {
        a = assertState(stateAt(1));
        b = assertAs(rival, claimOf(chain.GENESIS_ID(), stateAt(1), "rival"));
    }

    function _expectRejected(AssertionInput memory input, bytes memory reason) private {
        vm.prank(staker);
        vm.expectRevert(reason);
        chain.createAssertion{value: STAKE}(input);
    }

    function _expectInvalid(bytes32 name, uint256 value) private {
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.InvalidParameter.selector, name, value));
    }

    function _expectInvalidAt(bytes32 name, uint256 value, uint8 height, uint64 period, uint64 delay, uint256 root)
        private
    {
        _expectInvalid(name, value);
        _construct(height, period, delay, root);
    }

    /// @dev The partner says that the chain constructed next is its own.
    function _mockHere(address partner) private {
        address here = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.mockCall(partner, abi.encodeWithSignature("ASSERTION_CHAIN()"), abi.encode(here));
    }

    function _construct(uint8 height, uint64 period, uint64 delay, uint256 root) private returns (AssertionChain) {
        return AssertionChain(
            Shipped.deploy(
                "AssertionChain",
                abi.encode(
                    address(inbox),
                    address(bridge),
                    address(verifier),
                    address(game),
                    address(pool),
                    address(exitMode),
                    1,
                    height,
                    period,
                    delay,
                    bytes32(root)
                )
            )
        );
    }
}
