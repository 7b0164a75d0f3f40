"""The contests as L1 tells them: edges, rivals and clocks; who is right is not known here.

Source: docs/spec.md D-1 to D-5. Twin: contracts/src/ChallengeGame.sol.
"""

from dataclasses import dataclass, replace
from typing import Final

from rollup_node.derive.events import (
    AssertionCreated,
    EdgeAdded,
    EdgeBisected,
    EdgeEvent,
    EdgeProven,
    EdgeTimerUpdated,
    L1BlockEvents,
)
from rollup_node.proof.edges import EdgeKey, edge_id, halves, layer_zero, mutual_id

MAX_TIMER: Final = 2**32 - 1
"""The largest timer, seconds: a one-step proof sets it (docs/spec.md D-5)."""


@dataclass(frozen=True, slots=True)
class KnownEdge:
    """An edge as L1 has it; times in unix seconds.

    Attributes
    ----------
    rivaled_at
        When the first rival came, for an edge that came later its creation; `None` without rivals.
    inherited
        Seconds taken over from its children so far; `MAX_TIMER` once proven.
    left, right
        Nodes of its halves, `None` until it is bisected.
    actor
        Who bisected it, or proved it at height 0.
    """

    key: EdgeKey
    id: bytes
    created_at: int
    rivaled_at: int | None
    inherited: int = 0
    left: bytes | None = None
    right: bytes | None = None
    actor: bytes | None = None

    @property
    def bisected(self) -> bool:
        """Tell whether its halves are known."""
        return self.left is not None

    @property
    def proven(self) -> bool:
        """Tell whether a one-step proof confirmed it."""
        return self.inherited == MAX_TIMER


