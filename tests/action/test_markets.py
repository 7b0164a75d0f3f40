"""Orders through the client, the interface, the sequencer and the law, and back to all who look."""

import pytest

from rollup_node.client import AsyncClient, NotFoundError, RefusedError
from rollup_node.core.inputs import Leg, MassQuote
from rollup_node.node.market_data import NodeMarkets
from tests.action.exchange_node import DEPOSIT, MID_PRICE, PERP, ExchangeNode
from tests.action.sequencing import DOMAIN
from tests.unit.core.exchange_world import MID


async def test_get_instruments_names_what_the_state_lists(alice: AsyncClient) -> None:
    found = {i["instrument_name"]: i for i in await alice.call("public/get_instruments")}
    future = next(name for name in found if name.startswith("ETH-") and name != PERP)
    assert list(found) == [PERP, "ETH_USDC", future, "BTC-PERPETUAL"]
    assert [found[name]["kind"] for name in found] == ["future", "spot", "future", "future"]
    assert found[PERP]["tick_size"] == 1.0
    assert found[PERP]["contract_size"] == 0.001
    ticker = await alice.call("public/ticker", instrument_name=PERP)
    assert (ticker["mark_price"], ticker["index_price"]) == (MID_PRICE, MID_PRICE)
    assert (ticker["min_price"], ticker["max_price"]) == (58983.0, 72089.0)


async def test_buy_rests_and_everybody_sees_it(alice: AsyncClient, bob: AsyncClient) -> None:
    books = bob.follow_book(PERP)
    assert (await anext(books)).bids == []
    mine = await alice.subscribe("user.orders.any.raw")
    answer = await alice.buy(PERP, "0.5", MID_PRICE - 10, post_only=True)
    order = answer["order"]
    assert (order["order_state"], order["amount"], order["price"]) == ("open", 0.5, MID_PRICE - 10)
    assert order["record_hash"] == answer["hash"]
    assert (await anext(books)).bids == [(MID_PRICE - 10, 0.5)]
    assert await anext(mine) == order
    assert await alice.call("private/get_open_orders") == [order]
    assert await bob.call("private/get_open_orders") == []
    ticker = await bob.call("public/ticker", instrument_name=PERP)
    assert (ticker["best_bid_price"], ticker["best_bid_amount"]) == (MID_PRICE - 10, 0.5)
    summary = await alice.call("private/get_account_summary")
    assert (summary["equity"], summary["open_orders"]) == (DEPOSIT / 10**6, 1)
    assert summary["open_orders_margin"] == pytest.approx(0.005 * (MID_PRICE - 10))


async def test_cancel_empties_the_book_and_is_refused_twice(
    alice: AsyncClient, bob: AsyncClient
) -> None:
    books = bob.follow_book(PERP)
    await anext(books)
    order = (await alice.sell(PERP, 1, MID_PRICE + 5))["order"]
    assert (await anext(books)).best_ask == MID_PRICE + 5
    cancelled = (await alice.cancel(order))["order"]
    assert (cancelled["order_id"], cancelled["order_state"]) == (order["order_id"], "cancelled")
    assert (await anext(books)).asks == []
    with pytest.raises(NotFoundError, match="order_not_found"):
        await alice.cancel(order)
    state = await alice.call("private/get_order_state", order_id=order["order_id"])
    assert state["order_state"] == "cancelled"


async def test_edit_gives_the_order_another_name(alice: AsyncClient) -> None:
    order = (await alice.buy(PERP, 1, MID_PRICE - 10))["order"]
    smaller = (await alice.edit(order, "0.4", MID_PRICE - 10))["order"]
    moved = (await alice.edit(smaller, "0.4", MID_PRICE - 20))["order"]
    assert len({order["order_id"], smaller["order_id"], moved["order_id"]}) == 3
    assert (moved["amount"], moved["price"], moved["order_state"]) == (0.4, MID_PRICE - 20, "open")
    assert await alice.call("private/get_open_orders") == [moved]
    old = await alice.call("private/get_order_state", order_id=order["order_id"])
    assert (old["order_state"], old["cancel_reason"]) == ("cancelled", "REPLACED")
    book = await alice.call("public/get_order_book", instrument_name=PERP)
    assert book["bids"] == [[MID_PRICE - 20, 0.4]]


