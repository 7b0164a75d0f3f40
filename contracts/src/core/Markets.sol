// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Frame, Frames} from "../steps/Frames.sol";
import {Hot} from "../types/Account.sol";
import {LeafKey} from "../types/LeafKey.sol";
import {
    AssetRow,
    AssetTerms,
    Credit,
    Pools,
    Publishers,
    SeriesList,
    SeriesState,
    SeriesTerms,
    Underlying
} from "../types/Market.sol";
import {OptionRules} from "../types/Option.sol";
import {Reason} from "../types/Reason.sol";
import {AccountLeaves} from "./AccountLeaves.sol";
import {Cash} from "./Cash.sol";
import {Dates} from "./Dates.sol";
import {Layout} from "./Layout.sol";
import {Leaves} from "./Leaves.sol";
import {MarketLeaves} from "./MarketLeaves.sol";
import {OptionLeaves} from "./OptionLeaves.sol";

/// @notice What a series is (docs/spec.md S-8).
/// @custom:twin rollup_node/core/kinds.py SeriesKind
library SeriesKind {
    uint8 internal constant SPOT = 1;
    uint8 internal constant PERPETUAL = 2;
    uint8 internal constant FUTURE = 3;
    uint8 internal constant CALL = 4;
    uint8 internal constant PUT = 5;
}

/// @notice What may be done in a series (docs/spec.md S-8).
/// @custom:twin rollup_node/core/kinds.py SeriesStatus
library SeriesStatus {
    uint8 internal constant NONE = 0;
    uint8 internal constant TRADING = 1;
    uint8 internal constant REDUCE_ONLY = 2;
    uint8 internal constant EXPIRED = 3;
    uint8 internal constant SETTLED = 4;
}

