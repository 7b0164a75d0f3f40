// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssertionStatus, IAssertionChain} from "../../src/interfaces/IAssertionChain.sol";
import {Bisection, IChallengeGame, Refutation, Transition} from "../../src/interfaces/IChallengeGame.sol";
import {GameFixture} from "../GameFixture.sol";
import {ToyState} from "../mocks/ToyVerifier.sol";

/// @notice Liars who play well: allies, decoys, poisoned states, contests within contests. None is ever confirmed while
/// an honest claim is played as docs/spec.md D-15 says.
contract ChallengeGameAttacksTest is GameFixture {
    uint8 private constant HEIGHT = 3;
    uint256 private constant LIE_AT = 1;
    uint256 private constant ALLY_AT = 4;

    History private _honest;
    History private _lie;
    bytes32 private _right;
    bytes32 private _wrong;

    function setUp() public {
        deployGame(HEIGHT, 6);
        _honest.states = rightHistory(genesisState, 1).states;
        _lie.states = poisoned(genesisState, 1, LIE_AT, "lie").states;
    }

    /// @dev Two liars agree on a wrong past and differ later. What the machine says there is proven of the one, and its
    /// claim is none the better: its worst path still ends at its first wrong leaf.
    function test_proveOneStep_onAWrongPast_helpsNobody() public {
        _wrong = assertAs(mallory, genesis, _lie);
        _right = assertAs(alice, genesis, _honest);
        History memory ally = patched(_lie, ALLY_AT, "ally");
        bytes32 helper = assertAs(carol, genesis, ally);
        playBoth(_right, _honest, _wrong, _lie, LIE_AT);
        bisectAs(carol, helper, ally, HEIGHT, 0);
        for (uint256 level = HEIGHT - 1; level > 0; --level) {
            bisectAs(carol, helper, ally, level, ALLY_AT >> level);
            bisectAs(mallory, _wrong, _lie, level, ALLY_AT >> level);
        }
        proveLeafAs(mallory, _lie, ALLY_AT);
        assertEq(game.timer(edgeAt(genesis, _lie, 0, ALLY_AT)), type(uint32).max);
        proveLeafAs(alice, _honest, LIE_AT);
        pass(T);
        updateTimersOf(genesis, _lie);
        updateTimersOf(genesis, ally);
        updateTimersOf(genesis, _honest);
        assertEq(timerOf(genesis, _lie), 0);
        assertEq(timerOf(genesis, ally), 0);
        _expectNotConfirmable(_wrong);
        _expectNotConfirmable(helper);
        _confirmRight();
    }

    /// @dev A liar hides its claim behind a decoy that it refutes itself at the end. Live time then runs to the next live
    /// sibling: the honest claim, made at once, has stopped it.
    function test_refute_ownDecoy_givesNoTimeOnceTheRightClaimIsThere() public {
        _wrong = assertAs(mallory, genesis, _lie);
        History memory decoy = poisoned(genesisState, 1, 0, "decoy");
        bytes32 second = assertAs(carol, genesis, decoy);
        pass(5);
        _right = assertAs(alice, genesis, _honest);
        bisectAs(alice, _right, _honest, HEIGHT, 0);
        pass(T - 1);
        refuteAs(carol, second, decoy, 0);
        assertEq(chain.liveOwn(_wrong), 5);
        _expectNotConfirmable(_wrong);
        pass(1);
        updateTimersOf(genesis, _honest);
        _confirmRight();
    }

    /// @dev What is not promised: rivals that lie both stop nothing for ever. When nobody honest claims within T of the
    /// first lie, its maker refutes its own decoy, and only a refutation within the rival delay can still stop the lie.
    function test_refute_ownDecoy_nobodyHonestWithinT_onlyRefutationHelps() public {
        _wrong = assertAs(mallory, genesis, _lie);
        History memory decoy = poisoned(genesisState, 1, 0, "decoy");
        bytes32 second = assertAs(carol, genesis, decoy);
        pass(T);
        _expectNotConfirmable(_wrong);
        _right = assertAs(alice, genesis, _honest);
        bisectAs(alice, _right, _honest, HEIGHT, 0);
        refuteAs(carol, second, decoy, 0);
        chain.markConfirmable(_wrong);
        pass(G);
        uint256 snapshot = vm.snapshotState();
        chain.confirm(_wrong);
        assertEq(chain.confirmedChild(genesis), _wrong, "too late");
        vm.revertToState(snapshot);
        refuteAs(alice, _wrong, _lie, LIE_AT);
        vm.expectPartialRevert(IAssertionChain.AssertionLost.selector);
        chain.confirm(_wrong);
        pass(T);
        updateTimersOf(genesis, _honest);
        _confirmRight();
    }

    /// @dev The honest side moves second everywhere: allies have rivaled each other down to the leaves before it came. What
    /// it shares with them is old, what it does not is proven.
    function test_bisect_afterLiarsPlayedEachOther_honestStillWins() public {
        _wrong = assertAs(mallory, genesis, _lie);
        History memory ally = patched(_honest, ALLY_AT, "ally");
        bytes32 helper = assertAs(carol, genesis, ally);
        for (uint256 level = HEIGHT; level > 0; --level) {
            bisectAs(carol, helper, ally, level, LIE_AT >> level);
            bisectAs(mallory, _wrong, _lie, level, LIE_AT >> level);
        }
        pass(100);
        uint256 beginAt = vm.getBlockTimestamp();
        _right = assertAs(alice, genesis, _honest);
        bisectAs(alice, _right, _honest, HEIGHT, 0);
        bisectAs(alice, _right, _honest, 2, 1);
        bisectAs(carol, helper, ally, 2, 1);
        bisectAs(alice, _right, _honest, 1, ALLY_AT >> 1);
        bisectAs(carol, helper, ally, 1, ALLY_AT >> 1);
        proveLeafAs(alice, _honest, LIE_AT);
        proveLeafAs(alice, _honest, ALLY_AT);
        pass(T);
        updateTimersOf(genesis, _honest);
        updateTimersOf(genesis, _lie);
        updateTimersOf(genesis, ally);
        assertLt(timerOf(genesis, _lie), T);
        assertLt(timerOf(genesis, ally), T);
        _confirmRight();
        assertEq(vm.getBlockTimestamp(), beginAt + T + G);
    }

    /// @dev Everyone may make everyone's moves: a liar that bisects for the honest side gains nothing by it.
    function test_bisect_byTheOtherSide_isTheSameMove() public {
        _wrong = assertAs(mallory, genesis, _lie);
        _right = assertAs(alice, genesis, _honest);
        for (uint256 level = HEIGHT; level > 0; --level) {
            bisectAs(mallory, _wrong, _lie, level, LIE_AT >> level);
            bisectAs(mallory, _right, _honest, level, LIE_AT >> level);
        }
        proveLeafAs(mallory, _honest, LIE_AT);
        pass(T);
        updateTimersOf(genesis, _lie);
        updateTimersOf(genesis, _honest);
        assertEq(timerOf(genesis, _lie), 0);
        _confirmRight();
    }

    /// @dev Times of one contest are worth nothing in another one with the same history.
    function test_assertionTimer_sameHistoryInAnotherContest_isZero() public {
        _wrong = assertAs(mallory, genesis, _lie);
        _right = assertAs(alice, genesis, _honest);
        bisectAs(alice, _right, _honest, HEIGHT, 0);
        pass(T);
        updateTimersOf(genesis, _honest);
        assertEq(timerOf(genesis, _honest), T);
        assertEq(timerOf(_right, _honest), 0);
        Bisection[] memory edges = new Bisection[](1);
        edges[0] = bisectionAt(_right, _honest, HEIGHT, 0);
        vm.expectPartialRevert(IChallengeGame.UnknownEdge.selector);
        game.updateTimers(edges);
    }

    /// @dev A contest below a claim that is itself in dispute: clocks run, marks are made, and the parent comes first.
    function test_contest_underAnUnconfirmedParent_isDecidedAfterIt() public {
        _right = assertAs(alice, genesis, _honest);
        outside.append("item 1");
        ToyState memory start = lastState(_honest);
        History memory next = rightHistory(start, 2);
        History memory lie = poisoned(start, 2, LIE_AT, "below");
        bytes32 child = assertAs(alice, _right, next);
        bytes32 wrong = assertAs(mallory, _right, lie);
        for (uint256 level = HEIGHT; level > 0; --level) {
            bisectAs(alice, child, next, level, LIE_AT >> level);
            bisectAs(mallory, wrong, lie, level, LIE_AT >> level);
        }
        Transition memory transition = transitionFrom(next.states[LIE_AT - 1], 2);
        game.proveOneStep(leafProofAt(_right, next, LIE_AT), transition);
        pass(T - 1);
        _wrong = assertAs(carol, genesis, _lie);
        bisectAs(alice, _right, _honest, HEIGHT, 0);
        pass(1);
        updateTimersOf(_right, next);
        chain.markConfirmable(child);
        pass(G);
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.ParentNotConfirmed.selector, _right));
        chain.confirm(child);
        pass(T - G);
        updateTimersOf(genesis, _honest);
        _confirmRight();
        chain.confirm(child);
        assertEq(chain.latestConfirmed(), child);
        Refutation memory refutation = refutationAt(wrong, lie, LIE_AT);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.ContestClosed.selector, _right, child));
        game.refute(refutation, transition);
    }

    /// @dev The last claim of a long range: its history is full of states, none of them finished, and its child goes on.
    function test_refute_unfinishedHistory_atTheLastLeaf() public {
        deployGame(2, 9);
        History memory honest = rightHistory(genesisState, 1);
        _right = assertAs(alice, genesis, honest);
        assertFalse(chain.assertion(_right).finished);
        History memory lie = patched(honest, 3, "early");
        lie.states[3] = honest.states[2];
        _wrong = assertAs(mallory, genesis, lie);
        Refutation memory refutation = refutationAt(_wrong, lie, 3);
        bytes32 root = leafAt(lie, 2);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.NotFinished.selector, root, 0, 1));
        game.refute(refutation, Transition(0, abi.encode(lie.states[2])));
        refuteAs(alice, _wrong, lie, 3);
        assertEq(uint8(chain.assertion(_wrong).status), uint8(AssertionStatus.REFUTED));
    }

    function _confirmRight() private {
        chain.markConfirmable(_right);
        pass(G);
        chain.confirm(_right);
        assertEq(chain.confirmedChild(genesis), _right);
    }

    function _expectNotConfirmable(bytes32 id) private {
        vm.expectPartialRevert(IAssertionChain.NotConfirmable.selector);
        chain.markConfirmable(id);
    }
}
