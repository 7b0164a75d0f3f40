"""Clocks of contests against a model that knows leaves instead of hashes and scans everything.

Rules: docs/spec.md D-3 to D-5.
"""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from rollup_node.derive.events import (
    AssertionCreated,
    EdgeBisected,
    EdgeEvent,
    EdgeProven,
    EdgeTimerUpdated,
    L1Block,
    L1BlockEvents,
)
from rollup_node.proof.edges import edge_id
from rollup_node.proof.hashing import keccak
from rollup_node.proof.history import HistoryTree
from rollup_node.roles.disputes import MAX_TIMER, Disputes

HEIGHT = 3
ORIGIN = b"o" * 32
ACTOR = b"a" * 20

Leaves = tuple[int, ...]
Edge = tuple[int, Leaves, Leaves]
"""Height, all leaves before the edge, its own leaves."""


@dataclass
class Model:
    """Docs/spec.md D-3 to D-5, naively."""

    created: dict[Edge, int] = field(default_factory=dict)
    order: list[Edge] = field(default_factory=list)
    bisected: set[Edge] = field(default_factory=set)
    inherited: dict[Edge, int] = field(default_factory=dict)

    def halves(self, edge: Edge) -> tuple[Edge, Edge]:
        height, before, own = edge
        middle = len(own) // 2
        left, right = own[:middle], own[middle:]
        return (height - 1, before, left), (height - 1, before + left, right)

    def rivals(self, edge: Edge) -> list[Edge]:
        return [other for other in self.order if other[:2] == edge[:2] and other != edge]

    def bisect(self, edge: Edge, now: int) -> None:
        self.bisected.add(edge)
        for half in self.halves(edge):
            if half not in self.created:
                self.created[half] = now
                self.order.append(half)

    def own(self, edge: Edge, now: int) -> int:
        if edge[0] == HEIGHT or edge not in self.created:
            return 0
        rivals = self.rivals(edge)
        if any(self.order.index(rival) < self.order.index(edge) for rival in rivals):
            return 0
        return min([self.created[rival] for rival in rivals] + [now]) - self.created[edge]

    def stored(self, edge: Edge, now: int) -> int:
        return min(self.own(edge, now) + self.inherited.get(edge, 0), MAX_TIMER)

    def due(self, edge: Edge, now: int) -> int:
        inherited = self.inherited.get(edge, 0)
        if edge in self.bisected:
            inherited = max(inherited, min(self.due(half, now) for half in self.halves(edge)))
        return min(self.own(edge, now) + inherited, MAX_TIMER)

    def update(self, edge: Edge, now: int) -> int:
        smaller = min(self.stored(half, now) for half in self.halves(edge))
        self.inherited[edge] = max(self.inherited.get(edge, 0), smaller)
        return self.inherited[edge]


