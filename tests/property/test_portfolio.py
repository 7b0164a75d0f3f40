"""What holds of portfolio margin for any portfolio: of the law's numbers, and of what they miss.

Where a property has limits they are in the name of a test: docs/mathematics.md says why.
"""

from functools import cache, lru_cache
from itertools import pairwise
from random import Random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup_node.core.account_leaves import NO_ACCOUNT_RISK, AccountRisk, RiskRow
from rollup_node.core.fixed_point import div_up
from rollup_node.core.market_leaves import PriceRow, SeriesState
from rollup_node.core.portfolio import NET_PPM, SHORT_PPM, replace_lots, weigh_risk
from rollup_node.core.risk import PORTFOLIO
from rollup_node.core.surface import SurfaceNode, SurfaceReason, check_butterfly
from tests.mathematics.margins import BOUNDS_PPM
from tests.property.option_world import (
    HIGHEST,
    HOUR_MS,
    HOURS,
    INDEX,
    LOTS_PER_UNIT,
    LOWEST,
    POINTS,
    Date,
    Series,
    draw_world,
    linear,
    strike,
)
from tests.property.portfolio import Held, require, sum_risk

PPM: Final = 10**6
UNIT_LOT: Final = INDEX // LOTS_PER_UNIT
"""What a lot of the underlying is worth, µUSDC."""
WORLDS: Final = 48
STATE: Final = SeriesState(*(0,) * 18)._replace(status=1)
PRICE: Final = PriceRow(1, 0, INDEX, INDEX, 0, 0)

Portfolio = list[tuple[Series, int]]

_lots = st.integers(-1_000, 1_000)
_some = st.integers(1, 1_000)
_volatilities = st.integers(LOWEST, HIGHEST)
_strikes = st.integers(90, 1_200).map(lambda step: step * 10 * PPM)


@lru_cache(maxsize=WORLDS)
def world_of(seed: int) -> list[Series]:
    """Return one of the worlds."""
    rng = Random(seed)
    return draw_world(rng, tuple(sorted(rng.sample(HOURS, rng.randint(1, 3)))))


@st.composite
def portfolios(draw: st.DrawFn, *, most: int = 12) -> Portfolio:
    """Draw a portfolio of different series of one world."""
    world = world_of(draw(st.integers(0, WORLDS - 1)))
    places = st.integers(0, len(world) - 1)
    chosen = draw(st.lists(places, min_size=1, max_size=most, unique=True))
    return [(world[place], draw(_lots)) for place in chosen]


@st.composite
def flat_dates(draw: st.DrawFn) -> Date:
    """Draw a date with one volatility for all strikes."""
    nodes = (SurfaceNode(0, draw(_volatilities)),)
    forward = INDEX + draw(st.integers(-90, 90)) * PPM
    return Date(draw(st.integers(0, 6)), draw(st.sampled_from(HOURS)), forward, nodes)


def leaf_of(portfolio: Portfolio) -> AccountRisk:
    """Return the risk leaf of positions, added one after another."""
    risk = NO_ACCOUNT_RISK
    for series, lots in portfolio:
        risk = replace_lots(risk, 0, lots, series.lot)
    return risk


def margins_of(portfolio: Portfolio) -> tuple[int, int]:
    """Return IM (at no drift) and MM of a portfolio, µUSDC."""
    initial, maintenance = weigh_risk(leaf_of(portfolio))
    row = RiskRow(1, len(portfolio), 0, initial, maintenance)
    return PORTFOLIO.require(row, PRICE), maintenance


def with_factor(usdc: int) -> int:
    """Return what of an amount initial margin asks, with what two roundings add."""
    return div_up(usdc * 102, 100) + 1


# What is weighed


@given(portfolios())
def test_initial_margin_is_at_least_the_loss_in_every_stored_slot(portfolio: Portfolio) -> None:
    initial, _ = margins_of(portfolio)
    for slot in range(32):
        assert initial >= -sum(lots * series.risk.gains[slot] for series, lots in portfolio)


@given(portfolios())
def test_maintenance_margin_is_at_most_initial_margin(portfolio: Portfolio) -> None:
    initial, maintenance = margins_of(portfolio)
    assert 0 <= maintenance <= initial


@given(portfolios(), st.randoms(use_true_random=False), st.lists(_lots, max_size=3))
def test_fills_in_any_order_and_any_parts_are_the_sum_of_their_positions(
    portfolio: Portfolio, rng: Random, stops: list[int]
) -> None:
    fills = [
        (series, before, after)
        for series, lots in portfolio
        for before, after in pairwise([0, *stops, lots])
    ]
    exact = sum_risk(
        Held(lots, series.terms, STATE, series.risk, INDEX) for series, lots in portfolio
    )
    risk, held = NO_ACCOUNT_RISK, {series.terms: 0 for series, _ in portfolio}
    rng.shuffle(fills)
    for series, before, after in fills:
        lots = held[series.terms] + after - before
        risk = replace_lots(risk, held[series.terms], lots, series.lot)
        held[series.terms] = lots
    assert [list(risk.gains), list(risk.deltas), risk.charge] == list(exact)
    assert weigh_risk(risk) == require(*exact)
    for series, _ in portfolio:
        risk = replace_lots(risk, held[series.terms], 0, series.lot)
    assert risk == NO_ACCOUNT_RISK
    assert weigh_risk(risk) == (0, 0)


# What is added


