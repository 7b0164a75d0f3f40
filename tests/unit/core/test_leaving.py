"""What may leave an account that trades, and what a deficit takes from it."""

from typing import Any, Final

import pytest

from rollup_node.core.inputs import Transfer, Withdraw
from rollup_node.core.kinds import Phase, RecordKind, StepKind
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    ASSETS_KEY,
    CREDIT_KEY,
    LEAVE_KEY,
    PRICES_KEY,
    TOTALS_KEY,
    balances_key,
    hot_key,
    outbox_key,
    owner_key,
)
from rollup_node.core.leaves import Allocators, Balances, Owner, Totals, Withdrawal
from rollup_node.core.leaving import leave, leave_to_account, leave_to_l1, share_of_custody
from rollup_node.core.market_leaves import Credit
from rollup_node.core.reason import Reason
from rollup_node.core.refresh import refresh
from rollup_node.core.task_leaves import LeaveTask
from tests.unit.core.exchange import ETH, MARK, NOW, PRICE, USD, Exchange

ALICE: Final = b"a" * 20
RICH: Final = 1_000 * USD
# 100 lots at 5 % with the factor 1.02
MARGIN: Final = 100 * (MARK // 20) * 102 // 100


def withdraw(exchange: Exchange, amount: int, asset: int = 0, account: int = 1) -> Reason:
    """Withdraw to Alice."""
    return exchange.run(
        lambda frame: leave_to_l1(frame, Withdraw(account, asset, amount, ALICE, 0))
    )


def transfer(exchange: Exchange, amount: int, asset: int = 0, recipient: int = 2) -> Reason:
    """Transfer from account 1."""
    return exchange.run(
        lambda frame: leave_to_account(frame, Transfer(1, recipient, asset, amount, 0))
    )


def paid(exchange: Exchange, slot: int = 0) -> int:
    """Return the amount of an outbox entry."""
    entry: Any = exchange.state[outbox_key(slot)]
    return int(entry.amount)


@pytest.fixture
def exchange() -> Exchange:
    """Return an exchange whose account 1 holds 100 lots at the mark."""
    world = Exchange()
    world.open(1, RICH)
    world.open(2, RICH)
    world.hold(1, 100, 100 * MARK)
    return world


def test_withdraw_down_to_the_initial_margin_and_not_below(exchange: Exchange) -> None:
    assert withdraw(exchange, RICH - MARGIN + 1) is Reason.INSUFFICIENT_MARGIN
    assert exchange.cash(1) == RICH
    assert withdraw(exchange, RICH - MARGIN) is Reason.OK
    assert exchange.cash(1) == MARGIN
    assert exchange.totals()[0] == RICH + MARGIN
    assert exchange.state[outbox_key(0)] == Withdrawal(1, 0, RICH - MARGIN, ALICE)
    assert exchange.openings == [
        hot_key(1),
        PRICES_KEY,
        balances_key(1),
        ALLOCATORS_KEY,
        TOTALS_KEY,
        CREDIT_KEY,
        outbox_key(0),
    ]


def test_withdraw_leaves_what_resting_orders_reserve(exchange: Exchange) -> None:
    exchange.state[hot_key(1)] = exchange.hot(1)._replace(reserve=10)
    assert withdraw(exchange, RICH - MARGIN - 9) is Reason.INSUFFICIENT_MARGIN
    assert withdraw(exchange, RICH - MARGIN - 10) is Reason.OK


def test_transfer_down_to_the_initial_margin_and_not_below(exchange: Exchange) -> None:
    assert transfer(exchange, RICH - MARGIN + 1) is Reason.INSUFFICIENT_MARGIN
    assert transfer(exchange, RICH - MARGIN) is Reason.OK
    assert (exchange.cash(1), exchange.cash(2)) == (MARGIN, 2 * RICH - MARGIN)
    assert exchange.openings == [hot_key(1), PRICES_KEY, balances_key(1), balances_key(2)]


@pytest.mark.parametrize(
    ("flag", "reason"),
    [(1, Reason.FROZEN), (2, Reason.LIQUIDATING), (8, Reason.FROZEN), (4, Reason.OK)],
)
def test_leaving_needs_clear_flags(exchange: Exchange, flag: int, reason: Reason) -> None:
    exchange.state[hot_key(1)] = exchange.hot(1)._replace(flags=flag)
    assert transfer(exchange, 1) is reason
    assert withdraw(exchange, 1) is reason


def test_leaving_with_old_prices_of_a_position_is_refused(exchange: Exchange) -> None:
    exchange.set_prices(ETH, index_ms=NOW - 60_001)
    assert withdraw(exchange, 1) is Reason.STALE_PRICE
    assert withdraw(exchange, 1, account=2) is Reason.OK


@pytest.mark.parametrize(
    ("ether_price_age", "amount", "reason"),
    [
        # 900 per unit and unit of ether counts; 0.1 unit carries 180
        (0, 9 * 10**17, Reason.OK),
        (0, 95 * 10**16, Reason.INSUFFICIENT_MARGIN),
        (60_001, 1, Reason.STALE_PRICE),
    ],
)
def test_withdraw_collateral_counts_it_at_fresh_prices(
    exchange: Exchange, ether_price_age: int, amount: int, reason: Reason
) -> None:
    exchange.open(3, 0, 10**18)
    exchange.hold(3, 100, 100 * MARK)
    exchange.set_prices(ETH, priced_ms=NOW - ether_price_age)
    assert withdraw(exchange, amount, 1, 3) is reason
    assert (ASSETS_KEY in exchange.openings) == (reason is not Reason.STALE_PRICE)
    assert 9 * 10**17 * PRICE // 10**18 // 10 * 9 > MARGIN


def test_withdraw_collateral_without_debt_or_positions_needs_no_price() -> None:
    exchange = Exchange()
    exchange.open(3, 0, 10**18)
    exchange.set_prices(ETH, priced_ms=0, index_ms=0)
    assert withdraw(exchange, 10**18, 1, 3) is Reason.OK
    assert ASSETS_KEY not in exchange.openings


def test_withdraw_collateral_that_carries_debt_is_limited() -> None:
    exchange = Exchange()
    exchange.open(3, -450 * USD, 10**18, interest_ms=NOW)
    exchange.state[CREDIT_KEY] = Credit(0, 450 * USD, 10**12)
    assert withdraw(exchange, 5 * 10**17 + 10**12, 1, 3) is Reason.BORROW_LIMIT
    assert withdraw(exchange, 5 * 10**17, 1, 3) is Reason.OK


def test_leaving_counts_interest_that_is_due() -> None:
    exchange = Exchange()
    exchange.open(3, -450 * USD, 10**18, interest_ms=NOW - 31_536_000_000, reserve=405 * USD)
    # 0.5 units count 900; less 450, 45 of interest, 405 reserved: nothing is left
    assert withdraw(exchange, 5 * 10**17, 1, 3) is Reason.OK
    exchange.open(3, -450 * USD, 10**18, interest_ms=NOW - 31_536_000_001, reserve=405 * USD)
    assert withdraw(exchange, 5 * 10**17, 1, 3) is Reason.INSUFFICIENT_MARGIN


@pytest.mark.parametrize("kind", [RecordKind.TRANSFER, RecordKind.WITHDRAW])
def test_leaving_by_a_stale_account_refreshes_it_and_goes_on(
    exchange: Exchange, kind: RecordKind
) -> None:
    exchange.set_prices(ETH, epoch=8)
    act = transfer if kind is RecordKind.TRANSFER else withdraw
    assert act(exchange, 7) is Reason.REFRESH
    target = (2).to_bytes(20, "big") if kind is RecordKind.TRANSFER else ALICE
    assert exchange.state[LEAVE_KEY] == LeaveTask(kind, 1, 0, 7, target)
    assert (exchange.phase(), exchange.cash(1)) == (Phase.REFRESH, RICH)
    exchange.run(refresh)
    assert exchange.phase() == Phase.LEAVE
    assert exchange.run(leave) == (StepKind.LEAVE, Reason.OK)
    assert (exchange.phase(), exchange.cash(1)) == (Phase.IDLE, RICH - 7)
    if kind is RecordKind.TRANSFER:
        assert exchange.cash(2) == RICH + 7
    else:
        assert paid(exchange) == 7


def test_leave_that_fails_after_the_refresh_ends_the_task(exchange: Exchange) -> None:
    exchange.set_prices(ETH, epoch=8)
    assert withdraw(exchange, RICH) is Reason.REFRESH
    exchange.run(refresh)
    assert exchange.run(leave) == (StepKind.LEAVE, Reason.INSUFFICIENT_MARGIN)
    assert exchange.phase() == Phase.IDLE


def test_transfer_to_a_debtor_repays_after_interest() -> None:
    exchange = Exchange()
    exchange.open(1, RICH)
    exchange.open(2, -RICH, 0, interest_ms=NOW - 31_536_000_000)
    exchange.state[CREDIT_KEY] = Credit(0, RICH, 0)
    assert transfer(exchange, 300 * USD) is Reason.OK
    assert exchange.cash(2) == -RICH - RICH // 10 + 300 * USD
    assert exchange.pools().insurance[0] == RICH // 10
    assert exchange.state[CREDIT_KEY] == Credit(0, -exchange.cash(2), 0)


def test_account_without_a_hot_leaf_leaves_as_it_likes() -> None:
    exchange = Exchange()
    exchange.open(1, RICH)
    exchange.open(2)
    del exchange.state[hot_key(1)]
    assert transfer(exchange, RICH // 2) is Reason.OK
    assert exchange.openings == [hot_key(1), balances_key(1), balances_key(2)]
    assert withdraw(exchange, RICH // 2) is Reason.OK


@pytest.mark.parametrize(
    ("custody", "deficit", "amount", "expected"),
    [
        (100, 0, 100, 100),
        (100, 0, 101, 0),
        (60, 40, 10, 6),
        (60, 40, 11, 6),
        (60, 40, 1, 0),
        (60, 40, 100, 60),
        (60, 40, 101, 0),
        (0, 40, 5, 0),
    ],
)
def test_share_of_custody_is_rounded_down(
    custody: int, deficit: int, amount: int, expected: int
) -> None:
    assert share_of_custody(custody, deficit, amount) == expected


def test_withdraw_with_a_deficit_bears_its_part_of_it() -> None:
    exchange = Exchange()
    exchange.open(1, 1_000)
    exchange.state[TOTALS_KEY] = Totals((3_000, 0, 0, 0))
    exchange.state[CREDIT_KEY] = Credit(1_000, 5, 6)
    assert withdraw(exchange, 999) is Reason.OK
    assert (paid(exchange), exchange.cash(1), exchange.totals()[0]) == (749, 1, 2_251)
    assert exchange.state[CREDIT_KEY] == Credit(750, 5, 6)
    assert withdraw(exchange, 1) is Reason.INSUFFICIENT_BALANCE


def test_withdraw_more_than_custody_waits_for_the_debtors() -> None:
    exchange = Exchange()
    exchange.open(1, 1_000)
    exchange.state[TOTALS_KEY] = Totals((900, 0, 0, 0))
    assert withdraw(exchange, 901) is Reason.INSUFFICIENT_BALANCE
    assert withdraw(exchange, 900) is Reason.OK


def test_withdraw_of_an_asset_never_reads_the_credit() -> None:
    exchange = Exchange()
    exchange.open(1, 0, 10)
    exchange.state[CREDIT_KEY] = Credit(1_000, 5, 6)
    assert withdraw(exchange, 10, 1) is Reason.OK
    assert CREDIT_KEY not in exchange.openings
    assert paid(exchange) == 10


def test_withdraw_keeps_the_other_allocators(exchange: Exchange) -> None:
    exchange.state[ALLOCATORS_KEY] = Allocators(3, 4, 5, 6)
    assert withdraw(exchange, 1) is Reason.OK
    assert exchange.state[ALLOCATORS_KEY] == Allocators(4, 4, 5, 6)


def test_transfer_to_nobody_or_beyond_the_bound_is_refused(exchange: Exchange) -> None:
    assert transfer(exchange, 1, recipient=9) is Reason.UNKNOWN_RECIPIENT
    exchange.state[balances_key(2)] = Balances(((1 << 95) - 1, 0, 0, 0))
    assert transfer(exchange, 1) is Reason.BALANCE_OVERFLOW
    assert transfer(exchange, RICH + 1) is Reason.INSUFFICIENT_BALANCE
    assert isinstance(exchange.state[owner_key(1)], Owner)
