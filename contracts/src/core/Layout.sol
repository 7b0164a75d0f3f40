// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LeafKey} from "../types/LeafKey.sol";

/// @notice Where things live in the state tree, and the limits of the state (docs/spec.md T-1, T-2, S).
/// @custom:twin rollup_node/core/layout.py
library Layout {
    uint256 internal constant REGION_BITS = 4;
    uint256 internal constant POSITION_BITS = 36;

    uint256 internal constant GLOBALS = 0;
    uint256 internal constant UNDERLYINGS = 1;
    uint256 internal constant SERIES = 2;
    uint256 internal constant LEVELS = 3;
    uint256 internal constant TICK_MAP = 4;
    uint256 internal constant ORDERS = 5;
    uint256 internal constant ACCOUNTS = 6;
    uint256 internal constant CLIENT_SLOTS = 7;
    uint256 internal constant OUTBOX = 8;
    uint256 internal constant TRIGGER_LEVELS = 9;
    uint256 internal constant TRIGGER_MAP = 10;

    uint256 internal constant GLOBALS_DEPTH = 12;
    uint256 internal constant ACCOUNTS_DEPTH = 31;
    uint256 internal constant OUTBOX_DEPTH = 36;
    /// @dev Depth of each region, one byte each; 0 for a missing one.
    uint256 private constant DEPTHS = 0x0c10131e181c1f21241e180000000000;

    LeafKey internal constant CURSOR = LeafKey.wrap(0);
    LeafKey internal constant PRICES = LeafKey.wrap(1);
    LeafKey internal constant ALLOCATORS = LeafKey.wrap(2);
    LeafKey internal constant POOLS = LeafKey.wrap(3);
    LeafKey internal constant TAKER = LeafKey.wrap(4);
    LeafKey internal constant TOTALS = LeafKey.wrap(5);
    LeafKey internal constant ASSETS_TABLE = LeafKey.wrap(6);
    LeafKey internal constant CREDIT = LeafKey.wrap(7);
    LeafKey internal constant PUBLISHERS = LeafKey.wrap(8);
    LeafKey internal constant REFRESH = LeafKey.wrap(9);
    LeafKey internal constant QUOTE = LeafKey.wrap(10);
    LeafKey internal constant SWEEP = LeafKey.wrap(11);
    LeafKey internal constant PRICE_TASK = LeafKey.wrap(12);

    uint256 internal constant FIELDS_PER_ACCOUNT = 32;
    uint256 internal constant OWNER_FIELD = 1;
    uint256 internal constant BALANCES_FIELD = 3;

    /// @dev Accounts 1 <= id < ACCOUNTS_LIMIT exist in state; the bridge hands out 1 <= id < DEPOSIT_ACCOUNTS_LIMIT.
    uint256 internal constant ACCOUNTS_LIMIT = 1 << 22;
    uint256 internal constant DEPOSIT_ACCOUNTS_LIMIT = 1 << 21;
    uint256 internal constant ASSETS = 4;
    uint256 internal constant MAX_BALANCE = (1 << 95) - 1;
    uint256 internal constant TOTAL_LIMIT = 1 << 96;
    uint256 internal constant WITHDRAWALS_LIMIT = 1 << 31;
    uint256 internal constant NONCE_WINDOW = 192;
    uint256 internal constant NONCE_LEAD_MS = 86_400_000;

    /// @notice Key of the owner leaf of an account.
    function ownerKey(uint256 account) internal pure returns (LeafKey) {
        return _accountKey(account, OWNER_FIELD);
    }

    /// @notice Key of the balances leaf of an account.
    function balancesKey(uint256 account) internal pure returns (LeafKey) {
        return _accountKey(account, BALANCES_FIELD);
    }

    /// @notice Key of an outbox slot; `index < 2^32`.
    function outboxKey(uint256 index) internal pure returns (LeafKey) {
        return LeafKey.wrap(uint64(OUTBOX << 32 | index));
    }

    /// @notice Depth of the leaves of a region; 0 for a missing region.
    function depthOf(uint256 region) internal pure returns (uint256) {
        return region < 16 ? DEPTHS >> 8 * (15 - region) & 0xff : 0;
    }

    /// @notice Depth and position of a key (T-2); depth 0 says that the key is not valid.
    function locate(LeafKey key) internal pure returns (uint256 depth, uint256 position) {
        uint256 raw = LeafKey.unwrap(key);
        uint256 index = raw & 0xffffffff;
        depth = depthOf(raw >> 32);
        if (depth == 0 || index >> (depth - REGION_BITS) != 0) return (0, 0);
        position = (raw >> 32) << 32 | index << (POSITION_BITS - depth);
    }

    function _accountKey(uint256 account, uint256 field) private pure returns (LeafKey) {
        return LeafKey.wrap(uint64(ACCOUNTS << 32 | (account * FIELDS_PER_ACCOUNT + field)));
    }
}
