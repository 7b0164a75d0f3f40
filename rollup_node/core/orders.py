"""Orders from their record to the book: place, cancel, replace; what rests and what takes.

Source: docs/spec.md O-2 to O-4, O-8, O-10. Twin: contracts/src/core/Orders.sol.
"""

from typing import Final

from rollup_node.core.account_leaves import Hot, SessionKey
from rollup_node.core.authority import admit
from rollup_node.core.book import (
    allocate_slot,
    link_order,
    shrink_order,
    unlink_order,
)
from rollup_node.core.book_leaves import Order
from rollup_node.core.client_slots import find_client_order
from rollup_node.core.events import OrderChanged, OrderRemoved, OrderRested, TakerDone
from rollup_node.core.flags import (
    FROZEN_FLAG,
    POST_ONLY_FLAG,
    REDUCE_ONLY_FLAG,
    SCOPE_CANCEL,
    SCOPE_QUOTE,
    SCOPE_TRADE,
    SIDE_FLAG,
    is_immediate,
    pack_flags,
)
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import CancelOrder, PlaceOrder, ReplaceOrder
from rollup_node.core.kinds import OrderClass, Phase
from rollup_node.core.layout import (
    CLIENT_SLOT_LIMIT,
    TAKER_KEY,
    Opaque,
    order_key,
    session_key_key,
    tick_limit,
)
from rollup_node.core.market_leaves import SeriesState, SeriesTerms
from rollup_node.core.option_terms import compute_reserve
from rollup_node.core.order_checks import (
    ORDER,
    REPLACEMENT,
    Market,
    check_account,
    check_market,
    check_shape,
)
from rollup_node.core.reason import Reason
from rollup_node.core.refresh import begin_refresh
from rollup_node.core.risk import check_resting, read_hot, weigh_again
from rollup_node.core.sale_prices import find_sale, may_meet
from rollup_node.core.task_leaves import Taker
from rollup_node.core.void import is_void

SCOPE_PLACED: Final = SCOPE_TRADE | SCOPE_CANCEL | SCOPE_QUOTE
"""Whoever may place may take back. Source: docs/spec.md O-8."""

_TAG_MASK: Final = (1 << 32) - 1
_OK: Final = Reason.OK
_IDLE: Final = Phase.IDLE
_MAKER: Final = OrderClass.MAKER
_TAKER: Final = OrderClass.TAKER
_MAY_TAKE: Final = SCOPE_TRADE
_MAY_QUOTE: Final = SCOPE_TRADE | SCOPE_QUOTE

_new: Final = tuple.__new__
"""Makes a tuple without the constructor of its class, in half the time: for the hot path."""


def tag_of(nonce: int, authority: Authority) -> int:
    """Return the tag that a record gives to its orders. Source: docs/spec.md O-12."""
    return (authority.tag if authority.forced else nonce) & _TAG_MASK


def apply_place(frame: Frame, order: PlaceOrder, authority: Authority) -> Reason:
    """Place an order: it rests, waits for its trigger, begins to take, or is refused.

    Source: docs/spec.md O-2, O-3.
    """
    content: Opaque = order
    (
        account, key, series, _, _, _, post_only, _, _,
        tick, lots, trigger, expiry_at, max_fee, slot, nonce,
    ) = content  # fmt: skip
    scope, wanted = (_MAY_QUOTE, _MAKER) if post_only else (_MAY_TAKE, _TAKER)
    reason = admit(frame, account, key, nonce, authority, scope, wanted)
    if reason is not _OK:
        return reason
    forced = 1 if authority.forced else 0
    taker = (
        account, series, pack_flags(order), tick, trigger, lots, expiry_at, slot,
        tag_of(nonce, authority), max_fee, key, 0, 0, 0, ORDER, _IDLE, forced,
    )  # fmt: skip
    return begin_order(frame, _new(Taker, taker))


def begin_order(frame: Frame, taker: Taker) -> Reason:
    """Check an order that somebody wants to place, then let it go on. Source: docs/spec.md O-2."""
    reason = check_shape(taker, frame.time_ms)
    if reason is not _OK:
        return reason
    reason, market = check_market(frame, taker)
    if market is None:
        return reason
    hot = read_hot(frame, taker.account)
    reason, generation = check_account(frame, taker, hot)
    if reason is not _OK:
        return reason
    if generation:
        taker = Taker(*taker[:11], generation, *taker[12:])
    return advance(frame, taker, hot, market)


