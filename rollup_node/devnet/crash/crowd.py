"""Who trades in a crash: leveraged longs and shorts, and makers who run away from the price."""

import random
from collections import Counter
from itertools import chain
from typing import Final, NamedTuple

from rollup_node.core.flags import STOP
from rollup_node.core.inputs import Leg, MassQuote, SetProtection
from rollup_node.core.layout import TICK_LIMIT
from rollup_node.core.reason import Reason
from rollup_node.devnet.crash.desk import BPS, BUY, IOC, MAX_FEE_PPM, SELL, Desk, Party
from rollup_node.devnet.markets import BTC, ETH, USDC_UNIT

ETH_PERPETUAL: Final = 2
BTC_PERPETUAL: Final = 3
PERPETUALS: Final = {ETH: ETH_PERPETUAL, BTC: BTC_PERPETUAL}
ETH_ASSET: Final = 1
ETH_WEI: Final = 10**18

MAKER_USDC: Final = 1_000_000 * USDC_UNIT
LEVELS: Final = 3
LEVEL_USDC: Final = 400_000 * USDC_UNIT
CALM_BPS: Final = 4
"""Half the spread of a quiet market."""
DEEP_BPS: Final = 20
"""When the price moves so far in a second makers quote half of the usual."""
MAX_LEVERAGE: Final = 4
"""A maker adds to no position that is larger than so many times its equity."""

_LEAST_USDC: Final = 500
_RANGE: Final = 40
"""Traders bring 500 to 20,000 USDC; small purses are as frequent as large ones are big."""
_LEVERAGES: Final = (20, 30, 50, 80, 100, 120, 150, 180, 194)
"""In tenths; the last one is the most that the exchange allows (5 % * 1.02)."""
_COSTS_PPM: Final = 1_500
"""Of the notional: fee and spread, which equity has to bear besides the margin."""
_SLIPPAGE_BPS: Final = 60
_PPM: Final = 1_000_000


class Trader(NamedTuple):
    """One of the crowd.

    `pledges`: most of its money is ETH; `stops`: leaves a stop; `dips`: bids far below instead of
    buying; `runs`: withdraws what it can every second.
    """

    party: Party
    series: int
    side: int
    leverage_tenths: int
    usdc: int
    pledges: bool
    stops: bool
    dips: bool
    runs: bool


def draw_trader(party: Party, rng: random.Random) -> Trader:
    """Return a trader at random: three in four go long."""
    usdc = int(_LEAST_USDC * _RANGE ** rng.random()) * USDC_UNIT
    return Trader(
        party,
        series=rng.choice((ETH_PERPETUAL, BTC_PERPETUAL)),
        side=BUY if rng.random() < 0.75 else SELL,  # noqa: PLR2004 - three in four
        leverage_tenths=rng.choice(_LEVERAGES),
        usdc=usdc,
        pledges=rng.random() < 0.15,  # noqa: PLR2004 - a share
        stops=rng.random() < 0.2,  # noqa: PLR2004 - a share
        dips=rng.random() < 0.08,  # noqa: PLR2004 - a share
        runs=rng.random() < 0.1,  # noqa: PLR2004 - a share
    )


