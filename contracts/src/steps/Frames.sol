// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {Phase} from "../types/Family.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Reason} from "../types/Reason.sol";
import {StepKind} from "../types/StepKind.sol";
import {StepInput, StepResult} from "../types/Steps.sol";

/// @notice What one step sees and leaves: its openings as far as they are read, the clock, and where the machine goes.
/// @param entries Key, and where the value lies, own writes included, of each opening that the step has read, from the second entry
/// on: two words each.
/// @param places Which entry has a key: a table in memory (`Frames._find`).
/// @param next Where the openings begin that the step has not read.
/// @param end Where they end.
/// @param used Openings that the step has read.
/// @param count All openings.
/// @param written Bit i says that the step has written opening i.
/// @param timeMs Cursor time in milliseconds.
/// @param blockNumber Number of the current L2 block.
/// @param phase Where the machine stands after the step.
/// @param orderClass Class that the block has reached after the step.
/// @custom:twin rollup_node/core/frame.py Frame
struct Frame {
    uint256 entries;
    uint256 places;
    uint256 next;
    uint256 end;
    uint256 used;
    uint256 count;
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
    /// @dev Members by their place, and what a frame takes to another contract: from `used` on.
    uint256 private constant PLACES_AT = 0x20;
    uint256 private constant NEXT_AT = 0x40;
    uint256 private constant END_AT = 0x60;
    uint256 private constant USED_AT = 0x80;
    uint256 private constant COUNT_AT = 0xa0;
    uint256 private constant TRAVEL_BYTES = 224;
    /// @dev A prime, so that keys in a row lie apart, four times what a step can open.
    uint256 private constant PLACES = 1021;
    /// @dev A place for each remainder, and for the longest row of keys that begins at the last of them.
    uint256 private constant TABLE_BYTES = 1312;

    /// @notice The frame at the start of a step; its values lie in `openings`.
    function open(StepInput calldata input, bytes memory openings) internal pure returns (Frame memory frame) {
        assembly ("memory-safe") {
            mstore(add(frame, COUNT_AT), mul(mload(add(openings, 32)), gt(mload(openings), 31)))
            mstore(add(frame, NEXT_AT), add(openings, 64))
            mstore(add(frame, END_AT), add(add(openings, 32), mload(openings)))
        }
        _makeTable(frame);
        frame.timeMs = input.timeMs;
        frame.blockNumber = input.blockNumber;
        frame.phase = input.phase == Phase.BLOCK_BEGIN ? Phase.IDLE : input.phase;
        frame.orderClass = input.orderClass;
    }

    /// @notice The leaf at `key`, with what this step wrote to it; empty for the empty leaf.
    /// @dev The bytes are those of the frame: change a leaf by `put`, never in place. A key that has been read is found, so
    /// its second opening is never taken.
    function get(Frame memory frame, LeafKey key) internal pure returns (bytes memory value) {
        (uint256 index, uint256 place) = _find(frame, key);
        bool isNext = true;
        assembly ("memory-safe") {
            switch index
            case 0 {
                let next := mload(add(frame, NEXT_AT))
                isNext := and(eq(mload(next), key), lt(next, mload(add(frame, END_AT))))
                if isNext {
                    value := add(next, 32)
                    mstore(add(frame, NEXT_AT), add(value, and(add(mload(value), 63), not(31))))
                    index := add(mload(add(frame, USED_AT)), 1)
                    mstore(add(frame, USED_AT), index)
                    mstore8(place, index)
                    let entry := add(mload(frame), shl(6, index))
                    mstore(entry, key)
                    mstore(add(entry, 32), value)
                }
            }
            default { value := mload(add(add(mload(frame), 32), shl(6, index))) }
        }
        if (!isNext) _refuse(frame, key);
    }

    /// @notice Write a leaf that this step has read.
    function put(Frame memory frame, LeafKey key, bytes memory value) internal pure {
        (uint256 index,) = _find(frame, key);
        if (index == 0) revert IStepVerifier.MissingOpening(key);
        frame.written |= uint256(1) << (index - 1);
        assembly ("memory-safe") {
            mstore(add(add(mload(frame), 32), shl(6, index)), value)
        }
    }

    /// @notice The answer of the step, which must have read every leaf that it opens.
    function finish(Frame memory frame, StepKind kind, Reason reason) internal pure returns (StepResult memory) {
        if (frame.used < frame.count) revert IStepVerifier.UnusedOpening(_nextKey(frame));
        return StepResult(kind, reason, frame.phase, frame.orderClass, _writes(frame));
    }

    /// @notice The answer to a body, or to a phase, that a family does not know: no effect, and no task goes on.
    function undecodable(Frame memory frame, bool forced) internal pure returns (StepResult memory) {
        frame.phase = Phase.IDLE;
        return finish(frame, forced ? StepKind.FORCED_UNDECODABLE : StepKind.UNDECODABLE, Reason.UNDECODABLE);
    }

