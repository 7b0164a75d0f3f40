"""What is left of dates that have passed, read from a state: futures and options, by their date."""

from typing import Final

from rollup_node.core.account_leaves import Directory
from rollup_node.core.inputs import Settle
from rollup_node.core.kinds import SeriesKind
from rollup_node.core.layout import (
    POSITION_LIMIT,
    LeafKey,
    directory_key,
    expiry_key,
    grid_key,
    series_key,
    terms_key,
)
from rollup_node.core.leaves import Leaf
from rollup_node.core.market_leaves import Expiry, SettlementGrid
from rollup_node.node.settlements import EndedDates
from rollup_node.proof.chain_state import ChainState
from rollup_node.roles.settlements import Ended
from tests.unit.core.exchange import STATE, TERMS

AT: Final = 1_700_000_000
NOW_MS: Final = AT * 1_000
SLOT: Final = 3
PERP: Final = 2
FUTURE: Final = 4
CALL: Final = 2_048
PUT: Final = 2_049
OTHER: Final = 5
NOBODY: Final = range(0)
"""No account has changed; when a date is new all are looked at nevertheless."""


def holds(account: int, *series: int) -> dict[LeafKey, Leaf]:
    """Return the directory of an account with positions in some series."""
    held = (*series, *(0,) * (POSITION_LIMIT - len(series)))
    return {directory_key(account): Directory(held)}


def lists(series: int, kind: int, slot: int = SLOT, lots: int = 10) -> dict[LeafKey, Leaf]:
    """Return a series with open interest."""
    return {
        terms_key(series): TERMS._replace(kind=kind, underlying=1, expiry_slot=slot, book=series),
        series_key(series): STATE._replace(open_interest=lots),
    }


def make_state() -> ChainState:
    """Return a date with a future and two options, another date, and a perpetual of this slot."""
    state = ChainState()
    state.commit({expiry_key(1, SLOT): Expiry(AT, 0, 0, 0)})
    state.commit({expiry_key(1, SLOT + 1): Expiry(AT + 60, 0, 0, 0)})
    for series, kind in ((PERP, 2), (FUTURE, 3), (CALL, SeriesKind.CALL), (PUT, SeriesKind.PUT)):
        state.commit(lists(series, kind))
    state.commit(lists(OTHER, SeriesKind.FUTURE, SLOT + 1))
    state.commit(holds(7, PERP, FUTURE, CALL) | holds(8, OTHER, PUT) | holds(9, CALL))
    return state


def settles(dates: list[Ended]) -> list[set[Settle]]:
    return [set(date.positions) for date in dates]


def test_read_finds_futures_and_options_of_the_date_and_nothing_else() -> None:
    state, dates = make_state(), EndedDates()
    assert dates.read(state, NOW_MS - 1, NOBODY) == []
    (found,) = dates.read(state, NOW_MS, NOBODY)
    assert (found.expiry_at, found.is_priced) == (AT, False)
    wanted = {Settle(7, FUTURE), Settle(7, CALL), Settle(9, CALL), Settle(8, PUT)}
    assert set(found.positions) == wanted
    both = settles(dates.read(state, NOW_MS + 60_000, NOBODY))
    assert both == [wanted, {Settle(8, OTHER)}]


def test_read_who_is_settled_is_gone_and_a_series_without_open_interest_too() -> None:
    state, dates = make_state(), EndedDates()
    dates.read(state, NOW_MS, NOBODY)
    state.commit(holds(7, PERP, 0, CALL) | lists(FUTURE, SeriesKind.FUTURE, lots=0))
    assert settles(dates.read(state, NOW_MS, [7])) == [
        {Settle(7, CALL), Settle(9, CALL), Settle(8, PUT)}
    ]
    state.commit(holds(7) | holds(8) | holds(9))
    for series, kind in ((CALL, SeriesKind.CALL), (PUT, SeriesKind.PUT)):
        state.commit(lists(series, kind, lots=0))
    assert dates.read(state, NOW_MS, [7, 8, 9]) == []


def test_read_price_is_there_when_it_is_fixed_or_all_rounds_of_this_date_are() -> None:
    state, dates = make_state(), EndedDates()
    rounds = {False: (5,) * 59 + (0,), True: (5,) * 60}
    for is_priced, prices in rounds.items():
        state.commit({grid_key(1, SLOT): SettlementGrid(AT, prices)})
        assert [date.is_priced for date in dates.read(state, NOW_MS, NOBODY)] == [is_priced]
    state.commit({grid_key(1, SLOT): SettlementGrid(AT - 1, rounds[True])})
    assert [date.is_priced for date in dates.read(state, NOW_MS, NOBODY)] == [False]
    state.commit({expiry_key(1, SLOT): Expiry(AT, 0, 0, 9)})
    assert [date.is_priced for date in dates.read(state, NOW_MS, NOBODY)] == [True]


def test_read_slot_that_is_used_again_begins_anew() -> None:
    state, dates = make_state(), EndedDates()
    state.commit(lists(FUTURE, SeriesKind.FUTURE, lots=0))
    for series, kind in ((CALL, SeriesKind.CALL), (PUT, SeriesKind.PUT)):
        state.commit(lists(series, kind, lots=0))
    assert dates.read(state, NOW_MS, NOBODY) == []
    state.commit({expiry_key(1, SLOT): Expiry(AT + 30, 0, 0, 0)})
    state.commit(lists(FUTURE, SeriesKind.FUTURE))
    assert dates.read(state, NOW_MS, NOBODY) == []
    assert settles(dates.read(state, NOW_MS + 30_000, NOBODY)) == [{Settle(7, FUTURE)}]
