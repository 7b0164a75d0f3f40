"""Portfolio margin: what scenarios, buckets and short options make of one risk leaf."""

from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from rollup_node.core.account_leaves import NO_ACCOUNT_RISK, AccountRisk
from rollup_node.core.layout import MAX_LOT_VALUE, MAX_LOTS
from rollup_node.core.option_leaves import SeriesRisk
from rollup_node.core.portfolio import LotRisk, measure_lot, replace_lots, weigh_risk
from rollup_node.core.scenarios import value_linear
from tests.property.portfolio import Held, require, sum_risk
from tests.unit.core.exchange import MARK, PRICE, STATE, TERMS

PERP: Final = LotRisk(value_linear(MARK, 1, 160_000), MARK, 0, 0, is_option=False)
FUTURE_TERMS: Final = TERMS._replace(kind=3, expiry_slot=9)
CALL_TERMS: Final = TERMS._replace(kind=4, expiry_slot=6, strike=PRICE)
_int32 = st.integers(-(1 << 31), (1 << 31) - 1)
_lots = st.integers(-MAX_LOTS, MAX_LOTS)
_risks = st.builds(SeriesRisk, st.just(7), st.integers(-(10**6), 10**6), st.tuples(*(_int32,) * 32))
_terms = st.builds(
    lambda kind, slot, lots: TERMS._replace(kind=kind, expiry_slot=slot, lots_per_unit=lots),
    st.integers(2, 5),
    st.integers(0, 15),
    st.sampled_from([1, 3, 100, 1_000, (1 << 32) - 1]),
)
_references = st.one_of(st.integers(1, (1 << 40) - 1), st.just(3_000_000_000))
_helds = st.builds(Held, _lots, _terms, st.just(STATE), _risks, _references)


def leaf_of(positions: list[Held]) -> AccountRisk:
    """Return the leaf that the law sums up."""
    risk = NO_ACCOUNT_RISK
    for lots, terms, _, series, reference in positions:
        risk = replace_lots(risk, 0, lots, measure_lot(terms, series, reference))
    return risk


@given(st.lists(_helds, max_size=6))
def test_replace_lots_sums_what_the_specification_says(positions: list[Held]) -> None:
    risk = leaf_of(positions)
    assert risk == AccountRisk(*(_tupled(each) for each in sum_risk(positions)))
    assert weigh_risk(risk) == require(*sum_risk(positions))


def _tupled(field: Any) -> Any:
    return tuple(field) if isinstance(field, list) else field


@given(st.lists(_helds, max_size=4), _helds, st.lists(_lots, max_size=5))
def test_replace_lots_by_any_way_leaves_what_is_held_and_nothing_of_what_is_closed(
    others: list[Held], moving: Held, stops: list[int]
) -> None:
    risk, before = leaf_of([*others, moving]), moving.lots
    lot = measure_lot(moving.terms, moving.risk, moving.reference)
    for after in (*stops, 0):
        risk, before = replace_lots(risk, before, after, lot), after
        assert risk == leaf_of([*others, moving._replace(lots=after)])
    assert risk == leaf_of(others)


@given(st.lists(_helds, max_size=6))
def test_weigh_risk_never_requires_more_maintenance_than_initially(positions: list[Held]) -> None:
    initial, maintenance = weigh_risk(leaf_of(positions))
    assert 0 <= maintenance <= initial


@given(st.lists(_helds, max_size=6))
def test_weigh_risk_is_never_below_the_worst_scenario(positions: list[Held]) -> None:
    risk = leaf_of(positions)
    assert weigh_risk(risk)[0] >= -min(risk.gains)


def test_sums_of_the_largest_account_fit_their_fields() -> None:
    worst = SeriesRisk(0, 10**6, (-(1 << 31), (1 << 31) - 1) * 16)
    for lots, kind in ((MAX_LOTS, 2), (-MAX_LOTS, 2), (-MAX_LOTS, 4), (MAX_LOTS, 4)):
        terms = TERMS._replace(kind=kind, lots_per_unit=1)
        held = Held(lots, terms, STATE, worst, (1 << 40) - 1)
        risk = leaf_of([held] * 128)
        numbers = (*risk.gains, *risk.deltas, risk.charge)
        assert all(-(1 << 63) <= number < 1 << 63 for number in numbers)
        assert max(weigh_risk(risk)) < 1 << 64


