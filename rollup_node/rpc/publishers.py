"""One publisher per channel: gathers what happened and tells its readers. Sends nothing itself."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

import msgspec

from rollup_node.rpc import formats
from rollup_node.rpc.channels import Channel
from rollup_node.rpc.market_data import (
    BookChange,
    Instrument,
    LevelChange,
    MarketData,
    MarketEvents,
    Side,
    Trade,
)
from rollup_node.rpc.rfq_desk import OpenRfq
from rollup_node.rpc.rfq_formats import format_rfq

_encode: Final = msgspec.json.Encoder().encode


class Reader(Protocol):
    """Who reads channels: one connection."""

    def tell(self, message: bytes, *, is_book: bool) -> None:
        """Take a message; never waits."""


def notification(channel: str, data: Any) -> bytes:
    """Return the message of a channel."""
    return b'{"jsonrpc":"2.0","method":"subscription","params":{"channel":%b,"data":%b}}' % (
        _encode(channel),
        _encode(data),
    )


class Publisher:
    """What the publishers share: readers, and raw channels that never wait for `flush`."""

    def __init__(self, channel: Channel, market: MarketData, account: int | None) -> None:
        """Begin without readers; `account` is `None` for a public channel."""
        self.channel = channel
        self.account = account
        self.readers: dict[Reader, None] = {}
        self._market = market
        self._is_dirty = False

    def join(self, reader: Reader) -> None:
        """Add a reader."""
        self.readers[reader] = None

    def see(self, events: MarketEvents) -> None:
        """Take note of events, and publish them if the channel is raw."""
        if self._gather(events):
            self._is_dirty = True
            if self.channel.is_raw:
                self.flush()

    def flush(self) -> None:
        """Publish what was gathered."""
        if self._is_dirty:
            self._is_dirty = False
            self._publish()

    def _gather(self, events: MarketEvents) -> bool:
        raise NotImplementedError

    def _publish(self) -> None:
        raise NotImplementedError

    def _tell(self, data: Any) -> None:
        message = notification(self.channel.name, data)
        is_book = self.channel.topic.is_book
        for reader in list(self.readers):
            reader.tell(message, is_book=is_book)

    def _covers(self, series: int) -> bool:
        return self.channel.covers(self._market.instrument_of(series))


class _OneMarket(Publisher):
    """A publisher whose channel names an instrument."""

    def __init__(self, channel: Channel, market: MarketData, account: int | None) -> None:
        super().__init__(channel, market, account)
        found = market.instrument(channel.target)
        assert found is not None  # noqa: S101 - the name of the channel was checked
        self._series = found.series

    def see(self, events: MarketEvents) -> None:
        """Take note of events, unless the number of the series means another market by now."""
        if self._instrument.name == self.channel.target:
            super().see(events)

    @property
    def _instrument(self) -> Instrument:
        return self._market.instrument_of(self._series)


class BookPublisher(_OneMarket):
    """`book.instrument.interval`: an image to who joins, then changes in an unbroken chain."""

    def __init__(self, channel: Channel, market: MarketData, account: int | None) -> None:
        super().__init__(channel, market, account)
        self._change_id = market.book(self._series).change_id
        self._time_ms = 0
        self._told_id = self._change_id
        self._levels: dict[tuple[Side, int], tuple[int, int]] = {}

    def join(self, reader: Reader) -> None:
        """Publish what was gathered, so that the image of the new reader has it too."""
        self.flush()
        super().join(reader)
        image = self._market.book(self._series)
        message = notification(self.channel.name, formats.format_image(self._instrument, image))
        reader.tell(message, is_book=True)

    def _gather(self, events: MarketEvents) -> bool:
        gathered = False
        for change in events.books:
            if change.series == self._series and change.change_id > self._change_id:
                self._merge(change)
                gathered = True
        return gathered

    def _merge(self, change: BookChange) -> None:
        self._change_id, self._time_ms = change.change_id, change.time_ms
        for side, ticks, before, after in change.levels:
            first, _ = self._levels.get((side, ticks), (before, after))
            self._levels[side, ticks] = (first, after)

    def _publish(self) -> None:
        levels = [
            LevelChange(side, ticks, before, after)
            for (side, ticks), (before, after) in self._levels.items()
            if before != after
        ]
        self._levels = {}
        change = BookChange(self._series, self._change_id, self._time_ms, levels)
        data = formats.format_change(self._instrument, change, self._told_id)
        self._told_id = self._change_id
        self._tell(data)


class GroupedBookPublisher(_OneMarket):
    """`book.instrument.group.depth.interval`: the best levels whenever the book changed."""

    def join(self, reader: Reader) -> None:
        """Tell the new reader how the book is."""
        super().join(reader)
        reader.tell(notification(self.channel.name, self._image()), is_book=True)

    def _gather(self, events: MarketEvents) -> bool:
        return any(change.series == self._series for change in events.books)

    def _publish(self) -> None:
        self._tell(self._image())

    def _image(self) -> dict[str, Any]:
        instrument, image = self._instrument, self._market.book(self._series)
        group, depth = self.channel.group, self.channel.depth
        bids = group_levels(image.bids, lambda ticks: ticks - ticks % group, depth)
        asks = group_levels(image.asks, lambda ticks: ticks + -ticks % group, depth)
        return {
            "timestamp": image.time_ms,
            "instrument_name": instrument.name,
            "change_id": image.change_id,
            "bids": formats.format_levels(instrument, bids),
            "asks": formats.format_levels(instrument, asks),
        }


def group_levels(
    levels: Iterable[tuple[int, int]], place: Callable[[int], int], depth: int
) -> Sequence[tuple[int, int]]:
    """Add up levels that fall into the same place, up to `depth` places."""
    grouped: dict[int, int] = {}
    for ticks, lots in levels:
        at = place(ticks)
        if at not in grouped and len(grouped) == depth:
            break
        grouped[at] = grouped.get(at, 0) + lots
    return list(grouped.items())


class TickerPublisher(_OneMarket):
    """`ticker.instrument.interval`."""

    def join(self, reader: Reader) -> None:
        """Tell the new reader how the market is."""
        super().join(reader)
        reader.tell(notification(self.channel.name, self._ticker()), is_book=False)

    def _gather(self, events: MarketEvents) -> bool:
        return self._series in events.tickers

    def _publish(self) -> None:
        self._tell(self._ticker())

    def _ticker(self) -> dict[str, Any]:
        return formats.format_ticker(self._instrument, self._market.ticker(self._series))


class TradesPublisher(Publisher):
    """`trades.instrument.interval` and `trades.kind.currency.interval`."""

    def __init__(self, channel: Channel, market: MarketData, account: int | None) -> None:
        super().__init__(channel, market, account)
        self._trades: list[Trade] = []

    def _gather(self, events: MarketEvents) -> bool:
        found = [trade for trade in events.trades if self._covers(trade.series)]
        self._trades += found
        return bool(found)

    def _publish(self) -> None:
        trades, self._trades = self._trades, []
        of = self._market.instrument_of
        self._tell([formats.format_trade(of(trade.series), trade) for trade in trades])


class RfqPublisher(Publisher):
    """`rfq.currency` and `user.rfq`: a request for a combo whenever something about it changed."""

    def hear(self, rfq: OpenRfq) -> None:
        """Tell of a request; the channel of an account shows the quotes that it may see."""
        if self._covers(rfq.legs[0].series):
            self._tell(format_rfq(self._market, rfq, self.account))

    def _gather(self, events: MarketEvents) -> bool:  # noqa: ARG002 - nothing of the markets
        return False
