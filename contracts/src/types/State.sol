// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The program counter (docs/spec.md S-1): Globals leaf 0.
/// @param item Inbox items that are finished.
/// @param offset Bytes read of the data of the current item.
/// @param delayed Delayed messages consumed.
/// @param fast Fast messages consumed.
/// @param blockNumber L2 blocks begun.
/// @param timeMs L2 time in milliseconds.
/// @param phase One of `Phase`: what the next step is.
/// @param orderClass Class that the current block has reached.
/// @custom:twin rollup_node/core/leaves.py Cursor
struct Cursor {
    uint40 item;
    uint32 offset;
    uint40 delayed;
    uint40 fast;
    uint40 blockNumber;
    uint48 timeMs;
    uint8 phase;
    uint8 orderClass;
}

/// @notice What is handed out in sequence (docs/spec.md S-7): Globals leaf 2.
/// @param outboxNext Next free slot of the outbox.
/// @param nextAccount Accounts opened on L2: the next one is `2^21 + nextAccount`.
/// @param orderFree First freed order slot; 0 for none.
/// @param orderNext Order slots ever used: the next new one is `orderNext + 1`.
/// @custom:twin rollup_node/core/leaves.py Allocators
struct Allocators {
    uint40 outboxNext;
    uint32 nextAccount;
    uint32 orderFree;
    uint32 orderNext;
}

/// @notice Who may move an account, and which nonces it used (docs/spec.md S-2, S-6).
/// @param owner The account is open iff its owner leaf is present; its owner is never zero.
/// @param nonceHigh Highest nonce used.
/// @param nonceMap 192 bits; bit k says that nonce `nonceHigh - k` was used.
/// @custom:twin rollup_node/core/leaves.py Owner
struct Owner {
    address owner;
    uint64 nonceHigh;
    uint192 nonceMap;
}

/// @notice An outbox entry: who is paid on L1 (docs/spec.md S-4).
/// @param account Account that paid, as given in the message for a refund.
/// @param asset Asset id, as given in the message for a refund.
/// @param amount In the smallest unit of the asset.
/// @param recipient L1 address that is paid.
/// @custom:twin rollup_node/core/leaves.py Withdrawal
struct Withdrawal {
    uint32 account;
    uint8 asset;
    uint96 amount;
    address recipient;
}
