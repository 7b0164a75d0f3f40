// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The flags of an order and of an account: which bit says what (docs/spec.md R-4, K-1, K-2).
/// @custom:twin rollup_node/core/flags.py
library Flags {
    /// @dev Set: sell.
    uint256 internal constant SIDE = 1;
    uint256 internal constant POST_ONLY = 1 << 5;
    uint256 internal constant REDUCE_ONLY = 1 << 6;
    /// @dev Set: a leg of a mass quote.
    uint256 internal constant QUOTE = 1 << 9;

    uint256 internal constant LIMIT = 0;
    uint256 internal constant MARKET = 1;
    uint256 internal constant STOP = 2;

    uint256 internal constant GOOD_TILL_TIME = 1;
    uint256 internal constant IMMEDIATE_OR_CANCEL = 2;

    uint256 internal constant CANCEL_NEWEST = 0;
    uint256 internal constant CANCEL_OLDEST = 1;
    uint256 internal constant CANCEL_BOTH = 2;

    uint256 internal constant FROZEN = 1;
    uint256 internal constant LIQUIDATING = 2;
    uint256 internal constant CHILD = 4;
    uint256 internal constant GUARDIAN = 8;
    uint256 internal constant FUND = 16;
    uint256 internal constant SALE = 32;

    uint256 internal constant SCOPE_TRADE = 1;
    uint256 internal constant SCOPE_CANCEL = 2;
    uint256 internal constant SCOPE_QUOTE = 4;
    uint256 internal constant SCOPE_SETTINGS = 8;
    /// @dev Whoever may place may take back.
    uint256 internal constant SCOPE_PLACED = SCOPE_TRADE | SCOPE_CANCEL | SCOPE_QUOTE;

    /// @dev Where an order in flight comes from (docs/spec.md S-20).
    uint8 internal constant FROM_ORDER = 0;
    uint8 internal constant FROM_LEG = 1;
    uint8 internal constant FROM_TRIGGER = 2;
    uint8 internal constant FROM_REPLACE = 3;
    uint8 internal constant FROM_PROTOCOL = 4;

    function kindOf(uint256 flags) internal pure returns (uint256) {
        return flags >> 1 & 3;
    }

    function timeInForceOf(uint256 flags) internal pure returns (uint256) {
        return flags >> 3 & 3;
    }

    function selfTradeOf(uint256 flags) internal pure returns (uint256) {
        return flags >> 7 & 3;
    }

    /// @notice Whether what is left of an order is cancelled instead of resting.
    function isImmediate(uint256 flags) internal pure returns (bool) {
        return timeInForceOf(flags) == IMMEDIATE_OR_CANCEL;
    }
}
