"""Repricing of options: one strike, its call and its put, a step.

Source: docs/spec.md V-14. Twin: contracts/src/core/Strikes.sol.
"""

from typing import Final, NamedTuple

from rollup_node.core.averages import read_average
from rollup_node.core.fixed_point import div_up
from rollup_node.core.frame import Frame
from rollup_node.core.kinds import SeriesStatus, StepKind
from rollup_node.core.layout import (
    EXPIRIES,
    MAX_LOT_VALUE,
    PRICE_TASK_KEY,
    PRICES_KEY,
    STRIKES_PER_EXPIRY,
    board_key,
    expiry_key,
    option_dates_key,
    series_key,
    series_risk_key,
    terms_key,
)
from rollup_node.core.listing import OPEN, read_rules
from rollup_node.core.market_leaves import Expiry, PriceRow, Prices, SeriesState, SeriesTerms
from rollup_node.core.option_leaves import Board, OptionDates, OptionRules, SeriesRisk
from rollup_node.core.reason import Reason
from rollup_node.core.reprice import end_epoch
from rollup_node.core.scenarios import Moves, Valuation, value_strike
from rollup_node.core.task_leaves import PriceTask

OLD_SURFACE_MS: Final = 600_000
"""An older surface still prices options, but only what reduces risk is traded."""

_PPM: Final = 1_000_000
_INT32: Final = 1 << 31


class _Place(NamedTuple):
    """A strike to reprice: its place over all dates, its board and its row."""

    number: int
    board: Board
    call: int


def reprice_strike(frame: Frame) -> tuple[StepKind, Reason]:
    """Reprice call and put of the next strike of the underlying, or end its epoch.

    Reads price task, prices, dates, the board of the next strike (and that of the place before it
    if it has none left); then rules, expiry, terms of the call, state and risk of call and put.
    """
    task: PriceTask = frame.get(PRICE_TASK_KEY)
    prices: Prices = frame.get(PRICES_KEY)
    place = _next_strike(frame, task.underlying, task.next)
    if place is None:
        end_epoch(frame, task, prices)
        return StepKind.STRIKE, Reason.OK
    _reprice(frame, task.underlying, place, prices.rows[task.underlying])
    due, sample, underlying, _, drain, drained, resume, _ = task
    following = PriceTask(due, sample, underlying, place.number + 1, drain, drained, resume, 0)
    frame.put(PRICE_TASK_KEY, following)
    return StepKind.STRIKE, Reason.OK


def _next_strike(frame: Frame, underlying: int, first: int) -> _Place | None:
    """Return the first strike from place `first` on, None if there is none."""
    dates: OptionDates = frame.get(option_dates_key(underlying))
    for expiry_slot in range(first >> 5, EXPIRIES):
        if dates.dates >> expiry_slot & 1:
            board: Board = frame.get(board_key(underlying, expiry_slot))
            base = expiry_slot * STRIKES_PER_EXPIRY
            for number in range(max(first, base), base + STRIKES_PER_EXPIRY):
                call = board.strikes[number - base].series
                if call:
                    return _Place(number, board, call)
    return None


def _reprice(frame: Frame, underlying: int, place: _Place, row: PriceRow) -> None:
    rules = read_rules(frame, underlying)
    number, board, call = place
    expiry: Expiry = frame.get(expiry_key(underlying, number >> 5))
    terms: SeriesTerms = frame.get(terms_key(call))
    found = _value(rules, board, expiry, terms, row, frame.time_ms)
    is_over = expiry.expiry_at * 1_000 <= frame.time_ms
    is_old = frame.time_ms > board.surface_ms + OLD_SURFACE_MS
    status = SeriesStatus.REDUCE_ONLY if is_old or rules.status != OPEN else SeriesStatus.TRADING
    status = SeriesStatus.EXPIRED if is_over else status
    for series, moves in ((call, found and found[0]), (call + 1, found and found[1])):
        state: SeriesState = frame.get(series_key(series))
        frame.get(series_risk_key(series))
        epoch = row.epoch + 1
        if state.status >= SeriesStatus.SETTLED:
            frame.put(series_key(series), state._replace(epoch=epoch))
            continue
        initial, maintenance = compute_short_margins(rules, terms, row.index_price, series & 1)
        is_large = row.index_price > MAX_LOT_VALUE * terms.lots_per_unit
        if moves is None or initial > MAX_LOT_VALUE or is_large:
            unpriced = SeriesStatus.EXPIRED if is_over else SeriesStatus.REDUCE_ONLY
            frame.put(series_key(series), state._replace(status=unpriced, epoch=epoch))
            continue
        frame.put(
            series_key(series),
            state._replace(
                status=status,
                epoch=epoch,
                mark=moves.mark,
                initial=initial,
                maintenance=maintenance,
            ),
        )
        frame.put(series_risk_key(series), SeriesRisk(epoch, moves.delta, moves.gains))


def _value(
    rules: OptionRules,
    board: Board,
    expiry: Expiry,
    terms: SeriesTerms,
    row: PriceRow,
    time_ms: int,
) -> tuple[Moves, Moves] | None:
    """Return what call and put are worth, None if nobody can say or it does not fit.

    Past the date the rounds that are left say the index, as it is or moved.
    """
    left_ms = max(0, expiry.expiry_at * 1_000 - time_ms)
    forward = row.index_price + (expiry.forward if left_ms else 0)
    if board.surface_ms == 0 or forward <= 0:
        return None
    found = value_strike(
        Valuation(
            forward=forward,
            strike=terms.strike,
            lots_per_unit=terms.lots_per_unit,
            smile=board.nodes,
            left_ms=left_ms,
            scan_ppm=rules.scan_ppm,
            average=read_average(expiry),
        )
    )
    return found if all(map(_fits, found)) else None


def _fits(moves: Moves) -> bool:
    return moves.mark <= MAX_LOT_VALUE and all(-_INT32 <= gain < _INT32 for gain in moves.gains)


def compute_short_margins(
    rules: OptionRules, terms: SeriesTerms, index: int, is_put: int
) -> tuple[int, int]:
    """Return what a short lot requires initially and in maintenance, µUSDC, rounded up. M-12."""
    strike = terms.strike
    beyond = max(0, index - strike if is_put else strike - index)
    wanted = max(index * rules.initial_ppm - beyond * _PPM, index * rules.floor_ppm)
    parts = terms.lots_per_unit * _PPM
    return div_up(wanted, parts), div_up(index * rules.maintenance_ppm, parts)
