// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Four signed numbers of 64 bits in a word, each plus 2^63: as long as every result has 64 bits, a sum of words is the
/// sums of their numbers, and a word times a number is each of them times it.
/// Sums are ten words: of each eight numbers the first word has those with an even place, the second the others, for that is how a
/// word of eight numbers of 32 bits falls apart; the last two words have eight numbers in order.
/// @dev In assembly and unchecked: whoever adds knows that the sums fit. The tests keep it to plain arrays.
library Lanes {
    uint256 internal constant ONES = 0x0000000000000001000000000000000100000000000000010000000000000001;
    /// @dev Four zeros.
    uint256 internal constant ZEROS = 0x8000000000000000800000000000000080000000000000008000000000000000;
    uint256 private constant INTS = 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
    uint256 private constant FIRST = 0xffffffffffffffff000000000000000000000000000000000000000000000000;
    uint256 private constant SECOND = 0x0000000000000000ffffffffffffffff00000000000000000000000000000000;
    uint256 private constant THIRD = 0x00000000000000000000000000000000ffffffffffffffff0000000000000000;
    uint256 private constant INT_SIGNS = 0x8000000080000000800000008000000080000000800000008000000080000000;

    /// @notice Add to the first 32 numbers of sums `factor` times the signed numbers of four bytes that begin at byte `offset` of
    /// `value`, and `addend`.
    function addScaled(uint256[10] memory sums, bytes memory value, uint256 offset, int256 factor, int256 addend)
        internal
        pure
    {
        assembly ("memory-safe") {
            // The numbers are read plus 2^31, which this takes back.
            let rest := mul(ONES, sub(addend, shl(31, factor)))
            let source := add(add(value, 32), offset)
            let eight := xor(mload(source), INT_SIGNS)
            mstore(sums, add(mload(sums), add(mul(and(shr(32, eight), INTS), factor), rest)))
            mstore(add(sums, 32), add(mload(add(sums, 32)), add(mul(and(eight, INTS), factor), rest)))
            eight := xor(mload(add(source, 32)), INT_SIGNS)
            mstore(add(sums, 64), add(mload(add(sums, 64)), add(mul(and(shr(32, eight), INTS), factor), rest)))
            mstore(add(sums, 96), add(mload(add(sums, 96)), add(mul(and(eight, INTS), factor), rest)))
            eight := xor(mload(add(source, 64)), INT_SIGNS)
            mstore(add(sums, 128), add(mload(add(sums, 128)), add(mul(and(shr(32, eight), INTS), factor), rest)))
            mstore(add(sums, 160), add(mload(add(sums, 160)), add(mul(and(eight, INTS), factor), rest)))
            eight := xor(mload(add(source, 96)), INT_SIGNS)
            mstore(add(sums, 192), add(mload(add(sums, 192)), add(mul(and(shr(32, eight), INTS), factor), rest)))
            mstore(add(sums, 224), add(mload(add(sums, 224)), add(mul(and(eight, INTS), factor), rest)))
        }
    }

    /// @notice Add to one of the last eight numbers of sums.
    function add(uint256[10] memory sums, uint256 place, int256 amount) internal pure {
        assembly ("memory-safe") {
            let word := add(add(sums, 256), shl(5, shr(2, place)))
            mstore(word, add(mload(word), shl(sub(192, shl(6, and(place, 3))), amount)))
        }
    }

    /// @notice The number in one of four places.
    function numberAt(uint256 word, uint256 place) internal pure returns (int256 amount) {
        assembly ("memory-safe") {
            amount := sub(shr(192, shl(shl(6, place), word)), 0x8000000000000000)
        }
    }

    /// @notice The lesser number in each place, of numbers less than 2^62 either way.
    function min(uint256 a, uint256 b) internal pure returns (uint256 lesser) {
        assembly ("memory-safe") {
            // The top bit of each place says whether `b` is not more.
            let isLess := and(shr(63, sub(add(a, ZEROS), b)), ONES)
            lesser := xor(a, and(xor(a, b), mul(isLess, 0xffffffffffffffff)))
        }
    }

    /// @notice The least number of the first eight words, if it is negative; else 0.
    function lowest(uint256[10] memory words) internal pure returns (int256 least) {
        uint256 low = ZEROS;
        unchecked {
            for (uint256 i = 0; i < 8; ++i) {
                low = min(low, words[i]);
            }
            for (uint256 i = 0; i < 4; ++i) {
                int256 number = numberAt(low, i);
                if (number < least) least = number;
            }
        }
    }

    /// @notice Read 32 numbers of 64 bits, two's complement, which become sums, and eight more that keep their order.
    function read(bytes memory value, uint256[10] memory sums) internal pure {
        assembly ("memory-safe") {
            let source := add(value, 32)
            for { let end := add(source, 256) } lt(source, end) { source := add(source, 64) } {
                let a := xor(mload(source), ZEROS)
                let b := xor(mload(add(source, 32)), ZEROS)
                mstore(
                    sums,
                    or(or(and(a, FIRST), shl(64, and(a, THIRD))), or(shr(128, and(b, FIRST)), shr(64, and(b, THIRD))))
                )
                a := shl(64, a)
                b := shl(64, b)
                mstore(
                    add(sums, 32),
                    or(or(and(a, FIRST), shl(64, and(a, THIRD))), or(shr(128, and(b, FIRST)), shr(64, and(b, THIRD))))
                )
                sums := add(sums, 64)
            }
            mstore(sums, xor(mload(source), ZEROS))
            mstore(add(sums, 32), xor(mload(add(source, 32)), ZEROS))
        }
    }

    /// @notice Let all numbers of ten words be zeros.
    function clear(uint256[10] memory words) internal pure {
        assembly ("memory-safe") {
            for { let end := add(words, 320) } lt(words, end) { words := add(words, 32) } { mstore(words, ZEROS) }
        }
    }

    /// @notice Write sums to the begin of `value`; the reverse of `read`.
    function write(uint256[10] memory sums, bytes memory value) internal pure {
        assembly ("memory-safe") {
            let target := add(value, 32)
            for { let end := add(target, 256) } lt(target, end) { target := add(target, 64) } {
                let a := xor(mload(sums), ZEROS)
                let b := xor(mload(add(sums, 32)), ZEROS)
                let c := or(and(a, FIRST), shr(64, and(b, FIRST)))
                mstore(target, or(c, shr(64, or(and(a, SECOND), shr(64, and(b, SECOND))))))
                a := shl(128, a)
                b := shl(128, b)
                c := or(and(a, FIRST), shr(64, and(b, FIRST)))
                mstore(add(target, 32), or(c, shr(64, or(and(a, SECOND), shr(64, and(b, SECOND))))))
                sums := add(sums, 64)
            }
            mstore(target, xor(mload(sums), ZEROS))
            mstore(add(target, 32), xor(mload(add(sums, 32)), ZEROS))
        }
    }
}
