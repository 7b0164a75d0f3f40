"""The revaluation of one account at the prices of now: a task of at most four steps.

Source: docs/spec.md M-11. Twin: contracts/src/core/Refresh.sol.
"""

from typing import Final

from rollup_node.core.account_leaves import Hot, Position, Positions, RiskRow
from rollup_node.core.cash import add_fees, change_cash
from rollup_node.core.frame import Frame
from rollup_node.core.kinds import Phase, StepKind
from rollup_node.core.layout import (
    REFRESH_KEY,
    hot_key,
    positions_key,
    series_key,
    terms_key,
)
from rollup_node.core.market_leaves import Prices, SeriesState, SeriesTerms
from rollup_node.core.positions import read_directory, read_page
from rollup_node.core.reason import Reason
from rollup_node.core.risk import find_model, read_hot, read_prices
from rollup_node.core.task_leaves import NO_REFRESH_ROW, RefreshRow, RefreshTask

REFRESH_POSITIONS: Final = 32
"""A step revalues at most this many positions."""

FREE_POSITIONS: Final = 8
FEE_PER_POSITION_USDC: Final = 100
"""Each further position costs this much per refresh, so that nobody makes others' steps many."""

_PAID_PHASES: Final = (Phase.TAKE, Phase.LEG, Phase.LEAVE)
"""What an account, or an order that it rests, asks for; what others do to it costs it nothing."""

_NO_SUMS: Final = (NO_REFRESH_ROW,) * 8


def begin_refresh(frame: Frame, account: int, resume: int) -> None:
    """Put the machine in phase REFRESH for an account; `resume` is the phase after it."""
    frame.get(REFRESH_KEY)
    frame.put(REFRESH_KEY, RefreshTask(account, 0, resume, _NO_SUMS))
    frame.phase = Phase.REFRESH


def refresh(frame: Frame) -> tuple[StepKind, Reason]:
    """Revalue up to 32 positions of the account in the task; the last step writes the rows.

    Reads task, prices, hot, directory; for each position its page, terms and series state; then
    balances, pools and credit as money moves. Source: docs/spec.md M-11.
    """
    task: RefreshTask = frame.get(REFRESH_KEY)
    account, start, resume, _ = task
    prices = read_prices(frame)
    hot = read_hot(frame, account)
    places = read_directory(frame, account)[0]
    left = len(places) - start - places[start:].count(0)
    sums = list(task.rows)
    cash = 0
    number, done = start, min(left, REFRESH_POSITIONS)
    while done:
        if places[number]:
            cash += _revalue(frame, hot, number, account, sums)
            done -= 1
        number += 1
    if left > REFRESH_POSITIONS:
        frame.put(REFRESH_KEY, RefreshTask(account, number, resume, tuple(sums)))
    else:
        cash -= _finish_fee(frame, places, resume)
        hot = _with_rows(hot, prices, sums)
        frame.phase = resume
    frame.put(hot_key(account), change_cash(frame, account, hot, cash))
    return StepKind.REFRESH, Reason.OK


def _revalue(frame: Frame, hot: Hot, number: int, account: int, sums: list[RefreshRow]) -> int:
    """Settle the funding of one position and add it to the sums; returns the cash it moves."""
    rows = read_page(frame, account, number)[0]
    place = number & 7
    position = rows[place]
    series, lots, basis, settled_at, generation = position
    terms: SeriesTerms = frame.get(terms_key(series))
    state: SeriesState = frame.get(series_key(series))
    index = state.funding_index
    if settled_at != index:
        position = Position(series, lots, basis, index, generation)
        changed = (*rows[:place], position, *rows[place + 1 :])
        frame.put(positions_key(account, number), Positions(changed))
    value, initial, maintenance = find_model(hot.mode).contribute(position, state)
    count, total, total_initial, total_maintenance = sums[terms.underlying]
    sums[terms.underlying] = RefreshRow(
        count + 1,
        total + value,
        total_initial + initial,
        total_maintenance + maintenance,
    )
    return lots * (settled_at - index)


def _finish_fee(frame: Frame, places: tuple[int, ...], resume: int) -> int:
    """Return what a refresh costs, paid to the fees; nothing before a liquidation or a sale."""
    if resume not in _PAID_PHASES:
        return 0
    fee = FEE_PER_POSITION_USDC * max(0, len(places) - places.count(0) - FREE_POSITIONS)
    if fee:
        add_fees(frame, fee)
    return fee


def _with_rows(hot: Hot, prices: Prices, sums: list[RefreshRow]) -> Hot:
    """Return the hot leaf with all rows that have positions current."""
    rows = tuple(
        RiskRow(price[0], *new) if row[1] else row
        for row, price, new in zip(hot[11], prices[0], sums, strict=True)
    )
    return Hot(*hot[:11], rows)
