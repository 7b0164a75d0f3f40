"""Exponential, logarithm, root and normal distribution: tables, limits and seams."""

from itertools import pairwise

import pytest

from rollup_node.core.fixed_point import sqrt_down
from rollup_node.core.options_math import (
    LN2,
    MAX_DEVIATIONS,
    MAX_EXPONENT,
    MAX_WORD,
    WAD,
    exp_wad,
    ln_wad,
    natural_log,
    normal_cdf,
    normal_pdf,
    scaled_tail,
    sqrt_wad,
)


@pytest.mark.parametrize(
    ("x", "printed"),
    [
        ("0.00", "0.500000000000000"),
        ("0.50", "0.691462461274013"),
        ("1.00", "0.841344746068543"),
        ("1.50", "0.933192798731142"),
        ("2.00", "0.977249868051821"),
        ("2.50", "0.993790334674224"),
        ("3.00", "0.998650101968370"),
    ],
)
def test_normal_cdf_is_the_table_of_abramowitz_and_stegun(x: str, printed: str) -> None:
    # Handbook of Mathematical Functions (1964), Table 26.1, P(x) to 15 decimals.
    assert _to_decimals(normal_cdf(_wad(x)), 15) == _wad(printed)


@pytest.mark.parametrize(
    ("x", "printed"),
    [
        ("0.00", "0.398942280401433"),
        ("1.00", "0.241970724519143"),
        ("2.00", "0.053990966513188"),
    ],
)
def test_normal_pdf_is_the_table_of_abramowitz_and_stegun(x: str, printed: str) -> None:
    # Table 26.1, Z(x) to 15 decimals.
    assert _to_decimals(normal_pdf(_wad(x)), 15) == _wad(printed)


def test_functions_at_their_own_zero_are_exact() -> None:
    assert exp_wad(0) == WAD
    assert ln_wad(WAD) == 0
    assert normal_cdf(0) * 2 == WAD
    assert sqrt_wad(4 * WAD) == 2 * WAD
    assert natural_log(1) == 0
    assert natural_log(1 << 200) == 200 * LN2


def test_functions_outside_of_their_domain_stay_at_its_edge() -> None:
    assert exp_wad(MAX_EXPONENT + 1) == exp_wad(MAX_EXPONENT) == exp_wad(1 << 255)
    assert exp_wad(-(1 << 255)) == 0
    assert ln_wad(0) == ln_wad(1)
    assert ln_wad(MAX_WORD + 1) == ln_wad(MAX_WORD)
    assert natural_log(-5) == natural_log(0) == 0
    assert sqrt_wad(-1) == 0
    assert sqrt_wad(MAX_WORD) == sqrt_wad((1 << 192) - 1)
    assert normal_cdf(-MAX_DEVIATIONS - 1) == normal_cdf(-(1 << 255)) == 0
    assert normal_cdf(1 << 254) == WAD
    assert normal_pdf(1 << 254) == normal_pdf(-(1 << 255)) == 0


@pytest.mark.parametrize("x", [0, 1, WAD, 3 * WAD + 7, 8 * WAD, MAX_DEVIATIONS, 99 * WAD])
def test_normal_cdf_of_both_sides_adds_up_to_one(x: int) -> None:
    assert normal_cdf(x) + normal_cdf(-x) == WAD


def test_sqrt_down_at_squares_is_the_floor() -> None:
    for root in (1, 2, 3, WAD, (1 << 127) + 12_345, (1 << 128) - 1):
        assert sqrt_down(root * root) == root
        assert sqrt_down(root * root - 1) == root - 1
        assert sqrt_down(root * root + 2 * root) == root


def test_exp_wad_where_its_branches_meet_never_falls() -> None:
    for number in range(-62, 146):
        middle = (2 * number + 1) * LN2 * WAD >> 113
        values = [exp_wad(middle + off) for off in range(-4, 5)]
        assert all(left <= right for left, right in pairwise(values)), number


def test_normal_cdf_where_its_branches_meet_never_falls() -> None:
    edges = [sqrt_down((2 * number + 1) * LN2 * WAD * WAD >> 112) for number in range(104)]
    for edge in (0, *edges, MAX_DEVIATIONS):
        for middle in (edge, -edge):
            values = [normal_cdf(middle + off) for off in range(-4, 5)]
            assert all(left <= right for left, right in pairwise(values)), middle


def test_natural_log_where_its_branches_meet_never_falls() -> None:
    for power in range(1, 256):
        for middle in (1 << power, sqrt_down(1 << (2 * power + 1)), 3 << power):
            values = [natural_log(middle + off) for off in range(-4, 5)]
            assert all(left <= right for left, right in pairwise(values)), power


def test_scaled_tail_over_its_range_falls_and_stays_between_its_bounds() -> None:
    places = [number * (20 << 112) >> 12 for number in range(4_097)]
    values = [scaled_tail(place) for place in places]
    assert values[0] == 1 << 111
    assert all(left > right > 0 for left, right in pairwise(values))


def _wad(decimal: str) -> int:
    whole, _, rest = decimal.partition(".")
    return int(whole) * WAD + int(rest.ljust(18, "0"))


def _to_decimals(value: int, places: int) -> int:
    unit: int = 10 ** (18 - places)
    return (value + unit // 2) // unit * unit
