"""A dated future of a real devnet ends: oracle, sequencer, verifier and keeper do the rest."""

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
from tests.e2e.conftest import devnet, strikenet

pytestmark = pytest.mark.e2e

LOTS: Final = 3
PERPETUAL_MS: Final = 10**13
"""What has no date says that it ends later than this."""
ROUNDS_SECONDS: Final = 120
"""Sixty prices of each future are collected late, eight a turn, each signed by five publishers."""


def keeper(session: Session) -> dict[str, int]:
    found: dict[str, int] = session.verifier.call("optimism_syncStatus")["keeper"]
    return found


def dated(client: Client) -> list[dict[str, Any]]:
    """Return the instruments that have a date, as soon as each has a mark."""
    found = client.call("public/get_instruments", currency="any", kind="future")
    ending = [item for item in found if item["expiration_timestamp"] < PERPETUAL_MS]
    for _ in Deadline(WAIT_SECONDS, "each future has a mark"):
        names = [item["instrument_name"] for item in ending]
        if all(client.call("public/ticker", instrument_name=name)["mark_price"] for name in names):
            break
    return ending


def trade(run_dir: Path, url: str) -> list[dict[str, Any]]:
    """Let alice sell to bob some of each dated future, and return these."""
    with ExitStack() as stack:
        traders: list[Client] = []
        for name in ("alice", "bob"):
            terms = ("--to", name, "--asset", "USDC", "--amount", "1000000", "--wait")
            paid = strikenet("deposit", "--run-dir", run_dir, "--json", *terms).json
            key = accounts()[name].private_key
            client = Client(url, private_key=key, account=paid["account"])
            traders.append(stack.enter_context(client))
        seller, buyer = traders
        futures = dated(seller)
        for item in futures:
            name, amount = item["instrument_name"], LOTS * item["min_trade_amount"]
            mark = round(seller.call("public/ticker", instrument_name=name)["mark_price"])
            seller.sell(name, amount, mark)
            assert buyer.buy(name, amount, mark)["order"]["filled_amount"] == amount
    return futures


def wait_settled(session: Session, positions: int) -> None:
    """Wait until the keeper has settled so many positions, and L1 has it."""
    for _ in Deadline(ROUNDS_SECONDS, "the keeper settles all positions"):
        if keeper(session)["settled"] == positions:
            break
    for _ in Deadline(WAIT_SECONDS, "L1 has the settlements"):
        if not audit(session).holdings.positions:
            break


def test_dated_futures_end_and_everybody_is_paid_without_asking(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    with devnet(run_dir, "--profile", "ci", "--prices", "calm") as stage:
        session = stage.session
        url = session.state["nodes"][0]["url"]
        futures = trade(run_dir, url)
        assert len(futures) == 2
        wait_idle(session)
        assert audit(session).holdings.positions == 2 * len(futures)
        assert keeper(session)["settled"] == 0
        ends_at = max(item["expiration_timestamp"] for item in futures) // 1_000
        move_time(session, ends_at + 1 - session.l1_time())
        wait_settled(session, 2 * len(futures))
        wait_agreement(session)
        assert audit(session).exact
        with Client(url) as client:
            for item in futures:
                ticker = client.call("public/ticker", instrument_name=item["instrument_name"])
                assert ticker["open_interest"] == 0
