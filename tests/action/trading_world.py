"""A trading interface on real sockets, over a real sequencer and markets that the test moves."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from rollup_node.codec.eip712 import login_digest
from rollup_node.codec.signature import address_of, sign
from rollup_node.derive.events import L1Block
from rollup_node.node.backend import SequencerBackend, Sync
from rollup_node.rpc.gateway import Gateway
from rollup_node.rpc.limits import TradingLimits
from rollup_node.rpc.margin_data import MarginReport
from rollup_node.rpc.market_data import (
    AccountSummary,
    BookChange,
    BookImage,
    FundingPoint,
    Instrument,
    InstrumentKind,
    LevelChange,
    Listener,
    MarketEvents,
    OrderState,
    Position,
    RecordOutcome,
    Side,
    Ticker,
    Trade,
    UserTrade,
)
from rollup_node.rpc.option_data import Delivery, Exposure, OptionTicker, Settlement, SurfaceDate
from rollup_node.rpc.server import RpcServer
from tests.action.configs import make_configs
from tests.action.sequencing import DOMAIN, KEYS, START_MS, FakeL1, FixedClock, make_sequencer

ETH = Instrument(
    series=1,
    name="ETH-PERPETUAL",
    kind=InstrumentKind.FUTURE,
    currency="ETH",
    unit_usdc=500,
    lots_per_unit=100,
    min_lots=1,
    created_ms=START_MS,
    expires_ms=None,
    is_active=True,
    maker_fee_ppm=-50,
    taker_fee_ppm=350,
    max_leverage=50,
)
BTC = ETH._replace(series=2, name="BTC-27DEC26", currency="BTC", expires_ms=START_MS + 10**9)
BTC = BTC._replace(settlement_period="month")


class Markets:
    """Markets whose books the test changes; accounts 1 and 2 belong to the keys of the tests."""

    domain = DOMAIN

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self.levels: dict[int, dict[tuple[Side, int], int]] = {1: {}, 2: {}}
        self.change_ids = {1: 100, 2: 100}
        self.all_trades: list[Trade] = []
        self.orders: dict[str, OrderState] = {}
        self.outcomes: dict[bytes, RecordOutcome] = {}
        self.ended: list[Delivery] = []
        self.options: dict[int, OptionTicker] = {}
        self.session_keys: dict[tuple[int, int], bytes] = {}

    def listen(self, listener: Listener) -> None:
        self.listeners.append(listener)

    def emit(self, events: MarketEvents) -> None:
        for listener in self.listeners:
            listener(events)

    def set_level(self, side: Side, ticks: int, lots: int, series: int = 1) -> MarketEvents:
        """Change one level, and tell everybody."""
        before = self.levels[series].get((side, ticks), 0)
        self.levels[series][side, ticks] = lots
        self.change_ids[series] += 1
        level = LevelChange(side, ticks, before, lots)
        change = BookChange(series, self.change_ids[series], START_MS, [level])
        events = MarketEvents(START_MS, books=[change], tickers=frozenset([series]))
        self.emit(events)
        return events

    def trade(self, number: int, ticks: int, lots: int) -> Trade:
        prices = {"mark_usdc": 30_000_000, "index_usdc": 3_000_000_000}
        trade = Trade(1, number, START_MS, Side.BUY, ticks, lots, **prices, is_liquidation=False)
        self.all_trades.insert(0, trade)
        return trade

    def order_state(self, account: int, order_id: str, state: str = "open") -> OrderState:
        made = OrderState(
            account=account,
            order_id=order_id,
            series=1,
            side=Side.BUY,
            kind="limit",
            time_in_force="good_til_cancelled",
            ticks=60_000,
            trigger_ticks=0,
            lots=10,
            filled_lots=0,
            filled_usdc=0,
            state=state,
            reason="",
            post_only=False,
            reduce_only=False,
            client_slot=3,
            tag=7,
            record_hash=bytes(32),
            created_ms=START_MS,
            updated_ms=START_MS,
        )
        self.orders[order_id] = made
        return made

    def instruments(self) -> Sequence[Instrument]:
        return [ETH, BTC]

    def instrument(self, name: str) -> Instrument | None:
        return {ETH.name: ETH, BTC.name: BTC}.get(name)

    def instrument_of(self, series: int) -> Instrument:
        return {1: ETH, 2: BTC}[series]

    def book(self, series: int) -> BookImage:
        levels = [(key, lots) for key, lots in self.levels[series].items() if lots]
        bids = sorted(((t, lots) for (side, t), lots in levels if not side), reverse=True)
        asks = sorted((t, lots) for (side, t), lots in levels if side)
        return BookImage(series, self.change_ids[series], START_MS, bids, asks)

    def ticker(self, series: int) -> Ticker:
        image = self.book(series)
        return Ticker(
            series=series,
            time_ms=START_MS,
            best_bid=image.bids[0] if image.bids else None,
            best_ask=image.asks[0] if image.asks else None,
            last_ticks=None,
            mark_usdc=30_000_000,
            index_usdc=3_000_000_000,
            open_interest_lots=250,
            volume_lots=0,
            high_ticks=None,
            low_ticks=None,
            min_ticks=1,
            max_ticks=100_000,
            funding_ppb=12_500,
            settlement_usdc=None,
        )

    def trades(self, series: int, limit: int) -> Sequence[Trade]:
        return [trade for trade in self.all_trades if trade.series == series][:limit]

    def funding(self, series: int, start_ms: int, end_ms: int) -> Sequence[FundingPoint]:
        point = FundingPoint(START_MS, 3_000_000_000, 12_500)
        return [point] if series == 1 and start_ms <= START_MS <= end_ms else []

    def index_price(self, currency: str) -> int | None:
        return {"ETH": 3_000_000_000}.get(currency)

    def option(self, series: int) -> OptionTicker | None:
        return self.options.get(series)

    def surface(self, currency: str) -> Sequence[SurfaceDate]:
        assert currency
        return []

    def deliveries(self) -> Sequence[Delivery]:
        return self.ended

    def may_login(self, account: int, key: int, signer: bytes, time_ms: int) -> bool:
        if key:
            return time_ms > 0 and self.session_keys.get((account, key)) == signer
        return account in KEYS and signer == address_of(KEYS[account])

    def summary(self, account: int) -> AccountSummary | None:
        if account not in KEYS:
            return None
        return AccountSummary(
            account=account,
            owner=address_of(KEYS[account]),
            model="standard",
            cash_usdc=1_000_500_000,
            equity_usdc=1_000_500_000,
            floating_usdc=0,
            initial_margin_usdc=200_000_000,
            maintenance_margin_usdc=100_000_000,
            reserve_usdc=500_000,
            open_orders=len(self.orders),
            status="open",
            balances=[("USDC", 6, 1_000_500_000)],
            exposures=[Exposure("ETH", 3_000_000_000, -(10**18) // 2, 0, 0, 0, 0)],
        )

    def margin(
        self, account: int, changes: Mapping[int, int], model: str | None = None
    ) -> MarginReport:
        raise NotImplementedError((account, changes, model))

    def positions(self, account: int) -> Sequence[Position]:
        if account != 1:
            return []
        return [Position(1, 1, -50, -1_500_000_000, 30_000_000, 3_000_000_000, 0, 0, 75, 38)]

    def open_orders(self, account: int) -> Sequence[OrderState]:
        return [o for o in self.orders.values() if o.account == account and o.state == "open"]

    def order(self, account: int, order_id: str) -> OrderState | None:
        found = self.orders.get(order_id)
        return found if found is not None and found.account == account else None

    def user_trades(self, account: int, series: int | None, limit: int) -> Sequence[UserTrade]:
        mine = [t for t in self.all_trades if series in {None, t.series}]
        return [
            UserTrade(account, t, Side.SELL, "1-7", is_maker=True, fee_usdc=-3)
            for t in mine[:limit]
        ]

    def settlements(self, account: int) -> Sequence[Settlement]:
        return [Settlement(end, account, 0) for end in self.ended]

    def outcome(self, record_hash: bytes) -> RecordOutcome:
        return self.outcomes.get(record_hash, RecordOutcome())


class Wire:
    """A WebSocket client that knows nothing but JSON-RPC."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.seen: list[dict[str, Any]] = []
        self._number = 0

    async def send(self, method: str, **params: Any) -> int:
        self._number += 1
        body = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        await self.socket.send_bytes(msgspec.json.encode(body))
        return self._number

    async def read(self) -> dict[str, Any]:
        message: dict[str, Any] = await self.socket.receive_json(timeout=10)
        return message

    async def answer(self, number: int) -> dict[str, Any]:
        """Read up to the answer of a request; other messages are kept in `seen`."""
        while True:
            message = await self.read()
            if message.get("id") == number and "method" not in message:
                return message
            self.seen.append(message)

    async def call(self, method: str, **params: Any) -> Any:
        answer = await self.answer(await self.send(method, **params))
        assert "error" not in answer, answer
        return answer["result"]

    async def refused(self, method: str, **params: Any) -> dict[str, Any]:
        answer = await self.answer(await self.send(method, **params))
        error: dict[str, Any] = answer["error"]
        return error

    async def data(self, channel: str) -> Any:
        """Return the next data of a channel."""
        while True:
            message = self.seen.pop(0) if self.seen else await self.read()
            if message.get("params", {}).get("channel") == channel:
                return message["params"]["data"]

    async def log_in(self, clock: FixedClock, account: int = 1) -> Any:
        return await self.call("public/auth", **login(clock.time_ms, account))


