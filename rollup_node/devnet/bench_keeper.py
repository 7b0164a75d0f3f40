"""How the work of the keeper grows with the number of healthy accounts: looks per block."""

import random
import time
from typing import Final, NamedTuple

from rollup_node.roles.keeper import PPM, Health, Watch

SIZES: Final = (0, 100, 1_000, 10_000, 100_000)
NEAR: Final = 20
"""Accounts within 4 % of maintenance, in every row."""
BLOCKS: Final = 400
BLOCK_MS: Final = 250
_EXPOSURE: Final = 100_000_000
_MAINTENANCE: Final = 3_000_000
_START: Final = 3_000_000_000
_STEP: Final = _START // 4_000


class Row(NamedTuple):
    """One size: looks and CPU time per block, after the first look at everybody."""

    healthy: int
    looks_per_block: float
    microseconds_per_block: float


def run_bench(seed: int) -> list[Row]:
    """Let a price walk past accounts of all sorts of room; one row for each number of accounts."""
    return [_walk(healthy, random.Random(f"{seed}/{healthy}")) for healthy in SIZES]  # noqa: S311 - replayable


def _walk(healthy: int, rng: random.Random) -> Row:
    watch, price = Watch(), _START
    rooms = [rng.randrange(PPM // 10, PPM // 2) for _ in range(healthy)]
    rooms += [rng.randrange(5_000, 40_000) for _ in range(NEAR)]
    healths = [
        Health(_MAINTENANCE + room * (_EXPOSURE // PPM), _MAINTENANCE, (_EXPOSURE,), 2)
        for room in rooms
    ]
    for account, health in enumerate(healths):
        watch.note(account, health, (price,), rng.randrange(BLOCK_MS * BLOCKS))
    first, began = watch.looks, time.process_time()
    for block in range(BLOCKS):
        price += rng.randrange(-_STEP, _STEP + 1)
        for account in watch.due((price,), block * BLOCK_MS):
            watch.note(account, healths[account], (price,), block * BLOCK_MS)
    spent = time.process_time() - began
    return Row(healthy, (watch.looks - first) / BLOCKS, spent * 1e6 / BLOCKS)
