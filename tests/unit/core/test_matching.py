"""One resting order a step: every way a TAKE step ends, and what it leaves."""

from typing import Any, Final

import pytest

from rollup_node.core.account_leaves import NO_COLD, Position, ProtectionRow
from rollup_node.core.book_leaves import Level
from rollup_node.core.events import Fill, OrderChanged, OrderRemoved, TakerDone
from rollup_node.core.kinds import Phase, StepKind
from rollup_node.core.layout import (
    ASSETS_KEY,
    CREDIT_KEY,
    REFRESH_KEY,
    SWEEP_KEY,
    cold_key,
    directory_key,
    hot_key,
    level_key,
    order_key,
    positions_key,
)
from rollup_node.core.market_leaves import Credit, Pools
from rollup_node.core.matching import FILL_LIMIT, FORCED_FILL_LIMIT, take
from rollup_node.core.order_checks import PROTOCOL
from rollup_node.core.reason import Reason
from rollup_node.core.task_leaves import RefreshTask, SweepTask
from tests.unit.core.exchange import (
    BUY,
    ETH,
    IOC,
    MARK,
    NOW,
    PERP,
    SELL,
    SPOT,
    TERMS,
    TICK,
    UNIT,
    USD,
    Exchange,
    flags,
)

RICH: Final = 100_000 * USD
TAKER_FEE: Final = MARK * 500 // 10**6
REBATE: Final = MARK * 100 // 10**6


@pytest.fixture
def exchange() -> Exchange:
    """Return an exchange with three rich accounts, the third of a group with the first."""
    world = Exchange()
    world.open(1, RICH)
    world.open(2, RICH)
    world.open(3, RICH)
    return world


def run(exchange: Exchange) -> Reason:
    """Run one TAKE step."""
    kind, reason = exchange.run(take)
    assert kind is StepKind.TAKE
    return reason


def events(exchange: Exchange, kind: type) -> list[Any]:
    """Return the events of one kind."""
    return [event for event in exchange.events if isinstance(event, kind)]


