"""Both twins agree on random steps, and the verifier accepts no other witness."""

import random
from typing import Final

from rollup_node.codec.records import encode_prefix, encode_record, frame
from rollup_node.core.inputs import ItemHeader, Messages, Pull
from rollup_node.core.kinds import StepKind
from rollup_node.core.reason import Reason
from rollup_node.proof.chunks import chunk_root
from rollup_node.proof.hashing import ZERO
from rollup_node.proof.machine import Machine
from rollup_node.proof.witness import build_call
from tests.contracts.court import BRIDGE, CHAIN_ID, Court
from tests.contracts.fuzz import Differential
from tests.contracts.random_world import World

TASK_KINDS: Final = (StepKind.REPRICE, StepKind.SAMPLE)
SPINE_KINDS: Final = tuple(kind for kind in StepKind if kind <= StepKind.CLOSE_ITEM)
SPINE_REASONS: Final = tuple(reason for reason in Reason if reason <= Reason.ZERO_OWNER)


def test_twins_on_random_steps_agree() -> None:
    differential = Differential(seed=3)
    differential.run(4_000)
    kinds = {kind for kind, _ in differential.counts}
    reasons = {reason for _, reason in differential.counts}
    assert kinds == {*SPINE_KINDS, *TASK_KINDS}
    assert reasons == set(SPINE_REASONS)


def test_verifier_on_every_flipped_bit_of_a_witness_rejects() -> None:
    court, machine = Court(), Machine(CHAIN_ID, BRIDGE)
    world = World(random.Random(11), machine, has_prices=False)
    delayed, fast = world.message(), world.fast_message()
    header, data = _batch(world.signed(), court.add_message(delayed), court.add_fast(fast))
    court.add_item(header)
    call = build_call(machine, world.state, header, data, Messages([delayed], [fast]), 64)
    witness = call.encode()
    assert court.simulate(court.call_data(call)).root == call.end_root
    for bit in range(8 * len(witness)):
        flipped = bytearray(witness)
        flipped[bit >> 3] ^= 1 << (bit & 7)
        assert court.is_rejected(court.call_data(call, witness=bytes(flipped))), f"bit {bit}"


def test_verifier_on_a_longer_or_shorter_witness_rejects() -> None:
    court, machine = Court(), Machine(CHAIN_ID, BRIDGE)
    world = World(random.Random(5), machine, has_prices=False)
    header, data = _batch(world.signed())
    court.add_item(header)
    call = build_call(machine, world.state, header, data, Messages(), 64)
    witness = call.encode()
    assert not court.is_rejected(court.call_data(call))
    for other in (witness + b"\x00", witness + bytes(32), witness[:-1], witness[:-32], b""):
        assert court.is_rejected(court.call_data(call, witness=other))


def _batch(
    body: bytes, delayed: bytes | None = None, fast: bytes | None = None
) -> tuple[ItemHeader, bytes]:
    """Return an item that consumes up to one message of each queue, by accumulator."""
    data = encode_prefix(5) + frame(body) + frame(encode_record(Pull()))
    queues = delayed is not None, delayed or ZERO, fast is not None, fast or ZERO
    return ItemHeader(0, len(data), chunk_root(data), *queues, 0, 1 << 31), data
