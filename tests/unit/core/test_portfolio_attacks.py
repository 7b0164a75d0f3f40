"""Attacks on portfolio margin, played through the step function. Named in docs/security.md."""

from typing import Final

import pytest

from rollup_node.core.account_leaves import AccountRisk, Hot
from rollup_node.core.inputs import (
    Liquidate,
    MovePosition,
    OpenAccount,
    SetMode,
    Settle,
    Takeover,
    Transfer,
)
from rollup_node.core.kinds import Phase, StepKind
from rollup_node.core.layout import (
    BRIDGE_ACCOUNT_LIMIT,
    account_risk_key,
    hot_key,
    series_key,
)
from rollup_node.core.reason import Reason
from rollup_node.core.step import apply_record, run_task
from tests.property.arena import (
    BUY,
    ETH,
    FUTURE,
    IOC,
    OPTIONS,
    OPTIONS_AT,
    PERP,
    PUBLISHERS,
    SELL,
    USD,
)
from tests.unit.core.pit import RICH, Pit

CALL: Final = OPTIONS[0]
HIGH: Final = OPTIONS[2]
HOURS_MS: Final = 7_200_000


def open_pit(*portfolios: int, **cash: int) -> Pit:
    """Open a pit whose accounts `portfolios` are under portfolio margin."""
    pit = Pit(**cash)
    for account in portfolios:
        assert pit.send(SetMode(account, 0, 1, pit.nonce())) is Reason.OK
    pit.move(ETH, pit.row(ETH).index_price + USD)
    return pit


def check(pit: Pit) -> None:
    """Check all books of now, risk leaves too."""
    assert pit.cursor().phase == Phase.IDLE
    pit.look().check()


def risk_of(pit: Pit, account: int) -> AccountRisk:
    """Return the risk leaf of an account in ether."""
    leaf: AccountRisk = pit.leaf(account_risk_key(account, ETH))
    return leaf


def requires(pit: Pit, account: int) -> tuple[int, int]:
    """Return what the row in ether requires."""
    hot: Hot = pit.leaf(hot_key(account))
    return hot.rows[ETH].initial, hot.rows[ETH].maintenance


# The trader


def test_hedge_requires_less_than_its_legs_and_what_is_left_of_it_must_be_covered() -> None:
    pit = open_pit(1, a1=2_000 * USD, a2=RICH)
    pit.trade(1, 2, 200)
    naked = requires(pit, 1)[0]
    pit.trade(2, 1, 200, FUTURE)
    assert requires(pit, 1)[0] < naked // 5
    for _ in range(3):
        pit.trade(1, 2, 200)
        pit.trade(2, 1, 200, FUTURE)
    # eight times the legs it could carry alone: closing one of them leaves what it cannot
    tick = pit.tick(FUTURE)
    assert pit.send(pit.order(2, SELL, tick, 800, series=FUTURE)) is Reason.OK
    assert pit.send(pit.order(1, BUY, tick, 800, series=FUTURE, time_in_force=IOC)) is Reason.OK
    assert pit.steps[-1].reason is Reason.INSUFFICIENT_MARGIN
    assert pit.look().lots(1, FUTURE) == -800
    check(pit)


def test_mode_is_not_left_while_there_is_a_position_be_its_row_stale_or_not() -> None:
    pit = open_pit(1, a1=RICH, a2=RICH)
    pit.trade(1, 2, 5)
    assert pit.send(SetMode(1, 0, 0, pit.nonce())) is Reason.HAS_POSITIONS
    pit.move(ETH, 3_020 * USD)
    assert pit.look().hot(1).rows[ETH].epoch < pit.row(ETH).epoch
    assert pit.send(SetMode(1, 0, 0, pit.nonce())) is Reason.HAS_POSITIONS
    assert pit.send(SetMode(1, 0, 2, pit.nonce())) is Reason.BAD_MODE
    assert pit.force(SetMode(1, 0, 0, 0), pit.owner(1)) is Reason.HAS_POSITIONS
    assert pit.look().hot(1).mode == 1


