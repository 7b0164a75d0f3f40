"""Order of steps, segments, blocks, and the records that a witness keeps."""

import pytest

from rollup_node.codec.delayed import encode_deposit
from rollup_node.codec.records import encode_prefix, encode_record, frame
from rollup_node.core.inputs import (
    DelayedMessage,
    Deposit,
    ItemHeader,
    Messages,
    Pull,
    PullFast,
    Seal,
    SignedTransaction,
    Transfer,
)
from rollup_node.core.invariant import InvariantViolation
from rollup_node.core.kinds import MessageKind, OrderClass, StepKind
from rollup_node.core.layout import CURSOR_KEY, PRICES_KEY, balances_key, owner_key
from rollup_node.core.leaves import Balances, Owner
from rollup_node.core.reason import Reason
from rollup_node.core.weights import SEGMENT_STEPS, SEGMENT_WEIGHT, WEIGHTS, is_segment_end
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.chunks import chunk_root
from rollup_node.proof.hashing import ZERO, keccak
from rollup_node.proof.inbox import message_hash
from rollup_node.proof.machine import Machine, MachineError, signed_bodies
from rollup_node.proof.witness import Recorder, build_call

MACHINE = Machine(1, bytes(20))
DEPOSIT = DelayedMessage(0, b"d" * 20, 5, encode_deposit(Deposit(1, b"o" * 20, 1, 77)))
FAST = DelayedMessage(MessageKind.FAST, b"f" * 20, 6, b"\x30" + b"x" * 9)
PULL = encode_record(Pull())
PULL_FAST = encode_record(PullFast())
SEAL = encode_record(Seal(10))


def item(*bodies: bytes, delayed: int = 0, fast: int = 0) -> tuple[ItemHeader, bytes]:
    data = encode_prefix(1_000) + b"".join(frame(body) for body in bodies)
    return ItemHeader(0, len(data), chunk_root(data), delayed, ZERO, fast, ZERO, 0, 100), data


def test_run_item_pulls_early_by_record_and_the_rest_at_the_end() -> None:
    state = ChainState()
    header, data = item(PULL, SEAL, PULL, b"junk", delayed=3)
    result = MACHINE.run_item(state, header, data, Messages([DEPOSIT] * 3), segment_roots=True)
    kinds = [receipt.kind for receipt in result.receipts]
    assert kinds == [
        StepKind.OPEN_ITEM,
        StepKind.DEPOSIT,
        StepKind.SEAL,
        StepKind.DEPOSIT,
        StepKind.UNDECODABLE,
        StepKind.DEPOSIT,
        StepKind.CLOSE_ITEM,
    ]
    assert state.get(balances_key(1)) == Balances((0, 231, 0, 0))
    hashes = [message_hash(DEPOSIT), b"", keccak(b"junk")]
    assert [receipt.record_hash for receipt in result.receipts] == [
        b"",
        hashes[0],
        hashes[1],
        hashes[0],
        hashes[2],
        hashes[0],
        b"",
    ]
    first, second = result.blocks
    assert (first.number, first.time_ms, first.first, first.end) == (1, 1_000, 0, 2)
    assert (second.number, second.time_ms, second.first, second.end) == (2, 1_010, 2, 7)
    assert second.state_root == result.segment_roots[-1] == state.root() != first.state_root
    assert first.transactions_root == keccak(hashes[0])
    assert second.transactions_root == keccak(hashes[0] + hashes[2] + hashes[0])


def test_run_item_pulls_the_fast_queue_before_the_delayed_one() -> None:
    header, data = item(PULL, b"junk", PULL_FAST, delayed=3, fast=3)
    messages = Messages([DEPOSIT] * 3, [FAST] * 3)
    state = ChainState()
    result = MACHINE.run_item(state, header, data, messages, segment_roots=False)
    kinds = [receipt.kind for receipt in result.receipts]
    unknown = StepKind.FORCED_UNDECODABLE
    assert kinds == [
        StepKind.OPEN_ITEM,
        StepKind.DEPOSIT,
        StepKind.UNDECODABLE,
        unknown,
        *[unknown] * 2,
        *[StepKind.DEPOSIT] * 2,
        StepKind.CLOSE_ITEM,
    ]
    cursor = state.get(CURSOR_KEY)
    assert (cursor.delayed, cursor.fast, cursor.order_class) == (3, 3, OrderClass.DELAYED)
    hashes = [receipt.record_hash for receipt in result.receipts]
    assert hashes[3:6] == [message_hash(FAST)] * 3


def test_run_item_of_a_void_batch_pulls_both_queues_all_the_same() -> None:
    header, _ = item(delayed=1, fast=2)
    state, messages = ChainState(), Messages([DEPOSIT], [FAST] * 2)
    void = header._replace(byte_length=1)
    MACHINE.run_item(state, void, b"\x07", messages, segment_roots=False)
    cursor = state.get(CURSOR_KEY)
    assert (cursor.item, cursor.delayed, cursor.fast) == (1, 1, 2)
    assert state.get(balances_key(1)) == Balances((0, 77, 0, 0))


