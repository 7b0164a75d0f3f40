"""Instruments of the state as the field names them: `ETH-PERPETUAL`, `ETH-27DEC26-3000-C`."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from rollup_node.core.kinds import SeriesKind, SeriesStatus
from rollup_node.core.layout import (
    BOOK_LIMIT,
    EXPIRIES,
    UNDERLYING_LIMIT,
    board_key,
    expiry_key,
    option_dates_key,
    series_key,
    terms_key,
)
from rollup_node.core.leaves import LeafReader
from rollup_node.core.market_leaves import NO_EXPIRY, Expiry, SeriesState, SeriesTerms
from rollup_node.core.option_leaves import NO_DATES, Board, OptionDates
from rollup_node.core.option_terms import lot_strike
from rollup_node.rpc.market_data import Instrument, InstrumentKind

_FRIDAY: Final = 4
_WEEK: Final = timedelta(days=7)
_MONTHS: Final = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"
_MONTH_LETTERS: Final = 3
_PPM: Final = 1_000_000
_PER_CENT: Final = 10_000
_KINDS: Final[dict[int, InstrumentKind]] = {
    SeriesKind.SPOT: InstrumentKind.SPOT,
    SeriesKind.CALL: InstrumentKind.OPTION,
    SeriesKind.PUT: InstrumentKind.OPTION,
}


class Instruments:
    """All series of the state; `read` again after anything that may list one.

    What is no longer listed keeps its name until its number is given to another one: trades,
    orders and fills speak of it.
    """

    def __init__(self, symbols: Sequence[str]) -> None:
        """Take the names of the underlyings by number."""
        self._symbols = symbols
        self._by_series: dict[int, Instrument] = {}
        self._by_name: dict[str, Instrument] = {}
        self._created_ms: dict[int, int] = {}
        self._listed: set[int] = set()

    def read(self, state: LeafReader, time_ms: int) -> list[int]:
        """Look at all series: linear ones are numbered from 1 to 31, options are on boards.

        Returns the numbers that meant another instrument before.
        """
        before, self._listed = self._by_series, set()
        self._by_series, self._by_name = {}, {}
        for series in (*range(1, BOOK_LIMIT), *_options(state)):
            terms: SeriesTerms | None = state.get(terms_key(series))
            now: SeriesState | None = state.get(series_key(series))
            if terms is None or now is None or not terms.kind:
                continue
            created_ms = self._created_ms.setdefault(series, time_ms)
            if terms.kind >= SeriesKind.CALL:
                created_ms = now.funded_ms  # when it was listed: options pay no funding
            expiry = _expiry(state, terms)
            made = self._make(series, terms, now, expiry, created_ms)
            if made.name in self._by_name:
                made = made._replace(name=f"{made.name}-{series}")
            self._listed.add(series)
            self._by_series[series] = self._by_name[made.name] = made
        return self._remember(before)

    def _remember(self, before: dict[int, Instrument]) -> list[int]:
        """Keep what is gone; return the numbers that mean another instrument than before."""
        others = []
        for series, old in before.items():
            made = self._by_series.get(series)
            if made is None:
                gone = old._replace(is_active=False)
                self._by_series[series] = self._by_name[gone.name] = gone
            elif made.name != old.name:
                others.append(series)
        return others

    def all(self) -> Sequence[Instrument]:
        """Return all instruments by number, without those that are no longer listed."""
        return [found for series, found in self._by_series.items() if series in self._listed]

    def by_name(self, name: str) -> Instrument | None:
        """Return an instrument by name."""
        return self._by_name.get(name)

    def by_series(self, series: int) -> Instrument:
        """Return an instrument that exists; `KeyError` otherwise."""
        return self._by_series[series]

    def symbol(self, underlying: int) -> str:
        """Return the name of an underlying."""
        known = self._symbols
        return known[underlying] if underlying < len(known) else f"U{underlying}"

    def number(self, symbol: str) -> int | None:
        """Return the underlying of a name."""
        return self._symbols.index(symbol) if symbol in self._symbols else None

    def _make(
        self, series: int, terms: SeriesTerms, now: SeriesState, expiry: Expiry, created_ms: int
    ) -> Instrument:
        symbol = self.symbol(terms.underlying)
        is_option = terms.kind >= SeriesKind.CALL
        lot_cost = lot_strike(terms) if is_option else max(now.mark, terms.unit or 1)
        return Instrument(
            series=series,
            name=series_name(symbol, terms, expiry.expiry_at),
            kind=_KINDS.get(terms.kind, InstrumentKind.FUTURE),
            currency=symbol,
            unit_usdc=terms.unit,
            lots_per_unit=terms.lots_per_unit,
            min_lots=max(1, -(-terms.min_notional // lot_cost)),
            created_ms=created_ms,
            expires_ms=expiry.expiry_at * 1_000 if terms.kind >= SeriesKind.FUTURE else None,
            is_active=now.status in {SeriesStatus.TRADING, SeriesStatus.REDUCE_ONLY},
            maker_fee_ppm=terms.maker_fee_ppm,
            taker_fee_ppm=terms.taker_fee_ppm,
            max_leverage=_PPM // max(terms.initial_ppm, 1),
            strike_usdc=terms.strike if is_option else None,
            is_put=terms.kind == SeriesKind.PUT,
            settlement_period=_period(expiry.expiry_at),
        )


def _options(state: LeafReader) -> Iterator[int]:
    """Yield the calls and puts on the boards of all underlyings."""
    for underlying in range(UNDERLYING_LIMIT):
        dates: OptionDates = state.get(option_dates_key(underlying)) or NO_DATES
        for slot in range(EXPIRIES):
            if dates.dates >> slot & 1:
                board: Board = state.get(board_key(underlying, slot))
                for call, _ in board.strikes:
                    if call:
                        yield from (call, call + 1)


def series_name(symbol: str, terms: SeriesTerms, expiry_at: int) -> str:
    """Return what the field calls a series; `expiry_at` unix seconds, 0 without a date."""
    if terms.kind == SeriesKind.SPOT:
        return f"{symbol}_USDC"
    if terms.kind == SeriesKind.PERPETUAL:
        return f"{symbol}-PERPETUAL"
    day = datetime.fromtimestamp(expiry_at, UTC)
    at = (day.month - 1) * _MONTH_LETTERS
    date = f"{symbol}-{day.day}{_MONTHS[at : at + _MONTH_LETTERS]}{day.year % 100:02d}"
    if terms.kind < SeriesKind.CALL:
        return date
    dollars, cents = divmod(terms.strike // _PER_CENT, 100)
    strike = f"{dollars}d{cents:02d}".rstrip("0") if cents else str(dollars)
    return f"{date}-{strike}-{'C' if terms.kind == SeriesKind.CALL else 'P'}"


def _period(expiry_at: int) -> str:
    """Return how far apart dates like this one are. Source: docs/spec.md V-11."""
    if not expiry_at:
        return "perpetual"
    day = datetime.fromtimestamp(expiry_at, UTC)
    if day.weekday() != _FRIDAY:
        return "day"
    return "week" if (day + _WEEK).month == day.month else "month"


def _expiry(state: LeafReader, terms: SeriesTerms) -> Expiry:
    if terms.kind < SeriesKind.FUTURE:
        return NO_EXPIRY
    expiry: Expiry | None = state.get(expiry_key(terms.underlying, terms.expiry_slot))
    return NO_EXPIRY if expiry is None else expiry
