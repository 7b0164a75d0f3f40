"""Orders that wait for a price: which fire, in which order, and what becomes of them."""

from typing import Any

import pytest

from rollup_node.core.events import OrderRemoved
from rollup_node.core.families import find_task
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import Trigger
from rollup_node.core.kinds import Phase
from rollup_node.core.layout import (
    PRICE_TASK_KEY,
    TAKER_KEY,
    TICK_LIMIT,
    order_key,
    series_list_key,
)
from rollup_node.core.market_leaves import SeriesList
from rollup_node.core.order_checks import FIRED, check_market
from rollup_node.core.orders import apply_place
from rollup_node.core.reason import Reason
from rollup_node.core.task_leaves import NO_PRICE_TASK, PriceTask, Taker
from rollup_node.core.triggers import DRAIN_LIMIT, apply_trigger, drain
from tests.unit.core.exchange_world import BUY, MID, NOW_MS, PERP, SELL, UNIT, World

STOP = 2
TAKE_PROFIT = 3


class Waiting(World):
    """A world whose mark moves, and then drains its triggers."""

    def __init__(self) -> None:
        super().__init__()
        self.leaves[series_list_key(0)] = SeriesList((PERP, *(0,) * 15))

    def wait(self, account: int, side: int, trigger: int, kind: int = STOP, **terms: int) -> int:
        """Place a trigger order; return its order slot."""
        price = terms.pop("price", trigger + (100 if side == BUY else -100))
        order = self.order(account, side, price, 100, kind=kind, trigger=trigger, **terms)
        assert self.act(apply_place, order) is Reason.OK
        return int(self.events[-1].slot)

    def move(self, tick: int, drained: int = 0) -> list[Any]:
        """Let the mark move to a tick and drain; return the triggers that left, in order."""
        state = self.state()
        self.set_state(PERP, mark=tick * UNIT, low=min(state.low, tick), high=max(state.high, tick))
        self.leaves[PRICE_TASK_KEY] = PriceTask(0, 0, 0, 0, 1, drained, Phase.IDLE, 0)
        self.phase = Phase.DRAIN
        return self.run()

    def run(self) -> list[Any]:
        """Run the machine until it is idle; return what left the trigger book."""
        removed: list[Any] = []
        while self.phase != Phase.IDLE:
            self.step(find_task(self.phase))
            removed += [e for e in self.events if isinstance(e, OrderRemoved) and e.order.trigger]
        return removed

    def look(self, underlying: int = 0) -> Any:
        """Let anyone look at an underlying."""
        return self.step(apply_trigger, Trigger(underlying), Authority(None, forced=False, tag=0))


@pytest.fixture(name="world")
def _world() -> Waiting:
    return Waiting()


@pytest.mark.parametrize(
    ("side", "kind", "trigger", "to"),
    [
        (BUY, STOP, MID + 5, MID + 5),
        (SELL, TAKE_PROFIT, MID + 5, MID + 7),
        (SELL, STOP, MID - 5, MID - 5),
        (BUY, TAKE_PROFIT, MID - 5, MID - 9),
    ],
)
def test_drain_fires_what_the_mark_has_reached(
    world: Waiting, side: int, kind: int, trigger: int, to: int
) -> None:
    world.wait(2, side, trigger, kind)
    short = trigger - 1 if trigger > MID else trigger + 1
    assert world.move(short) == []
    (fired,) = world.move(to)
    assert (fired.reason, fired.order.account) == (Reason.OK, 2)
    assert world.state().triggers == 0
    assert (world.state().low, world.state().high) == (to, to)


@pytest.mark.parametrize(
    ("side", "kind", "trigger", "reason"),
    [
        (BUY, STOP, MID, Reason.PRICE_OUT_OF_RANGE),
        (BUY, STOP, MID + 1, Reason.OK),
        (SELL, TAKE_PROFIT, MID, Reason.PRICE_OUT_OF_RANGE),
        (SELL, TAKE_PROFIT, MID + 1, Reason.OK),
        (SELL, STOP, MID, Reason.PRICE_OUT_OF_RANGE),
        (SELL, STOP, MID - 1, Reason.OK),
        (BUY, TAKE_PROFIT, MID, Reason.PRICE_OUT_OF_RANGE),
        (BUY, TAKE_PROFIT, MID - 1, Reason.OK),
    ],
)
def test_place_refuses_a_trigger_that_the_mark_has_passed(
    world: Waiting, side: int, kind: int, trigger: int, reason: Reason
) -> None:
    order = world.order(2, side, MID, 100, kind=kind, trigger=trigger)
    assert world.act(apply_place, order) is reason


def test_place_refuses_a_trigger_that_is_due(world: Waiting) -> None:
    """Else an order placed after a jump would fire for what happened before it."""
    world.set_state(PERP, low=MID - 10, high=MID + 10)
    taker = Taker(2, PERP, SELL | STOP << 1, MID, MID - 5, 100, 0, 0, 0, 999, 0, 0, 0, 0, 0, 1, 0)
    assert world.step(check_market, taker)[0] is Reason.PRICE_OUT_OF_RANGE
    assert world.step(check_market, taker._replace(trigger=MID - 11))[0] is Reason.OK


