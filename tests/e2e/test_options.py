"""Options of a real devnet: listed and priced by themselves, traded, and over at their date."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from rollup_node.client import Client
from rollup_node.devnet.actions import WAIT_SECONDS, move_time, wait_idle
from rollup_node.devnet.audit import audit, wait_agreement
from rollup_node.devnet.jsonrpc import Deadline
from rollup_node.devnet.keys import accounts
from rollup_node.devnet.session import Session
from tests.e2e.conftest import Stage, strikenet, up

pytestmark = pytest.mark.e2e

LOTS: Final = 5
DATES: Final = 3
STRIKES: Final = 5
BOARD: Final = 2 * DATES * STRIKES * 2
"""Calls and puts of two underlyings."""
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
        if len(found) == BOARD and all(ticker(client, item)["mark_price"] for item in found):
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


def trade(stack: ExitStack, run_dir: Path, url: str) -> tuple[Client, list[dict[str, Any]]]:
    """Let alice sell a straddle to bob; an order that nobody takes rests in the book."""
    traders: list[Client] = []
    for name in ("alice", "bob"):
        terms = ("--to", name, "--asset", "USDC", "--amount", "100000", "--wait")
        paid = strikenet("deposit", "--run-dir", run_dir, "--json", *terms).json
        client = Client(url, private_key=accounts()[name].private_key, account=paid["account"])
        traders.append(stack.enter_context(client))
    seller, buyer = traders
    straddle = nearest(wait_board(seller))
    for item in straddle:
        name, amount = item["instrument_name"], LOTS * item["min_trade_amount"]
        tick = item["tick_size"]
        price = round(ticker(seller, item)["mark_price"] / tick) * tick
        seller.sell(name, amount, price)
        assert buyer.buy(name, amount, price)["order"]["filled_amount"] == amount
        buyer.buy(name, amount, price - 10 * tick)
    return buyer, straddle


def wait_over(session: Session, client: Client, straddle: list[dict[str, Any]]) -> None:
    """Wait until everybody is settled, the strikes are gone, and another date is listed."""
    for _ in Deadline(ROUNDS_SECONDS, "the keeper settles all positions"):
        if keeper(session)["settled"] == 2 * len(straddle):
            break
    over_ms = straddle[0]["expiration_timestamp"]
    for _ in Deadline(WAIT_SECONDS, "the next date takes the place of the one that is over"):
        dates = {item["expiration_timestamp"] for item in options(client)}
        if over_ms not in dates and len(dates) == DATES:
            break
    for _ in Deadline(WAIT_SECONDS, "L1 has the settlements"):
        if not audit(session).holdings.positions:
            break


def test_options_are_listed_priced_traded_settled_and_taken_off(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    up(run_dir, "--profile", "ci", "--prices", "calm,vol:*@0s+100%", "--lying", "publisher-1")
    stage = Stage.at(run_dir)
    with ExitStack() as stack:
        try:
            session = stage.session
            url = session.state["nodes"][0]["url"]
            client, straddle = trade(stack, run_dir, url)
            assert {item["option_type"] for item in straddle} == {"call", "put"}
            for item in straddle:
                seen = ticker(client, item)
                assert 50 < seen["mark_iv"] < 70, "30 % in a calm market, twice that in a panic"
                assert seen["open_interest"] == pytest.approx(LOTS * item["min_trade_amount"])
            wait_idle(session)
            assert audit(session).holdings.positions == 2 * len(straddle)
            ends_at = straddle[0]["expiration_timestamp"] // 1_000
            move_time(session, ends_at + 1 - session.l1_time())
            wait_over(session, client, straddle)
            wait_agreement(session)
            assert audit(session).exact
        finally:
            for opened in stage.sessions:
                opened.close()
            strikenet("down", "--purge", "--run-dir", run_dir, code=None)
