"""Sensitivities beside differences of prices."""

import pytest

from rollup_node.core.black76 import black76, compute_deviation
from rollup_node.core.greeks import compute_greeks
from rollup_node.core.options_math import WAD

_DAY_MS = 86_400_000
_FORWARD = 3_000 * WAD


def _call(forward: int, strike: int, volatility: int, time_ms: int) -> int:
    return black76(forward, strike, compute_deviation(volatility * volatility, time_ms)).call


@pytest.mark.parametrize("strike", [2_000 * WAD, 2_900 * WAD, _FORWARD, 3_100 * WAD, 4_500 * WAD])
@pytest.mark.parametrize("days", [1, 30, 365])
def test_compute_greeks_are_the_slopes_of_the_price(strike: int, days: int) -> None:
    volatility, time_ms = WAD * 6 // 10, days * _DAY_MS
    greeks = compute_greeks(_FORWARD, strike, volatility, time_ms)
    step = WAD // 1_000
    above = compute_greeks(_FORWARD + step, strike, volatility, time_ms)
    below = compute_greeks(_FORWARD - step, strike, volatility, time_ms)
    assert abs(above.call - below.call - greeks.delta * 2 // 1_000) <= 10**9
    assert abs((above.delta - below.delta) * 500 - greeks.gamma) <= 10**7
    higher = _call(_FORWARD, strike, volatility + WAD // 10**6, time_ms)
    lower = _call(_FORWARD, strike, volatility - WAD // 10**6, time_ms)
    assert abs((higher - lower) * 500_000 - greeks.vega) <= greeks.vega // 10**6 + 10**9
    later = _call(_FORWARD, strike, volatility, time_ms - 1_000)
    sooner = _call(_FORWARD, strike, volatility, time_ms + 1_000)
    assert abs((later - sooner) * 43_200 - greeks.theta) <= -greeks.theta // 10**4 + 10**9


def test_compute_greeks_without_time_or_forward_has_none() -> None:
    assert compute_greeks(_FORWARD, _FORWARD, WAD, 0)[3:] == (0, 0, 0)
    assert compute_greeks(_FORWARD, _FORWARD, 0, _DAY_MS)[3:] == (0, 0, 0)
    assert compute_greeks(0, _FORWARD, WAD, _DAY_MS)[3:] == (0, 0, 0)
