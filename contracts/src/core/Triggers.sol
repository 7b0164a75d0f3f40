// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Order} from "../types/Book.sol";
import {Phase} from "../types/Family.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {PriceRow, SeriesList, SeriesState, SeriesTerms} from "../types/Market.sol";
import {Reason} from "../types/Reason.sol";
import {PriceTask, Taker} from "../types/Task.sol";
import {Book} from "./Book.sol";
import {BookLeaves} from "./BookLeaves.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {OrderChecks} from "./OrderChecks.sol";
import {PriceRules} from "./PriceRules.sol";
import {Risk} from "./Risk.sol";
import {TaskLeaves} from "./TaskLeaves.sol";
import {TickMap} from "./TickMap.sol";
import {Void} from "./Void.sol";

/// @notice Orders that wait for a price: what fires after a reprice, one a step (docs/spec.md L-7, V-7).
/// @custom:twin rollup_node/core/triggers.py
library Triggers {
    using Frames for Frame;

    /// @dev At most this many triggers fire in one go; the rest stays due.
    uint256 internal constant DRAIN_LIMIT = 64;

    /// @dev Of the flags of an order: all but its kind.
    uint16 private constant NOT_KIND = 0xfff9;

    /// @notice Begin what is due and was not begun: a reprice, else triggers that are left.
    function applyTrigger(Frame memory frame, uint256 underlying) internal pure returns (Reason) {
        if (underlying >= Layout.UNDERLYING_LIMIT) return Reason.UNKNOWN_UNDERLYING;
        if (PriceRules.isDue(Risk.readPrices(frame).rows[underlying], frame.timeMs)) {
            PriceRules.beginReprice(frame, underlying);
            return Reason.OK;
        }
        SeriesList memory listed = MarketLeaves.decodeSeriesList(frame.get(Layout.seriesListKey(underlying)));
        PriceTask memory task;
        for (uint256 place = 0; place < Layout.SERIES_PER_UNDERLYING; ++place) {
            if (listed.series[place] == 0) continue;
            bytes memory leaf = frame.get(Layout.seriesKey(listed.series[place]));
            if (_hasDueTriggers(MarketLeaves.decodeSeriesState(leaf))) task.drain |= uint16(2 ** place);
        }
        if (task.drain == 0) return Reason.NOTHING_DUE;
        frame.get(Layout.PRICE_TASK);
        (task.underlying, task.resume) = (uint8(underlying), frame.phase);
        frame.put(Layout.PRICE_TASK, TaskLeaves.encodePriceTask(task));
        frame.phase = Phase.DRAIN;
        return Reason.OK;
    }

    /// @notice Fire the next trigger of the series that is due, or close its range, or leave the rest.
    function drain(Frame memory frame) internal pure returns (Reason) {
        PriceTask memory task = TaskLeaves.decodePriceTask(frame.get(Layout.PRICE_TASK));
        SeriesList memory listed = MarketLeaves.decodeSeriesList(frame.get(Layout.seriesListKey(task.underlying)));
        if (task.drained >= DRAIN_LIMIT || task.drain == 0) {
            PriceRules.continueWork(frame, task);
            return Reason.OK;
        }
        uint256 series = listed.series[PriceRules.lowestBit(task.drain)];
        SeriesTerms memory terms = MarketLeaves.decodeSeriesTerms(frame.get(Layout.termsKey(series)));
        SeriesState memory state = MarketLeaves.decodeSeriesState(frame.get(Layout.seriesKey(series)));
        uint256 tick = _nextTrigger(frame, terms.book, state);
        (task.next, task.impact) = (0, 0);
        if (tick == 0) {
            _closeRange(frame, task, Layout.seriesKey(series), terms, state);
            return Reason.OK;
        }
        task.drained += 1;
        frame.put(Layout.PRICE_TASK, TaskLeaves.encodePriceTask(task));
        bytes memory level = frame.get(Layout.levelKey(terms.book, tick, true));
        return _fire(frame, terms, state, BookLeaves.decodeLevel(level).head);
    }

    /// @dev A drain of the series did not come to its end: its range is still open.
    function _hasDueTriggers(SeriesState memory state) private pure returns (bool) {
        return state.triggers != 0 && state.low < state.high;
    }

    /// @dev The lowest trigger tick inside the range of a series, 0 if there is none.
    function _nextTrigger(Frame memory frame, uint256 book, SeriesState memory state) private pure returns (uint256) {
        uint256 start = state.low == 0 ? 1 : state.low;
        if (start > Layout.TICK_LIMIT) start = Layout.TICK_LIMIT;
        uint256 tick = TickMap.nextTick(frame, book, start - 1, true, true);
        return tick <= state.high ? tick : 0;
    }

    /// @dev Nothing of a series is due any more: its range begins anew at the mark, and the next series follows.
    function _closeRange(
        Frame memory frame,
        PriceTask memory task,
        LeafKey key,
        SeriesTerms memory terms,
        SeriesState memory state
    ) private pure {
        state.low = uint32(FixedPoint.divDown(uint256(state.mark), terms.unit));
        state.high = state.low;
        frame.put(key, MarketLeaves.encodeSeriesState(state));
        task.drain &= task.drain - 1;
        if (task.drain == 0) PriceRules.continueWork(frame, task);
        else frame.put(Layout.PRICE_TASK, TaskLeaves.encodePriceTask(task));
    }

    /// @dev Take a trigger order out of the trigger book; it goes on as a limit order, or is over.
    function _fire(Frame memory frame, SeriesTerms memory terms, SeriesState memory state, uint256 slot)
        private
        pure
        returns (Reason reason)
    {
        Order memory order = BookLeaves.decodeOrder(frame.get(Layout.orderKey(slot)));
        bool isVoid = Void.isVoid(frame, order, Risk.readHot(frame, order.account));
        reason = isVoid ? Reason.MAKER_VOID : _checkFired(frame, order, terms, state);
        Book.unlinkOrder(frame, slot);
        if (reason != Reason.OK) return reason;
        Taker memory taker;
        (taker.account, taker.series, taker.flags) = (order.account, order.series, order.flags & NOT_KIND);
        (taker.tick, taker.remaining, taker.expiryAt) = (order.tick, order.remaining, order.expiryAt);
        (taker.slot, taker.tag, taker.feeCapPpm) = (order.slot, order.tag, order.feeCapPpm);
        (taker.key, taker.generation) = (order.key, order.generation);
        (taker.origin, taker.resume) = (Flags.FROM_TRIGGER, Phase.DRAIN);
        frame.get(Layout.TAKER);
        frame.put(Layout.TAKER, TaskLeaves.encodeTaker(taker));
        frame.phase = Phase.TAKE;
    }

    /// @dev What may have changed since a trigger order was placed.
    function _checkFired(Frame memory frame, Order memory order, SeriesTerms memory terms, SeriesState memory state)
        private
        pure
        returns (Reason)
    {
        PriceRow memory price = Risk.readPrices(frame).rows[terms.underlying];
        bool isRestricted = state.status == Void.REDUCE_ONLY || Risk.isRestricted(price, frame.timeMs);
        if (isRestricted && order.flags & Flags.REDUCE_ONLY == 0) return Reason.REDUCE_ONLY;
        if (order.feeCapPpm < terms.takerFeePpm) return Reason.FEE_ABOVE_CAP;
        return OrderChecks.isOutOfBand(order.flags, order.tick, terms, state.mark) ? Reason.PRICE_BAND : Reason.OK;
    }
}
