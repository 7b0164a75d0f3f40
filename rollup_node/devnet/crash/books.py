"""Keeps the books of a whole exchange step by step: what a step moves has to cancel out.

Only what a step wrote is looked at, so each single step is checked, whatever the number of
accounts. Ids are those of docs/invariants.md.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from rollup_node.core.account_leaves import NO_POSITIONS, Positions
from rollup_node.core.invariant import InvariantViolation
from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import (
    ACCOUNT_FIELD_BITS,
    ASSET_COUNT,
    INDEX_BITS,
    SERIES_FIELD_BITS,
    LeafKey,
)
from rollup_node.core.leaves import NO_AMOUNTS, Balances, Leaf, Totals, Withdrawal
from rollup_node.core.market_leaves import NO_CREDIT, NO_POOLS, Credit, Pools, SeriesState

Changes = Mapping[LeafKey, tuple[Leaf | None, Leaf]]
"""What a step wrote: for each key the leaf before and after."""

_INDEX: Final = (1 << INDEX_BITS) - 1
_PPM: Final = 1_000_000


def demand(holds: object, text: str) -> None:
    """Raise unless something holds; the text begins with the id of what has to.

    Raises
    ------
    InvariantViolation
        If it does not.
    """
    if not holds:
        raise InvariantViolation(text)


class _Step(NamedTuple):
    """A step being taken down: totals and credit before it, changes of lots and longs by series."""

    kind: StepKind
    totals: Totals
    credit: Credit
    lots: Counter[int]
    longs: Counter[int]


class Books:
    """Running sums over the whole state, and what flowed between them, by the kind of the step.

    Attributes
    ----------
    insurance_in, insurance_out
        What the insurance took and paid, µUSDC.
    uncovered
        What it lacked: all that was ever added to the deficit.
    early
        What was withdrawn of USDC before the insurance lacked anything.
    borne
        How much less than asked was paid to those who withdrew.
    brought, took
        What each owner deposited and withdrew of USDC, as its accounts were credited and charged.
    """

    def __init__(self, owner_of: Callable[[int], bytes]) -> None:
        self._owner_of = owner_of
        self.brought: Counter[bytes] = Counter()
        self.took: Counter[bytes] = Counter()
        self.early = 0
        self.insurance_in: Counter[StepKind] = Counter()
        self.insurance_out: Counter[StepKind] = Counter()
        self.uncovered = self.borne = self.steps = 0
        self.paid, self.asked = [0] * ASSET_COUNT, [0] * ASSET_COUNT
        self.most_borrowed = 0
        self.least_ratio_ppm = _PPM
        self._totals, self._pools, self._credit = Totals(NO_AMOUNTS), NO_POOLS, NO_CREDIT
        self._held = [0] * ASSET_COUNT
        self._due = self._borrowed = 0
        self._notes: dict[type, Callable[[_Step, LeafKey, Any, Any], None]] = {
            Balances: self._note_balances,
            Positions: self._note_positions,
            SeriesState: self._note_series,
            Pools: self._note_pools,
            Totals: self._note_totals,
            Credit: self._note_credit,
        }

    @property
    def deficit(self) -> int:
        """D, µUSDC."""
        return self._credit.deficit

    @property
    def custody(self) -> int:
        """What the bridge holds of USDC for L2, µUSDC."""
        return self._totals.amounts[0]

    @property
    def insurance(self) -> int:
        """All insurance, µUSDC."""
        return sum(self._pools.insurance)

    @property
    def fees(self) -> int:
        """Collected fees, µUSDC."""
        return self._pools.fees

    @property
    def ratio_ppm(self) -> int:
        """What part of a withdrawal of USDC is paid, rounded down."""
        total = self.custody + self.deficit
        return self.custody * _PPM // total if total else _PPM

    def note(self, kind: StepKind, changes: Changes) -> None:
        """Take down what a step did.

        Raises
        ------
        InvariantViolation
            If it does not cancel out.
        """
        self.steps += 1
        step = _Step(kind, self._totals, self._credit, Counter(), Counter())
        for key, (before, after) in changes.items():
            note = self._notes.get(type(after))
            if note is not None and before is not after:
                note(step, key, before, after)
        demand(not any(step.lots.values()), f"X-1: {kind.name} left positions that do not cancel")
        demand(not any(step.longs.values()), f"X-1: {kind.name} left a wrong open interest")
        taken = [leaf for _, leaf in changes.values() if isinstance(leaf, Withdrawal)]
        if taken and kind is not StepKind.DEPOSIT:
            self._note_withdrawal(step, taken[0], changes)
        elif step.credit.deficit != self._credit.deficit:
            grown = self._credit.deficit - step.credit.deficit
            demand(grown > 0, f"X-2: {kind.name} made the deficit shrink by {-grown}")
            self.uncovered += grown
        self._check(kind)

    def _check(self, kind: StepKind) -> None:
        """Check M-1, and what may never be negative. Invariants X-2, X-7."""
        gap = self._held[0] + self._due + self.fees + self.insurance - self.custody - self.deficit
        demand(gap == 0, f"X-2: {kind.name} left {gap} µUSDC without an owner")
        for asset in range(1, ASSET_COUNT):
            gap = self._held[asset] - self._totals.amounts[asset]
            demand(gap == 0, f"X-2: {kind.name} left {gap} of asset {asset} without an owner")
        demand(self._credit.borrowed == self._borrowed, f"X-7: {kind.name} miscounted the debts")
        demand(min(self._pools.insurance) >= 0, f"X-14: {kind.name} overdrew the insurance")
        demand(min(self.fees, self.deficit, self.custody) >= 0, f"X-7: {kind.name}: below zero")
        self.most_borrowed = max(self.most_borrowed, self._borrowed)

    def _note_balances(self, step: _Step, key: LeafKey, before: Any, after: Any) -> None:  # noqa: ANN401 - leaves
        was = NO_AMOUNTS if before is None else before.amounts
        for asset, (old, new) in enumerate(zip(was, after.amounts, strict=True)):
            self._held[asset] += new - old
            demand(asset == 0 or new >= 0, f"L-3: a balance of asset {asset} below zero")
        cash, now = was[0], after.amounts[0]
        self._borrowed += max(0, -now) - max(0, -cash)
        if step.kind is StepKind.DEPOSIT:
            account = (key & _INDEX) >> ACCOUNT_FIELD_BITS
            self.brought[self._owner_of(account)] += now - cash

    def _note_positions(self, step: _Step, _key: LeafKey, before: Any, after: Any) -> None:  # noqa: ANN401 - leaves
        was = (NO_POSITIONS if before is None else before).rows
        for old, new in zip(was, after.rows, strict=True):
            if old is not new:
                for sign, row in ((-1, old), (1, new)):
                    step.lots[row.series] += sign * row.lots
                    step.longs[row.series] += sign * max(row.lots, 0)
                    self._due += sign * (row.lots * row.funding_index - row.basis)

    def _note_series(self, step: _Step, key: LeafKey, before: Any, after: Any) -> None:  # noqa: ANN401 - leaves
        held = 0 if before is None else before.open_interest
        step.longs[(key & _INDEX) >> SERIES_FIELD_BITS] -= after.open_interest - held

    def _note_pools(self, step: _Step, _key: LeafKey, _before: Any, after: Any) -> None:  # noqa: ANN401 - leaves
        for old, new in zip(self._pools.insurance, after.insurance, strict=True):
            if new > old:
                self.insurance_in[step.kind] += new - old
            elif new < old:
                self.insurance_out[step.kind] += old - new
        self._pools = after

    def _note_totals(self, _step: _Step, _key: LeafKey, _before: Any, after: Any) -> None:  # noqa: ANN401 - leaves
        self._totals = after

    def _note_credit(self, _step: _Step, _key: LeafKey, _before: Any, after: Any) -> None:  # noqa: ANN401 - leaves
        self._credit = after

    def _note_withdrawal(self, step: _Step, withdrawal: Withdrawal, changes: Changes) -> None:
        """Check that what left is its part of custody, and no more than there is. X-10, M-9."""
        asset, paid = withdrawal.asset, withdrawal.amount
        custody, deficit = step.totals.amounts[asset], 0 if asset else step.credit.deficit
        asked = self._debited(withdrawal, changes)
        demand(paid <= custody, f"X-10: {paid} of asset {asset} left, custody held {custody}")
        part = asked * custody - paid * (custody + deficit)
        demand(0 <= part < custody + deficit, f"X-10: {paid} paid for {asked} of asset {asset}")
        shrunk = step.credit.deficit - self._credit.deficit
        demand(shrunk == asked - paid, f"X-10: the deficit fell by {shrunk} for {asked - paid}")
        self.borne += asked - paid
        self.asked[asset] += asked
        self.paid[asset] += paid
        if asset == 0:
            self.took[self._owner_of(withdrawal.account)] += asked
            self.early += 0 if self.uncovered else asked
            ratio = custody * _PPM // (custody + deficit)
            self.least_ratio_ppm = min(self.least_ratio_ppm, ratio)

    def _debited(self, withdrawal: Withdrawal, changes: Changes) -> int:
        """Return how much the balance fell of the one account whose balances changed."""
        found = [
            (NO_AMOUNTS if before is None else before.amounts, after.amounts)  # type: ignore[union-attr]
            for before, after in changes.values()
            if isinstance(after, Balances)
        ]
        demand(len(found) == 1, "X-10: a withdrawal that changes the money of another account")
        ((was, left),) = found
        return was[withdrawal.asset] - left[withdrawal.asset]
