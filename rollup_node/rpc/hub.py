"""Who reads which channel: brings events of the markets to publishers, and their words to readers.

Private channels exist once per account; public ones once.
"""

from collections.abc import Iterable
from typing import Final

from rollup_node.rpc.channels import Channel, Topic
from rollup_node.rpc.market_data import MarketData, MarketEvents, OrderState, UserTrade
from rollup_node.rpc.publishers import (
    BookPublisher,
    GroupedBookPublisher,
    Publisher,
    Reader,
    RfqPublisher,
    TickerPublisher,
    TradesPublisher,
)
from rollup_node.rpc.rfq_desk import OpenRfq
from rollup_node.rpc.user_publishers import (
    PortfolioPublisher,
    UserChangesPublisher,
    UserOrdersPublisher,
    UserTradesPublisher,
)

_PUBLISHERS: Final[dict[Topic, type[Publisher]]] = {
    Topic.BOOK: BookPublisher,
    Topic.GROUPED_BOOK: GroupedBookPublisher,
    Topic.TICKER: TickerPublisher,
    Topic.TRADES: TradesPublisher,
    Topic.USER_ORDERS: UserOrdersPublisher,
    Topic.USER_TRADES: UserTradesPublisher,
    Topic.USER_CHANGES: UserChangesPublisher,
    Topic.USER_PORTFOLIO: PortfolioPublisher,
    Topic.RFQ: RfqPublisher,
    Topic.USER_RFQ: RfqPublisher,
}


class Hub:
    """All channels that somebody reads."""

    def __init__(self, market: MarketData) -> None:
        """Listen to the markets."""
        self._market = market
        self._publishers: dict[int | None, dict[str, Publisher]] = {None: {}}
        market.listen(self.on_events)

    def join(self, reader: Reader, channel: Channel, account: int | None) -> None:
        """Have a reader read a channel, from an image on where the channel has one."""
        owner = account if channel.topic.is_private else None
        mine = self._publishers.setdefault(owner, {})
        publisher = mine.get(channel.name)
        if publisher is None:
            publisher = _PUBLISHERS[channel.topic](channel, self._market, owner)
            mine[channel.name] = publisher
        publisher.join(reader)

    def leave(self, reader: Reader, channel: Channel, account: int | None) -> None:
        """Have a reader read a channel no more."""
        owner = account if channel.topic.is_private else None
        mine = self._publishers.get(owner, {})
        publisher = mine.get(channel.name)
        if publisher is None:
            return
        publisher.readers.pop(reader, None)
        if not publisher.readers:
            del mine[channel.name]
            if owner is not None and not mine:
                del self._publishers[owner]

    def on_events(self, events: MarketEvents) -> None:
        """Take what happened; raw channels tell it at once."""
        for publisher in list(self._publishers[None].values()):
            publisher.see(events)
        touched = {
            *events.accounts,
            *(order.account for order in events.orders),
            *(fill.account for fill in events.fills),
        }
        for account in touched & self._publishers.keys():
            own = _of_account(events, account)
            for publisher in list(self._publishers[account].values()):
                publisher.see(own)

    def on_rfq(self, rfq: OpenRfq) -> None:
        """Tell of a request for a combo: everybody, the taker, and who has quoted it."""
        for account in (None, rfq.account, *rfq.offers):
            for publisher in list(self._publishers.get(account, {}).values()):
                if isinstance(publisher, RfqPublisher):
                    publisher.hear(rfq)

    def flush(self) -> None:
        """Publish what the channels with an interval have gathered."""
        for publisher in self._all():
            publisher.flush()

    @property
    def channels(self) -> int:
        """How many channels are read."""
        return sum(len(mine) for mine in self._publishers.values())

    def _all(self) -> Iterable[Publisher]:
        return [publisher for mine in self._publishers.values() for publisher in mine.values()]


def _of_account(events: MarketEvents, account: int | None) -> MarketEvents:
    orders: list[OrderState] = [order for order in events.orders if order.account == account]
    fills: list[UserTrade] = [fill for fill in events.fills if fill.account == account]
    return events._replace(orders=orders, fills=fills)
