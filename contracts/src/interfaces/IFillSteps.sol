// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Reason} from "../types/Reason.sol";

/// @notice What a meeting of two orders comes to.
enum Meeting {
    TAKER_ENDS,
    MAKER_LEAVES,
    FILLED
}

/// @notice The fill within a TAKE step: a contract of its own, because both together exceed EIP-170.
interface IFillSteps {
    /// @notice Fill the order in flight against the head of the best level, if both sides may (docs/spec.md O-7 (5)).
    /// @dev Reads and writes the accounts, pools, open interest and the order in flight; the book is left to `MatchSteps`.
    /// @param frame The step so far, packed (`Frames`): taker, terms, series, prices, level, order and both hot leaves have been read.
    /// @return The step after it, packed.
    /// @return What came of the meeting.
    /// @return Why the taker ends or the maker leaves.
    /// @return Lots that were filled.
    function meet(bytes memory frame) external pure returns (bytes memory, Meeting, Reason, uint256);
}
