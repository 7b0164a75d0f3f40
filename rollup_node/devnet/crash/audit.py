"""Counts the whole state at the end, and who won what from whom, to the last unit.

Nothing is taken from the running sums of `books` but what entered and left, so both are checked
against each other. Ids are those of docs/invariants.md.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from rollup_node.core.account_leaves import Directory, Hot, Position, RiskRow
from rollup_node.core.flags import FUND_FLAG
from rollup_node.core.layout import (
    ACCOUNT_FIELD_BITS,
    ACCOUNTS,
    ALLOCATORS_KEY,
    BALANCES_FIELD,
    INDEX_BITS,
    OUTBOX,
    POSITION_LIMIT,
    POSITIONS_PER_PAGE,
    PRICES_KEY,
    LeafKey,
    balances_key,
    directory_key,
    hot_key,
    owner_key,
    positions_key,
    series_key,
    terms_key,
)
from rollup_node.core.leaves import Leaf
from rollup_node.core.standing import FUND_OWNER
from rollup_node.devnet.crash.books import Books, demand
from rollup_node.roles.auditor import Auditor

_INDEX: Final = (1 << INDEX_BITS) - 1
_FIELDS: Final = (1 << ACCOUNT_FIELD_BITS) - 1


class Ledger(NamedTuple):
    """Who won and lost in USDC (µUSDC): `gains + fees + insurance = losses + uncovered`.

    An owner's result is what its accounts are worth at the end, and what it withdrew, less what it
    deposited. `uncovered` is what the insurance lacked, whoever bears it: those who withdrew, or
    those who still hold claims.
    """

    gains: int
    losses: int
    winners: int
    losers: int
    fees: int
    insurance: int
    uncovered: int

    @property
    def difference(self) -> int:
        """What is not accounted for."""
        return self.gains + self.fees + self.insurance - self.losses - self.uncovered


class Audit:
    """One look at a whole state; `check` raises with the id of what does not hold."""

    def __init__(self, leaves: Mapping[LeafKey, Leaf]) -> None:
        self.leaves: Mapping[LeafKey, Any] = leaves
        self.accounts = sorted(
            (key & _INDEX) >> ACCOUNT_FIELD_BITS
            for key in leaves
            if key >> INDEX_BITS == ACCOUNTS and key & _FIELDS == BALANCES_FIELD
        )
        self.positions = {account: self._positions(account) for account in self.accounts}

    def check(self) -> None:
        """Check everything that holds of a state between two records.

        The sums are those of `roles.auditor`, counted anew; what it takes from the hot leaves is
        held here against the positions themselves.
        """
        Auditor().audit(self.leaves, self.leaves)
        for account in self.accounts:
            self._check_account(account)
        found = sum(key >> INDEX_BITS == OUTBOX for key in self.leaves)
        demand(found == self.leaves[ALLOCATORS_KEY].outbox_next, "L-4: slots of the outbox")

    def _positions(self, account: int) -> list[Position]:
        """Return the open positions; directory and pages agree. Invariant X-21."""
        directory: Directory | None = self.leaves.get(directory_key(account))
        found: list[Position] = []
        for first in range(0, POSITION_LIMIT if directory else 0, POSITIONS_PER_PAGE):
            listed = directory.series[first : first + POSITIONS_PER_PAGE] if directory else ()
            page = self.leaves.get(positions_key(account, first))
            rows = page.rows if page else ()
            named = tuple(row.series for row in rows) if page else (0,) * POSITIONS_PER_PAGE
            demand(named == listed, f"X-21: directory and pages of account {account} differ")
            demand(
                all(bool(row.series) == bool(row.lots) for row in rows),
                f"X-21: account {account} has a position without lots",
            )
            found += [row for row in rows if row.lots]
        demand(len({row.series for row in found}) == len(found), f"X-21: account {account}: twice")
        return found

    def _check_account(self, account: int) -> None:
        """Check what the hot leaf says of positions. Invariants X-3, X-4, X-14."""
        hot: Hot | None = self.leaves.get(hot_key(account))
        is_fund = self.leaves[owner_key(account)].address == FUND_OWNER
        demand(
            bool(hot and hot.flags & FUND_FLAG) == is_fund, f"X-14: account {account} and the fund"
        )
        if hot is None:
            demand(not self.positions[account], f"X-3: account {account} without a hot leaf")
            return
        epochs = [price.epoch for price in self.leaves[PRICES_KEY].rows]
        for row, expected in zip(hot.rows, self._rows(account, epochs), strict=True):
            demand(row.positions == expected.positions, f"X-3: positions of account {account}")
            demand(row.maintenance <= row.initial, f"X-4: account {account}")
            if row.positions and row.epoch == expected.epoch:
                demand(row == expected, f"X-3: account {account}: {row} is not {expected}")

    def _rows(self, account: int, epochs: list[int]) -> list[RiskRow]:
        """Return the rows that the positions make at the newest marks."""
        sums = [[0, 0, 0, 0] for _ in epochs]
        for row in self.positions[account]:
            state = self.leaves[series_key(row.series)]
            into = sums[self.leaves[terms_key(row.series)].underlying]
            into[0] += 1
            into[1] += row.lots * state.mark - row.basis
            into[2] += abs(row.lots) * state.initial
            into[3] += abs(row.lots) * state.maintenance
        return [RiskRow(epoch, *into) for epoch, into in zip(epochs, sums, strict=True)]

    def _amounts(self, account: int) -> tuple[int, ...]:
        found: tuple[int, ...] = self.leaves[balances_key(account)].amounts
        return found

    def worth_usdc(self, account: int) -> int:
        """Return cash, positions at the mark and funding due of an account, µUSDC."""
        total = self._amounts(account)[0]
        for row in self.positions[account]:
            state = self.leaves[series_key(row.series)]
            total += row.lots * (state.mark + row.funding_index - state.funding_index) - row.basis
        return total

    def settle(self, books: Books) -> Ledger:
        """Return who won and lost what.

        Raises
        ------
        InvariantViolation
            If a unit is missing, or one too many.
        """
        results: Counter[bytes] = Counter()
        results.update(books.took)
        results.subtract(books.brought)
        for account in self.accounts:
            results[self.leaves[owner_key(account)].address] += self.worth_usdc(account)
        won = [result for result in results.values() if result > 0]
        lost = [-result for result in results.values() if result < 0]
        ledger = Ledger(
            sum(won), sum(lost), len(won), len(lost), books.fees, books.insurance, books.uncovered
        )
        demand(ledger.difference == 0, f"CR-1: {ledger.difference} µUSDC not accounted for")
        bears = books.borne + books.deficit
        demand(books.uncovered == bears, f"CR-2: {books.uncovered} uncovered, {bears} borne")
        return ledger
