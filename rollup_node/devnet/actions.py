"""What people do on a devnet: deposit, transfer, withdraw, wait for the nodes, move time."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from rollup_node.codec.delayed import encode_forced
from rollup_node.codec.eip712 import digest
from rollup_node.codec.records import encode_record
from rollup_node.codec.signature import sign
from rollup_node.core.inputs import (
    DelayedMessage,
    SetMode,
    SignedContent,
    SignedTransaction,
    Transaction,
    Transfer,
    Withdraw,
)
from rollup_node.devnet.failure import NotReadyError, RevertedError
from rollup_node.devnet.jsonrpc import Deadline, RpcError
from rollup_node.devnet.keys import Account, accounts, checksum
from rollup_node.devnet.session import Asset, Party, Session
from rollup_node.ports import InputError, L1Receipt
from rollup_node.proof.inbox import message_hash
from rollup_node.rpc.errors import REJECTED

WAIT_SECONDS: Final = 120
"""How long to wait for what takes seconds on a machine that has nothing else to do.

On a busy one it takes a minute: the first batch in blobs costs its poster, and then every node that
reads it, 1.5 s of CPU for the KZG setup; and a sender tries for 60 s before it begins anew.
"""
POST_SECONDS: Final = 20
"""How long a jump of time waits for the batch poster, which posts every second or two."""
NONCE_PER_MS: Final = 1_000_000
_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Deposited:
    """A deposit that L1 has taken: its message number and hash, and what it cost."""

    index: int
    hash: str
    transaction: str
    gas: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction that the sequencer has confirmed; `posted_bytes` is its length in a batch."""

    sequence: int
    hash: str
    posted_bytes: int


def deposit(session: Session, payer: Account, to: Party, asset: Asset, amount: int) -> Deposited:
    """Move an asset of `payer` from L1 to an L2 account.

    Raises
    ------
    TransactionReverted
        If the bridge refuses, with the name of its error.
    """
    bridge = session.bridge
    if asset.token is None:
        receipt = bridge.send(payer.address, "depositETH", to.id, value=amount)
    else:
        session.token(asset).send(payer.address, "approve", checksum(bridge.address), amount)
        receipt = bridge.send(payer.address, "depositToken", asset.id, to.id, amount)
    return _received(session, receipt)


def force(session: Session, sender: Account, transaction: Transaction) -> Deposited:
    """Send a transaction through L1, authenticated by its sender; nobody can refuse it."""
    body = encode_forced(transaction)
    return _received(session, session.inbox.send(sender.address, "sendForced", body))


def wait_executed(session: Session, message_or_record: str, seconds: float = WAIT_SECONDS) -> str:
    """Wait until the sequencer's chain holds a record or message; return its reason's name.

    Raises
    ------
    NotReadyError
        At the deadline.
    """
    node = session.sequencer
    for _ in Deadline(seconds, f"the sequencer executes {message_or_record}"):
        try:
            record = node.call("rollup_getRecord", message_or_record)
        except RpcError as error:
            if error.reason != "NOT_FOUND":
                raise
            continue
        return str(record["reason"])
    raise AssertionError


def transfer(
    session: Session, owner: Account, sender: Party, to: Party, asset: Asset, amount: int
) -> Sent:
    """Move an asset between two L2 accounts.

    Raises
    ------
    RevertedError
        If the sequencer refuses, with the reason that the step function gives.
    """
    return submit(session, owner, Transfer(sender.id, to.id, asset.id, amount, fresh_nonce()))


def withdraw(
    session: Session, owner: Account, account: Party, asset: Asset, amount: int, recipient: bytes
) -> Sent:
    """Move an asset from an L2 account to the outbox, from where the bridge pays it.

    Raises
    ------
    RevertedError
        If the sequencer refuses, with the reason that the step function gives.
    """
    body = Withdraw(account.id, asset.id, amount, recipient, fresh_nonce())
    return submit(session, owner, body)


def set_mode(session: Session, owner: Account, account: Party, mode: int) -> Sent:
    """Choose the risk model of an L2 account that holds no position.

    Raises
    ------
    RevertedError
        If the sequencer refuses, with the reason that the step function gives.
    """
    return submit(session, owner, SetMode(account.id, 0, mode, fresh_nonce()))


