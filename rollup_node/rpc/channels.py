"""Names of channels: what can be subscribed to, and how a name is read. Knows no subscriber."""

from enum import Enum
from typing import Final, NamedTuple

from rollup_node.rpc.errors import RpcError, invalid_params
from rollup_node.rpc.market_data import Instrument, MarketData

DEPTHS: Final = (1, 10, 20)
GROUPS: Final = (1, 2, 5, 10, 25, 100, 250)
"""How many ticks a grouped level may hold, besides `none`."""
INTERVALS: Final = ("raw", "100ms")

_ANY: Final = "any"
_KINDS: Final = ("future", "option", "spot", _ANY)


class Topic(Enum):
    """What a channel tells, by the beginning of its name."""

    BOOK = "book"
    GROUPED_BOOK = "grouped book"
    TICKER = "ticker"
    TRADES = "trades"
    USER_ORDERS = "user.orders"
    USER_TRADES = "user.trades"
    USER_CHANGES = "user.changes"
    USER_PORTFOLIO = "user.portfolio"
    RFQ = "rfq"
    USER_RFQ = "user.rfq"

    @property
    def is_private(self) -> bool:
        """Whether it belongs to an account."""
        return self.value.startswith("user.")

    @property
    def is_book(self) -> bool:
        """Whether a slow reader loses it first."""
        return self in {Topic.BOOK, Topic.GROUPED_BOOK}


class Channel(NamedTuple):
    """A channel name, read.

    Attributes
    ----------
    target
        Name of an instrument, `any`, or `kind.currency` of which both may be `any`.
    group, depth
        Ticks per level and levels per side of a grouped book, else 0.
    """

    name: str
    topic: Topic
    target: str
    is_raw: bool
    group: int = 0
    depth: int = 0

    def covers(self, instrument: Instrument) -> bool:
        """Tell whether an instrument belongs to the target."""
        kind, dot, currency = self.target.partition(".")
        if not dot:
            return self.target in {_ANY, instrument.name}
        return kind in {_ANY, instrument.kind.value} and currency in {_ANY, instrument.currency}


def parse_channel(name: str, market: MarketData) -> Channel:
    """Read the name of a channel.

    Raises
    ------
    RpcError
        -32602 if there is no such channel or instrument.
    """
    parts = name.split(".")
    if parts[0] == "user":
        return _parse_user(name, parts, market)
    if parts[0] == Topic.RFQ.value:
        return _parse_rfq(name, parts, market)
    if parts[0] == "book" and len(parts) == 5:  # noqa: PLR2004 - book.instrument.group.depth.interval
        return _parse_grouped(name, parts, market)
    for topic in (Topic.BOOK, Topic.TICKER, Topic.TRADES):
        if parts[0] == topic.value:
            target = _target(name, parts[1:-1], market, wide=topic is Topic.TRADES)
            return Channel(name, topic, target, _is_raw(name, parts[-1]))
    raise _unknown(name, "no such topic")


def _parse_user(name: str, parts: list[str], market: MarketData) -> Channel:
    if parts[1:2] == ["portfolio"]:
        if parts[2:] not in ([], [_ANY], ["USDC"]):
            raise _unknown(name, "user.portfolio, user.portfolio.any or user.portfolio.USDC")
        return Channel(name, Topic.USER_PORTFOLIO, _ANY, is_raw=True)
    if parts[1:] == ["rfq"]:
        return Channel(name, Topic.USER_RFQ, _ANY, is_raw=True)
    for topic in (Topic.USER_ORDERS, Topic.USER_TRADES, Topic.USER_CHANGES):
        if ".".join(parts[:2]) == topic.value:
            target = _target(name, parts[2:-1], market, wide=True)
            return Channel(name, topic, target, _is_raw(name, parts[-1]))
    raise _unknown(name, "no such topic")


def _parse_rfq(name: str, parts: list[str], market: MarketData) -> Channel:
    currencies = {instrument.currency for instrument in market.instruments()} | {_ANY}
    if len(parts) != 2 or parts[1] not in currencies:  # noqa: PLR2004 - rfq.currency
        raise _unknown(name, "expected rfq.currency, or rfq.any")
    return Channel(name, Topic.RFQ, f"{_ANY}.{parts[1]}", is_raw=True)


def _parse_grouped(name: str, parts: list[str], market: MarketData) -> Channel:
    _, instrument, group, depth, interval = parts
    target = _target(name, [instrument], market, wide=False)
    if group != "none" and group not in map(str, GROUPS):
        raise _unknown(name, f"group is none or one of {', '.join(map(str, GROUPS))}")
    if depth not in map(str, DEPTHS):
        raise _unknown(name, f"depth is one of {', '.join(map(str, DEPTHS))}")
    ticks = 1 if group == "none" else int(group)
    return Channel(name, Topic.GROUPED_BOOK, target, _is_raw(name, interval), ticks, int(depth))


def _target(name: str, parts: list[str], market: MarketData, *, wide: bool) -> str:
    if len(parts) == 1:
        if market.instrument(parts[0]) is not None or (wide and parts[0] == _ANY):
            return parts[0]
        raise _unknown(name, f"no instrument {parts[0][:40]!r}")
    if wide and len(parts) == 2 and parts[0] in _KINDS:  # noqa: PLR2004 - kind.currency
        return ".".join(parts)
    raise _unknown(name, "expected topic.instrument.interval")


def _is_raw(name: str, interval: str) -> bool:
    if interval not in INTERVALS:
        raise _unknown(name, f"interval is one of {', '.join(INTERVALS)}")
    return interval == "raw"


def _unknown(name: str, why: str) -> RpcError:
    return invalid_params(f"channel {name[:80]!r}: {why}", "channels")
