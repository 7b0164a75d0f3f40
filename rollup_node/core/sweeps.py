"""Orders by the dozen: cancel-all, mass quotes, and pruning of void orders.

Source: docs/spec.md O-6, O-9, O-11. Twin: contracts/src/core/Sweeps.sol.
"""

from typing import Final

from rollup_node.core.account_leaves import Hot
from rollup_node.core.authority import admit, enter_class, is_late
from rollup_node.core.book import unlink_order
from rollup_node.core.book_leaves import Order
from rollup_node.core.client_slots import find_client_order, has_client_order, next_client_slot
from rollup_node.core.events import OrderRemoved
from rollup_node.core.flags import (
    FROZEN_FLAG,
    POST_ONLY_FLAG,
    QUOTE_FLAG,
    SCOPE_QUOTE,
    SCOPE_TRADE,
)
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import CancelAll, MassQuote, Prune
from rollup_node.core.kinds import OrderClass, Phase
from rollup_node.core.layout import (
    CLIENT_SLOT_LIMIT,
    ORDER_LIMIT,
    QUOTE_KEY,
    SWEEP_KEY,
    order_key,
    terms_key,
)
from rollup_node.core.order_checks import LEG
from rollup_node.core.orders import SCOPE_PLACED, begin_order, tag_of
from rollup_node.core.reason import Reason
from rollup_node.core.refresh import begin_refresh
from rollup_node.core.risk import is_current, read_hot, read_prices
from rollup_node.core.task_leaves import NO_LEG, QuoteLeg, QuoteTask, SweepTask, Taker
from rollup_node.core.void import is_void

ALL: Final = 0
UNDERLYING: Final = 1
ONE_SERIES: Final = 2
"""Scopes of a sweep. Source: docs/spec.md O-9."""

_LEGS: Final = 20
_OK: Final = Reason.OK
_LEG: Final = Phase.LEG
_IDLE: Final = Phase.IDLE

_new: Final = tuple.__new__
"""Makes a tuple without the constructor of its class, in half the time: for the hot path."""


def apply_cancel_all(frame: Frame, cancel: CancelAll, authority: Authority) -> Reason:
    """Begin to cancel all orders of an account, or those of an underlying or series.

    Source: docs/spec.md O-9.
    """
    account, key, scope, scope_id, nonce = cancel
    reason = admit(frame, account, key, nonce, authority, SCOPE_PLACED, OrderClass.MAKER)
    if reason is not _OK:
        return reason
    if scope > ONE_SERIES:
        return Reason.BAD_ORDER
    hot = read_hot(frame, account)
    if hot.flags & FROZEN_FLAG and key:
        return Reason.FROZEN
    if hot.slot_map:
        begin_sweep(frame, SweepTask(account, scope, scope_id, 0, _OK, Phase.IDLE))
    return _OK


def begin_sweep(frame: Frame, task: SweepTask) -> None:
    """Let the next steps be those of a sweep. Reads the sweep leaf. Source: docs/spec.md O-9."""
    frame.get(SWEEP_KEY)
    frame.put(SWEEP_KEY, task)
    frame.phase = Phase.SWEEP


def sweep(frame: Frame) -> Reason:
    """Do one step of a sweep: unlink the next order of its scope, or pass one by.

    Reads the sweep, hot, client slots, the order, its terms if the scope is an underlying, then
    what unlinking reads. Source: docs/spec.md O-9.
    """
    account, scope, scope_id, start, reason, resume = frame.get(SWEEP_KEY)
    hot = read_hot(frame, account)
    found = next_client_slot(frame, account, hot, start)
    if found is None:
        frame.phase = resume
        return _OK
    client, slot = found
    if _is_in_scope(frame, frame.get(order_key(slot)), scope, scope_id):
        frame.events.append(OrderRemoved(slot, unlink_order(frame, slot), Reason(reason)))
        hot = read_hot(frame, account)
    following = client + 1
    frame.put(SWEEP_KEY, SweepTask(account, scope, scope_id, following, reason, resume))
    if not has_client_order(frame, account, hot, following):
        frame.phase = resume
    return _OK


