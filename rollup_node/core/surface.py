"""The volatility of an expiry by strike: up to 16 nodes, and which surfaces are refused.

A node is at a *moneyness*, ln(strike / forward) in millionths; so a smile moves with the forward.
Between nodes the total variance is a straight line, beyond them it is flat.
Source: docs/spec.md F-8 and F-9. Twin: contracts/src/core/Surface.sol.
Vectors: tests/vectors/options.json.
"""

from collections.abc import Iterator
from enum import IntEnum
from itertools import pairwise
from typing import Final, NamedTuple

from rollup_node.core.black76 import MAX_DISTANCE, MAX_TIME_MS, compute_deviation, time_value
from rollup_node.core.fixed_point import div_down
from rollup_node.core.options_math import WAD, decay

MAX_NODES: Final = 16
MONEYNESS_UNITS: Final = 1_000_000
VARIANCE_UNIT: Final = 10**10
"""The square of a node's unit of volatility, 1e-4, as a wad."""
UNIT_FORWARD: Final = 1 << 72
"""Smiles are checked on options on this forward: prices scale with it, so it does not matter."""
TOLERANCE: Final = 1 << 20
"""A price may be off by so much, 2^-52 of the forward, before it counts as an arbitrage."""


class SurfaceReason(IntEnum):
    """Why a surface is refused. Twin: contracts/src/types/Surface.sol."""

    OK = 0
    BAD_NODES = 1
    BUTTERFLY_ARBITRAGE = 2
    CALENDAR_ARBITRAGE = 3


class SurfaceNode(NamedTuple):
    """A point of a smile: moneyness i24 in 1e-6, yearly volatility u16 in 1e-4."""

    moneyness: int
    volatility: int


Smile = tuple[SurfaceNode, ...]
"""The nodes of one expiry, in increasing order of moneyness."""


def interpolate_variance(smile: Smile, moneyness: int) -> int:
    """Return the variance of a year, in units of 1e-36, at a moneyness in units of 2^-112.

    Total variance at one expiry is this times the time, so a line in one is a line in the other.
    The line is rounded down to 1e-18. Nothing without nodes; total for nodes in any order.
    """
    place = max(-MAX_DISTANCE, min(moneyness, MAX_DISTANCE)) * MONEYNESS_UNITS
    left = None
    for node in smile:
        if place <= node.moneyness << 112:
            return _between(left or node, node, place) * WAD
        left = node
    return _between(left, left, place) * WAD if left else 0


def check_nodes(smile: Smile) -> SurfaceReason:
    """Check for 1 to 16 nodes, strictly increasing, each with a volatility: BAD_NODES."""
    if not 1 <= len(smile) <= MAX_NODES or any(node.volatility == 0 for node in smile):
        return SurfaceReason.BAD_NODES
    if any(node.moneyness >= after.moneyness for node, after in pairwise(smile)):
        return SurfaceReason.BAD_NODES
    return SurfaceReason.OK


def check_butterfly(smile: Smile, time_ms: int) -> SurfaceReason:
    """Check that calls at the nodes get cheaper with the strike, and ever more slowly.

    The point at strike 0, where the call is the forward, is one of them: so no call falls faster
    than its strike rises. BUTTERFLY_ARBITRAGE only where rounding cannot be the cause.
    """
    strike, call = 0, UNIT_FORWARD
    last_step, last_fall = 0, 0
    for next_strike, next_call in _calls(smile, time_ms):
        step, fall = next_strike - strike, call - next_call
        if fall < -TOLERANCE:
            return SurfaceReason.BUTTERFLY_ARBITRAGE
        if (last_fall + TOLERANCE) * step < (fall - TOLERANCE) * last_step:
            return SurfaceReason.BUTTERFLY_ARBITRAGE
        strike, call, last_step, last_fall = next_strike, next_call, step, fall
    return SurfaceReason.OK


def check_calendar(earlier: Smile, earlier_ms: int, later: Smile, later_ms: int) -> SurfaceReason:
    """Check that total variance does not fall with time at any moneyness: CALENDAR_ARBITRAGE.

    Both are straight lines between the nodes of either, so the nodes of both decide everywhere.
    """
    for node in (*earlier, *later):
        place = div_down(node.moneyness << 112, MONEYNESS_UNITS)
        before = interpolate_variance(earlier, place) * min(earlier_ms, MAX_TIME_MS)
        after = (interpolate_variance(later, place) + WAD) * min(later_ms, MAX_TIME_MS)
        if after < before:
            return SurfaceReason.CALENDAR_ARBITRAGE
    return SurfaceReason.OK


def _between(left: SurfaceNode, right: SurfaceNode, place: int) -> int:
    """Return the variance of a year, a wad, at a place in units of 1e-6 * 2^-112."""
    low = left.volatility * left.volatility * VARIANCE_UNIT
    if left is right:
        return low
    rise = right.volatility * right.volatility * VARIANCE_UNIT - low
    width = (right.moneyness - left.moneyness) << 112
    return low + div_down(rise * (place - (left.moneyness << 112)), width)


def _calls(smile: Smile, time_ms: int) -> Iterator[tuple[int, int]]:
    """Yield strike and price of the call at each node, on the unit forward."""
    for node in smile:
        place = div_down(node.moneyness << 112, MONEYNESS_UNITS)
        mantissa, halvings = decay(-place)
        strike = UNIT_FORWARD * mantissa >> (112 + halvings)
        variance = node.volatility * node.volatility * VARIANCE_UNIT * WAD
        deviation = compute_deviation(variance, time_ms)
        value = time_value(min(strike, UNIT_FORWARD), abs(place), deviation)
        yield strike, max(UNIT_FORWARD - strike, 0) + value
