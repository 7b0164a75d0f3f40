"""What the report of a margin says is what the law works with, to the unit."""

import random
from typing import Any

import pytest

from rollup_node.codec.leaves import encode_leaf
from rollup_node.core.account_leaves import Hot
from rollup_node.core.fixed_point import div_up
from rollup_node.core.inputs import SetMode
from rollup_node.core.kinds import SeriesStatus
from rollup_node.core.layout import account_risk_key, balances_key, hot_key
from rollup_node.core.reason import Reason
from rollup_node.devnet.margin_leaves import read_margin
from rollup_node.devnet.margin_table import money, render_explained, render_totals
from rollup_node.devnet.portfolio_table import describe, short_money
from rollup_node.node.instruments import Instruments
from rollup_node.node.margin_report import Names, report_margin
from rollup_node.ports import InputError
from rollup_node.rpc.backend import AssetView
from rollup_node.rpc.margin_data import MarginReport
from tests.property.arena import (
    BTC,
    BTC_PERP,
    ETH,
    EXPIRY_AT,
    FUTURE,
    IOC,
    OPTIONS,
    PERP,
    SELL,
    USD,
    Arena,
)

ASSETS = [AssetView(n, s, d, b"") for n, (s, d) in enumerate((("USDC", 6), ("ETH", 18)))]
SYMBOLS = ["ETH", "BTC"]
TRADERS = (1, 2, 3)
STANDARD, PORTFOLIO = 0, 1
MARKETS = (PERP, BTC_PERP, FUTURE, *OPTIONS)


class Floor:
    """Traders with positions in everything, and a price that moved since."""

    def __init__(self, seed: int = 1, mode: int = STANDARD) -> None:
        self.arena, self.rng = Arena(), random.Random(seed)
        for account in TRADERS:
            self.arena.deposit(account, 0, 100_000 * USD)
            self.arena.deposit(account, 1, 10**19)
        self.arena.seal(20)
        for account in TRADERS if mode else ():
            record = SetMode(account, 0, mode, self.arena.nonce())
            assert self.arena.send(record) is Reason.OK
        self.arena.seal(20)
        for series in MARKETS:
            for _ in range(2):
                buyer, seller = self.rng.sample(TRADERS, 2)
                self.trade(buyer, seller, series, self.rng.randint(5, 80))
        self.arena.move(ETH, self.rng.randint(2_700, 3_300) * USD)
        self.arena.seal(1_000)
        self.arena.report(ETH, self.arena.row(ETH).reference + 9 * USD)
        self.arena.report(BTC, 94_500 * USD)
        self.arena.seal(20)

    def trade(self, buyer: int, seller: int, series: int, lots: int) -> None:
        arena, tick = self.arena, self.arena.tick(series)
        arena.send(arena.order(seller, SELL, tick, lots, series=series))
        arena.seal(20)
        arena.send(arena.order(buyer, 0, tick, lots, series=series, time_in_force=IOC))
        arena.seal(20)

    def end_future(self) -> None:
        """Let the date of the future pass, and not yet be settled."""
        self.arena.seal(EXPIRY_AT * 1_000 - self.arena.now() + 1)
        self.arena.report(ETH, self.arena.row(ETH).reference)
        self.arena.report(BTC, self.arena.row(BTC).reference)
        self.arena.seal(1_000)
        assert self.arena.series(FUTURE).status == SeriesStatus.EXPIRED

    def report(
        self, account: int, changes: dict[int, int] | None = None, mode: int | None = None
    ) -> MarginReport:
        arena, instruments = self.arena, Instruments(SYMBOLS)
        instruments.read(arena.state, arena.now())
        names = Names(instruments.symbol, lambda s: instruments.by_series(s).name, ASSETS)
        return report_margin(arena.state, account, arena.now(), names, changes, mode)

    def hot(self, account: int) -> Hot:
        found: Hot = self.arena.leaf(hot_key(account))
        return found

    def cash(self, account: int) -> int:
        found: int = self.arena.leaf(balances_key(account)).amounts[0]
        return found


