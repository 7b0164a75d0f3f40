"""The bridge story on real processes, and what tools of the field see of its chain."""

import json
import subprocess
from pathlib import Path

import pytest

from rollup_node.devnet import actions
from rollup_node.devnet.keys import accounts, checksum
from tests.e2e.conftest import REPOSITORY, Stage, strikenet

pytestmark = pytest.mark.e2e

CAST = REPOSITORY / "node_modules" / ".bin" / "cast"


def cast(stage: Stage, *words: str) -> str:
    url = stage.session.sequencer.url
    done = subprocess.run(
        [CAST, *words, "--rpc-url", url], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_demo_bridge_json_has_every_promised_key(stage: Stage) -> None:
    result = strikenet("demo", "bridge", "--json", "--run-dir", stage.run_dir.path).json
    assert result["finalized"] is True
    assert result["verifier_agrees"] is True
    assert result["custody_equals_claims"] is True
    assert {batch["data"] for batch in result["batches"]} >= {"calldata", "blob"}
    assert 0 < result["bytes_per_transaction"]["transfer"] <= 90
    assert {"deposit ETH", "deposit USDC", "batch as calldata", "batch as blob"} <= set(
        result["l1_gas"]
    )
    assert {"assert", "prove", "confirm", "finalize"} <= set(result["l1_gas"])
    assert min(result["l1_gas"].values()) > 21_000
    assert len(result["state_root"]) == 66


def test_cast_reads_the_l2_endpoint(stage: Stage) -> None:
    session = stage.session
    party = session.party("carol", open_it=True)
    eth = session.asset("ETH")
    done = actions.deposit(session, accounts()["carol"], party, eth, eth.parse("2"))
    assert actions.wait_executed(session, done.hash) == "OK"
    sent = actions.transfer(
        session, accounts()["carol"], party, session.party("alice", open_it=True), eth, 1
    )
    actions.wait_executed(session, sent.hash)
    assert cast(stage, "chain-id") == "313371"
    assert int(cast(stage, "block-number")) > 0
    assert int(cast(stage, "balance", checksum(accounts()["carol"].address))) == 2 * 10**18 - 1
    receipt = json.loads(cast(stage, "receipt", sent.hash, "--json"))
    assert int(receipt["status"], 16) == 1
    assert receipt["transactionHash"] == sent.hash


def test_status_and_account_tell_the_same_as_the_nodes(stage: Stage) -> None:
    status = strikenet("status", "--json", "--run-dir", stage.run_dir.path).json
    assert [node["ready"] for node in status["nodes"]] == [True] * 5
    account = strikenet("account", "alice", "--json", "--run-dir", stage.run_dir.path).json
    assert account["owner"].lower() == checksum(accounts()["alice"].address).lower()


def test_account_mode_is_what_the_margin_of_the_account_names(stage: Stage) -> None:
    run_dir = ("--json", "--run-dir", stage.run_dir.path)
    for model in ("portfolio", "standard"):
        sent = strikenet("account", "mode", "alice", model, *run_dir).json
        actions.wait_executed(stage.session, sent["hash"])
        assert strikenet("account", "margin", "alice", *run_dir).json["model"] == model


def test_refused_transfer_gives_the_reason_of_the_step_function(stage: Stage) -> None:
    words = ("--from", "alice", "--to", "bob", "--asset", "ETH", "--amount", "1000000")
    ran = strikenet("transfer", *words, "--run-dir", stage.run_dir.path, code=7)
    assert ran.err.strip() == "error: the sequencer refused: INSUFFICIENT_BALANCE"


def test_second_up_says_what_is_running(stage: Stage) -> None:
    ran = strikenet("up", "--run-dir", stage.run_dir.path, code=4)
    assert ran.err.startswith("error: a devnet is already running in ")
    assert stage.session.sequencer.url in ran.err


def test_restart_resumes_with_the_same_state(stage: Stage) -> None:
    before = strikenet("account", "alice", "--json", "--run-dir", stage.run_dir.path).json
    strikenet("down", "--run-dir", stage.run_dir.path)
    words = ("--l1-port", "0", "--port", "0", "--profile", "ci")
    state = strikenet("up", "--detach", "--json", "--run-dir", stage.run_dir.path, *words).json
    assert state["resumed"] is True
    after = strikenet("account", "alice", "--json", "--run-dir", stage.run_dir.path).json
    assert after["balances"] == before["balances"]


def test_down_is_idempotent(tmp_path: Path) -> None:
    assert strikenet("down", "--json", "--run-dir", tmp_path).json["stopped"] is False
