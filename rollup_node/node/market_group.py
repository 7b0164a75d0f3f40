"""Lines of the tape that became durable together, turned into what the channels tell."""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, Final

from rollup_node.core.events import (
    ComboFill,
    Fill,
    OrderChanged,
    OrderRemoved,
    OrderRested,
    Settled,
    TakerDone,
)
from rollup_node.core.inputs import Liquidate
from rollup_node.core.layout import PRICES_KEY, series_key, terms_key
from rollup_node.core.market_leaves import NO_PRICES
from rollup_node.node.book_mirror import BookMirror
from rollup_node.node.instruments import Instruments
from rollup_node.node.market_stats import MarketStats
from rollup_node.node.order_tracker import OrderTracker
from rollup_node.node.tape import Heard
from rollup_node.rpc.market_data import (
    SIDES,
    MarketEvents,
    OrderState,
    RecordOutcome,
    Trade,
    UserTrade,
)

MAX_OUTCOMES: Final = 50_000
"""Records whose outcome is remembered."""
MAX_USER_TRADES: Final = 1_000
"""Fills that are remembered per account."""

LIQUIDATION: Final = "liquidation"
"""What the order of the protocol is called."""

COMBO: Final = "combo"
"""What stands for an order where a leg of a combo was traded."""

SALE: Final = "sale"
"""What stands for the order of a maker where a covered sale was met."""


class Followed:
    """What is known of the markets, changed by each group."""

    def __init__(self, instruments: Instruments, get: Callable[[Any], Any]) -> None:
        self.instruments, self.get = instruments, get
        self.books, self.orders, self.stats = BookMirror(), OrderTracker(), MarketStats()
        self.outcomes: OrderedDict[bytes, RecordOutcome] = OrderedDict()
        self.fills: dict[int, deque[UserTrade]] = {}
        self.settled: dict[int, deque[tuple[str, Settled]]] = {}

    def reprice(self, time_ms: int) -> list[int]:
        """Look at marks and funding again; return all series."""
        get, found = self.get, [instrument.series for instrument in self.instruments.all()]
        prices = (get(PRICES_KEY) or NO_PRICES).rows
        for series in found:
            terms, state = get(terms_key(series)), get(series_key(series))
            index = prices[terms.underlying].index_price
            self.stats.follow_funding(series, time_ms, state.funding_index, state.mark, index)
        return found

    def forget(self, series: int) -> None:
        """Drop the trades of a number that means another instrument now."""
        self.stats.forget(series)
        for account, kept in self.fills.items():
            mine = [fill for fill in kept if fill.trade.series != series]
            if len(mine) < len(kept):
                self.fills[account] = deque(mine, maxlen=MAX_USER_TRADES)
        self.orders.forget(series)

    def settle(self, event: Settled) -> None:
        """Keep what a position was paid, by the name that its series has now."""
        kept = self.settled.setdefault(event.account, deque(maxlen=MAX_USER_TRADES))
        kept.appendleft((self.instruments.by_series(event.series).name, event))

    def remember(self, record_hash: bytes, outcome: RecordOutcome) -> None:
        """Keep what a record did."""
        self.outcomes[record_hash] = outcome
        if len(self.outcomes) > MAX_OUTCOMES:
            self.outcomes.popitem(last=False)


