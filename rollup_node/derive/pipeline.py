"""From L1 blocks to ordered inputs: believes nothing that the inbox's hashes do not cover.

The same L1 blocks give the same items, whatever was seen and rewound before. Hashing is handed in
(`Commitments`), since this room does not know the trees.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from rollup_node.core.inputs import DelayedMessage, ItemHeader, Messages
from rollup_node.core.kinds import ItemKind
from rollup_node.derive.events import (
    FastReceived,
    ItemAppended,
    L1Block,
    L1BlockEvents,
    MessageReceived,
)
from rollup_node.derive.items import DerivedItem

_ZERO: Final = bytes(32)


class DerivationError(Exception):
    """L1 data contradict the hashes of the inbox: whoever served them is wrong."""


class ParentMismatchError(Exception):
    """A block does not build on the last one: L1 was reorganised."""


class Commitments(Protocol):
    """Hashes of docs/spec.md I-2 to I-6; `rollup_node.proof.inbox` has them."""

    def calldata_root(self, data: bytes) -> bytes:
        """Return the data root of calldata."""

    def blobs_root(self, versioned_hashes: tuple[bytes, ...]) -> bytes:
        """Return the data root of blobs."""

    def next_accumulator(self, accumulator: bytes, header: ItemHeader) -> bytes:
        """Return the inbox accumulator after an item."""

    def next_delayed_accumulator(self, accumulator: bytes, message: DelayedMessage) -> bytes:
        """Return the accumulator of delayed messages after one more."""

    def next_fast_accumulator(self, accumulator: bytes, message: DelayedMessage) -> bytes:
        """Return the accumulator of fast messages after one more."""


class Counts(NamedTuple):
    """How many items, delayed messages and fast messages there are."""

    items: int
    messages: int
    fast: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """An L1 block and what there is after it."""

    block: L1Block
    counts: Counts


class Derivation:
    """The ordered inputs up to the last L1 block given, and how to go back.

    Parameters
    ----------
    genesis
        The L1 block before the inbox was deployed.
    """

    def __init__(self, genesis: L1Block, commitments: Commitments) -> None:
        self._commitments = commitments
        self._seen = [_Seen(genesis, Counts(0, 0, 0))]
        self._accumulators = [_ZERO]
        self._delayed_accumulators = [_ZERO]
        self._fast_accumulators = [_ZERO]
        self.items: list[DerivedItem] = []
        self.messages: list[DelayedMessage] = []
        self.fast: list[DelayedMessage] = []

    @property
    def head(self) -> L1Block:
        """Return the last L1 block that was read."""
        return self._seen[-1].block

    @property
    def consumed(self) -> int:
        """Return how many delayed messages the items consume."""
        return self.items[-1].header.delayed_count if self.items else 0

    @property
    def fast_consumed(self) -> int:
        """Return how many fast messages the items consume."""
        return self.items[-1].header.fast_count if self.items else 0

    @property
    def counts(self) -> Counts:
        """Return how much there is."""
        return Counts(len(self.items), len(self.messages), len(self.fast))

    def accumulator(self, count: int) -> bytes:
        """Return `acc[count]` (docs/spec.md I-5)."""
        return self._accumulators[count]

    def delayed_accumulator(self, count: int) -> bytes:
        """Return `delayedAcc[count]` (docs/spec.md I-6)."""
        return self._delayed_accumulators[count]

    def fast_accumulator(self, count: int) -> bytes:
        """Return `fastAcc[count]` (docs/spec.md I-6)."""
        return self._fast_accumulators[count]

    def block_at(self, number: int) -> L1Block | None:
        """Return the L1 block of that height as it was read, `None` if it was not."""
        offset = number - self._seen[0].block.number
        return self._seen[offset].block if 0 <= offset < len(self._seen) else None

    def advance(self, events: L1BlockEvents) -> list[DerivedItem]:
        """Read the next L1 block and return the items in it.

        Nothing changes if it raises.

        Raises
        ------
        ParentMismatchError
            If it does not build on `head`.
        DerivationError
            If its data contradict the hashes of the inbox.
        """
        block = events.block
        if block.parent_hash != self.head.hash or block.number != self.head.number + 1:
            raise ParentMismatchError(f"L1 block {block.number} builds on another {self.head}")
        before = self.counts
        try:
            for event in events.events:
                if isinstance(event, MessageReceived):
                    self._receive(event)
                elif isinstance(event, FastReceived):
                    self._receive_fast(event)
                elif isinstance(event, ItemAppended):
                    self._append(event, block)
        except DerivationError:
            self._truncate(before)
            raise
        self._seen.append(_Seen(block, self.counts))
        return self.items[before.items :]

    def rewind(self, l1_number: int) -> Counts:
        """Forget the L1 blocks above `l1_number`; return what is kept.

        At or below the genesis block everything is forgotten.
        """
        keep = max(l1_number - self._seen[0].block.number + 1, 1)
        del self._seen[keep:]
        kept = self._seen[-1].counts
        self._truncate(kept)
        return kept

    def _truncate(self, kept: Counts) -> None:
        del self.items[kept.items :]
        del self._accumulators[kept.items + 1 :]
        del self.messages[kept.messages :]
        del self._delayed_accumulators[kept.messages + 1 :]
        del self.fast[kept.fast :]
        del self._fast_accumulators[kept.fast + 1 :]

    def _receive(self, event: MessageReceived) -> None:
        _expect("index of delayed message", event.index, len(self.messages))
        accumulator = self._commitments.next_delayed_accumulator(
            self._delayed_accumulators[-1], event.message
        )
        _expect(f"accumulator of message {event.index}", event.accumulator, accumulator)
        self.messages.append(event.message)
        self._delayed_accumulators.append(accumulator)

    def _receive_fast(self, event: FastReceived) -> None:
        _expect("index of fast message", event.index, len(self.fast))
        last = self._fast_accumulators[-1]
        accumulator = self._commitments.next_fast_accumulator(last, event.message)
        _expect(f"accumulator of fast message {event.index}", event.accumulator, accumulator)
        self.fast.append(event.message)
        self._fast_accumulators.append(accumulator)

    def _append(self, event: ItemAppended, block: L1Block) -> None:
        header = event.header
        first, last = self.consumed, header.delayed_count
        first_fast, last_fast = self.fast_consumed, header.fast_count
        _expect("index of inbox item", event.index, len(self.items))
        _expect_within(f"delayed count of item {event.index}", first, last, len(self.messages))
        _expect_within(f"fast count of item {event.index}", first_fast, last_fast, len(self.fast))
        delayed = self._delayed_accumulators[last]
        _expect(f"delayed accumulator of item {event.index}", header.delayed_acc, delayed)
        fast = self._fast_accumulators[last_fast]
        _expect(f"fast accumulator of item {event.index}", header.fast_acc, fast)
        accumulator = self._commitments.next_accumulator(self._accumulators[-1], header)
        _expect(f"accumulator of item {event.index}", event.accumulator, accumulator)
        _expect(f"length of item {event.index}", len(event.data), header.byte_length)
        _expect(f"data root of item {event.index}", self._data_root(event), header.data_root)
        self._accumulators.append(accumulator)
        self.items.append(
            DerivedItem(
                index=event.index,
                header=header,
                data=event.data,
                first_message=first,
                first_fast=first_fast,
                messages=Messages(
                    tuple(self.messages[first:last]), tuple(self.fast[first_fast:last_fast])
                ),
                accumulator=accumulator,
                blob_hashes=event.blob_hashes,
                l1_block=block.number,
                poster=event.poster,
                transaction_hash=event.transaction_hash,
            )
        )

    def _data_root(self, event: ItemAppended) -> bytes:
        if event.header.kind == ItemKind.CALLDATA:
            return self._commitments.calldata_root(event.data)
        if event.header.kind == ItemKind.BLOB:
            return self._commitments.blobs_root(event.blob_hashes)
        return _ZERO


def _expect(what: str, actual: int | bytes, expected: int | bytes) -> None:
    if actual != expected:
        raise DerivationError(f"{what}: {_show(actual)} != {_show(expected)}")


def _expect_within(what: str, low: int, actual: int, high: int) -> None:
    if not low <= actual <= high:
        raise DerivationError(f"{what}: {actual} not in {low}..{high}")


def _show(value: int | bytes) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
