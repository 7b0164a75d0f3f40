"""Faults through the command line, as a user or a script runs them."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from rollup_node.devnet.faults.catalogue import FAULTS

pytestmark = pytest.mark.e2e

_COMMAND = (sys.executable, "-m", "rollup_node.cli.main")


def _run(*words: str) -> tuple[int, str]:
    done = subprocess.run(
        [*_COMMAND, *words],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "STRIKENET_JSON": ""},
    )
    return done.returncode, done.stdout


def _fraud(*words: str) -> dict[str, Any]:
    code, text = _run("demo", "fraud", *words, "--json")
    outcome: dict[str, Any] = json.loads(text)
    assert code == 0, outcome
    return outcome


def test_fault_list_names_every_fault_with_its_mirror() -> None:
    code, text = _run("fault", "list", "--json")
    listed = json.loads(text)["faults"]
    assert code == 0
    assert [fault["name"] for fault in listed] == list(FAULTS)
    assert all(fault["mirror"] and fault["summary"] for fault in listed)


@pytest.mark.parametrize(
    ("fault", "door", "data"),
    [
        ("forged-withdrawal", "one-shot", "blob"),
        ("applied-bad-signature", "interactive", "calldata"),
        ("staller", "interactive", "calldata"),
    ],
)
def test_demo_fraud_ends_with_the_honest_side(fault: str, door: str, data: str) -> None:
    outcome = _fraud("--what", fault, "--door", door, "--data", data)
    assert (outcome["fault"], outcome["door"], outcome["data"]) == (fault, door, data)
    assert outcome["winner"] == outcome["mirror"]["winner"] == "honest"
    assert outcome["wrong_assertion_confirmed"] is False
    assert outcome["custody_equals_claims"] is True
    assert int(outcome["honest_net_wei"]) >= 0 > int(outcome["mirror"]["attacker_net_wei"])
    assert outcome["delay_seconds"] <= outcome["bound_seconds"]
    assert outcome["first_wrong"]["expected_root"] != outcome["first_wrong"]["claimed_root"]
    assert outcome["ledger"]["pool"]["conserved"] is True


def test_interactive_dispute_over_4096_segments_ends_in_seconds() -> None:
    outcome = _fraud("--what", "wrong-padding", "--door", "interactive")
    ledger = outcome["ledger"]
    assert outcome["first_wrong"]["segment"] > 2_048
    liar = ledger["gas"]["mallory"]
    levels = liar["bisectAssertion"]["count"] + liar["bisect"]["count"]
    assert levels == 12  # from the history root down to one of 2^12 leaves
    assert ledger["wall_seconds"] < 20


def test_demo_fraud_with_a_chosen_step_says_which_step_was_wrong() -> None:
    outcome = _fraud("--what", "wrong-poststate", "--step", "58")
    assert outcome["first_wrong"]["step_number"] == 58
    assert outcome["first_wrong"]["expected_value"] != outcome["first_wrong"]["claimed_value"]


def test_demo_sybils_prints_a_delay_for_every_manner() -> None:
    code, text = _run("demo", "sybils", "--counts", "1,2", "--json")
    rows = json.loads(text)["rows"]
    assert code == 0
    manners = {"simultaneous", "staggered", "staggered-silent", "staggered-refutable"}
    assert {row["manner"] for row in rows} == manners
    longest = max(row["since_claim_seconds"] for row in rows)
    assert longest <= rows[0]["bound_seconds"] + 60  # a rival in the last second: twice T, then G
    assert all(row["delay_seconds"] <= row["bound_seconds"] for row in rows)
    assert all(int(row["honest_net_wei"]) >= 0 for row in rows)


@pytest.mark.parametrize(
    "words",
    [
        ("--what", "no-such-fault"),
        ("--what", "staller", "--door", "one-shot"),
        ("--what", "staller", "--step", "3"),
        ("--what", "staller", "--all"),
        (),
    ],
)
def test_demo_fraud_with_wrong_options_ends_with_usage_code(words: tuple[str, ...]) -> None:
    code, text = _run("demo", "fraud", *words, "--json")
    assert code == 2
    assert json.loads(text)["error"]["code"] == 2
