"""Patched histories: what is published of them hashes to what is claimed."""

import pytest

from rollup_node.devnet.faults.histories import no_state, patched, patched_roots
from rollup_node.proof.history import HistoryTree

HEIGHT = 4
HONEST = HistoryTree(HEIGHT, [no_state(100 + n) for n in range(5)], no_state(104))


@pytest.mark.parametrize("index", range((1 << HEIGHT) - 1))
def test_patched_differs_from_the_honest_history_at_one_leaf_only(index: int) -> None:
    wrong = patched(HONEST, {index: no_state(0)})
    leaves = range(1 << HEIGHT)
    assert [at for at in leaves if wrong.leaf(at) != HONEST.leaf(at)] == [index]
    assert wrong.root != HONEST.root


@pytest.mark.parametrize("index", range((1 << HEIGHT) - 1))
def test_patched_roots_hash_to_the_history_as_a_peer_reads_them(index: int) -> None:
    patches = {index: no_state(0)}
    published = patched_roots(HONEST, patches, 5)
    read = HistoryTree(HEIGHT, published, published[-1])
    assert read.root == patched(HONEST, patches).root
    assert len(published) >= 5
