"""Whom the keeper settles, when, and in which order."""

from typing import Final

import pytest

from rollup_node.core.inputs import Settle
from rollup_node.core.settlement import LATE_SECONDS
from rollup_node.roles.settlements import (
    SETTLE_LIMIT,
    SETTLE_RETRY_MS,
    Ended,
    Settlements,
)

AT: Final = 1_000_000
NOW_MS: Final = AT * 1_000 + 5
SERIES: Final = 4


def ended(*accounts: int, at: int = AT, series: int = SERIES, is_priced: bool = True) -> Ended:
    return Ended(at, is_priced, [Settle(account, series) for account in accounts])


@pytest.mark.parametrize(
    ("is_priced", "now_ms", "is_due"),
    [
        (True, AT * 1_000, True),
        (False, AT * 1_000, False),
        (False, (AT + LATE_SECONDS) * 1_000 - 1, False),
        (False, (AT + LATE_SECONDS) * 1_000, True),
    ],
)
def test_decide_waits_until_the_price_can_be_fixed(
    is_priced: bool, now_ms: int, is_due: bool
) -> None:
    found = Settlements().decide([ended(7, is_priced=is_priced)], now_ms)
    assert found == ([Settle(7, SERIES)] if is_due else [])


def test_decide_oldest_date_first_then_series_and_account() -> None:
    dates = [ended(9, 2, series=5), ended(3), ended(8, at=AT - 1, series=30)]
    wanted = [Settle(8, 30), Settle(2, 5), Settle(9, 5), Settle(3, SERIES)]
    assert Settlements().decide(dates, NOW_MS) == wanted


def test_decide_of_many_asks_for_some_at_a_time_each_once() -> None:
    settlements = Settlements()
    date = ended(*range(1, 2 * SETTLE_LIMIT + 6))
    turns = [settlements.decide([date], NOW_MS) for _ in range(4)]
    assert [len(turn) for turn in turns] == [SETTLE_LIMIT, SETTLE_LIMIT, 5, 0]
    assert sorted(settle for turn in turns for settle in turn) == sorted(date.positions)


def test_decide_what_is_still_there_after_a_while_is_asked_for_again() -> None:
    settlements = Settlements()
    settlements.decide([ended(1, 2)], NOW_MS)
    assert settlements.decide([ended(2)], NOW_MS + SETTLE_RETRY_MS - 1) == []
    assert settlements.decide([ended(2)], NOW_MS + SETTLE_RETRY_MS) == [Settle(2, SERIES)]


def test_decide_what_is_gone_is_forgotten() -> None:
    settlements = Settlements()
    settlements.decide([ended(1)], NOW_MS)
    settlements.decide([], NOW_MS)
    assert settlements.decide([ended(1)], NOW_MS) == [Settle(1, SERIES)], "L1 took it back"
