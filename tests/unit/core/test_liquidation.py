"""Reducing an account in trouble: when, how much, at what price, and when it ends."""

from typing import Any

import pytest

from rollup_node.core.account_leaves import NO_COLD
from rollup_node.core.families import ACTIONS, find_task
from rollup_node.core.flags import FROZEN_FLAG, LIQUIDATING_FLAG
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import Liquidate
from rollup_node.core.kinds import OrderClass, Phase, StepKind
from rollup_node.core.layout import CURSOR_KEY, cold_key, hot_key, underlying_key
from rollup_node.core.liquidation import compute_concession
from rollup_node.core.market_leaves import NO_UNDERLYING
from rollup_node.core.order_checks import PROTOCOL
from rollup_node.core.reason import Reason
from tests.unit.core.exchange import BUY, ETH, MARK, NOW, PERP, SELL, SPOT, TICK, USD, Exchange

MM = MARK // 40


def run(exchange: Exchange, account: int = 1, series: int = PERP) -> list[tuple[StepKind, Reason]]:
    """Liquidate, then do the steps that it began."""
    record = Liquidate(account, series)

    def execute(frame: Frame) -> tuple[StepKind, Reason]:
        return ACTIONS[Liquidate](frame, record, Authority(None, forced=False, tag=0))

    answers = [exchange.run(execute)]
    while exchange.phase() != Phase.IDLE:
        answers.append(exchange.run(find_task(exchange.phase())))
    return answers


def reasons(exchange: Exchange, account: int = 1, series: int = PERP) -> list[Reason]:
    """Return the reasons alone."""
    return [reason for _, reason in run(exchange, account, series)]


def cold(exchange: Exchange, account: int = 1) -> Any:
    """Return the cold leaf."""
    return exchange.state.get(cold_key(account))


def later(exchange: Exchange, ms: int) -> None:
    """Let time pass, with fresh prices."""
    clock: Any = exchange.state[CURSOR_KEY]
    now = clock.time_ms + ms
    exchange.state[CURSOR_KEY] = clock._replace(time_ms=now, order_class=0)
    exchange.set_prices(ETH, priced_ms=now, index_ms=now)


@pytest.fixture(name="exchange")
def _exchange() -> Exchange:
    """Return account 1 with 1,000 lots, bought so that its equity is four fifths of MM."""
    world = Exchange()
    equity = 1_000 * MM * 4 // 5
    world.open(1, 0)
    world.hold(1, 1_000, 1_000 * MARK - equity)
    world.open(2, 10**6 * USD)
    world.hold(2, -1_000, -1_000 * MARK)
    return world


def test_liquidate_healthy_account_has_no_effect(exchange: Exchange) -> None:
    before = dict(exchange.state)
    assert reasons(exchange, account=2) == [Reason.NOT_LIQUIDATABLE]
    assert exchange.state == before


@pytest.mark.parametrize("account", [0, 1 << 22])
def test_liquidate_number_out_of_range_is_unknown(exchange: Exchange, account: int) -> None:
    assert reasons(exchange, account) == [Reason.UNKNOWN_ACCOUNT]


