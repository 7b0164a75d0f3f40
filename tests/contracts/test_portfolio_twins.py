"""The arithmetic of portfolio margin in both twins, at the edges that no market comes near."""

import functools
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from rollup_node.codec.leaves import encode_leaf
from rollup_node.core.account_leaves import NO_ACCOUNT_RISK, AccountRisk
from rollup_node.core.averages import ROUNDS, Average
from rollup_node.core.layout import MAX_LOT_VALUE, MAX_LOTS, PRICE_LIMIT
from rollup_node.core.option_leaves import NO_SERIES_RISK, SeriesRisk
from rollup_node.core.portfolio import keep_losses, measure_lot, replace_lots, weigh_risk
from rollup_node.core.scenarios import Valuation, value_linear, value_strike
from rollup_node.core.surface import SurfaceNode
from tests.contracts.codec_chain import CodecChain
from tests.unit.core.exchange import TERMS, USD

_SUM: Final = 127 << 54
"""What 127 of the largest positions add up to."""

_int32 = st.one_of(
    st.integers(-(1 << 31), (1 << 31) - 1), st.sampled_from([-(1 << 31), -1, 0, (1 << 31) - 1])
)
_lots = st.one_of(st.integers(-MAX_LOTS, MAX_LOTS), st.sampled_from([-MAX_LOTS, -1, 0, MAX_LOTS]))
_sums = st.one_of(st.integers(-_SUM, _SUM), st.sampled_from([-_SUM, -1, 0, 1, _SUM]))
_risks = st.builds(
    AccountRisk, st.tuples(*(_sums,) * 32), st.tuples(*(_sums,) * 8), st.integers(0, 1 << 61)
)
_series = st.one_of(
    st.none(),
    st.builds(SeriesRisk, st.just(7), st.integers(-(10**6), 10**6), st.tuples(*(_int32,) * 32)),
)
_terms = st.builds(
    lambda kind, slot, lots: TERMS._replace(kind=kind, expiry_slot=slot, lots_per_unit=lots),
    st.integers(2, 5),
    st.integers(0, 15),
    st.sampled_from([1, 3, 100, (1 << 32) - 1]),
)
_references = st.one_of(st.integers(0, PRICE_LIMIT - 1), st.sampled_from([0, 1, PRICE_LIMIT - 1]))


@functools.cache
def _chain() -> CodecChain:
    return CodecChain()


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.just(NO_ACCOUNT_RISK), _risks),
    _terms,
    _series,
    _references,
    st.tuples(_lots, _lots),
    st.booleans(),
)
def test_replace_lots_and_weigh_risk_of_both_twins_are_the_same(
    risk: AccountRisk,
    terms: Any,
    series: SeriesRisk | None,
    reference: int,
    lots: tuple[int, int],
    is_over: bool,
) -> None:
    lot = measure_lot(terms, series or NO_SERIES_RISK, reference)
    moved = replace_lots(risk, *lots, lot)
    moved = keep_losses(risk, moved) if is_over else moved
    values = (
        encode_leaf(risk),
        encode_leaf(terms),
        encode_leaf(series) if series else b"",
        reference,
        *lots,
        is_over,
    )
    answer = _chain().call(
        "PortfolioCodec",
        "replaceLots(bytes,bytes,bytes,uint256,int256,int256,bool)",
        values,
        ("bytes", "uint64", "uint64"),
    )
    if moved.charge >= 0:  # below zero only if lots are closed that were never charged
        assert answer == (encode_leaf(moved), *weigh_risk(moved))
    else:
        assert answer is not None
        assert answer[0] == encode_leaf(moved)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, MAX_LOT_VALUE),
    st.integers(0, ROUNDS),
    st.sampled_from([1, 60, 6_000, (1 << 32) - 1]),
    st.integers(1, 500_000),
)
def test_value_linear_of_both_twins_is_the_same(
    mark: int, left: int, parts: int, scan_ppm: int
) -> None:
    arguments = (mark * left, parts, scan_ppm)
    answer = _chain().call(
        "PortfolioCodec", "valueLinear(uint256,uint256,uint256)", arguments, ("int256[32]", "bool")
    )
    assert answer == (value_linear(*arguments), True)


_prices = st.one_of(
    st.integers(1, PRICE_LIMIT - 1),
    st.integers(2_900 * USD, 3_100 * USD),
    st.sampled_from([1, PRICE_LIMIT - 1]),
)


def _as_int32(number: int) -> int:
    return int.from_bytes((number & 0xFFFF_FFFF).to_bytes(4, "big"), "big", signed=True)


@settings(max_examples=300, deadline=None)
@given(
    _prices,
    _prices,
    st.sampled_from([1, 100, (1 << 32) - 1]),
    st.sampled_from([1, 160_000, 500_000]),
    st.integers(1, (1 << 16) - 1),
    st.sampled_from([0, 1, 999, 60_000, 1_800_000, 86_400_000, 1 << 40]),
    st.builds(lambda known, price: Average(known * price, 60 - known), st.integers(0, 60), _prices),
)
def test_value_strike_of_both_twins_is_the_same_whatever_is_known_of_the_price(
    forward: int,
    strike: int,
    lots: int,
    scan_ppm: int,
    volatility: int,
    left_ms: int,
    average: Average,
) -> None:
    smile = (SurfaceNode(0, volatility),)
    found = value_strike(Valuation(forward, strike, lots, smile, left_ms, scan_ppm, average))
    numbers = (forward, strike, lots, scan_ppm, left_ms, *average)
    types = ("(uint256,int256,int256[32],bool)",) * 2
    answer = _chain().call(
        "PortfolioCodec", "valueStrike(uint256[7],uint16)", (numbers, volatility), types
    )
    assert answer is not None
    fits = all(gain == _as_int32(gain) for moves in found for gain in moves.gains)
    assert all(moves[3] for moves in answer) == fits
    for moves, (mark, delta, gains, has_room) in zip(found, answer, strict=True):
        assert (mark, delta) == (moves.mark, moves.delta)
        if has_room:
            assert gains == moves.gains
