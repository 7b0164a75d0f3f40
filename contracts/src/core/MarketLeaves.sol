// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AssetTerms,
    Credit,
    Expiry,
    Pools,
    Prices,
    Publishers,
    SeriesList,
    SeriesState,
    SeriesTerms,
    SettlementGrid,
    Underlying
} from "../types/Market.sol";
import {MarketPointers} from "./MarketPointers.sol";
import {Structs} from "./Structs.sol";

/// @notice Leaves of markets and of the exchange as a whole (docs/spec.md S-7 to S-10) as bytes, both ways. The empty leaf is all zeros.
/// @dev The tables are those of `Structs`.
/// @custom:twin rollup_node/codec/market_leaves.py
library MarketLeaves {
    /// @dev Underlying of an asset that nothing prices.
    uint8 internal constant NO_UNDERLYING = 255;

    uint256 internal constant PRICES_BYTES = 360;
    uint256 internal constant POOLS_BYTES = 144;
    uint256 internal constant ASSET_TERMS_BYTES = 88;
    uint256 internal constant CREDIT_BYTES = 48;
    uint256 internal constant PUBLISHERS_BYTES = 161;
    uint256 internal constant UNDERLYING_BYTES = 21;
    uint256 internal constant SERIES_LIST_BYTES = 32;
    uint256 internal constant EXPIRY_BYTES = 41;
    uint256 internal constant GRID_BYTES = 488;
    uint256 internal constant SERIES_TERMS_BYTES = 70;
    uint256 internal constant SERIES_STATE_BYTES = 89;

    uint256 private constant PRICE_ROWS = 8;
    uint256 private constant PRICE_ROW_BYTES = 44;
    uint256 private constant PRICE_ROW_WORDS = 6;
    uint256 private constant INDEX_AT = 20;
    uint256 private constant SAMPLED_AT = 352;
    uint256 private constant INSURANCE_AT = 16;
    uint256 private constant ASSET_ROW_BYTES = 22;
    uint256 private constant ADDRESSES_AT = 1;
    uint256 private constant GRID_AT = 8;
    uint256 private constant HALF_GRID_BYTES = 240;
    uint256 private constant HALF_GRID_MEMORY = 30 * 32;

    bytes32 private constant PRICE_ROW = hex"040808080808";
    bytes32 private constant AMOUNTS = hex"1010101010101010";
    bytes32 private constant ASSET_ROW = hex"01010410";
    bytes32 private constant CREDIT = hex"101010";
    bytes32 private constant ADDRESSES = hex"1414141414141414";
    bytes32 private constant UNDERLYING = hex"01080408";
    bytes32 private constant SERIES_LIST = hex"02020202020202020202020202020202";
    bytes32 private constant EXPIRY = hex"088808080801";
    bytes32 private constant HALF_GRID = hex"080808080808080808080808080808080808080808080808080808080808";
    bytes32 private constant SERIES_TERMS = hex"01010101020404040402820404080408048408";
    bytes32 private constant SERIES_STATE = hex"010404080404040404048888880408040404";

    function decodePrices(bytes memory value) internal pure returns (Prices memory leaf) {
        Structs.makeRows(MarketPointers.pointerTo(leaf), PRICE_ROWS, PRICE_ROW_WORDS);
        if (!Structs.isPresent(value, PRICES_BYTES)) return leaf;
        _unpackPrices(value, MarketPointers.pointerTo(leaf.rows));
        leaf.sampledMs = uint64(Structs.number(value, SAMPLED_AT, 8));
    }

    /// @dev What the table of a row says, at a fifth of its gas. The fifth field lies in two words.
    function _unpackPrices(bytes memory value, uint256 place) private pure {
        assembly ("memory-safe") {
            let source := add(value, 32)
            for { let end := add(place, shl(5, PRICE_ROWS)) } lt(place, end) { place := add(place, 32) } {
                let word := mload(source)
                let rest := shr(160, mload(add(source, 32)))
                if or(word, rest) {
                    let row := mload(place)
                    mstore(row, shr(224, word))
                    mstore(add(row, 32), and(shr(160, word), 0xffffffffffffffff))
                    mstore(add(row, 64), and(shr(96, word), 0xffffffffffffffff))
                    mstore(add(row, 96), and(shr(32, word), 0xffffffffffffffff))
                    mstore(add(row, 128), or(shl(32, and(word, 0xffffffff)), shr(64, rest)))
                    mstore(add(row, 160), and(rest, 0xffffffffffffffff))
                }
                source := add(source, PRICE_ROW_BYTES)
            }
        }
    }

    /// @notice Epoch and newest index of one underlying < 8, by the leaf alone.
    function indexOf(bytes memory value, uint256 underlying) internal pure returns (uint32 epoch, uint256 indexPrice) {
        if (!Structs.isPresent(value, PRICES_BYTES)) return (0, 0);
        uint256 offset = PRICE_ROW_BYTES * underlying;
        return (uint32(Structs.number(value, offset, 4)), Structs.number(value, offset + INDEX_AT, 8));
    }

    function encodePrices(Prices memory leaf) internal pure returns (bytes memory value) {
        value = new bytes(SAMPLED_AT);
        Structs.packRows(MarketPointers.pointerTo(leaf.rows), PRICE_ROWS, PRICE_ROW, PRICE_ROW_BYTES, value, 0);
        value = abi.encodePacked(value, leaf.sampledMs);
    }

    function decodePools(bytes memory value) internal pure returns (Pools memory leaf) {
        if (!Structs.isPresent(value, POOLS_BYTES)) return leaf;
        leaf.fees = uint128(Structs.number(value, 0, INSURANCE_AT));
        Structs.unpack(value, INSURANCE_AT, AMOUNTS, MarketPointers.pointerTo(leaf.insurance));
    }

    function encodePools(Pools memory leaf) internal pure returns (bytes memory) {
        return abi.encodePacked(
            leaf.fees, Structs.encode(MarketPointers.pointerTo(leaf.insurance), AMOUNTS, POOLS_BYTES - INSURANCE_AT)
        );
    }

    /// @notice The four assets; of the empty leaf no row has an underlying.
    function decodeAssetTerms(bytes memory value) internal pure returns (AssetTerms memory leaf) {
        bool present = Structs.isPresent(value, ASSET_TERMS_BYTES);
        for (uint256 i = 0; i < 4; ++i) {
            if (present) Structs.unpack(value, ASSET_ROW_BYTES * i, ASSET_ROW, MarketPointers.pointerTo(leaf.rows[i]));
            else leaf.rows[i].underlying = NO_UNDERLYING;
        }
    }

    function encodeAssetTerms(AssetTerms memory leaf) internal pure returns (bytes memory value) {
        value = new bytes(ASSET_TERMS_BYTES);
        for (uint256 i = 0; i < 4; ++i) {
            Structs.pack(MarketPointers.pointerTo(leaf.rows[i]), ASSET_ROW, value, ASSET_ROW_BYTES * i);
        }
    }

    function decodeCredit(bytes memory value) internal pure returns (Credit memory leaf) {
        Structs.decode(value, CREDIT_BYTES, CREDIT, MarketPointers.pointerTo(leaf));
    }

    function encodeCredit(Credit memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(MarketPointers.pointerTo(leaf), CREDIT, CREDIT_BYTES);
    }

    function decodePublishers(bytes memory value) internal pure returns (Publishers memory leaf) {
        if (!Structs.isPresent(value, PUBLISHERS_BYTES)) return leaf;
        leaf.threshold = uint8(value[0]);
        Structs.unpack(value, ADDRESSES_AT, ADDRESSES, MarketPointers.pointerTo(leaf.addresses));
    }

    function encodePublishers(Publishers memory leaf) internal pure returns (bytes memory) {
        uint256 size = PUBLISHERS_BYTES - ADDRESSES_AT;
        return
            abi.encodePacked(leaf.threshold, Structs.encode(MarketPointers.pointerTo(leaf.addresses), ADDRESSES, size));
    }

    function decodeUnderlying(bytes memory value) internal pure returns (Underlying memory leaf) {
        Structs.decode(value, UNDERLYING_BYTES, UNDERLYING, MarketPointers.pointerTo(leaf));
    }

    function encodeUnderlying(Underlying memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(MarketPointers.pointerTo(leaf), UNDERLYING, UNDERLYING_BYTES);
    }

    function decodeSeriesList(bytes memory value) internal pure returns (SeriesList memory leaf) {
        Structs.decode(value, SERIES_LIST_BYTES, SERIES_LIST, MarketPointers.pointerTo(leaf.series));
    }

    function encodeSeriesList(SeriesList memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(MarketPointers.pointerTo(leaf.series), SERIES_LIST, SERIES_LIST_BYTES);
    }

    /// @notice When a settlement date is, by its leaf alone; 0 if it is not set.
    function expiryAtOf(bytes memory value) internal pure returns (uint256) {
        return Structs.isPresent(value, EXPIRY_BYTES) ? Structs.number(value, 0, 8) : 0;
    }

    function decodeExpiry(bytes memory value) internal pure returns (Expiry memory leaf) {
        Structs.decode(value, EXPIRY_BYTES, EXPIRY, MarketPointers.pointerTo(leaf));
    }

    function encodeExpiry(Expiry memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(MarketPointers.pointerTo(leaf), EXPIRY, EXPIRY_BYTES);
    }

    function decodeGrid(bytes memory value) internal pure returns (SettlementGrid memory leaf) {
        if (!Structs.isPresent(value, GRID_BYTES)) return leaf;
        leaf.expiryAt = uint64(Structs.number(value, 0, GRID_AT));
        uint256 target = MarketPointers.pointerTo(leaf.prices);
        Structs.unpack(value, GRID_AT, HALF_GRID, target);
        Structs.unpack(value, GRID_AT + HALF_GRID_BYTES, HALF_GRID, target + HALF_GRID_MEMORY);
    }

    function encodeGrid(SettlementGrid memory leaf) internal pure returns (bytes memory) {
        bytes memory prices = new bytes(GRID_BYTES - GRID_AT);
        uint256 source = MarketPointers.pointerTo(leaf.prices);
        Structs.pack(source, HALF_GRID, prices, 0);
        Structs.pack(source + HALF_GRID_MEMORY, HALF_GRID, prices, HALF_GRID_BYTES);
        return abi.encodePacked(leaf.expiryAt, prices);
    }

    function decodeSeriesTerms(bytes memory value) internal pure returns (SeriesTerms memory leaf) {
        if (!Structs.isPresent(value, SERIES_TERMS_BYTES)) return leaf;
        leaf.kind = uint8(Structs.number(value, 0, 1));
        leaf.underlying = uint8(Structs.number(value, 1, 1));
        leaf.asset = uint8(Structs.number(value, 2, 1));
        leaf.expirySlot = uint8(Structs.number(value, 3, 1));
        leaf.book = uint16(Structs.number(value, 4, 2));
        leaf.unit = uint32(Structs.number(value, 6, 4));
        leaf.lotsPerUnit = uint32(Structs.number(value, 10, 4));
        leaf.initialPpm = uint32(Structs.number(value, 14, 4));
        leaf.maintenancePpm = uint32(Structs.number(value, 18, 4));
        leaf.takerFeePpm = uint16(Structs.number(value, 22, 2));
        leaf.makerFeePpm = int16(uint16(Structs.number(value, 24, 2)));
        leaf.bandPpm = uint32(Structs.number(value, 26, 4));
        leaf.maxOrderLots = uint32(Structs.number(value, 30, 4));
        leaf.minNotional = uint64(Structs.number(value, 34, 8));
        leaf.openInterestCap = uint32(Structs.number(value, 42, 4));
        leaf.impactNotional = uint64(Structs.number(value, 46, 8));
        leaf.fundingClampPpm = uint32(Structs.number(value, 54, 4));
        leaf.interestPpb = int32(uint32(Structs.number(value, 58, 4)));
        leaf.strike = uint64(Structs.number(value, 62, 8));
    }

    /// @notice Strike and lots per unit of a series, by the leaf alone.
    function strikeOf(bytes memory value) internal pure returns (uint256 strike, uint256 lotsPerUnit) {
        if (!Structs.isPresent(value, SERIES_TERMS_BYTES)) return (0, 0);
        return (Structs.number(value, 62, 8), Structs.number(value, 10, 4));
    }

    /// @notice The status of a series, by the leaf alone.
    function statusOf(bytes memory value) internal pure returns (uint8) {
        return Structs.isPresent(value, SERIES_STATE_BYTES) ? uint8(Structs.number(value, 0, 1)) : 0;
    }

    /// @notice The state of a series with another status and epoch.
    function withStatus(bytes memory value, uint8 status, uint32 epoch) internal pure returns (bytes memory changed) {
        changed = new bytes(SERIES_STATE_BYTES);
        uint256 size = value.length;
        assembly ("memory-safe") {
            mcopy(add(changed, 32), add(value, 32), size)
            mstore8(add(changed, 32), status)
            let place := add(changed, 57)
            mstore(place, or(shl(224, epoch), shr(32, shl(32, mload(place)))))
        }
    }

    /// @notice Change mark and requirements in the state of a series, in place.
    function setMark(bytes memory value, uint256 mark, uint256 initial, uint256 maintenance) internal pure {
        assembly ("memory-safe") {
            let place := add(value, 61)
            let prices := or(shl(224, mark), or(shl(192, initial), shl(160, and(maintenance, 0xffffffff))))
            mstore(place, or(prices, shr(96, shl(96, mload(place)))))
        }
    }

    /// @notice As much of a series as the value and the risk of a position need, by its two leaves alone.
    function readValuation(bytes memory terms, bytes memory state, SeriesTerms memory known, SeriesState memory now_)
        internal
        pure
    {
        uint256 isListed = Structs.isPresent(terms, SERIES_TERMS_BYTES) ? 1 : 0;
        uint256 isThere = Structs.isPresent(state, SERIES_STATE_BYTES) ? 1 : 0;
        assembly ("memory-safe") {
            let word := mul(mload(add(terms, 32)), isListed)
            mstore(known, byte(0, word)) // kind
            mstore(add(known, 0x20), byte(1, word)) // underlying
            mstore(add(known, 0x60), byte(3, word)) // expirySlot
            mstore(add(known, 0xc0), and(shr(144, word), 0xffffffff)) // lotsPerUnit
            mstore(now_, mul(byte(0, mload(add(state, 32))), isThere)) // status
            word := mul(mload(add(state, 61)), isThere)
            mstore(add(now_, 0xe0), shr(224, word)) // mark
            mstore(add(now_, 0x100), and(shr(192, word), 0xffffffff)) // initial
            mstore(add(now_, 0x120), and(shr(160, word), 0xffffffff)) // maintenance
            mstore(add(now_, 0x140), signextend(7, shr(96, word))) // fundingIndex
        }
    }

    function encodeSeriesTerms(SeriesTerms memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(MarketPointers.pointerTo(leaf), SERIES_TERMS, SERIES_TERMS_BYTES);
    }

    function decodeSeriesState(bytes memory value) internal pure returns (SeriesState memory leaf) {
        if (!Structs.isPresent(value, SERIES_STATE_BYTES)) return leaf;
        leaf.status = uint8(Structs.number(value, 0, 1));
        leaf.bid = uint32(Structs.number(value, 1, 4));
        leaf.ask = uint32(Structs.number(value, 5, 4));
        leaf.sequence = uint64(Structs.number(value, 9, 8));
        leaf.openInterest = uint32(Structs.number(value, 17, 4));
        leaf.orders = uint32(Structs.number(value, 21, 4));
        leaf.epoch = uint32(Structs.number(value, 25, 4));
        leaf.mark = uint32(Structs.number(value, 29, 4));
        leaf.initial = uint32(Structs.number(value, 33, 4));
        leaf.maintenance = uint32(Structs.number(value, 37, 4));
        leaf.fundingIndex = int64(uint64(Structs.number(value, 41, 8)));
        leaf.fundingRest = int64(uint64(Structs.number(value, 49, 8)));
        leaf.premiumSum = int64(uint64(Structs.number(value, 57, 8)));
        leaf.premiumCount = uint32(Structs.number(value, 65, 4));
        leaf.fundedMs = uint64(Structs.number(value, 69, 8));
        leaf.low = uint32(Structs.number(value, 77, 4));
        leaf.high = uint32(Structs.number(value, 81, 4));
        leaf.triggers = uint32(Structs.number(value, 85, 4));
    }

    function encodeSeriesState(SeriesState memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(MarketPointers.pointerTo(leaf), SERIES_STATE, SERIES_STATE_BYTES);
    }
}
