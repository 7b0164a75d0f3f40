"""How a covered sale begins: a strike by its delta, as many lots as are covered, a place.

Source: docs/spec.md P-1 to P-4. Twin: contracts/src/core/Sales.sol.
"""

from typing import Final

from rollup_node.core.account_leaves import Hot
from rollup_node.core.authority import authenticate
from rollup_node.core.fixed_point import div_down
from rollup_node.core.flags import CHILD_FLAG, FROZEN_FLAG, LIQUIDATING_FLAG
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import StartSale
from rollup_node.core.kinds import SeriesStatus
from rollup_node.core.layout import (
    EXPIRIES,
    MAX_LOTS,
    UNDERLYING_LIMIT,
    board_key,
    expiry_key,
    hot_key,
    sales_key,
    series_key,
    series_risk_key,
    terms_key,
)
from rollup_node.core.listing import LAST_LISTING_MS
from rollup_node.core.market_leaves import NO_EXPIRY, AssetTerms, Expiry, SeriesState, SeriesTerms
from rollup_node.core.option_leaves import (
    NO_BOARD,
    NO_SERIES_RISK,
    Board,
    SalePlace,
    Sales,
    SeriesRisk,
)
from rollup_node.core.option_terms import lot_strike
from rollup_node.core.reason import Reason
from rollup_node.core.risk import (
    MAX_EXPONENT,
    is_restricted,
    read_amounts,
    read_assets,
    read_hot,
    read_prices,
)
from rollup_node.core.sale_prices import is_live, read_sales
from rollup_node.core.void import is_dead

MAX_START_PPM: Final = 10_000_000
"""A sale asks at most ten times the mark. Source: docs/spec.md P-1."""

MAX_SALE_SECONDS: Final = 604_800
"""A sale lasts at most a week. Source: docs/spec.md P-1."""

_PPM: Final = 1_000_000
_MS: Final = 1_000
_VERSION_MASK: Final = 0xFFFFFFFF
_OK: Final = Reason.OK


def apply_sale(frame: Frame, record: StartSale, authority: Authority) -> Reason:
    """Offer lots of the option whose delta is nearest to what the owner asks for.

    Reads owner, hot, prices; then what the strike, the cover and the place read.
    Source: docs/spec.md P-1.
    """
    account, underlying = record.account, record.underlying
    reason = authenticate(frame, account, 0, 0, authority, 0)
    if reason is _OK:
        reason = _check_shape(record)
    if reason is not _OK:
        return reason
    hot = read_hot(frame, account)
    reason = _check_standing(hot, underlying, frame.time_ms)
    if reason is not _OK:
        return reason
    if is_restricted(read_prices(frame).rows[underlying], frame.time_ms):
        return Reason.STALE_PRICE
    reason, series = _find_series(frame, record)
    return _offer(frame, record, hot, series) if reason is _OK else reason


def _check_shape(record: StartSale) -> Reason:
    """Check a sale by itself. Source: docs/spec.md P-1."""
    if (
        record.call > 1
        or record.lots == 0
        or record.delta_ppm > _PPM
        or not 0 < record.reserve_ppm <= record.start_ppm <= MAX_START_PPM
        or not 0 < record.duration_seconds <= MAX_SALE_SECONDS
    ):
        return Reason.BAD_ORDER
    return _OK if record.underlying < UNDERLYING_LIMIT else Reason.UNKNOWN_UNDERLYING


def _check_standing(hot: Hot, underlying: int, time_ms: int) -> Reason:
    """Check whether an account may offer: what it covers is clear only without positions."""
    if hot.flags & FROZEN_FLAG:
        return Reason.FROZEN
    if hot.flags & LIQUIDATING_FLAG:
        return Reason.LIQUIDATING
    if is_dead(hot, time_ms):
        return Reason.EXPIRED
    if hot.flags & CHILD_FLAG:
        return Reason.KEY_MARKET
    return Reason.HAS_POSITIONS if hot.rows[underlying].positions else _OK


def _find_series(frame: Frame, record: StartSale) -> tuple[Reason, int]:
    """Return the series to sell. Reads expiries, board, risk of each strike. Source: P-2."""
    slot = _find_date(frame, record)
    if slot is None:
        return Reason.NOT_FOUND, 0
    if record.expiry_at * _MS <= frame.time_ms + LAST_LISTING_MS:
        return Reason.EXPIRED, 0
    series = _choose_series(frame, record, slot)
    return (_OK, series) if series else (Reason.NOT_FOUND, 0)


def _find_date(frame: Frame, record: StartSale) -> int | None:
    """Return the first place of a date. Reads expiries up to it."""
    for slot in range(EXPIRIES):
        expiry: Expiry = frame.get(expiry_key(record.underlying, slot)) or NO_EXPIRY
        if expiry.expiry_at == record.expiry_at:
            return slot
    return None


