"""Books as users see them, by what happened to orders: levels by price, and their changes."""

from collections.abc import Iterable
from typing import NamedTuple

from rollup_node.core.book_leaves import Order
from rollup_node.core.flags import SIDE_FLAG
from rollup_node.rpc.market_data import SIDES, BookChange, BookImage, LevelChange, Side

Level = tuple[Side, int]
"""Side and ticks."""


class Resting(NamedTuple):
    """An order in the book or among the triggers, as it was last heard of."""

    series: int
    side: Side
    ticks: int
    lots: int
    is_trigger: bool


class BookMirror:
    """All books. `change` collects; `take_changes` ends a group of changes and numbers it."""

    def __init__(self) -> None:
        self._resting: dict[int, Resting] = {}
        self._levels: dict[int, dict[Level, int]] = {}
        self._before: dict[int, dict[Level, int]] = {}
        self._change_ids: dict[int, int] = {}
        self._times: dict[int, int] = {}
        self._images: dict[int, BookImage] = {}

    def put(self, slot: int, order: Order) -> None:
        """Take an order as it is now at its slot."""
        side = SIDES[order.flags & SIDE_FLAG]
        is_trigger = order.trigger != 0
        self._move(slot, Resting(order.series, side, order.tick, order.remaining, is_trigger))

    def fill(self, slot: int, lots: int) -> None:
        """Take lots off an order."""
        resting = self._resting.get(slot)
        if resting is not None:
            left = max(resting.lots - lots, 0)
            self._move(slot, resting._replace(lots=left))

    def remove(self, slot: int) -> None:
        """Forget an order."""
        self._move(slot, None)

    def reset(self, orders: Iterable[tuple[int, Order]]) -> None:
        """Begin anew with these orders; what is different now is a change like any other."""
        for slot in list(self._resting):
            self.remove(slot)
        for slot, order in orders:
            self.put(slot, order)

    def take_changes(self, time_ms: int) -> list[BookChange]:
        """Return what changed since the last call, one change per book."""
        changes = []
        for series, before in self._before.items():
            now = self._levels.get(series, {})
            levels = [
                LevelChange(side, ticks, lots, now.get((side, ticks), 0))
                for (side, ticks), lots in before.items()
                if lots != now.get((side, ticks), 0)
            ]
            if levels:
                change_id = self._change_ids.get(series, 0) + 1
                self._change_ids[series], self._times[series] = change_id, time_ms
                self._images.pop(series, None)
                changes.append(BookChange(series, change_id, time_ms, levels))
        self._before = {}
        return changes

    def image(self, series: int) -> BookImage:
        """Return a book as of the last `take_changes`."""
        image = self._images.get(series)
        if image is None:
            image = self._images[series] = self._make_image(series)
        return image

    def best(self, series: int) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
        """Return the best level of both sides as (ticks, lots)."""
        image = self.image(series)
        return next(iter(image.bids), None), next(iter(image.asks), None)

    def _make_image(self, series: int) -> BookImage:
        levels = self._levels.get(series, {})
        bids = sorted(((t, lots) for (side, t), lots in levels.items() if not side), reverse=True)
        asks = sorted((t, lots) for (side, t), lots in levels.items() if side)
        change_id, time_ms = self._change_ids.get(series, 0), self._times.get(series, 0)
        return BookImage(series, change_id, time_ms, bids, asks)

    def _move(self, slot: int, after: Resting | None) -> None:
        before = self._resting.get(slot)
        if before is not None:
            self._add(before, -before.lots)
        if after is None:
            self._resting.pop(slot, None)
        else:
            self._resting[slot] = after
            self._add(after, after.lots)

    def _add(self, resting: Resting, lots: int) -> None:
        if resting.is_trigger or not lots:
            return
        levels = self._levels.setdefault(resting.series, {})
        level = (resting.side, resting.ticks)
        had = levels.get(level, 0)
        self._before.setdefault(resting.series, {}).setdefault(level, had)
        if had + lots:
            levels[level] = had + lots
        else:
            levels.pop(level, None)
