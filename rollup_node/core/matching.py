"""The match: one resting order a step meets the order in flight.

Source: docs/spec.md O-6, O-7, M-2 to M-8, K-5. Twin: contracts/src/core/Matching.sol.
"""

from typing import Final

from rollup_node.core.account_leaves import NO_COLD, Cold, Hot, ProtectionRow
from rollup_node.core.book import shrink_order, unlink_order
from rollup_node.core.book_leaves import Level, Order
from rollup_node.core.cash import add_insurance, change_cash, read_pools
from rollup_node.core.events import Fill, OrderChanged, OrderRemoved, TakerDone
from rollup_node.core.fills import (
    Market,
    Side,
    charge_protocol,
    read_market,
    settle_side,
    weigh_side,
)
from rollup_node.core.flags import (
    CANCEL_NEWEST,
    CANCEL_OLDEST,
    POST_ONLY_FLAG,
    REDUCE_ONLY_FLAG,
    SELF_TRADE_SHIFT,
    SIDE_FLAG,
    is_immediate,
)
from rollup_node.core.frame import Frame
from rollup_node.core.kinds import Phase, StepKind
from rollup_node.core.layout import (
    POOLS_KEY,
    TAKER_KEY,
    cold_key,
    hot_key,
    level_key,
    order_key,
    series_key,
    terms_key,
)
from rollup_node.core.market_leaves import Pools, Prices, SeriesState, SeriesTerms
from rollup_node.core.option_terms import compute_fee
from rollup_node.core.order_checks import PROTOCOL, REPLACEMENT
from rollup_node.core.orders import advance, is_crossing, rest
from rollup_node.core.positions import closable_lots, find_position
from rollup_node.core.reason import Reason
from rollup_node.core.refresh import begin_refresh
from rollup_node.core.risk import is_current, read_hot, read_prices, sum_margins
from rollup_node.core.sweeps import UNDERLYING, begin_sweep
from rollup_node.core.task_leaves import SweepTask, Taker
from rollup_node.core.void import is_void

FILL_LIMIT: Final = 128
FORCED_FILL_LIMIT: Final = 16
"""An order fills against at most this many makers. Source: docs/spec.md O-7."""

_U32: Final = (1 << 32) - 1
_OK: Final = Reason.OK
_TAKE: Final = StepKind.TAKE

_new: Final = tuple.__new__
"""Makes a tuple without the constructor of its class, in half the time: for the hot path."""
_MONEY_REASONS: Final = frozenset(
    [Reason.INSUFFICIENT_MARGIN, Reason.INSUFFICIENT_BALANCE, Reason.BORROW_LIMIT]
)
"""A maker that fails for one of these forfeits its reserve: it could not pay for its order."""


