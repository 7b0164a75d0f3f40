"""The bridge story on real processes, and what tools of the field see of its chain."""

import json
import subprocess
from pathlib import Path

import pytest

from rollup_node.core.inputs import OpenAccount, RotateKey
from rollup_node.core.layout import BRIDGE_ACCOUNT_LIMIT
from rollup_node.devnet import actions
from rollup_node.devnet.jsonrpc import Deadline
from rollup_node.devnet.keys import accounts, checksum
from rollup_node.devnet.session import Session
from tests.e2e.conftest import REPOSITORY, Stage, strikenet

pytestmark = pytest.mark.e2e

CAST = REPOSITORY / "node_modules" / ".bin" / "cast"


@pytest.fixture(scope="module")
def settled(stage: Stage) -> Stage:
    """Alice and bob have accounts: any of these tests may be the first of its worker."""
    for name in ("alice", "bob"):
        words = ("--to", name, "--asset", "ETH", "--amount", "1", "--wait")
        strikenet("deposit", *words, "--run-dir", stage.run_dir.path)
    return stage


def cast(stage: Stage, *words: str) -> str:
    url = stage.session.sequencer.url
    done = subprocess.run(
        [CAST, *words, "--rpc-url", url], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def find_record(session: Session, record: str) -> tuple[str, int, str]:
    """Return the hash of the block that has a record, its place there, and what became of it."""
    node = session.sequencer
    for _ in Deadline(actions.WAIT_SECONDS, "the record is in a block"):
        found = node.call("rollup_getRecord", record)
        if found["blockNumber"] is not None:
            block = node.call("eth_getBlockByNumber", hex(found["blockNumber"]), *(False,))
            if block is not None:
                return block["hash"], found["index"], found["reason"]
    raise AssertionError


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


def test_status_and_account_tell_the_same_as_the_nodes(settled: Stage) -> None:
    status = strikenet("status", "--json", "--run-dir", settled.run_dir.path).json
    assert [node["ready"] for node in status["nodes"]] == [True] * 5
    account = strikenet("account", "alice", "--json", "--run-dir", settled.run_dir.path).json
    assert account["owner"].lower() == checksum(accounts()["alice"].address).lower()


def test_account_mode_is_what_the_margin_of_the_account_names(settled: Stage) -> None:
    run_dir = ("--json", "--run-dir", settled.run_dir.path)
    for model in ("portfolio", "standard"):
        sent = strikenet("account", "mode", "alice", model, *run_dir).json
        actions.wait_executed(settled.session, sent["hash"])
        assert strikenet("account", "margin", "alice", *run_dir).json["model"] == model


def test_account_opened_on_l2_is_known_by_its_number(stage: Stage) -> None:
    session, run_dir = stage.session, ("--json", "--run-dir", stage.run_dir.path)
    alice, usdc = accounts()["alice"], session.asset("USDC")
    party = session.party("alice", open_it=True)
    strikenet("deposit", "--to", "alice", "--asset", "USDC", "--amount", "20", "--wait", *run_dir)
    sent = actions.submit(session, alice, OpenAccount(party.id, 0, actions.fresh_nonce()))
    assert actions.wait_executed(session, sent.hash) == "OK"
    number = str(BRIDGE_ACCOUNT_LIMIT)
    shown = strikenet("account", number, *run_dir).json
    assert (shown["account"], shown["name"]) == (BRIDGE_ACCOUNT_LIMIT, "alice")
    money = ("--asset", "USDC", "--amount")
    strikenet("transfer", "--from", "alice", "--to", number, *money, "9", *run_dir)
    assert strikenet("account", "margin", number, *run_dir).json["equity_usdc"] == 9_000_000
    mode = strikenet("account", "mode", number, "portfolio", *run_dir).json
    assert mode["account"] == BRIDGE_ACCOUNT_LIMIT
    strikenet("transfer", "--from", number, "--to", "alice", *money, "2", *run_dir)
    before = session.l1_balance(usdc, alice.address)
    paid = strikenet("withdraw", "--from", number, *money, "4", "--warp", *run_dir).json
    assert paid["stage"] == "FINALIZED"
    assert session.l1_balance(usdc, alice.address) - before == 4_000_000
    left = strikenet("account", number, *run_dir).json["balances"]["USDC"]
    assert left == "3000000"
    refused = strikenet("account", str(BRIDGE_ACCOUNT_LIMIT + 1), *run_dir, code=2)
    assert "no account 2097153 on L2 or on the bridge" in refused.err


def test_account_whose_key_was_changed_on_l2_is_that_of_its_new_owner(stage: Stage) -> None:
    session, run_dir = stage.session, ("--json", "--run-dir", stage.run_dir.path)
    party = session.party("dave", open_it=True)
    eth = ("--asset", "ETH", "--amount", "1", "--wait")
    strikenet("deposit", "--to", "dave", *eth, *run_dir)
    for old, new in (("dave", "carol"), ("carol", "dave")):
        owner = accounts()[new].address
        change = RotateKey(party.id, owner, actions.fresh_nonce())
        sent = actions.submit(session, accounts()[old], change)
        assert actions.wait_executed(session, sent.hash) == "OK"
        assert strikenet("account", str(party.id), *run_dir).json["name"] == new


def test_refused_transfer_gives_the_reason_of_the_step_function(settled: Stage) -> None:
    words = ("--from", "alice", "--to", "bob", "--asset", "ETH", "--amount", "1000000")
    ran = strikenet("transfer", *words, "--run-dir", settled.run_dir.path, code=7)
    assert ran.err.strip() == "error: the sequencer refused: INSUFFICIENT_BALANCE"


def test_warp_breaks_no_soft_confirmation(stage: Stage) -> None:
    session, alice = stage.session, accounts()["alice"]
    party, other = session.party("alice", open_it=True), session.party("bob", open_it=True)
    ether = session.asset("ETH")
    for to in (other, party):
        done = actions.deposit(session, alice, to, ether, ether.parse("1"))
        assert actions.wait_executed(session, done.hash) == "OK"
    sent = actions.transfer(session, alice, party, other, ether, 1)
    before = find_record(session, sent.hash)
    actions.warp(session, 7_200)
    actions.wait_idle(session)
    assert find_record(session, sent.hash) == before


def test_second_up_says_what_is_running(stage: Stage) -> None:
    ran = strikenet("up", "--run-dir", stage.run_dir.path, code=4)
    assert ran.err.startswith("error: a devnet is already running in ")
    assert stage.session.sequencer.url in ran.err


def test_restart_resumes_with_the_same_state(settled: Stage) -> None:
    before = strikenet("account", "alice", "--json", "--run-dir", settled.run_dir.path).json
    strikenet("down", "--run-dir", settled.run_dir.path)
    words = ("--l1-port", "0", "--port", "0", "--profile", "ci")
    state = strikenet("up", "--detach", "--json", "--run-dir", settled.run_dir.path, *words).json
    assert state["resumed"] is True
    after = strikenet("account", "alice", "--json", "--run-dir", settled.run_dir.path).json
    assert after["balances"] == before["balances"]


def test_down_is_idempotent(tmp_path: Path) -> None:
    assert strikenet("down", "--json", "--run-dir", tmp_path).json["stopped"] is False
