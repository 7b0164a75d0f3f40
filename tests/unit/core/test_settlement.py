"""The end of a future: the grid of prices, their average, and every position closed at it."""

from typing import Any

import pytest

from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import Settle, SettlementPrice
from rollup_node.core.layout import (
    CURSOR_KEY,
    PUBLISHERS_KEY,
    expiry_key,
    grid_key,
    hot_key,
    series_key,
    terms_key,
)
from rollup_node.core.market_leaves import Expiry, Publishers, SettlementGrid
from rollup_node.core.reason import Reason
from rollup_node.core.settlement import apply_settle, apply_settlement_price, average_grid
from tests.unit.core.exchange import FUTURE, MARK, NOW, STATE, TERMS, USD, Exchange

AT = NOW // 1_000 + 1_800
NAMES = (b"a" * 20, b"b" * 20)
PRICE = 2_000 * USD


class Date(Exchange):
    """An exchange with a future, a long and a short of it."""

    def __init__(self) -> None:
        super().__init__()
        self.state[PUBLISHERS_KEY] = Publishers(2, (*NAMES, *(bytes(20),) * 6))
        self.state[terms_key(FUTURE)] = TERMS._replace(kind=3, book=FUTURE)
        self.state[series_key(FUTURE)] = STATE
        self.state[expiry_key(0, 0)] = Expiry(AT, 0, 0, 0)
        for account, lots in ((1, 30), (2, -50), (3, 20)):
            self.open(account, 10**5 * USD)
            self.hold(account, lots, lots * MARK + account, series=FUTURE)

    def at(self, seconds: int) -> None:
        """Let it be so many seconds after the settlement date."""
        clock: Any = self.state[CURSOR_KEY]
        self.state[CURSOR_KEY] = clock._replace(time_ms=(AT + seconds) * 1_000)

    def report(
        self, number: int, price: int = PRICE, *, by: tuple[bytes, ...] = NAMES, **fields: Any
    ) -> Reason:
        """Let the publishers say a price of the grid."""
        record = SettlementPrice(0, 0, AT, number, price, ())._replace(**fields)
        authority = Authority(None, forced=False, tag=0, signers=by)

        def step(frame: Frame) -> Reason:
            return apply_settlement_price(frame, record, authority)

        return self.run(step)

    def settle(self, account: int, series: int = FUTURE) -> Reason:
        """Settle a position."""
        authority = Authority(None, forced=False, tag=0)

        def step(frame: Frame) -> Reason:
            return apply_settle(frame, Settle(account, series), authority)

        return self.run(step)


@pytest.fixture(name="date")
def _date() -> Date:
    return Date()


def test_average_grid_of_missing_rounds_takes_the_one_before() -> None:
    prices = [0] * 60
    prices[3], prices[10] = 600, 1_200
    assert average_grid(tuple(prices), 5) == (10 * 600 + 50 * 1_200) // 60
    assert average_grid((0,) * 60, 5) == 5
    assert average_grid((*(7,) * 59, 8), 5) == 7


def test_settlement_prices_come_in_any_order_each_once(date: Date) -> None:
    date.at(0)
    assert date.report(59, 5) is Reason.OK
    assert date.report(7, 3) is Reason.OK
    assert date.report(7, 4) is Reason.OLD_ROUND
    grid: Any = date.state[grid_key(0, 0)]
    assert (grid.expiry_at, grid.prices[7], grid.prices[59]) == (AT, 3, 5)


@pytest.mark.parametrize(
    ("seconds", "number", "fields", "reason"),
    [
        (-30 * 59 - 1, 0, {}, Reason.BAD_TIME),
        (-30 * 59, 0, {}, Reason.OK),
        (-30 * 59, 1, {}, Reason.BAD_TIME),
        (-1, 59, {}, Reason.BAD_TIME),
        (0, 59, {}, Reason.OK),
        (1_799, 59, {}, Reason.OK),
        (1_800, 59, {}, Reason.BAD_TIME),
        (0, 60, {}, Reason.BAD_TIME),
        (0, 255, {}, Reason.BAD_TIME),
        (0, 5, {"expiry": AT + 1}, Reason.BAD_TIME),
        (0, 5, {"expiry_slot": 1, "expiry": 0}, Reason.BAD_TIME),
        (0, 5, {"expiry_slot": 16}, Reason.UNKNOWN_UNDERLYING),
        (0, 5, {"underlying": 8}, Reason.UNKNOWN_UNDERLYING),
        (0, 5, {"price": 0}, Reason.BAD_PRICE),
        (0, 5, {"price": 1 << 40}, Reason.BAD_PRICE),
    ],
)
def test_settlement_price_out_of_its_time_or_range_is_refused(
    date: Date, seconds: int, number: int, fields: dict[str, Any], reason: Reason
) -> None:
    date.at(seconds)
    assert date.report(number, **fields) is reason


