"""The batch poster: puts the sequencer's batches on L1, each once and in order.

What is on L1 is the only truth: a batch is posted when an inbox item holds exactly its bytes (two
batches never have equal bytes, because their prefix times strictly increase). So a poster that was
killed after any action finds out what it has done, and an L1 reorg makes it post again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

BatchMode = Literal["calldata", "blob", "alternate"]

MAX_CALLDATA_BYTES: Final = 122_880
"""Longest batch that fits into calldata (docs/spec.md I-4)."""

MESSAGE_PATIENCE_SECONDS: Final = 12
"""L1 time to wait for messages that the sequencer has seen and this node has not."""

_KEPT_MATCHES: Final = 4096


@dataclass(frozen=True, slots=True)
class CutBatch:
    """A batch of the sequencer: its number from 0, its bytes, what it consumes at least."""

    number: int
    data: bytes
    delayed_count: int
    fast_count: int = 0


@dataclass(frozen=True, slots=True)
class PosterView:
    """L1 at one block, and the sequencer's next batches.

    Attributes
    ----------
    l1_time
        Timestamp of that block, seconds.
    kept_items
        Inbox items below this index are the same as at the last decision.
    items
        Data of all inbox items, in order.
    accumulator
        `acc[len(items)]`.
    consumed, received
        Delayed messages consumed by the items, and received.
    delayed_accumulator
        `delayedAcc[n]` for `n <= received`.
    fast_consumed, fast_received, fast_accumulator
        The same of the fast queue.
    first_batch, batches
        Batches of the sequencer from that number on.
    complete
        Whether `batches` reach to the newest one.
    """

    l1_time: int
    kept_items: int
    items: Sequence[bytes]
    accumulator: bytes
    consumed: int
    received: int
    delayed_accumulator: Callable[[int], bytes]
    fast_consumed: int
    fast_received: int
    fast_accumulator: Callable[[int], bytes]
    first_batch: int
    batches: Sequence[CutBatch]
    complete: bool


@dataclass(frozen=True, slots=True)
class PosterMemory:
    """What the poster knows of L1.

    Attributes
    ----------
    scanned
        Inbox items looked at.
    forgotten
        Batches known to be on L1 whose position is no longer kept.
    matches
        Index of the inbox item of each later batch that is on L1.
    short_since
        L1 time at which messages for the next batch were first found missing.
    """

    scanned: int = 0
    forgotten: int = 0
    matches: tuple[int, ...] = ()
    short_since: int | None = None

    @property
    def next_batch(self) -> int:
        """Return the number of the first batch that is not known to be on L1."""
        return self.forgotten + len(self.matches)


@dataclass(frozen=True, slots=True)
class PostBatch:
    """Append a batch to the inbox, as calldata or as blobs."""

    number: int
    data: bytes
    as_blobs: bool
    expected_accumulator: bytes
    delayed_count: int
    expected_delayed_accumulator: bytes
    fast_count: int
    expected_fast_accumulator: bytes


def decide(
    view: PosterView, memory: PosterMemory, mode: BatchMode = "calldata"
) -> tuple[PosterMemory, tuple[PostBatch, ...]]:
    """Return what is known after this view, and the batch to post now, if any.

    Nothing is posted before all inbox items have been looked at.
    """
    memory = _scan(view, _forget_reorged(view, memory))
    batch = _batch(view, memory.next_batch)
    if batch is None or memory.scanned < len(view.items):
        return memory, ()
    count = max(batch.delayed_count, view.consumed)
    fast_count = max(batch.fast_count, view.fast_consumed)
    if count > view.received or fast_count > view.fast_received:
        since = view.l1_time if memory.short_since is None else memory.short_since
        if view.l1_time - since < MESSAGE_PATIENCE_SECONDS:
            return replace(memory, short_since=since), ()
        count = min(count, view.received)  # an L1 reorg took messages away for good
        fast_count = min(fast_count, view.fast_received)
    action = PostBatch(
        number=batch.number,
        data=batch.data,
        as_blobs=is_blob_batch(batch, mode),
        expected_accumulator=view.accumulator,
        delayed_count=count,
        expected_delayed_accumulator=view.delayed_accumulator(count),
        fast_count=fast_count,
        expected_fast_accumulator=view.fast_accumulator(fast_count),
    )
    return replace(memory, short_since=None), (action,)


def is_blob_batch(batch: CutBatch, mode: BatchMode) -> bool:
    """Tell whether a batch goes into blobs; in mode `alternate` every second one does."""
    if len(batch.data) > MAX_CALLDATA_BYTES:
        return True
    return mode == "blob" or (mode == "alternate" and batch.number & 1 == 1)


def _forget_reorged(view: PosterView, memory: PosterMemory) -> PosterMemory:
    """Forget what stood in items that L1 dropped; everything if that is not kept any more."""
    if view.kept_items >= memory.scanned:
        return memory
    kept = tuple(index for index in memory.matches if index < view.kept_items)
    if not kept and memory.forgotten:
        return PosterMemory()
    return replace(memory, scanned=view.kept_items, matches=kept)


def _scan(view: PosterView, memory: PosterMemory) -> PosterMemory:
    """Match items with batches, as far as the batches at hand reach."""
    matches, scanned = list(memory.matches), memory.scanned
    end = view.first_batch + len(view.batches)
    while scanned < len(view.items):
        number = memory.forgotten + len(matches)
        batch = _batch(view, number)
        if batch is None and not (view.complete and number >= end):
            break
        if batch is not None and view.items[scanned] == batch.data:
            matches.append(scanned)
        scanned += 1
    drop = max(len(matches) - _KEPT_MATCHES, 0)
    return replace(
        memory,
        scanned=scanned,
        forgotten=memory.forgotten + drop,
        matches=tuple(matches[drop:]),
    )


def _batch(view: PosterView, number: int) -> CutBatch | None:
    offset = number - view.first_batch
    return view.batches[offset] if 0 <= offset < len(view.batches) else None
