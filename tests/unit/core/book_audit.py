"""Walks every leaf of the books and says what is not as docs/invariants.md BK wants it."""

from collections import defaultdict
from typing import Any

from rollup_node.core.book_leaves import NO_LEVEL, NO_TICKS, Level, Order
from rollup_node.core.client_slots import find_client_order
from rollup_node.core.flags import SIDE_FLAG
from rollup_node.core.frame import Frame
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    BOOK_LIMIT,
    CLIENT_SLOTS,
    FIRST_OPTION,
    INDEX_BITS,
    LEVELS,
    MIDDLE_WORDS,
    OPTION_TICK_BITS,
    OPTION_WORDS,
    OPTION_WORDS_BITS,
    SERIES_LIMIT,
    TICK_BITS,
    TICK_MAP,
    TOP_WORD,
    TRIGGER_LEVELS,
    TRIGGER_MAP,
    WORDS_PER_BOOK_BITS,
    LeafKey,
    hot_key,
    level_key,
    order_key,
    series_key,
    terms_key,
)
from rollup_node.core.leaves import Allocators, Leaf

_Orders = dict[int, Order]


class Audit:
    """One look at a whole state; raises AssertionError that begins with the id of an invariant."""

    def __init__(self, leaves: dict[LeafKey, Leaf]) -> None:
        self.leaves: dict[LeafKey, Any] = dict(leaves)
        allocators: Allocators = self.leaves[ALLOCATORS_KEY]
        self.free = self._free_list(allocators)
        self.orders: _Orders = {
            slot: self.leaves[order_key(slot)]
            for slot in range(1, allocators.order_next + 1)
            if slot not in self.free
        }
        self.client_slots = self._read_client_slots()
        self.series = {
            order.series: self.leaves[series_key(order.series)] for order in self.orders.values()
        } | {
            series: self.leaves[series_key(series)]
            for series in (*range(1, BOOK_LIMIT), *range(FIRST_OPTION, SERIES_LIMIT))
            if terms_key(series) in self.leaves
        }

    def _read_client_slots(self) -> dict[int, dict[int, Any]]:
        """Return the client slots from 8 on, in eights, by account."""
        found: dict[int, dict[int, Any]] = defaultdict(dict)
        for key, leaf in self.leaves.items():
            if key >> INDEX_BITS == CLIENT_SLOTS:
                found[(key & (1 << INDEX_BITS) - 1) >> 7][key & 127] = leaf.slots
        return found

    def check(self) -> None:
        """Check all invariants of the books."""
        for slot, order in self.orders.items():
            assert order.account, f"BK-5: slot {slot} is neither free nor linked"
        for series, state in self.series.items():
            book: int = self.leaves[terms_key(series)].book
            for triggers in (False, True):
                levels = self._levels(book, triggers=triggers)
                self._check_levels(series, levels, triggers=triggers)
                self._check_map(book, set(levels), triggers=triggers)
                if not triggers:
                    self._check_best(series, levels)
            assert state.orders == self._count(series, triggers=False), f"BK-7: series {series}"
            assert state.triggers == self._count(series, triggers=True), f"BK-7: series {series}"
        self._check_accounts()

    def queue(self, series: int, tick: int, *, triggers: bool = False) -> list[int]:
        """Return the slots at a tick from head to tail."""
        book: int = self.leaves[terms_key(series)].book
        level: Level = self.leaves.get(level_key(book, tick, triggers=triggers), NO_LEVEL)
        slots, slot = [], level.head
        while slot:
            slots.append(slot)
            slot = self.orders[slot].next
            assert len(slots) <= len(self.orders), f"BK-4: a cycle at tick {tick}"
        return slots

    def _free_list(self, allocators: Allocators) -> set[int]:
        slots: set[int] = set()
        slot = allocators.order_free
        while slot:
            assert slot not in slots, f"BK-5: slot {slot} is free twice"
            assert slot <= allocators.order_next, f"BK-5: slot {slot} was never used"
            slots.add(slot)
            free: Order = self.leaves[order_key(slot)]
            assert free == (*(0,) * 7, free.next, *(0,) * 8), f"BK-5: slot {slot} is not empty"
            slot = free.next
        return slots

    def _levels(self, book: int, *, triggers: bool) -> dict[int, Level]:
        region = TRIGGER_LEVELS if triggers else LEVELS
        bits = OPTION_TICK_BITS if book >= FIRST_OPTION else TICK_BITS
        base = region << INDEX_BITS | book << bits
        return {
            key - base: leaf
            for key, leaf in self.leaves.items()
            if key >> INDEX_BITS == region and (key - base) >> bits == 0 and leaf != NO_LEVEL
        }

    def _count(self, series: int, *, triggers: bool) -> int:
        return sum(
            order.series == series and (order.trigger != 0) == triggers
            for order in self.orders.values()
        )

    def _check_levels(self, series: int, levels: dict[int, Level], *, triggers: bool) -> None:
        for tick, level in levels.items():
            slots = self.queue(series, tick, triggers=triggers)
            queue = [self.orders[slot] for slot in slots]
            assert slots, f"BK-4: tick {tick} is empty and not zero"
            assert (slots[0], slots[-1]) == (level.head, level.tail), f"BK-4: tick {tick}"
            assert [order.previous for order in queue] == [0, *slots[:-1]], f"BK-4: tick {tick}"
            assert level.orders == len(queue), f"BK-4: tick {tick}"
            assert level.lots == sum(order.remaining for order in queue), f"BK-4: tick {tick}"
            assert {order.series for order in queue} == {series}, f"BK-4: tick {tick}"
            sequences = [order.sequence for order in queue]
            assert sequences == sorted(set(sequences)), f"BK-4: tick {tick} has no time priority"
            for order in queue:
                assert order.remaining, f"BK-4: an order without lots at tick {tick}"
                assert (order.trigger or order.tick) == tick, f"BK-4: tick {tick}"
                assert (order.trigger != 0) == triggers, f"BK-4: tick {tick}"
        total = sum(level.orders for level in levels.values())
        assert total == self._count(series, triggers=triggers), f"BK-4: series {series}"

    def _check_map(self, book: int, ticks: set[int], *, triggers: bool) -> None:
        region = TRIGGER_MAP if triggers else TICK_MAP
        bits, middle, top = WORDS_PER_BOOK_BITS, MIDDLE_WORDS, TOP_WORD
        if book >= FIRST_OPTION:
            bits, middle, top = OPTION_WORDS_BITS, OPTION_WORDS, OPTION_WORDS + 1
        base = region << INDEX_BITS | book << bits
        expected: dict[int, int] = defaultdict(int)
        for tick in ticks:
            expected[tick >> 8] |= 1 << (tick & 255)
            expected[middle + (tick >> 16)] |= 1 << (tick >> 8 & 255)
            expected[top] |= 1 << (tick >> 16)
        actual = {
            key - base: leaf.bits
            for key, leaf in self.leaves.items()
            if key >> INDEX_BITS == region and (key - base) >> bits == 0 and leaf != NO_TICKS
        }
        assert actual == expected, f"BK-3: the tick map of book {book}"

    def _check_best(self, series: int, levels: dict[int, Level]) -> None:
        state = self.series[series]
        sides: tuple[set[int], set[int]] = (set(), set())
        for tick, level in levels.items():
            sides[self.orders[level.head].flags & SIDE_FLAG].add(tick)
            kinds = {self.orders[slot].flags & SIDE_FLAG for slot in self.queue(series, tick)}
            assert len(kinds) == 1, f"BK-1: both sides at tick {tick}"
        bids, asks = sides
        assert (state.bid, state.ask) == (max(bids, default=0), min(asks, default=0)), "BK-2"
        assert not bids or not asks or max(bids) < min(asks), f"BK-1: series {series} is crossed"

    def _check_accounts(self) -> None:
        mine: dict[int, _Orders] = defaultdict(dict)
        for slot, order in self.orders.items():
            mine[order.account][slot] = order
        for key, hot in self.leaves.items():
            if key >> INDEX_BITS == hot_key(0) >> INDEX_BITS and key & 31 == 0:
                self._check_account((key & (1 << INDEX_BITS) - 1) >> 5, hot, mine)
        for account in mine:
            assert hot_key(account) in self.leaves, f"BK-6: account {account}"

    def _check_account(self, account: int, hot: Any, mine: dict[int, _Orders]) -> None:
        orders = mine.get(account, {})
        assert hot.open_orders == len(orders), f"BK-6: account {account}"
        assert hot.reserve == sum(order.reserve for order in orders.values()), f"BK-6: {account}"
        frame = Frame(self.leaves, time_ms=0, block=0, phase=1, order_class=0)
        for slot, order in orders.items():
            found = find_client_order(frame, account, hot, order.slot)
            assert found == slot, f"BK-6: account {account}, client slot {order.slot}"
        groups: dict[int, Any] = {0: hot.slots, **self.client_slots[account]}
        held = sum(slot != 0 for slots in groups.values() for slot in slots)
        assert held == len(orders), f"BK-6: account {account} holds {held} client slots"
        bits = sum(1 << group for group, slots in groups.items() if any(slots))
        assert hot.slot_map == bits, f"BK-6: the slot map of account {account}"


def audit(leaves: dict[LeafKey, Leaf]) -> Audit:
    """Check all invariants of the books and return the audited state."""
    found = Audit(leaves)
    found.check()
    return found
