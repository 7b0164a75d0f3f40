"""Black-76: printed values, parity, limits, and what is monotone where branches meet."""

from itertools import pairwise

import pytest

from rollup_node.core.black76 import (
    CUT,
    MAX_DEVIATION,
    MAX_PRICE,
    MAX_TIME_MS,
    MAX_VARIANCE,
    black76,
    compute_deviation,
    evaluate,
    time_value,
)
from rollup_node.core.fixed_point import sqrt_down
from rollup_node.core.options_math import LN2, ONE, SQRT2, WAD, decay, exp_wad, natural_log

_YEAR_MS = 31_536_000_000
_DAY_MS = 86_400_000

# E. G. Haug, The Complete Guide to Option Pricing Formulas (1998), page 24: options on futures,
# strike 100, rate 10 %, by years and volatility (%): calls at futures of 90, 100, 110, then puts.
# The book prints 1.8734 for the two of the first row that are 1.87334 to 50 digits.
_HAUG = {
    ("0.1", 15): (0.0205, 1.8733, 9.9413, 9.9210, 1.8733, 0.0408),
    ("0.1", 25): (0.3150, 3.1217, 10.3556, 10.2155, 3.1217, 0.4551),
    ("0.1", 35): (0.9474, 4.3693, 11.1381, 10.8479, 4.3693, 1.2376),
    ("0.5", 15): (0.8069, 4.0232, 10.5769, 10.3192, 4.0232, 1.0646),
    ("0.5", 25): (2.7026, 6.6997, 12.7857, 12.2149, 6.6997, 3.2734),
    ("0.5", 35): (4.9329, 9.3679, 15.3086, 14.4452, 9.3679, 5.7963),
}


