"""The leaves of the state as values. Tuples: the hot path makes four of them per transfer."""

from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from rollup_node.core.account_leaves import (
    AccountRisk,
    Cold,
    Directory,
    Hot,
    Positions,
    SessionKey,
)
from rollup_node.core.book_leaves import ClientSlots, Level, Order, TickWord
from rollup_node.core.layout import ALLOCATORS_KEY, CURSOR_KEY, TOTALS_KEY, LeafKey
from rollup_node.core.market_leaves import (
    AssetTerms,
    Credit,
    Expiry,
    Pools,
    Prices,
    Publishers,
    SeriesList,
    SeriesState,
    SeriesTerms,
    SettlementGrid,
    Underlying,
)
from rollup_node.core.option_leaves import Board, OptionDates, OptionRules, Sales, SeriesRisk
from rollup_node.core.task_leaves import (
    LeaveTask,
    LiquidationTask,
    PriceTask,
    QuoteTask,
    RefreshTask,
    RfqTask,
    SweepTask,
    Taker,
)

Amounts: TypeAlias = tuple[int, int, int, int]
"""One amount per asset, in the smallest unit of each token, each below 2^96.

Of balances the first, cash, may be negative (docs/spec.md S-19).
"""


class Cursor(NamedTuple):
    """The program counter: what was read so far, the L2 block it made. Source: docs/spec.md S-1."""

    item: int
    offset: int
    delayed: int
    fast: int
    block: int
    time_ms: int
    phase: int
    order_class: int


class Allocators(NamedTuple):
    """The next free slot of the outbox, child account and order slot. Source: docs/spec.md S-7.

    `next_account` and `order_next` count from 0: the next account is `2^21 + next_account`, the
    next order slot that was never used `order_next + 1`; `order_free` is the first of the list of
    freed ones, 0: none.
    """

    outbox_next: int
    next_account: int
    order_free: int
    order_next: int


class Totals(NamedTuple):
    """Per asset the sum of all balances. Source: docs/spec.md S-1."""

    amounts: Amounts


class Owner(NamedTuple):
    """Who signs for an account, and its nonce window. Source: docs/spec.md S-2, S-6."""

    address: bytes
    nonce_high: int
    nonce_map: int


class Balances(NamedTuple):
    """What an account holds. Source: docs/spec.md S-2."""

    amounts: Amounts


class Withdrawal(NamedTuple):
    """An entry of the outbox: what the bridge owes to `recipient`. Source: docs/spec.md S-4."""

    account: int
    asset: int
    amount: int
    recipient: bytes


Leaf: TypeAlias = (
    Cursor
    | Allocators
    | Totals
    | Owner
    | Balances
    | Withdrawal
    | Prices
    | Pools
    | AssetTerms
    | Credit
    | Publishers
    | Underlying
    | SeriesList
    | Expiry
    | SettlementGrid
    | OptionRules
    | OptionDates
    | Board
    | SeriesRisk
    | Sales
    | SeriesTerms
    | SeriesState
    | Order
    | Level
    | TickWord
    | ClientSlots
    | Hot
    | Cold
    | SessionKey
    | Directory
    | Positions
    | AccountRisk
    | Taker
    | RefreshTask
    | QuoteTask
    | SweepTask
    | PriceTask
    | LeaveTask
    | LiquidationTask
    | RfqTask
)

Writes: TypeAlias = dict[LeafKey, Leaf]
"""The leaves that a step wrote, by key."""


class LeafReader(Protocol):
    """What a transition may do with the state: read the leaf at a key, None if it is empty."""

    def get(self, key: LeafKey, /) -> Any:  # noqa: ANN401 - the key decides the type of the leaf
        """Return the leaf at `key` or None."""


NO_AMOUNTS: Final[Amounts] = (0, 0, 0, 0)

GENESIS: Final[Writes] = {
    CURSOR_KEY: Cursor(0, 0, 0, 0, 0, 0, 0, 0),
    ALLOCATORS_KEY: Allocators(0, 0, 0, 0),
    TOTALS_KEY: Totals(NO_AMOUNTS),
}
"""The state before the first step. Source: docs/spec.md S-5."""


def replace_amount(amounts: Amounts, asset: int, amount: int) -> Amounts:
    """Return `amounts` with the one of `asset` replaced; 0 <= asset < 4."""
    first, second, third, fourth = amounts
    if asset == 0:
        return (amount, second, third, fourth)
    if asset == 1:
        return (first, amount, third, fourth)
    return (first, second, amount, fourth) if asset == 2 else (first, second, third, amount)  # noqa: PLR2004
