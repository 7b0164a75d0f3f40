// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Order} from "../types/Book.sol";
import {Reason} from "../types/Reason.sol";

/// @notice What a meeting of two orders comes to.
enum Meeting {
    TAKER_ENDS,
    MAKER_LEAVES,
    FILLED
}

/// @notice The fill within a TAKE step: a contract of its own, because both together exceed EIP-170.
interface IFillSteps {
    /// @notice Fill the order in flight against an order of the book or a covered sale, if both sides may (docs/spec.md O-7
    /// (5), P-6).
    /// @dev Reads and writes the accounts, pools, open interest and the order in flight; what is met is left to `MatchSteps`.
    /// @param frame The step so far, packed (`Frames`): taker, terms, series, prices, the maker and both hot leaves have been read.
    /// @param order The maker; a sale as an order to sell that reserves nothing.
    /// @param isSale The maker is a sale, which no protection counts.
    /// @return What it made of the step, packed.
    /// @return What came of the meeting.
    /// @return Why the taker ends or the maker leaves.
    /// @return Lots that were filled.
    function meet(bytes memory frame, Order memory order, bool isSale)
        external
        pure
        returns (bytes memory, Meeting, Reason, uint256);
}
