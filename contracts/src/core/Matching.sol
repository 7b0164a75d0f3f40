// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFillSteps, Meeting} from "../interfaces/IFillSteps.sol";
import {Frame, Frames} from "../steps/Frames.sol";
import {Hot} from "../types/Account.sol";
import {Order} from "../types/Book.sol";
import {Phase} from "../types/Family.sol";
import {Prices, SeriesState, SeriesTerms} from "../types/Market.sol";
import {Reason} from "../types/Reason.sol";
import {Taker} from "../types/Task.sol";
import {Book} from "./Book.sol";
import {BookLeaves} from "./BookLeaves.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {Orders} from "./Orders.sol";
import {Refresh} from "./Refresh.sol";
import {Risk} from "./Risk.sol";
import {TaskLeaves} from "./TaskLeaves.sol";
import {Void} from "./Void.sol";

/// @notice The match: one resting order a step meets the order in flight (docs/spec.md O-7).
/// @dev The fill itself is in `Meetings`, which another contract executes.
/// @custom:twin rollup_node/core/matching.py
library Matching {
    using Frames for Frame;

    uint256 internal constant FILL_LIMIT = 128;
    uint256 internal constant FORCED_FILL_LIMIT = 16;

    /// @notice Let the order in flight meet the head of the best level (O-7).
    function take(Frame memory frame, IFillSteps fills) internal pure returns (Frame memory, Reason) {
        Taker memory taker = TaskLeaves.decodeTaker(frame.get(Layout.TAKER));
        SeriesTerms memory terms = MarketLeaves.decodeSeriesTerms(frame.get(Layout.termsKey(taker.series)));
        SeriesState memory state = MarketLeaves.decodeSeriesState(frame.get(Layout.seriesKey(taker.series)));
        if (taker.remaining == 0) return _end(frame, taker, Reason.OK);
        uint256 limit = taker.forced != 0 ? FORCED_FILL_LIMIT : FILL_LIMIT;
        if (taker.makers >= limit) return _end(frame, taker, Reason.MATCH_LIMIT);
        Prices memory prices = Risk.readPrices(frame);
        Hot memory hot = Risk.readHot(frame, taker.account);
        if (!Risk.isCurrent(hot, prices)) return _refresh(frame, taker.account);
        if (taker.trigger != 0 || taker.origin == Flags.FROM_REPLACE) return (frame, Orders.advance(frame, taker));
        if (!Orders.isCrossing(state, taker.flags, taker.tick)) return _leave(frame, taker);
        uint256 tick = taker.flags & Flags.SIDE != 0 ? state.bid : state.ask;
        uint256 slot = BookLeaves.decodeLevel(frame.get(Layout.levelKey(terms.book, tick, false))).head;
        Order memory order = BookLeaves.decodeOrder(frame.get(Layout.orderKey(slot)));
        Hot memory maker = Risk.readHot(frame, order.account);
        if (Void.isVoid(frame, order, maker)) return _remove(frame, slot, Reason.MAKER_VOID);
        if (taker.flags & Flags.POST_ONLY != 0) return _end(frame, taker, Reason.POST_ONLY_CROSS);
        if (maker.group == hot.group) return _preventSelfTrade(frame, taker, slot);
        if (!Risk.isCurrent(maker, prices)) return _refresh(frame, order.account);
        (bytes memory packed, Meeting meeting, Reason reason, uint256 lots) = fills.meet(frame.pack());
        frame = Frames.unpack(packed);
        if (meeting == Meeting.TAKER_ENDS) return _end(frame, taker, reason);
        if (meeting == Meeting.MAKER_LEAVES) return _remove(frame, slot, reason);
        if (lots == order.remaining) Book.unlinkOrder(frame, slot);
        else Book.shrinkOrder(frame, slot, lots);
        return (frame, Reason.OK);
    }

    /// @dev Cancels what finds nobody, or lets it rest (O-7 (3)).
    function _leave(Frame memory frame, Taker memory taker) private pure returns (Frame memory, Reason) {
        if (Flags.isImmediate(taker.flags)) return _end(frame, taker, Reason.REMAINDER_CANCELLED);
        return _end(frame, taker, Orders.rest(frame, taker));
    }

    /// @dev Ends the order in flight; what remains of it is cancelled.
    function _end(Frame memory frame, Taker memory taker, Reason reason) private pure returns (Frame memory, Reason) {
        frame.phase = taker.resume;
        return (frame, reason);
    }

    /// @dev Refreshes an account before the match goes on.
    function _refresh(Frame memory frame, uint32 account) private pure returns (Frame memory, Reason) {
        Refresh.beginRefresh(frame, account, Phase.TAKE);
        return (frame, Reason.REFRESH);
    }

    /// @dev Unlinks a resting order without a trade.
    function _remove(Frame memory frame, uint256 slot, Reason reason) private pure returns (Frame memory, Reason) {
        Book.unlinkOrder(frame, slot);
        return (frame, reason);
    }

    /// @dev Parts two orders of one group as the taker asked for (O-7 (4)).
    function _preventSelfTrade(Frame memory frame, Taker memory taker, uint256 slot)
        private
        pure
        returns (Frame memory, Reason)
    {
        uint256 mode = Flags.selfTradeOf(taker.flags);
        if (mode != Flags.CANCEL_NEWEST) Book.unlinkOrder(frame, slot);
        if (mode != Flags.CANCEL_OLDEST) frame.phase = taker.resume;
        return (frame, Reason.SELF_TRADE);
    }
}