    /// @notice A frame for another contract that goes on with the step: seven words, then all leaves as they are now.
    function pack(Frame memory frame) internal pure returns (bytes memory packed) {
        assembly ("memory-safe") {
            packed := mload(0x40)
            mcopy(add(packed, 32), add(frame, USED_AT), TRAVEL_BYTES)
            let target := add(packed, add(32, TRAVEL_BYTES))
            let entry := add(mload(frame), 64)
            for { let last := add(entry, shl(6, mload(add(frame, USED_AT)))) } lt(entry, last) {
                entry := add(entry, 64)
            } {
                let value := mload(add(entry, 32))
                let size := and(add(mload(value), 63), not(31))
                mstore(target, mload(entry))
                mcopy(add(target, 32), value, size)
                target := add(add(target, 32), size)
            }
            let next := mload(add(frame, NEXT_AT))
            let rest := sub(mload(add(frame, END_AT)), next)
            mcopy(target, next, rest)
            target := add(target, rest)
            mstore(packed, sub(sub(target, packed), 32))
            mstore(0x40, target)
        }
    }

    /// @notice The frame that another contract packed; its values lie in `packed`.
    function unpack(bytes memory packed) internal pure returns (Frame memory frame) {
        uint256 used;
        assembly ("memory-safe") {
            mcopy(add(frame, USED_AT), add(packed, 32), TRAVEL_BYTES)
            mstore(add(frame, NEXT_AT), add(packed, add(32, TRAVEL_BYTES)))
            mstore(add(frame, END_AT), add(add(packed, 32), mload(packed)))
            used := mload(add(frame, USED_AT))
            mstore(add(frame, USED_AT), 0)
        }
        _makeTable(frame);
        readTo(frame, used);
    }

    /// @notice What another contract made of the frame that it unpacked: seven words, then what is written.
    function packWrites(Frame memory frame) internal pure returns (bytes memory packed) {
        bytes memory writes = _writes(frame);
        assembly ("memory-safe") {
            packed := mload(0x40)
            mcopy(add(packed, 32), add(frame, USED_AT), TRAVEL_BYTES)
            mcopy(add(packed, add(32, TRAVEL_BYTES)), add(writes, 32), mload(writes))
            mstore(packed, add(TRAVEL_BYTES, mload(writes)))
            mstore(0x40, add(add(packed, 32), mload(packed)))
        }
    }

    /// @notice Go on with a frame as another contract left it; the values it wrote lie in `packed`.
    function adopt(Frame memory frame, bytes memory packed) internal pure {
        uint256 used;
        assembly ("memory-safe") {
            used := mload(add(packed, 32))
        }
        readTo(frame, used);
        assembly ("memory-safe") {
            mcopy(add(frame, USED_AT), add(packed, 32), TRAVEL_BYTES)
            let source := add(packed, add(32, TRAVEL_BYTES))
            for { let end := add(add(packed, 32), mload(packed)) } lt(source, end) {} {
                let value := add(source, 32)
                mstore(add(add(mload(frame), 96), shl(6, mload(source))), value)
                source := add(value, and(add(mload(value), 63), not(31)))
            }
        }
    }

    /// @dev Makes room for the entries of all openings, and for the table of their places.
    function _makeTable(Frame memory frame) private pure {
        assembly ("memory-safe") {
            let entries := mload(0x40)
            let places := add(entries, shl(6, add(mload(add(frame, COUNT_AT)), 1)))
            mstore(frame, entries)
            mstore(add(frame, PLACES_AT), places)
            calldatacopy(places, calldatasize(), TABLE_BYTES)
            mstore(0x40, add(places, TABLE_BYTES))
        }
    }

    /// @notice Read openings until the step has read so many, as another contract did.
    function readTo(Frame memory frame, uint256 used) internal pure {
        while (frame.used < used) {
            get(frame, _nextKey(frame));
        }
    }

    /// @dev Number of the entry with a key; 0 if there is none, and the place for it. Byte `key mod PLACES` of a table, or the
    /// next free one behind it, holds the number of the entry, at most 255. A free place follows the last one that a
    /// key may be filed in, so the search ends.
    function _find(Frame memory frame, LeafKey key) private pure returns (uint256 index, uint256 place) {
        assembly ("memory-safe") {
            place := add(mload(add(frame, PLACES_AT)), mod(key, PLACES))
            for {} 1 { place := add(place, 1) } {
                index := byte(0, mload(place))
                if iszero(index) { break }
                if eq(mload(add(mload(frame), shl(6, index))), key) { break }
            }
        }
    }

    /// @dev Key of the next opening, if there is one.
    function _nextKey(Frame memory frame) private pure returns (LeafKey key) {
        uint256 next = frame.next;
        assembly ("memory-safe") {
            key := mload(next)
        }
    }

    /// @dev The next opening is another leaf than the one the step reads, or there is none.
    function _refuse(Frame memory frame, LeafKey key) private pure {
        if (frame.used >= frame.count) revert IStepVerifier.MissingOpening(key);
        revert IStepVerifier.WrongOpening(_nextKey(frame), key);
    }

    /// @dev What the step wrote, as `StepResult` says.
    function _writes(Frame memory frame) private pure returns (bytes memory writes) {
        uint256 written = frame.written;
        assembly ("memory-safe") {
            writes := mload(0x40)
            let target := add(writes, 32)
            let index := 0
            for {} written {} {
                // Eight that are not written at once.
                if iszero(and(written, 0xff)) {
                    written := shr(8, written)
                    index := add(index, 8)
                    continue
                }
                if and(written, 1) {
                    let value := mload(add(add(mload(frame), 96), shl(6, index)))
                    let size := and(add(mload(value), 63), not(31))
                    mstore(target, index)
                    mcopy(add(target, 32), value, size)
                    target := add(add(target, 32), size)
                }
                written := shr(1, written)
                index := add(index, 1)
            }
            mstore(writes, sub(sub(target, writes), 32))
            mstore(0x40, target)
        }
    }
}
