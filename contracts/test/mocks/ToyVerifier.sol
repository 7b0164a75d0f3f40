// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IVerifier} from "../../src/interfaces/IVerifier.sol";
import {Call} from "../../src/types/Steps.sol";

/// @notice State of the toy machine: a number mixed with every inbox item it has read.
/// @param item Items consumed.
/// @param step Steps done within the item.
struct ToyState {
    uint40 item;
    uint40 step;
    bytes32 value;
}

/// @notice Rules of the toy machine, as pure functions.
library Toy {
    uint16 internal constant SEGMENT_STEPS = 2;
    uint256 internal constant STEP_WEIGHT = 1000;

    function hash(ToyState memory state) internal pure returns (bytes32) {
        return keccak256(abi.encode("toy state", state.item, state.step, state.value));
    }

    /// @notice The state one step later; `data` is the accumulator after the item, `itemSteps` the length of every item.
    function next(ToyState memory state, bytes32 data, uint40 itemSteps) internal pure returns (ToyState memory) {
        bytes32 value = keccak256(abi.encode(state.value, data, state.step));
        if (state.step + 1 == itemSteps) return ToyState(state.item + 1, 0, value);
        return ToyState(state.item, state.step + 1, value);
    }
}

interface IAccumulators {
    function count() external view returns (uint64);
    function accumulator(uint256 n) external view returns (bytes32);
}

/// @notice A machine small enough to know by heart, with a proof table of its own: the game must not care which machine
/// it judges.
/// @dev Every item takes `ITEM_SEGMENTS` segments of two steps; a segment also ends with its item. A witness, and a
/// position proof, is the encoded state.
contract ToyVerifier is IVerifier {
    struct Entry {
        bytes32 root;
        uint128 weight;
        bool ended;
    }

    error NoSteps();
    error MissingEntry(bytes32 startRoot, uint256 stepsDone);
    error PastSegmentEnd(uint256 stepsDone);
    error PastTarget(uint256 item, uint256 target);
    error TargetBeyondInbox(uint256 target, uint256 count);
    error WrongState(bytes32 expected, bytes32 actual);

    IAccumulators public immutable INBOX;
    uint40 public immutable ITEM_SEGMENTS;

    mapping(bytes32 id => Entry) private _entries;

    constructor(address inbox, uint40 itemSegments) {
        INBOX = IAccumulators(inbox);
        ITEM_SEGMENTS = itemSegments;
    }

    /// @inheritdoc IVerifier
    function prove(Call calldata call) external returns (bytes32 root, uint256 weight, bool ended) {
        if (call.steps == 0) revert NoSteps();
        bytes32 ctx = context(call.target, call.configHash);
        uint256 done = call.stepsDone;
        (root, weight, ended) = entry(ctx, call.startRoot, done);
        if (root == 0) revert MissingEntry(call.startRoot, done);
        ToyState memory state = abi.decode(call.witness, (ToyState));
        if (Toy.hash(state) != root) revert WrongState(root, Toy.hash(state));
        for (uint256 i = 0; i < call.steps; ++i) {
            if (ended) revert PastSegmentEnd(done);
            if (state.item >= call.target) revert PastTarget(state.item, call.target);
            state = Toy.next(state, INBOX.accumulator(state.item + 1), ITEM_SEGMENTS * Toy.SEGMENT_STEPS);
            weight += Toy.STEP_WEIGHT;
            ended = ++done == Toy.SEGMENT_STEPS || state.step == 0;
        }
        root = Toy.hash(state);
        _entries[_id(ctx, call.startRoot, done)] = Entry(root, uint128(weight), ended);
    }

    /// @inheritdoc IVerifier
    function position(bytes32 stateRoot, bytes calldata proof) external pure returns (uint40 item, bool clean) {
        ToyState memory state = abi.decode(proof, (ToyState));
        if (Toy.hash(state) != stateRoot) revert WrongState(stateRoot, Toy.hash(state));
        return (state.item, state.step == 0);
    }

    /// @inheritdoc IVerifier
    function entry(bytes32 ctx, bytes32 startRoot, uint256 stepsDone)
        public
        view
        returns (bytes32 root, uint256 weight, bool ended)
    {
        if (stepsDone == 0) return (startRoot, 0, false);
        Entry memory stored = _entries[_id(ctx, startRoot, stepsDone)];
        return (stored.root, stored.weight, stored.ended);
    }

    /// @inheritdoc IVerifier
    function context(uint40 target, bytes32 configHash) public view returns (bytes32 ctx) {
        uint256 items = INBOX.count();
        if (target > items) revert TargetBeyondInbox(target, items);
        return keccak256(abi.encode(target, INBOX.accumulator(target), configHash));
    }

    function _id(bytes32 ctx, bytes32 startRoot, uint256 stepsDone) private pure returns (bytes32) {
        return keccak256(abi.encode(ctx, startRoot, stepsDone));
    }
}