def test_liquidate_reduces_and_pays_the_insurance(exchange: Exchange) -> None:
    exchange.rest(2, BUY, TICK - 50, 300)
    assert [kind for kind, _ in run(exchange)] == [
        StepKind.LIQUIDATE,
        StepKind.TAKE,
        StepKind.TAKE,
        StepKind.LIQUIDATE,
    ]
    # a fifth is 200 lots, worth 4,000 USD; 10,000 USD are 500 lots: only 300 are wanted
    assert exchange.position(1).lots == 700
    price = MARK - 50 * 100
    room, discount = MM * 4 // 5, 3 * MM // 10
    rate = min(10_000, (room - discount) * 10**6 // (MARK + discount))
    assert exchange.pools().insurance[ETH] == -(-300 * price * rate // 10**6)
    assert exchange.hot(1).flags & LIQUIDATING_FLAG
    assert cold(exchange).liquidated_ms == NOW
    assert cold(exchange).auction_ms == 0


def test_liquidate_never_sells_below_the_fillable_price(exchange: Exchange) -> None:
    discount_ticks = 3 * MM // 10 // 100
    exchange.rest(2, BUY, TICK - discount_ticks - 1, 300)
    assert reasons(exchange) == [Reason.OK, Reason.REMAINDER_CANCELLED, Reason.OK]
    exchange.rest(2, BUY, TICK - discount_ticks, 300)
    reasons(exchange)
    assert exchange.position(1).lots == 700


def test_liquidate_short_buys_at_most_at_the_fillable_price(exchange: Exchange) -> None:
    exchange.open(3, 0)
    exchange.hold(3, -1_000, -1_000 * MARK - 1_000 * MM * 4 // 5)
    discount_ticks = 3 * MM // 10 // 100
    exchange.rest(2, SELL, TICK + discount_ticks, 100)
    exchange.rest(2, SELL, TICK + discount_ticks + 1, 100)
    reasons(exchange, account=3)
    assert exchange.position(3).lots == -900


def test_liquidate_cured_by_the_fill_is_free_in_the_same_call(exchange: Exchange) -> None:
    """Drift: accounts stayed in liquidation after they were cured."""
    exchange.rest(2, BUY, TICK, 500)
    reasons(exchange)
    assert exchange.position(1).lots == 500
    assert exchange.hot(1).flags == 0
    assert cold(exchange)[4:6] == (0, 0)


def test_liquidate_cured_by_the_price_is_free_at_the_next_call(exchange: Exchange) -> None:
    reasons(exchange)
    assert exchange.hot(1).flags == LIQUIDATING_FLAG
    exchange.set_series(PERP, maintenance=MM // 2)
    exchange.set_prices(ETH, epoch=8)
    assert reasons(exchange) == [Reason.OK, Reason.OK, Reason.NOT_LIQUIDATABLE]
    assert exchange.hot(1).flags == 0


def test_liquidate_stale_account_is_refreshed_first(exchange: Exchange) -> None:
    exchange.set_prices(ETH, epoch=8)
    exchange.rest(2, BUY, TICK, 10)
    assert [kind for kind, _ in run(exchange)] == [
        StepKind.LIQUIDATE,
        StepKind.REFRESH,
        StepKind.LIQUIDATE,
        StepKind.TAKE,
        StepKind.REFRESH,
        StepKind.TAKE,
        StepKind.TAKE,
        StepKind.LIQUIDATE,
    ]
    assert exchange.position(1).lots == 990


def test_liquidate_sweeps_every_order_first(exchange: Exchange) -> None:
    for client in range(3):
        exchange.rest(1, SELL, TICK + 10 + client, 5, slot=client)
    kinds = [kind for kind, _ in run(exchange)]
    assert kinds[:5] == [StepKind.LIQUIDATE] + [StepKind.SWEEP] * 3 + [StepKind.LIQUIDATE]
    assert (exchange.hot(1).open_orders, exchange.hot(1).reserve) == (0, 0)


def test_liquidate_in_deep_water_puts_the_account_for_sale(exchange: Exchange) -> None:
    exchange.open(3, 0)
    exchange.hold(3, 1_000, 1_000 * MARK - 1_000 * MM * 3 // 5)
    reasons(exchange, account=3)
    assert cold(exchange, 3).auction_ms == NOW


def test_liquidate_without_a_fill_for_a_minute_puts_the_account_for_sale(
    exchange: Exchange,
) -> None:
    reasons(exchange)
    later(exchange, 59_999)
    reasons(exchange)
    assert cold(exchange).auction_ms == 0
    later(exchange, 1)
    reasons(exchange)
    assert cold(exchange).auction_ms == NOW + 60_000


def test_liquidate_with_a_fill_gives_another_minute(exchange: Exchange) -> None:
    reasons(exchange)
    later(exchange, 59_999)
    exchange.rest(2, BUY, TICK, 1)
    reasons(exchange)
    assert cold(exchange).liquidated_ms == NOW + 59_999
    later(exchange, 1)
    reasons(exchange)
    assert cold(exchange).auction_ms == 0


def test_liquidate_at_a_stale_price_is_refused(exchange: Exchange) -> None:
    exchange.set_prices(ETH, index_ms=NOW - 60_001)
    assert reasons(exchange) == [Reason.STALE_PRICE]
    exchange.set_prices(ETH, index_ms=NOW - 60_000)
    assert reasons(exchange)[0] is Reason.OK


def test_liquidate_waits_after_a_gap(exchange: Exchange) -> None:
    leaf = NO_UNDERLYING._replace(status=1, resumed_ms=NOW - 59_999)
    exchange.state[underlying_key(ETH)] = leaf
    assert reasons(exchange) == [Reason.COOLING_DOWN]
    exchange.state[underlying_key(ETH)] = leaf._replace(resumed_ms=NOW - 60_000)
    assert reasons(exchange)[0] is Reason.OK


@pytest.mark.parametrize(
    ("series", "reason"),
    [
        (0, Reason.UNKNOWN_SERIES),
        (77, Reason.UNKNOWN_SERIES),
        (4_096, Reason.UNKNOWN_SERIES),
        (SPOT, Reason.NO_POSITION),
    ],
)
def test_liquidate_series_without_position_still_marks_the_account(
    exchange: Exchange, series: int, reason: Reason
) -> None:
    assert reasons(exchange, 1, series) == [reason]
    assert exchange.hot(1).flags & LIQUIDATING_FLAG


def test_liquidate_closed_series_waits_for_settlement(exchange: Exchange) -> None:
    exchange.set_series(PERP, status=3)
    assert reasons(exchange) == [Reason.SERIES_CLOSED]


def test_liquidate_account_without_equity_trades_at_the_mark_or_better(exchange: Exchange) -> None:
    """Underflow once blocked such liquidations elsewhere; here nothing reverts."""
    exchange.open(3, 0)
    exchange.hold(3, 1_000, 1_000 * MARK + 5 * USD)
    exchange.rest(2, BUY, TICK - 1, 10)
    assert Reason.REMAINDER_CANCELLED in reasons(exchange, account=3)
    exchange.rest(2, BUY, TICK, 10)
    reasons(exchange, account=3)
    assert exchange.position(3).lots == 990
    assert exchange.pools().insurance[ETH] == 0


def test_liquidate_of_a_debt_without_positions_is_possible(exchange: Exchange) -> None:
    exchange.open(3, -USD)
    assert reasons(exchange, account=3) == [Reason.NO_POSITION]
    assert cold(exchange, 3).auction_ms == NOW


def test_liquidate_order_is_reduce_only_and_of_the_protocol(exchange: Exchange) -> None:
    exchange.state[hot_key(1)] = exchange.hot(1)._replace(flags=FROZEN_FLAG)
    reasons(exchange)
    taker = exchange.taker()
    assert (taker.origin, taker.remaining, taker.generation) == (PROTOCOL, 500, 1)
    assert exchange.hot(1).flags == FROZEN_FLAG | LIQUIDATING_FLAG


def test_self_liquidation_earns_nothing(exchange: Exchange) -> None:
    """Whoever buys from himself at a discount loses the fee, and the insurance pays nothing."""
    before = exchange.cash(1) + exchange.cash(2)
    worth = exchange.position(1).lots * MARK - exchange.position(1).basis
    worth += exchange.position(2).lots * MARK - exchange.position(2).basis
    exchange.rest(2, BUY, TICK - 3 * MM // 10 // 100, 500)
    reasons(exchange)
    after = exchange.cash(1) + exchange.cash(2)
    now = exchange.position(1).lots * MARK - exchange.position(1).basis
    now += exchange.position(2).lots * MARK - exchange.position(2).basis
    paid = exchange.pools().fees + exchange.pools().insurance[ETH]
    assert after + now == before + worth - paid
    assert exchange.pools().insurance[ETH] > 0


def test_liquidate_out_of_class_has_no_effect(exchange: Exchange) -> None:
    clock: Any = exchange.state[CURSOR_KEY]
    exchange.state[CURSOR_KEY] = clock._replace(order_class=OrderClass.MAKER)
    before = dict(exchange.state)
    assert reasons(exchange) == [Reason.OUT_OF_CLASS]
    assert exchange.state == before
    assert NO_COLD.auction_ms == 0


@pytest.mark.parametrize("equity", [-5, 0, 1, 30, 59, 60, 61, 80, 99])
def test_compute_concession_gives_at_most_what_equity_covers(equity: int) -> None:
    mark, lot, total = 20 * USD, 500_000, 100 * 500_000
    discount, rate = compute_concession(mark, lot, equity * 500_000, total)
    given = discount + (mark + discount) * rate / 10**6
    assert 0 <= given <= max(0, lot * equity / 100)
    assert discount <= 3 * lot * (100 - equity) / 200
    assert rate <= 10_000
    if equity == 60:
        assert discount == lot * 6 // 10
