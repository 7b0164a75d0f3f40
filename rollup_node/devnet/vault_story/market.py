"""The other side of the vaults: who buys what they sell, and who trades ETH with them."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any, Final, TypeVar

from rollup_node.client import AsyncClient
from rollup_node.client.errors import ClientError, ConnectionLostError
from rollup_node.core.option_leaves import SalePlace
from rollup_node.devnet.jsonrpc import Deadline
from rollup_node.devnet.session import Session
from rollup_node.devnet.trading import Trader, open_buyers, open_makers
from rollup_node.devnet.vault_takers import Sale, SpotMaker, VaultTaker, find_sales

FAIR_PPM: Final = 1_000_000
"""Takers pay about the mark, so the price of a sale has to come down to it first."""
WANTED_PPM: Final = (1_000_000, 1_000_000, 750_000)
"""Which part of a sale the market wants, by chance."""
QUOTED_SECONDS: Final = 120
"""How long to wait for prices after a jump of time."""
_PPM: Final = 1_000_000
_MS: Final = 1_000
_POLL_SECONDS: Final = 0.2

_T = TypeVar("_T")


class Market:
    """One taker and one dealer with accounts of their own."""

    def __init__(self, session: Session, seed: int) -> None:
        self.session = session
        self.rng = random.Random(f"{seed}/market")  # noqa: S311 - replayable
        self._url = str(session.state["nodes"][0]["url"])
        self._runner = asyncio.Runner()
        self._clients: dict[int, AsyncClient] = {}
        (self._taker,) = open_buyers(session, 1)
        (self._dealer,) = open_makers(session, 1)

    def index_usdc(self) -> int:
        """Return the index price of ETH, µUSDC."""
        return self._as(self._taker, _index)

    def sale_of(self, account: int) -> Sale | None:
        """Return the sale of an account that runs, in an option that has a mark."""
        try:
            found = self._as(self._taker, find_sales)
        except ClientError:  # an option went while it was looked at
            return None
        return next((sale for sale in found if sale.place.account == account), None)

    def wanted_ppm(self) -> int:
        """Return which part of a sale the market wants, by chance."""
        return self.rng.choice(WANTED_PPM)

    def take(self, sale: Sale, part_ppm: int) -> int:
        """Buy a part of a sale at about the mark; return the lots that were met."""
        lots = max(1, sale.place.lots * part_ppm // _PPM)

        async def work(client: AsyncClient) -> int:
            return await VaultTaker(client, self.rng).buy(sale, lots)

        return self._as(self._taker, work)

    def quote_spot(self) -> None:
        """Let the dealer quote ETH on both sides of its mark, in place of its older quotes."""

        async def work(client: AsyncClient) -> None:
            await SpotMaker(client, self.rng).act()

        for _ in Deadline(QUOTED_SECONDS, "the dealer quotes ETH"):
            try:
                self._as(self._dealer, work)
            except ClientError:  # prices are old after a jump of time
                continue
            return

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            self._runner.run(client.close())
        self._runner.close()

    def _as(self, trader: Trader, work: Callable[[AsyncClient], Coroutine[Any, Any, _T]]) -> _T:
        """Do something as somebody, on a connection that stays open: a login counts once."""
        if trader.number in self._clients:
            try:
                return self._runner.run(work(self._clients[trader.number]))
            except ConnectionLostError:
                self._runner.run(self._clients.pop(trader.number).close())
        key = trader.owner.private_key
        client = AsyncClient(self._url, private_key=key, account=trader.number)
        self._runner.run(client.connect())
        self._clients[trader.number] = client
        return self._runner.run(work(client))


def seconds_until_fair(place: SalePlace, now_ms: int) -> int:
    """Return how long until the price of a sale is down at the mark; 0: it is, or never will."""
    if not place.reserve_ppm <= FAIR_PPM < place.start_ppm:
        return 0
    fallen = place.start_ppm - FAIR_PPM
    whole_ms = place.ends_ms - place.started_ms
    fair_ms = place.started_ms + whole_ms * fallen // (place.start_ppm - place.reserve_ppm)
    return max(0, -((now_ms - fair_ms) // _MS))


async def _index(client: AsyncClient) -> int:
    found = await client.call("public/get_index_price", index_name="eth_usdc")
    return round(Decimal(str(found["index_price"])) * _PPM)
