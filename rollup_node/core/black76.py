"""The price of a European option on a forward (Black, 1976), without discounting, in integers.

Forward, strike and prices are in one unit, any: 1e-18 USDC is meant. A deviation is
volatility * sqrt(time), in units of 2^-112. Only the option out of the money is computed, its value
is the *time value*; the other one has its intrinsic value on top, so call - put is exactly
forward - strike. Source: docs/spec.md F-5 to F-7. Twin: contracts/src/core/Black76.sol.
Vectors: tests/vectors/options.json.
"""

from typing import Final, NamedTuple

from rollup_node.core.fixed_point import div_down, sqrt_down
from rollup_node.core.options_math import (
    HALF,
    INV_SQRT_2PI,
    ONE,
    WAD,
    decay,
    natural_log,
    scaled_tail,
)

MAX_PRICE: Final = (1 << 88) - 1
"""Largest forward and strike; what is larger counts as this."""
MAX_DEVIATION: Final = 8 << 112
"""Largest deviation; what is larger counts as this. There a price is 0.99994 of its limit."""
MAX_DISTANCE: Final = (1 << 119) - 1
MAX_VARIANCE: Final = (1 << 128) - 1
"""Largest variance of a year in units of 1e-36: a volatility of 1,844 %."""
MAX_TIME_MS: Final = (1 << 40) - 1
PER_MS: Final = 0x2E580AAD120A1278E0F11E
"""2^240 / (1e36 * 31,536,000,000), rounded down: a year of 365 days in milliseconds."""
CUT: Final = 12 << 112
"""The option is worth less than 2^-88 of its strike beyond so many deviations."""


class OptionPrice(NamedTuple):
    """Both options of a strike, in the unit of the forward, and the call's delta as a wad.

    The put's delta is the call's less one wad.
    """

    call: int
    put: int
    delta: int


def black76(forward: int, strike: int, deviation: int) -> OptionPrice:
    """Return price and delta of the call and the put at a deviation. Rounded as `time_value`."""
    forward, strike = min(forward, MAX_PRICE), min(strike, MAX_PRICE)
    log_ratio = natural_log(forward) - natural_log(strike)
    value, delta = evaluate(forward, strike, log_ratio, deviation)
    if forward >= strike:
        return OptionPrice(forward - strike + value, value, delta)
    return OptionPrice(value, strike - forward + value, delta)


def compute_deviation(variance: int, time_ms: int) -> int:
    """Return volatility * sqrt(time) in units of 2^-112, rounded down, at most 8.

    `variance` is the square of the yearly volatility in units of 1e-36: a wad times itself.
    """
    scaled = min(variance, MAX_VARIANCE) * min(time_ms, MAX_TIME_MS) * PER_MS >> 16
    return min(sqrt_down(scaled), MAX_DEVIATION)


def time_value(low: int, distance: int, deviation: int) -> int:
    """Return the value of the option out of the money, rounded down.

    `low` is the smaller of forward and strike, `distance` the absolute difference of their
    natural_log. Never falls where deviation or low rise, never rises where distance does.
    """
    near, far, mantissa, halvings, is_inside = _tails(distance, deviation)
    return _value(min(low, MAX_PRICE), near, far, mantissa, halvings, is_inside)


def evaluate(forward: int, strike: int, log_ratio: int, deviation: int) -> tuple[int, int]:
    """Return the time value and the call's delta (a wad, to the nearest).

    `log_ratio` is natural_log(forward) - natural_log(strike).
    """
    forward, strike = min(forward, MAX_PRICE), min(strike, MAX_PRICE)
    near, far, mantissa, halvings, is_inside = _tails(abs(log_ratio), deviation)
    if forward < strike:
        value = _value(forward, near, far, mantissa, halvings, is_inside)
        share = near * mantissa >> (112 + halvings)
        return value, ((ONE - share if is_inside else share) * WAD + HALF) >> 112
    value = _value(strike, near, far, mantissa, halvings, is_inside)
    share = far * mantissa >> (112 + halvings)
    beyond = div_down(share * strike, forward) if forward else HALF
    return value, ((ONE - beyond) * WAD + HALF) >> 112


def density(forward: int, strike: int, deviation: int) -> int:
    """Return forward * density(d1) = strike * density(d2), which every greek is made of."""
    distance = abs(natural_log(forward) - natural_log(strike))
    _, _, mantissa, halvings, _ = _tails(distance, deviation)
    weight = INV_SQRT_2PI * mantissa >> 112
    return min(forward, strike) * weight >> (112 + halvings)


def _tails(distance: int, deviation: int) -> tuple[int, int, int, int, bool]:
    """Return what a value is made of: two scaled tails, exp(-near^2 / 2), and if near is below 0.

    `near` and `far` are -d1 and -d2 of the option out of the money, a call on the lower of forward
    and strike with the higher as its strike. low * density(near) = high * density(far): so one
    exponential serves both.
    """
    deviation = min(deviation, MAX_DEVIATION)
    half = deviation >> 1
    centre = 0
    if distance:
        distance = min(distance, MAX_DISTANCE)
        centre = div_down(distance << 112, deviation) if deviation else CUT
    near = centre - half
    if near >= CUT:
        return 0, 0, 0, 0, False
    mantissa, halvings = decay(near * near >> 113)
    far = scaled_tail(centre + half)
    return scaled_tail(abs(near)), far, mantissa, halvings, near < 0


def _value(low: int, near: int, far: int, mantissa: int, halvings: int, is_inside: bool) -> int:
    if is_inside:
        share = ONE - ((near + far) * mantissa >> (112 + halvings))
        return low * share >> 112 if share > 0 else 0
    share = (near - far) * mantissa >> 112
    return low * share >> (112 + halvings) if share > 0 else 0
