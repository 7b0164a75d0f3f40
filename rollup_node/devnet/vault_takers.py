"""Who buys what vaults sell: takers that find the sales of the state and pay about the mark.

Programs as a user would write them: they know the client, and read leaves that anyone may read. A
sale is in no book; who buys at its price or above meets it.
"""

import asyncio
import logging
import math
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, NamedTuple

from rollup_node.client import AsyncClient
from rollup_node.client.errors import ClientError, ConnectionLostError, SlowReaderError
from rollup_node.codec.leaves import decode_leaf
from rollup_node.core.inputs import Leg, MassQuote
from rollup_node.core.layout import LeafKey, sales_key
from rollup_node.core.option_leaves import SalePlace
from rollup_node.devnet.traders import to_price
from rollup_node.devnet.trading import Trader

SPOT: Final = "ETH_USDC"
SPOT_LEVELS: Final = 4
SPOT_STEP_BPS: Final = 5
SPOT_ETH: Final = 20
"""What the maker quotes: so many levels a side, so far apart, so large."""
SPOT_MOVE_BPS: Final = 10
SPOT_QUOTED_MS: Final = 60_000
"""Quotes stay so long, unless the mark moves so far."""
QUOTE_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 1.0
"""Between two looks for sales."""
NEAR_BPS: Final = (-200, 400)
"""How much more than the mark a taker pays, at least and at most: it changes its mind."""
LARGEST_PART: Final = 0.5
"""They want up to this part of what is left of a sale, and at least `LEAST_LOTS` of it."""
LEAST_LOTS: Final = 20
_BPS: Final = 10_000
_PAGE: Final = 512

_logger = logging.getLogger(__name__)


class SpotMaker:
    """Quotes both sides of the spot market around its mark, one signature for all of them."""

    def __init__(self, client: AsyncClient, rng: random.Random) -> None:
        self.client, self.rng = client, rng
        self._mark = 0
        self._until_ms = 0

    async def act(self) -> None:
        """Replace the quotes once they are old, or the mark has left them; else leave L2 alone."""
        ticker = await self.client.call("public/ticker", instrument_name=SPOT)
        instrument = await self.client.instrument(SPOT)
        mark = round(float(ticker["mark_price"] or 0) / to_price(instrument, 1))
        now_ms = await self.client.call("public/get_time")
        has_moved = abs(mark - self._mark) * _BPS > mark * SPOT_MOVE_BPS
        if not mark or not (has_moved or now_ms >= self._until_ms):
            return
        self._mark, self._until_ms = mark, now_ms + SPOT_QUOTED_MS
        signer = self.client.signer
        legs: list[Leg] = []
        for level in range(SPOT_LEVELS):
            away = mark * SPOT_STEP_BPS * (level + 1) // _BPS + self.rng.randrange(3)
            lots = SPOT_ETH * instrument.lots_per_unit
            legs.append(Leg(instrument.series, 0, 2 * level, mark - away, lots))
            legs.append(Leg(instrument.series, 1, 2 * level + 1, mark + away, lots))
        fee = max(instrument.maker_fee_ppm, 0)
        quote = MassQuote(signer.account, signer.number, fee, tuple(legs), signer.next_nonce())
        await self.client.submit(quote)


class Sale(NamedTuple):
    """A sale that runs, and the option that it is in."""

    name: str
    mark_price: float
    place: SalePlace


