// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssertionStatus, IAssertionChain} from "../../src/interfaces/IAssertionChain.sol";
import {IChallengeGame, LeafProof, Refutation, Transition} from "../../src/interfaces/IChallengeGame.sol";
import {Call} from "../../src/types/Steps.sol";
import {GameFixture} from "../GameFixture.sol";
import {Toy, ToyState, ToyVerifier} from "../mocks/ToyVerifier.sol";

/// @notice Refutations and one-step proofs, and every attempt to use them against a valid claim (docs/spec.md D-7 to D-9).
contract ChallengeGameRefuteTest is GameFixture {
    uint8 private constant HEIGHT = 3;
    uint40 private constant SEGMENTS = 6;
    uint256 private constant LEAVES = 1 << HEIGHT;
    uint256 private constant LIE_AT = 2;

    History private _honest;
    History private _lie;
    bytes32 private _right;
    bytes32 private _wrong;

    function setUp() public {
        deployGame(HEIGHT, SEGMENTS);
        _honest.states = rightHistory(genesisState, 1).states;
        _right = assertAs(alice, genesis, _honest);
        _lie.states = poisoned(genesisState, 1, LIE_AT, "lie").states;
        _wrong = assertAs(mallory, genesis, _lie);
    }

    // ---- refute

    function test_refute_everyIndex_killsTheLieThereAndOnlyThere() public {
        for (uint256 lieAt = 0; lieAt < LEAVES; ++lieAt) {
            uint256 snapshot = vm.snapshotState();
            History memory lie = poisoned(genesisState, 1, lieAt, "other lie");
            bytes32 id = assertAs(carol, genesis, lie);
            for (uint256 index = 0; index < LEAVES; ++index) {
                if (index == lieAt) continue;
                _expectValid(id, lie, index);
            }
            refuteAs(alice, id, lie, lieAt);
            assertEq(uint8(chain.assertion(id).status), uint8(AssertionStatus.REFUTED));
            vm.revertToState(snapshot);
        }
    }

    function test_refute_rightEndWrongMiddle_diesAtBothSidesOfTheWrongLeaf() public {
        for (uint256 lieAt = 0; lieAt < LEAVES - 1; ++lieAt) {
            for (uint256 side = 0; side < 2; ++side) {
                uint256 snapshot = vm.snapshotState();
                History memory lie = patched(_honest, lieAt, "middle");
                bytes32 id = assertAs(carol, genesis, lie);
                refuteAs(alice, id, lie, lieAt + side);
                assertEq(uint8(chain.assertion(id).status), uint8(AssertionStatus.REFUTED));
                vm.revertToState(snapshot);
            }
        }
    }

    function test_refuteWithRun_everyUnfinishedIndex_killsInOneCall() public {
        for (uint256 lieAt = 0; lieAt < SEGMENTS; ++lieAt) {
            uint256 snapshot = vm.snapshotState();
            History memory lie = poisoned(genesisState, 1, lieAt, "other lie");
            bytes32 id = assertAs(carol, genesis, lie);
            Refutation memory refutation = refutationAt(id, lie, lieAt);
            game.refuteWithRun(refutation, runFrom(stateBefore(genesisState, lie, lieAt), 1));
            assertEq(uint8(chain.assertion(id).status), uint8(AssertionStatus.REFUTED));
            vm.revertToState(snapshot);
        }
    }

    /// @dev Mirror: everything that kills a lie fails against the truth.
    function test_refute_validClaim_revertsEverywhere() public {
        for (uint256 index = 0; index < LEAVES; ++index) {
            _expectValid(_right, _honest, index);
            if (index >= SEGMENTS) continue;
            Refutation memory refutation = refutationAt(_right, _honest, index);
            Call memory run = runFrom(stateBefore(genesisState, _honest, index), 1);
            vm.expectRevert(abi.encodeWithSelector(IChallengeGame.TransitionIsValid.selector, _right, index));
            game.refuteWithRun(refutation, run);
        }
        assertEq(uint8(chain.assertion(_right).status), uint8(AssertionStatus.PENDING));
    }

    /// @dev An index past the end would name the same leaves again, with the last leaf before the first.
    function test_refute_validClaimByWrappedIndex_reverts() public {
        Refutation memory refutation = refutationAt(_right, _honest, 0);
        refutation.index = uint64(LEAVES);
        refutation.leafBefore = leafAt(_honest, LEAVES - 1);
        refutation.branchBefore = branchOf(_honest, 0, LEAVES - 1);
        Transition memory transition = transitionFrom(lastState(_honest), 1);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.IndexOutOfRange.selector, LEAVES, LEAVES));
        game.refute(refutation, transition);
    }

    /// @dev Inner nodes are no leaves, and no leaf but the one before is before.
    function test_refute_validClaimByOtherLeaves_reverts() public {
        Transition memory transition = transitionFrom(_honest.states[1], 1);
        Refutation memory refutation = refutationAt(_right, _honest, 3);
        refutation.leafBefore = leafAt(_honest, 1);
        vm.expectPartialRevert(IChallengeGame.LeafNotInHistory.selector);
        game.refute(refutation, transition);
        refutation.branchBefore = branchOf(_honest, 0, 1);
        vm.expectPartialRevert(IChallengeGame.LeafNotInHistory.selector);
        game.refute(refutation, transition);
        refutation = refutationAt(_right, _honest, 0);
        refutation.leaf = nodeAt(_honest, 1, 0);
        refutation.branch = branchOf(_honest, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.BranchLengthMismatch.selector, HEIGHT, HEIGHT - 1));
        game.refute(refutation, transition);
        refutation = refutationAt(_right, _honest, 3);
        refutation.leafBefore = nodeAt(_honest, 1, 1);
        refutation.branchBefore = branchOf(_honest, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.BranchLengthMismatch.selector, HEIGHT, HEIGHT - 1));
        game.refute(refutation, transition);
        refutation = refutationAt(_right, _honest, 3);
        refutation.leaf = "no such leaf";
        vm.expectPartialRevert(IChallengeGame.LeafNotInHistory.selector);
        game.refute(refutation, transition);
    }

    function test_refute_unprovenSegment_reverts() public {
        Refutation memory refutation = refutationAt(_wrong, _lie, LIE_AT);
        for (uint16 steps = 0; steps < 4; ++steps) {
            _expectUnproven(refutation, steps);
        }
        // A squatter puts in a half of the segment: it ends nothing, and the rest can still be proven.
        Call memory run = runFrom(_lie.states[LIE_AT - 1], 1);
        run.steps = 1;
        vm.prank(mallory);
        machine.prove(run);
        _expectUnproven(refutation, 1);
        _expectUnproven(refutation, 2);
        ToyState memory halfway = _halfway(_lie.states[LIE_AT - 1]);
        run.stepsDone = 1;
        run.witness = abi.encode(halfway);
        game.refuteWithRun(refutation, run);
        assertEq(uint8(chain.assertion(_wrong).status), uint8(AssertionStatus.REFUTED));
    }

    function test_refuteWithRun_halfASegment_reverts() public {
        Refutation memory refutation = refutationAt(_wrong, _lie, LIE_AT);
        Call memory run = runFrom(_lie.states[LIE_AT - 1], 1);
        run.steps = 1;
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.SegmentNotProven.selector, refutation.leafBefore, 1));
        game.refuteWithRun(refutation, run);
    }

    function test_refuteWithRun_anotherSegment_reverts() public {
        Refutation memory refutation = refutationAt(_right, _honest, LIE_AT);
        Call memory run = runFrom(_honest.states[LIE_AT], 1);
        bytes memory reason =
            abi.encodeWithSelector(IChallengeGame.WrongRun.selector, refutation.leafBefore, run.startRoot);
        vm.expectRevert(reason);
        game.refuteWithRun(refutation, run);
    }

    /// @dev What is true of another configuration, or of another target, refutes nothing here.
    function test_refuteWithRun_anotherContext_reverts() public {
        outside.append("item 1");
        bytes32 config = chain.configHash();
        Refutation memory refutation = refutationAt(_wrong, _lie, LIE_AT);
        Call memory run = runFrom(_lie.states[LIE_AT - 1], 1);
        run.configHash = "another configuration";
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.WrongContext.selector, 1, config));
        game.refuteWithRun(refutation, run);
        machine.prove(run);
        _expectUnproven(refutation, 2);
        run.configHash = config;
        run.target = 2;
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.WrongContext.selector, 1, config));
        game.refuteWithRun(refutation, run);
        machine.prove(run);
        _expectUnproven(refutation, 2);
    }

    /// @dev Towards a later target the machine goes on from the state where this contest is finished.
    function test_refute_validPaddingByALaterTarget_reverts() public {
        outside.append("item 1");
        Refutation memory refutation = refutationAt(_right, _honest, LEAVES - 1);
        transitionFrom(lastState(_honest), 2);
        Transition memory transition = Transition(Toy.SEGMENT_STEPS, "");
        bytes memory reason =
            abi.encodeWithSelector(IChallengeGame.SegmentNotProven.selector, refutation.leafBefore, Toy.SEGMENT_STEPS);
        vm.expectRevert(reason);
        game.refute(refutation, transition);
        Call memory run = runFrom(lastState(_honest), 1);
        run.steps = 1;
        vm.expectRevert(abi.encodeWithSelector(ToyVerifier.PastTarget.selector, 1, 1));
        game.refuteWithRun(refutation, run);
    }

    /// @dev "It repeats itself" is said of finished states only: neither in the middle of an item nor elsewhere.
    function test_refute_validStepByFalseFinish_reverts() public {
        for (uint256 index = 0; index < SEGMENTS; ++index) {
            ToyState memory before = stateBefore(genesisState, _honest, index);
            Refutation memory refutation = refutationAt(_right, _honest, index);
            bytes32 root = Toy.hash(before);
            vm.expectRevert(abi.encodeWithSelector(IChallengeGame.NotFinished.selector, root, before.item, 1));
            game.refute(refutation, Transition(0, abi.encode(before)));
            vm.expectRevert(abi.encodeWithSelector(ToyVerifier.WrongState.selector, root, leafAt(_honest, LEAVES - 1)));
            game.refute(refutation, Transition(0, abi.encode(lastState(_honest))));
        }
    }

    function test_refute_deadOrUnknown_reverts() public {
        refuteAs(alice, _wrong, _lie, LIE_AT);
        Refutation memory refutation = refutationAt(_wrong, _lie, LIE_AT);
        Transition memory transition = transitionFrom(_lie.states[LIE_AT - 1], 1);
        vm.expectPartialRevert(IAssertionChain.AssertionLost.selector);
        game.refute(refutation, transition);
        refutation.assertionId = "unknown";
        vm.expectRevert();
        game.refute(refutation, transition);
        refutation.assertionId = genesis;
        vm.expectRevert();
        game.refute(refutation, transition);
    }

    function test_refute_duringRivalDelay_stillKills() public {
        assertEq(uint8(chain.assertion(_wrong).status), uint8(AssertionStatus.PENDING));
        bisectAs(mallory, _wrong, _lie, HEIGHT, 0);
        pass(T);
        updateTimersOf(genesis, _lie);
        chain.markConfirmable(_wrong);
        pass(G - 1);
        refuteAs(alice, _wrong, _lie, LIE_AT);
        pass(1);
        vm.expectPartialRevert(IAssertionChain.AssertionLost.selector);
        chain.confirm(_wrong);
    }

    function test_refute_contestClosed_reverts() public {
        _rightWins();
        Refutation memory refutation = refutationAt(_wrong, _lie, LIE_AT);
        Transition memory transition = transitionFrom(_lie.states[LIE_AT - 1], 1);
        bytes memory reason = abi.encodeWithSelector(IChallengeGame.ContestClosed.selector, genesis, _right);
        vm.expectRevert(reason);
        game.refute(refutation, transition);
        Call memory run = runFrom(_lie.states[LIE_AT - 1], 1);
        vm.expectRevert(reason);
        game.refuteWithRun(refutation, run);
    }

    /// @dev With 63/64 of too little the machine fails; the game must fail with it and remember nothing.
    function test_refuteWithRun_everyTooSmallGas_recordsNothing() public {
        Refutation memory refutation = refutationAt(_wrong, _lie, LIE_AT);
        Call memory run = runFrom(_lie.states[LIE_AT - 1], 1);
        bytes memory data = abi.encodeCall(game.refuteWithRun, (refutation, run));
        bytes32 ctx = machine.context(1, chain.configHash());
        uint256 failures = 0;
        for (uint256 limit = 20_000; limit < 400_000; limit += 1000) {
            uint256 snapshot = vm.snapshotState();
            (bool ok,) = address(game).call{gas: limit}(data);
            (bytes32 root,,) = machine.entry(ctx, run.startRoot, run.steps);
            AssertionStatus status = chain.assertion(_wrong).status;
            assertEq(root != 0, ok, "entry");
            assertEq(uint8(status), uint8(ok ? AssertionStatus.REFUTED : AssertionStatus.PENDING));
            if (!ok) ++failures;
            vm.revertToState(snapshot);
            if (ok) break;
        }
        assertGt(failures, 10);
        assertLt(failures, 380);
    }

    // ---- one-step proofs

    function test_proveOneStep_everyIndex_isProvableByAnyoneOnce() public {
        for (uint256 index = 0; index < LEAVES; ++index) {
            deployGame(HEIGHT, SEGMENTS);
            bytes32 right = assertAs(alice, genesis, _honest);
            History memory lie = poisoned(genesisState, 1, index, "lie");
            bytes32 wrong = assertAs(mallory, genesis, lie);
            playBoth(right, _honest, wrong, lie, index);
            proveLeafAs(carol, _honest, index);
            bytes32 id = edgeAt(genesis, _honest, 0, index);
            assertEq(game.timer(id), type(uint32).max);
            assertEq(game.edge(id).actor, carol);
            LeafProof memory proof = leafProofAt(genesis, _honest, index);
            Transition memory transition = transitionFrom(stateBefore(genesisState, _honest, index), 1);
            vm.expectRevert(abi.encodeWithSelector(IChallengeGame.AlreadyProven.selector, id));
            game.proveOneStep(proof, transition);
        }
    }

    function test_proveOneStep_unrivaled_reverts() public {
        playBoth(_right, _honest, _wrong, _lie, LIE_AT);
        Transition memory transition = transitionFrom(_honest.states[LIE_AT], 1);
        LeafProof memory proof = leafProofAt(genesis, _honest, LIE_AT + 1);
        bytes32 id = edgeAt(genesis, _honest, 0, LIE_AT + 1);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.EdgeUnrivaled.selector, id));
        game.proveOneStep(proof, transition);
    }

    function test_proveOneStep_unknownEdge_reverts() public {
        LeafProof memory proof = leafProofAt(genesis, _honest, 1);
        Transition memory transition = transitionFrom(_honest.states[0], 1);
        bytes32 id = edgeAt(genesis, _honest, 0, 1);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.UnknownEdge.selector, id));
        game.proveOneStep(proof, transition);
    }

    /// @dev The leaf before is the one that the prefix names, and no other.
    function test_proveOneStep_otherLeafBefore_reverts() public {
        playBoth(_right, _honest, _wrong, _lie, LIE_AT);
        Transition memory transition = transitionFrom(_honest.states[LIE_AT - 1], 1);
        LeafProof memory proof = leafProofAt(genesis, _honest, LIE_AT);
        proof.leafBefore = leafAt(_honest, 0);
        vm.expectPartialRevert(IChallengeGame.PrefixMismatch.selector);
        game.proveOneStep(proof, transition);
        proof = leafProofAt(genesis, _honest, LIE_AT);
        proof.previousPrefix = "other";
        vm.expectPartialRevert(IChallengeGame.PrefixMismatch.selector);
        game.proveOneStep(proof, transition);
        proof = leafProofAt(genesis, _honest, LIE_AT);
        proof.lastLeft = "other";
        vm.expectPartialRevert(IChallengeGame.PrefixMismatch.selector);
        game.proveOneStep(proof, transition);
        proof = leafProofAt(genesis, _honest, LIE_AT);
        proof.leafBefore = proof.lastLeft;
        proof.branch = new bytes32[](0);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.BranchLengthMismatch.selector, 1, 0));
        game.proveOneStep(proof, transition);
    }

    /// @dev Mirror: the liar cannot prove its leaf, by nothing that the machine says anywhere.
    function test_proveOneStep_wrongLeaf_reverts() public {
        playBoth(_right, _honest, _wrong, _lie, LIE_AT);
        LeafProof memory proof = leafProofAt(genesis, _lie, LIE_AT);
        Transition memory transition = transitionFrom(_lie.states[LIE_AT - 1], 1);
        bytes32 expected = leafAt(_honest, LIE_AT);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.WrongPoststate.selector, expected, proof.leaf));
        game.proveOneStep(proof, transition);
        bytes32 root = proof.leafBefore;
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.NotFinished.selector, root, 0, 1));
        game.proveOneStep(proof, Transition(0, abi.encode(_lie.states[LIE_AT - 1])));
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.SegmentNotProven.selector, root, 1));
        game.proveOneStep(proof, Transition(1, ""));
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.SegmentNotProven.selector, root, 0));
        game.proveOneStep(proof, Transition(0, ""));
    }

    function test_proveOneStep_contestClosed_reverts() public {
        playBoth(_right, _honest, _wrong, _lie, LIE_AT);
        refuteAs(carol, _wrong, _lie, LIE_AT);
        pass(T);
        chain.markConfirmable(_right);
        pass(G);
        chain.confirm(_right);
        LeafProof memory proof = leafProofAt(genesis, _honest, LIE_AT);
        Transition memory transition = transitionFrom(_honest.states[LIE_AT - 1], 1);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.ContestClosed.selector, genesis, _right));
        game.proveOneStep(proof, transition);
    }

    // ---- helpers

    function _rightWins() private {
        bisectAs(alice, _right, _honest, HEIGHT, 0);
        pass(T);
        updateTimersOf(genesis, _honest);
        chain.markConfirmable(_right);
        pass(G);
        chain.confirm(_right);
    }

    function _halfway(ToyState memory state) private view returns (ToyState memory) {
        return Toy.next(state, outside.accumulator(1), SEGMENTS * Toy.SEGMENT_STEPS);
    }

    function _expectValid(bytes32 id, History memory history, uint256 index) private {
        Transition memory transition = transitionFrom(stateBefore(genesisState, history, index), 1);
        Refutation memory refutation = refutationAt(id, history, index);
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.TransitionIsValid.selector, id, index));
        game.refute(refutation, transition);
    }

    function _expectUnproven(Refutation memory refutation, uint16 steps) private {
        bytes32 start = refutation.leafBefore;
        vm.expectRevert(abi.encodeWithSelector(IChallengeGame.SegmentNotProven.selector, start, steps));
        game.refute(refutation, Transition(steps, ""));
    }
}
