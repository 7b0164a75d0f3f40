"""Books as users see them, by what happened to orders: levels by price, and their changes."""

from collections import defaultdict
from collections.abc import Iterable

from rollup_node.core.book_leaves import Order
from rollup_node.core.flags import SIDE_FLAG
from rollup_node.core.layout import Opaque
from rollup_node.rpc.market_data import SIDES, BookChange, BookImage, LevelChange

Level = int
"""Ticks twice, and one more on the side that sells."""
_Resting = tuple[int, Level, int]
"""Series, level and lots of an order as it was last heard of; no lots among the triggers."""


class BookMirror:
    """All books. What happens collects; `take_changes` ends a group of changes and numbers it."""

    def __init__(self) -> None:
        self._resting: dict[int, _Resting] = {}
        self._levels: defaultdict[int, dict[Level, int]] = defaultdict(dict)
        self._before: defaultdict[int, dict[Level, int]] = defaultdict(dict)
        self._change_ids: dict[int, int] = {}
        self._times: dict[int, int] = {}
        self._images: dict[int, BookImage] = {}

    def put(self, slot: int, order: Order) -> None:
        """Take an order as it is now at its slot."""
        self.remove(slot)
        series: Opaque = order.series
        level: Opaque = order.tick << 1 | order.flags & SIDE_FLAG
        lots = 0 if order.trigger else order.remaining
        self._resting[slot] = series, level, lots
        if lots:
            self._add(series, level, lots)

    def fill(self, slot: int, lots: int) -> None:
        """Take lots off an order."""
        resting: Opaque = self._resting.get(slot)
        if resting is not None:
            series, level, had = resting
            taken = min(lots, had)
            self._resting[slot] = series, level, had - taken
            if taken:
                self._add(series, level, -taken)

    def remove(self, slot: int) -> None:
        """Forget an order."""
        resting: Opaque = self._resting.pop(slot, None)
        if resting is not None:
            series, level, lots = resting
            if lots:
                self._add(series, level, -lots)

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
            now = self._levels[series]
            levels = [
                LevelChange(SIDES[level & 1], level >> 1, lots, now.get(level, 0))
                for level, lots in before.items()
                if lots != now.get(level, 0)
            ]
            if levels:
                change_id = self._change_ids.get(series, 0) + 1
                self._change_ids[series], self._times[series] = change_id, time_ms
                self._images.pop(series, None)
                changes.append(BookChange(series, change_id, time_ms, levels))
        self._before.clear()
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
        levels = sorted(self._levels[series].items())
        bids = [(level >> 1, lots) for level, lots in reversed(levels) if not level & 1]
        asks = [(level >> 1, lots) for level, lots in levels if level & 1]
        change_id, time_ms = self._change_ids.get(series, 0), self._times.get(series, 0)
        return BookImage(series, change_id, time_ms, bids, asks)

    def _add(self, series: Opaque, level: Opaque, lots: int) -> None:
        levels, before = self._levels[series], self._before[series]
        had = levels.get(level, 0)
        if level not in before:
            before[level] = had
        if had + lots:
            levels[level] = had + lots
        else:
            del levels[level]
