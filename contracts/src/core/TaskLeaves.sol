// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PriceTask, QuoteLeg, QuoteTask, RefreshRow, RefreshTask, SweepTask, Taker} from "../types/Task.sol";
import {Words} from "./Words.sol";

/// @notice Leaves of what is in flight (docs/spec.md S-20) as bytes, both ways. The empty leaf is all zeros.
/// @custom:twin rollup_node/codec/task_leaves.py
library TaskLeaves {
    using Words for bytes;
    using Words for uint256[];

    uint256 internal constant TAKER_BYTES = 48;
    uint256 internal constant REFRESH_TASK_BYTES = 206;
    uint256 internal constant QUOTE_TASK_BYTES = 273;
    uint256 internal constant SWEEP_TASK_BYTES = 11;
    uint256 internal constant PRICE_TASK_BYTES = 12;

    function decodeTaker(bytes memory value) internal pure returns (Taker memory leaf) {
        if (value.length == 0) return leaf;
        uint256[] memory w = value.load(TAKER_BYTES);
        leaf.account = w.u32(0);
        leaf.series = w.u16(32);
        leaf.flags = w.u16(48);
        leaf.tick = w.u32(64);
        leaf.trigger = w.u32(96);
        leaf.remaining = w.u32(128);
        leaf.expiryAt = w.u64(160);
        leaf.slot = w.u16(224);
        leaf.tag = w.u32(240);
        leaf.feeCapPpm = w.u16(272);
        leaf.key = w.u8(288);
        leaf.generation = w.u16(296);
        leaf.makers = w.u16(312);
        leaf.filled = w.u32(328);
        leaf.origin = w.u8(360);
        leaf.resume = w.u8(368);
        leaf.forced = w.u8(376);
    }

    function encodeTaker(Taker memory leaf) internal pure returns (bytes memory) {
        return bytes.concat(
            abi.encodePacked(
                leaf.account,
                leaf.series,
                leaf.flags,
                leaf.tick,
                leaf.trigger,
                leaf.remaining,
                leaf.expiryAt,
                leaf.slot,
                leaf.tag
            ),
            abi.encodePacked(
                leaf.feeCapPpm,
                leaf.key,
                leaf.generation,
                leaf.makers,
                leaf.filled,
                leaf.origin,
                leaf.resume,
                leaf.forced
            )
        );
    }

    function decodeRefreshTask(bytes memory value) internal pure returns (RefreshTask memory leaf) {
        if (value.length == 0) return leaf;
        uint256[] memory w = value.load(REFRESH_TASK_BYTES);
        leaf.account = w.u32(0);
        leaf.next = w.u8(32);
        leaf.resume = w.u8(40);
        for (uint256 i = 0; i < 8; ++i) {
            leaf.rows[i] = _readRefreshRow(w, 48 + 200 * i);
        }
    }

    function encodeRefreshTask(RefreshTask memory leaf) internal pure returns (bytes memory value) {
        value = abi.encodePacked(leaf.account, leaf.next, leaf.resume);
        for (uint256 i = 0; i < 8; ++i) {
            value = abi.encodePacked(value, _packRefreshRow(leaf.rows[i]));
        }
    }

    function decodeQuoteTask(bytes memory value) internal pure returns (QuoteTask memory leaf) {
        if (value.length == 0) return leaf;
        uint256[] memory w = value.load(QUOTE_TASK_BYTES);
        leaf.account = w.u32(0);
        leaf.key = w.u8(32);
        leaf.feeCapPpm = w.u16(40);
        leaf.tag = w.u32(56);
        leaf.length = w.u8(88);
        leaf.next = w.u8(96);
        for (uint256 i = 0; i < 20; ++i) {
            leaf.legs[i] = _readQuoteLeg(w, 104 + 104 * i);
        }
    }

    function encodeQuoteTask(QuoteTask memory leaf) internal pure returns (bytes memory value) {
        value = abi.encodePacked(leaf.account, leaf.key, leaf.feeCapPpm, leaf.tag, leaf.length, leaf.next);
        for (uint256 i = 0; i < 20; ++i) {
            value = abi.encodePacked(value, _packQuoteLeg(leaf.legs[i]));
        }
    }

    function decodeSweepTask(bytes memory value) internal pure returns (SweepTask memory leaf) {
        if (value.length == 0) return leaf;
        uint256[] memory w = value.load(SWEEP_TASK_BYTES);
        leaf.account = w.u32(0);
        leaf.scope = w.u8(32);
        leaf.scopeId = w.u16(40);
        leaf.next = w.u16(56);
        leaf.reason = w.u8(72);
        leaf.resume = w.u8(80);
    }

    function encodeSweepTask(SweepTask memory leaf) internal pure returns (bytes memory) {
        return abi.encodePacked(leaf.account, leaf.scope, leaf.scopeId, leaf.next, leaf.reason, leaf.resume);
    }

    function decodePriceTask(bytes memory value) internal pure returns (PriceTask memory leaf) {
        if (value.length == 0) return leaf;
        uint256[] memory w = value.load(PRICE_TASK_BYTES);
        leaf.due = w.u8(0);
        leaf.sample = w.u8(8);
        leaf.underlying = w.u8(16);
        leaf.next = w.u8(24);
        leaf.drain = w.u16(32);
        leaf.drained = w.u8(48);
        leaf.resume = w.u8(56);
        leaf.impact = w.u32(64);
    }

    function encodePriceTask(PriceTask memory leaf) internal pure returns (bytes memory) {
        return abi.encodePacked(
            leaf.due, leaf.sample, leaf.underlying, leaf.next, leaf.drain, leaf.drained, leaf.resume, leaf.impact
        );
    }

    function _readRefreshRow(uint256[] memory w, uint256 bit) private pure returns (RefreshRow memory row) {
        uint256 word = w.field(bit, 200);
        row.positions = uint8(word >> 192);
        row.value = int64(uint64(word >> 128));
        row.initial = uint64(word >> 64);
        row.maintenance = uint64(word);
    }

    function _packRefreshRow(RefreshRow memory row) private pure returns (uint200) {
        return uint200(
            uint256(row.positions) << 192 | uint256(uint64(row.value)) << 128 | uint256(row.initial) << 64
                | uint256(row.maintenance)
        );
    }

    function _readQuoteLeg(uint256[] memory w, uint256 bit) private pure returns (QuoteLeg memory row) {
        uint256 word = w.field(bit, 104);
        row.series = uint16(word >> 88);
        row.side = uint8(word >> 80);
        row.slot = uint16(word >> 64);
        row.tick = uint32(word >> 32);
        row.lots = uint32(word);
    }

    function _packQuoteLeg(QuoteLeg memory row) private pure returns (uint104) {
        return uint104(
            uint256(row.series) << 88 | uint256(row.side) << 80 | uint256(row.slot) << 64 | uint256(row.tick) << 32
                | uint256(row.lots)
        );
    }
}