async def test_mass_quote_answers_for_each_leg_and_cancel_all_takes_them_back(
    alice: AsyncClient,
) -> None:
    legs = tuple(
        Leg(1, side, 8 + number, MID + offset, 500)
        for number, (side, offset) in enumerate(((0, -3), (0, -2), (1, 2), (1, 3)))
    )
    quote = MassQuote(1, 0, 500, legs, alice.signer.next_nonce())
    answer = await alice.submit(quote)
    assert [order["order_state"] for order in answer["orders"]] == ["open"] * 4
    book = await alice.call("public/get_order_book", instrument_name=PERP)
    assert [price for price, _ in book["bids"]] == [MID_PRICE - 2, MID_PRICE - 3]
    assert [leg["reason"] for leg in answer["legs"]] == ["OK"] * 4
    crossing = (Leg(1, 1, 8, MID - 2, 500), Leg(1, 1, 9, MID + 4, 500))
    again = MassQuote(1, 0, 500, crossing, alice.signer.next_nonce())
    told = (await alice.submit(again))["legs"]
    assert told == [{"leg": 0, "reason": "POST_ONLY_CROSS"}, {"leg": 1, "reason": "OK"}]
    gone = await alice.cancel_all()
    assert gone["cancelled"] == 3
    book = await alice.call("public/get_order_book", instrument_name=PERP)
    assert (book["bids"], book["asks"]) == ([], [])


async def test_buy_refused_by_the_law_names_the_reason(alice: AsyncClient) -> None:
    with pytest.raises(RefusedError) as caught:
        await alice.buy(PERP, 1, MID_PRICE * 2)
    assert caught.value.reason == "PRICE_BAND"
    with pytest.raises(RefusedError, match="BELOW_MIN_NOTIONAL"):
        await alice.buy(PERP, "0.001", 1)


async def test_reset_after_going_back_keeps_books_in_a_chain(
    node: ExchangeNode, alice: AsyncClient, bob: AsyncClient
) -> None:
    await alice.buy(PERP, 1, MID_PRICE - 10)
    position = node.sequencer.builder.position()
    books = bob.follow_book(PERP)
    await anext(books)
    order = (await alice.buy(PERP, 1, MID_PRICE - 5))["order"]
    assert (await anext(books)).best_bid == MID_PRICE - 5
    node.sequencer.builder.rewind(position)
    node.sequencer._follow_markets()
    assert (await anext(books)).bids == [(MID_PRICE - 10, 1.0)]
    state = await alice.call("private/get_order_state", order_id=order["order_id"])
    assert (state["order_state"], state["cancel_reason"]) == ("cancelled", "REORG")


async def test_buy_that_crosses_fills_and_both_sides_hear_it(
    alice: AsyncClient, bob: AsyncClient
) -> None:
    resting = (await alice.sell(PERP, 1, MID_PRICE + 5, post_only=True))["order"]
    trades = await bob.subscribe(f"trades.{PERP}.raw")
    fills = await alice.subscribe("user.trades.any.raw")
    orders = await alice.subscribe("user.orders.any.raw")
    changes = await bob.subscribe(f"user.changes.{PERP}.raw")
    answer = await bob.buy(PERP, "0.4", MID_PRICE + 10)
    bought = answer["order"]
    assert (bought["order_state"], bought["filled_amount"]) == ("filled", 0.4)
    assert bought["average_price"] == MID_PRICE + 5
    (trade,) = answer["trades"]
    cost = 0.4 * (MID_PRICE + 5)
    assert (trade["liquidity"], trade["order_id"]) == ("T", bought["order_id"])
    assert trade["fee"] == pytest.approx(cost * 500e-6)
    (public,) = await anext(trades)
    assert (public["price"], public["amount"], public["direction"]) == (MID_PRICE + 5, 0.4, "buy")
    (own,) = await anext(fills)
    assert (own["liquidity"], own["order_id"], own["direction"]) == (
        "M",
        resting["order_id"],
        "sell",
    )
    assert own["fee"] == pytest.approx(-cost * 100e-6)
    left = await anext(orders)
    assert (left["order_id"], left["filled_amount"], left["amount"], left["order_state"]) == (
        resting["order_id"],
        0.4,
        1.0,
        "open",
    )
    told = await anext(changes)
    assert told["positions"][0]["size"] == 0.4
    (position,) = await alice.call("private/get_positions")
    assert (position["direction"], position["size"]) == ("sell", -0.4)
    assert position["average_price"] == MID_PRICE + 5
    ticker = await alice.call("public/ticker", instrument_name=PERP)
    assert (ticker["open_interest"], ticker["last_price"]) == (0.4, MID_PRICE + 5)
    assert ticker["stats"]["volume"] == 0.4


