"""Options come and go by rule: dates by the calendar, strikes around the index; anyone may.

Source: docs/spec.md V-11, V-12. Twin: contracts/src/core/Listing.sol.
"""

from typing import Final

from rollup_node.core.calendar import is_listing_date
from rollup_node.core.fixed_point import modulo
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import DelistStrike, ListExpiry, ListStrike
from rollup_node.core.kinds import SeriesKind, SeriesStatus
from rollup_node.core.layout import (
    EXPIRIES,
    FIRST_OPTION,
    PRICE_LIMIT,
    SERIES_LIMIT,
    STRIKE_LIMIT,
    UNDERLYING_LIMIT,
    board_key,
    expiry_key,
    option_dates_key,
    option_rules_key,
    series_key,
    series_risk_key,
    terms_key,
)
from rollup_node.core.market_leaves import NO_EXPIRY, Expiry, SeriesState, SeriesTerms
from rollup_node.core.markets import begin_date, fresh_state
from rollup_node.core.option_leaves import (
    NO_BOARD,
    NO_DATES,
    NO_RULES,
    NO_SERIES_RISK,
    NO_STRIKE,
    Board,
    OptionDates,
    OptionRules,
    StrikeRow,
)
from rollup_node.core.reason import Reason
from rollup_node.core.risk import read_prices

PPM: Final = 1_000_000
LAST_LISTING_MS: Final = 1_800_000
"""No strike is listed in the last 30 minutes of a date, while its price is being made."""

UNWANTED_MS: Final = 86_400_000
"""A strike that nobody holds or quotes may go so long after it was listed."""

OPEN: Final = 1


def read_rules(frame: Frame, underlying: int) -> OptionRules:
    """Return the rules of an underlying's options; closed if the governor never set any."""
    rules: OptionRules | None = frame.get(option_rules_key(underlying))
    return NO_RULES if rules is None else rules


def apply_list_expiry(frame: Frame, record: ListExpiry, _authority: Authority) -> Reason:
    """Give a free place a date of the calendar, which no other place has.

    Reads rules, the expiries of all places, then what `begin_date` reads. Source: V-11.
    """
    underlying, expiry_slot, expiry_at = record
    if underlying >= UNDERLYING_LIMIT or expiry_slot >= EXPIRIES:
        return Reason.UNKNOWN_UNDERLYING
    if read_rules(frame, underlying).status != OPEN:
        return Reason.UNKNOWN_UNDERLYING
    if not is_listing_date(expiry_at, frame.time_ms):
        return Reason.BAD_TIME
    dates = [_date(frame, underlying, slot) for slot in range(EXPIRIES)]
    if expiry_at in dates:
        return Reason.SERIES_EXISTS
    if dates[expiry_slot] * 1_000 > frame.time_ms:
        return Reason.SERIES_IN_USE
    return begin_date(frame, underlying, expiry_slot, expiry_at)


def _date(frame: Frame, underlying: int, expiry_slot: int) -> int:
    expiry: Expiry = frame.get(expiry_key(underlying, expiry_slot)) or NO_EXPIRY
    return expiry.expiry_at


def apply_list_strike(frame: Frame, record: ListStrike, _authority: Authority) -> Reason:
    """Begin to trade a call and the put of a strike; they have a price from the next reprice.

    Reads rules, expiry, prices, dates, board, state of call and put, terms and risk of each: what
    an earlier listing of the number left does not count. Source: V-12.
    """
    underlying, expiry_slot, strike, series = record
    if underlying >= UNDERLYING_LIMIT or expiry_slot >= EXPIRIES:
        return Reason.UNKNOWN_UNDERLYING
    rules = read_rules(frame, underlying)
    if rules.status != OPEN:
        return Reason.UNKNOWN_UNDERLYING
    if not is_call_number(series):
        return Reason.BAD_PARAMETERS
    if _date(frame, underlying, expiry_slot) * 1_000 <= frame.time_ms + LAST_LISTING_MS:
        return Reason.EXPIRED
    if not _is_near(rules, strike, read_prices(frame).rows[underlying].index_price):
        return Reason.PRICE_OUT_OF_RANGE
    return _list_pair(frame, record, rules)


def _list_pair(frame: Frame, record: ListStrike, rules: OptionRules) -> Reason:
    """Find a place on the board, then write terms and states of call and put."""
    underlying, expiry_slot, strike, call = record
    dates: OptionDates = frame.get(option_dates_key(underlying)) or NO_DATES
    board: Board = frame.get(board_key(underlying, expiry_slot)) or NO_BOARD
    if any(row.series and row.strike == strike for row in board.strikes):
        return Reason.SERIES_EXISTS
    if _is_full(dates, board):
        return Reason.BOOK_FULL
    states = [_read_state(frame, series) for series in (call, call + 1)]
    if any(state is not None and (state.status or state.orders) for state in states):
        return Reason.SERIES_EXISTS
    for series, state in zip((call, call + 1), states, strict=True):
        frame.get(terms_key(series))
        frame.put(terms_key(series), _make_terms(record, rules, series))
        frame.get(series_risk_key(series))
        frame.put(series_risk_key(series), NO_SERIES_RISK)
        fresh = fresh_state(0, 0 if state is None else state.sequence)
        frame.put(series_key(series), fresh._replace(funded_ms=frame.time_ms))
    _store(frame, underlying, expiry_slot, dates, _replace_row(board, NO_STRIKE, call, strike), 1)
    return Reason.OK


