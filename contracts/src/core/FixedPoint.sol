// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Division with its direction in the name: the only place of the law that may divide (docs/rounding.md).
/// @dev Up and down are towards plus and minus infinity, whatever the signs; denominators are positive.
/// @custom:twin rollup_node/core/fixed_point.py
library FixedPoint {
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
}
