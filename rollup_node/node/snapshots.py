"""Snapshots of a state and the history before them, so that a node need not start at genesis.

A snapshot is the state as it was before one inbox item. What was executed up to there, and is no
part of the state (blocks, records), goes into a log of its own, one row per item: it only grows, so
it is written once and not with every snapshot. A row supersedes all earlier rows of its item and of
later ones, so going back on L1 needs no rewriting. Nothing here is needed: what is missing, torn,
changed or not of this chain is left aside, and an older snapshot or genesis is used.
"""

import asyncio
import contextlib
import gc
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import msgspec

from rollup_node.ports import RollupError
from rollup_node.proof.chain_state import ChainState
from rollup_node.store.log import InputLog, LogDamagedError
from rollup_node.store.snapshots import SnapshotStore, SnapshotWriter

PART_LEAVES: Final = 100
"""Leaves encoded at once: some 0.2 ms in which nothing else goes on."""
_SYNC_BYTES: Final = 4 << 20
_PAUSE_SECONDS: Final = 0.001

_logger = logging.getLogger(__name__)


class SnapshotPolicy(NamedTuple):
    """When a snapshot is due, counted in records (seals and pulls included).

    Attributes
    ----------
    every_records
        Records that the last snapshot does not know and the next one would.
    kept_records
        Records after the snapshot: they are executed again at the start, so that the state can
        still be taken back, and proven, as it was before each of their items.
    every_items
        Items, for a chain with few records.
    rest
        How many times the work of a snapshot is left in peace before the next one.
    """

    every_records: int = 10_000
    kept_records: int = 5_000
    every_items: int = 512
    rest: int = 32


DEFAULT_POLICY: Final = SnapshotPolicy()


class LogPoint(NamedTuple):
    """How much of the sequencer's log was durable: entries, records, link after them."""

    entries: int
    covered: int
    link: bytes


class Head(msgspec.Struct, frozen=True, array_like=True):
    """What a snapshot says about itself.

    `identity` names the chain; `item` inbox items are executed, `block_hash` is that of their last
    block, `rows` the length of the history at that time.
    """

    item: int
    state_root: bytes
    block_hash: bytes
    identity: bytes = b""
    rows: int = 0
    log: LogPoint = LogPoint(0, 0, bytes(32))


class Row(NamedTuple):
    """What happened in one item, as its owner encodes it."""

    item: int
    content: bytes


class Found(NamedTuple):
    """A snapshot that can be used: its leaves hash to its root."""

    head: Head
    rows: list[bytes]
    state: ChainState


class Subject(Protocol):
    """What is saved: it knows its items, and how its state was before each of them."""

    @property
    def state(self) -> ChainState:
        """The state as it is."""

    @property
    def last(self) -> int:
        """The newest item whose beginning may be saved, 0 for none."""

    def mark(self, item: int) -> int:
        """Return the mark of the state before an item."""

    def record_count(self, item: int) -> int:
        """Return how many records an item has."""

    def head(self, item: int) -> Head:
        """Return what a snapshot before an item says about itself."""

    def row(self, item: int) -> bytes:
        """Return what happened in an item."""


