"""Orders from their record to the book: place, cancel, replace."""

from typing import Any

import pytest

from rollup_node.core.account_leaves import NO_COLD
from rollup_node.core.book_leaves import Level
from rollup_node.core.client_slots import find_client_order
from rollup_node.core.events import OrderRemoved, OrderRested, TakerDone
from rollup_node.core.flags import (
    CHILD_FLAG,
    FROZEN_FLAG,
    LIQUIDATING_FLAG,
    SCOPE_CANCEL,
    SCOPE_QUOTE,
    SCOPE_TRADE,
)
from rollup_node.core.kinds import OrderClass, Phase
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    ORDER_LIMIT,
    PRICES_KEY,
    REFRESH_KEY,
    TAKER_KEY,
    balances_key,
    client_slots_key,
    cold_key,
    hot_key,
    level_key,
    order_key,
    owner_key,
    series_key,
    terms_key,
    word_key,
)
from rollup_node.core.leaves import Allocators, Balances
from rollup_node.core.orders import apply_cancel, apply_place, apply_replace
from rollup_node.core.reason import Reason
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
    UNIT,
    World,
)

LOTS = 100


def place(world: World, side: int = BUY, price: int = MID, lots: int = LOTS, **terms: int) -> Any:
    """Place an order of account 1 that must succeed; return the order as it was signed."""
    order = world.order(1, side, price, lots)._replace(**terms)
    assert world.act(apply_place, order) is Reason.OK
    return order


def slot_of(world: World, order: Any) -> int:
    """Return the order slot behind a placed order, 0 if it is gone."""
    found = world.step(find_client_order, order.account, world.hot(order.account), order.slot)
    assert isinstance(found, int)
    return found


def test_place_rests_with_its_reserve_its_level_and_its_tick() -> None:
    world = World()
    order = place(world, slot=3, expiry=EXPIRY_AT, time_in_force=1)
    slot = slot_of(world, order)
    resting = world.resting(slot)
    assert (slot, resting.remaining, resting.sequence, resting.tag) == (1, LOTS, 1, order.nonce)
    assert resting.reserve == LOTS * MID * UNIT // 100
    assert world.leaves[level_key(PERP, MID)] == Level(slot, slot, LOTS, 1)
    assert (world.state().bid, world.state().ask, world.state().orders) == (MID, 0, 1)
    hot = world.hot(1)
    assert (hot.reserve, hot.open_orders, hot.slot_map, hot.group) == (resting.reserve, 1, 1, 1)
    assert (world.phase, world.order_class) == (Phase.IDLE, OrderClass.TAKER)


def test_place_reserve_is_one_percent_rounded_up() -> None:
    world = World()
    world.set_terms(PERP, unit=1_999, min_notional=0)
    world.set_state(PERP, mark=MID * 1_999)
    place(world, lots=1, price=MID + 1)
    assert world.hot(1).reserve == (MID + 1) * 1_999 // 100 + 1


def test_place_opens_few_leaves_in_a_fixed_order() -> None:
    world = World()
    place(world, slot=9)
    assert world.opened == [
        owner_key(1),
        terms_key(PERP),
        series_key(PERP),
        PRICES_KEY,
        hot_key(1),
        balances_key(1),
        ALLOCATORS_KEY,
        order_key(1),
        client_slots_key(1, 9),
        level_key(PERP, MID),
        word_key(PERP, MID >> 8),
        word_key(PERP, 4096 + (MID >> 16)),
        word_key(PERP, 4112),
    ]


def test_place_post_only_is_of_the_class_of_makers() -> None:
    world = World()
    place(world, post_only=1)
    assert world.order_class == OrderClass.MAKER


