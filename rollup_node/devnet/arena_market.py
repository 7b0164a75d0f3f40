"""The market that the arena fights about: prices, makers, takers and keys, in a few items.

Whoever needs a market with everything in it, and every record known, may set it up from here.
"""

import asyncio
from collections.abc import Mapping
from typing import ClassVar, Final

from rollup_node.core.flags import SCOPE_CANCEL, SCOPE_TRADE, STOP
from rollup_node.core.inputs import (
    CancelOrder,
    Leg,
    Liquidate,
    ListExpiry,
    ListStrike,
    OpenAccount,
    RfqLeg,
    SetKey,
    SetMode,
    SetProtection,
    Transfer,
    Withdraw,
)
from rollup_node.core.layout import BRIDGE_ACCOUNT_LIMIT
from rollup_node.core.surface import SurfaceNode
from rollup_node.devnet.arena_deposits import USDC, Stakes, deposit, deposit_stakes
from rollup_node.devnet.arena_story import ALICE, BOB, CAROL, PAYEE
from rollup_node.devnet.arena_world import ArenaWorld
from rollup_node.devnet.deployer import opening_messages
from rollup_node.devnet.keys import trader
from rollup_node.devnet.market_script import BUY, SELL, Script
from rollup_node.devnet.markets import BTC, ETH, USDC_UNIT, smile

DAVE: Final = 4
BOBS_SECOND: Final = BRIDGE_ACCOUNT_LIMIT
"""The account that bob opens: same owner, same group."""
PERPETUAL: Final = 2
"""ETH-PERPETUAL: a tick is 5 cents, a lot 0.01 ETH."""

TRADE_KEY: Final = 1
CANCEL_KEY: Final = 2
"""Session keys of alice: one may trade for little, one may only cancel."""

_PORTFOLIO: Final = 1
"""The risk model of alice: her positions are weighed together."""

_ETH_USDC: Final = 3_000_123_457
"""No whole number of anything: marks, margins and fees are rounded."""
_MOVED_USDC: Final = 3_012_345_679
_STOPPED_USDC: Final = 2_985_432_101
_BTC_USDC: Final = 95_000 * USDC_UNIT
_STAKES: Final[Stakes] = (("alice", 100_000), ("bob", 100_000), ("carol", 100_000), ("dave", 100))
_OPENING: Final = len(opening_messages(opened_at=0)) + len(_STAKES)
"""Delayed messages that the first item consumes."""
_DAY_MS: Final = 86_400_000
_SETTLES_SECONDS: Final = 28_800
"""Options end at 08:00 UTC."""

OPTION_SLOT: Final = 3
_STRIKES: Final = ((2_048, 3_000), (2_050, 3_050))
"""Calls and their strikes in dollars."""

_VOLATILITY: Final = 6_000
_PREMIUM: Final = 300
"""Tick near the mark of a call of a day: 60 dollars."""

_MID: Final = 60_240
"""Tick near the mark while there is trading."""


class MarketScene:
    """One market in an arena: its first item, and those that the contest is about."""

    markets: ClassVar[bool] = True

    def __init__(self) -> None:
        self._script = Script(b"", 0)
        self._tags: dict[int, int] = {}

    async def open(self, world: ArenaWorld) -> None:
        """Cut the first item: markets, money, keys, first prices, and a book with two sides."""
        await asyncio.to_thread(deposit_stakes, world, _STAKES)
        self._script = script = Script(world.machine.domain, await world.now() * 1_000)
        script.begin()
        script.pull(_OPENING)
        _open_prices(script)
        _set_up_accounts(script)
        self._tags = _fill_book(script)
        _list_options(script)
        world.batches.add(script.cut(), _OPENING)

    async def cut(self, world: ArenaWorld) -> None:
        """Cut the items that the contest is about: prices, trading, and a stop."""
        script = self._script
        await asyncio.to_thread(deposit, world, "alice", ALICE, 500)
        _move_prices(script)
        world.batches.add(script.cut(), _OPENING + 1)
        _trade(script, self._tags)
        _overreach(script)
        world.batches.add(script.cut(), _OPENING + 1)
        _stop_out(script)
        world.batches.add(script.cut(), _OPENING + 1)

    async def append(self, _world: ArenaWorld) -> None:
        """Append nothing: whatever happens here is in batches."""


def _open_prices(script: Script) -> None:
    script.begin()
    script.report(ETH, _ETH_USDC)
    script.report(BTC, _BTC_USDC)


def _set_up_accounts(script: Script) -> None:
    """Give alice session keys and portfolio margin, and bob a second account of his own."""
    script.begin()
    until = script.time_ms + _DAY_MS
    keys = (
        (TRADE_KEY, SCOPE_TRADE, 1_000 * USDC_UNIT),
        (CANCEL_KEY, SCOPE_CANCEL, 100_000 * USDC_UNIT),
    )
    for number, scope, cap in keys:
        address = trader(number).address
        script.act("alice", SetKey, ALICE, number, address, scope, 1 << ETH, until, cap)
    script.act("alice", SetMode, ALICE, 0, _PORTFOLIO)
    script.act("bob", OpenAccount, BOB, 0)
    script.act("bob", Transfer, BOB, BOBS_SECOND, USDC, 10_000 * USDC_UNIT)


