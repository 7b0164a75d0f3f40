"""What happened on the markets: trades, the last day, funding by the hour. Bounded memory."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from rollup_node.rpc.market_data import FundingPoint, Trade

MAX_TRADES: Final = 10_000
"""Trades that are remembered per series."""
MAX_HOURS: Final = 24 * 90
"""Hours of funding that are remembered per series."""

_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 3_600_000
_DAY_MINUTES: Final = 1_440
_EIGHT_HOURS_MS: Final = 8 * _HOUR_MS
_PPB: Final = 10**9
_SEQUENCE_BITS: Final = 12


class Day(NamedTuple):
    """The last 24 hours of a series."""

    lots: int
    high_ticks: int | None
    low_ticks: int | None


@dataclass(slots=True)
class _Series:
    trades: deque[Trade] = field(default_factory=lambda: deque(maxlen=MAX_TRADES))
    minutes: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    hours: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    funded_ms: int = 0
    funding_index: int | None = None
    funding_ppb: int = 0


class MarketStats:
    """Numbers by series."""

    def __init__(self) -> None:
        self._series: dict[int, _Series] = {}
        self._trade_id = 0

    def next_trade_id(self, time_ms: int) -> int:
        """Return a number that only grows, also over a restart; gaps mean nothing."""
        self._trade_id = max(self._trade_id + 1, time_ms << _SEQUENCE_BITS)
        return self._trade_id

    def add_trade(self, trade: Trade) -> None:
        """Take a trade."""
        of = self._of(trade.series)
        of.trades.appendleft(trade)
        minute = trade.time_ms // _MINUTE_MS
        lots, high, low = of.minutes.get(minute, (0, trade.ticks, trade.ticks))
        of.minutes[minute] = (lots + trade.lots, max(high, trade.ticks), min(low, trade.ticks))
        while len(of.minutes) > _DAY_MINUTES:
            del of.minutes[next(iter(of.minutes))]

    def forget(self, series: int) -> None:
        """Drop all of a series: its number means another one now."""
        self._series.pop(series, None)

    def follow_funding(
        self, series: int, time_ms: int, funding_index: int, mark_usdc: int, index_usdc: int
    ) -> None:
        """Take the funding index of a series, in µUSDC per lot; what it moved by was paid."""
        of = self._of(series)
        before, of.funding_index = of.funding_index, funding_index
        if before is None or funding_index == before or not mark_usdc:
            of.funded_ms = of.funded_ms if before == funding_index else time_ms
            return
        elapsed, of.funded_ms = time_ms - of.funded_ms, time_ms
        change = funding_index - before
        if elapsed > 0:
            of.funding_ppb = change * _EIGHT_HOURS_MS * _PPB // (elapsed * mark_usdc)
        hour = time_ms // _HOUR_MS
        total, _, _ = of.hours.get(hour, (0, 0, 0))
        of.hours[hour] = (total + change, mark_usdc, index_usdc)
        while len(of.hours) > MAX_HOURS:
            del of.hours[next(iter(of.hours))]

    def trades(self, series: int, limit: int) -> Sequence[Trade]:
        """Return the newest trades, newest first."""
        kept = self._of(series).trades
        return [kept[n] for n in range(min(limit, len(kept)))]

    def last_ticks(self, series: int) -> int | None:
        """Return the price of the newest trade."""
        kept = self._of(series).trades
        return kept[0].ticks if kept else None

    def day(self, series: int, time_ms: int) -> Day:
        """Return the last 24 hours up to a time."""
        first = time_ms // _MINUTE_MS - _DAY_MINUTES
        kept = [row for minute, row in self._of(series).minutes.items() if minute > first]
        if not kept:
            return Day(0, None, None)
        return Day(sum(k[0] for k in kept), max(k[1] for k in kept), min(k[2] for k in kept))

    def funding_ppb(self, series: int) -> int:
        """Return the newest funding rate, per eight hours."""
        return self._of(series).funding_ppb

    def funding(self, series: int, start_ms: int, end_ms: int) -> Sequence[FundingPoint]:
        """Return funding by the hour whose end is between two times, oldest first."""
        points = []
        for hour, (change, mark, index) in self._of(series).hours.items():
            ended_ms = (hour + 1) * _HOUR_MS
            if start_ms <= ended_ms <= end_ms and mark:
                points.append(FundingPoint(ended_ms, index, change * _PPB // mark))
        return points

    def _of(self, series: int) -> _Series:
        return self._series.setdefault(series, _Series())
