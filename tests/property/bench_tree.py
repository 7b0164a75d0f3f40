"""Measure the state tree: `python -m tests.property.bench_tree` prints CPU µs per touched leaf.

Leaves are owners and balances of accounts numbered from 1, touched at random; a flush includes
encoding and hashing the leaves. With `--exchange` it prints ms per 1,000 fills instead, in the
state of an exchange with 100,000 resting orders.
"""

import argparse
import gc
import random
import statistics
import time

from rollup_node.core.book_leaves import Level, TickWord
from rollup_node.core.layout import (
    ACCOUNTS,
    ORDERS,
    TICK_MAP,
    LeafKey,
    balances_key,
    client_slots_key,
    hot_key,
    level_key,
    order_key,
    owner_key,
    positions_key,
    word_key,
)
from rollup_node.core.leaves import Balances, Leaf, Owner
from rollup_node.devnet.bench_leaves import exchange_leaves
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


def measure_exchange(seed: int, orders: int = 100_000, fills: int = 1_000) -> tuple[float, float]:
    """Return leaves, and ms of CPU, per flush of fills between a taker and one of 200 makers."""
    rng = random.Random(seed)
    state = ChainState()
    state.commit(exchange_leaves(orders, seed))
    state.root()
    gc.freeze()
    keys = list(state.keys())
    hot = [key & 0xFFFFFFFF for key in keys if key >> 32 == ACCOUNTS and not key & 31]
    accounts = sorted(index >> 5 for index in hot)
    slot = orders
    counts: list[int] = []
    times: list[float] = []
    for _ in range(25):
        keys = []
        for _ in range(fills):
            slot += 1
            tick, book = (1 << 16) + round(rng.gauss(0, 200)), rng.randrange(8)
            keys += [order_key(slot), order_key(rng.randrange(1, orders))]
            keys += [level_key(book, tick), word_key(book, tick >> 8)]
            taker, maker = rng.choice(accounts), rng.choice(accounts[:200])
            keys.append(client_slots_key(taker, 8))
            for account in (taker, maker):
                keys += [hot_key(account), balances_key(account), positions_key(account, 0)]
        writes = {key: state.get(key) or _fresh(state, key) for key in keys}
        state.commit(writes)
        start = time.process_time()
        state.root()
        times.append((time.process_time() - start) * 1e3)
        counts.append(len(writes))
    return statistics.median(counts), statistics.median(times)


def _fresh(state: ChainState, key: LeafKey) -> Leaf:
    """Return a leaf for a place that is empty."""
    if key >> 32 == ORDERS:
        leaf: Leaf = state.get(order_key(1))
        return leaf
    return TickWord(1) if key >> 32 == TICK_MAP else Level(1, 1, 1, 1)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, nargs="*", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--exchange", action="store_true")
    options = parser.parse_args()
    if options.exchange:
        leaves, ms = measure_exchange(options.seed)
        print(f"1,000 fills write {leaves:,.0f} leaves; their root takes {ms:.1f} ms")
        return
    print("µs per touched leaf".ljust(22) + "".join(f"{f'batch {b:,}':>15}" for b in _BATCHES))
    for leaves in options.leaves:
        row = measure(leaves, options.seed)
        print(f"{leaves:,} leaves".ljust(22) + "".join(f"{value:15.2f}" for value in row))


if __name__ == "__main__":
    main()
