// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClientSlots, Level, Order, TickWord} from "../types/Book.sol";
import {Words} from "./Words.sol";

/// @notice Leaves of the order book (docs/spec.md S-11 to S-13) as bytes, both ways. The empty leaf is all zeros.
/// @custom:twin rollup_node/codec/book_leaves.py
library BookLeaves {
    using Words for bytes;
    using Words for uint256[];

    uint256 internal constant ORDER_BYTES = 63;
    uint256 internal constant LEVEL_BYTES = 20;
    uint256 internal constant TICK_WORD_BYTES = 32;
    uint256 internal constant CLIENT_SLOTS_BYTES = 32;

    function decodeOrder(bytes memory value) internal pure returns (Order memory leaf) {
        if (value.length == 0) return leaf;
        uint256[] memory w = value.load(ORDER_BYTES);
        leaf.account = w.u32(0);
        leaf.series = w.u16(32);
        leaf.flags = w.u16(48);
        leaf.tick = w.u32(64);
        leaf.trigger = w.u32(96);
        leaf.remaining = w.u32(128);
        leaf.previous = w.u32(160);
        leaf.next = w.u32(192);
        leaf.sequence = w.u64(224);
        leaf.reserve = w.u64(288);
        leaf.expiryAt = w.u64(352);
        leaf.slot = w.u16(416);
        leaf.tag = w.u32(432);
        leaf.feeCapPpm = w.u16(464);
        leaf.key = w.u8(480);
        leaf.generation = w.u16(488);
    }

    function encodeOrder(Order memory leaf) internal pure returns (bytes memory) {
        return bytes.concat(
            abi.encodePacked(
                leaf.account, leaf.series, leaf.flags, leaf.tick, leaf.trigger, leaf.remaining, leaf.previous, leaf.next
            ),
            abi.encodePacked(
                leaf.sequence,
                leaf.reserve,
                leaf.expiryAt,
                leaf.slot,
                leaf.tag,
                leaf.feeCapPpm,
                leaf.key,
                leaf.generation
            )
        );
    }

    function decodeLevel(bytes memory value) internal pure returns (Level memory leaf) {
        if (value.length == 0) return leaf;
        uint256[] memory w = value.load(LEVEL_BYTES);
        leaf.head = w.u32(0);
        leaf.tail = w.u32(32);
        leaf.lots = w.u64(64);
        leaf.orders = w.u32(128);
    }

    function encodeLevel(Level memory leaf) internal pure returns (bytes memory) {
        return abi.encodePacked(leaf.head, leaf.tail, leaf.lots, leaf.orders);
    }

    function decodeTickWord(bytes memory value) internal pure returns (TickWord memory leaf) {
        if (value.length == 0) return leaf;
        uint256[] memory w = value.load(TICK_WORD_BYTES);
        leaf.bits = uint256(w.field(0, 256));
    }

    function encodeTickWord(TickWord memory leaf) internal pure returns (bytes memory) {
        return abi.encodePacked(leaf.bits);
    }

    function decodeClientSlots(bytes memory value) internal pure returns (ClientSlots memory leaf) {
        if (value.length == 0) return leaf;
        uint256 slots = value.load(CLIENT_SLOTS_BYTES)[0];
        for (uint256 i = 0; i < 8; ++i) {
            leaf.slots[i] = uint32(slots >> 32 * (7 - i));
        }
    }

    function encodeClientSlots(ClientSlots memory leaf) internal pure returns (bytes memory value) {
        uint256 word = 0;
        for (uint256 i = 0; i < 8; ++i) {
            word = word << 32 | leaf.slots[i];
        }
        value = abi.encodePacked(word);
    }
}
