// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountRisk, Cold, Directory, Hot, Position, Positions, SessionKey} from "../types/Account.sol";
import {Leaves} from "./Leaves.sol";
import {Structs} from "./Structs.sol";

/// @notice Leaves of a trading account (docs/spec.md S-14 to S-18, S-22) as bytes, both ways. The empty leaf is all zeros.
/// @dev The tables are those of `Structs`; rows begin where the head ends.
/// @custom:twin rollup_node/codec/account_leaves.py
library AccountLeaves {
    uint256 internal constant HOT_BYTES = 317;
    uint256 internal constant COLD_BYTES = 211;
    uint256 internal constant SESSION_KEY_BYTES = 70;
    uint256 internal constant DIRECTORY_BYTES = 256;
    uint256 internal constant POSITIONS_BYTES = 192;
    uint256 internal constant RISK_BYTES = 328;

    uint256 private constant ROWS = 8;
    /// @dev A one in each place of a word of the directory, and the top bit of each.
    uint256 private constant LANES = 0x0001000100010001000100010001000100010001000100010001000100010001;
    uint256 private constant TOPS = LANES << 15;
    uint256 private constant RISK_ROW_BYTES = 29;
    uint256 private constant RISK_ROW_WORDS = 5;
    uint256 private constant PROTECTION_BYTES = 20;
    uint256 private constant POSITION_BYTES = 24;
    uint256 private constant POSITION_WORDS = 5;
    /// @dev The rows are the twelfth member.
    uint256 private constant HOT_ROWS_MEMBER = 11 * 32;
    uint256 private constant HOT_SLOTS_AT = 53;
    uint256 private constant HOT_ROWS_AT = 85;
    uint256 private constant COLD_SERIES_AT = 32;
    uint256 private constant COLD_ROWS_AT = 51;
    uint256 private constant SCENARIOS = 32;
    uint256 private constant BUCKETS = 8;
    uint256 private constant DELTAS_AT = 256;
    uint256 private constant CHARGE_AT = 320;
    /// @dev The charge is the third member, each a word.
    uint256 private constant CHARGE_MEMBER = 64;

    bytes32 private constant HOT = hex"08040101010208080410";
    bytes32 private constant RISK_ROW = hex"0401880808";
    bytes32 private constant COLD = hex"14080402080801";
    bytes32 private constant PROTECTION_ROW = hex"04040804";
    bytes32 private constant SESSION_KEY = hex"14010108080818";
    bytes32 private constant POSITION = hex"0284888802";
    bytes32 private constant CHARGE = hex"88";

    function decodeHot(bytes memory value) internal pure returns (Hot memory leaf) {
        Structs.makeRows(Structs.pointerTo(leaf) + HOT_ROWS_MEMBER, ROWS, RISK_ROW_WORDS);
        if (!Structs.isPresent(value, HOT_BYTES)) return leaf;
        leaf.reserve = uint64(Structs.number(value, 0, 8));
        leaf.group = uint32(Structs.number(value, 8, 4));
        leaf.flags = uint8(Structs.number(value, 12, 1));
        leaf.mode = uint8(Structs.number(value, 13, 1));
        leaf.protected = uint8(Structs.number(value, 14, 1));
        leaf.openOrders = uint16(Structs.number(value, 15, 2));
        leaf.deadManMs = uint64(Structs.number(value, 17, 8));
        leaf.interestMs = uint64(Structs.number(value, 25, 8));
        leaf.version = uint32(Structs.number(value, 33, 4));
        leaf.slotMap = uint128(Structs.number(value, 37, 16));
        Structs.unpackInts(value, HOT_SLOTS_AT, Structs.pointerTo(leaf.slots));
        Structs.unpackRows(value, HOT_ROWS_AT, RISK_ROW, RISK_ROW_BYTES, Structs.pointerTo(leaf.rows), ROWS);
    }

    function encodeHot(Hot memory leaf) internal pure returns (bytes memory value) {
        value = Structs.encode(Structs.pointerTo(leaf), HOT, HOT_BYTES);
        Structs.packInts(Structs.pointerTo(leaf.slots), value, HOT_SLOTS_AT);
        Structs.packRows(Structs.pointerTo(leaf.rows), ROWS, RISK_ROW, RISK_ROW_BYTES, value, HOT_ROWS_AT);
    }

    function decodeCold(bytes memory value) internal pure returns (Cold memory leaf) {
        if (!Structs.isPresent(value, COLD_BYTES)) return leaf;
        Structs.unpack(value, 0, COLD, Structs.pointerTo(leaf));
        Structs.unpackRows(
            value, COLD_ROWS_AT, PROTECTION_ROW, PROTECTION_BYTES, Structs.pointerTo(leaf.protections), ROWS
        );
    }

    /// @notice The only series of a child account, by its cold leaf alone; 0 if there is none.
    function seriesOfCold(bytes memory value) internal pure returns (uint256) {
        return Structs.isPresent(value, COLD_BYTES) ? Structs.number(value, COLD_SERIES_AT, 2) : 0;
    }

    function encodeCold(Cold memory leaf) internal pure returns (bytes memory value) {
        value = Structs.encode(Structs.pointerTo(leaf), COLD, COLD_BYTES);
        Structs.packRows(
            Structs.pointerTo(leaf.protections), ROWS, PROTECTION_ROW, PROTECTION_BYTES, value, COLD_ROWS_AT
        );
    }

    function decodeSessionKey(bytes memory value) internal pure returns (SessionKey memory leaf) {
        Structs.decode(value, SESSION_KEY_BYTES, SESSION_KEY, Structs.pointerTo(leaf));
    }

    function encodeSessionKey(SessionKey memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(Structs.pointerTo(leaf), SESSION_KEY, SESSION_KEY_BYTES);
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

    /// @notice Number of the first position whose series is `series`, `none` if there is no such; 0 finds a free place.
    function placeOf(Directory memory leaf, uint256 series, uint256 none) internal pure returns (uint256) {
        unchecked {
            for (uint256 i = 0; i < 8; ++i) {
                uint256 found = ~_filled(leaf.words[i] ^ series * LANES) & TOPS;
                if (found != 0) return i << 4 | 15 - _highestBit(found) / 16;
            }
        }
        return none;
    }

    /// @notice How many positions there are from `start` <= 128 on.
    function countFrom(Directory memory leaf, uint256 start) internal pure returns (uint256 count) {
        unchecked {
            for (uint256 i = start >> 4; i < 8; ++i) {
                uint256 word = leaf.words[i];
                if (i == start >> 4) word &= type(uint256).max >> 16 * (start & 15);
                // The number of filled places, summed up in the first one.
                if (word != 0) count += (_filled(word) >> 15) * LANES >> 240;
            }
        }
    }

    /// @dev The top bit of each place of a word that is not zero.
    function _filled(uint256 word) private pure returns (uint256) {
        unchecked {
            return ((word & ~TOPS) + ~TOPS | word) & TOPS;
        }
    }

    /// @dev Index of the highest bit of a word that is not zero.
    function _highestBit(uint256 word) private pure returns (uint256 index) {
        assembly ("memory-safe") {
            index := shl(7, gt(word, 0xffffffffffffffffffffffffffffffff))
            index := or(index, shl(6, gt(shr(index, word), 0xffffffffffffffff)))
            index := or(index, shl(5, gt(shr(index, word), 0xffffffff)))
            index := or(index, shl(4, gt(shr(index, word), 0xffff)))
            index := or(index, shl(3, gt(shr(index, word), 0xff)))
            index := or(index, shl(2, gt(shr(index, word), 0x0f)))
            index := or(index, shl(1, gt(shr(index, word), 0x03)))
            index := or(index, gt(shr(index, word), 0x01))
        }
    }

    function _shift(uint256 number) private pure returns (uint256) {
        return 240 - 16 * (number & 15);
    }

    function decodeRisk(bytes memory value) internal pure returns (AccountRisk memory leaf) {
        (leaf.gains, leaf.deltas) = (new int64[](SCENARIOS), new int64[](BUCKETS));
        if (!Structs.isPresent(value, RISK_BYTES)) return leaf;
        Structs.unpackLongs(value, 0, Structs.pointerTo(leaf.gains), SCENARIOS);
        Structs.unpackLongs(value, DELTAS_AT, Structs.pointerTo(leaf.deltas), BUCKETS);
        Structs.unpack(value, CHARGE_AT, CHARGE, Structs.pointerTo(leaf) + CHARGE_MEMBER);
    }

    function encodeRisk(AccountRisk memory leaf) internal pure returns (bytes memory value) {
        value = new bytes(RISK_BYTES);
        Structs.packLongs(Structs.pointerTo(leaf.gains), SCENARIOS, value, 0);
        Structs.packLongs(Structs.pointerTo(leaf.deltas), BUCKETS, value, DELTAS_AT);
        Structs.pack(Structs.pointerTo(leaf) + CHARGE_MEMBER, CHARGE, value, CHARGE_AT);
    }

    function decodePositions(bytes memory value) internal pure returns (Positions memory leaf) {
        Structs.makeRows(Structs.pointerTo(leaf), ROWS, POSITION_WORDS);
        if (!Structs.isPresent(value, POSITIONS_BYTES)) return leaf;
        Structs.unpackRows(value, 0, POSITION, POSITION_BYTES, Structs.pointerTo(leaf.rows), ROWS);
    }

    /// @notice One position of a page, by the leaf alone.
    function positionAt(bytes memory page, uint256 place) internal pure returns (Position memory position) {
        if (!Structs.isPresent(page, POSITIONS_BYTES)) return position;
        Structs.unpack(page, POSITION_BYTES * place, POSITION, Structs.pointerTo(position));
    }

    /// @notice The same page with another position at a place.
    function withPosition(bytes memory page, uint256 place, Position memory position)
        internal
        pure
        returns (bytes memory changed)
    {
        changed = Structs.isPresent(page, POSITIONS_BYTES) ? bytes.concat(page) : new bytes(POSITIONS_BYTES);
        Structs.pack(Structs.pointerTo(position), POSITION, changed, POSITION_BYTES * place);
    }

    function encodePositions(Positions memory leaf) internal pure returns (bytes memory value) {
        value = new bytes(POSITIONS_BYTES);
        Structs.packRows(Structs.pointerTo(leaf.rows), ROWS, POSITION, POSITION_BYTES, value, 0);
    }
}
