"""The witness of a verifier call, recorded from what its steps read. Source: docs/spec.md W.

No step writes witness code: a recording mapping sees each leaf a step asks for, in order.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from rollup_node.codec.leaves import encode_leaf
from rollup_node.core.inputs import DelayedMessage, ItemHeader, Messages
from rollup_node.core.invariant import InvariantViolation
from rollup_node.core.kinds import ItemKind, StepKind
from rollup_node.core.layout import BLOB_PAYLOAD_BYTES, CURSOR_KEY, LeafKey
from rollup_node.core.leaves import Leaf, LeafReader, Writes
from rollup_node.core.reason import Reason
from rollup_node.core.weights import is_segment_end
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.chunks import (
    CHUNK_BITS,
    CHUNK_BYTES,
    chunk_branch,
    chunk_levels,
    split_chunks,
)
from rollup_node.proof.machine import Machine, StepResult
from rollup_node.proof.multiproof import fold

BLOB_CHUNKS = BLOB_PAYLOAD_BYTES >> CHUNK_BITS


class BlobData(NamedTuple):
    """The whole payload of an item's blobs, and their versioned hashes."""

    versioned_hashes: tuple[bytes, ...]
    payload: bytes


class Recorder:
    """A mapping over a state that keeps the order of reads of each step, and its writes."""

    def __init__(self, state: LeafReader) -> None:
        self._state = state
        self._written: Writes = {}
        self._reads: dict[LeafKey, None] = {}

    def get(self, key: LeafKey, /) -> Any:  # noqa: ANN401 - the key decides the type of the leaf
        """Return the leaf at `key` or None, and remember that it was read."""
        self._reads[key] = None
        leaf = self._written.get(key)
        return self._state.get(key) if leaf is None else leaf

    def end_step(self, writes: Writes) -> tuple[LeafKey, ...]:
        """Take the writes of a step and return its openings, the cursor left out.

        Raises
        ------
        InvariantViolation
            The step wrote a leaf that it has not read (docs/spec.md X-9).
        """
        unread = writes.keys() - self._reads.keys()
        if unread:
            raise InvariantViolation(f"step wrote leaves it did not read: {sorted(unread)}")
        openings = tuple(key for key in self._reads if key != CURSOR_KEY)
        self._reads.clear()
        self._written.update(writes)
        return openings

    def after(self, key: LeafKey) -> Leaf | None:
        """Return the leaf at `key` after all steps."""
        leaf = self._written.get(key)
        return self._state.get(key) if leaf is None else leaf


class Chunk(NamedTuple):
    """A chunk of the item's data and its branch, from the leaf upwards."""

    data: bytes
    branch: tuple[bytes, ...]


