"""Levels, tick maps and order slots by themselves."""

from collections.abc import Iterable

import pytest

from rollup_node.core.book import allocate_slot, next_tick, shrink_order
from rollup_node.core.book_leaves import Level, TickWord
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    MIDDLE_WORDS,
    ORDER_LIMIT,
    TOP_WORD,
    level_key,
    order_key,
    word_key,
)
from rollup_node.core.leaves import Allocators
from rollup_node.core.orders import apply_place
from rollup_node.core.reason import Reason
from tests.unit.core.book_audit import audit
from tests.unit.core.exchange_world import BUY, MID, PERP, UNIT, World

LAST = (1 << 20) - 1


def mark_ticks(world: World, ticks: Iterable[int], *, triggers: bool = False) -> None:
    """Write the map of a book by hand."""
    bits: dict[int, int] = {}
    for tick in ticks:
        places = (
            (tick >> 8, tick),
            (MIDDLE_WORDS + (tick >> 16), tick >> 8),
            (TOP_WORD, tick >> 16),
        )
        for word, index in places:
            bits[word] = bits.get(word, 0) | 1 << (index & 255)
    for word, value in bits.items():
        world.leaves[word_key(PERP, word, triggers=triggers)] = TickWord(value)


@pytest.mark.parametrize(
    ("ticks", "tick", "above", "below"),
    [
        ([], MID, 0, 0),
        ([MID], MID, 0, 0),
        ([1, LAST], MID, LAST, 1),
        ([1, LAST], 1, LAST, 0),
        ([1, LAST], LAST, 0, 1),
        ([255, 256], 255, 256, 0),
        ([255, 256], 256, 0, 255),
        ([65_535, 65_536], 65_535, 65_536, 0),
        ([65_535, 65_536], 65_536, 0, 65_535),
        ([MID - 1, MID, MID + 1], MID, MID + 1, MID - 1),
        ([300, 700, 90_000, 900_000], 65_000, 90_000, 700),
        ([0x0FFFF, 0x10000, 0x1FFFF], 0x10000, 0x1FFFF, 0x0FFFF),
    ],
)
@pytest.mark.parametrize("triggers", [False, True])
def test_next_tick_finds_the_neighbour_on_either_side(
    ticks: list[int], tick: int, above: int, below: int, triggers: bool
) -> None:
    world = World()
    mark_ticks(world, ticks, triggers=triggers)

    def walk(*, up: bool) -> int:
        found: int = world.step(
            lambda frame: next_tick(frame, PERP, tick, up=up, triggers=triggers)
        )
        return found

    assert (walk(up=True), walk(up=False)) == (above, below)


def test_next_tick_reads_at_most_five_words() -> None:
    world = World()
    mark_ticks(world, [1, LAST])
    world.step(lambda frame: next_tick(frame, PERP, 1, up=True))
    assert world.opened == [
        word_key(PERP, 0),
        word_key(PERP, MIDDLE_WORDS),
        word_key(PERP, TOP_WORD),
        word_key(PERP, MIDDLE_WORDS + 15),
        word_key(PERP, LAST >> 8),
    ]


def test_allocate_slot_counts_up_and_ends_before_the_limit() -> None:
    world = World()
    world.leaves[ALLOCATORS_KEY] = Allocators(3, 4, 0, ORDER_LIMIT - 2)
    assert world.step(allocate_slot) == ORDER_LIMIT - 1
    assert world.leaves[ALLOCATORS_KEY] == Allocators(3, 4, 0, ORDER_LIMIT - 1)
    assert world.step(allocate_slot) == 0
    assert world.opened == [ALLOCATORS_KEY]


def test_shrink_order_keeps_its_place_and_frees_its_share_of_the_reserve() -> None:
    world = World()
    for lots in (33, 50):
        order = world.order(1, BUY, MID, lots)
        assert world.act(apply_place, order) is Reason.OK
    shrunk = world.step(shrink_order, 1, 32)
    assert (shrunk.remaining, shrunk.reserve) == (1, -(-MID * UNIT // 100))
    assert world.leaves[level_key(PERP, MID)] == Level(1, 2, 51, 2)
    assert world.leaves[order_key(1)] == shrunk
    audit(world.leaves)