def submit(session: Session, owner: Account, transaction: SignedContent) -> Sent:
    """Sign a transaction, hand it to the sequencer, and return when it is durable."""
    signature = sign(digest(session.domain, transaction), owner.private_key)
    body = encode_record(SignedTransaction(transaction, signature))
    try:
        answer = session.sequencer.call("rollup_sendTransaction", f"0x{body.hex()}")
    except RpcError as error:
        if error.reason is None or error.code < REJECTED:
            raise
        raise RevertedError(f"the sequencer refused: {error.reason}", error.reason) from error
    return Sent(answer["sequence"], answer["hash"], len(body) + 2)


def fresh_nonce() -> int:
    """Return a nonce nobody used: the time in ms; several within a millisecond are spread out."""
    global _last_nonce  # noqa: PLW0603 - the only state: one process never repeats a nonce
    _last_nonce = max(time.time_ns() // NONCE_PER_MS, _last_nonce + 1)
    return _last_nonce


_last_nonce = 0


def move_time(session: Session, seconds: int) -> None:
    """Let L1 time jump forward; the next block has the new time."""
    session.l1.call("evm_increaseTime", seconds)
    session.l1.call("evm_mine")


def pass_time(session: Session, seconds: int) -> None:
    """Let L1 time jump past what somebody waits for, if there is anything to wait for."""
    if seconds:
        move_time(session, seconds)


def warp(session: Session, seconds: int) -> None:
    """Let L1 time jump forward as soon as L1 has what L2 has confirmed by now.

    A jump over what is on its way has it executed again at the new time: an order that was filled
    may find other prices, and a soft confirmation is broken. Where nobody posts, time jumps after
    `POST_SECONDS`.
    """
    end = time.monotonic() + POST_SECONDS
    with suppress(NotReadyError):  # a sequencer that is dead confirms nothing
        newest = session.sequencer.call("optimism_syncStatus")["unsafe_l2"]["number"]
        while time.monotonic() < end and not _is_posted(session, newest):
            time.sleep(_POLL_SECONDS)
    move_time(session, seconds)


def _is_posted(session: Session, block: int) -> bool:
    """Tell whether L1 has a block of L2, and L2 every message."""
    status = session.sequencer.call("optimism_syncStatus")
    return _is_consumed(session) and int(status["safe_l2"]["number"]) >= block


def _is_consumed(session: Session) -> bool:
    """Tell whether the items on L1 have consumed every message, delayed and fast."""
    ask = session.inbox.call
    return bool(ask("consumed") == ask("delayedCount") and ask("fastConsumed") == ask("fastCount"))


def wait_idle(session: Session, seconds: float = WAIT_SECONDS) -> None:
    """Wait until every node has read L1 and everything is posted and asserted."""
    for _ in Deadline(seconds, "every node is idle"):
        if is_idle(session):
            return


def is_idle(session: Session) -> bool:
    """Tell whether nothing is on its way: no record to post, no item to assert, no node behind."""
    inbox = session.inbox
    if not _is_consumed(session):
        return False
    count = inbox.call("count")
    claims = session.chain.all_events("AssertionCreated")
    if count and (not claims or claims[-1]["item"] < count):
        return False
    for node in session.nodes.values():
        sync = node.call("optimism_syncStatus")
        if sync["unsafe_l2"]["number"] != sync["safe_l2"]["number"] or not stands_on_l1(
            session, sync
        ):
            return False
    return True


def stands_on_l1(session: Session, sync: Mapping[str, Any]) -> bool:
    """Tell whether a node's `optimism_syncStatus` speaks of L1 as it is now, reorgs included."""
    current = sync["current_l1"]
    if int(session.l1.call("eth_blockNumber"), 16) - current["number"] > 1:
        return False
    block = session.l1.call("eth_getBlockByNumber", hex(current["number"]), *(False,))
    return block is not None and block["hash"] == current["hash"]


def payer_of(name: str) -> Account:
    """Return the named account that signs on L1 and L2.

    Raises
    ------
    InputError
        If nobody on this devnet has the key.
    """
    if name not in accounts():
        raise InputError(f"no key for {name!r}: one of {', '.join(accounts())}")
    return accounts()[name]


def _received(session: Session, receipt: L1Receipt) -> Deposited:
    event = session.inbox.events(receipt, "DelayedMessage")[0]
    sender = bytes.fromhex(event["sender"][2:])
    message = DelayedMessage(event["kind"], sender, event["timestamp"], event["body"])
    return Deposited(
        event["index"],
        f"0x{message_hash(message).hex()}",
        f"0x{receipt.transaction_hash.hex()}",
        receipt.gas_used,
    )
