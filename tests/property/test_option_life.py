"""Options from their listing to their end under random users; every step audited by the referee."""

from random import Random
from typing import Final

import pytest

from rollup_node.core.inputs import (
    DelistStrike,
    Leg,
    ListExpiry,
    ListStrike,
    SetMode,
    Settle,
    SettlementPrice,
    Withdraw,
)
from rollup_node.core.layout import expiry_key, series_key
from rollup_node.core.reason import Reason
from tests.property.arena import (
    ETH,
    OPTION_SLOT,
    OPTIONS,
    OPTIONS_AT,
    PERP,
    PUBLISHERS,
    USD,
    Arena,
)
from tests.property.ledger import Ledger
from tests.property.referee import Referee

ACCOUNTS: Final = range(1, 7)
DAY: Final = 86_400


class Life:
    """Six accounts that trade the options of one date, and the perpetual beside them."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.arena = Arena()
        self.referee = Referee(self.arena)
        for account in ACCOUNTS:
            cash = self.random.choice((3_000, 20_000, 10**6)) * USD
            assert self.arena.deposit(account, 0, cash) is Reason.OK
        self.arena.seal()
        for account in ACCOUNTS:
            mode = SetMode(account, 0, account & 1, self.arena.nonce())
            assert self.arena.send(mode) is Reason.OK

    def trade(self) -> None:
        """Let somebody quote, and somebody else take."""
        arena, random = self.arena, self.random
        series = random.choice((*OPTIONS, *OPTIONS, PERP))
        maker, taker = random.sample(ACCOUNTS, 2)
        tick, side = arena.tick(series), random.randrange(2)
        price = max(1, tick + random.randrange(-2, 3))
        leg = Leg(series, side, 30, price, random.choice((1, 30, 200)))
        quote = arena.quote(maker, leg)
        resting = arena.order(maker, side, price, leg.quantity, series=series, slot=30)
        self.referee.remember(resting, quote.nonce & 0xFFFFFFFF)
        arena.seal()
        arena.send(quote)
        arena.seal()
        order = arena.order(
            taker, 1 - side, price, random.choice((1, 30, 300)), series=series, time_in_force=2
        )
        self.referee.remember(order, order.nonce & 0xFFFFFFFF)
        arena.send(order)

    def move(self) -> None:
        """Move the price, or the volatility, so that all is marked anew."""
        arena, random = self.arena, self.random
        arena.seal(1_000)
        if random.random() < 0.5:
            arena.surface(random.choice((4_000, 6_000, 9_000)), random.randrange(-20, 20) * USD)
        arena.report(ETH, arena.row(ETH).index_price * random.randrange(970, 1_031) // 1_000)
        arena.seal(1_000)

    def expire(self) -> None:
        """Let the date be over, and the publishers say some or all of its prices."""
        arena, random = self.arena, self.random
        arena.seal(OPTIONS_AT * 1_000 - arena.now())
        index = arena.row(ETH).index_price
        said = random.choice((0, 7, 60))
        for number in sorted(random.sample(range(60), said)):
            price = index + random.randrange(-5, 6) * USD
            record = SettlementPrice(ETH, OPTION_SLOT, OPTIONS_AT, number, price, ())
            assert arena.open_record(record, PUBLISHERS[:3]) is Reason.OK
        if said < 60:
            arena.seal(1_800_000)
        arena.seal()

    def settle(self) -> None:
        """Settle every position in any order, with attempts to trade or leave in between."""
        arena, random = self.arena, self.random
        open_ones = [(account, series) for account in ACCOUNTS for series in OPTIONS]
        random.shuffle(open_ones)
        for account, series in open_ones:
            held = Ledger(arena.state, arena.now()).lots(account, series)
            expected = Reason.OK if held else Reason.NO_POSITION
            arena.seal()
            assert arena.open_record(Settle(account, series)) is expected
            if random.random() < 0.2:
                arena.report(ETH, arena.row(ETH).index_price)
                self.trade()
            if random.random() < 0.2:
                arena.seal()
                arena.send(Withdraw(account, 0, USD, b"\1" * 20, arena.nonce()))

    def renew(self) -> None:
        """Take both strikes off, and begin another date in the same place."""
        arena = self.arena
        for slot in range(1, arena.counter + 2):
            order = self.referee.resting().get(slot)
            if order is not None and order.series in OPTIONS:
                arena.seal()
                cancel = arena.cancel(arena.order(order.account, 0, 1, 1, slot=order.slot))
                arena.send(cancel._replace(tag=order.tag))
        arena.seal()
        for call in OPTIONS[::2]:
            assert arena.open_record(DelistStrike(call)) is Reason.OK
            assert arena.leaf(series_key(call)).status == 0
        record = ListExpiry(ETH, OPTION_SLOT, OPTIONS_AT + DAY)
        assert arena.open_record(record) is Reason.OK
        assert arena.leaf(expiry_key(ETH, OPTION_SLOT)).price == 0
        strike = arena.row(ETH).index_price // (50 * USD) * 50 * USD
        assert arena.open_record(ListStrike(ETH, OPTION_SLOT, strike, OPTIONS[0])) is Reason.OK


@pytest.mark.parametrize("seed", range(6))
def test_options_live_and_end_with_every_unit_accounted_for(seed: int) -> None:
    life = Life(seed)
    for number in range(40):
        life.trade()
        if number % 4 == 3:
            life.move()
    look = Ledger(life.arena.state, life.arena.now())
    assert any(look.lots(account, series) for account in ACCOUNTS for series in OPTIONS)
    life.expire()
    life.settle()
    assert all(life.arena.series(series).open_interest == 0 for series in OPTIONS)
    life.renew()
    for _ in range(3):
        life.move()
    life.arena.surface(5_000)
    life.arena.seal(2_000)
    assert life.arena.series(OPTIONS[0]).mark > 1