def _is_full(dates: OptionDates, board: Board) -> bool:
    """Say whether no strike more has a place on a board."""
    return dates.strikes >= STRIKE_LIMIT or NO_STRIKE not in board.strikes


def is_call_number(series: int) -> bool:
    """Say whether a number may be that of a call. Source: docs/spec.md S-8."""
    return FIRST_OPTION <= series < SERIES_LIMIT and not series & 1


def _is_near(rules: OptionRules, strike: int, index: int) -> bool:
    """Say whether a strike is on the grid, and within the range around the index."""
    if not 0 < strike < PRICE_LIMIT or modulo(strike, rules.strike_step):
        return False
    return abs(strike - index) * PPM <= index * rules.strike_range_ppm


def _read_state(frame: Frame, series: int) -> SeriesState | None:
    state: SeriesState | None = frame.get(series_key(series))
    return state


def _make_terms(record: ListStrike, rules: OptionRules, series: int) -> SeriesTerms:
    """Return the terms of a call or put: sizes, fees and bounds as the rules are now."""
    return SeriesTerms(
        kind=SeriesKind.PUT if series & 1 else SeriesKind.CALL,
        underlying=record.underlying,
        asset=0,
        expiry_slot=record.expiry_slot,
        book=series,
        unit=rules.unit,
        lots_per_unit=rules.lots_per_unit,
        initial_ppm=rules.initial_ppm,
        maintenance_ppm=rules.maintenance_ppm,
        taker_fee_ppm=rules.taker_fee_ppm,
        maker_fee_ppm=rules.maker_fee_ppm,
        band_ppm=rules.band_ppm,
        max_order_lots=rules.max_order_lots,
        min_notional=rules.min_notional,
        open_interest_cap=rules.open_interest_cap,
        impact_notional=0,
        funding_clamp_ppm=0,
        interest_ppb=0,
        strike=record.strike,
    )


def _replace_row(board: Board, old: StrikeRow, series: int, strike: int) -> Board:
    """Return a board with another row in the first place that holds `old`."""
    place = board.strikes.index(old)
    rows = (*board.strikes[:place], StrikeRow(series, strike), *board.strikes[place + 1 :])
    return Board(board.surface_ms, board.nodes, rows)


def _store(
    frame: Frame, underlying: int, expiry_slot: int, dates: OptionDates, board: Board, change: int
) -> None:
    """Write a board with one strike more or less, and what is known of all dates."""
    mask = dates.dates & ~(1 << expiry_slot)
    if any(row.series for row in board.strikes):
        mask |= 1 << expiry_slot
    frame.put(option_dates_key(underlying), OptionDates(mask, dates.strikes + change))
    frame.put(board_key(underlying, expiry_slot), board)


def apply_delist_strike(frame: Frame, record: DelistStrike, _authority: Authority) -> Reason:
    """Take a strike off its date when nobody holds or wants call or put.

    Its date is over, or it was listed a day ago: so nobody keeps the places of others for nothing.
    Nor by orders: where no place is free they do not count, are void and may be pruned. Their
    numbers are used again when they are gone.

    Reads terms, state of call and put, expiry, dates, board. Source: docs/spec.md V-12.
    """
    series = record.series
    if not is_call_number(series):
        return Reason.BAD_PARAMETERS
    terms: SeriesTerms | None = frame.get(terms_key(series))
    if terms is None:
        return Reason.UNKNOWN_SERIES
    call, put = _read_state(frame, series), _read_state(frame, series + 1)
    if call is None or put is None or call.status == SeriesStatus.NONE:
        return Reason.UNKNOWN_SERIES
    underlying, expiry_slot = terms.underlying, terms.expiry_slot
    is_ahead = _date(frame, underlying, expiry_slot) * 1_000 > frame.time_ms
    if is_ahead and frame.time_ms < call.funded_ms + UNWANTED_MS:
        return Reason.NOT_EXPIRED
    if call.open_interest or put.open_interest:
        return Reason.SERIES_IN_USE
    dates: OptionDates = frame.get(option_dates_key(underlying))
    board: Board = frame.get(board_key(underlying, expiry_slot))
    if (call.orders or put.orders) and not _is_full(dates, board):
        return Reason.SERIES_IN_USE
    board = _replace_row(board, StrikeRow(series, terms.strike), 0, 0)
    _store(frame, underlying, expiry_slot, dates, board, -1)
    frame.put(series_key(series), call._replace(status=SeriesStatus.NONE))
    frame.put(series_key(series + 1), put._replace(status=SeriesStatus.NONE))
    return Reason.OK