def _list_options(script: Script) -> None:
    """List two strikes of the next day, with their volatilities."""
    script.begin()
    at = (script.time_ms // _DAY_MS + 1) * _DAY_MS // 1_000 + _SETTLES_SECONDS
    script.open(ListExpiry(ETH, OPTION_SLOT, at))
    for call, strike in _STRIKES:
        script.open(ListStrike(ETH, OPTION_SLOT, strike * USDC_UNIT, call))
    script.begin()
    script.surface(ETH, OPTION_SLOT, smile(_VOLATILITY))


def _fill_book(script: Script) -> dict[int, int]:
    """Place a queue of two at the best ask, a level behind it, and two bids; return bob's tags."""
    script.begin()
    tags = {}
    for name, account, terms, slot in (
        ("bob", BOB, (SELL, _MID + 10, 200), 0),
        ("carol", CAROL, (SELL, _MID + 10, 200), 0),
        ("bob", BOB, (SELL, _MID + 20, 500), 1),
        ("bob", BOB, (BUY, _MID - 10, 400), 2),
        ("carol", CAROL, (BUY, _MID - 20, 300), 1),
    ):
        script.order(name, account, PERPETUAL, terms, slot=slot, rests=1)
        if account == BOB:
            tags[slot] = script.nonce
    return tags


def _move_prices(script: Script) -> None:
    """Let time and prices pass, with reports that are too late, too few, or out of their class."""
    script.begin(40_000)
    script.report(ETH, _ETH_USDC * 103 // 100, publishers=2)
    script.report(ETH, _MOVED_USDC)
    script.pull()
    script.report(ETH, _MOVED_USDC + 1)
    script.begin(70_000)
    script.report(ETH, _ETH_USDC, age_ms=65_000)
    script.begin(1_500)
    script.report(ETH, _MOVED_USDC)
    script.report(BTC, _BTC_USDC)
    jagged = (*smile(_VOLATILITY)[:-1], SurfaceNode(300_001, 3 * _VOLATILITY))
    script.surface(ETH, OPTION_SLOT, smile(_VOLATILITY + 50))
    script.surface(ETH, OPTION_SLOT, jagged)


def _trade(script: Script, tags: Mapping[int, int]) -> None:
    """Take makers in their order, reduce, run into protection, margin and oneself."""
    script.begin()
    script.order("alice", ALICE, PERPETUAL, (BUY, _MID + 10, 300))
    script.act("bob", CancelOrder, BOB, 0, 1, tags[1])
    script.begin()
    script.order("alice", ALICE, PERPETUAL, (BUY, _MID + 20, 250), immediate=1)
    script.begin()
    script.order("alice", ALICE, PERPETUAL, (SELL, _MID - 60, 900), immediate=1, reduces=1)
    script.begin()
    script.act("carol", SetProtection, CAROL, 0, ETH, 100, 10_000)
    legs = (Leg(PERPETUAL, SELL, 21, _MID + 15, 300), Leg(PERPETUAL, BUY, 20, _MID - 30, 300))
    script.quote("carol", CAROL, legs)
    script.order("alice", ALICE, PERPETUAL, (BUY, _MID + 15, 150))
    script.begin()
    script.quote("carol", CAROL, (Leg(_STRIKES[0][0], SELL, 30, _PREMIUM, 40),))
    script.order("alice", ALICE, _STRIKES[0][0], (BUY, _PREMIUM, 25), immediate=1)
    script.begin()
    script.order("bob", BOBS_SECOND, PERPETUAL, (BUY, _MID + 20, 50))
    script.order("dave", DAVE, PERPETUAL, (BUY, _MID + 20, 300))
    script.begin()
    spread = (RfqLeg(PERPETUAL, -20, _MID), RfqLeg(_STRIKES[0][0], 40, _PREMIUM))
    script.combo(("alice", ALICE), ("carol", CAROL), spread)


def _stop_out(script: Script) -> None:
    """Ask for a liquidation in vain, leave a stop order behind, and let the price come to it."""
    script.begin()
    script.open(Liquidate(BOB, PERPETUAL))
    script.order("bob", BOB, PERPETUAL, (BUY, _MID - 560, 100), slot=5, rests=1)
    stop = {"kind": STOP, "trigger": _MID - 200, "slot": 7}
    script.order("alice", ALICE, PERPETUAL, (SELL, _MID - 600, 50), **stop)
    script.begin(2_000)
    script.report(ETH, _STOPPED_USDC)


def _overreach(script: Script) -> None:
    """Use session keys for what they may not do, and withdraw."""
    script.begin()
    for number, lots in ((CANCEL_KEY, 1), (TRADE_KEY, 400)):
        order = script.make_order(ALICE, PERPETUAL, (BUY, _MID + 20, lots), key=number, slot=9)
        script.sign(order, trader(number).private_key)
    script.act("alice", Withdraw, ALICE, USDC, 70 * USDC_UNIT, PAYEE)
