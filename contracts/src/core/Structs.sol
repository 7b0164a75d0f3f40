// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Leaves} from "./Leaves.sol";

/// @notice Fields of the value of a leaf, to and from the members of a struct, by a table of their widths. In assembly,
/// because a line of Solidity for each field of each leaf makes the step contracts too large for EIP-170 (ADR 7).
/// @dev A table has one byte per field, from the left: its width in bytes, 1 to 32, plus SIGNED; a zero byte ends it. In
/// memory each member of a struct, and each element of an array, is a word; nested ones are pointers, so a table covers
/// a run of plain members. Where the members of a struct begin, the libraries of `Pointers` say.
library Structs {
    /// @dev Marks a field of a table as two's complement.
    uint256 internal constant SIGNED = 0x80;

    /// @notice Whether a leaf is there: the empty leaf is all zeros, and any other length than `length` a bad witness.
    function isPresent(bytes memory value, uint256 length) internal pure returns (bool) {
        if (value.length == length) return true;
        if (value.length != 0) revert Leaves.WrongLeafLength(value.length, length);
        return false;
    }

    /// @notice Read a leaf of `length` bytes whose fields are those of the table into the members at `target`.
    function decode(bytes memory value, uint256 length, bytes32 widths, uint256 target) internal pure {
        if (isPresent(value, length)) unpack(value, 0, widths, target);
    }

    /// @notice The leaf of `length` bytes whose fields are those of the table, from the members at `source`.
    function encode(uint256 source, bytes32 widths, uint256 length) internal pure returns (bytes memory value) {
        value = new bytes(length);
        pack(source, widths, value, 0);
    }

    /// @notice The unsigned number of `size` bytes, 1 to 32, that begins at byte `offset` and ends within the value.
    function number(bytes memory value, uint256 offset, uint256 size) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := shr(sub(256, shl(3, size)), mload(add(add(value, 32), offset)))
        }
    }

    /// @notice Copy members of one word: as many as both structs have in a row, of the same types.
    function copy(uint256 source, uint256 target, uint256 words) internal pure {
        assembly ("memory-safe") {
            mcopy(target, source, shl(5, words))
        }
    }

    /// @notice Hash of a struct of EIP-712 whose `words` members, all of one word, begin at `source`: in memory they lie
    /// as the standard encodes them.
    function hash(bytes32 typeHash, uint256 source, uint256 words) internal pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            mcopy(add(free, 32), source, shl(5, words))
            digest := keccak256(free, shl(5, add(words, 1)))
        }
    }

    /// @notice Read the fields of a table, which begin at byte `offset` and end within the value, into the members at
    /// `target`.
    function unpack(bytes memory value, uint256 offset, bytes32 widths, uint256 target) internal pure {
        assembly ("memory-safe") {
            let source := add(add(value, 32), offset)
            for {} widths { widths := shl(8, widths) } {
                let size := and(byte(0, widths), 0x3f)
                let word := shr(sub(256, shl(3, size)), mload(source))
                if slt(widths, 0) { word := signextend(sub(size, 1), word) }
                mstore(target, word)
                source := add(source, size)
                target := add(target, 32)
            }
        }
    }

    /// @notice Write the members at `source` as the fields of a table, which begin at byte `offset` of `value` and end
    /// within it. A member is cut to the width of its field.
    function pack(uint256 source, bytes32 widths, bytes memory value, uint256 offset) internal pure {
        assembly ("memory-safe") {
            let target := add(add(value, 32), offset)
            for {} widths { widths := shl(8, widths) } {
                let bits := shl(3, and(byte(0, widths), 0x3f))
                // What follows the field stays: it may be memory that is not ours.
                let rest := shr(bits, shl(bits, mload(target)))
                mstore(target, or(shl(sub(256, bits), mload(source)), rest))
                source := add(source, 32)
                target := add(target, shr(3, bits))
            }
        }
    }

    /// @notice Read eight numbers of four bytes into the words at `target`.
    function unpackInts(bytes memory value, uint256 offset, uint256 target) internal pure {
        assembly ("memory-safe") {
            let all := mload(add(add(value, 32), offset))
            for { let bits := 0 } lt(bits, 256) { bits := add(bits, 32) } {
                mstore(add(target, bits), shr(224, shl(bits, all)))
            }
        }
    }

    /// @notice Write the eight words at `source` as numbers of four bytes; the reverse of `unpackInts`.
    function packInts(uint256 source, bytes memory value, uint256 offset) internal pure {
        assembly ("memory-safe") {
            let all := 0
            for { let bits := 0 } lt(bits, 256) { bits := add(bits, 32) } {
                all := or(all, shr(bits, shl(224, mload(add(source, bits)))))
            }
            mstore(add(add(value, 32), offset), all)
        }
    }

    /// @notice Make an array of `count` structs of `words` words, all zeros, and let the member at `place` point to it.
    /// @dev Much cheaper than the arrays of structs that Solidity makes one by one wherever a function returns them.
    function makeRows(uint256 place, uint256 count, uint256 words) internal pure {
        assembly ("memory-safe") {
            let rows := mload(0x40)
            let size := shl(5, words)
            let row := add(add(rows, 32), shl(5, count))
            let end := add(row, mul(count, size))
            calldatacopy(row, calldatasize(), sub(end, row))
            mstore(rows, count)
            for {} lt(row, end) { row := add(row, size) } {
                rows := add(rows, 32)
                mstore(rows, row)
            }
            mstore(place, sub(rows, shl(5, count)))
            mstore(0x40, end)
        }
    }

    /// @notice Read `count` rows of one table, of `size` <= 64 bytes, one after the other from byte `offset`, into the structs
    /// of an array whose elements (pointers to them) begin at `rows`. They are zeros, and so they stay for a row of zeros.
    function unpackRows(bytes memory value, uint256 offset, bytes32 widths, uint256 size, uint256 rows, uint256 count)
        internal
        pure
    {
        unchecked {
            // A leaf is shorter than 2^16 bytes, a pointer below 2^64.
            for (uint256 end = rows + 32 * count; rows < end; rows += 32) {
                if (!_isZero(value, offset, size)) unpack(value, offset, widths, _pointerAt(rows));
                offset += size;
            }
        }
    }

    /// @notice Write the structs of an array as rows of one table into a new leaf; the reverse of `unpackRows`.
    function packRows(uint256 rows, uint256 count, bytes32 widths, uint256 size, bytes memory value, uint256 offset)
        internal
        pure
    {
        unchecked {
            for (uint256 end = rows + 32 * count; rows < end; rows += 32) {
                uint256 row = _pointerAt(rows);
                if (!_isZero(row, widths)) pack(row, widths, value, offset);
                offset += size;
            }
        }
    }

    /// @dev Whether `size` bytes, at most 64, are zeros.
    function _isZero(bytes memory value, uint256 offset, uint256 size) private pure returns (bool isZero) {
        assembly ("memory-safe") {
            let source := add(add(value, 32), offset)
            switch gt(size, 32)
            case 0 { isZero := iszero(shr(sub(256, shl(3, size)), mload(source))) }
            default {
                isZero := iszero(or(mload(source), shr(sub(512, shl(3, size)), mload(add(source, 32)))))
            }
        }
    }

    /// @dev Whether all members of a table are zeros.
    function _isZero(uint256 source, bytes32 widths) private pure returns (bool isZero) {
        assembly ("memory-safe") {
            isZero := 1
            for {} widths { widths := shl(8, widths) } {
                if mload(source) {
                    isZero := 0
                    break
                }
                source := add(source, 32)
            }
        }
    }

    function _pointerAt(uint256 place) private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := mload(place)
        }
    }
}
