"""What the counter needs from the markets behind it; the node implements it, tests fake it.

Everything is in the integers of the law: ticks, lots, µUSDC. `rpc.units` makes numbers of them.
Books, orders and trades are durable and of one moment: an image holds all changes that were told,
and no others. Accounts and prices are those of now.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, IntEnum
from typing import Final, NamedTuple, Protocol

import msgspec

from rollup_node.rpc.margin_data import MarginReport
from rollup_node.rpc.option_data import Delivery, Exposure, OptionTicker, Settlement, SurfaceDate


class InstrumentKind(Enum):
    """Kinds of instruments under the names of the API."""

    FUTURE = "future"
    OPTION = "option"
    SPOT = "spot"


class Side(IntEnum):
    """Which side of the book."""

    BUY = 0
    SELL = 1


SIDES: Final = (Side.BUY, Side.SELL)
"""By number: faster than the constructor of the enumeration."""


class Instrument(NamedTuple):
    """One series as the API shows it.

    Attributes
    ----------
    currency
        The underlying, such as `ETH`.
    unit_usdc
        What one lot is worth per tick, in µUSDC (`unit` of docs/spec.md S-8).
    lots_per_unit
        Lots that make one unit of the underlying.
    expires_ms
        `None` for perpetuals and spot.
    strike_usdc
        Per unit of the underlying, `None` unless it is an option.
    settlement_period
        `perpetual`, or how far apart such dates are: `day`, `week`, `month`.
    """

    series: int
    name: str
    kind: InstrumentKind
    currency: str
    unit_usdc: int
    lots_per_unit: int
    min_lots: int
    created_ms: int
    expires_ms: int | None
    is_active: bool
    maker_fee_ppm: int
    taker_fee_ppm: int
    max_leverage: int
    strike_usdc: int | None = None
    is_put: bool = False
    settlement_period: str = "perpetual"


class BookImage(NamedTuple):
    """All levels of a book, best first, as (ticks, lots)."""

    series: int
    change_id: int
    time_ms: int
    bids: Sequence[tuple[int, int]]
    asks: Sequence[tuple[int, int]]


class LevelChange(NamedTuple):
    """A level had `lots_before` and has `lots`; 0 means that it does not exist."""

    side: Side
    ticks: int
    lots_before: int
    lots: int


class BookChange(NamedTuple):
    """What changed in one book; `change_id` is larger than the one before it."""

    series: int
    change_id: int
    time_ms: int
    levels: Sequence[LevelChange]


class Trade(msgspec.Struct, frozen=True, gc=False):
    """One fill as everybody sees it; `side` is the taker's, `mark_usdc` is per lot."""

    series: int
    trade_id: int
    time_ms: int
    side: Side
    ticks: int
    lots: int
    mark_usdc: int
    index_usdc: int
    is_liquidation: bool


class OrderState(msgspec.Struct, frozen=True, gc=False):
    """One order of an account as it stands. Not a tuple: the hot path makes one per change.

    Attributes
    ----------
    state
        `open`, `filled`, `rejected`, `cancelled` or `untriggered`.
    reason
        Name of the reason of a rejection or cancellation; empty otherwise.
    """

    account: int
    order_id: str
    series: int
    side: Side
    kind: str
    time_in_force: str
    ticks: int
    trigger_ticks: int
    lots: int
    filled_lots: int
    filled_usdc: int
    state: str
    reason: str
    post_only: bool
    reduce_only: bool
    client_slot: int
    tag: int
    record_hash: bytes
    created_ms: int
    updated_ms: int


class UserTrade(msgspec.Struct, frozen=True, gc=False):
    """One fill as one of its two sides sees it; a negative fee is a rebate."""

    account: int
    trade: Trade
    side: Side
    order_id: str
    is_maker: bool
    fee_usdc: int


class Position(NamedTuple):
    """A position of an account; `lots` is negative when short, amounts in µUSDC, mark per lot.

    Margins are what it would require alone under a model that weighs all of them together.
    """

    account: int
    series: int
    lots: int
    basis_usdc: int
    mark_usdc: int
    index_usdc: int
    floating_usdc: int
    funding_usdc: int
    initial_margin_usdc: int
    maintenance_margin_usdc: int


class AccountSummary(NamedTuple):
    """What an account is worth, in µUSDC; `balances` are (symbol, decimals, amount).

    `model` is what it is margined by: `standard`, `portfolio`; `exposures` has each underlying
    of its positions.
    """

    account: int
    owner: bytes
    model: str
    cash_usdc: int
    equity_usdc: int
    floating_usdc: int
    initial_margin_usdc: int
    maintenance_margin_usdc: int
    reserve_usdc: int
    open_orders: int
    status: str
    balances: Sequence[tuple[str, int, int]]
    exposures: Sequence[Exposure]


