"""Options of a real devnet: listed, priced, traded, hedged, sold off, settled, paid out.

Nothing is scripted but prices and what three people do; every process is a real one.
"""

from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from rollup_node.client import Client
from rollup_node.codec.leaves import decode_leaf
from rollup_node.core.flags import LIQUIDATING_FLAG, SALE_FLAG
from rollup_node.core.inputs import Bid
from rollup_node.core.layout import LeafKey, hot_key, owner_key
from rollup_node.devnet.actions import WAIT_SECONDS, fresh_nonce, move_time, submit, wait_idle
from rollup_node.devnet.audit import audit, wait_agreement
from rollup_node.devnet.failure import RevertedError
from rollup_node.devnet.jsonrpc import Deadline
from rollup_node.devnet.keys import accounts
from rollup_node.devnet.session import Session
from rollup_node.node.margin_report import MODELS
from tests.e2e.conftest import devnet, strikenet

pytestmark = pytest.mark.e2e

LOTS: Final = 5
STAKES: Final = {"alice": 100_000, "bob": 100_000, "carol": 3_500}
UNITS: Final = (Decimal(5), Decimal(3))
"""ETH of calls and of puts that carol sells: more than a crash leaves her."""
CRASH: Final = "crash:ETH@0s-25%/10s"
PAID_USDC: Final = 90_000
"""What alice takes to L1 at the end."""
PERPETUALS: Final = 2
"""Positions that no date ends: carol's hedge, and bob's side of it."""
USDC_UNIT: Final = 10**6
DATES: Final = 3
STRIKES: Final = 5
BOARD: Final = 2 * DATES * STRIKES * 2
"""Calls and puts of two underlyings; more where an index has moved on to the next strike."""
ROUNDS_SECONDS: Final = 150
"""Sixty prices of each underlying are collected late, eight a turn, signed by five publishers."""


def keeper(session: Session) -> dict[str, int]:
    found: dict[str, int] = session.verifier.call("optimism_syncStatus")["keeper"]
    return found


