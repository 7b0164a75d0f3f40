"""Proofs of many leaves of a state that is gone: they fold to its root, and change nothing."""

import random
from typing import Final

import pytest

from rollup_node.core.layout import CURSOR_KEY, balances_key, outbox_key, owner_key
from rollup_node.core.leaves import Balances, Cursor, Owner, Withdrawal, Writes
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.multiproof import fold

ACCOUNTS: Final = range(1, 40)
KEYS: Final = (CURSOR_KEY, owner_key(7), balances_key(7), outbox_key(3), balances_key(1 << 21))


def some_writes(rng: random.Random, item: int) -> Writes:
    writes: Writes = {CURSOR_KEY: Cursor(item, 0, item, 0, item, item * 1_000, 0, 0)}
    for account in rng.sample(ACCOUNTS, 9):
        writes[owner_key(account)] = Owner(account.to_bytes(20, "big"), item, 1)
        writes[balances_key(account)] = Balances((rng.randrange(10**9), 0, 0, item))
    if item > 2:
        writes[outbox_key(item)] = Withdrawal(7, 0, item, bytes(20))
    return writes


def test_prove_at_every_mark_folds_to_the_root_that_was() -> None:
    rng, state = random.Random(4), ChainState()
    marks, roots = [], []
    for item in range(1, 12):
        marks.append(state.mark())
        roots.append(state.root())
        state.commit(some_writes(rng, item))
    now = state.root()
    for mark, expected in zip(marks, roots, strict=True):
        root, values, proof = state.prove_at(mark, KEYS)
        assert root == expected
        assert fold(proof.keys, values, proof.siblings) == expected
        assert state.root() == now
    past = state.copy_at(marks[5])
    _, values, proof = state.prove_at(marks[5], KEYS)
    assert values == tuple(past.value(key) for key in proof.keys)
    assert proof == past.prove(KEYS)


def test_prove_at_a_mark_that_is_forgotten_says_so() -> None:
    state = ChainState()
    first = state.mark()
    state.prune(state.mark())
    with pytest.raises(KeyError):
        state.prove_at(first, KEYS)