class MarketGroup:
    """One group; `is_repriced` says that prices or the list of series may be others after it."""

    def __init__(self, followed: Followed) -> None:
        self.is_repriced = False
        self._known = followed
        self._orders: dict[str, OrderState] = {}
        self._trades: list[Trade] = []
        self._fills: list[UserTrade] = []
        self._line_fills: list[UserTrade] = []
        self._nameless: list[tuple[Fill, Trade]] = []
        self._tickers: set[int] = set()
        self._accounts: set[int] = set()

    def hear(self, line: Heard) -> None:
        """Take one line."""
        self.is_repriced |= line.is_repriced
        orders = self._known.orders
        placed = orders.begin(line)
        if self._line_fills:
            self._line_fills, self._nameless = [], []
        for event in line.events:
            self._hear(line, placed, event)
        touched = orders.touched
        if placed and len(touched) > 1:
            touched[placed] = touched.pop(placed, None)  # last: the answer is about it
        changed = orders.states(touched)
        for order in changed:
            self._orders[order.order_id] = order
            self._accounts.add(order.account)
        self._fills += self._line_fills
        if line.source and line.content is not None:
            self._remember(line, changed)

    def finish(self, time_ms: int) -> MarketEvents:
        """Return what all lines did together."""
        books = self._known.books.take_changes(time_ms)
        self._tickers.update(change.series for change in books)
        if self.is_repriced:
            self._tickers.update(self._known.reprice(time_ms))
        for fill in self._fills:
            kept = self._known.fills.setdefault(fill.account, deque(maxlen=MAX_USER_TRADES))
            kept.appendleft(fill)
            self._accounts.add(fill.account)
        return MarketEvents(
            time_ms,
            books,
            self._trades,
            list(self._orders.values()),
            self._fills,
            frozenset(self._tickers),
            frozenset(self._accounts),
        )

    def _hear(self, line: Heard, placed: str, event: Any) -> None:  # noqa: ANN401 - core.events
        kind = type(event)
        if kind is OrderRested or kind is OrderChanged:
            self._known.books.put(event.slot, event.order)
        elif kind is OrderRemoved:
            self._known.books.remove(event.slot)
        elif kind is Fill:
            self._fill(line, placed, event)
            return
        elif kind is ComboFill:
            self._combo(line, event)
            return
        elif kind is TakerDone:
            self._name_fills(line, event)
        elif kind is Settled:
            self._known.settle(event)
            self._accounts.add(event.account)
        self._known.orders.hear(line, event)

    def _fill(self, line: Heard, placed: str, fill: Fill) -> None:
        known = self._known
        trade = self._trade(line, fill)
        self._trades.append(trade)
        known.stats.add_trade(trade)
        maker_name = known.orders.name_at(fill.maker_slot) if fill.maker_slot else SALE
        known.books.fill(fill.maker_slot, fill.lots)
        cost = self._cost(fill)
        known.orders.fill(maker_name, fill, cost, line.time_ms)
        side = SIDES[1 - fill.taker_side]
        self._line_fills.append(
            UserTrade(fill.maker, trade, side, maker_name, is_maker=True, fee_usdc=fill.maker_fee)
        )
        if placed:
            self._fill_taker(line, placed, fill, trade)
        else:
            self._nameless.append((fill, trade))

    def _combo(self, line: Heard, fill: ComboFill) -> None:
        """Take one leg of a combo, which is no order of anybody."""
        trade = self._trade(line, fill)
        self._trades.append(trade)
        self._known.stats.add_trade(trade)
        for account, side, is_maker, fee in (
            (fill.taker, SIDES[fill.taker_side], False, fill.taker_fee),
            (fill.maker, SIDES[1 - fill.taker_side], True, fill.maker_fee),
        ):
            told = UserTrade(account, trade, side, COMBO, is_maker=is_maker, fee_usdc=fee)
            self._line_fills.append(told)

    def _name_fills(self, line: Heard, done: TakerDone) -> None:
        """Say whose the fills were of an order that no record of this line placed."""
        if not self._nameless:
            return
        name = self._known.orders.end_triggered(done, line.time_ms)
        for fill, trade in self._nameless:
            self._fill_taker(line, name or LIQUIDATION, fill, trade)
        self._nameless = []

    def _fill_taker(self, line: Heard, name: str, fill: Fill, trade: Trade) -> None:
        self._known.orders.fill(name, fill, self._cost(fill), line.time_ms)
        side = SIDES[fill.taker_side]
        self._line_fills.append(
            UserTrade(fill.taker, trade, side, name, is_maker=False, fee_usdc=fill.taker_fee)
        )

    def _trade(self, line: Heard, fill: Fill | ComboFill) -> Trade:
        get = self._known.get
        underlying = get(terms_key(fill.series)).underlying
        return Trade(
            series=fill.series,
            trade_id=self._known.stats.next_trade_id(line.time_ms),
            time_ms=line.time_ms,
            side=SIDES[fill.taker_side],
            ticks=fill.tick,
            lots=fill.lots,
            mark_usdc=get(series_key(fill.series)).mark,
            index_usdc=(get(PRICES_KEY) or NO_PRICES).rows[underlying].index_price,
            is_liquidation=isinstance(line.content, Liquidate),
        )

    def _cost(self, fill: Fill) -> int:
        return fill.lots * fill.tick * int(self._known.get(terms_key(fill.series)).unit)

    def _remember(self, line: Heard, changed: list[OrderState]) -> None:
        """Keep what the record did to the orders and fills of who signed it."""
        account = getattr(line.content, "account", None)
        if account is None:
            return
        mine = tuple([order for order in changed if order.account == account])
        if not self._line_fills and not line.legs:
            self._known.remember(line.source, RecordOutcome(mine))
            return
        fills = tuple([fill for fill in self._line_fills if fill.account == account])
        legs = tuple([reason.name for reason in line.legs])
        self._known.remember(line.source, RecordOutcome(mine, fills, legs))