def test_mode_does_not_change_under_a_liquidation() -> None:
    pit = open_pit(1, a1=100 * USD, a2=RICH)
    pit.trade(1, 2, 15)
    pit.move(ETH, 2_600 * USD)
    assert pit.open_record(Liquidate(1, PERP)) is Reason.OK
    pit.seal()
    assert pit.send(SetMode(1, 0, 0, pit.nonce())) is Reason.LIQUIDATING


def test_old_risk_leaf_never_counts_in_a_row_that_begins_anew() -> None:
    pit = open_pit(1, a1=RICH, a2=RICH)
    pit.trade(1, 2, 500)
    pit.move(ETH, 3_030 * USD)
    pit.trade(2, 1, 500)
    old = risk_of(pit, 1)
    assert old == AccountRisk((0,) * 32, (0,) * 8, 0), "exact sums leave nothing"
    pit.trade(1, 2, 700)
    pit.state[series_key(FUTURE)] = pit.series(FUTURE)._replace(status=3)
    pit.trade(2, 1, 700)
    for mode in (0, 1):
        assert pit.send(SetMode(1, 0, mode, pit.nonce())) is Reason.OK
        stale = AccountRisk((-(10**15),) * 32, (10**15,) * 8, 10**15)
        pit.state[account_risk_key(1, ETH)] = stale
        pit.trade(1, 2, 5)
        assert (risk_of(pit, 1) == stale) is (mode == 0)
        check(pit)
        pit.trade(2, 1, 5)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_many_small_fills_leave_what_one_large_fill_leaves(side: int) -> None:
    pit = open_pit(1, 3, a1=RICH, a2=RICH, a3=RICH)
    for series in (PERP, CALL, CALL + 1):
        for account, parts in ((1, [3] * 25 + [25]), (3, [100])):
            for lots in parts:
                sides = (account, 2) if side == BUY else (2, account)
                pit.trade(*sides, lots, series)
    assert risk_of(pit, 1) == risk_of(pit, 3)
    assert requires(pit, 1) == requires(pit, 3)
    pit.move(ETH, 3_010 * USD)
    for account in (1, 3):
        pit.trade(account, 2, 3)
        pit.trade(2, account, 3)
    assert risk_of(pit, 1) == risk_of(pit, 3)
    check(pit)


def test_rounding_never_lets_a_short_and_a_long_of_one_series_gain() -> None:
    pit = open_pit(1, 3, a1=RICH, a3=RICH)
    pit.trade(1, 3, 77, CALL)
    sums = [a + b for a, b in zip(risk_of(pit, 1).gains, risk_of(pit, 3).gains, strict=True)]
    assert set(sums) == {-77}


def test_option_whose_price_is_being_made_hedges_nothing() -> None:
    pit = open_pit(1, a1=40_000 * USD, a2=RICH)
    pit.trade(1, 2, 1_000, CALL)
    pit.trade(2, 1, 1_000)
    hedged = requires(pit, 1)[0]
    pit.seal(OPTIONS_AT * 1_000 - pit.now())
    assert pit.report(ETH, 3_001 * USD) is Reason.OK
    pit.seal(30_000)
    assert pit.series(CALL).status == 3
    assert pit.report(ETH, 3_001 * USD) is Reason.OK
    pit.seal()
    tick = pit.tick()
    assert pit.send(pit.order(2, BUY, tick, 10)) is Reason.OK
    pit.send(pit.order(1, SELL, tick, 10, time_in_force=IOC))
    check(pit)
    naked = 1_000 * pit.series().mark * 16 // 100
    assert requires(pit, 1)[0] >= naked > 2 * hedged


