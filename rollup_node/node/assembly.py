"""Batches in the making: executes what arrives, opens and cuts batches, collects log entries.

Everything here happens at once, on the event loop, under the sequencer's lock. Nothing waits,
nothing is confirmed: the sequencer makes the entries durable, or goes back to a saved moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from rollup_node.codec import eip712
from rollup_node.codec.log_entries import CutEntry, OpenEntry, RecordsEntry, encode_entry
from rollup_node.codec.records import encode_record, frame
from rollup_node.codec.signature import sign
from rollup_node.core.inputs import DelayedMessage, Messages, Pull, PullFast, Seal
from rollup_node.core.kinds import OrderClass
from rollup_node.core.layout import CLASS_RESET_MS, MAX_RECORD_BYTES
from rollup_node.core.reason import Reason
from rollup_node.node.batches import Chain, OwnBatch
from rollup_node.node.builder import Builder, Position
from rollup_node.node.ledger import Ledger
from rollup_node.node.signers import Recovered
from rollup_node.ports import Clock, CriticalError
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.inbox import record_hash
from rollup_node.roles.ordering import class_of, has_to_wait
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
from rollup_node.rpc.backend import Confirmation, TransactionStatus

_TOO_LARGE: Final = -1
_NO_RECORD: Final = -2
_OK: Final = Reason.OK
_ORACLE: Final = OrderClass.ORACLE

_new: Final = tuple.__new__
"""Makes a tuple without the constructor of its class, in half the time: for the hot path."""


@dataclass(slots=True)
class ItemRun:
    """One item on the state; `batch` is `None` for a foreign one. Times in ms.

    `accumulator` is that of the inbox after the item, empty until L1 has it.
    """

    start: Position
    batch: OwnBatch | None
    delayed_count: int = 0
    fast_count: int = 0
    first_ms: int = 0
    last_ms: int = 0
    accumulator: bytes = b""


@dataclass(slots=True)
class Counters:
    """What the pipeline did, for `/metrics`."""

    sequenced: int = 0
    rejected: int = 0
    groups: int = 0
    rewinds: int = 0
    undone: int = 0


class Held(NamedTuple):
    """A body that waits for its turn; `ticket` and `index` say whose answer it is."""

    order_class: int
    found: Recovered
    ticket: Any
    place: int


class Answer(NamedTuple):
    """What became of a body that had to wait."""

    ticket: Any
    place: int
    status: TransactionStatus


class Moment(NamedTuple):
    """What to remember to come back: state, chain of records, number of items."""

    position: Position
    chain: tuple[int, int, int | None, int, bytes]
    items: int


class Assembly:
    """State, own batches and unwritten log entries, changed together."""

    def __init__(self, domain: bytes, key: bytes, policy: SequencerPolicy, clock: Clock) -> None:
        """Begin at genesis; `key` signs confirmations in `domain`."""
        self.builder = Builder(domain)
        self.chain = Chain()
        self.counters = Counters()
        self.delayed: list[DelayedMessage] = []
        self.fast: list[DelayedMessage] = []
        self.items: list[ItemRun] = []
        self.entries: list[bytes] = []
        self._domain, self._key = domain, key
        self._policy, self._clock = policy, clock
        self._full_bytes = policy.batch_limit - MAX_RECORD_BYTES
        self._block_records = 0
        self._frames = bytearray()
        self.held: list[Held] = []

    @property
    def messages(self) -> Messages:
        """All messages of each queue by number."""
        return Messages(self.delayed, self.fast)

    @property
    def is_waiting(self) -> bool:
        """Whether there is anything to make durable."""
        return bool(self.entries or self._frames)

    def execute(
        self,
        recovered: Sequence[Recovered],
        dropped: set[bytes],
        *,
        active: bool,
        ticket: object = None,
    ) -> list[TransactionStatus | None]:
        """Execute bodies in order and say what became of each; `dropped` signers are ignored.

        Batches are opened and cut as the policy says; `active` as for `advance`. A body that has to
        wait for its turn is held (None) and answered by `turn` with its `ticket` and place.
        """
        self.advance(pending=True, active=active)
        statuses: list[TransactionStatus | None] = []
        accepted = self.counters.sequenced
        for found in recovered:
            if found.refusal is not None:
                statuses.append(TransactionStatus(0, b"", _NO_RECORD, refusal=found.refusal))
                continue
            if dropped and found.signer in dropped:
                statuses.append(TransactionStatus(0, found.record_hash, 0))
                continue
            wanted = class_of(found.transaction)
            if wanted is not None and self._has_to_wait(wanted):
                self.held.append(Held(wanted, found, ticket, len(statuses)))
                statuses.append(None)
                continue
            statuses.append(self._execute_one(found, active=active))
        self._block_records += self.counters.sequenced - accepted
        return statuses

    def turn(self, *, active: bool) -> list[Answer]:
        """End the block with the takers that wait for it, begin the next with what came late.

        Nothing is starved: whatever is held when this is called is executed by the second call.
        """
        takers = [held for held in self.held if held.order_class >= OrderClass.TAKER]
        late = [held for held in self.held if held.order_class < OrderClass.TAKER]
        late.sort(key=lambda held: held.order_class)
        self.held = []
        if takers and self.builder.cursor.order_class > OrderClass.TAKER:
            self._begin_block(active=active)
        answers = [self._answer(held, active=active) for held in takers]
        self._begin_block(active=active)
        for held in late:
            if self._has_to_wait(held.order_class):
                self.held.append(held)
            else:
                answers.append(self._answer(held, active=active))
        self._block_records += len(answers)
        return answers

    def _begin_block(self, *, active: bool) -> None:
        """Seal the block so late that the classes start over."""
        self.advance(pending=True, active=active)
        elapsed_ms = self._clock.now_ms() - self.builder.cursor.time_ms
        self._act(SealBlock(max(elapsed_ms, CLASS_RESET_MS)))

    def _has_to_wait(self, wanted: int) -> bool:
        """Say whether a record of a class waits; only a report asks how old the block is."""
        cursor = self.builder.cursor
        age_ms = self._clock.now_ms() - cursor.time_ms if wanted == _ORACLE else 0
        return has_to_wait(wanted, cursor.order_class, age_ms)

    def _answer(self, held: Held, *, active: bool) -> Answer:
        status = self._execute_one(held.found, active=active)
        return Answer(held.ticket, held.place, status)

    def _execute_one(self, found: Recovered, *, active: bool) -> TransactionStatus:
        """Execute a body and put it into the open batch, unless it is rejected."""
        body = found.body
        if len(body) > MAX_RECORD_BYTES:
            return TransactionStatus(0, found.record_hash, _TOO_LARGE)
        batch = self._need_batch(active=active)
        is_taken, reason = self.builder.transact(body, found, self.chain.covered)
        if not is_taken:
            self.counters.rejected += 1
            return _refusal(found, int(reason))
        sequence = self.chain.extend(found.record_hash)
        framed = len(body).to_bytes(2, "big") + body
        batch.data += framed
        self._frames += framed
        self.counters.sequenced += 1
        field = None if reason is _OK else _FIELD_OF_REASON.get(int(reason))
        return _new(TransactionStatus, (sequence, found.record_hash, int(reason), field, None))

    def advance(self, *, active: bool, pending: bool = False) -> None:
        """Do what the policy decides until it decides nothing more.

        `pending`: transactions wait. Unless `active`, no new messages are pulled.
        """
        more = True
        while more:
            actions = decide(self._view(pending=pending, active=active), self._policy)
            for action in actions:
                self._act(action)
            more = any(isinstance(action, CutBatch | PullMessages) for action in actions)

    def take_entries(self) -> list[bytes]:
        """Take the entries since the last call, to be made durable."""
        self.flush_frames()
        entries, self.entries = self.entries, []
        return entries

    def save(self) -> Moment:
        """Remember this moment."""
        return Moment(self.builder.position(), self.chain.save(), len(self.items))

    def go_back(self, saved: Moment) -> None:
        """Go back to a moment; entries that were not taken are gone."""
        self.builder.rewind(saved.position)
        self.chain.restore_to(saved.chain)
        del self.items[saved.items :]
        self._frames, self.entries = bytearray(), []
        self.recount()

    def restore(self, state: ChainState, ledger: Ledger | None, items: list[ItemRun]) -> None:
        """Go on from another state and what led to it; own batches stay."""
        self.builder.replace(state, ledger)
        self.items[:] = items
        self.recount()

    def recount(self) -> None:
        """Count the records of the block in the making again, after going back."""
        self._block_records = len(self.builder.ledger.hashes)

    def _need_batch(self, *, active: bool | None = None) -> OwnBatch:
        """Return the open batch; with `active`, a full one is cut and another one opened."""
        batch = self.chain.open_batch
        if active is not None:
            if batch is not None and len(batch.data) > self._full_bytes:
                self.cut()
                batch = None
            if batch is None:
                self.advance(pending=True, active=active)
                batch = self.chain.open_batch
        if batch is None:
            raise CriticalError("policy opened no batch for waiting transactions")
        return batch

    def _view(self, *, pending: bool, active: bool) -> SequencerView:
        cursor = self.builder.cursor
        batch = self.chain.open_batch
        return SequencerView(
            now_ms=self._clock.now_ms(),
            time_ms=max(cursor.time_ms, self.chain.last_time_ms),
            opened_ms=None if batch is None else batch.time_ms,
            batch_bytes=0 if batch is None else len(batch.data),
            block_records=self._block_records,
            pending=pending,
            delayed_seen=len(self.delayed) if active else cursor.delayed,
            delayed_pulled=cursor.delayed,
            fast_seen=len(self.fast) if active else cursor.fast,
            fast_pulled=cursor.fast,
        )

    def _act(self, action: object) -> None:
        if isinstance(action, OpenBatch):
            self._open(action.time_ms)
        elif isinstance(action, SealBlock):
            size = self._append(encode_record(Seal(action.delta_ms)))
            self.builder.seal(EXPECTED_HEADER, action.delta_ms, size)
            self._block_records = 0
        elif isinstance(action, PullMessages):
            self._pull(action)
        elif isinstance(action, CutBatch):
            self.cut()

    def _pull(self, action: PullMessages) -> None:
        for _ in range(action.fast):
            size = self._append(encode_record(PullFast()))
            self.builder.pull(self.fast[self.builder.cursor.fast], size, fast=True)
        for _ in range(action.delayed):
            size = self._append(encode_record(Pull()))
            self.builder.pull(self.delayed[self.builder.cursor.delayed], size)
        self._block_records += action.fast + action.delayed

    def _open(self, time_ms: int) -> None:
        batch = self.chain.begin(time_ms)
        self.entries.append(encode_entry(OpenEntry(time_ms)))
        start = self.builder.position()
        self.builder.open(EXPECTED_HEADER, time_ms)
        first_ms = self.builder.cursor.time_ms
        self.items.append(ItemRun(start, batch, first_ms=first_ms))

    def _append(self, body: bytes) -> int:
        """Put a record of the sequencer itself into the open batch; return its framed size."""
        framed = frame(body)
        self._need_batch().data += framed
        self._frames += framed
        self.chain.extend(record_hash(body))
        return len(framed)

    def cut(self) -> None:
        """End the open batch."""
        batch = self._need_batch()
        self.flush_frames()
        cursor = self.builder.cursor
        batch.delayed_count, batch.fast_count = cursor.delayed, cursor.fast
        self.entries.append(encode_entry(CutEntry(cursor.delayed, cursor.fast)))
        self.finish(batch)
        self._block_records = 0

    def finish(self, batch: OwnBatch) -> None:
        """Pull what is left of the messages of the newest item and close it."""
        item = self.items[-1]
        cursor = self.builder.cursor
        item.last_ms = cursor.time_ms
        item.delayed_count = max(min(batch.delayed_count or 0, len(self.delayed)), cursor.delayed)
        item.fast_count = max(min(batch.fast_count, len(self.fast)), cursor.fast)
        self.builder.finish(item.delayed_count, item.fast_count, self.messages)

    def flush_frames(self) -> None:
        """Turn the frames so far into an entry with its confirmation."""
        if not self._frames:
            return
        covered, link = self.chain.covered, self.chain.link
        signature = sign(eip712.confirmation_digest(self._domain, covered, link), self._key)
        entry = RecordsEntry(covered, link, signature, bytes(self._frames))
        self.entries.append(encode_entry(entry))
        self.chain.confirmations.append(Confirmation(covered, link, signature))
        self._frames = bytearray()


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
