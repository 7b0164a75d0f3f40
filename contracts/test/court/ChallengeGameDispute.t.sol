// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssertionStatus, IAssertionChain} from "../../src/interfaces/IAssertionChain.sol";
import {IChallengeGame, LeafProof, Transition} from "../../src/interfaces/IChallengeGame.sol";
import {GameFixture} from "../GameFixture.sol";

/// @notice Whole disputes at heights 1 to 4 for every place of the first divergence, padding included, and the clocks at
/// their boundaries. Every lie is also told about by a liar who came first.
contract ChallengeGameDisputeTest is GameFixture {
    History private _honest;
    History private _lie;
    bytes32 private _right;
    bytes32 private _wrong;

    function test_dispute_heights1And2_everyDivergence_honestWins() public {
        for (uint8 levels = 1; levels <= 2; ++levels) {
            _everyDivergence(levels, uint40(levels == 1 ? 1 : 2));
            _everyDivergence(levels, uint40(1) << levels);
            _everyDivergence(levels, (uint40(1) << levels) + 1);
        }
    }

    function test_dispute_height3_padded_honestWins() public {
        _everyDivergence(3, 5);
    }

    function test_dispute_height3_full_honestWins() public {
        _everyDivergence(3, 8);
    }

    function test_dispute_height3_unfinished_honestWins() public {
        _everyDivergence(3, 9);
    }

    function test_dispute_height4_padded_honestWins() public {
        _everyDivergence(4, 13);
    }

    function test_dispute_height4_full_honestWins() public {
        _everyDivergence(4, 16);
    }

    function test_dispute_height4_unfinished_honestWins() public {
        _everyDivergence(4, 17);
    }

    /// @notice One whole dispute.
    function dispute(uint8 levels, uint40 segments, uint256 index, bool isPoisoned, bool liarFirst) external {
        _begin(levels, segments, index, isPoisoned, liarFirst);
        assertEq(chain.assertion(_right).finished, segments <= 1 << levels);
        _playOut(index);
    }

    /// @dev Nobody knows the interior of the lie, and its maker says nothing.
    function test_dispute_silentLiar_losesByTime() public {
        _begin(3, 6, 2, true, true);
        bisectAs(alice, _right, _honest, 3, 0);
        pass(T);
        updateTimersOf(genesis, _honest);
        _winAfterDelay();
    }

    function test_dispute_twoSilentLiars_confirmNothing() public {
        deployGame(2, 3);
        bytes32 first = assertAs(mallory, genesis, poisoned(genesisState, 1, 0, "first"));
        History memory second = poisoned(genesisState, 1, 0, "second");
        bytes32 last = assertAs(carol, genesis, second);
        pass(100 * T);
        _expectNotConfirmable(first);
        _expectNotConfirmable(last);
        _honest.states = rightHistory(genesisState, 1).states;
        _right = assertAs(alice, genesis, _honest);
        bisectAs(alice, _right, _honest, 2, 0);
        pass(T);
        updateTimersOf(genesis, _honest);
        _winAfterDelay();
    }

    function test_dispute_liveTimeAndTimer_neverAdd() public {
        deployGame(2, 3);
        _honest.states = rightHistory(genesisState, 1).states;
        _right = assertAs(alice, genesis, _honest);
        pass(T - 1);
        assertAs(mallory, genesis, poisoned(genesisState, 1, 0, "lie"));
        bisectAs(alice, _right, _honest, 2, 0);
        pass(T - 1);
        updateTimersOf(genesis, _honest);
        assertEq(chain.liveOwn(_right), T - 1);
        assertEq(timerOf(genesis, _honest), T - 1);
        _expectNotConfirmable(_right);
        pass(1);
        updateTimersOf(genesis, _honest);
        _winAfterDelay();
    }

    function test_markConfirmable_atT_oneSecondDecides() public {
        for (uint256 age = T - 1; age <= T + 1; ++age) {
            _begin(2, 3, 1, true, true);
            bisectAs(alice, _right, _honest, 2, 0);
            pass(age);
            updateTimersOf(genesis, _honest);
            assertEq(timerOf(genesis, _honest), age);
            if (age < T) _expectNotConfirmable(_right);
            else _winAfterDelay();
        }
    }

    /// @dev A rival in the same second as a bisection stops the time at nothing, in both orders.
    function test_bisect_sameSecondBothOrders_nobodyGains() public {
        for (uint256 order = 0; order < 2; ++order) {
            _begin(2, 3, 1, true, false);
            if (order == 0) bisectAs(alice, _right, _honest, 2, 0);
            bisectAs(mallory, _wrong, _lie, 2, 0);
            if (order == 1) bisectAs(alice, _right, _honest, 2, 0);
            pass(T);
            assertEq(game.timer(edgeAt(genesis, _honest, 1, 0)), 0);
            assertEq(game.timer(edgeAt(genesis, _lie, 1, 0)), 0);
        }
    }

    /// @dev The liar stays silent as long as it can at every level; the honest side answers at once. All in all it loses
    /// no more than the time before its own claim, and the two periods of the bound.
    function test_dispute_liarAnswersLate_withinBound() public {
        uint8 levels = 4;
        _begin(levels, 12, 5, true, false);
        uint256 beginAt = vm.getBlockTimestamp();
        bisectAs(alice, _right, _honest, levels, 0);
        for (uint256 level = levels; level > 0; --level) {
            pass(T / levels - 1);
            bisectAs(mallory, _wrong, _lie, level, 5 >> level);
            if (level > 1) bisectAs(alice, _right, _honest, level - 1, 5 >> (level - 1));
        }
        proveLeafAs(alice, _honest, 5);
        _waitForTimer();
        updateTimersOf(genesis, _lie);
        assertEq(timerOf(genesis, _lie), 0, "the liar was second everywhere");
        _winAfterDelay();
        assertLe(vm.getBlockTimestamp(), beginAt + 2 * uint256(T) + G);
    }

    /// @dev Swarm: rivals that diverge everywhere, staggered just before each deadline; the bound does not depend on them.
    function test_dispute_staggeredSwarm_withinBound() public {
        deployGame(3, 6);
        _honest.states = rightHistory(genesisState, 1).states;
        _right = assertAs(alice, genesis, _honest);
        pass(T - 1);
        uint256 beginAt = vm.getBlockTimestamp();
        uint256 count = 8;
        for (uint256 i = 0; i < count; ++i) {
            address sybil = makeAddr(string.concat("sybil", vm.toString(i)));
            vm.deal(sybil, STAKE);
            History memory lie = poisoned(genesisState, 1, i, "lie");
            bytes32 id = assertAs(sybil, genesis, lie);
            if (i == 0) bisectAs(alice, _right, _honest, 3, 0);
            bisectAs(sybil, id, lie, 3, 0);
            for (uint256 level = 2; level > 0; --level) {
                if (game.edge(edgeAt(genesis, _honest, level, i >> level)).actor == address(0)) {
                    bisectAs(alice, _right, _honest, level, i >> level);
                }
                bisectAs(sybil, id, lie, level, i >> level);
            }
            proveLeafAs(alice, _honest, i);
            pass(T / count - 1);
        }
        _waitForTimer();
        _winAfterDelay();
        assertLe(vm.getBlockTimestamp(), beginAt + 2 * uint256(T) + G);
    }

    // ---- helpers

    /// @dev Each dispute in a call of its own, which gives its memory back.
    function _everyDivergence(uint8 levels, uint40 segments) private {
        for (uint256 index = 0; index < 1 << levels; ++index) {
            this.dispute(levels, segments, index, true, true);
            this.dispute(levels, segments, index, true, false);
            this.dispute(levels, segments, index, false, true);
            this.dispute(levels, segments, index, false, false);
        }
    }

    /// @dev Two claims. A poisoned lie goes on from its wrong leaf by the rules; the other has one wrong leaf only, so that
    /// its end is right unless that leaf is the last.
    function _begin(uint8 levels, uint40 segments, uint256 index, bool isPoisoned, bool liarFirst) private {
        deployGame(levels, segments);
        _honest.states = rightHistory(genesisState, 1).states;
        _lie.states =
            isPoisoned ? poisoned(genesisState, 1, index, "lie").states : patched(_honest, index, "lie").states;
        assertNotEq(rootOf(_honest), rootOf(_lie));
        if (liarFirst) _wrong = assertAs(mallory, genesis, _lie);
        _right = assertAs(alice, genesis, _honest);
        if (!liarFirst) _wrong = assertAs(mallory, genesis, _lie);
    }

    function _playOut(uint256 index) private {
        pass(1);
        playBoth(_right, _honest, _wrong, _lie, index);
        _expectLieUnprovable(index);
        proveLeafAs(alice, _honest, index);
        pass(T - 1);
        updateTimersOf(genesis, _honest);
        _expectNotConfirmable(_right);
        pass(1);
        updateTimersOf(genesis, _honest);
        updateTimersOf(genesis, _lie);
        assertEq(timerOf(genesis, _lie), 0, "the wrong leaf was rivaled at once");
        _expectNotConfirmable(_wrong);
        _winAfterDelay();
        assertEq(uint8(chain.assertion(_wrong).status), uint8(AssertionStatus.PENDING), "lost, not yet settled");
    }

    function _expectLieUnprovable(uint256 index) private {
        Transition memory transition = transitionFrom(stateBefore(genesisState, _lie, index), 1);
        LeafProof memory proof = leafProofAt(genesis, _lie, index);
        bytes32 leaf = leafAt(_honest, index);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.WrongPoststate.selector, leaf, proof.leaf));
        game.proveOneStep(proof, transition);
    }

    /// @dev Every path below the honest claim ages from now on.
    function _waitForTimer() private {
        updateTimersOf(genesis, _honest);
        uint256 timer = timerOf(genesis, _honest);
        if (timer < T) pass(T - timer);
        updateTimersOf(genesis, _honest);
    }

    function _expectNotConfirmable(bytes32 id) private {
        vm.expectPartialRevert(IAssertionChain.NotConfirmable.selector);
        chain.markConfirmable(id);
    }

    /// @dev Mark now; refuse one second before the delay is over, confirm when it is.
    function _winAfterDelay() private {
        chain.markConfirmable(_right);
        pass(G - 1);
        uint256 until = vm.getBlockTimestamp() + 1;
        vm.expectRevert(abi.encodeWithSelector(IAssertionChain.RivalDelayRunning.selector, until));
        chain.confirm(_right);
        pass(1);
        chain.confirm(_right);
        assertEq(chain.confirmedChild(genesis), _right);
        assertEq(chain.latestConfirmed(), _right);
    }
}
