"""The client slots of an account: hot leaf, leaves of eight, and the map over them."""

import pytest

from rollup_node.core.client_slots import (
    find_client_order,
    has_client_order,
    next_client_slot,
    put_client_slot,
)
from rollup_node.core.layout import client_slots_key, hot_key
from tests.unit.core.exchange_world import World


def fill(world: World, slots: dict[int, int]) -> None:
    """Put order slots behind client slots of account 1."""
    for client, slot in slots.items():
        slot_map, first = world.step(put_client_slot, 1, world.hot(1), client, slot)
        world.set_hot(1, slot_map=slot_map, slots=first)


def test_put_client_slot_keeps_the_map_exact() -> None:
    world = World()
    fill(world, {0: 5, 7: 6, 8: 7, 1_023: 8})
    assert world.hot(1).slot_map == 1 | 1 << 1 | 1 << 127
    fill(world, {0: 0, 8: 0})
    assert world.hot(1).slot_map == 1 | 1 << 127
    fill(world, {7: 0, 1_023: 0})
    assert (world.hot(1).slot_map, world.hot(1).slots) == (0, (0,) * 8)


@pytest.mark.parametrize(("client", "slot"), [(0, 5), (1, 0), (9, 7), (8, 0), (1_023, 8)])
def test_find_client_order_reads_a_leaf_only_if_it_holds_an_order(client: int, slot: int) -> None:
    world = World()
    fill(world, {0: 5, 9: 7, 1_023: 8})
    assert world.step(find_client_order, 1, world.hot(1), client) == slot
    leaf = [client_slots_key(1, client)] if client >= 8 else []
    assert world.opened == leaf
    assert world.step(find_client_order, 1, world.hot(1), 600) == 0
    assert world.opened == []


@pytest.mark.parametrize(
    ("start", "found"),
    [
        (0, (0, 5)),
        (1, (7, 6)),
        (7, (7, 6)),
        (8, (9, 7)),
        (10, (500, 9)),
        (501, (1_023, 8)),
        (1_023, (1_023, 8)),
    ],
)
def test_next_client_slot_walks_in_order_and_opens_two_leaves_at_most(
    start: int, found: tuple[int, int]
) -> None:
    world = World()
    fill(world, {0: 5, 7: 6, 9: 7, 500: 9, 1_023: 8})
    assert world.step(next_client_slot, 1, world.hot(1), start) == found
    assert len(world.opened) <= 2
    assert hot_key(1) not in world.opened


def test_next_client_slot_ends() -> None:
    world = World()
    fill(world, {3: 5, 500: 9})
    assert world.step(next_client_slot, 1, world.hot(1), 501) is None
    assert world.step(next_client_slot, 1, World().hot(1), 0) is None


@pytest.mark.parametrize(
    ("start", "left"), [(3, True), (4, True), (500, True), (501, False), (504, False)]
)
def test_has_client_order_says_whether_a_sweep_goes_on(start: int, left: bool) -> None:
    world = World()
    fill(world, {3: 5, 500: 9})
    assert world.step(has_client_order, 1, world.hot(1), start) is left