def login(
    time_ms: int, account: int = 1, number: int = 0, key: bytes | None = None
) -> dict[str, Any]:
    signature = sign(login_digest(DOMAIN, account, number, time_ms), key or KEYS[account])
    signed = {"signature": "0x" + signature.hex()}
    return {"account": account, "key": number, "timeMs": time_ms, **signed}


class World:
    """A running server with everything behind it."""

    def __init__(
        self,
        clock: FixedClock,
        markets: Markets,
        backend: SequencerBackend,
        server: RpcServer,
        gateway: Gateway,
        port: int,
    ) -> None:
        self.clock, self.markets = clock, markets
        self.backend, self.server, self.gateway = backend, server, gateway
        self.http = f"http://127.0.0.1:{port}"
        self.session = aiohttp.ClientSession()

    async def connect(self) -> Wire:
        return Wire(await self.session.ws_connect(self.http + "/ws/api/v2", max_msg_size=0))

    def pass_time(self, seconds: float) -> None:
        """Let time pass and the gateway tick."""
        self.clock.time_ms += round(seconds * 1_000)
        self.gateway.tick()


@asynccontextmanager
async def make_world(folder: Path, limits: TradingLimits | None = None) -> AsyncIterator[World]:
    clock = FixedClock()
    l1 = FakeL1(clock)
    l1.deposit(1)
    l1.deposit(2)
    sequencer = make_sequencer(folder, clock)
    await sequencer.start()
    await sequencer.on_l1(l1.update(0, 0))
    config, rollup = make_configs(folder, devnet=True)
    head = L1Block(1, bytes(32), bytes(32), START_MS // 1000)
    backend = SequencerBackend(config, rollup, lambda: Sync(head, head, 0, ready=True), sequencer)
    markets = Markets()
    gateway = Gateway(backend, markets, clock, limits, sequencer.clock)
    server = RpcServer(backend, gateway=gateway)
    world = World(clock, markets, backend, server, gateway, await server.start("127.0.0.1", 0))
    try:
        yield world
    finally:
        await world.session.close()
        await server.stop()
        await sequencer.stop()