@pytest.mark.parametrize("is_over", [False, True])
@pytest.mark.parametrize("mode", [STANDARD, PORTFOLIO])
@pytest.mark.parametrize("seed", range(6))
def test_report_rows_are_those_that_the_next_refresh_writes(
    seed: int, mode: int, is_over: bool
) -> None:
    floor = Floor(seed, mode)
    if is_over:
        floor.end_future()
    arena = floor.arena
    for account in TRADERS:
        told = floor.report(account)
        before = floor.hot(account)
        arena.send(arena.order(account, 0, arena.tick() - 100, 50))
        hot = floor.hot(account)
        assert hot.rows != before.rows
        rows = {SYMBOLS[n]: row for n, row in enumerate(hot.rows) if row.positions}
        assert {row.currency for row in told.rows} == rows.keys()
        for row in told.rows:
            law = rows[row.currency]
            assert (row.value_usdc, row.initial_usdc) == (law.value, law.initial)
            assert row.maintenance_usdc == law.maintenance
            assert len(row.positions) == law.positions
            if row.portfolio is not None:
                leaf = arena.leaf(account_risk_key(account, SYMBOLS.index(row.currency)))
                assert tuple(slot.gain_usdc for slot in row.portfolio.scenarios) == leaf.gains
                assert (row.portfolio.deltas_usdc, row.portfolio.charge_usdc) == leaf[1:]
        assert {row.portfolio is not None for row in told.rows} == {mode == PORTFOLIO}
        assert told.cash_usdc == floor.cash(account)


@pytest.mark.parametrize("seed", range(6))
def test_report_adds_up_at_every_level(seed: int) -> None:
    floor = Floor(seed)
    for account in TRADERS:
        told = floor.report(account)
        for row in told.rows:
            assert row.value_usdc == sum(p.value_usdc for p in row.positions)
            assert row.initial_usdc == sum(p.initial_usdc for p in row.positions)
            assert row.maintenance_usdc == sum(p.maintenance_usdc for p in row.positions)
            assert row.required_usdc == div_up(row.initial_usdc * row.factor_ppm, 10**6)
            for position in row.positions:
                worth = position.lots * position.mark_usdc - position.basis_usdc
                assert position.value_usdc == worth
        assert told.initial_usdc == sum(row.required_usdc for row in told.rows)
        assert told.maintenance_usdc == sum(row.maintenance_usdc for row in told.rows)
        collateral = sum(item.value_usdc for item in told.collateral)
        values = sum(row.value_usdc for row in told.rows)
        assert told.equity_usdc == told.cash_usdc + collateral + values


def test_report_of_a_portfolio_says_what_each_position_would_require_alone() -> None:
    floor = Floor(4, PORTFOLIO)
    told = floor.report(1)
    for row in told.rows:
        for position in row.positions:
            others = {p.series: -p.lots for p in row.positions if p is not position}
            alone = floor.report(1, others)
            found = next(r for r in alone.rows if r.currency == row.currency)
            assert position.initial_usdc == found.initial_usdc
            assert position.maintenance_usdc == found.maintenance_usdc


