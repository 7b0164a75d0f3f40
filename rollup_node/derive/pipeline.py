"""From L1 blocks to ordered inputs: believes nothing that the inbox's hashes do not cover.

The same L1 blocks give the same items, whatever was seen and rewound before. Hashing is handed in
(`Commitments`), since this room does not know the trees.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from rollup_node.core.inputs import DelayedMessage, ItemHeader
from rollup_node.core.kinds import ItemKind
from rollup_node.derive.events import ItemAppended, L1Block, L1BlockEvents, MessageReceived
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


@dataclass(frozen=True, slots=True)
class _Seen:
    """An L1 block and how many items and messages there are after it."""

    block: L1Block
    items: int
    messages: int


class Derivation:
    """The ordered inputs up to the last L1 block given, and how to go back.

    Parameters
    ----------
    genesis
        The L1 block before the inbox was deployed.
    """

    def __init__(self, genesis: L1Block, commitments: Commitments) -> None:
        self._commitments = commitments
        self._seen = [_Seen(genesis, 0, 0)]
        self._accumulators = [_ZERO]
        self._delayed_accumulators = [_ZERO]
        self.items: list[DerivedItem] = []
        self.messages: list[DelayedMessage] = []

    @property
    def head(self) -> L1Block:
        """Return the last L1 block that was read."""
        return self._seen[-1].block

    @property
    def consumed(self) -> int:
        """Return how many delayed messages the items consume."""
        return self.items[-1].header.delayed_count if self.items else 0

    def accumulator(self, count: int) -> bytes:
        """Return `acc[count]` (docs/spec.md I-5)."""
        return self._accumulators[count]

    def delayed_accumulator(self, count: int) -> bytes:
        """Return `delayedAcc[count]` (docs/spec.md I-6)."""
        return self._delayed_accumulators[count]

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
        first = len(self.items)
        try:
            for event in events.events:
                if isinstance(event, MessageReceived):
                    self._receive(event)
                elif isinstance(event, ItemAppended):
                    self._append(event, block)
        except DerivationError:
            self._truncate(first, self._seen[-1].messages)
            raise
        self._seen.append(_Seen(block, len(self.items), len(self.messages)))
        return self.items[first:]

    def rewind(self, l1_number: int) -> tuple[int, int]:
        """Forget the L1 blocks above `l1_number`; return how many items and messages are kept.

        At or below the genesis block everything is forgotten.
        """
        keep = max(l1_number - self._seen[0].block.number + 1, 1)
        del self._seen[keep:]
        last = self._seen[-1]
        self._truncate(last.items, last.messages)
        return last.items, last.messages

    def _truncate(self, items: int, messages: int) -> None:
        del self.items[items:]
        del self._accumulators[items + 1 :]
        del self.messages[messages:]
        del self._delayed_accumulators[messages + 1 :]

    def _receive(self, event: MessageReceived) -> None:
        _expect("index of delayed message", event.index, len(self.messages))
        accumulator = self._commitments.next_delayed_accumulator(
            self._delayed_accumulators[-1], event.message
        )
        _expect(f"accumulator of message {event.index}", event.accumulator, accumulator)
        self.messages.append(event.message)
        self._delayed_accumulators.append(accumulator)

    def _append(self, event: ItemAppended, block: L1Block) -> None:
        header = event.header
        first, last = self.consumed, header.delayed_count
        _expect("index of inbox item", event.index, len(self.items))
        if not first <= last <= len(self.messages):
            raise DerivationError(
                f"item {event.index}: delayed count {last} not in {first}..{len(self.messages)}"
            )
        delayed = self._delayed_accumulators[last]
        _expect(f"delayed accumulator of item {event.index}", header.delayed_acc, delayed)
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
                messages=tuple(self.messages[first:last]),
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


def _show(value: int | bytes) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
