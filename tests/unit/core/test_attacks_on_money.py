"""Ways to take money that is not one's own, or to leave a debt behind; each has to fail."""

from typing import Final

import pytest

from rollup_node.core.inputs import Liquidate, OpenAccount, Settle, SettlementPrice, Withdraw
from rollup_node.core.layout import POOLS_KEY, balances_key, hot_key
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


def test_numbers_of_accounts_are_not_had_for_nothing(arena: Arena) -> None:
    """There are 2^21 of them: each costs a dollar, and who has none opens no account."""
    assert arena.deposit(3, 0, 3 * USD - 1) is Reason.OK
    arena.seal()
    answers = [arena.send(OpenAccount(3, 0, arena.nonce())) for _ in range(3)]
    assert answers == [Reason.OK, Reason.OK, Reason.INSUFFICIENT_BALANCE]
    assert (cash(arena, 3), arena.leaf(POOLS_KEY).fees) == (USD - 1, 2 * USD)


def test_account_is_not_opened_with_money_that_margin_needs(arena: Arena) -> None:
    trade(arena, PERP, 3_000)
    for amount in (1_000 * USD, 100 * USD, 10 * USD, USD):
        before = 0
        while before != cash(arena, LONG):
            before = cash(arena, LONG)
            withdraw(arena, LONG, amount)
    before = cash(arena, LONG)
    arena.seal()
    opening = OpenAccount(LONG, 0, arena.nonce())
    assert arena.send(opening) is Reason.INSUFFICIENT_MARGIN
    assert cash(arena, LONG) == before


@pytest.mark.parametrize(("kind", "reduce_only"), [(0, 1), (2, 0), (2, 1)])
def test_slots_of_the_book_are_not_had_for_nothing(
    arena: Arena, kind: int, reduce_only: int
) -> None:
    """2^24 of them for all: each order that waits holds a cent of its owner at least."""
    trade(arena, PERP, 3_000)
    arena.seal()
    tick, held = arena.tick(), arena.leaf(hot_key(LONG)).reserve
    trigger = tick - 50 if kind else 0
    placed = [
        arena.order(LONG, SELL, tick + 50, 300, kind=kind, trigger=trigger, reduce_only=reduce_only)
        for _ in range(20)
    ]
    assert {arena.send(order) for order in placed} == {Reason.OK}
    reserve = arena.leaf(hot_key(LONG)).reserve - held
    assert reserve >= 20 * 10_000
    before = cash(arena, LONG)
    withdraw(arena, LONG, before - reserve + 1)
    assert cash(arena, LONG) == before
    arena.seal()
    assert {arena.send(arena.cancel(order)) for order in placed} == {Reason.OK}
    assert arena.leaf(hot_key(LONG)).reserve == held


def for_sale(arena: Arena) -> None:
    """Let LONG fall far below its maintenance margin, and somebody say so."""
    trade(arena, PERP, 6_000)
    arena.move(ETH, PRICES[ETH] * 955 // 1_000)
    arena.seal(20)
    assert arena.open_record(Liquidate(LONG, PERP)) is Reason.OK


def test_owner_of_an_account_for_sale_cannot_make_bids_miss(arena: Arena) -> None:
    """A bid names the version: a fill in every block would outdate each one before it arrives."""
    for_sale(arena)
    arena.seal()
    version, tick = arena.leaf(hot_key(LONG)).version, arena.tick()
    assert arena.send(arena.order(SHORT, BUY, tick, 100)) is Reason.OK
    sale = arena.order(LONG, SELL, tick, 1, reduce_only=1, time_in_force=IOC)
    assert arena.send(sale) is Reason.LIQUIDATING
    arena.seal()
    assert arena.open_record(Liquidate(LONG, PERP)) is Reason.OK
    assert arena.leaf(hot_key(LONG)).version == version


def premium(arena: Arena) -> int:
    """Return the premium of the next sample."""
    before = arena.series(PERP).premium_sum
    arena.seal(1_000)
    return int(arena.series(PERP).premium_sum - before)


def test_small_orders_in_front_do_not_switch_off_a_premium(arena: Arena) -> None:
    """Sixteen orders of the least notional were enough to make a side too thin to count."""
    assert arena.deposit(SHORT, 0, 10**7 * USD) is Reason.OK
    arena.seal()
    bid = arena.tick() + 20
    assert arena.send(arena.order(SHORT, BUY, bid, 100_000)) is Reason.OK
    owed = premium(arena)
    assert owed > 0
    small = [arena.order(LONG, BUY, bid + 1, 10) for _ in range(16)]
    assert {arena.send(order) for order in small} == {Reason.OK}
    assert premium(arena) >= owed
