"""Counts a whole state of the exchange: each check raises with the id of docs/invariants.md."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from rollup_node.core.account_leaves import NO_HOT, AccountRisk, Hot, Position, RiskRow
from rollup_node.core.flags import FUND_FLAG
from rollup_node.core.layout import (
    ACCOUNTS,
    ASSET_COUNT,
    ASSETS_KEY,
    BALANCES_FIELD,
    CREDIT_KEY,
    EXPIRIES,
    FIRST_OPTION,
    INDEX_BITS,
    POOLS_KEY,
    POSITION_LIMIT,
    POSITIONS_PER_PAGE,
    PRICES_KEY,
    SERIES,
    SERIES_LIMIT,
    TOTALS_KEY,
    UNDERLYING_LIMIT,
    LeafKey,
    account_risk_key,
    balances_key,
    board_key,
    directory_key,
    hot_key,
    option_dates_key,
    positions_key,
    series_key,
    series_risk_key,
    terms_key,
)
from rollup_node.core.leaves import Balances
from rollup_node.core.market_leaves import NO_CREDIT, NO_POOLS, Credit, Pools, Prices, SeriesTerms
from rollup_node.core.option_leaves import NO_DATES, OptionDates, SeriesRisk
from tests.property import portfolio

_YEAR: Final = 31_536_000_000
SETTLED: Final = 4
PORTFOLIO: Final = 1
"""The mode of accounts under portfolio margin."""

TRADING: Final = 1
UNMOVED: Final = 13
"""The slot in which neither forward nor volatility moves."""
_INDEX: Final = (1 << INDEX_BITS) - 1


class Ledger:
    """One look at a state: who holds what, and what it is worth, in exact numbers."""

    def __init__(self, leaves: Mapping[LeafKey, Any], time_ms: int) -> None:
        self.leaves, self.time_ms = leaves, time_ms
        self.prices: Prices = leaves[PRICES_KEY]
        self._positions: dict[int, list[Position]] = {}

    def accounts(self) -> list[int]:
        """Return all accounts that have balances."""
        return [
            (key & _INDEX) >> 5
            for key in self.leaves
            if key >> INDEX_BITS == ACCOUNTS and key & 31 == BALANCES_FIELD
        ]

    def hot(self, account: int) -> Hot:
        """Return the hot leaf of an account."""
        found: Hot | None = self.leaves.get(hot_key(account))
        return NO_HOT._replace(group=account) if found is None else found

    def amounts(self, account: int) -> tuple[int, ...]:
        """Return the balances of an account."""
        leaf: Balances = self.leaves[balances_key(account)]
        return leaf.amounts

    def positions(self, account: int) -> list[Position]:
        """Return the open positions of an account; its directory and pages agree (X-21)."""
        if account not in self._positions:
            self._positions[account] = self._read_positions(account)
        return self._positions[account]

    def _read_positions(self, account: int) -> list[Position]:
        directory = self.leaves.get(directory_key(account))
        if directory is None:
            return []
        found: list[Position] = []
        for first in range(0, POSITION_LIMIT, POSITIONS_PER_PAGE):
            listed = directory.series[first : first + POSITIONS_PER_PAGE]
            page = self.leaves.get(positions_key(account, first))
            if page is None:
                assert not any(listed), f"X-21: account {account}, place {first}"
                continue
            assert tuple(row.series for row in page.rows) == listed, f"X-21: account {account}"
            for row in page.rows:
                assert bool(row.series) == bool(row.lots), f"X-21: account {account}, {row}"
                assert row.lots or not any(row), f"X-21: account {account}, {row}"
            found += [row for row in page.rows if row.lots]
        series = [row.series for row in found]
        assert len(set(series)) == len(series), f"X-21: account {account} has a series twice"
        return found

    def lots(self, account: int, series: int) -> int:
        """Return the position of an account in a series."""
        return sum(row.lots for row in self.positions(account) if row.series == series)

    def rows(self, account: int) -> list[RiskRow]:
        """Return the rows that the positions make."""
        sums = [[0, 0, 0, 0] for _ in self.prices.rows]
        for position in self.positions(account):
            underlying = self.leaves[terms_key(position.series)].underlying
            state = self.leaves[series_key(position.series)]
            row = sums[underlying]
            row[0] += 1
            row[1] += position.lots * state.mark - position.basis
            if position.series >= FIRST_OPTION and position.lots > 0:
                kept = 0 if state.status == SETTLED else position.lots * state.mark
                row[2] += kept
                row[3] += kept
            else:
                row[2] += abs(position.lots) * state.initial
                row[3] += abs(position.lots) * state.maintenance
        if self.hot(account).mode == PORTFOLIO:
            for row, risk in zip(sums, self.risks(account), strict=True):
                row[2:] = portfolio.require(*risk)
        return [
            RiskRow(price.epoch, *row) for price, row in zip(self.prices.rows, sums, strict=True)
        ]

    def risks(self, account: int) -> list[tuple[list[int], list[int], int]]:
        """Return gains, deltas and charge of the positions in each underlying."""
        held: list[list[portfolio.Held]] = [[] for _ in self.prices.rows]
        for position in self.positions(account):
            series = position.series
            terms = self.leaves[terms_key(series)]
            risk: SeriesRisk = self.leaves[series_risk_key(series)]
            reference = self.prices.rows[terms.underlying].reference
            state = self.leaves[series_key(series)]
            held[terms.underlying].append(
                portfolio.Held(position.lots, terms, state, risk, reference)
            )
        return [portfolio.sum_risk(positions) for positions in held]

    def collateral(self, account: int) -> Fraction:
        """Return what the balances besides cash count, exactly."""
        total = Fraction(0)
        assets = self.leaves[ASSETS_KEY].rows
        for amount, row in zip(self.amounts(account)[1:], assets[1:], strict=True):
            if row.underlying < len(self.prices.rows):
                reference = self.prices.rows[row.underlying].reference
                counted = min(amount, row.cap) * reference * row.weight_ppm
                total += Fraction(counted, 10 ** (row.exponent + 6))
        return total

    def margins(self, account: int) -> tuple[Fraction, Fraction, int]:
        """Return equity with funding and interest settled, IM, and MM of an account, exactly."""
        cash = self.amounts(account)[0]
        equity = cash + self.collateral(account)
        if cash < 0:
            since = self.time_ms - self.hot(account).interest_ms
            equity += Fraction(cash * since, 10 * _YEAR)
        for position in self.positions(account):
            state = self.leaves[series_key(position.series)]
            equity += position.lots * state.mark - position.basis
            equity -= position.lots * (state.funding_index - position.funding_index)
        initial, maintenance = Fraction(0), 0
        for row, price in zip(self.rows(account), self.prices.rows, strict=True):
            if row.positions:
                drift = Fraction(abs(price.index_price - price.reference), price.reference)
                initial += row.initial * (Fraction(102, 100) + 8 * drift)
                maintenance += row.maintenance
        return equity, initial, maintenance

    # Checks

    def check(self, *, rows: bool = True, risks: bool = True) -> None:
        """Check all that holds of a state by itself; `rows` not in the midst of a reprice.

        Neither `risks`, nor in the midst of a refresh, which sums them up in their leaves.
        """
        accounts = self.accounts()
        positions = {account: self.positions(account) for account in accounts}
        self.check_positions([row for rows in positions.values() for row in rows])
        self.check_money(accounts, [row for rows in positions.values() for row in rows])
        for account in accounts if rows else ():
            self.check_rows(account)
            if risks:
                self.check_risks(account)
        if rows:
            self.check_options()

    def check_options(self) -> None:
        """Check strikes and what a reprice says of them. Invariants X-22, X-23."""
        listed: list[int] = []
        for underlying in range(UNDERLYING_LIMIT):
            dates: OptionDates = self.leaves.get(option_dates_key(underlying)) or NO_DATES
            found = {
                slot: [row for row in board.strikes if row.series]
                for slot in range(EXPIRIES)
                if (board := self.leaves.get(board_key(underlying, slot))) is not None
            }
            mask = sum(1 << slot for slot, rows in found.items() if rows)
            count = sum(map(len, found.values()))
            assert (mask, count) == dates, f"X-23: dates of underlying {underlying}"
            for slot, rows in found.items():
                for series, strike in rows:
                    listed.append(series)
                    self._check_strike(series, slot, strike)
        assert len(set(listed)) == len(listed), "X-23: a call on two boards"
        for series in range(FIRST_OPTION, SERIES_LIMIT, 2):
            state = self.leaves.get(series_key(series))
            assert state is None or (state.status != 0) == (series in listed), f"X-23: {series}"

    def _check_strike(self, call: int, slot: int, strike: int) -> None:
        states = [self.leaves[series_key(series)] for series in (call, call + 1)]
        assert states[0].epoch == states[1].epoch or SETTLED in {
            state.status for state in states
        }, f"X-22: epochs of strike {call}"
        for series, state in zip((call, call + 1), states, strict=True):
            terms: SeriesTerms = self.leaves[terms_key(series)]
            assert (terms.strike, terms.expiry_slot) == (strike, slot), f"X-23: series {series}"
            if state.status == TRADING and state.mark:
                risk: SeriesRisk = self.leaves[series_risk_key(series)]
                assert risk.epoch == state.epoch, f"X-22: risk array of series {series}"
                assert risk.gains[UNMOVED] == 0, f"X-22: series {series}"
                worst = min(risk.gains)
                assert worst >= -state.mark - 1, f"X-22: series {series} loses more than its mark"

    def check_positions(self, positions: list[Position]) -> None:
        """Check that positions cancel out. Invariant X-1, X-20."""
        found = {
            key & _INDEX: leaf for key, leaf in self.leaves.items() if key >> INDEX_BITS == SERIES
        }
        for index in [index for index in found if index & 7 == 1]:
            series, state = index >> 3, found[index]
            lots = [row.lots for row in positions if row.series == series]
            if state.status == SETTLED:
                open_lots = sum(map(abs, lots))
                assert open_lots == state.open_interest, f"X-1: open interest of series {series}"
                continue
            assert sum(lots) == 0, f"X-1: positions of series {series} sum to {sum(lots)}"
            longs = sum(max(q, 0) for q in lots)
            assert longs == state.open_interest, f"X-1: open interest of series {series}"
            cap = found[index - 1].open_interest_cap
            assert longs <= cap, f"X-20: open interest {longs} of series {series}"
            assert 0 <= state.funding_rest < 28_800_000, f"X-20: funding rest of series {series}"

    def check_money(self, accounts: list[int], positions: list[Position]) -> None:
        """Check that custody is what accounts hold. Invariants X-2, X-7."""
        totals = self.leaves[TOTALS_KEY].amounts
        pools: Pools = self.leaves.get(POOLS_KEY) or NO_POOLS
        credit: Credit = self.leaves.get(CREDIT_KEY) or NO_CREDIT
        amounts = [self.amounts(account) for account in accounts]
        cash = [row[0] for row in amounts]
        due = sum(row.lots * row.funding_index - row.basis for row in positions)
        states = [(row.lots, self.leaves[series_key(row.series)]) for row in positions]
        due += sum(lots * state.mark for lots, state in states if state.status == SETTLED)
        held = sum(cash) + due + pools.fees + sum(pools.insurance)
        assert held == totals[0] + credit.deficit, f"X-2: USDC {held - totals[0] - credit.deficit}"
        for asset in range(1, ASSET_COUNT):
            assert sum(row[asset] for row in amounts) == totals[asset], f"X-2: asset {asset}"
            assert all(row[asset] >= 0 for row in amounts), f"X-2: asset {asset} below zero"
        assert credit.borrowed == sum(max(0, -amount) for amount in cash), "X-7: borrowed"
        assert pools.fees >= 0, "X-7: fees"
        assert min(pools.insurance) >= 0, "X-7: insurance"

    def check_rows(self, account: int) -> None:
        """Check what the hot leaf says of the positions. Invariants X-3, X-4."""
        hot = self.hot(account)
        rows = zip(hot.rows, self.rows(account), self.prices.rows, strict=True)
        for row, expected, price in rows:
            assert row.positions == expected.positions, f"X-3: account {account}"
            assert row.maintenance <= row.initial, f"X-4: account {account}"
            if row.positions and row.epoch == price.epoch:
                assert row == expected, f"X-3: account {account}"

    def check_risks(self, account: int) -> None:
        """Check the risk leaves behind rows that are current. Invariant X-24."""
        hot = self.hot(account)
        assert hot.mode in {0, PORTFOLIO}, f"X-24: account {account}"
        if hot.mode != PORTFOLIO:
            return
        assert not hot.flags & FUND_FLAG, f"X-24: account {account} of the fund"
        risks = self.risks(account)
        for underlying, (row, price) in enumerate(zip(hot.rows, self.prices.rows, strict=True)):
            if row.positions and row.epoch == price.epoch:
                leaf: AccountRisk = self.leaves[account_risk_key(account, underlying)]
                gains, deltas, charge = risks[underlying]
                expected = AccountRisk(tuple(gains), tuple(deltas), charge)
                assert leaf == expected, f"X-24: account {account}, underlying {underlying}"
