// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPoint} from "./FixedPoint.sol";

/// @notice On which days options end: 08:00 UTC, the nearer the more often (docs/spec.md V-11).
/// @custom:twin rollup_node/core/calendar.py
library Calendar {
    uint256 internal constant DAY_SECONDS = 86_400;
    uint256 internal constant HOUR_OF_DAY_SECONDS = 28_800;
    uint256 internal constant DAILY_DAYS = 3;
    uint256 internal constant WEEKLY_DAYS = 28;
    uint256 internal constant MONTHLY_DAYS = 92;
    uint256 internal constant QUARTERLY_DAYS = 366;

    uint256 private constant WEEK = 7;
    /// @dev 1970-01-01 was a Thursday: day 1 was a Friday.
    uint256 private constant FRIDAY = 1;

    /// @notice Whether options may be listed for a date (unix seconds) at `timeMs`.
    function isListingDate(uint256 expiryAt, uint256 timeMs) internal pure returns (bool) {
        if (expiryAt % DAY_SECONDS != HOUR_OF_DAY_SECONDS || expiryAt * 1000 <= timeMs) return false;
        uint256 reachDays = _reachDays(FixedPoint.divDown(expiryAt, DAY_SECONDS));
        return expiryAt * 1000 - timeMs <= reachDays * DAY_SECONDS * 1000;
    }

    /// @notice The month, 1 to 12, of a day since 1970-01-01.
    function monthOf(uint256 day) internal pure returns (uint256) {
        uint256 ofEra = (day + 719_468) % 146_097;
        uint256 sinceEra = FixedPoint.divDown(
            ofEra + FixedPoint.divDown(ofEra, uint256(36_524)) - FixedPoint.divDown(ofEra, uint256(1460))
                - FixedPoint.divDown(ofEra, uint256(146_096)),
            uint256(365)
        );
        uint256 ofYear = ofEra + FixedPoint.divDown(sinceEra, uint256(100)) - 365 * sinceEra
            - FixedPoint.divDown(sinceEra, uint256(4));
        uint256 fromMarch = FixedPoint.divDown(5 * ofYear + 2, uint256(153));
        return fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
    }

    /// @dev How many days ahead a day is listed.
    function _reachDays(uint256 day) private pure returns (uint256) {
        if (day % WEEK != FRIDAY) return DAILY_DAYS;
        uint256 month = monthOf(day);
        if (monthOf(day + WEEK) == month) return WEEKLY_DAYS;
        return month % 3 == 0 ? QUARTERLY_DAYS : MONTHLY_DAYS;
    }
}
