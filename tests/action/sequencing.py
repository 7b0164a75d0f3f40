"""A sequencer on a fake L1: deposits arrive as messages, batches come back as items."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rollup_node.codec.delayed import encode_deposit
from rollup_node.codec.eip712 import digest, domain_separator
from rollup_node.codec.records import encode_record
from rollup_node.codec.signature import address_of, sign
from rollup_node.core.inputs import (
    DelayedMessage,
    Deposit,
    ItemHeader,
    Messages,
    SignedTransaction,
    Transaction,
    Transfer,
    Withdraw,
)
from rollup_node.core.kinds import MessageKind
from rollup_node.derive.events import L1Block
from rollup_node.derive.items import DerivedItem
from rollup_node.node.sequencer import Sequencer
from rollup_node.node.snapshots import DEFAULT_POLICY, SnapshotPolicy
from rollup_node.ports import L1Update
from rollup_node.proof.inbox import calldata_root, next_accumulator
from rollup_node.roles.sequencer import SequencerPolicy

BRIDGE = bytes.fromhex("b1" * 20)
DOMAIN = domain_separator(313371, BRIDGE)
KEYS = {1: b"\x11" * 32, 2: b"\x22" * 32}
START_MS = 1_800_000_000_000


class FixedClock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.time_ms = START_MS

    def now_ms(self) -> int:
        return self.time_ms

    def monotonic_ms(self) -> int:
        return self.time_ms


class FakeL1:
    """Holds messages and items, and tells the sequencer what changed."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.messages: list[DelayedMessage] = []
        self.fast: list[DelayedMessage] = []
        self.items: list[DerivedItem] = []

    def deposit(self, account: int, amount: int = 1_000_000) -> None:
        owner = address_of(KEYS[account])
        body = encode_deposit(Deposit(account, owner, 0, amount))
        kind = int(MessageKind.DEPOSIT)
        self.messages.append(DelayedMessage(kind, owner, self.clock.time_ms // 1000, body))

    def send_fast(self, body: bytes) -> None:
        kind, at = int(MessageKind.FAST), self.clock.time_ms // 1000
        self.fast.append(DelayedMessage(kind, b"\xfa" * 20, at, body))

    def item(
        self, data: bytes, delayed_count: int, fast_count: int = 0, kind: int = 0
    ) -> DerivedItem:
        now = self.clock.time_ms // 1000
        root = calldata_root(data) if data else bytes(32)
        last = self.items[-1].header if self.items else None
        first, first_fast = (last.delayed_count, last.fast_count) if last else (0, 0)
        before = self.items[-1].accumulator if self.items else bytes(32)
        queues = delayed_count, bytes(32), fast_count, bytes(32)
        header = ItemHeader(kind, len(data), root, *queues, now - 3600, now + 60)
        made = DerivedItem(
            len(self.items),
            header,
            data,
            first,
            first_fast,
            Messages(
                tuple(self.messages[first:delayed_count]), tuple(self.fast[first_fast:fast_count])
            ),
            next_accumulator(before, header),
            (),
            1,
            bytes(20),
            bytes(32),
        )
        self.items.append(made)
        return made

    def update(
        self, kept_items: int, kept_messages: int, kept_fast: int = 0, *, reorg: bool = False
    ) -> L1Update:
        head = L1Block(1, bytes(32), bytes(32), self.clock.time_ms // 1000)
        return L1Update(
            head,
            reorg,
            kept_items,
            kept_messages,
            kept_fast,
            tuple(self.items[kept_items:]),
            tuple(self.messages[kept_messages:]),
            tuple(self.fast[kept_fast:]),
        )


def make_sequencer(
    folder: Path,
    clock: FixedClock,
    *,
    max_bytes: int = 100_000,
    workers: int = 1,
    snapshots: SnapshotPolicy = DEFAULT_POLICY,
) -> Sequencer:
    return Sequencer(
        log=folder / "input.log",
        key=b"\x33" * 32,
        domain=DOMAIN,
        policy=SequencerPolicy(max_bytes, 5_000, 1_000),
        clock=clock,
        workers=workers,
        snapshots=snapshots,
    )


def signed(transaction: Transaction, account: int = 1) -> bytes:
    signature = sign(digest(DOMAIN, transaction), KEYS[account])
    return encode_record(SignedTransaction(transaction, signature))


class Stage:
    """A sequencer on a fake L1 whose batches can be posted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FixedClock()
        self.l1 = FakeL1(self.clock)
        self.l1.deposit(1)
        self.l1.deposit(2)
        self.nonce = START_MS

    @asynccontextmanager
    async def running(
        self, folder: Path | None = None, policy: SnapshotPolicy = DEFAULT_POLICY
    ) -> AsyncIterator[Sequencer]:
        sequencer = make_sequencer(folder or self.folder, self.clock, snapshots=policy)
        await sequencer.start()
        try:
            await sequencer.on_l1(self.l1.update(0, 0))
            yield sequencer
        finally:
            await sequencer.stop()

    async def play(self, sequencer: Sequencer, batches: int, *, posted: bool = True) -> None:
        """Fill and cut batches, roots included; with `posted` they come back from L1."""
        for _ in range(batches):
            bodies = [signed(Transfer(1, 2, 0, 5, self.nonce + n)) for n in range(3)]
            bodies.append(signed(Withdraw(2, 0, 1, b"\x44" * 20, self.nonce), account=2))
            self.nonce += 10
            await sequencer.submit(bodies)
            self.clock.time_ms += 6_000
            kept = len(self.l1.items), len(self.l1.messages)
            await sequencer.on_l1(self.l1.update(*kept, reorg=True))
            await sequencer.submit([b"\x00"])
            if posted:
                await self.post(sequencer)
        await sequencer.settle()

    async def post(self, sequencer: Sequencer) -> None:
        """Put on L1 what is cut."""
        first = sum(bool(item.data) for item in self.l1.items)
        kept = len(self.l1.items), len(self.l1.messages)
        for batch in sequencer.batches(first, 99):
            self.l1.item(batch.data, batch.delayed_count)
        await sequencer.on_l1(self.l1.update(*kept))