def shape(**fields: int) -> Any:
    return fields


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (shape(time_in_force=3), Reason.BAD_ORDER),
        (shape(self_trade=3), Reason.BAD_ORDER),
        (shape(quantity=0), Reason.BAD_ORDER),
        (shape(slot=1_024), Reason.BAD_ORDER),
        (shape(trigger=5), Reason.BAD_ORDER),
        (shape(kind=2), Reason.BAD_ORDER),
        (shape(kind=1), Reason.BAD_ORDER),
        (shape(kind=1, time_in_force=1, expiry=EXPIRY_AT), Reason.BAD_ORDER),
        (shape(kind=2, trigger=5, post_only=1), Reason.BAD_ORDER),
        (shape(post_only=1, time_in_force=2), Reason.BAD_ORDER),
        (shape(expiry=EXPIRY_AT), Reason.BAD_ORDER),
        (shape(time_in_force=1), Reason.BAD_ORDER),
        (shape(price=0), Reason.PRICE_OUT_OF_RANGE),
        (shape(price=1 << 20), Reason.PRICE_OUT_OF_RANGE),
        (shape(kind=3, trigger=1 << 20), Reason.PRICE_OUT_OF_RANGE),
        (shape(time_in_force=1, expiry=NOW_MS // 1_000), Reason.EXPIRED),
        (shape(time_in_force=1, expiry=NOW_MS // 1_000 + 1), Reason.OK),
        (shape(series=0), Reason.UNKNOWN_SERIES),
        (shape(series=5), Reason.UNKNOWN_SERIES),
        (shape(series=4_096, price=9), Reason.UNKNOWN_SERIES),
        (shape(series=4_095, price=9), Reason.UNKNOWN_SERIES),
        (shape(series=2_048, price=(1 << 14) - 1), Reason.UNKNOWN_SERIES),
        (shape(series=2_048, price=1 << 14), Reason.PRICE_OUT_OF_RANGE),
        (shape(series=2_047, price=1 << 14), Reason.UNKNOWN_SERIES),
        (shape(series=65_535, price=9), Reason.UNKNOWN_SERIES),
        (shape(series=SPOT, reduce_only=1), Reason.BAD_ORDER),
        (shape(series=SPOT, kind=2, trigger=MID), Reason.BAD_ORDER),
        (shape(quantity=1_000_001), Reason.ABOVE_MAX_ORDER),
        (shape(quantity=(1 << 32) - 1, price=(1 << 20) - 1), Reason.ABOVE_MAX_ORDER),
        (shape(max_fee=499), Reason.FEE_ABOVE_CAP),
        (shape(max_fee=0), Reason.FEE_ABOVE_CAP),
        (shape(max_fee=0, post_only=1), Reason.OK),
        (shape(price=72_090), Reason.PRICE_BAND),
        (shape(price=72_089), Reason.OK),
        (shape(price=1, quantity=1_000), Reason.OK),
        (shape(price=1, quantity=999), Reason.BELOW_MIN_NOTIONAL),
        (shape(side=SELL, price=58_982), Reason.PRICE_BAND),
        (shape(side=SELL, price=58_983), Reason.OK),
        (shape(price=72_090, kind=2, trigger=MID + 1), Reason.OK),
        (shape(reduce_only=1), Reason.NO_POSITION),
        (shape(time_in_force=2), Reason.REMAINDER_CANCELLED),
        (shape(kind=1, time_in_force=2), Reason.REMAINDER_CANCELLED),
        (shape(series=FUTURE), Reason.OK),
        (shape(series=BTC_PERP), Reason.OK),
        (shape(slot=1_023), Reason.OK),
    ],
)
def test_place_checks_shape_market_and_limits(fields: Any, reason: Reason) -> None:
    world = World()
    order = world.order(1, BUY, MID, LOTS)._replace(**fields)
    assert world.act(apply_place, order) is reason
    assert (world.hot(1).open_orders == 1) == (reason is Reason.OK)
    assert world.phase == Phase.IDLE


@pytest.mark.parametrize("status", [0, 3, 4, 255])
def test_place_into_a_series_that_is_not_open_is_refused(status: int) -> None:
    world = World()
    world.set_state(PERP, status=status)
    assert world.act(apply_place, world.order(1, BUY, MID, LOTS)) is Reason.SERIES_CLOSED


@pytest.mark.parametrize(
    ("left_ms", "reason"), [(0, Reason.SERIES_CLOSED), (1, Reason.REDUCE_ONLY)]
)
def test_place_into_a_future_ends_with_its_expiry(left_ms: int, reason: Reason) -> None:
    world = World()
    world.time_ms = EXPIRY_AT * 1_000 - left_ms
    assert world.act(apply_place, world.order(1, BUY, MID, LOTS, series=FUTURE)) is reason


@pytest.mark.parametrize(
    ("late_ms", "index", "status", "reason"),
    [
        (60_000, MID, 1, Reason.OK),
        (60_001, MID, 1, Reason.REDUCE_ONLY),
        (0, MID * 103 // 100, 1, Reason.REDUCE_ONLY),
        (0, MID * 101 // 100, 1, Reason.OK),
        (0, MID, 2, Reason.REDUCE_ONLY),
    ],
)
def test_place_while_only_risk_may_shrink_needs_reduce_only(
    late_ms: int, index: int, status: int, reason: Reason
) -> None:
    world = World()
    prices: Any = world.leaves[PRICES_KEY]
    row = prices.rows[0]._replace(index_price=index * UNIT * 1_000)
    world.leaves[PRICES_KEY] = prices._replace(rows=(row, *prices.rows[1:]))
    world.set_state(PERP, status=status)
    world.time_ms = NOW_MS + late_ms
    world.set_position(1, 5)
    assert world.act(apply_place, world.order(1, BUY, MID, LOTS)) is reason
    reducing = world.order(1, SELL, MID + 9, LOTS, reduce_only=1)
    assert world.act(apply_place, reducing) is Reason.OK


@pytest.mark.parametrize(
    ("key", "fields", "reason"),
    [
        ({"order_cap": LOTS * MID * UNIT - 1}, {}, Reason.KEY_CAP),
        ({"order_cap": LOTS * MID * UNIT}, {}, Reason.OK),
        ({"order_cap": 0}, {"kind": 1, "time_in_force": 2}, Reason.KEY_CAP),
        ({"markets": 2}, {}, Reason.KEY_MARKET),
        ({"markets": 2}, {"series": BTC_PERP}, Reason.OK),
        ({"scope": SCOPE_QUOTE}, {}, Reason.KEY_SCOPE),
        ({"scope": SCOPE_QUOTE}, {"post_only": 1}, Reason.OK),
        ({"scope": SCOPE_CANCEL | 8}, {"post_only": 1}, Reason.KEY_SCOPE),
    ],
)
def test_place_by_a_session_key_stays_within_its_bounds(
    key: Any, fields: Any, reason: Reason
) -> None:
    world = World()
    world.set_key(1, 2, **key)
    assert world.act(apply_place, world.order(1, BUY, MID, LOTS, key=2, **fields)) is reason


def test_place_without_a_mark_is_refused() -> None:
    world = World()
    world.set_state(PERP, mark=0)
    assert world.act(apply_place, world.order(1, BUY, MID, LOTS)) is Reason.STALE_PRICE


@pytest.mark.parametrize(
    ("flags", "fields", "reason"),
    [
        (FROZEN_FLAG, {}, Reason.FROZEN),
        (FROZEN_FLAG, {"reduce_only": 1}, Reason.OK),
        (FROZEN_FLAG, {"reduce_only": 1, "key": 1}, Reason.FROZEN),
        (LIQUIDATING_FLAG, {}, Reason.LIQUIDATING),
        (LIQUIDATING_FLAG, {"reduce_only": 1, "key": 1}, Reason.OK),
    ],
)
def test_place_of_a_stopped_account_only_reduces(flags: int, fields: Any, reason: Reason) -> None:
    world = World()
    world.set_key(1, 1)
    world.set_position(1, -5)
    world.set_hot(1, flags=flags)
    assert world.act(apply_place, world.order(1, BUY, MID, LOTS, **fields)) is reason


def test_place_past_the_dead_man_time_is_refused() -> None:
    world = World()
    world.set_hot(1, dead_man_ms=NOW_MS)
    assert world.act(apply_place, world.order(1, BUY, MID, LOTS)) is Reason.EXPIRED
    world.set_hot(1, dead_man_ms=NOW_MS + 1)
    assert world.act(apply_place, world.order(1, BUY, MID, LOTS)) is Reason.OK


@pytest.mark.parametrize(("series", "reason"), [(PERP, Reason.OK), (FUTURE, Reason.KEY_MARKET)])
def test_place_of_a_child_account_needs_its_only_series(series: int, reason: Reason) -> None:
    world = World()
    world.set_hot(1, flags=CHILD_FLAG)
    world.leaves[cold_key(1)] = NO_COLD._replace(parent=2, series=series)
    assert world.act(apply_place, world.order(1, BUY, MID, LOTS)) is reason


@pytest.mark.parametrize("client", [0, 7, 8, 1_023])
def test_place_into_a_taken_client_slot_is_refused(client: int) -> None:
    world = World()
    order = place(world, slot=client)
    again = world.order(1, BUY, MID, LOTS, slot=client)
    assert world.act(apply_place, again) is Reason.SLOT_TAKEN
    assert world.act(apply_cancel, world.cancel(order)) is Reason.OK
    assert world.act(apply_place, again._replace(nonce=99)) is Reason.OK


@pytest.mark.parametrize(
    ("lots", "side", "reason"),
    [
        (5, SELL, Reason.OK),
        (5, BUY, Reason.NO_POSITION),
        (-5, BUY, Reason.OK),
        (-5, SELL, Reason.NO_POSITION),
    ],
)
def test_place_reduce_only_needs_a_position_on_the_other_side(
    lots: int, side: int, reason: Reason
) -> None:
    world = World()
    world.set_position(1, lots, generation=7)
    order = world.order(1, side, MID, LOTS, reduce_only=1)
    assert world.act(apply_place, order) is reason
    if reason is Reason.OK:
        resting = world.resting(slot_of(world, order))
        assert (resting.generation, resting.reserve) == (7, 10_000)


def test_place_without_margin_is_refused_and_reduce_only_is_not() -> None:
    world = World()
    world.set_position(1, 100)
    required = -(-100 * MID * UNIT // 20 * 1_020_000 // 1_000_000)
    reserve = LOTS * MID * UNIT // 100
    world.leaves[balances_key(1)] = Balances((required + reserve - 1, 0, 0, 0))
    order = world.order(1, BUY, MID, LOTS)
    assert world.act(apply_place, order) is Reason.INSUFFICIENT_MARGIN
    assert world.hot(1).open_orders == 0
    world.leaves[balances_key(1)] = Balances((required + reserve, 0, 0, 0))
    assert world.act(apply_place, order._replace(nonce=90)) is Reason.OK
    more = world.order(1, BUY, MID, 20)
    assert world.act(apply_place, more) is Reason.INSUFFICIENT_MARGIN
    assert world.act(apply_place, world.order(1, SELL, MID + 1, 20, reduce_only=1)) is Reason.OK


@pytest.mark.parametrize(
    ("cash", "reason"), [(10_000, Reason.OK), (9_999, Reason.INSUFFICIENT_MARGIN)]
)
def test_place_reduce_only_asks_for_its_cent_of_equity_and_not_for_margin(
    cash: int, reason: Reason
) -> None:
    world = World()
    world.set_position(1, 100)
    world.leaves[balances_key(1)] = Balances((cash, 0, 0, 0))
    assert world.act(apply_place, world.order(1, SELL, MID + 1, 20, reduce_only=1)) is reason


def test_place_into_a_full_book_is_refused() -> None:
    world = World()
    world.leaves[ALLOCATORS_KEY] = Allocators(0, 0, 0, ORDER_LIMIT - 2)
    order = place(world)
    assert slot_of(world, order) == ORDER_LIMIT - 1
    assert world.act(apply_place, world.order(1, BUY, MID, LOTS)) is Reason.BOOK_FULL
    assert world.act(apply_cancel, world.cancel(order)) is Reason.OK
    place(world)


@pytest.mark.parametrize(
    ("side", "price", "crosses"),
    [(BUY, MID + 1, True), (BUY, MID + 2, True), (BUY, MID, False)],
)
def test_place_that_crosses_begins_to_take(side: int, price: int, crosses: bool) -> None:
    world = World()
    place(world, SELL, MID + 1)
    order = world.order(2, side, price, LOTS, time_in_force=2)
    reason = world.act(apply_place, order)
    assert (reason, world.phase) == (
        (Reason.OK, Phase.TAKE) if crosses else (Reason.REMAINDER_CANCELLED, Phase.IDLE)
    )
    if crosses:
        taker: Any = world.leaves[TAKER_KEY]
        assert (taker.account, taker.tick, taker.remaining, taker.resume) == (2, price, LOTS, 1)
    else:
        assert world.events == [TakerDone(2, PERP, order.slot, order.nonce, 0, LOTS, reason)]


def test_place_post_only_that_crosses_is_judged_at_the_book() -> None:
    world = World()
    place(world, SELL, MID + 1)
    order = world.order(2, BUY, MID + 1, LOTS, post_only=1)
    assert (world.act(apply_place, order), world.phase) == (Reason.OK, Phase.TAKE)
    assert slot_of(world, order) == 0


def test_place_of_a_stale_account_refreshes_first() -> None:
    world = World()
    world.set_position(1, 5)
    prices: Any = world.leaves[PRICES_KEY]
    row = prices.rows[0]._replace(epoch=2)
    world.leaves[PRICES_KEY] = prices._replace(rows=(row, *prices.rows[1:]))
    order = world.order(1, BUY, MID, LOTS)
    assert (world.act(apply_place, order), world.phase) == (Reason.OK, Phase.REFRESH)
    task: Any = world.leaves[REFRESH_KEY]
    taker: Any = world.leaves[TAKER_KEY]
    assert (task.account, task.resume, taker.account) == (1, Phase.TAKE, 1)


def test_place_with_a_trigger_waits_apart_from_the_book() -> None:
    world = World()
    place(world, SELL, MID + 1)
    order = world.order(2, BUY, MID + 5, LOTS, kind=2, trigger=MID + 3)
    assert world.act(apply_place, order) is Reason.OK
    slot = slot_of(world, order)
    state = world.state()
    assert (state.bid, state.ask, state.orders, state.triggers) == (0, MID + 1, 1, 1)
    assert world.leaves[level_key(PERP, MID + 3, triggers=True)] == Level(slot, slot, LOTS, 1)
    assert level_key(PERP, MID + 3) not in world.leaves
    assert world.resting(slot).reserve == -(-LOTS * (MID + 5) * UNIT // 100)
    assert world.act(apply_cancel, world.cancel(order)) is Reason.OK
    assert (world.state().triggers, world.hot(2).reserve) == (0, 0)


def test_place_by_force_takes_its_tag_from_the_message_and_ignores_the_class() -> None:
    world = World()
    world.order_class = OrderClass.DELAYED
    order = world.order(1, BUY, MID, LOTS)._replace(nonce=0)
    number = (1 << 32) + 9
    assert world.act(apply_place, order, forced=number, same_block=True) is Reason.OK
    assert world.resting(slot_of(world, order)).tag == 9


def test_cancel_frees_slot_reserve_and_tick() -> None:
    world = World()
    order = place(world)
    assert world.act(apply_cancel, world.cancel(order)) is Reason.OK
    assert world.events[0][0] == 1
    assert world.resting(1) == (0,) * 16
    assert world.leaves[ALLOCATORS_KEY] == Allocators(0, 0, 1, 1)
    assert world.leaves[level_key(PERP, MID)] == Level(0, 0, 0, 0)
    state, hot = world.state(), world.hot(1)
    assert (state.bid, state.orders, state.sequence) == (0, 0, 1)
    assert (hot.reserve, hot.open_orders, hot.slot_map, any(hot.slots)) == (0, 0, 0, False)


def test_cancel_names_slot_and_tag() -> None:
    world = World()
    order = place(world, slot=5)
    for cancel in (
        world.cancel(order, tag=order.nonce + 1),
        world.cancel(order, slot=6),
        world.cancel(order, slot=1_024),
        world.cancel(order, account=2),
        world.cancel(order, slot=9),
    ):
        assert world.act(apply_cancel, cancel) is Reason.NOT_FOUND
    assert world.act(apply_cancel, world.cancel(order)) is Reason.OK


def test_cancel_of_an_old_order_does_not_touch_a_new_one_in_its_slots() -> None:
    world = World()
    old = place(world, slot=5)
    stale = world.cancel(old)
    assert world.act(apply_cancel, world.cancel(old)) is Reason.OK
    new = place(world, slot=5)
    assert slot_of(world, new) == 1
    assert world.act(apply_cancel, stale) is Reason.NOT_FOUND
    assert slot_of(world, new) == 1


def test_cancel_replayed_is_refused() -> None:
    world = World()
    order = place(world)
    cancel = world.cancel(order)
    assert world.act(apply_cancel, cancel) is Reason.OK
    assert world.act(apply_cancel, cancel) is Reason.NONCE_USED


def test_cancel_after_a_taker_is_out_of_class_and_lives_on() -> None:
    world = World()
    order = place(world)
    cancel = world.cancel(order)
    assert world.act(apply_place, world.order(2, BUY, MID, LOTS)) is Reason.OK
    assert world.order_class == OrderClass.TAKER
    assert world.act(apply_cancel, cancel, same_block=True) is Reason.OUT_OF_CLASS
    assert world.act(apply_cancel, cancel) is Reason.OK


@pytest.mark.parametrize(
    ("flags", "key", "reason"),
    [
        (FROZEN_FLAG, 0, Reason.OK),
        (FROZEN_FLAG, 1, Reason.FROZEN),
        (LIQUIDATING_FLAG, 1, Reason.OK),
        (0, 1, Reason.OK),
    ],
)
def test_cancel_of_a_frozen_account_is_for_its_owner(flags: int, key: int, reason: Reason) -> None:
    world = World()
    world.set_key(1, 1, scope=SCOPE_CANCEL)
    order = place(world)
    world.set_hot(1, flags=flags)
    assert world.act(apply_cancel, world.cancel(order, key=key)) is reason


def test_cancel_opens_at_most_twelve_leaves() -> None:
    world = World()
    place(world, lots=50)
    order = place(world, slot=500)
    place(world, lots=70)
    assert world.act(apply_cancel, world.cancel(order)) is Reason.OK
    assert len(world.opened) == 10


def replaced(world: World, order: Any, price: int, lots: int, **terms: int) -> Reason:
    return world.act(apply_replace, world.replace(order, price, lots, **terms))


def test_replace_with_fewer_lots_keeps_the_place() -> None:
    world = World()
    first = place(world)
    place(world)
    assert replaced(world, first, MID, LOTS) is Reason.OK
    assert (world.resting(1).tag, world.resting(1).sequence) == (world.nonce, 1)
    again = world.replace(first, MID, 40, tag=world.nonce)
    assert world.act(apply_replace, again) is Reason.OK
    level: Any = world.leaves[level_key(PERP, MID)]
    resting = world.resting(1)
    assert level == Level(1, 2, LOTS + 40, 2)
    assert (resting.remaining, resting.sequence, resting.tag) == (40, 1, world.nonce)
    assert resting.reserve == 40 * MID * UNIT // 100
    assert world.hot(1).reserve == 140 * MID * UNIT // 100
    assert world.state().sequence == 2


@pytest.mark.parametrize(("price", "lots"), [(MID, LOTS + 1), (MID - 1, LOTS), (MID - 300, 20)])
def test_replace_elsewhere_or_larger_goes_to_the_end(price: int, lots: int) -> None:
    world = World()
    first = place(world)
    place(world)
    assert replaced(world, first, price, lots) is Reason.OK
    level: Any = world.leaves[level_key(PERP, price)]
    slot = slot_of(world, first)
    assert level.tail == slot
    assert (world.resting(slot).sequence, world.resting(slot).remaining) == (3, lots)
    assert (world.state().bid, world.state().orders) == (MID, 2)
    assert [type(event) for event in world.events] in ([], [OrderRemoved, OrderRested])


def test_replace_that_would_cross_is_refused_and_the_old_order_stays() -> None:
    world = World()
    place(world, SELL, MID + 5)
    order = place(world, BUY, MID)
    before = world.resting(slot_of(world, order))
    assert replaced(world, order, MID + 5, LOTS) is Reason.POST_ONLY_CROSS
    assert world.resting(slot_of(world, order)) == before
    assert replaced(world, order, MID + 4, LOTS) is Reason.OK


def test_replace_changes_the_tag_and_the_old_one_is_dead() -> None:
    world = World()
    order = place(world)
    assert replaced(world, order, MID - 1, LOTS) is Reason.OK
    tag = world.nonce
    assert world.act(apply_cancel, world.cancel(order)) is Reason.NOT_FOUND
    assert world.act(apply_cancel, world.cancel(order, tag=tag)) is Reason.OK


@pytest.mark.parametrize(
    ("price", "lots", "reason"),
    [
        (MID, 0, Reason.BAD_ORDER),
        (0, LOTS, Reason.PRICE_OUT_OF_RANGE),
        (1 << 20, LOTS, Reason.PRICE_OUT_OF_RANGE),
        (72_090, LOTS, Reason.PRICE_BAND),
        (MID, 1_000_001, Reason.ABOVE_MAX_ORDER),
        (1, 1, Reason.BELOW_MIN_NOTIONAL),
    ],
)
def test_replace_is_checked_as_the_order_it_would_be(price: int, lots: int, reason: Reason) -> None:
    world = World()
    order = place(world)
    before = dict(world.leaves)
    assert replaced(world, order, price, lots) is reason
    changed = {key for key, leaf in world.leaves.items() if before.get(key) != leaf}
    assert changed == {owner_key(1)}


def test_replace_needs_margin_only_for_what_it_adds() -> None:
    world = World()
    reserve = LOTS * MID * UNIT // 100
    world.leaves[balances_key(1)] = Balances((reserve, 0, 0, 0))
    order = place(world)
    assert replaced(world, order, MID + 1, LOTS) is Reason.INSUFFICIENT_MARGIN
    assert replaced(world, order, MID - 1, LOTS) is Reason.OK


def test_replace_never_resurrects_a_reduce_only_order() -> None:
    world = World()
    world.set_position(1, 5, generation=3)
    order = place(world, SELL, reduce_only=1)
    world.set_position(1, 8, generation=4)
    assert replaced(world, order, MID, 1) is Reason.NOT_FOUND
    assert replaced(world, order, MID + 1, LOTS) is Reason.NOT_FOUND
    assert world.resting(slot_of(world, order)).generation == 3


def test_replace_of_an_expired_order_is_refused() -> None:
    world = World()
    order = place(world, expiry=EXPIRY_AT, time_in_force=1)
    world.time_ms = EXPIRY_AT * 1_000
    assert replaced(world, order, MID, 1) is Reason.NOT_FOUND
    assert world.act(apply_cancel, world.cancel(order)) is Reason.OK


@pytest.mark.parametrize(
    ("scope", "post_only", "reason"),
    [
        (SCOPE_TRADE, 0, Reason.OK),
        (SCOPE_QUOTE, 0, Reason.KEY_SCOPE),
        (SCOPE_QUOTE, 1, Reason.OK),
        (SCOPE_CANCEL, 1, Reason.KEY_SCOPE),
    ],
)
def test_replace_by_a_quote_key_is_for_post_only_orders(
    scope: int, post_only: int, reason: Reason
) -> None:
    world = World()
    world.set_key(1, 3, scope=scope)
    order = place(world, post_only=post_only)
    assert replaced(world, order, MID - 1, LOTS, key=3) is reason


def test_replace_of_a_stale_account_goes_on_after_its_refresh() -> None:
    world = World()
    world.set_position(1, 5)
    order = place(world)
    prices: Any = world.leaves[PRICES_KEY]
    row = prices.rows[0]._replace(epoch=2)
    world.leaves[PRICES_KEY] = prices._replace(rows=(row, *prices.rows[1:]))
    assert replaced(world, order, MID - 1, LOTS) is Reason.OK
    assert world.phase == Phase.REFRESH
    assert world.resting(slot_of(world, order)).tick == MID


def test_unlink_of_head_middle_and_tail_keeps_the_queue() -> None:
    for gone in range(3):
        world = World()
        orders = [place(world) for _ in range(3)]
        left = [slot_of(world, order) for index, order in enumerate(orders) if index != gone]
        assert world.act(apply_cancel, world.cancel(orders[gone])) is Reason.OK
        level: Any = world.leaves[level_key(PERP, MID)]
        assert level == Level(left[0], left[1], 2 * LOTS, 2)
        assert (world.resting(left[0]).previous, world.resting(left[0]).next) == (0, left[1])
        assert (world.resting(left[1]).previous, world.resting(left[1]).next) == (left[0], 0)


def test_level_holds_more_than_32_bits_of_lots() -> None:
    world = World()
    world.set_terms(PERP, max_order_lots=(1 << 32) - 1, unit=1, min_notional=0)
    world.set_state(PERP, mark=1)
    lots = (1 << 32) - 1
    world.leaves[balances_key(1)] = Balances((1 << 80, 0, 0, 0))
    orders = [place(world, price=1, lots=lots) for _ in range(3)]
    assert world.leaves[level_key(PERP, 1)] == Level(1, 3, 3 * lots, 3)
    for order in orders:
        assert world.act(apply_cancel, world.cancel(order)) is Reason.OK
    assert world.leaves[level_key(PERP, 1)] == Level(0, 0, 0, 0)
