"""Bots trade options on a running devnet and hedge them; everybody agrees on every unit."""

import re
from pathlib import Path
from typing import Any

import pytest

from rollup_node.client import Client
from rollup_node.devnet.actions import wait_idle
from rollup_node.devnet.audit import audit, wait_agreement
from rollup_node.devnet.keys import trader
from rollup_node.devnet.option_strategy import DELTA_BAND_USD, SIZE_USD
from tests.e2e.conftest import devnet, strikenet

pytestmark = pytest.mark.e2e

BOTS = 8
MAKERS = (2, 6)
"""Every fourth bot makes markets in options."""


def _margin(run_dir: Path, account: int, *words: str) -> Any:
    return strikenet("account", "margin", str(account), "--run-dir", run_dir, "--json", *words).json


def _lots(report: Any) -> dict[str, int]:
    return {
        position["name"]: position["lots"]
        for row in report["rows"]
        for position in row["positions"]
    }


def _check_hedged(url: str, bot: int, account: int) -> None:
    """See that a maker holds options, and a delta that is worth little beside what it trades."""
    key = trader(bot).private_key
    with Client(url, private_key=key, account=account) as client:
        positions = client.call("private/get_positions")
        prices = {
            currency: client.call("public/get_index_price", index_name=f"{currency}_usdc")
            for currency in ("eth", "btc")
        }
        summary = client.call("private/get_account_summary")
        simulated = client.call("private/simulate_margin")
        assert simulated["initial_margin"] == summary["initial_margin"]
    assert {item["kind"] for item in positions} == {"future", "option"}
    for currency, price in prices.items():
        mine = [p for p in positions if p["instrument_name"].lower().startswith(currency)]
        delta = sum(position["delta"] for position in mine)
        assert abs(delta) * price["index_price"] < 10 * (DELTA_BAND_USD + SIZE_USD)


def test_bots_trade_options_with_hedges_and_every_number_is_recomputed(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    with devnet(run_dir, "--profile", "ci", "--prices", "calm") as stage:
        words = ("--bots", str(BOTS), "--for", "20s", "--seed", "3", "--run-dir", run_dir, "--json")
        result = strikenet("trade", *words).json
        assert result["option_quotes"] > 20
        assert result["option_fills"] > 20
        assert result["hedges"] > 2
        assert result["verifier_agrees"]
        assert result["custody_equals_claims"]
        assert result["positions_sum_to_zero"]
        session = stage.session
        url = session.state["nodes"][0]["url"]
        accounts = [session.party("0x" + trader(bot).address.hex()).id for bot in range(BOTS)]
        for bot in MAKERS:
            _check_hedged(url, bot, accounts[bot])
        wait_idle(session)
        wait_agreement(session)
        assert audit(session).exact
        for account in accounts:
            mine = _margin(run_dir, account)
            is_maker = accounts.index(account) in MAKERS
            assert mine["model"] == ("portfolio" if is_maker else "standard")
            assert mine["rows"]
            assert all(bool(row["portfolio"]) == is_maker for row in mine["rows"])
            required = sum(row["required_usdc"] for row in mine["rows"])
            assert mine["initial_usdc"] == required
            theirs = _margin(run_dir, account, "--node", "verifier")
            assert _lots(theirs) == _lots(mine)
        text = strikenet(
            "account", "margin", str(accounts[2]), "--explain", "--run-dir", run_dir
        ).out
        assert re.search(r"ETH-\d+[A-Z]{3}\d\d-\d+-[CP]", text)
        assert "available" in text
