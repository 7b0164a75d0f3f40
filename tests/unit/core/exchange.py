"""A small exchange in a dict: accounts, markets and steps, for tests of the law."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from rollup_node.core.account_leaves import (
    NO_ACCOUNT_RISK,
    NO_HOT,
    NO_RISK,
    AccountRisk,
    Hot,
    Position,
    RiskRow,
)
from rollup_node.core.book import allocate_slot, link_order
from rollup_node.core.book_leaves import Order
from rollup_node.core.flags import REDUCE_ONLY_FLAG
from rollup_node.core.frame import Frame
from rollup_node.core.kinds import Phase
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    ASSETS_KEY,
    CREDIT_KEY,
    CURSOR_KEY,
    POOLS_KEY,
    PRICES_KEY,
    TAKER_KEY,
    TOTALS_KEY,
    LeafKey,
    account_risk_key,
    balances_key,
    directory_key,
    hot_key,
    owner_key,
    positions_key,
    series_key,
    series_risk_key,
    terms_key,
)
from rollup_node.core.leaves import Allocators, Amounts, Balances, Cursor, Leaf, Owner, Totals
from rollup_node.core.market_leaves import (
    NO_ASSET,
    NO_PRICE,
    AssetRow,
    AssetTerms,
    Credit,
    Pools,
    PriceRow,
    Prices,
    SeriesState,
    SeriesTerms,
)
from rollup_node.core.option_leaves import SeriesRisk
from rollup_node.core.option_terms import compute_reserve
from rollup_node.core.portfolio import keep_losses, measure_lot, replace_lots
from rollup_node.core.risk import find_model
from rollup_node.core.scenarios import value_linear
from rollup_node.core.task_leaves import Taker

T = TypeVar("T")
State = dict[LeafKey, Leaf]
OnStep = Callable[[State, list[LeafKey], Frame, Any], None]
"""Hears of a step before its writes are kept: the state, what it read, the frame, its answer."""

NOW: Final = 1_000_000_000
USD: Final = 1_000_000
PERP: Final = 1
SPOT: Final = 2
FUTURE: Final = 3
EXPIRED: Final = 3
SETTLED: Final = 4
"""Statuses of a series."""
ETH: Final = 0
BTC: Final = 1
PRICE: Final = 2_000 * USD
UNIT: Final = 100
"""µUSDC per tick and lot: a lot is a hundredth of a unit, a tick a cent."""

MARK: Final = PRICE // 100
TICK: Final = MARK // UNIT

BUY: Final = 0
SELL: Final = 1
IOC: Final = 2 << 3

TERMS: Final = SeriesTerms(
    kind=2,
    underlying=ETH,
    asset=0,
    expiry_slot=0,
    book=PERP,
    unit=UNIT,
    lots_per_unit=100,
    initial_ppm=50_000,
    maintenance_ppm=25_000,
    taker_fee_ppm=500,
    maker_fee_ppm=-100,
    band_ppm=100_000,
    max_order_lots=1_000_000,
    min_notional=USD,
    open_interest_cap=5_000_000,
    impact_notional=1_000 * USD,
    funding_clamp_ppm=10_000,
    interest_ppb=0,
)
STATE: Final = SeriesState(
    1, 0, 0, 0, 0, 0, 7, MARK, MARK // 20, MARK // 40, 0, 0, 0, 0, NOW, 0, 0, 0
)
LINEAR_RISK: Final = SeriesRisk(7, 10**6, value_linear(MARK, 1, 160_000))


def flags(side: int, *, reduce_only: bool = False, immediate: bool = False, mode: int = 0) -> int:
    """Return the flags of a limit order."""
    return side | (IOC if immediate else 0) | reduce_only << 6 | mode << 7


class Exchange:
    """The leaves of an exchange with markets at one price, and what a test does to them."""

    def __init__(self) -> None:
        eth = PriceRow(7, NOW, PRICE, PRICE, NOW, 0)
        self.state: State = {
            CURSOR_KEY: Cursor(0, 0, 0, 0, 1, NOW, Phase.IDLE, 0),
            ALLOCATORS_KEY: Allocators(0, 0, 0, 0),
            TOTALS_KEY: Totals((0, 0, 0, 0)),
            PRICES_KEY: Prices((eth, eth, *(NO_PRICE,) * 6), 0),
            ASSETS_KEY: AssetTerms(
                (NO_ASSET, AssetRow(ETH, 18, 900_000, 10**21), NO_ASSET, NO_ASSET)
            ),
            CREDIT_KEY: Credit(0, 0, 10**12),
            terms_key(PERP): TERMS,
            series_key(PERP): STATE,
            series_risk_key(PERP): LINEAR_RISK,
            terms_key(SPOT): TERMS._replace(kind=1, asset=1, book=SPOT),
            series_key(SPOT): STATE._replace(initial=0, maintenance=0),
        }
        self.events: list[Any] = []
        self.openings: list[LeafKey] = []
        self.on_step: OnStep | None = None

    def open(self, account: int, cash: int = 0, ether: int = 0, **hot: Any) -> None:
        """Open an account with balances, their custody, and a hot leaf."""
        self.state[owner_key(account)] = Owner(account.to_bytes(20, "big"), 0, 0)
        self.state[balances_key(account)] = Balances((cash, ether, 0, 0))
        self.state[hot_key(account)] = NO_HOT._replace(group=account, **hot)
        first, second, third, fourth = self.totals()
        self.state[TOTALS_KEY] = Totals((first + cash, second + ether, third, fourth))

    def run(self, step: Callable[[Frame], T]) -> T:
        """Run one step of the law and keep what it wrote."""
        reads = _Reads(self.state)
        clock: Any = self.state[CURSOR_KEY]
        frame = Frame(
            reads,
            time_ms=clock.time_ms,
            block=clock.block,
            phase=clock.phase,
            order_class=clock.order_class,
        )
        answer = step(frame)
        assert set(frame.writes) <= set(reads.keys), "a step wrote what it had not read"
        if self.on_step is not None:
            self.on_step(self.state, reads.keys, frame, answer)
        self.state |= frame.writes
        cursor: Any = self.state[CURSOR_KEY]
        self.state[CURSOR_KEY] = cursor._replace(phase=frame.phase)
        self.events += frame.events
        self.openings = reads.keys
        return answer

    def rest(self, account: int, side: int, tick: int, lots: int, **fields: Any) -> int:
        """Link a resting order with its reserve and return its slot."""
        series = fields.pop("series", PERP)
        order_flags = fields.pop("flags", side)
        terms: Any = self.state[terms_key(series)]
        hot: Any = self.state[hot_key(account)]
        reserve = compute_reserve(terms, order_flags, tick, lots)
        client = next(k for k in range(1024) if k >= 8 or not hot.slots[k])
        order = Order(
            account, series, order_flags, tick, 0, lots, 0, 0, 0, reserve, 0, client, 1, 9_999, 0, 0
        )._replace(**fields)

        def link(frame: Frame) -> int:
            slot = allocate_slot(frame)
            frame.get(hot_key(account))
            link_order(frame, terms, slot, order)
            return slot

        return self.run(link)

    def fly(self, account: int, side: int, tick: int, lots: int, **fields: Any) -> None:
        """Put an order in flight."""
        taker = Taker(
            account, PERP, side, tick, 0, lots, 0, 0, 5, 9_999, 0, 0, 0, 0, 0, Phase.IDLE, 0
        )
        self.state[TAKER_KEY] = taker._replace(**fields)
        self.set_phase(Phase.TAKE)

    def hold(
        self, account: int, lots: int, basis: int, *, series: int = PERP, number: int = 0
    ) -> None:
        """Give an account a position at the current funding index, and its row."""
        series_state: Any = self.state[series_key(series)]
        terms: Any = self.state[terms_key(series)]
        position = Position(series, lots, basis, series_state.funding_index, 1)
        key, directory = positions_key(account, number), directory_key(account)
        page: Any = self.state.get(key)
        rows = list(page.rows) if page else [Position(0, 0, 0, 0, 0)] * 8
        rows[number & 7] = position
        places: Any = self.state.get(directory)
        listed = list(places.series) if places else [0] * 128
        listed[number] = series
        from rollup_node.core.account_leaves import Directory, Positions

        self.state[key] = Positions(tuple(rows))
        self.state[directory] = Directory(tuple(listed))
        self._add_to_row(account, position, terms, series_state)
        if lots > 0:
            open_interest = series_state.open_interest + lots
            self.state[series_key(series)] = series_state._replace(open_interest=open_interest)

    def _add_to_row(
        self, account: int, position: Position, terms: SeriesTerms, series_state: SeriesState
    ) -> None:
        """Let the row of an underlying, and its risk leaf if the model has one, have a position."""
        hot, underlying = self.hot(account), terms.underlying
        old, model = hot.rows[underlying], find_model(hot.mode)
        value, initial, maintenance = model.contribute(position, series_state)
        margins = old.initial + initial, old.maintenance + maintenance
        if model.weigh is not None:
            key = account_risk_key(account, underlying)
            leaf: Any = self.state.get(key) if old.positions else None
            risk: AccountRisk = leaf or NO_ACCOUNT_RISK
            if series_state.status < SETTLED:
                prices: Any = self.state[PRICES_KEY]
                series: Any = self.state[series_risk_key(position.series)]
                lot = measure_lot(terms, series, prices.rows[underlying].reference)
                moved = replace_lots(risk, 0, position.lots, lot)
                is_over = series_state.status == EXPIRED
                risk = keep_losses(risk, moved) if is_over else moved
            self.state[key] = risk
            margins = model.weigh(risk)
        row = RiskRow(self.epoch(underlying), old.positions + 1, old.value + value, *margins)
        changed = list(hot.rows)
        changed[underlying] = row
        self.state[hot_key(account)] = hot._replace(rows=tuple(changed))

    def set_phase(self, phase: int) -> None:
        """Put the machine into a phase."""
        cursor: Any = self.state[CURSOR_KEY]
        self.state[CURSOR_KEY] = cursor._replace(phase=phase)

    def set_prices(self, underlying: int, **fields: Any) -> None:
        """Change the price row of an underlying."""
        prices: Any = self.state[PRICES_KEY]
        rows = list(prices.rows)
        rows[underlying] = rows[underlying]._replace(**fields)
        self.state[PRICES_KEY] = Prices(tuple(rows), prices.sampled_ms)

    def set_series(self, series: int, **fields: Any) -> None:
        """Change the state of a series."""
        leaf: Any = self.state[series_key(series)]
        self.state[series_key(series)] = leaf._replace(**fields)

    def set_terms(self, series: int, **fields: Any) -> None:
        """Change the terms of a series."""
        leaf: Any = self.state[terms_key(series)]
        self.state[terms_key(series)] = leaf._replace(**fields)

    def phase(self) -> int:
        """Return the phase of the machine."""
        cursor: Any = self.state[CURSOR_KEY]
        return int(cursor.phase)

    def epoch(self, underlying: int) -> int:
        """Return the epoch of an underlying."""
        prices: Any = self.state[PRICES_KEY]
        return int(prices.rows[underlying].epoch)

    def cash(self, account: int) -> int:
        """Return the cash of an account."""
        return self.amounts(account)[0]

    def amounts(self, account: int) -> Amounts:
        """Return the balances of an account."""
        leaf: Any = self.state[balances_key(account)]
        amounts: Amounts = leaf.amounts
        return amounts

    def totals(self) -> Amounts:
        """Return the custody per asset."""
        leaf: Any = self.state[TOTALS_KEY]
        amounts: Amounts = leaf.amounts
        return amounts

    def hot(self, account: int) -> Hot:
        """Return the hot leaf of an account."""
        leaf: Any = self.state[hot_key(account)]
        return NO_HOT if leaf is None else leaf

    def position(self, account: int, series: int = PERP) -> Position:
        """Return the position of an account in a series, all zero if there is none."""
        directory: Any = self.state.get(directory_key(account))
        if directory is None or series not in directory.series:
            return Position(0, 0, 0, 0, 0)
        number = directory.series.index(series)
        page: Any = self.state[positions_key(account, number)]
        found: Position = page.rows[number & 7]
        return found

    def series(self, series: int = PERP) -> SeriesState:
        """Return the state of a series."""
        leaf: Any = self.state[series_key(series)]
        found: SeriesState = leaf
        return found

    def pools(self) -> Pools:
        """Return the pools."""
        leaf: Any = self.state.get(POOLS_KEY)
        return leaf or Pools(0, (0,) * 8)

    def taker(self) -> Taker:
        """Return the order in flight."""
        leaf: Any = self.state[TAKER_KEY]
        found: Taker = leaf
        return found


class _Reads:
    """A state that remembers what was read of it, in order."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.keys: list[LeafKey] = []

    def get(self, key: LeafKey, /) -> Any:
        """Return a leaf or None."""
        if key not in self.keys:
            self.keys.append(key)
        return self.state.get(key)


__all__ = ["NO_RISK", "REDUCE_ONLY_FLAG", "Exchange"]
