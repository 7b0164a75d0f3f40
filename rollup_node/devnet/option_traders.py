"""Bots that trade options: makers quote as `option_strategy` says and hedge, takers take.

Programs as a user would write them, as those of `traders`: they know the client, nothing of a node.
"""

import asyncio
import math
import random
from collections import defaultdict
from itertools import islice
from typing import Any, Final

from rollup_node.client import AsyncClient
from rollup_node.client.errors import ClientError, RefusedError
from rollup_node.client.instruments import Instrument
from rollup_node.core.inputs import Leg, MassQuote, SetMode
from rollup_node.devnet.option_strategy import Held, Option, hedge_size, make_quote
from rollup_node.devnet.traders import PERPETUAL, SLIPPAGE_BPS, Bot, to_price

QUOTE_SECONDS: Final = 0.2
QUOTED_OPTIONS: Final = 10
"""Options of one mass quote: it has at most 20 legs, two for each."""
HEDGE_SECONDS: Final = 0.5
TAKE_SECONDS: Final = 0.15
PORTFOLIO: Final = 1
"""The risk model of docs/spec.md M-13."""
HEDGE_SLOT: Final = 0
FIRST_SLOT: Final = 2
"""Client slots: hedges never rest, each option has two from here on."""
LIST_SECONDS: Final = 5.0
"""How often to look for options that were listed meanwhile."""
LARGEST_TAKE: Final = 0.5
"""Takers buy or sell up to this part of what is quoted."""
_BPS: Final = 10_000


