"""A small exchange in a dictionary: four series, five accounts, steps by hand, X-9 checked."""

from collections.abc import Callable
from typing import Any, Final

from rollup_node.core.account_leaves import (
    NO_HOT,
    NO_POSITION,
    Directory,
    Hot,
    Position,
    Positions,
    RiskRow,
    SessionKey,
)
from rollup_node.core.book_leaves import Order
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import (
    CancelAll,
    CancelOrder,
    Leg,
    MassQuote,
    PlaceOrder,
    Prune,
    ReplaceOrder,
)
from rollup_node.core.kinds import Phase
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    PRICES_KEY,
    LeafKey,
    balances_key,
    directory_key,
    expiry_key,
    hot_key,
    order_key,
    owner_key,
    positions_key,
    series_key,
    session_key_key,
    terms_key,
)
from rollup_node.core.leaves import Allocators, Balances, Leaf, Owner
from rollup_node.core.market_leaves import (
    NO_PRICE,
    Expiry,
    PriceRow,
    Prices,
    SeriesState,
    SeriesTerms,
)
from rollup_node.core.reason import Reason

NOW_MS: Final = 1_763_700_000_000
PERP: Final = 1
SPOT: Final = 2
FUTURE: Final = 3
BTC_PERP: Final = 4
MID: Final = 65_536
UNIT: Final = 1_000
CASH: Final = 10**12
EXPIRY_AT: Final = NOW_MS // 1_000 + 3_600
BUY: Final = 0
SELL: Final = 1


def owner_of(account: int) -> bytes:
    """Return the address that owns an account."""
    return bytes((account,)) * 20


def key_address(account: int, number: int) -> bytes:
    """Return the address of a session key."""
    return bytes((account, 100 + number)) * 10


def make_terms(kind: int, series: int, underlying: int) -> SeriesTerms:
    """Return usual terms: 50 bps taker fee, a rebate, a 10 % band."""
    return SeriesTerms(
        kind=kind,
        underlying=underlying,
        asset=1 if kind == 1 else 0,
        expiry_slot=2,
        book=series,
        unit=UNIT,
        lots_per_unit=1_000,
        initial_ppm=50_000,
        maintenance_ppm=25_000,
        taker_fee_ppm=500,
        maker_fee_ppm=-100,
        band_ppm=100_000,
        max_order_lots=1_000_000,
        min_notional=1_000_000,
        open_interest_cap=1 << 30,
        impact_notional=10**9,
        funding_clamp_ppm=10_000,
        interest_ppb=0,
    )


