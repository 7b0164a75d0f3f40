"""The batched tree equals the definition, and its proofs open what they say."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rollup_node.codec.leaves import encode_leaf
from rollup_node.core.layout import DEPTHS, INDEX_BITS, POSITION_BITS, LeafKey, position
from rollup_node.core.leaves import Leaf
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.hashing import ZERO, branch_hash, leaf_hash
from rollup_node.proof.multiproof import WitnessError, fold
from rollup_node.proof.state_tree import StateTree
from tests.property import values

_keyed = st.lists(values.leaves, min_size=1, max_size=12)


def naive_root(leaves: dict[LeafKey, bytes]) -> bytes:
    """Return the root by the definition, one level of the whole tree at a time."""
    nodes: dict[int, bytes] = {}
    for depth in range(POSITION_BITS, 0, -1):
        for key, value in leaves.items():
            if DEPTHS[key >> INDEX_BITS] == depth:
                nodes[position(key) >> (POSITION_BITS - depth)] = leaf_hash(value)
        parents = {index >> 1 for index in nodes}
        nodes = {
            i: branch_hash(nodes.get(2 * i, ZERO), nodes.get(2 * i + 1, ZERO)) for i in parents
        }
    return nodes.get(0, ZERO)


@given(st.lists(st.lists(st.tuples(values.leaves, st.booleans()), max_size=6), max_size=5))
def test_root_after_puts_and_clears_equals_the_definition(
    rounds: list[list[tuple[tuple[LeafKey, Leaf], bool]]],
) -> None:
    tree, model = StateTree(), dict[LeafKey, bytes]()
    for batch in rounds:
        for (key, leaf), is_cleared in batch:
            model[key] = b"" if is_cleared else encode_leaf(leaf)
            tree.put(key, model[key])
        assert tree.root() == naive_root(model)


@given(_keyed, _keyed)
def test_fold_of_a_proof_gives_the_roots_before_and_after(
    before: list[tuple[LeafKey, Leaf]], after: list[tuple[LeafKey, Leaf]]
) -> None:
    state = ChainState()
    state.commit(dict(before))
    keys, siblings = state.prove([key for key, _ in after])
    assert fold(keys, [state.value(key) for key in keys], siblings) == state.root()
    state.commit(dict(after))
    assert fold(keys, [state.value(key) for key in keys], siblings) == state.root()


@given(_keyed, st.data())
def test_fold_of_a_changed_proof_never_gives_the_root(
    leaves: list[tuple[LeafKey, Leaf]], data: st.DataObject
) -> None:
    state = ChainState()
    state.commit(dict(leaves))
    keys, siblings = state.prove([key for key, _ in leaves])
    opened = [state.value(key) for key in keys]
    at = data.draw(st.integers(0, len(siblings) - 1))
    bit = data.draw(st.integers(0, 255))
    changed = (int.from_bytes(siblings[at], "big") ^ 1 << bit).to_bytes(32, "big")
    assert fold(keys, opened, (*siblings[:at], changed, *siblings[at + 1 :])) != state.root()
    for wrong in (siblings[:-1], (*siblings, ZERO)):
        try:
            fold(keys, opened, wrong)
        except WitnessError:
            continue
        raise AssertionError("a proof of another length was accepted")


@given(_keyed)
def test_branch_of_each_leaf_climbs_to_the_root(leaves: list[tuple[LeafKey, Leaf]]) -> None:
    state = ChainState()
    state.commit(dict(leaves))
    for key, _ in leaves:
        node, index = leaf_hash(state.value(key)), position(key)
        index >>= POSITION_BITS - DEPTHS[key >> INDEX_BITS]
        for sibling in state.branch(key):
            node = branch_hash(sibling, node) if index & 1 else branch_hash(node, sibling)
            index >>= 1
        assert node == state.root()


@settings(max_examples=60)
@given(st.lists(_keyed, min_size=1, max_size=6), st.data())
def test_rewind_restores_root_and_leaves_of_the_mark(
    rounds: list[list[tuple[LeafKey, Leaf]]], data: st.DataObject
) -> None:
    state, known = ChainState(), list[tuple[int, bytes, int]]()
    for batch in rounds:
        known.append((state.mark(), state.root(), state.leaf_count))
        for key, leaf in batch:
            state.commit({key: leaf})
    pruned = data.draw(st.integers(0, len(known) - 1))
    state.prune(known[pruned][0])
    mark, root, count = known[data.draw(st.integers(pruned, len(known) - 1))]
    state.rewind(mark)
    assert (state.root(), state.leaf_count) == (root, count)
    state.commit(dict(rounds[0]))
    state.rewind(mark)
    assert (state.root(), state.leaf_count) == (root, count)


@given(_keyed)
def test_snapshot_round_trip_is_identity(leaves: list[tuple[LeafKey, Leaf]]) -> None:
    state = ChainState()
    state.commit(dict(leaves))
    copy = ChainState.from_bytes(state.to_bytes())
    assert copy.root() == state.root()
    assert copy.to_bytes() == state.to_bytes()


@settings(max_examples=60)
@given(st.lists(_keyed, min_size=1, max_size=5), st.data())
def test_parts_at_a_mark_hold_that_moment_whatever_is_written_meanwhile(
    rounds: list[list[tuple[LeafKey, Leaf]]], data: st.DataObject
) -> None:
    state = ChainState()
    state.commit(dict(rounds[0]))
    mark, root, known = state.mark(), state.root(), state.to_bytes()
    for batch in rounds[1:]:
        state.commit(dict(batch))
        state.mark()
    parts = []
    for part in state.parts_at(mark, data.draw(st.integers(1, 5))):
        parts.append(part)
        if data.draw(st.booleans()):
            state.mark()
        state.commit(dict(data.draw(_keyed)))
    copy = ChainState.from_parts(root, parts)
    assert copy.to_bytes() == known
    state.rewind(mark)
    assert state.to_bytes() == known
