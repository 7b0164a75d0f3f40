"""L1 gas per transfer, as calldata and as blobs, from full batches that a batch poster posted."""

import time
from collections.abc import Callable
from typing import Any, Final

from rollup_node.codec.eip712 import digest
from rollup_node.codec.records import encode_record, iter_records
from rollup_node.codec.signature import sign
from rollup_node.core.inputs import SignedTransaction, Transfer
from rollup_node.devnet.jsonrpc import Deadline
from rollup_node.devnet.session import Session
from rollup_node.devnet.story import Bridge

_TRANSFERS: Final = 2_600
"""Enough to fill one batch of each kind with the default size."""
_PER_CALL: Final = 200
_KINDS: Final = ("calldata", "blob")
_WAIT_SECONDS: Final = 60
_BIG: Final = 50_000
"""Bytes above which a batch counts as full of transfers."""


def measure_gas(session: Session, tell: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """Fill two batches with transfers of ETH between alice and bob and divide what L1 charged.

    Raises
    ------
    DevnetError
        If a transfer is refused or the batches are not posted in time.
    """
    story = Bridge(session, tell)
    story.open_accounts()
    story.deposit()
    first = session.inbox.call("count")
    sender, to = story.parties["alice"].id, story.parties["bob"].id
    nonce = time.time_ns() // 1_000_000
    bodies = []
    for number in range(_TRANSFERS):
        transfer = Transfer(sender, to, story.eth.id, 10**6 + number, nonce + number)
        signature = sign(digest(session.domain, transfer), story.alice.private_key)
        bodies.append("0x" + encode_record(SignedTransaction(transfer, signature)).hex())
    for at in range(0, len(bodies), _PER_CALL):
        session.sequencer.call("rollup_sendTransactions", bodies[at : at + _PER_CALL])
    found: dict[str, dict[str, Any]] = {}
    for _ in Deadline(_WAIT_SECONDS, "two batches of transfers are posted"):
        posted = [b for b in session.inbox.all_events("BatchPosted") if b["index"] >= first]
        found = {_KINDS[batch["kind"]]: batch for batch in posted if batch["byteLength"] > _BIG}
        if len(found) == len(_KINDS):
            break
    return {kind: _divide(session, batch) for kind, batch in found.items()}


def _divide(session: Session, batch: dict[str, Any]) -> dict[str, float]:
    receipt = session.l1.call("eth_getTransactionReceipt", batch["hash"])
    own = session.sequencer.call("rollup_getBatches", 0, 64)
    data = next(
        content
        for row in own
        if len(content := bytes.fromhex(row["data"][2:])) == batch["byteLength"]
    )
    transfers = sum(1 for _, body in iter_records(data) if body[0] == 0x10)  # noqa: PLR2004 - R-4
    blob_gas = int(receipt.get("blobGasUsed") or "0x0", 16)
    return {
        "transfers": transfers,
        "bytes": len(data),
        "gas": int(receipt["gasUsed"], 16),
        "gas_per_transfer": round(int(receipt["gasUsed"], 16) / transfers, 1),
        "blob_gas_per_transfer": round(blob_gas / transfers, 1),
    }
