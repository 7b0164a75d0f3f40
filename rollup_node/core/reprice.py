"""Repricing: marks, requirements and funding of linear series of an underlying, one a step.

Source: docs/spec.md V-5. Twin: contracts/src/core/Reprice.sol.
"""

from typing import Final, NamedTuple

from rollup_node.core.averages import NOTHING_KNOWN, ROUNDS, expect_lot, read_average
from rollup_node.core.fixed_point import div_down, div_up
from rollup_node.core.frame import Frame
from rollup_node.core.funding import accrue_funding
from rollup_node.core.kinds import Phase, SeriesKind, SeriesStatus, StepKind
from rollup_node.core.layout import (
    MAX_LOT_VALUE,
    PRICE_TASK_KEY,
    PRICES_KEY,
    SERIES_PER_UNDERLYING,
    expiry_key,
    option_dates_key,
    series_key,
    series_list_key,
    series_risk_key,
    terms_key,
)
from rollup_node.core.listing import read_rules
from rollup_node.core.market_leaves import (
    NO_EXPIRY,
    NO_SERIES,
    Expiry,
    PriceRow,
    Prices,
    SeriesList,
    SeriesState,
    SeriesTerms,
)
from rollup_node.core.option_leaves import NO_DATES, OptionDates, SeriesRisk
from rollup_node.core.prices import continue_work
from rollup_node.core.reason import Reason
from rollup_node.core.scenarios import value_linear
from rollup_node.core.task_leaves import PriceTask

PPM: Final = 1_000_000
DEFAULT_SCAN_PPM: Final = 160_000
"""The largest ordinary move of the scenarios where no rules of options say another."""


def reprice(frame: Frame) -> tuple[StepKind, Reason]:
    """Reprice the next series of the underlying, or go on with its strikes, or end its epoch.

    Reads price task, prices, series list, then terms, state and, for a future, its expiry; of what
    is neither spot nor over the rules of options and its risk; after the last one the dates with
    strikes.
    """
    task: PriceTask = frame.get(PRICE_TASK_KEY)
    prices: Prices = frame.get(PRICES_KEY)
    underlying = task.underlying
    listed: SeriesList = frame.get(series_list_key(underlying)) or NO_SERIES
    place = next_place(listed, task.next)
    if place is None:
        _end_series(frame, task, prices)
        return StepKind.REPRICE, Reason.OK
    row = prices.rows[underlying]
    terms: SeriesTerms = frame.get(terms_key(listed.series[place]))
    key = series_key(listed.series[place])
    state: SeriesState = frame.get(key)
    fair = _find_fair(frame, terms, row)
    repriced = _reprice_series(frame, terms, state, row, fair)
    frame.put(key, repriced)
    if terms.kind != SeriesKind.SPOT and repriced.status < SeriesStatus.SETTLED:
        _store_risk(frame, listed.series[place], terms, repriced, fair)
    due, sample, _, _, drain, drained, resume, _ = task
    if repriced.triggers:
        drain |= 1 << place
    frame.put(
        PRICE_TASK_KEY,
        PriceTask(due, sample, underlying, place + 1, drain, drained, resume, 0),
    )
    return StepKind.REPRICE, Reason.OK


def next_place(listed: SeriesList, first: int) -> int | None:
    """Return the first place from `first` on that holds a series, None if there is none."""
    for place in range(first, SERIES_PER_UNDERLYING):
        if listed.series[place]:
            return place
    return None


def _end_series(frame: Frame, task: PriceTask, prices: Prices) -> None:
    """Go on with the strikes of the underlying; without any its epoch ends. Reads the dates."""
    due, sample, underlying, _, drain, drained, resume, _ = task
    dates: OptionDates = frame.get(option_dates_key(underlying)) or NO_DATES
    if not dates.strikes:
        end_epoch(frame, task, prices)
        return
    frame.phase = Phase.STRIKE
    frame.put(PRICE_TASK_KEY, PriceTask(due, sample, underlying, 0, drain, drained, resume, 0))


