"""Follows L1: derives what is new, goes back when L1 does, and says what changed."""

from typing import Final

from rollup_node.derive.assertions import AssertionTree
from rollup_node.derive.events import L1Block
from rollup_node.derive.pipeline import (
    Counts,
    Derivation,
    DerivationError,
    ParentMismatchError,
)
from rollup_node.ports import CriticalError, L1Reader, L1Update, ReorgError
from rollup_node.roles.disputes import Disputes

_PAGE_BLOCKS: Final = 256


class L1Follower:
    """Keeps a derivation, the tree of assertions and the contests at the head of L1."""

    def __init__(
        self, reader: L1Reader, derivation: Derivation, tree: AssertionTree, disputes: Disputes
    ) -> None:
        self._reader = reader
        self.derivation = derivation
        self.tree = tree
        self.disputes = disputes
        self.head: L1Block | None = None
        self.reorgs = 0
        self._told = Counts(0, 0, 0)
        self._reorg = False

    async def follow(self) -> L1Update | None:
        """Read L1 up to its head; `None` if nothing is new.

        Raises
        ------
        ReorgError
            If L1 changed while it was read; call again.
        CriticalError
            If L1 contradicts itself, or is another chain.
        """
        self.head = await self._reader.head()
        if self.head.hash == self.derivation.head.hash and not self._is_behind():
            return None
        await self._go_back()
        try:
            await self._go_on(self.head.number)
        except ParentMismatchError as error:
            raise ReorgError(str(error)) from error
        except DerivationError as error:
            raise CriticalError(f"L1 contradicts the inbox: {error}") from error
        return self._take_update()

    def _is_behind(self) -> bool:
        """Tell whether a look that was cut short left something to report."""
        return self._reorg or self.derivation.counts != self._told

    async def _go_back(self) -> None:
        """Rewind to the last block that L1 still has."""
        top = number = self.derivation.head.number
        while True:
            own = self.derivation.block_at(number)
            if own is None:
                raise CriticalError(f"L1 has another block {number + 1} than the rollup began with")
            theirs = await self._reader.block_by_number(number)
            if theirs is not None and theirs.hash == own.hash:
                break
            number -= 1
        if number < top:
            self.reorgs += 1
            self._reorg = True
            kept = self.derivation.rewind(number)
            self.tree.rewind(number)
            self.disputes.rewind(number)
            self._told = Counts(*map(min, self._told, kept))

    async def _go_on(self, last: int) -> None:
        while self.derivation.head.number < last:
            first = self.derivation.head.number + 1
            page = await self._reader.events(first, min(last, first + _PAGE_BLOCKS - 1))
            for events in page:
                self.derivation.advance(events)
                self.tree.advance(events)
                self.disputes.advance(events)

    def _take_update(self) -> L1Update:
        ours, told = self.derivation, self._told
        update = L1Update(
            head=ours.head,
            reorg=self._reorg,
            kept_items=told.items,
            kept_messages=told.messages,
            kept_fast=told.fast,
            items=tuple(ours.items[told.items :]),
            messages=tuple(ours.messages[told.messages :]),
            fast=tuple(ours.fast[told.fast :]),
        )
        self._told = ours.counts
        self._reorg = False
        return update
