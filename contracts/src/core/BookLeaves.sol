// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClientSlots, Level, Order, TickWord} from "../types/Book.sol";
import {BookPointers} from "./BookPointers.sol";
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
        if (!Structs.isPresent(value, ORDER_BYTES)) return leaf;
        leaf.account = uint32(Structs.number(value, 0, 4));
        leaf.series = uint16(Structs.number(value, 4, 2));
        leaf.flags = uint16(Structs.number(value, 6, 2));
        leaf.tick = uint32(Structs.number(value, 8, 4));
        leaf.trigger = uint32(Structs.number(value, 12, 4));
        leaf.remaining = uint32(Structs.number(value, 16, 4));
        leaf.previous = uint32(Structs.number(value, 20, 4));
        leaf.next = uint32(Structs.number(value, 24, 4));
        leaf.sequence = uint64(Structs.number(value, 28, 8));
        leaf.reserve = uint64(Structs.number(value, 36, 8));
        leaf.expiryAt = uint64(Structs.number(value, 44, 8));
        leaf.slot = uint16(Structs.number(value, 52, 2));
        leaf.tag = uint32(Structs.number(value, 54, 4));
        leaf.feeCapPpm = uint16(Structs.number(value, 58, 2));
        leaf.key = uint8(Structs.number(value, 60, 1));
        leaf.generation = uint16(Structs.number(value, 61, 2));
    }

    function encodeOrder(Order memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(BookPointers.pointerTo(leaf), ORDER, ORDER_BYTES);
    }

    function decodeLevel(bytes memory value) internal pure returns (Level memory leaf) {
        Structs.decode(value, LEVEL_BYTES, LEVEL, BookPointers.pointerTo(leaf));
    }

    function encodeLevel(Level memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(BookPointers.pointerTo(leaf), LEVEL, LEVEL_BYTES);
    }

    function decodeTickWord(bytes memory value) internal pure returns (TickWord memory leaf) {
        if (Structs.isPresent(value, TICK_WORD_BYTES)) leaf.bits = uint256(bytes32(value));
    }

    function encodeTickWord(TickWord memory leaf) internal pure returns (bytes memory) {
        return abi.encodePacked(leaf.bits);
    }

    function decodeClientSlots(bytes memory value) internal pure returns (ClientSlots memory leaf) {
        Structs.decode(value, CLIENT_SLOTS_BYTES, SLOTS, BookPointers.pointerTo(leaf.slots));
    }

    function encodeClientSlots(ClientSlots memory leaf) internal pure returns (bytes memory) {
        return Structs.encode(BookPointers.pointerTo(leaf.slots), SLOTS, CLIENT_SLOTS_BYTES);
    }
}
