// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClientSlots, Level, Order, TickWord} from "../types/Book.sol";
import {Structs} from "./Structs.sol";

/// @notice Leaves of the order book (docs/spec.md S-11 to S-13) as bytes, both ways. The empty leaf is all zeros.
/// @dev The tables are those of `Structs`.
/// @custom:twin rollup_node/codec/book_leaves.py
library BookLeaves {
    uint256 internal constant ORDER_BYTES = 63;
    uint256 internal constant LEVEL_BYTES = 20;
    uint256 internal constant TICK_WORD_BYTES = 32;
    uint256 internal constant CLIENT_SLOTS_BYTES = 32;

    bytes32 private constant ORDER = hex"04020204040404040808080204020102";
    bytes32 private constant LEVEL = hex"04040804";
    bytes32 private constant SLOTS = hex"0404040404040404";

    function decodeOrder(bytes memory value) internal pure returns (Order memory leaf) {
        Structs.decode(value, ORDER_BYTES, ORDER, Structs.pointerTo(leaf));
    }

    function encodeOrder(Order memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(Structs.pointerTo(leaf), ORDER, ORDER_BYTES);
    }

    function decodeLevel(bytes memory value) internal pure returns (Level memory leaf) {
        Structs.decode(value, LEVEL_BYTES, LEVEL, Structs.pointerTo(leaf));
    }

    function encodeLevel(Level memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(Structs.pointerTo(leaf), LEVEL, LEVEL_BYTES);
    }

    function decodeTickWord(bytes memory value) internal pure returns (TickWord memory leaf) {
        if (Structs.isPresent(value, TICK_WORD_BYTES)) leaf.bits = uint256(bytes32(value));
    }

    function encodeTickWord(TickWord memory leaf) internal pure returns (bytes memory) {
        return abi.encodePacked(leaf.bits);
    }

    function decodeClientSlots(bytes memory value) internal pure returns (ClientSlots memory leaf) {
        Structs.decode(value, CLIENT_SLOTS_BYTES, SLOTS, Structs.pointerTo(leaf.slots));
    }

    function encodeClientSlots(ClientSlots memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(Structs.pointerTo(leaf.slots), SLOTS, CLIENT_SLOTS_BYTES);
    }
}
