// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {SeriesState, SeriesTerms} from "../types/Market.sol";
import {Board, OptionDates, OptionRules, StrikeRow} from "../types/Option.sol";
import {Reason} from "../types/Reason.sol";
import {ListStrike} from "../types/Records.sol";
import {Calendar} from "./Calendar.sol";
import {Dates} from "./Dates.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {OptionLeaves} from "./OptionLeaves.sol";
import {OptionTerms} from "./OptionTerms.sol";
import {Risk} from "./Risk.sol";

/// @notice Options come and go by rule: dates by the calendar, strikes around the index; anyone may (docs/spec.md V-11,
/// V-12).
/// @custom:twin rollup_node/core/listing.py
library Listing {
    using Frames for Frame;

    uint256 internal constant LAST_LISTING_MS = 1_800_000;
    uint256 internal constant UNWANTED_MS = 86_400_000;
    uint8 internal constant OPEN = 1;
    uint8 private constant NONE = 0;
    uint8 private constant TRADING = 1;
    uint256 private constant PPM = 1_000_000;
    uint256 private constant MS = 1000;

    /// @notice The rules of an underlying's options; closed if the governor never set any.
    function readRules(Frame memory frame, uint256 underlying) internal pure returns (OptionRules memory) {
        return OptionLeaves.decodeRules(frame.get(Layout.optionRulesKey(underlying)));
    }

    /// @notice Give a free place a date of the calendar, which no other place has.
    function applyListExpiry(Frame memory frame, uint256 underlying, uint256 expirySlot, uint64 expiryAt)
        internal
        pure
        returns (Reason)
    {
        if (!_isPlace(underlying, expirySlot) || readRules(frame, underlying).status != OPEN) {
            return Reason.UNKNOWN_UNDERLYING;
        }
        if (!Calendar.isListingDate(expiryAt, frame.timeMs)) return Reason.BAD_TIME;
        bool isTaken = false;
        for (uint256 i = 0; i < Layout.EXPIRIES; ++i) {
            if (_date(frame, underlying, i) == expiryAt) isTaken = true;
        }
        if (isTaken) return Reason.SERIES_EXISTS;
        if (_date(frame, underlying, expirySlot) * MS > frame.timeMs) return Reason.SERIES_IN_USE;
        return Dates.beginDate(frame, underlying, expirySlot, expiryAt);
    }

    /// @notice Begin to trade a call and the put of a strike; they have a price from the next reprice.
    function applyListStrike(Frame memory frame, ListStrike memory record) internal pure returns (Reason) {
        if (!_isPlace(record.underlying, record.expirySlot)) return Reason.UNKNOWN_UNDERLYING;
        OptionRules memory rules = readRules(frame, record.underlying);
        if (rules.status != OPEN) return Reason.UNKNOWN_UNDERLYING;
        if (!isCallNumber(record.series)) return Reason.BAD_PARAMETERS;
        if (_date(frame, record.underlying, record.expirySlot) * MS <= frame.timeMs + LAST_LISTING_MS) {
            return Reason.EXPIRED;
        }
        uint256 index = Risk.readPrices(frame).rows[record.underlying].indexPrice;
        if (!_isNear(rules, record.strike, index)) return Reason.PRICE_OUT_OF_RANGE;
        return _listPair(frame, record, rules);
    }

    /// @notice Take a strike off its date when nobody holds or wants call or put: the date is over, or it was listed a day
    /// ago, so nobody keeps the places of others for nothing. Nor by orders: where no place is free they do not count, are
    /// void and may be pruned. Their numbers are used again when they are gone.
    function applyDelistStrike(Frame memory frame, uint16 series) internal pure returns (Reason) {
        if (!isCallNumber(series)) return Reason.BAD_PARAMETERS;
        bytes memory leaf = frame.get(Layout.termsKey(series));
        if (leaf.length == 0) return Reason.UNKNOWN_SERIES;
        SeriesTerms memory terms = MarketLeaves.decodeSeriesTerms(leaf);
        SeriesState memory call = _readState(frame, series);
        SeriesState memory put = _readState(frame, uint256(series) + 1);
        if (call.status == NONE) return Reason.UNKNOWN_SERIES;
        bool isAhead = _date(frame, terms.underlying, terms.expirySlot) * MS > frame.timeMs;
        if (isAhead && frame.timeMs < call.fundedMs + UNWANTED_MS) return Reason.NOT_EXPIRED;
        if (call.openInterest != 0 || put.openInterest != 0) return Reason.SERIES_IN_USE;
        OptionDates memory dates = OptionLeaves.decodeDates(frame.get(Layout.optionDatesKey(terms.underlying)));
        Board memory board = _readBoard(frame, terms.underlying, terms.expirySlot);
        if ((call.orders != 0 || put.orders != 0) && !_isFull(dates, board)) return Reason.SERIES_IN_USE;
        StrikeRow memory row = board.strikes[_find(board, series)];
        (row.series, row.strike) = (0, 0);
        dates.strikes -= 1;
        _store(frame, terms.underlying, terms.expirySlot, dates, board);
        (call.status, put.status) = (NONE, NONE);
        frame.put(Layout.seriesKey(series), MarketLeaves.encodeSeriesState(call));
        frame.put(Layout.seriesKey(uint256(series) + 1), MarketLeaves.encodeSeriesState(put));
        return Reason.OK;
    }

    /// @notice Whether a number may be that of a call.
    function isCallNumber(uint256 series) internal pure returns (bool) {
        return series >= Layout.FIRST_OPTION && series < Layout.SERIES_LIMIT && series & 1 == 0;
    }

    /// @dev Finds a place on the board, then writes terms and states of call and put.
    function _listPair(Frame memory frame, ListStrike memory record, OptionRules memory rules)
        private
        pure
        returns (Reason)
    {
        OptionDates memory dates = OptionLeaves.decodeDates(frame.get(Layout.optionDatesKey(record.underlying)));
        Board memory board = _readBoard(frame, record.underlying, record.expirySlot);
        for (uint256 i = 0; i < Layout.STRIKES_PER_EXPIRY; ++i) {
            StrikeRow memory row = board.strikes[i];
            if (row.series != 0 && row.strike == record.strike) return Reason.SERIES_EXISTS;
        }
        if (_isFull(dates, board)) return Reason.BOOK_FULL;
        SeriesState memory call = _readState(frame, record.series);
        SeriesState memory put = _readState(frame, uint256(record.series) + 1);
        if (_isTaken(call) || _isTaken(put)) return Reason.SERIES_EXISTS;
        _begin(frame, record, rules, record.series, call.sequence);
        _begin(frame, record, rules, record.series + 1, put.sequence);
        board.strikes[_find(board, 0)] = StrikeRow(record.series, record.strike);
        dates.strikes += 1;
        _store(frame, record.underlying, record.expirySlot, dates, board);
        return Reason.OK;
    }

    /// @dev Writes terms, risk and state of a call or put: sizes, fees and bounds as the rules are now; what an earlier listing
    /// of the number left does not count.
    function _begin(
        Frame memory frame,
        ListStrike memory record,
        OptionRules memory rules,
        uint16 series,
        uint64 sequence
    ) private pure {
        SeriesTerms memory terms;
        terms.kind = series & 1 == 1 ? OptionTerms.PUT : OptionTerms.CALL;
        (terms.underlying, terms.expirySlot) = (record.underlying, record.expirySlot);
        (terms.book, terms.strike) = (series, record.strike);
        (terms.unit, terms.lotsPerUnit) = (rules.unit, rules.lotsPerUnit);
        (terms.initialPpm, terms.maintenancePpm) = (rules.initialPpm, rules.maintenancePpm);
        (terms.takerFeePpm, terms.makerFeePpm) = (rules.takerFeePpm, int16(rules.makerFeePpm));
        (terms.bandPpm, terms.maxOrderLots) = (rules.bandPpm, rules.maxOrderLots);
        (terms.minNotional, terms.openInterestCap) = (rules.minNotional, rules.openInterestCap);
        frame.get(Layout.termsKey(series));
        frame.put(Layout.termsKey(series), MarketLeaves.encodeSeriesTerms(terms));
        frame.get(Layout.seriesRiskKey(series));
        frame.put(Layout.seriesRiskKey(series), new bytes(OptionLeaves.RISK_BYTES));
        SeriesState memory state;
        (state.status, state.sequence, state.fundedMs) = (TRADING, sequence, frame.timeMs);
        frame.put(Layout.seriesKey(series), MarketLeaves.encodeSeriesState(state));
    }

    /// @dev Writes a board, and what is known of all dates.
    function _store(
        Frame memory frame,
        uint256 underlying,
        uint256 expirySlot,
        OptionDates memory dates,
        Board memory board
    ) private pure {
        uint16 bit = uint16(2 ** expirySlot);
        dates.dates = Dates.hasStrikes(board) ? dates.dates | bit : dates.dates & ~bit;
        frame.put(Layout.optionDatesKey(underlying), OptionLeaves.encodeDates(dates));
        frame.put(Layout.boardKey(underlying, expirySlot), OptionLeaves.encodeBoard(board));
    }

    function _isPlace(uint256 underlying, uint256 expirySlot) private pure returns (bool) {
        return underlying < Layout.UNDERLYING_LIMIT && expirySlot < Layout.EXPIRIES;
    }

    function _date(Frame memory frame, uint256 underlying, uint256 expirySlot) private pure returns (uint256) {
        return MarketLeaves.expiryAtOf(frame.get(Layout.expiryKey(underlying, expirySlot)));
    }

    /// @dev Whether a strike is on the grid, and within the range around the index.
    function _isNear(OptionRules memory rules, uint256 strike, uint256 index) private pure returns (bool) {
        if (strike == 0 || strike >= Layout.PRICE_LIMIT || strike % rules.strikeStep != 0) return false;
        return (strike > index ? strike - index : index - strike) * PPM <= index * rules.strikeRangePpm;
    }

    function _readState(Frame memory frame, uint256 series) private pure returns (SeriesState memory) {
        return MarketLeaves.decodeSeriesState(frame.get(Layout.seriesKey(series)));
    }

    function _readBoard(Frame memory frame, uint256 underlying, uint256 expirySlot)
        private
        pure
        returns (Board memory)
    {
        return OptionLeaves.decodeBoard(frame.get(Layout.boardKey(underlying, expirySlot)));
    }

    /// @dev Whether a number is that of a listed series, or still holds orders.
    function _isTaken(SeriesState memory state) private pure returns (bool) {
        return state.status != NONE || state.orders != 0;
    }

    /// @dev Whether no strike more has a place on a board.
    function _isFull(OptionDates memory dates, Board memory board) private pure returns (bool) {
        return dates.strikes >= Layout.STRIKE_LIMIT || _find(board, 0) == Layout.STRIKES_PER_EXPIRY;
    }

    /// @dev First place of the board with a call, or with none (0); the number of places if there is none.
    function _find(Board memory board, uint256 series) private pure returns (uint256 place) {
        while (place < Layout.STRIKES_PER_EXPIRY && board.strikes[place].series != series) {
            ++place;
        }
    }
}
