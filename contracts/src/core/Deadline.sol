// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The one place that decides whether a time limit is met (docs/spec.md G-7).
library Deadline {
    /// @notice Whether `period` seconds have passed since `start`, all in unix seconds: met at equality.
    function reached(uint256 time, uint256 start, uint256 period) internal pure returns (bool) {
        return time >= start + period;
    }
}
