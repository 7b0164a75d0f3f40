"""`strikenet bench restart`: how long a node with a full book takes to come back from a snapshot.

A sequencer runs in this process, on an L1 that takes every batch. The leaves of an exchange are put
into its state before the first batch, so that a snapshot has to hold them; then it executes signed
transfers, writes a snapshot beside them, executes more, and is started again from what is on disk.
A replica does the same with the items of that L1. The stall is the CPU of the longest piece of work
that the snapshot puts between two others; what callers see of it are the confirmations, with and
without, in which other programs on the machine take part.
"""

import asyncio
import gc
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from rollup_node.codec.delayed import encode_deposit
from rollup_node.codec.eip712 import domain_separator
from rollup_node.codec.signature import address_of
from rollup_node.core.inputs import DelayedMessage, Deposit, ItemHeader, Messages
from rollup_node.core.kinds import ItemKind, MessageKind
from rollup_node.core.leaves import Writes
from rollup_node.derive.events import L1Block
from rollup_node.derive.items import DerivedItem
from rollup_node.devnet.bench_leaves import exchange_leaves
from rollup_node.devnet.bench_load import key_of, sign_transfers
from rollup_node.devnet.failure import DevnetError
from rollup_node.devnet.manifest import L2_CHAIN_ID
from rollup_node.node.recovery import recover_in_thread
from rollup_node.node.replica import Replica
from rollup_node.node.replica_resume import ReplicaResume
from rollup_node.node.sequencer import Sequencer
from rollup_node.node.snapshots import PART_LEAVES, SnapshotPolicy, Snapshots
from rollup_node.ports import L1Update
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.inbox import calldata_root, next_accumulator
from rollup_node.proof.machine import Machine
from rollup_node.proof.state_tree import StateTree
from rollup_node.roles.sequencer import SequencerPolicy

ACCOUNTS: Final = 50
_BRIDGE: Final = b"\xb1" * 20
_KEY: Final = b"\x33" * 32
_START_MS: Final = 1_800_000_000_000
_FUNDS: Final = 10**18
_NEVER: Final = 1 << 40
"""No snapshot but the one that is asked for."""
_QUIET_SECONDS: Final = 4.0
_GAP_SECONDS: Final = 0.002
_MOST_SECONDS: Final = 60.0
_PER_BATCH: Final = 1_000
_POLICY: Final = SequencerPolicy(100_000, 5_000, 1_000)


@dataclass(frozen=True, slots=True)
class RestartResult:
    """What the benchmark found; sizes in bytes, times as named.

    `root_check_seconds` is the part of loading that hashes all leaves and the tree above them.
    The starts include the records after the snapshot, `records_after` of them.
    """

    orders: int
    leaves: int
    snapshot_bytes: int
    write_ms: float
    stall_ms: float
    confirm_ms: float
    confirm_while_writing_ms: float
    root_check_seconds: float
    records_after: int
    sequencer_start_seconds: float
    replica_start_seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)


class _Clock:
    """L1 time that the benchmark moves."""

    def __init__(self) -> None:
        self.time_ms = _START_MS

    def now_ms(self) -> int:
        return self.time_ms

    def monotonic_ms(self) -> int:
        return self.time_ms


