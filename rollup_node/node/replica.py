"""The L2 as this node derives it from L1: state, blocks, receipts, segments; one item at a time.

Applying the same items from genesis gives the same replica: a snapshot only saves the time.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rollup_node.codec.records import iter_records
from rollup_node.core.invariant import InvariantViolation
from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    CURSOR_KEY,
    LeafKey,
    balances_key,
    outbox_key,
    owner_key,
)
from rollup_node.core.leaves import Balances, Cursor, Owner, Withdrawal
from rollup_node.core.reason import Reason
from rollup_node.core.weights import is_segment_end
from rollup_node.derive.items import DerivedItem
from rollup_node.node.accounts import OwnerIndex
from rollup_node.proof.assertions import block_hash
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.inbox import message_hash, record_hash
from rollup_node.proof.machine import BlockInfo, ItemResult, Machine, Receipt, signed_bodies
from rollup_node.roles.auditor import Auditor

RecoverAll = Callable[[Sequence[bytes]], Awaitable[Sequence[bytes | None]]]

_KEPT_MARKS: Final = 4096
_NOT_KEPT: Final = -1
"""No mark: the item was not executed in this process."""
_ZERO: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Block:
    """An L2 block (docs/spec.md B-2). Its receipts are `first..end` of item `item`, -1: genesis."""

    number: int
    hash: bytes
    parent_hash: bytes
    time_ms: int
    state_root: bytes
    transactions_root: bytes
    item: int
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class ExecutedItem:
    """An item and what its execution left: `mark` is before it; block and segment totals after it.

    `cursor_branch` are the siblings of the cursor leaf after the item, empty without segments.
    """

    item: DerivedItem
    mark: int
    blocks: int
    segments: int
    receipts: tuple[Receipt, ...]
    state_root: bytes
    cursor: Cursor
    cursor_branch: tuple[bytes, ...]


class Executed(NamedTuple):
    """What the execution of an item gave, with the cursor leaf after it and its siblings."""

    result: ItemResult
    cursor: Cursor
    cursor_branch: list[bytes]


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """Where a record or pulled message is: item, number of its step in it, block, place there."""

    item: int
    step: int
    block: int
    index: int
    kind: StepKind
    reason: Reason


@dataclass(frozen=True, slots=True)
class OutboxProof:
    """An outbox entry in the state after `item` items, with its 36 siblings from the leaf up."""

    withdrawal: Withdrawal
    item: int
    state_root: bytes
    branch: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class LeafProofs:
    """Leaves of the state after `item` items, in position order, and what folds them (T-4)."""

    item: int
    state_root: bytes
    keys: tuple[LeafKey, ...]
    values: tuple[bytes, ...]
    siblings: tuple[bytes, ...]


class Replica:
    """Executes derived items in order; goes back when L1 does.

    Parameters
    ----------
    recover
        Recovers the signers of record bodies somewhere off the event loop, in order.
    segments
        Whether to compute the root after every segment, as claims need.
    audits
        Whether to hold the state together after every block (roles/auditor.py).

    `seconds` has the CPU time of execution, roots included.
    """

    def __init__(
        self, machine: Machine, recover: RecoverAll, *, segments: bool, audits: bool = False
    ) -> None:
        self._machine = machine
        self._recover = recover
        self._with_segments = segments
        self._audits = audits
        self.seconds = {"execute": 0.0}
        self._reset()

    def _reset(self) -> None:
        self.state = ChainState()
        self.items: list[ExecutedItem] = []
        self.segment_roots: list[bytes] = []
        self.blocks: list[Block] = [_genesis(self.state.root())]
        self._numbers: dict[bytes, int] = {self.blocks[0].hash: 0}
        self._places: dict[bytes, RecordPlace] = {}
        self._owners = OwnerIndex(self.state)
        self._auditor: Auditor | None = None

    @property
    def audited_blocks(self) -> int:
        """Return how many blocks were held together since the last start or reorg of L1."""
        return 0 if self._auditor is None else self._auditor.blocks

    @property
    def item_count(self) -> int:
        """Return how many inbox items have been executed."""
        return len(self.items)

    async def apply(self, item: DerivedItem) -> ExecutedItem:
        """Execute the next item.

        Raises
        ------
        InvariantViolation
            It is another item than the next, or a block left a state that does not add up.
        """
        if item.index != len(self.items):
            raise InvariantViolation(f"replica: item {item.index} != {len(self.items)}")
        signers = await self._recover(signed_bodies(item.data))
        mark = self.state.mark()
        began = time.thread_time()
        result = self._machine.run_item(
            self.state,
            item.header,
            item.data,
            item.messages,
            signers=signers,
            segment_roots=self._with_segments,
            on_block=self._make_audit(mark) if self._audits else None,
        )
        self.seconds["execute"] += time.thread_time() - began
        branch = self.state.branch(CURSOR_KEY) if self._with_segments else []
        return self._keep(item, mark, Executed(result, self.state.get(CURSOR_KEY), branch))

    def _make_audit(self, mark: int) -> Callable[[BlockInfo], None]:
        """Return what audits each block of the item that begins at `mark`."""
        if self._auditor is None:
            self._auditor = Auditor()
            self._auditor.audit(self.state, self.state.keys())
        auditor = self._auditor

        def audit(_block: BlockInfo) -> None:
            auditor.audit(self.state, self.state.changed_since(mark))

        return audit

    def restore(self, state: ChainState, known: Iterable[tuple[DerivedItem, Executed]]) -> None:
        """Go on from a state that was made before, and what is known of the items before it."""
        self._reset()
        self.state, self._owners = state, OwnerIndex(state)
        for item, executed in known:
            self._keep(item, _NOT_KEPT, executed)

    def rewind(self, kept_items: int) -> None:
        """Go back to the state after `kept_items` items; to genesis if that is not kept."""
        if kept_items >= len(self.items):
            return
        try:
            self.state.rewind(self.items[kept_items].mark)
        except KeyError:
            self._reset()
            return
        last = self.items[kept_items - 1] if kept_items else None
        for block in self.blocks[last.blocks if last else 1 :]:
            del self._numbers[block.hash]
        del self.blocks[last.blocks if last else 1 :]
        del self.segment_roots[last.segments if last else 0 :]
        for executed in self.items[kept_items:]:
            for receipt in executed.receipts:
                place = self._places.get(receipt.record_hash)
                if place is not None and place.item >= kept_items:
                    del self._places[receipt.record_hash]
        del self.items[kept_items:]
        self._owners.forget()
        self._auditor = None

    def block_after(self, items: int) -> Block:
        """Return the last block of the first `items` items, the newest if they are not executed."""
        if items > len(self.items):
            return self.blocks[-1]
        return self.blocks[self.items[items - 1].blocks - 1 if items else 0]

    def block_by_hash(self, digest: bytes) -> Block | None:
        """Return a block by its hash."""
        number = self._numbers.get(digest)
        return None if number is None else self.blocks[number]

    def record_hashes(self, block: Block) -> list[bytes]:
        """Return the hashes of a block's records and pulled messages in order."""
        if block.item < 0:
            return []
        receipts = self.items[block.item].receipts[block.first : block.end]
        return [receipt.record_hash for receipt in receipts if receipt.record_hash]

    def place(self, digest: bytes) -> RecordPlace | None:
        """Return where the record or message with that hash is; the first if it came twice."""
        return self._places.get(digest)

    def body(self, place: RecordPlace, digest: bytes) -> bytes:
        """Return the bytes of a record, or the body of a message."""
        item = self.items[place.item].item
        for message in (*item.messages.delayed, *item.messages.fast):
            if message_hash(message) == digest:
                return message.body
        for _, body in iter_records(item.data):
            if record_hash(body) == digest:
                return body
        return b""

    def owner(self, account: int) -> Owner | None:
        """Return the owner leaf of an account, `None` if it is not open."""
        leaf: Owner | None = self.state.get(owner_key(account))
        return leaf

    def balances(self, account: int) -> Balances | None:
        """Return the balances leaf of an account, `None` if it is not open."""
        leaf: Balances | None = self.state.get(balances_key(account))
        return leaf

    def accounts_of(self, owner: bytes) -> list[int]:
        """Return the open accounts of an owner, ascending."""
        return self._owners.accounts_of(owner)

    def withdrawals(self, account: int | None = None) -> list[tuple[int, Withdrawal]]:
        """Return outbox entries with their index, of one account or of all."""
        count = self.state.get(ALLOCATORS_KEY).outbox_next
        entries = ((index, self.state.get(outbox_key(index))) for index in range(count))
        return [(index, w) for index, w in entries if account is None or w.account == account]

    def prove_outbox(self, index: int, item: int | None = None) -> OutboxProof | None:
        """Prove an outbox entry in the state after `item` items (all executed ones if `None`).

        `None` if the entry is not in that state, or the state is not kept any more.
        """
        count = len(self.items) if item is None else item
        if not 0 <= count <= len(self.items) or self.state.get(outbox_key(index)) is None:
            return None
        key = outbox_key(index)
        if count == len(self.items):
            branch = self.state.branch(key)
            return OutboxProof(self.state.get(key), count, self.state.root(), tuple(branch))
        try:
            root, value, branch = self.state.branch_at(self.items[count].mark, key)
        except KeyError:
            return None
        if not value:
            return None
        return OutboxProof(self.state.get(key), count, root, tuple(branch))

    def prove_leaves(self, keys: Sequence[LeafKey], item: int) -> LeafProofs:
        """Open leaves of the state after `item` executed items.

        If that state is not kept any more, it is executed again from genesis: after a restart.
        """
        if item == len(self.items):
            return _prove(self.state, keys, item)
        try:
            root, values, proof = self.state.prove_at(self.items[item].mark, keys)
        except KeyError:
            return _prove(self._copy_before(item), keys, item)
        return LeafProofs(item, root, proof.keys, values, proof.siblings)

    def cursor_inside(self, index: int, segments: int) -> tuple[bytes, tuple[bytes, ...]]:
        """Return the cursor leaf and its siblings after the first segments of item `index`.

        Executes those segments on a copy of the state, which takes a while: claims that end inside
        an item are rare.
        """
        item = self.items[index].item
        state = self._copy_before(index)
        steps = weight = 0
        while segments:
            result = self._machine.step(state, item.header, item.data, item.messages)
            state.commit(result.writes)
            steps, weight = steps + 1, weight + result.weight
            if is_segment_end(result.kind, steps, weight):
                segments, steps, weight = segments - 1, 0, 0
        return state.value(CURSOR_KEY), tuple(state.branch(CURSOR_KEY))

    def _copy_before(self, index: int) -> ChainState:
        """Return a copy of the state before an item; executed from genesis if it is not kept."""
        try:
            return self.state.copy_at(self.items[index].mark)
        except KeyError:
            state = ChainState()
            for executed in self.items[:index]:
                item = executed.item
                self._machine.run_item(
                    state, item.header, item.data, item.messages, segment_roots=False
                )
            return state

    def result(self, index: int) -> Executed:
        """Return what the execution of an item gave, for `restore`."""
        before = self.items[index - 1] if index else None
        executed = self.items[index]
        blocks = [
            BlockInfo(b.number, b.time_ms, b.state_root, b.transactions_root, b.first, b.end)
            for b in self.blocks[before.blocks if before else 1 : executed.blocks]
        ]
        segments = self.segment_roots[before.segments if before else 0 : executed.segments]
        result = ItemResult(list(executed.receipts), segments, blocks)
        return Executed(result, executed.cursor, list(executed.cursor_branch))

    def _keep(self, item: DerivedItem, mark: int, done: Executed) -> ExecutedItem:
        result, cursor, branch = done
        self.segment_roots += result.segment_roots
        for info in result.blocks:
            parent = self.blocks[-1].hash
            digest = block_hash(
                parent, info.number, info.time_ms, info.state_root, info.transactions_root
            )
            block = Block(
                info.number,
                digest,
                parent,
                info.time_ms,
                info.state_root,
                info.transactions_root,
                item.index,
                info.first,
                info.end,
            )
            self._numbers[digest] = block.number
            self.blocks.append(block)
            self._index_records(block, result.receipts)
        executed = ExecutedItem(
            item=item,
            mark=mark,
            blocks=len(self.blocks),
            segments=len(self.segment_roots),
            receipts=tuple(result.receipts),
            state_root=result.blocks[-1].state_root,
            cursor=cursor,
            cursor_branch=tuple(branch),
        )
        self.items.append(executed)
        self._owners.see(item, result.receipts)
        if len(self.items) > _KEPT_MARKS:
            self.state.prune(self.items[-_KEPT_MARKS].mark)
        return executed

    def _index_records(self, block: Block, receipts: Sequence[Receipt]) -> None:
        index = 0
        for step in range(block.first, block.end):
            kind, reason, digest = receipts[step]
            if digest:
                place = RecordPlace(block.item, step, block.number, index, kind, reason)
                self._places.setdefault(digest, place)
                index += 1


def _prove(state: ChainState, keys: Sequence[LeafKey], item: int) -> LeafProofs:
    proof = state.prove(keys)
    values = tuple(state.value(key) for key in proof.keys)
    return LeafProofs(item, state.root(), proof.keys, values, proof.siblings)


def _genesis(state_root: bytes) -> Block:
    digest = block_hash(_ZERO, 0, 0, state_root, record_hash(b""))
    return Block(0, digest, _ZERO, 0, state_root, record_hash(b""), -1, 0, 0)
