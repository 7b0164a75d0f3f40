// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Hot} from "../types/Account.sol";
import {AssetRow, AssetTerms, SeriesState, SeriesTerms} from "../types/Market.sol";
import {SalePlace, Sales as Places} from "../types/Option.sol";
import {Reason} from "../types/Reason.sol";
import {StartSale} from "../types/Records.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {Authorities, Authority} from "./Authority.sol";
import {Cash} from "./Cash.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Flags} from "./Flags.sol";
import {Layout} from "./Layout.sol";
import {Listing} from "./Listing.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {OptionLeaves} from "./OptionLeaves.sol";
import {OptionTerms} from "./OptionTerms.sol";
import {Risk} from "./Risk.sol";
import {SalePrices} from "./SalePrices.sol";
import {Void} from "./Void.sol";

/// @notice How a covered sale begins: the strike by its delta, as many lots as are covered, a place of the series
/// (docs/spec.md P-1 to P-4).
/// @custom:twin rollup_node/core/sales.py
library Sales {
    using Frames for Frame;

    uint256 private constant PPM = 1_000_000;
    uint256 private constant MAX_START_PPM = 10_000_000;
    uint256 private constant MAX_SECONDS = 604_800;
    uint256 private constant MS = 1000;
    uint256 private constant NONE = OptionLeaves.SALE_PLACES;

    /// @dev An option that a sale may offer: the epoch of its risk, and how far its delta is from what is wanted.
    struct Choice {
        uint256 series;
        uint256 epoch;
        uint256 distance;
        uint256 strike;
    }

    /// @notice Offer lots of the option whose delta is nearest to what the account asks for.
    function applySale(Frame memory frame, StartSale memory record, Authority memory authority)
        internal
        pure
        returns (Reason reason)
    {
        reason = Authorities.authenticate(frame, record.account, 0, 0, authority, 0);
        if (reason == Reason.OK) reason = _checkShape(record);
        if (reason != Reason.OK) return reason;
        Hot memory hot = Risk.readHot(frame, record.account);
        reason = _checkStanding(hot, record.underlying, frame.timeMs);
        if (reason != Reason.OK) return reason;
        if (Risk.isRestricted(Risk.readPrices(frame).rows[record.underlying], frame.timeMs)) return Reason.STALE_PRICE;
        uint256 slot = _findDate(frame, record);
        if (slot == Layout.EXPIRIES) return Reason.NOT_FOUND;
        if (uint256(record.expiryAt) * MS <= frame.timeMs + Listing.LAST_LISTING_MS) return Reason.EXPIRED;
        uint256 series = _chooseSeries(frame, record, slot);
        return series == 0 ? Reason.NOT_FOUND : _offer(frame, record, hot, series);
    }

    function _checkShape(StartSale memory record) private pure returns (Reason) {
        bool isBad = record.call > 1 || record.lots == 0 || record.deltaPpm > PPM || record.reservePpm == 0
            || record.reservePpm > record.startPpm || record.startPpm > MAX_START_PPM || record.durationSeconds == 0
            || record.durationSeconds > MAX_SECONDS;
        if (isBad) return Reason.BAD_ORDER;
        return record.underlying < Layout.UNDERLYING_LIMIT ? Reason.OK : Reason.UNKNOWN_UNDERLYING;
    }

    /// @dev Whether an account may begin a sale: one that holds something in the underlying would not know its cover.
    function _checkStanding(Hot memory hot, uint256 underlying, uint256 timeMs) private pure returns (Reason) {
        if (hot.flags & Flags.FROZEN != 0) return Reason.FROZEN;
        if (hot.flags & Flags.LIQUIDATING != 0) return Reason.LIQUIDATING;
        if (Void.isDead(hot, timeMs)) return Reason.EXPIRED;
        if (hot.flags & Flags.CHILD != 0) return Reason.KEY_MARKET;
        return hot.rows[underlying].positions == 0 ? Reason.OK : Reason.HAS_POSITIONS;
    }

    /// @dev The first slot with the date; the number of slots if there is none.
    function _findDate(Frame memory frame, StartSale memory record) private pure returns (uint256 slot) {
        for (; slot < Layout.EXPIRIES; ++slot) {
            bytes memory leaf = frame.get(Layout.expiryKey(record.underlying, slot));
            if (MarketLeaves.expiryAtOf(leaf) == record.expiryAt) return slot;
        }
    }

    /// @dev The series whose delta is nearest to what is wanted, of equally near ones that of the lowest strike; 0 if there
    /// is none. Those that the last reprice left out do not count.
    function _chooseSeries(Frame memory frame, StartSale memory record, uint256 slot) private pure returns (uint256) {
        bytes memory board = frame.get(Layout.boardKey(record.underlying, slot));
        Choice memory best;
        for (uint256 i = 0; i < Layout.STRIKES_PER_EXPIRY; ++i) {
            uint256 series = OptionLeaves.callAt(board, i);
            if (series == 0) continue;
            if (record.call == 0) ++series;
            bytes memory risk = frame.get(Layout.seriesRiskKey(series));
            uint256 strike = OptionLeaves.strikeAt(board, i);
            uint256 distance = _distance(OptionLeaves.deltaIn(risk), record.deltaPpm);
            Choice memory next = Choice(series, OptionLeaves.epochIn(risk), distance, strike);
            if (best.series == 0 || _isBetter(next, best)) best = next;
        }
        return best.series;
    }

    function _isBetter(Choice memory next, Choice memory best) private pure returns (bool) {
        if (next.epoch != best.epoch) return next.epoch > best.epoch;
        if (next.distance != best.distance) return next.distance < best.distance;
        return next.strike < best.strike;
    }

    function _distance(int256 delta, uint256 wanted) private pure returns (uint256) {
        uint256 size = uint256(delta < 0 ? -delta : delta);
        return size > wanted ? size - wanted : wanted - size;
    }

    /// @dev Checks the series and the cover, and takes a place.
    function _offer(Frame memory frame, StartSale memory record, Hot memory hot, uint256 series)
        private
        pure
        returns (Reason reason)
    {
        SeriesTerms memory terms = MarketLeaves.decodeSeriesTerms(frame.get(Layout.termsKey(series)));
        SeriesState memory state = MarketLeaves.decodeSeriesState(frame.get(Layout.seriesKey(series)));
        if (state.status != Void.TRADING || frame.timeMs <= state.fundedMs) return Reason.SERIES_CLOSED;
        if (state.mark == 0) return Reason.STALE_PRICE;
        if (int256(uint256(record.maxFee)) < terms.makerFeePpm) return Reason.FEE_ABOVE_CAP;
        uint256 lots;
        (reason, lots) = _coveredLots(frame, record, terms);
        if (reason != Reason.OK) return reason;
        if (lots > record.lots) lots = record.lots;
        if (lots > Layout.MAX_LOTS) lots = Layout.MAX_LOTS;
        if (lots == 0) return Reason.INSUFFICIENT_BALANCE;
        if (OptionTerms.notionalUsdc(terms, lots, 0) < terms.minNotional) return Reason.BELOW_MIN_NOTIONAL;
        Places memory sales = OptionLeaves.decodeSales(frame.get(Layout.salesKey(series)));
        uint256 place = _findPlace(sales, state, record.account, lots, frame.timeMs);
        if (place == NONE) return Reason.BOOK_FULL;
        hot.version = uint32(uint256(hot.version) + 1);
        frame.put(Layout.hotKey(record.account), AccountLeaves.encodeHot(hot));
        sales.places[place] = _begin(record, hot.version, uint32(lots), frame.timeMs);
        frame.put(Layout.salesKey(series), OptionLeaves.encodeSales(sales));
        return Reason.OK;
    }

    /// @dev How many lots the account can deliver, or pay for.
    function _coveredLots(Frame memory frame, StartSale memory record, SeriesTerms memory terms)
        private
        pure
        returns (Reason, uint256)
    {
        if (record.call == 0) {
            int256 cash = Cash.readBalances(frame, record.account)[0];
            uint256 held = cash > 0 ? uint256(cash) : 0;
            return (Reason.OK, FixedPoint.divDown(held * terms.lotsPerUnit, uint256(terms.strike)));
        }
        AssetTerms memory assets = Risk.readAssets(frame);
        for (uint256 asset = 1; asset < Layout.ASSETS; ++asset) {
            AssetRow memory row = assets.rows[asset];
            if (row.underlying != record.underlying || row.exponent > Risk.MAX_EXPONENT) continue;
            uint256 held = uint256(Cash.readBalances(frame, record.account)[asset]);
            return (Reason.OK, FixedPoint.divDown(held * terms.lotsPerUnit, 10 ** uint256(row.exponent)));
        }
        return (Reason.UNKNOWN_ASSET, 0);
    }

    /// @dev The first place of the account, else the first free one, else that with the fewest lots, if they are fewer than
    /// `lots`, the first of equal ones: who wants to keep others out has to hold more than they offer. Else `NONE`.
    function _findPlace(Places memory sales, SeriesState memory state, uint256 account, uint256 lots, uint256 timeMs)
        private
        pure
        returns (uint256 place)
    {
        place = NONE;
        for (uint256 i = 0; i < NONE; ++i) {
            SalePlace memory sale = sales.places[i];
            if (sale.lots != 0 && sale.account == account) return i;
            uint256 kept = SalePrices.isLive(sale, state, timeMs) ? sale.lots : 0;
            if (kept < lots) (place, lots) = (i, kept);
        }
    }

    function _begin(StartSale memory record, uint32 version, uint32 lots, uint64 timeMs)
        private
        pure
        returns (SalePlace memory sale)
    {
        (sale.account, sale.version, sale.lots, sale.startedMs) = (record.account, version, lots, timeMs);
        uint256 endsMs = uint256(timeMs) + uint256(record.durationSeconds) * MS;
        uint256 lastMs = uint256(record.expiryAt) * MS - Listing.LAST_LISTING_MS;
        sale.endsMs = uint64(endsMs < lastMs ? endsMs : lastMs);
        (sale.startPpm, sale.reservePpm, sale.feeCapPpm) = (record.startPpm, record.reservePpm, record.maxFee);
    }
}
