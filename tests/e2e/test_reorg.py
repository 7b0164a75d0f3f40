"""L1 forgets a deposit and a batch: the nodes rewind and agree with a derivation from scratch."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rollup_node.devnet import actions, sockets
from rollup_node.devnet.audit import audit, wait_agreement
from rollup_node.devnet.jsonrpc import Deadline, JsonRpc
from rollup_node.devnet.keys import accounts
from rollup_node.devnet.launcher import is_ready
from rollup_node.devnet.process import spawn, stop
from rollup_node.devnet.rundir import RunDir, read_json, write_json
from rollup_node.devnet.session import Session
from tests.e2e.conftest import Stage

pytestmark = pytest.mark.e2e


@contextmanager
def verifier_from_scratch(run_dir: RunDir, folder: Path) -> Iterator[JsonRpc]:
    """Run another verifier with an empty store: it knows what L1 says now and nothing else."""
    config = read_json(run_dir.node("verifier") / "config.json")
    config |= {"name": "fresh", "port": sockets.free_ports(1)[0], "data_dir": str(folder / "data")}
    write_json(folder / "config.json", config)
    words = ("-m", "rollup_node.cli.main", "node", "--config", str(folder / "config.json"))
    process = spawn("fresh", [sys.executable, *words], folder / "log.jsonl")
    url = f"http://{sockets.HOST}:{config['port']}"
    try:
        for _ in Deadline(actions.WAIT_SECONDS, "the fresh verifier is ready"):
            assert process.exit_code is None, process.last_line()
            if is_ready(url):
                break
        yield JsonRpc(url)
    finally:
        stop([process])


def block_number(session: Session) -> int:
    return int(session.l1.call("eth_blockNumber"), 16)


def test_reorg_that_drops_a_deposit_and_a_batch_is_followed(stage: Stage, tmp_path: Path) -> None:
    session = stage.session
    alice, carol, eth = accounts()["alice"], accounts()["carol"], session.asset("ETH")
    party, other = session.party("alice", open_it=True), session.party("carol", open_it=True)
    kept = actions.deposit(session, alice, party, eth, eth.parse("5"))
    assert actions.wait_executed(session, kept.hash) == "OK"
    actions.wait_idle(session)
    before = block_number(session)
    session.l1.call("evm_mine")  # room for the block that may come between measuring and reorg
    lost = actions.deposit(session, carol, other, eth, eth.parse("7"))
    assert actions.wait_executed(session, lost.hash) == "OK"
    sent = actions.transfer(session, alice, party, other, eth, eth.parse("1"))
    assert actions.wait_executed(session, sent.hash) == "OK"
    count = session.inbox.call("count")
    for _ in Deadline(actions.WAIT_SECONDS, "a batch with the transfer is on L1"):
        if session.inbox.call("count") > count or session.inbox.call("consumed") > lost.index:
            break
    messages = session.inbox.call("delayedCount")
    session.l1.call("anvil_reorg", block_number(session) - before, [])
    assert session.inbox.call("delayedCount") == messages - 1
    actions.wait_idle(session)
    number, root = wait_agreement(session)
    books = audit(session)
    assert books.exact, books
    with verifier_from_scratch(stage.run_dir, tmp_path) as fresh:
        for _ in Deadline(actions.WAIT_SECONDS, "the fresh verifier has derived as much"):
            if fresh.call("optimism_syncStatus")["safe_l2"]["number"] >= number:
                break
        assert fresh.call("rollup_stateRoot", hex(number)) == root
