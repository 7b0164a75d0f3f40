"""The sequencer's pipeline: admit, recover, execute, make durable, confirm, publish.

Nothing is confirmed before its group is on disk; what the disk refused is undone. Starting is
replaying: the log gives the batches, L1 gives the items, unposted batches are executed on top. A
snapshot is a place to begin that, never an authority: it must fit the log and then L1.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

from rollup_node.codec.log_entries import feed_preimage
from rollup_node.codec.signature import sign
from rollup_node.core.layout import CLASS_RESET_MS
from rollup_node.node.assembly import Assembly, Counters, Moment
from rollup_node.node.batches import Chain
from rollup_node.node.builder import Builder, Position
from rollup_node.node.disk import DiskProcess
from rollup_node.node.forecast import Forecast
from rollup_node.node.requests import Answers, Executed, Request
from rollup_node.node.resume import Resume
from rollup_node.node.roots import TreeProcess
from rollup_node.node.signers import CHUNK, Recovered, SignerPool
from rollup_node.node.snapshots import DEFAULT_POLICY, SnapshotPolicy, Snapshots
from rollup_node.node.tape import Heard, TapeReader
from rollup_node.ports import Clock, CriticalError, L1Update, SequencerBatch
from rollup_node.proof.hashing import keccak
from rollup_node.roles.sequencer import SequencerPolicy
from rollup_node.rpc.backend import Asker, Body, Confirmation, Submitted
from rollup_node.rpc.errors import BUSY, SEQUENCER_STOPPED, STORE_FULL, RpcError
from rollup_node.rpc.stages import StageClock
from rollup_node.store.log import InputLog, LogFullError

MAX_QUEUED: Final = 20_000
"""Bodies waiting for execution; beyond that callers are told `BUSY`."""
_TICK_SECONDS: Final = 0.05
_SNAPSHOT_SECONDS: Final = 1.0
"""How often to look whether a snapshot is due."""
_COMMIT_SECONDS: Final = 0.002
"""From one group to the next at least, while there is one after the other: each has a price."""
_SLICE: Final = 16
"""Bodies executed in one go: an order takes 40 µs, a quote of 20 legs 700."""
_TURN_SECONDS: Final = CLASS_RESET_MS / 1_000
_BACKLOG: Final = 500
_MORE_TURNS: Final = 3
"""While this many bodies wait anyway, blocks are up to so many turns longer: a root costs less per
record the more records it is over."""
_FULL_SECONDS: Final = 1.0
"""How long to hold back after the disk was full."""

_logger = logging.getLogger(__name__)


class _Chunk(NamedTuple):
    request: Request
    first: int
    size: int
    recovered: "asyncio.Task[list[Recovered]]"


class _Group(NamedTuple):
    """Entries on their way to the disk, the callers that wait for them, the state after them."""

    entries: list[bytes]
    staged: list[tuple[Request, Executed]]
    newest: Confirmation | None
    cuts: int
    after: Moment | None
    heard: list[Heard]


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
        snapshots: SnapshotPolicy = DEFAULT_POLICY,
        on_durable: Callable[[int, Sequence[bytes]], None] | None = None,
    ) -> None:
        """Take what it needs; nothing is opened before `start`.

        Snapshots go into a folder beside the log. `on_durable` is told the number of the first
        entry and the entries of each group on disk.
        """
        self._assembly = Assembly(domain, key, policy, clock)
        self.clock = StageClock()
        self.active = True
        self.ready = False
        self.dropped: set[bytes] = set()
        self._path, self._key, self._domain = log, key, domain
        self.on_durable = on_durable
        self.markets: TapeReader | None = None
        self._signers = SignerPool(domain, workers)
        self._tree = TreeProcess(self._fail)
        self._disk = DiskProcess(log)
        self._forecast = Forecast(self._assembly, self._signers)
        self._log: InputLog | None = None
        self._policy = snapshots
        self._snapshots: Snapshots | None = None
        self._resume: Resume | None = None
        self._lock = asyncio.Lock()
        self._commit_turn = asyncio.Lock()
        self._current: Request | None = None
        self._queue: asyncio.Queue[_Chunk] = asyncio.Queue()
        self._queued = 0
        self._restored = 0
        self._staged: list[Request] = []
        self._wake = asyncio.Event()
        self._is_holding = asyncio.Event()
        self._durable: Moment | None = None
        self._durable_cuts = 0
        self._tasks: list[asyncio.Task[None]] = []
        self.failure: BaseException | None = None

    @property
    def builder(self) -> Builder:
        """State and ledger."""
        return self._assembly.builder

    @property
    def chain(self) -> Chain:
        """Own batches and the record chain."""
        return self._assembly.chain

    @property
    def counters(self) -> Counters:
        """What the pipeline did."""
        return self._assembly.counters

    @property
    def queue_length(self) -> int:
        """How many transactions wait for execution."""
        return self._queued

    @property
    def durable_batches(self) -> int:
        """How many batches are cut and on disk."""
        return self._durable_cuts

    @property
    def log(self) -> InputLog:
        """The open log."""
        if self._log is None:
            raise CriticalError("sequencer: log is not open")
        return self._log

    async def start(self) -> None:
        """Open the log, bring the newest snapshot back, start the worker processes."""
        self._log = InputLog(self._path)
        folder = self._path.with_name("snapshots")
        self._snapshots = Snapshots(folder, self._domain, self._policy)
        self._resume = Resume(self._assembly, self._log, self._snapshots)
        self._resume.start()
        self._forecast.resume = self._resume
        self._durable_cuts = sum(b.delayed_count is not None for b in self.chain.batches)
        self._restored = self.chain.covered
        await asyncio.gather(self._signers.start(), self._tree.start(), self._disk.start())
        self.builder.root_by(self._tree)
        self._log.sync_by(self._disk.sync)
        for loop in self._loops():
            task = asyncio.create_task(loop(), name=loop.__name__)
            task.add_done_callback(self._note_failure)
            self._tasks.append(task)

    async def stop(self) -> None:
        """Stop accepting, make durable what was executed, end the processes, close the log."""
        self.active = False
        while not self.failure and (
            self._queued or self._assembly.held or self._assembly.entries or self._staged
        ):
            self._wake.set()
            await asyncio.sleep(_TICK_SECONDS)  # the loops are at it
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._log is not None and not self.failure:
            await self._tree.settle()
        await self._tree.stop()
        await self._signers.stop()
        await self._disk.stop()
        if self._snapshots is not None:
            self._snapshots.close()
            self._snapshots = None
        if self._log is not None:
            self._log.close()
            self._log = None

    async def save_snapshot(self) -> int:
        """Write a snapshot now, beside what else goes on; return its bytes, 0 if nothing is new."""
        if self._resume is None or not self.ready:
            return 0
        return await self._resume.save(self._durable_cuts)

    async def submit(self, bodies: Sequence[Body]) -> Submitted:
        """Take bodies in order; return when all are durable or rejected.

        Raises `RpcError`: `BUSY`, `SEQUENCER_STOPPED`, `STORE_FULL`.
        """
        if not bodies:
            return Submitted([], None)
        answers = Answers(len(bodies))
        self.enter(bodies, answers)
        confirmation = await answers.done
        return Submitted([answers.statuses[n] for n in range(len(bodies))], confirmation)

    def enter(self, bodies: Sequence[Body], asker: Asker) -> None:
        """Take bodies in order; `asker` hears of each as soon as it is durable or rejected.

        Raises `RpcError`: `BUSY`, `SEQUENCER_STOPPED`.
        """
        self._check_admission(len(bodies))
        request = Request(asker)
        for first in range(0, len(bodies), CHUNK):
            part = bodies[first : first + CHUNK]
            task = asyncio.create_task(self._signers.recover(part))
            self._queued += len(part)
            self._queue.put_nowait(_Chunk(request, first, len(part), task))

    def batches(self, first: int, limit: int) -> Sequence[SequencerBatch]:
        """Return cut and durable batches from number `first` on."""
        chosen = self.chain.batches[first : min(first + limit, self._durable_cuts)]
        return [
            SequencerBatch(b.number, bytes(b.data), b.delayed_count or 0, b.fast_count)
            for b in chosen
        ]

    async def on_l1(self, update: L1Update) -> None:
        """Follow L1: new messages are pulled, items that differ from the forecast are redone."""
        is_news = update.reorg or update.items or update.messages or update.fast
        if self.ready and not is_news:
            return
        async with self._commit_turn, self._lock:
            await self._write(self._take())  # so that going back never meets a group on its way
            if await self._forecast.follow(update, first=not self.ready):
                self._durable = self._assembly.save()
            self.ready = True
            self._forecast.forget_old()
            self._follow_markets()
            self._advance()

    async def settle(self) -> None:
        """Wait until every block that has ended has its root."""
        await self.builder.roots.settle()

    @property
    def derived_items(self) -> int:
        """How many items L1 has, as of the last update."""
        return self._forecast.derived

    def start_of_item(self, number: int) -> Position | None:
        """Return the moment before an item, `None` if it was not begun."""
        items = self._assembly.items
        return items[number].start if number < len(items) else None

    def durable_confirmations(self) -> Sequence[Confirmation]:
        """Return the confirmations whose groups are on disk, in order."""
        made, durable = self.chain.confirmations, self._durable
        covered = self._restored if durable is None else durable.chain[3]
        return made if not made or made[-1].covered <= covered else made[:-1]

    def stage_seconds(self) -> dict[str, float]:
        """Return the CPU time spent by stage: `recover` and `root` in processes of their own."""
        written = self._log.cpu_seconds if self._log is not None else 0.0
        return {
            **self.clock.seconds,
            "recover": self._signers.cpu_seconds,
            "root": self.builder.roots.seconds,
            "log": written,
        }

    def feed_messages(self, first: int, limit: int) -> list[tuple[int, bytes, bytes]]:
        """Return durable entries with number and signature (docs/spec.md B-4)."""
        entries = self.log.read(first, limit)
        return [
            (number, entry, sign(keccak(feed_preimage(self._domain, number, entry)), self._key))
            for number, entry in enumerate(entries, first)
        ]

    def _tell_markets(self, heard: Sequence[Heard]) -> None:
        """Tell the markets; what goes wrong there stops no sequencer: they begin anew."""
        if self.markets is None:
            return
        try:
            self.markets.hear(heard)
        except Exception:
            _logger.exception("the markets lost the thread and begin anew")
            self.builder.tape.end()

    def _follow_markets(self) -> None:
        """Let the markets begin anew if the tape has ended: at the start, and when going back."""
        if self.markets is not None and not self.builder.tape.is_followed:
            self.builder.tape.begin()
            self.markets.reset()

    def _check_admission(self, count: int) -> None:
        if not self.active or not self.ready or self.failure:
            raise RpcError(
                SEQUENCER_STOPPED, "the sequencer takes no transactions", reason="STOPPED"
            )
        if self._queued + count > MAX_QUEUED:
            text = f"{self._queued} transactions are waiting (at most) {MAX_QUEUED}: try later"
            raise RpcError(BUSY, text, reason="BUSY")

    def _note_failure(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Stop for good: the node ends, and derives everything anew when it begins again."""
        self.failure = error
        self.active = False
        _logger.critical("sequencer stopped: %s", error)
        failure = RpcError(SEQUENCER_STOPPED, "the sequencer failed", reason="STOPPED")
        self._refuse(failure)

    def _refuse(self, failure: RpcError) -> None:
        """Tell every caller that nothing of theirs was kept."""
        held, self._assembly.held = self._assembly.held, []
        tickets = [cast(tuple[Request, int], item.ticket)[0] for item in held]
        found = [*self._staged, *tickets, *([self._current] if self._current else [])]
        requests = {id(request): request for request in found}
        while not self._queue.empty():
            chunk = self._queue.get_nowait()
            chunk.recovered.cancel()
            self._queued -= chunk.size
            requests[id(chunk.request)] = chunk.request
        self._staged = []
        for request in requests.values():
            request.refuse(failure)

    async def _execute_loop(self) -> None:
        while True:
            chunk = await self._queue.get()
            self._current = chunk.request
            recovered = await chunk.recovered
            for at in range(0, chunk.size, _SLICE):
                async with self._lock:
                    if not chunk.request.is_refused:
                        self._execute(chunk, recovered, at)
                self._wake.set()
                await asyncio.sleep(0)
            self._queued -= chunk.size
            self._current = None
            await self._tree.has_room()

    def _execute(self, chunk: _Chunk, recovered: Sequence[Recovered], at: int) -> None:
        """Execute a slice of a chunk."""
        request, first = chunk.request, chunk.first + at
        self.clock.begin()
        statuses = self._assembly.execute(
            recovered[at : at + _SLICE], self.dropped, active=self.active, ticket=(request, first)
        )
        self.clock.end("execute")
        if None in statuses:
            self._is_holding.set()
        places = enumerate(statuses, first)
        self._stage(request, [(n, status) for n, status in places if status is not None])

    def _stage(self, request: Request, executed: Executed) -> None:
        """Note what is to be told of a request once the next group is on disk."""
        if executed and not request.executed:
            self._staged.append(request)
        request.executed += executed

    async def _turn_loop(self) -> None:
        """End blocks while something is held, each at least as long as the classes take."""
        while True:
            await self._is_holding.wait()
            await asyncio.sleep(_TURN_SECONDS)  # a speed bump: cancels of this time come first
            for _ in range(_MORE_TURNS):
                if self._queued < _BACKLOG:
                    break
                await asyncio.sleep(_TURN_SECONDS)
            async with self._lock:
                self._turn()
            self._wake.set()

    def _turn(self) -> None:
        if not self.ready:
            return
        self.clock.begin()
        for ticket, index, status in self._assembly.turn(active=self.active):
            request, first = cast(tuple[Request, int], ticket)
            self._stage(request, [(first + index, status)])
        if not self._assembly.held:
            self._is_holding.clear()
        self.clock.end("execute")

    def _advance(self) -> None:
        if not self.ready:
            return
        self._assembly.advance(active=self.active)
        if self._assembly.is_waiting:
            self._wake.set()

    async def _commit_loop(self) -> None:
        loop = asyncio.get_running_loop()
        not_before = 0.0
        while True:
            await self._wake.wait()
            if (early := not_before - loop.time()) > 0:
                await asyncio.sleep(early)
            not_before = loop.time() + _COMMIT_SECONDS
            self._wake.clear()
            async with self._commit_turn:
                async with self._lock:
                    group = self._take()
                is_kept = await self._write(group)
            if not is_kept:
                await asyncio.sleep(_FULL_SECONDS)

    def _take(self) -> _Group:
        """Take everything executed so far off the pipeline, as the next group."""
        self.clock.begin()
        entries = self._assembly.take_entries()
        self.clock.end("confirm")
        staged = [(request, request.executed) for request in self._staged]
        for request in self._staged:
            request.executed = []
        self._staged = []
        newest = self.chain.confirmations[-1] if self.chain.confirmations else None
        cuts = len(self.chain.batches) - (self.chain.open_batch is not None)
        after = self._assembly.save() if entries else None
        return _Group(entries, staged, newest, cuts, after, self.builder.tape.take())

    async def _write(self, group: _Group) -> bool:
        """Make a group durable and confirm it; tell whether the disk took it."""
        if group.entries:
            try:
                number = await self.log.commit(group.entries)
            except LogFullError as error:
                self._staged += [request for request, _ in group.staged]
                self._undo(error)
                return False
            self._durable, self._durable_cuts = group.after, group.cuts
            self.counters.groups += 1
            if self.on_durable is not None:
                self.on_durable(number, group.entries)
        if group.heard:
            self.clock.begin()
            self._tell_markets(group.heard)
            self.clock.end("markets")
        for request, executed in group.staged:
            try:
                request.asker.tell(executed, group.newest)
            except Exception:
                _logger.exception("somebody could not be told what is durable")
        return True

    def _undo(self, error: LogFullError) -> None:
        """Go back to what is on disk and refuse everything after it."""
        _logger.error("%s", error)
        saved = self._durable
        if saved is None:
            raise CriticalError("sequencer: nothing durable to go back to")
        self._assembly.go_back(saved)
        self._follow_markets()
        self.counters.undone += 1
        self._refuse(RpcError(STORE_FULL, str(error), reason="STORE_FULL"))

    async def _snapshot_loop(self) -> None:
        while True:
            await asyncio.sleep(_SNAPSHOT_SECONDS)
            resume = self._resume
            if self.ready and resume is not None and resume.is_due(self._durable_cuts):
                await self.save_snapshot()

    def _loops(self) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
        return (
            self._execute_loop,
            self._turn_loop,
            self._commit_loop,
            self._tick_loop,
            self._snapshot_loop,
        )

    async def _tick_loop(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            if not self._queued:
                async with self._lock:
                    if self.ready:
                        self._follow_markets()
                    self._advance()
