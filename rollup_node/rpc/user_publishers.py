"""Publishers of what belongs to one account: orders, fills, positions, its worth."""

from rollup_node.rpc import formats
from rollup_node.rpc.channels import Channel
from rollup_node.rpc.market_data import MarketData, MarketEvents, OrderState, UserTrade
from rollup_node.rpc.publishers import Publisher, Reader, notification


class UserOrdersPublisher(Publisher):
    """`user.orders...`: one order per message when raw, else a list."""

    def __init__(self, channel: Channel, market: MarketData, account: int | None) -> None:
        super().__init__(channel, market, account)
        self._orders: list[OrderState] = []

    def _gather(self, events: MarketEvents) -> bool:
        found = [order for order in events.orders if self._covers(order.series)]
        self._orders += found
        return bool(found)

    def _publish(self) -> None:
        orders, self._orders = self._orders, []
        of = self._market.instrument_of
        data = [formats.format_order(of(order.series), order) for order in orders]
        for entry in data if self.channel.is_raw else [data]:
            self._tell(entry)


class UserTradesPublisher(Publisher):
    """`user.trades...`: a list of fills of one account."""

    def __init__(self, channel: Channel, market: MarketData, account: int | None) -> None:
        super().__init__(channel, market, account)
        self._fills: list[UserTrade] = []

    def _gather(self, events: MarketEvents) -> bool:
        found = [fill for fill in events.fills if self._covers(fill.trade.series)]
        self._fills += found
        return bool(found)

    def _publish(self) -> None:
        fills, self._fills = self._fills, []
        of = self._market.instrument_of
        self._tell([formats.format_user_trade(of(fill.trade.series), fill) for fill in fills])


class UserChangesPublisher(Publisher):
    """`user.changes...`: orders, fills and the positions after them, one message per market."""

    def __init__(self, channel: Channel, market: MarketData, account: int | None) -> None:
        super().__init__(channel, market, account)
        self._orders: list[OrderState] = []
        self._fills: list[UserTrade] = []

    def _gather(self, events: MarketEvents) -> bool:
        orders = [order for order in events.orders if self._covers(order.series)]
        fills = [fill for fill in events.fills if self._covers(fill.trade.series)]
        self._orders += orders
        self._fills += fills
        return bool(orders or fills)

    def _publish(self) -> None:
        orders, self._orders = self._orders, []
        fills, self._fills = self._fills, []
        series = dict.fromkeys([o.series for o in orders] + [f.trade.series for f in fills])
        positions = {p.series: p for p in self._market.positions(self.account or 0)}
        for number in series:
            of = self._market.instrument_of(number)
            held = [positions[number]] if number in positions else []
            mine = [f for f in fills if f.trade.series == number]
            self._tell(
                {
                    "instrument_name": of.name,
                    "orders": [formats.format_order(of, o) for o in orders if o.series == number],
                    "trades": [formats.format_user_trade(of, fill) for fill in mine],
                    "positions": [formats.format_position(of, position) for position in held],
                }
            )


class PortfolioPublisher(Publisher):
    """`user.portfolio`: the account whenever it changed."""

    def join(self, reader: Reader) -> None:
        """Tell the new reader how the account is."""
        super().join(reader)
        summary = self._market.summary(self.account or 0)
        if summary is not None:
            data = formats.format_summary(summary)
            reader.tell(notification(self.channel.name, data), is_book=False)

    def _gather(self, events: MarketEvents) -> bool:
        return self.account in events.accounts

    def _publish(self) -> None:
        summary = self._market.summary(self.account or 0)
        if summary is not None:
            self._tell(formats.format_summary(summary))