def _choose_series(frame: Frame, record: StartSale, slot: int) -> int:
    """Return the option with the nearest delta, of equal ones the lowest strike; 0: none.

    Only those of the highest epoch count: they were repriced together, last. A strike that is
    newer, or had no price then, has an epoch that is lower. Source: docs/spec.md P-2.
    """
    board: Board = frame.get(board_key(record.underlying, slot)) or NO_BOARD
    best = (0, 0, 0)
    chosen = 0
    for call, strike in board.strikes:
        if not call:
            continue
        series = call if record.call else call + 1
        risk: SeriesRisk = frame.get(series_risk_key(series)) or NO_SERIES_RISK
        distance = abs(abs(risk.delta) - record.delta_ppm)
        rank = (-risk.epoch, distance, strike)
        if not chosen or rank < best:
            best, chosen = rank, series
    return chosen


def _offer(frame: Frame, record: StartSale, hot: Hot, series: int) -> Reason:
    """Check the series and the cover, and take a place. Source: docs/spec.md P-2 to P-4.

    Reads terms, state, what the cover reads, sales.
    """
    terms: SeriesTerms = frame.get(terms_key(series))
    state: SeriesState = frame.get(series_key(series))
    if state.status != SeriesStatus.TRADING or frame.time_ms <= state.funded_ms:
        return Reason.SERIES_CLOSED
    if state.mark == 0:
        return Reason.STALE_PRICE
    if record.max_fee < terms.maker_fee_ppm:
        return Reason.FEE_ABOVE_CAP
    cover = _count_cover(frame, record, terms)
    if cover is None:
        return Reason.UNKNOWN_ASSET
    lots = min(record.lots, cover, MAX_LOTS)
    if lots == 0:
        return Reason.INSUFFICIENT_BALANCE
    if lots * lot_strike(terms) < terms.min_notional:
        return Reason.BELOW_MIN_NOTIONAL
    return _take_place(frame, record, hot, series, lots)


def _count_cover(frame: Frame, record: StartSale, terms: SeriesTerms) -> int | None:
    """Return how many lots an account can deliver, or pay for; `None` if there is no asset.

    Reads the asset terms for a call, then balances. Source: docs/spec.md P-3.
    """
    if not record.call:
        cash = read_amounts(frame, record.account)[0]
        return div_down(max(0, cash) * terms.lots_per_unit, terms.strike)
    asset = _find_asset(read_assets(frame), record.underlying)
    if asset is None:
        return None
    number, exponent = asset
    balance = read_amounts(frame, record.account)[number]
    return div_down(balance * terms.lots_per_unit, 10**exponent)


def _find_asset(assets: AssetTerms, underlying: int) -> tuple[int, int] | None:
    """Return number and exponent of the asset that an underlying prices."""
    for number in (1, 2, 3):
        row = assets.rows[number]
        if row.underlying == underlying and row.exponent <= MAX_EXPONENT:
            return number, row.exponent
    return None


def _take_place(frame: Frame, record: StartSale, hot: Hot, series: int, lots: int) -> Reason:
    """Write a sale into its place, and the version that binds it. Source: docs/spec.md P-4."""
    sales = read_sales(frame, series)
    state: SeriesState = frame.get(series_key(series))
    number = _find_place(sales, state, record.account, lots, frame.time_ms)
    if number is None:
        return Reason.BOOK_FULL
    version = hot.version + 1 & _VERSION_MASK
    now_ms = frame.time_ms
    ends_ms = min(now_ms + record.duration_seconds * _MS, record.expiry_at * _MS - LAST_LISTING_MS)
    prices = (record.start_ppm, record.reserve_ppm, record.max_fee)
    sale = SalePlace(record.account, version, lots, now_ms, ends_ms, *prices)
    frame.put(hot_key(record.account), hot._replace(version=version))
    places = (*sales.places[:number], sale, *sales.places[number + 1 :])
    frame.put(sales_key(series), Sales(places))
    return _OK


def _find_place(
    sales: Sales, state: SeriesState, account: int, lots: int, time_ms: int
) -> int | None:
    """Return the place of the account, else a free one, else that of the smallest sale.

    The smallest yields to a larger one only: who keeps others out has to cover more than they
    offer. `None` if no place is left. Source: docs/spec.md P-4.
    """
    smallest = None
    free = None
    for number, sale in enumerate(sales.places):
        if sale.lots and sale.account == account:
            return number
        if free is None and not is_live(sale, state, time_ms):
            free = number
        if sale.lots < lots:
            smallest, lots = number, sale.lots
    return smallest if free is None else free
