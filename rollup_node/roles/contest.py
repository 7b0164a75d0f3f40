"""One contest as the right history sees it: where wrong histories leave it, what it must reveal.

Nothing here knows what a leaf means: the machine may be any. Source: docs/spec.md D-1 to D-9.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rollup_node.derive.assertions import KnownAssertion
from rollup_node.proof.edges import NO_PREFIX, EdgeKey, edge_id, halves, layer_zero
from rollup_node.proof.hashing import ZERO
from rollup_node.proof.history import HistoryTree
from rollup_node.roles.disputes import Disputes
from rollup_node.roles.proposer import RightClaim

Reveal = Callable[[EdgeKey], tuple[bytes, bytes] | None]
"""Returns the nodes of both halves of an edge, `None` if nobody has shown them."""


class WrongLeaf(NamedTuple):
    """The first leaf at which a history leaves the right one (docs/spec.md D-8).

    Attributes
    ----------
    index
        Its place in the history; before it everything is right.
    leaf, branch
        The leaf and its siblings in the wrong history, from the leaf upwards.
    leaf_before, branch_before
        The leaf before it, which is right, and its siblings in the wrong history; zero and nothing
        for index 0.
    """

    index: int  # type: ignore[assignment] # shadows tuple.index, which nobody calls
    leaf: bytes
    branch: tuple[bytes, ...]
    leaf_before: bytes
    branch_before: tuple[bytes, ...]


class LeafProof(NamedTuple):
    """A leaf of the right history and what precedes it (docs/spec.md D-9).

    Twin: contracts/src/interfaces/IChallengeGame.sol `LeafProof`.
    """

    origin: bytes
    index: int  # type: ignore[assignment] # shadows tuple.index, which nobody calls
    prefix: bytes
    leaf: bytes
    previous_prefix: bytes
    last_left: bytes
    leaf_before: bytes
    branch: tuple[bytes, ...]


class Split(NamedTuple):
    """An edge and the nodes of its halves."""

    edge: EdgeKey
    left: bytes
    right: bytes


@dataclass(frozen=True, slots=True)
class Contest:
    """The competition below a right assertion, at one L1 block, while nobody has won it.

    Attributes
    ----------
    origin
        The assertion whose children compete.
    history
        What their history should be; `right_id` is the child that has it.
    claim
        That child, while L1 does not have it; `None` once it does.
    children
        All children that L1 has, in order of creation, refuted ones too.
    wrong_leaves
        By child: where a wrong one is known to leave the right history.
    transactions
        By index of a leaf: how many transactions kill who is wrong there first.
    """

    origin: bytes
    history: HistoryTree
    right_id: bytes
    claim: RightClaim | None
    children: tuple[KnownAssertion, ...]
    wrong_leaves: Mapping[bytes, WrongLeaf] = field(default_factory=dict)
    transactions: Mapping[int, int] = field(default_factory=dict)

    @property
    def live_wrong(self) -> list[KnownAssertion]:
        """Return the wrong children that nobody has refuted."""
        return [child for child in self.children if child.id != self.right_id and child.live]

    def dies_at_once(self, child: bytes) -> bool:
        """Tell whether one transaction kills a child now."""
        wrong = self.wrong_leaves.get(child)
        return wrong is not None and self.transactions[wrong.index] == 1

    def to_reveal(self, disputes: Disputes) -> list[Split]:
        """Return the rivaled edges of the right history that nobody has bisected, parents first.

        An edge that comes into being by bisecting its parent is among them if its rival is there
        already, so one turn answers everything that was revealed so far.
        """
        return [
            Split(edge, *self._nodes_below(edge))
            for edge in self._rivaled(disputes)
            if edge.height and not _is_bisected(disputes, edge)
        ]

    def unproven_leaves(self, disputes: Disputes) -> list[EdgeKey]:
        """Return the rivaled leaves of the right history that have no one-step proof."""
        return [
            edge
            for edge in self._rivaled(disputes)
            if edge.height == 0
            and (known := disputes.edge(edge_id(edge))) is not None
            and not known.proven
        ]

    def _rivaled(self, disputes: Disputes) -> Iterator[EdgeKey]:
        """Yield the rivaled edges of the right history from the top, left before right."""
        waiting = [layer_zero(self.origin, self.history.height, self.history.root)]
        while waiting:
            edge = waiting.pop()
            if not disputes.rivals(edge):
                continue
            yield edge
            if edge.height:
                waiting += reversed(halves(edge, *self._nodes_below(edge)))

    def _nodes_below(self, edge: EdgeKey) -> tuple[bytes, bytes]:
        height, first = edge.height - 1, 2 * edge.index
        return self.history.node(height, first), self.history.node(height, first + 1)


def find_wrong_leaf(
    origin: bytes, right: HistoryTree, history_root: bytes, reveal: Reveal
) -> WrongLeaf | None:
    """Return where a history leaves the right one, `None` while that is not revealed.

    Every edge on the way down is a rival of an edge of the right history: all left siblings are
    the right ones. `None` as well for the right history itself.
    """
    edge = layer_zero(origin, right.height, history_root)
    if history_root == right.root:
        return None
    path: list[bytes] = [edge.node]
    siblings: list[bytes] = []
    while edge.height:
        pair = reveal(edge)
        if pair is None:
            return None
        left, other = halves(edge, *pair)
        if left.node == right.node(left.height, left.index):
            left, other = other, left
        edge = left
        path.insert(0, edge.node)
        siblings.insert(0, other.node)
    index, branch = edge.index, tuple(siblings)
    if index == 0:
        return WrongLeaf(0, edge.node, branch, ZERO, ())
    before = _branch_before(right, index, path, branch)
    return WrongLeaf(index, edge.node, branch, right.leaf(index - 1), before)


def reveal_published(history: HistoryTree) -> Reveal:
    """Return what is known of a history that was published as a whole."""

    def reveal(edge: EdgeKey) -> tuple[bytes, bytes]:
        height, first = edge.height - 1, 2 * edge.index
        return history.node(height, first), history.node(height, first + 1)

    return reveal


def reveal_bisected(disputes: Disputes) -> Reveal:
    """Return what bisections have revealed on L1."""

    def reveal(edge: EdgeKey) -> tuple[bytes, bytes] | None:
        known = disputes.edge(edge_id(edge))
        if known is None or known.left is None or known.right is None:
            return None
        return known.left, known.right

    return reveal


def prove_leaf(history: HistoryTree, edge: EdgeKey) -> LeafProof:
    """Return what binds a leaf of a history to the leaf before it. Source: docs/spec.md D-9."""
    index = edge.index
    if index == 0:
        return LeafProof(edge.origin, 0, edge.prefix, edge.node, NO_PREFIX, ZERO, ZERO, ())
    low = (index & -index).bit_length() - 1
    parent = history.edge(edge.origin, low + 1, index >> (low + 1))
    return LeafProof(
        origin=edge.origin,
        index=index,
        prefix=edge.prefix,
        leaf=edge.node,
        previous_prefix=parent.prefix,
        last_left=history.node(low, (index >> low) - 1),
        leaf_before=history.leaf(index - 1),
        branch=tuple(history.branch(index - 1)[:low]),
    )


def _branch_before(
    right: HistoryTree, index: int, path: Sequence[bytes], branch: Sequence[bytes]
) -> tuple[bytes, ...]:
    """Return the siblings of leaf `index - 1` in a history that is right before `index`.

    Where the two paths are one, they have one sibling; where they part, the sibling is the path of
    the later leaf; below that everything is to its left and therefore right.
    """
    found = []
    for height in range(right.height):
        own, later = (index - 1) >> height, index >> height
        if own == later:
            found.append(branch[height])
        elif own ^ 1 == later:
            found.append(path[height])
        else:
            found.append(right.node(height, own ^ 1))
    return tuple(found)


def _is_bisected(disputes: Disputes, edge: EdgeKey) -> bool:
    known = disputes.edge(edge_id(edge))
    return known is not None and known.bisected
