// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {DelayedMessage, ItemHeader} from "../types/Inputs.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Multiproof, TableLeaf} from "./Multiproof.sol";

/// @notice Reads the packed parts of a witness (docs/spec.md W); running over the end is an error with its operands.
/// @custom:twin rollup_node/proof/witness.py
library WitnessReader {
    uint256 internal constant HEADER_BYTES = 121;
    uint256 internal constant MESSAGE_HEAD_BYTES = 28;
    uint256 internal constant ENTRY_HEAD_BYTES = 7;

    /// @notice The `size` bytes at `offset`.
    function take(bytes calldata witness, uint256 offset, uint256 size) internal pure returns (bytes calldata part) {
        unchecked {
            // Both are sums of numbers of at most two bytes.
            if (offset + size > witness.length) revert IStepVerifier.WitnessTooShort(offset, size, witness.length);
        }
        assembly ("memory-safe") {
            part.offset := add(witness.offset, offset)
            part.length := size
        }
    }

    /// @notice The big-endian number of `size` bytes, 1 to 32, at `offset`.
    function number(bytes calldata witness, uint256 offset, uint256 size) internal pure returns (uint256 word) {
        bytes calldata part = take(witness, offset, size);
        assembly ("memory-safe") {
            word := shr(sub(256, shl(3, size)), calldataload(part.offset))
        }
    }

    /// @notice W-1 without the list of blobs.
    function header(bytes calldata witness) internal pure returns (ItemHeader memory) {
        bytes calldata raw = take(witness, 0, HEADER_BYTES);
        return ItemHeader({
            kind: uint8(raw[0]),
            byteLength: uint32(bytes4(raw[1:])),
            dataRoot: bytes32(raw[5:]),
            delayedCount: uint40(bytes5(raw[37:])),
            delayedAcc: bytes32(raw[42:]),
            fastCount: uint40(bytes5(raw[74:])),
            fastAcc: bytes32(raw[79:]),
            minTime: uint40(bytes5(raw[111:])),
            maxTime: uint40(bytes5(raw[116:]))
        });
    }

    /// @notice One message of W-3, and where the next one begins.
    function message(bytes calldata witness, uint256 offset)
        internal
        pure
        returns (DelayedMessage memory result, uint256 next)
    {
        bytes calldata head = take(witness, offset, MESSAGE_HEAD_BYTES);
        next = skipMessage(witness, offset);
        result = DelayedMessage({
            kind: uint8(head[0]),
            sender: address(bytes20(head[1:])),
            timestamp: uint40(bytes5(head[21:])),
            body: witness[offset + MESSAGE_HEAD_BYTES:next]
        });
    }

    /// @notice Where the message after the one at `offset` begins.
    function skipMessage(bytes calldata witness, uint256 offset) internal pure returns (uint256 next) {
        uint256 size = number(witness, offset + MESSAGE_HEAD_BYTES - 2, 2);
        next = offset + MESSAGE_HEAD_BYTES + size;
        take(witness, offset, next - offset);
    }

    /// @notice The table W-4, checked for order, and where W-5 begins. Its first leaf is the cursor.
    function leaves(bytes calldata witness, uint256 offset)
        internal
        pure
        returns (TableLeaf[] memory table, uint256 next)
    {
        uint256 count = number(witness, offset, 2);
        uint256 place;
        assembly ("memory-safe") {
            // Pointers alone: Solidity would make an empty leaf for each.
            table := mload(0x40)
            mstore(table, count)
            place := add(table, 32)
            mstore(0x40, add(place, shl(5, count)))
        }
        next = offset + 2;
        uint256 last = 0;
        unchecked {
            for (uint256 end = place + 32 * count; place < end; place += 32) {
                (LeafKey key, uint256 source, uint256 size) = _entry(witness, next);
                uint256 position = Multiproof.putLeaf(place, key, source, size);
                if (position <= last && next != offset + 2) {
                    revert IStepVerifier.LeavesNotIncreasing(_keyAt(place - 32), key);
                }
                last = position;
                next += ENTRY_HEAD_BYTES + size;
            }
        }
    }

    /// @dev An entry of the table: its key, and where the bytes of its value lie in the calldata.
    function _entry(bytes calldata witness, uint256 offset)
        private
        pure
        returns (LeafKey key, uint256 source, uint256 size)
    {
        uint256 beyond;
        assembly ("memory-safe") {
            source := add(witness.offset, offset)
            let head := calldataload(source)
            source := add(source, ENTRY_HEAD_BYTES)
            key := shr(216, head)
            size := and(shr(200, head), 0xffff)
            beyond := gt(add(source, size), add(witness.offset, witness.length))
        }
        if (beyond != 0) {
            take(witness, offset, ENTRY_HEAD_BYTES);
            take(witness, offset + ENTRY_HEAD_BYTES, size);
        }
    }

    function _keyAt(uint256 place) private pure returns (LeafKey key) {
        assembly ("memory-safe") {
            key := mload(mload(place))
        }
    }
}
