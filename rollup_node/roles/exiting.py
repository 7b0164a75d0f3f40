"""Who takes accounts out in exit mode: what is still to be proven and paid, in which order.

Anyone may play it, for any account; nothing that it does can be wrong for somebody else.
Source: docs/spec.md E-1, E-5 to E-7.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MARKS_PER_CALL: Final = 64
"""Series whose marks are proven in one transaction: 2.5 million gas."""


@dataclass(frozen=True, slots=True)
class ProveTotals:
    """Open the leaves that say what the bridge held for L2."""


@dataclass(frozen=True, slots=True)
class ProveMarks:
    """Open the state leaves of these series."""

    series: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ProveClaim:
    """Prove what an account has a claim to."""

    account: int


@dataclass(frozen=True, slots=True)
class Pay:
    """Have an asset of an account paid."""

    account: int
    asset: int


Action = ProveTotals | ProveMarks | ProveClaim | Pay


@dataclass(frozen=True, slots=True)
class ExitView:
    """Exit mode as L1 has it, and what the exit state says of the accounts in question.

    Attributes
    ----------
    has_totals
        The totals were proven.
    marked
        Series whose marks were proven.
    claimed
        Accounts whose claims were proven.
    series
        The series in which each account has a position.
    unpaid
        What is due by now and not paid, by account and asset.
    """

    has_totals: bool
    marked: frozenset[int]
    claimed: frozenset[int]
    series: Mapping[int, Sequence[int]]
    unpaid: Mapping[tuple[int, int], int]


def decide_claims(view: ExitView) -> list[Action]:
    """Return what proves every claim that is not proven yet: totals, marks, then the claims."""
    accounts = [account for account in sorted(view.series) if account not in view.claimed]
    if not accounts:
        return []
    actions: list[Action] = [] if view.has_totals else [ProveTotals()]
    needed = {series for account in accounts for series in view.series[account]}
    missing = tuple(sorted(needed - view.marked))
    starts = range(0, len(missing), MARKS_PER_CALL)
    actions += [ProveMarks(missing[start : start + MARKS_PER_CALL]) for start in starts]
    return [*actions, *map(ProveClaim, accounts)]


def decide_payments(view: ExitView) -> list[Action]:
    """Return the payments that go through now."""
    return [
        Pay(account, asset) for (account, asset), amount in sorted(view.unpaid.items()) if amount
    ]
