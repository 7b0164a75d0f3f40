"""Steps in words: every kind of record and message, every kind of leaf, and what a liar writes."""

from collections.abc import Sequence

import pytest

from rollup_node.codec.delayed import encode_deposit, encode_forced
from rollup_node.codec.eip712 import digest
from rollup_node.codec.records import encode_prefix, encode_record, frame
from rollup_node.codec.signature import address_of, sign
from rollup_node.core.inputs import (
    DelayedMessage,
    Deposit,
    ItemHeader,
    Messages,
    Pull,
    RotateKey,
    Seal,
    SignedTransaction,
    Transaction,
    Transfer,
    Withdraw,
)
from rollup_node.derive.items import DerivedItem
from rollup_node.node.config import Asset
from rollup_node.node.replica import Replica
from rollup_node.node.step_words import Narrator
from rollup_node.proof.chunks import chunk_root
from rollup_node.proof.hashing import ZERO, keccak
from rollup_node.proof.machine import Machine
from rollup_node.rpc.games import StepWords
from tests.action.dispute_world import liar, one_more_for

KEY = keccak(b"alice")
OWNER, OTHER = address_of(KEY), b"\x22" * 20
MACHINE = Machine(1, bytes(20))
ASSETS = (Asset(0, "USDC", 6, "0x" + "aa" * 20), Asset(1, "ETH", 18, "0x" + "00" * 20))
NARRATOR = Narrator(MACHINE, ASSETS)
ETHER = 10**18


def _signed(transaction: Transaction) -> bytes:
    signature = sign(digest(MACHINE.domain, transaction), KEY)
    return encode_record(SignedTransaction(transaction, signature))


def _message(kind: int, body: bytes) -> DelayedMessage:
    return DelayedMessage(kind, OWNER, 5, body)


MESSAGES = (
    _message(0, encode_deposit(Deposit(1, OWNER, 1, 2 * ETHER))),
    _message(0, encode_deposit(Deposit(2, OTHER, 0, 1_500_000))),
    _message(1, encode_forced(Withdraw(1, 1, ETHER // 2, OTHER, 0))),
    _message(1, b"junk"),
)
RECORDS = (
    encode_record(Pull()),
    encode_record(Pull()),
    _signed(Transfer(1, 2, 1, 60, 1)),
    encode_record(Seal(250)),
    _signed(RotateKey(1, OTHER, 2)),
    b"\x99nothing",
)


async def _replica() -> Replica:
    async def recover(bodies: Sequence[bytes]) -> list[bytes | None]:
        return [OWNER for _ in bodies]

    replica = Replica(MACHINE, recover, segments=True)
    data = encode_prefix(1_000) + b"".join(frame(record) for record in RECORDS)
    header = ItemHeader(0, len(data), chunk_root(data), len(MESSAGES), ZERO, 0, ZERO, 0, 100)
    item = DerivedItem(0, header, data, 0, 0, Messages(MESSAGES), ZERO, (), 1, bytes(20), ZERO)
    await replica.apply(item)
    return replica


async def _steps() -> tuple[StepWords, ...]:
    steps, wrong = NARRATOR.segment(await _replica(), 0)
    assert wrong is None
    return steps


def _changes(step: StepWords) -> dict[str, tuple[str, str]]:
    return {change.leaf: (change.before, change.expected) for change in step.changes}


async def test_segment_tells_every_step_in_order() -> None:
    steps = await _steps()
    alice = f"0x{OWNER.hex()}"
    assert [(step.kind, step.transaction) for step in steps] == [
        ("OPEN_ITEM", ""),
        ("DEPOSIT", f"deposit of 2 ETH to account 1, sent by {alice}"),
        ("DEPOSIT", f"deposit of 1.5 USDC to account 2, sent by {alice}"),
        ("TRANSFER", "transfer of 60 wei from account 1 to account 2, nonce 1"),
        ("SEAL", "seal: the next block, 250 ms later"),
        ("ROTATE_KEY", f"new owner 0x{OTHER.hex()} of account 1, nonce 2"),
        ("UNDECODABLE", "record of 8 bytes that nobody can decode"),
        (
            "FORCED_WITHDRAW",
            f"forced by {alice}: withdrawal of 0.5 ETH from account 1 to 0x{OTHER.hex()}",
        ),
        ("FORCED_UNDECODABLE", f"delayed message from {alice} that nobody can decode"),
        ("CLOSE_ITEM", ""),
    ]
    assert [step.step for step in steps] == list(range(10))
    assert [step.record_hash is None for step in steps] == [
        kind in ("OPEN_ITEM", "SEAL", "CLOSE_ITEM") for kind in (step.kind for step in steps)
    ]


async def test_segment_names_leaves_with_the_value_before_and_after() -> None:
    steps = {step.kind: step for step in await _steps()}
    moved = _changes(steps["TRANSFER"])
    assert moved["account 1: balance, ETH"] == ("2 ETH", "1.99999999999999994 ETH")
    assert moved["account 2: balance, ETH"] == ("0 ETH", "60 wei")
    assert moved["account 1: highest nonce"] == ("0", "1")
    assert _changes(steps["ROTATE_KEY"])["account 1: owner"] == (
        f"0x{OWNER.hex()}",
        f"0x{OTHER.hex()}",
    )
    withdrawn = _changes(steps["DEPOSIT"])
    assert withdrawn["account 2: owner"] == ("not open", f"0x{OTHER.hex()}")
    assert withdrawn["account 2: balance, USDC"] == ("not open", "1.5 USDC")
    assert withdrawn["total, USDC"] == ("0 USDC", "1.5 USDC")


async def test_segment_shows_the_cursor_where_nothing_else_changes() -> None:
    steps = {step.kind: step for step in await _steps()}
    assert _changes(steps["SEAL"])["position: block"] == ("1", "2")
    assert _changes(steps["SEAL"])["position: time (ms)"] == ("1000", "1250")
    assert not any(leaf.startswith("position") for leaf in _changes(steps["TRANSFER"]))


async def test_segment_with_a_liar_finds_its_first_wrong_step() -> None:
    steps, wrong = NARRATOR.segment(await _replica(), 0, liar(one_more_for(60)))
    assert wrong == 3
    claimed = {change.leaf: change.claimed for change in steps[3].changes}
    assert claimed["account 2: balance, ETH"] == "61 wei"
    assert claimed["account 1: balance, ETH"] == "1.99999999999999994 ETH"
    assert {change.claimed for step in steps[4:] for change in step.changes} == {None}


@pytest.mark.parametrize("segment", [1, 99])
async def test_segment_that_was_not_executed_is_nothing(segment: int) -> None:
    assert NARRATOR.segment(await _replica(), segment) == ((), None)
