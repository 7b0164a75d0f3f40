"""The trading interface over real sockets: requests, logins, channels, limits."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from rollup_node.codec.signature import address_of
from rollup_node.rpc.limits import Rate, TradingLimits
from rollup_node.rpc.market_data import MarketEvents, Side, UserTrade
from tests.action.sequencing import KEYS, START_MS
from tests.action.trading_world import Wire, World, login, make_world

BOOK = "book.ETH-PERPETUAL.raw"
SLOW_BOOK = "book.ETH-PERPETUAL.100ms"


@pytest.fixture
async def world(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with make_world(tmp_path, getattr(request, "param", None)) as made:
        yield made


@pytest.fixture
async def wire(world: World) -> AsyncIterator[Wire]:
    wire = await world.connect()
    yield wire
    await wire.socket.close()


@pytest.mark.parametrize(
    ("frame", "code", "field"),
    [
        ("", -32700, None),
        ("{", -32700, None),
        ("[]", -32600, None),
        ('[{"jsonrpc":"2.0","id":1,"method":"public/test"}]', -32600, None),
        ('{"jsonrpc":"2.0","method":"public/test","params":{}}', -32600, None),
        ('{"jsonrpc":"2.0","id":null,"method":"public/test"}', -32600, "id"),
        ('{"jsonrpc":"2.0","id":{},"method":"public/test"}', -32600, "id"),
        ('{"jsonrpc":"2.0","id":true,"method":"public/test"}', -32600, "id"),
        ('{"jsonrpc":"1.0","id":1,"method":"public/test"}', -32600, "jsonrpc"),
        ('{"jsonrpc":"2.0","id":1,"method":"public/no_such"}', -32601, "method"),
        ('{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}', -32601, "method"),
        ('{"jsonrpc":"2.0","id":1,"method":"public/test","params":[]}', -32602, None),
        ('{"jsonrpc":"2.0","id":1,"method":"public/test","params":{"x":1}}', -32602, "x"),
        ('{"jsonrpc":"2.0","id":1,"method":"public/ticker","params":{}}', -32602, None),
        (
            '{"jsonrpc":"2.0","id":1,"method":"public/ticker","params":{"instrument_name":5}}',
            -32602,
            "instrument_name",
        ),
        (
            '{"jsonrpc":"2.0","id":1,"method":"public/ticker","params":{"instrument_name":"X"}}',
            10020,
            "instrument_name",
        ),
        ('{"jsonrpc":"2.0","id":1,"method":"private/get_positions"}', 13009, None),
        ("[" * 5_000, -32600, None),
    ],
)
async def test_take_wrong_request_answers_its_code(
    world: World, wire: Wire, frame: str, code: int, field: str | None
) -> None:
    await wire.socket.send_str(frame)
    error = (await wire.read())["error"]
    assert error["code"] == code, error
    if field is not None:
        assert error["data"]["field"] == field
    async with world.session.post(world.http + "/api/v2", data=frame) as answer:
        assert (await answer.json())["error"]["code"] == code


async def test_take_request_answers_id_and_times(wire: Wire) -> None:
    await wire.socket.send_str('{"jsonrpc":"2.0","id":"a-1","method":"public/get_time"}')
    answer = await wire.read()
    assert (answer["id"], answer["result"], answer["testnet"]) == ("a-1", START_MS, True)
    assert answer["usOut"] - answer["usIn"] == answer["usDiff"]
    assert (await wire.call("public/hello", client_name="t", client_version="1"))["version"]
    assert (await wire.call("public/status"))["locked"] == "false"


async def test_post_and_get_answer_like_the_socket(world: World) -> None:
    url = world.http + "/api/v2/public/get_order_book?instrument_name=ETH-PERPETUAL&depth=2"
    world.markets.set_level(Side.BUY, 60_001, 5)
    async with world.session.get(url) as answer:
        book = (await answer.json())["result"]
    assert book["bids"] == [[3000.05, 0.05]]
    assert (book["best_bid_price"], book["best_ask_price"]) == (3000.05, None)
    assert (book["mark_price"], book["index_price"], book["change_id"]) == (3000.0, 3000.0, 101)
    async with world.session.get(world.http + "/api/v2/public/nothing") as answer:
        assert (await answer.json())["error"]["code"] == -32601
    body = {"jsonrpc": "2.0", "id": 1, "method": "public/subscribe", "params": {"channels": [BOOK]}}
    async with world.session.post(world.http + "/api/v2", json=body) as answer:
        assert (await answer.json())["error"]["code"] == 10030


async def test_auth_owner_sees_the_account_and_only_this_one(world: World, wire: Wire) -> None:
    granted = await wire.log_in(world.clock)
    assert granted["account"] == 1
    assert granted["signer"] == "0x" + address_of(KEYS[1]).hex()
    summary = await wire.call("private/get_account_summary")
    assert (summary["id"], summary["equity"], summary["available_funds"]) == (1, 1000.5, 800.0)
    (position,) = await wire.call("private/get_positions", currency="ETH")
    assert (position["direction"], position["size"]) == ("sell", -0.5)
    assert position["average_price"] == 3000.0
    bearer = {"Authorization": f"Bearer {granted['access_token']}"}
    url = world.http + "/api/v2/private/get_account_summary"
    async with world.session.get(url, headers=bearer) as answer:
        assert (await answer.json())["result"] == summary
    async with world.session.get(url, headers={"Authorization": "Bearer nonsense"}) as answer:
        assert answer.status == 401
    await wire.call("private/logout")
    assert (await wire.refused("private/get_positions"))["code"] == 13009
    async with world.session.get(url, headers=bearer) as answer:
        assert answer.status == 401


async def test_auth_session_key_sees_the_account_until_it_is_revoked(
    world: World, wire: Wire
) -> None:
    world.markets.session_keys[1, 2] = address_of(b"\x77" * 32)
    await wire.call("public/auth", **login(START_MS, 1, 2, b"\x77" * 32))
    assert await wire.call("private/get_open_orders") == []
    world.markets.session_keys.clear()
    world.clock.time_ms += 900_000
    assert (await wire.refused("private/get_open_orders"))["code"] == 13009


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"account": 2}, "BAD_SIGNATURE"),
        ({"key": 1}, "BAD_SIGNATURE"),
        ({"timeMs": START_MS + 1}, "BAD_SIGNATURE"),
        ({"timeMs": START_MS + 60_001}, "LOGIN_TIME"),
        ({"timeMs": START_MS - 60_001}, "LOGIN_TIME"),
        ({"signature": "0x" + "00" * 64}, "BAD_SIGNATURE"),
        ({"signature": "0x" + "ff" * 65}, "BAD_SIGNATURE"),
    ],
)
async def test_auth_wrong_login_is_refused(
    wire: Wire, changed: dict[str, Any], reason: str
) -> None:
    error = await wire.refused("public/auth", **{**login(START_MS), **changed})
    assert (error["code"], error["data"]["reason"]) == (13004, reason)


async def test_auth_same_signature_twice_is_refused(world: World, wire: Wire) -> None:
    await wire.log_in(world.clock)
    other = await world.connect()
    error = await other.refused("public/auth", **login(START_MS))
    assert error["data"]["reason"] == "LOGIN_USED"


async def test_subscribe_book_begins_with_an_image_and_changes_follow(
    world: World, wire: Wire
) -> None:
    world.markets.set_level(Side.BUY, 60_000, 5)
    world.markets.set_level(Side.SELL, 60_010, 7)
    assert await wire.call("public/subscribe", channels=[BOOK]) == [BOOK]
    image = await wire.data(BOOK)
    assert image["type"] == "snapshot"
    assert image["bids"] == [["new", 3000.0, 0.05]]
    assert image["asks"] == [["new", 3000.5, 0.07]]
    world.markets.set_level(Side.BUY, 60_000, 9)
    world.markets.set_level(Side.SELL, 60_010, 0)
    first, second = await wire.data(BOOK), await wire.data(BOOK)
    assert first["bids"] == [["change", 3000.0, 0.09]]
    assert second["asks"] == [["delete", 3000.5, 0.0]]
    assert first["prev_change_id"] == image["change_id"]
    assert second["prev_change_id"] == first["change_id"]


async def test_subscribe_book_with_interval_adds_up_and_stays_a_chain(
    world: World, wire: Wire
) -> None:
    await wire.call("public/subscribe", channels=[SLOW_BOOK])
    image = await wire.data(SLOW_BOOK)
    world.markets.set_level(Side.BUY, 60_000, 5)
    world.markets.set_level(Side.BUY, 60_000, 9)
    world.markets.set_level(Side.SELL, 60_010, 3)
    world.markets.set_level(Side.SELL, 60_010, 0)
    other = await world.connect()
    await other.call("public/subscribe", channels=[SLOW_BOOK])
    fresh = await other.data(SLOW_BOOK)
    change = await wire.data(SLOW_BOOK)
    assert (change["bids"], change["asks"]) == ([["new", 3000.0, 0.09]], [])
    assert change["prev_change_id"] == image["change_id"]
    assert fresh["change_id"] == change["change_id"]
    world.markets.set_level(Side.BUY, 60_000, 0)
    world.pass_time(0.1)
    for reader in (wire, other):
        assert (await reader.data(SLOW_BOOK))["prev_change_id"] == fresh["change_id"]


async def test_subscribe_grouped_book_adds_levels_up(world: World, wire: Wire) -> None:
    name = "book.ETH-PERPETUAL.10.1.100ms"
    for ticks, lots in ((60_009, 1), (60_000, 2), (59_999, 4)):
        world.markets.set_level(Side.BUY, ticks, lots)
    for ticks, lots in ((60_011, 1), (60_020, 2), (60_021, 4)):
        world.markets.set_level(Side.SELL, ticks, lots)
    await wire.call("public/subscribe", channels=[name])
    book = await wire.data(name)
    assert (book["bids"], book["asks"]) == ([[3000.0, 0.03]], [[3001.0, 0.03]])


async def test_subscribe_ticker_and_trades_tell_what_happens(world: World, wire: Wire) -> None:
    names = ["ticker.ETH-PERPETUAL.raw", "trades.ETH-PERPETUAL.raw", "trades.future.any.100ms"]
    await wire.call("public/subscribe", channels=names)
    assert (await wire.data(names[0]))["best_bid_price"] is None
    trades = [world.markets.trade(1, 60_000, 5), world.markets.trade(2, 60_001, 6)]
    world.markets.emit(MarketEvents(START_MS, trades=trades, tickers=frozenset([1])))
    assert (await wire.data(names[0]))["instrument_name"] == "ETH-PERPETUAL"
    told = await wire.data(names[1])
    assert [trade["price"] for trade in told] == [3000.0, 3000.05]
    world.pass_time(0.1)
    assert await wire.data(names[2]) == told


async def test_subscribe_private_channels_tell_the_account_and_nobody_else(
    world: World, wire: Wire
) -> None:
    names = [
        "user.orders.ETH-PERPETUAL.raw",
        "user.trades.any.any.raw",
        "user.changes.any.raw",
        "user.portfolio",
    ]
    assert (await wire.refused("public/subscribe", channels=names))["code"] == 13009
    assert (await wire.refused("private/subscribe", channels=names))["code"] == 13009
    other = await world.connect()
    for reader, account in ((wire, 1), (other, 2)):
        await reader.log_in(world.clock, account)
        await reader.call("private/subscribe", channels=names)
        assert (await reader.data("user.portfolio"))["id"] == account
    order = world.markets.order_state(1, "1-7")
    fill = UserTrade(
        1,
        world.markets.trade(1, 60_000, 5),
        Side.BUY,
        "1-7",
        is_maker=False,
        fee_usdc=52,
    )
    world.markets.emit(
        MarketEvents(START_MS, orders=[order], fills=[fill], accounts=frozenset([1]))
    )
    assert (await wire.data(names[0]))["order_id"] == "1-7"
    (told,) = await wire.data(names[1])
    assert (told["fee"], told["liquidity"], told["direction"]) == (0.000052, "T", "buy")
    changes = await wire.data(names[2])
    assert [len(changes[k]) for k in ("orders", "trades", "positions")] == [1, 1, 1]
    assert (await wire.data(names[3]))["open_orders"] == 1
    await other.call("public/test")
    assert other.seen == []


@pytest.mark.parametrize(
    "name",
    [
        "no",
        "book",
        "book.ETH-PERPETUAL",
        "book.ETH-PERPETUAL.agg2",
        "book.DOGE-PERPETUAL.raw",
        "book.any.raw",
        "book.ETH-PERPETUAL.3.10.raw",
        "book.ETH-PERPETUAL.none.11.raw",
        "ticker.future.any.raw",
        "trades.swap.any.raw",
        "user.money.any.raw",
        "user.portfolio.doge",
    ],
)
async def test_subscribe_unknown_channel_is_refused_and_nothing_is_read(
    world: World, wire: Wire, name: str
) -> None:
    await wire.log_in(world.clock)
    error = await wire.refused("public/subscribe", channels=[BOOK, name])
    assert (error["code"], error["data"]["field"]) == (-32602, "channels")
    assert world.gateway.desk.hub.channels == 0


async def test_unsubscribe_ends_the_channel(world: World, wire: Wire) -> None:
    await wire.call("public/subscribe", channels=[BOOK, SLOW_BOOK])
    assert world.gateway.desk.hub.channels == 2
    assert await wire.call("public/unsubscribe", channels=[BOOK, "x"]) == [BOOK]
    await wire.call("public/unsubscribe_all")
    assert world.gateway.desk.hub.channels == 0


async def test_set_heartbeat_without_answer_ends_the_connection(world: World, wire: Wire) -> None:
    assert (await wire.refused("public/set_heartbeat", interval=9))["code"] == 11050
    await wire.call("public/set_heartbeat", interval=10)
    assert (await wire.read())["params"] == {"type": "heartbeat"}
    world.pass_time(10)
    assert (await wire.read())["params"] == {"type": "test_request"}
    await wire.call("public/test")
    world.pass_time(10)
    assert (await wire.read())["params"] == {"type": "test_request"}
    world.pass_time(10)
    message = await wire.socket.receive(timeout=10)
    assert message.type is aiohttp.WSMsgType.CLOSE
    assert message.data == 1008


FEW = TradingLimits(reads=Rate(8, 1), connection_reads=Rate(3, 1))


@pytest.mark.parametrize("world", [FEW], indirect=True)
async def test_charge_too_many_requests_says_when_to_try_again(world: World, wire: Wire) -> None:
    for _ in range(3):
        await wire.call("public/test")
    error = await wire.refused("public/test")
    assert (error["code"], error["message"]) == (10028, "too_many_requests")
    assert error["data"]["retry_after_ms"] == 1_001
    world.clock.time_ms += 1_001
    await wire.call("public/test")
    second = await world.connect()
    third = await world.connect()
    for _ in range(3):
        await second.call("public/test")
    for _ in range(2):  # what is left of the address
        await third.call("public/test")
    assert (await third.refused("public/test"))["code"] == 10028


SMALL = TradingLimits(slow_bytes=20_000, most_bytes=40_000)


@pytest.mark.parametrize("world", [SMALL], indirect=True)
async def test_tell_slow_reader_loses_its_books_and_is_told(world: World, wire: Wire) -> None:
    await wire.call("public/subscribe", channels=[BOOK, "ticker.BTC-27DEC26.raw"])
    (session,) = world.gateway.sessions
    for ticks in range(1_000):  # nothing is sent meanwhile: the test does not wait
        world.markets.set_level(Side.BUY, 50_000 + ticks, 1)
        assert session.outbox.size_bytes <= SMALL.slow_bytes + 1_000
    while (message := await wire.read()).get("method") != "unsubscribed":
        wire.seen.append(message)
    assert message["params"]["channels"] == [BOOK]
    await wire.call("public/subscribe", channels=[BOOK])
    wire.seen.clear()
    image = await wire.data(BOOK)
    assert len(image["bids"]) == 1_000


@pytest.mark.parametrize("world", [SMALL], indirect=True)
async def test_tell_reader_that_never_catches_up_is_disconnected(world: World, wire: Wire) -> None:
    await wire.call("public/subscribe", channels=["ticker.ETH-PERPETUAL.raw"])
    (session,) = world.gateway.sessions
    for _ in range(200):
        world.markets.emit(MarketEvents(START_MS, tickers=frozenset([1])))
        assert session.outbox.size_bytes <= SMALL.most_bytes + 1_000
    message = await wire.socket.receive(timeout=10)
    while message.type is aiohttp.WSMsgType.TEXT:
        message = await wire.socket.receive(timeout=10)
    assert message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}
    assert world.gateway.desk.hub.channels == 0


async def test_discover_names_trading_methods_with_their_types(world: World) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "rpc.discover"}
    async with world.session.post(world.http, json=body) as answer:
        methods = {m["name"]: m for m in (await answer.json())["result"]["methods"]}
    ticker = methods["public/ticker"]
    assert ticker["paramStructure"] == "by-name"
    assert ticker["servers"][0]["url"] == "/api/v2"
    fields = methods["private/buy"]["params"][0]["schema"]["$defs"]["Order"]["properties"]
    assert fields["price"] == {"type": "integer", "minimum": 0, "exclusiveMaximum": 1 << 32}
    assert [(p["name"], p["required"]) for p in ticker["params"]] == [("instrument_name", True)]
    assert methods["eth_chainId"]["paramStructure"] == "either"


async def test_markets_methods_answer(world: World, wire: Wire) -> None:
    names = [i["instrument_name"] for i in await wire.call("public/get_instruments")]
    assert names == ["ETH-PERPETUAL", "BTC-27DEC26"]
    one = await wire.call("public/get_instrument", instrument_name="ETH-PERPETUAL")
    assert (one["tick_size"], one["contract_size"], one["maker_commission"]) == (
        0.05,
        0.01,
        -0.00005,
    )
    (found,) = await wire.call("public/get_instruments", currency="BTC", kind="future")
    assert found["settlement_period"] == "month"
    assert (await wire.call("public/get_index_price", index_name="eth_usdc"))["index_price"] == 3e3
    assert (await wire.refused("public/get_index_price", index_name="x"))["code"] == 13020
    for number in range(3):
        world.markets.trade(number, 60_000 + number, 1)
    trades = await wire.call(
        "public/get_last_trades_by_instrument", instrument_name="ETH-PERPETUAL", count=2
    )
    assert ([t["trade_seq"] for t in trades["trades"]], trades["has_more"]) == ([2, 1], True)
    (point,) = await wire.call("public/get_funding_rate_history", instrument_name="ETH-PERPETUAL")
    assert (point["interest_1h"], point["interest_8h"]) == (0.0000125, 0.0001)
    ticker = await wire.call("public/ticker", instrument_name="ETH-PERPETUAL")
    assert ticker["open_interest"] == 2.5


async def test_holdings_methods_answer(world: World, wire: Wire) -> None:
    await wire.log_in(world.clock)
    world.markets.order_state(1, "1-7")
    world.markets.order_state(2, "2-7")
    (order,) = await wire.call("private/get_open_orders")
    assert (order["order_id"], order["price"], order["amount"]) == ("1-7", 3000.0, 0.1)
    assert await wire.call("private/get_order_state", order_id="1-7") == order
    assert (await wire.refused("private/get_order_state", order_id="2-7"))["code"] == 10004
    by_name = "private/get_open_orders_by_instrument"
    assert await wire.call(by_name, instrument_name="ETH-PERPETUAL") == [order]
    world.markets.trade(1, 60_000, 1)
    fills = await wire.call(
        "private/get_user_trades_by_instrument", instrument_name="ETH-PERPETUAL"
    )
    assert [fill["liquidity"] for fill in fills["trades"]] == ["M"]
