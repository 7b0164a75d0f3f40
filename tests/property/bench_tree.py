"""Measure the state tree: `python -m tests.property.bench_tree` prints CPU µs per touched leaf.

Leaves are owners and balances of accounts numbered from 1, touched at random; a flush includes
encoding and hashing the leaves.
"""

import argparse
import random
import time

from rollup_node.core.layout import LeafKey, balances_key, owner_key
from rollup_node.core.leaves import Balances, Leaf, Owner
from rollup_node.proof.chain_state import ChainState

_BATCHES = (1, 100, 1_000, 10_000)


def _populated(leaves: int) -> tuple[ChainState, list[LeafKey]]:
    state, keys = ChainState(), list[LeafKey]()
    writes: dict[LeafKey, Leaf] = {}
    for account in range(1, leaves // 2 + 1):
        keys += [owner_key(account), balances_key(account)]
        writes[keys[-2]] = Owner(account.to_bytes(20, "big"), 0, 0)
        writes[keys[-1]] = Balances((account, 0, 0, 0))
    state.commit(writes)
    state.root()
    return state, keys


def measure(leaves: int, seed: int) -> list[float]:
    """Return µs of CPU per touched leaf for each batch size, the median of several flushes."""
    rng = random.Random(seed)
    state, keys = _populated(leaves)
    found = []
    for batch in _BATCHES:
        times = []
        for turn in range(max(5, min(200, 20_000 // batch))):
            touched = rng.sample(keys, min(batch, len(keys)))
            writes: dict[LeafKey, Leaf] = {
                key: Balances((turn, batch, 1, 1)) if key & 2 else Owner(b"\x01" * 20, turn, batch)
                for key in touched
            }
            state.commit(writes)
            start = time.process_time()
            state.root()
            times.append((time.process_time() - start) / len(touched) * 1e6)
        found.append(sorted(times)[len(times) // 2])
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, nargs="*", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print("µs per touched leaf".ljust(22) + "".join(f"{f'batch {b:,}':>15}" for b in _BATCHES))
    for leaves in options.leaves:
        row = measure(leaves, options.seed)
        print(f"{leaves:,} leaves".ljust(22) + "".join(f"{value:15.2f}" for value in row))


if __name__ == "__main__":
    main()
