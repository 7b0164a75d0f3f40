"""Orders by the dozen: cancel-all, mass quotes, pruning."""

from typing import Any

import pytest

from rollup_node.core.events import OrderRemoved, OrderRested
from rollup_node.core.flags import (
    FROZEN_FLAG,
    LIQUIDATING_FLAG,
    QUOTE_FLAG,
    SCOPE_CANCEL,
    SCOPE_QUOTE,
    SCOPE_TRADE,
)
from rollup_node.core.inputs import Leg
from rollup_node.core.kinds import OrderClass, Phase
from rollup_node.core.layout import PRICES_KEY, QUOTE_KEY, level_key
from rollup_node.core.orders import apply_cancel, apply_place, apply_replace
from rollup_node.core.reason import Reason
from rollup_node.core.sweeps import apply_cancel_all, apply_prune, apply_quote, leg, sweep
from tests.unit.core.exchange_world import (
    BTC_PERP,
    BUY,
    EXPIRY_AT,
    FUTURE,
    MID,
    NOW_MS,
    PERP,
    SELL,
    SPOT,
    World,
)

LOTS = 100
EVERYWHERE = (
    (0, PERP),
    (3, SPOT),
    (7, PERP),
    (8, BTC_PERP),
    (15, FUTURE),
    (900, PERP),
    (1_023, SPOT),
)


def fill_book(world: World) -> None:
    """Give account 1 orders in many client slots, and account 2 one in each series."""
    for client, series in EVERYWHERE:
        order = world.order(1, BUY, MID, LOTS, slot=client, series=series)
        assert world.act(apply_place, order) is Reason.OK
    for series in (PERP, SPOT, FUTURE, BTC_PERP):
        order = world.order(2, BUY, MID, LOTS, series=series)
        assert world.act(apply_place, order) is Reason.OK


def run(world: World, task: Any = sweep) -> list[Reason]:
    """Run a task to its end."""
    reasons = []
    while world.phase in {Phase.SWEEP, Phase.LEG}:
        reasons.append(world.step(task))
    return reasons


@pytest.mark.parametrize(
    ("scope", "scope_id", "left"),
    [
        (0, 0, []),
        (0, 77, []),
        (1, 0, [8]),
        (1, 1, [0, 3, 7, 15, 900, 1_023]),
        (1, 300, [0, 3, 7, 8, 15, 900, 1_023]),
        (2, PERP, [3, 8, 15, 1_023]),
        (2, SPOT, [0, 7, 8, 15, 900]),
        (2, 999, [0, 3, 7, 8, 15, 900, 1_023]),
    ],
)
def test_sweep_unlinks_all_orders_of_its_scope_and_no_other(
    scope: int, scope_id: int, left: list[int]
) -> None:
    world = World()
    fill_book(world)
    assert world.act(apply_cancel_all, world.cancel_all(1, scope, scope_id)) is Reason.OK
    assert world.phase == Phase.SWEEP
    assert run(world) == [Reason.OK] * len(EVERYWHERE)
    kept = [order.slot for slot in range(1, 12) if (order := world.resting(slot)).account == 1]
    assert (sorted(kept), world.hot(1).open_orders, world.phase) == (left, len(left), Phase.IDLE)
    assert world.hot(2).open_orders == 4
    assert (world.hot(1).slot_map == 0) == (left == [])


def test_cancel_all_of_an_empty_account_is_done_at_once() -> None:
    world = World()
    assert world.act(apply_cancel_all, world.cancel_all(1)) is Reason.OK
    assert (world.phase, world.order_class) == (Phase.IDLE, OrderClass.MAKER)


def test_cancel_all_of_an_unknown_scope_is_refused() -> None:
    world = World()
    fill_book(world)
    assert world.act(apply_cancel_all, world.cancel_all(1, 3)) is Reason.BAD_ORDER
    assert world.hot(1).open_orders == len(EVERYWHERE)


