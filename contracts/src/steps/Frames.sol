// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {Phase} from "../types/Family.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Reason} from "../types/Reason.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";

/// @notice What one step sees and leaves: its openings as far as they are read, the clock, and where the machine goes.
/// @param keys Keys of the openings.
/// @param values Their values, own writes included.
/// @param places Where in `keys` a key is, by its hash: offsets in bytes, 0 for none (`Frames._find`).
/// @param used Openings that the step has read.
/// @param written Bit i says that the step has written opening i.
/// @param timeMs Cursor time in milliseconds.
/// @param blockNumber Number of the current L2 block.
/// @param phase Where the machine stands after the step.
/// @param orderClass Class that the block has reached after the step.
/// @custom:twin rollup_node/core/frame.py Frame
struct Frame {
    LeafKey[] keys;
    bytes[] values;
    uint256[] places;
    uint256 used;
    uint256 written;
    uint48 timeMs;
    uint40 blockNumber;
    uint8 phase;
    uint8 orderClass;
}

/// @notice A step reads each leaf by its key, as often as it likes: the first read takes the next opening, so the
/// openings are the leaves read in the order of first read (docs/spec.md X-9). Another witness is rejected.
/// @dev Leaves travel between contracts as `Openings` says. In assembly where every leaf of every step passes.
library Frames {
    /// @dev Where `used`, the first of the six members that a frame takes to another contract, lies in it.
    uint256 private constant MEMBERS_AT = 0x60;
    /// @dev Multiplies a key so that the bits from the 32nd on depend on all of it: 2^64 over the golden ratio.
    uint256 private constant SPREAD = 0x9e3779b97f4a7c15;

    /// @notice The frame at the start of a step; its values lie in `openings`.
    function open(StepInput calldata input, bytes memory openings) internal pure returns (Frame memory frame) {
        _take(frame, openings);
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
        if (index < used) return _valueAt(frame, index);
        if (index != used) _refuse(frame, key);
        frame.used = used + 1;
        return _valueAt(frame, index);
    }

    /// @notice Write a leaf that this step has read.
    function put(Frame memory frame, LeafKey key, bytes memory value) internal pure {
        uint256 index = _find(frame, key);
        if (index >= frame.used) revert IStepVerifier.MissingOpening(key);
        frame.written |= uint256(1) << index;
        bytes[] memory values = frame.values;
        assembly ("memory-safe") {
            mstore(add(add(values, 32), shl(5, index)), value)
        }
    }

    /// @notice The answer of the step, which must have read every leaf that it opens.
    function finish(Frame memory frame, StepKind kind, Reason reason) internal pure returns (StepResult memory) {
        if (frame.used < frame.keys.length) revert IStepVerifier.UnusedOpening(frame.keys[frame.used]);
        return StepResult(kind, reason, frame.phase, frame.orderClass, _writes(frame));
    }

    /// @notice The answer to a body, or to a phase, that a family does not know: no effect, and no task goes on.
    function undecodable(Frame memory frame, bool forced) internal pure returns (StepResult memory) {
        frame.phase = Phase.IDLE;
        return finish(frame, forced ? StepKind.FORCED_UNDECODABLE : StepKind.UNDECODABLE, Reason.UNDECODABLE);
    }

    /// @notice A frame for another contract that goes on with the step: six words, then all leaves as they are now.
    function pack(Frame memory frame) internal pure returns (bytes memory packed) {
        LeafKey[] memory keys = frame.keys;
        bytes[] memory values = frame.values;
        assembly ("memory-safe") {
            packed := mload(0x40)
            mcopy(add(packed, 32), add(frame, MEMBERS_AT), 192)
            let count := mload(keys)
            mstore(add(packed, 224), count)
            let target := add(packed, 256)
            for { let i := 32 } iszero(gt(i, shl(5, count))) { i := add(i, 32) } {
                let value := mload(add(values, i))
                let size := and(add(mload(value), 63), not(31))
                mstore(target, mload(add(keys, i)))
                mcopy(add(target, 32), value, size)
                target := add(add(target, 32), size)
            }
            mstore(packed, sub(sub(target, packed), 32))
            mstore(0x40, target)
        }
    }

    /// @notice The frame that another contract packed; its values lie in `packed`.
    function unpack(bytes memory packed) internal pure returns (Frame memory frame) {
        bytes memory openings;
        assembly ("memory-safe") {
            // The last of the six words has been copied when it becomes the length of what follows it.
            mcopy(add(frame, MEMBERS_AT), add(packed, 32), 192)
            openings := add(packed, 192)
            mstore(openings, sub(mload(packed), 192))
        }
        _take(frame, openings);
    }

    /// @notice What another contract made of the frame that it unpacked: six words, then what is written.
    function packWrites(Frame memory frame) internal pure returns (bytes memory packed) {
        bytes memory writes = _writes(frame);
        assembly ("memory-safe") {
            packed := mload(0x40)
            mcopy(add(packed, 32), add(frame, MEMBERS_AT), 192)
            mcopy(add(packed, 224), add(writes, 32), mload(writes))
            mstore(packed, add(192, mload(writes)))
            mstore(0x40, add(add(packed, 32), mload(packed)))
        }
    }

    /// @notice Go on with a frame as another contract left it; the values it wrote lie in `packed`.
    function adopt(Frame memory frame, bytes memory packed) internal pure {
        bytes[] memory values = frame.values;
        assembly ("memory-safe") {
            mcopy(add(frame, MEMBERS_AT), add(packed, 32), 192)
            let source := add(packed, 224)
            for { let end := add(add(packed, 32), mload(packed)) } lt(source, end) {} {
                let value := add(source, 32)
                mstore(add(add(values, 32), shl(5, mload(source))), value)
                source := add(value, and(add(mload(value), 63), not(31)))
            }
        }
    }

    /// @dev Finds the keys and the values of the openings, and files the keys.
    function _take(Frame memory frame, bytes memory openings) private pure {
        LeafKey[] memory keys;
        bytes[] memory values;
        uint256[] memory places;
        assembly ("memory-safe") {
            let count := mul(mload(add(openings, 32)), gt(mload(openings), 31))
            let length := shl(5, add(count, 1))
            keys := mload(0x40)
            values := add(keys, length)
            places := add(values, length)
            let size := 64
            for {} lt(size, shl(6, count)) {} { size := shl(1, size) }
            mstore(keys, count)
            mstore(values, count)
            mstore(places, shr(5, size))
            let slots := add(places, 32)
            mstore(0x40, add(slots, size))
            calldatacopy(slots, calldatasize(), size)
            let source := add(openings, 64)
            for { let i := 32 } lt(i, length) { i := add(i, 32) } {
                let key := mload(source)
                source := add(source, 32)
                mstore(add(keys, i), key)
                mstore(add(values, i), source)
                source := add(source, and(add(mload(source), 63), not(31)))
                // A key that is there already stays where it is: its second opening is never found.
                let slot := shr(32, mul(key, SPREAD))
                for {} 1 { slot := add(slot, 32) } {
                    slot := and(slot, sub(size, 32))
                    let at := mload(add(slots, slot))
                    if iszero(at) {
                        mstore(add(slots, slot), i)
                        break
                    }
                    if eq(mload(add(keys, at)), key) { break }
                }
            }
        }
        (frame.keys, frame.values, frame.places) = (keys, values, places);
    }

    /// @dev Index of the first opening of a key; the largest number if there is none. At least half of the places are
    /// free, so the search ends.
    function _find(Frame memory frame, LeafKey key) private pure returns (uint256 index) {
        LeafKey[] memory keys = frame.keys;
        uint256[] memory places = frame.places;
        assembly ("memory-safe") {
            let last := shl(5, sub(mload(places), 1))
            let slot := shr(32, mul(key, SPREAD))
            for {} 1 { slot := add(slot, 32) } {
                slot := and(slot, last)
                let at := mload(add(add(places, 32), slot))
                index := sub(shr(5, at), 1)
                if iszero(at) { break }
                if eq(mload(add(keys, at)), key) { break }
            }
        }
    }

    function _valueAt(Frame memory frame, uint256 index) private pure returns (bytes memory value) {
        bytes[] memory values = frame.values;
        assembly ("memory-safe") {
            value := mload(add(add(values, 32), shl(5, index)))
        }
    }

    /// @dev The next opening is another leaf than the one the step reads, or there is none.
    function _refuse(Frame memory frame, LeafKey key) private pure {
        if (frame.used >= frame.keys.length) revert IStepVerifier.MissingOpening(key);
        revert IStepVerifier.WrongOpening(frame.keys[frame.used], key);
    }

    /// @dev What the step wrote, as `StepResult` says.
    function _writes(Frame memory frame) private pure returns (bytes memory writes) {
        bytes[] memory values = frame.values;
        uint256 written = frame.written;
        assembly ("memory-safe") {
            writes := mload(0x40)
            let target := add(writes, 32)
            for { let index := 0 } shr(index, written) { index := add(index, 1) } {
                if iszero(and(shr(index, written), 1)) { continue }
                let value := mload(add(add(values, 32), shl(5, index)))
                let size := and(add(mload(value), 63), not(31))
                mstore(target, index)
                mcopy(add(target, 32), value, size)
                target := add(add(target, 32), size)
            }
            mstore(writes, sub(sub(target, writes), 32))
            mstore(0x40, target)
        }
    }
}