def test_settlement_inside_a_stale_row_leaves_the_rest_exact() -> None:
    pit = open_pit(1, a1=RICH, a2=RICH)
    for series in (CALL, CALL + 1, HIGH):
        pit.trade(1, 2, 50, series)
    pit.trade(2, 1, 20)
    pit.seal((OPTIONS_AT + 1_800) * 1_000 - pit.now())
    assert pit.report(ETH, 3_050 * USD) is Reason.OK
    pit.seal(30_000)
    assert pit.report(ETH, 3_050 * USD) is Reason.OK
    for series in (CALL, CALL + 1):
        pit.seal()
        assert pit.open_record(Settle(1, series)) is Reason.OK
        check(pit)
    pit.seal()
    pit.trade(1, 2, 5)
    check(pit)
    for account, series in ((1, HIGH), (2, CALL), (2, CALL + 1), (2, HIGH)):
        pit.seal()
        assert pit.open_record(Settle(account, series)) is Reason.OK
        check(pit)
    assert pit.look().hot(1).rows[ETH].positions == 1
    pit.seal()
    pit.trade(1, 2, 15)
    assert pit.look().hot(1).rows[ETH].positions == 0
    assert pit.send(SetMode(1, 0, 0, pit.nonce())) is Reason.OK


@pytest.mark.parametrize("modes", [(1, 1), (1, 0), (0, 1)])
def test_position_that_moves_counts_in_the_model_of_each_account(modes: tuple[int, int]) -> None:
    pit = open_pit(a1=RICH, a2=RICH, a5=RICH)
    for account, mode in zip((1, 5), modes, strict=True):
        assert pit.send(SetMode(account, 0, mode, pit.nonce())) is Reason.OK
    pit.trade(1, 2, 90, CALL)
    pit.trade(2, 1, 40, HIGH)
    for series, lots in ((CALL, 30), (HIGH, -40), (CALL, 60)):
        pit.seal()
        assert pit.send(MovePosition(1, 5, series, lots, pit.nonce())) is Reason.OK
        check(pit)
    assert pit.look().hot(1).rows[ETH].positions == 0
    assert pit.look().hot(5).rows[ETH].positions == 2


def test_leg_of_a_hedge_does_not_move_away_from_what_it_carries() -> None:
    pit = open_pit(1, a1=2_000 * USD, a2=RICH, a5=RICH)
    for _ in range(4):
        pit.trade(1, 2, 200)
        pit.trade(2, 1, 200, FUTURE)
    pit.seal()
    moved = MovePosition(1, 5, FUTURE, -800, pit.nonce())
    assert pit.send(moved) is Reason.INSUFFICIENT_MARGIN
    check(pit)


def test_isolated_child_may_choose_the_model_but_trades_its_series_only() -> None:
    pit = open_pit(a1=RICH, a2=RICH)
    assert pit.send(OpenAccount(1, PERP, pit.nonce())) is Reason.OK
    child = BRIDGE_ACCOUNT_LIMIT
    assert pit.send(Transfer(1, child, 0, 10**9, pit.nonce())) is Reason.OK
    assert pit.send(SetMode(child, 0, 1, pit.nonce())) is Reason.OK
    pit.trade(child, 2, 5)
    pit.seal()
    order = pit.order(child, SELL, pit.tick(FUTURE), 5, series=FUTURE)
    assert pit.send(order) is Reason.KEY_MARKET
    check(pit)


# Distress


def in_distress() -> Pit:
    """Let account 1 hold a hedge and a little more, which loses what should maintain both."""
    pit = open_pit(1, a1=2_000 * USD, a2=RICH, a3=RICH)
    for _ in range(3):
        pit.trade(1, 2, 200)
        pit.trade(2, 1, 200, FUTURE)
    pit.trade(1, 2, 60)
    assert pit.send(Transfer(1, 3, 0, 1_530 * USD, pit.nonce())) is Reason.OK
    pit.move(ETH, 2_880 * USD)
    pit.move(ETH, 2_760 * USD)
    pit.move(ETH, 2_640 * USD)
    return pit


