"""The stated bound on what portfolio margin lacks holds on a fresh search, and is near it."""

import re

import numpy as np
import pytest

from tests.mathematics.margins import BEGIN, BOUNDS_PPM, END, PAGE, Market, measure
from tests.property.test_portfolio import margins_of, most_loss, world_of

INSIDE_PPM = 25_000
"""What docs/mathematics.md says of volatilities between the shocks of the law."""


@pytest.mark.parametrize("hours", BOUNDS_PPM)
def test_measure_two_worlds_stay_below_the_bound(hours: int) -> None:
    found = measure(hours, worlds=2)
    assert 0 < found.worst_ppm <= BOUNDS_PPM[hours]
    assert found.inside_ppm <= INSIDE_PPM


def test_table_states_the_bounds_and_found_at_least_two_thirds_of_each() -> None:
    text = PAGE.read_text("utf-8")
    rows = text.partition(BEGIN)[2].partition(END)[0].splitlines()[2:]
    assert len(rows) == len(BOUNDS_PPM)
    for row, bound_ppm in zip(rows, BOUNDS_PPM.values(), strict=True):
        worst, bound, inside = (float(found) for found in re.findall(r"([\d.]+) %", row))
        assert bound == bound_ppm / 10**4
        assert bound * 2 / 3 <= worst <= bound
        assert inside <= INSIDE_PPM / 10**4


def test_market_requires_and_loses_what_the_law_and_single_positions_say() -> None:
    world = world_of(3)
    market, rng = Market(world), np.random.default_rng(3)
    for held in market.draw(rng)[:300]:
        portfolio = [(series, int(lots)) for series, lots in zip(world, held, strict=True) if lots]
        if portfolio:
            assert int(market.require(held[None])[0]) == margins_of(portfolio)[0]
            assert float(market.lose(held[None])[0]) == pytest.approx(most_loss(portfolio))
