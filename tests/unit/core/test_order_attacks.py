"""What traders and a sequencer may try with orders, and what comes of it."""

from typing import Any

import pytest

from rollup_node.core.events import Fill, OrderRemoved, TakerDone
from rollup_node.core.families import find_task
from rollup_node.core.flags import SCOPE_QUOTE
from rollup_node.core.inputs import Leg
from rollup_node.core.kinds import OrderClass, Phase
from rollup_node.core.layout import PRICES_KEY, owner_key
from rollup_node.core.leaves import Owner
from rollup_node.core.orders import apply_cancel, apply_place, apply_replace
from rollup_node.core.reason import Reason
from rollup_node.core.sweeps import apply_cancel_all, apply_quote
from tests.unit.core.book_audit import audit
from tests.unit.core.exchange_world import BUY, EXPIRY_AT, MID, PERP, SELL, World

LOTS = 20


def run(world: World, rule: Any, record: Any, **how: Any) -> tuple[Reason, list[Any]]:
    """Run a record with all its tasks; return its reason and the events of all its steps."""
    reason = world.act(rule, record, **how)
    events = list(world.events)
    while world.phase != Phase.IDLE:
        world.step(find_task(world.phase))
        events += world.events
    audit(world.leaves)
    return reason, events


def keep_prices_fresh(world: World) -> None:
    prices: Any = world.leaves[PRICES_KEY]
    now = world.time_ms
    rows = tuple(row._replace(priced_ms=now, index_ms=now) for row in prices.rows)
    world.leaves[PRICES_KEY] = prices._replace(rows=rows)


def leave_ghosts(world: World, how: str, count: int = 3) -> None:
    """Leave void asks of account 1 at the best price."""
    terms = {"expiry": EXPIRY_AT, "time_in_force": 1} if how == "expired" else {}
    for _ in range(count):
        run(world, apply_place, world.order(1, SELL, MID, LOTS, **terms))
    if how == "expired":
        world.time_ms = EXPIRY_AT * 1_000
        keep_prices_fresh(world)
    elif how == "lapsed":
        world.set_hot(1, dead_man_ms=world.time_ms)
    else:
        world.set_hot(1, flags=1)


@pytest.mark.parametrize("how", ["expired", "lapsed", "frozen"])
def test_ghosts_at_the_best_price_never_block_a_post_only_order(how: str) -> None:
    world = World()
    leave_ghosts(world, how)
    order = world.order(2, BUY, MID, LOTS, post_only=1)
    reason, events = run(world, apply_place, order)
    assert reason is Reason.OK
    removed = [event.reason for event in events if isinstance(event, OrderRemoved)]
    assert removed == [Reason.MAKER_VOID] * 3
    assert (world.state().bid, world.state().ask, world.state().orders) == (MID, 0, 1)


@pytest.mark.parametrize("how", ["expired", "lapsed", "frozen"])
def test_ghosts_at_the_best_price_never_block_a_leg_nor_those_after_it(how: str) -> None:
    world = World()
    leave_ghosts(world, how)
    legs = (Leg(PERP, BUY, 1, MID, LOTS), Leg(PERP, SELL, 2, MID + 1, LOTS))
    reason, _ = run(world, apply_quote, world.quote(2, *legs))
    assert reason is Reason.OK
    assert (world.state().bid, world.state().ask, world.state().orders) == (MID, MID + 1, 2)


def test_a_living_order_behind_ghosts_still_refuses_a_post_only_order() -> None:
    world = World()
    leave_ghosts(world, "lapsed")
    run(world, apply_place, world.order(3, SELL, MID, LOTS))
    _, events = run(world, apply_place, world.order(2, BUY, MID, LOTS, post_only=1))
    assert isinstance(events[-1], TakerDone)
    assert events[-1].reason is Reason.POST_ONLY_CROSS
    assert (world.state().bid, world.state().ask, world.state().orders) == (0, MID, 1)


def test_cancel_all_leaves_nothing_that_could_be_met() -> None:
    world = World()
    for price in (MID, MID + 1, MID + 2):
        run(world, apply_place, world.order(1, SELL, price, LOTS))
    run(world, apply_place, world.order(2, BUY, MID, 5, time_in_force=2))
    assert world.resting(1).remaining == LOTS - 5
    run(world, apply_cancel_all, world.cancel_all(1))
    _, events = run(world, apply_place, world.order(2, BUY, MID + 2, LOTS, post_only=1))
    assert not [event for event in events if isinstance(event, Fill | OrderRemoved)]
    assert (world.state().bid, world.state().ask, world.hot(1).reserve) == (MID + 2, 0, 0)


def test_void_makers_never_use_up_the_fills_of_a_forced_order() -> None:
    world = World()
    leave_ghosts(world, "lapsed", 40)
    run(world, apply_place, world.order(3, SELL, MID, LOTS))
    order = world.order(2, BUY, MID, LOTS, time_in_force=2)._replace(nonce=0)
    world.order_class = OrderClass.DELAYED
    _, events = run(world, apply_place, order, forced=8, same_block=True)
    fills = [event for event in events if isinstance(event, Fill)]
    assert [(fill.maker, fill.lots) for fill in fills] == [(3, LOTS)]


def test_a_tag_may_come_twice_and_the_client_slot_tells_the_orders_apart() -> None:
    world = World()
    world.set_key(1, 1)
    first = world.order(1, BUY, MID, LOTS, slot=1)._replace(nonce=50)
    second = world.order(1, BUY, MID, LOTS, slot=2, key=1)._replace(nonce=50)
    for order in (first, second):
        assert run(world, apply_place, order)[0] is Reason.OK
    assert world.act(apply_cancel, world.cancel(first, nonce=51)) is Reason.OK
    assert [order.slot for order in audit(world.leaves).orders.values()] == [2]


