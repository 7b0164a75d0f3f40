"""What a combo must be before its legs are traded: each leg, then each of its parties.

Source: docs/spec.md Q-4. Twin: contracts/src/core/ComboChecks.sol.
"""

from typing import Final, NamedTuple

from rollup_node.core.account_leaves import Hot, SessionKey
from rollup_node.core.fills import Market, read_market
from rollup_node.core.flags import CHILD_FLAG, FROZEN_FLAG, LIQUIDATING_FLAG, SIDE_FLAG
from rollup_node.core.frame import Frame
from rollup_node.core.inputs import RfqLeg
from rollup_node.core.kinds import SeriesKind
from rollup_node.core.layout import series_key, session_key_key, terms_key
from rollup_node.core.market_leaves import Prices, SeriesState, SeriesTerms
from rollup_node.core.option_terms import lot_strike
from rollup_node.core.order_checks import is_out_of_band
from rollup_node.core.reason import Reason
from rollup_node.core.standing import read_cold
from rollup_node.core.void import is_closed, is_dead

_OK: Final = Reason.OK


class Party(NamedTuple):
    """One side of a combo: `sign` makes its lots of those of the maker."""

    account: int
    key: int
    cap_ppm: int
    hot: Hot
    sign: int


def read_markets(
    frame: Frame, legs: tuple[RfqLeg, ...], prices: Prices
) -> tuple[Reason, list[Market]]:
    """Return the market of each leg if all of them are good, and of one underlying."""
    markets: list[Market] = []
    for leg in legs:
        reason, market = _read_market(frame, leg, prices)
        if market is None:
            return reason, []
        markets.append(market)
    if len({market.terms.underlying for market in markets}) > 1:
        return Reason.BAD_ORDER, []
    return _OK, markets


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
    if terms.kind == SeriesKind.SPOT:
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
    value = leg.price * terms.unit if terms.kind < SeriesKind.CALL else lot_strike(terms)
    return abs(leg.lots) * value


def check_party(
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
