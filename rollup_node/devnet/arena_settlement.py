"""The whole life of options on a day of the arena: listed, traded, hedged, sold off, settled, paid.

What lies about the end of options and accounts is fought out over it.
"""

import asyncio
from typing import ClassVar, Final

from rollup_node.core.calendar import DAY_SECONDS, HOUR_OF_DAY_SECONDS
from rollup_node.core.inputs import (
    Bid,
    Leg,
    Liquidate,
    ListExpiry,
    ListStrike,
    SetMode,
    Settle,
    Takeover,
    Withdraw,
)
from rollup_node.devnet.arena_deposits import USDC, Stakes, deposit_stakes
from rollup_node.devnet.arena_story import ALICE, BOB, CAROL, PAYEE
from rollup_node.devnet.arena_world import ArenaWorld
from rollup_node.devnet.deployer import opening_messages
from rollup_node.devnet.market_script import BUY, SELL, Script
from rollup_node.devnet.markets import ETH, USDC_UNIT, smile

DAVE: Final = 4
_PORTFOLIO: Final = 1
"""The risk model of docs/spec.md M-13."""
PERPETUAL: Final = 2
SLOT: Final = 3
CALL: Final = 2_048
PUT: Final = 2_049
HIGH_CALL: Final = 2_050
_STRIKES: Final = ((CALL, 3_000), (HIGH_CALL, 3_050))
"""Calls and their strikes in dollars; the put of each is the next number."""

_STAKES: Final[Stakes] = (("alice", 100_000), ("bob", 100_000), ("carol", 100_000), ("dave", 1_200))
_OPENING: Final = len(opening_messages(opened_at=0)) + len(_STAKES)
"""Delayed messages that the first item consumes."""

_ETH_USDC: Final = 3_000_123_457
"""No whole number of anything: marks, payouts and margins are rounded."""
_SHOCK_USDC: Final = 3_401_234_567
_VOLATILITY: Final = 6_000
_MID: Final = 60_000
"""Tick of the perpetual near the first price."""

_CALL_TICK: Final = 188
_PUT_TICK: Final = 188
_HIGH_TICK: Final = 95
"""Near the marks of a day's options at the first price: 38, 38 and 19 dollars per ETH."""

_SHORT_LOTS: Final = 200
_WARNING_SECONDS: Final = 1_500
"""So long before the date the price jumps."""

PRICES: Final = tuple(_SHOCK_USDC + 612_346 * (number % 7) - 1_357 * number for number in range(60))
"""The sixty prices of the date, the last one neither their average nor far from it."""

WITHDRAWN_USDC: Final = 100_000 * USDC_UNIT
"""What alice takes to L1 at the end."""


class SettlementScene:
    """A date of options: item 1 trades them, item 2 sells an account off, item 3 settles."""

    markets: ClassVar[bool] = True

    def __init__(self) -> None:
        self._script = Script(b"", 0)
        self._date = 0

    async def open(self, world: ArenaWorld) -> None:
        """Cut the first item: money, dates and strikes, volatilities, trades and a hedge."""
        await asyncio.to_thread(deposit_stakes, world, _STAKES)
        now = await world.now()
        self._date = (now // DAY_SECONDS + 1) * DAY_SECONDS + HOUR_OF_DAY_SECONDS
        self._script = script = Script(world.machine.domain, now * 1_000)
        script.begin()
        script.pull(_OPENING)
        script.begin()
        script.report(ETH, _ETH_USDC)
        _list(script, self._date)
        _trade(script)
        world.batches.add(script.cut(), _OPENING)

    async def cut(self, world: ArenaWorld) -> None:
        """Let a day pass, then cut the jump of the price, and the end of the date."""
        script = self._script
        await world.warp(self._date - await world.now())
        script.begin((self._date - _WARNING_SECONDS) * 1_000 - script.time_ms)
        _sell_off(script)
        world.batches.add(script.cut(), _OPENING)
        script.begin((self._date + 1) * 1_000 - script.time_ms)
        _settle(script, self._date)
        world.batches.add(script.cut(), _OPENING)

    async def append(self, _world: ArenaWorld) -> None:
        """Append nothing: whatever happens here is in batches."""


def _list(script: Script, date: int) -> None:
    """List a date with two strikes, and let them have a mark."""
    script.begin()
    script.open(ListExpiry(ETH, SLOT, date))
    for call, strike in _STRIKES:
        script.open(ListStrike(ETH, SLOT, strike * USDC_UNIT, call))
    script.begin()
    script.surface(ETH, SLOT, smile(_VOLATILITY))
    script.begin(1_000)


def _trade(script: Script) -> None:
    """Let carol quote, alice and bob buy, alice hedge; dave sells more than a jump leaves him.

    Dave has portfolio margin, so his account is sold as a whole, at once.
    """
    script.begin()
    script.act("dave", SetMode, DAVE, 0, _PORTFOLIO)
    asks = ((CALL, _CALL_TICK), (PUT, _PUT_TICK), (HIGH_CALL, _HIGH_TICK))
    legs = tuple(Leg(series, SELL, 20 + at, tick, 300) for at, (series, tick) in enumerate(asks))
    script.quote("carol", CAROL, (*legs, Leg(PERPETUAL, BUY, 30, _MID - 20, 500)))
    script.order("alice", ALICE, CALL, (BUY, _CALL_TICK, 25), immediate=1)
    script.order("bob", BOB, PUT, (BUY, _PUT_TICK, 40), immediate=1)
    script.order("alice", ALICE, HIGH_CALL, (BUY, _HIGH_TICK, 30), immediate=1)
    script.order("alice", ALICE, PERPETUAL, (SELL, _MID - 20, 28), immediate=1)
    script.begin()
    script.order("bob", BOB, CALL, (BUY, _CALL_TICK - 2, _SHORT_LOTS), rests=1)
    script.order("dave", DAVE, CALL, (SELL, _CALL_TICK - 2, _SHORT_LOTS), immediate=1)


def _sell_off(script: Script) -> None:
    """Let the price jump by a tenth and more, mark dave; bob, not the fund, gets his account."""
    script.report(ETH, _ETH_USDC)
    script.surface(ETH, SLOT, smile(_VOLATILITY + 50))
    script.begin(31_000)
    script.report(ETH, _SHOCK_USDC)
    script.begin(1_500)
    script.report(ETH, _SHOCK_USDC + 1)
    script.begin(30_000)
    script.report(ETH, _SHOCK_USDC + 2)
    script.open(Liquidate(DAVE, CALL))
    script.open(Takeover(DAVE))
    for _ in range(2):
        script.begin()
        script.act("bob", Bid, BOB, 0, DAVE, 1, 1_000 * USDC_UNIT)


def _settle(script: Script, date: int) -> None:
    """Say the sixty prices, settle whoever holds anything, one of them twice, and withdraw."""
    script.report(ETH, _SHOCK_USDC + 3)
    script.settlement(ETH, SLOT, date, PRICES)
    script.begin()
    for series in (CALL, PUT, HIGH_CALL):
        for account in (CAROL, ALICE, BOB, DAVE):
            script.open(Settle(account, series))
    script.open(Settle(CAROL, CALL))
    script.begin()
    script.act("alice", Withdraw, ALICE, USDC, WITHDRAWN_USDC, PAYEE)
