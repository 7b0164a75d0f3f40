"""The step function: total, conserving, and its nonce window is a set of used numbers."""

import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from rollup_node.codec.records import encode_prefix
from rollup_node.core.inputs import DelayedMessage, ItemHeader, Messages
from rollup_node.core.kinds import MessageKind, StepKind
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    CURSOR_KEY,
    INDEX_BITS,
    MAX_BALANCE,
    NONCE_LEAD_MS,
    NONCE_WINDOW,
    OUTBOX,
    TOTAL_LIMIT,
    TOTALS_KEY,
    LeafKey,
    outbox_key,
)
from rollup_node.core.leaves import Balances, Owner, Withdrawal
from rollup_node.core.nonces import spend_nonce
from rollup_node.core.reason import Reason
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.hashing import ZERO
from rollup_node.proof.machine import Machine
from rollup_node.proof.witness import build_call
from tests.contracts.random_world import World

_MACHINE = Machine(1, bytes(20))


def _sums(state: ChainState) -> tuple[list[int], dict[int, int]]:
    """Return the sums of all balances per asset, and of the outbox per asset."""
    held, owed = [0, 0, 0, 0], dict[int, int]()
    for key in state.keys():  # noqa: SIM118 - not a dict
        leaf = state.get(key)
        if isinstance(leaf, Balances):
            held = [total + amount for total, amount in zip(held, leaf.amounts, strict=True)]
        elif isinstance(leaf, Withdrawal):
            owed[leaf.asset] = owed.get(leaf.asset, 0) + leaf.amount
    return held, owed


def _deposited(messages: Sequence[DelayedMessage]) -> dict[int, int]:
    """Return what the bridge took in, per asset."""
    paid: dict[int, int] = {}
    for message in messages:
        if message.kind == 0 and len(message.body) == 37:
            amount = int.from_bytes(message.body[25:], "big")
            paid[message.body[24]] = paid.get(message.body[24], 0) + amount
    return paid


def _check_leaves(state: ChainState) -> None:
    """Check what holds of any state by itself (docs/invariants.md L-3, L-4, L-5)."""
    assert all(0 <= total < TOTAL_LIMIT for total in state.get(TOTALS_KEY).amounts), "L-3"
    outbox_next = state.get(ALLOCATORS_KEY).outbox_next
    owners, balances = set[int](), set[int]()
    for key in state.keys():  # noqa: SIM118 - not a dict
        leaf, index = state.get(key), key & ((1 << INDEX_BITS) - 1)
        if isinstance(leaf, Balances):
            assert all(0 <= amount <= MAX_BALANCE for amount in leaf.amounts), "L-3"
            balances.add(index >> 5)
        elif isinstance(leaf, Owner):
            assert leaf.address != bytes(20), "L-5"
            owners.add(index >> 5)
        elif isinstance(leaf, Withdrawal):
            assert index < outbox_next, "L-4"
    assert owners == balances, "L-5"


@settings(max_examples=25)
@given(st.integers(0, 1 << 32))
def test_state_after_every_step_keeps_its_invariants(seed: int) -> None:
    world = World(random.Random(seed), _MACHINE)
    state = world.state
    header, data, messages, _ = world.item()
    kind, slots = None, state.get(ALLOCATORS_KEY).outbox_next
    while kind is not StepKind.CLOSE_ITEM:
        cursor = state.get(CURSOR_KEY)
        result = _MACHINE.step(state, header, data, messages)
        kind = result.kind
        outbox = [key for key in result.writes if key >> INDEX_BITS == OUTBOX]
        assert outbox == [outbox_key(slots + i) for i in range(len(outbox))], "L-4"
        assert all(state.get(key) is None for key in outbox), "L-4"
        state.commit(result.writes)
        slots += len(outbox)
        assert state.get(ALLOCATORS_KEY).outbox_next == slots, "L-4"
        after = state.get(CURSOR_KEY)
        assert after.item >= cursor.item, "L-6"
        assert after.block >= cursor.block, "L-6"
        assert after.time_ms >= cursor.time_ms, "L-6"
        assert cursor.delayed <= after.delayed <= header.delayed_count, "L-6"
        assert cursor.fast <= after.fast <= header.fast_count, "L-6"
        _check_leaves(state)


