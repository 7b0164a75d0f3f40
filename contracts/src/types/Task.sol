// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RfqLeg} from "./Records.sol";

/// @notice The order in flight (docs/spec.md S-20, O-7).
/// @custom:twin rollup_node/core/task_leaves.py Taker
struct Taker {
    uint32 account;
    uint16 series;
    uint16 flags;
    uint32 tick;
    uint32 trigger;
    uint32 remaining;
    uint64 expiryAt;
    uint16 slot;
    uint32 tag;
    uint16 feeCapPpm;
    uint8 key;
    uint16 generation;
    uint16 makers;
    uint32 filled;
    uint8 origin;
    uint8 resume;
    uint8 forced;
}

/// @notice What was summed so far of one underlying.
/// @custom:twin rollup_node/core/task_leaves.py RefreshRow
struct RefreshRow {
    uint8 positions;
    int64 value;
    uint64 initial;
    uint64 maintenance;
}

/// @notice The account being revalued (docs/spec.md S-20, M-11).
/// @custom:twin rollup_node/core/task_leaves.py RefreshTask
struct RefreshTask {
    uint32 account;
    uint8 next;
    uint8 resume;
    RefreshRow[] rows;
}

/// @notice One leg of a mass quote (docs/spec.md S-20, O-11).
/// @custom:twin rollup_node/core/task_leaves.py QuoteLeg
struct QuoteLeg {
    uint16 series;
    uint8 side;
    uint16 slot;
    uint32 tick;
    uint32 lots;
}

/// @notice A mass quote without its legs: `next` is the number of its next leg.
/// @custom:twin rollup_node/core/task_leaves.py QuoteTask
struct QuoteHead {
    uint32 account;
    uint8 key;
    uint16 feeCapPpm;
    uint32 tag;
    uint8 length;
    uint8 next;
}

/// @notice The mass quote in flight.
/// @custom:twin rollup_node/core/task_leaves.py QuoteTask
struct QuoteTask {
    uint32 account;
    uint8 key;
    uint16 feeCapPpm;
    uint32 tag;
    uint8 length;
    uint8 next;
    QuoteLeg[20] legs;
}

/// @notice The cancelling of many orders in flight (docs/spec.md S-20, O-9).
/// @custom:twin rollup_node/core/task_leaves.py SweepTask
struct SweepTask {
    uint32 account;
    uint8 scope;
    uint16 scopeId;
    uint16 next;
    uint8 reason;
    uint8 resume;
}

/// @notice What a block or a report made due (docs/spec.md S-20, V-2, V-5, V-8, L-7).
/// @custom:twin rollup_node/core/task_leaves.py PriceTask
struct PriceTask {
    uint8 due;
    uint8 sample;
    uint8 underlying;
    uint16 next;
    uint16 drain;
    uint8 drained;
    uint8 resume;
    uint32 impact;
}

/// @notice A transfer or withdrawal whose account is refreshed first (docs/spec.md S-20, M-9).
/// @param kind First byte of the record.
/// @param target Recipient: an address on L1, or an account number.
/// @custom:twin rollup_node/core/task_leaves.py LeaveTask
struct LeaveTask {
    uint8 kind;
    uint32 account;
    uint8 asset;
    uint96 amount;
    address target;
}

/// @notice The account being liquidated (docs/spec.md S-20, L-2).
/// @param reduced 1 once the order that reduces it was made.
/// @custom:twin rollup_node/core/task_leaves.py LiquidationTask
struct LiquidationTask {
    uint32 account;
    uint16 series;
    uint8 reduced;
}

/// @notice The combo in flight while an account of it is refreshed (docs/spec.md S-20, Q-3); the first `length` legs
/// count.
/// @custom:twin rollup_node/core/task_leaves.py RfqTask
struct RfqTask {
    uint32 taker;
    uint8 takerKey;
    uint16 takerCapPpm;
    uint32 maker;
    uint8 makerKey;
    uint16 makerCapPpm;
    uint8 length;
    RfqLeg[8] legs;
}
