"""A sequencer with markets, their node side and the trading interface over it; clients of it.

The markets are written into the state: how they are listed is another matter.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rollup_node.client import AsyncClient
from rollup_node.core.layout import CURSOR_KEY, PRICES_KEY, expiry_key, series_key, terms_key
from rollup_node.core.leaves import Cursor
from rollup_node.core.market_leaves import NO_PRICE, Expiry, PriceRow, Prices
from rollup_node.derive.events import L1Block
from rollup_node.node.backend import SequencerBackend, Sync
from rollup_node.node.market_data import NodeMarkets
from rollup_node.node.sequencer import Sequencer
from rollup_node.rpc.gateway import Gateway
from rollup_node.rpc.server import RpcServer
from tests.action.configs import make_configs
from tests.action.sequencing import DOMAIN, KEYS, START_MS, FakeL1, FixedClock, make_sequencer
from tests.unit.core.exchange_world import MID, UNIT, make_state, make_terms

PERP = "ETH-PERPETUAL"
MID_PRICE = MID * UNIT * 1_000 / 10**6
DEPOSIT = 10**12
_INDEX = MID * UNIT * 1_000


class RunningClock(FixedClock):
    """A clock that runs: blocks must be 20 ms apart before their classes start over."""

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()

    def now_ms(self) -> int:
        return self.time_ms + int((time.monotonic() - self._began) * 1_000)


class ExchangeNode:
    """A running node."""

    def __init__(self, clock: FixedClock, sequencer: Sequencer, l1: FakeL1) -> None:
        self.clock, self.sequencer, self.l1 = clock, sequencer, l1
        config, rollup = make_configs(Path(), devnet=True)
        head = L1Block(1, bytes(32), bytes(32), START_MS // 1000)
        sync = Sync(head, head, 0, ready=True)
        self.backend = SequencerBackend(config, rollup, lambda: sync, sequencer)
        self.markets = NodeMarkets(
            lambda: sequencer.builder.state, DOMAIN, rollup.underlyings, self.backend.assets
        )
        sequencer.markets = self.markets
        self.gateway = Gateway(self.backend, self.markets, clock)
        self.server = RpcServer(self.backend, gateway=self.gateway)
        self.url = ""

    def list_markets(self) -> None:
        """Write a perpetual, a spot series, a future and another perpetual into the state."""
        cursor: Cursor = self.sequencer.builder.cursor
        now_ms = max(cursor.time_ms, START_MS)
        price = PriceRow(1, now_ms, _INDEX, _INDEX, now_ms, 0)
        state = self.sequencer.builder.state
        state.commit({PRICES_KEY: Prices((price, price, *(NO_PRICE,) * 6), now_ms)})
        state.commit({CURSOR_KEY: cursor._replace(time_ms=now_ms)})
        state.commit({expiry_key(0, 2): Expiry(now_ms // 1000 + 86_400, 0, 0, 0)})
        for series, kind, underlying in ((1, 2, 0), (2, 1, 0), (3, 3, 0), (4, 2, 1)):
            state.commit({terms_key(series): make_terms(kind, series, underlying)})
            state.commit({series_key(series): make_state()._replace(funded_ms=now_ms)})
        self.markets.reset()

    def client(self, account: int) -> AsyncClient:
        return AsyncClient(self.url, private_key=KEYS[account], account=account)


@asynccontextmanager
async def make_node(folder: Path) -> AsyncIterator[ExchangeNode]:
    clock = RunningClock()
    l1 = FakeL1(clock)
    l1.deposit(1, DEPOSIT)
    l1.deposit(2, DEPOSIT)
    sequencer = make_sequencer(folder, clock)
    node = ExchangeNode(clock, sequencer, l1)
    await sequencer.start()
    await sequencer.on_l1(l1.update(0, 0))
    node.list_markets()
    node.url = f"http://127.0.0.1:{await node.server.start('127.0.0.1', 0)}"
    try:
        yield node
    finally:
        await node.server.stop()
        await sequencer.stop()
