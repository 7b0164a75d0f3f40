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
    function highestBit(uint256 value) internal pure returns (uint256 number) {
        unchecked {
            if (value >> 128 != 0) number = 128;
            if (value >> (number + 64) != 0) number += 64;
            if (value >> (number + 32) != 0) number += 32;
            if (value >> (number + 16) != 0) number += 16;
            if (value >> (number + 8) != 0) number += 8;
            if (value >> (number + 4) != 0) number += 4;
            if (value >> (number + 2) != 0) number += 2;
            if (value >> (number + 1) != 0) number += 1;
        }
    }
}
