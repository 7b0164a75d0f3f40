// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assertion, AssertionInput, AssertionStatus, IAssertionChain} from "../../src/interfaces/IAssertionChain.sol";
import {Settlement} from "../Settlement.sol";

/// @notice Rivals in the assertion chain: clocks, marks, refutation, settlement (docs/spec.md D-6, D-8, D-10, D-11).
contract ContestsTest is Settlement {
    bytes32 private _genesis;

    function setUp() public {
        deploySettlement();
        post(hex"01");
        _genesis = chain.GENESIS_ID();
    }

    // ---- clocks and marks

    function testFuzz_markConfirmable_liveOwn_isMetAtEquality(uint256 gap) public {
        gap = bound(gap, 0, 2 * PERIOD);
        bytes32 a = _child(_genesis, 1);
        _warp(gap);
        bytes32 b = _child(_genesis, 2);
        _warp(3 * PERIOD);
        assertEq(chain.liveOwn(a), gap);
        assertEq(chain.liveOwn(b), 0);
        if (gap < PERIOD) vm.expectRevert(abi.encodeWithSelector(IAssertionChain.NotConfirmable.selector, a, gap, 0));
        chain.markConfirmable(a);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.NotConfirmable.selector, b, 0, 0));
        chain.markConfirmable(b);
    }

    function test_markConfirmable_aSecondShort_isRejected() public {
        testFuzz_markConfirmable_liveOwn_isMetAtEquality(PERIOD - 1);
    }

    function test_markConfirmable_gameTimerASecondShort_isRejected() public {
        testFuzz_markConfirmable_gameTimer_isMetAtEquality(PERIOD - 1);
    }

    function test_markConfirmable_gameTimerAtThePeriod_passes() public {
        testFuzz_markConfirmable_gameTimer_isMetAtEquality(PERIOD);
    }

    function test_markConfirmable_atThePeriod_passes() public {
        testFuzz_markConfirmable_liveOwn_isMetAtEquality(PERIOD);
    }

    function testFuzz_markConfirmable_gameTimer_isMetAtEquality(uint256 time) public {
        time = bound(time, 0, type(uint32).max);
        bytes32 parentId = _child(chain.latestConfirmed(), uint256(keccak256(abi.encode(time))));
        _child(parentId, 1);
        bytes32 b = _child(parentId, 2);
        game.setTimer(chain.assertion(b).historyRoot, time);
        if (time < PERIOD) {
            vm.expectRevert(abi.encodeWithSelector(IAssertionChain.NotConfirmable.selector, b, 0, time));
        }
        chain.markConfirmable(b);
    }

    function test_markConfirmable_bothClocksShort_theirSumDoesNotCount() public {
        bytes32 a = _child(_genesis, 1);
        _warp(PERIOD - 1);
        _child(_genesis, 2);
        game.setTimer(chain.assertion(a).historyRoot, PERIOD - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IAssertionChain.NotConfirmable.selector, a, uint256(PERIOD) - 1, uint256(PERIOD) - 1)
        );
        chain.markConfirmable(a);
    }

    function test_confirm_rivaled_onlyOneDelayAfterTheMark() public {
        bytes32 a = _child(_genesis, 1);
        bytes32 b = _child(_genesis, 2);
        game.setTimer(chain.assertion(b).historyRoot, PERIOD);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.AssertionRivaled.selector, b, 1));
        chain.confirm(b);
        uint64 time = uint64(vm.getBlockTimestamp());
        vm.expectEmit(address(chain));
        emit IAssertionChain.AssertionConfirmable(b, time);
        chain.markConfirmable(b);
        assertEq(chain.confirmableAt(b), time + DELAY);
        _warp(DELAY - 1);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.AlreadyConfirmable.selector, time));
        chain.markConfirmable(b);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.RivalDelayRunning.selector, time + DELAY));
        chain.confirm(b);
        _warp(1);
        chain.confirm(b);
        assertEq(chain.confirmedAt(_genesis), time + DELAY);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.ParentClosed.selector, _genesis, b));
        chain.markConfirmable(a);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.ParentClosed.selector, _genesis, b));
        chain.confirm(a);
    }

    function test_confirm_onlyChildLeftAfterRefutation_stillNeedsTheMark() public {
        bytes32 a = _child(_genesis, 1);
        bytes32 b = _child(_genesis, 2);
        game.refute(b);
        _warp(PERIOD);
        assertEq(chain.liveOwn(a), PERIOD);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.AssertionRivaled.selector, a, 1));
        chain.confirm(a);
        chain.markConfirmable(a);
        _warp(DELAY);
        chain.confirm(a);
    }

    // ---- refutation

    function test_refute_strangerOrDecided_isRejected() public {
        bytes32 a = _child(_genesis, 1);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.NotGame.selector, address(this)));
        chain.refute(a, alice);
        game.refute(a);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.AssertionLost.selector, a, AssertionStatus.REFUTED));
        game.refute(a);
        bytes32 b = _child(_genesis, 2);
        game.setTimer(chain.assertion(b).historyRoot, PERIOD);
        chain.markConfirmable(b);
        _warp(DELAY);
        chain.confirm(b);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.AlreadyConfirmed.selector, b));
        game.refute(b);
    }

    function test_refute_duringTheDelay_killsAndClosesEverything() public {
        bytes32 a = _child(_genesis, 1);
        _warp(PERIOD);
        chain.markConfirmable(a);
        _child(_genesis, 2);
        AssertionInput memory below = _input(a, 3);
        game.refute(a);
        _warp(DELAY);
        bytes memory lost = abi.encodeWithSelector(IAssertionChain.AssertionLost.selector, a, AssertionStatus.REFUTED);
        vm.expectRevert(lost);
        chain.confirm(a);
        vm.expectRevert(lost);
        chain.markConfirmable(a);
        vm.deal(alice, STAKE);
        vm.prank(alice);
        vm.expectRevert(lost);
        chain.createAssertion{value: STAKE}(below);
    }

    /// @dev The list of live children against a plain array, after each refutation in random order.
    function testFuzz_refute_anyOrder_listIsThatOfTheModel(uint256 seed) public {
        bytes32[] memory made = new bytes32[](8);
        for (uint256 i = 0; i < made.length; ++i) {
            made[i] = _child(_genesis, i + 1);
            _warp(uint256(keccak256(abi.encode(seed, "gap", i))) % 3);
        }
        bool[] memory dead = new bool[](made.length);
        for (uint256 round = 0; round < made.length; ++round) {
            _checkList(made, dead);
            uint256 next = uint256(keccak256(abi.encode(seed, round))) % made.length;
            while (dead[next]) next = (next + 1) % made.length;
            dead[next] = true;
            game.refute(made[next]);
        }
        _checkList(made, dead);
    }

    // ---- stakes

    function test_advanceStake_alongTheBranch_only() public {
        bytes32 a = _child(_genesis, 1);
        bytes32 b = _child(a, 2);
        bytes32 c = _child(b, 3);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.NoStake.selector, alice));
        vm.prank(alice);
        chain.advanceStake(b);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.NotChildOfStake.selector, c, a));
        vm.prank(_who(1));
        chain.advanceStake(c);
        vm.expectEmit(address(chain));
        emit IAssertionChain.BondMoved(_who(1), a, b);
        vm.prank(_who(1));
        chain.advanceStake(b);
        assertEq(chain.stakedOn(_who(1)), b);
    }

    function test_advanceStake_fromRefuted_cannotEscapeThroughExitMode() public {
        bytes32 a = _child(_genesis, 1);
        bytes32 b = _child(a, 2);
        game.refute(a);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.AssertionLost.selector, a, AssertionStatus.REFUTED));
        vm.prank(_who(1));
        chain.advanceStake(b);
        vm.mockCall(address(exitMode), abi.encodeWithSignature("entered()"), abi.encode(true));
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.StakeLocked.selector, _who(1), a));
        vm.prank(_who(1));
        chain.withdrawStake();
    }

    function test_exitMode_loserThatNobodySettled_keepsNothing() public {
        bytes32 right = _child(_genesis, 1);
        bytes32 wrong = _child(_genesis, 2);
        game.setTimer(chain.assertion(right).historyRoot, PERIOD);
        chain.markConfirmable(right);
        mine(DELAY);
        chain.confirm(right);
        vm.mockCall(address(exitMode), abi.encodeWithSignature("entered()"), abi.encode(true));
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.StakeLocked.selector, _who(2), wrong));
        vm.prank(_who(2));
        chain.withdrawStake();
    }

    function test_exitMode_nothingMoves_pendingStakesAreReleased() public {
        bytes32 a = _child(_genesis, 1);
        AssertionInput memory late = _input(_genesis, 2);
        _warp(PERIOD);
        vm.mockCall(address(exitMode), abi.encodeWithSignature("entered()"), abi.encode(true));
        bytes memory exited = abi.encodeWithSelector(IAssertionChain.ExitModeActive.selector);
        vm.expectRevert(exited);
        chain.markConfirmable(a);
        vm.expectRevert(exited);
        chain.confirm(a);
        vm.deal(alice, STAKE);
        vm.prank(alice);
        vm.expectRevert(exited);
        chain.createAssertion{value: STAKE}(late);
        vm.prank(_who(1));
        chain.withdrawStake();
        assertEq(pool.claimable(_who(1)), STAKE);
        assertEq(pool.locked(), 0);
    }

    /// @dev A stake that has moved below a lie is lost with the lie, whether it is refuted or outlived, settled or not.
    function test_exitMode_stakeBelowALostClaim_keepsNothing() public {
        bytes32 right = _child(_genesis, 1);
        bytes32 refuted = _child(_genesis, 2);
        bytes32 outlived = _child(_genesis, 3);
        bytes32 belowRefuted = _movedTo(refuted, 2);
        bytes32 belowOutlived = _movedTo(_movedTo(outlived, 3), 3);
        game.refute(refuted);
        uint256 before = vm.snapshotState();
        vm.mockCall(address(exitMode), abi.encodeWithSignature("entered()"), abi.encode(true));
        _expectLocked(2, belowRefuted);
        vm.prank(_who(3));
        chain.withdrawStake();
        assertEq(pool.claimable(_who(3)), STAKE, "undecided");
        vm.revertToState(before);
        vm.mockCall(address(exitMode), abi.encodeWithSignature("entered()"), abi.encode(false));
        game.setTimer(chain.assertion(right).historyRoot, PERIOD);
        chain.markConfirmable(right);
        mine(DELAY);
        chain.confirm(right);
        vm.mockCall(address(exitMode), abi.encodeWithSignature("entered()"), abi.encode(true));
        _expectLocked(2, belowRefuted);
        _expectLocked(3, belowOutlived);
    }

    /// @dev The stake of an honest claimant is never locked for ever, however many claims wait above it.
    function test_exitMode_deepPendingStake_isReleasedInSeveralCalls() public {
        uint256 depth = 600;
        bytes32 tip = _genesis;
        for (uint256 i = 0; i < depth; ++i) {
            tip = _movedTo(tip, 1);
        }
        vm.mockCall(address(exitMode), abi.encodeWithSignature("entered()"), abi.encode(true));
        uint256 gasBefore = gasleft();
        vm.prank(_who(1));
        chain.withdrawStake();
        assertLe(gasBefore - gasleft(), 8_000_000);
        assertEq(pool.claimable(_who(1)), 0);
        assertEq(chain.assertion(chain.stakedOn(_who(1))).item, depth - 512);
        vm.prank(_who(1));
        chain.withdrawStake();
        assertEq(pool.claimable(_who(1)), STAKE);
        assertEq(chain.stakedOn(_who(1)), bytes32(0));
        assertEq(pool.locked(), 0);
    }

    // ---- settlement

    /// @dev The loser moves the lost stake one claim further whenever it sees a settlement that names where it stands.
    function test_settle_loserWhoKeepsMoving_isSeizedAllTheSame() public {
        bytes32 right = _child(_genesis, 1);
        bytes32 wrong = _child(_genesis, 2);
        bytes32 below = _movedTo(wrong, 2);
        game.refute(wrong);
        game.setTimer(chain.assertion(right).historyRoot, PERIOD);
        chain.markConfirmable(right);
        mine(DELAY);
        chain.confirm(right);
        bytes32[] memory ids = new bytes32[](2);
        address[] memory stakers = new address[](2);
        (ids[0], ids[1]) = (wrong, below);
        (stakers[0], stakers[1]) = (_who(2), _who(1));
        bytes32 escape = _movedTo(_movedTo(below, 2), 2);
        chain.settle(ids, stakers);
        assertEq(chain.stakedOn(_who(2)), bytes32(0), "seized");
        assertEq(chain.stakedOn(_who(1)), right, "the winner is not");
        assertEq(pool.pot(_genesis), STAKE / 2 - 250_000 * uint256(TARIFF_PRICE));
        assertEq(pool.burnt(), STAKE / 2);
        _settle(chain.assertion(escape).parentId, _who(2));
        _settle(escape, _who(2));
        assertEq(chain.assertion(escape).deadRoot, wrong);
        assertEq(pool.burnt(), STAKE / 2, "once");
    }

    /// @dev Nothing that a hostile caller names takes a stake that is not lost.
    function test_settle_hostileStakers_takesNothing() public {
        bytes32 a = _child(_genesis, 1);
        bytes32 b = _child(a, 2);
        bytes32 c = _child(b, 3);
        game.refute(c);
        address[] memory stakers = new address[](6);
        for (uint256 i = 0; i < 3; ++i) {
            (stakers[2 * i], stakers[2 * i + 1]) = (_who(i + 1), _who(i + 1));
        }
        chain.settle(new bytes32[](0), stakers);
        assertEq(pool.locked(), 3 * uint256(STAKE), "below a pending parent nothing is decided");
        _warp(PERIOD);
        chain.confirm(a);
        chain.confirm(b);
        chain.settle(new bytes32[](0), stakers);
        assertEq(pool.locked(), 2 * uint256(STAKE));
        assertEq(pool.pot(b), pool.pots());
        assertEq(chain.stakedOn(_who(3)), bytes32(0));
    }

    function test_settle_notLost_isRejected() public {
        bytes32 a = _child(_genesis, 1);
        bytes32 b = _child(a, 2);
        game.refute(b);
        // Refuted, but whether `a` is its dead root is still open.
        _expectNotLost(b);
        _expectNotLost(a);
        _expectNotLost(_genesis);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.UnknownAssertion.selector, bytes32(uint256(1))));
        _settle(bytes32(uint256(1)), address(0));
    }

    function test_settle_winnerAndPendingStakes_stayUntouched() public {
        (bytes32[] memory ids,) = _lostTree();
        bytes32 winner = chain.confirmedChild(_genesis);
        _settle(ids[0], chain.assertion(winner).staker);
        assertEq(chain.stakedOn(chain.assertion(winner).staker), winner);
        assertEq(pool.burnt(), 0);
        _expectNotLost(winner);
    }

    /// @dev D-11: whatever order the pages come in, and however often, every sum ends up the same.
    function testFuzz_settle_anyOrder_sameSums(uint256 seed) public {
        (bytes32[] memory ids, address[] memory stakers) = _lostTree();
        uint256 price = 250_000 * uint256(TARIFF_PRICE);
        for (uint256 round = 0; round < 4 * ids.length; ++round) {
            uint256 draw = uint256(keccak256(abi.encode(seed, round)));
            _trySettle(ids[draw % ids.length], stakers[(draw >> 64) % ids.length]);
        }
        for (uint256 i = 0; i < ids.length; ++i) {
            _settle(ids[i], address(0));
        }
        for (uint256 i = 0; i < ids.length; ++i) {
            _settle(ids[i], stakers[i]);
            assertEq(chain.stakedOn(stakers[i]), bytes32(0));
            assertTrue(chain.assertion(ids[i]).status == AssertionStatus.DEAD);
        }
        assertEq(pool.burnt(), ids.length * (STAKE / 2));
        assertEq(pool.owed(), ids.length * price);
        assertEq(pool.pot(_genesis), ids.length * (STAKE / 2 - price));
        assertEq(pool.pots(), pool.pot(_genesis), "no other contest");
        assertEq(pool.locked(), STAKE, "the winner");
        assertEq(address(pool).balance, pool.locked() + pool.pots() + pool.owed());
    }

    function test_settle_longDeadChain_inPagesOfBoundedGas() public {
        bytes32 winner = _child(_genesis, 1000);
        _warp(PERIOD);
        bytes32[] memory ids = new bytes32[](200);
        bytes32 parentId = _genesis;
        for (uint256 i = 0; i < ids.length; ++i) {
            parentId = ids[i] = _child(parentId, i + 1);
        }
        chain.markConfirmable(winner);
        _warp(DELAY);
        chain.confirm(winner);
        bytes32[] memory page = new bytes32[](50);
        address[] memory stakers = new address[](50);
        for (uint256 start = 0; start < ids.length; start += page.length) {
            for (uint256 i = 0; i < page.length; ++i) {
                (page[i], stakers[i]) = (ids[start + i], _who(start + i + 1));
            }
            uint256 before = gasleft();
            chain.settle(page, stakers);
            assertLe(before - gasleft(), page.length * 140_000);
        }
        assertEq(chain.assertion(ids[ids.length - 1]).deadRoot, ids[0]);
        assertEq(pool.burnt(), ids.length * (STAKE / 2));
    }

    // ---- helpers

    /// @dev A winner under genesis; beside it a refuted branch, an outlived branch, and what hangs below both.
    function _lostTree() private returns (bytes32[] memory ids, address[] memory stakers) {
        ids = new bytes32[](6);
        bytes32 winner = _child(_genesis, 1);
        _warp(PERIOD);
        ids[0] = _child(_genesis, 2);
        ids[1] = _child(_genesis, 3);
        ids[2] = _child(ids[0], 4);
        ids[3] = _child(ids[2], 5);
        ids[4] = _child(ids[1], 6);
        ids[5] = _child(ids[1], 7);
        game.refute(ids[5]);
        game.refute(ids[0]);
        chain.markConfirmable(winner);
        _warp(DELAY);
        chain.confirm(winner);
        stakers = new address[](6);
        for (uint256 i = 0; i < 6; ++i) {
            stakers[i] = _who(i + 2);
        }
    }

    function _checkList(bytes32[] memory made, bool[] memory dead) private view {
        Assertion memory parent = chain.assertion(_genesis);
        bytes32 expected = parent.firstLive;
        bytes32 previous;
        for (uint256 i = 0; i < made.length; ++i) {
            if (dead[i]) {
                assertEq(chain.liveOwn(made[i]), 0);
                continue;
            }
            Assertion memory node = chain.assertion(made[i]);
            assertEq(made[i], expected);
            assertEq(node.previousLive, previous);
            uint256 end = node.nextLive == 0 ? vm.getBlockTimestamp() : chain.assertion(node.nextLive).createdAt;
            assertEq(chain.liveOwn(made[i]), previous == 0 ? end - node.createdAt : 0);
            (previous, expected) = (made[i], node.nextLive);
        }
        assertEq(expected, bytes32(0));
        assertEq(parent.lastLive, previous);
        assertEq(parent.childCount, made.length);
    }

    function _who(uint256 n) private pure returns (address) {
        return address(uint160(0x100000 + n));
    }

    /// @dev A claim of staker number `n`, with a new stake.
    function _child(bytes32 parentId, uint256 n) private returns (bytes32) {
        address who = n < 1 << 64 ? _who(n) : address(uint160(n));
        vm.deal(who, STAKE);
        return assertAs(who, _input(parentId, n));
    }

    /// @dev A claim below the one that staker number `n` stands behind: the stake moves.
    function _movedTo(bytes32 parentId, uint256 n) private returns (bytes32) {
        vm.deal(_who(n), STAKE);
        return assertAs(_who(n), _input(parentId, n));
    }

    function _expectLocked(uint256 n, bytes32 latest) private {
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.StakeLocked.selector, _who(n), latest));
        vm.prank(_who(n));
        chain.withdrawStake();
    }

    function _input(bytes32 parentId, uint256 n) private returns (AssertionInput memory) {
        uint40 target = chain.assertion(parentId).nextTarget;
        if (inbox.count() < target) post(hex"01");
        return claimOf(parentId, stateAt(target), bytes32(n));
    }

    function _settle(bytes32 id, address who) private {
        bytes32[] memory ids = new bytes32[](1);
        address[] memory stakers = new address[](1);
        (ids[0], stakers[0]) = (id, who);
        chain.settle(ids, stakers);
    }

    function _trySettle(bytes32 id, address who) private {
        bytes32[] memory ids = new bytes32[](1);
        address[] memory stakers = new address[](1);
        (ids[0], stakers[0]) = (id, who);
        try chain.settle(ids, stakers) {}
        catch (bytes memory reason) {
            assertEq(keccak256(reason), keccak256(abi.encodeWithSelector(IAssertionChain.NotLost.selector, id)));
        }
    }

    function _expectNotLost(bytes32 id) private {
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.NotLost.selector, id));
        _settle(id, address(0));
    }

    function _warp(uint256 elapsed) private {
        mine(elapsed);
    }
}