def _is_in_scope(frame: Frame, order: Order, scope: int, scope_id: int) -> bool:
    if scope == ALL:
        return True
    if scope == ONE_SERIES:
        return order.series == scope_id
    underlying: int = frame.get(terms_key(order.series)).underlying
    return underlying == scope_id


def apply_quote(frame: Frame, quote: MassQuote, authority: Authority) -> Reason:
    """Begin a mass quote; its legs are steps of their own. Source: docs/spec.md O-11.

    Reads hot, the quote leaf, prices.
    """
    account, key, max_fee, legs, nonce = quote
    scope = SCOPE_TRADE | SCOPE_QUOTE
    reason = admit(frame, account, key, nonce, authority, scope, OrderClass.MAKER)
    if reason is not _OK:
        return reason
    hot = read_hot(frame, account)
    if hot.flags & FROZEN_FLAG:
        return Reason.FROZEN
    rows = tuple([_new(QuoteLeg, leg) for leg in legs])
    padding = (NO_LEG,) * (_LEGS - len(rows))
    tag = tag_of(nonce, authority)
    frame.get(QUOTE_KEY)
    frame.put(QUOTE_KEY, QuoteTask(account, key, max_fee, tag, len(rows), 0, rows + padding))
    if is_current(hot, read_prices(frame)):
        frame.phase = Phase.LEG
    else:
        begin_refresh(frame, account, Phase.LEG)
    return _OK


def leg(frame: Frame) -> Reason:
    """Do one leg of a mass quote: cancel what its client slot holds, then place.

    A leg that fails fails alone, after its cancel. Reads the quote leaf, hot, client slots, what
    unlinking reads, then what placing reads. Source: docs/spec.md O-11.
    """
    task: QuoteTask = frame.get(QUOTE_KEY)
    account, key, cap, tag, length, number, legs = task
    frame.put(QUOTE_KEY, _new(QuoteTask, (account, key, cap, tag, length, number + 1, legs)))
    phase = frame.phase = _LEG if number + 1 < length else _IDLE
    series, side, client, tick, lots = legs[number]
    if client >= CLIENT_SLOT_LIMIT:
        return Reason.BAD_ORDER
    _clear(frame, account, read_hot(frame, account), client)
    if lots == 0:
        return _OK
    flags = side | POST_ONLY_FLAG | QUOTE_FLAG
    taker = (
        account,
        series,
        flags,
        tick,
        0,
        lots,
        0,
        client,
        tag,
        cap,
        key,
        0,
        0,
        0,
        LEG,
        phase,
        0,
    )
    return begin_order(frame, _new(Taker, taker))


def _clear(frame: Frame, account: int, hot: Hot, client: int) -> None:
    """Unlink what a client slot holds."""
    slot = find_client_order(frame, account, hot, client)
    if slot:
        frame.events.append(_new(OrderRemoved, (slot, unlink_order(frame, slot), _OK)))


def apply_prune(frame: Frame, prune: Prune, authority: Authority) -> Reason:
    """Unlink a void order; anyone may. Source: docs/spec.md O-6.

    Reads the order, hot of its account, then what O-6 and unlinking need.
    """
    if is_late(frame, OrderClass.LIQUIDATION, authority):
        return Reason.OUT_OF_CLASS
    if not 0 < prune.order < ORDER_LIMIT:
        return Reason.NOT_FOUND
    order: Order | None = frame.get(order_key(prune.order))
    if order is None or order.account == 0:
        return Reason.NOT_FOUND
    if not is_void(frame, order, read_hot(frame, order.account)):
        return Reason.NOT_VOID
    unlink_order(frame, prune.order)
    frame.events.append(OrderRemoved(prune.order, order, Reason.MAKER_VOID))
    enter_class(frame, OrderClass.LIQUIDATION)
    return _OK
