"""The machine: reads inputs where the cursor points, step after step. Twin: StepVerifier."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeAlias

from rollup_node.codec.delayed import decode_message
from rollup_node.codec.eip712 import digest, domain_separator
from rollup_node.codec.inner_signers import recover_inner
from rollup_node.codec.records import decode_prefix, decode_record, iter_records, read_body
from rollup_node.codec.signature import recover
from rollup_node.core.inputs import (
    DelayedMessage,
    ItemHeader,
    Messages,
    Pull,
    PullFast,
    Seal,
    SignedTransaction,
)
from rollup_node.core.kinds import Phase, StepKind
from rollup_node.core.layout import CURSOR_KEY, LENGTH_BYTES, PREFIX_BYTES
from rollup_node.core.leaves import Cursor, LeafReader, Writes
from rollup_node.core.reason import Reason
from rollup_node.core.step import (
    Outcome,
    apply_nothing_to_pull,
    apply_record,
    apply_seal,
    close_item,
    end_records,
    open_item,
    pull_message,
    run_task,
)
from rollup_node.core.weights import WEIGHTS, is_segment_end
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.hashing import keccak
from rollup_node.proof.inbox import message_hash, record_hash

RecoverSigner: TypeAlias = Callable[[SignedTransaction], bytes | None]

NO_HASH = b""


class MachineError(Exception):
    """The inputs do not belong to the cursor: a bug of the caller, never bad content."""


class StepResult(NamedTuple):
    """One step: what it did, the bytes of the item it read, and the message it pulled."""

    kind: StepKind
    reason: Reason
    weight: int
    writes: Writes
    size: int
    span: tuple[int, int]
    message: DelayedMessage | None


class Receipt(NamedTuple):
    """What became of one step; the hash of its record or message, empty if it has none."""

    kind: StepKind
    reason: Reason
    record_hash: bytes


class BlockInfo(NamedTuple):
    """An L2 block without its parent; its receipts are those from `first` up to before `end`.

    Source: docs/spec.md B-2.
    """

    number: int
    time_ms: int
    state_root: bytes
    transactions_root: bytes
    first: int
    end: int


class ItemResult(NamedTuple):
    """Everything an item did, in order."""

    receipts: list[Receipt]
    segment_roots: list[bytes]
    blocks: list[BlockInfo]


class Machine:
    """Runs steps for one L2 chain; keeps nothing between them."""

    def __init__(self, chain_id: int, bridge: bytes) -> None:
        self.domain = domain_separator(chain_id, bridge)

    def recover_signer(self, signed: SignedTransaction) -> bytes | None:
        """Return who signed, None if the signature is invalid. Source: docs/spec.md R-5."""
        return recover(digest(self.domain, signed.transaction), signed.signature)

    def recover_signers(self, content: object) -> tuple[bytes | None, ...]:
        """Return who made each signature inside of a content. Source: docs/spec.md R-5."""
        return recover_inner(self.domain, content)

    def step(
        self,
        state: LeafReader,
        header: ItemHeader,
        data: bytes,
        messages: Messages,
        signers: RecoverSigner | None = None,
        target: int | None = None,
    ) -> StepResult:
        """Do the next step of the item `cursor.item`, without committing it.

        Parameters
        ----------
        state
            The prestate; its cursor decides what happens.
        header
            Header of the item at the cursor.
        data
            Its bytes, at least `header.byte_length`; the rest of a last blob may follow.
        messages
            The last messages of each queue up to the counts of the header, at least those still
            to pull.
        signers
            Who signed a record; recovered here if it is not given.
        target
            The inbox count where the state is finished and no step exists.

        Raises
        ------
        MachineError
            The state is finished, or the inputs do not reach the cursor.

        Source: docs/spec.md X-2. Twin: contracts/src/StepVerifier.sol.
        """
        cursor: Cursor = state.get(CURSOR_KEY)
        end = header.byte_length
        if cursor.item == target:
            raise MachineError(f"step: item {cursor.item} is the target")
        if len(data) < end:
            raise MachineError(f"item {cursor.item}: {len(data)} bytes < {end}")
        if cursor.phase == Phase.BETWEEN:
            stop = min(PREFIX_BYTES, end)
            outcome = open_item(state, header, decode_prefix(data[:stop]))
            return _result(outcome, 0, (0, stop))
        if cursor.phase > Phase.IDLE:
            return _result(run_task(state), 0, (cursor.offset, cursor.offset))
        if cursor.offset < end:
            return self._record(state, header, data, messages, signers or self.recover_signer)
        if cursor.fast < header.fast_count:
            return self._pull(state, _fast(cursor, header, messages), 0, (end, end), fast=True)
        if cursor.delayed < header.delayed_count:
            return self._pull(state, _delayed(cursor, header, messages), 0, (end, end))
        return _result(close_item(state), 0, (end, end))

    def _record(
        self,
        state: LeafReader,
        header: ItemHeader,
        data: bytes,
        messages: Messages,
        signers: RecoverSigner,
    ) -> StepResult:
        cursor: Cursor = state.get(CURSOR_KEY)
        offset, end = cursor.offset, header.byte_length
        body = read_body(data, offset, end)
        if body is None:
            stop = min(offset + LENGTH_BYTES, end)
            return _result(end_records(state, end), 0, (offset, stop))
        size = LENGTH_BYTES + len(body)
        span = (offset, offset + size)
        record = decode_record(body)
        if isinstance(record, Seal):
            return _result(apply_seal(state, header, record.delta_ms, size), size, span)
        if isinstance(record, PullFast) and cursor.fast < header.fast_count:
            return self._pull(state, _fast(cursor, header, messages), size, span, fast=True)
        if isinstance(record, Pull) and cursor.delayed < header.delayed_count:
            return self._pull(state, _delayed(cursor, header, messages), size, span)
        if isinstance(record, Pull | PullFast):
            return _result(apply_nothing_to_pull(state, size), size, span)
        if isinstance(record, SignedTransaction):
            outcome = self._signed(state, record, signers(record), size)
        else:
            outcome = apply_record(state, record, None, size, self.recover_signers(record))
        return _result(outcome, size, span)

    def _signed(
        self, state: LeafReader, record: SignedTransaction, signer: bytes | None, size: int
    ) -> Outcome:
        transaction = record.transaction
        return apply_record(state, transaction, signer, size, self.recover_signers(transaction))

    def _pull(
        self,
        state: LeafReader,
        message: DelayedMessage,
        size: int,
        span: tuple[int, int],
        *,
        fast: bool = False,
    ) -> StepResult:
        content = decode_message(message)
        signers = self.recover_signers(content)
        outcome = pull_message(state, message, content, size, signers, fast=fast)
        return _result(outcome, size, span, message)

    def run_item(
        self,
        state: ChainState,
        header: ItemHeader,
        data: bytes,
        messages: Messages,
        *,
        signers: Iterable[bytes | None] | None = None,
        segment_roots: bool,
        on_block: Callable[[BlockInfo], None] | None = None,
    ) -> ItemResult:
        """Run a whole item on `state`, from open to close, and commit every step.

        Parameters
        ----------
        signers
            One per body of `signed_bodies(data)`, None for an invalid signature.
        segment_roots
            Whether to compute the root after every segment (the last one is the item's end).
        on_block
            Called with each block as it ends.
        """
        if state.get(CURSOR_KEY).phase:
            raise MachineError(f"item {state.get(CURSOR_KEY).item}: already open")
        run = _Run(state, on_block, segment_roots=segment_roots)
        known = None if signers is None else iter(signers)
        lookup = None if known is None else (lambda _signed: next(known))
        kind = None
        while kind is not StepKind.CLOSE_ITEM:
            result = self.step(state, header, data, messages, lookup)
            run.add(result, _content_hash(result, data))
            kind = result.kind
        run.end_block()
        return run.result


class _Run:
    """Collects receipts, segments and blocks while an item runs."""

    def __init__(
        self,
        state: ChainState,
        on_block: Callable[[BlockInfo], None] | None,
        *,
        segment_roots: bool,
    ) -> None:
        self.result = ItemResult([], [], [])
        self._state = state
        self._on_block = on_block
        self._segment_roots = segment_roots
        self._steps = 0
        self._weight = 0
        self._first = 0

    def add(self, result: StepResult, content: bytes) -> None:
        """Commit one step; a seal ends the block before it."""
        if result.kind is StepKind.SEAL:
            self.end_block()
        self._state.commit(result.writes)
        self.result.receipts.append(Receipt(result.kind, result.reason, content))
        self._steps += 1
        self._weight += result.weight
        if is_segment_end(result.kind, self._steps, self._weight):
            self._steps = self._weight = 0
            if self._segment_roots:
                self.result.segment_roots.append(self._state.root())

    def end_block(self) -> None:
        """End the current block with the state as it is."""
        cursor: Cursor = self._state.get(CURSOR_KEY)
        first, end = self._first, len(self.result.receipts)
        hashes = b"".join(receipt.record_hash for receipt in self.result.receipts[first:end])
        block = BlockInfo(
            cursor.block, cursor.time_ms, self._state.root(), keccak(hashes), first, end
        )
        self._first = end
        self.result.blocks.append(block)
        if self._on_block is not None:
            self._on_block(block)


def signed_bodies(data: bytes) -> list[bytes]:
    """Return the bodies of the signed records of a batch, in order, for recovery elsewhere.

    A body that does not decode as a signed record is not in the list.
    """
    return [
        body for _, body in iter_records(data) if isinstance(decode_record(body), SignedTransaction)
    ]


def _result(
    outcome: Outcome, size: int, span: tuple[int, int], message: DelayedMessage | None = None
) -> StepResult:
    kind, reason, writes, _ = outcome
    return StepResult(kind, reason, WEIGHTS[kind], writes, size, span, message)


def _delayed(cursor: Cursor, header: ItemHeader, messages: Messages) -> DelayedMessage:
    return _first(cursor, messages.delayed, header.delayed_count - cursor.delayed)


def _fast(cursor: Cursor, header: ItemHeader, messages: Messages) -> DelayedMessage:
    return _first(cursor, messages.fast, header.fast_count - cursor.fast)


def _first(cursor: Cursor, messages: Sequence[DelayedMessage], left: int) -> DelayedMessage:
    """Return the first of the last `left` messages of a queue."""
    if left > len(messages):
        raise MachineError(f"item {cursor.item}: {len(messages)} messages < {left}")
    return messages[-left]


def _content_hash(result: StepResult, data: bytes) -> bytes:
    """Return the hash that a step adds to its block, none for a seal or task. Source: B-2."""
    if result.kind is StepKind.SEAL:
        return NO_HASH
    if result.message is not None:
        return message_hash(result.message)
    start, end = result.span
    return record_hash(data[start + LENGTH_BYTES : end]) if result.size else NO_HASH
