"""What a node knows of contests: edges, rivals, clocks, and which updates are worth sending."""

from dataclasses import dataclass, field

import pytest

from rollup_node.derive.events import (
    AssertionCreated,
    EdgeAdded,
    EdgeBisected,
    EdgeEvent,
    EdgeProven,
    EdgeTimerUpdated,
    L1Block,
    L1BlockEvents,
)
from rollup_node.proof.edges import edge_id, layer_zero
from rollup_node.proof.hashing import keccak
from rollup_node.proof.history import HistoryTree
from rollup_node.roles.disputes import MAX_TIMER, Disputes

ORIGIN = b"o" * 32
ACTOR = b"a" * 20
HEIGHT = 2
LEAVES = [keccak(bytes((i,))) for i in range(8)]
RIGHT = HistoryTree(HEIGHT, LEAVES[:4], LEAVES[0])
WRONG = HistoryTree(HEIGHT, [*LEAVES[:3], LEAVES[7]], LEAVES[0])
EARLY = HistoryTree(HEIGHT, [LEAVES[6], *LEAVES[1:4]], LEAVES[0])


def created(tree: HistoryTree) -> AssertionCreated:
    return AssertionCreated(
        assertion_id=keccak(tree.root),
        parent_id=ORIGIN,
        after_state_root=tree.last_leaf,
        history_root=tree.root,
        accumulator=bytes(32),
        target=1,
        next_target=2,
        item=1,
        finished=True,
        staker=ACTOR,
        created_at=0,
    )


def bisected(tree: HistoryTree, height: int, index: int) -> EdgeBisected:
    found = edge_id(tree.edge(ORIGIN, height, index))
    left, right = (tree.node(height - 1, 2 * index + side) for side in (0, 1))
    return EdgeBisected(found, ACTOR, left, right)


def key_id(tree: HistoryTree, height: int, index: int) -> bytes:
    return edge_id(tree.edge(ORIGIN, height, index))


