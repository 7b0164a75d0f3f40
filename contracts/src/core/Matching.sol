// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFillSteps, Meeting} from "../interfaces/IFillSteps.sol";
import {Frame, Frames} from "../steps/Frames.sol";
import {Hot} from "../types/Account.sol";
import {Order} from "../types/Book.sol";
import {Phase} from "../types/Family.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Prices, SeriesState, SeriesTerms} from "../types/Market.sol";
import {SalePlace, Sales as Places} from "../types/Option.sol";
import {Reason} from "../types/Reason.sol";
import {Taker} from "../types/Task.sol";
import {Book} from "./Book.sol";
import {BookLeaves} from "./BookLeaves.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {OptionLeaves} from "./OptionLeaves.sol";
import {Orders} from "./Orders.sol";
import {Refresh} from "./Refresh.sol";
import {Risk} from "./Risk.sol";
import {SalePrices} from "./SalePrices.sol";
import {TaskLeaves} from "./TaskLeaves.sol";
import {Void} from "./Void.sol";

/// @notice The order in flight, and what is known when it meets a maker.
/// @param group That of its account.
/// @param fills Fills it.
struct Encounter {
    Taker taker;
    SeriesTerms terms;
    SeriesState state;
    Prices prices;
    uint256 group;
    IFillSteps fills;
}

/// @notice The match: one resting order a step meets the order in flight (docs/spec.md O-7).
/// @dev The fill itself is in `Meetings`, which another contract executes.
/// @custom:twin rollup_node/core/matching.py
library Matching {
    using Frames for Frame;

    uint256 internal constant FILL_LIMIT = 128;
    uint256 internal constant FORCED_FILL_LIMIT = 16;

    /// @notice Let the order in flight meet the best sale, or the head of the best level (O-7).
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
        return _meet(frame, Encounter(taker, terms, state, prices, hot.group, fills));
    }

    /// @dev Finds whom the order in flight meets (O-7 (3)).
    function _meet(Frame memory frame, Encounter memory met) private pure returns (Frame memory, Reason) {
        Taker memory taker = met.taker;
        if (SalePrices.mayMeet(taker)) {
            (uint256 place, uint256 asked) = SalePrices.findSale(frame, taker, met.terms, met.state, met.prices);
            if (asked != 0) return _meetSale(frame, met, place, asked);
        }
        if (!Orders.isCrossing(met.state, taker.flags, taker.tick)) return _leave(frame, taker);
        uint256 tick = taker.flags & Flags.SIDE != 0 ? met.state.bid : met.state.ask;
        LeafKey level = Layout.levelKey(met.terms.book, tick, false);
        return _meetHead(frame, met, BookLeaves.decodeLevel(frame.get(level)).head);
    }

    /// @dev Parts with the head of the best level, refreshes its account, or fills (O-7 (4), (5)).
    function _meetHead(Frame memory frame, Encounter memory met, uint256 slot)
        private
        pure
        returns (Frame memory, Reason)
    {
        Order memory order = BookLeaves.decodeOrder(frame.get(Layout.orderKey(slot)));
        Hot memory maker = Risk.readHot(frame, order.account);
        if (Void.isVoid(frame, order, maker)) return _remove(frame, slot, Reason.MAKER_VOID);
        if (met.taker.flags & Flags.POST_ONLY != 0) return _end(frame, met.taker, Reason.POST_ONLY_CROSS);
        if (maker.group == met.group) {
            if (_dismissesMaker(met.taker)) Book.unlinkOrder(frame, slot);
            return _endSelfTrade(frame, met.taker);
        }
        if (!Risk.isCurrent(maker, met.prices)) return _refresh(frame, order.account);
        (bytes memory packed, Meeting meeting, Reason reason, uint256 lots) = met.fills.meet(frame.pack(), order, false);
        frame.adopt(packed);
        if (meeting == Meeting.TAKER_ENDS) return _end(frame, met.taker, reason);
        if (meeting == Meeting.MAKER_LEAVES) return _remove(frame, slot, reason);
        if (lots == order.remaining) Book.unlinkOrder(frame, slot);
        else Book.shrinkOrder(frame, slot, lots);
        return (frame, Reason.OK);
    }

    /// @dev The same with a covered sale, which holds nothing in the book (P-6).
    function _meetSale(Frame memory frame, Encounter memory met, uint256 place, uint256 tick)
        private
        pure
        returns (Frame memory, Reason)
    {
        uint16 series = met.taker.series;
        SalePlace memory sale = SalePrices.readSales(frame, series).places[place];
        Hot memory maker = Risk.readHot(frame, sale.account);
        if (SalePrices.isOver(sale, maker, frame.timeMs)) {
            return _shrink(frame, series, place, sale.lots, Reason.MAKER_VOID);
        }
        if (maker.group == met.group) {
            if (_dismissesMaker(met.taker)) _shrink(frame, series, place, sale.lots, Reason.SELF_TRADE);
            return _endSelfTrade(frame, met.taker);
        }
        if (!Risk.isCurrent(maker, met.prices)) return _refresh(frame, sale.account);
        (bytes memory packed, Meeting meeting, Reason reason, uint256 lots) =
            met.fills.meet(frame.pack(), SalePrices.asOrder(sale, series, tick), true);
        frame.adopt(packed);
        if (meeting == Meeting.TAKER_ENDS) return _end(frame, met.taker, reason);
        if (meeting == Meeting.MAKER_LEAVES) lots = sale.lots;
        return _shrink(frame, series, place, lots, reason);
    }

    /// @dev Takes lots off a sale, whose account may have another version since; without any left its place is free.
    function _shrink(Frame memory frame, uint256 series, uint256 place, uint256 lots, Reason reason)
        private
        pure
        returns (Frame memory, Reason)
    {
        Places memory sales = SalePrices.readSales(frame, series);
        SalePlace memory sale = sales.places[place];
        if (lots == sale.lots) {
            delete sales.places[place];
        } else {
            sale.lots -= uint32(lots);
            sale.version = Risk.readHot(frame, sale.account).version;
        }
        frame.put(Layout.salesKey(series), OptionLeaves.encodeSales(sales));
        return (frame, reason);
    }

    /// @dev Whether a taker of the same group sends its maker away (O-7 (4)).
    function _dismissesMaker(Taker memory taker) private pure returns (bool) {
        return Flags.selfTradeOf(taker.flags) != Flags.CANCEL_NEWEST;
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

    /// @dev Parts two orders of one group as the taker asked for (O-7 (4)); its maker is gone already if it shall.
    function _endSelfTrade(Frame memory frame, Taker memory taker) private pure returns (Frame memory, Reason) {
        if (Flags.selfTradeOf(taker.flags) != Flags.CANCEL_OLDEST) frame.phase = taker.resume;
        return (frame, Reason.SELF_TRADE);
    }
}