@settings(max_examples=25)
@given(st.integers(0, 1 << 32))
def test_money_after_every_step_is_conserved(seed: int) -> None:
    world = World(random.Random(seed), _MACHINE)
    state = world.state
    totals_gap = [
        total - held
        for total, held in zip(state.get(TOTALS_KEY).amounts, _sums(state)[0], strict=True)
    ]
    header, data, messages, _ = world.item()
    start, _ = _sums(state)
    kind, pulled = None, list[DelayedMessage]()
    while kind is not StepKind.CLOSE_ITEM:
        result = _MACHINE.step(state, header, data, messages)
        kind = result.kind
        pulled += [] if result.message is None else [result.message]
        state.commit(result.writes)
        held, owed = _sums(state)
        totals = state.get(TOTALS_KEY).amounts
        assert [t - h for t, h in zip(totals, held, strict=True)] == totals_gap, "L-1"
        paid = _deposited(pulled)
        for asset in range(256):
            before = start[asset] if asset < 4 else 0
            after = held[asset] if asset < 4 else 0
            assert before + paid.get(asset, 0) == after + owed.get(asset, 0), f"L-2 asset {asset}"
    fast = [message for message in pulled if message.kind == MessageKind.FAST]
    delayed = [message for message in pulled if message.kind != MessageKind.FAST]
    assert (delayed, fast) == messages


@settings(max_examples=200)
@given(st.binary(max_size=300), st.booleans())
def test_machine_on_random_bytes_is_total(junk: bytes, has_prefix: bool) -> None:
    data = encode_prefix(5) + junk if has_prefix else junk
    state = ChainState()
    header = ItemHeader(0, len(data), ZERO, 0, ZERO, 0, ZERO, 0, 10)
    result = _MACHINE.run_item(state, header, data, Messages(), segment_roots=True)
    cursor = state.get(CURSOR_KEY)
    assert cursor[:3] == (1, 0, 0)
    assert cursor.phase == 0
    assert result.receipts[-1].kind is StepKind.CLOSE_ITEM
    assert result.segment_roots[-1] == state.root()
    assert state.leaf_count == 3


@settings(max_examples=15)
@given(st.integers(0, 1 << 32), st.integers(1, 64))
def test_build_call_gives_the_root_of_its_steps_and_changes_nothing(seed: int, steps: int) -> None:
    world = World(random.Random(seed), _MACHINE)
    header, data, messages, blobs = world.item()
    before = world.state.root()
    call = build_call(_MACHINE, world.state, header, data, messages, steps, blobs=blobs)
    assert world.state.root() == before == call.start_root
    for result in call.results:
        world.state.commit(result.writes)
    assert world.state.root() == call.end_root


def _model(used: set[int], nonce: int, time_ms: int) -> Reason:
    high = max(used, default=0)
    if nonce > time_ms + NONCE_LEAD_MS:
        return Reason.NONCE_TOO_NEW
    if high - nonce >= NONCE_WINDOW:
        return Reason.NONCE_TOO_OLD
    return Reason.NONCE_USED if nonce in used else Reason.OK


_near = st.one_of(st.integers(0, 600), st.integers(NONCE_LEAD_MS - 3, NONCE_LEAD_MS + 400))


@settings(max_examples=300)
@given(st.lists(st.tuples(_near, st.integers(0, 300)), max_size=60))
def test_nonce_window_equals_a_set_of_used_numbers(tries: list[tuple[int, int]]) -> None:
    """No nonce is accepted twice (L-5)."""
    owner, used = Owner(b"a" * 20, 0, 0), set[int]()
    for nonce, time_ms in tries:
        expected = _model(used, nonce, time_ms)
        reason, owner = spend_nonce(owner, nonce, time_ms)
        assert reason == expected
        if reason is Reason.OK:
            used.add(nonce)
        assert owner.nonce_high == max(used, default=0)
        assert owner.nonce_map >> NONCE_WINDOW == 0


def test_outbox_slots_are_never_reused() -> None:
    world = World(random.Random(4), _MACHINE)
    seen: dict[LeafKey, Withdrawal] = {}
    for _ in range(12):
        header, data, messages, _ = world.item()
        _MACHINE.run_item(world.state, header, data, messages, segment_roots=False)
        slots = [k for k in world.state.keys() if k >> INDEX_BITS == OUTBOX]  # noqa: SIM118
        now = {key: world.state.get(key) for key in slots}
        assert all(now[key] == entry for key, entry in seen.items())
        seen = dict(now)
    assert len(seen) > 5
