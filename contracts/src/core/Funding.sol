// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Order} from "../types/Book.sol";
import {Prices, SeriesList, SeriesState, SeriesTerms} from "../types/Market.sol";
import {Reason} from "../types/Reason.sol";
import {PriceTask} from "../types/Task.sol";
import {BookLeaves} from "./BookLeaves.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {SeriesKind, SeriesStatus} from "./Markets.sol";
import {PriceRules} from "./PriceRules.sol";
import {TaskLeaves} from "./TaskLeaves.sol";
import {TickMap} from "./TickMap.sol";

/// @notice Funding of perpetuals: samples of the book's premium, and the index they move (docs/spec.md V-8).
/// @custom:twin rollup_node/core/funding.py
library Funding {
    using Frames for Frame;

    int256 internal constant PERIOD_MS = 28_800_000;
    uint256 internal constant SAMPLE_ORDERS = 16;
    /// @dev Flag of a reduce-only order (R-4).
    uint256 internal constant REDUCE_ONLY_FLAG = 1 << 6;
    int256 internal constant PPM = 1_000_000;
    int256 internal constant PPB = 1_000_000_000;

    /// @dev A perpetual to sample: its place in the list and its leaves.
    struct Place {
        bool found;
        uint256 number;
        uint256 series;
        SeriesTerms terms;
        SeriesState state;
    }

    /// @notice Move the funding index of a perpetual by the time since `fundedMs`; changes `state`.
    function accrue(SeriesTerms memory terms, SeriesState memory state, uint256 mark, uint256 timeMs) internal pure {
        if (state.fundedMs == 0) return;
        int256 elapsedMs = int256(timeMs - state.fundedMs);
        if (elapsedMs > PERIOD_MS) elapsedMs = PERIOD_MS;
        int256 lot = int256(mark);
        int256 count = int256(uint256(state.premiumCount == 0 ? 1 : state.premiumCount));
        int256 rate = FixedPoint.divToZero(state.premiumSum, count) + FixedPoint.divToZero(lot * terms.interestPpb, PPB);
        int256 limit = FixedPoint.divDown(lot * int256(uint256(terms.fundingClampPpm)), PPM);
        if (rate > limit) rate = limit;
        if (rate < -limit) rate = -limit;
        int256 rest = state.fundingRest + rate * elapsedMs;
        state.fundingIndex = int64(state.fundingIndex + FixedPoint.divDown(rest, PERIOD_MS));
        state.fundingRest = int64(FixedPoint.modulo(rest, PERIOD_MS));
    }

    /// @notice Walk one side of the next perpetual's book; after the asks the premium is counted.
    function sample(Frame memory frame) internal pure returns (Reason reason) {
        PriceTask memory task = TaskLeaves.decodePriceTask(frame.get(Layout.PRICE_TASK));
        Prices memory prices = MarketLeaves.decodePrices(frame.get(Layout.PRICES));
        SeriesList memory listed = MarketLeaves.decodeSeriesList(frame.get(Layout.seriesListKey(task.underlying)));
        Place memory place = _nextPerpetual(frame, listed, task.next >> 1);
        if (!place.found) {
            task.sample &= ~uint8(2 ** task.underlying);
            PriceRules.continueWork(frame, task);
            return Reason.OK;
        }
        bool isAsks = place.number == task.next >> 1 && task.next & 1 == 1;
        uint256 impact = _impactPrice(frame, place.terms, place.state, isAsks);
        if (isAsks) {
            uint256 fair = FixedPoint.divDown(prices.rows[task.underlying].indexPrice, place.terms.lotsPerUnit);
            reason = _countSample(frame, place, fair, task.impact, impact);
            impact = 0;
        }
        task.next = uint8(2 * place.number + 1 + (isAsks ? 1 : 0));
        task.impact = uint32(impact);
        frame.put(Layout.PRICE_TASK, TaskLeaves.encodePriceTask(task));
    }

    function _nextPerpetual(Frame memory frame, SeriesList memory listed, uint256 first)
        private
        pure
        returns (Place memory place)
    {
        for (uint256 number = first; number < Layout.SERIES_PER_UNDERLYING; ++number) {
            uint256 series = listed.series[number];
            if (series == 0) continue;
            place.terms = MarketLeaves.decodeSeriesTerms(frame.get(Layout.termsKey(series)));
            if (place.terms.kind != SeriesKind.PERPETUAL) continue;
            place.state = MarketLeaves.decodeSeriesState(frame.get(Layout.seriesKey(series)));
            if (place.state.mark == 0 || place.state.status >= SeriesStatus.EXPIRED) continue;
            (place.found, place.number, place.series) = (true, number, series);
            return place;
        }
    }

    /// @dev Average price of the impact notional in Usd per lot, rounded down; 0 if the side is too thin. If 16 orders do
    /// not suffice it is the price of the last one: small orders in front hide no depth.
    function _impactPrice(Frame memory frame, SeriesTerms memory terms, SeriesState memory state, bool isAsks)
        private
        pure
        returns (uint256)
    {
        uint256 tick = isAsks ? state.ask : state.bid;
        uint256 seen = 0;
        uint256 lots = 0;
        uint256 notional = 0;
        while (tick != 0) {
            uint256 slot = BookLeaves.decodeLevel(frame.get(Layout.levelKey(terms.book, tick, false))).head;
            while (slot != 0) {
                Order memory order = BookLeaves.decodeOrder(frame.get(Layout.orderKey(slot)));
                ++seen;
                bool isOver = order.expiryAt != 0 && uint256(order.expiryAt) * 1000 <= frame.timeMs;
                if (!isOver && order.flags & REDUCE_ONLY_FLAG == 0) {
                    lots += order.remaining;
                    notional += uint256(order.remaining) * tick * terms.unit;
                    if (notional >= terms.impactNotional) return FixedPoint.divDown(notional, lots);
                }
                if (seen == SAMPLE_ORDERS) return tick * terms.unit;
                slot = order.next;
            }
            tick = TickMap.nextTick(frame, terms.book, tick, isAsks, false);
        }
        return 0;
    }

    function _countSample(Frame memory frame, Place memory place, uint256 fair, uint256 bid, uint256 ask)
        private
        pure
        returns (Reason)
    {
        if (bid == 0 && ask == 0) return Reason.SAMPLE_MISSING;
        int256 premium = bid > fair ? int256(bid - fair) : int256(0);
        if (ask != 0 && ask < fair) premium -= int256(fair - ask);
        place.state.premiumSum = int64(place.state.premiumSum + premium);
        place.state.premiumCount += 1;
        frame.put(Layout.seriesKey(place.series), MarketLeaves.encodeSeriesState(place.state));
        return Reason.OK;
    }
}
