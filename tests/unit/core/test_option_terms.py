"""What terms make of lots and ticks: fees, reserves, bands of linear series and of options."""

import pytest

from rollup_node.core.flags import REDUCE_ONLY_FLAG
from rollup_node.core.kinds import SeriesKind
from rollup_node.core.option_terms import (
    MIN_RESERVE_USDC,
    band_usdc,
    compute_fee,
    compute_reserve,
    lot_strike,
)
from tests.unit.core.exchange import BUY, SELL, TERMS, USD

OPTION = TERMS._replace(kind=SeriesKind.CALL, unit=2_000, strike=3_000 * USD, lots_per_unit=100)


@pytest.mark.parametrize(
    ("lots", "tick", "reserve"),
    [
        (1, 1, 10_000),
        (1, 10_000, 10_000),
        (1, 10_001, 10_001),
        (7, 10_001, 70_007),
        (3, 33_335, 100_005),
        (0, 5, 10_000),
    ],
)
def test_compute_reserve_is_one_percent_rounded_up_and_never_less_than_a_cent(
    lots: int, tick: int, reserve: int
) -> None:
    for side in (BUY, SELL):
        assert compute_reserve(TERMS, side, tick, lots) == reserve
        assert compute_reserve(TERMS, side | REDUCE_ONLY_FLAG, tick, lots) == MIN_RESERVE_USDC
    rounded = TERMS._replace(unit=33)
    assert compute_reserve(rounded, BUY, tick * 1_000, lots) == max(
        10_000, -(-lots * tick * 33_000 // 100)
    )


@pytest.mark.parametrize("kind", [SeriesKind.CALL, SeriesKind.PUT])
def test_compute_reserve_of_an_option_is_the_premium_or_a_part_of_the_strike(kind: int) -> None:
    terms = OPTION._replace(kind=kind)
    assert lot_strike(terms) == 30 * USD
    assert compute_reserve(terms, BUY, 100, 50) == 50 * 100 * 2_000
    assert compute_reserve(terms, BUY, 1, 1) == MIN_RESERVE_USDC
    assert compute_reserve(terms, SELL, 100, 50) == 50 * 30 * USD // 100
    assert compute_reserve(terms, SELL, 1, 50) == 50 * 30 * USD // 100
    assert compute_reserve(terms, SELL | REDUCE_ONLY_FLAG, 100, 50) == MIN_RESERVE_USDC


def test_compute_fee_of_an_option_is_on_the_strike_and_at_most_an_eighth_of_the_premium() -> None:
    assert compute_fee(OPTION, 50, 100 * 2_000, 300) == 50 * 30 * USD * 300 // 10**6
    assert compute_fee(OPTION, 50, 10 * 2_000, 300) == 50 * 20_000 // 8
    assert compute_fee(OPTION, 1, 2_001, 300) == 251
    assert compute_fee(OPTION._replace(strike=100), 1, 10**9, 1) == 1
    assert compute_fee(TERMS, 50, 100, 300) == 2
    assert compute_fee(TERMS, 50, 100, -300) == -1


def test_band_usdc_of_an_option_is_its_strike() -> None:
    assert band_usdc(OPTION, 7) == 30 * USD
    assert band_usdc(TERMS, 7) == 7