def advance(frame: Frame, taker: Taker, hot: Hot, market: Market) -> Reason:
    """Let an order that was checked refresh its account, wait, take, rest, or be cancelled.

    Also called by the TAKE step for what it does not handle itself: orders with a trigger, and
    replacements, whose account was stale. Its hot leaf and the market are as read in this step.
    Reads the sales if it might meet one and does not cross the book. Source: docs/spec.md O-3.
    """
    terms, state, prices = market
    margins = weigh_again(frame, hot, prices)
    if margins is None:
        _fly(frame, taker)
        begin_refresh(frame, taker.account, Phase.TAKE)
        return _OK
    frame.phase = taker.resume
    if taker.origin == REPLACEMENT:
        reason = _move(frame, taker, hot, market, margins)
    elif taker.trigger:
        reason = rest(frame, taker, hot, market, margins)
    elif is_crossing(state, taker.flags, taker.tick) or (
        may_meet(taker) and find_sale(frame, taker, terms, state, prices) is not None
    ):
        _fly(frame, taker)
        frame.phase = Phase.TAKE
        return _OK
    elif is_immediate(taker.flags):
        reason = Reason.REMAINDER_CANCELLED
    else:
        reason = rest(frame, taker, hot, market, margins)
    if reason is not _OK:
        frame.events.append(_done(taker, reason))
    return reason


def is_crossing(state: SeriesState, flags: int, tick: int) -> bool:
    """Say whether the best opposite tick is at or beyond a price. Source: docs/spec.md O-3."""
    if flags & SIDE_FLAG:
        return state.bid >= tick
    return 0 < state.ask <= tick


def rest(frame: Frame, taker: Taker, hot: Hot, market: Market, margins: tuple[int, int]) -> Reason:
    """Put what remains of an order into the book, or among the triggers.

    Reasons: `INSUFFICIENT_MARGIN`, `BOOK_FULL`. Hot leaf and market are as read in this step,
    `margins` the sums of the rows. Reads what M-7 needs, allocators, the order slot, then what
    linking reads. Source: docs/spec.md O-4.
    """
    terms, _, prices = market
    reserve = compute_reserve(terms, taker.flags, taker.tick, taker.remaining)
    margins = _asked(taker.flags, margins)
    reason = check_resting(frame, taker.account, hot, prices, margins, reserve)
    if reason is not _OK:
        return reason
    return _link(frame, taker, terms, reserve)


def _asked(flags: int, margins: tuple[int, int]) -> tuple[int, int]:
    """Return the sums that an order must leave room for: a reduce-only one asks for equity alone.

    So who is short of margin may still rest what gives it back. Source: docs/spec.md M-7.
    """
    return (margins[0], 0) if flags & REDUCE_ONLY_FLAG else margins


def _link(frame: Frame, taker: Opaque, terms: SeriesTerms, reserve: int) -> Reason:
    slot = allocate_slot(frame)
    if slot == 0:
        return Reason.BOOK_FULL
    (
        account, series, flags, tick, trigger, remaining, expiry_at, client, tag, cap, key,
        generation, _, _, _, _, _,
    ) = taker  # fmt: skip
    order = (
        account, series, flags, tick, trigger, remaining, 0, 0, 0,
        reserve, expiry_at, client, tag, cap, key, generation,
    )  # fmt: skip
    linked = link_order(frame, terms, slot, _new(Order, order))
    frame.events.append(_new(OrderRested, (slot, linked)))
    return _OK


def apply_cancel(frame: Frame, cancel: CancelOrder, authority: Authority) -> Reason:
    """Take one order out of the book. Source: docs/spec.md O-8."""
    account, key, client, tag, nonce = cancel
    reason = admit(frame, account, key, nonce, authority, SCOPE_PLACED, _MAKER)
    if reason is not _OK:
        return reason
    hot = read_hot(frame, account)
    if hot.flags & FROZEN_FLAG and key:
        return Reason.FROZEN
    slot = _find(frame, account, hot, client, tag)
    if slot == 0:
        return Reason.NOT_FOUND
    frame.events.append(_new(OrderRemoved, (slot, unlink_order(frame, slot), _OK)))
    return _OK


