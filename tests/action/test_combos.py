"""Combos through a running node: asked for, quoted, executed, heard of; and what is refused."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from rollup_node.client import AsyncClient, InvalidRequestError, NotFoundError, RefusedError
from rollup_node.client.combos import read_quote
from rollup_node.client.errors import ClientError, UnauthorizedError
from rollup_node.client.signer import plain_quote
from tests.action.exchange_node import MID_PRICE, PERP, ExchangeNode, make_node

TAKER, MAKER = 1, 2
AMOUNT = 0.5


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[ExchangeNode]:
    async with make_node(tmp_path) as made:
        yield made


@pytest.fixture
async def taker(node: ExchangeNode) -> AsyncIterator[AsyncClient]:
    async with node.client(TAKER) as client:
        yield client


@pytest.fixture
async def maker(node: ExchangeNode) -> AsyncIterator[AsyncClient]:
    async with node.client(MAKER) as client:
        yield client


async def future_of(client: AsyncClient) -> str:
    """Return the name of the dated future."""
    found = await client.call("public/get_instruments", currency="ETH", kind="future")
    return str(next(i["instrument_name"] for i in found if i["instrument_name"] != PERP))


async def spread(client: AsyncClient) -> Any:
    """Ask for a spread: buy the perpetual, sell the future."""
    dated = await future_of(client)
    return await client.send_rfq([(dated, "sell", AMOUNT), (PERP, "buy", AMOUNT)])


async def prices(client: AsyncClient) -> dict[str, float]:
    tick = 1.0
    return {PERP: MID_PRICE, await future_of(client): MID_PRICE + 10 * tick}


async def test_combo_asked_quoted_and_executed_trades_both_legs(
    taker: AsyncClient, maker: AsyncClient
) -> None:
    heard, own = await maker.subscribe("rfq.ETH"), await taker.subscribe("user.rfq")
    trades = await taker.subscribe("user.trades.any.raw")
    rfq = await spread(taker)
    assert rfq["legs"][0]["instrument_name"] == PERP
    asked = await anext(heard)
    assert (asked["rfq_id"], asked["state"], asked["quotes"]) == (rfq["rfq_id"], "open", [])
    await anext(own)
    offer = await maker.quote_rfq(asked, await prices(maker))
    told = await anext(own)
    assert [quote["quote_id"] for quote in told["quotes"]] == [offer["quote_id"]]
    assert (await anext(heard))["quotes"] == []
    assert offer["net_price"] == -10 * AMOUNT
    (listed,) = await taker.get_rfqs()
    done = await taker.execute_quote(listed["quotes"][0])
    assert [trade["order_id"] for trade in done["trades"]] == ["combo", "combo"]
    assert [trade["direction"] for trade in done["trades"]] == ["buy", "sell"]
    assert (await anext(own))["state"] == (await anext(heard))["state"] == "filled"
    assert len(await anext(trades)) == 2
    held = await taker.call("private/get_positions")
    assert {p["instrument_name"]: p["size"] for p in held}[PERP] == AMOUNT
    assert await taker.get_rfqs() == []
    included = await taker.wait_included(done["hash"])
    assert included.reason == "OK"


async def test_combo_executed_again_is_refused_as_the_makers(
    taker: AsyncClient, maker: AsyncClient
) -> None:
    offer = await maker.quote_rfq(await spread(taker), await prices(maker))
    await taker.execute_quote(offer)
    with pytest.raises(RefusedError) as caught:
        await taker.execute_quote(offer)
    assert caught.value.reason == "MAKER_VOID"


async def test_combo_of_an_altered_leg_is_refused(taker: AsyncClient, maker: AsyncClient) -> None:
    offer = await maker.quote_rfq(await spread(taker), await prices(maker))
    quote = read_quote(offer["quote"])
    cheaper = (quote.legs[0]._replace(price=quote.legs[0].price - 1), *quote.legs[1:])
    altered = {**offer, "quote": plain_quote(quote._replace(legs=cheaper))}
    with pytest.raises(RefusedError) as caught:
        await taker.execute_quote(altered)
    assert caught.value.reason == "MAKER_VOID"
    assert await taker.call("private/get_positions") == []
    assert len((await taker.execute_quote(offer))["trades"]) == 2


async def test_send_quote_not_signed_or_for_other_legs_is_refused(
    taker: AsyncClient, maker: AsyncClient
) -> None:
    rfq = await spread(taker)
    offer = await maker.quote_rfq(rfq, await prices(maker))
    quote = read_quote(offer["quote"])
    forged = plain_quote(quote._replace(max_fee=999))
    with pytest.raises(UnauthorizedError, match="BAD_SIGNATURE"):
        await maker.call("private/send_quote", rfq_id=rfq["rfq_id"], quote=forged)
    with pytest.raises(InvalidRequestError, match="not logged in"):
        await taker.call("private/send_quote", rfq_id=rfq["rfq_id"], quote=offer["quote"])
    half = maker.signer.sign_quote(quote._replace(legs=quote.legs[:1]))
    with pytest.raises(InvalidRequestError, match="legs of the request"):
        await maker.call("private/send_quote", rfq_id=rfq["rfq_id"], quote=plain_quote(half))
    with pytest.raises(NotFoundError):
        await maker.call("private/send_quote", rfq_id="R-99", quote=offer["quote"])


async def test_send_rfq_of_legs_that_do_not_fit_together_is_refused(taker: AsyncClient) -> None:
    for legs in (
        [(PERP, "buy", AMOUNT), (PERP, "sell", AMOUNT)],
        [(PERP, "buy", AMOUNT), ("BTC-PERPETUAL", "buy", AMOUNT)],
        [("ETH_USDC", "buy", AMOUNT)],
        [(PERP, "buy", 0.0001)],
        [],
    ):
        with pytest.raises(ClientError) as caught:
            await taker.send_rfq(legs)
        assert caught.value.code == -32602, legs
    rfq = await spread(taker)
    assert (await taker.cancel_rfq(rfq))["state"] == "cancelled"
    assert await taker.get_rfqs() == []


async def test_get_typed_data_of_a_quote_and_its_execution_are_what_was_signed(
    taker: AsyncClient, maker: AsyncClient
) -> None:
    offer = await maker.quote_rfq(await spread(taker), await prices(maker))
    signed = {name: value for name, value in offer["quote"].items() if name != "signature"}
    shown = await taker.call("public/get_typed_data", type="RfqQuote", message=signed)
    assert (shown["primaryType"], shown["message"]) == ("RfqQuote", signed)
    execution = {"account": 1, "key": 0, "maxFee": 500, "expiryMs": 9, "nonce": 7}
    message = {**execution, "quote": offer["quote"]}
    shown = await taker.call("public/get_typed_data", type="RfqExecution", message=message)
    assert shown["message"] == {**execution, "quote": signed}
