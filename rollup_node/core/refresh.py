"""The revaluation of one account at the prices of now: a task of at most four steps.

Source: docs/spec.md M-11. Twin: contracts/src/core/Refresh.sol.
"""

from typing import Final, NamedTuple

from rollup_node.core.account_leaves import AccountRisk, Hot, Position, Positions, RiskRow
from rollup_node.core.cash import add_fees, change_cash
from rollup_node.core.frame import Frame
from rollup_node.core.kinds import Phase, StepKind
from rollup_node.core.layout import (
    REFRESH_KEY,
    account_risk_key,
    hot_key,
    positions_key,
    series_key,
    terms_key,
)
from rollup_node.core.market_leaves import Prices, SeriesState, SeriesTerms
from rollup_node.core.positions import read_directory, read_page, read_risk, shift_risk
from rollup_node.core.reason import Reason
from rollup_node.core.risk import find_model, read_hot, read_prices
from rollup_node.core.task_leaves import NO_REFRESH_ROW, RefreshRow, RefreshTask

REFRESH_POSITIONS: Final = 32
"""A step revalues at most this many positions."""

FREE_POSITIONS: Final = 8
FEE_PER_POSITION_USDC: Final = 100
"""Each further position costs this much per refresh, so that nobody makes others' steps many."""

_PAID_PHASES: Final = (Phase.TAKE, Phase.LEG, Phase.LEAVE, Phase.RFQ)
"""What an account, its resting order or its quote asks for; what others do to it is free."""

_NO_SUMS: Final = (NO_REFRESH_ROW,) * 8


def begin_refresh(frame: Frame, account: int, resume: int) -> None:
    """Put the machine in phase REFRESH for an account; `resume` is the phase after it."""
    frame.get(REFRESH_KEY)
    frame.put(REFRESH_KEY, RefreshTask(account, 0, resume, _NO_SUMS))
    frame.phase = Phase.REFRESH


def refresh(frame: Frame) -> tuple[StepKind, Reason]:
    """Revalue up to 32 positions of the account in the task; the last step writes the rows.

    Reads task, prices, hot, directory; for each position its page, terms and series state, under
    portfolio margin the risk of account and series; then pools for a fee, the risk of each row,
    balances, pools and credit as money moves. Source: docs/spec.md M-11, M-15.
    """
    task: RefreshTask = frame.get(REFRESH_KEY)
    account, start, resume, _ = task
    prices = read_prices(frame)
    hot = read_hot(frame, account)
    places = read_directory(frame, account)[0]
    left = len(places) - start - places[start:].count(0)
    sheet = _Sheet(hot, prices, list(task.rows), {})
    cash = 0
    number, done = start, min(left, REFRESH_POSITIONS)
    while done:
        if places[number]:
            cash += _revalue(frame, account, number, sheet)
            done -= 1
        number += 1
    for underlying, risk in sheet.risks.items():
        frame.put(account_risk_key(account, underlying), risk)
    if left > REFRESH_POSITIONS:
        frame.put(REFRESH_KEY, RefreshTask(account, number, resume, tuple(sheet.sums)))
    else:
        cash -= _finish_fee(frame, places, resume)
        hot = _with_rows(frame, account, sheet)
        frame.phase = resume
    frame.put(hot_key(account), change_cash(frame, account, hot, cash))
    return StepKind.REFRESH, Reason.OK


class _Sheet(NamedTuple):
    """What a step revalues an account by: `sums` and `risks` per underlying are what it has so far.

    Only a model with a risk leaf has risks.
    """

    hot: Hot
    prices: Prices
    sums: list[RefreshRow]
    risks: dict[int, AccountRisk]


class _Revalued(NamedTuple):
    """A series at the prices of now."""

    series: int
    terms: SeriesTerms
    state: SeriesState
    prices: Prices


def _revalue(frame: Frame, account: int, number: int, sheet: _Sheet) -> int:
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
    model, underlying = find_model(sheet.hot.mode), terms.underlying
    value, initial, maintenance = model.contribute(position, state)
    count, total, total_initial, total_maintenance = sheet.sums[underlying]
    sheet.sums[underlying] = RefreshRow(
        count + 1,
        total + value,
        total_initial + initial,
        total_maintenance + maintenance,
    )
    if model.weigh is not None:
        risk = sheet.risks.get(underlying) or read_risk(frame, account, underlying, count)
        market = _Revalued(series, terms, state, sheet.prices)
        sheet.risks[underlying] = shift_risk(frame, market, risk, (0, lots))
    return lots * (settled_at - index)


def _finish_fee(frame: Frame, places: tuple[int, ...], resume: int) -> int:
    """Return what a refresh costs, paid to the fees; nothing before a liquidation or a sale."""
    if resume not in _PAID_PHASES:
        return 0
    fee = FEE_PER_POSITION_USDC * max(0, len(places) - places.count(0) - FREE_POSITIONS)
    if fee:
        add_fees(frame, fee)
    return fee


def _with_rows(frame: Frame, account: int, sheet: _Sheet) -> Hot:
    """Return the hot leaf with all rows that have positions current.

    Reads the risk leaf of each of them, if the model has them.
    """
    hot, prices, sums, _ = sheet
    weigh = find_model(hot.mode).weigh
    rows = list(hot.rows)
    for underlying, (price, new) in enumerate(zip(prices.rows, sums, strict=True)):
        if rows[underlying].positions == 0:
            continue
        count, value, *margins = new
        if weigh is not None:
            margins = list(weigh(read_risk(frame, account, underlying, count)))
        rows[underlying] = RiskRow(price.epoch, count, value, *margins)
    return hot._replace(rows=tuple(rows))
