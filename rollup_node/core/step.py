"""The step function: each step reads leaves by `.get` and returns only what it wrote.

Every function is total: content never raises. What the content of a record or message does is in
the modules of `core.families`. Source: docs/spec.md X. Twin: contracts/src/StepVerifier.sol.
"""

from typing import Any, Final, NamedTuple

from rollup_node.core.clock import advance_clock, begin_block
from rollup_node.core.families import ACTIONS, find_task
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import DelayedMessage, ItemHeader
from rollup_node.core.kinds import ItemKind, OrderClass, Phase, StepKind
from rollup_node.core.layout import CURSOR_KEY, PREFIX_BYTES, TIME_LIMIT_MS
from rollup_node.core.leaves import Cursor, LeafReader, Writes
from rollup_node.core.reason import Reason

_OK: Final = Reason.OK
_IDLE: Final = Phase.IDLE
_MS: Final = 1_000

_new: Final = tuple.__new__
"""Makes a tuple without the constructor of its class, in half the time: for the hot path."""


class Outcome(NamedTuple):
    """What one step did: its kind, its reason, and the leaves it wrote (the cursor always).

    `events` is what users want to hear of it, no part of the state.
    """

    kind: StepKind
    reason: Reason
    writes: Writes
    events: tuple[Any, ...] = ()


class Tasks(NamedTuple):
    """What all steps of what was in flight did: kind and reason of each, and the leaves left."""

    steps: list[tuple[StepKind, Reason]]
    writes: Writes
    events: list[Any]


def clamp_time(cursor: Cursor, header: ItemHeader, time_ms: int) -> int:
    """Bring a block time (ms) between the previous one and the bounds of the item.

    Source: docs/spec.md X-3.
    """
    low = max(cursor.time_ms, header.min_time * _MS)
    high = max(low, header.max_time * _MS)
    return min(max(time_ms, low), high)


def open_item(state: LeafReader, header: ItemHeader, prefix_time_ms: int | None) -> Outcome:
    """Begin an item and its first block; `prefix_time_ms` is None for a void or forced item.

    Source: docs/spec.md X-3, X-13.
    """
    cursor: Cursor = state.get(CURSOR_KEY)
    reason, offset = _OK, PREFIX_BYTES
    if header.kind == ItemKind.FORCED:
        offset = 0
    elif prefix_time_ms is None:
        reason, offset = Reason.VOID_BATCH, header.byte_length
    frame = _frame(state, cursor)
    frame.phase = Phase.IDLE
    advance_clock(frame, clamp_time(cursor, header, prefix_time_ms or 0))
    begin_block(frame)
    return _outcome(frame, cursor, offset, StepKind.OPEN_ITEM, reason)


def apply_seal(state: LeafReader, header: ItemHeader, delta_ms: int, size: int) -> Outcome:
    """Begin the next block `delta_ms` later, clamped. Source: docs/spec.md X-4, X-13."""
    cursor: Cursor = state.get(CURSOR_KEY)
    frame = _frame(state, cursor)
    time_ms = min(cursor.time_ms + delta_ms, TIME_LIMIT_MS - 1)
    advance_clock(frame, clamp_time(cursor, header, time_ms))
    begin_block(frame)
    return _outcome(frame, cursor, cursor.offset + size, StepKind.SEAL, _OK)


def apply_record(
    state: LeafReader,
    content: Any,  # noqa: ANN401 - its type finds its family
    signer: bytes | None,
    size: int,
    signers: tuple[bytes | None, ...] = (),
) -> Outcome:
    """Execute the content of a record, None if it says nothing.

    `signer` is None if the signature is invalid, or if the record needs none; `signers` are those
    of a report. Source: docs/spec.md X-4.
    """
    action = ACTIONS.get(type(content))
    if action is None:
        return _move(state, size, StepKind.UNDECODABLE, Reason.UNDECODABLE)
    cursor: Cursor = state.get(CURSOR_KEY)
    frame = _frame(state, cursor)
    authority = _new(Authority, (signer, False, 0, signers, 0))
    kind, reason = action(frame, content, authority)
    return _outcome(frame, cursor, cursor[1] + size, kind, reason)


def run_task(state: LeafReader) -> Outcome:
    """Do the next step of what is in flight. Source: docs/spec.md X-2, X-12."""
    cursor: Cursor = state.get(CURSOR_KEY)
    frame = _frame(state, cursor)
    kind, reason = find_task(frame.phase)(frame)
    return _outcome(frame, cursor, cursor[1], kind, reason)