def test_a_tag_that_wraps_around_does_not_name_an_order_of_another_slot() -> None:
    world = World()
    world.leaves[owner_key(1)] = Owner(world.leaves[owner_key(1)].address, 5, 1)  # type: ignore[union-attr]
    order = world.order(1, BUY, MID, LOTS, slot=1)._replace(nonce=(1 << 32) + 9)
    assert run(world, apply_place, order)[0] is Reason.OK
    assert world.resting(1).tag == 9
    late = world.cancel(order, slot=2, tag=9, nonce=(1 << 32) + 10)
    assert world.act(apply_cancel, late) is Reason.NOT_FOUND


def test_a_reduce_only_order_never_comes_back_with_a_new_position() -> None:
    world = World()
    run(world, apply_place, world.order(5, SELL, MID, LOTS))
    run(world, apply_place, world.order(1, BUY, MID, LOTS, time_in_force=2))
    old = world.order(1, SELL, MID + 50, LOTS, reduce_only=1)
    assert run(world, apply_place, old)[0] is Reason.OK
    run(world, apply_place, world.order(5, BUY, MID, LOTS))
    run(world, apply_place, world.order(1, SELL, MID, LOTS, time_in_force=2))
    run(world, apply_place, world.order(5, SELL, MID, LOTS))
    run(world, apply_place, world.order(1, BUY, MID, LOTS, time_in_force=2))
    assert run(world, apply_replace, world.replace(old, MID + 40, LOTS))[0] is Reason.NOT_FOUND
    _, events = run(world, apply_place, world.order(3, BUY, MID + 50, LOTS, time_in_force=2))
    assert not [event for event in events if isinstance(event, Fill)]
    assert [event.reason for event in events if isinstance(event, OrderRemoved)] == [
        Reason.MAKER_VOID
    ]


def test_a_reduce_only_taker_never_turns_its_position() -> None:
    world = World()
    run(world, apply_place, world.order(5, SELL, MID, LOTS))
    run(world, apply_place, world.order(1, BUY, MID, 7, time_in_force=2))
    run(world, apply_place, world.order(5, BUY, MID - 1, LOTS))
    order = world.order(1, SELL, MID - 1, LOTS, reduce_only=1, time_in_force=2)
    _, events = run(world, apply_place, order)
    assert [event.lots for event in events if isinstance(event, Fill)] == [7]


def test_a_quote_only_key_neither_takes_nor_moves_a_stop() -> None:
    world = World()
    world.set_key(1, 1, scope=SCOPE_QUOTE)
    stop = world.order(1, BUY, MID + 9, LOTS, kind=2, trigger=MID + 5, time_in_force=2)
    assert run(world, apply_place, stop)[0] is Reason.OK
    run(world, apply_place, world.order(2, SELL, MID, LOTS))
    taking = world.order(1, BUY, MID, LOTS, key=1)
    assert world.act(apply_place, taking) is Reason.KEY_SCOPE
    moved = world.replace(stop, MID + 20, LOTS, key=1)
    assert world.act(apply_replace, moved) is Reason.KEY_SCOPE
    _, events = run(world, apply_quote, world.quote(1, Leg(PERP, BUY, 9, MID, LOTS), key=1))
    assert not [event for event in events if isinstance(event, Fill)]


def test_a_sequencer_that_posts_a_cancel_too_late_in_the_block_cannot_burn_it() -> None:
    world = World()
    order = world.order(1, SELL, MID, LOTS)
    run(world, apply_place, order)
    cancel = world.cancel(order)
    run(world, apply_place, world.order(2, BUY, MID, 5, time_in_force=2))
    assert world.act(apply_cancel, cancel, same_block=True) is Reason.OUT_OF_CLASS
    assert world.act(apply_cancel, cancel) is Reason.OK


def test_a_cancel_cannot_be_replayed_against_an_order_with_the_same_name() -> None:
    world = World()
    order = world.order(1, SELL, MID, LOTS, slot=4)
    run(world, apply_place, order)
    cancel = world.cancel(order)
    assert world.act(apply_cancel, cancel) is Reason.OK
    same = world.order(1, SELL, MID, LOTS, slot=4)._replace(nonce=(1 << 32) + order.nonce)
    assert run(world, apply_place, same)[0] is Reason.OK
    assert world.act(apply_cancel, cancel) in {Reason.NONCE_USED, Reason.NONCE_TOO_OLD}


def test_stops_and_the_book_share_no_level() -> None:
    world = World()
    run(world, apply_place, world.order(1, BUY, MID - 1, LOTS))
    stop = world.order(2, SELL, MID - 5, LOTS, kind=2, trigger=MID - 1, time_in_force=2)
    assert run(world, apply_place, stop)[0] is Reason.OK
    _, events = run(world, apply_place, world.order(3, SELL, MID - 1, LOTS, time_in_force=2))
    assert [(event.maker, event.lots) for event in events if isinstance(event, Fill)] == [(1, LOTS)]
    assert (world.state().orders, world.state().triggers) == (0, 1)


def test_filling_orders_to_the_last_slot_gives_their_slots_back() -> None:
    world = World()
    for _ in range(5):
        run(world, apply_place, world.order(1, SELL, MID, LOTS))
    run(world, apply_place, world.order(2, BUY, MID, 5 * LOTS, time_in_force=2))
    found = audit(world.leaves)
    assert (len(found.orders), len(found.free)) == (0, 5)
    run(world, apply_place, world.order(3, SELL, MID, LOTS))
    assert set(audit(world.leaves).orders) <= found.free
