// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SurfaceNode} from "./Surface.sol";

/// @notice How options of an underlying are listed and margined (docs/spec.md S-21); from the governor.
/// @custom:twin rollup_node/core/option_leaves.py OptionRules
struct OptionRules {
    uint8 status;
    uint32 unit;
    uint32 lotsPerUnit;
    uint64 strikeStep;
    uint32 strikeRangePpm;
    uint16 takerFeePpm;
    uint16 makerFeePpm;
    uint32 bandPpm;
    uint32 maxOrderLots;
    uint64 minNotional;
    uint32 openInterestCap;
    uint32 initialPpm;
    uint32 floorPpm;
    uint32 maintenancePpm;
    uint32 scanPpm;
}

/// @notice As much of the rules as a strike is repriced by.
/// @custom:twin rollup_node/core/option_leaves.py OptionRules
struct StrikeRules {
    uint256 status;
    uint256 initialPpm;
    uint256 floorPpm;
    uint256 maintenancePpm;
    uint256 scanPpm;
}

/// @notice Which dates have strikes, as a mask of their places, and how many strikes there are.
/// @custom:twin rollup_node/core/option_leaves.py OptionDates
struct OptionDates {
    uint16 dates;
    uint16 strikes;
}

/// @notice A strike (µUSDC per unit) and its call, whose number plus one is the put; 0: a free place.
/// @custom:twin rollup_node/core/option_leaves.py StrikeRow
struct StrikeRow {
    uint16 series;
    uint64 strike;
}

/// @notice The volatilities of a date, and its strikes.
/// @param surfaceMs Time of the newest surface; 0 if there is none.
/// @custom:twin rollup_node/core/option_leaves.py Board
struct Board {
    uint64 surfaceMs;
    SurfaceNode[16] nodes;
    StrikeRow[32] strikes;
}

/// @notice A covered sale by a hidden Dutch order (docs/spec.md S-21, P-4): all zeros is a free place.
/// @param version That of the account when it was made or filled last: any other, and the sale is void.
/// @param lots Still for sale.
/// @param startPpm Of the mark, at the start; at the end `reservePpm`.
/// @param feeCapPpm The maker fee is at most this, or nothing is sold.
/// @custom:twin rollup_node/core/option_leaves.py SalePlace
struct SalePlace {
    uint32 account;
    uint32 version;
    uint32 lots;
    uint64 startedMs;
    uint64 endsMs;
    uint32 startPpm;
    uint32 reservePpm;
    uint16 feeCapPpm;
}

/// @notice The sales in a series.
/// @custom:twin rollup_node/core/option_leaves.py Sales
struct Sales {
    SalePlace[4] places;
}
