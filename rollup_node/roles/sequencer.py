"""When to open and cut a batch, seal a block and pull messages: policy alone, no state of its own.

The estimate of an item's time bounds is that none binds: the sequencer stamps with L1 time, posts
within `max_past_seconds`, and L1 time at posting is later, so clamping (docs/spec.md X-3) changes
nothing. If it does after all, the derived item differs and the node executes again.
"""

from typing import Final, NamedTuple, TypeAlias

from rollup_node.core.inputs import ItemHeader
from rollup_node.core.kinds import ItemKind
from rollup_node.core.layout import CLASS_RESET_MS

CALLDATA_LIMIT_BYTES: Final = 122_880
"""Largest calldata batch (docs/spec.md I-4)."""
MARGIN_BYTES: Final = 1_024
MAX_PULLS: Final = 128
"""Messages that a block takes from each queue: those of both fit into the margin of a batch."""
MAX_BLOCK_RECORDS: Final = 4_000
"""A block with this many records is sealed early: its root is computed in one piece."""

EXPECTED_HEADER: Final = ItemHeader(
    kind=ItemKind.CALLDATA,
    byte_length=(1 << 32) - 1,
    data_root=bytes(32),
    delayed_count=(1 << 40) - 1,
    delayed_acc=bytes(32),
    fast_count=(1 << 40) - 1,
    fast_acc=bytes(32),
    min_time=0,
    max_time=(1 << 40) - 1,
)
"""What an unposted batch is executed under."""


class SequencerPolicy(NamedTuple):
    """Limits in bytes and ms."""

    max_batch_bytes: int
    max_batch_age_ms: int
    block_interval_ms: int

    @property
    def batch_limit(self) -> int:
        """Bytes that a batch never exceeds."""
        return min(self.max_batch_bytes, CALLDATA_LIMIT_BYTES - MARGIN_BYTES)


class SequencerView(NamedTuple):
    """What the sequencer sees: times in ms of L1, `opened_ms` is `None` between batches."""

    now_ms: int
    time_ms: int
    opened_ms: int | None
    batch_bytes: int
    block_records: int
    pending: bool
    delayed_seen: int
    delayed_pulled: int
    fast_seen: int = 0
    fast_pulled: int = 0


class OpenBatch(NamedTuple):
    """Begin a batch at this time."""

    time_ms: int


class SealBlock(NamedTuple):
    """Begin the next block."""

    delta_ms: int


class PullMessages(NamedTuple):
    """Pull this many fast messages, then this many delayed ones."""

    fast: int
    delayed: int


class CutBatch(NamedTuple):
    """End the batch."""


Action: TypeAlias = OpenBatch | SealBlock | PullMessages | CutBatch


def decide(view: SequencerView, policy: SequencerPolicy) -> list[Action]:
    """Return what to do now, in order; at most one of each kind.

    Messages are pulled as soon as they are seen, at the end of a block: a pull leaves no order
    class behind it, so the next block begins at once, and late enough to start them over. A flood
    in one queue takes neither the other's turn nor more bytes than a batch has.

    What is old is cut before anything else: the time of a block counts from the one before, which
    is another one if a forced item comes between, but that of a batch from nothing. So a sequencer
    that comes back to an open batch never seals what it slept, to have it twice.
    """
    pulls = _pulls(view)
    if view.opened_ms is None:
        if not (view.pending or pulls):
            return []
        time_ms = max(view.now_ms, view.time_ms + 1)
        seal = [SealBlock(CLASS_RESET_MS)] if pulls else []
        return [OpenBatch(time_ms), *pulls, *seal]
    is_old = view.now_ms - view.opened_ms >= policy.max_batch_age_ms
    is_full = view.batch_bytes >= policy.batch_limit - MARGIN_BYTES
    if is_full or is_old:
        return [CutBatch()]
    elapsed = max(view.now_ms - view.time_ms, 0)
    if pulls:
        return [*pulls, SealBlock(max(elapsed, CLASS_RESET_MS))]
    is_due = view.block_records > 0 and elapsed >= policy.block_interval_ms
    if is_due or view.block_records >= MAX_BLOCK_RECORDS:
        return [SealBlock(elapsed)]
    return []


def _pulls(view: SequencerView) -> list[PullMessages]:
    fast = min(view.fast_seen - view.fast_pulled, MAX_PULLS)
    delayed = min(view.delayed_seen - view.delayed_pulled, MAX_PULLS)
    return [PullMessages(fast, delayed)] if fast or delayed else []
