// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Pauses that one year may have.
uint256 constant PAUSE_CAPACITY = 16;

/// @notice Exact account of pauses: how many seconds of a rolling year are paused.
/// @dev During a pause the paused seconds of the year that ends "now" never shrink, and between pauses they never grow;
/// so a limit that holds for the year that ends with each pause holds for every year.
library PauseLog {
    uint256 internal constant CAPACITY = PAUSE_CAPACITY;
    uint64 internal constant YEAR_SECONDS = 365 days;

    /// @dev One pause, in unix seconds; the end is not part of it.
    struct Pause {
        uint64 start;
        uint64 end;
    }

    /// @dev Ring of the latest pauses; `recorded` counts all that ever were.
    struct Log {
        Pause[PAUSE_CAPACITY] ring;
        uint256 recorded;
    }

    /// @notice Record a pause from `time` until `until`, or extend the one that is running at `time`.
    /// @return fits False, and nothing recorded, if the ring is full of pauses that still count.
    function record(Log storage log, uint64 time, uint64 until) internal returns (bool fits) {
        if (time < lastEnd(log)) {
            _last(log).end = until;
            return true;
        }
        Pause storage oldest = log.ring[log.recorded % CAPACITY];
        if (oldest.end > _windowStart(until)) return false;
        log.ring[log.recorded % CAPACITY] = Pause(time, until);
        ++log.recorded;
        return true;
    }

    /// @notice End the running pause at `time`.
    function cut(Log storage log, uint64 time) internal {
        _last(log).end = time;
    }

    /// @notice When the latest pause ends or ended, 0 if there was none.
    function lastEnd(Log storage log) internal view returns (uint64) {
        return log.recorded == 0 ? 0 : _last(log).end;
    }

    /// @notice Paused seconds of the year that ends at `windowEnd`.
    function usedSeconds(Log storage log, uint64 windowEnd) internal view returns (uint64 used) {
        uint64 windowStart = _windowStart(windowEnd);
        for (uint256 i = 0; i < CAPACITY; ++i) {
            Pause memory entry = log.ring[i];
            uint64 start = entry.start > windowStart ? entry.start : windowStart;
            uint64 end = entry.end < windowEnd ? entry.end : windowEnd;
            if (end > start) used += end - start;
        }
    }

    function _last(Log storage log) private view returns (Pause storage) {
        return log.ring[(log.recorded - 1) % CAPACITY];
    }

    function _windowStart(uint64 windowEnd) private pure returns (uint64) {
        return windowEnd > YEAR_SECONDS ? windowEnd - YEAR_SECONDS : 0;
    }
}
