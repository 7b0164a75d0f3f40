// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The price of an underlying (docs/spec.md S-7), in µUSDC per unit.
/// @param epoch Reprices so far; 0 before the first.
/// @param pricedMs When it was repriced last.
/// @param referencePrice Index as of that reprice; `reference` in the twin, a reserved word here.
/// @param indexPrice Newest index.
/// @param indexMs Time of the newest index.
/// @param pending A jump that waits for its confirmation; 0: none (V-4).
/// @custom:twin rollup_node/core/market_leaves.py PriceRow
struct PriceRow {
    uint32 epoch;
    uint64 pricedMs;
    uint64 referencePrice;
    uint64 indexPrice;
    uint64 indexMs;
    uint64 pending;
}

/// @notice Prices of the eight underlyings, and when funding premiums were sampled last: Globals leaf 1.
/// @custom:twin rollup_node/core/market_leaves.py Prices
struct Prices {
    PriceRow[] rows;
    uint64 sampledMs;
}

/// @notice What the exchange itself holds, in µUSDC: Globals leaf 3.
/// @custom:twin rollup_node/core/market_leaves.py Pools
struct Pools {
    uint128 fees;
    uint128[8] insurance;
}

/// @notice How an asset counts as collateral (docs/spec.md S-7, M-5).
/// @param underlying Prices it; 255 for none.
/// @param exponent 10^exponent smallest units are one unit.
/// @param weightPpm Share of its value that counts.
/// @param cap Smallest units per account that count.
/// @custom:twin rollup_node/core/market_leaves.py AssetRow
struct AssetRow {
    uint8 underlying;
    uint8 exponent;
    uint32 weightPpm;
    uint128 cap;
}

/// @notice The four assets; the row of USDC is not used: Globals leaf 6.
/// @custom:twin rollup_node/core/market_leaves.py AssetTerms
struct AssetTerms {
    AssetRow[4] rows;
}

/// @notice µUSDC: insurance deficit, sum of negative cash and the cap on that sum: Globals leaf 7.
/// @custom:twin rollup_node/core/market_leaves.py Credit
struct Credit {
    uint128 deficit;
    uint128 borrowed;
    uint128 borrowCap;
}

/// @notice Whose signatures make a price, a zero address being a free place: Globals leaf 8.
/// @custom:twin rollup_node/core/market_leaves.py Publishers
struct Publishers {
    uint8 threshold;
    address[8] addresses;
}

/// @notice What the oracle said last (docs/spec.md S-9).
/// @param resumedMs When reports came back after a gap; 0 if there never was one (L-1).
/// @custom:twin rollup_node/core/market_leaves.py Underlying
struct Underlying {
    uint8 status;
    uint64 round;
    uint32 confidencePpm;
    uint64 resumedMs;
}

/// @notice The live series of an underlying, 0 for a free place (docs/spec.md S-9).
/// @custom:twin rollup_node/core/market_leaves.py SeriesList
struct SeriesList {
    uint16[16] series;
}

/// @notice A settlement date (docs/spec.md S-10).
/// @param expiryAt Unix seconds.
/// @param forward Forward minus index, µUSDC per unit.
/// @param round Round of the newest forward report.
/// @param price Settlement price; 0 until it is fixed.
/// @param sum Of the rounds of its grid that are known, µUSDC per unit.
/// @param known How many these are.
/// @custom:twin rollup_node/core/market_leaves.py Expiry
struct Expiry {
    uint64 expiryAt;
    int64 forward;
    uint64 round;
    uint64 price;
    uint64 sum;
    uint8 known;
}

/// @notice The prices of the sixty rounds before a settlement date, 0: missing (docs/spec.md S-10).
/// @param expiryAt The date that they count for.
/// @custom:twin rollup_node/core/market_leaves.py SettlementGrid
struct SettlementGrid {
    uint64 expiryAt;
    uint64[60] prices;
}

/// @notice What a series is (docs/spec.md S-8); changes by messages of the governor only.
/// @param strike µUSDC per unit; 0 unless it is an option.
/// @custom:twin rollup_node/core/market_leaves.py SeriesTerms
struct SeriesTerms {
    uint8 kind;
    uint8 underlying;
    uint8 asset;
    uint8 expirySlot;
    uint16 book;
    uint32 unit;
    uint32 lotsPerUnit;
    uint32 initialPpm;
    uint32 maintenancePpm;
    uint16 takerFeePpm;
    int16 makerFeePpm;
    uint32 bandPpm;
    uint32 maxOrderLots;
    uint64 minNotional;
    uint32 openInterestCap;
    uint64 impactNotional;
    uint32 fundingClampPpm;
    int32 interestPpb;
    uint64 strike;
}

/// @notice What changes of a series with trading and repricing (docs/spec.md S-8).
/// @custom:twin rollup_node/core/market_leaves.py SeriesState
struct SeriesState {
    uint8 status;
    uint32 bid;
    uint32 ask;
    uint64 sequence;
    uint32 openInterest;
    uint32 orders;
    uint32 epoch;
    uint32 mark;
    uint32 initial;
    uint32 maintenance;
    int64 fundingIndex;
    int64 fundingRest;
    int64 premiumSum;
    uint32 premiumCount;
    uint64 fundedMs;
    uint32 low;
    uint32 high;
    uint32 triggers;
}
