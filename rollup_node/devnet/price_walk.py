"""A random walk with random access, in integers: one seed gives one path, on every machine.

The walk is Brownian motion built from the coarse to the fine (Lévy's construction): the end of an
interval is known, its middle is the mean of both ends plus a normal number that depends on the
seed and the interval alone. So the price at any time costs 40 hashes, whatever was asked before,
after a restart and after the time of L1 has jumped by a year.
"""

import functools
import hashlib
import math
from typing import Final

STEP_BITS: Final = 8
"""Between two points 2^8 ms apart the walk is a straight line."""
ONE: Final = 1 << 32
"""The number 1 in the fixed point of this module."""
BPS: Final = 10_000

_LEVELS: Final = 40
_SPREADS: Final = tuple(math.isqrt(ONE * ONE << level) for level in range(_LEVELS + 1))
"""Standard deviation of the walk after 2^level steps."""
_STEPS_PER_YEAR: Final = 31_557_600_000 >> STEP_BITS
_YEAR_SPREAD: Final = math.isqrt(_STEPS_PER_YEAR * ONE * ONE)
_DRAWS: Final = 8
"""A normal number is the sum of so many uniform ones: at most 4.9 standard deviations."""
_DRAWS_MEAN: Final = _DRAWS * 65_535  # twice the mean, to stay whole
_DRAWS_SPREAD: Final = 107_020  # twice 65,536 * sqrt(8 / 12)
_LN2: Final = 2_977_044_472
_TERMS: Final = 16
REMEMBERED: Final = 512
"""Answers kept: several publishers look at the same feeds at the same time, and again to sign."""


def walk(stream: str, time_ms: int) -> int:
    """Return the walk `stream` after `time_ms`, in units of its deviation after one step.

    Fixed point (`ONE`); 0 before the beginning and constant after 2^48 ms.
    """
    limit = 1 << _LEVELS + STEP_BITS
    time_ms = min(max(time_ms, 0), limit - 1)
    left, right = 0, _normal(stream, 0, 1) * _SPREADS[_LEVELS] // ONE
    for level in range(_LEVELS, 0, -1):
        index = time_ms >> level + STEP_BITS
        middle = (left + right + _normal(stream, level, index) * _SPREADS[level] // ONE) // 2
        if time_ms >> level - 1 + STEP_BITS & 1:
            left = middle
        else:
            right = middle
    within = time_ms & (1 << STEP_BITS) - 1
    return left + ((right - left) * within >> STEP_BITS)


@functools.lru_cache(REMEMBERED)
def log_return(
    seed: int, symbol: str, time_ms: int, volatility_bps: int, correlation_bps: int
) -> int:
    """Return the logarithm of price over first price, fixed point.

    Parameters
    ----------
    volatility_bps
        Standard deviation of a year's return: 8,000 are 80 %.
    correlation_bps
        Of this underlying's walk with the walk that all share, 0 to 10,000.
    """
    shared = walk(f"{seed}/market", time_ms)
    own = walk(f"{seed}/{symbol}", time_ms)
    rest_bps = math.isqrt(BPS * BPS - correlation_bps * correlation_bps)
    mixed = (correlation_bps * shared + rest_bps * own) // BPS
    return mixed * volatility_bps * ONE // (BPS * _YEAR_SPREAD)


@functools.lru_cache(REMEMBERED)
def exponential(value: int) -> int:
    """Return e to the power of `value`, both fixed point, for values between -20 and 20."""
    doublings, rest = divmod(value, _LN2)
    total = term = ONE << 32
    for divisor in range(1, _TERMS):
        term = (term * rest >> 32) // divisor
        total += term
    return total << doublings >> 32 if doublings >= 0 else total >> 32 - doublings


def uniform(stream: str, span: int) -> int:
    """Return a number from `-span` to `span`, the same for the same stream."""
    drawn = int.from_bytes(hashlib.blake2b(stream.encode(), digest_size=8).digest(), "big")
    return drawn % (2 * span + 1) - span


@functools.lru_cache(maxsize=8_192)
def _normal(stream: str, level: int, index: int) -> int:
    """Return the normal number of one interval, fixed point."""
    text = f"{stream}/{level}/{index}".encode()
    drawn = hashlib.blake2b(text, digest_size=2 * _DRAWS).digest()
    total = sum(drawn[::2]) * 256 + sum(drawn[1::2])
    return (2 * total - _DRAWS_MEAN) * ONE // _DRAWS_SPREAD
