"""What a fill makes of a position, lot by lot and to the last unit."""

from typing import Final, NamedTuple

import pytest

from rollup_node.core.account_leaves import NO_HOT, NO_POSITION, NO_RISK, Position, RiskRow
from rollup_node.core.frame import Frame
from rollup_node.core.layout import directory_key, positions_key
from rollup_node.core.market_leaves import NO_PRICE, Prices, SeriesState, SeriesTerms
from rollup_node.core.positions import (
    apply_fill,
    closable_lots,
    find_position,
    free_number,
    next_generation,
    replace_contribution,
    store_position,
    with_row,
)
from tests.unit.core.exchange import BUY, SELL, STATE, TERMS, Exchange

LONG: Final = Position(1, 10, 1_005, 3, 4)
SHORT: Final = Position(1, -10, -1_005, 3, 4)


@pytest.mark.parametrize(
    ("position", "change", "expected", "cash"),
    [
        (NO_POSITION, 5, Position(1, 5, 500, 3, 9), 0),
        (NO_POSITION, -5, Position(1, -5, -500, 3, 9), 0),
        (LONG, 5, Position(1, 15, 1_505, 3, 4), 0),
        (SHORT, -5, Position(1, -15, -1_505, 3, 4), 0),
        # floor(1,005 * 3 / 10) = 301 is released, and 300 received
        (LONG, -3, Position(1, 7, 704, 3, 4), 300 - 301),
        # floor(-1,005 * 3 / 10) = -302 is released, and 300 paid
        (SHORT, 3, Position(1, -7, -703, 3, 4), -300 + 302),
        (LONG, -10, NO_POSITION, 1_000 - 1_005),
        (SHORT, 10, NO_POSITION, -1_000 + 1_005),
        (LONG, -12, Position(1, -2, -200, 3, 9), 1_000 - 1_005),
        (SHORT, 12, Position(1, 2, 200, 3, 9), -1_000 + 1_005),
    ],
)
def test_apply_fill_of_each_shape_moves_lots_basis_and_cash(
    position: Position, change: int, expected: Position, cash: int
) -> None:
    assert apply_fill(position, 1, change, 100, 3, 9) == (expected, cash)


def test_apply_fill_with_funding_due_settles_it_first() -> None:
    moved, cash = apply_fill(LONG, 1, 1, 100, 5, 9)
    assert (moved.funding_index, cash) == (5, -20)
    _, cash = apply_fill(SHORT, 1, 10, 100, 5, 9)
    assert cash == 20 + 5


@pytest.mark.parametrize(("lots", "buy", "sell"), [(7, 0, 7), (-7, 7, 0), (0, 0, 0)])
def test_closable_lots_are_those_of_the_other_side(lots: int, buy: int, sell: int) -> None:
    position = LONG._replace(lots=lots)
    assert (closable_lots(position, BUY), closable_lots(position, SELL)) == (buy, sell)


def test_next_generation_follows_the_version_and_wraps() -> None:
    assert next_generation(NO_HOT) == 1
    assert next_generation(NO_HOT._replace(version=0xFFFF)) == 0


def test_store_position_new_takes_the_first_free_place() -> None:
    exchange = Exchange()
    exchange.open(1)
    exchange.hold(1, 5, 500, number=0)
    exchange.set_series(2)

    def step(frame: Frame) -> None:
        assert find_position(frame, 1, 9) == (None, NO_POSITION)
        assert free_number(frame, 1) == 1
        store_position(frame, 1, None, LONG._replace(series=9))

    exchange.run(step)
    assert exchange.openings == [directory_key(1), positions_key(1, 1)]
    assert exchange.position(1, 9) == LONG._replace(series=9)
    assert exchange.position(1).lots == 5


def test_store_position_closed_leaves_the_directory_and_the_page() -> None:
    exchange = Exchange()
    exchange.open(1)
    exchange.hold(1, 5, 500, number=12)
    exchange.run(lambda frame: store_position(frame, 1, 12, NO_POSITION))
    assert exchange.position(1) == NO_POSITION
    assert exchange.run(lambda frame: free_number(frame, 1)) == 0


def test_free_number_of_a_full_account_is_none() -> None:
    exchange = Exchange()
    exchange.open(1)
    for number in range(128):
        exchange.hold(1, 1, 1, number=number)
    assert exchange.run(lambda frame: free_number(frame, 1)) is None


class _Market(NamedTuple):
    series: int
    terms: SeriesTerms
    state: SeriesState
    prices: Prices


def test_replace_contribution_first_position_takes_the_epoch() -> None:
    prices = Prices((NO_PRICE._replace(epoch=6), *(NO_PRICE,) * 7), 0)
    market = _Market(1, TERMS, STATE._replace(mark=110, initial=6, maintenance=3), prices)

    def step(frame: Frame) -> None:
        row, risk = replace_contribution(frame, 1, NO_HOT, market, NO_POSITION, LONG)
        assert (row, risk) == (RiskRow(6, 1, 1_100 - 1_005, 60, 30), None)
        hot = with_row(NO_HOT, 0, row)
        assert (hot.version, hot.rows[0]) == (1, row)
        closed = replace_contribution(frame, 1, hot, market, LONG, NO_POSITION)
        assert closed == (NO_RISK._replace(epoch=6), None)

    exchange = Exchange()
    exchange.run(step)
    assert exchange.openings == []


def test_with_row_at_the_last_version_wraps() -> None:
    assert with_row(NO_HOT._replace(version=0xFFFFFFFF), 7, NO_RISK).version == 0
