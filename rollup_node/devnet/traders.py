"""Bots that trade on the devnet: makers quote around the mark, takers cross the spread.

Gamblers go long with all they have, as often as the exchange lets them, and wait for the keeper.

Each is a program as a user would write it: it knows the client and nothing of the node. Read one,
replace it. The seed decides what they want; the market decides what they get.
"""

import asyncio
import random
from collections import Counter
from typing import Any, Final

from rollup_node.client import AsyncClient
from rollup_node.client.errors import ClientError, ConnectionLostError
from rollup_node.client.instruments import Instrument
from rollup_node.core.inputs import Leg, MassQuote

LEVELS: Final = 3
SPREAD_BPS: Final = 4
STEP_BPS: Final = 3
QUOTE_SECONDS: Final = 0.1
TAKE_SECONDS: Final = 0.05
SLIPPAGE_BPS: Final = 50
GAMBLE_SECONDS: Final = 0.5
LEVERAGE: Final = 18
"""What gamblers aim at; the exchange allows 19.6 before fees and spread."""
PERPETUAL: Final = "-PERPETUAL"
GAMBLE_LEAST_USDC: Final = 100
_TINY: Final = 1e-6
_BPS: Final = 10_000
_MICRO: Final = 1_000_000


class Bot:
    """What all bots are: an account, a random stream, a count of what came of it."""

    def __init__(self, client: AsyncClient, names: list[str], rng: random.Random) -> None:
        self.client, self.names, self.rng = client, names, rng
        self.counts: Counter[str] = Counter()
        self.marks: dict[str, float] = {}

    async def run(self) -> None:
        """Follow the marks and act until cancelled."""
        streams = [await self.client.subscribe(f"ticker.{name}.100ms") for name in self.names]
        async with asyncio.TaskGroup() as tasks:
            for stream in streams:
                tasks.create_task(self._follow(stream))
            tasks.create_task(self._act_forever())

    async def act(self) -> None:
        """Do one thing."""
        raise NotImplementedError

    async def _follow(self, stream: Any) -> None:  # noqa: ANN401 - messages of a channel
        async for data in stream:
            if data["mark_price"]:
                self.marks[data["instrument_name"]] = float(data["mark_price"])

    async def _act_forever(self) -> None:
        while True:
            try:
                await self.act()
            except ConnectionLostError:
                raise
            except ClientError as error:
                self.counts[f"refused {error.reason}"] += 1
                await asyncio.sleep(QUOTE_SECONDS)

    async def instrument(self) -> tuple[Instrument, int] | None:
        """Pick an instrument whose mark is known: it and the mark in ticks."""
        known = [name for name in self.names if name in self.marks]
        if not known:
            return None
        found = await self.client.instrument(self.rng.choice(known))
        tick = self.marks[found.name] * _MICRO / (found.unit_usdc * found.lots_per_unit)
        return found, round(tick)


def to_price(instrument: Instrument, tick: int) -> float:
    """Return the price of one unit at a tick, in USD."""
    return tick * instrument.unit_usdc * instrument.lots_per_unit / _MICRO


class MarketMaker(Bot):
    """Quotes a ladder on both sides of one instrument after the other, one signature each."""

    async def act(self) -> None:
        """Replace the ladder of one instrument."""
        await asyncio.sleep(QUOTE_SECONDS)
        picked = await self.instrument()
        if picked is None:
            return
        instrument, mark = picked
        signer = self.client.signer
        quote = MassQuote(
            account=signer.account,
            key=signer.number,
            max_fee=max(instrument.maker_fee_ppm, 0),
            legs=self.ladder(instrument, mark),
            nonce=signer.next_nonce(),
        )
        answer = await self.client.submit(quote)
        legs = answer.get("legs", [])
        self.counts["quotes"] += 1
        self.counts["orders"] += len(quote.legs)
        self.counts["legs refused"] += sum(leg.get("reason") not in {None, "OK"} for leg in legs)

    def ladder(self, instrument: Instrument, mark: int) -> tuple[Leg, ...]:
        """Return the legs: `LEVELS` a side, in client slots of their own per instrument."""
        legs = []
        for level in range(LEVELS):
            away = mark * (SPREAD_BPS + STEP_BPS * level) // _BPS + self.rng.randrange(3)
            lots = instrument.lots_per_unit * (level + 1) // 2 + self.rng.randrange(20)
            slot = instrument.series * 2 * LEVELS + 2 * level
            legs.append(Leg(instrument.series, 0, slot, mark - away, lots))
            legs.append(Leg(instrument.series, 1, slot + 1, mark + away, lots))
        return tuple(legs)