def _discounted(forward: str, strike: str, rate: str, years: str, percent: int) -> tuple[int, ...]:
    volatility = percent * WAD // 100
    time_ms = _decimal(years) * _YEAR_MS // WAD
    deviation = compute_deviation(volatility * volatility, time_ms)
    factor = exp_wad(-_decimal(rate) * _decimal(years) // WAD)
    quote = black76(_decimal(forward), _decimal(strike), deviation)
    return quote.call * factor // WAD, quote.put * factor // WAD


@pytest.mark.parametrize(("years", "percent"), _HAUG)
def test_black76_is_the_table_of_haug(years: str, percent: int) -> None:
    quotes = [_discounted(f, "100", "0.1", years, percent) for f in ("90", "100", "110")]
    found = [call for call, _ in quotes] + [put for _, put in quotes]
    assert [_rounded(price, 4) for price in found] == list(_HAUG[years, percent])


def test_black76_is_the_example_of_haug() -> None:
    # The same book, Black-76: futures 19, strike 19, nine months, rate 10 %, volatility 28 %.
    call, put = _discounted("19", "19", "0.1", "0.75", 28)
    assert _rounded(call, 4) == _rounded(put, 4) == 1.7011


def test_black76_is_the_put_on_crude_oil_of_hull() -> None:
    # J. C. Hull, Options, Futures, and Other Derivatives, Black's model for futures options:
    # futures 20, strike 20, rate 9 %, volatility 25 %, four months; N(-d1) = 0.4712.
    years = "0.333333333333333333"
    assert _rounded(_discounted("20", "20", "0.09", years, 25)[1], 2) == 1.12
    deviation = compute_deviation((WAD // 4) ** 2, _YEAR_MS // 3)
    assert _rounded(WAD - black76(20 * WAD, 20 * WAD, deviation).delta, 4) == 0.4712


def test_black76_is_the_call_on_gold_of_hull() -> None:
    # The same book, Black's model instead of spot: futures 620, strike 600, 5 %, 20 %, six months.
    assert _rounded(_discounted("620", "600", "0.05", "0.5", 20)[0], 2) == 44.19


@pytest.mark.parametrize("deviation", [0, 1, ONE >> 60, ONE >> 4, ONE, MAX_DEVIATION, 1 << 250])
@pytest.mark.parametrize("strike", [0, 1, 2_900 * WAD, 3_000 * WAD, 3_100 * WAD, MAX_PRICE])
def test_black76_any_option_keeps_parity_and_its_bounds(strike: int, deviation: int) -> None:
    forward = 3_000 * WAD
    call, put, delta = black76(forward, strike, deviation)
    assert call - put == forward - strike
    assert max(forward - strike, 0) <= call <= forward
    assert max(strike - forward, 0) <= put <= strike
    assert 0 <= delta <= WAD


def test_black76_without_time_is_worth_its_payoff() -> None:
    assert black76(3_000, 2_900, 0) == (100, 0, WAD)
    assert black76(2_900, 3_000, 0) == (0, 100, 0)
    assert black76(3_000, 3_000, 0) == (0, 0, WAD // 2)


def test_black76_with_a_zero_forward_or_strike_is_worth_the_other() -> None:
    assert black76(0, 3_000 * WAD, ONE >> 1) == (0, 3_000 * WAD, 0)
    assert black76(3_000 * WAD, 0, ONE >> 1) == (3_000 * WAD, 0, WAD)
    assert black76(0, 0, ONE)[:2] == (0, 0)


def test_black76_beyond_its_domain_counts_as_its_edge() -> None:
    at_edge = black76(MAX_PRICE, MAX_PRICE, MAX_DEVIATION)
    assert black76(MAX_PRICE + 1, 1 << 256, MAX_DEVIATION + 1) == at_edge
    edge = compute_deviation(MAX_VARIANCE, MAX_TIME_MS)
    assert edge == compute_deviation(1 << 255, 1 << 255) == MAX_DEVIATION
    assert time_value(1 << 255, 0, ONE) == time_value(MAX_PRICE, 0, ONE)
    assert time_value(WAD, 1 << 255, ONE) == 0


def test_black76_forward_times_a_power_of_two_scales_the_price() -> None:
    small, large = (black76(f << s, k << s, ONE >> 1) for f, k, s in ((90, 100, 50), (90, 100, 80)))
    assert small.call == large.call >> 30
    assert small.delta == large.delta


def test_compute_deviation_of_a_year_is_the_volatility() -> None:
    for volatility in (WAD // 100, WAD // 2, 3 * WAD):
        deviation = compute_deviation(volatility * volatility, _YEAR_MS)
        assert 0 <= volatility * ONE // WAD - deviation <= volatility * ONE // WAD >> 86
    assert compute_deviation(WAD * WAD, 0) == compute_deviation(0, _YEAR_MS) == 0


def test_evaluate_value_is_that_of_the_option_out_of_the_money() -> None:
    deviation = compute_deviation((WAD * 6 // 10) ** 2, 30 * _DAY_MS)
    for forward, strike in ((3_000 * WAD, 3_300 * WAD), (3_300 * WAD, 3_000 * WAD)):
        log_ratio = natural_log(forward) - natural_log(strike)
        value, delta = evaluate(forward, strike, log_ratio, deviation)
        assert value == time_value(3_000 * WAD, abs(log_ratio), deviation)
        call, put, expected = black76(forward, strike, deviation)
        assert (value, delta) == (min(call, put), expected)


def _seam_distances(deviation: int) -> list[int]:
    """Return distances at which the exponential changes its halvings, d1 its sign, or a price ends.

    distance = deviation * (near + deviation / 2).
    """
    nears = [sqrt_down((2 * number + 1) * LN2 << 112) for number in range(104)]
    nears += [0, CUT, *(-near for near in nears[:12])]
    found = [deviation * (near + (deviation >> 1)) >> 112 for near in nears]
    return [distance for distance in found if distance > 0]


@pytest.mark.parametrize("volatility_days", [(5, 1), (60, 30), (80, 365), (300, 730)])
def test_time_value_where_branches_meet_is_monotone(volatility_days: tuple[int, int]) -> None:
    percent, days = volatility_days
    volatility = percent * WAD // 100
    spreads = [compute_deviation((volatility + off) ** 2, days * _DAY_MS) for off in range(-2, 3)]
    for middle in _seam_distances(spreads[2]):
        # Steps of a distance as neighbouring forwards make them, at the largest price.
        steps = [middle + off * (ONE >> 87) for off in range(-3, 4)]
        over_distance = [time_value(MAX_PRICE, step, spreads[2]) for step in steps if step >= 0]
        assert over_distance == sorted(over_distance, reverse=True)
        over_volatility = [time_value(MAX_PRICE, middle, spread) for spread in spreads]
        assert over_volatility == sorted(over_volatility)


def _branch(forward: int, strike: int, deviation: int) -> int:
    """Return which branch prices the option, growing with the distance from the strike.

    The halvings of the exponential; below 0 where near is negative; 1,000 beyond the cut.
    """
    distance = abs(natural_log(forward) - natural_log(strike))
    near = (distance << 112) // deviation - (deviation >> 1)
    if near >= CUT:
        return 1_000
    halvings = decay(near * near >> 113)[1]
    return -1 - halvings if near < 0 else halvings


def _seam_forwards(strike: int, deviation: int) -> list[int]:
    """Return the forwards at which a branch ends, by bisection, on both sides of the strike."""
    found = []
    for far in (1, MAX_PRICE):
        for branch in (*range(-12, 104), 1_000):
            near_side, far_side = strike, far
            while abs(near_side - far_side) > 1:
                middle = (near_side + far_side) >> 1
                if _branch(middle, strike, deviation) < branch:
                    near_side = middle
                else:
                    far_side = middle
            if far_side != far and near_side != strike:
                found.append(far_side)
    return found


@pytest.mark.parametrize("percent", [20, 80, 300])
@pytest.mark.parametrize("days", [7, 365])
def test_black76_neighbouring_forwards_where_the_exponential_changes_branch_are_monotone(
    percent: int, days: int
) -> None:
    deviation = compute_deviation((percent * WAD // 100) ** 2, days * _DAY_MS)
    strike = 1 << 84
    seams = _seam_forwards(strike, deviation)
    assert len(seams) >= 20
    for seam in seams:
        quotes = [black76(seam + off, strike, deviation) for off in range(-3, 4)]
        for left, right in pairwise(quotes):
            assert 0 <= right.call - left.call <= 1
            assert 0 <= left.put - right.put <= 1


@pytest.mark.parametrize("strike", [WAD // 1000, 3_000 * WAD, MAX_PRICE >> 2])
@pytest.mark.parametrize("percent", [1, 10, 60, 400])
def test_black76_neighbouring_forwards_where_branches_meet_are_monotone(
    strike: int, percent: int
) -> None:
    deviation = compute_deviation((percent * WAD // 100) ** 2, 30 * _DAY_MS)
    places = [strike, *(strike * factor // 64 for factor in (16, 48, 63, 65, 80, 200))]
    places += [(1 << power) for power in range(61, 88)]
    places += [
        SQRT2 << power - 112 if power > 112 else SQRT2 >> 112 - power for power in range(61, 88)
    ]
    for place in places:
        quotes = [black76(place + off, strike, deviation) for off in range(-4, 5)]
        for left, right in pairwise(quotes):
            assert 0 <= right.call - left.call <= 1
            assert 0 <= left.put - right.put <= 1


def _decimal(text: str) -> int:
    whole, _, rest = text.partition(".")
    return int(whole) * WAD + int(rest.ljust(18, "0"))


def _rounded(value: int, places: int) -> float:
    unit: int = 10 ** (18 - places)
    return ((value + unit // 2) // unit) / int(10**places)