@pytest.mark.parametrize("is_over", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_report_of_a_portfolio_adds_up_slot_by_slot(seed: int, is_over: bool) -> None:
    floor = Floor(seed, PORTFOLIO)
    if is_over:
        floor.end_future()
    for account in TRADERS:
        for row in floor.report(account).rows:
            found = row.portfolio
            assert found is not None
            risks = [p.risk for p in row.positions if p.risk is not None]
            assert len(risks) == len(row.positions)
            for number, slot in enumerate(found.scenarios):
                assert slot.gain_usdc == sum(risk.gains_usdc[number] for risk in risks)
            for bucket, delta in enumerate(found.deltas_usdc):
                assert delta == sum(r.delta_usdc for r in risks if r.bucket == bucket)
            assert found.charge_usdc == sum(risk.charge_usdc for risk in risks)
            assert found.worst_usdc == max(0, -found.scenarios[found.worst].gain_usdc)
            assert found.worst_usdc == max(0, *(-slot.gain_usdc for slot in found.scenarios))
            assert found.scan_usdc == max(found.worst_usdc, found.floor_usdc)
            extra = found.basis_usdc + found.charge_usdc
            assert row.initial_usdc == found.scan_usdc + extra
            parts = found.scan_maintenance_usdc + found.extra_maintenance_usdc
            assert row.maintenance_usdc == parts


def test_report_under_another_model_is_what_an_account_of_that_model_requires() -> None:
    standard, portfolio = Floor(3), Floor(3, PORTFOLIO)
    for account in TRADERS:
        other = standard.report(account, mode=PORTFOLIO)
        theirs = portfolio.report(account)
        assert other.model == theirs.model == "portfolio"
        assert other.rows == theirs.rows
        assert other.initial_usdc != standard.report(account).initial_usdc


@pytest.mark.parametrize("mode", [STANDARD, PORTFOLIO])
def test_report_of_a_change_is_what_the_trade_makes_of_the_account(mode: int) -> None:
    floor = Floor(1, mode)
    floor.arena.move(ETH, 3_000 * USD)
    told = floor.report(1, {PERP: 40})
    cash = floor.report(1).equity_usdc
    floor.trade(1, 2, PERP, 40)
    after = floor.report(1)
    assert told.initial_usdc == after.initial_usdc
    assert told.maintenance_usdc == after.maintenance_usdc
    fee = 40 * floor.arena.series(PERP).mark * 400 // 10**6
    assert told.equity_usdc == cash
    assert after.equity_usdc == cash - fee


def test_report_of_closing_everything_requires_nothing() -> None:
    floor = Floor()
    now = floor.report(1)
    held = {p.series: -p.lots for row in now.rows for p in row.positions}
    flat = floor.report(1, held)
    assert flat.rows == []
    assert (flat.initial_usdc, flat.maintenance_usdc) == (0, 0)
    assert flat.equity_usdc == now.equity_usdc
    assert floor.report(1) == now


def test_report_of_debt_has_its_interest() -> None:
    floor = Floor()
    key = balances_key(1)
    leaf = floor.arena.leaf(key)
    floor.arena.state[key] = leaf._replace(amounts=(-1_000 * USD, *leaf.amounts[1:]))
    hot = floor.hot(1)._replace(interest_ms=floor.arena.now() - 3_600_000)
    floor.arena.state[hot_key(1)] = hot
    told = floor.report(1)
    assert told.interest_usdc == div_up(1_000 * USD * 100_000 * 3_600_000, 10**6 * 31_536_000_000)
    assert told.cash_usdc == -1_000 * USD - told.interest_usdc + told.funding_usdc


class Node:
    """A node that shows the leaves of an arena, and counts how often it was asked."""

    def __init__(self, arena: Arena) -> None:
        self.arena, self.calls = arena, 0

    def call(self, method: str, keys: list[Any]) -> list[str]:
        assert method == "rollup_getLeaves"
        self.calls += 1
        leaves = [self.arena.leaf(key) for key in keys]
        return ["0x" if leaf is None else "0x" + encode_leaf(leaf).hex() for leaf in leaves]


@pytest.mark.parametrize("mode", [STANDARD, PORTFOLIO])
def test_read_margin_from_leaves_is_the_report(mode: int) -> None:
    floor = Floor(1, mode)
    node: Any = Node(floor.arena)
    for account in TRADERS:
        assert read_margin(node, account, SYMBOLS, ASSETS) == floor.report(account)
    assert node.calls <= 4 * len(TRADERS)
    other = read_margin(node, 1, SYMBOLS, ASSETS, PORTFOLIO - mode)
    assert other == floor.report(1, mode=PORTFOLIO - mode)
    with pytest.raises(InputError, match="not open"):
        read_margin(node, 99, SYMBOLS, ASSETS)


def test_render_explained_shows_every_number() -> None:
    told = Floor().report(1)
    text = render_explained(told)
    for row in told.rows:
        for amount in (row.value_usdc, row.initial_usdc, row.maintenance_usdc, row.required_usdc):
            assert money(amount) in text
        for position in row.positions:
            assert position.name in text
            assert money(position.initial_usdc) in text
    for total in (told.equity_usdc, told.initial_usdc, told.maintenance_usdc, told.available_usdc):
        assert money(total) in text
        assert money(total) in render_totals(told)
    assert money(-1_234_567_890) == "-1,234.567890"
    assert max(map(len, text.splitlines())) <= 120


def test_render_explained_of_a_portfolio_has_every_slot() -> None:
    told = Floor(1, PORTFOLIO).report(1)
    text = render_explained(told)
    for row in told.rows:
        found = row.portfolio
        assert found is not None
        for slot in found.scenarios:
            assert short_money(slot.gain_usdc) in text
        for amount in (found.worst_usdc, found.floor_usdc, found.scan_usdc, found.charge_usdc):
            assert money(amount) in text
        assert describe(found.scenarios[found.worst]) in text
    assert max(map(len, text.splitlines())) <= 120
