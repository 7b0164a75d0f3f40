// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {Phase} from "../types/Family.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Reason} from "../types/Reason.sol";
import {StepKind} from "../types/StepKind.sol";
import {Opening, StepInput, StepResult} from "../types/Steps.sol";

/// @notice What one step sees and leaves: its openings as far as they are read, the clock, and where the machine goes.
/// @param keys Keys of the openings.
/// @param values Their values, own writes included.
/// @param used Openings that the step has read.
/// @param timeMs Cursor time in milliseconds.
/// @param blockNumber Number of the current L2 block.
/// @param phase Where the machine stands after the step.
/// @param orderClass Class that the block has reached after the step.
/// @custom:twin rollup_node/core/frame.py Frame
struct Frame {
    LeafKey[] keys;
    bytes[] values;
    uint256 used;
    uint48 timeMs;
    uint40 blockNumber;
    uint8 phase;
    uint8 orderClass;
}

/// @notice A step reads each leaf by its key, as often as it likes: the first read takes the next opening, so the
/// openings are the leaves read in the order of first read (docs/spec.md X-9). Another witness is rejected.
library Frames {
    /// @notice The frame at the start of a step.
    function open(StepInput calldata input, Opening[] calldata openings) internal pure returns (Frame memory frame) {
        uint256 count = openings.length;
        frame.keys = new LeafKey[](count);
        frame.values = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            frame.keys[i] = openings[i].key;
            frame.values[i] = openings[i].value;
        }
        frame.timeMs = input.timeMs;
        frame.blockNumber = input.blockNumber;
        frame.phase = input.phase == Phase.BLOCK_BEGIN ? Phase.IDLE : input.phase;
        frame.orderClass = input.orderClass;
    }

    /// @notice The leaf at `key`, with what this step wrote to it; empty for the empty leaf.
    /// @dev The bytes are those of the frame: change a leaf by `put`, never in place.
    function get(Frame memory frame, LeafKey key) internal pure returns (bytes memory) {
        uint256 used = frame.used;
        uint256 index = _find(frame, key);
        if (index < used) return frame.values[index];
        if (used >= frame.keys.length) revert IStepVerifier.MissingOpening(key);
        LeafKey next = frame.keys[used];
        if (next != key) revert IStepVerifier.WrongOpening(next, key);
        frame.used = used + 1;
        return frame.values[used];
    }

    /// @notice Write a leaf that this step has read.
    function put(Frame memory frame, LeafKey key, bytes memory value) internal pure {
        uint256 index = _find(frame, key);
        if (index >= frame.used) revert IStepVerifier.MissingOpening(key);
        frame.values[index] = value;
    }

    /// @notice The answer of the step, which must have read every leaf that it opens.
    function finish(Frame memory frame, StepKind kind, Reason reason) internal pure returns (StepResult memory) {
        if (frame.used < frame.keys.length) revert IStepVerifier.UnusedOpening(frame.keys[frame.used]);
        return StepResult(kind, reason, frame.phase, frame.orderClass, frame.values);
    }

    /// @notice The answer to a body, or to a phase, that a family does not know: no effect, and no task goes on.
    function undecodable(Frame memory frame, bool forced) internal pure returns (StepResult memory) {
        frame.phase = Phase.IDLE;
        return finish(frame, forced ? StepKind.FORCED_UNDECODABLE : StepKind.UNDECODABLE, Reason.UNDECODABLE);
    }

    /// @dev Index of a leaf that was read, latest first; `used` or more if it was not. In assembly, without the checks of an
    /// array: a refresh of 32 positions compares 10,000 keys, which was a fifth of its gas.
    function _find(Frame memory frame, LeafKey key) private pure returns (uint256) {
        LeafKey[] memory keys = frame.keys;
        uint256 used = frame.used;
        uint256 index = type(uint256).max;
        assembly ("memory-safe") {
            for { let i := used } i { i := sub(i, 1) } {
                if eq(mload(add(keys, shl(5, i))), key) {
                    index := sub(i, 1)
                    break
                }
            }
        }
        return index;
    }
}
