// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Expiry, SeriesList, SeriesTerms} from "../types/Market.sol";
import {Board} from "../types/Option.sol";
import {Reason} from "../types/Reason.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {OptionLeaves} from "./OptionLeaves.sol";
import {Void} from "./Void.sol";

/// @notice The beginning of a settlement date (docs/spec.md V-1, V-11).
/// @custom:twin rollup_node/core/markets.py begin_date
library Dates {
    using Frames for Frame;

    /// @notice Give a place that no series uses another date; its expiry was read.
    function beginDate(Frame memory frame, uint256 underlying, uint256 expirySlot, uint64 expiryAt)
        internal
        pure
        returns (Reason)
    {
        LeafKey key = Layout.boardKey(underlying, expirySlot);
        Board memory board = OptionLeaves.decodeBoard(frame.get(key));
        if (hasStrikes(board)) return Reason.SERIES_IN_USE;
        SeriesList memory listed = MarketLeaves.decodeSeriesList(frame.get(Layout.seriesListKey(underlying)));
        for (uint256 i = 0; i < Layout.SERIES_PER_UNDERLYING; ++i) {
            if (listed.series[i] == 0) continue;
            SeriesTerms memory terms = MarketLeaves.decodeSeriesTerms(frame.get(Layout.termsKey(listed.series[i])));
            if (terms.kind == Void.FUTURE && terms.expirySlot == expirySlot) return Reason.SERIES_IN_USE;
        }
        LeafKey expiryKey = Layout.expiryKey(underlying, expirySlot);
        Expiry memory expiry = MarketLeaves.decodeExpiry(frame.get(expiryKey));
        if (expiry.expiryAt != expiryAt) (expiry.expiryAt, expiry.sum, expiry.known) = (expiryAt, 0, 0);
        (expiry.forward, expiry.round, expiry.price) = (0, 0, 0);
        frame.put(expiryKey, MarketLeaves.encodeExpiry(expiry));
        Board memory empty;
        frame.put(key, OptionLeaves.encodeBoard(empty));
        return Reason.OK;
    }

    /// @notice Whether a date has any strike.
    function hasStrikes(Board memory board) internal pure returns (bool) {
        for (uint256 i = 0; i < Layout.STRIKES_PER_EXPIRY; ++i) {
            if (board.strikes[i].series != 0) return true;
        }
        return false;
    }
}
