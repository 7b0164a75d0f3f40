"""An account revalued on a scratch frame: what a refresh would make of it, nothing is kept.

Only functions of the law: a question gets the numbers that the next step would work with.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from rollup_node.core.account_leaves import Hot, Position
from rollup_node.core.cash import accrued_interest, change_cash
from rollup_node.core.frame import Frame
from rollup_node.core.kinds import Phase
from rollup_node.core.layout import hot_key, positions_key, series_key, terms_key
from rollup_node.core.leaves import Amounts, LeafReader
from rollup_node.core.market_leaves import Prices, SeriesState, SeriesTerms
from rollup_node.core.positions import (
    apply_fill,
    find_position,
    free_number,
    read_directory,
    store_position,
)
from rollup_node.core.refresh import begin_refresh, refresh
from rollup_node.core.risk import find_model, read_amounts, read_hot, read_prices
from rollup_node.roles.portfolio_sums import sum_portfolio

_PAGE_MASK: Final = 7


class Weighed(NamedTuple):
    """An account with current rows; `settled` is what funding paid it, `interest` what it owed."""

    frame: Frame
    hot: Hot
    amounts: Amounts
    prices: Prices
    positions: list[Position]
    settled: int
    interest: int


def weigh_account(
    state: LeafReader,
    account: int,
    time_ms: int,
    changes: Mapping[int, int] | None = None,
    mode: int | None = None,
) -> Weighed:
    """Return an account at the marks of now, after `changes` of its lots by series.

    What is added is bought or sold at its mark, without fees: it is worth nothing at first. `mode`
    is a risk model instead of its own.

    Raises
    ------
    ValueError
        If there is no place for a position.
    """
    frame = Frame(state, time_ms, 0, Phase.IDLE, 0)
    before = read_amounts(frame, account)[0]
    hot = read_hot(frame, account)
    interest = accrued_interest(before, hot.interest_ms, time_ms)
    if mode is not None:
        frame.put(hot_key(account), hot._replace(mode=mode))
    traded = sum(_trade(frame, account, series, lots) for series, lots in (changes or {}).items())
    begin_refresh(frame, account, Phase.IDLE)
    while frame.phase == Phase.REFRESH:
        refresh(frame)
    amounts = read_amounts(frame, account)
    return Weighed(
        frame=frame,
        hot=read_hot(frame, account),
        amounts=amounts,
        prices=read_prices(frame),
        positions=_positions(frame, account),
        settled=amounts[0] - before + interest - traded,
        interest=interest,
    )


def weigh_position(weighed: Weighed, position: Position) -> tuple[int, int, int]:
    """Return value, initial and maintenance of a position, µUSDC, before the factor of its row.

    Under portfolio margin what it would require alone: together positions require less, or more.
    """
    model = find_model(weighed.hot.mode)
    value, initial, maintenance = model.contribute(
        position, weighed.frame.get(series_key(position.series))
    )
    if model.weigh is not None:
        for found in sum_portfolio(weighed.frame, [position]).values():
            initial, maintenance = model.weigh(found.risk)
    return value, initial, maintenance


def held_positions(state: LeafReader, account: int) -> list[Position]:
    """Return the positions of an account as they are, funding not settled."""
    return _positions(Frame(state, 0, 0, Phase.IDLE, 0), account)


def _trade(frame: Frame, account: int, series: int, lots: int) -> int:
    """Change a position at the mark; return the cash that moved by closing some of it."""
    number, position = find_position(frame, account, series)
    if not lots:
        return 0
    if number is None and free_number(frame, account) is None:
        raise ValueError(f"account {account} has no place for another position")
    terms: SeriesTerms = frame.get(terms_key(series))
    state: SeriesState = frame.get(series_key(series))
    funded = position._replace(funding_index=state.funding_index)
    after, cash = apply_fill(funded, series, lots, state.mark, state.funding_index, 0)
    owed = position.lots * (position.funding_index - state.funding_index)
    store_position(frame, account, number, after)
    hot = read_hot(frame, account)
    row = hot.rows[terms.underlying]
    count = row.positions + (after.lots != 0) - (position.lots != 0)
    rows = list(hot.rows)
    rows[terms.underlying] = row._replace(positions=count)
    hot = hot._replace(rows=tuple(rows))
    frame.put(hot_key(account), change_cash(frame, account, hot, cash + owed))
    return cash


def _positions(frame: Frame, account: int) -> list[Position]:
    places = read_directory(frame, account).series
    numbers = [number for number, series in enumerate(places) if series]
    pages = [frame.get(positions_key(account, number)) for number in numbers]
    return [page.rows[number & _PAGE_MASK] for page, number in zip(pages, numbers, strict=True)]