def take(frame: Frame) -> tuple[StepKind, Reason]:
    """Let the order in flight meet the head of the best level. Source: docs/spec.md O-7.

    Reads taker, terms, series, prices, the taker's hot leaf; then level, order and the maker's
    hot leaf; then what the fill reads.
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
    return _meet(frame, place, taker, (hot, maker), slot, order)


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


def _prevent_self_trade(frame: Frame, taker: Taker, slot: int) -> Reason:
    """Part two orders of one group as the taker asked for. Source: docs/spec.md O-7."""
    mode = taker.flags >> SELF_TRADE_SHIFT & 3
    if mode != CANCEL_NEWEST:
        _remove(frame, slot, Reason.SELF_TRADE)
    if mode != CANCEL_OLDEST:
        end_taker(frame, taker, Reason.SELF_TRADE)
    return Reason.SELF_TRADE


def _closable(frame: Frame, account: int, series: int, flags: int, generation: int) -> int:
    """Return how many lots a reduce-only order may close: none of a newer position."""
    _, position = find_position(frame, account, series)
    return closable_lots(position, flags & SIDE_FLAG) if position[4] == generation else 0


def _meet(
    frame: Frame, market: Market, taker: Taker, hots: tuple[Hot, Hot], slot: int, order: Order
) -> Reason:
    """Fill the order in flight against one maker, if both sides may. Source: docs/spec.md O-7.

    `hots` are the hot leaves of taker and maker. A protocol order has a fee of its own and earns
    the maker no rebate.
    """
    terms, flags = market[1], taker[2]
    is_protocol = taker.origin == PROTOCOL
    if taker.fee_cap_ppm < terms.taker_fee_ppm and not is_protocol:
        return end_taker(frame, taker, Reason.FEE_ABOVE_CAP)
    lots = _matching_lots(frame, taker, order)
    if lots == 0:
        return end_taker(frame, taker, Reason.NO_POSITION)
    change = -lots if flags & SIDE_FLAG else lots
    taker_rate, maker_rate = (0, max(0, terms[10])) if is_protocol else (terms[9], terms[10])
    fee = compute_fee(terms, lots, market[4], taker_rate)
    reason, taking = weigh_side(frame, market, taker[0], hots[0], change, fee)
    if taking is None:
        return end_taker(frame, taker, reason)
    if order.fee_cap_ppm < terms.maker_fee_ppm:
        return _remove(frame, slot, Reason.MAKER_VOID)
    fee = compute_fee(terms, lots, market[4], maker_rate)
    reason, making = weigh_side(frame, market, order[0], hots[1], -change, fee)
    if making is None:
        return _fail_maker(frame, market, slot, order, reason)
    if _is_over_cap(market, taking[8] + making[8]):
        return end_taker(frame, taker, Reason.OPEN_INTEREST_CAP)
    if is_protocol:
        fee = compute_fee(terms, lots, market[4], taker[9])
        taking = charge_protocol(taking, fee, frame.time_ms)
    _settle(frame, market, taking, making, is_protocol=is_protocol)
    sides = (taker[0], order[0], flags & SIDE_FLAG)
    fill = _new(Fill, (taker[1], *sides, order[3], lots, taking[7], making[7], slot))
    frame.events.append(fill)
    _count_fill(frame, taker, lots)
    _protect(frame, order[0], making[1], terms[1], lots)
    return _shrink_maker(frame, taker, fill, order[5])


def _matching_lots(frame: Frame, taker: Taker, order: Order) -> int:
    """Return the smaller quantity; a reduce-only order has at most what closes. Source: O-7 (5).

    0 if the taker has nothing to close; the maker has, or it were void.
    """
    lots = min(taker[5], order[5])
    if taker[2] & REDUCE_ONLY_FLAG:
        lots = min(lots, _closable(frame, taker[0], taker[1], taker[2], taker.generation))
    if order[2] & REDUCE_ONLY_FLAG:
        lots = min(lots, _closable(frame, order[0], order[1], order[2], order[15]))
    return lots


def _is_over_cap(market: Market, grown: int) -> bool:
    """Say whether the open interest would grow beyond its cap. Source: docs/spec.md M-6."""
    return grown > 0 and market[2].open_interest + grown > market[1].open_interest_cap


def _fail_maker(frame: Frame, market: Market, slot: int, order: Order, reason: Reason) -> Reason:
    """Unlink a maker that may not fill; one that cannot pay forfeits its reserve first.

    Source: docs/spec.md O-7 (5).
    """
    answer = Reason.MAKER_VOID
    if reason in _MONEY_REASONS:
        answer = Reason.MAKER_FAILED
        if order.reserve:
            add_insurance(frame, market.terms.underlying, order.reserve)
            hot = read_hot(frame, order.account)
            hot = change_cash(frame, order.account, hot, -order.reserve)
            frame.put(hot_key(order.account), hot)
    frame.events.append(OrderRemoved(slot, unlink_order(frame, slot), reason))
    return answer


def _settle(frame: Frame, market: Market, taking: Side, making: Side, *, is_protocol: bool) -> None:
    """Write both sides, what the exchange earns, and the open interest. Source: M-2, M-3, M-8.

    Reads credit if cash is negative, then pools.
    """
    settle_side(frame, market, taking)
    settle_side(frame, market, making)
    fees, insurance = read_pools(frame)
    interest = taking[6] + making[6]
    if interest:
        insurance = (insurance[0] + interest, *insurance[1:])
    earned = making[7]
    if is_protocol:
        paid_to = market[1][1]
        insured = insurance[paid_to] + taking[7]
        insurance = (*insurance[:paid_to], insured, *insurance[paid_to + 1 :])
    else:
        earned += taking[7]
    frame.put(POOLS_KEY, _new(Pools, (fees + earned, insurance)))
    grown = taking[8] + making[8]
    if grown:
        state = market[2]
        changed = (*state[:4], state[4] + grown, *state[5:])
        frame.put(series_key(market[0]), _new(SeriesState, changed))


def _count_fill(frame: Frame, taker: Taker, lots: int) -> None:
    """Take the lots of a fill off the order in flight, which is done when nothing remains."""
    left = taker[5] - lots
    frame.put(
        TAKER_KEY,
        _new(Taker, (*taker[:5], left, *taker[6:12], taker[12] + 1, taker[13] + lots, *taker[14:])),
    )
    if not left:
        frame.phase = taker.resume


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


def _protect(frame: Frame, account: int, hot: Hot, underlying: int, lots: int) -> None:
    """Count the lots of a maker with protection; beyond its limit its orders are swept first.

    Reads the cold leaf only if the account is protected here, the sweep only if it begins.
    Source: docs/spec.md K-5.
    """
    if not hot.protected >> underlying & 1:
        return
    cold: Cold = frame.get(cold_key(account)) or NO_COLD
    limit, window_ms, started_ms, filled = cold.protections[underlying]
    if frame.time_ms - started_ms >= window_ms:
        started_ms, filled = frame.time_ms, 0
    filled += lots
    if filled > limit:
        after = frame.phase
        begin_sweep(frame, SweepTask(account, UNDERLYING, underlying, 0, Reason.PROTECTED, after))
        started_ms, filled = 0, 0
    row = ProtectionRow(limit, window_ms, started_ms, min(filled, _U32))
    rows = (*cold.protections[:underlying], row, *cold.protections[underlying + 1 :])
    frame.put(cold_key(account), cold._replace(protections=rows))
