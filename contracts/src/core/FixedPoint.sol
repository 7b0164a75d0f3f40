// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Division and root with their direction in the name: the only place of the law that may divide (docs/rounding.md).
/// @dev Up and down are towards plus and minus infinity, whatever the signs; denominators are positive.
/// @custom:twin rollup_node/core/fixed_point.py
library FixedPoint {
    uint256 private constant TWO = 2;

    /// @notice The largest integer not above the quotient.
    function divDown(int256 numerator, int256 denominator) internal pure returns (int256) {
        int256 quotient = numerator / denominator;
        return numerator < 0 && quotient * denominator != numerator ? quotient - 1 : quotient;
    }

    /// @notice The smallest integer not below the quotient.
    function divUp(int256 numerator, int256 denominator) internal pure returns (int256) {
        int256 quotient = numerator / denominator;
        return numerator > 0 && quotient * denominator != numerator ? quotient + 1 : quotient;
    }

    /// @notice The quotient without its fraction.
    function divToZero(int256 numerator, int256 denominator) internal pure returns (int256) {
        return numerator / denominator;
    }

    /// @notice What `divDown` leaves, never negative.
    function modulo(int256 numerator, int256 denominator) internal pure returns (int256) {
        int256 rest = numerator % denominator;
        return rest < 0 ? rest + denominator : rest;
    }

    /// @notice The largest natural number not above the quotient.
    function divDown(uint256 numerator, uint256 denominator) internal pure returns (uint256) {
        return numerator / denominator;
    }

    /// @notice `divDown` by what cannot be zero, for the inner loops of the mathematics; by zero it is zero.
    function divDownBy(uint256 numerator, uint256 denominator) internal pure returns (uint256 quotient) {
        assembly ("memory-safe") {
            quotient := div(numerator, denominator)
        }
    }

    /// @notice The largest integer not above the quotient, plus 2^31: a natural number of 32 bits, or of more if the quotient is no
    /// integer of 32 bits. The denominator is at least 1 and has at most 128 bits, the numerator 192.
    function divDownInt(int256 numerator, uint256 denominator) internal pure returns (uint256 quotient) {
        assembly ("memory-safe") {
            // Below -2^31 the sum is negative, and as a natural number too large for any such denominator.
            quotient := div(add(numerator, shl(31, denominator)), denominator)
        }
    }

    /// @notice The smallest natural number not below the quotient.
    function divUp(uint256 numerator, uint256 denominator) internal pure returns (uint256) {
        return numerator == 0 ? 0 : (numerator - 1) / denominator + 1;
    }

    /// @notice The largest integer whose square is not above the value.
    /// @dev Newton's method from above: falls until it has the root, and stays in 256 bits on the way.
    function sqrtDown(uint256 value) internal pure returns (uint256 root) {
        if (value == 0) return 0;
        unchecked {
            root = TWO << (highestBit(value) >> 1);
            while (true) {
                uint256 next = (root + value / root) >> 1;
                if (next >= root) return root;
                root = next;
            }
        }
    }

    /// @notice The number of the highest bit that is set; 0 for 0 too.
    function highestBit(uint256 value) internal pure returns (uint256 bit) {
        assembly ("memory-safe") {
            bit := shl(7, gt(value, 0xffffffffffffffffffffffffffffffff))
            bit := or(bit, shl(6, gt(shr(bit, value), 0xffffffffffffffff)))
            bit := or(bit, shl(5, gt(shr(bit, value), 0xffffffff)))
            bit := or(bit, shl(4, gt(shr(bit, value), 0xffff)))
            bit := or(bit, shl(3, gt(shr(bit, value), 0xff)))
            bit := or(bit, shl(2, gt(shr(bit, value), 0x0f)))
            bit := or(bit, shl(1, gt(shr(bit, value), 0x03)))
            bit := or(bit, gt(shr(bit, value), 0x01))
        }
    }
}
