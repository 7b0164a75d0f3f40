"""What is left of settlement dates that have passed: read from the state, and kept up to date.

As long as no date has passed this is a look at each date. When one does, all accounts are looked at
once; from then on only those that change.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from rollup_node.core.inputs import Settle
from rollup_node.core.kinds import SeriesKind
from rollup_node.core.layout import (
    ACCOUNT_FIELD_BITS,
    ACCOUNTS,
    DIRECTORY_FIELD,
    EXPIRIES,
    INDEX_BITS,
    SERIES_LIMIT,
    UNDERLYING_LIMIT,
    directory_key,
    expiry_key,
    grid_key,
    series_key,
    terms_key,
)
from rollup_node.core.market_leaves import NO_GRID, Expiry, SeriesTerms, SettlementGrid
from rollup_node.proof.chain_state import ChainState
from rollup_node.roles.settlements import Ended

_FIELD_MASK: Final = (1 << ACCOUNT_FIELD_BITS) - 1
_FIRST: Final = ACCOUNTS << INDEX_BITS
_END: Final = (ACCOUNTS + 1) << INDEX_BITS
_MS: Final = 1_000
_PLACES: Final = tuple(
    (underlying, slot) for underlying in range(UNDERLYING_LIMIT) for slot in range(EXPIRIES)
)


class _Date(NamedTuple):
    """A settlement date: whose, its slot, and unix seconds (a slot is used again later)."""

    underlying: int
    slot: int
    expiry_at: int


class EndedDates:
    """Follows one state; make another one after it went back."""

    def __init__(self) -> None:
        self._series: dict[_Date, tuple[int, ...]] = {}
        self._holders: dict[int, set[int]] = {}

    def read(self, state: ChainState, now_ms: int, changed: Iterable[int]) -> list[Ended]:
        """Return the dates with open positions; `changed` are the accounts since the last time.

        Nobody gets a position in a series whose date has passed (O-2, K-7), and no series is listed
        for such a date (V-1): what was found once only becomes less.
        """
        fresh = [date for date in _passed_dates(state, now_ms) if date not in self._series]
        if fresh:
            self._series |= _find_series(state, fresh)
        self._forget(state)
        if any(self._series[date] for date in fresh):
            changed = _accounts(state)
        for account in changed if self._holders else ():
            self._note(account, state)
        return [self._look(state, date) for date, series in self._series.items() if series]

    def _forget(self, state: ChainState) -> None:
        """Drop series without open interest, and begin with those that are new."""
        self._series = {
            date: tuple(number for number in series if state.get(series_key(number)).open_interest)
            for date, series in self._series.items()
        }
        known = self._holders
        wanted = [number for series in self._series.values() for number in series]
        self._holders = {number: known.get(number, set()) for number in wanted}

    def _note(self, account: int, state: ChainState) -> None:
        directory = state.get(directory_key(account))
        held = frozenset(directory.series) if directory is not None else frozenset()
        for series, holders in self._holders.items():
            if series in held:
                holders.add(account)
            else:
                holders.discard(account)

    def _look(self, state: ChainState, date: _Date) -> Ended:
        underlying, slot, expiry_at = date
        expiry: Expiry = state.get(expiry_key(underlying, slot))
        grid: SettlementGrid = state.get(grid_key(underlying, slot)) or NO_GRID
        has_all = grid.expiry_at == expiry_at and 0 not in grid.prices
        positions = [
            Settle(account, series)
            for series in self._series[date]
            for account in self._holders[series]
        ]
        return Ended(expiry_at, bool(expiry.price) or has_all, positions)


def _passed_dates(state: ChainState, now_ms: int) -> list[_Date]:
    """Return all settlement dates up to now."""
    found: list[_Date] = []
    for underlying, slot in _PLACES:
        expiry: Expiry | None = state.get(expiry_key(underlying, slot))
        if expiry is not None and 0 < expiry.expiry_at * _MS <= now_ms:
            found.append(_Date(underlying, slot, expiry.expiry_at))
    return found


def _find_series(state: ChainState, dates: list[_Date]) -> dict[_Date, tuple[int, ...]]:
    """Return the series that end at each date; futures are the first kind that has one."""
    found: dict[tuple[int, int], list[int]] = {date[:2]: [] for date in dates}
    for series in range(1, SERIES_LIMIT):
        terms: SeriesTerms | None = state.get(terms_key(series))
        if terms is not None and terms.kind >= SeriesKind.FUTURE:
            found.get((terms.underlying, terms.expiry_slot), []).append(series)
    return {date: tuple(found[date[:2]]) for date in dates}


def _accounts(state: ChainState) -> list[int]:
    """Return every account that has ever held a position."""
    return [
        (key - _FIRST) >> ACCOUNT_FIELD_BITS
        for key in state.keys()  # noqa: SIM118 - a method of the state, not a mapping
        if _FIRST <= key < _END and key & _FIELD_MASK == DIRECTORY_FIELD
    ]