class Disputes:
    """All edges seen, and what their timers are or could be.

    Parameters
    ----------
    history_height
        Height of the layer-zero edges.
    """

    def __init__(self, history_height: int) -> None:
        self._height = history_height
        self._log: list[tuple[int, int, AssertionCreated | EdgeEvent]] = []
        self._forget()

    def edge(self, wanted: bytes) -> KnownEdge | None:
        """Return an edge, `None` if L1 does not have it.

        A layer-zero edge is on L1 once it is bisected.
        """
        return self._edges.get(wanted)

    def edges(self, origin: bytes) -> list[KnownEdge]:
        """Return the edges of a contest in order of creation."""
        return [self._edges[found] for found in self._origins.get(origin, ())]

    def children(self, wanted: bytes) -> tuple[KnownEdge, KnownEdge] | None:
        """Return the halves of an edge, `None` if it was not bisected."""
        pair = self._children.get(wanted)
        return pair and (self._edges[pair[0]], self._edges[pair[1]])

    def rivals(self, wanted: EdgeKey) -> list[bytes]:
        """Return the ids of all other edges that agree on everything before."""
        own = edge_id(wanted)
        return [found for found in self._mutual.get(mutual_id(wanted), ()) if found != own]

    def is_rivaled(self, wanted: bytes) -> bool:
        """Tell whether an edge, or the whole history of an assertion, has a rival."""
        if root := self._roots.get(wanted):
            return len(self._mutual[mutual_id(root)]) > 1
        found = self._edges.get(wanted)
        return found is not None and found.rivaled_at is not None

    def stored_timer(self, wanted: bytes, now: int) -> int:
        """Return the timer of an edge as L1 has it at `now`, 0 if it does not exist.

        Source: docs/spec.md D-4, D-5.
        """
        found = self._edges.get(wanted)
        return 0 if found is None else min(self._own(found, now) + found.inherited, MAX_TIMER)

    def due_timer(self, wanted: bytes, now: int) -> int:
        """Return what the timer of an edge would be once all edges below are updated."""
        found = self._edges.get(wanted)
        return 0 if found is None else self._due(found, now, {})

    def updates(self, wanted: bytes, now: int) -> list[KnownEdge]:
        """Return the fewest edges to update, children first, that bring the timer to its due."""
        found = self._edges.get(wanted)
        if found is None:
            return []
        due: dict[bytes, int] = {}
        self._due(found, now, due)
        needed: list[KnownEdge] = []
        self._collect(found, now, due[found.id], needed)
        return needed

    def advance(self, events: L1BlockEvents) -> None:
        """Take what one L1 block says about assertions and edges."""
        number, time = events.block.number, events.block.timestamp
        for event in events.events:
            if isinstance(event, AssertionCreated | EdgeEvent):
                self._log.append((number, time, event))
                self._apply(event, time)

    def rewind(self, l1_number: int) -> None:
        """Forget what L1 blocks above `l1_number` said."""
        kept = [entry for entry in self._log if entry[0] <= l1_number]
        if len(kept) != len(self._log):
            self._log = kept
            self._forget()
            for _, time, event in kept:
                self._apply(event, time)

    def _forget(self) -> None:
        self._roots: dict[bytes, EdgeKey] = {}  # histories of all assertions by edge id
        self._edges: dict[bytes, KnownEdge] = {}
        self._children: dict[bytes, tuple[bytes, bytes]] = {}
        self._mutual: dict[bytes, list[bytes]] = {}
        self._origins: dict[bytes, list[bytes]] = {}

    def _apply(self, event: AssertionCreated | EdgeEvent, time: int) -> None:
        match event:
            case AssertionCreated():
                root = layer_zero(event.parent_id, self._height, event.history_root)
                self._roots[edge_id(root)] = root
                self._mutual.setdefault(mutual_id(root), []).append(edge_id(root))
            case EdgeBisected():
                self._bisect(event, time)
            case EdgeTimerUpdated():
                if found := self._edges.get(event.edge_id):
                    self._edges[found.id] = replace(found, inherited=event.inherited)
            case EdgeProven():
                if found := self._edges.get(event.edge_id):
                    proven = replace(found, inherited=MAX_TIMER, actor=event.prover)
                    self._edges[found.id] = proven
            case EdgeAdded():
                pass  # the bisection that adds an edge names its node, this event only its hash

    def _bisect(self, event: EdgeBisected, time: int) -> None:
        found = self._edges.get(event.edge_id)
        if found is None:
            root = self._roots.get(event.edge_id)
            if root is None:
                return
            found = KnownEdge(root, event.edge_id, created_at=time, rivaled_at=time)
            self._origins.setdefault(root.origin, []).append(found.id)
        self._edges[found.id] = replace(
            found, left=event.left, right=event.right, actor=event.actor
        )
        left, right = halves(found.key, event.left, event.right)
        self._children[found.id] = (self._add(left, time), self._add(right, time))

    def _add(self, key: EdgeKey, time: int) -> bytes:
        """Add an edge unless it is there: equal halves of rivals merge."""
        added = edge_id(key)
        if added in self._edges:
            return added
        group = self._mutual.setdefault(mutual_id(key), [])
        group.append(added)
        self._origins.setdefault(key.origin, []).append(added)
        self._edges[added] = KnownEdge(key, added, time, time if len(group) > 1 else None)
        first = self._edges[group[0]]
        if len(group) > 1 and first.rivaled_at is None:
            self._edges[first.id] = replace(first, rivaled_at=time)
        return added

    def _own(self, found: KnownEdge, now: int) -> int:
        """Return the own time of an edge. Source: docs/spec.md D-4."""
        end = now if found.rivaled_at is None else found.rivaled_at
        return end - found.created_at

    def _due(self, found: KnownEdge, now: int, known: dict[bytes, int]) -> int:
        """Return the due timer of an edge and note those of all edges below in `known`.

        Below one edge no edge is met twice, so the work is linear in the number of edges.
        """
        inherited = found.inherited
        if (pair := self.children(found.id)) is not None:
            inherited = max(inherited, min(self._due(child, now, known) for child in pair))
        known[found.id] = min(self._own(found, now) + inherited, MAX_TIMER)
        return known[found.id]

    def _collect(self, found: KnownEdge, now: int, wanted: int, needed: list[KnownEdge]) -> None:
        """Append the edges to update so that the timer of this one reaches `wanted`."""
        own = self._own(found, now)
        pair = self.children(found.id)
        if pair is None or min(own + found.inherited, MAX_TIMER) >= wanted:
            return
        for child in pair:
            self._collect(child, now, wanted - own, needed)
        needed.append(found)
