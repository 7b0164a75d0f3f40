"""A trading session by a program that knows JSON-RPC, WebSockets and wallets, nothing of ours."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from eth_account import Account
from eth_account.messages import encode_typed_data
from websockets.sync.client import ClientConnection, connect

from tests.e2e.conftest import devnet, strikenet

pytestmark = pytest.mark.e2e

PERP = "ETH-PERPETUAL"


@dataclass
class Trader:
    """One generic client: a WebSocket, a wallet, an account number."""

    socket: ClientConnection
    key: str
    account: int
    told: list[dict[str, Any]] = field(default_factory=list)
    number: int = 0

    def call(self, method: str, **params: Any) -> Any:
        self.number += 1
        body = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}
        self.socket.send(json.dumps(body))
        while True:
            message = json.loads(self.socket.recv(timeout=30))
            if message.get("id") == self.number:
                assert "error" not in message, message
                return message["result"]
            self.told.append(message)

    def channel(self, name: str) -> Any:
        while True:
            for message in self.told:
                if message.get("params", {}).get("channel") == name:
                    self.told.remove(message)
                    return message["params"]["data"]
            self.told.append(json.loads(self.socket.recv(timeout=30)))

    def sign(self, kind: str, message: dict[str, Any]) -> str:
        document = self.call("public/get_typed_data", type=kind, message=message)
        signed = Account.sign_message(encode_typed_data(full_message=document), self.key)
        return "0x" + str(signed.signature.hex()).removeprefix("0x")

    def log_in(self) -> None:
        message = {"account": self.account, "key": 0, "timeMs": self.call("public/get_time")}
        self.call("public/auth", **message, signature=self.sign("Login", message))

    def order(self, side: int, lots: int, ticks: int, **flags: Any) -> Any:
        instrument = self.call("public/get_instrument", instrument_name=PERP)
        order = {
            "account": self.account,
            "key": 0,
            "series": instrument["series"],
            "side": side,
            "kind": 0,
            "timeInForce": 0,
            "postOnly": False,
            "reduceOnly": False,
            "selfTrade": 0,
            "price": ticks,
            "quantity": lots,
            "trigger": 0,
            "expiry": 0,
            "maxFee": 1_000,
            "slot": 5,
            "nonce": time.time_ns() // 1_000_000,
            **flags,
        }
        method = "private/sell" if side else "private/buy"
        return self.call(method, order=order, signature=self.sign("Order", order))


@dataclass(frozen=True)
class Floor:
    """A devnet with two funded traders."""

    origin: str
    maker: Trader
    taker: Trader


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    path = tmp_path_factory.mktemp("run") / "devnet"
    with ExitStack() as stack:
        stage = stack.enter_context(devnet(path, "--profile", "ci", "--prices", "calm"))
        origin = stage.session.sequencer.url
        traders = []
        for name in ("alice", "bob"):
            where = ("--run-dir", path, "--json")
            terms = ("--to", name, "--asset", "USDC", "--amount", "1000000", "--wait")
            paid = strikenet("deposit", *where, *terms).json
            address = origin.replace("http", "ws") + "/ws/api/v2"
            socket = stack.enter_context(connect(address))
            traders.append(Trader(socket, _key(path, name), paid["account"]))
        yield Floor(origin, *traders)


def _key(path: Path, name: str) -> str:
    accounts = json.loads((path / "accounts.json").read_text())["accounts"]
    return str(next(account["private_key"] for account in accounts if account["name"] == name))


def _ticks(trader: Trader, price: float) -> int:
    tick: float = trader.call("public/get_instrument", instrument_name=PERP)["tick_size"]
    return round(price / tick)


def test_generic_client_trades_and_sees_everything(floor: Floor) -> None:
    maker, taker = floor.maker, floor.taker
    maker.log_in()
    taker.log_in()
    mark = taker.call("public/ticker", instrument_name=PERP)["mark_price"]
    book, trades = f"book.{PERP}.raw", f"trades.{PERP}.raw"
    taker.call("public/subscribe", channels=[book, trades])
    maker.call("private/subscribe", channels=["user.changes.any.raw", "user.portfolio"])
    image = taker.channel(book)
    assert image["type"] == "snapshot"

    resting = maker.order(1, 500, _ticks(maker, mark) + 20, postOnly=True)["order"]
    assert resting["order_state"] == "open"
    change = taker.channel(book)
    assert change["prev_change_id"] == image["change_id"]
    assert change["asks"] == [["new", resting["price"], 5.0]]

    answer = taker.order(0, 200, _ticks(taker, mark) + 40)
    assert (answer["order"]["order_state"], answer["order"]["filled_amount"]) == ("filled", 2.0)
    assert answer["confirmation"]["count"] > answer["sequence"]
    (trade,) = taker.channel(trades)
    assert (trade["price"], trade["amount"]) == (resting["price"], 2.0)
    assert taker.channel(book)["asks"] == [["change", resting["price"], 3.0]]
    maker.channel("user.changes.any.raw")
    filled = maker.channel("user.changes.any.raw")
    assert (filled["orders"][0]["filled_amount"], filled["positions"][0]["size"]) == (2.0, -2.0)

    (position,) = taker.call("private/get_positions")
    assert (position["direction"], position["size"]) == ("buy", 2.0)
    cancel = {
        "account": maker.account,
        "key": 0,
        "slot": resting["client_slot"],
        "tag": resting["tag"],
        "nonce": time.time_ns() // 1_000_000,
    }
    gone = maker.call("private/cancel", cancel=cancel, signature=maker.sign("Cancel", cancel))
    assert gone["order"]["order_state"] == "cancelled"
    assert taker.channel(book)["asks"] == [["delete", resting["price"], 0.0]]


def test_http_serves_the_same_markets(floor: Floor) -> None:
    url = floor.origin + "/api/v2/public/get_order_book"
    over_http = requests.get(f"{url}?instrument_name={PERP}&depth=3", timeout=10).json()
    assert over_http["result"]["instrument_name"] == PERP
    body = '{"jsonrpc":"2.0","id":1,"method":"public/get_instruments","params":{"kind":"future"}}'
    listed = requests.post(floor.origin + "/api/v2", data=body, timeout=10).json()["result"]
    assert listed == floor.taker.call("public/get_instruments", kind="future")