def apply_replace(frame: Frame, replace: ReplaceOrder, authority: Authority) -> Reason:
    """Give a resting order another price and quantity; it never takes.

    At the same price with no more lots it keeps its place; else it goes to the end of its level.
    A void order is not found. Source: docs/spec.md O-10.
    """
    account, key, client, tag, price, quantity, nonce = replace
    reason = admit(frame, account, key, nonce, authority, _MAY_QUOTE, _MAKER)
    if reason is not _OK:
        return reason
    hot = read_hot(frame, account)
    slot = _find(frame, account, hot, client, tag)
    if slot == 0:
        return Reason.NOT_FOUND
    order: Order = frame.get(order_key(slot))
    if _is_beyond_scope(frame, account, key, order):
        return Reason.KEY_SCOPE
    if is_void(frame, order, hot):
        return Reason.NOT_FOUND
    taker = _replacement(order, replace, authority)
    reason, market = _check_replacement(frame, taker, hot)
    if market is None:
        return reason
    if price == order.tick and quantity <= order.remaining:
        _retag(frame, slot, order, taker)
        return _OK
    return advance(frame, taker, hot, market)


def _find(frame: Frame, account: int, hot: Hot, client: int, tag: int) -> int:
    """Return the order slot that (client slot, tag) names, 0 if there is none."""
    if client >= CLIENT_SLOT_LIMIT:
        return 0
    slot = find_client_order(frame, account, hot, client)
    if slot == 0:
        return 0
    order: Order = frame.get(order_key(slot))
    return slot if order.tag == tag else 0


def _is_beyond_scope(frame: Frame, account: int, key: int, order: Order) -> bool:
    """Say whether a key that may only quote reaches for an order that may take."""
    if key == 0 or order.flags & POST_ONLY_FLAG:
        return False
    session: SessionKey = frame.get(session_key_key(account, key))
    return not session.scope & SCOPE_TRADE


def _replacement(order: Order, replace: ReplaceOrder, authority: Authority) -> Taker:
    """Return the order as it shall be, in flight."""
    return Taker(
        order.account,
        order.series,
        order.flags,
        replace.price,
        order.trigger,
        replace.quantity,
        order.expiry_at,
        order.slot,
        tag_of(replace.nonce, authority),
        order.fee_cap_ppm,
        replace.key,
        order.generation,
        0,
        0,
        REPLACEMENT,
        Phase.IDLE,
        int(authority.forced),
    )


def _check_replacement(frame: Frame, taker: Taker, hot: Hot) -> tuple[Reason, Market | None]:
    """Check what a replacement changes; return its market if it is good. Source: O-10."""
    if taker.remaining == 0:
        return Reason.BAD_ORDER, None
    if not 0 < taker.tick < tick_limit(taker.series):
        return Reason.PRICE_OUT_OF_RANGE, None
    reason, market = check_market(frame, taker)
    if reason is _OK:
        reason, _ = check_account(frame, taker, hot)
    return reason, market if reason is _OK else None


def _retag(frame: Frame, slot: int, order: Order, taker: Taker) -> None:
    """Replace in place: fewer lots or as many, another tag."""
    if taker.remaining < order.remaining:
        order = shrink_order(frame, slot, order.remaining - taker.remaining)
    order = Order(*order[:12], taker.tag, order.fee_cap_ppm, taker.key, order.generation)
    frame.put(order_key(slot), order)
    frame.events.append(OrderChanged(slot, order))


def _move(frame: Frame, taker: Taker, hot: Hot, market: Market, margins: tuple[int, int]) -> Reason:
    """Replace out of place: the old order leaves only if the new one may rest. Source: O-10."""
    terms, state, prices = market
    if taker.trigger == 0 and is_crossing(state, taker.flags, taker.tick):
        return Reason.POST_ONLY_CROSS
    slot = find_client_order(frame, taker.account, hot, taker.slot)
    order: Order = frame.get(order_key(slot))
    reserve = compute_reserve(terms, taker.flags, taker.tick, taker.remaining)
    if reserve > order.reserve:
        margins, grown = _asked(taker.flags, margins), reserve - order.reserve
        reason = check_resting(frame, taker.account, hot, prices, margins, grown)
        if reason is not _OK:
            return reason
    frame.events.append(OrderRemoved(slot, unlink_order(frame, slot), _OK))
    return _link(frame, taker, terms, reserve)


def _fly(frame: Frame, taker: Taker) -> None:
    """Write the order in flight."""
    frame.get(TAKER_KEY)
    frame.put(TAKER_KEY, taker)


def _done(taker: Taker, reason: Reason) -> TakerDone:
    return TakerDone(
        taker.account, taker.series, taker.slot, taker.tag, taker.filled, taker.remaining, reason
    )
