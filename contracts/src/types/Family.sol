// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RecordKind} from "./RecordKind.sol";

/// @notice Families of steps, each executed by one step contract; which one runs a step is docs/spec.md X-12. They are as
/// small as EIP-170 wants them (ADR 11).
/// @custom:twin rollup_node/core/families.py
library Family {
    uint256 internal constant ACCOUNT = 0;
    uint256 internal constant DEPOSIT = 1;
    uint256 internal constant ORDER = 2;
    uint256 internal constant MATCH = 3;
    uint256 internal constant PRICE = 4;
    uint256 internal constant RISK = 5;
    uint256 internal constant LIQUIDATION = 6;
    uint256 internal constant KEY = 7;
    uint256 internal constant MARKET = 8;
    uint256 internal constant REPLACE = 9;
    uint256 internal constant LEG = 10;
    uint256 internal constant SWEEP = 11;
    uint256 internal constant REPRICE = 12;
    uint256 internal constant SETTLEMENT = 13;
    uint256 internal constant AUCTION = 14;
    uint256 internal constant TRIGGER = 15;
    uint256 internal constant MOVE = 16;
    uint256 internal constant OPTION = 17;
    uint256 internal constant STRIKE = 18;
    uint256 internal constant RFQ = 19;
    uint256 internal constant SALE = 20;

    uint256 internal constant COUNT = 21;
    /// @dev Of a body that belongs to no family.
    uint256 internal constant NONE = COUNT;

    /// @notice The family of a record or forced transaction, by its first byte: that of its high nibble, unless it has one
    /// of its own.
    function ofBody(bytes memory body) internal pure returns (uint256) {
        uint256 kind = body.length == 0 ? 0 : uint8(body[0]);
        uint256 nibble = kind >> 4;
        if (nibble == 1) return ACCOUNT;
        if (nibble == 2) return _ofOrder(kind);
        if (nibble == 3) return _ofPrice(kind);
        if (nibble == 4) return _ofLiquidation(kind);
        if (nibble == 5) return kind == RecordKind.MOVE_POSITION ? MOVE : KEY;
        return NONE;
    }

    /// @notice The family that executes the task steps of a phase. Total: no phase is left without one.
    function ofPhase(uint256 phase) internal pure returns (uint256) {
        if (phase == Phase.TAKE) return MATCH;
        if (phase == Phase.LEG) return LEG;
        if (phase == Phase.SWEEP) return SWEEP;
        if (phase == Phase.REFRESH || phase == Phase.LEAVE) return RISK;
        if (phase == Phase.DRAIN) return TRIGGER;
        if (phase == Phase.STRIKE) return STRIKE;
        if (phase == Phase.RFQ) return RFQ;
        return phase == Phase.LIQUIDATE ? LIQUIDATION : REPRICE;
    }

    function _ofOrder(uint256 kind) private pure returns (uint256) {
        if (kind == RecordKind.REPLACE) return REPLACE;
        if (kind == RecordKind.EXECUTE_RFQ) return RFQ;
        if (kind == RecordKind.SALE) return SALE;
        bool sweeps = kind == RecordKind.CANCEL || kind == RecordKind.CANCEL_ALL;
        return sweeps || kind == RecordKind.QUOTE || kind == RecordKind.PRUNE ? SWEEP : ORDER;
    }

    function _ofPrice(uint256 kind) private pure returns (uint256) {
        if (kind >= RecordKind.SURFACE_REPORT && kind <= RecordKind.DELIST_STRIKE) return OPTION;
        return kind == RecordKind.SETTLEMENT_PRICE || kind == RecordKind.SETTLE ? SETTLEMENT : PRICE;
    }

    function _ofLiquidation(uint256 kind) private pure returns (uint256) {
        if (kind == RecordKind.BID || kind == RecordKind.TAKEOVER) return AUCTION;
        return kind == RecordKind.TRIGGER ? TRIGGER : LIQUIDATION;
    }
}

/// @notice Where the machine stands between two steps (docs/spec.md S-1, X-2).
/// @custom:twin rollup_node/core/kinds.py Phase
library Phase {
    uint8 internal constant BETWEEN = 0;
    uint8 internal constant IDLE = 1;
    uint8 internal constant TAKE = 2;
    uint8 internal constant LEG = 3;
    uint8 internal constant SWEEP = 4;
    uint8 internal constant REFRESH = 5;
    uint8 internal constant REPRICE = 6;
    uint8 internal constant SAMPLE = 7;
    uint8 internal constant DRAIN = 8;
    uint8 internal constant LEAVE = 9;
    uint8 internal constant LIQUIDATE = 10;
    uint8 internal constant STRIKE = 11;
    uint8 internal constant RFQ = 12;

    /// @dev Never in a cursor: tells family PRICE that a block begins.
    uint8 internal constant BLOCK_BEGIN = 255;
}

/// @notice The order inside a block: a record of a lower class than the cursor's has no effect (docs/spec.md S-1).
/// @custom:twin rollup_node/core/kinds.py OrderClass
library OrderClass {
    uint8 internal constant ORACLE = 0;
    uint8 internal constant LIQUIDATION = 2;
    uint8 internal constant MAKER = 3;
    uint8 internal constant TAKER = 4;
    uint8 internal constant DELAYED = 5;
}
