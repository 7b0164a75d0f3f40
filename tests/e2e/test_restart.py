"""Kill every node that has a snapshot; what it says afterwards is what it said before."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from rollup_node.cli.bench import fresh
from rollup_node.cli.up import plan
from rollup_node.devnet import actions, supervisor
from rollup_node.devnet.audit import wait_agreement
from rollup_node.devnet.bench_load import make_requests, send_all, sign_transfers
from rollup_node.devnet.bench_spine import _open_accounts
from rollup_node.devnet.jsonrpc import Deadline
from rollup_node.devnet.launcher import Devnet
from rollup_node.devnet.rundir import RunDir
from rollup_node.devnet.session import Session
from rollup_node.l1 import toolchain

pytestmark = pytest.mark.e2e

RECORDS = 500


@pytest.fixture
def devnet(tmp_path: Path) -> Iterator[Devnet]:
    """Run a devnet whose nodes write snapshots early."""
    anvil = toolchain.find_anvil(None, None)
    assert anvil is not None
    manifest = replace(
        plan(None, fresh("calldata")),
        snapshot_every_records=RECORDS,
        snapshot_kept_records=RECORDS,
        batch_max_bytes=20_000,
    )
    with supervisor.running(RunDir(tmp_path / "run"), manifest, anvil, lambda _: None) as made:
        yield made


def _send(session: Session, numbers: list[int], count: int) -> None:
    asset, nonce = session.asset("ETH").id, session.l1_time() * 1_000
    requests = make_requests(sign_transfers(count, numbers, asset, session.domain, nonce))
    assert send_all(urlsplit(session.sequencer.url).port or 0, requests) == count
    actions.wait_idle(session)
    wait_agreement(session)


def _answers(session: Session, number: int, batches: int = 200) -> dict[str, Any]:
    """Return what both nodes say of the chain up to a block; the oracle goes on making batches."""
    found: dict[str, Any] = {"batches": session.sequencer.call("rollup_getBatches", 0, batches)}
    for node in (session.sequencer, session.verifier):
        blocks = [
            node.call("eth_getBlockByNumber", hex(block), *(True,)) for block in range(number + 1)
        ]
        roots = [
            node.call("optimism_outputAtBlock", hex(block))["stateRoot"]
            for block in range(number + 1)
        ]
        found[node.url] = [blocks, roots]
    return found


def test_kill_after_a_snapshot_serves_the_same(devnet: Devnet) -> None:
    session = Session(devnet.run_dir)
    numbers = _open_accounts(session)
    folders = {
        "sequencer": devnet.run_dir.node("sequencer") / "data" / "snapshots",
        "verifier": devnet.run_dir.node("verifier") / "data" / "replica",
    }
    for _ in range(3):
        _send(session, numbers, 3 * RECORDS)
    for _ in Deadline(actions.WAIT_SECONDS, "snapshots are written"):
        if all(list(folder.glob("*.snapshot")) for folder in folders.values()):
            break
    newest = session.verifier.call("optimism_syncStatus")["safe_l2"]["number"]
    before = _answers(session, newest)
    session.close()
    killed = [devnet.processes[name] for name in folders]
    for process in killed:
        os.kill(process.pid, signal.SIGKILL)
    for _ in Deadline(actions.WAIT_SECONDS, "both are gone"):
        if all(process.exit_code is not None for process in killed):
            break
    assert set(devnet.restart_crashed()) == set(folders)
    devnet.wait_ready()
    again = Session(devnet.run_dir)
    assert _answers(again, newest, len(before["batches"])) == before
    for name in folders:
        assert "began with the snapshot" in devnet.run_dir.log(name).read_text("utf-8")
    _send(again, numbers, RECORDS)
    again.close()