class Taker(Bot):
    """Buys or sells a little at the market, sometimes leaves a limit order, or takes one back."""

    def __init__(self, client: AsyncClient, names: list[str], rng: random.Random) -> None:
        super().__init__(client, names, rng)
        self.resting: list[dict[str, Any]] = []

    async def act(self) -> None:
        """Send one order, or cancel one."""
        await asyncio.sleep(self.rng.expovariate(1 / TAKE_SECONDS))
        roll = self.rng.random()
        if self.resting and roll < 0.2:  # noqa: PLR2004 - one in five
            await self._cancel()
            return
        picked = await self.instrument()
        if picked is not None:
            await self._order(*picked, rests=roll > 0.7)  # noqa: PLR2004 - three in ten

    async def _cancel(self) -> None:
        order = self.resting.pop(self.rng.randrange(len(self.resting)))
        self.counts["cancels"] += 1
        await self.client.cancel(order)

    async def _order(self, instrument: Instrument, mark: int, *, rests: bool) -> None:
        side = self.rng.randrange(2)
        sign = -1 if (side == 0) == rests else 1
        away = SPREAD_BPS if rests else SLIPPAGE_BPS
        tick = max(1, mark + sign * (mark * away // _BPS))
        lots = max(instrument.lots_per_unit // 20, 1) + self.rng.randrange(instrument.lots_per_unit)
        price = to_price(instrument, tick)
        place = self.client.sell if side else self.client.buy
        self.counts["orders"] += 1
        answer = await place(
            instrument.name,
            lots / instrument.lots_per_unit,
            price,
            post_only=rests,
            time_in_force="good_til_cancelled" if rests else "immediate_or_cancel",
        )
        self.counts["fills"] += len(answer["trades"])
        if rests:
            self.resting.append(answer["order"])


class Gambler(Bot):
    """Buys one perpetual until it holds `LEVERAGE` times its money, then holds on."""

    def __init__(
        self, client: AsyncClient, names: list[str], rng: random.Random, stake_usdc: int
    ) -> None:
        super().__init__(client, [name for name in names if name.endswith(PERPETUAL)], rng)
        self.names = [rng.choice(self.names)]
        self.left_usdc = float(stake_usdc * LEVERAGE)
        self.bought = 0.0

    async def act(self) -> None:
        """Buy what is missing, as far as somebody sells."""
        await asyncio.sleep(GAMBLE_SECONDS)
        picked = await self.instrument()
        if picked is None:
            return
        instrument, mark = picked
        price = to_price(instrument, mark)
        lots = int(self.left_usdc / price * instrument.lots_per_unit)
        if lots * price / instrument.lots_per_unit < GAMBLE_LEAST_USDC:
            return
        self.counts["orders"] += 1
        answer = await self.client.buy(
            instrument.name,
            lots / instrument.lots_per_unit,
            to_price(instrument, mark + mark * SLIPPAGE_BPS // _BPS),
            time_in_force="immediate_or_cancel",
        )
        self.counts["fills"] += len(answer["trades"])
        bought = sum(float(trade["amount"]) for trade in answer["trades"])
        self.bought += bought
        self.left_usdc -= bought * price

    async def was_liquidated(self) -> bool:
        """Tell whether there is less left than was bought: it never sells."""
        held = await self.client.call("private/get_positions")
        size = sum(float(position["size"]) for position in held)
        return size < self.bought - _TINY
