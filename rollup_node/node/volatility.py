"""The volatility that a price implies, in floating point: for people to read, in no state.

`core.greeks` has the sensitivities; this is the inverse of the price of docs/spec.md F-5.
"""

import math
from typing import Final

MAX_VOLATILITY: Final = 10.0
"""A volatility of 1,000 % a year: what is beyond explains no price."""

_TRIES: Final = 100
_PRECISION: Final = 1e-9
_ROOT_TWO: Final = math.sqrt(2)
_ROOT_TWO_PI: Final = math.sqrt(2 * math.pi)


def implied_volatility(
    forward: float, strike: float, price: float, years: float, *, is_call: bool
) -> float | None:
    """Return the yearly volatility at which an option is worth `price`, `None` if there is none.

    Newton's method on the option out of the money, from where the slope is largest, so it comes
    from one side; a bracket is halved wherever a step would leave it.
    """
    if min(forward, strike, years) <= 0:
        return None
    low, high = min(forward, strike), max(forward, strike)
    wanted = price - max(0.0, forward - strike if is_call else strike - forward)
    distance = math.log(high / low)
    below, above = 0.0, MAX_VOLATILITY * math.sqrt(years)
    if wanted <= 0 or wanted > _time_value(low, high, distance, above):
        return None
    at = math.sqrt(2 * distance) or wanted / low * _ROOT_TWO_PI
    for _ in range(_TRIES):
        if not below < at < above:
            at = (below + above) / 2
        missing = wanted - _time_value(low, high, distance, at)
        below, above = (at, above) if missing > 0 else (below, at)
        slope = low * math.exp(-((distance / at - at / 2) ** 2) / 2) / _ROOT_TWO_PI
        step = missing / slope if slope else math.inf
        if abs(step) <= _PRECISION * at or above - below <= _PRECISION * at:
            break
        at += step
    return at / math.sqrt(years)


def _time_value(low: float, high: float, distance: float, deviation: float) -> float:
    """Return what an option out of the money is worth: a call on the lower of two."""
    near, far = distance / deviation - deviation / 2, distance / deviation + deviation / 2
    return (low * math.erfc(near / _ROOT_TWO) - high * math.erfc(far / _ROOT_TWO)) / 2