def test_measure_lot_of_a_series_without_price_bounds_its_delta() -> None:
    risk = SeriesRisk(0, 10**6, (0,) * 32)
    terms = TERMS._replace(lots_per_unit=1)
    assert measure_lot(terms, risk, (1 << 40) - 1).delta == MAX_LOT_VALUE
    low = measure_lot(terms, risk._replace(delta=-(10**6)), (1 << 40) - 1)
    assert low.delta == -MAX_LOT_VALUE


def test_measure_lot_puts_dates_in_seven_buckets_and_perpetuals_apart() -> None:
    risk = SeriesRisk(0, 10**6, (0,) * 32)
    assert measure_lot(TERMS._replace(expiry_slot=9), risk, PRICE).bucket == 0
    buckets = [
        measure_lot(FUTURE_TERMS._replace(expiry_slot=slot), risk, PRICE).bucket
        for slot in range(16)
    ]
    assert buckets == [1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7, 1, 2]


def test_short_lot_is_charged_half_a_percent_and_a_long_one_counts_in_gains_only() -> None:
    lot = measure_lot(CALL_TERMS, SeriesRisk(0, 400_000, (-5,) * 32), PRICE + 1)
    assert (lot.charge, lot.delta) == (100_001, 8_000_000)
    long, short = (replace_lots(NO_ACCOUNT_RISK, 0, lots, lot) for lots in (3, -3))
    assert long == AccountRisk((-15,) * 32, (0,) * 8, 0)
    assert short == AccountRisk((12,) * 32, (*(0,) * 7, -24_000_000), 300_003)


def test_weigh_risk_of_a_perpetual_is_its_largest_ordinary_move() -> None:
    risk = replace_lots(NO_ACCOUNT_RISK, 0, 10, PERP)
    assert weigh_risk(risk) == (10 * MARK * 16 // 100, 10 * MARK * 128 // 1_000)
    short = weigh_risk(replace_lots(NO_ACCOUNT_RISK, 0, -10, PERP))
    assert short == (10 * MARK * 16 // 100 + 10, 10 * MARK * 128 // 1_000 + 8)


def test_weigh_risk_of_a_hedge_in_another_date_is_what_dates_may_part() -> None:
    future = PERP._replace(bucket=3)
    risk = replace_lots(replace_lots(NO_ACCOUNT_RISK, 0, 10, PERP), 0, -10, future)
    notional = 10 * MARK
    scan, extra = notional // 100, notional * 5 // 1_000
    assert weigh_risk(risk) == (scan + extra, scan * 8 // 10 + extra * 6 // 10)
    same = replace_lots(replace_lots(NO_ACCOUNT_RISK, 0, 10, PERP), 0, -10, PERP)
    assert weigh_risk(same) == (10, 8)


def test_weigh_risk_of_a_spread_is_less_than_of_its_legs() -> None:
    low = LotRisk(tuple(10 * n for n in range(-16, 16)), 500, 1, 7, is_option=True)
    high = low._replace(gains=tuple(9 * n for n in range(-16, 16)))
    spread = replace_lots(replace_lots(NO_ACCOUNT_RISK, 0, 100, low), 0, -100, high)
    legs = [replace_lots(NO_ACCOUNT_RISK, 0, lots, lot) for lots, lot in ((100, low), (-100, high))]
    assert weigh_risk(spread)[0] < sum(weigh_risk(leg)[0] for leg in legs) // 4
    assert weigh_risk(spread)[0] == 1_600 + 100 + 100 * 7


def test_value_linear_moves_by_scan_range_and_weighted_tails() -> None:
    gains = value_linear(1_000_000, 1, 160_000)
    steps = [1_000_000 * 4 * step // 100 for step in range(-4, 5) for _ in range(3)]
    weights = ((-66, 181_818), (-33, 363_636), (50, 240_000), (100, 120_000), (500, 24_000))
    assert gains == (*steps, *(move * weight // 100 for move, weight in weights))
    assert len(gains) == 32
    assert min(value_linear(MAX_LOT_VALUE, 1, 500_000)) >= -(1 << 31)
