"""The exchange as the oracle sees it: what it has of each feed, and how it takes a report."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

from rollup_node.codec.leaves import decode_leaf
from rollup_node.codec.records import encode_open
from rollup_node.core.inputs import Report
from rollup_node.core.layout import (
    PRICES_KEY,
    PUBLISHERS_KEY,
    LeafKey,
    board_key,
    expiry_key,
    grid_key,
    option_dates_key,
    underlying_key,
)
from rollup_node.core.market_leaves import (
    NO_PRICE,
    NO_PUBLISHERS,
    Expiry,
    Prices,
    Publishers,
    SettlementGrid,
    Underlying,
)
from rollup_node.core.option_leaves import NO_DATES, Board, OptionDates
from rollup_node.l1.client import JsonRpcClient, RpcError
from rollup_node.ports import InputError, TemporaryError
from rollup_node.roles.oracle_reports import PRICE, Accepted, Feed, forward_volatility
from rollup_node.roles.oracle_settlement import ExpiryView

_UNDERLYINGS: Final = 8
_SLOTS: Final = 16
_OPEN: Final = 1


class FeedState(NamedTuple):
    """A feed that the exchange wants: what it has, and the price that a forward is measured by.

    `has_strikes`: a date whose forward comes with volatilities.
    """

    feed: Feed
    accepted: Accepted
    price: int
    has_strikes: bool = False


class OracleState(NamedTuple):
    """The feeds of all open underlyings, the settlement dates without a price, and who signs."""

    feeds: Sequence[FeedState] = ()
    expiries: Sequence[ExpiryView] = ()
    publishers: Publishers = NO_PUBLISHERS


class _DateLeaves(NamedTuple):
    """A settlement date as the state has it; a board only with strikes."""

    slot: int
    date: Expiry
    grid: SettlementGrid | None
    board: Board | None


class OracleExchange(Protocol):
    """Where reports go."""

    async def read(self) -> OracleState:
        """Return what the exchange has now.

        Raises
        ------
        TemporaryError
            If it does not answer.
        """

    async def submit(self, report: Report) -> None:
        """Hand in a signed report.

        Raises
        ------
        TemporaryError
            If there is no answer.
        InputError
            If it is refused; the message says why.
        """


class RpcExchange:
    """`OracleExchange` over the RPC of a sequencer."""

    def __init__(self, client: JsonRpcClient) -> None:
        self._client = client

    async def read(self) -> OracleState:
        """Return what the newest state has."""
        numbers = range(_UNDERLYINGS)
        keys = [PUBLISHERS_KEY, PRICES_KEY, *map(underlying_key, numbers)]
        found = await self._leaves([*keys, *map(option_dates_key, numbers)])
        publishers, prices, leaves = found[0], found[1], found[2:]
        feeds = [
            _price_state(number, leaf, prices)
            for number, leaf in zip(numbers, leaves, strict=False)
            if leaf is not None and leaf.status == _OPEN
        ]
        masks = {number: leaves[_UNDERLYINGS + number] or NO_DATES for number in numbers}
        expiries: list[ExpiryView] = []
        for state in list(feeds):
            underlying, price = state.feed[0], state.price
            for slot, date, grid, board in await self._dates(underlying, masks[underlying]):
                expiries.append(ExpiryView(underlying, slot, date.expiry_at, _seen(date, grid)))
                feeds.append(_date_state((underlying, slot), date, board, price))
        return OracleState(feeds, expiries, publishers or NO_PUBLISHERS)

    async def _dates(self, underlying: int, mask: OptionDates) -> list[_DateLeaves]:
        """Return what there is, at one moment, of each settlement date without a price."""
        slots = range(_SLOTS)
        listed = [slot for slot in slots if mask.dates >> slot & 1]
        keys = [
            *(expiry_key(underlying, slot) for slot in slots),
            *(grid_key(underlying, slot) for slot in slots),
            *(board_key(underlying, slot) for slot in listed),
        ]
        leaves = await self._leaves(keys)
        boards = dict(zip(listed, leaves[2 * _SLOTS :], strict=True))
        return [
            _DateLeaves(slot, date, leaves[_SLOTS + slot], boards.get(slot))
            for slot, date in enumerate(leaves[:_SLOTS])
            if date is not None and date.expiry_at and not date.price
        ]

    async def submit(self, report: Report) -> None:
        """Send the record."""
        body = "0x" + encode_open(report).hex()
        try:
            await self._client.call("rollup_sendTransaction", body)
        except RpcError as error:
            raise InputError(str(error)) from error

    async def _leaves(self, keys: Sequence[LeafKey]) -> list[Any]:
        try:
            texts = await self._client.call("rollup_getLeaves", list(keys))
            values = [bytes.fromhex(text.removeprefix("0x")) for text in texts]
            return [
                decode_leaf(key, value) if value else None
                for key, value in zip(keys, values, strict=True)
            ]
        except (RpcError, AttributeError, TypeError, ValueError) as error:
            raise TemporaryError(f"leaves at {self._client.url}: {error}") from error


def _seen(date: Expiry, grid: SettlementGrid | None) -> int:
    """Return which samples of a settlement date the exchange has, bit n for number n."""
    if grid is None or grid.expiry_at != date.expiry_at:
        return 0
    return sum(1 << number for number, price in enumerate(grid.prices) if price)


def _price_state(number: int, leaf: Underlying, prices: Prices | None) -> FeedState:
    row = NO_PRICE if prices is None else prices.rows[number]
    accepted = Accepted(leaf.round, row.index_ms, row.index_price, row.pending > 0)
    return FeedState((number, PRICE), accepted, row.index_price)


def _date_state(feed: Feed, date: Expiry, board: Board | None, price: int) -> FeedState:
    if board is None:
        return FeedState(feed, Accepted(date.round, 0, date.forward), price)
    volatility = forward_volatility(board.nodes) if board.surface_ms else 0
    accepted = Accepted(date.round, board.surface_ms, date.forward, volatility=volatility)
    return FeedState(feed, accepted, price, has_strikes=True)
