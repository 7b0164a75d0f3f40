"""How a replica comes back: from the newest snapshot of which L1 still has every item."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Final

import msgspec

from rollup_node.derive.items import DerivedItem
from rollup_node.node.replica import Executed, Replica
from rollup_node.node.snapshots import Found, Head, Snapshots
from rollup_node.proof.chain_state import ChainState

_logger = logging.getLogger(__name__)


class _ReplicaRow(msgspec.Struct, frozen=True, array_like=True):
    accumulator: bytes
    executed: Executed


_decoder: Final = msgspec.msgpack.Decoder(_ReplicaRow)


class ReplicaResume:
    """Snapshots of a replica: which moment is saved, and how it comes back."""

    def __init__(self, replica: Replica, snapshots: Snapshots) -> None:
        self._replica = replica
        self._snapshots = snapshots
        self._saving: asyncio.Task[int] | None = None

    def start(self, items: Sequence[DerivedItem]) -> None:
        """Bring a replica that is at genesis as far as a snapshot goes that fits L1."""
        for found in self._snapshots.candidates(len(items)):
            if self._restore(found, items):
                self._snapshots.use(found.head.item)
                _logger.info("began with the snapshot before item %d", found.head.item)
                return
        self._snapshots.use(0)

    def forget(self, item: int) -> None:
        """Take note that what was executed from `item` on is void."""
        self._snapshots.forget(item)

    def save_if_due(self) -> None:
        """Begin to write a snapshot beside what else goes on, if one is due."""
        if (self._saving is None or self._saving.done()) and self._snapshots.is_due(self):
            self._saving = asyncio.create_task(self.save(), name="snapshot")

    async def save(self) -> int:
        """Write a snapshot if there is anything new to save; return its bytes."""
        return await self._snapshots.save(self)

    async def close(self) -> None:
        """Leave a snapshot in the making and close the history."""
        if self._saving is not None:
            self._saving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._saving
        self._snapshots.close()

    @property
    def state(self) -> ChainState:
        """The state as it is."""
        return self._replica.state

    @property
    def last(self) -> int:
        """The newest item that was executed: the state before it is known."""
        return max(self._replica.item_count - 1, 0)

    def mark(self, item: int) -> int:
        """Return the mark of the state before an item."""
        return self._replica.items[item].mark

    def record_count(self, item: int) -> int:
        """Return how many steps an item has, which are its records and a few more."""
        return len(self._replica.items[item].receipts)

    def head(self, item: int) -> Head:
        """Return what a snapshot before an item says about itself."""
        block = self._replica.block_after(item)
        return Head(item=item, state_root=block.state_root, block_hash=block.hash)

    def row(self, item: int) -> bytes:
        """Return what happened in an item."""
        accumulator = self._replica.items[item].item.accumulator
        return msgspec.msgpack.encode(_ReplicaRow(accumulator, self._replica.result(item)))

    def _restore(self, found: Found, items: Sequence[DerivedItem]) -> bool:
        try:
            rows = [_decoder.decode(raw) for raw in found.rows]
        except msgspec.MsgspecError as error:
            _logger.warning("snapshot %d is left aside: %s", found.head.item, error)
            return False
        if not rows or rows[-1].accumulator != items[len(rows) - 1].accumulator:
            _logger.info("snapshot %d is left aside: L1 has other items", found.head.item)
            return False
        known = zip(items, (row.executed for row in rows), strict=False)
        self._replica.restore(found.state, known)
        if self._replica.blocks[-1].hash != found.head.block_hash:
            _logger.warning("snapshot %d is left aside: its history is another", found.head.item)
            self._replica.rewind(0)
            return False
        return True