@pytest.mark.parametrize(
    ("flags", "key", "scope", "reason"),
    [
        (FROZEN_FLAG, 0, 0, Reason.OK),
        (FROZEN_FLAG, 1, SCOPE_CANCEL, Reason.FROZEN),
        (0, 1, SCOPE_CANCEL, Reason.OK),
        (0, 1, SCOPE_TRADE, Reason.OK),
        (0, 1, SCOPE_QUOTE, Reason.OK),
        (0, 1, 8, Reason.KEY_SCOPE),
    ],
)
def test_cancel_all_by_a_key_needs_a_scope_that_places(
    flags: int, key: int, scope: int, reason: Reason
) -> None:
    world = World()
    world.set_key(1, 1, scope=scope)
    fill_book(world)
    world.set_hot(1, flags=flags)
    record = world.cancel_all(1)._replace(key=key)
    assert world.act(apply_cancel_all, record) is reason


def test_sweep_of_void_orders_leaves_no_ghost() -> None:
    world = World()
    world.act(apply_place, world.order(1, BUY, MID, LOTS, expiry=EXPIRY_AT, time_in_force=1))
    world.act(apply_place, world.order(1, SELL, MID + 1, LOTS, slot=9))
    world.time_ms = EXPIRY_AT * 1_000
    assert world.act(apply_cancel_all, world.cancel_all(1)) is Reason.OK
    run(world)
    assert (world.state().bid, world.state().ask, world.state().orders) == (0, 0, 0)


def test_sweep_takes_trigger_orders_too() -> None:
    world = World()
    order = world.order(1, SELL, MID - 9, LOTS, kind=2, trigger=MID - 3, time_in_force=2)
    assert world.act(apply_place, order) is Reason.OK
    assert world.act(apply_cancel_all, world.cancel_all(1, 1, 0)) is Reason.OK
    run(world)
    assert (world.state().triggers, world.hot(1).slot_map) == (0, 0)


def test_sweep_of_a_partly_filled_order_clears_its_level() -> None:
    world = World()
    order = world.order(1, BUY, MID, LOTS)
    world.act(apply_place, order)
    world.act(apply_replace, world.replace(order, MID, 1))
    assert world.act(apply_cancel_all, world.cancel_all(1)) is Reason.OK
    run(world)
    assert world.leaves[level_key(PERP, MID)] == (0, 0, 0, 0)
    assert world.hot(1).reserve == 0


def quote_both(price: int, client: int, lots: int = LOTS) -> tuple[Leg, Leg]:
    """Return two legs around a price."""
    return Leg(PERP, BUY, client, price - 9, lots), Leg(PERP, SELL, client + 1, price + 9, lots)


def test_quote_places_each_leg_and_replaces_it_next_time() -> None:
    world = World()
    for price in (MID, MID + 5, MID - 7):
        assert world.act(apply_quote, world.quote(1, *quote_both(price, 7))) is Reason.OK
        assert run(world, leg) == [Reason.OK, Reason.OK]
        state = world.state()
        assert (state.bid, state.ask, state.orders) == (price - 9, price + 9, 2)
        assert world.hot(1).open_orders == 2
        assert world.phase == Phase.IDLE
    assert world.resting(1).flags & QUOTE_FLAG
    assert world.resting(1).tag == world.nonce
    assert world.order_class == OrderClass.MAKER


@pytest.mark.parametrize("shift", [50, -50])
def test_quote_that_leaps_over_its_own_spread_moves_the_far_side_first(shift: int) -> None:
    world = World()
    world.act(apply_quote, world.quote(1, *quote_both(MID, 7)))
    run(world, leg)
    bid, ask = quote_both(MID + shift, 7)
    legs = (ask, bid) if shift > 0 else (bid, ask)
    world.act(apply_quote, world.quote(1, *legs))
    assert run(world, leg) == [Reason.OK, Reason.OK]
    assert (world.state().bid, world.state().ask) == (bid.price, ask.price)


def test_quote_leg_without_lots_only_cancels() -> None:
    world = World()
    world.act(apply_quote, world.quote(1, *quote_both(MID, 7)))
    run(world, leg)
    world.act(apply_quote, world.quote(1, Leg(0, 0, 7, 0, 0), Leg(9, 1, 500, 3, 0)))
    assert run(world, leg) == [Reason.OK, Reason.OK]
    assert (world.state().bid, world.state().ask) == (0, MID + 9)


