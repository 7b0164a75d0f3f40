"""Orders that wait for a price: what fires after a reprice, one a step.

Source: docs/spec.md L-7, V-7. Twin: contracts/src/core/Triggers.sol.
"""

from typing import Final

from rollup_node.core.book import next_tick, unlink_order
from rollup_node.core.book_leaves import Level, Order
from rollup_node.core.events import OrderRemoved
from rollup_node.core.fixed_point import div_down
from rollup_node.core.flags import KIND_SHIFT, REDUCE_ONLY_FLAG
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import Trigger
from rollup_node.core.kinds import Phase, SeriesStatus, StepKind
from rollup_node.core.layout import (
    PRICE_TASK_KEY,
    TAKER_KEY,
    TICK_LIMIT,
    UNDERLYING_LIMIT,
    level_key,
    order_key,
    series_key,
    series_list_key,
    terms_key,
)
from rollup_node.core.market_leaves import NO_SERIES, SeriesList, SeriesState, SeriesTerms
from rollup_node.core.order_checks import FIRED, is_out_of_band
from rollup_node.core.prices import begin_reprice, continue_work, is_due, lowest_bit
from rollup_node.core.reason import Reason
from rollup_node.core.risk import is_restricted, read_hot, read_prices
from rollup_node.core.task_leaves import PriceTask, Taker
from rollup_node.core.void import is_void

DRAIN_LIMIT: Final = 64
"""At most this many triggers fire in one go; the rest stays due. Source: docs/spec.md L-7."""

_KIND_MASK: Final = 3 << KIND_SHIFT
_OK: Final = Reason.OK


def apply_trigger(frame: Frame, trigger: Trigger, _authority: Authority) -> Reason:
    """Begin what is due and was not begun: a reprice, else triggers that are left.

    Reads prices; then the price task, or the list and the state of each series, and the task if
    one has triggers left. Source: docs/spec.md V-7.
    """
    underlying = trigger.underlying
    if underlying >= UNDERLYING_LIMIT:
        return Reason.UNKNOWN_UNDERLYING
    if is_due(read_prices(frame).rows[underlying], frame.time_ms):
        begin_reprice(frame, underlying)
        return _OK
    listed: SeriesList = frame.get(series_list_key(underlying)) or NO_SERIES
    drain = 0
    for place, series in enumerate(listed.series):
        if series and has_due_triggers(frame.get(series_key(series))):
            drain |= 1 << place
    if drain == 0:
        return Reason.NOTHING_DUE
    frame.get(PRICE_TASK_KEY)
    frame.put(PRICE_TASK_KEY, PriceTask(0, 0, underlying, 0, drain, 0, frame.phase, 0))
    frame.phase = Phase.DRAIN
    return _OK


def has_due_triggers(state: SeriesState) -> bool:
    """Say whether a drain of the series did not come to its end: its range is still open."""
    return state.triggers != 0 and state.low < state.high


def drain(frame: Frame) -> tuple[StepKind, Reason]:
    """Fire the next trigger of the series that is due, or close its range, or leave the rest.

    Reads price task, list, terms, state, words of the trigger map, then level, order and hot of
    its owner, what O-6 reads, what unlinking reads, prices, the taker. Source: docs/spec.md L-7.
    """
    return StepKind.DRAIN, _drain(frame)


def _drain(frame: Frame) -> Reason:
    task: PriceTask = frame.get(PRICE_TASK_KEY)
    due, sample, underlying, _, waiting, drained, resume, _ = task
    listed: SeriesList = frame.get(series_list_key(underlying)) or NO_SERIES
    if drained >= DRAIN_LIMIT or waiting == 0:
        continue_work(frame, PriceTask(due, sample, 0, 0, 0, drained, resume, 0))
        return _OK
    series = listed.series[lowest_bit(waiting)]
    terms: SeriesTerms = frame.get(terms_key(series))
    key = series_key(series)
    state: SeriesState = frame.get(key)
    tick = _next_trigger(frame, terms.book, state)
    if tick == 0:
        now = div_down(state.mark, terms.unit)
        frame.put(key, state._replace(low=now, high=now))
        left = waiting & waiting - 1
        if left:
            frame.put(
                PRICE_TASK_KEY, PriceTask(due, sample, underlying, 0, left, drained, resume, 0)
            )
        else:
            continue_work(frame, PriceTask(due, sample, 0, 0, 0, drained, resume, 0))
        return _OK
    frame.put(
        PRICE_TASK_KEY, PriceTask(due, sample, underlying, 0, waiting, drained + 1, resume, 0)
    )
    level: Level = frame.get(level_key(terms.book, tick, triggers=True))
    return _fire(frame, terms, state, level.head)


def _next_trigger(frame: Frame, book: int, state: SeriesState) -> int:
    """Return the lowest trigger tick inside the range of a series, 0 if there is none."""
    start = min(max(state.low, 1), TICK_LIMIT) - 1
    tick = next_tick(frame, book, start, up=True, triggers=True)
    return tick if tick <= state.high else 0


def _fire(frame: Frame, terms: SeriesTerms, state: SeriesState, slot: int) -> Reason:
    """Take a trigger order out of the trigger book; it goes on as a limit order, or is over."""
    order: Order = frame.get(order_key(slot))
    hot = read_hot(frame, order.account)
    if is_void(frame, order, hot):
        reason = Reason.MAKER_VOID
    else:
        reason = _check_fired(frame, order, terms, state)
    unlink_order(frame, slot)
    frame.events.append(OrderRemoved(slot, order, reason))
    if reason is not _OK:
        return reason
    frame.get(TAKER_KEY)
    frame.put(
        TAKER_KEY,
        Taker(
            order.account, order.series, order.flags & ~_KIND_MASK, order.tick, 0, order.remaining,
            order.expiry_at, order.slot, order.tag, order.fee_cap_ppm, order.key, order.generation,
            0, 0, FIRED, Phase.DRAIN, 0,
        ),
    )  # fmt: skip
    frame.phase = Phase.TAKE
    return _OK


def _check_fired(frame: Frame, order: Order, terms: SeriesTerms, state: SeriesState) -> Reason:
    """Check what may have changed since a trigger order was placed. Reads prices. Source: L-7."""
    price = read_prices(frame).rows[terms.underlying]
    restricted = state.status == SeriesStatus.REDUCE_ONLY or is_restricted(price, frame.time_ms)
    if restricted and not order.flags & REDUCE_ONLY_FLAG:
        return Reason.REDUCE_ONLY
    if order.fee_cap_ppm < terms.taker_fee_ppm:
        return Reason.FEE_ABOVE_CAP
    if is_out_of_band(order.flags, order.tick, terms, state.mark):
        return Reason.PRICE_BAND
    return _OK
