"""What users see of options rests on what made the mark."""

import pytest

from rollup_node.core.layout import board_key, expiry_key, grid_key, series_key, terms_key
from rollup_node.core.market_leaves import SettlementGrid
from rollup_node.core.options_math import WAD
from rollup_node.node.option_views import expected_usdc, read_option, read_surface
from tests.property.arena import ETH, FUTURE, OPTION_SLOT, OPTIONS, OPTIONS_AT, PERP, USD, Arena

CALL, PUT, HIGH_CALL, _ = OPTIONS


@pytest.fixture(scope="module")
def arena() -> Arena:
    return Arena()


def test_read_option_of_the_mark_implies_the_volatility_of_the_mark(arena: Arena) -> None:
    for series in OPTIONS:
        unit = arena.leaf(terms_key(series)).unit
        ticks = arena.series(series).mark // unit
        found = read_option(arena.state, series, (ticks, 1), (ticks + 1, 1))
        assert found is not None
        assert found.bid_ppm is not None
        assert found.ask_ppm is not None
        assert found.bid_ppm <= found.mark_ppm <= found.ask_ppm
        assert found.ask_ppm - found.bid_ppm < 15_000
        assert found.forward_usdc == 3_000 * USD


def test_read_option_put_has_the_delta_of_the_call_less_one(arena: Arena) -> None:
    call, put = (read_option(arena.state, series, None, None) for series in (CALL, PUT))
    assert call is not None
    assert put is not None
    assert call.delta - put.delta == WAD
    assert call[5:] == put[5:]
    assert (call.bid_ppm, call.ask_ppm) == (None, None)


def test_read_option_of_a_linear_series_or_without_surface_is_none(arena: Arena) -> None:
    assert read_option(arena.state, PERP, None, None) is None
    assert read_option(arena.state, FUTURE, None, None) is None
    key = board_key(ETH, OPTION_SLOT)
    bare = {**arena.state, key: arena.leaf(key)._replace(surface_ms=0)}
    assert read_option(bare, CALL, None, None) is None
    key = expiry_key(ETH, OPTION_SLOT)
    settled = {**arena.state, key: arena.leaf(key)._replace(price=1)}
    assert read_option(settled, CALL, None, None) is None


def test_read_surface_shows_the_nodes_at_the_strikes_of_the_forward(arena: Arena) -> None:
    (date,) = read_surface(arena.state, ETH)
    assert (date.expires_ms, date.forward_usdc) == (OPTIONS_AT * 1_000, 3_000 * USD)
    assert len(date.nodes) == 16
    low, high = date.nodes[7], date.nodes[8]
    assert (low.moneyness_ppm, high.moneyness_ppm) == (-20_000, 20_000)
    assert low.strike_usdc == pytest.approx(2_940.596 * USD, rel=1e-6)
    assert high.volatility_ppm < date.at_forward_ppm < low.volatility_ppm
    assert read_surface(arena.state, 1) == []


def test_expected_usdc_counts_known_rounds_as_they_are(arena: Arena) -> None:
    terms = arena.leaf(terms_key(CALL))
    index = 3_000 * USD
    assert expected_usdc(arena.state, terms, index) == index
    grid = SettlementGrid(OPTIONS_AT, (2_400 * USD,) * 15 + (0,) * 45)
    known = {**arena.state, grid_key(ETH, OPTION_SLOT): grid}
    assert expected_usdc(known, terms, index) == 2_850 * USD
    other = {**arena.state, grid_key(ETH, OPTION_SLOT): grid._replace(expiry_at=1)}
    assert expected_usdc(other, terms, index) == index


def test_read_option_is_none_when_the_series_has_no_reference(arena: Arena) -> None:
    assert arena.leaf(series_key(HIGH_CALL)).mark > 0
    later = expiry_key(ETH, OPTION_SLOT)
    over = {**arena.state, later: arena.leaf(later)._replace(expiry_at=1)}
    assert read_option(over, HIGH_CALL, None, None) is None