def test_pull_record_takes_nothing_from_the_other_queue() -> None:
    header, data = item(PULL, PULL_FAST, delayed=0, fast=1)
    state, messages = ChainState(), Messages([], [FAST])
    result = MACHINE.run_item(state, header, data, messages, segment_roots=False)
    reasons = [receipt.reason for receipt in result.receipts]
    assert reasons[1:3] == [Reason.NOTHING_TO_PULL, Reason.UNDECODABLE]
    header, data = item(PULL_FAST, PULL_FAST, delayed=1)
    result = MACHINE.run_item(ChainState(), header, data, Messages([DEPOSIT]), segment_roots=False)
    reasons = [receipt.reason for receipt in result.receipts]
    assert reasons[1:3] == [Reason.NOTHING_TO_PULL] * 2


def test_build_call_brings_the_messages_of_both_queues_in_the_order_of_their_steps() -> None:
    header, data = item(PULL, delayed=2, fast=1)
    messages = Messages([DEPOSIT] * 2, [FAST])
    call = build_call(MACHINE, ChainState(), header, data, messages, 64)
    assert call.messages == (DEPOSIT, FAST, DEPOSIT)


def test_pull_record_without_a_message_says_so() -> None:
    header, data = item(PULL)
    result = MACHINE.run_item(ChainState(), header, data, Messages(), segment_roots=False)
    assert [receipt.reason for receipt in result.receipts][1] is Reason.NOTHING_TO_PULL
    assert result.segment_roots == []


def test_segments_end_after_64_steps_and_with_the_item() -> None:
    header, data = item(*[b"junk"] * 130)
    result = MACHINE.run_item(ChainState(), header, data, Messages(), segment_roots=True)
    assert len(result.receipts) == 132
    assert WEIGHTS[StepKind.UNDECODABLE] * SEGMENT_STEPS > SEGMENT_WEIGHT
    assert len(result.segment_roots) == -(-132 // (SEGMENT_WEIGHT // WEIGHTS[StepKind.UNDECODABLE]))


def test_is_segment_end_by_steps_weight_or_close() -> None:
    assert is_segment_end(StepKind.CLOSE_ITEM, 1, 1)
    assert is_segment_end(StepKind.SEAL, 64, 1)
    assert is_segment_end(StepKind.SEAL, 1, 24_000_000)
    assert not is_segment_end(StepKind.SEAL, 63, 23_999_999)


def test_run_item_with_given_signers_trusts_them() -> None:
    signed = SignedTransaction(Transfer(1, 2, 0, 5, 1), bytes(64))
    header, data = item(encode_record(signed), b"junk", encode_record(signed))
    state = ChainState()
    for account in (1, 2):
        state.commit({owner_key(account): Owner(b"o" * 20, 0, 0)})
        state.commit({balances_key(account): Balances((9, 0, 0, 0))})
    assert signed_bodies(data) == [encode_record(signed)] * 2
    result = MACHINE.run_item(
        state, header, data, Messages(), signers=[None, b"o" * 20], segment_roots=False
    )
    reasons = [receipt.reason for receipt in result.receipts]
    assert reasons[1:4] == [Reason.BAD_SIGNATURE, Reason.UNDECODABLE, Reason.OK]


def test_step_with_inputs_that_do_not_reach_the_cursor_raises() -> None:
    header, data = item(b"junk", delayed=1)
    state = ChainState()
    with pytest.raises(MachineError, match="bytes"):
        MACHINE.step(state, header, data[:-1], Messages())
    with pytest.raises(MachineError, match="target"):
        MACHINE.step(state, header, data, Messages(), target=0)
    with pytest.raises(MachineError, match="messages"):
        MACHINE.run_item(state, header, data, Messages(), segment_roots=False)
    with pytest.raises(MachineError, match="open"):
        MACHINE.run_item(state, header, data, Messages([DEPOSIT]), segment_roots=False)
    header, data = item(fast=1)
    with pytest.raises(MachineError, match="messages"):
        MACHINE.run_item(ChainState(), header, data, Messages([DEPOSIT]), segment_roots=False)


def test_recorder_on_a_write_that_was_not_read_raises() -> None:
    recorder = Recorder(ChainState())
    recorder.get(CURSOR_KEY)
    with pytest.raises(InvariantViolation, match="did not read"):
        recorder.end_step({owner_key(1): Owner(b"o" * 20, 0, 0)})


def test_build_call_on_garbage_opens_the_cursor_and_the_prices_alone() -> None:
    header, data = item(b"junk", PULL)
    call = build_call(MACHINE, ChainState(), header, data, Messages(), 3)
    assert call.keys == (CURSOR_KEY, PRICES_KEY)
    assert call.openings == ((PRICES_KEY,), (), ())
    assert not call.is_ended
    assert len(call.siblings) == 11


def test_build_call_brings_the_chunks_that_are_read() -> None:
    header, data = item(*[b"x" * 1_000] * 5)
    call = build_call(MACHINE, ChainState(), header, data, Messages(), 3)
    assert (call.first_chunk, len(call.chunks)) == (0, 2)
    state = ChainState()
    for _ in range(3):
        state.commit(MACHINE.step(state, header, data, Messages()).writes)
    call = build_call(MACHINE, state, header, data, Messages(), 1)
    assert (call.first_chunk, len(call.chunks)) == (1, 2)
    last = build_call(MACHINE, state, header, data, Messages(), 64)
    assert last.is_ended
    assert len(last.chunks[-1].data) == len(data) - 4_096
