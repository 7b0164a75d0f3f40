"""How the sequencer comes back: from the newest snapshot that fits its log, else from genesis.

What a row of its history says of an item: the batch it was, what has to hold on L1 for it to be
that batch still, and its blocks with their records.
"""

import logging
from typing import Final

import msgspec

from rollup_node.codec.log_entries import RecordsEntry, decode_entry
from rollup_node.node.assembly import Assembly, ItemRun
from rollup_node.node.builder import Position
from rollup_node.node.ledger import Block, Entry, Ledger
from rollup_node.node.snapshots import Found, Head, LogPoint, Snapshots
from rollup_node.proof.chain_state import ChainState
from rollup_node.store.log import InputLog

_NOT_KEPT: Final = -1
"""No mark: the state cannot go back to before an item that was not executed in this process."""
_NO_BATCH: Final = -1

_logger = logging.getLogger(__name__)


class _BlockRow(msgspec.Struct, frozen=True, array_like=True):
    number: int
    time_ms: int
    state_root: bytes
    records: list[tuple[bytes, Entry | None]]


class _ItemRow(msgspec.Struct, frozen=True, array_like=True):
    batch: int
    accumulator: bytes
    delayed_count: int
    fast_count: int
    first_ms: int
    last_ms: int
    blocks: list[_BlockRow]


_decoder: Final = msgspec.msgpack.Decoder(_ItemRow)


class Resume:
    """Snapshots of an assembly: which moment is saved, and how it comes back.

    Parameters
    ----------
    log
        The sequencer's log; a snapshot that does not fit it is not used.
    """

    def __init__(self, assembly: Assembly, log: InputLog, snapshots: Snapshots) -> None:
        self._assembly = assembly
        self._log = log
        self._snapshots = snapshots
        self.durable_batches = 0

    def start(self) -> None:
        """Read the log and bring back the newest state that there is."""
        known = (f for f in self._snapshots.candidates() if self._fits(f.head))
        found = next(known, None)
        trusted = found.head.log.entries if found is not None else 0
        self._assembly.chain.restore(self._log.entries(), trusted)
        if found is None or not self._restore(found):
            self.go_back(0 if found is None else found.head.item - 1)

    def go_back(self, item: int) -> None:
        """Bring back the newest state before `item` or earlier; genesis is always there."""
        for found in self._snapshots.candidates(item):
            if self._restore(found):
                return
        self._snapshots.use(0)
        self._assembly.restore(ChainState(), None, [])

    def forget(self, item: int) -> None:
        """Take note that what was executed from `item` on is void."""
        self._snapshots.forget(item)

    def is_due(self, durable_batches: int) -> bool:
        """Tell whether a snapshot should be written; so many batches are cut and on disk."""
        self.durable_batches = durable_batches
        return self._snapshots.is_due(self)

    async def save(self, durable_batches: int) -> int:
        """Write a snapshot if there is anything new to save; return its bytes."""
        self.durable_batches = durable_batches
        return await self._snapshots.save(self)

    @property
    def state(self) -> ChainState:
        """The state as it is."""
        return self._assembly.builder.state

    @property
    def last(self) -> int:
        """The newest item that is begun, with nothing before it that is not on disk and rooted."""
        items, finished = self._assembly.items, len(self._assembly.builder.ledger.blocks)
        last = len(items) - 1
        while last > 0 and (
            _number(items[last - 1]) >= self.durable_batches
            or items[last].start.ledger[0] > finished
        ):
            last -= 1
        return max(last, 0)

    def mark(self, item: int) -> int:
        """Return the mark of the state before an item."""
        return self._assembly.items[item].start.mark

    def record_count(self, item: int) -> int:
        """Return how many records an item has, those of a block in the making left out."""
        return sum(len(block.records) for block in self._blocks(item))

    def head(self, item: int) -> Head:
        """Return what a snapshot before an item says about itself."""
        start = self._assembly.items[item].start
        block = self._assembly.builder.ledger.blocks[start.ledger[0] - 1]
        point = _point(self._log, self._log.next_number)
        return Head(item=item, state_root=block.state_root, block_hash=block.hash, log=point)

    def row(self, item: int) -> bytes:
        """Return what happened in an item."""
        executed, entries = self._assembly.items[item], self._assembly.builder.ledger.entries
        blocks = [
            _BlockRow(
                block.number,
                block.time_ms,
                block.state_root,
                [(record, entries.get(record)) for record in block.records],
            )
            for block in self._blocks(item)
        ]
        row = _ItemRow(
            _number(executed),
            executed.accumulator,
            executed.delayed_count,
            executed.fast_count,
            executed.first_ms,
            executed.last_ms,
            blocks,
        )
        return msgspec.msgpack.encode(row)

    def _fits(self, head: Head) -> bool:
        """Tell whether the log says what it said when the snapshot was made."""
        entries = head.log.entries
        fits = entries <= self._log.next_number and _point(self._log, entries) == head.log
        if not fits:
            _logger.warning("snapshot %d is left aside: it is of another log", head.item)
        return fits

    def _blocks(self, item: int) -> list[Block]:
        items, blocks = self._assembly.items, self._assembly.builder.ledger.blocks
        end = items[item + 1].start.ledger[0] if item + 1 < len(items) else len(blocks)
        return blocks[items[item].start.ledger[0] : end]

    def _restore(self, found: Found) -> bool:
        """Bring a snapshot back; tell whether its history fits it and the log."""
        ledger, items = Ledger(ChainState().root()), list[ItemRun]()
        try:
            for number, raw in enumerate(found.rows):
                items.append(self._read_row(number, raw, ledger))
        except (ValueError, IndexError, msgspec.MsgspecError) as error:
            _logger.warning("snapshot %d is left aside: %s", found.head.item, error)
            return False
        if ledger.newest.hash != found.head.block_hash:
            _logger.warning("snapshot %d is left aside: its history is another", found.head.item)
            return False
        ledger.note_all(found.state)
        self._assembly.restore(found.state, ledger, items)
        self._snapshots.use(found.head.item)
        _logger.info("began with the snapshot before item %d", found.head.item)
        return True

    def _read_row(self, number: int, raw: bytes, ledger: Ledger) -> ItemRun:
        row = _decoder.decode(raw)
        batch = self._assembly.chain.batches[row.batch] if row.batch != _NO_BATCH else None
        start = Position(_NOT_KEPT, ledger.position, number)
        for block in row.blocks:
            ledger.begin_block(block.number, block.time_ms)
            for record, entry in block.records:
                ledger.hashes.append(record)
                if entry is not None:
                    ledger.entries[record] = entry
            ledger.settle(ledger.end_block(), block.state_root)
        return ItemRun(
            start,
            batch,
            row.delayed_count,
            row.fast_count,
            row.first_ms,
            row.last_ms,
            row.accumulator,
        )


def _number(item: ItemRun) -> int:
    return _NO_BATCH if item.batch is None else item.batch.number


def _point(log: InputLog, entries: int) -> LogPoint:
    """Return what the first `entries` entries of the log confirm."""
    for number in range(entries - 1, -1, -1):
        entry = decode_entry(log.read(number, 1)[0])
        if isinstance(entry, RecordsEntry):
            return LogPoint(entries, entry.covered, entry.link)
    return LogPoint(entries, 0, bytes(32))
