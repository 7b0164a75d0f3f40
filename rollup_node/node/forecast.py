"""Holds L1 against what the sequencer executed beforehand, and executes again where they differ.

L1 wins: from the first item that differs on, the items of L1 are executed as they are and own
batches that L1 does not have yet on top of them.
"""

import asyncio
import logging
from typing import Final

from rollup_node.codec.records import iter_records
from rollup_node.derive.items import DerivedItem
from rollup_node.node.assembly import Assembly, ItemRun
from rollup_node.node.batches import OwnBatch
from rollup_node.node.resume import Resume
from rollup_node.node.signers import CHUNK, Recovered, SignerPool
from rollup_node.ports import L1Update
from rollup_node.proof.chain_state import ChainState
from rollup_node.roles.sequencer import EXPECTED_HEADER

_KEPT_ITEMS: Final = 512
"""Items behind the newest one on L1 that can still be gone back to."""
_NO_FORECAST: Final = -1

_logger = logging.getLogger(__name__)


class Forecast:
    """What was executed before L1 had it."""

    def __init__(self, assembly: Assembly, signers: SignerPool) -> None:
        """Take the assembly to keep in line with L1."""
        self.resume: Resume | None = None
        self._items: list[DerivedItem] = []
        self._assembly = assembly
        self._signers = signers

    @property
    def derived(self) -> int:
        """How many items L1 had at the last look."""
        return len(self._items)

    async def follow(self, update: L1Update, *, first: bool) -> bool:
        """Take note of messages and items; tell whether anything was executed again.

        With `first` nothing was executed in this process yet: what no snapshot holds is.
        """
        assembly = self._assembly
        cursor = assembly.builder.cursor
        is_undone = (
            min(update.kept_messages, len(assembly.delayed)) < cursor.delayed
            or min(update.kept_fast, len(assembly.fast)) < cursor.fast
        )
        del assembly.delayed[update.kept_messages :]
        assembly.delayed += update.messages
        del assembly.fast[update.kept_fast :]
        assembly.fast += update.fast
        redo = self._first_difference(update, first=first)
        if redo is None and is_undone:
            redo = min(update.kept_items, len(assembly.items))
        del self._items[update.kept_items :]
        self._items += update.items
        if redo is not None:
            await self._redo(redo)
        return redo is not None

    def forget_old(self) -> None:
        """Forget how to go back behind what L1 will not take back any more."""
        assembly = self._assembly
        keep = self.derived - _KEPT_ITEMS
        if keep > 0 and keep < len(assembly.items):
            assembly.builder.state.prune(assembly.items[keep].start.mark)

    def _first_difference(self, update: L1Update, *, first: bool) -> int | None:
        """Return the number of the first item that was executed otherwise than L1 has it."""
        assembly = self._assembly
        for number, item in enumerate(update.items, update.kept_items):
            if number >= len(assembly.items) or not self._is_forecast(number, item):
                return number
        if first or (update.reorg and update.kept_items < self.derived):
            after = assembly.items[update.kept_items + len(update.items) :]
            if any(executed.batch is None for executed in after):
                return update.kept_items + len(update.items)
        return len(assembly.items) if first else None

    def _is_forecast(self, number: int, item: DerivedItem) -> bool:
        assembly = self._assembly
        executed = assembly.items[number]
        batch, header = executed.batch, item.header
        if executed.accumulator == item.accumulator:
            return True
        is_equal = (
            batch is not None
            and batch.delayed_count is not None
            and item.data == batch.data
            and header.delayed_count == executed.delayed_count
            and header.fast_count == executed.fast_count
            and max(header.min_time * 1_000, 0) <= executed.first_ms
            and executed.last_ms <= header.max_time * 1_000
        )
        if is_equal:
            executed.accumulator = item.accumulator
        return is_equal

    async def _redo(self, number: int) -> None:
        """Execute again from an item on: what L1 has, then own batches that it does not have."""
        assembly = self._assembly
        if number < len(assembly.items):
            _logger.info("item %d differs from the forecast: executing again", number)
            assembly.counters.rewinds += 1
            number = self._go_back(number)
        done = [e.batch.number for e in assembly.items if e.batch is not None]
        posted = max(done, default=-1)
        for item in self._items[number:]:
            batch = self._own_batch(item, posted + 1)
            posted = batch.number if batch is not None else posted
            await self._execute_derived(item, batch)
        for batch in assembly.chain.batches[posted + 1 :]:
            await self._execute_own(batch)
        assembly.recount()

    def _go_back(self, number: int) -> int:
        """Go back to before an item, or further where that is not kept; return how far."""
        assembly = self._assembly
        if self.resume is not None:
            self.resume.forget(number)
        try:
            assembly.builder.rewind(assembly.items[number].start)
        except KeyError:
            return self._come_back(number)
        del assembly.items[number:]
        return number

    def _come_back(self, number: int) -> int:
        """Take a snapshot from before an item that fits L1, or genesis; return how far it is."""
        assembly = self._assembly
        if self.resume is None:
            assembly.restore(ChainState(), None, [])
            return 0
        self.resume.go_back(number)
        while wrong := [n for n in range(len(assembly.items)) if not self._is_known(n)]:
            self.resume.go_back(wrong[0])
        return len(assembly.items)

    def _is_known(self, number: int) -> bool:
        return number < self.derived and self._is_forecast(number, self._items[number])

    def _own_batch(self, item: DerivedItem, first: int) -> OwnBatch | None:
        assembly = self._assembly
        for batch in assembly.chain.batches[first : first + 4]:
            if batch.delayed_count is not None and batch.data == item.data:
                return batch
        return None

    async def _execute_derived(self, item: DerivedItem, batch: OwnBatch | None) -> None:
        assembly = self._assembly
        start = assembly.builder.position()
        recovered = await self._recover_data(item.data)
        first = -1 if batch is None else batch.first_sequence
        header, messages = item.header, assembly.messages
        assembly.builder.run(header, item.data, messages, recovered, first)
        assembly.builder.finish(header.delayed_count, header.fast_count, messages)
        # Executed under the header of L1: no forecast, so if L1 takes it back it is done again.
        run = ItemRun(start, batch, header.delayed_count, header.fast_count, _NO_FORECAST)
        run.accumulator = item.accumulator
        assembly.items.append(run)

    async def _execute_own(self, batch: OwnBatch) -> None:
        """Execute an unposted batch under the expected header."""
        assembly = self._assembly
        start = assembly.builder.position()
        data = bytes(batch.data)
        recovered = await self._recover_data(data)
        header = EXPECTED_HEADER._replace(byte_length=len(data))
        first_ms = max(assembly.builder.cursor.time_ms, batch.time_ms)
        assembly.builder.run(header, data, assembly.messages, recovered, batch.first_sequence)
        assembly.items.append(ItemRun(start, batch, first_ms=first_ms))
        if batch.delayed_count is not None:
            assembly.finish(batch)

    async def _recover_data(self, data: bytes) -> list[Recovered]:
        """Recover all records of a batch; seals and pulls come back without a transaction."""
        bodies = [body for _, body in iter_records(data)]
        chunks = [bodies[at : at + CHUNK] for at in range(0, len(bodies), CHUNK)]
        answers = await asyncio.gather(*(self._signers.recover(chunk) for chunk in chunks))
        return [found for answer in answers for found in answer]