class _Stage:
    """A sequencer on disk, and an L1 that has one deposit for each account and every batch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = _Clock()
        self.domain = domain_separator(L2_CHAIN_ID, _BRIDGE)
        self.items: list[DerivedItem] = []
        self.messages = [_deposit(place) for place in range(ACCOUNTS)]
        self._nonce = _START_MS

    @asynccontextmanager
    async def running(self, policy: SnapshotPolicy) -> AsyncIterator[Sequencer]:
        """Run a sequencer on what is in the folder."""
        sequencer = Sequencer(
            log=self.folder / "log",
            key=_KEY,
            domain=self.domain,
            policy=_POLICY,
            clock=self.clock,
            snapshots=policy,
        )
        await sequencer.start()
        try:
            await sequencer.on_l1(self._update(0, 0))
            yield sequencer
        finally:
            await sequencer.stop()

    def transfers(self, count: int) -> list[bytes]:
        """Sign transfers that follow those before."""
        self._nonce += count
        numbers = range(1, ACCOUNTS + 1)
        return sign_transfers(count, numbers, 0, self.domain, self._nonce - count)

    async def play(self, sequencer: Sequencer, count: int) -> None:
        """Have transfers executed, batch after batch, and every batch posted."""
        for first in range(0, count, _PER_BATCH):
            await sequencer.submit(self.transfers(min(_PER_BATCH, count - first)))
            self.clock.time_ms += 2 * _POLICY.max_batch_age_ms
            kept = len(self.items), len(self.messages)
            await sequencer.on_l1(self._update(*kept))
            await sequencer.submit(self.transfers(1))
            for batch in sequencer.batches(len(self.items), 99):
                self._post(batch.data, batch.delayed_count)
            await sequencer.on_l1(self._update(*kept))

    def _update(self, items: int, messages: int) -> L1Update:
        head = L1Block(1, bytes(32), bytes(32), self.clock.time_ms // 1_000)
        new = tuple(self.items[items:]), tuple(self.messages[messages:])
        return L1Update(head, not new[0], items, messages, 0, *new, ())

    def _post(self, data: bytes, delayed: int) -> None:
        now, root = self.clock.time_ms // 1_000, calldata_root(data)
        last = self.items[-1] if self.items else None
        first, before = (last.header.delayed_count, last.accumulator) if last else (0, bytes(32))
        kind, size = ItemKind.CALLDATA, len(data)
        header = ItemHeader(
            kind, size, root, delayed, bytes(32), 0, bytes(32), now - 3_600, now + 60
        )
        messages = Messages(tuple(self.messages[first:delayed]))
        number, after = len(self.items), next_accumulator(before, header)
        made = DerivedItem(
            number, header, data, first, 0, messages, after, (), 1, bytes(20), bytes(32)
        )
        self.items.append(made)


def run_bench(orders: int, records: int, seed: int) -> RestartResult:
    """Run the benchmark in a directory of its own.

    Raises
    ------
    DevnetError
        If no snapshot was written, or the node that came back does not have the same state.
    """
    with tempfile.TemporaryDirectory(prefix="strikenet-bench-") as folder:
        return asyncio.run(_run(_Stage(Path(folder)), orders, records, seed))


async def _run(stage: _Stage, orders: int, records: int, seed: int) -> RestartResult:
    leaves = exchange_leaves(orders, seed)
    policy = SnapshotPolicy(every_records=_NEVER, kept_records=records, every_items=_NEVER)
    async with stage.running(policy) as sequencer:
        sequencer.builder.state.commit(leaves)
        await stage.play(sequencer, records + 2 * _PER_BATCH)
        await sequencer.settle()
        gc.freeze()  # as a node does once it has started
        quiet = await _confirm(stage, sequencer, _QUIET_SECONDS)
        began = time.perf_counter()
        saving = asyncio.create_task(sequencer.save_snapshot())
        busy = await _confirm(stage, sequencer, _MOST_SECONDS, saving)
        size = await saving
        written = time.perf_counter() - began
        known, count = await _answers(sequencer), sequencer.builder.state.leaf_count
        checked = _check_root(sequencer.builder.state)
        stall = _longest_turn(sequencer.builder.state)
    if not size:
        raise DevnetError("no snapshot was written")
    began = time.perf_counter()
    async with stage.running(policy) as sequencer:
        came_back = time.perf_counter() - began
        if await _answers(sequencer) != known:
            raise DevnetError("the sequencer came back with another state or record chain")
        after = _replayed(sequencer)
    return RestartResult(
        orders=orders,
        leaves=count,
        snapshot_bytes=size,
        write_ms=_ms(written),
        stall_ms=_ms(stall),
        confirm_ms=_ms(statistics.median(quiet)),
        confirm_while_writing_ms=_ms(statistics.median(busy)),
        root_check_seconds=round(checked, 2),
        records_after=after,
        sequencer_start_seconds=round(came_back, 2),
        replica_start_seconds=round(await _restart_replica(stage, leaves, policy), 2),
    )


async def _confirm(
    stage: _Stage,
    sequencer: Sequencer,
    most_seconds: float,
    until: "asyncio.Task[int] | None" = None,
) -> list[float]:
    """Have transfers confirmed one after the other; return how long each took."""
    found: list[float] = []
    end = time.perf_counter() + most_seconds
    while time.perf_counter() < end and (until is None or not until.done()):
        bodies = stage.transfers(1)
        began = time.perf_counter()
        await sequencer.submit(bodies)
        found.append(time.perf_counter() - began)
        await asyncio.sleep(_GAP_SECONDS)
    return found


def _replayed(sequencer: Sequencer) -> int:
    """Return how many records were executed again at the start."""
    number = 0
    while (start := sequencer.start_of_item(number)) is not None:
        if start.mark >= 0:
            ledger = sequencer.builder.ledger
            blocks = ledger.blocks[start.ledger[0] :]
            return sum(len(block.records) for block in blocks) + len(ledger.hashes)
        number += 1
    return 0


def _longest_turn(state: ChainState) -> float:
    """Return the most CPU seconds that one part of a snapshot takes."""
    parts = state.parts_at(state.mark(), PART_LEAVES)
    longest, began = 0.0, time.thread_time()
    for _ in parts:
        longest = max(longest, time.thread_time() - began)
        began = time.thread_time()
    return longest


def _check_root(state: ChainState) -> float:
    """Return how long hashing a whole state takes."""
    keys = list(state.keys())
    values = [(key, state.value(key)) for key in keys]
    began = time.perf_counter()
    tree = StateTree()
    tree.put_all(values)
    if tree.root() != state.root():
        raise DevnetError("the tree that is built at once has another root")
    return time.perf_counter() - began


async def _restart_replica(stage: _Stage, leaves: Writes, policy: SnapshotPolicy) -> float:
    """Have a replica execute all items, save, and come back; return how long that takes."""
    first, resume = _make_replica(stage, policy)
    first.state.commit(leaves)
    for item in stage.items:
        await first.apply(item)
    if not await resume.save():
        raise DevnetError("no snapshot of the replica was written")
    await resume.close()
    root = first.state.root()
    del first
    began = time.perf_counter()
    again, resume = _make_replica(stage, policy)
    resume.start(stage.items)
    for item in stage.items[again.item_count :]:
        await again.apply(item)
    seconds = time.perf_counter() - began
    await resume.close()
    if again.state.root() != root:
        raise DevnetError("the replica came back with another state")
    return seconds


def _make_replica(stage: _Stage, policy: SnapshotPolicy) -> tuple[Replica, ReplicaResume]:
    machine = Machine(L2_CHAIN_ID, _BRIDGE)
    replica = Replica(machine, recover_in_thread(machine.domain), segments=True)
    return replica, ReplicaResume(
        replica, Snapshots(stage.folder / "replica", machine.domain, policy)
    )


async def _answers(sequencer: Sequencer) -> tuple[bytes, bytes, bytes]:
    await sequencer.settle()
    builder = sequencer.builder
    return builder.state.root(), builder.ledger.newest.hash, sequencer.chain.link


def _deposit(place: int) -> DelayedMessage:
    owner = address_of(key_of(place))
    body = encode_deposit(Deposit(place + 1, owner, 0, _FUNDS))
    return DelayedMessage(int(MessageKind.DEPOSIT), owner, _START_MS // 1_000, body)


def _ms(seconds: float) -> float:
    return round(seconds * 1e3, 2)
