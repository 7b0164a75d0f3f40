// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice An account's positions in one underlying, summed, in µUSDC as of `epoch` (docs/spec.md S-14, M-4).
/// @custom:twin rollup_node/core/account_leaves.py RiskRow
struct RiskRow {
    uint32 epoch;
    uint8 positions;
    int64 value;
    uint64 initial;
    uint64 maintenance;
}

/// @notice What trading touches of an account (docs/spec.md S-14); of the rows, always eight, only a decoder makes new ones.
/// @custom:twin rollup_node/core/account_leaves.py Hot
struct Hot {
    uint64 reserve;
    uint32 group;
    uint8 flags;
    uint8 mode;
    uint8 protected;
    uint16 openOrders;
    uint64 deadManMs;
    uint64 interestMs;
    uint32 version;
    uint128 slotMap;
    uint32[8] slots;
    RiskRow[] rows;
}

/// @notice Market-maker protection in one underlying (docs/spec.md S-15, K-5).
/// @custom:twin rollup_node/core/account_leaves.py ProtectionRow
struct ProtectionRow {
    uint32 limit;
    uint32 windowMs;
    uint64 startedMs;
    uint32 filled;
}

/// @notice What trading does not touch of an account (docs/spec.md S-15).
/// @param guardian May freeze the account; zero for none.
/// @param guardianNonce Highest nonce that the guardian used.
/// @param parent Whose child it is; 0 for nobody's.
/// @param series The only one that a child trades.
/// @param liquidatedMs When the liquidation began or last reduced.
/// @param auctionMs Since when the account is for sale; 0 if it is not.
/// @param insurer The underlying whose last position left the account with a debt.
/// @param protections Per underlying.
/// @custom:twin rollup_node/core/account_leaves.py Cold
struct Cold {
    address guardian;
    uint64 guardianNonce;
    uint32 parent;
    uint16 series;
    uint64 liquidatedMs;
    uint64 auctionMs;
    uint8 insurer;
    ProtectionRow[8] protections;
}

/// @notice A key that may do some things until `expiryMs` (docs/spec.md S-16, K-3); zero address: none.
/// @custom:twin rollup_node/core/account_leaves.py SessionKey
struct SessionKey {
    address keyAddress;
    uint8 scope;
    uint8 markets;
    uint64 expiryMs;
    uint64 orderCap;
    uint64 nonceHigh;
    uint192 nonceMap;
}

/// @notice The series of the account's positions (docs/spec.md S-17): 16 of them per word, the first one in the upper
/// bits. Read and written by `AccountLeaves`.
/// @custom:twin rollup_node/core/account_leaves.py Directory
struct Directory {
    uint256[8] words;
}

/// @notice A position (docs/spec.md S-18): lots (negative: short), what was paid for them in µUSDC, and funding.
/// @custom:twin rollup_node/core/account_leaves.py Position
struct Position {
    uint16 series;
    int32 lots;
    int64 basis;
    int64 fundingIndex;
    uint16 generation;
}

/// @notice What a row of an account under portfolio margin is weighed by, µUSDC, as of the row's epoch (docs/spec.md S-22).
/// @param sums In `Lanes`: what all its positions gain in each of the 32 scenarios, then the deltas of linear positions and
/// short options in each of the eight buckets of dates.
/// @param charge Of its short options.
/// @custom:twin rollup_node/core/account_leaves.py AccountRisk
struct AccountRisk {
    uint256[10] sums;
    int64 charge;
}

/// @notice A page of eight positions, which only a decoder makes.
/// @custom:twin rollup_node/core/account_leaves.py Positions
struct Positions {
    Position[] rows;
}
