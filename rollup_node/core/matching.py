"""The match: one resting order, or one sale, a step meets the order in flight.

Source: docs/spec.md O-6, O-7, P-6. Twin: contracts/src/core/Matching.sol.
"""

from typing import Final

from rollup_node.core.account_leaves import Hot
from rollup_node.core.book import shrink_order, unlink_order
from rollup_node.core.book_leaves import Level, Order
from rollup_node.core.events import Fill, OrderChanged, OrderRemoved, TakerDone
from rollup_node.core.fills import Market, read_market
from rollup_node.core.flags import (
    CANCEL_NEWEST,
    CANCEL_OLDEST,
    POST_ONLY_FLAG,
    SELF_TRADE_SHIFT,
    SIDE_FLAG,
    is_immediate,
)
from rollup_node.core.frame import Frame
from rollup_node.core.kinds import Phase, StepKind
from rollup_node.core.layout import (
    TAKER_KEY,
    hot_key,
    level_key,
    order_key,
    sales_key,
    series_key,
    terms_key,
)
from rollup_node.core.market_leaves import Prices, SeriesState, SeriesTerms
from rollup_node.core.meetings import TAKER_ENDS, meet
from rollup_node.core.option_leaves import NO_PLACE, SalePlace, Sales
from rollup_node.core.order_checks import PROTOCOL, REPLACEMENT
from rollup_node.core.orders import advance, is_crossing, rest
from rollup_node.core.reason import Reason
from rollup_node.core.refresh import begin_refresh
from rollup_node.core.risk import is_current, read_hot, read_prices, sum_margins
from rollup_node.core.sale_prices import FoundSale, as_order, find_sale, is_over, may_meet
from rollup_node.core.task_leaves import Taker
from rollup_node.core.void import is_void

FILL_LIMIT: Final = 128
FORCED_FILL_LIMIT: Final = 16
"""An order fills against at most this many makers. Source: docs/spec.md O-7."""

_OK: Final = Reason.OK
_TAKE: Final = StepKind.TAKE

_new: Final = tuple.__new__
"""Makes a tuple without the constructor of its class, in half the time: for the hot path."""


def take(frame: Frame) -> tuple[StepKind, Reason]:
    """Let the order in flight meet the best sale, or the head of the best level. Source: O-7.

    Reads taker, terms, series, prices, the taker's hot leaf; who buys an option the sales; then
    level, order and the maker's hot leaf, or that of a sale; then what the fill reads.
    """
    taker: Taker = frame.get(TAKER_KEY)
    return _TAKE, _take(frame, taker)


def _take(frame: Frame, taker: Taker) -> Reason:
    terms: SeriesTerms = frame.get(terms_key(taker.series))
    state: SeriesState = frame.get(series_key(taker.series))
    if taker.remaining == 0:
        return end_taker(frame, taker, _OK)
    if taker.makers >= (FORCED_FILL_LIMIT if taker.forced else FILL_LIMIT):
        return end_taker(frame, taker, Reason.MATCH_LIMIT)
    prices = read_prices(frame)
    hot = read_hot(frame, taker.account)
    if not is_current(hot, prices):
        begin_refresh(frame, taker.account, Phase.TAKE)
        return Reason.REFRESH
    if taker.trigger or taker.origin == REPLACEMENT:
        return advance(frame, taker, hot, (terms, state, prices))
    if may_meet(taker):
        sale = find_sale(frame, taker, terms, state, prices)
        if sale is not None:
            return _meet_sale(frame, taker, hot, (terms, state, prices), sale)
    if not is_crossing(state, taker.flags, taker.tick):
        return _leave(frame, taker, hot, (terms, state, prices))
    tick = state.bid if taker.flags & SIDE_FLAG else state.ask
    return _meet_head(frame, taker, hot, (terms, state, prices, tick))


def _meet_head(
    frame: Frame, taker: Taker, hot: Hot, market: tuple[SeriesTerms, SeriesState, Prices, int]
) -> Reason:
    """Part with the head of the best level, refresh its account, or fill. Source: O-7 (4)."""
    terms, state, prices, tick = market
    level: Level = frame.get(level_key(terms.book, tick))
    slot = level.head
    order: Order = frame.get(order_key(slot))
    maker = read_hot(frame, order.account)
    if is_void(frame, order, maker):
        return _remove(frame, slot, Reason.MAKER_VOID)
    if taker.flags & POST_ONLY_FLAG:
        return end_taker(frame, taker, Reason.POST_ONLY_CROSS)
    if maker.group == hot.group:
        return _prevent_self_trade(frame, taker, slot)
    if not is_current(maker, prices):
        begin_refresh(frame, order.account, Phase.TAKE)
        return Reason.REFRESH
    is_protocol = taker.origin == PROTOCOL
    now_ms = frame.time_ms
    place = read_market(taker.series, terms, state, prices, tick, now_ms, is_protocol=is_protocol)
    return _fill(frame, place, taker, (hot, maker), slot, order)


