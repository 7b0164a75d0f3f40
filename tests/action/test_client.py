"""The client against a running node: trading, channels, waiting, and what goes wrong."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rollup_node.client import (
    AsyncClient,
    Client,
    ConnectionLostError,
    NotFoundError,
    RefusedError,
    SlowReaderError,
    TooManyRequestsError,
    UnauthorizedError,
)
from rollup_node.core.inputs import Transfer
from rollup_node.rpc.limits import Rate, TradingLimits
from rollup_node.rpc.market_data import MarketEvents, Side
from tests.action.sequencing import KEYS, START_MS
from tests.action.trading_world import World, make_world


@pytest.fixture
async def world(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    async with make_world(tmp_path, getattr(request, "param", None)) as made:
        monkeypatch.setattr("time.time_ns", lambda: made.clock.time_ms * 1_000_000)
        yield made


@pytest.fixture
async def client(world: World) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(world.http, private_key=KEYS[1], account=1) as client:
        yield client


async def test_submit_transfer_is_included_where_the_answer_says(
    world: World, client: AsyncClient
) -> None:
    answer = await client.submit(Transfer(1, 2, 0, 5, client.signer.next_nonce()))
    included = await client.wait_included(answer["hash"])
    assert (included.sequence, included.reason) == (answer["sequence"], "OK")
    assert (world.backend.account(2) or pytest.fail("no account")).balances[0] == 1_000_005


async def test_send_many_transfers_are_answered_in_any_number(client: AsyncClient) -> None:
    sent = [await client.send(Transfer(1, 2, 0, 1, client.signer.next_nonce())) for _ in range(100)]
    answers = await asyncio.gather(*sent)
    assert len({answer["hash"] for answer in answers}) == 100


async def test_submit_refused_transfer_raises_its_reason(client: AsyncClient) -> None:
    with pytest.raises(RefusedError) as caught:
        await client.submit(Transfer(1, 2, 0, 10**12, client.signer.next_nonce()))
    assert (caught.value.reason, caught.value.code) == ("INSUFFICIENT_BALANCE", 10009)
    with pytest.raises(UnauthorizedError, match="BAD_SIGNATURE"):
        await client.submit(Transfer(2, 1, 0, 1, client.signer.next_nonce()))
    with pytest.raises(NotFoundError, match="UNKNOWN_INSTRUMENT"):
        await client.buy("DOGE-PERPETUAL", 1, 1)


async def test_connect_logs_in_by_the_time_of_the_node(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time_ns", lambda: (world.clock.time_ms - 86_400_000) * 1_000_000)
    async with AsyncClient(world.http, private_key=KEYS[1], account=1) as client:
        sent = await client.submit(Transfer(1, 2, 0, 5, client.signer.next_nonce()))
        assert (await client.wait_included(sent["hash"])).reason == "OK"


async def test_connect_wrong_key_or_wrong_place_raises(world: World) -> None:
    with pytest.raises(UnauthorizedError):
        async with AsyncClient(world.http, private_key=KEYS[2], account=1):
            pass
    with pytest.raises(ConnectionLostError, match="cannot connect"):
        async with AsyncClient("http://127.0.0.1:1"):
            pass


async def test_follow_book_copies_the_book(world: World, client: AsyncClient) -> None:
    world.markets.set_level(Side.BUY, 60_000, 5)
    books = client.follow_book("ETH-PERPETUAL")
    book = await anext(books)
    assert (book.bids, book.asks) == ([(3000.0, 0.05)], [])
    world.markets.set_level(Side.SELL, 60_010, 7)
    assert (await anext(books)).asks == [(3000.5, 0.07)]


async def test_follow_book_after_a_gap_begins_with_a_new_image(
    world: World, client: AsyncClient
) -> None:
    books = client.follow_book("ETH-PERPETUAL")
    await anext(books)
    listeners, world.markets.listeners = world.markets.listeners, []
    world.markets.set_level(Side.BUY, 60_000, 5)  # nobody is told of this one
    world.markets.listeners = listeners
    publisher = world.gateway.desk.hub._publishers[None]["book.ETH-PERPETUAL.raw"]
    publisher._told_id += 1  # type: ignore[attr-defined]
    world.markets.set_level(Side.SELL, 60_010, 7)
    book = await anext(books)
    assert (book.bids, book.asks) == ([(3000.0, 0.05)], [(3000.5, 0.07)])


FEW = TradingLimits(reads=Rate(100, 1), connection_reads=Rate(4, 1))
SMALL = TradingLimits(slow_bytes=2_000, most_bytes=1 << 20)


@pytest.mark.parametrize("world", [FEW], indirect=True)
async def test_call_out_of_credits_says_when_to_try_again(
    world: World, client: AsyncClient
) -> None:
    for _ in range(2):
        await client.call("public/test")
    with pytest.raises(TooManyRequestsError) as caught:
        await client.call("public/test")
    world.clock.time_ms += caught.value.retry_after_ms
    await client.call("public/test")


@pytest.mark.parametrize("world", [SMALL], indirect=True)
async def test_subscribe_too_slow_reader_is_told(world: World, client: AsyncClient) -> None:
    stream = await client.subscribe("book.ETH-PERPETUAL.raw")
    for ticks in range(100):
        world.markets.set_level(Side.BUY, 50_000 + ticks, 1)
    with pytest.raises(SlowReaderError):
        assert len([message async for message in stream]) == 0


async def test_close_of_the_node_ends_streams_and_calls(world: World, client: AsyncClient) -> None:
    stream = await client.subscribe("ticker.ETH-PERPETUAL.raw")
    await anext(stream)
    (session,) = world.gateway.sessions
    session.end(1008, "test")
    with pytest.raises(ConnectionLostError):
        await anext(stream)
    with pytest.raises(ConnectionLostError):
        await client.call("public/test")


async def test_heartbeat_test_request_is_answered(world: World, client: AsyncClient) -> None:
    await client.call("public/set_heartbeat", interval=10)
    for _ in range(5):
        world.pass_time(10)
        await client.call("public/get_time")
    assert len(world.gateway.sessions) == 1


async def test_sync_client_does_the_same_from_a_thread(world: World) -> None:
    def trade() -> tuple[int, float]:
        with Client(world.http, private_key=KEYS[1], account=1) as client:
            answer = client.call("private/get_account_summary")
            with pytest.raises(NotFoundError):
                client.call("public/ticker", instrument_name="x")
            tickers = client.subscribe("ticker.ETH-PERPETUAL.raw", seconds=10)
            return answer["id"], next(tickers)["index_price"]

    assert await asyncio.to_thread(trade) == (1, 3000.0)
    world.markets.emit(MarketEvents(START_MS, tickers=frozenset([1])))
    assert not world.gateway.sessions
