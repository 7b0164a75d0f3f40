"""The refresh of an account: rows, funding, interest and its price."""

from typing import Any, Final

import pytest

from rollup_node.core.account_leaves import RiskRow
from rollup_node.core.kinds import Phase, StepKind
from rollup_node.core.layout import (
    CREDIT_KEY,
    REFRESH_KEY,
    balances_key,
    series_key,
    terms_key,
)
from rollup_node.core.market_leaves import Credit
from rollup_node.core.reason import Reason
from rollup_node.core.refresh import begin_refresh, refresh
from rollup_node.core.task_leaves import RefreshTask
from tests.unit.core.exchange import BTC, ETH, MARK, NOW, PERP, STATE, TERMS, USD, Exchange

RICH: Final = 1_000_000 * USD


def refresh_all(exchange: Exchange, account: int, resume: int = Phase.TAKE) -> int:
    """Refresh an account to the end and return the number of steps."""
    exchange.run(lambda frame: begin_refresh(frame, account, resume))
    assert exchange.openings == [REFRESH_KEY]
    steps = 0
    while exchange.phase() == Phase.REFRESH:
        assert exchange.run(refresh) == (StepKind.REFRESH, Reason.OK)
        steps += 1
    return steps


def many(count: int) -> Exchange:
    """Return an exchange whose account 1 has positions in `count` series, half of them in BTC."""
    exchange = Exchange()
    exchange.open(1, RICH)
    for number in range(count):
        series = 100 + number
        underlying = BTC if number % 2 else ETH
        exchange.state[terms_key(series)] = TERMS._replace(underlying=underlying)
        exchange.state[series_key(series)] = STATE._replace(mark=MARK + number)
        exchange.hold(1, number + 1, (number + 1) * MARK, series=series, number=number)
    return exchange


@pytest.mark.parametrize("count", [1, 8, 9, 32, 33, 64, 65, 128])
def test_refresh_of_many_positions_sums_each_row(count: int) -> None:
    exchange = many(count)
    for number in range(count):
        exchange.set_series(100 + number, mark=2 * MARK, initial=7, maintenance=3)
    exchange.set_prices(ETH, epoch=8)
    exchange.set_prices(BTC, epoch=11)
    assert refresh_all(exchange, 1) == -(-count // 32)
    for underlying, epoch in ((ETH, 8), (BTC, 11)):
        sizes = [k + 1 for k in range(count) if k % 2 == underlying]
        lots = sum(sizes)
        expected = RiskRow(epoch, len(sizes), lots * MARK, 7 * lots, 3 * lots)
        assert exchange.hot(1).rows[underlying] == (expected if sizes else RiskRow(0, 0, 0, 0, 0))
    fee = 100 * max(0, count - 8)
    assert (exchange.cash(1), exchange.pools().fees) == (RICH - fee, fee)
    assert exchange.phase() == Phase.TAKE


@pytest.mark.parametrize(
    ("resume", "fee"),
    [
        (Phase.TAKE, 100),
        (Phase.LEG, 100),
        (Phase.LEAVE, 100),
        (Phase.LIQUIDATE, 0),
        (Phase.IDLE, 0),
    ],
)
def test_refresh_costs_who_trades_or_leaves_and_nobody_whom_others_refresh(
    resume: Phase, fee: int
) -> None:
    exchange = many(9)
    refresh_all(exchange, 1, resume)
    assert (exchange.cash(1), exchange.pools().fees) == (RICH - fee, fee)


def test_refresh_of_holes_in_the_directory_passes_them_by() -> None:
    exchange = Exchange()
    exchange.open(1, RICH)
    exchange.hold(1, 5, 5 * MARK, number=127)
    exchange.set_series(PERP, mark=MARK + 1)
    exchange.set_prices(ETH, epoch=9)
    assert refresh_all(exchange, 1, Phase.IDLE) == 1
    assert exchange.hot(1).rows[ETH].value == 5
    assert exchange.phase() == Phase.IDLE


def test_refresh_in_the_middle_keeps_its_place() -> None:
    exchange = many(33)
    exchange.run(lambda frame: begin_refresh(frame, 1, Phase.TAKE))
    exchange.run(refresh)
    task: Any = exchange.state[REFRESH_KEY]
    assert isinstance(task, RefreshTask)
    assert (task.next, task.rows[ETH].positions, task.rows[BTC].positions) == (32, 16, 16)
    assert exchange.phase() == Phase.REFRESH


def test_refresh_settles_funding_of_every_position() -> None:
    exchange = many(2)
    exchange.set_series(100, funding_index=10)
    exchange.set_series(101, funding_index=-7)
    refresh_all(exchange, 1)
    assert exchange.cash(1) == RICH - 10 * 1 + 7 * 2
    assert exchange.position(1, 100).funding_index == 10
    assert exchange.position(1, 101).funding_index == -7
    assert exchange.position(1, 101).generation == 1


def test_refresh_without_money_to_move_leaves_the_balances() -> None:
    exchange = many(2)
    exchange.run(lambda frame: begin_refresh(frame, 1, Phase.TAKE))
    exchange.run(refresh)
    assert balances_key(1) in exchange.openings
    assert exchange.cash(1) == RICH


def test_refresh_of_a_debtor_charges_interest() -> None:
    exchange = many(9)
    exchange.open(2, -RICH, 0, interest_ms=NOW - 31_536_000_000)
    exchange.hold(2, 1, MARK)
    exchange.state[CREDIT_KEY] = Credit(0, RICH, 0)
    refresh_all(exchange, 2)
    assert exchange.cash(2) == -RICH - RICH // 10
    assert exchange.pools().insurance[0] == RICH // 10
    assert exchange.hot(2).interest_ms == NOW
    assert exchange.state[CREDIT_KEY] == Credit(0, RICH + RICH // 10, 0)


def test_refresh_of_an_account_without_positions_ends_at_once() -> None:
    exchange = Exchange()
    exchange.open(1, 5)
    before = exchange.hot(1)
    assert refresh_all(exchange, 1) == 1
    assert exchange.hot(1) == before
