"""Combos: up to eight legs between two accounts, all of them in one step or none.

Source: docs/spec.md Q. Twin: contracts/src/core/Rfq.sol.
"""

from typing import Final

from rollup_node.core.account_leaves import SessionKey
from rollup_node.core.authority import admit, authenticate
from rollup_node.core.combos import Party, settle_combo, trade_legs
from rollup_node.core.fills import Market, read_market
from rollup_node.core.flags import (
    CHILD_FLAG,
    FROZEN_FLAG,
    LIQUIDATING_FLAG,
    SCOPE_TRADE,
    SIDE_FLAG,
)
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import ExecuteRfq, RfqLeg
from rollup_node.core.kinds import OrderClass, Phase
from rollup_node.core.layout import (
    RFQ_KEY,
    RFQ_LEGS,
    SERIES_LIMIT,
    series_key,
    session_key_key,
    terms_key,
    tick_limit,
)
from rollup_node.core.market_leaves import Prices, SeriesState, SeriesTerms
from rollup_node.core.option_terms import CALL, lot_strike
from rollup_node.core.order_checks import is_out_of_band
from rollup_node.core.reason import Reason
from rollup_node.core.refresh import begin_refresh
from rollup_node.core.risk import (
    is_current,
    read_hot,
    read_prices,
)
from rollup_node.core.standing import read_cold
from rollup_node.core.task_leaves import NO_RFQ_LEG, RfqTask
from rollup_node.core.void import SPOT, is_closed, is_dead

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
    reason = _execute(frame, taker, maker, task.legs[: task.length], prices)
    if reason is not _OK:
        frame.writes = saved
    return reason


def _execute(
    frame: Frame, taker: Party, maker: Party, legs: tuple[RfqLeg, ...], prices: Prices
) -> Reason:
    """Check the legs, then both parties, move the positions of both. Source: docs/spec.md Q-4.

    What it wrote before it failed its caller takes back.
    """
    markets: list[Market] = []
    for leg in legs:
        reason, market = _read_market(frame, leg, prices)
        if market is None:
            return reason
        markets.append(market)
    if len({market.terms.underlying for market in markets}) > 1:
        return Reason.BAD_ORDER
    rates = max(market.terms.taker_fee_ppm for market in markets)
    reason = _check_party(frame, taker, legs, markets, rates)
    if reason is not _OK:
        return reason
    rates = max(market.terms.maker_fee_ppm for market in markets)
    if _check_party(frame, maker, legs, markets, rates):
        return Reason.MAKER_VOID
    reason, taking = trade_legs(frame, taker, legs, markets)
    if taking is None:
        return reason
    reason, making = trade_legs(frame, maker, legs, markets)
    if making is None:
        failed = reason is Reason.INSUFFICIENT_MARGIN
        return Reason.MAKER_FAILED if failed else Reason.MAKER_VOID
    return settle_combo(frame, (taker, maker), legs, markets, (taking, making))


def _read_market(frame: Frame, leg: RfqLeg, prices: Prices) -> tuple[Reason, Market | None]:
    """Check a leg against its series. Reads terms, state, the expiry of what has one. Q-4."""
    terms: SeriesTerms | None = frame.get(terms_key(leg.series))
    if terms is None:
        return Reason.UNKNOWN_SERIES, None
    state: SeriesState | None = frame.get(series_key(leg.series))
    if state is None or is_closed(frame, terms, state):
        return Reason.SERIES_CLOSED, None
    now_ms = frame.time_ms
    market = read_market(leg.series, terms, state, prices, leg.price, now_ms, is_protocol=False)
    reason = _check_leg(leg, market)
    return reason, market if reason is _OK else None


def _check_leg(leg: RfqLeg, market: Market) -> Reason:
    """Check a leg against what its series allows now; nobody is nearer to a price than another."""
    terms, mark = market.terms, market.state.mark
    if terms.kind == SPOT:
        return Reason.BAD_ORDER
    if market.restricted:
        return Reason.REDUCE_ONLY
    if abs(leg.lots) > terms.max_order_lots:
        return Reason.ABOVE_MAX_ORDER
    if _notional(leg, terms) < terms.min_notional:
        return Reason.BELOW_MIN_NOTIONAL
    if mark == 0:
        return Reason.STALE_PRICE
    is_off = any(is_out_of_band(side, leg.price, terms, mark) for side in (0, SIDE_FLAG))
    return Reason.PRICE_BAND if is_off else _OK


def _notional(leg: RfqLeg, terms: SeriesTerms) -> int:
    """Return what a leg counts, µUSDC, exact: of an option its strikes. Source: M-12."""
    value = leg.price * terms.unit if terms.kind < CALL else lot_strike(terms)
    return abs(leg.lots) * value


def _check_party(
    frame: Frame, party: Party, legs: tuple[RfqLeg, ...], markets: list[Market], rate_ppm: int
) -> Reason:
    """Check whether an account may trade the legs at a fee rate. Source: docs/spec.md Q-4.

    Reads the cold leaf of a child account, then what its key asks for.
    """
    account, key, cap_ppm, hot, _ = party
    if hot.flags & (FROZEN_FLAG | LIQUIDATING_FLAG):
        return Reason.FROZEN if hot.flags & FROZEN_FLAG else Reason.LIQUIDATING
    if is_dead(hot, frame.time_ms):
        return Reason.EXPIRED
    if hot.flags & CHILD_FLAG:
        only = read_cold(frame, account).series
        if any(leg.series != only for leg in legs):
            return Reason.KEY_MARKET
    if cap_ppm < rate_ppm:
        return Reason.FEE_ABOVE_CAP
    return _check_key(frame, party, legs, markets) if key else _OK


def _check_key(
    frame: Frame, party: Party, legs: tuple[RfqLeg, ...], markets: list[Market]
) -> Reason:
    """Check all legs together against the bounds of a session key. Reads it."""
    session: SessionKey = frame.get(session_key_key(party.account, party.key))
    pairs = zip(legs, markets, strict=True)
    if sum(_notional(leg, market.terms) for leg, market in pairs) > session.order_cap:
        return Reason.KEY_CAP
    underlying = markets[0].terms.underlying
    return _OK if session.markets >> underlying & 1 else Reason.KEY_MARKET