@dataclass
class World:
    """Feeds blocks whose number is a tenth of their time."""

    disputes: Disputes = field(default_factory=lambda: Disputes(HEIGHT))

    def at(self, seconds: int, *events: AssertionCreated | EdgeEvent) -> None:
        block = L1Block(seconds // 10, bytes(32), bytes(32), seconds)
        self.disputes.advance(L1BlockEvents(block, events))


@pytest.fixture
def world() -> World:
    """Two rivals that part at leaf 3; the right one was bisected at 100 and 110."""
    made = World()
    made.at(50, created(RIGHT))
    made.at(90, created(WRONG))
    made.at(100, bisected(RIGHT, 2, 0))
    return made


def test_edge_is_unknown_until_its_parent_is_bisected(world: World) -> None:
    assert world.disputes.edge(key_id(WRONG, 2, 0)) is None
    assert world.disputes.edge(key_id(WRONG, 1, 1)) is None
    found = world.disputes.edge(key_id(RIGHT, 1, 1))
    assert found is not None
    assert (found.key, found.created_at, found.rivaled_at) == (RIGHT.edge(ORIGIN, 1, 1), 100, None)
    assert not found.bisected


def test_edges_of_an_origin_are_in_order_of_creation(world: World) -> None:
    world.at(120, bisected(WRONG, 2, 0))
    expected = [(RIGHT, 2, 0), (RIGHT, 1, 0), (RIGHT, 1, 1), (WRONG, 2, 0), (WRONG, 1, 1)]
    assert [found.id for found in world.disputes.edges(ORIGIN)] == [
        key_id(*place) for place in expected
    ]
    assert world.disputes.edges(b"other") == []


def test_is_rivaled_of_a_history_follows_from_the_assertions(world: World) -> None:
    alone = World()
    alone.at(50, created(RIGHT))
    assert not alone.disputes.is_rivaled(key_id(RIGHT, 2, 0))
    assert world.disputes.is_rivaled(key_id(RIGHT, 2, 0))
    assert world.disputes.is_rivaled(key_id(WRONG, 2, 0))
    assert world.disputes.rivals(RIGHT.edge(ORIGIN, 2, 0)) == [key_id(WRONG, 2, 0)]


def test_own_time_stops_at_the_first_rival_and_equal_halves_merge(world: World) -> None:
    world.at(120, bisected(WRONG, 2, 0))
    disputes = world.disputes
    assert disputes.stored_timer(key_id(RIGHT, 1, 1), 500) == 20
    assert disputes.stored_timer(key_id(WRONG, 1, 1), 500) == 0
    assert key_id(WRONG, 1, 0) == key_id(RIGHT, 1, 0)
    assert disputes.stored_timer(key_id(RIGHT, 1, 0), 500) == 400
    assert not disputes.is_rivaled(key_id(RIGHT, 1, 0))
    assert disputes.is_rivaled(key_id(WRONG, 1, 1))


def test_a_third_rival_takes_no_time_from_the_first(world: World) -> None:
    other = HistoryTree(HEIGHT, [*LEAVES[:2], LEAVES[5], LEAVES[4]], LEAVES[0])
    world.at(120, bisected(WRONG, 2, 0))
    world.at(130, created(other), bisected(other, 2, 0))
    assert world.disputes.stored_timer(key_id(RIGHT, 1, 1), 500) == 20
    assert world.disputes.stored_timer(key_id(other, 1, 1), 500) == 0


def test_own_time_of_a_history_is_always_zero(world: World) -> None:
    assert world.disputes.stored_timer(key_id(RIGHT, 2, 0), 500) == 0
    assert world.disputes.stored_timer(b"unknown", 500) == 0
    assert world.disputes.due_timer(b"unknown", 500) == 0
    assert world.disputes.updates(b"unknown", 500) == []


def test_due_timer_is_the_smaller_one_of_the_halves(world: World) -> None:
    disputes = world.disputes
    assert disputes.due_timer(key_id(RIGHT, 2, 0), 500) == 400
    world.at(120, bisected(WRONG, 2, 0))
    assert disputes.due_timer(key_id(RIGHT, 2, 0), 500) == 20
    world.at(130, bisected(RIGHT, 1, 1))
    assert disputes.due_timer(key_id(RIGHT, 2, 0), 500) == 390
    assert disputes.stored_timer(key_id(RIGHT, 2, 0), 500) == 0


def test_updates_leaves_out_what_would_not_help(world: World) -> None:
    world.at(120, bisected(WRONG, 2, 0))
    world.at(130, bisected(RIGHT, 1, 1))
    world.at(140, created(EARLY), bisected(EARLY, 2, 0))
    world.at(150, bisected(RIGHT, 1, 0))
    disputes = world.disputes
    found = [edge.id for edge in disputes.updates(key_id(RIGHT, 2, 0), 500)]
    assert found == [key_id(RIGHT, 1, 0), key_id(RIGHT, 1, 1), key_id(RIGHT, 2, 0)]
    world.at(500, EdgeTimerUpdated(key_id(RIGHT, 1, 1), 370))
    found = [edge.id for edge in disputes.updates(key_id(RIGHT, 2, 0), 500)]
    assert found == [key_id(RIGHT, 1, 0), key_id(RIGHT, 2, 0)]
    world.at(500, EdgeTimerUpdated(key_id(RIGHT, 1, 0), 350))
    world.at(500, EdgeTimerUpdated(key_id(RIGHT, 2, 0), 390))
    assert disputes.updates(key_id(RIGHT, 2, 0), 500) == []


def test_a_proven_leaf_has_the_largest_timer_and_lifts_what_is_above(world: World) -> None:
    world.at(120, bisected(WRONG, 2, 0), bisected(RIGHT, 1, 1), bisected(WRONG, 1, 1))
    leaf = key_id(RIGHT, 0, 3)
    world.at(130, EdgeProven(leaf, b"p" * 20))
    found = world.disputes.edge(leaf)
    assert found is not None
    assert (found.proven, found.actor) == (True, b"p" * 20)
    assert world.disputes.stored_timer(leaf, 10**6) == MAX_TIMER
    assert world.disputes.due_timer(key_id(RIGHT, 1, 1), 500) == 20 + 380


def test_children_are_the_halves_of_a_bisected_edge(world: World) -> None:
    pair = world.disputes.children(key_id(RIGHT, 2, 0))
    assert pair is not None
    assert [found.key for found in pair] == [RIGHT.edge(ORIGIN, 1, 0), RIGHT.edge(ORIGIN, 1, 1)]
    assert world.disputes.children(key_id(RIGHT, 1, 0)) is None


def test_advance_ignores_edges_of_unknown_assertions_and_what_only_repeats(world: World) -> None:
    before = world.disputes.edges(ORIGIN)
    stranger = EdgeBisected(b"x" * 32, ACTOR, b"l" * 32, b"r" * 32)
    added = EdgeAdded(key_id(RIGHT, 1, 0), b"m" * 32, ORIGIN)
    world.at(200, stranger, added, EdgeTimerUpdated(b"x" * 32, 3), EdgeProven(b"x" * 32, ACTOR))
    assert world.disputes.edges(ORIGIN) == before


def test_rewind_forgets_rivals_halves_and_updates(world: World) -> None:
    before = world.disputes.edges(ORIGIN)
    world.at(120, bisected(WRONG, 2, 0), bisected(RIGHT, 1, 1))
    world.at(130, EdgeTimerUpdated(key_id(RIGHT, 2, 0), 10), created(EARLY))
    world.disputes.rewind(10)
    assert world.disputes.edges(ORIGIN) == before
    assert world.disputes.rivals(RIGHT.edge(ORIGIN, 2, 0)) == [key_id(WRONG, 2, 0)]
    world.disputes.rewind(6)
    assert world.disputes.edges(ORIGIN) == []
    assert not world.disputes.is_rivaled(key_id(RIGHT, 2, 0))


def test_updates_against_64_rivals_on_long_histories_names_every_edge_of_one_side() -> None:
    height = 16
    honest = HistoryTree(height, LEAVES[:4], LEAVES[4])
    events: list[AssertionCreated | EdgeEvent] = [created(honest)]
    for lie in range(0, 64 * 61, 61):
        leaves = [honest.leaf(index) for index in range(lie)]
        liar = HistoryTree(height, [*leaves, keccak(b"lie%d" % lie)], LEAVES[4])
        events.append(created(liar))
        for tree in (liar, honest):
            events.extend(bisected(tree, level, lie >> level) for level in range(height, 0, -1))
        events.append(EdgeProven(key_id(honest, 0, lie), ACTOR))
    disputes = Disputes(height)
    disputes.advance(L1BlockEvents(L1Block(1, bytes(32), bytes(32), 200), tuple(events)))
    root = edge_id(layer_zero(ORIGIN, height, honest.root))
    assert disputes.due_timer(root, 900) == 700
    places = {(level, lie >> level) for lie in range(0, 64 * 61, 61) for level in range(1, 17)}
    needed = disputes.updates(root, 900)
    assert len(needed) == len(places)
    assert [edge.id for edge in needed[-1:]] == [root]
    assert {edge.id for edge in needed} == {key_id(honest, *place) for place in places}
