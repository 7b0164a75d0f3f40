// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Cold, Directory, Hot, Position, Positions, ProtectionRow, RiskRow, SessionKey} from "../types/Account.sol";
import {Leaves} from "./Leaves.sol";
import {Words} from "./Words.sol";

/// @notice Leaves of a trading account (docs/spec.md S-14 to S-18) as bytes, both ways. The empty leaf is all zeros.
/// @custom:twin rollup_node/codec/account_leaves.py
library AccountLeaves {
    using Words for bytes;
    using Words for uint256[];

    uint256 internal constant HOT_BYTES = 317;
    uint256 internal constant COLD_BYTES = 210;
    uint256 internal constant SESSION_KEY_BYTES = 70;
    uint256 internal constant DIRECTORY_BYTES = 256;
    uint256 internal constant POSITIONS_BYTES = 192;

    function decodeHot(bytes memory value) internal pure returns (Hot memory leaf) {
        if (value.length == 0) return leaf;
        uint256[] memory w = value.load(HOT_BYTES);
        leaf.reserve = w.u64(0);
        leaf.group = w.u32(64);
        leaf.flags = w.u8(96);
        leaf.mode = w.u8(104);
        leaf.protected = w.u8(112);
        leaf.openOrders = w.u16(120);
        leaf.deadManMs = w.u64(136);
        leaf.interestMs = w.u64(200);
        leaf.version = w.u32(264);
        leaf.slotMap = w.u128(296);
        uint256 slots = w.field(424, 256);
        for (uint256 i = 0; i < 8; ++i) {
            leaf.slots[i] = uint32(slots >> 32 * (7 - i));
        }
        for (uint256 i = 0; i < 8; ++i) {
            leaf.rows[i] = _readRiskRow(w, 680 + 232 * i);
        }
    }

    function encodeHot(Hot memory leaf) internal pure returns (bytes memory value) {
        value = abi.encodePacked(
            leaf.reserve,
            leaf.group,
            leaf.flags,
            leaf.mode,
            leaf.protected,
            leaf.openOrders,
            leaf.deadManMs,
            leaf.interestMs,
            leaf.version,
            leaf.slotMap
        );
        uint256 word = 0;
        for (uint256 i = 0; i < 8; ++i) {
            word = word << 32 | leaf.slots[i];
        }
        value = abi.encodePacked(value, word);
        for (uint256 i = 0; i < 8; ++i) {
            value = abi.encodePacked(value, _packRiskRow(leaf.rows[i]));
        }
    }

    function decodeCold(bytes memory value) internal pure returns (Cold memory leaf) {
        if (value.length == 0) return leaf;
        uint256[] memory w = value.load(COLD_BYTES);
        leaf.guardian = w.addressAt(0);
        leaf.guardianNonce = w.u64(160);
        leaf.parent = w.u32(224);
        leaf.series = w.u16(256);
        leaf.liquidatedMs = w.u64(272);
        leaf.auctionMs = w.u64(336);
        for (uint256 i = 0; i < 8; ++i) {
            leaf.protections[i] = _readProtectionRow(w, 400 + 160 * i);
        }
    }

    function encodeCold(Cold memory leaf) internal pure returns (bytes memory value) {
        value = abi.encodePacked(
            leaf.guardian, leaf.guardianNonce, leaf.parent, leaf.series, leaf.liquidatedMs, leaf.auctionMs
        );
        for (uint256 i = 0; i < 8; ++i) {
            value = abi.encodePacked(value, _packProtectionRow(leaf.protections[i]));
        }
    }

    function decodeSessionKey(bytes memory value) internal pure returns (SessionKey memory leaf) {
        if (value.length == 0) return leaf;
        uint256[] memory w = value.load(SESSION_KEY_BYTES);
        leaf.keyAddress = w.addressAt(0);
        leaf.scope = w.u8(160);
        leaf.markets = w.u8(168);
        leaf.expiryMs = w.u64(176);
        leaf.orderCap = w.u64(240);
        leaf.nonceHigh = w.u64(304);
        leaf.nonceMap = uint192(w.field(368, 192));
    }

    function encodeSessionKey(SessionKey memory leaf) internal pure returns (bytes memory) {
        return abi.encodePacked(
            leaf.keyAddress, leaf.scope, leaf.markets, leaf.expiryMs, leaf.orderCap, leaf.nonceHigh, leaf.nonceMap
        );
    }

    function decodeDirectory(bytes memory value) internal pure returns (Directory memory leaf) {
        if (value.length == 0) return leaf;
        if (value.length != DIRECTORY_BYTES) revert Leaves.WrongLeafLength(value.length, DIRECTORY_BYTES);
        leaf.words = abi.decode(value, (uint256[8]));
    }

    function encodeDirectory(Directory memory leaf) internal pure returns (bytes memory) {
        return abi.encode(leaf.words);
    }

    /// @notice Series of position `number` < 128; 0 for none.
    function seriesAt(Directory memory leaf, uint256 number) internal pure returns (uint256) {
        return leaf.words[number >> 4] >> _shift(number) & 0xffff;
    }

    /// @notice Write the series of position `number` < 128 into the directory.
    function setSeriesAt(Directory memory leaf, uint256 number, uint256 series) internal pure {
        uint256 shift = _shift(number);
        leaf.words[number >> 4] = leaf.words[number >> 4] & ~(uint256(0xffff) << shift) | series << shift;
    }

    function _shift(uint256 number) private pure returns (uint256) {
        return 240 - 16 * (number & 15);
    }

    function decodePositions(bytes memory value) internal pure returns (Positions memory leaf) {
        if (value.length == 0) return leaf;
        uint256[] memory w = value.load(POSITIONS_BYTES);
        for (uint256 i = 0; i < 8; ++i) {
            leaf.rows[i] = _readPosition(w, 192 * i);
        }
    }

    function encodePositions(Positions memory leaf) internal pure returns (bytes memory value) {
        for (uint256 i = 0; i < 8; ++i) {
            value = abi.encodePacked(value, _packPosition(leaf.rows[i]));
        }
    }

    function _readRiskRow(uint256[] memory w, uint256 bit) private pure returns (RiskRow memory row) {
        uint256 word = w.field(bit, 232);
        row.epoch = uint32(word >> 200);
        row.positions = uint8(word >> 192);
        row.value = int64(uint64(word >> 128));
        row.initial = uint64(word >> 64);
        row.maintenance = uint64(word);
    }

    function _packRiskRow(RiskRow memory row) private pure returns (uint232) {
        return uint232(
            uint256(row.epoch) << 200 | uint256(row.positions) << 192 | uint256(uint64(row.value)) << 128
                | uint256(row.initial) << 64 | uint256(row.maintenance)
        );
    }

    function _readProtectionRow(uint256[] memory w, uint256 bit) private pure returns (ProtectionRow memory row) {
        uint256 word = w.field(bit, 160);
        row.limit = uint32(word >> 128);
        row.windowMs = uint32(word >> 96);
        row.startedMs = uint64(word >> 32);
        row.filled = uint32(word);
    }

    function _packProtectionRow(ProtectionRow memory row) private pure returns (uint160) {
        return uint160(
            uint256(row.limit) << 128 | uint256(row.windowMs) << 96 | uint256(row.startedMs) << 32 | uint256(row.filled)
        );
    }

    function _readPosition(uint256[] memory w, uint256 bit) private pure returns (Position memory row) {
        uint256 word = w.field(bit, 192);
        row.series = uint16(word >> 176);
        row.lots = int32(uint32(word >> 144));
        row.basis = int64(uint64(word >> 80));
        row.fundingIndex = int64(uint64(word >> 16));
        row.generation = uint16(word);
    }

    function _packPosition(Position memory row) private pure returns (uint192) {
        return uint192(
            uint256(row.series) << 176 | uint256(uint32(row.lots)) << 144 | uint256(uint64(row.basis)) << 80
                | uint256(uint64(row.fundingIndex)) << 16 | uint256(row.generation)
        );
    }
}
