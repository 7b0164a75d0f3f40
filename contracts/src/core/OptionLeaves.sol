// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Board, OptionDates, OptionRules, Sales} from "../types/Option.sol";
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
    bytes32 private constant GAINS = hex"8484848484848484848484848484848484848484848484848484848484848484";

    function decodeRules(bytes memory value) internal pure returns (OptionRules memory leaf) {
        Structs.decode(value, RULES_BYTES, RULES, OptionPointers.pointerTo(leaf));
    }

    function encodeRules(OptionRules memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(OptionPointers.pointerTo(leaf), RULES, RULES_BYTES);
    }

    function decodeDates(bytes memory value) internal pure returns (OptionDates memory leaf) {
        Structs.decode(value, DATES_BYTES, DATES, OptionPointers.pointerTo(leaf));
    }

    function encodeDates(OptionDates memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(OptionPointers.pointerTo(leaf), DATES, DATES_BYTES);
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
        SurfaceNode[16] memory nodes;
        Structs.unpackRows(board, NODES_AT, NODE, NODE_BYTES, OptionPointers.pointerTo(nodes), NODES);
        return toSmile(nodes);
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

    /// @notice The risk leaf of a series with delta and gains that fit it.
    function makeRisk(uint32 epoch, int256 delta, int256[32] memory gains) internal pure returns (bytes memory value) {
        value = abi.encodePacked(epoch, int32(delta), new bytes(RISK_BYTES - GAINS_AT));
        Structs.pack(OptionPointers.pointerTo(gains), GAINS, value, GAINS_AT);
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
