// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Expiry, PriceRow, Prices, SeriesState, SeriesTerms} from "../types/Market.sol";
import {OptionRules} from "../types/Option.sol";
import {Reason} from "../types/Reason.sol";
import {PriceTask} from "../types/Task.sol";
import {Averages} from "./Averages.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Layout} from "./Layout.sol";
import {Listing} from "./Listing.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {SeriesStatus} from "./Markets.sol";
import {OptionLeaves} from "./OptionLeaves.sol";
import {Reprice} from "./Reprice.sol";
import {Moves, Scenarios, Valuation} from "./Scenarios.sol";
import {TaskLeaves} from "./TaskLeaves.sol";

/// @notice Repricing of options: one strike, its call and its put, a step (docs/spec.md V-14).
/// @custom:twin rollup_node/core/strikes.py
library Strikes {
    using Frames for Frame;

    uint256 internal constant OLD_SURFACE_MS = 600_000;
    int256 private constant PPM = 1_000_000;
    uint256 private constant MS = 1000;

    /// @dev What a step knows of its strike: the rules, the terms of the call, the underlying's row, and what it found.
    struct Strike {
        OptionRules rules;
        SeriesTerms terms;
        PriceRow row;
        bool isOver;
        bool isPriced;
        uint8 status;
    }

    /// @notice Reprice call and put of the next strike of the underlying, or end its epoch.
    function repriceStrike(Frame memory frame) internal pure returns (Reason) {
        PriceTask memory task = TaskLeaves.decodePriceTask(frame.get(Layout.PRICE_TASK));
        Prices memory prices = MarketLeaves.decodePrices(frame.get(Layout.PRICES));
        (uint256 number, bytes memory board) = _nextStrike(frame, task.underlying, task.next);
        if (number == Layout.EXPIRIES * Layout.STRIKES_PER_EXPIRY) {
            Reprice.endEpoch(frame, task, prices);
            return Reason.OK;
        }
        _reprice(frame, number, board, prices.rows[task.underlying], task.underlying);
        task.next = uint16(number + 1);
        task.impact = 0;
        frame.put(Layout.PRICE_TASK, TaskLeaves.encodePriceTask(task));
        return Reason.OK;
    }

    /// @notice What a short lot requires initially and in maintenance, µUSDC, rounded up (M-12).
    function computeShortMargins(OptionRules memory rules, SeriesTerms memory terms, uint256 indexPrice, bool isPut)
        internal
        pure
        returns (uint256 initial, uint256 maintenance)
    {
        int256 index = int256(indexPrice);
        int256 beyond = isPut ? index - int256(uint256(terms.strike)) : int256(uint256(terms.strike)) - index;
        if (beyond < 0) beyond = 0;
        int256 wanted = index * int256(uint256(rules.initialPpm)) - beyond * PPM;
        int256 least = index * int256(uint256(rules.floorPpm));
        if (wanted < least) wanted = least;
        uint256 parts = uint256(terms.lotsPerUnit) * uint256(PPM);
        return (FixedPoint.divUp(uint256(wanted), parts), FixedPoint.divUp(indexPrice * rules.maintenancePpm, parts));
    }

    /// @dev The first strike from place `first` on, and its board as bytes; the number of all places if there is none.
    function _nextStrike(Frame memory frame, uint256 underlying, uint256 first)
        private
        pure
        returns (uint256 number, bytes memory board)
    {
        uint256 dates = OptionLeaves.decodeDates(frame.get(Layout.optionDatesKey(underlying))).dates;
        for (uint256 slot = first / Layout.STRIKES_PER_EXPIRY; slot < Layout.EXPIRIES; ++slot) {
            if (dates >> slot & 1 == 0) continue;
            board = frame.get(Layout.boardKey(underlying, slot));
            uint256 base = slot * Layout.STRIKES_PER_EXPIRY;
            for (number = first > base ? first : base; number < base + Layout.STRIKES_PER_EXPIRY; ++number) {
                if (OptionLeaves.callAt(board, number - base) != 0) return (number, board);
            }
        }
        number = Layout.EXPIRIES * Layout.STRIKES_PER_EXPIRY;
    }

    function _reprice(Frame memory frame, uint256 number, bytes memory board, PriceRow memory row, uint256 underlying)
        private
        pure
    {
        uint256 call = OptionLeaves.callAt(board, number % Layout.STRIKES_PER_EXPIRY);
        Strike memory strike;
        strike.row = row;
        strike.rules = Listing.readRules(frame, underlying);
        LeafKey key = Layout.expiryKey(underlying, number / Layout.STRIKES_PER_EXPIRY);
        Expiry memory expiry = MarketLeaves.decodeExpiry(frame.get(key));
        strike.terms = MarketLeaves.decodeSeriesTerms(frame.get(Layout.termsKey(call)));
        strike.isOver = uint256(expiry.expiryAt) * MS <= frame.timeMs;
        (Moves memory calls, Moves memory puts) = _value(frame, strike, board, expiry);
        strike.isPriced = strike.isPriced && _fits(calls) && _fits(puts);
        bool isOld = frame.timeMs > OptionLeaves.surfaceMsOf(board) + OLD_SURFACE_MS;
        bool isReduced = isOld || strike.rules.status != Listing.OPEN;
        strike.status = isReduced ? SeriesStatus.REDUCE_ONLY : SeriesStatus.TRADING;
        if (strike.isOver) strike.status = SeriesStatus.EXPIRED;
        _store(frame, strike, call, calls);
        _store(frame, strike, call + 1, puts);
    }

    /// @dev What call and put are worth, unless nobody can say. Past the date the rounds that are left say the index, as it
    /// is or moved.
    function _value(Frame memory frame, Strike memory strike, bytes memory board, Expiry memory expiry)
        private
        pure
        returns (Moves memory calls, Moves memory puts)
    {
        int256 forward = int256(uint256(strike.row.indexPrice));
        if (!strike.isOver) forward += expiry.forward;
        strike.isPriced = OptionLeaves.surfaceMsOf(board) != 0 && forward > 0;
        if (!strike.isPriced) return (calls, puts);
        Valuation memory valuation = Valuation(
            uint256(forward),
            strike.terms.strike,
            strike.terms.lotsPerUnit,
            OptionLeaves.smileIn(board),
            strike.isOver ? 0 : uint256(expiry.expiryAt) * MS - frame.timeMs,
            strike.rules.scanPpm,
            Averages.readAverage(expiry)
        );
        return Scenarios.valueStrike(valuation);
    }

    function _fits(Moves memory moves) private pure returns (bool) {
        if (moves.mark > Layout.MAX_LOT_VALUE) return false;
        for (uint256 i = 0; i < 32; ++i) {
            if (moves.gains[i] != int32(moves.gains[i])) return false;
        }
        return true;
    }

    /// @dev Writes state and risk of a call or put.
    function _store(Frame memory frame, Strike memory strike, uint256 series, Moves memory moves) private pure {
        LeafKey key = Layout.seriesKey(series);
        SeriesState memory state = MarketLeaves.decodeSeriesState(frame.get(key));
        frame.get(Layout.seriesRiskKey(series));
        unchecked {
            state.epoch = strike.row.epoch + 1;
        }
        if (state.status >= SeriesStatus.SETTLED) {
            frame.put(key, MarketLeaves.encodeSeriesState(state));
            return;
        }
        (uint256 initial, uint256 maintenance) =
            computeShortMargins(strike.rules, strike.terms, strike.row.indexPrice, series & 1 == 1);
        bool isLarge = strike.row.indexPrice > Layout.MAX_LOT_VALUE * strike.terms.lotsPerUnit;
        if (!strike.isPriced || initial > Layout.MAX_LOT_VALUE || isLarge) {
            state.status = strike.isOver ? SeriesStatus.EXPIRED : SeriesStatus.REDUCE_ONLY;
            frame.put(key, MarketLeaves.encodeSeriesState(state));
            return;
        }
        (state.status, state.mark) = (strike.status, uint32(moves.mark));
        (state.initial, state.maintenance) = (uint32(initial), uint32(maintenance));
        frame.put(key, MarketLeaves.encodeSeriesState(state));
        frame.put(Layout.seriesRiskKey(series), OptionLeaves.makeRisk(state.epoch, moves.delta, moves.gains));
    }
}
