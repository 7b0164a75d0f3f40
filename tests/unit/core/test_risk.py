"""Equity, margins and when only less risk is allowed."""

from typing import Any, Final

import pytest

from rollup_node.core.account_leaves import NO_HOT, NO_RISK, Hot, RiskRow
from rollup_node.core.frame import Frame
from rollup_node.core.layout import ASSETS_KEY, PRICES_KEY, balances_key
from rollup_node.core.market_leaves import NO_ASSET, AssetRow, AssetTerms, PriceRow, Prices
from rollup_node.core.reason import Reason
from rollup_node.core.risk import (
    MODELS,
    STANDARD,
    check_resting,
    collateral_usdc,
    compute_drift_ppm,
    equity_usdc,
    find_model,
    has_collateral,
    initial_margin,
    is_current,
    is_outdated,
    is_restricted,
    is_stale,
    maintenance_margin,
    read_hot,
    read_prices,
    sum_margins,
    value_asset,
    weigh_again,
    weigh_rows,
)
from tests.unit.core.exchange import BTC, ETH, NOW, PRICE, USD, Exchange

FRESH: Final = PriceRow(7, NOW, 1_000_000, 1_000_000, NOW, 0)


def with_rows(*rows: RiskRow, reserve: int = 0) -> Hot:
    """Return a hot leaf with these rows first."""
    return NO_HOT._replace(rows=rows + (NO_RISK,) * (8 - len(rows)), reserve=reserve)


@pytest.mark.parametrize(
    ("index", "drift"), [(1_000_000, 0), (1_000_001, 1), (999_999, 1), (1_020_001, 20_001)]
)
def test_compute_drift_ppm_is_rounded_up(index: int, drift: int) -> None:
    assert compute_drift_ppm(FRESH._replace(index_price=index)) == drift


def test_compute_drift_ppm_rounds_a_fraction_up_and_needs_a_reference() -> None:
    assert compute_drift_ppm(FRESH._replace(reference=3_000_000, index_price=3_000_001)) == 1
    assert compute_drift_ppm(FRESH._replace(reference=0)) == 1_000_000


@pytest.mark.parametrize(
    ("priced", "index", "stale"),
    [(0, 0, False), (60_000, 60_000, False), (60_001, 0, True), (0, 60_001, True)],
)
def test_is_stale_after_sixty_seconds_of_either_time(priced: int, index: int, stale: bool) -> None:
    row = FRESH._replace(priced_ms=NOW - priced, index_ms=NOW - index)
    assert is_stale(row, NOW) == stale
    assert is_restricted(row, NOW) == stale


def test_is_restricted_while_a_jump_waits_and_not_outdated_by_it() -> None:
    waiting = FRESH._replace(pending=800_000)
    assert is_restricted(waiting, NOW)
    assert not is_outdated(waiting, NOW)


@pytest.mark.parametrize(("index", "restricted"), [(1_020_000, False), (1_020_001, True)])
def test_is_restricted_above_two_percent_of_drift(index: int, restricted: bool) -> None:
    assert is_restricted(FRESH._replace(index_price=index), NOW) == restricted


def test_weigh_rows_sums_what_is_current_and_nothing_else() -> None:
    drifted = FRESH._replace(epoch=3, index_price=1_010_000)
    prices = Prices((FRESH, drifted, *(FRESH,) * 6), 0)
    rows = RiskRow(7, 1, -20, 1_001, 4), RiskRow(3, 2, 50, 333, 9), RiskRow(1, 0, 5, 5, 5)
    assert weigh_rows(with_rows(*rows), prices) == sum_margins(with_rows(*rows), prices)
    assert weigh_rows(with_rows(*rows), prices) == (30, 1_022 + 367)
    for stale in (0, 1):
        older = [row._replace(epoch=row.epoch - (n == stale)) for n, row in enumerate(rows)]
        assert not is_current(with_rows(*older), prices)
        assert weigh_rows(with_rows(*older), prices) is None
    assert weigh_rows(with_rows(), prices) == (0, 0)


