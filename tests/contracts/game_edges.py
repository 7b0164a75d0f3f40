"""The edges of the challenge game, written from docs/spec.md D-1 to D-6 and nothing else.

Plain dictionaries of frozen records, so that a state is copied by copying dictionaries.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, NamedTuple

from rollup_node.proof.hashing import keccak

NO_PREFIX: Final = bytes(32)
MAX_TIMER: Final = (1 << 32) - 1


class Rejected(Exception):  # noqa: N818 - the word of the rules: a move is rejected
    """A move that the rules reject; `name` is that of the custom error."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def require(condition: bool, name: str) -> None:
    """Reject the move unless the condition holds."""
    if not condition:
        raise Rejected(name)


@lru_cache(1 << 18)
def parent_node(left: bytes, right: bytes) -> bytes:
    """G-2: a node of the history tree."""
    return keccak(b"\x02" + left + right)


@lru_cache(1 << 18)
def extend(prefix: bytes, left: bytes) -> bytes:
    """D-2: the prefix after a left sibling was absorbed."""
    return keccak(b"\x13" + prefix + left)


def root_of(leaf: bytes, index: int, branch: Sequence[bytes]) -> bytes:
    """Fold a leaf with its siblings, from the leaf upwards."""
    node = leaf
    for level, sibling in enumerate(branch):
        is_right = index >> level & 1
        node = parent_node(sibling, node) if is_right else parent_node(node, sibling)
    return node


class Mutual(NamedTuple):
    """What rivals share (D-1)."""

    origin: bytes
    height: int
    index: int  # type: ignore[assignment] # shadows tuple.index, which nobody calls
    prefix: bytes

    @property
    def id(self) -> bytes:
        """D-1."""
        place = self.height.to_bytes(1, "big") + self.index.to_bytes(8, "big")
        return keccak(b"\x11" + self.origin + place + self.prefix)


class Key(NamedTuple):
    """The coordinates of an edge (D-1)."""

    mutual: Mutual
    node: bytes

    @property
    def id(self) -> bytes:
        """D-1."""
        return keccak(b"\x12" + self.mutual.id + self.node)

    def halves(self, left: bytes, right: bytes) -> "tuple[Key, Key]":
        """D-2; the caller knows that both hash to the node."""
        origin, height, index, prefix = self.mutual
        return (
            Key(Mutual(origin, height - 1, 2 * index, prefix), left),
            Key(Mutual(origin, height - 1, 2 * index + 1, extend(prefix, left)), right),
        )


@dataclass(frozen=True, slots=True)
class Edge:
    """What is stored of an edge; times in unix seconds, `rivaled_at` 0 if it has no rival."""

    created_at: int
    rivaled_at: int = 0
    inherited: int = 0
    actor: str = ""


@dataclass(slots=True)
class Edges:
    """All edges of all contests."""

    edges: dict[Key, Edge] = field(default_factory=dict)
    first: dict[Mutual, Key] = field(default_factory=dict)

    def copy(self) -> "Edges":
        """Return an independent state."""
        return Edges(self.edges.copy(), self.first.copy())

    def timer(self, key: Key, now: int, height: int) -> int:
        """D-4, D-5; `height` is that of the whole history, whose edge has no time of its own."""
        edge = self.edges.get(key)
        if edge is None:
            return 0
        is_top = key.mutual.height == height
        own = 0 if is_top else (edge.rivaled_at or now) - edge.created_at
        if edge.inherited == MAX_TIMER:
            return MAX_TIMER
        return min(own + edge.inherited, MAX_TIMER - 1)

    def add(self, key: Key, now: int) -> None:
        """D-3, D-4: an edge appears, unless it is there; a second one ends the first one's time."""
        if key in self.edges:
            return
        first = self.first.setdefault(key.mutual, key)
        if first == key:
            self.edges[key] = Edge(now)
            return
        if not self.edges[first].rivaled_at:
            self.edges[first] = replace(self.edges[first], rivaled_at=now)
        self.edges[key] = Edge(now, rivaled_at=now)

    def add_top(self, key: Key, now: int) -> None:
        """D-3, D-4: a layer-zero edge appears when it is bisected; none of its time counts."""
        self.first.setdefault(key.mutual, key)
        self.edges[key] = Edge(now, rivaled_at=now)

    def bisect(self, key: Key, left: bytes, right: bytes, who: str, now: int) -> None:
        """D-3: both halves appear; the actor is remembered."""
        self.edges[key] = replace(self.edges[key], actor=who)
        for half in key.halves(left, right):
            self.add(half, now)

    def update(self, key: Key, left: bytes, right: bytes, now: int, height: int) -> None:
        """D-5: take over the smaller timer of the halves, if it is larger than what is known."""
        worst = min(self.timer(half, now, height) for half in key.halves(left, right))
        if worst > self.edges[key].inherited:
            self.edges[key] = replace(self.edges[key], inherited=worst)
