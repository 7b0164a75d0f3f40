"""The markets of a sequencer node as its users see them: `rpc.market_data.MarketData`.

Books, orders and trades follow the tape of what is durable; accounts and prices are read from the
state as it is now.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from rollup_node.core.book_leaves import Order
from rollup_node.core.kinds import SeriesKind
from rollup_node.core.layout import (
    CURSOR_KEY,
    INDEX_BITS,
    ORDERS,
    PRICES_KEY,
    series_key,
    terms_key,
)
from rollup_node.core.market_leaves import NO_PRICES, PriceRow, Prices, SeriesState, SeriesTerms
from rollup_node.core.option_terms import band_usdc
from rollup_node.node.deliveries import Deliveries
from rollup_node.node.instruments import Instruments
from rollup_node.node.margin_report import MODELS, Names, report_margin
from rollup_node.node.market_accounts import may_login, read_positions, read_summary
from rollup_node.node.market_group import Followed, MarketGroup
from rollup_node.node.option_views import expected_usdc, read_option, read_surface
from rollup_node.node.tape import Heard
from rollup_node.proof.chain_state import ChainState
from rollup_node.rpc.backend import AssetView
from rollup_node.rpc.margin_data import MarginReport
from rollup_node.rpc.market_data import (
    AccountSummary,
    BookImage,
    FundingPoint,
    Instrument,
    Listener,
    MarketEvents,
    OrderState,
    Position,
    RecordOutcome,
    Ticker,
    Trade,
    UserTrade,
)
from rollup_node.rpc.option_data import Delivery, OptionTicker, Settlement, SurfaceDate

_PPM: Final = 1_000_000
_INDEX_MASK: Final = (1 << INDEX_BITS) - 1


class NodeMarkets:
    """Follows the tape of one sequencer."""

    def __init__(
        self,
        state: Callable[[], ChainState],
        domain: bytes,
        symbols: Sequence[str],
        assets: Sequence[AssetView],
    ) -> None:
        """Take where the state is, and the names of underlyings and assets; empty until `reset`."""
        self.domain = domain
        self._state, self._assets = state, assets
        self._instruments = Instruments(symbols)
        self._followed = Followed(self._instruments, lambda key: self._state().get(key))
        self._books, self._orders = self._followed.books, self._followed.orders
        self._stats = self._followed.stats
        self._listeners: list[Listener] = []
        self._deliveries = Deliveries()

    def listen(self, listener: Listener) -> None:
        """Tell this one of all events from now on."""
        self._listeners.append(listener)

    def reset(self) -> None:
        """Begin anew with the state as it is: at the start, and after it went back."""
        time_ms = self._time_ms
        self._read_instruments()
        orders = list(self._resting_orders())
        gone = self._orders.reset(orders, time_ms)
        self._books.reset(orders)
        tickers = frozenset(self._followed.reprice(time_ms))
        books = self._books.take_changes(time_ms)
        self._tell(MarketEvents(time_ms, books=books, orders=gone, tickers=tickers))

    def hear(self, lines: Sequence[Heard]) -> None:
        """Take what became durable, and tell everybody who listens."""
        if lines:
            group = MarketGroup(self._followed)
            for line in lines:
                group.hear(line)
            if group.is_repriced:
                self._read_instruments()
            self._tell(group.finish(lines[-1].time_ms))

    def instruments(self) -> Sequence[Instrument]:
        """Return all instruments."""
        return self._instruments.all()

    def instrument(self, name: str) -> Instrument | None:
        """Return an instrument by name."""
        return self._instruments.by_name(name)

    def instrument_of(self, series: int) -> Instrument:
        """Return the instrument of a series that exists."""
        return self._instruments.by_series(series)

    def book(self, series: int) -> BookImage:
        """Return the whole book of a series."""
        return self._books.image(series)

    def ticker(self, series: int) -> Ticker:
        """Return the state of a market."""
        terms: SeriesTerms = self._state().get(terms_key(series))
        now: SeriesState = self._state().get(series_key(series))
        bid, ask = self._books.best(series)
        day = self._stats.day(series, self._time_ms)
        band = band_usdc(terms, now.mark) * terms.band_ppm // _PPM
        index = self._price(terms.underlying).index_price or None
        instrument = self.instrument_of(series)
        end = self._deliveries.of(instrument.name)
        return Ticker(
            series=series,
            time_ms=self._time_ms,
            best_bid=bid,
            best_ask=ask,
            last_ticks=self._stats.last_ticks(series),
            mark_usdc=now.mark or None,
            index_usdc=index,
            open_interest_lots=now.open_interest,
            volume_lots=day.lots,
            high_ticks=day.high_ticks,
            low_ticks=day.low_ticks,
            min_ticks=max(1, -(-(now.mark - band) // max(terms.unit, 1))),
            max_ticks=(now.mark + band) // max(terms.unit, 1),
            funding_ppb=(
                self._stats.funding_ppb(series) if terms.kind == SeriesKind.PERPETUAL else None
            ),
            settlement_usdc=end and end.payout_usdc,
            expected_usdc=self._expected_usdc(instrument, terms, index),
            delivery_usdc=end and end.price_usdc,
            option=read_option(self._state(), series, bid, ask),
        )

    def trades(self, series: int, limit: int) -> Sequence[Trade]:
        """Return the newest trades of a series, newest first."""
        return self._stats.trades(series, limit)

    def funding(self, series: int, start_ms: int, end_ms: int) -> Sequence[FundingPoint]:
        """Return the funding of a perpetual between two times."""
        return self._stats.funding(series, start_ms, end_ms)

    def index_price(self, currency: str) -> int | None:
        """Return the index price of an underlying."""
        number = self._instruments.number(currency)
        return None if number is None else self._price(number).index_price or None

    def option(self, series: int) -> OptionTicker | None:
        """Return what only options have."""
        return read_option(self._state(), series, *self._books.best(series))

    def surface(self, currency: str) -> Sequence[SurfaceDate]:
        """Return the volatilities of an underlying by date."""
        number = self._instruments.number(currency)
        return [] if number is None else read_surface(self._state(), number)

    def deliveries(self) -> Sequence[Delivery]:
        """Return how series ended, the newest date first."""
        return self._deliveries.all()

    def may_login(self, account: int, key: int, signer: bytes, time_ms: int) -> bool:
        """Tell whether `signer` is key number `key` of the account now."""
        return may_login(self._state().get, account, key, signer, time_ms)

    def summary(self, account: int) -> AccountSummary | None:
        """Return an account that is open."""
        symbol = self._instruments.symbol
        return read_summary(self._state(), account, self._time_ms, self._assets, symbol)

    def margin(
        self, account: int, changes: Mapping[int, int], model: str | None = None
    ) -> MarginReport:
        """Weigh an open account after `changes` of its lots by series at their marks."""
        names = Names(
            self._instruments.symbol, lambda series: self.instrument_of(series).name, self._assets
        )
        mode = None if model is None else MODELS.index(model)
        return report_margin(self._state(), account, self._time_ms, names, changes, mode)

    def positions(self, account: int) -> Sequence[Position]:
        """Return the positions of an account that are not zero."""
        return read_positions(self._state(), account, self._time_ms)

    def open_orders(self, account: int) -> Sequence[OrderState]:
        """Return the orders of an account that rest or wait for their trigger."""
        return self._orders.open_of(account)

    def order(self, account: int, order_id: str) -> OrderState | None:
        """Return an order of an account that this node remembers."""
        return self._orders.state(account, order_id)

    def user_trades(self, account: int, series: int | None, limit: int) -> Sequence[UserTrade]:
        """Return the newest fills of an account, newest first."""
        mine = self._followed.fills.get(account, ())
        found = [fill for fill in mine if series is None or fill.trade.series == series]
        return found[:limit]

    def settlements(self, account: int) -> Sequence[Settlement]:
        """Return the positions of an account that were settled, the newest first."""
        kept = self._followed.settled.get(account, ())
        ends = ((self._deliveries.of(name), event) for name, event in kept)
        return [
            Settlement(end, event.lots, event.lots * event.payout - event.basis)
            for end, event in ends
            if end is not None
        ]

    def outcome(self, record_hash: bytes) -> RecordOutcome:
        """Return what a record did, nothing if this node does not remember it."""
        return self._followed.outcomes.get(record_hash, RecordOutcome())

    @property
    def _time_ms(self) -> int:
        time_ms: int = self._state().get(CURSOR_KEY).time_ms
        return time_ms

    def _read_instruments(self) -> None:
        """Look at the list of series again; what is known of a number's last owner is dropped."""
        state = self._state()
        for series in self._instruments.read(state, self._time_ms):
            self._followed.forget(series)
        self._deliveries.read(state, self._instruments.all())

    def _expected_usdc(
        self, instrument: Instrument, terms: SeriesTerms, index: int | None
    ) -> int | None:
        if index is None or instrument.expires_ms is None or not instrument.is_active:
            return None
        return expected_usdc(self._state(), terms, index)

    def _price(self, underlying: int) -> PriceRow:
        prices: Prices = self._state().get(PRICES_KEY) or NO_PRICES
        return prices.rows[underlying]

    def _resting_orders(self) -> Iterator[tuple[int, Order]]:
        state = self._state()
        for key in state.keys():  # noqa: SIM118 - a method of the state, not a mapping
            if key >> INDEX_BITS == ORDERS and (order := state.get(key)).account:
                yield key & _INDEX_MASK, order

    def _tell(self, events: MarketEvents) -> None:
        for listener in self._listeners:
            listener(events)
