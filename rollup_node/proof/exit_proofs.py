"""What exit mode takes as proof: leaves of the exit state and the siblings of their multiproof.

Source: docs/spec.md E-5, E-6. Twin: contracts/src/ExitMode.sol, which folds them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from rollup_node.core.exit_claims import list_pages
from rollup_node.core.layout import (
    ASSETS_KEY,
    PRICES_KEY,
    TOTALS_KEY,
    LeafKey,
    balances_key,
    directory_key,
    owner_key,
    positions_key,
    series_key,
)
from rollup_node.proof.chain_state import ChainState


class LeafProof(NamedTuple):
    """Values of leaves in position order, and the siblings that fold them to the root."""

    values: tuple[bytes, ...]
    siblings: bytes


def prove_totals(state: ChainState) -> LeafProof:
    """Open prices, totals and asset terms."""
    return _prove(state, [PRICES_KEY, TOTALS_KEY, ASSETS_KEY])


def prove_marks(state: ChainState, series: Sequence[int]) -> LeafProof:
    """Open the state leaves of some series, given in rising order."""
    return _prove(state, [series_key(number) for number in series])


def prove_claim(state: ChainState, account: int) -> LeafProof:
    """Open owner, balances and directory of an account, and each page that the directory names."""
    pages = [positions_key(account, first) for first in list_pages(state, account)]
    head = [owner_key(account), balances_key(account), directory_key(account)]
    return _prove(state, [*head, *pages])


def _prove(state: ChainState, keys: Sequence[LeafKey]) -> LeafProof:
    proof = state.prove(keys)
    return LeafProof(tuple(state.value(key) for key in proof.keys), b"".join(proof.siblings))
