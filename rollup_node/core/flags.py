"""The flags of an order and of an account: which bit says what. Nothing but the numbers.

Twin: contracts/src/core/Flags.sol.
"""

from typing import Final

from rollup_node.core.inputs import PlaceOrder

SIDE_FLAG: Final = 1
"""Set: sell."""
KIND_SHIFT: Final = 1
IN_FORCE_SHIFT: Final = 3
POST_ONLY_FLAG: Final = 1 << 5
REDUCE_ONLY_FLAG: Final = 1 << 6
SELF_TRADE_SHIFT: Final = 7
QUOTE_FLAG: Final = 1 << 9
"""Set: a leg of a mass quote. Source: docs/spec.md R-4."""

LIMIT: Final = 0
MARKET: Final = 1
STOP: Final = 2
TAKE_PROFIT: Final = 3
"""Kinds of orders; from `STOP` on they wait for a trigger."""

GOOD_TILL_CANCELLED: Final = 0
GOOD_TILL_TIME: Final = 1
IMMEDIATE_OR_CANCEL: Final = 2
"""Times in force."""

CANCEL_NEWEST: Final = 0
CANCEL_OLDEST: Final = 1
CANCEL_BOTH: Final = 2
"""What a taker does when it meets an order of its own group. Source: docs/spec.md O-7."""

FROZEN_FLAG: Final = 1
LIQUIDATING_FLAG: Final = 2
CHILD_FLAG: Final = 4
GUARDIAN_FLAG: Final = 8
FUND_FLAG: Final = 16
SALE_FLAG: Final = 32
"""Flags of the hot leaf. Source: docs/spec.md K-1."""

SCOPE_TRADE: Final = 1
SCOPE_CANCEL: Final = 2
SCOPE_QUOTE: Final = 4
SCOPE_SETTINGS: Final = 8
"""What a session key may do. Source: docs/spec.md K-2."""


def pack_flags(order: PlaceOrder) -> int:
    """Return the flags of an order in their bits; each is in its range. Source: R-4."""
    _, _, _, side, kind, in_force, post_only, reduce_only, self_trade, _, _, _, _, _, _, _ = order
    return (
        side
        | kind << KIND_SHIFT
        | in_force << IN_FORCE_SHIFT
        | post_only << 5
        | reduce_only << 6
        | self_trade << SELF_TRADE_SHIFT
    )


def is_immediate(flags: int) -> bool:
    """Say whether what is left of an order is cancelled instead of resting."""
    return flags >> IN_FORCE_SHIFT & 3 == IMMEDIATE_OR_CANCEL
