"""What the order benchmark wants to be traded: drawn from a seed, before anything is signed.

Prices are laid out so that any interleaving of the connections gives the same answers: takers reach
only the near levels, where nobody cancels, and cancels name orders of the deep ones, which no taker
reaches. Pure: no clock, no keys, no network.
"""

import random
from collections.abc import Sequence
from typing import Final, NamedTuple

from rollup_node.core.inputs import CancelOrder, Leg, MassQuote, PlaceOrder, SignedContent

NEAR_TICKS: Final = 10
"""Takers trade up to here from the middle."""
DEEP_TICKS: Final = 200
LEGS: Final = 20
PAIR_LOTS: Final = 10
CANCEL_SHARE: Final = 0.30
TAKER_SHARE: Final = 0.10
NEAR_SHARE: Final = 1 / 3
"""Part of the orders that rest near the middle; takers eat three in four of them."""
MAX_FEE_PPM: Final = 400

_GOOD_TILL_CANCELLED: Final = 0
_IMMEDIATE_OR_CANCEL: Final = 2
_NEAR_SLOT: Final = 512
_TAKER_SLOT: Final = 1_023
_QUOTE_SLOT: Final = 100
"""Client slots: deep orders 0-99, quotes 100-119 (one byte in a batch), near ones in a ring."""
_TAG_MASK: Final = (1 << 32) - 1
_LOTS: Final = (5, 60)


class Book(NamedTuple):
    """A market of the benchmark: its series, and the tick around which orders are drawn."""

    series: int
    middle: int


class Planned(NamedTuple):
    """What one account says next: `owner` is the place of its key, `kind` what it is called."""

    owner: int
    kind: str
    content: SignedContent


class Flow:
    """A stream of orders: goes on where it was, so phases of a run follow one another."""

    def __init__(
        self, accounts: Sequence[int], books: Sequence[Book], first_nonce: int, seed: int
    ) -> None:
        """Take the numbers of the accounts and a nonce that is good for all of them."""
        self._accounts, self._books = accounts, books
        self._rng = random.Random(seed)  # noqa: S311 - a load, no secret
        self._nonces = [first_nonce] * len(accounts)
        self._near = [0] * len(accounts)
        self._free = [list(range(_QUOTE_SLOT - 1, -1, -1)) for _ in accounts]
        self._live: list[tuple[int, int, int]] = []

    def liquidity(self, count: int) -> list[Planned]:
        """Return orders near the middle of all books, for the first takers to meet."""
        return [self._place(number % len(self._accounts), is_near=True) for number in range(count)]

    def mixed(self, count: int) -> list[Planned]:
        """Return 60 % orders that rest, 30 % cancels, 10 % takers."""
        return [self._draw() for _ in range(count)]

    def quotes(self, count: int) -> list[Planned]:
        """Return mass quotes of `LEGS` legs, account after account; all but the first move."""
        return [self._quote(number % len(self._accounts)) for number in range(count)]

    def pairs(self, count: int) -> list[Planned]:
        """Return trades: an order that rests next to the middle, another account that takes it."""
        found = []
        for number in range(count):
            book, side = self._books[number % len(self._books)], number & 1
            for place, taking in ((0, False), (1, True)):
                owner = (2 * number + place) % len(self._accounts)
                nonce = self._nonce(owner)
                if taking:
                    terms = (1 - side, -NEAR_TICKS, _IMMEDIATE_OR_CANCEL, 0, _TAKER_SLOT)
                else:
                    slot = self._near[owner] % _TAKER_SLOT
                    self._near[owner] += 1
                    terms = (side, 1 + number % NEAR_TICKS, _GOOD_TILL_CANCELLED, 1, slot)
                order = self._order(owner, book, terms, nonce)._replace(quantity=PAIR_LOTS)
                found.append(Planned(owner, "taker" if taking else "post-only", order))
        return found

    def _draw(self) -> Planned:
        roll = self._rng.random()
        if roll < CANCEL_SHARE and self._live:
            return self._cancel()
        owner = self._rng.randrange(len(self._accounts))
        if roll < CANCEL_SHARE + TAKER_SHARE:
            return self._take(owner)
        is_near = self._rng.random() < NEAR_SHARE or not self._free[owner]
        return self._place(owner, is_near=is_near)

    def _nonce(self, owner: int) -> int:
        self._nonces[owner] += 1
        return self._nonces[owner]

    def _place(self, owner: int, *, is_near: bool) -> Planned:
        """Rest an order: a deep one is post-only, a near one every second time."""
        rng, nonce = self._rng, self._nonce(owner)
        side, post_only = rng.randrange(2), 1
        if is_near:
            away, post_only = rng.randint(1, NEAR_TICKS), rng.randrange(2)
            slot = _NEAR_SLOT + self._near[owner] % (_TAKER_SLOT - _NEAR_SLOT)
            self._near[owner] += 1
        else:
            away, slot = rng.randint(NEAR_TICKS + 1, DEEP_TICKS), self._free[owner].pop()
            self._live.append((owner, slot, nonce & _TAG_MASK))
        terms = (side, away, _GOOD_TILL_CANCELLED, post_only, slot)
        kind = "post-only" if post_only else "limit"
        return Planned(owner, kind, self._order(owner, rng.choice(self._books), terms, nonce))

    def _take(self, owner: int) -> Planned:
        """Cross the middle as far as near orders go."""
        rng, nonce = self._rng, self._nonce(owner)
        terms = (rng.randrange(2), -NEAR_TICKS, _IMMEDIATE_OR_CANCEL, 0, _TAKER_SLOT)
        return Planned(owner, "taker", self._order(owner, rng.choice(self._books), terms, nonce))

    def _order(
        self, owner: int, book: Book, terms: tuple[int, int, int, int, int], nonce: int
    ) -> PlaceOrder:
        side, away, in_force, post_only, slot = terms
        return PlaceOrder(
            account=self._accounts[owner],
            key=0,
            series=book.series,
            side=side,
            kind=0,
            time_in_force=in_force,
            post_only=post_only,
            reduce_only=0,
            self_trade=0,
            price=_at(book, side, away),
            quantity=self._rng.randint(*_LOTS),
            trigger=0,
            expiry=0,
            max_fee=MAX_FEE_PPM,
            slot=slot,
            nonce=nonce,
        )

    def _cancel(self) -> Planned:
        """Take one of the deep orders back, drawn from all of them."""
        place = self._rng.randrange(len(self._live))
        self._live[place], self._live[-1] = self._live[-1], self._live[place]
        owner, slot, tag = self._live.pop()
        self._free[owner].append(slot)
        cancel = CancelOrder(self._accounts[owner], 0, slot, tag, self._nonce(owner))
        return Planned(owner, "cancel", cancel)

    def _quote(self, owner: int) -> Planned:
        """Lay both sides of one book: the same client slots again, at other prices."""
        rng, book = self._rng, self._books[owner % len(self._books)]
        away = NEAR_TICKS + 1 + rng.randrange(20)
        legs = tuple(
            Leg(
                book.series,
                number & 1,
                _QUOTE_SLOT + number,
                _at(book, number & 1, away + number),
                rng.randint(*_LOTS),
            )
            for number in range(LEGS)
        )
        quote = MassQuote(self._accounts[owner], 0, MAX_FEE_PPM, legs, self._nonce(owner))
        return Planned(owner, "quote", quote)


def _at(book: Book, side: int, away: int) -> int:
    """Return the tick `away` from the middle: below it to buy, above it to sell."""
    return book.middle + away if side else book.middle - away