@pytest.mark.parametrize("side", [BUY, SELL])
def test_take_part_of_a_maker_changes_both_sides(exchange: Exchange, side: int) -> None:
    slot = exchange.rest(2, 1 - side, TICK, 50)
    exchange.fly(1, side, TICK, 20)
    assert run(exchange) is Reason.OK
    sign = 1 if side == BUY else -1
    assert exchange.position(1) == Position(PERP, sign * 20, sign * 20 * MARK, 0, 1)
    assert exchange.position(2) == Position(PERP, -sign * 20, -sign * 20 * MARK, 0, 1)
    assert exchange.cash(1) == RICH - 20 * TAKER_FEE
    assert exchange.cash(2) == RICH + 20 * REBATE
    assert exchange.pools().fees == 20 * (TAKER_FEE - REBATE)
    assert exchange.series().open_interest == 20
    assert exchange.state[level_key(PERP, TICK)] == Level(slot, slot, 30, 1)
    assert exchange.hot(2).reserve == 30 * MARK // 100
    assert (exchange.hot(1).version, exchange.hot(2).version) == (1, 1)
    assert exchange.hot(1).rows[ETH] == (7, 1, 0, 20 * MARK // 20, 20 * MARK // 40)
    assert exchange.phase() == Phase.IDLE
    assert (exchange.taker().remaining, exchange.taker().filled, exchange.taker().makers) == (
        0,
        20,
        1,
    )
    assert [type(event) for event in exchange.events] == [Fill, OrderChanged, TakerDone]


def test_take_a_whole_maker_unlinks_it_and_goes_on(exchange: Exchange) -> None:
    exchange.rest(2, SELL, TICK, 5)
    exchange.rest(3, SELL, TICK + 1, 5)
    exchange.fly(1, BUY, TICK + 1, 8)
    assert run(exchange) is Reason.OK
    assert exchange.phase() == Phase.TAKE
    assert exchange.series().ask == TICK + 1
    assert exchange.hot(2).open_orders == 0
    assert run(exchange) is Reason.OK
    assert exchange.phase() == Phase.IDLE
    assert exchange.position(1).basis == 8 * MARK + 3 * UNIT
    assert exchange.position(3).lots == -3


def test_take_one_maker_opens_few_leaves(exchange: Exchange) -> None:
    exchange.hold(1, 5, 5 * MARK)
    exchange.hold(2, -5, -5 * MARK)
    exchange.rest(2, SELL, TICK, 5)
    exchange.fly(1, BUY, TICK, 8)
    run(exchange)
    assert len(exchange.openings) == 19


def test_take_with_nothing_left_is_done(exchange: Exchange) -> None:
    exchange.fly(1, BUY, TICK, 0, resume=Phase.DRAIN)
    assert run(exchange) is Reason.OK
    assert exchange.phase() == Phase.DRAIN


@pytest.mark.parametrize(("forced", "limit"), [(0, FILL_LIMIT), (1, FORCED_FILL_LIMIT)])
def test_take_at_the_fill_limit_cancels_the_rest(
    exchange: Exchange, forced: int, limit: int
) -> None:
    exchange.rest(2, SELL, TICK, 5)
    exchange.fly(1, BUY, TICK, 8, makers=limit, forced=forced)
    assert run(exchange) is Reason.MATCH_LIMIT
    assert exchange.phase() == Phase.IDLE
    exchange.fly(1, BUY, TICK, 8, makers=limit - 1, forced=forced)
    assert run(exchange) is Reason.OK


@pytest.mark.parametrize("stale", [1, 2])
def test_take_with_a_stale_side_refreshes_it_first(exchange: Exchange, stale: int) -> None:
    exchange.hold(stale, 1, MARK)
    exchange.rest(2, SELL, TICK, 5)
    exchange.fly(1, BUY, TICK, 8)
    exchange.set_prices(ETH, epoch=8)
    assert run(exchange) is Reason.REFRESH
    assert exchange.phase() == Phase.REFRESH
    task = exchange.state[REFRESH_KEY]
    assert isinstance(task, RefreshTask)
    assert (task.account, task.next, task.resume) == (stale, 0, Phase.TAKE)
    assert exchange.taker().remaining == 8


def test_take_nothing_at_the_price_rests_or_is_cancelled(exchange: Exchange) -> None:
    exchange.rest(2, SELL, TICK + 1, 5)
    exchange.fly(1, BUY, TICK, 8, flags=IOC)
    assert run(exchange) is Reason.REMAINDER_CANCELLED
    assert (exchange.phase(), exchange.series().bid) == (Phase.IDLE, 0)
    exchange.fly(1, BUY, TICK, 8)
    assert run(exchange) is Reason.OK
    assert (exchange.phase(), exchange.series().bid) == (Phase.IDLE, TICK)


def test_take_post_only_that_crosses_is_cancelled(exchange: Exchange) -> None:
    exchange.rest(2, SELL, TICK, 5)
    exchange.fly(1, BUY, TICK, 8, flags=1 << 5)
    assert run(exchange) is Reason.POST_ONLY_CROSS
    assert exchange.phase() == Phase.IDLE


@pytest.mark.parametrize(
    "fields",
    [
        {"expiry_at": NOW // 1_000},
        {"flags": flags(SELL, reduce_only=True)},
    ],
)
def test_take_a_void_maker_unlinks_it(exchange: Exchange, fields: dict[str, int]) -> None:
    exchange.rest(2, SELL, TICK, 5, **fields)
    exchange.fly(1, BUY, TICK, 8)
    assert run(exchange) is Reason.MAKER_VOID
    assert (exchange.phase(), exchange.series().ask) == (Phase.TAKE, 0)
    assert (exchange.taker().makers, exchange.cash(2)) == (0, RICH)


@pytest.mark.parametrize(
    ("mode", "maker_stays", "phase"),
    [(0, True, Phase.IDLE), (1, False, Phase.TAKE), (2, False, Phase.IDLE)],
)
def test_take_an_order_of_ones_own_group_never_fills(
    exchange: Exchange, mode: int, maker_stays: bool, phase: int
) -> None:
    exchange.state[hot_key(2)] = exchange.hot(2)._replace(group=1)
    exchange.rest(2, SELL, TICK, 5)
    exchange.fly(1, BUY, TICK, 8, flags=flags(BUY, mode=mode))
    assert run(exchange) is Reason.SELF_TRADE
    assert (exchange.series().ask == TICK, exchange.phase()) == (maker_stays, phase)
    assert exchange.position(1).lots == 0


def test_take_without_margin_cancels_the_taker_and_leaves_the_maker(exchange: Exchange) -> None:
    exchange.open(4, 2 * USD)
    slot = exchange.rest(2, SELL, TICK, 50)
    exchange.fly(4, BUY, TICK, 50)
    before = dict(exchange.state)
    assert run(exchange) is Reason.INSUFFICIENT_MARGIN
    assert exchange.phase() == Phase.IDLE
    assert exchange.state[order_key(slot)] == before[order_key(slot)]
    assert exchange.cash(4) == 2 * USD
    done = events(exchange, TakerDone)[0]
    assert (done.remaining, done.reason) == (50, Reason.INSUFFICIENT_MARGIN)


def test_take_at_exactly_the_initial_margin_passes(exchange: Exchange) -> None:
    # IM of 50 lots = 50 * MARK / 20 * 1.02; the fee comes on top
    needed = 50 * (MARK // 20) * 102 // 100 + 50 * TAKER_FEE
    exchange.open(4, needed - 1)
    exchange.open(5, needed)
    exchange.rest(2, SELL, TICK, 100)
    exchange.fly(4, BUY, TICK, 50)
    assert run(exchange) is Reason.INSUFFICIENT_MARGIN
    exchange.fly(5, BUY, TICK, 50)
    assert run(exchange) is Reason.OK


def test_take_counts_collateral_only_where_cash_does_not_do(exchange: Exchange) -> None:
    exchange.open(4, 0, 10**18)
    exchange.rest(2, SELL, TICK, 50)
    exchange.fly(4, BUY, TICK, 50)
    assert run(exchange) is Reason.OK
    assert ASSETS_KEY in exchange.openings
    assert exchange.cash(4) == -50 * TAKER_FEE
    assert exchange.hot(4).interest_ms == NOW
    assert exchange.state[CREDIT_KEY] == Credit(0, 50 * TAKER_FEE, 10**12)


def test_take_a_maker_without_margin_forfeits_its_reserve(exchange: Exchange) -> None:
    exchange.open(4, 2 * USD)
    exchange.rest(4, SELL, TICK, 50)
    reserve = 50 * MARK // 100
    exchange.fly(1, BUY, TICK, 50)
    assert run(exchange) is Reason.MAKER_FAILED
    assert exchange.phase() == Phase.TAKE
    assert exchange.cash(4) == 2 * USD - reserve
    assert exchange.pools() == Pools(0, (reserve, 0, 0, 0, 0, 0, 0, 0))
    assert (exchange.hot(4).reserve, exchange.hot(4).open_orders) == (0, 0)
    assert exchange.hot(4).interest_ms == NOW
    assert (exchange.taker().makers, exchange.position(1).lots) == (0, 0)
    assert events(exchange, OrderRemoved)[0].reason is Reason.INSUFFICIENT_MARGIN


def test_take_a_maker_whose_fee_rose_above_its_cap_is_void(exchange: Exchange) -> None:
    exchange.set_terms(PERP, maker_fee_ppm=200)
    exchange.rest(2, SELL, TICK, 50, fee_cap_ppm=199)
    exchange.fly(1, BUY, TICK, 50)
    assert run(exchange) is Reason.MAKER_VOID
    assert exchange.cash(2) == RICH


def test_take_whose_fee_rose_above_its_cap_is_cancelled(exchange: Exchange) -> None:
    exchange.rest(2, SELL, TICK, 50)
    exchange.fly(1, BUY, TICK, 50, fee_cap_ppm=499)
    assert run(exchange) is Reason.FEE_ABOVE_CAP


def test_take_reduce_only_never_flips(exchange: Exchange) -> None:
    exchange.hold(1, -3, -3 * MARK)
    exchange.rest(2, SELL, TICK, 50)
    exchange.fly(1, BUY, TICK, 50, flags=flags(BUY, reduce_only=True), generation=1)
    assert run(exchange) is Reason.OK
    assert exchange.position(1).lots == 0
    assert exchange.taker().remaining == 47
    assert run(exchange) is Reason.NO_POSITION
    assert exchange.phase() == Phase.IDLE


def test_take_reduce_only_of_an_older_position_is_cancelled(exchange: Exchange) -> None:
    exchange.hold(1, -3, -3 * MARK)
    exchange.rest(2, SELL, TICK, 50)
    exchange.fly(1, BUY, TICK, 50, flags=flags(BUY, reduce_only=True), generation=0)
    assert run(exchange) is Reason.NO_POSITION


def test_take_a_reduce_only_maker_closes_at_most_its_position(exchange: Exchange) -> None:
    exchange.hold(2, 3, 3 * MARK)
    slot = exchange.rest(2, SELL, TICK, 50, flags=flags(SELL, reduce_only=True), generation=1)
    exchange.fly(1, BUY, TICK, 50)
    assert run(exchange) is Reason.OK
    assert (exchange.position(2).lots, exchange.position(1).lots) == (0, 3)
    order: Any = exchange.state[order_key(slot)]
    assert order.remaining == 47
    assert run(exchange) is Reason.MAKER_VOID


def test_take_beyond_the_open_interest_cap_is_cancelled(exchange: Exchange) -> None:
    exchange.set_terms(PERP, open_interest_cap=19)
    exchange.rest(2, SELL, TICK, 50)
    exchange.fly(1, BUY, TICK, 20)
    assert run(exchange) is Reason.OPEN_INTEREST_CAP
    assert exchange.series().ask == TICK
    exchange.fly(1, BUY, TICK, 19)
    assert run(exchange) is Reason.OK


def test_take_between_closing_sides_shrinks_open_interest_above_its_cap(
    exchange: Exchange,
) -> None:
    exchange.hold(1, -30, -30 * MARK)
    exchange.hold(2, 30, 30 * MARK)
    exchange.set_terms(PERP, open_interest_cap=1)
    exchange.rest(2, SELL, TICK, 10)
    exchange.fly(1, BUY, TICK, 10)
    assert run(exchange) is Reason.OK
    assert exchange.series().open_interest == 20


def test_take_that_flips_both_sides_counts_open_interest(exchange: Exchange) -> None:
    exchange.hold(1, -5, -5 * MARK)
    exchange.hold(2, 5, 5 * MARK)
    exchange.rest(2, SELL, TICK, 12)
    exchange.fly(1, BUY, TICK, 12)
    assert run(exchange) is Reason.OK
    assert exchange.series().open_interest == 7
    assert (exchange.position(1).lots, exchange.position(2).lots) == (7, -7)


@pytest.mark.parametrize(
    "restrict",
    [
        lambda world: world.set_prices(ETH, index_ms=NOW - 60_001),
        lambda world: world.set_prices(ETH, index_price=2_041 * USD),
        lambda world: world.set_series(PERP, status=2),
    ],
)
def test_take_when_restricted_only_reduces(exchange: Exchange, restrict: Any) -> None:
    exchange.hold(1, -5, -5 * MARK)
    exchange.hold(2, 5, 5 * MARK)
    restrict(exchange)
    exchange.rest(3, SELL, TICK, 5)
    exchange.fly(1, BUY, TICK, 6)
    assert run(exchange) is Reason.MAKER_VOID
    assert exchange.cash(3) == RICH
    exchange.rest(2, SELL, TICK, 5)
    exchange.fly(1, BUY, TICK, 6)
    assert run(exchange) is Reason.OK
    assert exchange.taker().remaining == 1
    exchange.rest(2, SELL, TICK, 5)
    assert run(exchange) is Reason.REDUCE_ONLY


def test_take_when_poor_may_give_the_margin_that_it_covers_only(exchange: Exchange) -> None:
    exchange.open(4, 100 * MARK // 80)
    exchange.hold(4, 100, 100 * MARK)
    # MM per lot is 2.5 % of the mark, and equity is half of MM: it may sell 1.25 % below the mark
    exchange.rest(3, BUY, TICK - TICK // 60, 10)
    exchange.fly(4, SELL, 1, 10)
    assert run(exchange) is Reason.INSUFFICIENT_MARGIN
    exchange.rest(2, BUY, TICK - TICK // 100, 10)
    exchange.fly(4, SELL, 1, 10)
    assert run(exchange) is Reason.OK


def test_take_when_insolvent_may_not_give_anything(exchange: Exchange) -> None:
    exchange.open(4, 0)
    exchange.hold(4, 100, 100 * MARK)
    exchange.rest(2, BUY, TICK, 10)
    exchange.fly(4, SELL, TICK, 10)
    assert run(exchange) is Reason.INSUFFICIENT_MARGIN
    exchange.rest(2, BUY, TICK + TICK // 100, 10)
    exchange.fly(4, SELL, TICK, 10)
    assert run(exchange) is Reason.OK


def test_take_beyond_the_lots_of_a_position_fails(exchange: Exchange) -> None:
    exchange.open(4, 10**15)
    exchange.open(5, 10**15)
    exchange.set_terms(PERP, open_interest_cap=2**31 - 1)
    exchange.hold(4, 2**23 - 2, 2**23 - 2)
    exchange.rest(5, SELL, TICK, 2)
    exchange.fly(4, BUY, TICK, 2)
    assert run(exchange) is Reason.POSITION_LIMIT
    exchange.fly(4, BUY, TICK, 1)
    assert run(exchange) is Reason.OK


def test_take_with_all_positions_in_use_fails(exchange: Exchange) -> None:
    exchange.set_series(PERP)
    for number in range(128):
        exchange.state[directory_key(4)] = exchange.state.get(directory_key(4))  # type: ignore[assignment]
        exchange.open(4, RICH) if number == 0 else None
        exchange.hold(4, 1, MARK, number=number)
    directory: Any = exchange.state[directory_key(4)]
    exchange.state[directory_key(4)] = directory._replace(series=tuple(range(100, 228)))
    exchange.rest(2, SELL, TICK, 2)
    exchange.fly(4, BUY, TICK, 2)
    assert run(exchange) is Reason.POSITION_LIMIT
    assert positions_key(4, 0) not in exchange.openings


def test_take_with_funding_due_settles_it_to_cash(exchange: Exchange) -> None:
    exchange.hold(1, 10, 10 * MARK)
    exchange.set_series(PERP, funding_index=1_000)
    exchange.rest(2, SELL, TICK, 1)
    exchange.fly(1, BUY, TICK, 1)
    run(exchange)
    assert exchange.cash(1) == RICH - 10 * 1_000 - TAKER_FEE
    assert exchange.position(1).funding_index == 1_000


def test_take_by_a_debtor_charges_interest_first(exchange: Exchange) -> None:
    exchange.open(4, -1_000 * USD, 10 * 10**18, interest_ms=NOW - 31_536_000)
    exchange.state[CREDIT_KEY] = Credit(0, 1_000 * USD, 10**12)
    exchange.rest(2, SELL, TICK, 1)
    exchange.fly(4, BUY, TICK, 1)
    assert run(exchange) is Reason.OK
    interest = 1_000 * USD // 10 // 1_000
    assert exchange.cash(4) == -1_000 * USD - interest - TAKER_FEE
    assert exchange.pools().insurance[0] == interest
    assert exchange.state[CREDIT_KEY] == Credit(0, -exchange.cash(4), 10**12)
    assert exchange.hot(4).interest_ms == NOW


def test_take_spot_exchanges_the_asset_for_cash(exchange: Exchange) -> None:
    exchange.open(4, 0, 10**18)
    exchange.rest(4, SELL, TICK, 50, series=SPOT)
    exchange.fly(1, BUY, TICK, 20, series=SPOT)
    assert run(exchange) is Reason.OK
    assert exchange.amounts(1) == (RICH - 20 * (MARK + TAKER_FEE), 20 * 10**16, 0, 0)
    assert exchange.amounts(4) == (20 * (MARK + REBATE), 80 * 10**16, 0, 0)
    assert exchange.series(SPOT).open_interest == 0
    assert exchange.hot(1).version == 1


def test_take_spot_without_the_asset_forfeits_the_reserve(exchange: Exchange) -> None:
    exchange.open(4, 10 * USD, 10**16 - 1)
    exchange.rest(4, SELL, TICK, 1, series=SPOT)
    exchange.fly(1, BUY, TICK, 1, series=SPOT)
    assert run(exchange) is Reason.MAKER_FAILED
    assert exchange.pools().insurance[0] == MARK // 100
    assert events(exchange, OrderRemoved)[0].reason is Reason.INSUFFICIENT_BALANCE


@pytest.mark.parametrize(
    ("ether", "borrow_cap", "reason"),
    [
        # buying one unit for 2,001 of borrowed cash; two units at 90 % count 3,600, half is 1,800
        (10**18, 10**12, Reason.BORROW_LIMIT),
        # three units count 5,400
        (2 * 10**18, 10**12, Reason.OK),
        (2 * 10**18, 2_000 * USD, Reason.BORROW_LIMIT),
    ],
)
def test_take_spot_on_credit_is_limited(
    exchange: Exchange, ether: int, borrow_cap: int, reason: Reason
) -> None:
    exchange.state[CREDIT_KEY] = Credit(0, 0, borrow_cap)
    exchange.open(4, 0, ether)
    exchange.open(5, 0, 10**18)
    exchange.rest(5, SELL, TICK, 100, series=SPOT)
    exchange.fly(4, BUY, TICK, 100, series=SPOT)
    assert run(exchange) is reason
    borrowed = 2_001 * USD if reason is Reason.OK else 0
    assert exchange.state[CREDIT_KEY] == Credit(0, borrowed, borrow_cap)
    assert exchange.cash(4) == -borrowed


def test_take_spot_when_restricted_is_refused_and_the_maker_stays(exchange: Exchange) -> None:
    exchange.open(4, 0, 10**18)
    exchange.rest(4, SELL, TICK, 1, series=SPOT)
    exchange.fly(1, BUY, TICK, 1, series=SPOT)
    exchange.set_prices(ETH, priced_ms=NOW - 60_001)
    assert run(exchange) is Reason.REDUCE_ONLY
    assert exchange.series(SPOT).ask == TICK


def test_take_protected_maker_beyond_its_limit_is_swept_first(exchange: Exchange) -> None:
    exchange.state[hot_key(2)] = exchange.hot(2)._replace(protected=1 << ETH)
    row = ProtectionRow(10, 1_000, 0, 0)
    exchange.state[cold_key(2)] = NO_COLD._replace(protections=(row, *NO_COLD.protections[1:]))
    exchange.rest(2, SELL, TICK, 10)
    exchange.rest(2, SELL, TICK + 1, 5)
    exchange.rest(3, SELL, TICK + 2, 5)
    exchange.fly(1, BUY, TICK + 2, 13)
    assert run(exchange) is Reason.OK
    cold: Any = exchange.state[cold_key(2)]
    assert cold.protections[ETH] == ProtectionRow(10, 1_000, NOW, 10)
    assert exchange.phase() == Phase.TAKE
    assert run(exchange) is Reason.OK
    assert exchange.phase() == Phase.SWEEP
    assert exchange.state[SWEEP_KEY] == SweepTask(2, 1, ETH, 0, Reason.PROTECTED, Phase.IDLE)
    cold = exchange.state[cold_key(2)]
    assert cold.protections[ETH] == ProtectionRow(10, 1_000, 0, 0)


def test_take_protected_maker_counts_within_its_window(exchange: Exchange) -> None:
    exchange.state[hot_key(2)] = exchange.hot(2)._replace(protected=1 << ETH)
    row = ProtectionRow(10, 1_000, NOW - 1_000, 9)
    exchange.state[cold_key(2)] = NO_COLD._replace(protections=(row, *NO_COLD.protections[1:]))
    exchange.rest(2, SELL, TICK, 10)
    exchange.fly(1, BUY, TICK, 2)
    run(exchange)
    cold: Any = exchange.state[cold_key(2)]
    assert cold.protections[ETH] == ProtectionRow(10, 1_000, NOW, 2)
    assert exchange.phase() == Phase.IDLE


@pytest.mark.parametrize(("discount", "full"), [(0, True), (TICK // 50, False)])
def test_take_by_the_protocol_pays_at_most_what_margin_leaves(
    exchange: Exchange, discount: int, full: bool
) -> None:
    exchange.open(4, 100 * MARK // 40)
    exchange.hold(4, 100, 100 * MARK)
    exchange.rest(2, BUY, TICK - discount, 10)
    flag = flags(SELL, reduce_only=True)
    exchange.fly(4, SELL, 1, 10, flags=flag, generation=1, origin=PROTOCOL, fee_cap_ppm=10_000)
    before = exchange.cash(4)
    assert run(exchange) is Reason.OK
    price = (TICK - discount) * UNIT
    eased = 10 * (TERMS.maintenance_ppm * MARK // 10**6 - (MARK - price))
    fee = 10 * price // 100 if full else eased
    assert exchange.pools().insurance[ETH] == fee
    assert exchange.cash(4) == before - 10 * (MARK - price) - fee
    assert (exchange.pools().fees, exchange.cash(2)) == (0, RICH)
