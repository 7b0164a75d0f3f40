"""The sequencer's pipeline: admit, recover, execute, make durable, confirm, publish.

Nothing is confirmed before its group is on disk; what the disk refused is undone. Starting is
replaying: the log gives the batches, L1 gives the items, unposted batches are executed on top.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from rollup_node.codec import eip712
from rollup_node.codec.log_entries import (
    CutEntry,
    OpenEntry,
    RecordsEntry,
    encode_entry,
    feed_preimage,
)
from rollup_node.codec.records import encode_record, frame, iter_records
from rollup_node.codec.signature import sign
from rollup_node.core.inputs import DelayedMessage, Pull, Seal
from rollup_node.core.layout import MAX_RECORD_BYTES
from rollup_node.derive.items import DerivedItem
from rollup_node.node.batches import Chain, OwnBatch
from rollup_node.node.builder import Builder, Position
from rollup_node.node.signers import CHUNK, Recovered, SignerPool
from rollup_node.ports import Clock, CriticalError, L1Update, SequencerBatch
from rollup_node.proof.hashing import keccak
from rollup_node.proof.inbox import record_hash
from rollup_node.roles.sequencer import (
    EXPECTED_HEADER,
    CutBatch,
    OpenBatch,
    PullMessages,
    SealBlock,
    SequencerPolicy,
    SequencerView,
    decide,
)
from rollup_node.rpc.backend import Confirmation, Submitted, TransactionStatus
from rollup_node.rpc.errors import (
    BUSY,
    SEQUENCER_STOPPED,
    STORE_FULL,
    RpcError,
)
from rollup_node.store.log import InputLog, LogFullError

MAX_QUEUED: Final = 20_000
"""Bodies waiting for execution; beyond that callers are told `BUSY`."""
_TICK_SECONDS: Final = 0.05
_KEPT_ITEMS: Final = 512
"""Items behind the newest one on L1 that can still be gone back to."""
_TOO_LARGE: Final = -1
_NO_FORECAST: Final = -1
_FULL_SECONDS: Final = 1.0
"""How long to hold back after the disk was full."""

_logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Request:
    """One call of `submit`, until all its bodies are durable or refused."""

    waiting: int
    done: "asyncio.Future[Confirmation | None]"
    statuses: list[TransactionStatus | None]


class _Chunk(NamedTuple):
    request: _Request
    first: int
    bodies: Sequence[bytes]
    recovered: "asyncio.Task[list[Recovered]]"


@dataclass(slots=True)
class _Executed:
    """One item on the state; `batch` is `None` for a foreign one. Times in ms."""

    start: Position
    batch: OwnBatch | None
    delayed_count: int = 0
    first_ms: int = 0
    last_ms: int = 0


@dataclass(slots=True)
class Counters:
    """What the pipeline did, for `/metrics`."""

    sequenced: int = 0
    rejected: int = 0
    groups: int = 0
    rewinds: int = 0
    undone: int = 0


class _Durable(NamedTuple):
    position: Position
    chain: tuple[int, int, int | None, int, bytes]
    executed: int


class _Group(NamedTuple):
    """Entries on their way to the disk, the callers that wait for them, the state after them."""

    entries: list[bytes]
    staged: list[_Request]
    newest: Confirmation | None
    cuts: int
    after: _Durable | None


class Sequencer:
    """The sequencer of one node process (`ports.SequencerService`)."""

    def __init__(
        self,
        *,
        log: Path,
        key: bytes,
        domain: bytes,
        policy: SequencerPolicy,
        clock: Clock,
        workers: int = 2,
        on_durable: Callable[[int, Sequence[bytes]], None] | None = None,
    ) -> None:
        """Take what it needs; nothing is opened before `start`.

        `on_durable` is told the number of the first entry and the entries of each group on disk.
        """
        self.builder = Builder()
        self.chain = Chain()
        self.counters = Counters()
        self.active = True
        self.ready = False
        self.dropped: set[bytes] = set()
        self._path, self._key, self._domain = log, key, domain
        self._policy, self._clock = policy, clock
        self.on_durable = on_durable
        self._signers = SignerPool(domain, workers)
        self._log: InputLog | None = None
        self._lock = asyncio.Lock()
        self._commit_turn = asyncio.Lock()
        self._current: _Request | None = None
        self._queue: asyncio.Queue[_Chunk] = asyncio.Queue()
        self._queued = 0
        self._messages: list[DelayedMessage] = []
        self._executed: list[_Executed] = []
        self._derived = 0
        self._restored = 0
        self._block_records = 0
        self._frames = bytearray()
        self._entries: list[bytes] = []
        self._staged: list[_Request] = []
        self._wake = asyncio.Event()
        self._durable: _Durable | None = None
        self._durable_cuts = 0
        self._tasks: list[asyncio.Task[None]] = []
        self.failure: BaseException | None = None

    @property
    def log(self) -> InputLog:
        """The open log."""
        if self._log is None:
            raise CriticalError("sequencer: log is not open")
        return self._log

    async def start(self) -> None:
        """Open the log, replay it, start the worker processes."""
        self._log = InputLog(self._path)
        self.chain.restore(self._log.entries())
        self._durable_cuts = sum(b.delayed_count is not None for b in self.chain.batches)
        self._restored = self.chain.covered
        await self._signers.start()
        for loop in (self._execute_loop, self._commit_loop, self._tick_loop):
            task = asyncio.create_task(loop(), name=loop.__name__)
            task.add_done_callback(self._note_failure)
            self._tasks.append(task)

    async def stop(self) -> None:
        """Stop accepting, make durable what was executed, end the processes, close the log."""
        self.active = False
        while (self._queued or self._entries or self._staged) and not self.failure:
            self._wake.set()
            await asyncio.sleep(_TICK_SECONDS)  # the loops are at it
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._signers.stop()
        if self._log is not None:
            self._log.close()
            self._log = None

    async def submit(self, bodies: Sequence[bytes]) -> Submitted:
        """Take bodies in order; return when all are durable or refused.

        Raises `RpcError`: `BUSY`, `SEQUENCER_STOPPED`, `STORE_FULL`.
        """
        self._check_admission(len(bodies))
        future = asyncio.get_running_loop().create_future()
        request = _Request(0, future, [None] * len(bodies))
        for first in range(0, len(bodies), CHUNK):
            part = bodies[first : first + CHUNK]
            task = asyncio.create_task(self._signers.recover(part))
            request.waiting += 1
            self._queued += len(part)
            self._queue.put_nowait(_Chunk(request, first, part, task))
        confirmation = await future
        return Submitted([s for s in request.statuses if s is not None], confirmation)

    def batches(self, first: int, limit: int) -> Sequence[SequencerBatch]:
        """Return cut and durable batches from number `first` on."""
        chosen = self.chain.batches[first : min(first + limit, self._durable_cuts)]
        return [SequencerBatch(b.number, bytes(b.data), b.delayed_count or 0) for b in chosen]

    async def on_l1(self, update: L1Update) -> None:
        """Follow L1: new messages are pulled, items that differ from the forecast are redone."""
        if self.ready and not (update.reorg or update.items or update.messages):
            return
        async with self._commit_turn, self._lock:
            await self._write(self._take())  # so that going back never meets a group on its way
            lost_messages = update.kept_messages < len(self._messages)
            pulled = self.builder.cursor.delayed
            del self._messages[update.kept_messages :]
            self._messages += update.messages
            redo = self._first_difference(update)
            if redo is None and lost_messages and pulled > update.kept_messages:
                redo = min(update.kept_items, len(self._executed))
            self._derived = update.kept_items + len(update.items)
            if redo is not None:
                await self._redo(redo, update)
                self._durable = self._save()
            self.ready = True
            self._forget_old()
            self._advance()

    async def cut_now(self) -> None:
        """Cut the open batch, if there is one, and make it durable."""
        async with self._commit_turn, self._lock:
            if self.chain.open_batch is not None:
                self._cut()
            await self._write(self._take())

    @property
    def derived_items(self) -> int:
        """How many items L1 has, as of the last update."""
        return self._derived

    def start_of_item(self, number: int) -> Position | None:
        """Return the moment before an item, `None` if it was not begun."""
        return self._executed[number].start if number < len(self._executed) else None

    def durable_confirmations(self) -> Sequence[Confirmation]:
        """Return the confirmations whose groups are on disk, in order."""
        made, durable = self.chain.confirmations, self._durable
        covered = self._restored if durable is None else durable.chain[3]
        return made if not made or made[-1].covered <= covered else made[:-1]

    def feed_messages(self, first: int, limit: int) -> list[tuple[int, bytes, bytes]]:
        """Return durable entries with number and signature (docs/spec.md B-4)."""
        entries = self.log.read(first, limit)
        return [
            (number, entry, sign(keccak(feed_preimage(self._domain, number, entry)), self._key))
            for number, entry in enumerate(entries, first)
        ]

    def _check_admission(self, count: int) -> None:
        if not self.active or not self.ready or self.failure:
            raise RpcError(
                SEQUENCER_STOPPED, "the sequencer takes no transactions", reason="STOPPED"
            )
        if self._queued + count > MAX_QUEUED:
            text = f"{self._queued} transactions are waiting (at most) {MAX_QUEUED}: try later"
            raise RpcError(BUSY, text, reason="BUSY")

    def _note_failure(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        self.failure = error
        self.active = False
        _logger.critical("sequencer stopped: %s", error)
        failure = RpcError(SEQUENCER_STOPPED, "the sequencer failed", reason="STOPPED")
        self._refuse(failure)

    def _refuse(self, failure: RpcError) -> None:
        """Tell every caller that nothing of theirs was kept."""
        found = [*self._staged, *([self._current] if self._current else [])]
        requests = {id(request): request for request in found}
        while not self._queue.empty():
            chunk = self._queue.get_nowait()
            chunk.recovered.cancel()
            self._queued -= len(chunk.bodies)
            requests[id(chunk.request)] = chunk.request
        self._staged = []
        for request in requests.values():
            if not request.done.done():
                request.done.set_exception(failure)

    # --- executing ---

    async def _execute_loop(self) -> None:
        while True:
            chunk = await self._queue.get()
            self._current = chunk.request
            recovered = await chunk.recovered
            async with self._lock:
                self._execute(chunk, recovered)
            self._queued -= len(chunk.bodies)
            self._current = None
            self._wake.set()
            await asyncio.sleep(0)

    def _execute(self, chunk: _Chunk, recovered: list[Recovered]) -> None:
        """Execute a chunk; opens and cuts batches as the policy says."""
        self._advance(pending=True)
        request, first, bodies, _ = chunk
        statuses = request.statuses
        limit = self._policy.batch_limit - MAX_RECORD_BYTES
        batch = self._need_batch()
        transact, extend, frames = self.builder.transact, self.chain.extend, self._frames
        accepted = 0
        for place, (body, found) in enumerate(zip(bodies, recovered, strict=True), first):
            if len(batch.data) > limit:
                self._block_records += accepted
                accepted = 0
                self._cut()
                self._advance(pending=True)
                batch, frames = self._need_batch(), self._frames
            if self.dropped and found.signer in self.dropped:
                statuses[place] = TransactionStatus(0, found.record_hash, 0)
                continue
            if len(body) > MAX_RECORD_BYTES:
                statuses[place] = TransactionStatus(0, found.record_hash, _TOO_LARGE)
                continue
            reason = transact(body, found, self.chain.covered)
            if reason:
                self.counters.rejected += 1
                statuses[place] = _refusal(found, int(reason))
                continue
            sequence = extend(found.record_hash)
            framed = len(body).to_bytes(2, "big") + body
            batch.data += framed
            frames += framed
            accepted += 1
            statuses[place] = TransactionStatus(sequence, found.record_hash, 0)
        self._block_records += accepted
        self.counters.sequenced += accepted
        request.waiting -= 1
        if not request.waiting:
            self._staged.append(request)

    def _need_batch(self) -> OwnBatch:
        batch = self.chain.open_batch
        if batch is None:
            raise CriticalError("policy opened no batch for waiting transactions")
        return batch

    def _advance(self, *, pending: bool = False) -> None:
        """Do what the policy decides until it decides nothing more."""
        if not self.ready:
            return
        for _ in range(4):
            actions = decide(self._view(pending=pending), self._policy)
            for action in actions:
                self._act(action)
            if not any(isinstance(action, CutBatch) for action in actions):
                break
        if self._entries or self._frames:
            self._wake.set()

    def _view(self, *, pending: bool) -> SequencerView:
        cursor = self.builder.cursor
        batch = self.chain.open_batch
        return SequencerView(
            now_ms=self._clock.now_ms(),
            time_ms=max(cursor.time_ms, self.chain.last_time_ms),
            opened_ms=None if batch is None else batch.time_ms,
            batch_bytes=0 if batch is None else len(batch.data),
            block_records=self._block_records,
            pending=pending,
            delayed_seen=len(self._messages) if self.active else cursor.delayed,
            delayed_pulled=cursor.delayed,
        )

    def _act(self, action: object) -> None:
        if isinstance(action, OpenBatch):
            self._open(action.time_ms)
        elif isinstance(action, SealBlock):
            size = self._append(encode_record(Seal(action.delta_ms)))
            self.builder.seal(EXPECTED_HEADER, action.delta_ms, size)
            self._block_records = 0
        elif isinstance(action, PullMessages):
            for _ in range(action.messages):
                size = self._append(encode_record(Pull()))
                self.builder.pull(self._messages[self.builder.cursor.delayed], size)
                self._block_records += 1
        elif isinstance(action, CutBatch):
            self._cut()

    def _open(self, time_ms: int) -> None:
        batch = self.chain.begin(time_ms)
        self._entries.append(encode_entry(OpenEntry(time_ms)))
        start = self.builder.position()
        self.builder.open(EXPECTED_HEADER, time_ms)
        first_ms = self.builder.cursor.time_ms
        self._executed.append(_Executed(start, batch, 0, first_ms))

    def _append(self, body: bytes) -> int:
        """Put a record of the sequencer itself into the open batch; return its framed size."""
        framed = frame(body)
        self._need_batch().data += framed
        self._frames += framed
        self.chain.extend(record_hash(body))
        return len(framed)

    def _cut(self) -> None:
        batch = self._need_batch()
        self._flush_frames()
        delayed = self.builder.cursor.delayed
        batch.delayed_count = delayed
        self._entries.append(encode_entry(CutEntry(delayed)))
        self._finish(batch)
        self._block_records = 0

    def _finish(self, batch: OwnBatch) -> None:
        executed = self._executed[-1]
        executed.last_ms = self.builder.cursor.time_ms
        delayed = min(batch.delayed_count or 0, len(self._messages))
        delayed = max(delayed, self.builder.cursor.delayed)
        executed.delayed_count = delayed
        self.builder.finish(delayed, self._messages)

    def _flush_frames(self) -> None:
        """Turn the frames so far into an entry with its confirmation."""
        if not self._frames:
            return
        covered, link = self.chain.covered, self.chain.link
        signature = sign(eip712.confirmation_digest(self._domain, covered, link), self._key)
        entry = RecordsEntry(covered, link, signature, bytes(self._frames))
        self._entries.append(encode_entry(entry))
        self.chain.confirmations.append(Confirmation(covered, link, signature))
        self._frames = bytearray()

    # --- making durable ---

    async def _commit_loop(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            async with self._commit_turn:
                async with self._lock:
                    group = self._take()
                is_kept = await self._write(group)
            if not is_kept:
                await asyncio.sleep(_FULL_SECONDS)

    def _take(self) -> _Group:
        """Take everything executed so far off the pipeline, as the next group."""
        self._flush_frames()
        entries, self._entries = self._entries, []
        staged, self._staged = self._staged, []
        newest = self.chain.confirmations[-1] if self.chain.confirmations else None
        cuts = len(self.chain.batches) - (self.chain.open_batch is not None)
        return _Group(entries, staged, newest, cuts, self._save() if entries else None)

    async def _write(self, group: _Group) -> bool:
        """Make a group durable and confirm it; tell whether the disk took it."""
        if group.entries:
            try:
                number = await self.log.commit(group.entries)
            except LogFullError as error:
                self._staged = group.staged + self._staged
                self._undo(error)
                return False
            self._durable, self._durable_cuts = group.after, group.cuts
            self.counters.groups += 1
            if self.on_durable is not None:
                self.on_durable(number, group.entries)
        for request in group.staged:
            if not request.done.done():
                request.done.set_result(group.newest)
        return True

    def _save(self) -> _Durable:
        return _Durable(self.builder.position(), self.chain.save(), len(self._executed))

    def _undo(self, error: LogFullError) -> None:
        """Go back to what is on disk and refuse everything after it."""
        _logger.error("%s", error)
        saved = self._durable
        if saved is None:
            raise CriticalError("sequencer: nothing durable to go back to")
        self.builder.rewind(saved.position)
        self.chain.restore_to(saved.chain)
        del self._executed[saved.executed :]
        self._frames, self._entries = bytearray(), []
        self._block_records = len(self.builder.ledger.hashes)
        self.counters.undone += 1
        self._refuse(RpcError(STORE_FULL, str(error), reason="STORE_FULL"))

    async def _tick_loop(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            if not self._queued:
                async with self._lock:
                    self._advance()

    # --- following L1 ---

    def _first_difference(self, update: L1Update) -> int | None:
        """Return the number of the first item that was executed otherwise than L1 has it."""
        for number, item in enumerate(update.items, update.kept_items):
            if number >= len(self._executed) or not self._is_forecast(number, item):
                return number
        if update.reorg and update.kept_items < self._derived:
            after = self._executed[update.kept_items + len(update.items) :]
            if any(executed.batch is None for executed in after):
                return update.kept_items + len(update.items)
        return None if self.ready else len(update.items)

    def _is_forecast(self, number: int, item: DerivedItem) -> bool:
        executed = self._executed[number]
        batch, header = executed.batch, item.header
        return (
            batch is not None
            and batch.delayed_count is not None
            and item.data == batch.data
            and header.delayed_count == executed.delayed_count
            and max(header.min_time * 1_000, 0) <= executed.first_ms
            and executed.last_ms <= header.max_time * 1_000
        )

    async def _redo(self, number: int, update: L1Update) -> None:
        """Execute again from an item on: what L1 has, then own batches that it does not have."""
        if number < len(self._executed):
            _logger.info("item %d differs from the forecast: executing again", number)
            self.counters.rewinds += 1
            self.builder.rewind(self._executed[number].start)
        done = [e.batch.number for e in self._executed[:number] if e.batch is not None]
        posted = max(done, default=-1)
        del self._executed[number:]
        for item in update.items[number - update.kept_items :]:
            batch = self._own_batch(item, posted + 1)
            posted = batch.number if batch is not None else posted
            await self._execute_derived(item, batch)
        for batch in self.chain.batches[posted + 1 :]:
            await self._execute_own(batch)
        self._block_records = len(self.builder.ledger.hashes)

    def _own_batch(self, item: DerivedItem, first: int) -> OwnBatch | None:
        for batch in self.chain.batches[first : first + 4]:
            if batch.delayed_count is not None and batch.data == item.data:
                return batch
        return None

    async def _execute_derived(self, item: DerivedItem, batch: OwnBatch | None) -> None:
        start = self.builder.position()
        recovered = await self._recover_data(item.data)
        first = -1 if batch is None else batch.first_sequence
        self.builder.run(item.header, item.data, self._messages, recovered, first)
        self.builder.finish(item.header.delayed_count, self._messages)
        # Executed under the header of L1: no forecast, so if L1 takes it back it is done again.
        self._executed.append(_Executed(start, batch, item.header.delayed_count, _NO_FORECAST))

    async def _execute_own(self, batch: OwnBatch) -> None:
        """Execute an unposted batch under the expected header."""
        start = self.builder.position()
        data = bytes(batch.data)
        recovered = await self._recover_data(data)
        header = EXPECTED_HEADER._replace(byte_length=len(data))
        first_ms = max(self.builder.cursor.time_ms, batch.time_ms)
        self.builder.run(header, data, self._messages, recovered, batch.first_sequence)
        self._executed.append(_Executed(start, batch, 0, first_ms))
        if batch.delayed_count is not None:
            self._finish(batch)

    async def _recover_data(self, data: bytes) -> list[Recovered]:
        """Recover all records of a batch; seals and pulls come back without a transaction."""
        bodies = [body for _, body in iter_records(data)]
        chunks = [bodies[at : at + CHUNK] for at in range(0, len(bodies), CHUNK)]
        answers = await asyncio.gather(*(self._signers.recover(chunk) for chunk in chunks))
        return [found for answer in answers for found in answer]

    def _forget_old(self) -> None:
        """Forget how to go back behind what L1 will not take back any more."""
        keep = self._derived - _KEPT_ITEMS
        if keep > 0 and keep < len(self._executed):
            self.builder.state.prune(self._executed[keep].start.mark)


def _refusal(found: Recovered, reason: int) -> TransactionStatus:
    return TransactionStatus(0, found.record_hash, reason, _FIELD_OF_REASON.get(reason))


_FIELD_OF_REASON: Final = {
    3: "transaction",
    5: "from",
    6: "signature",
    8: "nonce",
    9: "nonce",
    10: "nonce",
    11: "asset",
    12: "amount",
    13: "to",
    14: "to",
    15: "amount",
    16: "amount",
    17: "recipient",
    19: "newOwner",
}
"""Reasons of docs/spec.md X-10 and the field that is at fault."""