async def test_buy_immediate_or_cancel_says_what_was_not_filled(
    alice: AsyncClient, bob: AsyncClient
) -> None:
    await alice.sell(PERP, "0.3", MID_PRICE + 5, post_only=True)
    answer = await bob.buy(PERP, 1, MID_PRICE + 10, time_in_force="immediate_or_cancel")
    order = answer["order"]
    assert (order["order_state"], order["filled_amount"]) == ("cancelled", 0.3)
    assert order["cancel_reason"] == "REMAINDER_CANCELLED"
    assert len(answer["trades"]) == 1


async def test_buy_more_than_there_is_rests_with_the_remainder(
    alice: AsyncClient, bob: AsyncClient
) -> None:
    first = (await alice.sell(PERP, "0.3", MID_PRICE + 5, post_only=True))["order"]
    await alice.sell(PERP, "0.2", MID_PRICE + 6, post_only=True)
    answer = await bob.buy(PERP, 1, MID_PRICE + 10)
    order = answer["order"]
    assert (order["order_state"], order["amount"], order["filled_amount"]) == ("open", 1.0, 0.5)
    assert order["average_price"] == pytest.approx(MID_PRICE + 5.4)
    assert [trade["price"] for trade in answer["trades"]] == [MID_PRICE + 5, MID_PRICE + 6]
    book = await alice.call("public/get_order_book", instrument_name=PERP)
    assert (book["bids"], book["asks"]) == ([[MID_PRICE + 10, 0.5]], [])
    filled = await alice.call("private/get_order_state", order_id=first["order_id"])
    assert (filled["order_state"], filled["filled_amount"]) == ("filled", 0.3)


async def test_restart_finds_the_same_orders_under_the_same_names(
    node: ExchangeNode, alice: AsyncClient
) -> None:
    order = (await alice.sell(PERP, "0.3", MID_PRICE + 5, post_only=True))["order"]
    again = NodeMarkets(
        lambda: node.sequencer.builder.state, DOMAIN, ("ETH", "BTC"), node.backend.assets
    )
    again.reset()
    (found,) = again.open_orders(1)
    assert found.order_id == order["order_id"]
    assert again.book(1).asks == [(MID + 5, 300)]


async def test_buy_takes_the_next_slot_when_one_is_taken(alice: AsyncClient) -> None:
    await alice.buy(PERP, "0.3", MID_PRICE - 5, slot=1)
    order = (await alice.buy(PERP, "0.3", MID_PRICE - 6))["order"]
    assert order["client_slot"] == 2
    with pytest.raises(RefusedError, match="SLOT_TAKEN"):
        await alice.buy(PERP, "0.3", MID_PRICE - 6, slot=1)


@pytest.mark.sources
async def test_markets_that_lose_the_thread_begin_anew_and_orders_go_on(
    alice: AsyncClient, bob: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = bob.follow_book(PERP)
    await anext(books)

    def fail(*_: object) -> None:
        raise RuntimeError("a bug in what users see")

    with monkeypatch.context() as broken:
        broken.setattr("rollup_node.node.market_data.MarketGroup.hear", fail)
        answer = await alice.buy(PERP, 1, MID_PRICE - 10)
        assert (answer["order"], answer["sequence"] > 0) == (None, True)
        assert (await anext(books)).bids == [(MID_PRICE - 10, 1.0)]
    again = (await alice.buy(PERP, 1, MID_PRICE - 9))["order"]
    assert again["order_state"] == "open"
    assert (await anext(books)).bids == [(MID_PRICE - 9, 1.0), (MID_PRICE - 10, 1.0)]
    assert len(await alice.call("private/get_open_orders")) == 2
