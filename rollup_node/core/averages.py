"""What a settlement price will be, as far as its sixty rounds are known.

Source: docs/spec.md V-5, V-9, V-14. Twin: contracts/src/core/Averages.sol.
"""

from typing import Final, NamedTuple

from rollup_node.core.fixed_point import div_down
from rollup_node.core.market_leaves import Expiry

ROUNDS: Final = 60
"""A settlement price is the average of so many rounds."""


class Average(NamedTuple):
    """The rounds that are known: their sum (µUSDC per unit), and how many are left."""

    total: int
    left: int


NOTHING_KNOWN: Final = Average(0, ROUNDS)


def read_average(expiry: Expiry) -> Average:
    """Return what is known of the price of a date: all of it as soon as it is fixed."""
    if expiry.price:
        return Average(expiry.price * ROUNDS, 0)
    return Average(expiry.sum, ROUNDS - expiry.known)


def expect_lot(average: Average, forward: int, lots_per_unit: int) -> int:
    """Return what a lot will be paid if all rounds that are left say `forward`, µUSDC, down."""
    return div_down(average.total + average.left * forward, lots_per_unit * ROUNDS)