def test_quote_leg_that_fails_fails_alone_after_its_cancel() -> None:
    world = World()
    world.act(apply_quote, world.quote(1, *quote_both(MID, 7)))
    run(world, leg)
    legs = (
        Leg(PERP, BUY, 7, 0, LOTS),
        Leg(PERP, BUY, 1_024, MID, LOTS),
        Leg(PERP, BUY, 1_024, MID, 0),
        Leg(99, BUY, 9, MID, LOTS),
        Leg(PERP, BUY, 10, 2 * MID, LOTS),
        Leg(PERP, BUY, 11, MID, 1_000_001),
        Leg(PERP, BUY, 12, MID - 2, LOTS),
    )
    assert world.act(apply_quote, world.quote(1, *legs)) is Reason.OK
    assert run(world, leg) == [
        Reason.PRICE_OUT_OF_RANGE,
        Reason.BAD_ORDER,
        Reason.BAD_ORDER,
        Reason.UNKNOWN_SERIES,
        Reason.PRICE_BAND,
        Reason.ABOVE_MAX_ORDER,
        Reason.OK,
    ]
    assert (world.state().bid, world.state().ask) == (MID - 2, MID + 9)


def test_quote_leg_twice_in_one_slot_keeps_the_last() -> None:
    world = World()
    legs = (Leg(PERP, BUY, 7, MID, LOTS), Leg(PERP, BUY, 7, MID - 3, LOTS))
    world.act(apply_quote, world.quote(1, *legs))
    assert run(world, leg) == [Reason.OK, Reason.OK]
    assert (world.state().bid, world.state().orders) == (MID - 3, 1)


def test_quote_leg_that_crosses_is_judged_at_the_book_and_the_next_goes_on() -> None:
    world = World()
    world.act(apply_place, world.order(2, SELL, MID, LOTS))
    legs = (Leg(PERP, BUY, 7, MID, LOTS), Leg(PERP, BUY, 8, MID - 1, LOTS))
    world.act(apply_quote, world.quote(1, *legs))
    assert world.step(leg) is Reason.OK
    assert world.phase == Phase.TAKE
    taker: Any = world.leaves[next(key for key in world.opened if key == 4)]
    assert taker.resume == Phase.LEG


@pytest.mark.parametrize(
    ("flags", "reason", "legs"),
    [
        (FROZEN_FLAG, Reason.FROZEN, []),
        (LIQUIDATING_FLAG, Reason.OK, [Reason.LIQUIDATING] * 2),
    ],
)
def test_quote_of_a_stopped_account_places_nothing(
    flags: int, reason: Reason, legs: list[Reason]
) -> None:
    world = World()
    world.act(apply_quote, world.quote(1, *quote_both(MID, 7)))
    run(world, leg)
    world.set_hot(1, flags=flags)
    assert world.act(apply_quote, world.quote(1, *quote_both(MID, 7))) is reason
    assert run(world, leg) == legs
    assert world.hot(1).open_orders == (2 if reason else 0)


@pytest.mark.parametrize(
    ("scope", "reason"),
    [(SCOPE_QUOTE, Reason.OK), (SCOPE_TRADE, Reason.OK), (SCOPE_CANCEL, Reason.KEY_SCOPE)],
)
def test_quote_by_a_session_key_needs_its_scope(scope: int, reason: Reason) -> None:
    world = World()
    world.set_key(1, 1, scope=scope, markets=2)
    record = world.quote(1, Leg(PERP, BUY, 1, MID, LOTS), Leg(BTC_PERP, BUY, 2, MID, LOTS), key=1)
    assert world.act(apply_quote, record) is reason
    expected = [] if reason else [Reason.KEY_MARKET, Reason.OK]
    assert run(world, leg) == expected


def test_quote_of_a_stale_account_refreshes_once_before_its_legs() -> None:
    world = World()
    world.set_position(1, 5)
    prices: Any = world.leaves[PRICES_KEY]
    row = prices.rows[0]._replace(epoch=2)
    world.leaves[PRICES_KEY] = prices._replace(rows=(row, *prices.rows[1:]))
    assert world.act(apply_quote, world.quote(1, *quote_both(MID, 7))) is Reason.OK
    task: Any = world.leaves[9]  # type: ignore[index]
    assert (world.phase, task.account, task.resume) == (Phase.REFRESH, 1, Phase.LEG)
    assert world.leaves[QUOTE_KEY].next == 0  # type: ignore[union-attr]


