"""What users want to hear of a step: no part of the state, never read by a rule."""

from typing import NamedTuple

from rollup_node.core.book_leaves import Order
from rollup_node.core.reason import Reason


class OrderRested(NamedTuple):
    """An order is in the book (or among the triggers) at order slot `slot`."""

    slot: int
    order: Order


class OrderChanged(NamedTuple):
    """An order in the book has fewer lots, or another tag, at the same place."""

    slot: int
    order: Order


class OrderRemoved(NamedTuple):
    """An order left the book as `order` was; `OK`: by the wish of its owner, or filled."""

    slot: int
    order: Order
    reason: Reason


class Fill(NamedTuple):
    """`lots` changed hands at `tick`; fees in µUSDC, negative: a rebate. Source: O-7.

    `maker_slot` is the order slot of the maker, 0 where it is a covered sale (P-6).
    """

    series: int
    taker: int
    maker: int
    taker_side: int
    tick: int
    lots: int
    taker_fee: int
    maker_fee: int
    maker_slot: int


class ComboFill(NamedTuple):
    """One leg of a combo, which was no order of either side; its other legs went with it. Q-5."""

    series: int
    taker: int
    maker: int
    taker_side: int
    tick: int
    lots: int
    taker_fee: int
    maker_fee: int


class TakerDone(NamedTuple):
    """The order in flight is done: what it filled, what was not, and why it ended.

    `OK`: nothing remains, or the rest is in the book.
    """

    account: int
    series: int
    slot: int
    tag: int
    filled: int
    remaining: int
    reason: Reason


class Settled(NamedTuple):
    """A position of `lots` that cost `basis` was paid at `payout` µUSDC a lot. Source: V-10."""

    account: int
    series: int
    lots: int
    basis: int
    payout: int


class Liquidated(NamedTuple):
    """A step of the liquidation ladder touched an account. Source: docs/spec.md L."""

    account: int
    series: int
    stage: int