class VaultTaker:
    """Looks for sales, and buys a random part of each."""

    def __init__(self, client: AsyncClient, rng: random.Random) -> None:
        self.client, self.rng = client, rng
        self.counts: Counter[str] = Counter()
        self.bought_lots: Counter[str] = Counter()

    async def act(self) -> None:
        """Buy a part of every sale that runs now."""
        for sale in await find_sales(self.client):
            await self.buy(sale, self._wanted(sale.place.lots))

    async def buy(self, sale: Sale, lots: int) -> int:
        """Buy up to so many lots from a sale and return how many were met."""
        instrument = await self.client.instrument(sale.name)
        tick = to_price(instrument, 1)
        near = self.rng.randint(*NEAR_BPS)
        limit = math.ceil(sale.mark_price * (_BPS + near) / _BPS / tick)
        self.counts["orders"] += 1
        try:
            answer = await self.client.buy(
                sale.name,
                lots / instrument.lots_per_unit,
                to_price(instrument, limit),
                time_in_force="immediate_or_cancel",
            )
        except ClientError as error:
            self.counts[f"refused {error.reason}"] += 1
            return 0
        met = sum(
            round(float(trade["amount"]) * instrument.lots_per_unit) for trade in answer["trades"]
        )
        self.counts["fills"] += len(answer["trades"])
        self.bought_lots[sale.name] += met
        return met

    def _wanted(self, left: int) -> int:
        most = max(round(left * LARGEST_PART), LEAST_LOTS)
        return min(left, self.rng.randint(LEAST_LOTS, most))


async def find_sales(client: AsyncClient) -> list[Sale]:
    """Return the sales that run now, in options that have a mark."""
    summaries = await client.call("public/get_book_summary_by_currency", kind="option")
    marked = [item for item in summaries if item["mark_price"]]
    instruments = [await client.instrument(item["instrument_name"]) for item in marked]
    now_ms = await client.call("public/get_time")
    leaves = await read_leaves(client, [sales_key(found.series) for found in instruments])
    return [
        Sale(item["instrument_name"], float(item["mark_price"]), place)
        for item, leaf in zip(marked, leaves, strict=True)
        if leaf is not None
        for place in leaf.places
        if place.lots and place.started_ms <= now_ms < place.ends_ms
    ]


async def read_leaves(client: AsyncClient, keys: list[LeafKey]) -> list[Any]:
    """Return leaves of the newest state, `None` where there is none."""
    found: list[Any] = []
    for start in range(0, len(keys), _PAGE):
        page = keys[start : start + _PAGE]
        values = await client.ask("rollup_getLeaves", [page])
        for key, text in zip(page, values, strict=True):
            value = bytes.fromhex(text[2:])
            found.append(decode_leaf(key, value) if value else None)
    return found


async def run_takers(
    url: str, buyers: list[Trader], makers: list[Trader], seed: int, stop: asyncio.Event
) -> None:
    """Let takers buy until told to stop; a sequencer that ends may come back.

    Makers quote the spot market, where vaults change cash into ETH and back.
    """
    async with asyncio.TaskGroup() as tasks:
        for number, trader in enumerate(buyers):
            rng = random.Random(f"{seed}/takers/{number}")  # noqa: S311 - replayable
            tasks.create_task(_run_one(url, trader, stop, partial(_take, rng=rng)))
        for number, trader in enumerate(makers):
            rng = random.Random(f"{seed}/makers/{number}")  # noqa: S311 - replayable
            tasks.create_task(_run_one(url, trader, stop, partial(_make, rng=rng)))


async def _run_one(
    url: str,
    trader: Trader,
    stop: asyncio.Event,
    work: Callable[[AsyncClient, asyncio.Event], Awaitable[None]],
) -> None:
    while not stop.is_set():
        client = AsyncClient(url, private_key=trader.owner.private_key, account=trader.number)
        try:
            await client.connect()
            await work(client, stop)
        except (ClientError, ConnectionLostError, SlowReaderError) as error:
            _logger.info("somebody begins anew: %s", error)
            await _wait(stop, LOOK_SECONDS)
        finally:
            await client.close()


async def _take(client: AsyncClient, stop: asyncio.Event, *, rng: random.Random) -> None:
    taker = VaultTaker(client, rng)
    while not stop.is_set():
        await taker.act()
        await _wait(stop, rng.uniform(0, 2) * LOOK_SECONDS)


async def _make(client: AsyncClient, stop: asyncio.Event, *, rng: random.Random) -> None:
    """Quote the spot market, a large ladder once in a while."""
    maker = SpotMaker(client, rng)
    while not stop.is_set():
        await maker.act()
        await _wait(stop, QUOTE_SECONDS)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    waiting = asyncio.ensure_future(stop.wait())
    await asyncio.wait({waiting}, timeout=seconds)
    waiting.cancel()
