"""Where wrong histories leave the right one, and what the right one must reveal."""

from collections.abc import Sequence

import pytest

from rollup_node.proof.edges import NO_PREFIX, extend_prefix
from rollup_node.proof.hashing import TAG_HISTORY, ZERO, keccak
from rollup_node.proof.history import HistoryTree
from rollup_node.roles.contest import (
    find_wrong_leaf,
    prove_leaf,
    reveal_bisected,
    reveal_published,
)
from tests.unit.roles.stage import (
    GENESIS,
    HEIGHT,
    MALLORY,
    OWN,
    SYBIL,
    Stage,
    patched,
    right_history,
    root,
)

ORIGIN = GENESIS.assertion_id
RIGHT = right_history()
LEAVES = 1 << HEIGHT


def climb(leaf: bytes, index: int, branch: Sequence[bytes]) -> bytes:
    """Return the node that a branch leads to."""
    for level, sibling in enumerate(branch):
        pair = sibling + leaf if index >> level & 1 else leaf + sibling
        leaf = keccak(TAG_HISTORY + pair)
    return leaf


@pytest.mark.parametrize("index", range(LEAVES))
@pytest.mark.parametrize("later", [False, True])
def test_find_wrong_leaf_published_opens_the_first_difference_and_the_leaf_before(
    index: int, later: bool
) -> None:
    patches = {i: f"wrong {i}" for i in range(index, LEAVES if later else index + 1)}
    wrong = patched(RIGHT, patches)
    found = find_wrong_leaf(ORIGIN, RIGHT, wrong.root, reveal_published(wrong))
    assert found is not None
    assert (found.index, found.leaf) == (index, root(f"wrong {index}"))
    assert climb(found.leaf, index, found.branch) == wrong.root
    if index:
        assert found.leaf_before == RIGHT.leaf(index - 1)
        assert climb(found.leaf_before, index - 1, found.branch_before) == wrong.root
    else:
        assert (found.leaf_before, found.branch_before) == (ZERO, ())


@pytest.mark.parametrize("index", range(LEAVES))
def test_find_wrong_leaf_bisected_needs_the_whole_way_and_equals_the_published_one(
    index: int,
) -> None:
    wrong = patched(RIGHT, {index: "wrong"})
    stage = Stage()
    stage.make(ORIGIN, RIGHT, OWN)
    stage.make(ORIGIN, wrong, MALLORY)
    reveal = reveal_bisected(stage.disputes)
    for height in range(HEIGHT, 0, -1):
        assert find_wrong_leaf(ORIGIN, RIGHT, wrong.root, reveal) is None
        stage.bisect(ORIGIN, wrong, height, index >> height, MALLORY)
    published = find_wrong_leaf(ORIGIN, RIGHT, wrong.root, reveal_published(wrong))
    assert find_wrong_leaf(ORIGIN, RIGHT, wrong.root, reveal) == published is not None


def test_find_wrong_leaf_of_the_right_history_is_none() -> None:
    assert find_wrong_leaf(ORIGIN, RIGHT, RIGHT.root, reveal_published(RIGHT)) is None


def test_to_reveal_without_rivals_is_nothing() -> None:
    stage = Stage()
    stage.make(ORIGIN, RIGHT, OWN)
    assert stage.contest(ORIGIN, RIGHT).to_reveal(stage.disputes) == []


def test_to_reveal_answers_all_that_a_rival_has_shown_in_one_turn_and_only_once() -> None:
    wrong = patched(RIGHT, {5: "wrong"})
    stage = Stage()
    stage.make(ORIGIN, wrong, MALLORY)
    stage.make(ORIGIN, RIGHT, OWN)
    splits = stage.contest(ORIGIN, RIGHT).to_reveal(stage.disputes)
    assert [(s.edge.height, s.edge.index) for s in splits] == [(3, 0)]
    stage.dissect(ORIGIN, wrong, 5, MALLORY)
    contest = stage.contest(ORIGIN, RIGHT)
    splits = contest.to_reveal(stage.disputes)
    assert [(s.edge.height, s.edge.index) for s in splits] == [(3, 0), (2, 1), (1, 2)]
    assert contest.unproven_leaves(stage.disputes) == []
    for split in splits:
        assert split.edge == RIGHT.edge(ORIGIN, split.edge.height, split.edge.index)
        stage.bisect(ORIGIN, RIGHT, split.edge.height, split.edge.index, OWN)
    assert contest.to_reveal(stage.disputes) == []
    assert [edge.index for edge in contest.unproven_leaves(stage.disputes)] == [5]
    stage.prove(ORIGIN, RIGHT, 5, OWN)
    assert contest.unproven_leaves(stage.disputes) == []


def test_to_reveal_against_two_rivals_follows_both_ways() -> None:
    early, late = patched(RIGHT, {0: "a"}), patched(RIGHT, {7: "b"})
    stage = Stage()
    stage.make(ORIGIN, RIGHT, OWN)
    stage.make(ORIGIN, early, MALLORY)
    stage.make(ORIGIN, late, SYBIL)
    stage.bisect(ORIGIN, early, 3, 0, MALLORY)
    stage.bisect(ORIGIN, late, 3, 0, SYBIL)
    splits = stage.contest(ORIGIN, RIGHT).to_reveal(stage.disputes)
    assert [(s.edge.height, s.edge.index) for s in splits] == [(3, 0), (2, 0), (2, 1)]


@pytest.mark.parametrize("index", range(LEAVES))
def test_prove_leaf_binds_the_leaf_before_by_the_prefix(index: int) -> None:
    edge = RIGHT.edge(ORIGIN, 0, index)
    proof = prove_leaf(RIGHT, edge)
    assert (proof.leaf, proof.prefix) == (RIGHT.leaf(index), edge.prefix)
    if index == 0:
        assert edge.prefix == NO_PREFIX
        return
    assert extend_prefix(proof.previous_prefix, proof.last_left) == proof.prefix
    last = (1 << len(proof.branch)) - 1
    assert climb(RIGHT.leaf(index - 1), last, proof.branch) == proof.last_left
    assert proof.leaf_before == RIGHT.leaf(index - 1)


def test_prove_leaf_of_a_lone_leaf_has_its_own_previous_prefix() -> None:
    history = HistoryTree(1, [root(1), root(2)], root(2))
    proof = prove_leaf(history, history.edge(ORIGIN, 0, 1))
    assert (proof.previous_prefix, proof.last_left, proof.branch) == (NO_PREFIX, root(1), ())
