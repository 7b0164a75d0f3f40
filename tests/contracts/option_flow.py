"""Random options for both twins: listed, quoted, traded, marked anew, in distress, settled."""

from collections.abc import Callable
from typing import Any, Final

from rollup_node.codec.admin import encode_admin
from rollup_node.codec.records import encode_open
from rollup_node.codec.signature import address_of
from rollup_node.core.inputs import (
    DelayedMessage,
    DelistStrike,
    ListExpiry,
    ListStrike,
    PlaceOrder,
    PriceReport,
    Settle,
    SettlementPrice,
    SurfaceReport,
)
from rollup_node.core.layout import CURSOR_KEY, PRICES_KEY, expiry_key, owner_key, series_key
from rollup_node.core.market_leaves import NO_EXPIRY, Expiry
from rollup_node.core.markets import SetOptionRules
from rollup_node.core.surface import SurfaceNode
from rollup_node.devnet.markets import OPTION_RULES, smile
from rollup_node.proof.chain_state import ChainState
from tests.contracts.crash_flow import Crash, execute
from tests.contracts.exchange_flow import PUBLISHER_KEYS, START_MS, TRADERS
from tests.contracts.sale_flow import make_sale, open_sales

OPTIONS: Final = (2_048, 2_049, 4_094, 4_095)
OPTION_SLOT: Final = 3
_DAY: Final = 86_400
_TOMORROW: Final = 1_763_798_400
"""08:00 UTC of the day after the start."""

_ETH: Final = 0
_USD: Final = 1_000_000


