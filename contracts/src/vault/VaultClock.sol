// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The calendar of an option vault, in unix seconds.
library VaultClock {
    uint256 internal constant WEEK_SECONDS = 7 days;
    /// @dev The first Friday 08:00 UTC: 2 January 1970.
    uint256 private constant FIRST_FRIDAY = 1 days + 8 hours;
    /// @dev The settlement price is made of the last half hour (docs/spec.md V-9), so nobody enters or leaves for it.
    uint256 internal constant CUTOFF_SECONDS = 30 minutes;

    /// @notice The first Friday 08:00 UTC at or after `time`.
    function fridayFrom(uint256 time) internal pure returns (uint256) {
        uint256 past = (time + WEEK_SECONDS - FIRST_FRIDAY) % WEEK_SECONDS;
        return past == 0 ? time : time + WEEK_SECONDS - past;
    }
}