def run_tasks(state: LeafReader) -> Tasks:
    """Do every step of what is in flight, as `run_task` would one after the other.

    A step of a task changes nothing of the cursor but phase and class, so its frame serves the
    next one: for who wants the state after them and no step by itself.
    """
    cursor: Cursor = state.get(CURSOR_KEY)
    frame = _frame(state, cursor)
    steps: list[tuple[StepKind, Reason]] = []
    while frame.phase > _IDLE:
        steps.append(find_task(frame.phase)(frame))
    _move_cursor(frame, cursor, cursor.offset)
    return Tasks(steps, frame.writes, frame.events)


def apply_nothing_to_pull(state: LeafReader, size: int) -> Outcome:
    """Skip a pull record when the item has no message left. Source: docs/spec.md X-4."""
    return _move(state, size, StepKind.UNDECODABLE, Reason.NOTHING_TO_PULL)


def end_records(state: LeafReader, byte_length: int) -> Outcome:
    """End the records of a batch at a bad length. Source: docs/spec.md R-2, X-4."""
    left = byte_length - state.get(CURSOR_KEY).offset
    return _move(state, left, StepKind.BAD_LENGTH, Reason.BAD_LENGTH)


def pull_message(
    state: LeafReader,
    message: DelayedMessage,
    content: Any,  # noqa: ANN401 - its type finds its family
    size: int = 0,
    signers: tuple[bytes | None, ...] = (),
    *,
    fast: bool = False,
) -> Outcome:
    """Execute the next message of a queue; `content` is None if it says nothing.

    `size` is that of a pull record, `fast` tells which queue.

    `signers` are those of a report. Source: docs/spec.md X-6.
    """
    cursor: Cursor = state.get(CURSOR_KEY)
    frame = _frame(state, cursor)
    frame.order_class = OrderClass.DELAYED
    action = ACTIONS.get(type(content))
    kind, reason = StepKind.FORCED_UNDECODABLE, Reason.UNDECODABLE
    if action is not None:
        number = cursor.fast if fast else cursor.delayed
        sent_ms = message.timestamp * _MS
        authority = Authority(message.sender, True, number, signers, sent_ms)  # noqa: FBT003
        kind, reason = action(frame, content, authority)
    pulled = (0, 1) if fast else (1, 0)
    return _outcome(frame, cursor, cursor.offset + size, kind, reason, pulled=pulled)


def close_item(state: LeafReader) -> Outcome:
    """Finish an item. Source: docs/spec.md X-5."""
    cursor: Cursor = state.get(CURSOR_KEY)
    closed = cursor._replace(item=cursor.item + 1, offset=0, phase=Phase.BETWEEN)
    return Outcome(StepKind.CLOSE_ITEM, _OK, {CURSOR_KEY: closed})


def _frame(state: LeafReader, cursor: Cursor) -> Frame:
    _, _, _, _, block, time_ms, phase, order_class = cursor
    return Frame(state, time_ms, block, phase, order_class)


def _move(state: LeafReader, size: int, kind: StepKind, reason: Reason) -> Outcome:
    """Only move past `size` bytes."""
    cursor: Cursor = state.get(CURSOR_KEY)
    return Outcome(kind, reason, {CURSOR_KEY: cursor._replace(offset=cursor.offset + size)})


def _outcome(
    frame: Frame,
    cursor: Cursor,
    offset: int,
    kind: StepKind,
    reason: Reason,
    pulled: tuple[int, int] = (0, 0),
) -> Outcome:
    """Return what a step did, the cursor written as `_move_cursor` says."""
    _move_cursor(frame, cursor, offset, pulled)
    return _new(Outcome, (kind, reason, frame.writes, tuple(frame.events)))


def _move_cursor(
    frame: Frame, cursor: Cursor, offset: int, pulled: tuple[int, int] = (0, 0)
) -> None:
    """Write the cursor: its place as given, its clock, phase and class as the frame says.

    `pulled` counts the messages of each queue that the step took: delayed, fast.
    """
    item, _, delayed, fast, _, _, _, _ = cursor
    if pulled != (0, 0):
        delayed, fast = delayed + pulled[0], fast + pulled[1]
    clock = frame.block, frame.time_ms, frame.phase, frame.order_class
    frame.writes[CURSOR_KEY] = _new(Cursor, (item, offset, delayed, fast, *clock))