class OptionBot(Bot):
    """What option bots are: they follow the tickers of all options, also of those listed later."""

    def __init__(self, client: AsyncClient, names: list[str], rng: random.Random) -> None:
        super().__init__(client, list(names), rng)
        self.tickers: dict[str, dict[str, Any]] = {}

    async def run(self) -> None:
        """Follow the tickers and act until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for name in self.names:
                tasks.create_task(self._follow(await self._subscribe(name)))
            tasks.create_task(self._act_forever())
            tasks.create_task(self._look_forever(tasks))

    async def _look_forever(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            await asyncio.sleep(LIST_SECONDS)
            try:
                await self._look(tasks)
            except ClientError as error:  # it may be gone since it was listed
                self.counts[f"refused {error.reason}"] += 1

    async def _look(self, tasks: asyncio.TaskGroup) -> None:
        for item in await self.client.call("public/get_instruments", kind="option"):
            name = item["instrument_name"]
            if name not in self.names:
                self.names.append(name)
                tasks.create_task(self._follow(await self._subscribe(name)))

    async def _subscribe(self, name: str) -> Any:  # noqa: ANN401 - messages of a channel
        return await self.client.subscribe(f"ticker.{name}.100ms")

    async def _follow(self, stream: Any) -> None:  # noqa: ANN401 - messages of a channel
        async for data in stream:
            self.tickers[data["instrument_name"]] = data

    def priced(self) -> list[str]:
        """Return the options that trade and have a mark and greeks now."""
        return [
            name
            for name, ticker in self.tickers.items()
            if ticker["state"] == "open" and ticker.get("greeks") and ticker["mark_price"]
        ]


class OptionMaker(OptionBot):
    """Quotes all options in turn, one signature for ten of them, and hedges its delta."""

    def __init__(self, client: AsyncClient, names: list[str], rng: random.Random) -> None:
        super().__init__(client, names, rng)
        self.held: dict[str, Held] = defaultdict(lambda: Held(0.0, 0.0))
        self._slots: dict[str, int] = {}
        self._next = 0
        self._hedged_at = 0.0

    async def run(self) -> None:
        """Choose portfolio margin, which knows what hedges what; then follow and act."""
        signer = self.client.signer
        try:
            chosen = SetMode(signer.account, signer.number, PORTFOLIO, signer.next_nonce())
            await self.client.submit(chosen)
        except RefusedError as error:  # it holds positions: then it chose before
            self.counts[f"refused {error.reason}"] += 1
        await super().run()

    async def act(self) -> None:
        """Hedge if it is time, then replace the quotes of the next options."""
        await asyncio.sleep(QUOTE_SECONDS)
        now = asyncio.get_running_loop().time()
        if now - self._hedged_at >= HEDGE_SECONDS:
            self._hedged_at = now
            await self.hedge()
        await self.quote()

    async def quote(self) -> None:
        """Replace the quotes of the next options: fewer where one is new or gone."""
        names = self.priced()
        if not names:
            return
        self._next = self._next % len(names)
        chosen = list(islice(names, self._next, self._next + QUOTED_OPTIONS))
        self._next += QUOTED_OPTIONS
        legs: list[Leg] = []
        fee = 0
        for name in chosen:
            instrument = await self.client.instrument(name)
            fee = max(fee, instrument.maker_fee_ppm)
            legs += self.legs(instrument, self.tickers[name])
        signer = self.client.signer
        quote = MassQuote(signer.account, signer.number, fee, tuple(legs), signer.next_nonce())
        answer = await self.client.submit(quote)
        self.counts["option quotes"] += 1
        self.counts["quotes"] += 1
        self.counts["orders"] += len(legs)
        self.counts["legs refused"] += sum(leg["reason"] != "OK" for leg in answer["legs"])

    def legs(self, instrument: Instrument, ticker: dict[str, Any]) -> tuple[Leg, Leg]:
        """Return both sides of an option as the strategy wants them."""
        tick = to_price(instrument, 1)
        numbers = (ticker["mark_price"], tick, ticker["greeks"]["vega"], ticker["underlying_price"])
        quote = make_quote(Option(*numbers), self.held[currency_of(instrument.name)])
        slot = self._slots.setdefault(instrument.name, FIRST_SLOT + 2 * len(self._slots))
        lots = instrument.lots_per_unit
        bid, ask = max(1, math.floor(quote.bid / tick)), math.ceil(quote.ask / tick)
        return (
            Leg(instrument.series, 0, slot, bid, round(quote.bid_size * lots)),
            Leg(instrument.series, 1, slot + 1, ask, round(quote.ask_size * lots)),
        )

    async def hedge(self) -> None:
        """Look at what is held, and trade the delta away in the perpetuals."""
        found: dict[str, Held] = {}
        for position in await self.client.call("private/get_positions"):
            currency = currency_of(position["instrument_name"])
            delta, vega = found.get(currency, Held(0.0, 0.0))
            delta += position.get("delta", 0.0)
            found[currency] = Held(delta, vega + position.get("vega", 0.0))
        self.held.clear()
        self.held.update(found)
        for currency, held in found.items():
            await self._hedge_one(currency + PERPETUAL, held)

    async def _hedge_one(self, name: str, held: Held) -> None:
        instrument = await self.client.instrument(name)
        ticker = await self.client.call("public/ticker", instrument_name=name)
        price = ticker["mark_price"]
        size = hedge_size(held, price or 0.0)
        lots = abs(round(size * instrument.lots_per_unit))
        if not lots:
            return
        mark = price / to_price(instrument, 1)
        away = 1 + (1 if size > 0 else -1) * SLIPPAGE_BPS / _BPS
        place = self.client.buy if size > 0 else self.client.sell
        answer = await place(
            name,
            lots / instrument.lots_per_unit,
            to_price(instrument, round(mark * away)),
            time_in_force="immediate_or_cancel",
            slot=HEDGE_SLOT,
        )
        self.counts["orders"] += 1
        self.counts["hedges"] += bool(answer["trades"])
        self.counts["fills"] += len(answer["trades"])


class OptionTaker(OptionBot):
    """Buys or sells a little of any option that somebody quotes, at that price."""

    async def act(self) -> None:
        """Send one order."""
        await asyncio.sleep(self.rng.expovariate(1 / TAKE_SECONDS))
        is_sale = self.rng.random() < 0.5  # noqa: PLR2004 - as often as not
        side = "best_bid" if is_sale else "best_ask"
        quoted = [name for name in self.priced() if self.tickers[name][f"{side}_price"]]
        if not quoted:
            return
        name = self.rng.choice(quoted)
        instrument = await self.client.instrument(name)
        amount = self.tickers[name][f"{side}_amount"] * self.rng.uniform(0, LARGEST_TAKE)
        lots = max(1, round(amount * instrument.lots_per_unit))
        place = self.client.sell if is_sale else self.client.buy
        answer = await place(
            name,
            lots / instrument.lots_per_unit,
            self.tickers[name][f"{side}_price"],
            time_in_force="immediate_or_cancel",
        )
        self.counts["orders"] += 1
        self.counts["option fills"] += len(answer["trades"])
        self.counts["fills"] += len(answer["trades"])


def currency_of(name: str) -> str:
    """Return the underlying of an instrument by its name."""
    return name.partition("-")[0].partition("_")[0]
