"""Room in the contracts that ship: below EIP-170 by so much that the next rule still fits.

`pytest -s tests/architecture/test_sizes.py` prints all sizes. Source: docs/adr/0011.
"""

from typing import Final

import pytest

from rollup_node.l1.compiler import EIP170_LIMIT_BYTES
from rollup_node.l1.shipped import artifact_names, load_artifact

LARGEST_BYTES: Final = 24_000


@pytest.mark.parametrize("name", artifact_names())
def test_contract_leaves_room_for_the_next_rule(name: str) -> None:
    size = load_artifact(name).deployed_size
    print(f"{name:18} {size:6} bytes, {EIP170_LIMIT_BYTES - size:6} below EIP-170")
    assert 0 < size <= LARGEST_BYTES, f"cut the family of {name} in two before it grows (ADR 11)"
