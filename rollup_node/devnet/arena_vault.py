"""Two accounts that speak through L1 alone, as contracts do: they sell options, and take money out.

What lies about covered sales and about the account of a contract is fought out over it.
"""

import asyncio
from typing import ClassVar, Final

from rollup_node.codec.delayed import encode_forced
from rollup_node.core.calendar import DAY_SECONDS, HOUR_OF_DAY_SECONDS
from rollup_node.core.inputs import ForcedContent, ListExpiry, ListStrike, StartSale, Withdraw
from rollup_node.devnet.arena_deposits import USDC, Stakes, deposit_stakes
from rollup_node.devnet.arena_story import ALICE, CAROL, PAYEE
from rollup_node.devnet.arena_world import ArenaWorld
from rollup_node.devnet.deployer import opening_messages
from rollup_node.devnet.market_script import BUY, Script
from rollup_node.devnet.markets import ETH, USDC_UNIT, smile

DAVE: Final = 4
SLOT: Final = 3
CALL: Final = 2_048
_STRIKES: Final = ((CALL, 3_000), (2_050, 3_050), (2_052, 3_100))
"""Calls and their strikes in dollars; the put of each is the next number."""

_STAKES: Final[Stakes] = (("alice", 100_000), ("bob", 100_000), ("carol", 1_000), ("dave", 9_000))
_COVER_WEI: Final = 10 * 10**18
"""What carol sells calls on; dave sells puts on his cash."""

_OPENING: Final = len(opening_messages(opened_at=0)) + len(_STAKES) + 1
"""Delayed messages that the first item consumes."""

_ETH_USDC: Final = 3_000_123_457
_VOLATILITY: Final = 6_000
_LIMIT: Final = 400
"""Tick above every price that is asked."""

_SALE: Final = StartSale(CAROL, ETH, 1, 0, 450_000, 600, 1_500_000, 700_000, 3_600, 500)
WITHDRAWN_USDC: Final = 100 * USDC_UNIT
"""What carol takes to L1 while her calls are sold."""

_SALE_SECONDS: Final = 660
"""So long until the withdrawal: L1 is there before what the script says of it."""

_MINUTE_MS: Final = 60_000


class VaultScene:
    """A date of options: item 1 lists it, 2 sells calls, 3 withdraws, 4 is forced."""

    markets: ClassVar[bool] = True

    def __init__(self) -> None:
        self._script = Script(b"", 0)
        self._date = 0

    async def open(self, world: ArenaWorld) -> None:
        """Cut the first item: money, a date with strikes, volatilities, marks."""
        await asyncio.to_thread(deposit_stakes, world, _STAKES)
        await world.user("carol").send("bridge", "depositETH", CAROL, value_wei=_COVER_WEI)
        now = await world.now()
        self._date = (now // DAY_SECONDS + 1) * DAY_SECONDS + HOUR_OF_DAY_SECONDS
        self._script = script = Script(world.machine.domain, now * 1_000)
        script.begin()
        script.pull(_OPENING)
        script.begin()
        script.report(ETH, _ETH_USDC)
        script.open(ListExpiry(ETH, SLOT, self._date))
        for call, strike in _STRIKES:
            script.open(ListStrike(ETH, SLOT, strike * USDC_UNIT, call))
        script.begin()
        script.surface(ETH, SLOT, smile(_VOLATILITY))
        script.begin(1_000)
        world.batches.add(script.cut(), _OPENING)

    async def cut(self, world: ArenaWorld) -> None:
        """Cut a sale of calls that is met while its price falls, then a withdrawal."""
        script = self._script
        await world.warp(_SALE_SECONDS)
        await _say(world, "carol", _SALE._replace(expiry_at=self._date))
        script.begin()
        script.report(ETH, _ETH_USDC)
        script.pull()
        for minutes in (1, 9):
            script.begin(minutes * _MINUTE_MS)
            _mark(script)
            script.order("alice", ALICE, CALL, (BUY, _LIMIT, 200), immediate=1)
            script.order("alice", ALICE, CALL + 2, (BUY, _LIMIT, 200), immediate=1)
        world.batches.add(script.cut(), _OPENING + 1)
        await _say(world, "carol", Withdraw(CAROL, USDC, WITHDRAWN_USDC, PAYEE, 0))
        script.begin()
        script.pull()
        script.begin(_MINUTE_MS)
        _mark(script)
        world.batches.add(script.cut(), _OPENING + 2)

    async def append(self, world: ArenaWorld) -> None:
        """Let the sequencer leave out the sale of puts, until dave forces it in: its own item."""
        await _say(world, "dave", _SALE._replace(account=DAVE, call=0, expiry_at=self._date))
        await world.warp(world.rollup.parameters.force_after_seconds + 1)
        await world.user("dave").send("inbox", "forceInclude")


def _mark(script: Script) -> None:
    """Say the price and the volatilities of now, and let a block mark everything by them."""
    script.report(ETH, _ETH_USDC)
    script.surface(ETH, SLOT, smile(_VOLATILITY))
    script.begin(1_500)


async def _say(world: ArenaWorld, name: str, content: ForcedContent) -> None:
    """Send a message through L1, as a contract would."""
    await world.user(name).send("inbox", "sendForced", encode_forced(content))