/// @notice What the governor may say: underlyings, series, collateral, publishers, where fees go (docs/spec.md V-1).
/// @custom:twin rollup_node/core/markets.py
library Markets {
    using Frames for Frame;

    uint256 internal constant PPM = 1_000_000;
    uint256 internal constant MAX_FEE_PPM = 10_000;
    int256 internal constant MAX_INTEREST_PPB = 1_000_000;
    uint256 internal constant MAX_EXPONENT = 24;
    uint256 internal constant MAX_SCAN_PPM = 500_000;
    uint8 internal constant NO_UNDERLYING = 255;

    function setUnderlying(Frame memory frame, uint8 underlying, uint8 status) internal pure returns (Reason) {
        if (underlying >= Layout.UNDERLYING_LIMIT || status > 1) return Reason.BAD_PARAMETERS;
        LeafKey key = Layout.underlyingKey(underlying);
        Underlying memory oracle = MarketLeaves.decodeUnderlying(frame.get(key));
        oracle.status = status;
        frame.put(key, MarketLeaves.encodeUnderlying(oracle));
        return Reason.OK;
    }

    function listSeries(Frame memory frame, uint16 series, SeriesTerms memory terms) internal pure returns (Reason) {
        if (!_isLinear(series) || terms.book != series || !_isSound(terms)) return Reason.BAD_PARAMETERS;
        SeriesState memory state = MarketLeaves.decodeSeriesState(frame.get(Layout.seriesKey(series)));
        if (state.status != SeriesStatus.NONE && state.status != SeriesStatus.SETTLED) return Reason.SERIES_EXISTS;
        if (_isUsed(state)) return Reason.SERIES_IN_USE;
        LeafKey listKey = Layout.seriesListKey(terms.underlying);
        SeriesList memory listed = MarketLeaves.decodeSeriesList(frame.get(listKey));
        uint256 free = _find(listed, series);
        bool isListed = free < Layout.SERIES_PER_UNDERLYING;
        if (!isListed) free = _find(listed, 0);
        if (free == Layout.SERIES_PER_UNDERLYING) return Reason.BAD_PARAMETERS;
        Underlying memory oracle = MarketLeaves.decodeUnderlying(frame.get(Layout.underlyingKey(terms.underlying)));
        if (oracle.status != 1 || !_hasGround(frame, terms)) return Reason.BAD_PARAMETERS;
        frame.get(Layout.termsKey(series));
        frame.put(Layout.termsKey(series), MarketLeaves.encodeSeriesTerms(terms));
        SeriesState memory fresh;
        fresh.status = SeriesStatus.TRADING;
        fresh.sequence = state.sequence;
        fresh.fundingIndex = state.fundingIndex;
        frame.put(Layout.seriesKey(series), MarketLeaves.encodeSeriesState(fresh));
        if (!isListed) {
            listed.series[free] = series;
            frame.put(listKey, MarketLeaves.encodeSeriesList(listed));
        }
        return Reason.OK;
    }

    function setTerms(Frame memory frame, uint16 series, SeriesTerms memory terms) internal pure returns (Reason) {
        if (!_isLinear(series) || !_isSound(terms)) return Reason.BAD_PARAMETERS;
        LeafKey key = Layout.termsKey(series);
        bytes memory value = frame.get(key);
        if (value.length == 0) return Reason.UNKNOWN_SERIES;
        if (!_isSame(terms, MarketLeaves.decodeSeriesTerms(value))) return Reason.SERIES_IN_USE;
        frame.put(key, MarketLeaves.encodeSeriesTerms(terms));
        return Reason.OK;
    }

    function setStatus(Frame memory frame, uint16 series, uint8 status) internal pure returns (Reason) {
        if (!_isLinear(series) || !_isOpen(status)) return Reason.BAD_PARAMETERS;
        LeafKey key = Layout.seriesKey(series);
        bytes memory value = frame.get(key);
        if (value.length == 0) return Reason.UNKNOWN_SERIES;
        SeriesState memory state = MarketLeaves.decodeSeriesState(value);
        if (!_isOpen(state.status)) return Reason.SERIES_CLOSED;
        state.status = status;
        frame.put(key, MarketLeaves.encodeSeriesState(state));
        return Reason.OK;
    }

    function setAsset(Frame memory frame, uint8 asset, AssetRow memory row) internal pure returns (Reason) {
        bool isPriced = row.underlying < Layout.UNDERLYING_LIMIT || row.underlying == NO_UNDERLYING;
        bool isSound = row.exponent <= MAX_EXPONENT && row.weightPpm <= PPM && row.cap <= Layout.MAX_BALANCE;
        if (asset == 0 || asset >= Layout.ASSETS || !isPriced || !isSound) return Reason.BAD_PARAMETERS;
        AssetTerms memory assets = MarketLeaves.decodeAssetTerms(frame.get(Layout.ASSETS_TABLE));
        assets.rows[asset] = row;
        frame.put(Layout.ASSETS_TABLE, MarketLeaves.encodeAssetTerms(assets));
        return Reason.OK;
    }

    function setPublishers(Frame memory frame, Publishers memory publishers) internal pure returns (Reason) {
        uint256 named = 0;
        for (uint256 i = 0; i < publishers.addresses.length; ++i) {
            if (publishers.addresses[i] == address(0)) continue;
            ++named;
            for (uint256 j = 0; j < i; ++j) {
                if (publishers.addresses[j] == publishers.addresses[i]) return Reason.BAD_PARAMETERS;
            }
        }
        if (publishers.threshold == 0 || publishers.threshold > named) return Reason.BAD_PARAMETERS;
        frame.get(Layout.PUBLISHERS);
        frame.put(Layout.PUBLISHERS, MarketLeaves.encodePublishers(publishers));
        return Reason.OK;
    }

    function setBorrowCap(Frame memory frame, uint128 cap) internal pure returns (Reason) {
        if (cap > Layout.MAX_BALANCE) return Reason.BAD_PARAMETERS;
        Credit memory credit = MarketLeaves.decodeCredit(frame.get(Layout.CREDIT));
        credit.borrowCap = cap;
        frame.put(Layout.CREDIT, MarketLeaves.encodeCredit(credit));
        return Reason.OK;
    }

    function delistSeries(Frame memory frame, uint16 series) internal pure returns (Reason) {
        if (!_isLinear(series)) return Reason.BAD_PARAMETERS;
        SeriesState memory state = MarketLeaves.decodeSeriesState(frame.get(Layout.seriesKey(series)));
        if (state.status == SeriesStatus.NONE) return Reason.UNKNOWN_SERIES;
        if (_isUsed(state)) return Reason.SERIES_IN_USE;
        SeriesTerms memory terms = MarketLeaves.decodeSeriesTerms(frame.get(Layout.termsKey(series)));
        LeafKey key = Layout.seriesListKey(terms.underlying);
        SeriesList memory listed = MarketLeaves.decodeSeriesList(frame.get(key));
        uint256 place = _find(listed, series);
        if (place < Layout.SERIES_PER_UNDERLYING) listed.series[place] = 0;
        frame.put(key, MarketLeaves.encodeSeriesList(listed));
        state.status = SeriesStatus.NONE;
        frame.put(Layout.seriesKey(series), MarketLeaves.encodeSeriesState(state));
        return Reason.OK;
    }

    function setExpiry(Frame memory frame, uint8 underlying, uint8 expirySlot, uint64 expiryAt)
        internal
        pure
        returns (Reason)
    {
        bool isPlaced = underlying < Layout.UNDERLYING_LIMIT && expirySlot < Layout.EXPIRIES;
        if (!isPlaced || uint256(expiryAt) * 1000 <= frame.timeMs) return Reason.BAD_PARAMETERS;
        frame.get(Layout.expiryKey(underlying, expirySlot));
        return Dates.beginDate(frame, underlying, expirySlot, expiryAt);
    }

    function setOptionRules(Frame memory frame, uint8 underlying, OptionRules memory rules)
        internal
        pure
        returns (Reason)
    {
        if (underlying >= Layout.UNDERLYING_LIMIT || !_areSound(rules)) return Reason.BAD_PARAMETERS;
        LeafKey key = Layout.optionRulesKey(underlying);
        frame.get(key);
        frame.put(key, OptionLeaves.encodeRules(rules));
        return Reason.OK;
    }

    /// @notice Pay collected fees to the cash of an open account.
    function payFees(Frame memory frame, uint32 account, uint128 amount) internal pure returns (Reason) {
        Pools memory pools = MarketLeaves.decodePools(frame.get(Layout.POOLS));
        if (amount > pools.fees) return Reason.INSUFFICIENT_BALANCE;
        if (account == 0 || account >= Layout.ACCOUNTS_LIMIT) return Reason.UNKNOWN_ACCOUNT;
        bytes memory value = frame.get(Layout.balancesKey(account));
        if (value.length == 0) return Reason.UNKNOWN_ACCOUNT;
        int256 cash = Leaves.decodeBalances(value)[0];
        if (cash + int256(uint256(amount)) > Cash.MAX_CASH) return Reason.BALANCE_OVERFLOW;
        LeafKey key = Layout.hotKey(account);
        bytes memory traded = frame.get(key);
        Hot memory hot = AccountLeaves.decodeHot(traded);
        pools.fees -= amount;
        frame.put(Layout.POOLS, MarketLeaves.encodePools(pools));
        Cash.changeCash(frame, account, hot, int256(uint256(amount)));
        if (traded.length != 0) frame.put(key, AccountLeaves.encodeHot(hot));
        return Reason.OK;
    }

    function insureFees(Frame memory frame, uint8 underlying, uint128 amount) internal pure returns (Reason) {
        if (underlying >= Layout.UNDERLYING_LIMIT) return Reason.BAD_PARAMETERS;
        Pools memory pools = MarketLeaves.decodePools(frame.get(Layout.POOLS));
        if (amount > pools.fees) return Reason.INSUFFICIENT_BALANCE;
        pools.fees -= amount;
        pools.insurance[underlying] += amount;
        frame.put(Layout.POOLS, MarketLeaves.encodePools(pools));
        return Reason.OK;
    }

    function _isLinear(uint256 series) private pure returns (bool) {
        return series != 0 && series < Layout.BOOK_LIMIT;
    }

    function _isOpen(uint8 status) private pure returns (bool) {
        return status == SeriesStatus.TRADING || status == SeriesStatus.REDUCE_ONLY;
    }

    function _isUsed(SeriesState memory state) private pure returns (bool) {
        return state.openInterest != 0 || state.orders != 0 || state.triggers != 0;
    }

    function _find(SeriesList memory listed, uint256 series) private pure returns (uint256 place) {
        while (place < Layout.SERIES_PER_UNDERLYING && listed.series[place] != series) {
            ++place;
        }
    }

    /// @dev Whether what the series rests on is there: its collateral, or its date.
    function _hasGround(Frame memory frame, SeriesTerms memory terms) private pure returns (bool) {
        if (terms.kind == SeriesKind.SPOT) {
            AssetTerms memory assets = MarketLeaves.decodeAssetTerms(frame.get(Layout.ASSETS_TABLE));
            AssetRow memory row = assets.rows[terms.asset];
            return row.underlying == terms.underlying && 10 ** uint256(row.exponent) % terms.lotsPerUnit == 0;
        }
        if (terms.kind == SeriesKind.FUTURE) {
            LeafKey key = Layout.expiryKey(terms.underlying, terms.expirySlot);
            return uint256(MarketLeaves.decodeExpiry(frame.get(key)).expiryAt) * 1000 > frame.timeMs;
        }
        return true;
    }

    /// @dev Whether every term is in its range, whatever the state.
    function _isSound(SeriesTerms memory terms) private pure returns (bool) {
        bool isKnown = terms.kind >= SeriesKind.SPOT && terms.kind <= SeriesKind.FUTURE && terms.strike == 0;
        bool isPlaced = terms.underlying < Layout.UNDERLYING_LIMIT && terms.expirySlot < Layout.EXPIRIES;
        bool isKept = terms.kind == SeriesKind.SPOT ? terms.asset != 0 && terms.asset < Layout.ASSETS : terms.asset == 0;
        return isKnown && isPlaced && isKept && _isSized(terms) && _isMargined(terms) && _isCharged(terms);
    }

    function _isSized(SeriesTerms memory terms) private pure returns (bool) {
        return terms.unit != 0 && uint256(terms.unit) * Layout.TICK_LIMIT <= Layout.MAX_LOT_VALUE
            && terms.lotsPerUnit != 0 && terms.maxOrderLots <= Layout.MAX_LOTS
            && terms.openInterestCap <= Layout.MAX_LOT_VALUE;
    }

    function _isMargined(SeriesTerms memory terms) private pure returns (bool) {
        return terms.maintenancePpm != 0 && terms.maintenancePpm <= terms.initialPpm && terms.initialPpm <= PPM
            && terms.bandPpm <= PPM;
    }

    function _isCharged(SeriesTerms memory terms) private pure returns (bool) {
        int256 taker = int256(uint256(terms.takerFeePpm));
        int256 maker = terms.makerFeePpm;
        int256 interest = terms.interestPpb;
        return terms.takerFeePpm <= MAX_FEE_PPM && maker <= taker && -maker <= taker && terms.fundingClampPpm <= PPM
            && interest <= MAX_INTEREST_PPB && -interest <= MAX_INTEREST_PPB;
    }

    /// @dev Whether what prices, sizes and books rest on stays.
    function _isSame(SeriesTerms memory a, SeriesTerms memory b) private pure returns (bool) {
        return a.kind == b.kind && a.underlying == b.underlying && a.asset == b.asset && a.expirySlot == b.expirySlot
            && a.book == b.book && a.unit == b.unit && a.lotsPerUnit == b.lotsPerUnit;
    }

    /// @dev Whether rules of options are in their ranges (V-1). Strikes are whole lots.
    function _areSound(OptionRules memory rules) private pure returns (bool) {
        bool isSized = rules.status <= 1 && rules.unit != 0
            && uint256(rules.unit) * Layout.OPTION_TICK_LIMIT <= Layout.MAX_LOT_VALUE && rules.lotsPerUnit != 0
            && rules.maxOrderLots <= Layout.MAX_LOTS && rules.openInterestCap <= Layout.MAX_LOT_VALUE;
        bool isStepped = isSized && rules.strikeStep != 0 && rules.strikeStep < Layout.PRICE_LIMIT
            && rules.strikeStep % rules.lotsPerUnit == 0 && rules.strikeRangePpm < PPM;
        bool isCharged =
            rules.makerFeePpm <= rules.takerFeePpm && rules.takerFeePpm <= MAX_FEE_PPM && rules.bandPpm <= PPM;
        bool isMargined = rules.maintenancePpm != 0 && rules.maintenancePpm <= rules.floorPpm
            && rules.floorPpm <= rules.initialPpm && rules.initialPpm <= PPM;
        return isStepped && isCharged && isMargined && rules.scanPpm != 0 && rules.scanPpm <= MAX_SCAN_PPM;
    }
}