@given(portfolios(), st.integers(0, 1_000), _some)
def test_buying_an_option_that_one_is_not_short_of_asks_at_most_its_premium(
    portfolio: Portfolio, number: int, lots: int
) -> None:
    options = [series for series, held in portfolio if series.is_option and held >= 0]
    options = options or [series for series in world_of(0) if series.is_option]
    bought = options[number % len(options)]
    others = [position for position in portfolio if position[0] != bought]
    had = sum(held for series, held in portfolio if series == bought)
    before, kept = margins_of([*others, (bought, had)])
    after, needed = margins_of([*others, (bought, had + lots)])
    premium = lots * (bought.mark + 1)
    assert after - before <= with_factor(premium)
    assert needed - kept <= div_up(premium * 80, 100) + 1


@given(portfolios(), st.integers(0, 1_000), _some)
def test_buying_back_a_short_option_asks_at_most_its_premium_or_two_percent_of_its_delta(
    portfolio: Portfolio, number: int, lots: int
) -> None:
    options = [series for series in world_of(number % WORLDS) if series.is_option]
    bought = options[number % len(options)]
    before, _ = margins_of([*portfolio, (bought, -lots)])
    after, _ = margins_of(portfolio)
    floor = div_up(NET_PPM * lots * abs(bought.lot.delta), PPM)
    assert after - before <= with_factor(max(lots * (bought.mark + 1), floor)) + 2


def test_buying_back_the_put_of_a_parity_triple_asks_more_than_its_premium() -> None:
    date = Date(0, 1, INDEX, (SurfaceNode(0, 6_000),))
    future, (call, put) = linear(date), strike(date, INDEX)
    before, kept = margins_of([(future, -1), (call, 1), (put, -1)])
    after, needed = margins_of([(future, -1), (call, 1)])
    assert after - before > 110 * put.mark // 100
    assert needed > kept


# What is hedged


@given(flat_dates(), _strikes, _strikes, _some, st.sampled_from((0, 1)))
def test_a_spread_asks_at_most_its_largest_loss_and_contingencies(
    date: Date, one: int, other: int, lots: int, is_put: int
) -> None:
    low, high = sorted((one, other if other != one else one + 10 * PPM))
    first, second = strike(date, low)[is_put], strike(date, high)[is_put]
    for bought, sold in ((first, second), (second, first)):
        paid = bought.mark - sold.mark
        is_debit = (bought == first) == (not is_put)
        most = paid if is_debit else paid + (high - low) // LOTS_PER_UNIT
        check_hedged([(bought, lots), (sold, -lots)], lots * (max(0, most) + 4))


@given(flat_dates(), _strikes, _some)
def test_a_parity_triple_asks_contingencies_only(date: Date, price: int, lots: int) -> None:
    future, (call, put) = linear(date), strike(date, price)
    for side in (lots, -lots):
        triple = [(call, side), (put, -side), (future, -side)]
        check_hedged(triple, 4 * lots)


def check_hedged(portfolio: Portfolio, loss: int) -> None:
    """Check that it asks the loss, or 2 % of what its deltas leave, and 0.5 % of short options."""
    deltas = sum(
        lots * series.lot.delta for series, lots in portfolio if lots < 0 or not series.is_option
    )
    short = -sum(min(lots, 0) for series, lots in portfolio if series.is_option)
    floor = div_up(NET_PPM * abs(deltas), PPM)
    charge = short * div_up(SHORT_PPM * UNIT_LOT, PPM)
    initial, _ = margins_of(portfolio)
    assert initial <= with_factor(max(loss, floor) + charge)


def test_a_spread_on_a_steep_smile_asks_more_than_it_can_lose() -> None:
    nodes = (SurfaceNode(0, 5_000), SurfaceNode(300_000, 7_500))
    date = Date(0, 8_760, INDEX, nodes)
    bought, sold = strike(date, INDEX)[0], strike(date, 4_050 * PPM)[0]
    assert check_butterfly(nodes, date.hours * HOUR_MS) is SurfaceReason.OK
    worst = -min(leaf_of([(bought, 100), (sold, -100)]).gains)
    assert worst > 100 * (bought.mark - sold.mark + 4)


# What is missed


def most_loss(portfolio: Portfolio) -> float:
    """Return the largest loss over the 40 points, µUSDC."""
    return max(
        -sum(lots * series.full[point] for series, lots in portfolio)
        for point in range(len(POINTS))
    )


@cache
def world_until(hours: int, seed: int) -> list[Series]:
    """Return a world whose longest date is `hours` away."""
    rng = Random(seed)
    nearer = [known for known in HOURS if known < hours]
    return draw_world(rng, (*sorted(rng.sample(nearer, 2)), hours))


@pytest.mark.parametrize(("hours", "bound_ppm"), BOUNDS_PPM.items())
@given(seed=st.integers(0, 7), data=st.data())
def test_full_revaluation_loses_at_most_the_margin_and_the_stated_bound(
    hours: int, bound_ppm: int, seed: int, data: st.DataObject
) -> None:
    world = world_until(hours, seed)
    places = st.integers(0, len(world) - 1)
    chosen = data.draw(st.lists(places, min_size=1, max_size=12, unique=True))
    portfolio = [(world[place], data.draw(_lots)) for place in chosen]
    units = sum(abs(lots) for series, lots in portfolio if series.is_option) / LOTS_PER_UNIT
    initial, _ = margins_of(portfolio)
    assert most_loss(portfolio) <= initial + bound_ppm * units * INDEX / PPM + 1


@given(st.integers(0, WORLDS - 1), st.integers(0, 1_000), _lots)
def test_full_revaluation_of_a_linear_series_loses_at_most_the_margin(
    seed: int, number: int, lots: int
) -> None:
    futures = [series for series in world_of(seed) if not series.is_option]
    portfolio = [(futures[number % len(futures)], lots)]
    initial, _ = margins_of(portfolio)
    assert most_loss(portfolio) <= initial + 1
