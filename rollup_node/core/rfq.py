"""Combos: up to eight legs between two accounts, all of them in one step or none.

Source: docs/spec.md Q. Twin: contracts/src/core/Rfq.sol.
"""

from typing import Final

from rollup_node.core.authority import admit, authenticate
from rollup_node.core.combo_checks import Party
from rollup_node.core.combos import trade_combo
from rollup_node.core.flags import (
    SCOPE_TRADE,
)
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import ExecuteRfq, RfqLeg
from rollup_node.core.kinds import OrderClass, Phase
from rollup_node.core.layout import (
    RFQ_KEY,
    RFQ_LEGS,
    SERIES_LIMIT,
    tick_limit,
)
from rollup_node.core.reason import Reason
from rollup_node.core.refresh import begin_refresh
from rollup_node.core.risk import (
    is_current,
    read_hot,
    read_prices,
)
from rollup_node.core.task_leaves import NO_RFQ_LEG, RfqTask

_OK: Final = Reason.OK


def apply_execute_rfq(frame: Frame, record: ExecuteRfq, authority: Authority) -> Reason:
    """Take the quote of a maker whole, or refresh who is stale first. Source: docs/spec.md Q-2.

    Reads owner and session key of the taker, then of the maker; then what `_advance` reads. What
    is wrong with the quote or its maker is `MAKER_VOID` or `MAKER_FAILED`, all else is the
    taker's or lies in the terms.
    """
    account, key, max_fee, expiry_ms, quote, nonce = record
    reason = admit(frame, account, key, nonce, authority, SCOPE_TRADE, OrderClass.TAKER)
    if reason is not _OK:
        return reason
    if quote.account == account:
        return Reason.SELF_TRADE
    if expiry_ms <= frame.time_ms:
        return Reason.EXPIRED
    if quote.expiry_ms <= frame.time_ms or quote.taker not in (0, account):
        return Reason.MAKER_VOID
    reason = _check_legs(quote.legs)
    if reason is not _OK:
        return reason
    maker = Authority(next(iter(authority.signers), None), forced=False, tag=0)
    if authenticate(frame, quote.account, quote.key, quote.nonce, maker, SCOPE_TRADE):
        return Reason.MAKER_VOID
    padding = (NO_RFQ_LEG,) * (RFQ_LEGS - len(quote.legs))
    sides = (account, key, max_fee, quote.account, quote.key, quote.max_fee)
    return _advance(frame, RfqTask(*sides, len(quote.legs), quote.legs + padding))


def execute_rfq(frame: Frame) -> Reason:
    """Go on with the combo in flight after a refresh. Reads the task. Source: docs/spec.md Q-3."""
    return _advance(frame, frame.get(RFQ_KEY))


def _check_legs(legs: tuple[RfqLeg, ...]) -> Reason:
    """Check legs by themselves: each series once, in ascending order. Source: docs/spec.md Q-2."""
    last = 0
    for series, lots, price in legs:
        if series <= last or lots == 0:
            return Reason.BAD_ORDER
        if series >= SERIES_LIMIT:
            return Reason.UNKNOWN_SERIES
        if not 0 < price < tick_limit(series):
            return Reason.PRICE_OUT_OF_RANGE
        last = series
    return _OK


def _advance(frame: Frame, task: RfqTask) -> Reason:
    """Refresh whoever is stale, the taker first, or execute. Source: docs/spec.md Q-3.

    Reads hot of both, prices; the task if somebody is stale.
    """
    frame.phase = Phase.IDLE
    taker = Party(*task[:3], read_hot(frame, task.taker), -1)
    maker = Party(*task[3:6], read_hot(frame, task.maker), 1)
    if taker.hot.group == maker.hot.group:
        return Reason.SELF_TRADE
    prices = read_prices(frame)
    for party in (taker, maker):
        if not is_current(party.hot, prices):
            frame.get(RFQ_KEY)
            frame.put(RFQ_KEY, task)
            begin_refresh(frame, party.account, Phase.RFQ)
            return Reason.REFRESH
    saved = dict(frame.writes)
    reason = trade_combo(frame, taker, maker, task.legs[: task.length], prices)
    if reason is not _OK:
        frame.writes = saved
    return reason