def end_epoch(frame: Frame, task: PriceTask, prices: Prices) -> None:
    """Let the epoch of an underlying grow by one; its triggers drain, or the next one follows."""
    due, sample, underlying, _, drain, drained, resume, _ = task
    row = prices.rows[underlying]
    index = row.index_price
    row = PriceRow(row.epoch + 1, frame.time_ms, index, index, row.index_ms, row.pending)
    rows = (*prices.rows[:underlying], row, *prices.rows[underlying + 1 :])
    frame.put(PRICES_KEY, Prices(rows, prices.sampled_ms))
    left = due & ~(1 << underlying)
    if drain:
        frame.phase = Phase.DRAIN
        frame.put(PRICE_TASK_KEY, PriceTask(left, sample, underlying, 0, drain, drained, resume, 0))
    else:
        continue_work(frame, PriceTask(left, sample, 0, 0, 0, drained, resume, 0))


class _Fair(NamedTuple):
    """What a lot is worth at the forward, and what it is marked at (0: unknown); µUSDC.

    They differ by the rounds of a settlement price that are known: `left` of sixty are not.
    """

    forward: int
    mark: int
    left: int
    is_over: bool


def _find_fair(frame: Frame, terms: SeriesTerms, row: PriceRow) -> _Fair:
    """Return what a series is worth: of a future its expected settlement price. Reads its expiry.

    Past its date the index is what the rounds that are left will say. Source: docs/spec.md V-5.
    """
    price, is_over, average = row.index_price, False, NOTHING_KNOWN
    if terms.kind == SeriesKind.FUTURE:
        expiry: Expiry = frame.get(expiry_key(terms.underlying, terms.expiry_slot)) or NO_EXPIRY
        is_over = expiry.expiry_at * 1_000 <= frame.time_ms
        price += 0 if is_over else max(expiry.forward, -price)
        average = read_average(expiry)
    lots = terms.lots_per_unit
    forward, mark = div_down(price, lots), expect_lot(average, price, lots)
    is_large = max(forward, mark) > MAX_LOT_VALUE or row.index_price > MAX_LOT_VALUE * lots
    return _Fair(forward, 0 if is_large or forward == 0 else mark, average.left, is_over)


def _reprice_series(
    frame: Frame, terms: SeriesTerms, state: SeriesState, row: PriceRow, fair: _Fair
) -> SeriesState:
    epoch = row.epoch + 1
    if state.status >= SeriesStatus.SETTLED:
        return state._replace(epoch=epoch)
    mark, status = fair.mark, state.status
    if mark == 0:
        mark, status = state.mark, SeriesStatus.REDUCE_ONLY
    initial = div_up(mark * initial_ppm(terms, state.open_interest), PPM)
    maintenance = div_up(mark * terms.maintenance_ppm, PPM)
    if fair.is_over:
        return state._replace(
            status=SeriesStatus.EXPIRED,
            epoch=epoch,
            mark=mark,
            initial=initial,
            maintenance=maintenance,
        )
    index, rest = state.funding_index, state.funding_rest
    if terms.kind == SeriesKind.PERPETUAL:
        index, rest = accrue_funding(terms, state, mark, frame.time_ms)
    tick = div_down(mark, terms.unit)
    return state._replace(
        status=status,
        epoch=epoch,
        mark=mark,
        initial=initial,
        maintenance=maintenance,
        funding_index=index,
        funding_rest=rest,
        premium_sum=0,
        premium_count=0,
        funded_ms=frame.time_ms,
        low=min(state.low, tick) if state.triggers and state.low else tick,
        high=max(state.high, tick) if state.triggers else tick,
    )


def _store_risk(
    frame: Frame, series: int, terms: SeriesTerms, state: SeriesState, fair: _Fair
) -> None:
    """Write what a lot gains in each scenario. Reads rules of options, then the risk. V-5."""
    scan_ppm = read_rules(frame, terms.underlying).scan_ppm or DEFAULT_SCAN_PPM
    key = series_risk_key(series)
    frame.get(key)
    lot = fair.forward if fair.mark else state.mark
    gains = value_linear(lot * fair.left, ROUNDS, scan_ppm)
    delta = div_down(PPM * fair.left, ROUNDS)
    frame.put(key, SeriesRisk(state.epoch, delta, gains))


def initial_ppm(terms: SeriesTerms, open_interest: int) -> int:
    """Return the initial margin rate, which rises to 100 % as open interest nears its cap.

    Flat up to half of the cap; above it the increment is rounded down. Source: docs/spec.md V-5.
    """
    cap, flat = terms.open_interest_cap, terms.open_interest_cap >> 1
    if open_interest <= flat:
        return terms.initial_ppm
    if open_interest >= cap:
        return PPM
    return terms.initial_ppm + div_down(
        (PPM - terms.initial_ppm) * (open_interest - flat), cap - flat
    )
