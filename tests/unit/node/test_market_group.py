"""Events of the law turned into orders, fills and outcomes as their owners call them."""

from typing import Any

import pytest

from rollup_node.core.book_leaves import Order
from rollup_node.core.events import Fill, OrderChanged, OrderRemoved, OrderRested, TakerDone
from rollup_node.core.flags import TAKE_PROFIT
from rollup_node.core.inputs import Liquidate, MassQuote, PlaceOrder
from rollup_node.core.reason import Reason
from rollup_node.node.instruments import Instruments
from rollup_node.node.market_group import LIQUIDATION, SALE, Followed, MarketGroup
from rollup_node.node.tape import Heard
from rollup_node.rpc.market_data import MarketEvents
from tests.unit.core.exchange_world import MID, NOW_MS, PERP, UNIT, World

SOURCE = b"\x07" * 32


@pytest.fixture
def followed() -> Followed:
    world = World()
    instruments = Instruments(("ETH", "BTC"))
    instruments.read(world.leaves, NOW_MS)
    return Followed(instruments, world.leaves.get)


def _place(account: int, slot: int, quantity: int, side: int = 0) -> PlaceOrder:
    return PlaceOrder(account, 0, PERP, side, 0, 0, 0, 0, 0, MID, quantity, 0, 0, 500, slot, 77)


def _order(account: int, slot: int, lots: int, *, flags: int = 1, trigger: int = 0) -> Order:
    return Order(account, PERP, flags, MID, trigger, lots, 0, 0, 0, 0, 0, slot, 77, 500, 0, 0)


def _hear(followed: Followed, content: Any, *events: Any, legs: tuple[Reason, ...] = ()) -> Any:
    group = MarketGroup(followed)
    group.hear(Heard(SOURCE, content, NOW_MS, events, legs))
    return group.finish(NOW_MS)


def _states(events: MarketEvents) -> dict[str, tuple[str, int, int, str]]:
    return {o.order_id: (o.state, o.lots, o.filled_lots, o.reason) for o in events.orders}


def test_hear_fill_counts_for_both_orders(followed: Followed) -> None:
    _hear(followed, _place(1, 3, 10, side=1), OrderRested(5, _order(1, 3, 10)))
    events = _hear(
        followed,
        _place(2, 4, 6),
        Fill(PERP, 2, 1, 0, MID, 6, 100, -20, 5),
        OrderChanged(5, _order(1, 3, 4)),
        TakerDone(2, PERP, 4, 77, 6, 0, Reason.OK),
    )
    assert _states(events) == {"1-3-77": ("open", 10, 6, ""), "2-4-77": ("filled", 6, 6, "")}
    (trade,) = events.trades
    assert (trade.lots, trade.ticks, trade.mark_usdc) == (6, MID, MID * UNIT)
    assert [(f.account, f.order_id, f.is_maker, f.fee_usdc) for f in events.fills] == [
        (1, "1-3-77", True, -20),
        (2, "2-4-77", False, 100),
    ]
    outcome = followed.outcomes[SOURCE]
    assert [order.order_id for order in outcome.orders] == ["2-4-77"]
    assert [fill.account for fill in outcome.fills] == [2]
    assert followed.books.image(PERP).asks == [(MID, 4)]


def test_hear_maker_filled_to_the_end_is_filled_not_cancelled(followed: Followed) -> None:
    _hear(followed, _place(1, 3, 6, side=1), OrderRested(5, _order(1, 3, 6)))
    events = _hear(
        followed,
        _place(2, 4, 10),
        Fill(PERP, 2, 1, 0, MID, 6, 0, 0, 5),
        OrderRemoved(5, _order(1, 3, 6), Reason.OK),
        OrderRested(6, _order(2, 4, 4, flags=0)),
        TakerDone(2, PERP, 4, 77, 6, 4, Reason.OK),
    )
    assert _states(events) == {"1-3-77": ("filled", 6, 6, ""), "2-4-77": ("open", 10, 6, "")}
    assert followed.orders.open_of(1) == []


