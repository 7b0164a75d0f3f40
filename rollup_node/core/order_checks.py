"""What an order must be before it may touch the book. Source: docs/spec.md O-2.

Twin: contracts/src/core/OrderChecks.sol.
"""

from typing import Final, TypeAlias

from rollup_node.core.account_leaves import Cold, Hot, SessionKey
from rollup_node.core.client_slots import find_client_order
from rollup_node.core.flags import (
    CHILD_FLAG,
    FROZEN_FLAG,
    GOOD_TILL_TIME,
    IMMEDIATE_OR_CANCEL,
    IN_FORCE_SHIFT,
    KIND_SHIFT,
    LIMIT,
    LIQUIDATING_FLAG,
    MARKET,
    POST_ONLY_FLAG,
    QUOTE_FLAG,
    REDUCE_ONLY_FLAG,
    SALE_FLAG,
    SELF_TRADE_SHIFT,
    SIDE_FLAG,
    STOP,
)
from rollup_node.core.frame import Frame
from rollup_node.core.kinds import SeriesKind, SeriesStatus
from rollup_node.core.layout import (
    CLIENT_SLOT_LIMIT,
    SERIES_LIMIT,
    cold_key,
    series_key,
    session_key_key,
    terms_key,
    tick_limit,
)
from rollup_node.core.market_leaves import Prices, SeriesState, SeriesTerms
from rollup_node.core.option_terms import band_usdc, lot_strike
from rollup_node.core.positions import closable_lots, find_position
from rollup_node.core.reason import Reason
from rollup_node.core.risk import is_restricted, read_prices
from rollup_node.core.task_leaves import Taker
from rollup_node.core.void import is_closed, is_dead

ORDER: Final = 0
LEG: Final = 1
FIRED: Final = 2
REPLACEMENT: Final = 3
PROTOCOL: Final = 4
"""Where an order in flight comes from. Source: docs/spec.md S-20."""

_MS: Final = 1_000
_PPM: Final = 1_000_000
_OK: Final = Reason.OK

Market: TypeAlias = tuple[SeriesTerms, SeriesState, Prices]
"""What a step has read of the market of an order."""


def _shape_of(flags: int) -> tuple[bool, bool] | None:
    """Return whether an order with these flags has a trigger, and an expiry; None: it is none."""
    kind, in_force = flags >> KIND_SHIFT & 3, flags >> IN_FORCE_SHIFT & 3
    if (
        in_force > IMMEDIATE_OR_CANCEL
        or flags >> SELF_TRADE_SHIFT & 3 == 3  # noqa: PLR2004 - two bits, three modes
        or (kind == MARKET and in_force != IMMEDIATE_OR_CANCEL)
        or (flags & POST_ONLY_FLAG and (kind != LIMIT or in_force == IMMEDIATE_OR_CANCEL))
    ):
        return None
    return kind >= STOP, in_force == GOOD_TILL_TIME


_SHAPES: Final = tuple(_shape_of(flags) for flags in range(QUOTE_FLAG))
"""By the flags below that of a quote. Source: docs/spec.md O-2."""


def check_shape(taker: Taker, time_ms: int) -> Reason:
    """Check an order by itself: `BAD_ORDER`, `PRICE_OUT_OF_RANGE`, `EXPIRED`. Source: O-2."""
    trigger, expiry_at = taker.trigger, taker.expiry_at
    shape = _SHAPES[taker.flags & QUOTE_FLAG - 1]
    if (
        shape != (trigger != 0, expiry_at != 0)
        or taker.remaining == 0
        or taker.slot >= CLIENT_SLOT_LIMIT
    ):
        return Reason.BAD_ORDER
    limit = tick_limit(taker.series)
    if not 0 < taker.tick < limit or trigger >= limit:
        return Reason.PRICE_OUT_OF_RANGE
    if 0 < expiry_at * _MS <= time_ms:
        return Reason.EXPIRED
    return _OK


def check_market(frame: Frame, taker: Taker) -> tuple[Reason, Market | None]:
    """Check an order against its series and its session key; return what it read if it is good.

    Reads terms, series, the expiry of what has one, prices, and the session key if there is one.
    Source: docs/spec.md O-2.
    """
    series = taker.series
    if not 0 < series < SERIES_LIMIT:
        return Reason.UNKNOWN_SERIES, None
    terms: SeriesTerms | None = frame.get(terms_key(series))
    if terms is None:
        return Reason.UNKNOWN_SERIES, None
    state: SeriesState | None = frame.get(series_key(series))
    if state is None or is_closed(frame, terms, state):
        return Reason.SERIES_CLOSED, None
    prices = read_prices(frame)
    market = terms, state, prices
    reason = _check_terms(frame, taker, market)
    return reason, market if reason is _OK else None


