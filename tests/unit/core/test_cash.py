"""Interest, debts and the bounds of cash."""

import pytest

from rollup_node.core.account_leaves import NO_HOT
from rollup_node.core.cash import accrued_interest, add_fees, add_insurance, change_cash, store_cash
from rollup_node.core.frame import Frame
from rollup_node.core.layout import (
    CREDIT_KEY,
    MAX_BALANCE,
    POOLS_KEY,
    LeafKey,
    balances_key,
)
from rollup_node.core.market_leaves import Credit, Pools
from rollup_node.core.risk import read_amounts
from tests.unit.core.exchange import NOW, USD, Exchange

YEAR_MS = 31_536_000_000


@pytest.mark.parametrize(
    ("cash", "elapsed", "interest"),
    [
        (0, YEAR_MS, 0),
        (5, YEAR_MS, 0),
        (-100, YEAR_MS, 10),
        (-100, YEAR_MS + 1, 11),
        (-100, 0, 0),
        (-1, 1, 1),
        (-MAX_BALANCE, YEAR_MS, 0),
        (3 - MAX_BALANCE, YEAR_MS, 3),
    ],
)
def test_accrued_interest_is_ten_percent_a_year_rounded_up_within_the_bound(
    cash: int, elapsed: int, interest: int
) -> None:
    assert accrued_interest(cash, NOW, NOW + elapsed) == interest


@pytest.mark.parametrize(
    ("before", "change", "borrowed", "reads"),
    [
        (10, 5, 50, [balances_key(1)]),
        (10, -15, 55, [balances_key(1), CREDIT_KEY]),
        (-10, 4, 46, [balances_key(1), CREDIT_KEY]),
        (-10, 25, 40, [balances_key(1), CREDIT_KEY]),
    ],
)
def test_change_cash_keeps_the_sum_of_debts(
    before: int, change: int, borrowed: int, reads: list[LeafKey]
) -> None:
    exchange = Exchange()
    exchange.open(1, before)
    exchange.state[CREDIT_KEY] = Credit(0, 50, 100)
    hot = NO_HOT._replace(interest_ms=NOW)
    changed = exchange.run(lambda frame: change_cash(frame, 1, hot, change))
    assert exchange.cash(1) == before + change
    assert exchange.state[CREDIT_KEY] == Credit(0, borrowed, 100)
    assert exchange.openings == reads
    assert changed == hot


def test_change_cash_in_debt_charges_interest_before_the_change() -> None:
    exchange = Exchange()
    exchange.open(1, -1_000)
    exchange.state[CREDIT_KEY] = Credit(0, 1_000, 0)
    hot = NO_HOT._replace(interest_ms=NOW - YEAR_MS)
    changed = exchange.run(lambda frame: change_cash(frame, 1, hot, 5))
    assert exchange.cash(1) == -1_000 - 100 + 5
    assert exchange.pools().insurance[0] == 100
    assert exchange.state[CREDIT_KEY] == Credit(0, 1_095, 0)
    assert changed.interest_ms == NOW
    assert exchange.openings == [balances_key(1), POOLS_KEY, CREDIT_KEY]


def test_change_cash_that_becomes_negative_starts_the_clock() -> None:
    exchange = Exchange()
    exchange.open(1, 10)
    changed = exchange.run(lambda frame: change_cash(frame, 1, NO_HOT, -11))
    assert changed.interest_ms == NOW
    assert change_nothing(exchange) == NO_HOT


def change_nothing(exchange: Exchange) -> object:
    """Change no cash of a rich account."""
    exchange.open(2, 10)
    return exchange.run(lambda frame: change_cash(frame, 2, NO_HOT, 0))


@pytest.mark.parametrize(
    ("cash", "kept", "fees", "deficit"),
    [
        (MAX_BALANCE + 7, MAX_BALANCE, 7, 0),
        (-MAX_BALANCE - 7, -MAX_BALANCE, 0, 7),
        (MAX_BALANCE, MAX_BALANCE, 0, 0),
    ],
)
def test_store_cash_beyond_its_bound_loses_nothing(
    cash: int, kept: int, fees: int, deficit: int
) -> None:
    exchange = Exchange()
    exchange.open(1, 0)

    def step(frame: Frame) -> None:
        store_cash(frame, 1, read_amounts(frame, 1), cash)

    exchange.run(step)
    credit = exchange.state[CREDIT_KEY]
    assert isinstance(credit, Credit)
    assert exchange.cash(1) == kept
    assert (exchange.pools().fees, credit.deficit, credit.borrowed) == (
        fees,
        deficit,
        max(0, -kept),
    )
    assert exchange.cash(1) + exchange.pools().fees - credit.deficit == cash


def test_add_to_pools_changes_one_of_them() -> None:
    exchange = Exchange()

    def step(frame: Frame) -> None:
        add_fees(frame, 5 * USD)
        add_insurance(frame, 7, 3)
        add_insurance(frame, 0, 1)

    exchange.run(step)
    assert exchange.pools() == Pools(5 * USD, (1, 0, 0, 0, 0, 0, 0, 3))
