"""Edges of the game: their names, their halves, and where they lie in a history."""

import pytest

from rollup_node.proof.edges import (
    NO_PREFIX,
    EdgeKey,
    edge_id,
    extend_prefix,
    halves,
    layer_zero,
    mutual_id,
)
from rollup_node.proof.hashing import keccak
from rollup_node.proof.history import HistoryTree

ORIGIN = b"o" * 32
ROOTS = [keccak(bytes((i,))) for i in range(9)]
EDGE = EdgeKey(ORIGIN, 3, 2, b"p" * 32, b"n" * 32)


def test_mutual_id_binds_all_but_the_node() -> None:
    place = b"\x03" + (2).to_bytes(8, "big")
    assert mutual_id(EDGE) == keccak(b"\x11" + ORIGIN + place + b"p" * 32)
    assert mutual_id(EDGE._replace(node=b"x" * 32)) == mutual_id(EDGE)
    changed = [
        EDGE._replace(origin=b"x" * 32),
        EDGE._replace(height=4),
        EDGE._replace(index=3),
        EDGE._replace(prefix=b"x" * 32),
    ]
    assert len({mutual_id(edge) for edge in (EDGE, *changed)}) == 5


def test_edge_id_binds_the_node_too() -> None:
    assert edge_id(EDGE) == keccak(b"\x12" + mutual_id(EDGE) + b"n" * 32)


def test_halves_share_the_prefix_up_to_the_left_sibling() -> None:
    tree = HistoryTree(1, ROOTS[:2], ROOTS[8])
    left, right = halves(layer_zero(ORIGIN, 1, tree.root), *ROOTS[:2])
    assert left == EdgeKey(ORIGIN, 0, 0, NO_PREFIX, ROOTS[0])
    assert right == EdgeKey(ORIGIN, 0, 1, keccak(b"\x13" + NO_PREFIX + ROOTS[0]), ROOTS[1])


def test_halves_of_a_leaf_raises() -> None:
    with pytest.raises(ValueError, match="leaf"):
        halves(EDGE._replace(height=0), b"l" * 32, b"r" * 32)


def test_halves_of_another_node_raises() -> None:
    tree = HistoryTree(1, ROOTS[:2], ROOTS[8])
    with pytest.raises(ValueError, match="do not hash"):
        halves(layer_zero(ORIGIN, 1, tree.root), ROOTS[1], ROOTS[0])


@pytest.mark.parametrize("count", [0, 1, 3, 5, 8])
def test_history_edge_is_what_halving_from_the_top_finds(count: int) -> None:
    tree = HistoryTree(3, ROOTS[:count], ROOTS[8])
    found = [layer_zero(ORIGIN, 3, tree.root)]
    for edge in found:
        assert tree.edge(ORIGIN, edge.height, edge.index) == edge
        if edge.height:
            nodes = (tree.node(edge.height - 1, 2 * edge.index + side) for side in (0, 1))
            found.extend(halves(edge, *nodes))
    assert len(found) == 15
    assert [edge.node for edge in found[-8:]] == [tree.leaf(index) for index in range(8)]


@pytest.mark.parametrize(("height", "index"), [(0, 8), (2, 2), (3, 1), (0, -1)])
def test_history_node_outside_the_tree_raises(height: int, index: int) -> None:
    with pytest.raises(IndexError):
        HistoryTree(3, ROOTS[:8], ROOTS[8]).node(height, index)


def test_extend_prefix_names_the_last_left_sibling() -> None:
    tree = HistoryTree(2, ROOTS[:4], ROOTS[8])
    before = extend_prefix(NO_PREFIX, tree.node(1, 0))
    assert tree.edge(ORIGIN, 0, 3).prefix == extend_prefix(before, tree.leaf(2))


@pytest.mark.parametrize("height", [4, 12, 16])
def test_halves_of_rival_histories_reach_the_wrong_leaf_in_as_many_rounds_as_levels(
    height: int,
) -> None:
    leaves, wrong = 1 << height, (1 << height) - 3
    roots = [keccak(index.to_bytes(4, "big")) for index in range(leaves)]
    ours = HistoryTree(height, roots, roots[-1])
    roots[wrong] = keccak(b"wrong")
    theirs = HistoryTree(height, roots, roots[-1])
    edge, rival = (layer_zero(ORIGIN, height, history.root) for history in (ours, theirs))
    rounds = 0
    while edge.height:
        place = (edge.height - 1, 2 * edge.index)
        pairs = [
            halves(ours.edge(ORIGIN, edge.height, edge.index), *_nodes(ours, *place)),
            halves(theirs.edge(ORIGIN, edge.height, edge.index), *_nodes(theirs, *place)),
        ]
        ((edge, rival),) = [
            (a, b)
            for a, b in zip(*pairs, strict=True)
            if mutual_id(a) == mutual_id(b) and a.node != b.node
        ]
        rounds += 1
    assert (rounds, edge.index, rival.node) == (height, wrong, roots[wrong])


def _nodes(tree: HistoryTree, height: int, first: int) -> tuple[bytes, bytes]:
    return tree.node(height, first), tree.node(height, first + 1)
