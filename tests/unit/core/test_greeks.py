"""Sensitivities beside differences of prices; implied volatility is the inverse of a price."""

import pytest

from rollup_node.core.black76 import black76, compute_deviation
from rollup_node.core.greeks import MAX_VOLATILITY, compute_greeks, implied_volatility
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


@pytest.mark.parametrize("is_call", [True, False])
@pytest.mark.parametrize("strike", [2_500 * WAD, _FORWARD, 3_300 * WAD])
@pytest.mark.parametrize("volatility", [WAD // 5, WAD * 6 // 10, 2 * WAD])
def test_implied_volatility_of_a_price_is_the_volatility(
    volatility: int, strike: int, is_call: bool
) -> None:
    greeks = compute_greeks(_FORWARD, strike, volatility, 30 * _DAY_MS)
    price = greeks.call if is_call else greeks.put
    found = implied_volatility(_FORWARD, strike, price, 30 * _DAY_MS, is_call=is_call)
    assert found <= volatility <= found + 10**6
    assert _price(strike, found, is_call) >= price > _price(strike, found - 1, is_call)


def test_implied_volatility_of_impossible_prices_is_the_limit() -> None:
    assert (
        implied_volatility(_FORWARD, _FORWARD, _FORWARD + 1, _DAY_MS, is_call=True)
        == MAX_VOLATILITY
    )
    assert implied_volatility(_FORWARD, _FORWARD, 0, _DAY_MS, is_call=True) == 0


def _price(strike: int, volatility: int, is_call: bool) -> int:
    deviation = compute_deviation(volatility * volatility, 30 * _DAY_MS)
    quote = black76(_FORWARD, strike, deviation)
    return quote.call if is_call else quote.put
