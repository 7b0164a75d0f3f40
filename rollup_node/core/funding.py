"""Funding of perpetuals: samples of the book's premium, and the index they move.

Source: docs/spec.md V-8. Twin: contracts/src/core/Funding.sol.
"""

from typing import Final, NamedTuple

from rollup_node.core.book import next_tick
from rollup_node.core.book_leaves import NO_LEVEL, Level, Order
from rollup_node.core.fixed_point import div_down, div_to_zero, modulo
from rollup_node.core.flags import REDUCE_ONLY_FLAG
from rollup_node.core.frame import Frame
from rollup_node.core.kinds import SeriesKind, SeriesStatus, StepKind
from rollup_node.core.layout import (
    PRICE_TASK_KEY,
    PRICES_KEY,
    level_key,
    order_key,
    series_key,
    series_list_key,
    terms_key,
)
from rollup_node.core.market_leaves import (
    NO_SERIES,
    Prices,
    SeriesList,
    SeriesState,
    SeriesTerms,
)
from rollup_node.core.prices import continue_work
from rollup_node.core.reason import Reason
from rollup_node.core.task_leaves import PriceTask

FUNDING_PERIOD_MS: Final = 28_800_000
"""A premium is paid over this time, 8 hours; also the longest time one reprice accrues."""
SAMPLE_ORDERS: Final = 16
_PPM: Final = 1_000_000
_PPB: Final = 1_000_000_000


def accrue_funding(
    terms: SeriesTerms, state: SeriesState, mark: int, time_ms: int
) -> tuple[int, int]:
    """Return the funding index (µUSDC per lot) and its remainder after the time since `funded_ms`.

    Longs pay when it rises. The index is rounded down and the rest kept, so nothing is lost.
    """
    if not state.funded_ms:
        return state.funding_index, state.funding_rest
    elapsed_ms = min(time_ms - state.funded_ms, FUNDING_PERIOD_MS)
    premium = div_to_zero(state.premium_sum, max(state.premium_count, 1))
    wanted = premium + div_to_zero(mark * terms.interest_ppb, _PPB)
    limit = div_down(mark * terms.funding_clamp_ppm, _PPM)
    rate = min(max(wanted, -limit), limit)
    rest = state.funding_rest + rate * elapsed_ms
    return (
        state.funding_index + div_down(rest, FUNDING_PERIOD_MS),
        modulo(rest, FUNDING_PERIOD_MS),
    )


class _Place(NamedTuple):
    """A perpetual to sample: its place in the list and its leaves."""

    number: int
    series: int
    terms: SeriesTerms
    state: SeriesState


def sample(frame: Frame) -> tuple[StepKind, Reason]:
    """Walk one side of the next perpetual's book; after the asks the premium is counted.

    Reads price task, prices, series list, terms and state up to the next perpetual, then levels,
    orders and tick map. Reasons: `SAMPLE_MISSING` if both sides are too thin.
    """
    task: PriceTask = frame.get(PRICE_TASK_KEY)
    prices: Prices = frame.get(PRICES_KEY)
    due, pending, underlying, at, drain, drained, resume, impact = task
    listed: SeriesList = frame.get(series_list_key(underlying)) or NO_SERIES
    place = _next_perpetual(frame, listed, at >> 1)
    if place is None:
        continue_work(
            frame, PriceTask(due, pending & ~(1 << underlying), 0, 0, 0, drained, resume, 0)
        )
        return StepKind.SAMPLE, Reason.OK
    number, series, terms, state = place
    is_asks = number == at >> 1 and bool(at & 1)
    found = _impact_price(frame, terms, state, is_asks=is_asks)
    reason, bid = Reason.OK, found
    if is_asks:
        fair = div_down(prices.rows[underlying].index_price, terms.lots_per_unit)
        reason, bid = _count_sample(frame, series, state, fair, (impact, found)), 0
    following = 2 * number + 1 + is_asks
    frame.put(
        PRICE_TASK_KEY,
        PriceTask(due, pending, underlying, following, drain, drained, resume, bid),
    )
    return StepKind.SAMPLE, reason


def _next_perpetual(frame: Frame, listed: SeriesList, first: int) -> _Place | None:
    """Return the first perpetual that trades, from place `first` on. Reads terms, then state."""
    for number, series in enumerate(listed.series[first:], first):
        if series:
            terms: SeriesTerms = frame.get(terms_key(series))
            if terms.kind == SeriesKind.PERPETUAL:
                state: SeriesState = frame.get(series_key(series))
                if state.mark and state.status < SeriesStatus.EXPIRED:
                    return _Place(number, series, terms, state)
    return None


def _impact_price(frame: Frame, terms: SeriesTerms, state: SeriesState, *, is_asks: bool) -> int:
    """Return the average price (µUSDC per lot) of the impact notional, 0 if the side is too thin.

    Rounded down. At most 16 orders are looked at; expired and reduce-only ones do not count. If
    they do not suffice it is the price of the last one: small orders in front hide no depth.
    """
    tick = state.ask if is_asks else state.bid
    seen = lots = notional = 0
    while tick:
        level: Level = frame.get(level_key(terms.book, tick)) or NO_LEVEL
        slot = level.head
        while slot:
            order: Order = frame.get(order_key(slot))
            seen += 1
            is_over = order.expiry_at and order.expiry_at * 1_000 <= frame.time_ms
            if not is_over and not order.flags & REDUCE_ONLY_FLAG:
                lots += order.remaining
                notional += order.remaining * tick * terms.unit
                if notional >= terms.impact_notional:
                    return div_down(notional, lots)
            if seen == SAMPLE_ORDERS:
                return tick * terms.unit
            slot = order.next
        tick = next_tick(frame, terms.book, tick, up=is_asks)
    return 0


def _count_sample(
    frame: Frame, series: int, state: SeriesState, fair: int, impact: tuple[int, int]
) -> Reason:
    bid, ask = impact
    if not (bid or ask):
        return Reason.SAMPLE_MISSING
    premium = max(0, bid - fair) - (max(0, fair - ask) if ask else 0)
    frame.put(
        series_key(series),
        state._replace(
            premium_sum=state.premium_sum + premium, premium_count=state.premium_count + 1
        ),
    )
    return Reason.OK
