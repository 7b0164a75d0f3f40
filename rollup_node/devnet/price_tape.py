"""Recorded prices: JSON lines `{"time_ms", "symbol", "price_usdc"}`, times since the beginning.

A tape replaces the seeded walk: the newest line at or before a time is the quote, with that
line's time, so a hole in the recording is a stale feed in the replay.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Self, TextIO

import msgspec

from rollup_node.devnet.prices import PRICE_LIMIT, PriceSource, Quote
from rollup_node.ports import InputError

_TIME_LIMIT_MS: Final = 1 << 48


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One recorded quote."""

    time_ms: int
    symbol: str
    price_usdc: int


class Tape:
    """Recorded quotes of one or several underlyings; a `prices.Base`."""

    def __init__(self, lines: Iterable[Line]) -> None:
        """Take lines in the order of time.

        Raises
        ------
        InputError
            If a line is out of range or order.
        """
        self._quotes: dict[str, list[Quote]] = {}
        for number, line in enumerate(lines, start=1):
            quotes = self._quotes.setdefault(line.symbol, [])
            if not 0 < line.price_usdc < PRICE_LIMIT:
                raise InputError(f"tape line {number}: price {line.price_usdc} out of range")
            earliest_ms = quotes[-1].time_ms + 1 if quotes else 0
            if not earliest_ms <= line.time_ms < _TIME_LIMIT_MS:
                raise InputError(
                    f"tape line {number}: time {line.time_ms}, expected {earliest_ms} or later"
                )
            quotes.append(Quote(line.price_usdc, line.time_ms))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file.

        Raises
        ------
        InputError
            If it cannot be read; the message names the file and the line.
        """
        try:
            texts = path.read_bytes().splitlines()
        except OSError as error:
            raise InputError(f"cannot read the tape {path}: {error.strerror}") from error
        lines = []
        for number, text in enumerate(texts, start=1):
            try:
                lines.append(msgspec.json.decode(text, type=Line))
            except msgspec.DecodeError as error:
                raise InputError(f"{path}, line {number}: {error}") from error
        return cls(lines)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return what was recorded."""
        return tuple(self._quotes)

    def quote_at(self, symbol: str, time_ms: int) -> Quote:
        """Return the newest quote at a time, the first one before that.

        Raises
        ------
        InputError
            If the underlying was not recorded.
        """
        quotes = self._quotes.get(symbol)
        if quotes is None:
            raise InputError(f"no {symbol!r} on the tape: one of {', '.join(self._quotes)}")
        index = bisect_right(quotes, time_ms, key=lambda quote: quote.time_ms)
        return quotes[max(index - 1, 0)]


class Recorder:
    """A `PriceSource` that writes new quotes of another one to a tape."""

    def __init__(self, source: PriceSource, out: TextIO, start_ms: int, step_ms: int = 1) -> None:
        """Write a quote if it is at least `step_ms` newer than the one written last."""
        self._source = source
        self._out = out
        self._start_ms, self._step_ms = start_ms, step_ms
        self._newest: dict[str, int] = {}

    def quote_at(self, symbol: str, time_ms: int) -> Quote:
        """Return the source's quote and write it down if it is new."""
        quote = self._source.quote_at(symbol, time_ms)
        passed_ms = quote.time_ms - self._start_ms
        if passed_ms >= self._newest.get(symbol, -self._step_ms) + self._step_ms:
            self._newest[symbol] = passed_ms
            self._out.write(_encode(Line(passed_ms, symbol, quote.price_usdc)))
            self._out.flush()
        return quote


def record(
    source: PriceSource, symbols: Sequence[str], start_ms: int, end_ms: int, step_ms: int
) -> Iterator[str]:
    """Yield the lines of a tape of `source`, one for each underlying and step."""
    for time_ms in range(start_ms, end_ms, step_ms):
        for symbol in symbols:
            quote = source.quote_at(symbol, time_ms)
            if quote.time_ms == time_ms:
                yield _encode(Line(time_ms - start_ms, symbol, quote.price_usdc))


def _encode(line: Line) -> str:
    return msgspec.json.encode(line).decode() + "\n"