def _meet_sale(
    frame: Frame,
    taker: Taker,
    hot: Hot,
    market: tuple[SeriesTerms, SeriesState, Prices],
    found: FoundSale,
) -> Reason:
    """Part with a sale, refresh its account, or fill. Source: docs/spec.md P-6."""
    sales: Sales = frame.get(sales_key(taker.series))
    sale = sales.places[found.number]
    maker = read_hot(frame, sale.account)
    if is_over(sale, maker, frame.time_ms):
        return _store_sale(frame, taker, sales, found, NO_PLACE, Reason.MAKER_VOID)
    if maker.group == hot.group:
        mode = taker.flags >> SELF_TRADE_SHIFT & 3
        if mode != CANCEL_NEWEST:
            _store_sale(frame, taker, sales, found, NO_PLACE, Reason.SELF_TRADE)
        return _end_self_trade(frame, taker, mode)
    if not is_current(maker, market[2]):
        begin_refresh(frame, sale.account, Phase.TAKE)
        return Reason.REFRESH
    return _fill_sale(frame, taker, (hot, maker), market, found)


def _fill_sale(
    frame: Frame,
    taker: Taker,
    hots: tuple[Hot, Hot],
    market: tuple[SeriesTerms, SeriesState, Prices],
    found: FoundSale,
) -> Reason:
    """Fill against a sale, which shrinks or leaves its place. Source: docs/spec.md P-6."""
    sales: Sales = frame.get(sales_key(taker.series))
    sale, now_ms = sales.places[found.number], frame.time_ms
    place = read_market(taker.series, *market, found.tick, now_ms, is_protocol=False)
    order = as_order(sale, taker.series, found.tick)
    met, reason, _, fill = meet(frame, place, taker, hots, 0, order)
    if met == TAKER_ENDS:
        return end_taker(frame, taker, reason)
    left = NO_PLACE
    if fill is not None and fill.lots < sale.lots:
        filled: Hot = frame.get(hot_key(sale.account))
        left = sale._replace(lots=sale.lots - fill.lots, version=filled.version)
    if fill is not None and fill.lots == taker.remaining:
        frame.events.append(_done(frame.get(TAKER_KEY), _OK))
    return _store_sale(frame, taker, sales, found, left, reason)


def _store_sale(
    frame: Frame, taker: Taker, sales: Sales, found: FoundSale, left: SalePlace, reason: Reason
) -> Reason:
    """Write what is left of a sale; its place is free if that is nothing."""
    places = (*sales.places[: found.number], left, *sales.places[found.number + 1 :])
    frame.put(sales_key(taker.series), Sales(places))
    return reason


def end_taker(frame: Frame, taker: Taker, reason: Reason) -> Reason:
    """End the order in flight; what remains of it is cancelled. Source: docs/spec.md O-7."""
    frame.phase = taker.resume
    frame.events.append(_done(taker, reason))
    return reason


def _done(taker: Taker, reason: Reason) -> TakerDone:
    return TakerDone(
        taker.account, taker.series, taker.slot, taker.tag, taker.filled, taker.remaining, reason
    )


def _leave(
    frame: Frame, taker: Taker, hot: Hot, market: tuple[SeriesTerms, SeriesState, Prices]
) -> Reason:
    """Cancel what finds nobody, or let it rest. Source: docs/spec.md O-7 (3)."""
    if is_immediate(taker.flags):
        return end_taker(frame, taker, Reason.REMAINDER_CANCELLED)
    margins = sum_margins(hot, market[2])
    return end_taker(frame, taker, rest(frame, taker, hot, market, margins))


def _remove(frame: Frame, slot: int, reason: Reason) -> Reason:
    """Unlink a resting order without a trade."""
    frame.events.append(OrderRemoved(slot, unlink_order(frame, slot), reason))
    return reason


def _fill(
    frame: Frame, market: Market, taker: Taker, hots: tuple[Hot, Hot], slot: int, order: Order
) -> Reason:
    """Fill against a resting order, which shrinks or leaves the book. Source: O-7 (5), (6)."""
    met, reason, why, fill = meet(frame, market, taker, hots, slot, order)
    if fill is not None:
        return _shrink_maker(frame, taker, fill, order[5])
    if met == TAKER_ENDS:
        return end_taker(frame, taker, reason)
    _remove(frame, slot, why)
    return reason


def _prevent_self_trade(frame: Frame, taker: Taker, slot: int) -> Reason:
    """Part two orders of one group as the taker asked for. Source: docs/spec.md O-7."""
    mode = taker.flags >> SELF_TRADE_SHIFT & 3
    if mode != CANCEL_NEWEST:
        _remove(frame, slot, Reason.SELF_TRADE)
    return _end_self_trade(frame, taker, mode)


def _end_self_trade(frame: Frame, taker: Taker, mode: int) -> Reason:
    """End the order in flight unless it asked to stay; its maker has left if it shall."""
    if mode != CANCEL_OLDEST:
        end_taker(frame, taker, Reason.SELF_TRADE)
    return Reason.SELF_TRADE


def _shrink_maker(frame: Frame, taker: Taker, fill: Fill, remaining: int) -> Reason:
    """Take the lots of a fill off the resting order, which had `remaining`."""
    slot, lots = fill.maker_slot, fill.lots
    if lots == remaining:
        frame.events.append(_new(OrderRemoved, (slot, unlink_order(frame, slot), _OK)))
    else:
        frame.events.append(_new(OrderChanged, (slot, shrink_order(frame, slot, lots))))
    if lots == taker.remaining:
        frame.events.append(_done(frame.get(TAKER_KEY), _OK))
    return _OK
