// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Hot, Position, RiskRow} from "../types/Account.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {Expiry, Prices, SeriesState, SeriesTerms, SettlementGrid} from "../types/Market.sol";
import {Reason} from "../types/Reason.sol";
import {SettlementPrice} from "../types/Records.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {Averages} from "./Averages.sol";
import {Cash} from "./Cash.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Layout} from "./Layout.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {OptionTerms} from "./OptionTerms.sol";
import {Positions} from "./Positions.sol";
import {PriceRules} from "./PriceRules.sol";
import {Risk} from "./Risk.sol";
import {Standings} from "./Standing.sol";
import {Void} from "./Void.sol";

/// @notice The end of futures and options: sixty prices, their average, and each position closed at it (docs/spec.md V-9, V-10).
/// @custom:twin rollup_node/core/settlement.py
library Settlement {
    using Frames for Frame;

    uint256 internal constant STEP_SECONDS = 30;
    /// @dev Prices of the grid are accepted until so long after the settlement date.
    uint256 internal constant LATE_SECONDS = 1800;

    uint8 private constant SETTLED = 4;
    uint256 private constant MS = 1000;

    /// @notice Keep the price of one round before a settlement date; rounds come in any order, each once. A reprice is due
    /// soon: marks are of what is known (V-9).
    function applySettlementPrice(
        Frame memory frame,
        SettlementPrice memory report,
        address[] memory signers,
        uint256 clockMs
    ) internal pure returns (Reason reason) {
        reason = PriceRules.checkSigners(frame, signers);
        if (reason != Reason.OK) return reason;
        if (report.underlying >= Layout.UNDERLYING_LIMIT || report.expirySlot >= Layout.EXPIRIES) {
            return Reason.UNKNOWN_UNDERLYING;
        }
        LeafKey expiryKey = Layout.expiryKey(report.underlying, report.expirySlot);
        Expiry memory expiry = MarketLeaves.decodeExpiry(frame.get(expiryKey));
        if (!_isTimely(report, expiry.expiryAt, clockMs)) return Reason.BAD_TIME;
        if (report.price == 0 || report.price >= PriceRules.PRICE_LIMIT) return Reason.BAD_PRICE;
        LeafKey key = Layout.gridKey(report.underlying, report.expirySlot);
        SettlementGrid memory grid = _readGrid(frame, key, expiry.expiryAt);
        if (expiry.price != 0 || grid.prices[report.number] != 0) return Reason.OLD_ROUND;
        grid.prices[report.number] = report.price;
        frame.put(key, MarketLeaves.encodeGrid(grid));
        (expiry.sum, expiry.known) = (expiry.sum + report.price, expiry.known + 1);
        frame.put(expiryKey, MarketLeaves.encodeExpiry(expiry));
        PriceRules.hastenReprice(frame, report.underlying, Risk.readPrices(frame));
    }

    /// @notice Close a position of an expired future or option at the settlement price; the first one fixes the price of the date
    /// and the payout of the series (V-10).
    function applySettle(Frame memory frame, uint32 account, uint16 series) internal pure returns (Reason reason) {
        if (series == 0 || series >= Layout.SERIES_LIMIT) return Reason.UNKNOWN_SERIES;
        bytes memory leaf = frame.get(Layout.termsKey(series));
        if (leaf.length == 0) return Reason.UNKNOWN_SERIES;
        SeriesTerms memory terms = MarketLeaves.decodeSeriesTerms(leaf);
        if (account == 0 || account >= Layout.ACCOUNTS_LIMIT) return Reason.UNKNOWN_ACCOUNT;
        if (terms.kind < Void.FUTURE) return Reason.NOT_EXPIRED;
        SeriesState memory state = MarketLeaves.decodeSeriesState(frame.get(Layout.seriesKey(series)));
        (uint256 number, Position memory position) = Positions.findPosition(frame, account, series);
        if (number == Positions.NONE) return Reason.NO_POSITION;
        if (state.status != SETTLED) {
            uint256 price;
            (reason, price) = _fixPrice(frame, terms, state);
            if (reason != Reason.OK) return reason;
            _settleSeries(frame, terms, state, price);
        }
        _close(frame, account, terms.underlying, number, position, state);
        int256 lots = position.lots;
        state.openInterest -= uint32(uint256(lots < 0 ? -lots : lots));
        frame.put(Layout.seriesKey(series), MarketLeaves.encodeSeriesState(state));
    }

    function _isTimely(SettlementPrice memory report, uint256 expiryAt, uint256 clockMs) private pure returns (bool) {
        if (report.expiry == 0 || report.expiry != expiryAt || report.number >= Averages.ROUNDS) return false;
        uint256 early = STEP_SECONDS * (Averages.ROUNDS - 1 - report.number);
        return expiryAt * MS <= clockMs + early * MS && clockMs < (expiryAt + LATE_SECONDS) * MS;
    }

    /// @dev The prices of a date; those of another do not count.
    function _readGrid(Frame memory frame, LeafKey key, uint64 expiryAt)
        private
        pure
        returns (SettlementGrid memory grid)
    {
        SettlementGrid memory found = MarketLeaves.decodeGrid(frame.get(key));
        if (found.expiryAt == expiryAt) return found;
        grid.expiryAt = expiryAt;
    }

    /// @dev The settlement price of a date, µUSDC per unit, which the first settlement fixes.
    function _fixPrice(Frame memory frame, SeriesTerms memory terms, SeriesState memory state)
        private
        pure
        returns (Reason, uint256)
    {
        LeafKey key = Layout.expiryKey(terms.underlying, terms.expirySlot);
        Expiry memory expiry = MarketLeaves.decodeExpiry(frame.get(key));
        if (expiry.price != 0) return (Reason.OK, expiry.price);
        uint256 expiryAt = expiry.expiryAt;
        if (expiryAt * MS > frame.timeMs) return (Reason.NOT_EXPIRED, 0);
        LeafKey gridKey = Layout.gridKey(terms.underlying, terms.expirySlot);
        SettlementGrid memory grid = _readGrid(frame, gridKey, expiry.expiryAt);
        if (!_isWhole(grid) && frame.timeMs < (expiryAt + LATE_SECONDS) * MS) return (Reason.NOT_SETTLED, 0);
        uint256 price = _average(grid, _lastPrice(frame, terms, state));
        if (price == 0) return (Reason.NOT_SETTLED, 0);
        expiry.price = uint64(price);
        frame.put(key, MarketLeaves.encodeExpiry(expiry));
        return (Reason.OK, price);
    }

    /// @dev The price of a date without any: the last mark of a future, else the reference.
    function _lastPrice(Frame memory frame, SeriesTerms memory terms, SeriesState memory state)
        private
        pure
        returns (uint256)
    {
        if (terms.kind >= OptionTerms.CALL) return Risk.readPrices(frame).rows[terms.underlying].referencePrice;
        return uint256(state.mark) * terms.lotsPerUnit;
    }

    /// @notice What a lot is paid at a settlement price, µUSDC, rounded down.
    function computePayout(SeriesTerms memory terms, uint256 price) internal pure returns (uint256 payout) {
        uint256 strike = terms.strike;
        if (terms.kind == OptionTerms.CALL) price = price > strike ? price - strike : 0;
        if (terms.kind == OptionTerms.PUT) price = strike > price ? strike - price : 0;
        payout = FixedPoint.divDown(price, uint256(terms.lotsPerUnit));
        if (payout > Layout.MAX_LOT_VALUE) payout = Layout.MAX_LOT_VALUE;
    }

    function _isWhole(SettlementGrid memory grid) private pure returns (bool) {
        for (uint256 i = 0; i < Averages.ROUNDS; ++i) {
            if (grid.prices[i] == 0) return false;
        }
        return true;
    }

    /// @dev The average of the sixty rounds, rounded down. A missing round takes the one before it, the first ones the
    /// first there is; without any it is `last`.
    function _average(SettlementGrid memory grid, uint256 last) private pure returns (uint256) {
        uint256 held = last;
        for (uint256 i = Averages.ROUNDS; i > 0; --i) {
            if (grid.prices[i - 1] != 0) held = grid.prices[i - 1];
        }
        uint256 total = 0;
        for (uint256 i = 0; i < Averages.ROUNDS; ++i) {
            if (grid.prices[i] != 0) held = grid.prices[i];
            total += held;
        }
        return FixedPoint.divDown(total, Averages.ROUNDS);
    }

    /// @dev Brings a series to its payout, and makes every row that holds it stale: a new epoch. Its open interest
    /// counts the lots of both sides from now on.
    function _settleSeries(Frame memory frame, SeriesTerms memory terms, SeriesState memory state, uint256 price)
        private
        pure
    {
        Prices memory prices = Risk.readPrices(frame);
        prices.rows[terms.underlying].epoch += 1;
        frame.put(Layout.PRICES, MarketLeaves.encodePrices(prices));
        uint256 payout = computePayout(terms, price);
        (state.status, state.mark, state.epoch) = (SETTLED, uint32(payout), prices.rows[terms.underlying].epoch);
        (state.initial, state.maintenance) = (0, 0);
        state.openInterest *= 2;
    }

    /// @dev Turns a position into cash at the payout.
    function _close(
        Frame memory frame,
        uint32 account,
        uint256 underlying,
        uint256 number,
        Position memory position,
        SeriesState memory state
    ) private pure {
        Hot memory hot = Risk.readHot(frame, account);
        (, int256 cash) = Positions.applyFill(
            position,
            position.series,
            -int256(position.lots),
            int256(uint256(state.mark)),
            int256(state.fundingIndex),
            0
        );
        _forget(hot.rows[underlying], position, state.mark, Risk.readPrices(frame).rows[underlying].epoch);
        hot.version = uint32(uint256(hot.version) + 1);
        Position memory closed;
        Positions.storePosition(frame, account, number, closed);
        Cash.changeCash(frame, account, hot, cash);
        frame.put(Layout.hotKey(account), AccountLeaves.encodeHot(hot));
        Standings.noteInsurer(frame, account, hot, underlying);
    }

    /// @dev Takes a position of a settled series out of its row: exact if the row is current, else only its count is. Such
    /// a position requires nothing.
    function _forget(RiskRow memory row, Position memory position, uint256 mark, uint32 epoch) private pure {
        row.positions -= 1;
        if (row.epoch == epoch) {
            row.value -= int64(int256(position.lots) * int256(mark) - position.basis);
        } else if (row.positions == 0) {
            (row.value, row.initial, row.maintenance) = (0, 0, 0);
        }
    }
}