@pytest.mark.parametrize(
    ("reason", "filled", "expected"),
    [
        (Reason.REMAINDER_CANCELLED, 6, ("cancelled", 10, 6, "REMAINDER_CANCELLED")),
        (Reason.INSUFFICIENT_MARGIN, 0, ("rejected", 10, 0, "INSUFFICIENT_MARGIN")),
    ],
)
def test_hear_taker_that_ends_early_says_why(
    followed: Followed, reason: Reason, filled: int, expected: tuple[str, int, int, str]
) -> None:
    _hear(followed, _place(1, 3, 60, side=1), OrderRested(5, _order(1, 3, 60)))
    fills = [Fill(PERP, 2, 1, 0, MID, filled, 0, 0, 5)] if filled else []
    done = TakerDone(2, PERP, 4, 77, filled, 10 - filled, reason)
    events = _hear(followed, _place(2, 4, 10), *fills, done)
    assert _states(events)["2-4-77"] == expected


def test_hear_triggered_order_takes_its_fills_when_it_is_done(followed: Followed) -> None:
    _hear(followed, _place(1, 3, 60, side=1), OrderRested(5, _order(1, 3, 60)))
    waiting = _order(2, 4, 10, flags=TAKE_PROFIT << 1, trigger=MID + 5)
    events = _hear(followed, _place(2, 4, 10), OrderRested(6, waiting))
    assert _states(events) == {"2-4-77": ("untriggered", 10, 0, "")}
    assert followed.books.image(PERP).bids == []
    events = _hear(
        followed,
        None,
        OrderRemoved(6, waiting, Reason.OK),
        Fill(PERP, 2, 1, 0, MID, 10, 0, 0, 5),
        OrderChanged(5, _order(1, 3, 50)),
        TakerDone(2, PERP, 4, 77, 10, 0, Reason.OK),
    )
    assert _states(events)["2-4-77"] == ("filled", 10, 10, "")
    assert [fill.order_id for fill in events.fills] == ["1-3-77", "2-4-77"]


def test_hear_order_of_the_protocol_is_a_liquidation(followed: Followed) -> None:
    _hear(followed, _place(1, 3, 60, side=1), OrderRested(5, _order(1, 3, 60)))
    events = _hear(
        followed,
        Liquidate(2, PERP),
        Fill(PERP, 2, 1, 0, MID, 10, 0, 0, 5),
        TakerDone(2, PERP, 0, 0, 10, 0, Reason.OK),
    )
    assert events.trades[0].is_liquidation
    assert [fill.order_id for fill in events.fills] == ["1-3-77", LIQUIDATION]


def test_hear_fill_of_a_covered_sale_is_no_order_of_its_seller(followed: Followed) -> None:
    events = _hear(
        followed,
        _place(2, 4, 10),
        Fill(PERP, 2, 1, 0, MID, 10, 100, 30, 0),
        TakerDone(2, PERP, 4, 77, 10, 0, Reason.OK),
    )
    assert _states(events) == {"2-4-77": ("filled", 10, 10, "")}
    assert [(f.account, f.order_id, f.is_maker, f.fee_usdc) for f in events.fills] == [
        (1, SALE, True, 30),
        (2, "2-4-77", False, 100),
    ]


def test_hear_mass_quote_keeps_the_reasons_of_its_legs(followed: Followed) -> None:
    quote = MassQuote(1, 0, 500, (), 77)
    legs = (Reason.OK, Reason.POST_ONLY_CROSS)
    _hear(followed, quote, OrderRested(5, _order(1, 3, 60)), legs=legs)
    outcome = followed.outcomes[SOURCE]
    assert outcome.legs == ("OK", "POST_ONLY_CROSS")
    assert [order.order_id for order in outcome.orders] == ["1-3-77"]


def test_hear_maker_removed_by_others_says_why(followed: Followed) -> None:
    _hear(followed, _place(1, 3, 60, side=1), OrderRested(5, _order(1, 3, 60)))
    removed = OrderRemoved(5, _order(1, 3, 60), Reason.SELF_TRADE)
    events = _hear(followed, _place(2, 4, 10), removed)
    assert _states(events)["1-3-77"] == ("cancelled", 60, 0, "SELF_TRADE")
    assert events.accounts == {1, 2}