class Options(Crash):
    """A date with two strikes that ends soon or later, and more of both as anyone lists them."""

    series = (*Crash.series, *OPTIONS, *OPTIONS)

    def _open_markets(self, state: ChainState) -> None:
        super()._open_markets(state)
        rng = self.rng
        signers = tuple(address_of(key) for key in PUBLISHER_KEYS[:3])
        state.commit({CURSOR_KEY: state.get(CURSOR_KEY)._replace(time_ms=START_MS + 2_000)})
        execute(state, ListExpiry(_ETH, OPTION_SLOT, _TOMORROW), None)
        for call, strike in zip(OPTIONS[::2], (3_000, 3_100), strict=True):
            execute(state, ListStrike(_ETH, OPTION_SLOT, strike * _USD, call), None)
        at = rng.choice([START_MS // 1_000 + rng.choice([40, 900]), _TOMORROW, _TOMORROW])
        expiry: Expiry = state.get(expiry_key(_ETH, OPTION_SLOT))
        state.commit({expiry_key(_ETH, OPTION_SLOT): expiry._replace(expiry_at=at)})
        report = SurfaceReport(_ETH, OPTION_SLOT, at, 1, START_MS + 2_000, 0, smile(6_000), ())
        execute(state, report, None, signers)
        state.commit({CURSOR_KEY: state.get(CURSOR_KEY)._replace(time_ms=START_MS + 4_000)})
        self._reprice(state, signers)
        for nonce, account in enumerate(TRADERS[:-3]):
            self._deal(state, account, nonce)
        open_sales(self.rng, state)

    def _reprice(self, state: ChainState, signers: tuple[bytes, ...]) -> None:
        """Let a small move of the price mark the options."""
        row = state.get(PRICES_KEY).rows[_ETH]
        report = PriceReport(_ETH, 9, START_MS + 4_000, row.index_price * 1_003 // 1_000, 100, ())
        execute(state, report, None, signers)

    def _deal(self, state: ChainState, account: int, nonce: int) -> None:
        """Let an account buy or sell options of a rich one at the mark."""
        series, side = self.rng.choice(OPTIONS), self.rng.randrange(2)
        found = state.get(series_key(series))
        if not found.mark:
            return
        order = PlaceOrder(
            TRADERS[-1 - account % 3], 0, series, 1 - side, 0, 0, 0, 0, 0,
            max(1, found.mark // OPTION_RULES.unit), self.rng.choice([2, 20, 200]), 0, 0, 1_000,
            900, START_MS + 500 + account * 8 + nonce,
        )  # fmt: skip
        taker = order._replace(account=account, side=side, time_in_force=2)
        for record in (order, taker):
            execute(state, record, state.get(owner_key(record.account)).address)

    # Who deals in them

    def message(self) -> DelayedMessage:
        """Return a delayed message, now and then a sale."""
        return make_sale(self) if self.rng.random() < 0.2 else super().message()

    def _makers(self) -> list[Callable[[], bytes]]:
        return [
            *super()._makers(),
            self._surface,
            self._listing,
            self._option_settlement,
            self._buy,
        ]

    def _weights(self) -> list[float]:
        return [*super()._weights(), 6, 5, 6, 8]

    def _buy(self) -> bytes:
        """Return an order that buys options above their mark: it meets what is for sale."""
        rng = self.rng
        order = self._make_order()._replace(
            series=rng.choice(OPTIONS), side=0, kind=0, time_in_force=rng.choice([0, 2]),
            post_only=self.odd(0, 1), trigger=0, expiry=0, self_trade=rng.randrange(3),
        )  # fmt: skip
        price = self.mark_tick(order.series) * rng.choice([90, 101, 120, 250]) // 100
        order = order._replace(price=max(1, price), quantity=self.odd(rng.choice([2, 40]), 0))
        return self.seal_with(order, order.key)

    def _surface(self) -> bytes:
        """Return volatilities of a date, now and then such as are refused."""
        rng = self.rng
        clock: int = self.state.get(CURSOR_KEY).time_ms + self.ahead_ms
        self.round += 1
        nodes = smile(rng.choice([4_000, 5_900, 6_000, 6_200, 9_000]))
        if rng.random() < 0.1:
            nodes = tuple(SurfaceNode(rng.randrange(-500, 500) * 1_000, 50) for _ in nodes)
        slot = rng.choice([OPTION_SLOT, OPTION_SLOT, 2, 5])
        expiry: Expiry = self.state.get(expiry_key(_ETH, slot)) or NO_EXPIRY
        report = SurfaceReport(
            self.odd(_ETH, 1, 8),
            self.odd(slot, 16),
            self.odd(expiry.expiry_at, 0),
            self.odd(self.round, 0),
            self.odd(clock, 0),
            self.odd(rng.randrange(-30, 30) * _USD, 1 << 62),
            nodes,
            (),
        )
        return encode_open(self._signed_report(report))

    def _listing(self) -> bytes:
        """Return the listing of a date or a strike, or the end of one."""
        rng = self.rng
        underlying, slot = self.odd(_ETH, 1, 8), self.odd(rng.choice([OPTION_SLOT, 2, 5]), 16)
        strike = self.odd(50 * rng.randrange(50, 71) * _USD, 0, 7)
        series = self.odd(rng.choice([2_050, 2_060, 2_062, 3_000, *OPTIONS]), 9, 4_096)
        date = _TOMORROW + _DAY * rng.randrange(3)
        records: list[Any] = [
            ListExpiry(underlying, slot, self.odd(date, 0, date + 1)),
            ListStrike(underlying, slot, strike, series),
            ListStrike(underlying, slot, strike, series),
            DelistStrike(series),
        ]
        return encode_open(rng.choice(records))

    def _option_settlement(self) -> bytes:
        """Return a price of the options' date, or the settlement of a position in one."""
        rng = self.rng
        if rng.random() < 0.5:
            account = rng.choice(TRADERS)
            held = self._position(account)[0]
            return encode_open(Settle(account, self.odd(held, *OPTIONS)))
        expiry: Expiry | None = self.state.get(expiry_key(_ETH, OPTION_SLOT))
        at = self.odd(expiry.expiry_at if expiry else 0, 0, 7)
        price = self.odd(self.state.get(PRICES_KEY).rows[_ETH].index_price, 0, 1 << 40)
        report = SettlementPrice(_ETH, OPTION_SLOT, at, rng.randrange(60), price, ())
        return encode_open(self._signed_report(report))

    def _admin(self) -> bytes:
        """Let the governor change the rules of options now and then."""
        rng = self.rng
        if rng.random() < 0.7:
            return super()._admin()
        rules = OPTION_RULES._replace(
            status=self.odd(1, 0, 2),
            initial_ppm=rng.choice([150_000, 200_000]),
            scan_ppm=self.odd(160_000, 0, 500_000),
        )
        return encode_admin(SetOptionRules(self.odd(_ETH, 1, 8), rules))
