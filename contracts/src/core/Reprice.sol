// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Phase} from "../types/Family.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Expiry, PriceRow, Prices, SeriesList, SeriesState, SeriesTerms} from "../types/Market.sol";
import {Reason} from "../types/Reason.sol";
import {PriceTask} from "../types/Task.sol";
import {Average, Averages} from "./Averages.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Funding} from "./Funding.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {SeriesKind, SeriesStatus} from "./Markets.sol";
import {OptionLeaves} from "./OptionLeaves.sol";
import {PriceRules} from "./PriceRules.sol";
import {Moves, Scenarios} from "./Scenarios.sol";
import {TaskLeaves} from "./TaskLeaves.sol";

/// @notice Repricing: marks, requirements and funding of the linear series of an underlying, one a step (docs/spec.md V-5).
/// @custom:twin rollup_node/core/reprice.py
library Reprice {
    using Frames for Frame;

    uint256 internal constant PPM = 1_000_000;
    /// @dev The largest ordinary move of the scenarios where no rules of options say another.
    uint256 internal constant DEFAULT_SCAN_PPM = 160_000;

    /// @dev What a lot is worth at the forward, and what it is marked at (0: unknown); µUSDC. They differ by the rounds of
    /// a settlement price that are known: `left` of sixty are not.
    struct Fair {
        uint256 forward;
        uint256 mark;
        uint256 left;
        bool isOver;
    }

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
        PriceRow memory row = prices.rows[task.underlying];
        Fair memory fair = _findFair(frame, terms, row.indexPrice);
        _repriceSeries(frame, terms, state, row.epoch, fair);
        frame.put(key, MarketLeaves.encodeSeriesState(state));
        if (terms.kind != SeriesKind.SPOT && state.status < SeriesStatus.SETTLED) {
            _storeRisk(frame, series, terms.underlying, state, fair);
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

    /// @dev What a series is worth: of a future its expected settlement price. Past its date the index is what the rounds
    /// that are left will say.
    function _findFair(Frame memory frame, SeriesTerms memory terms, uint256 indexPrice)
        private
        pure
        returns (Fair memory fair)
    {
        int256 price = int256(indexPrice);
        Average memory average = Average(0, Averages.ROUNDS);
        if (terms.kind == SeriesKind.FUTURE) {
            LeafKey key = Layout.expiryKey(terms.underlying, terms.expirySlot);
            Expiry memory expiry = MarketLeaves.decodeExpiry(frame.get(key));
            fair.isOver = uint256(expiry.expiryAt) * 1000 <= frame.timeMs;
            if (!fair.isOver) price += expiry.forward;
            if (price < 0) price = 0;
            average = Averages.readAverage(expiry);
        }
        uint256 lots = terms.lotsPerUnit;
        fair.forward = FixedPoint.divDown(uint256(price), lots);
        fair.left = average.left;
        uint256 mark = Averages.expectLot(average, uint256(price), lots);
        uint256 limit = Layout.MAX_LOT_VALUE;
        bool isLarge = fair.forward > limit || mark > limit || indexPrice > limit * lots;
        if (!isLarge && fair.forward != 0) fair.mark = mark;
    }

    /// @dev Changes `state`.
    function _repriceSeries(
        Frame memory frame,
        SeriesTerms memory terms,
        SeriesState memory state,
        uint32 epoch,
        Fair memory fair
    ) private pure {
        unchecked {
            state.epoch = epoch + 1;
        }
        if (state.status >= SeriesStatus.SETTLED) return;
        uint256 mark = fair.mark;
        if (mark == 0) {
            mark = state.mark;
            state.status = SeriesStatus.REDUCE_ONLY;
        }
        if (fair.isOver) state.status = SeriesStatus.EXPIRED;
        state.initial = uint32(FixedPoint.divUp(mark * initialPpm(terms, state.openInterest), PPM));
        state.maintenance = uint32(FixedPoint.divUp(mark * terms.maintenancePpm, PPM));
        if (fair.isOver) {
            state.mark = uint32(mark);
            return;
        }
        if (terms.kind == SeriesKind.PERPETUAL) Funding.accrue(terms, state, mark, frame.timeMs);
        state.mark = uint32(mark);
        state.premiumSum = 0;
        state.premiumCount = 0;
        state.fundedMs = frame.timeMs;
        _widen(state, uint32(FixedPoint.divDown(mark, terms.unit)));
    }

    /// @dev Writes what a lot gains in each scenario.
    function _storeRisk(
        Frame memory frame,
        uint256 series,
        uint256 underlying,
        SeriesState memory state,
        Fair memory fair
    ) private pure {
        uint256 scanPpm = OptionLeaves.decodeRules(frame.get(Layout.optionRulesKey(underlying))).scanPpm;
        if (scanPpm == 0) scanPpm = DEFAULT_SCAN_PPM;
        LeafKey key = Layout.seriesRiskKey(series);
        frame.get(key);
        uint256 lot = fair.mark == 0 ? state.mark : fair.forward;
        Moves memory moves = Scenarios.valueLinear(lot * fair.left, Averages.ROUNDS, scanPpm);
        int256 delta = int256(FixedPoint.divDown(PPM * fair.left, Averages.ROUNDS));
        frame.put(key, OptionLeaves.makeRisk(state.epoch, delta, moves.gains));
    }

    /// @dev Takes the tick of the mark into the range that triggers are drained over.
    function _widen(SeriesState memory state, uint32 tick) private pure {
        bool isKept = state.triggers != 0;
        if (!isKept || state.low == 0 || tick < state.low) state.low = tick;
        if (!isKept || tick > state.high) state.high = tick;
    }
}
