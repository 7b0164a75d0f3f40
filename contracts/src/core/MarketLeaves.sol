// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AssetRow,
    AssetTerms,
    Credit,
    Expiry,
    Pools,
    PriceRow,
    Prices,
    Publishers,
    SeriesList,
    SeriesState,
    SeriesTerms,
    Underlying
} from "../types/Market.sol";
import {Words} from "./Words.sol";

/// @notice Leaves of markets and of the exchange as a whole (docs/spec.md S-7 to S-10) as bytes, both ways. The empty leaf is all zeros.
/// @custom:twin rollup_node/codec/market_leaves.py
library MarketLeaves {
    using Words for bytes;
    using Words for uint256[];

    /// @dev Underlying of an asset that nothing prices.
    uint8 internal constant NO_UNDERLYING = 255;

    uint256 internal constant PRICES_BYTES = 296;
    uint256 internal constant POOLS_BYTES = 144;
    uint256 internal constant ASSET_TERMS_BYTES = 88;
    uint256 internal constant CREDIT_BYTES = 48;
    uint256 internal constant PUBLISHERS_BYTES = 161;
    uint256 internal constant UNDERLYING_BYTES = 29;
    uint256 internal constant SERIES_LIST_BYTES = 32;
    uint256 internal constant EXPIRY_BYTES = 64;
    uint256 internal constant SERIES_TERMS_BYTES = 61;
    uint256 internal constant SERIES_STATE_BYTES = 89;

    function decodePrices(bytes memory value) internal pure returns (Prices memory leaf) {
        if (value.length == 0) return leaf;
        uint256[] memory w = value.load(PRICES_BYTES);
        for (uint256 i = 0; i < 8; ++i) {
            leaf.rows[i] = _readPriceRow(w, 288 * i);
        }
        leaf.sampledMs = w.u64(2304);
    }

    function encodePrices(Prices memory leaf) internal pure returns (bytes memory value) {
        for (uint256 i = 0; i < 8; ++i) {
            value = bytes.concat(value, _packPriceRow(leaf.rows[i]));
        }
        value = abi.encodePacked(value, leaf.sampledMs);
    }

    function decodePools(bytes memory value) internal pure returns (Pools memory leaf) {
        if (value.length == 0) return leaf;
        uint256[] memory w = value.load(POOLS_BYTES);
        leaf.fees = w.u128(0);
        for (uint256 i = 0; i < 8; ++i) {
            leaf.insurance[i] = w.u128(128 + 128 * i);
        }
    }

    function encodePools(Pools memory leaf) internal pure returns (bytes memory value) {
        value = abi.encodePacked(leaf.fees);
        for (uint256 i = 0; i < 8; ++i) {
            value = abi.encodePacked(value, leaf.insurance[i]);
        }
    }

    /// @notice The four assets; of the empty leaf no row has an underlying.
    function decodeAssetTerms(bytes memory value) internal pure returns (AssetTerms memory leaf) {
        if (value.length == 0) {
            for (uint256 i = 0; i < 4; ++i) {
                leaf.rows[i].underlying = NO_UNDERLYING;
            }
            return leaf;
        }
        uint256[] memory w = value.load(ASSET_TERMS_BYTES);
        for (uint256 i = 0; i < 4; ++i) {
            leaf.rows[i] = _readAssetRow(w, 176 * i);
        }
    }

    function encodeAssetTerms(AssetTerms memory leaf) internal pure returns (bytes memory value) {
        for (uint256 i = 0; i < 4; ++i) {
            value = abi.encodePacked(value, _packAssetRow(leaf.rows[i]));
        }
    }

    function decodeCredit(bytes memory value) internal pure returns (Credit memory leaf) {
        if (value.length == 0) return leaf;
        uint256[] memory w = value.load(CREDIT_BYTES);
        leaf.deficit = w.u128(0);
        leaf.borrowed = w.u128(128);
        leaf.borrowCap = w.u128(256);
    }

    function encodeCredit(Credit memory leaf) internal pure returns (bytes memory) {
        return abi.encodePacked(leaf.deficit, leaf.borrowed, leaf.borrowCap);
    }

    function decodePublishers(bytes memory value) internal pure returns (Publishers memory leaf) {
        if (value.length == 0) return leaf;
        uint256[] memory w = value.load(PUBLISHERS_BYTES);
        leaf.threshold = w.u8(0);
        for (uint256 i = 0; i < 8; ++i) {
            leaf.addresses[i] = w.addressAt(8 + 160 * i);
        }
    }

    function encodePublishers(Publishers memory leaf) internal pure returns (bytes memory value) {
        value = abi.encodePacked(leaf.threshold);
        for (uint256 i = 0; i < 8; ++i) {
            value = abi.encodePacked(value, leaf.addresses[i]);
        }
    }

    function decodeUnderlying(bytes memory value) internal pure returns (Underlying memory leaf) {
        if (value.length == 0) return leaf;
        uint256[] memory w = value.load(UNDERLYING_BYTES);
        leaf.status = w.u8(0);
        leaf.round = w.u64(8);
        leaf.pendingPrice = w.u64(72);
        leaf.pendingRound = w.u64(136);
        leaf.confidencePpm = w.u32(200);
    }

    function encodeUnderlying(Underlying memory leaf) internal pure returns (bytes memory) {
        return abi.encodePacked(leaf.status, leaf.round, leaf.pendingPrice, leaf.pendingRound, leaf.confidencePpm);
    }

    function decodeSeriesList(bytes memory value) internal pure returns (SeriesList memory leaf) {
        if (value.length == 0) return leaf;
        uint256 word = value.load(SERIES_LIST_BYTES)[0];
        for (uint256 i = 0; i < 16; ++i) {
            leaf.series[i] = uint16(word >> 16 * (15 - i));
        }
    }

    function encodeSeriesList(SeriesList memory leaf) internal pure returns (bytes memory value) {
        uint256 word = 0;
        for (uint256 i = 0; i < 16; ++i) {
            word = word << 16 | leaf.series[i];
        }
        value = abi.encodePacked(word);
    }

    function decodeExpiry(bytes memory value) internal pure returns (Expiry memory leaf) {
        if (value.length == 0) return leaf;
        uint256[] memory w = value.load(EXPIRY_BYTES);
        leaf.expiryAt = w.u64(0);
        leaf.forward = w.i64(64);
        leaf.round = w.u64(128);
        leaf.rounds = w.u64(192);
        leaf.total = w.u128(256);
        leaf.last = w.u64(384);
        leaf.price = w.u64(448);
    }

    function encodeExpiry(Expiry memory leaf) internal pure returns (bytes memory) {
        return abi.encodePacked(leaf.expiryAt, leaf.forward, leaf.round, leaf.rounds, leaf.total, leaf.last, leaf.price);
    }

    function decodeSeriesTerms(bytes memory value) internal pure returns (SeriesTerms memory leaf) {
        if (value.length == 0) return leaf;
        uint256[] memory w = value.load(SERIES_TERMS_BYTES);
        leaf.kind = w.u8(0);
        leaf.underlying = w.u8(8);
        leaf.asset = w.u8(16);
        leaf.expirySlot = w.u8(24);
        leaf.book = w.u8(32);
        leaf.unit = w.u32(40);
        leaf.lotsPerUnit = w.u32(72);
        leaf.initialPpm = w.u32(104);
        leaf.maintenancePpm = w.u32(136);
        leaf.takerFeePpm = w.u16(168);
        leaf.makerFeePpm = int16(w.u16(184));
        leaf.bandPpm = w.u32(200);
        leaf.maxOrderLots = w.u32(232);
        leaf.minNotional = w.u64(264);
        leaf.openInterestCap = w.u32(328);
        leaf.impactNotional = w.u64(360);
        leaf.fundingClampPpm = w.u32(424);
        leaf.interestPpb = int32(w.u32(456));
    }

    function encodeSeriesTerms(SeriesTerms memory leaf) internal pure returns (bytes memory) {
        return bytes.concat(
            abi.encodePacked(
                leaf.kind,
                leaf.underlying,
                leaf.asset,
                leaf.expirySlot,
                leaf.book,
                leaf.unit,
                leaf.lotsPerUnit,
                leaf.initialPpm,
                leaf.maintenancePpm
            ),
            abi.encodePacked(
                leaf.takerFeePpm,
                leaf.makerFeePpm,
                leaf.bandPpm,
                leaf.maxOrderLots,
                leaf.minNotional,
                leaf.openInterestCap,
                leaf.impactNotional,
                leaf.fundingClampPpm,
                leaf.interestPpb
            )
        );
    }

    function decodeSeriesState(bytes memory value) internal pure returns (SeriesState memory leaf) {
        if (value.length == 0) return leaf;
        uint256[] memory w = value.load(SERIES_STATE_BYTES);
        leaf.status = w.u8(0);
        leaf.bid = w.u32(8);
        leaf.ask = w.u32(40);
        leaf.sequence = w.u64(72);
        leaf.openInterest = w.u32(136);
        leaf.orders = w.u32(168);
        leaf.epoch = w.u32(200);
        leaf.mark = w.u32(232);
        leaf.initial = w.u32(264);
        leaf.maintenance = w.u32(296);
        leaf.fundingIndex = w.i64(328);
        leaf.fundingRest = w.i64(392);
        leaf.premiumSum = w.i64(456);
        leaf.premiumCount = w.u32(520);
        leaf.fundedMs = w.u64(552);
        leaf.low = w.u32(616);
        leaf.high = w.u32(648);
        leaf.triggers = w.u32(680);
    }

    function encodeSeriesState(SeriesState memory leaf) internal pure returns (bytes memory) {
        return bytes.concat(
            abi.encodePacked(
                leaf.status,
                leaf.bid,
                leaf.ask,
                leaf.sequence,
                leaf.openInterest,
                leaf.orders,
                leaf.epoch,
                leaf.mark,
                leaf.initial
            ),
            abi.encodePacked(
                leaf.maintenance,
                leaf.fundingIndex,
                leaf.fundingRest,
                leaf.premiumSum,
                leaf.premiumCount,
                leaf.fundedMs,
                leaf.low,
                leaf.high,
                leaf.triggers
            )
        );
    }

    function _readPriceRow(uint256[] memory w, uint256 bit) private pure returns (PriceRow memory row) {
        row.epoch = w.u32(bit);
        uint256 word = w.field(bit + 32, 256);
        row.pricedMs = uint64(word >> 192);
        row.referencePrice = uint64(word >> 128);
        row.indexPrice = uint64(word >> 64);
        row.indexMs = uint64(word);
    }

    function _packPriceRow(PriceRow memory row) private pure returns (bytes memory) {
        uint256 word = uint256(row.pricedMs) << 192 | uint256(row.referencePrice) << 128 | uint256(row.indexPrice) << 64
            | uint256(row.indexMs);
        return abi.encodePacked(row.epoch, word);
    }

    function _readAssetRow(uint256[] memory w, uint256 bit) private pure returns (AssetRow memory row) {
        uint256 word = w.field(bit, 176);
        row.underlying = uint8(word >> 168);
        row.exponent = uint8(word >> 160);
        row.weightPpm = uint32(word >> 128);
        row.cap = uint128(word);
    }

    function _packAssetRow(AssetRow memory row) private pure returns (uint176) {
        return uint176(
            uint256(row.underlying) << 168 | uint256(row.exponent) << 160 | uint256(row.weightPpm) << 128
                | uint256(row.cap)
        );
    }
}