def test_settlement_price_needs_its_publishers(date: Date) -> None:
    date.at(0)
    assert date.report(5, by=NAMES[:1]) is Reason.TOO_FEW_SIGNATURES
    assert date.report(5, by=(NAMES[1], NAMES[0])) is Reason.BAD_PUBLISHERS


def test_prices_of_another_date_do_not_count(date: Date) -> None:
    date.state[grid_key(0, 0)] = SettlementGrid(AT - 1, (9,) * 60)
    date.at(0)
    assert date.report(5, 3) is Reason.OK
    grid: Any = date.state[grid_key(0, 0)]
    assert grid == SettlementGrid(AT, (*(0,) * 5, 3, *(0,) * 54))


def test_settle_waits_for_the_date_and_for_late_prices(date: Date) -> None:
    date.at(-1)
    assert date.settle(1) is Reason.NOT_EXPIRED
    date.at(0)
    date.report(3)
    assert date.settle(1) is Reason.NOT_SETTLED
    date.at(1_799)
    assert date.settle(1) is Reason.NOT_SETTLED
    date.at(1_800)
    assert date.settle(1) is Reason.OK


def test_settle_with_all_prices_needs_no_waiting(date: Date) -> None:
    date.at(0)
    for number in range(60):
        assert date.report(number, PRICE + number) is Reason.OK
    assert date.settle(1) is Reason.OK
    expiry: Any = date.state[expiry_key(0, 0)]
    assert expiry.price == PRICE + 29
    assert date.report(0) is Reason.OLD_ROUND


def test_settle_pays_every_position_exactly_and_the_sum_is_zero(date: Date) -> None:
    date.at(1_800)
    date.state[grid_key(0, 0)] = SettlementGrid(AT, (PRICE + 12_345_678,) * 60)
    payout = (PRICE + 12_345_678) // 100
    before = sum(date.cash(account) for account in (1, 2, 3))
    epoch = date.epoch(0)
    for account, lots, left in ((1, 30, 70), (2, -50, 20), (3, 20, 0)):
        cash = date.cash(account)
        assert date.settle(account) is Reason.OK
        assert date.cash(account) - cash == lots * payout - (lots * MARK + account)
        assert date.position(account, FUTURE).lots == 0
        assert date.series(FUTURE).open_interest == left
        assert date.hot(account).rows[0].positions == 0
        assert date.hot(account).rows[0][2:] == (0, 0, 0)
    assert sum(date.cash(account) for account in (1, 2, 3)) == before - 6
    assert (date.series(FUTURE).status, date.series(FUTURE).mark) == (4, payout)
    assert date.epoch(0) == epoch + 1


def test_settle_without_any_price_takes_the_last_mark(date: Date) -> None:
    date.at(1_800)
    assert date.settle(2) is Reason.OK
    expiry: Any = date.state[expiry_key(0, 0)]
    assert expiry.price == MARK * 100


def test_settle_again_has_nothing_to_do(date: Date) -> None:
    date.at(1_800)
    date.settle(2)
    assert date.settle(2) is Reason.NO_POSITION


@pytest.mark.parametrize(
    ("account", "series", "reason"),
    [
        (1, 0, Reason.UNKNOWN_SERIES),
        (1, 77, Reason.UNKNOWN_SERIES),
        (1, 4_096, Reason.UNKNOWN_SERIES),
        (0, FUTURE, Reason.UNKNOWN_ACCOUNT),
        (1 << 22, FUTURE, Reason.UNKNOWN_ACCOUNT),
        (1, 1, Reason.NOT_EXPIRED),
        (9, FUTURE, Reason.NO_POSITION),
    ],
)
def test_settle_of_nothing_is_refused(
    date: Date, account: int, series: int, reason: Reason
) -> None:
    date.at(1_800)
    before = dict(date.state)
    assert date.settle(account, series) is reason
    assert date.state == before


def test_settle_keeps_the_rest_of_a_current_row_exact(date: Date) -> None:
    date.hold(1, 5, 5 * MARK - 77, series=1, number=3)
    date.at(1_800)
    date.settle(2)
    hot = date.hot(1)
    row = hot.rows[0]._replace(epoch=date.epoch(0), value=77 + 30 * 0 - 1)
    date.state[hot_key(1)] = hot._replace(rows=(row, *hot.rows[1:]))
    date.settle(1)
    assert date.hot(1).rows[0][1:3] == (1, 77)
