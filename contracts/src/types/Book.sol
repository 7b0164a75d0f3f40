// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A resting order, or a free slot: account 0, and `next` the next free one (docs/spec.md S-11).
/// @custom:twin rollup_node/core/book_leaves.py Order
struct Order {
    uint32 account;
    uint16 series;
    uint16 flags;
    uint32 tick;
    uint32 trigger;
    uint32 remaining;
    uint32 previous;
    uint32 next;
    uint64 sequence;
    uint64 reserve;
    uint64 expiryAt;
    uint16 slot;
    uint32 tag;
    uint16 feeCapPpm;
    uint8 key;
    uint16 generation;
}

/// @notice All orders at one tick (docs/spec.md S-12).
/// @custom:twin rollup_node/core/book_leaves.py Level
struct Level {
    uint32 head;
    uint32 tail;
    uint64 lots;
    uint32 orders;
}

/// @notice Which of 256 ticks (or words) are not empty; bit k stands for number k (docs/spec.md S-12).
/// @custom:twin rollup_node/core/book_leaves.py TickWord
struct TickWord {
    uint256 bits;
}

/// @notice Order slots by eight client slots of an account, 0 for none (docs/spec.md S-13).
/// @custom:twin rollup_node/core/book_leaves.py ClientSlots
struct ClientSlots {
    uint32[8] slots;
}