class Call(NamedTuple):
    """A run of steps within one segment: its result as the verifier finds it, and its witness."""

    start_root: bytes
    end_root: bytes
    results: tuple[StepResult, ...]
    weight: int
    is_ended: bool
    header: ItemHeader
    blob_hashes: tuple[bytes, ...]
    first_chunk: int
    chunks: tuple[Chunk, ...]
    messages: tuple[DelayedMessage, ...]
    keys: tuple[LeafKey, ...]
    values: tuple[bytes, ...]
    openings: tuple[tuple[LeafKey, ...], ...]
    siblings: tuple[bytes, ...]

    @property
    def steps(self) -> int:
        """How many steps the call runs."""
        return len(self.results)

    @property
    def kinds(self) -> tuple[StepKind, ...]:
        """The kind of each step."""
        return tuple(result.kind for result in self.results)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The reason of each step."""
        return tuple(result.reason for result in self.results)

    def encode(self) -> bytes:
        """Return the packed witness. Source: docs/spec.md W-1 to W-6. Twin: contracts/src/proof."""
        index = {key: at for at, key in enumerate(self.keys)}
        parts = [encode_header(self.header)]
        if self.header.kind == ItemKind.BLOB:
            parts += [_u(len(self.blob_hashes), 1), *self.blob_hashes]
        parts.append(_u(len(self.chunks), 1))
        if self.chunks:
            parts.append(_u(self.first_chunk, 2))
        for chunk in self.chunks:
            parts += [chunk.data, *chunk.branch]
        parts.append(_u(len(self.messages), 1))
        for kind, sender, timestamp, body in self.messages:
            parts += [_u(kind, 1), sender, _u(timestamp, 5), _u(len(body), 2), body]
        parts.append(_u(len(self.keys), 2))
        for key, value in zip(self.keys, self.values, strict=True):
            parts += [_u(key, 5), _u(len(value), 2), value]
        for opened in self.openings:
            parts += [_u(len(opened), 1), *(_u(index[key], 2) for key in opened)]
        return b"".join([*parts, *self.siblings])


def encode_header(header: ItemHeader) -> bytes:
    """Return the 121 bytes of an item in a witness. Source: docs/spec.md W-1."""
    head = _u(header.kind, 1) + _u(header.byte_length, 4) + header.data_root
    queues = _u(header.delayed_count, 5) + header.delayed_acc
    queues += _u(header.fast_count, 5) + header.fast_acc
    return head + queues + _u(header.min_time, 5) + _u(header.max_time, 5)


def build_call(  # noqa: PLR0913 - an item is four things
    machine: Machine,
    state: ChainState,
    header: ItemHeader,
    data: bytes,
    messages: Messages,
    steps: int,
    *,
    steps_done: int = 0,
    weight_done: int = 0,
    blobs: BlobData | None = None,
) -> Call:
    """Run up to `steps` steps from `state`, which stays, and return the call that proves them.

    Parameters
    ----------
    state
        The state that the call starts from.
    steps_done, weight_done
        What earlier calls did of the same segment; the call stops where the segment ends.
    blobs
        The payload behind a blob batch; if left out, zeros follow after `data`.

    Source: docs/spec.md W, G-3. Twin: contracts/src/StepVerifier.sol `prove`.
    """
    recorder = Recorder(state)
    results: list[StepResult] = []
    openings: list[tuple[LeafKey, ...]] = []
    weight, is_ended = weight_done, False
    while len(results) < steps and not is_ended:
        result = machine.step(recorder, header, data, messages)
        results.append(result)
        openings.append(recorder.end_step(result.writes))
        weight += result.weight
        is_ended = is_segment_end(result.kind, steps_done + len(results), weight)
    first, chunks = _chunks(header, data, results, blobs)
    table = state.prove([CURSOR_KEY, *(key for step in openings for key in step)])
    after = [_value(recorder.after(key)) for key in table.keys]
    return Call(
        start_root=state.root(),
        end_root=fold(table.keys, after, table.siblings),
        results=tuple(results),
        weight=weight - weight_done,
        is_ended=is_ended,
        header=header,
        blob_hashes=blobs.versioned_hashes if blobs else (),
        first_chunk=first,
        chunks=chunks,
        messages=tuple(r.message for r in results if r.message is not None),
        keys=table.keys,
        values=tuple(state.value(key) for key in table.keys),
        openings=tuple(openings),
        siblings=table.siblings,
    )


def _chunks(
    header: ItemHeader, data: bytes, results: Sequence[StepResult], blobs: BlobData | None
) -> tuple[int, tuple[Chunk, ...]]:
    """Return the chunks that hold what the steps read. Source: docs/spec.md W-2."""
    spans = [result.span for result in results if result.span[0] < result.span[1]]
    if not spans:
        return 0, ()
    first, last = spans[0][0] >> CHUNK_BITS, (spans[-1][1] - 1) >> CHUNK_BITS
    if header.kind == ItemKind.BLOB:
        payload = blobs.payload if blobs else data[: header.byte_length]
        return first, _blob_chunks(payload, first, last)
    levels = chunk_levels(data[: header.byte_length])
    pieces = split_chunks(data[: header.byte_length])
    return first, tuple(
        Chunk(pieces[i], tuple(chunk_branch(levels, i))) for i in range(first, last + 1)
    )


def _blob_chunks(payload: bytes, first: int, last: int) -> tuple[Chunk, ...]:
    """Cut the chunks out of each blob's own tree of depth 7. Source: docs/spec.md I-8."""
    found: list[Chunk] = []
    for start in range(0, len(payload), BLOB_PAYLOAD_BYTES):
        base = start >> CHUNK_BITS
        wanted = range(max(first, base), min(last + 1, base + BLOB_CHUNKS))
        if wanted:
            blob = payload[start : start + BLOB_PAYLOAD_BYTES].ljust(BLOB_PAYLOAD_BYTES, b"\x00")
            levels = chunk_levels(blob)
            for at in (i - base for i in wanted):
                piece = blob[at << CHUNK_BITS : (at << CHUNK_BITS) + CHUNK_BYTES]
                found.append(Chunk(piece, tuple(chunk_branch(levels, at))))
    return tuple(found)


def _value(leaf: Leaf | None) -> bytes:
    return b"" if leaf is None else encode_leaf(leaf)


def _u(value: int, size: int) -> bytes:
    return value.to_bytes(size, "big")
