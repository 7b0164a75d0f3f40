"""The L2 endpoint through web3.py, on a devnet that posts calldata until its demo wants blobs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from web3 import HTTPProvider, Web3

from rollup_node.devnet import actions
from rollup_node.devnet.actions import Sent
from rollup_node.devnet.jsonrpc import Deadline
from rollup_node.devnet.keys import accounts, checksum
from rollup_node.devnet.session import Party, Session
from rollup_node.l1.shipped import load_artifact
from tests.e2e.conftest import devnet, strikenet

pytestmark = pytest.mark.e2e

_CALLDATA = 0


@dataclass(frozen=True)
class Town:
    """A devnet on which alice has sent bob 2 of her 5 ETH and bob holds 100 USDC."""

    session: Session
    web3: Web3
    alice: Party
    bob: Party
    sent: Sent


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with open_town(tmp_path_factory.mktemp("run") / "devnet") as found:
        yield found


@contextmanager
def open_town(path: Path) -> Iterator[Town]:
    with devnet(path, "--profile", "ci") as stage, requests.Session() as connection:
        yield _settle_in(stage.session, connection)


def _settle_in(session: Session, connection: requests.Session) -> Town:
    """Give alice ETH and bob USDC, and let alice send bob some."""
    web3 = Web3(HTTPProvider(session.sequencer.url, session=connection))
    alice, bob = (session.party(name, open_it=True) for name in ("alice", "bob"))
    for party, symbol, amount in ((alice, "ETH", "5"), (bob, "USDC", "100")):
        assert party.owner is not None
        asset = session.asset(symbol)
        done = actions.deposit(session, party.owner, party, asset, asset.parse(amount))
        assert actions.wait_executed(session, done.hash) == "OK"
    eth = session.asset("ETH")
    sent = actions.transfer(session, accounts()["alice"], alice, bob, eth, eth.parse("2"))
    assert actions.wait_executed(session, sent.hash) == "OK"
    return Town(session, web3, alice, bob, sent)


def test_chain_id_and_client_version(town: Town) -> None:
    assert town.web3.is_connected()
    assert town.web3.eth.chain_id == 313371
    assert town.web3.client_version.startswith("strikenet")


def test_receipt_leads_to_the_block_and_the_transaction(town: Town) -> None:
    digest: Any = town.sent.hash
    receipt = town.web3.eth.wait_for_transaction_receipt(
        digest, timeout=actions.WAIT_SECONDS, poll_latency=0.05
    )
    assert receipt["status"] == 1
    assert receipt["transactionHash"].to_0x_hex() == town.sent.hash
    assert receipt["from"] == checksum(town.alice.address)
    assert receipt["blockNumber"] <= town.web3.eth.block_number
    block = town.web3.eth.get_block(receipt["blockNumber"])
    assert block["hash"] == receipt["blockHash"]
    assert receipt["transactionHash"] in block["transactions"]
    found = town.web3.eth.get_transaction(digest)
    assert (found["from"], found["blockNumber"]) == (receipt["from"], receipt["blockNumber"])
    assert town.web3.eth.get_block(block["hash"])["number"] == block["number"]


def test_unknown_transaction_and_block_are_web3s_own_errors(town: Town) -> None:
    from web3.exceptions import BlockNotFound, TransactionNotFound

    with pytest.raises(TransactionNotFound):
        town.web3.eth.get_transaction_receipt(b"\x11" * 32)  # type: ignore[arg-type]
    with pytest.raises(BlockNotFound):
        town.web3.eth.get_block(10**9)


def test_balance_is_in_wei_and_transaction_count_counts(town: Town) -> None:
    eth = town.web3.eth
    assert eth.get_balance(town.web3.to_checksum_address(town.alice.address)) == 3 * 10**18
    assert eth.get_balance(town.web3.to_checksum_address(town.bob.address)) == 2 * 10**18
    before = eth.get_transaction_count(town.web3.to_checksum_address(town.alice.address))
    assert before > 0


def test_token_views_through_a_contract_object(town: Town) -> None:
    asset = town.session.asset("USDC")
    assert asset.token is not None
    abi: Any = load_artifact("TestUSDC").abi
    token = town.web3.eth.contract(town.web3.to_checksum_address(asset.token), abi=abi)
    assert token.functions.symbol().call() == "USDC"
    assert token.functions.decimals().call() == 6
    assert token.functions.balanceOf(checksum(town.bob.address)).call() == 100_000_000
    assert token.functions.balanceOf(checksum(town.alice.address)).call() == 0


def test_demo_has_blobs_posted_and_leaves_the_poster_as_it_was(tmp_path: Path) -> None:
    with open_town(tmp_path / "run") as town:
        _play_demo(town)


def _play_demo(town: Town) -> None:
    session, eth = town.session, town.session.asset("ETH")
    result = strikenet("demo", "bridge", "--json", "--run-dir", session.run_dir.path).json
    assert {batch["data"] for batch in result["batches"]} == {"calldata", "blob"}
    known = len(session.inbox.all_events("BatchPosted"))
    actions.transfer(session, accounts()["bob"], town.bob, town.alice, eth, 1)
    for _ in Deadline(actions.WAIT_SECONDS, "the next batch is posted"):
        if fresh := session.inbox.all_events("BatchPosted")[known:]:
            assert {batch["kind"] for batch in fresh} == {_CALLDATA}
            break
