"""The real `cast` against the L2 endpoint of a running devnet: what a user types to look around."""

import json
import subprocess
from typing import Any

import pytest

from rollup_node.devnet import actions
from rollup_node.devnet.actions import Sent
from rollup_node.devnet.jsonrpc import Deadline
from rollup_node.devnet.keys import accounts, checksum
from tests.e2e.conftest import REPOSITORY, Stage

pytestmark = pytest.mark.e2e

_CAST = REPOSITORY / "node_modules" / ".bin" / "cast"
ALICE, BOB = (checksum(accounts()[name].address) for name in ("alice", "bob"))


def cast(stage: Stage, *words: str) -> str:
    url = stage.session.sequencer.url
    done = subprocess.run(
        [_CAST, *words, "--rpc-url", url], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def cast_json(stage: Stage, *words: str) -> Any:
    return json.loads(cast(stage, *words, "--json"))


@pytest.fixture(scope="module")
def transfer(stage: Stage) -> Sent:
    """Alice deposits 3 ETH and sends one of them to bob, who has deposited 50 USDC."""
    session, eth = stage.session, stage.session.asset("ETH")
    alice, bob = (session.party(name, open_it=True) for name in ("alice", "bob"))
    for party, asset, text in ((alice, eth, "3"), (bob, session.asset("USDC"), "50")):
        done = actions.deposit(session, accounts()[party.name], party, asset, asset.parse(text))
        assert actions.wait_executed(session, done.hash) == "OK"
    sent = actions.transfer(session, accounts()["alice"], alice, bob, eth, eth.parse("1"))
    for _ in Deadline(actions.WAIT_SECONDS, "the transfer is in a block"):
        if session.sequencer.call("eth_getTransactionReceipt", sent.hash) is not None:
            break
    return sent


def test_chain_id_and_block_number(stage: Stage, transfer: Sent) -> None:
    assert transfer.sequence > 0
    assert cast(stage, "chain-id") == "313371"
    assert int(cast(stage, "block-number")) > 0


def test_balance_and_nonce(stage: Stage, transfer: Sent) -> None:
    assert transfer.sequence > 0
    assert int(cast(stage, "balance", ALICE)) == 2 * 10**18
    assert cast(stage, "balance", BOB, "--ether") == "1.000000000000000000"
    assert int(cast(stage, "nonce", ALICE)) > int(cast(stage, "nonce", BOB)) == 0


def test_receipt_block_and_transaction_agree(stage: Stage, transfer: Sent) -> None:
    receipt = cast_json(stage, "receipt", transfer.hash)
    assert (receipt["status"], receipt["transactionHash"]) == ("0x1", transfer.hash)
    block = cast_json(stage, "block", str(int(receipt["blockNumber"], 16)))
    assert block["hash"] == receipt["blockHash"]
    assert transfer.hash in block["transactions"]
    parent = cast_json(stage, "block", str(int(receipt["blockNumber"], 16) - 1))
    assert block["parentHash"] == parent["hash"]
    found = cast_json(stage, "tx", transfer.hash)
    assert found["from"].lower() == ALICE.lower()


def test_token_view(stage: Stage, transfer: Sent) -> None:
    assert transfer.sequence > 0
    token = stage.session.asset("USDC").token
    assert token is not None
    call = ("call", checksum(token))
    assert cast(stage, *call, "symbol()(string)") == '"USDC"'
    assert cast(stage, *call, "balanceOf(address)(uint256)", ALICE) == "0"
    assert cast(stage, *call, "balanceOf(address)(uint256)", BOB).split()[0] == "50000000"
