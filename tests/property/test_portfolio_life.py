"""Accounts under portfolio margin from their first trade to the settlement of all they hold.

The referee counts rows and risk leaves anew after every step; here a refresh is run beside them.
"""

from typing import Final

import pytest

from rollup_node.core.frame import Frame
from rollup_node.core.inputs import SetMode
from rollup_node.core.kinds import Phase
from rollup_node.core.layout import (
    PRICES_KEY,
    REFRESH_KEY,
    account_risk_key,
    hot_key,
)
from rollup_node.core.reason import Reason
from rollup_node.core.refresh import begin_refresh, refresh
from rollup_node.core.risk import is_current
from tests.property.arena import ETH, FUTURE, OPTIONS, PERP, USD, Arena
from tests.property.ledger import PORTFOLIO, Ledger
from tests.property.test_option_life import ACCOUNTS, Life

HEDGERS: Final = tuple(ACCOUNTS)[:4]
"""They are under portfolio margin, the others under standard margin."""


class Hedged(Life):
    """The options of one date, future and perpetual beside them, traded in both models."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.refreshed = 0
        for account in HEDGERS:
            assert self.arena.send(SetMode(account, 0, PORTFOLIO, self.arena.nonce())) is Reason.OK

    def check_refresh(self) -> None:
        """Check that a refresh would find what fills have made of rows and leaves."""
        arena = self.arena
        for account in HEDGERS:
            hot = arena.leaf(hot_key(account))
            if not hot.rows[ETH].positions or not is_current(hot, arena.leaf(PRICES_KEY)):
                continue
            frame = Frame(dict(arena.state), arena.now(), 0, Phase.IDLE, 0)
            begin_refresh(frame, account, Phase.IDLE)
            while frame.phase == Phase.REFRESH:
                refresh(frame)
            assert frame.get(hot_key(account)).rows == hot.rows
            key = account_risk_key(account, ETH)
            assert frame.get(key) == arena.leaf(key)
            assert frame.get(REFRESH_KEY).account == account
            self.refreshed += 1


@pytest.mark.parametrize("seed", range(6))
def test_fills_make_of_a_risk_leaf_what_a_refresh_makes_until_all_is_settled(seed: int) -> None:
    life = Hedged(seed)
    for number in range(50):
        life.trade()
        life.check_refresh()
        if number % 5 == 4:
            life.move()
    assert life.refreshed
    look = [life.arena.leaf(hot_key(account)).rows[ETH].positions for account in HEDGERS]
    assert any(count > 1 for count in look)
    life.expire()
    life.settle()
    assert all(life.arena.series(series).open_interest == 0 for series in OPTIONS)
    life.renew()


def test_same_fills_in_another_order_leave_the_same_risk() -> None:
    fills = [(OPTIONS[0], 300), (OPTIONS[1], -40), (PERP, -120), (FUTURE, 70), (OPTIONS[0], -500)]
    results = []
    for order in (fills, fills[::-1]):
        arena = trade_world()
        for series, lots in order:
            fill(arena, series, lots)
        results.append((arena.leaf(account_risk_key(1, ETH)), arena.leaf(hot_key(1)).rows))
    assert results[0] == results[1]


def test_fills_that_net_to_zero_leave_no_requirement_and_no_risk() -> None:
    arena = trade_world()
    held = [(OPTIONS[0], -300), (PERP, 120), (OPTIONS[3], 55)]
    for series, lots in held:
        fill(arena, series, lots)
    assert arena.leaf(hot_key(1)).rows[ETH].initial > 0
    for series, lots in held:
        fill(arena, series, -lots)
    risk = arena.leaf(account_risk_key(1, ETH))
    assert not any((*risk.gains, *risk.deltas, risk.charge))
    assert arena.leaf(hot_key(1)).rows[ETH][1:] == (0, 0, 0, 0)


def trade_world() -> Arena:
    """Return a market with two rich accounts, the first of them under portfolio margin."""
    arena = Arena()
    for account in (1, 2):
        assert arena.deposit(account, 0, 10**7 * USD) is Reason.OK
    arena.seal()
    assert arena.send(SetMode(1, 0, PORTFOLIO, arena.nonce())) is Reason.OK
    return arena


def fill(arena: Arena, series: int, lots: int) -> None:
    """Let account 1 buy lots (or sell them, negative) from account 2 at the mark."""
    side, tick, before = int(lots < 0), arena.tick(series), held_by(arena, series)
    terms = {"series": series}
    resting = arena.order(2, 1 - side, tick, abs(lots), **terms)
    assert arena.send(resting) is Reason.OK
    arena.send(arena.order(1, side, tick, abs(lots), time_in_force=2, **terms))
    assert held_by(arena, series) == before + lots
    arena.seal()


def held_by(arena: Arena, series: int) -> int:
    """Return the lots of account 1."""
    return Ledger(arena.state, arena.now()).lots(1, series)