def test_weigh_again_remembers_nothing_but_the_same_rows_mode_and_prices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(MODELS, 5, STANDARD._replace(require=lambda row, _: 2 * row.initial))
    prices = Prices((FRESH,) * 8, 0)
    hot = with_rows(RiskRow(7, 1, -20, 1_000, 4))
    moved = prices._replace(rows=(FRESH._replace(epoch=8), *prices.rows[1:]))
    asked = [
        (hot, prices),
        (hot._replace(reserve=9), prices),
        (hot._replace(mode=5), prices),
        (hot, moved),
        (hot, prices),
        (with_rows(RiskRow(7, 1, -21, 1_000, 4)), prices),
    ]

    def ask(frame: Frame) -> None:
        found = [weigh_again(frame, *each) for each in asked]
        assert found == [weigh_rows(*each) for each in asked]
        assert found == [(-20, 1_020), (-20, 1_020), (-20, 2_000), None, (-20, 1_020), (-21, 1_020)]

    Exchange().run(ask)


def test_is_current_ignores_rows_without_positions() -> None:
    prices = Prices((FRESH, *(FRESH._replace(epoch=9),) * 7), 0)
    assert is_current(with_rows(RiskRow(7, 1, 0, 0, 0), RiskRow(3, 0, 0, 0, 0)), prices)
    assert not is_current(with_rows(RiskRow(7, 1, 0, 0, 0), RiskRow(7, 1, 0, 0, 0)), prices)


def test_initial_margin_rounds_each_row_up() -> None:
    prices = Prices((FRESH, FRESH._replace(index_price=1_000_100), *(FRESH,) * 6), 0)
    hot = with_rows(RiskRow(7, 1, 5, 1, 1), RiskRow(7, 2, -3, 10_000, 4), RiskRow(7, 0, 9, 9, 9))
    # 1.02 is rounded up to 2; the other row has the factor 1.02 + 8 * 0.0001
    assert initial_margin(hot, prices) == 2 + 10_208
    assert maintenance_margin(hot) == 5


def test_collateral_is_capped_weighted_and_rounded_down() -> None:
    prices = Prices((FRESH._replace(reference=2_000_003), *(FRESH,) * 7), 0)
    assets = AssetTerms((NO_ASSET, AssetRow(0, 3, 900_000, 5_000), NO_ASSET, AssetRow(1, 37, 1, 1)))
    # 5 units (the cap) of 2.000003 at 90 %; asset 3 has too many decimals, asset 2 has no price
    assert collateral_usdc((0, 6_001, 7, 8), assets, prices) == 9_000_013
    assert value_asset(1, 1, assets, prices) == 1_800
    assert has_collateral((5, 0, 0, 1))
    assert not has_collateral((5, 0, 0, 0))


def test_equity_adds_cash_values_and_collateral() -> None:
    exchange = Exchange()
    exchange.open(1, -5 * USD, 10**18)
    hot = with_rows(RiskRow(7, 1, 77, 0, 0))

    def step(frame: Frame) -> int:
        return equity_usdc(frame, hot, (-5 * USD, 10**18, 0, 0), read_prices(frame))

    assert exchange.run(step) == -5 * USD + 77 + PRICE * 9 // 10


def test_read_hot_of_an_account_that_never_traded_is_its_own_group() -> None:
    assert Exchange().run(lambda frame: read_hot(frame, 5)) == NO_HOT._replace(group=5)


def test_find_model_that_nobody_registered_is_standard() -> None:
    assert find_model(0) is STANDARD
    assert find_model(77) is STANDARD


@pytest.mark.parametrize(
    ("cash", "ether", "reserve", "reason", "reads"),
    [
        (1_102, 0, 40, Reason.OK, 1),
        (1_101, 0, 40, Reason.INSUFFICIENT_MARGIN, 1),
        (1_101, 10**18, 40, Reason.OK, 2),
        (1_002, 0, -60, Reason.OK, 1),
        (1_002, 0, -59, Reason.INSUFFICIENT_MARGIN, 1),
    ],
)
def test_check_resting_counts_reserves_and_reads_collateral_last(
    cash: int, ether: int, reserve: int, reason: Reason, reads: int
) -> None:
    exchange = Exchange()
    exchange.open(1, cash, ether)
    hot = with_rows(RiskRow(7, 1, -20, 1_000, 4), reserve=42)
    hot = hot._replace(rows=(hot.rows[0]._replace(initial=980), *hot.rows[1:]))
    prices: Any = exchange.state[PRICES_KEY]
    margins = sum_margins(hot, prices)
    answer = exchange.run(lambda frame: check_resting(frame, 1, hot, prices, margins, reserve))
    assert answer == reason
    assert exchange.openings == [balances_key(1), ASSETS_KEY][:reads]
    assert (ETH, BTC) == (0, 1)