def options(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.call(
        "public/get_instruments", currency="any", kind="option"
    )
    return found


def ticker(client: Client, item: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = client.call("public/ticker", instrument_name=item["instrument_name"])
    return found


def wait_board(client: Client) -> list[dict[str, Any]]:
    """Wait until the whole board is listed and every option of it has a mark."""
    found: list[dict[str, Any]] = []
    for _ in Deadline(WAIT_SECONDS, "every option has a mark"):
        found = options(client)
        if len(found) >= BOARD and all(ticker(client, item)["mark_price"] for item in found):
            break
    return found


def nearest(board: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return call and put next to the index of the nearest date of ETH."""
    first = min(item["expiration_timestamp"] for item in board)
    dated = [
        item
        for item in board
        if item["base_currency"] == "ETH" and item["expiration_timestamp"] == first
    ]
    return dated[:2]


class Traders(NamedTuple):
    """Who trades; carol chose portfolio margin."""

    alice: Client
    bob: Client
    carol: Client


def enter(stack: ExitStack, run_dir: Path, url: str) -> tuple[Traders, list[int]]:
    """Give everybody money; return their clients and accounts."""
    clients: list[Client] = []
    numbers: list[int] = []
    for name, amount in STAKES.items():
        terms = ("--to", name, "--asset", "USDC", "--amount", str(amount), "--wait")
        paid = strikenet("deposit", "--run-dir", run_dir, "--json", *terms).json
        client = Client(url, private_key=accounts()[name].private_key, account=paid["account"])
        clients.append(stack.enter_context(client))
        numbers.append(paid["account"])
    strikenet("account", "mode", "carol", "portfolio", "--run-dir", run_dir)
    return Traders(*clients), numbers


def deal(seller: Client, buyer: Client, item: dict[str, Any], amount: Decimal) -> Decimal:
    """Let two trade an instrument near its mark; return the price."""
    tick = Decimal(str(item["tick_size"]))
    price = round(Decimal(str(ticker(seller, item)["mark_price"])) / tick) * tick
    seller.sell(item["instrument_name"], amount, price)
    filled = buyer.buy(item["instrument_name"], amount, price)["order"]["filled_amount"]
    assert Decimal(str(filled)) == amount
    return price


def trade(traders: Traders) -> list[dict[str, Any]]:
    """Let alice and carol sell straddles to bob; an order that nobody takes rests in the book."""
    alice, bob, carol = traders
    straddle = nearest(wait_board(alice))
    for item, units in zip(straddle, UNITS, strict=True):
        lots = LOTS * Decimal(str(item["min_trade_amount"]))
        price = deal(alice, bob, item, lots)
        bob.buy(item["instrument_name"], lots, price - 10 * Decimal(str(item["tick_size"])))
        deal(carol, bob, item, units)
    return straddle


def hedge(traders: Traders) -> None:
    """Let carol buy in the perpetual what delta she sold."""
    _, bob, carol = traders
    held = carol.call("private/get_positions", currency="ETH")
    delta = round(Decimal(str(-sum(position["delta"] for position in held))), 1)
    assert 0 < delta < UNITS[0]
    item = bob.call("public/get_instrument", instrument_name="ETH-PERPETUAL")
    deal(bob, carol, item, delta)


def leaf(session: Session, key: LeafKey) -> Any:
    """Return a leaf as the verifier derives it from L1."""
    (text,) = session.verifier.call("rollup_getLeaves", [key])
    return decode_leaf(key, bytes.fromhex(text[2:]))


def wait_sale(session: Session, run_dir: Path, account: int) -> int:
    """Crash the price, wait until the keeper puts an account up for sale; return its equity."""
    strikenet("shock", "crash:ETH@soon", "--run-dir", run_dir, code=2)
    strikenet("warp", "500ms", "--run-dir", run_dir, code=2)
    strikenet("shock", CRASH, "--wait", "--run-dir", run_dir)
    for _ in Deadline(WAIT_SECONDS, "the keeper puts the portfolio up for sale"):
        hot = leaf(session, hot_key(account))
        if hot.flags & LIQUIDATING_FLAG and hot.flags & SALE_FLAG:
            break
    report = strikenet("account", "margin", str(account), "--run-dir", run_dir, "--json").json
    assert report["model"] == "portfolio"
    equity: int = report["equity_usdc"]
    assert 0 < equity < report["maintenance_usdc"]
    return equity


def buy_account(session: Session, bidder: int, target: int, limit: int) -> None:
    """Let bob's account buy another one with all that is in it, for at most its equity."""
    bob = accounts()["bob"]
    for _ in Deadline(WAIT_SECONDS, "bob gets the account"):
        version = leaf(session, hot_key(target)).version
        try:
            submit(session, bob, Bid(bidder, 0, target, version, limit, fresh_nonce()))
        except RevertedError as error:
            if error.reason != "STALE_ACCOUNT":
                raise
        else:
            break
    for _ in Deadline(WAIT_SECONDS, "L1 has the sale"):
        if leaf(session, owner_key(target)).address == bob.address:
            break
    hot = leaf(session, hot_key(target))
    assert not hot.flags & LIQUIDATING_FLAG
    assert hot.mode == MODELS.index("portfolio"), "sold with its risk model"


def wait_over(session: Session, client: Client, straddle: list[dict[str, Any]]) -> None:
    """Wait until everybody is settled, the strikes are gone, and another date is listed."""
    for _ in Deadline(ROUNDS_SECONDS, "the keeper settles all positions"):
        if keeper(session)["settled"] == len(STAKES) * len(straddle):
            break
    over_ms = straddle[0]["expiration_timestamp"]
    for _ in Deadline(WAIT_SECONDS, "the next date takes the place of the one that is over"):
        dates = {item["expiration_timestamp"] for item in options(client)}
        if over_ms not in dates and len(dates) == DATES:
            break
    for _ in Deadline(WAIT_SECONDS, "L1 has the settlements"):
        if audit(session).holdings.positions == PERPETUALS:
            break


def withdraw(session: Session, run_dir: Path) -> None:
    """Take alice's money to L1, to the unit."""
    usdc, owner = session.asset("USDC"), accounts()["alice"].address
    before = session.l1_balance(usdc, owner)
    terms = ("--from", "alice", "--asset", "USDC", "--amount", str(PAID_USDC))
    strikenet("withdraw", "--run-dir", run_dir, *terms, "--warp")
    assert session.l1_balance(usdc, owner) - before == PAID_USDC * USDC_UNIT


def test_options_are_traded_hedged_sold_off_settled_and_paid_on_l1(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    words = ("--profile", "ci", "--prices", "calm,vol:*@0s+100%", "--lying", "publisher-1")
    with devnet(run_dir, *words) as stage, ExitStack() as stack:
        session = stage.session
        traders, (_, bob, carol) = enter(stack, run_dir, session.state["nodes"][0]["url"])
        straddle = trade(traders)
        assert {item["option_type"] for item in straddle} == {"call", "put"}
        for item, units in zip(straddle, UNITS, strict=True):
            seen = ticker(traders.bob, item)
            assert 50 < seen["mark_iv"] < 70, "30 % in a calm market, twice that in a panic"
            held = float(units) + LOTS * item["min_trade_amount"]
            assert seen["open_interest"] == pytest.approx(held)
        hedge(traders)
        wait_idle(session)
        assert audit(session).holdings.positions == len(STAKES) * len(straddle) + PERPETUALS
        buy_account(session, bob, carol, wait_sale(session, run_dir, carol))
        ends_at = straddle[0]["expiration_timestamp"] // 1_000
        move_time(session, ends_at + 1 - session.l1_time())
        wait_over(session, traders.bob, straddle)
        withdraw(session, run_dir)
        wait_agreement(session)
        assert audit(session).exact
