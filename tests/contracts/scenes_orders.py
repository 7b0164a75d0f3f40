"""Scenes of orders: what placements, legs and replacements are refused for; ends of a match."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from rollup_node.core.flags import (
    CHILD_FLAG,
    FROZEN_FLAG,
    LIQUIDATING_FLAG,
    POST_ONLY_FLAG,
    SALE_FLAG,
)
from rollup_node.core.inputs import CancelAll, CancelOrder, Leg, MassQuote, Prune, ReplaceOrder
from rollup_node.core.layout import ALLOCATORS_KEY, MAX_BALANCE, MAX_LOTS, ORDER_LIMIT
from rollup_node.core.leaves import Allocators
from tests.contracts.stage import RICH, Scene, Stage
from tests.unit.core.exchange import (
    BUY,
    FUTURE,
    MARK,
    NOW,
    PERP,
    REDUCE_ONLY_FLAG,
    SELL,
    SPOT,
    TICK,
    USD,
)

_BELOW: Final = TICK - 100
_IOC: Final = {"time_in_force": 2}
_CLIENT: Final = 5
_Change = Callable[[Stage], None]


def _nothing(_stage: Stage) -> None:
    """Leave everything as it is."""


def _series(**fields: int) -> _Change:
    return lambda stage: stage.set_series(PERP, **fields)


def _terms(**fields: int) -> _Change:
    return lambda stage: stage.set_terms(PERP, **fields)


def _hot(**fields: int) -> _Change:
    return lambda stage: stage.set_hot(1, **fields)


def _session(**fields: Any) -> _Change:
    return lambda stage: stage.set_key(1, 1, **fields)


def _child(stage: Stage) -> None:
    stage.set_hot(1, flags=CHILD_FLAG)
    stage.set_cold(1, series=FUTURE)


def _full_book(stage: Stage) -> None:
    stage.state[ALLOCATORS_KEY] = Allocators(0, 0, 0, ORDER_LIMIT - 1)


def _poor(stage: Stage) -> None:
    stage.set_hot(1, reserve=RICH)


def _bids_of_others(stage: Stage) -> None:
    stage.rest(2, SELL, TICK, 50)


_EACH: Final[dict[str, tuple[_Change, dict[str, int]]]] = {
    "as it may": (_nothing, {}),
    "too large": (_nothing, {"lots": 1_000_001}),
    "too small": (_nothing, {"price": 1, "lots": 1}),
    "no slot": (_full_book, {}),
    "dead man": (_hot(dead_man_ms=NOW), {}),
    "fee above its cap": (_terms(maker_fee_ppm=300), {"cap": 0}),
    "in liquidation": (_hot(flags=LIQUIDATING_FLAG), {}),
    "no margin": (_poor, {"lots": 60}),
    "above the key's cap": (_session(order_cap=1), {"key": 1}),
    "not the key's market": (_session(markets=2), {"key": 1}),
    "child of another series": (_child, {}),
    "out of the band": (_nothing, {"price": 2 * TICK}),
    "no price": (_nothing, {"price": 0}),
    "series only reduces": (_series(status=2), {}),
    "series closed": (_series(status=3), {}),
    "series without a mark": (_series(mark=0), {}),
    "unknown series": (_nothing, {"series": 9}),
    "crosses": (_bids_of_others, {"price": TICK}),
    "no lots": (_nothing, {"lots": 0}),
}
"""What may be wrong with an order, however it comes: a change of the state, and its terms."""


def _place(change: _Change, terms: dict[str, int], stage: Stage) -> None:
    change(stage)
    known = {"lots": "quantity", "cap": "max_fee"}
    fields = {known.get(name, name): value for name, value in {"price": _BELOW, **terms}.items()}
    stage.send(stage.order(1, BUY)._replace(**fields))


def _leg(change: _Change, terms: dict[str, int], stage: Stage) -> None:
    change(stage)
    leg = Leg(
        terms.get("series", PERP), BUY, _CLIENT, terms.get("price", _BELOW), terms.get("lots", 50)
    )
    key, cap = terms.get("key", 0), terms.get("cap", 1_000)
    stage.send(MassQuote(1, key, cap, (leg,), stage.nonce()))


def _replace(change: _Change, terms: dict[str, int], stage: Stage) -> None:
    cap = terms.get("cap", 1_000)
    stage.rest(1, BUY, _BELOW, 50, slot=_CLIENT, fee_cap_ppm=cap)
    change(stage)
    price, lots = terms.get("price", _BELOW - 1), terms.get("lots", 50)
    key = terms.get("key", 0)
    stage.send(ReplaceOrder(1, key, _CLIENT, 1, price, lots, stage.nonce()))


# Placements


def _odd_orders(stage: Stage) -> None:
    """Place what only an order of its own can be wrong in."""
    stage.rest(1, BUY, _BELOW, 50, slot=_CLIENT)
    stage.send(stage.order(1, BUY, _BELOW, slot=_CLIENT))
    stage.send(stage.order(1, SELL, TICK, reduce_only=1))
    stage.send(stage.order(1, BUY, _BELOW, **_IOC))
    stage.send(stage.order(1, BUY, _BELOW, time_in_force=1, expiry=NOW // 1_000))
    stage.send(stage.order(1, BUY, _BELOW, max_fee=0))
    stage.set_hot(3, flags=FROZEN_FLAG)
    stage.send(stage.order(3, BUY, _BELOW))


def _odd_legs(stage: Stage) -> None:
    """Quote in a slot that does not exist, and quote nothing."""
    legs = (Leg(PERP, BUY, 1_024, _BELOW, 50), Leg(PERP, BUY, 9, _BELOW, 0))
    stage.send(MassQuote(1, 0, 999, legs, stage.nonce()))


def _odd_replacements(stage: Stage) -> None:
    """Replace what is not there, and what a key may not."""
    stage.rest(1, BUY, _BELOW, 50, slot=_CLIENT)
    stage.set_key(1, 1, scope=4)
    stage.send(ReplaceOrder(1, 0, _CLIENT, 2, _BELOW, 50, stage.nonce()))
    stage.send(ReplaceOrder(1, 1, _CLIENT, 1, _BELOW, 50, stage.nonce()))
    reducing = SELL | REDUCE_ONLY_FLAG | POST_ONLY_FLAG
    for account, flags in ((3, FROZEN_FLAG), (4, LIQUIDATING_FLAG | SALE_FLAG)):
        stage.hold(account, 100, 100 * MARK)
        stage.rest(account, SELL, TICK + 9, 50, slot=_CLIENT, flags=reducing, generation=1)
        stage.set_hot(account, flags=flags)
        stage.set_key(account, 1)
        stage.send(ReplaceOrder(account, 1, _CLIENT, 1, TICK + 10, 50, stage.nonce()))


def _cancels(stage: Stage) -> None:
    stage.rest(1, BUY, _BELOW, 50, slot=_CLIENT)
    stage.rest(1, BUY, _BELOW, 50, slot=9)
    stage.send(CancelOrder(1, 0, _CLIENT, 2, stage.nonce()))
    stage.send(CancelOrder(1, 0, _CLIENT, 1, stage.nonce()))
    stage.send(CancelAll(1, 0, 1, 0, stage.nonce()))


def _prunes(stage: Stage) -> None:
    """Prune what is void, what is not, and what is not there; then too late."""
    void = stage.rest(1, BUY, _BELOW, 50, expiry_at=1)
    kept = stage.rest(1, BUY, _BELOW, 50)
    for order in (void, kept, 77):
        stage.post(Prune(order))
    stage.send(stage.order(2, BUY, _BELOW))
    stage.post(Prune(kept))


# The match


def _meet(stage: Stage, *, lots: int = 50, **terms: int) -> None:
    """Let account 1 buy at the mark."""
    stage.send(stage.order(1, BUY, TICK, lots, **{**_IOC, **terms}))


def _asks(stage: Stage, count: int = 1, **fields: int) -> None:
    for number in range(count):
        stage.rest(2, SELL, TICK, 5, slot=20 + number, **fields)


def _too_many(stage: Stage) -> None:
    _asks(stage, 18)
    stage.force(stage.order(1, BUY, TICK, 500, nonce=0, **_IOC))


def _partly(stage: Stage) -> None:
    _asks(stage)
    _meet(stage)


def _stale_sides(stage: Stage) -> None:
    for account in (1, 2):
        stage.hold(account, 3 - 2 * account, MARK * (3 - 2 * account))
        stage.make_stale(account)
    _asks(stage)
    _meet(stage)


def _stale_and_full(stage: Stage) -> None:
    stage.hold(1, 1, MARK)
    stage.make_stale(1)
    _full_book(stage)
    stage.send(stage.order(1, BUY, _BELOW))


def _post_only(stage: Stage) -> None:
    _asks(stage)
    stage.send(stage.order(1, BUY, TICK, post_only=1))


def _self_trade(mode: int, stage: Stage) -> None:
    stage.rest(1, SELL, TICK, 5)
    _asks(stage)
    _meet(stage, self_trade=mode)


def _void_maker(stage: Stage) -> None:
    _asks(stage, expiry_at=1)
    _meet(stage)


def _unable_maker(stage: Stage) -> None:
    stage.open(3, 0)
    stage.rest(3, SELL, TICK, 500)
    _meet(stage, lots=500)


def _closed_out(stage: Stage) -> None:
    """Sell more, reduce-only, than there is to close."""
    stage.hold(1, 5, 5 * MARK)
    for slot in (20, 21):
        stage.rest(2, BUY, TICK, 5, slot=slot)
    stage.send(stage.order(1, SELL, TICK, 50, reduce_only=1, **_IOC))


def _over_cap(stage: Stage) -> None:
    stage.set_terms(PERP, open_interest_cap=1)
    _partly(stage)


def _over_limit(stage: Stage) -> None:
    stage.hold(1, MAX_LOTS, MAX_LOTS * MARK)
    _partly(stage)


def _taker_without_margin(stage: Stage) -> None:
    stage.open(1, USD)
    stage.rest(2, SELL, TICK, 500)
    _meet(stage, lots=500)


def _spot(stage: Stage, side: int, *, cash: int = RICH, ether: int = 0) -> None:
    """Let account 1 trade ether with account 2, who has plenty of both."""
    stage.open(1, cash, ether)
    stage.open(2, RICH, 10**21)
    stage.rest(2, 1 - side, TICK, 50, series=SPOT)
    stage.send(stage.order(1, side, TICK, 50, series=SPOT, **_IOC))


def _each() -> Iterator[tuple[str, Scene]]:
    """Yield every condition by every way that an order may come."""
    for name, (change, terms) in _EACH.items():
        yield f"place: {name}", partial(_place, change, terms)
        yield f"leg: {name}", partial(_leg, change, terms)
        if "series" not in terms:
            yield f"replace: {name}", partial(_replace, change, terms)


SCENES: Final[dict[str, Scene]] = {
    **dict(_each()),
    "orders that are odd": _odd_orders,
    "legs that are odd": _odd_legs,
    "replacements that are odd": _odd_replacements,
    "cancels": _cancels,
    "prunes": _prunes,
    "too many makers": _too_many,
    "filled in part": _partly,
    "stale sides": _stale_sides,
    "stale, and no slot": _stale_and_full,
    "post-only that crosses": _post_only,
    **{f"self-trade by mode {mode}": partial(_self_trade, mode) for mode in range(3)},
    "void maker": _void_maker,
    "maker who cannot pay": _unable_maker,
    "nothing left to close": _closed_out,
    "over the cap of open interest": _over_cap,
    "over the limit of a position": _over_limit,
    "taker without margin": _taker_without_margin,
    "spot: bought": partial(_spot, side=BUY),
    "spot: nothing to sell": partial(_spot, side=SELL),
    "spot: beyond the bound": partial(_spot, side=BUY, ether=MAX_BALANCE),
    "spot: on credit": partial(_spot, side=BUY, cash=0),
}
