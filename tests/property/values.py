"""Hypothesis strategies for the values of the law."""

from hypothesis import strategies as st

from rollup_node.core.inputs import (
    Deposit,
    Pull,
    RotateKey,
    Seal,
    SignedTransaction,
    Transfer,
    Withdraw,
)
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    CURSOR_KEY,
    TOTALS_KEY,
    LeafKey,
    balances_key,
    outbox_key,
    owner_key,
)
from rollup_node.core.leaves import Allocators, Balances, Cursor, Leaf, Owner, Totals, Withdrawal


def uint(bits: int) -> st.SearchStrategy[int]:
    """Integers of a width, with its boundaries often among them."""
    top = (1 << bits) - 1
    return st.one_of(st.integers(0, top), st.sampled_from([0, 1, top, top >> 1, (top >> 1) + 1]))


addresses = st.binary(min_size=20, max_size=20)
amounts = st.tuples(uint(96), uint(96), uint(96), uint(96))
balances = st.tuples(uint(96).map(lambda cash: cash - (1 << 95)), uint(96), uint(96), uint(96))
transfers = st.builds(Transfer, uint(32), uint(32), uint(8), uint(96), uint(64))
withdraws = st.builds(Withdraw, uint(32), uint(8), uint(96), addresses, uint(64))
rotations = st.builds(RotateKey, uint(32), addresses, uint(64))
transactions = st.one_of(transfers, withdraws, rotations)
signed = st.builds(SignedTransaction, transactions, st.binary(min_size=64, max_size=64))
records = st.one_of(signed, st.builds(Seal, uint(48)), st.just(Pull()))
deposits = st.builds(Deposit, uint(32), addresses, uint(8), uint(96))

_cursors = st.builds(
    Cursor, uint(40), uint(32), uint(40), uint(40), uint(40), uint(48), uint(8), uint(8)
)
_owners = st.builds(Owner, addresses, uint(64), uint(192))
_withdrawals = st.builds(Withdrawal, uint(32), uint(8), uint(96), addresses)
_accounts = st.one_of(st.integers(1, 40), st.integers(1, (1 << 22) - 1))

leaves: st.SearchStrategy[tuple[LeafKey, Leaf]] = st.one_of(
    st.tuples(st.just(CURSOR_KEY), _cursors),
    st.tuples(
        st.just(ALLOCATORS_KEY), st.builds(Allocators, uint(40), uint(32), uint(32), uint(32))
    ),
    st.tuples(st.just(TOTALS_KEY), st.builds(Totals, amounts)),
    st.tuples(_accounts.map(owner_key), _owners),
    st.tuples(_accounts.map(balances_key), st.builds(Balances, balances)),
    st.tuples(uint(32).map(outbox_key), _withdrawals),
)
