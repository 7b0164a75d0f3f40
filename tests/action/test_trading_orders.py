"""Order entry over real sockets: signed structs in, durable records out, many at a time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from rollup_node.codec.eip712 import digest
from rollup_node.codec.records import decode_record
from rollup_node.codec.signature import sign
from rollup_node.codec.typed_data import typed_data
from rollup_node.core.inputs import (
    CancelAll,
    Leg,
    MassQuote,
    PlaceOrder,
    SetKey,
    SignedContent,
    SignedTransaction,
    Transfer,
)
from rollup_node.proof.inbox import record_hash
from rollup_node.rpc.backend import Asker, Body, Submitted, TransactionStatus
from rollup_node.rpc.limits import Rate, TradingLimits
from rollup_node.rpc.market_data import RecordOutcome
from rollup_node.rpc.methods.orders import read_call
from tests.action.sequencing import BRIDGE, DOMAIN, KEYS, START_MS
from tests.action.trading_world import Wire, World, make_world

ORDER = PlaceOrder(
    account=1,
    key=0,
    series=1,
    side=0,
    kind=0,
    time_in_force=0,
    post_only=1,
    reduce_only=0,
    self_trade=0,
    price=60_000,
    quantity=10,
    trigger=0,
    expiry=0,
    max_fee=500,
    slot=3,
    nonce=START_MS,
)
QUOTE = MassQuote(1, 0, 500, (Leg(1, 0, 8, 60_000, 5), Leg(1, 1, 9, 60_010, 5)), START_MS)
CANCEL_ALL = CancelAll(1, 2, 0, 0, START_MS + 3_600_000)


@pytest.fixture
async def world(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with make_world(tmp_path, getattr(request, "param", None)) as made:
        yield made


@pytest.fixture
async def wire(world: World) -> AsyncIterator[Wire]:
    wire = await world.connect()
    yield wire
    await wire.socket.close()


class Heard:
    """Takes every body as the sequencer would, and keeps it."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.groups: list[list[bytes]] = []
        self.news = asyncio.Event()
        monkeypatch.setattr(world.backend, "submit", self.submit)
        monkeypatch.setattr(world.backend, "enter", self.enter)

    async def submit(self, asked: Sequence[Body]) -> Submitted:
        return Submitted(self._hear(asked), None)

    def enter(self, asked: Sequence[Body], asker: Asker) -> None:
        asker.tell(list(enumerate(self._hear(asked))), None)

    def _hear(self, asked: Sequence[Body]) -> list[TransactionStatus]:
        bodies = [body if isinstance(body, bytes) else read_call(*body)[1] for body in asked]
        self.groups.append(bodies)
        self.news.set()
        return [TransactionStatus(n, record_hash(body), 0) for n, body in enumerate(bodies)]

    def transactions(self) -> list[SignedContent]:
        records = [decode_record(body) for group in self.groups for body in group]
        return [record.transaction for record in records if isinstance(record, SignedTransaction)]


def signed(name: str, transaction: SignedContent, account: int = 1) -> dict[str, Any]:
    signature = sign(digest(DOMAIN, transaction), KEYS[account])
    message = typed_data(313371, BRIDGE, transaction)["message"]
    return {name: message, "signature": "0x" + signature.hex()}


@pytest.mark.parametrize(
    ("method", "name", "transaction"),
    [
        ("private/buy", "order", ORDER),
        ("private/sell", "order", ORDER._replace(side=1, time_in_force=1, expiry=1 << 60)),
        ("private/mass_quote", "quote", QUOTE),
        ("private/cancel_all", "cancel_all", CANCEL_ALL),
        ("private/set_key", "set_key", SetKey(1, 1, b"\x05" * 20, 3, 1, START_MS, 10**15, 7)),
        ("private/transfer", "transfer", Transfer(1, 2, 0, 1 << 90, 9)),
    ],
)
async def test_private_write_makes_the_record_that_was_signed(
    world: World,
    wire: Wire,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    name: str,
    transaction: SignedContent,
) -> None:
    heard = Heard(world, monkeypatch)
    answer = await wire.call(method, **signed(name, transaction))
    assert heard.transactions() == [transaction]
    assert answer["hash"] == "0x" + record_hash(heard.groups[0][0]).hex()


async def test_private_buy_signed_by_a_wallet_makes_the_same_record(
    world: World, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard(world, monkeypatch)
    message = typed_data(313371, BRIDGE, ORDER)["message"]
    document = await wire.call("public/get_typed_data", type="Order", message=message)
    signable = encode_typed_data(full_message=document)
    long = Account.sign_message(signable, KEYS[1]).signature.hex().removeprefix("0x")
    params = {"order": document["message"], "signature": "0x" + long}
    await wire.call("private/buy", **params)
    await wire.call("private/buy", **signed("order", ORDER))
    assert heard.groups[0] == heard.groups[1]


async def test_get_typed_data_of_a_login_is_what_auth_wants(world: World, wire: Wire) -> None:
    message = {"account": 1, "key": 0, "timeMs": world.clock.time_ms}
    document = await wire.call("public/get_typed_data", type="Login", message=message)
    signable = encode_typed_data(full_message=document)
    made = Account.sign_message(signable, KEYS[1]).signature.hex().removeprefix("0x")
    assert (await wire.call("public/auth", **message, signature="0x" + made))["account"] == 1
    error = await wire.refused("public/get_typed_data", type="Nothing", message={})
    assert error["data"]["field"] == "type"
    error = await wire.refused("public/get_typed_data", type="Cancel", message={"account": "x"})
    assert error["data"]["field"] == "account"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"side": 1}, "side"),
        ({"price": -1}, "order.price"),
        ({"price": 1 << 32}, "order.price"),
        ({"price": 60_000.5}, "order.price"),
        ({"nonce": 1 << 64}, "nonce"),
        ({"nonce": "12x"}, "order.nonce"),
        ({"postOnly": 1}, "order.postOnly"),
        ({"expiry": 5}, None),
        ({"selfTrade": 4}, None),
        ({"extra": 1}, "extra"),
    ],
)
async def test_private_buy_wrong_field_is_named(
    wire: Wire, changed: dict[str, Any], field: str | None
) -> None:
    params = signed("order", ORDER)
    params["order"] |= changed
    error = await wire.refused("private/buy", **params)
    assert (error["code"], error["data"]["field"]) == (-32602, field), error


