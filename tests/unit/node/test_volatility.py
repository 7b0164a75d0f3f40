"""The volatility that a price implies is the one that made the price."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup_node.core.greeks import YEAR_MS, compute_greeks
from rollup_node.core.options_math import WAD
from rollup_node.node.volatility import MAX_VOLATILITY, implied_volatility

FORWARD = 3_000
DAY_MS = 86_400_000
SEEN = WAD // 1_000
"""A vega below this, a tenth of a cent, leaves too little of the volatility in the price."""


@given(
    strike=st.integers(300, 30_000),
    volatility=st.integers(WAD // 100, 8 * WAD),
    time_ms=st.integers(60_000, 400 * DAY_MS),
    is_call=st.booleans(),
)
def test_implied_volatility_of_a_price_is_the_volatility(
    strike: int, volatility: int, time_ms: int, is_call: bool
) -> None:
    greeks = compute_greeks(FORWARD * WAD, strike * WAD, volatility, time_ms)
    price = (greeks.call if is_call else greeks.put) / WAD
    found = implied_volatility(FORWARD, strike, price, time_ms / YEAR_MS, is_call=is_call)
    if greeks.vega >= SEEN:
        assert found == pytest.approx(volatility / WAD, abs=1e-5)
    else:
        assert found is None or 0 < found <= MAX_VOLATILITY


@pytest.mark.parametrize(
    ("strike", "price", "is_call"),
    [
        (3_000, 0.0, True),
        (2_900, 100.0, True),
        (2_900, 99.0, True),
        (3_100, 100.0, False),
        (3_000, 3_000.0, True),
        (3_000, 3_001.0, True),
        (3_000, 2_999.0, True),
        (0, 10.0, True),
    ],
)
def test_implied_volatility_of_impossible_prices_is_none(
    strike: float, price: float, is_call: bool
) -> None:
    assert implied_volatility(FORWARD, strike, price, 1 / 365, is_call=is_call) is None


def test_implied_volatility_without_time_is_none() -> None:
    assert implied_volatility(FORWARD, FORWARD, 10.0, 0.0, is_call=True) is None


def test_implied_volatility_far_from_the_money_is_found() -> None:
    found = implied_volatility(FORWARD, 30_000, 1e-6, 7 / 365, is_call=True)
    assert found is not None
    assert 2 < found < 4