class Ticker(NamedTuple):
    """The state of a market; `None` where there is no price, best prices as (ticks, lots).

    `mark_usdc` and `settlement_usdc` (what a long lot was paid) are per lot, `index_usdc` per unit
    of the underlying; so are `expected_usdc` and `delivery_usdc`, the price of its date: what it
    would be if the index stayed, and what it is. `option` is what only options have.
    """

    series: int
    time_ms: int
    best_bid: tuple[int, int] | None
    best_ask: tuple[int, int] | None
    last_ticks: int | None
    mark_usdc: int | None
    index_usdc: int | None
    open_interest_lots: int
    volume_lots: int
    high_ticks: int | None
    low_ticks: int | None
    min_ticks: int
    max_ticks: int
    funding_ppb: int | None
    settlement_usdc: int | None
    expected_usdc: int | None = None
    delivery_usdc: int | None = None
    option: OptionTicker | None = None


class FundingPoint(NamedTuple):
    """Funding of a perpetual over the hour that ends at `time_ms`; rates in 1e-9."""

    time_ms: int
    index_usdc: int
    rate_ppb: int


class RecordOutcome(msgspec.Struct, frozen=True, gc=False):
    """What one record did to the orders of who signed it, in order, and its fills on their side.

    Of an order that changed twice only the last state. `legs` are the reasons of the legs of a mass
    quote, in order.
    """

    orders: Sequence[OrderState] = ()
    fills: Sequence[UserTrade] = ()
    legs: Sequence[str] = ()


class MarketEvents(NamedTuple):
    """What happened between two moments, in order."""

    time_ms: int
    books: Sequence[BookChange] = ()
    trades: Sequence[Trade] = ()
    orders: Sequence[OrderState] = ()
    fills: Sequence[UserTrade] = ()
    tickers: frozenset[int] = frozenset()
    accounts: frozenset[int] = frozenset()


Listener = Callable[[MarketEvents], None]


class MarketData(Protocol):
    """The markets of a node as its users see them; answers from memory."""

    @property
    def domain(self) -> bytes:
        """EIP-712 domain separator of logins and transactions."""

    def listen(self, listener: Listener) -> None:
        """Tell this one of all events from now on."""

    def instruments(self) -> Sequence[Instrument]:
        """Return all instruments, expired ones included."""

    def instrument(self, name: str) -> Instrument | None:
        """Return an instrument by name."""

    def instrument_of(self, series: int) -> Instrument:
        """Return the instrument of a series that exists."""

    def book(self, series: int) -> BookImage:
        """Return the whole book of a series."""

    def ticker(self, series: int) -> Ticker:
        """Return the state of a market."""

    def trades(self, series: int, limit: int) -> Sequence[Trade]:
        """Return the newest trades of a series, newest first."""

    def funding(self, series: int, start_ms: int, end_ms: int) -> Sequence[FundingPoint]:
        """Return the funding of a perpetual between two times."""

    def index_price(self, currency: str) -> int | None:
        """Return the index price of an underlying in µUSDC, `None` without one."""

    def option(self, series: int) -> OptionTicker | None:
        """Return what only options have; `None` of others, or if nothing prices it."""

    def surface(self, currency: str) -> Sequence[SurfaceDate]:
        """Return the volatilities of an underlying by date, the next one first."""

    def deliveries(self) -> Sequence[Delivery]:
        """Return how series ended whose date has a price, the newest date first."""

    def may_login(self, account: int, key: int, signer: bytes, time_ms: int) -> bool:
        """Tell whether `signer` is key number `key` of the account now; 0 is the owner."""

    def summary(self, account: int) -> AccountSummary | None:
        """Return an account that is open."""

    def margin(
        self, account: int, changes: Mapping[int, int], model: str | None = None
    ) -> MarginReport:
        """Weigh an open account after `changes` of its lots by series at their marks.

        By a risk model of this name, its own by default.

        Raises `ValueError` if it cannot hold so many positions.
        """

    def positions(self, account: int) -> Sequence[Position]:
        """Return the positions of an account that are not zero."""

    def open_orders(self, account: int) -> Sequence[OrderState]:
        """Return the orders of an account that rest or wait for their trigger."""

    def order(self, account: int, order_id: str) -> OrderState | None:
        """Return an order of an account that this node remembers."""

    def user_trades(self, account: int, series: int | None, limit: int) -> Sequence[UserTrade]:
        """Return the newest fills of an account, newest first."""

    def settlements(self, account: int) -> Sequence[Settlement]:
        """Return the positions of an account that were settled, the newest first."""

    def outcome(self, record_hash: bytes) -> RecordOutcome:
        """Return what a record did, nothing if this node does not remember it."""
