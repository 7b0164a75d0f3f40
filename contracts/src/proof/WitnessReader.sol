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
        LeafKey lastKey;
        for (uint256 i = 0; i < count; ++i) {
            uint256 head = number(witness, next, ENTRY_HEAD_BYTES);
            LeafKey key = LeafKey.wrap(uint64(head >> 16));
            bytes calldata value = take(witness, next + ENTRY_HEAD_BYTES, head & 0xffff);
            uint256 position = Multiproof.putLeaf(place, key, value);
            if (i > 0 && position <= last) revert IStepVerifier.LeavesNotIncreasing(lastKey, key);
            (last, lastKey) = (position, key);
            unchecked {
                place += 32;
                next += ENTRY_HEAD_BYTES + value.length;
            }
        }
    }
}