def test_drain_fires_levels_from_low_to_high_and_a_level_in_its_order(world: Waiting) -> None:
    slots = [world.wait(2, BUY, MID + step) for step in (9, 3, 9, 5)]
    fired = world.move(MID + 20)
    assert [event.slot for event in fired] == [slots[1], slots[3], slots[0], slots[2]]


def test_drain_stops_after_its_limit_and_a_trigger_goes_on(world: Waiting) -> None:
    slots = [world.wait(2, BUY, MID + 1 + step) for step in range(3)]
    fired = world.move(MID + 9, drained=DRAIN_LIMIT - 2)
    assert [event.slot for event in fired] == slots[:2]
    assert (world.state().low, world.state().high) == (MID, MID + 9)
    assert world.look() is Reason.OK
    assert [event.slot for event in world.run()] == slots[2:]
    assert (world.state().low, world.state().high) == (MID + 9, MID + 9)
    assert world.look() is Reason.NOTHING_DUE


def test_trigger_begins_a_reprice_that_is_due(world: Waiting) -> None:
    world.time_ms = NOW_MS + 30_000
    assert world.look() is Reason.OK
    assert world.phase == Phase.REPRICE


def test_trigger_of_no_underlying_is_refused(world: Waiting) -> None:
    assert world.look(8) is Reason.UNKNOWN_UNDERLYING


def test_drain_hands_a_limit_order_to_the_match(world: Waiting) -> None:
    slot = world.wait(2, BUY, MID + 5, slot=9, expiry=NOW_MS // 1_000 + 60, time_in_force=1)
    order = world.resting(slot)
    world.set_state(PERP, high=MID + 5, mark=(MID + 5) * UNIT)
    world.leaves[PRICE_TASK_KEY] = PriceTask(0, 0, 0, 0, 1, 0, Phase.IDLE, 0)
    world.phase = Phase.DRAIN
    assert world.step(drain)[1] is Reason.OK
    taker: Any = world.leaves[TAKER_KEY]
    assert taker == Taker(
        2, PERP, 1 << 3, order.tick, 0, 100, order.expiry_at, 9, order.tag, 1_000, 0, 0, 0, 0,
        FIRED, Phase.DRAIN, 0,
    )  # fmt: skip
    assert world.phase == Phase.TAKE
    world.run()
    assert world.state().bid == order.tick
    assert world.hot(2).open_orders == 1


def test_drain_takes_what_the_book_offers(world: Waiting) -> None:
    world.act(apply_place, world.order(3, SELL, MID + 6, 60, post_only=1))
    world.wait(2, BUY, MID + 5, time_in_force=2)
    world.move(MID + 5)
    assert world.state().open_interest == 60
    assert world.hot(2).open_orders == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": 2}, Reason.REDUCE_ONLY),
        ({"status": 3}, Reason.MAKER_VOID),
    ],
)
def test_drain_removes_what_the_series_no_longer_allows(
    world: Waiting, change: dict[str, int], reason: Reason
) -> None:
    world.wait(2, BUY, MID + 5)
    world.set_state(PERP, **change)
    (fired,) = world.move(MID + 5)
    assert fired.reason is reason
    assert world.hot(2).open_orders == 0


def test_drain_removes_what_pays_too_little(world: Waiting) -> None:
    world.wait(2, BUY, MID + 5)
    world.set_terms(PERP, taker_fee_ppm=1_001)
    (fired,) = world.move(MID + 5)
    assert fired.reason is Reason.FEE_ABOVE_CAP


def test_drain_removes_what_would_trade_outside_of_the_band(world: Waiting) -> None:
    world.wait(2, BUY, MID + 5, price=MID + MID // 5)
    (fired,) = world.move(MID + 5)
    assert fired.reason is Reason.PRICE_BAND


def test_drain_removes_what_is_void(world: Waiting) -> None:
    world.wait(2, BUY, MID + 5, expiry=NOW_MS // 1_000 + 60, time_in_force=1)
    world.wait(3, BUY, MID + 5)
    world.set_hot(3, flags=2)
    world.time_ms += 60_000
    assert [event.reason for event in world.move(MID + 5)] == [Reason.MAKER_VOID] * 2


def test_drain_beyond_the_ticks_of_a_book_ends(world: Waiting) -> None:
    world.wait(2, BUY, TICK_LIMIT - 1, price=MID)
    world.set_state(PERP, low=TICK_LIMIT + 5)
    assert world.move(TICK_LIMIT + 9) == []
    assert world.resting(1).account == 2
    assert order_key(1) in world.leaves


def test_drain_of_nothing_ends() -> None:
    world = Waiting()
    world.leaves[PRICE_TASK_KEY] = NO_PRICE_TASK._replace(resume=Phase.IDLE)
    world.phase = Phase.DRAIN

    def step(frame: Frame) -> Any:
        return drain(frame)

    assert world.step(step)[1] is Reason.OK
    assert world.phase == Phase.IDLE
