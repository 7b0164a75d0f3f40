// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Expiry} from "../types/Market.sol";
import {StrikeRules} from "../types/Option.sol";
import {Reason} from "../types/Reason.sol";
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

    /// @dev What a step knows of its strike: prices in µUSDC per unit, the next epoch, and what it found.
    struct Strike {
        uint256 index;
        uint256 strike;
        uint256 lotsPerUnit;
        uint32 epoch;
        bool isOver;
        bool isPriced;
        uint8 status;
    }

    /// @notice Reprice call and put of the next strike of the underlying, or end its epoch.
    function repriceStrike(Frame memory frame) internal pure returns (Reason) {
        bytes memory task = frame.get(Layout.PRICE_TASK);
        bytes memory prices = frame.get(Layout.PRICES);
        (uint256 underlying, uint256 next) = TaskLeaves.placeOf(task);
        (uint256 number, bytes memory board) = _nextStrike(frame, underlying, next);
        if (number == Layout.EXPIRIES * Layout.STRIKES_PER_EXPIRY) {
            Reprice.endEpoch(frame, TaskLeaves.decodePriceTask(task), MarketLeaves.decodePrices(prices));
            return Reason.OK;
        }
        _reprice(frame, number, board, prices, underlying);
        unchecked {
            frame.put(Layout.PRICE_TASK, TaskLeaves.withNext(task, number + 1));
        }
        return Reason.OK;
    }

    /// @notice What a short lot requires initially and in maintenance, µUSDC, rounded up (M-12).
    /// @dev Unchecked: prices have 64 bits, rates 32.
    function computeShortMargins(StrikeRules memory rules, Strike memory strike, bool isPut)
        internal
        pure
        returns (uint256 initial, uint256 maintenance)
    {
        unchecked {
            uint256 index = strike.index;
            int256 beyond = int256(strike.strike) - int256(index);
            if (isPut) beyond = -beyond;
            if (beyond < 0) beyond = 0;
            int256 wanted = int256(index * rules.initialPpm) - beyond * PPM;
            int256 least = int256(index * rules.floorPpm);
            if (wanted < least) wanted = least;
            uint256 parts = strike.lotsPerUnit * uint256(PPM);
            return (FixedPoint.divUp(uint256(wanted), parts), FixedPoint.divUp(index * rules.maintenancePpm, parts));
        }
    }

    /// @dev The first strike from place `first` on, and its board as bytes; the number of all places if there is none.
    function _nextStrike(Frame memory frame, uint256 underlying, uint256 first)
        private
        pure
        returns (uint256 number, bytes memory board)
    {
        unchecked {
            uint256 dates = OptionLeaves.datesIn(frame.get(Layout.optionDatesKey(underlying)));
            uint256 place = first % Layout.STRIKES_PER_EXPIRY;
            for (uint256 slot = first / Layout.STRIKES_PER_EXPIRY; slot < Layout.EXPIRIES; ++slot) {
                if (dates >> slot & 1 != 0) {
                    board = frame.get(Layout.boardKey(underlying, slot));
                    place = OptionLeaves.nextPlace(board, place);
                    if (place < Layout.STRIKES_PER_EXPIRY) return (slot * Layout.STRIKES_PER_EXPIRY + place, board);
                }
                place = 0;
            }
            number = Layout.EXPIRIES * Layout.STRIKES_PER_EXPIRY;
        }
    }

    function _reprice(Frame memory frame, uint256 number, bytes memory board, bytes memory prices, uint256 underlying)
        private
        pure
    {
        uint256 call = OptionLeaves.callAt(board, number % Layout.STRIKES_PER_EXPIRY);
        StrikeRules memory rules = OptionLeaves.readStrikeRules(frame.get(Layout.optionRulesKey(underlying)));
        LeafKey key = Layout.expiryKey(underlying, number / Layout.STRIKES_PER_EXPIRY);
        Expiry memory expiry = MarketLeaves.decodeExpiry(frame.get(key));
        Strike memory strike;
        (strike.epoch, strike.index) = MarketLeaves.indexOf(prices, underlying);
        (strike.strike, strike.lotsPerUnit) = MarketLeaves.strikeOf(frame.get(Layout.termsKey(call)));
        unchecked {
            strike.epoch += 1;
        }
        strike.isOver = uint256(expiry.expiryAt) * MS <= frame.timeMs;
        (Moves memory calls, Moves memory puts) = _value(frame, strike, board, expiry, rules.scanPpm);
        strike.isPriced = strike.isPriced && _fits(calls) && _fits(puts);
        bool isOld = frame.timeMs > OptionLeaves.surfaceMsOf(board) + OLD_SURFACE_MS;
        bool isReduced = isOld || rules.status != Listing.OPEN;
        strike.status = isReduced ? SeriesStatus.REDUCE_ONLY : SeriesStatus.TRADING;
        if (strike.isOver) strike.status = SeriesStatus.EXPIRED;
        _store(frame, rules, strike, call, calls);
        _store(frame, rules, strike, call + 1, puts);
    }

    /// @dev What call and put are worth, unless nobody can say. Past the date the rounds that are left say the index, as it
    /// is or moved.
    function _value(Frame memory frame, Strike memory strike, bytes memory board, Expiry memory expiry, uint256 scanPpm)
        private
        pure
        returns (Moves memory calls, Moves memory puts)
    {
        int256 forward = int256(strike.index);
        if (!strike.isOver) forward += expiry.forward;
        strike.isPriced = OptionLeaves.surfaceMsOf(board) != 0 && forward > 0;
        if (!strike.isPriced) return (calls, puts);
        Valuation memory valuation = Valuation(
            uint256(forward),
            strike.strike,
            strike.lotsPerUnit,
            OptionLeaves.smileIn(board),
            strike.isOver ? 0 : uint256(expiry.expiryAt) * MS - frame.timeMs,
            scanPpm,
            Averages.readAverage(expiry)
        );
        return Scenarios.valueStrike(valuation);
    }

    function _fits(Moves memory moves) private pure returns (bool) {
        return moves.fits && moves.mark <= Layout.MAX_LOT_VALUE;
    }

    /// @dev Writes state and risk of a call or put.
    function _store(
        Frame memory frame,
        StrikeRules memory rules,
        Strike memory strike,
        uint256 series,
        Moves memory moves
    ) private pure {
        LeafKey key = Layout.seriesKey(series);
        bytes memory state = frame.get(key);
        LeafKey riskKey = Layout.seriesRiskKey(series);
        frame.get(riskKey);
        uint8 status = MarketLeaves.statusOf(state);
        if (status >= SeriesStatus.SETTLED) {
            frame.put(key, MarketLeaves.withStatus(state, status, strike.epoch));
            return;
        }
        (uint256 initial, uint256 maintenance) = computeShortMargins(rules, strike, series & 1 == 1);
        bool isLarge = strike.index > Layout.MAX_LOT_VALUE * strike.lotsPerUnit;
        if (!strike.isPriced || initial > Layout.MAX_LOT_VALUE || isLarge) {
            status = strike.isOver ? SeriesStatus.EXPIRED : SeriesStatus.REDUCE_ONLY;
            frame.put(key, MarketLeaves.withStatus(state, status, strike.epoch));
            return;
        }
        state = MarketLeaves.withStatus(state, strike.status, strike.epoch);
        MarketLeaves.setMark(state, moves.mark, initial, maintenance);
        frame.put(key, state);
        frame.put(riskKey, OptionLeaves.makeRisk(strike.epoch, moves.delta, moves.gains));
    }
}
