"""The boards of options: read from the state, and changed as the role says."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from rollup_node.codec.records import encode_open
from rollup_node.core.book import next_tick
from rollup_node.core.book_leaves import NO_LEVEL, Level, Order
from rollup_node.core.frame import Frame
from rollup_node.core.kinds import SeriesKind
from rollup_node.core.layout import (
    EXPIRIES,
    UNDERLYING_LIMIT,
    board_key,
    expiry_key,
    level_key,
    order_key,
    series_key,
    series_list_key,
    terms_key,
)
from rollup_node.core.listing import OPEN, read_rules
from rollup_node.core.market_leaves import NO_EXPIRY, NO_SERIES, Expiry, SeriesList, SeriesState
from rollup_node.core.option_leaves import NO_BOARD, Board, StrikeRow
from rollup_node.core.risk import read_prices
from rollup_node.l1.client import JsonRpcClient, RpcError
from rollup_node.ports import TemporaryError
from rollup_node.roles.listing import ListedDate, ListedStrike, Listings, OptionBoard

ORDERS_READ: Final = 16
"""So many orders of a series that is over are looked for at a time."""

_MS: Final = 1_000

_logger = logging.getLogger(__name__)


@dataclass
class Lister:
    """Lists dates and strikes and takes them off; `changes` counts what the sequencer took."""

    sequencer: JsonRpcClient
    listings: Listings = field(default_factory=Listings)
    changes: int = 0

    async def act(self, frame: Frame) -> None:
        """Send what the boards lack now; what is refused or lost is sent again later."""
        for change in self.listings.decide(read_boards(frame), frame.time_ms):
            body = "0x" + encode_open(change).hex()
            try:
                await self.sequencer.call("rollup_sendTransaction", body)
            except RpcError as error:
                _logger.info("not listed: %s: %s", change, error)
            except TemporaryError as error:
                _logger.info("sequencer is silent: %s", error)
                return
            else:
                self.changes += 1
                _logger.info("the board changes: %s", change)


def read_boards(frame: Frame) -> list[OptionBoard]:
    """Return the boards of all underlyings whose rules are open."""
    prices = read_prices(frame)
    found: list[OptionBoard] = []
    for underlying in range(UNDERLYING_LIMIT):
        rules = read_rules(frame, underlying)
        if rules.status == OPEN:
            taken = _taken_slots(frame, underlying)
            dates = [_read_date(frame, underlying, slot, taken) for slot in range(EXPIRIES)]
            index = prices.rows[underlying].index_price
            sizes = rules.strike_step, rules.strike_range_ppm
            found.append(OptionBoard(underlying, index, *sizes, dates))
    return found


def _taken_slots(frame: Frame, underlying: int) -> set[int]:
    """Return the places whose date a listed future has."""
    listed: SeriesList = frame.get(series_list_key(underlying)) or NO_SERIES
    terms = [frame.get(terms_key(series)) for series in listed.series if series]
    return {each.expiry_slot for each in terms if each.kind == SeriesKind.FUTURE}


def _read_date(frame: Frame, underlying: int, slot: int, taken: set[int]) -> ListedDate:
    expiry: Expiry = frame.get(expiry_key(underlying, slot)) or NO_EXPIRY
    board: Board = frame.get(board_key(underlying, slot)) or NO_BOARD
    rows = [row for row in board.strikes if row.series]
    is_over = expiry.expiry_at * _MS <= frame.time_ms
    orders = [order for row in rows for order in _orders(frame, row.series)] if is_over else []
    strikes = [_read_strike(frame, row) for row in rows]
    return ListedDate(slot, expiry.expiry_at, slot in taken, strikes, orders)


def _read_strike(frame: Frame, row: StrikeRow) -> ListedStrike:
    call: SeriesState = frame.get(series_key(row.series))
    put: SeriesState = frame.get(series_key(row.series + 1))
    used = call.open_interest or call.orders or put.open_interest or put.orders
    return ListedStrike(row.series, row.strike, call.funded_ms, not used)


def _orders(frame: Frame, call: int) -> Iterator[int]:
    """Yield some orders that rest on a strike."""
    for series in (call, call + 1):
        state: SeriesState = frame.get(series_key(series))
        if state.orders:
            for number, slot in enumerate(_walk(frame, series, state)):
                if number == ORDERS_READ:
                    break
                yield slot


def _walk(frame: Frame, series: int, state: SeriesState) -> Iterator[int]:
    for best, up in ((state.bid, False), (state.ask, True)):
        tick = best
        while tick:
            level: Level = frame.get(level_key(series, tick)) or NO_LEVEL
            slot = level.head
            while slot:
                yield slot
                order: Order = frame.get(order_key(slot))
                slot = order.next
            tick = next_tick(frame, series, tick, up=up)
