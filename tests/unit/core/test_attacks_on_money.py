"""Ways to take money that is not one's own, or to leave a debt behind; each has to fail."""

from typing import Final

import pytest

from rollup_node.core.inputs import Settle, SettlementPrice, Withdraw
from rollup_node.core.layout import balances_key
from rollup_node.core.reason import Reason
from tests.property.arena import (
    BTC,
    BUY,
    ETH,
    EXPIRY_AT,
    FUTURE,
    IOC,
    PERP,
    PRICES,
    PUBLISHERS,
    SELL,
    USD,
    Arena,
)

LONG: Final = 1
SHORT: Final = 2


@pytest.fixture
def arena() -> Arena:
    """Two accounts of two owners with money for one position each."""
    arena = Arena()
    for account in (LONG, SHORT):
        assert arena.deposit(account, 0, 10_000 * USD) is Reason.OK
    arena.seal()
    return arena


def trade(arena: Arena, series: int, lots: int) -> None:
    """Let LONG buy from SHORT at the mark."""
    tick = arena.tick(series)
    maker = arena.order(SHORT, SELL, tick, lots, series=series)
    assert arena.send(maker) is Reason.OK
    taker = arena.order(LONG, BUY, tick, lots, series=series, time_in_force=IOC)
    assert arena.send(taker) is Reason.OK


def cash(arena: Arena, account: int) -> int:
    """Return the cash of an account."""
    return int(arena.leaf(balances_key(account)).amounts[0])


def withdraw(arena: Arena, account: int, amount: int) -> None:
    """Try to take money out; what comes of it is seen by the cash."""
    arena.send(Withdraw(account, 0, amount, bytes((9,)) * 20, arena.nonce()))


def wait_for_expiry(arena: Arena) -> None:
    """Let the date of the future pass, with prices that stay."""
    while arena.now() < EXPIRY_AT * 1_000:
        arena.seal(50_000)
        for underlying in (ETH, BTC):
            assert arena.report(underlying, PRICES[underlying]) is Reason.OK


def test_withdraw_before_settlement_of_an_expired_future_keeps_its_margin(arena: Arena) -> None:
    """The settlement price is known before anyone settles: who loses must not leave first."""
    trade(arena, FUTURE, 3_000)
    wait_for_expiry(arena)
    arena.seal(30_000)
    assert arena.series(FUTURE).status == 3
    for account in (LONG, SHORT):
        before = cash(arena, account)
        withdraw(arena, account, 9_900 * USD)
        assert cash(arena, account) == before
    for number in range(60):
        price = PRICES[ETH] * 99 // 100
        record = SettlementPrice(ETH, 0, EXPIRY_AT, number, price, ())
        arena.seal()
        assert arena.open_record(record, PUBLISHERS[:3]) is Reason.OK
    for account in (LONG, SHORT):
        assert arena.open_record(Settle(account, FUTURE)) is Reason.OK
    withdraw(arena, SHORT, 9_900 * USD)
    assert cash(arena, SHORT) < 1_100 * USD


def test_trade_below_maintenance_hands_nothing_of_the_insurance_to_an_accomplice() -> None:
    """Two accounts of one mind, opposite sides: the loser may not sell to the winner for less."""
    arena = Arena()
    for account, money in ((LONG, 4_700), (SHORT, 100_000)):
        assert arena.deposit(account, 0, money * USD) is Reason.OK
    arena.seal()
    trade(arena, PERP, 3_000)
    arena.move(ETH, PRICES[ETH] * 954 // 1_000)
    arena.seal(20)
    cheap = arena.tick() * 975 // 1_000
    assert arena.send(arena.order(SHORT, BUY, cheap, 3_000)) is Reason.OK
    before = cash(arena, LONG), cash(arena, SHORT)
    sale = arena.order(LONG, SELL, cheap, 3_000, time_in_force=IOC, reduce_only=1)
    arena.send(sale)
    assert (cash(arena, LONG), cash(arena, SHORT)) == before
