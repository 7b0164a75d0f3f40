"""Random distress for both twins: thin accounts, prices that jump, futures that end, auctions."""

from collections.abc import Callable
from typing import Any, Final

from rollup_node.codec.admin import encode_admin
from rollup_node.codec.records import encode_open
from rollup_node.codec.signature import address_of
from rollup_node.core.account_leaves import Hot
from rollup_node.core.flags import LIQUIDATING_FLAG
from rollup_node.core.inputs import (
    Bid,
    Liquidate,
    PlaceOrder,
    PriceReport,
    Settle,
    SettlementPrice,
    Takeover,
    Trigger,
)
from rollup_node.core.kinds import SeriesKind
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    BRIDGE_ACCOUNT_LIMIT,
    CURSOR_KEY,
    PRICES_KEY,
    balances_key,
    expiry_key,
    hot_key,
    owner_key,
    series_key,
)
from rollup_node.core.leaves import Balances
from rollup_node.core.market_leaves import Expiry
from rollup_node.core.markets import InsureFees, ListSeries, SetExpiry
from rollup_node.core.step import apply_record, run_task
from rollup_node.proof.chain_state import ChainState
from tests.contracts.exchange_flow import PUBLISHER_KEYS, SERIES, START_MS, TERMS, TRADERS, Exchange

_FUTURES: Final = ((0, 2, 4), (1, 3, 5))
"""Underlying, perpetual and dated future of each."""

_USD: Final = 1_000_000
_RICH: Final = 3
"""So many of the traders are rich."""

_CRASHED: Final = 0.7
"""So many of the worlds begin after prices jumped."""

_ROUNDS: Final = 60
_AUCTION_MS: Final = 7_200_000