def make_state(mark: int = MID * UNIT) -> SeriesState:
    """Return the state of a series that trades and whose book is empty."""
    margins = (mark // 20, mark // 40)
    return SeriesState(1, 0, 0, 0, 0, 0, 1, mark, *margins, 0, 0, 0, 0, NOW_MS, MID, MID, 0)


class Recorder:
    """Reads a dictionary and keeps the keys in the order of first read."""

    def __init__(self, leaves: dict[LeafKey, Leaf]) -> None:
        self.leaves = leaves
        self.order: list[LeafKey] = []

    def get(self, key: LeafKey, /) -> Any:
        if key not in self.order:
            self.order.append(key)
        return self.leaves.get(key)


class World:
    """The state, and the clock of the block; `events` and `opened` are those of the last step."""

    def __init__(self) -> None:
        price = PriceRow(1, NOW_MS, MID * UNIT * 1_000, MID * UNIT * 1_000, NOW_MS, 0)
        self.leaves: dict[LeafKey, Leaf] = {
            ALLOCATORS_KEY: Allocators(0, 0, 0, 0),
            PRICES_KEY: Prices((price, price, *(NO_PRICE,) * 6), NOW_MS),
            expiry_key(0, 2): Expiry(EXPIRY_AT, 0, 0, 0),
        }
        for series, kind, underlying in ((1, 2, 0), (2, 1, 0), (3, 3, 0), (4, 2, 1)):
            self.leaves[terms_key(series)] = make_terms(kind, series, underlying)
            self.leaves[series_key(series)] = make_state()
        for account in range(1, 6):
            self.leaves[owner_key(account)] = Owner(owner_of(account), 0, 0)
            self.leaves[balances_key(account)] = Balances((CASH, 0, 0, 0))
        self.time_ms = NOW_MS
        self.phase: int = Phase.IDLE
        self.order_class = 0
        self.events: list[Any] = []
        self.opened: list[LeafKey] = []
        self.nonce = 0

    def step(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run one step and commit it; a step writes only what it has read (X-9)."""
        recorder = Recorder(self.leaves)
        frame = Frame(
            recorder,
            time_ms=self.time_ms,
            block=1,
            phase=self.phase,
            order_class=self.order_class,
        )
        answer = function(frame, *arguments)
        assert set(frame.writes) <= set(recorder.order)
        self.leaves.update(frame.writes)
        self.phase, self.order_class = frame.phase, frame.order_class
        self.events, self.opened = frame.events, recorder.order
        return answer

    def act(
        self,
        function: Callable[..., Any],
        record: Any,
        forced: int | None = None,
        *,
        same_block: bool = False,
    ) -> Reason:
        """Execute a record signed by who its key says, or as message number `forced`.

        Each record has a block of its own, unless it shall share that of the one before.
        """
        if not same_block:
            self.order_class = 0
        account, key = record[0], record[1]
        address = key_address(account, key) if key else owner_of(account)
        authority = Authority(address, forced is not None, forced or 0)
        reason = self.step(function, record, authority)
        assert isinstance(reason, Reason)
        return reason

    def order(self, account: int, side: int, price: int, quantity: int, **terms: int) -> PlaceOrder:
        """Return an order with usual terms; the next nonce, which is also its slot if not given."""
        self.nonce += 1
        usual = PlaceOrder(
            account,
            0,
            PERP,
            side,
            0,
            0,
            0,
            0,
            0,
            price,
            quantity,
            0,
            0,
            1_000,
            self.nonce & 1_023,
            self.nonce,
        )
        return usual._replace(**terms)

    def cancel(self, order: PlaceOrder, **terms: int) -> CancelOrder:
        """Return the cancel of an order."""
        self.nonce += 1
        tag = order.nonce & 0xFFFFFFFF
        return CancelOrder(order.account, order.key, order.slot, tag, self.nonce)._replace(**terms)

    def replace(self, order: PlaceOrder, price: int, quantity: int, **terms: int) -> ReplaceOrder:
        """Return the replacement of an order."""
        self.nonce += 1
        tag = order.nonce & 0xFFFFFFFF
        record = ReplaceOrder(
            order.account, order.key, order.slot, tag, price, quantity, self.nonce
        )
        return record._replace(**terms)

    def cancel_all(self, account: int, scope: int = 0, scope_id: int = 0) -> CancelAll:
        """Return a cancel-all by the owner."""
        self.nonce += 1
        return CancelAll(account, 0, scope, scope_id, self.nonce)

    def quote(self, account: int, *legs: Leg, key: int = 0) -> MassQuote:
        """Return a mass quote."""
        self.nonce += 1
        return MassQuote(account, key, 1_000, legs, self.nonce)

    def prune(self, function: Callable[..., Any], slot: int, *, same_block: bool = False) -> Reason:
        """Let anyone prune an order slot."""
        if not same_block:
            self.order_class = 0
        reason = self.step(function, Prune(slot), Authority(None, forced=False, tag=0))
        assert isinstance(reason, Reason)
        return reason

    def hot(self, account: int) -> Hot:
        """Return the hot leaf of an account."""
        leaf = self.leaves.get(hot_key(account))
        return NO_HOT._replace(group=account) if leaf is None else leaf  # type: ignore[return-value]

    def set_hot(self, account: int, **fields: Any) -> None:
        """Change fields of a hot leaf."""
        self.leaves[hot_key(account)] = self.hot(account)._replace(**fields)

    def state(self, series: int = PERP) -> SeriesState:
        """Return the state of a series."""
        return self.leaves[series_key(series)]  # type: ignore[return-value]

    def set_state(self, series: int, **fields: int) -> None:
        """Change fields of a series."""
        self.leaves[series_key(series)] = self.state(series)._replace(**fields)

    def set_terms(self, series: int, **fields: int) -> None:
        """Change terms of a series."""
        terms: Any = self.leaves[terms_key(series)]
        self.leaves[terms_key(series)] = terms._replace(**fields)

    def resting(self, slot: int) -> Order:
        """Return an order slot."""
        return self.leaves[order_key(slot)]  # type: ignore[return-value]

    def set_key(self, account: int, number: int, **fields: Any) -> None:
        """Register a session key that may do everything, changed by `fields`."""
        usual = SessionKey(
            key_address(account, number), 15, 255, NOW_MS + 10**9, (1 << 64) - 1, 0, 0
        )
        self.leaves[session_key_key(account, number)] = usual._replace(**fields)

    def set_position(
        self, account: int, lots: int, series: int = PERP, generation: int = 3
    ) -> None:
        """Give an account its only position, bought at the mark."""
        position = Position(series, lots, lots * MID * UNIT, 0, generation)
        self.leaves[directory_key(account)] = Directory((series, *(0,) * 127))
        self.leaves[positions_key(account, 0)] = Positions((position, *(NO_POSITION,) * 7))
        size = abs(lots) * MID * UNIT
        rows = self.hot(account).rows
        self.set_hot(account, rows=(RiskRow(1, 1, 0, size // 20, size // 40), *rows[1:]))
