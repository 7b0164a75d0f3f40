// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Phase} from "../types/Family.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Expiry, PriceRow, Prices, SeriesList, SeriesState, SeriesTerms} from "../types/Market.sol";
import {SeriesRisk} from "../types/Option.sol";
import {Reason} from "../types/Reason.sol";
import {PriceTask} from "../types/Task.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Funding} from "./Funding.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {SeriesKind, SeriesStatus} from "./Markets.sol";
import {OptionLeaves} from "./OptionLeaves.sol";
import {PriceRules} from "./PriceRules.sol";
import {Scenarios} from "./Scenarios.sol";
import {TaskLeaves} from "./TaskLeaves.sol";

/// @notice Repricing: marks, requirements and funding of the linear series of an underlying, one a step (docs/spec.md V-5).
/// @custom:twin rollup_node/core/reprice.py
library Reprice {
    using Frames for Frame;

    uint256 internal constant PPM = 1_000_000;
    /// @dev The largest ordinary move of the scenarios where no rules of options say another.
    uint256 internal constant DEFAULT_SCAN_PPM = 160_000;

    /// @notice Reprice the next series of the underlying, or go on with its strikes, or end its epoch.
    function reprice(Frame memory frame) internal pure returns (Reason) {
        PriceTask memory task = TaskLeaves.decodePriceTask(frame.get(Layout.PRICE_TASK));
        Prices memory prices = MarketLeaves.decodePrices(frame.get(Layout.PRICES));
        SeriesList memory listed = MarketLeaves.decodeSeriesList(frame.get(Layout.seriesListKey(task.underlying)));
        uint256 place = nextPlace(listed, task.next);
        if (place == Layout.SERIES_PER_UNDERLYING) {
            _endSeries(frame, task, prices);
            return Reason.OK;
        }
        uint256 series = listed.series[place];
        SeriesTerms memory terms = MarketLeaves.decodeSeriesTerms(frame.get(Layout.termsKey(series)));
        LeafKey key = Layout.seriesKey(series);
        SeriesState memory state = MarketLeaves.decodeSeriesState(frame.get(key));
        _repriceSeries(frame, terms, state, prices.rows[task.underlying]);
        frame.put(key, MarketLeaves.encodeSeriesState(state));
        if (terms.kind != SeriesKind.SPOT && state.status < SeriesStatus.EXPIRED) {
            _storeRisk(frame, series, terms.underlying, state);
        }
        if (state.triggers != 0) task.drain |= uint16(2 ** place);
        task.next = uint16(place + 1);
        task.impact = 0;
        frame.put(Layout.PRICE_TASK, TaskLeaves.encodePriceTask(task));
        return Reason.OK;
    }

    /// @notice The first place from `first` on that holds a series; the number of places if there is none.
    function nextPlace(SeriesList memory listed, uint256 first) internal pure returns (uint256 place) {
        place = first;
        while (place < Layout.SERIES_PER_UNDERLYING && listed.series[place] == 0) {
            ++place;
        }
    }

    /// @notice The initial margin rate, which rises to 100 % as open interest nears its cap (V-5).
    function initialPpm(SeriesTerms memory terms, uint256 openInterest) internal pure returns (uint256) {
        uint256 cap = terms.openInterestCap;
        uint256 flat = cap >> 1;
        if (openInterest <= flat) return terms.initialPpm;
        if (openInterest >= cap) return PPM;
        return terms.initialPpm + FixedPoint.divDown((PPM - terms.initialPpm) * (openInterest - flat), cap - flat);
    }

    /// @dev Goes on with the strikes of the underlying; without any its epoch ends.
    function _endSeries(Frame memory frame, PriceTask memory task, Prices memory prices) private pure {
        bytes memory dates = frame.get(Layout.optionDatesKey(task.underlying));
        if (OptionLeaves.decodeDates(dates).strikes == 0) {
            endEpoch(frame, task, prices);
            return;
        }
        frame.phase = Phase.STRIKE;
        task.next = 0;
        task.impact = 0;
        frame.put(Layout.PRICE_TASK, TaskLeaves.encodePriceTask(task));
    }

    /// @notice Let the epoch of an underlying grow by one; its triggers drain, or the next one follows.
    function endEpoch(Frame memory frame, PriceTask memory task, Prices memory prices) internal pure {
        PriceRow memory row = prices.rows[task.underlying];
        unchecked {
            row.epoch += 1; // one a second: 2^32 epochs are 136 years
        }
        row.pricedMs = frame.timeMs;
        row.referencePrice = row.indexPrice;
        frame.put(Layout.PRICES, MarketLeaves.encodePrices(prices));
        task.due &= ~uint8(2 ** task.underlying);
        if (task.drain == 0) {
            PriceRules.continueWork(frame, task);
            return;
        }
        frame.phase = Phase.DRAIN;
        task.next = 0;
        task.impact = 0;
        frame.put(Layout.PRICE_TASK, TaskLeaves.encodePriceTask(task));
    }

    /// @dev Changes `state`.
    function _repriceSeries(Frame memory frame, SeriesTerms memory terms, SeriesState memory state, PriceRow memory row)
        private
        pure
    {
        int256 price = int256(uint256(row.indexPrice));
        bool isOver = false;
        if (terms.kind == SeriesKind.FUTURE) {
            LeafKey key = Layout.expiryKey(terms.underlying, terms.expirySlot);
            Expiry memory expiry = MarketLeaves.decodeExpiry(frame.get(key));
            price += expiry.forward;
            isOver = uint256(expiry.expiryAt) * 1000 <= frame.timeMs;
        }
        unchecked {
            state.epoch = row.epoch + 1;
        }
        if (isOver || state.status >= SeriesStatus.EXPIRED) {
            if (state.status < SeriesStatus.EXPIRED) state.status = SeriesStatus.EXPIRED;
            return;
        }
        uint256 mark = price > 0 ? FixedPoint.divDown(uint256(price), terms.lotsPerUnit) : 0;
        bool isLarge = row.indexPrice > Layout.MAX_LOT_VALUE * terms.lotsPerUnit;
        if (mark == 0 || mark > Layout.MAX_LOT_VALUE || isLarge) {
            mark = state.mark;
            state.status = SeriesStatus.REDUCE_ONLY;
        }
        if (terms.kind == SeriesKind.PERPETUAL) Funding.accrue(terms, state, mark, frame.timeMs);
        state.mark = uint32(mark);
        state.initial = uint32(FixedPoint.divUp(mark * initialPpm(terms, state.openInterest), PPM));
        state.maintenance = uint32(FixedPoint.divUp(mark * terms.maintenancePpm, PPM));
        state.premiumSum = 0;
        state.premiumCount = 0;
        state.fundedMs = frame.timeMs;
        _widen(state, uint32(FixedPoint.divDown(mark, terms.unit)));
    }

    /// @dev Writes what a lot gains in each scenario.
    function _storeRisk(Frame memory frame, uint256 series, uint256 underlying, SeriesState memory state) private pure {
        uint256 scanPpm = OptionLeaves.decodeRules(frame.get(Layout.optionRulesKey(underlying))).scanPpm;
        if (scanPpm == 0) scanPpm = DEFAULT_SCAN_PPM;
        LeafKey key = Layout.seriesRiskKey(series);
        frame.get(key);
        int32[32] memory gains = Scenarios.valueLinear(state.mark, scanPpm);
        frame.put(key, OptionLeaves.encodeRisk(SeriesRisk(state.epoch, int32(int256(PPM)), gains)));
    }

    /// @dev Takes the tick of the mark into the range that triggers are drained over.
    function _widen(SeriesState memory state, uint32 tick) private pure {
        bool isKept = state.triggers != 0;
        if (!isKept || state.low == 0 || tick < state.low) state.low = tick;
        if (!isKept || tick > state.high) state.high = tick;
    }
}