def test_quote_leg_opens_at_most_sixteen_leaves_when_it_moves() -> None:
    world = World()
    world.act(apply_quote, world.quote(1, *quote_both(MID, 7)))
    run(world, leg)
    world.act(apply_quote, world.quote(1, *quote_both(MID + 3, 7)))
    while world.phase == Phase.LEG:
        world.step(leg)
        assert [type(event) for event in world.events] == [OrderRemoved, OrderRested]
        assert len(world.opened) <= 16


@pytest.mark.parametrize("slot", [0, 2, 1 << 24, (1 << 32) - 1])
def test_prune_of_no_order_is_not_found(slot: int) -> None:
    world = World()
    order = world.order(1, BUY, MID, LOTS)
    world.act(apply_place, order)
    world.act(apply_place, world.order(1, BUY, MID, LOTS))
    world.act(apply_cancel, world.cancel(order, slot=2, tag=2))
    assert world.prune(apply_prune, slot) is Reason.NOT_FOUND
    assert world.order_class == 0


def test_prune_takes_void_orders_only() -> None:
    world = World()
    order = world.order(1, BUY, MID, LOTS, expiry=EXPIRY_AT, time_in_force=1)
    world.act(apply_place, order)
    assert world.prune(apply_prune, 1) is Reason.NOT_VOID
    assert world.order_class == 0
    world.time_ms = EXPIRY_AT * 1_000
    assert world.prune(apply_prune, 1) is Reason.OK
    assert world.order_class == OrderClass.LIQUIDATION
    assert (world.hot(1).open_orders, world.state().bid) == (0, 0)
    assert world.events == [OrderRemoved(1, world.events[0].order, Reason.MAKER_VOID)]


def test_prune_out_of_class_has_no_effect() -> None:
    world = World()
    world.order_class = OrderClass.MAKER
    assert world.prune(apply_prune, 1, same_block=True) is Reason.OUT_OF_CLASS
    assert world.opened == []


@pytest.mark.parametrize(
    ("change", "fields", "is_void"),
    [
        ({"flags": FROZEN_FLAG}, {}, True),
        ({"flags": LIQUIDATING_FLAG}, {}, True),
        ({"flags": FROZEN_FLAG}, {"reduce_only": 1}, False),
        ({"flags": LIQUIDATING_FLAG}, {"reduce_only": 1}, False),
        ({"dead_man_ms": NOW_MS}, {"reduce_only": 1}, True),
        ({"dead_man_ms": NOW_MS + 1}, {}, False),
        ({}, {"series": FUTURE}, False),
        ({}, {}, False),
    ],
)
def test_prune_asks_the_account_whether_an_order_is_void(
    change: Any, fields: Any, is_void: bool
) -> None:
    world = World()
    world.set_position(1, 5)
    assert world.act(apply_place, world.order(1, SELL, MID, LOTS, **fields)) is Reason.OK
    world.set_hot(1, **change)
    assert world.prune(apply_prune, 1) is (Reason.OK if is_void else Reason.NOT_VOID)


def test_prune_of_an_expired_or_closed_series() -> None:
    world = World()
    world.act(apply_place, world.order(1, SELL, MID, LOTS, series=FUTURE))
    world.act(apply_place, world.order(1, SELL, MID, LOTS))
    world.set_state(PERP, status=4)
    assert world.prune(apply_prune, 2) is Reason.OK
    assert world.prune(apply_prune, 1) is Reason.NOT_VOID
    world.time_ms = EXPIRY_AT * 1_000
    assert world.prune(apply_prune, 1) is Reason.OK


@pytest.mark.parametrize(
    ("lots", "generation", "reason"),
    [(5, 3, Reason.NOT_VOID), (5, 4, Reason.OK), (-5, 3, Reason.OK), (1, 3, Reason.NOT_VOID)],
)
def test_prune_of_a_reduce_only_order_looks_at_its_position(
    lots: int, generation: int, reason: Reason
) -> None:
    world = World()
    world.set_position(1, 5, generation=3)
    world.act(apply_place, world.order(1, SELL, MID, LOTS, reduce_only=1))
    world.set_position(1, lots, generation=generation)
    assert world.prune(apply_prune, 1) is reason
