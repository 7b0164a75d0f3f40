// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Deadline} from "./core/Deadline.sol";

/// @dev A queue of messages that items consume in order. Times of arrival never decrease and are packed, six to a slot.
struct MessageQueue {
    uint64 count;
    uint64 consumed;
    mapping(uint256 n => bytes32 accumulator) accumulators;
    mapping(uint256 slot => uint256 packed) times;
}

/// @notice What the delayed and the fast queue of the inbox have in common (docs/spec.md I-6, I-7).
library MessageQueues {
    uint256 internal constant TIMES_PER_SLOT = 6;
    uint256 internal constant TIME_BITS = 40;

    /// @notice Take in the next message; `accumulator` is that after it, `time` is in seconds.
    function push(MessageQueue storage queue, bytes32 accumulator, uint40 time) internal {
        uint64 index = queue.count;
        queue.accumulators[index + 1] = accumulator;
        queue.times[index / TIMES_PER_SLOT] |= uint256(time) << (index % TIMES_PER_SLOT) * TIME_BITS;
        queue.count = index + 1;
    }

    /// @notice The accumulator after all messages.
    function head(MessageQueue storage queue) internal view returns (bytes32) {
        return queue.accumulators[queue.count];
    }

    /// @notice When message number `n` arrived, seconds.
    function timeOf(MessageQueue storage queue, uint256 n) internal view returns (uint64) {
        return uint40(queue.times[n / TIMES_PER_SLOT] >> (n % TIMES_PER_SLOT) * TIME_BITS);
    }

    /// @notice When the oldest unconsumed message is `period` seconds old; 0 if there is none.
    function forceableAt(MessageQueue storage queue, uint64 period) internal view returns (uint64) {
        return queue.consumed == queue.count ? 0 : timeOf(queue, queue.consumed) + period;
    }

    /// @notice Messages up to the newest one that is `period` seconds old at `time`; those consumed if none is.
    function forceableCount(MessageQueue storage queue, uint256 time, uint64 period) internal view returns (uint64) {
        uint64 low = queue.consumed;
        uint64 high = queue.count;
        while (low < high) {
            uint64 middle = (low + high + 1) / 2;
            if (Deadline.reached(time, timeOf(queue, middle - 1), period)) low = middle;
            else high = middle - 1;
        }
        return low;
    }
}