class Both:
    """The model and the real thing, fed with the same contest."""

    def __init__(self) -> None:
        self.model = Model()
        self.disputes = Disputes(HEIGHT)
        self.blocks: list[L1BlockEvents] = []
        self.histories: list[Leaves] = []
        self.now = 100

    def tell(self, event: AssertionCreated | EdgeEvent) -> None:
        block = L1Block(len(self.blocks) + 1, bytes(32), bytes(32), self.now)
        self.blocks.append(L1BlockEvents(block, (event,)))
        self.disputes.advance(self.blocks[-1])

    def tree(self, leaves: Leaves) -> HistoryTree:
        return HistoryTree(HEIGHT, [keccak(bytes([leaf])) for leaf in leaves], bytes(32))

    def id(self, edge: Edge) -> bytes:
        height, before, own = edge
        padded = (before + own + (0,) * (1 << HEIGHT))[: 1 << HEIGHT]
        return edge_id(self.tree(padded).edge(ORIGIN, height, len(before) >> height))

    def assertion(self, leaves: Leaves) -> None:
        root: Edge = (HEIGHT, (), leaves)
        if leaves in self.histories:
            return
        self.histories.append(leaves)
        self.model.order.append(root)
        tree = self.tree(leaves)
        zero = bytes(32)
        fields = (keccak(tree.root), ORIGIN, tree.last_leaf, tree.root, zero, 1, 2, 1)
        self.tell(AssertionCreated(*fields, finished=True, staker=ACTOR, created_at=self.now))

    def bisect(self, edge: Edge) -> None:
        if edge[0] == 0 or edge in self.model.bisected or not self.model.rivals(edge):
            return
        self.model.created.setdefault(edge, self.now)
        self.model.bisect(edge, self.now)
        left, right = (self.node(half) for half in self.model.halves(edge))
        self.tell(EdgeBisected(self.id(edge), ACTOR, left, right))

    def update(self, edge: Edge) -> None:
        if edge in self.model.bisected:
            self.tell(EdgeTimerUpdated(self.id(edge), self.model.update(edge, self.now)))

    def prove(self, edge: Edge) -> None:
        if edge[0] == 0 and self.model.rivals(edge):
            self.model.inherited[edge] = MAX_TIMER
            self.tell(EdgeProven(self.id(edge), ACTOR))

    def node(self, edge: Edge) -> bytes:
        leaves = [keccak(bytes([leaf])) for leaf in edge[2]]
        return HistoryTree(edge[0], leaves, bytes(32)).root

    def check(self) -> None:
        for edge in self.model.order:
            found = self.id(edge)
            assert self.disputes.is_rivaled(found) == bool(self.model.rivals(edge))
            for now in (self.now, self.now + 7):
                assert self.disputes.stored_timer(found, now) == self.model.stored(edge, now)
                assert self.disputes.due_timer(found, now) == self.model.due(edge, now)

    def check_updates(self, edge: Edge) -> None:
        """Check that sending the updates brings the timer to its due, and none is in vain."""
        due = self.model.due(edge, self.now)
        by_id = {self.id(found): found for found in self.model.order}
        for sent in self.disputes.updates(self.id(edge), self.now):
            place = by_id[sent.id]
            before = self.model.inherited.get(place, 0)
            assert self.model.update(place, self.now) > before
            self.tell(EdgeTimerUpdated(sent.id, self.model.inherited[place]))
        assert self.disputes.stored_timer(self.id(edge), self.now) == due


histories = st.lists(st.integers(0, 1), min_size=8, max_size=8).map(tuple)
moves = st.lists(
    st.tuples(
        st.sampled_from(["assertion", "bisect", "bisect", "bisect", "update", "prove", "wait"]),
        st.integers(0, 10**6),
        histories,
    ),
    max_size=40,
)


def play(game: Both, steps: list[tuple[str, int, Leaves]]) -> None:
    for move, pick, leaves in steps:
        if move == "wait":
            game.now += pick % 50
        elif move == "assertion":
            game.assertion(leaves)
        else:
            edge = game.model.order[pick % len(game.model.order)]
            getattr(game, move)(edge)


@given(histories, histories, moves)
def test_timers_equal_those_of_the_model(
    first: Leaves, second: Leaves, steps: list[tuple[str, int, Leaves]]
) -> None:
    game = Both()
    game.assertion(first)
    game.assertion(second)
    play(game, steps)
    game.check()
    for edge in list(game.model.order):
        if edge[0] == HEIGHT:
            game.check_updates(edge)
    game.check()


@given(histories, histories, moves, st.integers(0, 40))
def test_rewind_and_again_equals_reading_once(
    first: Leaves, second: Leaves, steps: list[tuple[str, int, Leaves]], kept: int
) -> None:
    game = Both()
    game.assertion(first)
    game.assertion(second)
    play(game, steps)
    game.disputes.rewind(kept)
    scratch = Disputes(HEIGHT)
    for block in game.blocks[:kept]:
        scratch.advance(block)
    assert game.disputes.edges(ORIGIN) == scratch.edges(ORIGIN)
    for block in game.blocks[kept:]:
        game.disputes.advance(block)
    game.check()
