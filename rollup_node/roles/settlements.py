"""Whom to settle: every position in a series whose date has passed, once its price can be fixed.

Nobody need ask for it, but nobody else will: a position in such a series can be neither traded nor
closed, and holds back what it required until somebody sends the record. Source: docs/spec.md V-10.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from rollup_node.core.inputs import Settle
from rollup_node.core.settlement import LATE_SECONDS

SETTLE_LIMIT: Final = 32
"""So many positions are asked for in one turn; the rest follows in the next ones."""

SETTLE_RETRY_MS: Final = 60_000
"""A settlement that was asked for is asked for again after this time: it was refused, or lost."""

_MS: Final = 1_000


class Ended(NamedTuple):
    """A settlement date that has passed, unix seconds, and the positions that are left of it.

    `is_priced`: all its rounds are there, or its price is fixed already.
    """

    expiry_at: int
    is_priced: bool
    positions: Sequence[Settle]


class Settlements:
    """Remembers what was asked for, as long as it is not done."""

    def __init__(self) -> None:
        self._again: dict[Settle, int] = {}

    def decide(self, dates: Sequence[Ended], now_ms: int) -> list[Settle]:
        """Return what to ask for now: the oldest date first, then by series and account."""
        left = [
            settle
            for date in sorted(dates, key=lambda date: date.expiry_at)
            if can_settle(date, now_ms)
            for settle in sorted(date.positions, key=lambda held: (held.series, held.account))
        ]
        again = {settle: self._again[settle] for settle in left if settle in self._again}
        found = [settle for settle in left if again.get(settle, 0) <= now_ms][:SETTLE_LIMIT]
        again.update(dict.fromkeys(found, now_ms + SETTLE_RETRY_MS))
        self._again = again
        return found


def can_settle(date: Ended, now_ms: int) -> bool:
    """Tell whether the price of a date can be fixed: what is missing comes too late (V-9)."""
    return date.is_priced or now_ms >= (date.expiry_at + LATE_SECONDS) * _MS
