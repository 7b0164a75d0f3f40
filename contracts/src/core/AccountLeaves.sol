// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountRisk, Cold, Directory, Hot, Position, Positions, SessionKey} from "../types/Account.sol";
import {AccountPointers} from "./AccountPointers.sol";
import {BookPointers} from "./BookPointers.sol";
import {Lanes} from "./Lanes.sol";
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
    uint256 private constant CHARGE_AT = 320;

    bytes32 private constant HOT = hex"08040101010208080410";
    bytes32 private constant COLD = hex"14080402080801";
    bytes32 private constant PROTECTION_ROW = hex"04040804";
    bytes32 private constant SESSION_KEY = hex"14010108080818";
    bytes32 private constant POSITION = hex"0284888802";

    function decodeHot(bytes memory value) internal pure returns (Hot memory leaf) {
        Structs.makeRows(AccountPointers.pointerTo(leaf) + HOT_ROWS_MEMBER, ROWS, RISK_ROW_WORDS);
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
        Structs.unpackInts(value, HOT_SLOTS_AT, BookPointers.pointerTo(leaf.slots));
        _unpackRows(value, AccountPointers.pointerTo(leaf.rows));
    }

    /// @dev What the table of a row says, at a fifth of its gas.
    function _unpackRows(bytes memory value, uint256 place) private pure {
        assembly ("memory-safe") {
            let source := add(value, add(32, HOT_ROWS_AT))
            for { let end := add(place, shl(5, ROWS)) } lt(place, end) { place := add(place, 32) } {
                let word := shr(24, mload(source))
                if word {
                    let row := mload(place)
                    mstore(row, shr(200, word))
                    mstore(add(row, 32), and(shr(192, word), 0xff))
                    mstore(add(row, 64), signextend(7, shr(128, word)))
                    mstore(add(row, 96), and(shr(64, word), 0xffffffffffffffff))
                    mstore(add(row, 128), and(word, 0xffffffffffffffff))
                }
                source := add(source, RISK_ROW_BYTES)
            }
        }
    }

    function encodeHot(Hot memory leaf) internal pure returns (bytes memory value) {
        value = Structs.encode(AccountPointers.pointerTo(leaf), HOT, HOT_BYTES);
        Structs.packInts(BookPointers.pointerTo(leaf.slots), value, HOT_SLOTS_AT);
        _packRows(AccountPointers.pointerTo(leaf.rows), value);
    }

    /// @dev The reverse of `_unpackRows`: a row is the upper part of a word, whose rest the next one takes. The last word ends
    /// within the filling of the leaf.
    function _packRows(uint256 place, bytes memory value) private pure {
        assembly ("memory-safe") {
            let target := add(value, add(32, HOT_ROWS_AT))
            for { let end := add(place, shl(5, ROWS)) } lt(place, end) { place := add(place, 32) } {
                let row := mload(place)
                let word := or(shl(192, mload(row)), shl(184, mload(add(row, 32))))
                word := or(word, shl(120, and(mload(add(row, 64)), 0xffffffffffffffff)))
                word := or(word, shl(56, mload(add(row, 96))))
                mstore(target, or(shl(32, word), shl(24, mload(add(row, 128)))))
                target := add(target, RISK_ROW_BYTES)
            }
        }
    }

    function decodeCold(bytes memory value) internal pure returns (Cold memory leaf) {
        if (!Structs.isPresent(value, COLD_BYTES)) return leaf;
        Structs.unpack(value, 0, COLD, AccountPointers.pointerTo(leaf));
        Structs.unpackRows(
            value, COLD_ROWS_AT, PROTECTION_ROW, PROTECTION_BYTES, AccountPointers.pointerTo(leaf.protections), ROWS
        );
    }

    /// @notice The only series of a child account, by its cold leaf alone; 0 if there is none.
    function seriesOfCold(bytes memory value) internal pure returns (uint256) {
        return Structs.isPresent(value, COLD_BYTES) ? Structs.number(value, COLD_SERIES_AT, 2) : 0;
    }

    function encodeCold(Cold memory leaf) internal pure returns (bytes memory value) {
        value = Structs.encode(AccountPointers.pointerTo(leaf), COLD, COLD_BYTES);
        Structs.packRows(
            AccountPointers.pointerTo(leaf.protections), ROWS, PROTECTION_ROW, PROTECTION_BYTES, value, COLD_ROWS_AT
        );
    }

    function decodeSessionKey(bytes memory value) internal pure returns (SessionKey memory leaf) {
        Structs.decode(value, SESSION_KEY_BYTES, SESSION_KEY, AccountPointers.pointerTo(leaf));
    }

    function encodeSessionKey(SessionKey memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(AccountPointers.pointerTo(leaf), SESSION_KEY, SESSION_KEY_BYTES);
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
        if (!Structs.isPresent(value, RISK_BYTES)) {
            Lanes.clear(leaf.sums);
            return leaf;
        }
        Lanes.read(value, leaf.sums);
        leaf.charge = int64(uint64(Structs.number(value, CHARGE_AT, 8)));
    }

    function encodeRisk(AccountRisk memory leaf) internal pure returns (bytes memory value) {
        value = abi.encodePacked(new bytes(CHARGE_AT), leaf.charge);
        Lanes.write(leaf.sums, value);
    }

    function decodePositions(bytes memory value) internal pure returns (Positions memory leaf) {
        Structs.makeRows(AccountPointers.pointerTo(leaf), ROWS, POSITION_WORDS);
        if (!Structs.isPresent(value, POSITIONS_BYTES)) return leaf;
        Structs.unpackRows(value, 0, POSITION, POSITION_BYTES, AccountPointers.pointerTo(leaf.rows), ROWS);
    }

    /// @notice One position of a page, by the leaf alone.
    function positionAt(bytes memory page, uint256 place) internal pure returns (Position memory position) {
        readPosition(page, place, position);
    }

    /// @notice The same, into a position that is there.
    function readPosition(bytes memory page, uint256 place, Position memory position) internal pure {
        uint256 isThere = Structs.isPresent(page, POSITIONS_BYTES) ? 1 : 0;
        assembly ("memory-safe") {
            let word := mul(mload(add(add(page, 32), mul(POSITION_BYTES, place))), isThere)
            mstore(position, shr(240, word))
            mstore(add(position, 32), signextend(3, shr(208, word)))
            mstore(add(position, 64), signextend(7, shr(144, word)))
            mstore(add(position, 96), signextend(7, shr(80, word)))
            mstore(add(position, 128), and(shr(64, word), 0xffff))
        }
    }

    /// @notice A page like this one, of zeros if it is empty.
    function copyPage(bytes memory page) internal pure returns (bytes memory) {
        return Structs.isPresent(page, POSITIONS_BYTES) ? bytes.concat(page) : new bytes(POSITIONS_BYTES);
    }

    /// @notice Let the position in a place of a page that is there have another funding index, in place.
    function setFundingIndex(bytes memory page, uint256 place, int64 fundingIndex) internal pure {
        assembly ("memory-safe") {
            let target := add(add(page, 32), mul(POSITION_BYTES, place))
            let word := mload(target)
            word := xor(word, shl(80, and(xor(shr(80, word), fundingIndex), 0xffffffffffffffff)))
            mstore(target, word)
        }
    }

    /// @notice The same page with another position at a place.
    function withPosition(bytes memory page, uint256 place, Position memory position)
        internal
        pure
        returns (bytes memory changed)
    {
        changed = copyPage(page);
        Structs.pack(AccountPointers.pointerTo(position), POSITION, changed, POSITION_BYTES * place);
    }

    function encodePositions(Positions memory leaf) internal pure returns (bytes memory value) {
        value = new bytes(POSITIONS_BYTES);
        Structs.packRows(AccountPointers.pointerTo(leaf.rows), ROWS, POSITION, POSITION_BYTES, value, 0);
    }
}
