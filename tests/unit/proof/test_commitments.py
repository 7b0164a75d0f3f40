"""Chunk trees, history trees, and the marks of a state."""

import pytest

from rollup_node.core.layout import outbox_key
from rollup_node.core.leaves import Withdrawal
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.chunks import chunk_branch, chunk_hash, chunk_levels, chunk_root
from rollup_node.proof.hashing import TAG_CHUNK_NODE, TAG_HISTORY, ZERO, keccak
from rollup_node.proof.history import HistoryTree

ROOTS = [keccak(bytes((i,))) for i in range(9)]
ENTRY = Withdrawal(1, 0, 5, b"r" * 20)


@pytest.mark.parametrize("size", [1, 1024, 1025, 2048, 3000, 9 * 1024 + 1])
def test_chunk_branch_of_every_chunk_climbs_to_the_root(size: int) -> None:
    data = bytes(i & 255 for i in range(size))
    levels = chunk_levels(data)
    for at in range(-(-size // 1024)):
        node = chunk_hash(data[at * 1024 : (at + 1) * 1024])
        for depth, sibling in enumerate(chunk_branch(levels, at)):
            pair = (sibling + node) if at >> depth & 1 else (node + sibling)
            node = keccak(TAG_CHUNK_NODE + pair)
        assert node == chunk_root(data)


def test_chunk_root_of_nothing_is_zero_and_of_one_chunk_its_hash() -> None:
    assert chunk_root(b"") == ZERO
    assert chunk_root(b"a") == chunk_hash(b"a")


@pytest.mark.parametrize("count", [0, 1, 3, 7, 8])
def test_history_repeats_the_finished_state(count: int) -> None:
    tree = HistoryTree(3, ROOTS[:count], ROOTS[8])
    full = HistoryTree(3, [*ROOTS[:count], *[ROOTS[8]] * (8 - count)], ROOTS[0])
    assert tree.root == full.root
    assert tree.last_leaf == (ROOTS[8] if count < 8 else ROOTS[7])
    for index in range(8):
        node = ROOTS[index] if index < count else ROOTS[8]
        for level, sibling in enumerate(tree.branch(index)):
            pair = (sibling + node) if index >> level & 1 else (node + sibling)
            node = keccak(TAG_HISTORY + pair)
        assert node == tree.root


def test_history_on_too_many_roots_raises() -> None:
    with pytest.raises(ValueError, match="roots"):
        HistoryTree(2, ROOTS[:5], ROOTS[0])


def test_rewind_to_a_mark_that_is_not_kept_raises() -> None:
    state = ChainState()
    first, second = state.mark(), state.mark()
    state.prune(second)
    with pytest.raises(KeyError):
        state.rewind(first)
    with pytest.raises(KeyError):
        state.rewind(second + 1)
    state.rewind(second)


def test_rewind_removes_leaves_that_did_not_exist() -> None:
    state = ChainState()
    root, mark = state.root(), state.mark()
    state.commit({outbox_key(3): ENTRY})
    assert state.root() != root
    state.rewind(mark)
    assert state.get(outbox_key(3)) is None
    assert state.root() == root
    assert state.leaf_count == 3


def test_from_bytes_on_a_changed_snapshot_raises() -> None:
    state = ChainState()
    state.commit({outbox_key(3): ENTRY})
    snapshot = state.to_bytes()
    assert ChainState.from_bytes(snapshot).get(outbox_key(3)) == ENTRY
    for changed in (snapshot[:-1], snapshot[:-1] + b"\x00", snapshot[:-44]):
        with pytest.raises(ValueError, match=r"snapshot|leaf"):
            ChainState.from_bytes(changed)
