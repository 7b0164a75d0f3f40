// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Hot, Position} from "../types/Account.sol";
import {Order} from "../types/Book.sol";
import {SeriesState, SeriesTerms} from "../types/Market.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {Positions} from "./Positions.sol";

/// @notice Which resting orders never trade although they are still linked (docs/spec.md O-6).
/// @custom:twin rollup_node/core/void.py
library Void {
    using Frames for Frame;

    uint8 internal constant SPOT = 1;
    uint8 internal constant PERPETUAL = 2;
    /// @dev From this kind on series have a date.
    uint8 internal constant FUTURE = 3;

    uint8 internal constant TRADING = 1;
    uint8 internal constant REDUCE_ONLY = 2;

    uint256 private constant MS = 1000;

    /// @notice Whether nothing trades in a series: by its status, or because its date is over.
    function isClosed(Frame memory frame, SeriesTerms memory terms, SeriesState memory state)
        internal
        pure
        returns (bool)
    {
        if (state.status != TRADING && state.status != REDUCE_ONLY) return true;
        if (terms.kind < FUTURE) return false;
        bytes memory leaf = frame.get(Layout.expiryKey(terms.underlying, terms.expirySlot));
        return MarketLeaves.expiryAtOf(leaf) * MS <= frame.timeMs;
    }

    /// @notice Whether the dead-man time of an account is over.
    function isDead(Hot memory hot, uint256 timeMs) internal pure returns (bool) {
        return hot.deadManMs != 0 && hot.deadManMs <= timeMs;
    }

    /// @notice Whether a time of expiry, in seconds, is set and over.
    function isOver(uint256 expiryAt, uint256 timeMs) internal pure returns (bool) {
        return expiryAt != 0 && expiryAt * MS <= timeMs;
    }

    /// @notice Whether a linked order of the account behind `hot` never trades again.
    function isVoid(Frame memory frame, Order memory order, Hot memory hot) internal pure returns (bool) {
        if (isOver(order.expiryAt, frame.timeMs) || isDead(hot, frame.timeMs)) return true;
        bool reduces = order.flags & Flags.REDUCE_ONLY != 0;
        if (hot.flags & (Flags.FROZEN | Flags.LIQUIDATING) != 0 && !reduces) return true;
        SeriesTerms memory terms = MarketLeaves.decodeSeriesTerms(frame.get(Layout.termsKey(order.series)));
        SeriesState memory state = MarketLeaves.decodeSeriesState(frame.get(Layout.seriesKey(order.series)));
        if (isClosed(frame, terms, state)) return true;
        if (!reduces) return false;
        (, Position memory position) = Positions.findPosition(frame, order.account, order.series);
        return
            position.generation != order.generation || Positions.closableLots(position, order.flags & Flags.SIDE) == 0;
    }
}