def _check_terms(frame: Frame, taker: Taker, market: Market) -> Reason:
    """Check an order against a series that is open."""
    terms, state, prices = market
    flags, underlying = taker.flags, terms.underlying
    if not flags & REDUCE_ONLY_FLAG and (
        state.status == SeriesStatus.REDUCE_ONLY
        or is_restricted(prices.rows[underlying], frame.time_ms)
    ):
        return Reason.REDUCE_ONLY
    kind = terms.kind
    if (flags & REDUCE_ONLY_FLAG and kind == SeriesKind.SPOT) or (
        taker.trigger and (kind == SeriesKind.SPOT or kind >= SeriesKind.CALL)
    ):
        return Reason.BAD_ORDER
    value = taker.tick * terms.unit if kind < SeriesKind.CALL else lot_strike(terms)
    notional = taker.remaining * value
    if taker.key:
        reason = _check_key(frame, taker, underlying, notional)
        if reason is not _OK:
            return reason
    return _check_limits(taker, terms, state, notional)


def _check_key(frame: Frame, taker: Taker, underlying: int, notional: int) -> Reason:
    """Check an order against the bounds of the session key that signed it."""
    session: SessionKey = frame.get(session_key_key(taker.account, taker.key))
    if notional > session.order_cap:
        return Reason.KEY_CAP
    return _OK if session.markets >> underlying & 1 else Reason.KEY_MARKET


def _check_limits(taker: Taker, terms: SeriesTerms, state: SeriesState, notional: int) -> Reason:
    """Check size, fees and price. Source: docs/spec.md O-2."""
    flags = taker.flags
    if taker.remaining > terms.max_order_lots:
        return Reason.ABOVE_MAX_ORDER
    if notional < terms.min_notional and not flags & REDUCE_ONLY_FLAG:
        return Reason.BELOW_MIN_NOTIONAL
    rests = flags & POST_ONLY_FLAG or taker.origin == REPLACEMENT
    cap = taker.fee_cap_ppm
    if cap < terms.maker_fee_ppm or (cap < terms.taker_fee_ppm and not rests):
        return Reason.FEE_ABOVE_CAP
    if state.mark == 0:
        return Reason.STALE_PRICE
    if taker.trigger:
        return Reason.PRICE_OUT_OF_RANGE if is_passed(taker, state) else _OK
    if is_out_of_band(flags, taker.tick, terms, state.mark):
        return Reason.PRICE_BAND
    return _OK


def is_passed(taker: Taker, state: SeriesState) -> bool:
    """Say whether the mark has passed a trigger already, or is due to.

    Stop buys and take-profit sells wait above all ticks that the mark saw since triggers were
    drained, stop sells and take-profit buys below. Source: docs/spec.md O-2, L-7.
    """
    waits_above = (taker.flags >> KIND_SHIFT & 3 == STOP) != bool(taker.flags & SIDE_FLAG)
    return taker.trigger <= state.high if waits_above else taker.trigger >= state.low


def is_out_of_band(flags: int, tick: int, terms: SeriesTerms, mark: int) -> bool:
    """Say whether a price is worse for its owner than mark and band allow. Source: O-2.

    `mark` in µUSDC per lot; exact, without a division.
    """
    price, band = tick * terms.unit * _PPM, band_usdc(terms, mark) * terms.band_ppm
    if flags & SIDE_FLAG:
        return price + band < mark * _PPM
    return price > mark * _PPM + band


def check_account(frame: Frame, taker: Taker, hot: Hot) -> tuple[Reason, int]:
    """Check an order against its account; return the generation of what it reduces, else 0.

    Reads the cold leaf of a child account, the client slot, and for a reduce-only order directory
    and page. A replacement has its client slot and its generation already.
    Source: docs/spec.md O-2.
    """
    reduces = taker.flags & REDUCE_ONLY_FLAG
    reason = _check_standing(frame, taker, hot)
    if reason is not _OK or taker.origin == REPLACEMENT:
        return reason, taker.generation
    if find_client_order(frame, taker.account, hot, taker.slot):
        return Reason.SLOT_TAKEN, 0
    if not reduces:
        return _OK, 0
    _, position = find_position(frame, taker.account, taker.series)
    if closable_lots(position, taker.flags & SIDE_FLAG) == 0:
        return Reason.NO_POSITION, 0
    return _OK, position.generation


def _check_standing(frame: Frame, taker: Taker, hot: Hot) -> Reason:
    """Check whether an account may trade at all, and in this series."""
    flags, reduces = hot.flags, taker.flags & REDUCE_ONLY_FLAG
    if flags & FROZEN_FLAG and (not reduces or taker.key):
        return Reason.FROZEN
    if flags & (SALE_FLAG if reduces else LIQUIDATING_FLAG):
        return Reason.LIQUIDATING
    if is_dead(hot, frame.time_ms):
        return Reason.EXPIRED
    if flags & CHILD_FLAG:
        cold: Cold | None = frame.get(cold_key(taker.account))
        if cold is None or cold.series != taker.series:
            return Reason.KEY_MARKET
    return _OK