def test_liquidation_sells_a_hedge_whole_and_reduces_no_leg_of_it() -> None:
    pit = in_distress()
    before = {series: pit.look().lots(1, series) for series in (PERP, FUTURE)}
    pit.seal()
    tick = pit.tick()
    assert pit.send(pit.order(3, BUY, tick, 500)) is Reason.OK
    pit.seal()
    for series in (PERP, FUTURE, 9):
        assert pit.open_record(Liquidate(1, series)) is Reason.OK
    hot = pit.look().hot(1)
    assert hot.flags & 2
    assert hot.flags & 32, "for sale at once"
    assert {series: pit.look().lots(1, series) for series in before} == before
    check(pit)


def test_takeover_makes_an_account_standard_and_stale_so_that_legs_may_go() -> None:
    pit = in_distress()
    pit.seal()
    assert pit.open_record(Liquidate(1, PERP)) is Reason.OK
    pit.seal(HOURS_MS)
    for _ in range(2):
        assert pit.report(ETH, 2_640 * USD) is Reason.OK
        pit.seal(61_000)
    assert pit.report(ETH, 2_640 * USD) is Reason.OK
    pit.seal(1_000)
    while pit.open_record(Takeover(1)) is Reason.STALE_ACCOUNT:
        pit.seal()
    hot = pit.look().hot(1)
    assert (hot.mode, hot.flags & 16) == (0, 16)
    assert {row.epoch for row in hot.rows if row.positions} == {0}
    pit.seal()
    assert pit.send(pit.order(3, BUY, pit.tick(), 500)) is Reason.OK
    pit.seal()
    assert pit.open_record(Liquidate(1, PERP)) is Reason.OK
    assert 0 < pit.look().lots(1, PERP) < 660
    assert pit.look().hot(1).rows[ETH].epoch == pit.row(ETH).epoch
    check(pit)


# The sequencer


def test_nothing_comes_between_the_steps_of_a_refresh_whose_sums_lie_in_the_leaf() -> None:
    pit = open_pit(1, a1=RICH, a2=RICH)
    pit.trade(1, 2, 5)
    pit.move(ETH, 3_015 * USD)
    order = pit.order(1, BUY, pit.tick(), 5)
    outcome = apply_record(pit.state, order, pit.owner(1), 1)
    pit.state.update(outcome.writes)
    assert pit.cursor().phase == Phase.REFRESH
    stale = pit.look().hot(1).rows[ETH]
    step = run_task(pit.state)
    assert step.kind is StepKind.REFRESH
    pit.state.update(step.writes)
    assert pit.look().hot(1).rows[ETH].epoch == stale.epoch + 1
    assert pit.cursor().phase != Phase.REFRESH
    while pit.cursor().phase != Phase.IDLE:
        pit.state.update(run_task(pit.state).writes)
    check(pit)


def test_fill_after_a_reprice_is_weighed_by_the_risk_of_now_or_not_at_all() -> None:
    pit = open_pit(1, a1=RICH, a2=RICH)
    pit.trade(1, 2, 50, CALL)
    before = risk_of(pit, 1)
    pit.move(ETH, 3_100 * USD)
    pit.trade(1, 2, 1, CALL)
    assert [step.kind for step in pit.steps].count(StepKind.REFRESH) >= 2
    after = risk_of(pit, 1)
    assert after.gains[0] * 50 != before.gains[0] * 51
    check(pit)


def test_settlement_price_of_publishers_changes_nothing_before_its_series_is_settled() -> None:
    pit = open_pit(1, a1=RICH, a2=RICH)
    pit.trade(1, 2, 10, CALL)
    leaf = risk_of(pit, 1)
    assert len(PUBLISHERS) == 5
    assert pit.open_record(Settle(1, CALL)) is Reason.NOT_EXPIRED
    assert risk_of(pit, 1) == leaf
