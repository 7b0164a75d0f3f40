"""Sensitivities of an option for people to read; no part of consensus, so there is no twin.

All are undiscounted and in wads. Source: docs/spec.md F-10.
"""

from typing import Final, NamedTuple

from rollup_node.core.black76 import black76, compute_deviation, density
from rollup_node.core.fixed_point import div_to_zero
from rollup_node.core.options_math import WAD

YEAR_MS: Final = 31_536_000_000
DAY_MS: Final = 86_400_000


class Greeks(NamedTuple):
    """Price and sensitivities of a call and a put of one strike.

    The put's delta is `delta - WAD`; gamma, vega and theta are the same for both. `gamma` is the
    change of delta per 1.0 of the forward, `vega` that of the price per 1.0 of volatility (a
    hundred points), `theta` that of the price per day, not positive.
    """

    call: int
    put: int
    delta: int
    gamma: int
    vega: int
    theta: int


def compute_greeks(forward: int, strike: int, volatility: int, time_ms: int) -> Greeks:
    """Return prices and sensitivities; forward, strike and volatility are wads.

    Gamma, vega and theta are rounded towards zero; they are 0 without time or volatility.
    """
    deviation = compute_deviation(volatility * volatility, time_ms)
    price = black76(forward, strike, deviation)
    if deviation <= 0 or forward <= 0:
        return Greeks(*price, 0, 0, 0)
    weight = density(forward, strike, deviation)
    gamma = div_to_zero(weight * WAD * WAD << 112, forward * forward * deviation)
    vega = weight * compute_deviation(WAD * WAD, time_ms) >> 112
    theta = div_to_zero(-weight * deviation * DAY_MS, 2 * time_ms << 112)
    return Greeks(*price, gamma, vega, theta)
