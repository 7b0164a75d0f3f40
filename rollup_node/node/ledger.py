"""What happened on L2: blocks, records, who owns what. Goes back together with the state."""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import ACCOUNTS, INDEX_BITS, OUTBOX, LeafKey, outbox_key, owner_key
from rollup_node.core.leaves import LeafReader, Owner, Withdrawal, Writes
from rollup_node.core.reason import Reason
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.hashing import keccak

_BLOCK_TAG = b"\x0f"


class Block(NamedTuple):
    """A finished block (docs/spec.md B-2)."""

    number: int
    hash: bytes
    parent_hash: bytes
    time_ms: int
    state_root: bytes
    transactions_root: bytes
    records: tuple[bytes, ...]


class Entry(NamedTuple):
    """A record or pulled message; `sequence` is -1 unless this node sequenced it."""

    kind: StepKind
    reason: Reason
    block: int
    place: int
    sequence: int
    account: int
    sender: bytes
    body: bytes


class Rootless(NamedTuple):
    """A block that has ended; its root, and so its hash, is still to come."""

    number: int
    time_ms: int
    records: tuple[bytes, ...]


class Ledger:
    """Finished blocks, the block in the making, and indexes that are checked against the state.

    Between the two are blocks that wait for their root: ended, and not yet told of.
    """

    def __init__(self, genesis_root: bytes, genesis_time_ms: int = 0) -> None:
        """Begin with block 0 (docs/spec.md B-2)."""
        self.blocks = [_make_block(0, bytes(32), genesis_time_ms, genesis_root, ())]
        self.by_hash = {self.blocks[0].hash: 0}
        self.entries: dict[bytes, Entry] = {}
        self.hashes: list[bytes] = []
        self._rootless: deque[Rootless] = deque()
        self._number = 0
        self._time_ms = genesis_time_ms
        self._owned: dict[bytes, set[int]] = {}
        self._outbox: dict[int, set[int]] = {}

    @property
    def newest(self) -> Block:
        """The newest finished block."""
        return self.blocks[-1]

    @property
    def position(self) -> tuple[int, int, int]:
        """Ended blocks, number and records of the block in the making: for `rewind`."""
        return len(self.blocks) + len(self._rootless), self._number, len(self.hashes)

    @property
    def number(self) -> int:
        """Number of the block in the making."""
        return self._number

    def begin_block(self, number: int, time_ms: int) -> None:
        """Begin a block; the one before is finished."""
        self._number, self._time_ms = number, time_ms

    def end_block(self) -> Rootless:
        """End the block in the making; it is finished by `settle`."""
        ended = Rootless(self._number, self._time_ms, tuple(self.hashes))
        self._rootless.append(ended)
        self.hashes = []
        return ended

    def settle(self, ended: Rootless, state_root: bytes) -> None:
        """Finish a block with its root, in the order in which they ended.

        Nothing happens if it was gone back behind meanwhile.
        """
        if not self._rootless or self._rootless[0] is not ended:
            return
        self._rootless.popleft()
        parent = self.blocks[-1].hash
        block = _make_block(ended.number, parent, ended.time_ms, state_root, ended.records)
        self.blocks.append(block)
        self.by_hash[block.hash] = block.number

    def add(self, record_hash: bytes, entry: Entry) -> None:
        """Put a record into the block in the making."""
        self.hashes.append(record_hash)
        self.entries[record_hash] = entry

    def note(self, writes: Writes) -> None:
        """Index owners and outbox entries among leaves that were written."""
        for key, leaf in writes.items():
            if isinstance(leaf, Owner):
                self._owned.setdefault(leaf.address, set()).add(_account_of(key))
            elif isinstance(leaf, Withdrawal):
                self._outbox.setdefault(leaf.account, set()).add(key & 0xFFFFFFFF)

    def note_all(self, state: ChainState) -> None:
        """Index the owners and outbox entries of a whole state."""
        found = state.keys()
        wanted = [key for key in found if key >> INDEX_BITS in (ACCOUNTS, OUTBOX)]
        self.note({key: state.get(key) for key in wanted})

    def rewind(self, position: tuple[int, int, int]) -> None:
        """Go back to an earlier `position`."""
        blocks, number, records = position
        waiting = max(blocks - len(self.blocks), 0)
        gone = [block.records for block in self.blocks[blocks:]]
        gone += [ended.records for ended in list(self._rootless)[waiting:]]
        kept = self.hashes[:records]
        if gone or number != self._number:
            first = gone[0] if gone else ()
            kept = list(first[:records]) or kept
        for record in [*(record for mine in gone for record in mine), *self.hashes]:
            if record not in kept:
                self.entries.pop(record, None)
        for block in self.blocks[blocks:]:
            self.by_hash.pop(block.hash, None)
        del self.blocks[blocks:]
        while len(self._rootless) > waiting:
            self._rootless.pop()
        self.hashes, self._number = kept, number

    def accounts_of(self, state: LeafReader, owner: bytes) -> list[int]:
        """Return the open accounts of an owner, ascending."""
        found = [
            account
            for account in self._owned.get(owner, ())
            if (leaf := state.get(owner_key(account))) is not None and leaf.address == owner
        ]
        return sorted(found)

    def outbox_of(self, state: LeafReader, account: int) -> Iterable[tuple[int, Withdrawal]]:
        """Return slots and entries of the outbox that an account paid for, ascending."""
        for slot in sorted(self._outbox.get(account, ())):
            leaf = state.get(outbox_key(slot))
            if leaf is not None and leaf.account == account:
                yield slot, leaf


def _account_of(key: LeafKey) -> int:
    return (key & 0xFFFFFFFF) >> 5


def _make_block(
    number: int, parent: bytes, time_ms: int, state_root: bytes, records: tuple[bytes, ...]
) -> Block:
    transactions_root = keccak(b"".join(records))
    block_hash = keccak(
        _BLOCK_TAG
        + parent
        + number.to_bytes(5, "big")
        + time_ms.to_bytes(6, "big")
        + state_root
        + transactions_root
    )
    return Block(number, block_hash, parent, time_ms, state_root, transactions_root, records)