class Crowd:
    """All traders; `refused` counts what they sent and did not get, by reason."""

    def __init__(self, desk: Desk, traders: list[Trader], rng: random.Random) -> None:
        self.desk, self.traders, self.rng = desk, traders, rng
        self.tried = 0
        self.refused: Counter[Reason] = Counter()

    def fund(self, eth_usdc: int) -> None:
        """Deposit everybody's money, some of it as ETH at a price."""
        machine = self.desk.machine
        for trader in self.traders:
            account, address = trader.party
            cash = trader.usdc // 10 if trader.pledges else trader.usdc
            machine.deposit(account, address, 0, cash)
            if trader.pledges:
                # 90 % of ETH counts as collateral
                wei = (trader.usdc - cash) * ETH_WEI * 10 // (9 * eth_usdc)
                machine.deposit(account, address, ETH_ASSET, wei)

    def open(self, trader: Trader) -> None:
        """Take a position as large as the leverage says, or leave a bid where it may get one."""
        mark, desk = self.desk.market(trader.series).mark, self.desk
        tenths = trader.leverage_tenths
        lots = trader.usdc * tenths * _PPM // (mark * (10 * _PPM + tenths * _COSTS_PPM))
        if lots == 0:
            return
        if trader.dips:
            tick = desk.tick(trader.series, -self.rng.randrange(100, 1_500))
            desk.order(trader.party, trader.series, BUY, tick, lots, post_only=1)
            return
        sign = 1 if trader.side == BUY else -1
        tick = desk.tick(trader.series, sign * _SLIPPAGE_BPS)
        desk.order(trader.party, trader.series, trader.side, tick, lots, time_in_force=IOC)
        if trader.stops:
            away = sign * self.rng.randrange(200, 1_000)
            trigger = desk.tick(trader.series, -away)
            desk.order(
                trader.party, trader.series, 1 - trader.side, desk.tick(trader.series, -2 * away),
                lots, kind=STOP, trigger=trigger, time_in_force=IOC, reduce_only=1,
            )  # fmt: skip

    def run(self) -> None:
        """Let the runners withdraw all they can; some ask for twice that."""
        for trader in self.traders:
            if not trader.runs or not self.desk.owns(trader.party):
                continue
            free = self.desk.free_usdc(trader.party.account)
            amount = 2 * free if self.rng.randrange(4) == 0 else free
            if amount >= USDC_UNIT:
                self.withdraw(trader.party, 0, amount)

    def leave(self, share: float) -> None:
        """Let a part of all traders close what they have and withdraw what is free."""
        for trader in self.traders:
            if self.rng.random() < share and self.desk.owns(trader.party):
                self.desk.close(trader.party, _SLIPPAGE_BPS)
                free = self.desk.free_usdc(trader.party.account)
                if free:
                    self.withdraw(trader.party, 0, free)

    def withdraw(self, party: Party, asset: int, amount: int) -> None:
        """Ask for money."""
        self.tried += 1
        reason = self.desk.withdraw(party, asset, amount)
        if reason is not Reason.OK:
            self.refused[reason] += 1


class Makers:
    """They quote both sides of every perpetual; the faster the price, the wider and the less."""

    def __init__(self, desk: Desk, parties: list[Party], rng: random.Random) -> None:
        self.desk, self.parties, self.rng = desk, parties, rng

    def protect(self) -> None:
        """Let every other maker pull its quotes after a burst of fills."""
        for account, address in self.parties[::2]:
            for underlying, series in PERPETUALS.items():
                lots = 2 * LEVELS * LEVEL_USDC // self.desk.market(series).mark
                nonce = self.desk.machine.next_nonce()
                record = SetProtection(account, 0, underlying, lots, 1_000, nonce)
                self.desk.machine.send(record, address)

    def quote(self, move_bps: int) -> None:
        """Quote anew, in a market that moves `move_bps` a second."""
        machine = self.desk.machine
        for party in self.parties:
            if self.desk.owns(party):
                both = (self._legs(party, series, move_bps) for series in PERPETUALS.values())
                legs = tuple(chain.from_iterable(both))
                nonce = machine.next_nonce()
                quote = MassQuote(party.account, 0, MAX_FEE_PPM, legs, nonce)
                machine.send(quote, party.address)

    def _legs(self, party: Party, series: int, move_bps: int) -> list[Leg]:
        """Return the legs in one series; a side that may not grow is cancelled."""
        desk, terms = self.desk, self.desk.terms(series)
        mark = desk.market(series).mark
        health = desk.health(party.account)
        held = sum(row.lots for row in desk.positions(party.account) if row.series == series)
        most = max(health.equity, 0) * MAX_LEVERAGE // (2 * mark)
        lots = min(LEVEL_USDC * DEEP_BPS // (mark * (DEEP_BPS + move_bps)), most)
        away = CALM_BPS + move_bps * 3 // 2
        base = (series - ETH_PERPETUAL) * 2 * LEVELS
        legs = []
        for level in range(LEVELS):
            gap = away * (level + 2) // 2 + self.rng.randrange(3)
            step = mark * gap // (BPS * terms.unit) + 1
            tick = mark // terms.unit
            buys = lots if held < most else 0
            sells = lots if held > -most else 0
            legs.append(Leg(series, BUY, base + 2 * level, max(1, tick - step), buys))
            legs.append(
                Leg(series, SELL, base + 2 * level + 1, min(tick + step, TICK_LIMIT - 1), sells)
            )
        return legs
