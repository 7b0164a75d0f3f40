"""Executes records one by one on a state and tells the ledger: live, and again after a rewind."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final, NamedTuple, get_args

from rollup_node.codec.delayed import decode_message
from rollup_node.codec.inner_signers import recover_inner
from rollup_node.codec.records import decode_prefix, decode_record, read_body
from rollup_node.core import step
from rollup_node.core.account_leaves import Hot
from rollup_node.core.inputs import (
    DelayedMessage,
    Deposit,
    ForcedContent,
    ItemHeader,
    Messages,
    Pull,
    PullFast,
    Seal,
    SignedContent,
)
from rollup_node.core.kinds import ItemKind, Phase, StepKind
from rollup_node.core.layout import CURSOR_KEY, LENGTH_BYTES
from rollup_node.core.leaves import Cursor
from rollup_node.core.markets import AdminMessage
from rollup_node.core.reason import Reason
from rollup_node.core.step import Outcome
from rollup_node.node.ledger import Entry, Ledger
from rollup_node.node.roots import OwnRoots, Roots
from rollup_node.node.signers import Recovered
from rollup_node.node.tape import Heard, Tape
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.inbox import message_hash, record_hash

_OK: Final = Reason.OK
_IDLE: Final = Phase.IDLE
_TAKEN: Final = (Reason.OK, Reason.PRICE_PENDING, Reason.STALE_ACCOUNT, Reason.REFRESH)
"""What changes the state: a jump that waits (V-4) and a refresh before the rest (K-7, M-9) too."""
_STALE: Final = Reason.STALE_ACCOUNT
_ACCOUNT_FIRST: Final = frozenset((*get_args(SignedContent), Deposit))

_QUIET: Final = frozenset(
    [
        StepKind.TRANSFER,
        StepKind.PLACE,
        StepKind.CANCEL,
        StepKind.REPLACE,
        StepKind.QUOTE,
        StepKind.TAKE,
        StepKind.LEG,
        StepKind.SWEEP,
        StepKind.REFRESH,
    ]
)
"""The frequent steps: none changes who owns an account, none writes to the outbox."""

_new: Final = tuple.__new__
"""Makes a tuple without the constructor of its class, in half the time: for the hot path."""

REPRICING: Final = frozenset(
    [
        StepKind.ADMIN,
        StepKind.PRICE_REPORT,
        StepKind.REPRICE,
        StepKind.SETTLEMENT_PRICE,
        StepKind.SETTLE,
        StepKind.LIST_STRIKE,
        StepKind.DELIST_STRIKE,
    ]
)
"""Steps after which marks, index prices or the list of series may be others."""


class Position(NamedTuple):
    """A moment to go back to."""

    mark: int
    ledger: tuple[int, int, int]
    item: int


class Builder:
    """State and ledger, changed together; `roots` makes the state roots of blocks."""

    def __init__(self, domain: bytes) -> None:
        """Begin at genesis, with the EIP-712 domain that publishers sign in."""
        self._domain = domain
        self.state = ChainState()
        self.ledger = Ledger(self.state.root())
        self.roots: Roots = OwnRoots()
        self.tape = Tape()

    @property
    def cursor(self) -> Cursor:
        """The cursor leaf."""
        cursor: Cursor = self.state.get(CURSOR_KEY)
        return cursor

    def position(self) -> Position:
        """Remember this moment."""
        return Position(self.state.mark(), self.ledger.position, self.cursor.item)

    def rewind(self, position: Position) -> None:
        """Go back to a moment, which can be gone back to again."""
        self.tape.end()
        self.state.rewind(position.mark)
        self.ledger.rewind(position.ledger)
        self.ledger.begin_block(self.cursor.block, self.cursor.time_ms)

    def replace(self, state: ChainState, ledger: Ledger | None) -> None:
        """Go on from another state and what led to it; without a ledger it is genesis."""
        self.tape.end()
        self.state = state
        self.ledger = Ledger(state.root()) if ledger is None else ledger
        self.roots.begin(state)

    def root_by(self, roots: Roots) -> None:
        """Have the roots made by another from now on."""
        self.roots = roots
        roots.begin(self.state)

    def open(self, header: ItemHeader, time_ms: int | None) -> Outcome:
        """Begin an item and its first block."""
        outcome = step.open_item(self.state, header, time_ms)
        self.state.commit(outcome.writes)
        cursor = self.cursor
        self.ledger.begin_block(cursor.block, cursor.time_ms)
        self._run_tasks(outcome)
        return outcome

    def seal(self, header: ItemHeader, delta_ms: int, size: int) -> None:
        """End the block and begin the next one."""
        self._end_block()
        outcome = step.apply_seal(self.state, header, delta_ms, size)
        self.state.commit(outcome.writes)
        cursor = self.cursor
        self.ledger.begin_block(cursor.block, cursor.time_ms)
        self._run_tasks(outcome)

    def pull(self, message: DelayedMessage, size: int = 0, *, fast: bool = False) -> Outcome:
        """Execute the next message of a queue."""
        decoded = decode_message(message)
        signers = recover_inner(self._domain, decoded)
        outcome = step.pull_message(self.state, message, decoded, size, signers, fast=fast)
        self.state.commit(outcome.writes)
        self.ledger.note(outcome.writes)
        sender = decoded.owner if isinstance(decoded, Deposit) else message.sender
        digest = message_hash(message)
        self._add(digest, outcome, -1, _account_of(decoded), sender, message.body)
        self._run_tasks(outcome, digest, decoded)
        return outcome

    def transact(self, body: bytes, recovered: Recovered, sequence: int) -> tuple[bool, Reason]:
        """Execute a transaction if it is good; leave no trace of it otherwise.

        Returns whether it is in the state now, and what came of it: a transfer or withdrawal whose
        account had to be refreshed first may fail after that, and its nonce is spent; combos too.
        """
        record, transaction, signer, signers, _, _ = recovered
        if transaction is None:
            return False, Reason.UNDECODABLE
        size = LENGTH_BYTES + len(body)
        outcome = step.apply_record(self.state, transaction, signer, size, signers)
        kind, reason, writes, _ = outcome
        if reason is not _OK and reason not in _TAKEN and not self._counts(outcome):
            return False, reason
        self.state.commit(writes)
        if kind not in _QUIET:
            self.ledger.note(writes)
        self._add(record, outcome, sequence, _account_of(transaction), signer or b"", body)
        left = self._run_tasks(outcome, record, transaction)
        return True, reason if reason is _STALE else left

    def _counts(self, outcome: Outcome) -> bool:
        """Tell whether a liquidation without a fill put its account for sale, or set it free."""
        if outcome.kind is not StepKind.LIQUIDATE and outcome.kind is not StepKind.TAKEOVER:
            return False
        hot = [(self.state.get(k), leaf) for k, leaf in outcome.writes.items() if type(leaf) is Hot]
        return any(new.flags != (old.flags if old else 0) for old, new in hot)

    def close(self) -> None:
        """Finish the item and its last block."""
        self.state.commit(step.close_item(self.state).writes)
        self._end_block()

    def run(
        self,
        header: ItemHeader,
        data: bytes,
        messages: Messages,
        recovered: Sequence[Recovered],
        first_sequence: int = -1,
    ) -> None:
        """Execute the open step and all records of an item, good or bad (docs/spec.md X-2).

        `messages` are all messages of each queue by number; `recovered` has one entry per record.
        """
        is_forced = header.kind == ItemKind.FORCED
        self.open(header, None if is_forced else decode_prefix(data))
        number = 0
        while self.cursor.offset < header.byte_length:
            body = read_body(data, self.cursor.offset, header.byte_length)
            if body is None:
                self.state.commit(step.end_records(self.state, header.byte_length).writes)
                return
            sequence = first_sequence + number if first_sequence >= 0 else -1
            self._run_record(header, body, messages, recovered[number], sequence)
            number += 1

    def finish(self, delayed_count: int, fast_count: int, messages: Messages) -> None:
        """Pull what is left of an item's messages, the fast ones first, and close it."""
        while self.cursor.fast < fast_count:
            self.pull(messages.fast[self.cursor.fast], fast=True)
        while self.cursor.delayed < delayed_count:
            self.pull(messages.delayed[self.cursor.delayed])
        self.close()

    def _run_tasks(self, first: Outcome, source: bytes = b"", content: Any = None) -> Reason:  # noqa: ANN401 - any record or message
        """Finish what the first step began: nothing interrupts it (docs/spec.md X-2).

        Returns what came of money that left, or of a combo, after a refresh, else `OK`.
        """
        heard: Sequence[Any] = first.events
        left, is_repriced = _OK, first.kind in REPRICING
        legs: list[Reason] = []
        cursor: Any = first.writes[CURSOR_KEY]
        if cursor.phase > _IDLE:
            tasks = step.run_tasks(self.state)
            self.state.commit(tasks.writes)
            heard = [*heard, *tasks.events]
            kinds = {kind for kind, _ in tasks.steps}
            is_repriced |= not REPRICING.isdisjoint(kinds)
            if not kinds <= _QUIET:
                self.ledger.note(tasks.writes)
                found = dict(tasks.steps)
                left = found.get(StepKind.LEAVE, found.get(StepKind.EXECUTE_RFQ, _OK))
            if StepKind.LEG in kinds:
                legs = _legs(tasks.steps)
        if heard or is_repriced:
            line = (source, content, cursor.time_ms, heard, legs, is_repriced)
            self.tape.add(_new(Heard, line))
        return left

    def _end_block(self) -> None:
        """End the block; it is finished when its root comes."""
        self.roots.ask(self.state, partial(self.ledger.settle, self.ledger.end_block()))

    def _run_record(
        self,
        header: ItemHeader,
        body: bytes,
        messages: Messages,
        recovered: Recovered,
        sequence: int,
    ) -> None:
        size = LENGTH_BYTES + len(body)
        if recovered.transaction is not None:
            digest, transaction, signer, signers, _, _ = recovered
            outcome = step.apply_record(self.state, transaction, signer, size, signers)
            self.state.commit(outcome.writes)
            self.ledger.note(outcome.writes)
            account, sender = _account_of(transaction), signer or b""
            self._add(digest, outcome, sequence, account, sender, body)
            self._run_tasks(outcome, digest, transaction)
            return
        record = decode_record(body)
        if isinstance(record, Seal):
            self.seal(header, record.delta_ms, size)
        elif isinstance(record, Pull | PullFast):
            self._run_pull(header, record, messages, body, sequence)
        else:
            self._skip(step.apply_record(self.state, None, None, size), body, sequence)

    def _run_pull(
        self,
        header: ItemHeader,
        record: Pull | PullFast,
        messages: Messages,
        body: bytes,
        sequence: int,
    ) -> None:
        size = LENGTH_BYTES + len(body)
        cursor, fast = self.cursor, isinstance(record, PullFast)
        queue = messages.fast if fast else messages.delayed
        number = cursor.fast if fast else cursor.delayed
        count = header.fast_count if fast else header.delayed_count
        if number < min(count, len(queue)):
            self.pull(queue[number], size, fast=fast)
        else:
            self._skip(step.apply_nothing_to_pull(self.state, size), body, sequence)

    def _skip(self, outcome: Outcome, body: bytes, sequence: int) -> None:
        self.state.commit(outcome.writes)
        self._add(record_hash(body), outcome, sequence, 0, b"", body)

    def _add(
        self,
        record: bytes,
        outcome: Outcome,
        sequence: int,
        account: int,
        sender: bytes,
        body: bytes,
    ) -> None:
        ledger = self.ledger
        block, index = ledger.number, len(ledger.hashes)
        kind, reason, _, _ = outcome
        entry = _new(Entry, (kind, reason, block, index, sequence, account, sender, body))
        ledger.add(record, entry)


def _legs(steps: Sequence[tuple[StepKind, Reason]]) -> list[Reason]:
    """Return what became of each leg of a mass quote."""
    legs: list[Reason] = []
    for kind, reason in steps:
        if kind is StepKind.LEG:
            legs.append(reason)
        elif legs and kind is StepKind.TAKE:
            legs[-1] = reason  # the leg goes on there: what it meets decides
    return legs


def _account_of(content: ForcedContent | AdminMessage | Deposit | None) -> int:
    """Return the account that a record or message acts for, or acts on; 0 if it has none."""
    if type(content) in _ACCOUNT_FIRST:
        account: int = content[0]  # type: ignore[index, assignment]
        return account
    return getattr(content, "account", 0)
