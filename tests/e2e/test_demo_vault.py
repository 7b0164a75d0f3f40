"""Weeks of two vaults on real processes, held to a model that knows only requests and payments."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.conftest import strikenet
from tests.vault_model import Close, Closed, Rates, Request, Vault

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

EPOCHS: Final = 3
"""A crash, a total loss, and a week of the next generation."""
SECONDS: Final = 1_100
"""Three minutes where there is nothing else to do; deadlines are those of the command."""


def model_of(log: dict[str, Any], rows: list[dict[str, Any]]) -> Vault:
    """Return the model of a vault that lived through these epochs."""
    names = ("managementPpm", "performancePpm", "crankFee", "crankPpm")
    vault = Vault(Rates(*(int(log[name]) for name in names)))
    entries: dict[int, list[Request | Close]] = {}
    for asked in log["requests"]:
        is_redemption = asked["kind"] == "redeem"
        found = Request(asked["at"], asked["who"], int(asked["amount"]), is_redemption)
        entries.setdefault(asked["epoch"], []).append(found)
    first = min(row["epoch"] for row in rows) - 1
    vault.play([*entries.pop(first, []), Close(0, 0, 0, 0)])
    for row in rows:
        close = Close(
            row["expiry_at"], row["seconds"], row["cranks"], int(row["came"]), int(row["stayed"])
        )
        vault.play([*entries.pop(row["epoch"], []), close])
    vault.play(entry for late in entries.values() for entry in late)
    return vault


def closed_of(row: dict[str, Any]) -> Closed:
    """Return what the contract says of a close, as the model says it."""
    return Closed(
        is_loss=row["total_loss"],
        assets=int(row["assets"]),
        supply=int(row["supply"]),
        deposited=int(row["deposited"]),
        minted=int(row["minted"]),
        redeemed=int(row["redeemed"]),
        paid=int(row["paid"]),
        fees=sum(int(row[name]) for name in ("management_fee", "performance_fee", "crank_fees")),
    )


@pytest.mark.timeout(SECONDS + 60)
def test_demo_vault_pays_everybody_what_the_model_says_through_a_crash_and_a_total_loss(
    tmp_path: Path,
) -> None:
    plot = tmp_path / "weeks.html"
    words = ("--epochs", str(EPOCHS), "--seed", "5", "--plot", plot, "--json")
    done = strikenet("demo", "vault", *words, timeout=SECONDS)
    *weeks, last = [json.loads(line) for line in done.out.splitlines()]
    summary = last["summary"]
    assert [week["epoch"] for week in weeks] == list(range(1, EPOCHS + 1))
    assert summary["custody_equals_claims"]
    assert summary["claims_are_exact"]
    assert summary["total_losses"] == 1

    for name, log in summary["logs"].items():
        rows = [week["vaults"][name] for week in weeks if name in week["vaults"]]
        model = model_of(log, rows)
        assert model.closes[1:] == [closed_of(row) for row in rows], name
        people = [person for person in summary["depositors"] if person["vault"] == name]
        for person in people:
            who = person["name"]
            assert int(person["claimed"]) == model.money[who], f"{who} of {name}"
            assert int(person["shares"]) == model.shares[model.generation, who], who
            assert int(person["worth"]) == model.worth(who), who
        assert any(int(person["claimed"]) for person in people)
        books = summary["vaults"][name]
        assert int(books["fees"]) == model.fees

    calls = [week["vaults"]["covered-call"] for week in weeks]
    puts = [week["vaults"]["cash-secured-put"] for week in weeks]
    assert all(int(row["sale"]["premium_usdc"]) > 0 for row in (*calls, *puts))
    assert [row["total_loss"] for row in calls] == [False, True, False]
    assert [row["generation"] for row in calls] == [0, 0, 1]
    crash = puts[0]
    lost = int(crash["sale"]["payoff_usdc"]) - int(crash["sale"]["premium_usdc"])
    assert lost * 5 > int(crash["sent"]), "a deep loss"
    assert float(crash["share_price"]) < 0.8
    assert "lost everything" in plot.read_text("utf-8")
