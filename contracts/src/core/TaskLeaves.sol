// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    LeaveTask,
    LiquidationTask,
    PriceTask,
    QuoteHead,
    QuoteLeg,
    QuoteTask,
    RefreshTask,
    RfqTask,
    SweepTask,
    Taker
} from "../types/Task.sol";
import {Layout} from "./Layout.sol";
import {Structs} from "./Structs.sol";
import {TaskPointers} from "./TaskPointers.sol";

/// @notice Leaves of what is in flight (docs/spec.md S-20) as bytes, both ways. The empty leaf is all zeros.
/// @dev The tables are those of `Structs`; rows begin where the head ends.
/// @custom:twin rollup_node/codec/task_leaves.py
library TaskLeaves {
    uint256 internal constant TAKER_BYTES = 48;
    uint256 internal constant REFRESH_TASK_BYTES = 206;
    uint256 internal constant QUOTE_TASK_BYTES = 273;
    uint256 internal constant SWEEP_TASK_BYTES = 11;
    uint256 internal constant PRICE_TASK_BYTES = 13;
    uint256 internal constant LEAVE_TASK_BYTES = 38;
    uint256 internal constant LIQUIDATION_TASK_BYTES = 7;
    uint256 internal constant RFQ_TASK_BYTES = 95;

    uint256 private constant REFRESH_ROWS_AT = 6;
    uint256 private constant REFRESH_ROWS = 8;
    uint256 private constant REFRESH_ROW_BYTES = 25;
    uint256 private constant REFRESH_ROW_WORDS = 4;
    /// @dev The rows are the fourth member.
    uint256 private constant REFRESH_ROWS_MEMBER = 3 * 32;
    uint256 private constant QUOTE_LEGS_AT = 13;
    uint256 private constant QUOTE_LEG_BYTES = 13;
    uint256 private constant RFQ_LEGS_AT = 15;
    uint256 private constant RFQ_LEG_BYTES = 10;

    bytes32 private constant TAKER = hex"0402020404040802040201020204010101";
    bytes32 private constant REFRESH_TASK = hex"040101";
    bytes32 private constant REFRESH_ROW = hex"01880808";
    bytes32 private constant QUOTE_TASK = hex"040102040101";
    bytes32 private constant QUOTE_LEG = hex"0201020404";
    bytes32 private constant SWEEP_TASK = hex"040102020101";
    bytes32 private constant PRICE_TASK = hex"0101010202010104";
    bytes32 private constant LEAVE_TASK = hex"0104010c14";
    bytes32 private constant LIQUIDATION_TASK = hex"040201";
    bytes32 private constant RFQ_TASK = hex"04010204010201";
    bytes32 private constant RFQ_LEG = hex"028404";

    function decodeTaker(bytes memory value) internal pure returns (Taker memory leaf) {
        if (!Structs.isPresent(value, TAKER_BYTES)) return leaf;
        leaf.account = uint32(Structs.number(value, 0, 4));
        leaf.series = uint16(Structs.number(value, 4, 2));
        leaf.flags = uint16(Structs.number(value, 6, 2));
        leaf.tick = uint32(Structs.number(value, 8, 4));
        leaf.trigger = uint32(Structs.number(value, 12, 4));
        leaf.remaining = uint32(Structs.number(value, 16, 4));
        leaf.expiryAt = uint64(Structs.number(value, 20, 8));
        leaf.slot = uint16(Structs.number(value, 28, 2));
        leaf.tag = uint32(Structs.number(value, 30, 4));
        leaf.feeCapPpm = uint16(Structs.number(value, 34, 2));
        leaf.key = uint8(Structs.number(value, 36, 1));
        leaf.generation = uint16(Structs.number(value, 37, 2));
        leaf.makers = uint16(Structs.number(value, 39, 2));
        leaf.filled = uint32(Structs.number(value, 41, 4));
        leaf.origin = uint8(Structs.number(value, 45, 1));
        leaf.resume = uint8(Structs.number(value, 46, 1));
        leaf.forced = uint8(Structs.number(value, 47, 1));
    }

    function encodeTaker(Taker memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(TaskPointers.pointerTo(leaf), TAKER, TAKER_BYTES);
    }

    function decodeRefreshTask(bytes memory value) internal pure returns (RefreshTask memory leaf) {
        Structs.makeRows(TaskPointers.pointerTo(leaf) + REFRESH_ROWS_MEMBER, REFRESH_ROWS, REFRESH_ROW_WORDS);
        if (!Structs.isPresent(value, REFRESH_TASK_BYTES)) return leaf;
        Structs.unpack(value, 0, REFRESH_TASK, TaskPointers.pointerTo(leaf));
        uint256 rows = TaskPointers.pointerTo(leaf.rows);
        Structs.unpackRows(value, REFRESH_ROWS_AT, REFRESH_ROW, REFRESH_ROW_BYTES, rows, REFRESH_ROWS);
    }

    function encodeRefreshTask(RefreshTask memory leaf) internal pure returns (bytes memory value) {
        value = Structs.encode(TaskPointers.pointerTo(leaf), REFRESH_TASK, REFRESH_TASK_BYTES);
        uint256 rows = TaskPointers.pointerTo(leaf.rows);
        Structs.packRows(rows, REFRESH_ROWS, REFRESH_ROW, REFRESH_ROW_BYTES, value, REFRESH_ROWS_AT);
    }

    /// @notice A mass quote as far as its next leg needs it.
    function decodeNextLeg(bytes memory value) internal pure returns (QuoteHead memory head, QuoteLeg memory leg) {
        if (!Structs.isPresent(value, QUOTE_TASK_BYTES)) return (head, leg);
        Structs.unpack(value, 0, QUOTE_TASK, TaskPointers.pointerTo(head));
        Structs.unpack(
            value, QUOTE_LEGS_AT + QUOTE_LEG_BYTES * uint256(head.next), QUOTE_LEG, TaskPointers.pointerTo(leg)
        );
    }

    /// @notice The same mass quote with another head.
    function encodeHead(bytes memory value, QuoteHead memory head) internal pure returns (bytes memory changed) {
        changed = bytes.concat(value);
        Structs.pack(TaskPointers.pointerTo(head), QUOTE_TASK, changed, 0);
    }

    function decodeQuoteTask(bytes memory value) internal pure returns (QuoteTask memory leaf) {
        if (!Structs.isPresent(value, QUOTE_TASK_BYTES)) return leaf;
        Structs.unpack(value, 0, QUOTE_TASK, TaskPointers.pointerTo(leaf));
        for (uint256 i = 0; i < 20; ++i) {
            Structs.unpack(value, QUOTE_LEGS_AT + QUOTE_LEG_BYTES * i, QUOTE_LEG, TaskPointers.pointerTo(leaf.legs[i]));
        }
    }

    function encodeQuoteTask(QuoteTask memory leaf) internal pure returns (bytes memory value) {
        value = Structs.encode(TaskPointers.pointerTo(leaf), QUOTE_TASK, QUOTE_TASK_BYTES);
        for (uint256 i = 0; i < 20; ++i) {
            Structs.pack(TaskPointers.pointerTo(leaf.legs[i]), QUOTE_LEG, value, QUOTE_LEGS_AT + QUOTE_LEG_BYTES * i);
        }
    }

    function decodeSweepTask(bytes memory value) internal pure returns (SweepTask memory leaf) {
        Structs.decode(value, SWEEP_TASK_BYTES, SWEEP_TASK, TaskPointers.pointerTo(leaf));
    }

    function encodeSweepTask(SweepTask memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(TaskPointers.pointerTo(leaf), SWEEP_TASK, SWEEP_TASK_BYTES);
    }

    function decodePriceTask(bytes memory value) internal pure returns (PriceTask memory leaf) {
        Structs.decode(value, PRICE_TASK_BYTES, PRICE_TASK, TaskPointers.pointerTo(leaf));
    }

    function encodePriceTask(PriceTask memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(TaskPointers.pointerTo(leaf), PRICE_TASK, PRICE_TASK_BYTES);
    }

    /// @notice Where repricing stands, by the leaf alone: the underlying, and its next place.
    function placeOf(bytes memory value) internal pure returns (uint256 underlying, uint256 next) {
        if (!Structs.isPresent(value, PRICE_TASK_BYTES)) return (0, 0);
        return (Structs.number(value, 2, 1), Structs.number(value, 3, 2));
    }

    /// @notice Repricing that goes on at another place, with nothing seen of it yet (`impact`).
    function withNext(bytes memory value, uint256 next) internal pure returns (bytes memory changed) {
        changed = new bytes(PRICE_TASK_BYTES);
        uint256 size = value.length;
        assembly ("memory-safe") {
            let place := add(changed, 32)
            mcopy(place, add(value, 32), size)
            // Bytes 3 and 4 are the place, the last four what was seen.
            let kept := and(mload(place), not(or(shl(216, 0xffff), shl(152, 0xffffffff))))
            mstore(place, or(kept, shl(216, next)))
        }
    }

    function decodeLeaveTask(bytes memory value) internal pure returns (LeaveTask memory leaf) {
        Structs.decode(value, LEAVE_TASK_BYTES, LEAVE_TASK, TaskPointers.pointerTo(leaf));
    }

    function encodeLeaveTask(LeaveTask memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(TaskPointers.pointerTo(leaf), LEAVE_TASK, LEAVE_TASK_BYTES);
    }

    function decodeLiquidationTask(bytes memory value) internal pure returns (LiquidationTask memory leaf) {
        Structs.decode(value, LIQUIDATION_TASK_BYTES, LIQUIDATION_TASK, TaskPointers.pointerTo(leaf));
    }

    function encodeLiquidationTask(LiquidationTask memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(TaskPointers.pointerTo(leaf), LIQUIDATION_TASK, LIQUIDATION_TASK_BYTES);
    }

    function decodeRfqTask(bytes memory value) internal pure returns (RfqTask memory leaf) {
        if (!Structs.isPresent(value, RFQ_TASK_BYTES)) return leaf;
        Structs.unpack(value, 0, RFQ_TASK, TaskPointers.pointerTo(leaf));
        Structs.unpackRows(
            value, RFQ_LEGS_AT, RFQ_LEG, RFQ_LEG_BYTES, TaskPointers.pointerTo(leaf.legs), Layout.RFQ_LEGS
        );
    }

    function encodeRfqTask(RfqTask memory leaf) internal pure returns (bytes memory value) {
        value = Structs.encode(TaskPointers.pointerTo(leaf), RFQ_TASK, RFQ_TASK_BYTES);
        Structs.packRows(TaskPointers.pointerTo(leaf.legs), Layout.RFQ_LEGS, RFQ_LEG, RFQ_LEG_BYTES, value, RFQ_LEGS_AT);
    }
}
