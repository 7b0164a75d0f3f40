// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountRisk, Cold, Directory, Hot, Positions, SessionKey} from "../types/Account.sol";
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
    uint256 private constant HOT_SLOTS_AT = 53;
    uint256 private constant HOT_ROWS_AT = 85;
    uint256 private constant COLD_SERIES_AT = 32;
    uint256 private constant COLD_ROWS_AT = 51;
    uint256 private constant DELTAS_AT = 256;
    uint256 private constant CHARGE_AT = 320;
    /// @dev The charge is the third member, each a word.
    uint256 private constant CHARGE_MEMBER = 64;

    bytes32 private constant HOT = hex"08040101010208080410";
    bytes32 private constant SLOTS = hex"0404040404040404";
    bytes32 private constant RISK_ROW = hex"0401880808";
    bytes32 private constant COLD = hex"14080402080801";
    bytes32 private constant PROTECTION_ROW = hex"04040804";
    bytes32 private constant SESSION_KEY = hex"14010108080818";
    bytes32 private constant POSITION = hex"0284888802";
    bytes32 private constant GAINS = hex"8888888888888888888888888888888888888888888888888888888888888888";
    bytes32 private constant DELTAS = hex"8888888888888888";
    bytes32 private constant CHARGE = hex"88";

    function decodeHot(bytes memory value) internal pure returns (Hot memory leaf) {
        if (!Structs.isPresent(value, HOT_BYTES)) return leaf;
        Structs.unpack(value, 0, HOT, Structs.pointerTo(leaf));
        Structs.unpack(value, HOT_SLOTS_AT, SLOTS, Structs.pointerTo(leaf.slots));
        Structs.unpackRows(value, HOT_ROWS_AT, RISK_ROW, Structs.pointerTo(leaf.rows), ROWS);
    }

    function encodeHot(Hot memory leaf) internal pure returns (bytes memory value) {
        value = Structs.encode(Structs.pointerTo(leaf), HOT, HOT_BYTES);
        Structs.pack(Structs.pointerTo(leaf.slots), SLOTS, value, HOT_SLOTS_AT);
        Structs.packRows(Structs.pointerTo(leaf.rows), ROWS, RISK_ROW, value, HOT_ROWS_AT);
    }

    function decodeCold(bytes memory value) internal pure returns (Cold memory leaf) {
        if (!Structs.isPresent(value, COLD_BYTES)) return leaf;
        Structs.unpack(value, 0, COLD, Structs.pointerTo(leaf));
        Structs.unpackRows(value, COLD_ROWS_AT, PROTECTION_ROW, Structs.pointerTo(leaf.protections), ROWS);
    }

    /// @notice The only series of a child account, by its cold leaf alone; 0 if there is none.
    function seriesOfCold(bytes memory value) internal pure returns (uint256) {
        return Structs.isPresent(value, COLD_BYTES) ? Structs.number(value, COLD_SERIES_AT, 2) : 0;
    }

    function encodeCold(Cold memory leaf) internal pure returns (bytes memory value) {
        value = Structs.encode(Structs.pointerTo(leaf), COLD, COLD_BYTES);
        Structs.packRows(Structs.pointerTo(leaf.protections), ROWS, PROTECTION_ROW, value, COLD_ROWS_AT);
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

    function _shift(uint256 number) private pure returns (uint256) {
        return 240 - 16 * (number & 15);
    }

    function decodeRisk(bytes memory value) internal pure returns (AccountRisk memory leaf) {
        if (!Structs.isPresent(value, RISK_BYTES)) return leaf;
        Structs.unpack(value, 0, GAINS, Structs.pointerTo(leaf.gains));
        Structs.unpack(value, DELTAS_AT, DELTAS, Structs.pointerTo(leaf.deltas));
        Structs.unpack(value, CHARGE_AT, CHARGE, Structs.pointerTo(leaf) + CHARGE_MEMBER);
    }

    function encodeRisk(AccountRisk memory leaf) internal pure returns (bytes memory value) {
        value = new bytes(RISK_BYTES);
        Structs.pack(Structs.pointerTo(leaf.gains), GAINS, value, 0);
        Structs.pack(Structs.pointerTo(leaf.deltas), DELTAS, value, DELTAS_AT);
        Structs.pack(Structs.pointerTo(leaf) + CHARGE_MEMBER, CHARGE, value, CHARGE_AT);
    }

    function decodePositions(bytes memory value) internal pure returns (Positions memory leaf) {
        if (!Structs.isPresent(value, POSITIONS_BYTES)) return leaf;
        Structs.unpackRows(value, 0, POSITION, Structs.pointerTo(leaf.rows), ROWS);
    }

    function encodePositions(Positions memory leaf) internal pure returns (bytes memory value) {
        value = new bytes(POSITIONS_BYTES);
        Structs.packRows(Structs.pointerTo(leaf.rows), ROWS, POSITION, value, 0);
    }
}
