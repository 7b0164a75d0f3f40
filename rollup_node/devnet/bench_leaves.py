"""The state of a full exchange, as its leaves: what benchmarks of tree and restart work on.

Two orders an account over 32 books, levels around one price in each, every account with margin,
balances, a directory and two pages of positions. Values are drawn with a seed and mean nothing.
"""

import random
from collections.abc import Iterator
from typing import Final

from rollup_node.core import layout
from rollup_node.core.account_leaves import (
    NO_COLD,
    NO_DIRECTORY,
    Hot,
    Position,
    Positions,
    RiskRow,
)
from rollup_node.core.book_leaves import ClientSlots, Level, Order, TickWord
from rollup_node.core.layout import LeafKey
from rollup_node.core.leaves import Balances, Leaf, Owner, Writes

ORDERS_PER_ACCOUNT: Final = 2
_BOOKS: Final = layout.BOOK_LIMIT
_MIDDLE_TICK: Final = 1 << 16
_SPREAD: Final = 2_000
_FIRST_ACCOUNT: Final = 1_000
"""Smaller numbers are left to accounts that do something."""
_PAGES: Final = 2


def exchange_leaves(orders: int, seed: int) -> Writes:
    """Return the leaves of an exchange with that many resting orders."""
    rng = random.Random(seed)  # noqa: S311 - a load, not a secret
    leaves: Writes = {}
    ticks: dict[tuple[int, int], list[int]] = {}
    accounts = max(orders // ORDERS_PER_ACCOUNT, 1)
    for slot in range(1, orders + 1):
        book = rng.randrange(_BOOKS)
        tick = _MIDDLE_TICK + round(rng.gauss(0, _SPREAD))
        ticks.setdefault((book, tick), []).append(slot)
        account = _FIRST_ACCOUNT + slot % accounts
        leaves[layout.order_key(slot)] = _order(rng, account, book, tick, slot)
    for (book, tick), slots in ticks.items():
        leaves[layout.level_key(book, tick)] = Level(slots[0], slots[-1], 10, len(slots))
        leaves[layout.word_key(book, tick >> layout.WORD_BITS)] = TickWord(rng.getrandbits(256))
    for account in range(_FIRST_ACCOUNT, _FIRST_ACCOUNT + accounts):
        leaves.update(_account(rng, account))
    return leaves


def _order(rng: random.Random, account: int, book: int, tick: int, slot: int) -> Order:
    reserve, tag = rng.getrandbits(40), rng.getrandbits(32)
    near = max(slot - 1, 0), slot + 1
    return Order(account, book, 1, tick, 0, 7, *near, slot, reserve, 0, slot & 7, tag, 500, 0, 0)


def _account(rng: random.Random, account: int) -> Iterator[tuple[LeafKey, Leaf]]:
    cash = rng.getrandbits(48)
    risk = tuple(RiskRow(1, 2, cash >> 4, cash >> 8, cash >> 9) for _ in range(8))
    slots = tuple(rng.getrandbits(24) for _ in range(8))
    yield layout.hot_key(account), Hot(cash, account, 0, 0, 0, 5, 0, 0, 9, 1, slots, risk)
    yield layout.owner_key(account), Owner(rng.randbytes(20), cash, rng.getrandbits(192))
    yield layout.cold_key(account), NO_COLD
    yield layout.balances_key(account), Balances((cash, 5, 6, 7))
    yield layout.directory_key(account), NO_DIRECTORY
    yield layout.client_slots_key(account, 8), ClientSlots(slots)
    for page in range(_PAGES):
        rows = tuple(Position(k + 1, k - 4, cash >> k, cash, 1) for k in range(8))
        yield layout.positions_key(account, 8 * page), Positions(rows)