class Crash(Exchange):
    """Markets of thin accounts, and everybody who lives on their distress."""

    series = (*SERIES, 4, 5)
    items = 40
    seal_share = 0.5
    sizes = (5, 15, 40)
    seals = ((20, 10), (25, 40), (1_000, 20), (20_000, 4), (61_000, 0.7), (700_000, 0.4),
             (_AUCTION_MS, 0.15))  # fmt: skip

    def _opening(self, publishers: list[bytes]) -> list[bytes]:
        """List futures that end soon, or later."""
        bodies = super()._opening(publishers)
        for underlying, perpetual, future in _FUTURES:
            at = START_MS // 1_000 + self.rng.choice([30, 600, 10_000])
            terms = TERMS[perpetual]._replace(kind=SeriesKind.FUTURE, book=future)
            bodies.append(encode_admin(SetExpiry(underlying, 0, at)))
            bodies.append(encode_admin(ListSeries(future, terms)))
        return bodies

    def _open_markets(self, state: ChainState) -> None:
        """Let thin accounts hold as much as they may, against rich ones."""
        super()._open_markets(state)
        rng = self.rng
        for account in TRADERS[:-_RICH]:
            cash = rng.choice([100, 400, 1_500]) * _USD
            ether = rng.choice([0, 0, 10**16, 10**18])
            state.commit({balances_key(account): Balances((cash, ether, 0, 0))})
            for nonce in range(1, 4):
                self._trade(state, account, cash * rng.choice([3, 6, 12]), nonce)
        for account in TRADERS[-_RICH:]:
            state.commit({balances_key(account): Balances((10**12, 10**20, 0, 0))})
        if rng.random() < _CRASHED:
            self._crash(state)

    def _trade(self, state: ChainState, account: int, notional: int, nonce: int) -> None:
        """Let an account trade with a rich one at the mark, by the law itself."""
        series = self.rng.choice([s for u in _FUTURES for s in u[1:]])
        side, rich = self.rng.randrange(2), TRADERS[-1 - account % _RICH]
        mark, unit = state.get(series_key(series)).mark, TERMS[2 + series % 2].unit
        order = PlaceOrder(
            rich, 0, series, 1 - side, 0, 0, 0, 0, 0, mark // unit, max(1, notional // mark), 0, 0,
            1_000, 0, START_MS + account * 8 + nonce,
        )  # fmt: skip
        taker = order._replace(account=account, side=side, time_in_force=2)
        for record in (order, taker):
            owner = state.get(owner_key(record.account)).address
            execute(state, record, owner)

    def _crash(self, state: ChainState) -> None:
        """Let prices jump, so that some accounts begin in liquidation."""
        state.commit({CURSOR_KEY: state.get(CURSOR_KEY)._replace(time_ms=START_MS + 2_000)})
        signers = tuple(address_of(key) for key in PUBLISHER_KEYS[:3])
        for underlying, row in enumerate(state.get(PRICES_KEY).rows[: len(_FUTURES)]):
            price = row.index_price * self.rng.choice([90, 93, 95, 105, 107, 110]) // 100
            for number in (2, 3):
                report = PriceReport(underlying, number, START_MS + number, price, 100, ())
                execute(state, report, None, signers)
        for account in TRADERS[:-_RICH]:
            execute(state, Liquidate(account, self.rng.choice((2, 3, 4, 5))), None)

    # Who lives on it

    def _makers(self) -> list[Callable[[], bytes]]:
        return [*super()._makers(), self._vulture, self._settlement]

    def _weights(self) -> list[float]:
        return [12, 40, 6, 5, 5, 3, 3, 2, 8, 4, 16, 5]

    def victim(self) -> int:
        """Return an account in liquidation if there is one, now and then any."""
        opened: int = self.state.get(ALLOCATORS_KEY).next_account
        accounts = [*TRADERS, *range(BRIDGE_ACCOUNT_LIMIT, BRIDGE_ACCOUNT_LIMIT + opened)]
        marked = [a for a in accounts if self._flags(a) & LIQUIDATING_FLAG]
        among = marked if marked and self.rng.random() < 0.7 else accounts
        return int(self.rng.choice(among))

    def _flags(self, account: int) -> int:
        hot: Hot | None = self.state.get(hot_key(account))
        return hot.flags if hot else 0

    def _vulture(self) -> bytes:
        """Return what anyone may do to an account, or to an underlying."""
        account = self.victim()
        series = self._position(account)[0]
        records: list[Any] = [
            Liquidate(account, self.odd(series, 9, 4)),
            Liquidate(account, series),
            Takeover(account),
            Trigger(self.rng.randrange(2)),
            Settle(account, self.odd(series, 4, 5)),
        ]
        return encode_open(self.rng.choice(records))

    def _settlement(self) -> bytes:
        """Return a price of a settlement date."""
        underlying = self.rng.randrange(2)
        expiry: Expiry | None = self.state.get(expiry_key(underlying, 0))
        at = self.odd(expiry.expiry_at if expiry else 0, 0, 7)
        price = self.odd(self.state.get(PRICES_KEY).rows[underlying].index_price, 0, 1 << 40)
        number = self.rng.randrange(_ROUNDS)
        report = SettlementPrice(underlying, 0, at, number, price, ())
        return encode_open(self._signed_report(report))

    def bid(self) -> bytes:
        """Return an offer for an account, by who has money or by anyone."""
        target = self.victim()
        hot: Hot | None = self.state.get(hot_key(target))
        version = self.odd(hot.version if hot else 0, 0, 7)
        price = self.rng.choice([0, 10**8, 10**12, 10**12, -(10**6), -(10**9)])
        account = self.rng.choice(TRADERS[-_RICH:] if self.rng.random() < 0.7 else TRADERS)
        return self.seal_with(Bid(account, 0, target, version, price, self.fresh_nonce()))

    def _price_report(self) -> bytes:
        """Return a price: a step, a jump, or the confirmation of one."""
        rng = self.rng
        underlying = rng.randrange(2)
        row = self.state.get(PRICES_KEY).rows[underlying]
        price = row.index_price * rng.choice([1_000, 1_000, 995, 1_005, 960, 1_040, 900, 1_100])
        if row.pending and rng.random() < 0.7:
            price = row.pending * rng.choice([1_000, 1_001])
        clock: int = self.state.get(CURSOR_KEY).time_ms + self.ahead_ms
        self.round += 1
        time_ms = clock + rng.randrange(900)
        report = PriceReport(underlying, self.round, time_ms, max(1, price // 1_000), 100, ())
        return encode_open(self._signed_report(report))

    def _admin(self) -> bytes:
        """Let fees become insurance, more often than other changes."""
        if self.rng.random() < 0.5:
            fees = self.rng.choice([10**4, 10**6, 10**7])
            return encode_admin(InsureFees(self.rng.randrange(2), fees))
        return super()._admin()


def execute(
    state: ChainState, record: Any, signer: bytes | None, signers: tuple[bytes, ...] = ()
) -> None:
    """Execute a record and all that it begins, by the law itself."""
    state.commit({CURSOR_KEY: state.get(CURSOR_KEY)._replace(order_class=0)})
    state.commit(apply_record(state, record, signer, 0, signers).writes)
    while state.get(CURSOR_KEY).phase > 1:
        state.commit(run_task(state).writes)
