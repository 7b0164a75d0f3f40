"""Tasks: steps that follow a record and that nothing interrupts, in the machine and the builder.

The task here is a toy: rotating a key begins it, and three steps count the allocators up.
"""

from typing import Final

import pytest

from rollup_node.codec.records import decode_record, encode_prefix, encode_record, frame
from rollup_node.core.families import ACTIONS, TASKS
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import (
    DelayedMessage,
    ItemHeader,
    Messages,
    RotateKey,
    Seal,
    SignedTransaction,
)
from rollup_node.core.kinds import Phase, StepKind
from rollup_node.core.layout import ALLOCATORS_KEY, CURSOR_KEY, PRICES_KEY
from rollup_node.core.leaves import Allocators
from rollup_node.core.reason import Reason
from rollup_node.node.builder import Builder
from rollup_node.node.signers import Recovered
from rollup_node.proof.assertions import block_hash
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.chunks import chunk_root
from rollup_node.proof.hashing import ZERO, keccak
from rollup_node.proof.inbox import record_hash
from rollup_node.proof.machine import Machine
from rollup_node.proof.witness import build_call

MACHINE: Final = Machine(1, bytes(20))
BEGIN: Final = encode_record(SignedTransaction(RotateKey(1, b"n" * 20, 1), bytes(64)))
JUNK: Final = b"junk"
STEPS: Final = 3
MESSAGE: Final = DelayedMessage(9, b"d" * 20, 5, b"")


def begin(frame: Frame, _content: RotateKey, _authority: Authority) -> tuple[StepKind, Reason]:
    frame.phase = Phase.LEG
    frame.order_class = 3
    frame.events.append("begun")
    return StepKind.QUOTE, Reason.OK


def count(frame: Frame) -> tuple[StepKind, Reason]:
    leaf = frame.get(ALLOCATORS_KEY)
    frame.put(ALLOCATORS_KEY, leaf._replace(outbox_next=leaf.outbox_next + 1))
    if frame.get(ALLOCATORS_KEY).outbox_next == STEPS:
        frame.phase = Phase.IDLE
    return StepKind.LEG, Reason.OK


@pytest.fixture(autouse=True)
def _toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ACTIONS, RotateKey, begin)
    monkeypatch.setitem(TASKS, Phase.LEG, count)


def item(*bodies: bytes, delayed: int = 0) -> tuple[ItemHeader, bytes]:
    data = encode_prefix(1_000) + b"".join(frame(body) for body in bodies)
    return ItemHeader(0, len(data), chunk_root(data), delayed, ZERO, 0, ZERO, 0, 100), data


def test_task_runs_before_the_next_record_and_message() -> None:
    header, data = item(BEGIN, JUNK, encode_record(Seal(5)), delayed=1)
    state = ChainState()
    result = MACHINE.run_item(state, header, data, Messages([MESSAGE]), segment_roots=False)
    kinds = [receipt.kind for receipt in result.receipts]
    assert kinds == [
        StepKind.OPEN_ITEM,
        StepKind.QUOTE,
        *[StepKind.LEG] * STEPS,
        StepKind.UNDECODABLE,
        StepKind.SEAL,
        StepKind.FORCED_UNDECODABLE,
        StepKind.CLOSE_ITEM,
    ]
    assert state.get(ALLOCATORS_KEY) == Allocators(STEPS, 0, 0, 0)


def test_task_steps_add_nothing_to_the_hash_of_their_block() -> None:
    header, data = item(BEGIN, JUNK)
    result = MACHINE.run_item(ChainState(), header, data, Messages(), segment_roots=False)
    (block,) = result.blocks
    hashes = [receipt.record_hash for receipt in result.receipts]
    assert hashes == [b"", record_hash(BEGIN), b"", b"", b"", record_hash(JUNK), b""]
    assert block.transactions_root == keccak(record_hash(BEGIN) + record_hash(JUNK))


def test_builder_runs_tasks_as_the_machine_does() -> None:
    header, data = item(BEGIN, JUNK)
    state, builder = ChainState(), Builder(MACHINE.domain)
    genesis = builder.ledger.newest.hash
    (block,) = MACHINE.run_item(state, header, data, Messages(), segment_roots=False).blocks
    record = decode_record(BEGIN)
    assert isinstance(record, SignedTransaction)
    known = Recovered(record_hash(BEGIN), record.transaction, None)
    builder.run(header, data, Messages(), [known, Recovered(record_hash(JUNK), None, None)])
    builder.finish(0, 0, Messages())
    assert builder.state.root() == state.root() == block.state_root
    expected = block_hash(
        genesis, block.number, block.time_ms, block.state_root, block.transactions_root
    )
    assert builder.ledger.newest.hash == expected


def test_builder_finishes_the_task_of_a_transaction_before_it_returns() -> None:
    builder = Builder(MACHINE.domain)
    header, _ = item()
    builder.open(header, 1_000)
    record = decode_record(BEGIN)
    assert isinstance(record, SignedTransaction)
    known = Recovered(record_hash(BEGIN), record.transaction, None)
    assert builder.transact(BEGIN, known, 0) == (True, Reason.OK)
    assert builder.cursor.phase == Phase.IDLE
    assert builder.state.get(ALLOCATORS_KEY) == Allocators(STEPS, 0, 0, 0)
    assert builder.ledger.hashes == [record_hash(BEGIN)]


def test_witness_of_task_steps_opens_what_they_read_and_no_data() -> None:
    header, data = item(BEGIN, JUNK)
    state = ChainState()
    call = build_call(MACHINE, state, header, data, Messages(), 2 + STEPS)
    counted = (ALLOCATORS_KEY,)
    assert call.openings == ((PRICES_KEY,), (), counted, counted, counted)
    for result in call.results[:2]:
        state.commit(result.writes)
    assert state.get(CURSOR_KEY).phase == Phase.LEG
    rest = build_call(MACHINE, state, header, data, Messages(), STEPS, steps_done=2)
    assert rest.chunks == ()
    assert rest.end_root == call.end_root
