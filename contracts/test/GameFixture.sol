// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AssertionChain} from "../src/AssertionChain.sol";
import {ChallengeGame} from "../src/ChallengeGame.sol";
import {StakePool} from "../src/StakePool.sol";
import {AssertionInput} from "../src/interfaces/IAssertionChain.sol";
import {Bisection, LeafProof, Refutation, Transition} from "../src/interfaces/IChallengeGame.sol";
import {Call} from "../src/types/Steps.sol";
import {Shipped} from "./Shipped.sol";
import {Test} from "./Test.sol";
import {ToySurroundings} from "./mocks/ToySurroundings.sol";
import {Toy, ToyState, ToyVerifier} from "./mocks/ToyVerifier.sol";

/// @notice The real game between real assertions about a toy machine, at any height, and players who know both sides.
/// @dev How to use it:
/// - `deployGame(height, itemSegments)`: contracts, and an inbox with one item of so many segments. More segments than
///   leaves make unfinished histories, fewer make padding.
/// - `History`: the states behind all leaves of a claim. `rightHistory` is what the machine says; `poisoned` is wrong at a
///   leaf and goes on from there by the rules, `patched` is wrong at one leaf only.
/// - `assertAs`, `bisectAs`, `playBoth`, `proveLeafAs`, `refuteAs`, `updateTimersOf`: moves, built from histories.
/// - `nodeAt`, `branchOf`, `prefixAt`, `edgeAt`: the arithmetic of docs/spec.md D-1 and D-2, written a second time.
abstract contract GameFixture is Test {
    /// @dev Confirm period T and rival delay G, seconds.
    uint64 internal constant T = 600;
    uint64 internal constant G = 60;
    uint96 internal constant STAKE = 3 ether;
    uint64 internal constant GAS_PRICE = 30 gwei;
    uint256 internal constant START_AT = 1_700_000_000;

    struct History {
        ToyState[] states;
    }

    uint8 internal height;
    uint40 internal itemSegments;
    ToyState internal genesisState;
    bytes32 internal genesis;

    ToySurroundings internal outside;
    ToyVerifier internal machine;
    StakePool internal pool;
    ChallengeGame internal game;
    AssertionChain internal chain;

    address internal alice = makeAddr("alice");
    address internal mallory = makeAddr("mallory");
    address internal carol = makeAddr("carol");

    function deployGame(uint8 height_, uint40 itemSegments_) internal {
        vm.warp(START_AT);
        (height, itemSegments) = (height_, itemSegments_);
        genesisState = ToyState(0, 0, keccak256("toy genesis"));
        uint256 nonce = vm.getNonce(address(this));
        address gameAt = vm.computeCreateAddress(address(this), nonce + 3);
        address chainAt = vm.computeCreateAddress(address(this), nonce + 4);
        outside = new ToySurroundings(chainAt, 30 days);
        machine = new ToyVerifier(address(outside), itemSegments_);
        pool = StakePool(Shipped.deploy("StakePool", abi.encode(chainAt, gameAt, height_, STAKE, GAS_PRICE)));
        game = ChallengeGame(
            Shipped.deploy("ChallengeGame", abi.encode(chainAt, address(pool), address(machine), height_))
        );
        chain = AssertionChain(
            Shipped.deploy(
                "AssertionChain",
                abi.encode(
                    address(outside),
                    address(outside),
                    address(machine),
                    gameAt,
                    address(pool),
                    address(outside),
                    1,
                    height_,
                    T,
                    G,
                    Toy.hash(genesisState)
                )
            )
        );
        genesis = chain.GENESIS_ID();
        outside.append("item 0");
        vm.deal(alice, 1000 ether);
        vm.deal(mallory, 1000 ether);
        vm.deal(carol, 1000 ether);
    }

    /// @dev The compiler takes the time for constant within a call; the cheat codes do not.
    function pass(uint256 elapsedSeconds) internal {
        vm.warp(vm.getBlockTimestamp() + elapsedSeconds);
    }

    // ---- histories

    /// @dev What the machine says from `start` towards `target`.
    function rightHistory(ToyState memory start, uint40 target) internal view returns (History memory history) {
        history.states = new ToyState[](1 << height);
        for (uint256 i = 0; i < history.states.length; ++i) {
            start = segmentAfter(start, target);
            history.states[i] = start;
        }
    }

    /// @dev Right before leaf `index`, wrong there, and the machine's answer to that afterwards.
    function poisoned(ToyState memory start, uint40 target, uint256 index, bytes32 salt)
        internal
        view
        returns (History memory history)
    {
        history = rightHistory(start, target);
        history.states[index] = corrupt(history.states[index], salt);
        for (uint256 i = index + 1; i < history.states.length; ++i) {
            history.states[i] = segmentAfter(history.states[i - 1], target);
        }
    }

    /// @dev Another state at leaf `index`, and nothing else changed.
    function patched(History memory history, uint256 index, bytes32 salt) internal pure returns (History memory copy) {
        copy.states = new ToyState[](history.states.length);
        for (uint256 i = 0; i < copy.states.length; ++i) {
            copy.states[i] = i == index ? corrupt(history.states[i], salt) : history.states[i];
        }
    }

    /// @dev The same place in the inbox, another value.
    function corrupt(ToyState memory state, bytes32 salt) internal pure returns (ToyState memory) {
        return ToyState(state.item, state.step, keccak256(abi.encode(state.value, salt)));
    }

    /// @dev The state after the segment that starts at `state`; a finished one repeats.
    function segmentAfter(ToyState memory state, uint40 target) internal view returns (ToyState memory) {
        for (uint256 i = 0; i < Toy.SEGMENT_STEPS && state.item < target; ++i) {
            state = Toy.next(state, outside.accumulator(state.item + 1), itemSegments * Toy.SEGMENT_STEPS);
            if (state.step == 0) break;
        }
        return state;
    }

    function lastState(History memory history) internal pure returns (ToyState memory) {
        return history.states[history.states.length - 1];
    }

    // ---- arithmetic of histories and edges

    function leafAt(History memory history, uint256 index) internal pure returns (bytes32) {
        return Toy.hash(history.states[index]);
    }

    function nodeAt(History memory history, uint256 level, uint256 index) internal pure returns (bytes32) {
        if (level == 0) return leafAt(history, index);
        return hashNode(nodeAt(history, level - 1, 2 * index), nodeAt(history, level - 1, 2 * index + 1));
    }

    function rootOf(History memory history) internal view returns (bytes32) {
        return nodeAt(history, height, 0);
    }

    function hashNode(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0x02), left, right));
    }

    /// @dev Siblings on the way from a node to the ancestor `levels` above it, upwards.
    function branchOf(History memory history, uint256 level, uint256 index, uint256 levels)
        internal
        pure
        returns (bytes32[] memory branch)
    {
        branch = new bytes32[](levels);
        for (uint256 i = 0; i < levels; ++i) {
            branch[i] = nodeAt(history, level + i, (index >> i) ^ 1);
        }
    }

    function branchOf(History memory history, uint256 level, uint256 index) internal view returns (bytes32[] memory) {
        return branchOf(history, level, index, height - level);
    }

    function prefixAt(History memory history, uint256 level, uint256 index) internal view returns (bytes32 prefix) {
        for (uint256 i = height; i > level; --i) {
            uint256 place = index >> (i - 1 - level);
            if (place & 1 == 1) {
                prefix = keccak256(abi.encodePacked(bytes1(0x13), prefix, nodeAt(history, i - 1, place - 1)));
            }
        }
    }

    function edgeAt(bytes32 origin, History memory history, uint256 level, uint256 index)
        internal
        view
        returns (bytes32)
    {
        bytes32 mutual = keccak256(
            abi.encodePacked(bytes1(0x11), origin, uint8(level), uint64(index), prefixAt(history, level, index))
        );
        return keccak256(abi.encodePacked(bytes1(0x12), mutual, nodeAt(history, level, index)));
    }

    function bisectionAt(bytes32 origin, History memory history, uint256 level, uint256 index)
        internal
        view
        returns (Bisection memory)
    {
        return Bisection(
            origin,
            uint8(level),
            uint64(index),
            prefixAt(history, level, index),
            nodeAt(history, level - 1, 2 * index),
            nodeAt(history, level - 1, 2 * index + 1)
        );
    }

    function leafProofAt(bytes32 origin, History memory history, uint256 index)
        internal
        view
        returns (LeafProof memory proof)
    {
        proof.originId = origin;
        proof.index = uint64(index);
        proof.prefix = prefixAt(history, 0, index);
        proof.leaf = leafAt(history, index);
        if (index == 0) return proof;
        uint256 zeros = 0;
        while ((index >> zeros) & 1 == 0) ++zeros;
        uint256 place = (index >> zeros) - 1;
        proof.previousPrefix = prefixAt(history, zeros, place);
        proof.lastLeft = nodeAt(history, zeros, place);
        proof.leafBefore = leafAt(history, index - 1);
        proof.branch = branchOf(history, 0, index - 1, zeros);
    }

    function refutationAt(bytes32 id, History memory history, uint256 index)
        internal
        view
        returns (Refutation memory refutation)
    {
        refutation.assertionId = id;
        refutation.index = uint64(index);
        refutation.leaf = leafAt(history, index);
        refutation.branch = branchOf(history, 0, index);
        if (index == 0) return refutation;
        refutation.leafBefore = leafAt(history, index - 1);
        refutation.branchBefore = branchOf(history, 0, index - 1);
    }

    // ---- moves

    /// @dev The claim of `history` under `parentId`.
    function claimUnder(bytes32 parentId, History memory history) internal view returns (AssertionInput memory input) {
        ToyState memory last = lastState(history);
        input.parentId = parentId;
        input.historyRoot = rootOf(history);
        input.afterStateRoot = Toy.hash(last);
        input.lastLeafBranch = branchOf(history, 0, history.states.length - 1);
        input.cursorProof = abi.encode(last);
        bytes32 accumulator = outside.accumulator(chain.assertion(parentId).nextTarget);
        input.expectedId = keccak256(abi.encodePacked(bytes1(0x0a), parentId, input.historyRoot, accumulator));
    }

    function assertAs(address who, bytes32 parentId, History memory history) internal returns (bytes32) {
        AssertionInput memory input = claimUnder(parentId, history);
        uint256 value = chain.stakedOn(who) == 0 ? STAKE : 0;
        vm.prank(who);
        return chain.createAssertion{value: value}(input);
    }

    /// @dev Bisect a node of the history of assertion `id`; its root is the assertion itself.
    function bisectAs(address who, bytes32 id, History memory history, uint256 level, uint256 index) internal {
        Bisection memory edge = bisectionAt(chain.assertion(id).parentId, history, level, index);
        vm.prank(who);
        if (level == height) game.bisectAssertion(id, edge.left, edge.right);
        else game.bisect(edge);
    }

    /// @dev Both sides bisect level by level on the way to `leaf`, their first divergence.
    function playBoth(bytes32 right, History memory honest, bytes32 wrong, History memory lie, uint256 leaf) internal {
        for (uint256 level = height; level > 0; --level) {
            bisectAs(alice, right, honest, level, leaf >> level);
            bisectAs(mallory, wrong, lie, level, leaf >> level);
        }
    }

    /// @dev Put the segment that starts at `start` into the proof table, unless it is there, and name its end; a finished
    /// state is shown to be finished.
    function transitionFrom(ToyState memory start, uint40 target) internal returns (Transition memory) {
        if (start.item == target && start.step == 0) return Transition(0, abi.encode(start));
        bytes32 ctx = machine.context(target, chain.configHash());
        uint16 steps = stepsOf(start, target);
        (bytes32 root,,) = machine.entry(ctx, Toy.hash(start), steps);
        if (root == 0) machine.prove(runFrom(start, target));
        return Transition(steps, "");
    }

    /// @dev The run that proves the whole segment from `start`.
    function runFrom(ToyState memory start, uint40 target) internal view returns (Call memory) {
        return Call(target, chain.configHash(), Toy.hash(start), 0, stepsOf(start, target), abi.encode(start));
    }

    function stepsOf(ToyState memory start, uint40 target) internal view returns (uint16 steps) {
        while (steps < Toy.SEGMENT_STEPS && start.item < target) {
            start = Toy.next(start, outside.accumulator(start.item + 1), itemSegments * Toy.SEGMENT_STEPS);
            ++steps;
            if (start.step == 0) break;
        }
    }

    /// @dev The state before leaf `index` of a history under `start`.
    function stateBefore(ToyState memory start, History memory history, uint256 index)
        internal
        pure
        returns (ToyState memory)
    {
        return index == 0 ? start : history.states[index - 1];
    }

    /// @dev One-step proof of leaf `index` of a history of the first contest.
    function proveLeafAs(address who, History memory history, uint256 index) internal {
        Transition memory transition = transitionFrom(stateBefore(genesisState, history, index), 1);
        LeafProof memory proof = leafProofAt(genesis, history, index);
        vm.prank(who);
        game.proveOneStep(proof, transition);
    }

    /// @dev Refute a claim of the first contest at leaf `index`, through the proof table.
    function refuteAs(address who, bytes32 id, History memory history, uint256 index) internal {
        Transition memory transition = transitionFrom(stateBefore(genesisState, history, index), 1);
        Refutation memory refutation = refutationAt(id, history, index);
        vm.prank(who);
        game.refute(refutation, transition);
    }

    /// @dev Update every bisected edge of a history, children first.
    function updateTimersOf(bytes32 origin, History memory history) internal {
        Bisection[] memory updates = new Bisection[](1);
        for (uint256 level = 1; level <= height; ++level) {
            for (uint256 index = 0; index < 1 << (height - level); ++index) {
                if (game.edge(edgeAt(origin, history, level, index)).actor == address(0)) continue;
                updates[0] = bisectionAt(origin, history, level, index);
                game.updateTimers(updates);
            }
        }
    }

    function timerOf(bytes32 origin, History memory history) internal view returns (uint256) {
        return game.assertionTimer(origin, rootOf(history));
    }
}