@pytest.mark.parametrize("text", ["0x" + "0" * 129, "00" * 65, "0x" + "zz" * 64])
async def test_private_buy_signature_that_is_none_is_refused(wire: Wire, text: str) -> None:
    params = {**signed("order", ORDER), "signature": text}
    error = await wire.refused("private/buy", **params)
    assert (error["code"], error["data"]["field"]) == (-32602, "signature")


async def test_private_buy_answers_order_and_trades(
    world: World, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    Heard(world, monkeypatch)
    body = signed("order", ORDER)
    first = await wire.call("private/buy", **body)
    assert (first["order"], first["trades"]) == (None, [])
    order = world.markets.order_state(1, "1-3-7")
    world.markets.trade(1, 60_000, 5)
    fills = world.markets.user_trades(1, 1, 5)
    world.markets.outcomes[bytes.fromhex(first["hash"][2:])] = RecordOutcome([order], fills)
    again = await wire.call("private/buy", **body)
    assert again["order"]["order_id"] == "1-3-7"
    assert [trade["amount"] for trade in again["trades"]] == [0.05]


async def test_private_transfer_many_at_once_are_all_durable_in_order(
    world: World, wire: Wire
) -> None:
    transfers = [Transfer(1, 2, 0, 1, START_MS + n) for n in range(600)]
    numbers = [await wire.send("private/transfer", **signed("transfer", t)) for t in transfers]
    answers = [await wire.answer(number) for number in numbers]
    sequences = [answer["result"]["sequence"] for answer in answers]
    assert sequences == sorted(sequences)
    covered = answers[-1]["result"]["confirmation"]["count"]
    assert covered > sequences[-1]
    assert (world.backend.account(2) or pytest.fail("no account")).balances[0] == 1_000_600


async def test_private_transfer_rejected_names_the_reason(wire: Wire) -> None:
    wrong = signed("transfer", Transfer(1, 2, 0, 1, START_MS), account=2)
    error = await wire.refused("private/transfer", **wrong)
    assert (error["code"], error["data"]["reason"]) == (13004, "BAD_SIGNATURE")
    too_much = signed("transfer", Transfer(1, 2, 0, 10**9, START_MS))
    error = await wire.refused("private/transfer", **too_much)
    assert (error["code"], error["message"]) == (10009, "not_enough_funds")
    assert error["data"]["reason"] == "INSUFFICIENT_BALANCE"


async def test_private_transfer_over_http_is_durable_too(world: World) -> None:
    params = signed("transfer", Transfer(1, 2, 0, 5, START_MS))
    body = {"jsonrpc": "2.0", "id": 7, "method": "private/transfer", "params": params}
    async with world.session.post(world.http + "/api/v2", data=msgspec.json.encode(body)) as answer:
        result = (await answer.json())["result"]
    assert result["confirmation"]["count"] == result["sequence"] + 1


async def test_private_write_while_the_sequencer_stands_says_maintenance(
    world: World, wire: Wire
) -> None:
    await world.backend.set_sequencing(active=False)
    assert (await wire.call("public/status"))["locked"] == "true"
    error = await wire.refused("private/transfer", **signed("transfer", Transfer(1, 2, 0, 1, 1)))
    assert (error["code"], error["data"]["reason"]) == (11051, "STOPPED")


FEW = TradingLimits(matching=Rate(100, 1), connection_matching=Rate(5, 1))


@pytest.mark.parametrize("world", [FEW], indirect=True)
async def test_private_mass_quote_takes_a_credit_for_each_leg(
    world: World, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard(world, monkeypatch)
    await wire.call("private/mass_quote", **signed("quote", QUOTE))
    await wire.call("private/mass_quote", **signed("quote", QUOTE))
    error = await wire.refused("private/mass_quote", **signed("quote", QUOTE))
    assert (error["code"], error["data"]["retry_after_ms"]) == (10028, 1_001)
    await wire.call("private/buy", **signed("order", ORDER))
    assert len(heard.groups) == 3


async def test_cancel_on_disconnect_submits_what_was_signed(
    world: World, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard(world, monkeypatch)
    other = await world.connect()
    enable, signed_cancel = "private/enable_cancel_on_disconnect", signed("cancel_all", CANCEL_ALL)
    assert await wire.call(enable, **signed_cancel) == "ok"
    assert await other.call(enable, **signed_cancel) == "ok"
    assert (await other.call("private/get_cancel_on_disconnect"))["enabled"] is True
    assert await other.call("private/disable_cancel_on_disconnect") == "ok"
    await other.socket.close()
    assert heard.groups == []
    await wire.socket.close()
    async with asyncio.timeout(10):
        await heard.news.wait()
    assert heard.transactions() == [CANCEL_ALL]


async def test_stop_of_the_server_cancels_on_disconnect(
    world: World, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard(world, monkeypatch)
    await wire.call("private/enable_cancel_on_disconnect", **signed("cancel_all", CANCEL_ALL))
    stopping = asyncio.ensure_future(world.server.stop())
    assert (await wire.socket.receive(timeout=10)).data == 1013
    await stopping
    assert heard.transactions() == [CANCEL_ALL]