class Snapshots:
    """The snapshots of one state in one folder; `item` is that of the newest."""

    def __init__(self, folder: Path, identity: bytes, policy: SnapshotPolicy) -> None:
        self._identity = identity
        self._policy = policy
        path = folder / "history"
        try:
            self._history = InputLog(path)
            self._store = SnapshotStore(folder)
        except LogDamagedError as error:
            _logger.warning("history and snapshots are left aside: %s", error)
            path.unlink()
            self._history = InputLog(path)
            self._store = SnapshotStore(folder)
            self._store.drop_after(-1)
        self._rest_until = 0.0
        self._turn = asyncio.Lock()
        self.item = 0

    def candidates(self, at_most: int | None = None) -> Iterator[Found]:
        """Return what can be used, the newest first; with `at_most` none after that item."""
        for number in self._store.numbers():
            if at_most is not None and number > at_most:
                continue
            try:
                with _without_collections():
                    found = self._load(number)
            except (ValueError, OSError, msgspec.MsgspecError) as error:
                _logger.warning("snapshot %d is left aside: %s", number, error)
                continue
            yield found

    def forget(self, item: int) -> None:
        """Take note that what was executed from `item` on is void."""
        if item < self.item:
            self._store.drop_after(item)
            self.item = max(self._store.numbers(), default=0)

    def use(self, item: int) -> None:
        """Take note that the state goes on from the snapshot before `item`, 0 for genesis."""
        self._store.drop_after(item)
        self.item = item

    def is_due(self, subject: Subject) -> bool:
        """Tell whether enough happened since the last snapshot, and long enough ago."""
        item, policy = self._choose(subject), self._policy
        if item <= self.item or time.monotonic() < self._rest_until:
            return False
        if item - self.item >= policy.every_items:
            return True
        return sum(map(subject.record_count, range(self.item, item))) >= policy.every_records

    async def save(self, subject: Subject) -> int:
        """Write a snapshot of the newest moment that may be saved; return its bytes.

        Other things go on meanwhile. Nothing is written, and 0 returned, if there is no new moment,
        if that moment is taken back meanwhile, or if the disk refuses.
        """
        async with self._turn:
            item = self._choose(subject)
            return await self._save(subject, item) if item > self.item else 0

    def close(self) -> None:
        """Close the history."""
        self._history.close()

    async def _save(self, subject: Subject, item: int) -> int:
        state = subject.state
        rewinds = state.rewinds

        def check() -> None:
            if subject.state is not state or state.rewinds != rewinds:
                raise KeyError("the state went back meanwhile")

        try:
            size = await self._write(subject, item, check)
        except KeyError as error:
            _logger.info("no snapshot before item %d: %s", item, error)
            self._store.drop(item)
            return 0
        except (OSError, RollupError) as error:
            _logger.warning("no snapshot before item %d: %s", item, error)
            return 0
        self.item = item
        self._store.drop_old()
        return size

    def _choose(self, subject: Subject) -> int:
        """Return the item whose beginning is to be saved: not too many records ago."""
        best = records = 0
        for item in range(subject.last, self.item, -1):
            records += subject.record_count(item)
            is_far = best and records > self._policy.kept_records
            if is_far or subject.mark(item) < subject.state.first_mark:
                break
            best = item
        return best

    async def _write(self, subject: Subject, item: int, check: Callable[[], None]) -> int:
        head = subject.head(item)
        for number in range(self.item, item):
            row = msgspec.msgpack.encode(Row(number, subject.row(number)))
            await self._history.commit([row])
            check()
        rows, identity = self._history.next_number, self._identity
        head = msgspec.structs.replace(head, identity=identity, rows=rows)
        began = time.monotonic()
        writer = self._store.begin(item, msgspec.msgpack.encode(head))
        try:
            with contextlib.closing(
                subject.state.parts_at(subject.mark(item), PART_LEAVES)
            ) as parts:
                spent = await _write_parts(writer, parts)
            await asyncio.to_thread(writer.finish)
        except BaseException:
            writer.abort()
            raise
        check()
        self._rest_until = time.monotonic() + self._policy.rest * spent
        fields = {"bytes": writer.size, "seconds": round(time.monotonic() - began, 3)}
        _logger.info("wrote a snapshot before item %d", item, extra=fields)
        return writer.size

    def _load(self, number: int) -> Found:
        saved = self._store.read(number)
        head = msgspec.msgpack.decode(saved.head, type=Head)
        if head.identity != self._identity or head.item != number:
            raise ValueError("it is of another chain")
        if head.rows > self._history.next_number:
            raise ValueError(f"{head.rows} rows of history; there are {self._history.next_number}")
        rows: list[bytes] = []
        for raw in self._history.read(0, head.rows):
            row = msgspec.msgpack.decode(raw, type=Row)
            del rows[row.item :]
            if row.item != len(rows):
                raise ValueError(f"history: row of item {row.item} != {len(rows)}")
            rows.append(row.content)
        if len(rows) < number:
            raise ValueError(f"history: {len(rows)} rows < {number}")
        parts = (bytes(part) for part in saved.parts)
        return Found(head, rows[:number], ChainState.from_parts(head.state_root, parts))


@contextlib.contextmanager
def _without_collections() -> Iterator[None]:
    """Make millions of objects that stay, and keep the garbage collector from looking at them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_enabled:
            gc.enable()


async def _write_parts(writer: SnapshotWriter, parts: Iterable[bytes]) -> float:
    """Write all parts with pauses between them; return the seconds that the loop spent on it."""
    spent, synced, began = 0.0, 0, time.perf_counter()
    for part in parts:
        if part:
            writer.add(part)
        spent += time.perf_counter() - began
        if writer.size - synced > _SYNC_BYTES:
            synced = writer.size
            await asyncio.to_thread(writer.sync)
        else:
            await asyncio.sleep(_PAUSE_SECONDS)
        began = time.perf_counter()
    return spent
