// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Board, OptionDates, OptionRules, Sales, StrikeRules} from "../types/Option.sol";
import {SurfaceNode} from "../types/Surface.sol";
import {Lanes} from "./Lanes.sol";
import {OptionPointers} from "./OptionPointers.sol";
import {Structs} from "./Structs.sol";

/// @notice Leaves of options (docs/spec.md S-21) as bytes, both ways. The empty leaf is all zeros.
/// @dev The tables are those of `Structs`.
/// @custom:twin rollup_node/codec/option_leaves.py
library OptionLeaves {
    uint256 internal constant RULES_BYTES = 61;
    uint256 internal constant DATES_BYTES = 4;
    uint256 internal constant BOARD_BYTES = 408;
    uint256 internal constant RISK_BYTES = 136;
    uint256 internal constant SALES_BYTES = 152;

    uint256 internal constant NODES = 16;
    uint256 internal constant STRIKES = 32;
    uint256 internal constant SALE_PLACES = 4;
    uint256 private constant NODE_BYTES = 5;
    uint256 private constant STRIKE_BYTES = 10;
    uint256 private constant SALE_BYTES = 38;
    uint256 private constant SERIES_SIZE = 2;
    uint256 private constant NODES_AT = 8;
    uint256 private constant STRIKES_AT = 88;
    uint256 private constant GAINS_AT = 8;
    uint256 private constant DELTA_AT = 4;

    bytes32 private constant RULES = hex"010404080402020404080404040404";
    bytes32 private constant DATES = hex"0202";
    bytes32 private constant NODE = hex"8302";
    bytes32 private constant STRIKE = hex"0208";
    bytes32 private constant SALE = hex"0404040808040402";
    /// @dev What tells of three rows of strikes at once whether any has a series.
    uint256 private constant THREE_SERIES = 0xffff << 240 | 0xffff << 160 | 0xffff << 80;

    function decodeRules(bytes memory value) internal pure returns (OptionRules memory leaf) {
        Structs.decode(value, RULES_BYTES, RULES, OptionPointers.pointerTo(leaf));
    }

    function encodeRules(OptionRules memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(OptionPointers.pointerTo(leaf), RULES, RULES_BYTES);
    }

    /// @notice As much of the rules as a strike is repriced by, by the leaf alone.
    function readStrikeRules(bytes memory value) internal pure returns (StrikeRules memory rules) {
        if (!Structs.isPresent(value, RULES_BYTES)) return rules;
        rules.status = Structs.number(value, 0, 1);
        rules.initialPpm = Structs.number(value, 45, 4);
        rules.floorPpm = Structs.number(value, 49, 4);
        rules.maintenancePpm = Structs.number(value, 53, 4);
        rules.scanPpm = Structs.number(value, 57, 4);
    }

    function decodeDates(bytes memory value) internal pure returns (OptionDates memory leaf) {
        Structs.decode(value, DATES_BYTES, DATES, OptionPointers.pointerTo(leaf));
    }

    function encodeDates(OptionDates memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(OptionPointers.pointerTo(leaf), DATES, DATES_BYTES);
    }

    /// @notice The mask of the dates that have strikes, by the leaf alone.
    function datesIn(bytes memory value) internal pure returns (uint256) {
        return Structs.isPresent(value, DATES_BYTES) ? Structs.number(value, 0, 2) : 0;
    }

    function decodeBoard(bytes memory value) internal pure returns (Board memory leaf) {
        if (!Structs.isPresent(value, BOARD_BYTES)) return leaf;
        leaf.surfaceMs = uint64(Structs.number(value, 0, NODES_AT));
        Structs.unpackRows(value, NODES_AT, NODE, NODE_BYTES, OptionPointers.pointerTo(leaf.nodes), NODES);
        Structs.unpackRows(value, STRIKES_AT, STRIKE, STRIKE_BYTES, OptionPointers.pointerTo(leaf.strikes), STRIKES);
    }

    function encodeBoard(Board memory leaf) internal pure returns (bytes memory value) {
        value = new bytes(BOARD_BYTES);
        Structs.packRows(OptionPointers.pointerTo(leaf.strikes), STRIKES, STRIKE, STRIKE_BYTES, value, STRIKES_AT);
        Structs.packRows(OptionPointers.pointerTo(leaf.nodes), NODES, NODE, NODE_BYTES, value, NODES_AT);
        bytes memory head = abi.encodePacked(leaf.surfaceMs);
        for (uint256 i = 0; i < NODES_AT; ++i) {
            value[i] = head[i];
        }
    }

    /// @notice The first place from `place` on that has a call, by the leaf alone; the number of places if there is none.
    function nextPlace(bytes memory board, uint256 place) internal pure returns (uint256) {
        if (!Structs.isPresent(board, BOARD_BYTES)) return STRIKES;
        uint256 three = THREE_SERIES;
        assembly ("memory-safe") {
            let row := add(add(board, add(32, STRIKES_AT)), mul(STRIKE_BYTES, place))
            for {} lt(place, STRIKES) {} {
                // Behind the last row lies what is not the board's: it ends the haste, and the loop ends before it is read.
                if iszero(and(mload(row), three)) {
                    place := add(place, 3)
                    row := add(row, mul(3, STRIKE_BYTES))
                    continue
                }
                if shr(240, mload(row)) { break }
                place := add(place, 1)
                row := add(row, STRIKE_BYTES)
            }
        }
        return place < STRIKES ? place : STRIKES;
    }

    /// @notice The call in a place of a board, by the leaf alone; 0 if the place is free.
    function callAt(bytes memory board, uint256 place) internal pure returns (uint256) {
        if (!Structs.isPresent(board, BOARD_BYTES)) return 0;
        return Structs.number(board, STRIKES_AT + STRIKE_BYTES * place, SERIES_SIZE);
    }

    /// @notice The strike in a place of a board with a call, by the leaf alone.
    function strikeAt(bytes memory board, uint256 place) internal pure returns (uint256) {
        return Structs.number(board, STRIKES_AT + STRIKE_BYTES * place + SERIES_SIZE, 8);
    }

    /// @notice The time of the surface of a board, by the leaf alone; 0 if there is none.
    function surfaceMsOf(bytes memory board) internal pure returns (uint256) {
        return Structs.isPresent(board, BOARD_BYTES) ? Structs.number(board, 0, NODES_AT) : 0;
    }

    /// @notice The volatilities of a board, by the leaf alone; empty without a surface.
    function smileIn(bytes memory board) internal pure returns (SurfaceNode[] memory smile) {
        if (surfaceMsOf(board) == 0) return smile;
        assembly ("memory-safe") {
            smile := mload(0x40)
            mstore(smile, NODES)
            let place := add(smile, 32)
            let node := add(place, shl(5, NODES))
            let source := add(board, add(32, NODES_AT))
            for { let end := node } lt(place, end) { place := add(place, 32) } {
                mstore(place, node)
                mstore(node, sar(232, mload(source)))
                mstore(add(node, 32), and(shr(216, mload(source)), 0xffff))
                node := add(node, 64)
                source := add(source, NODE_BYTES)
            }
            mstore(0x40, node)
        }
    }

    /// @notice The volatilities of a date as a smile; empty without a surface.
    function smileOf(Board memory board) internal pure returns (SurfaceNode[] memory smile) {
        return board.surfaceMs == 0 ? smile : toSmile(board.nodes);
    }

    /// @notice Nodes as a smile: the same structs.
    function toSmile(SurfaceNode[16] memory nodes) internal pure returns (SurfaceNode[] memory smile) {
        smile = new SurfaceNode[](NODES);
        for (uint256 i = 0; i < NODES; ++i) {
            smile[i] = nodes[i];
        }
    }

    /// @notice The epoch of the risk leaf of a series, by the leaf alone.
    function epochIn(bytes memory risk) internal pure returns (uint256) {
        return Structs.isPresent(risk, RISK_BYTES) ? Structs.number(risk, 0, DELTA_AT) : 0;
    }

    /// @notice The delta in the risk leaf of a series, by the leaf alone.
    function deltaIn(bytes memory risk) internal pure returns (int256) {
        return Structs.isPresent(risk, RISK_BYTES) ? int32(uint32(Structs.number(risk, DELTA_AT, 4))) : int32(0);
    }

    /// @notice Add `factor` times each gain in the risk leaf of a series, by the leaf alone, and `addend`, to sums.
    function addGains(bytes memory risk, uint256[10] memory sums, int256 factor, int256 addend) internal pure {
        if (!Structs.isPresent(risk, RISK_BYTES)) factor = 0;
        Lanes.addScaled(sums, risk, GAINS_AT, factor, addend);
    }

    /// @notice The risk leaf of a series: delta, which fits, and gains of four bytes each, in four words.
    function makeRisk(uint32 epoch, int256 delta, uint256[5] memory gains) internal pure returns (bytes memory value) {
        value = new bytes(RISK_BYTES);
        assembly ("memory-safe") {
            mstore(add(value, 32), or(shl(224, epoch), shl(192, and(delta, 0xffffffff))))
            mcopy(add(value, add(32, GAINS_AT)), gains, 128)
        }
    }

    function decodeSales(bytes memory value) internal pure returns (Sales memory leaf) {
        if (!Structs.isPresent(value, SALES_BYTES)) return leaf;
        Structs.unpackRows(value, 0, SALE, SALE_BYTES, OptionPointers.pointerTo(leaf.places), SALE_PLACES);
    }

    function encodeSales(Sales memory leaf) internal pure returns (bytes memory value) {
        value = new bytes(SALES_BYTES);
        Structs.packRows(OptionPointers.pointerTo(leaf.places), SALE_PLACES, SALE, SALE_BYTES, value, 0);
    }
}
