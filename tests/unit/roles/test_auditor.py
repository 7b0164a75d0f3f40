"""The auditor finds each kind of wrong sum in a state, and nothing in a right one."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from rollup_node.core.inputs import SetMode
from rollup_node.core.invariant import InvariantViolation
from rollup_node.core.layout import (
    CREDIT_KEY,
    POOLS_KEY,
    TOTALS_KEY,
    LeafKey,
    account_risk_key,
    balances_key,
    hot_key,
    order_key,
    positions_key,
    series_key,
)
from rollup_node.core.leaves import Balances, Totals
from rollup_node.core.market_leaves import NO_CREDIT, NO_POOLS
from rollup_node.core.reason import Reason
from rollup_node.roles.auditor import Auditor
from tests.property.arena import BUY, ETH, FUTURE, PERP, SELL, Arena

USD: Final = 1_000_000
LOTS: Final = 10


def trade() -> Arena:
    """Return a market where 1 has bought from 2, and 2 has an order left."""
    arena = Arena()
    for account in (1, 2):
        arena.deposit(account, 0, 10_000 * USD)
        arena.deposit(account, 1, 10**18)
    arena.seal()
    tick = arena.tick()
    assert arena.send(arena.order(2, SELL, tick + 1, 2 * LOTS, slot=1)) is Reason.OK
    assert arena.send(arena.order(1, BUY, tick + 1, LOTS, slot=1)) is Reason.OK
    return arena


def hedge() -> Arena:
    """Return a market where 1, under portfolio margin, holds a perpetual against a future."""
    arena = Arena()
    for account in (1, 2):
        arena.deposit(account, 0, 10_000 * USD)
    arena.seal()
    assert arena.send(SetMode(1, 0, 1, arena.nonce())) is Reason.OK
    for series, side in ((PERP, BUY), (FUTURE, SELL)):
        arena.seal()
        tick = arena.tick(series)
        sides = ((2, 1 - side), (1, side))
        for account, which in sides:
            order = arena.order(account, which, tick, LOTS, series=series)
            assert arena.send(order) is Reason.OK
    return arena


def grow(amounts: tuple[int, ...], asset: int, by: int) -> Any:
    """Return amounts with more of one asset."""
    return (*amounts[:asset], amounts[asset] + by, *amounts[asset + 1 :])


def test_audit_of_a_market_that_traded_finds_nothing_and_counts() -> None:
    arena, auditor = trade(), Auditor()
    auditor.audit(arena.state, arena.state)
    auditor.audit(arena.state, ())
    assert auditor.blocks == 2
    assert arena.series().open_interest == LOTS


WRONGS: Final[dict[str, tuple[LeafKey, Callable[[Any], Any], str]]] = {
    "custody": (TOTALS_KEY, lambda leaf: Totals(grow(leaf.amounts, 0, 1)), "X-2: USDC"),
    "ether": (TOTALS_KEY, lambda leaf: Totals(grow(leaf.amounts, 1, -1)), "X-2: asset 1"),
    "cash": (balances_key(1), lambda leaf: Balances(grow(leaf.amounts, 0, 1)), "X-2: USDC"),
    "fees": (POOLS_KEY, lambda leaf: (leaf or NO_POOLS)._replace(fees=0), "X-2: USDC"),
    "debt": (CREDIT_KEY, lambda leaf: (leaf or NO_CREDIT)._replace(borrowed=1), "X-7: borrowed"),
    "interest": (series_key(PERP), lambda leaf: leaf._replace(open_interest=1), "X-1: open"),
    "crossed": (series_key(PERP), lambda leaf: leaf._replace(bid=leaf.ask), "BK-1"),
    "orders": (series_key(PERP), lambda leaf: leaf._replace(orders=2), "BK-7"),
    "reserve": (hot_key(2), lambda leaf: leaf._replace(reserve=leaf.reserve + 1), "BK-6: reserve"),
    "slots": (hot_key(2), lambda leaf: leaf._replace(open_orders=2), "BK-6: orders"),
    "order": (order_key(1), lambda leaf: leaf._replace(reserve=0), "BK-6: reserve"),
    "rows": (hot_key(1), lambda leaf: leaf._replace(rows=leaf.rows[:1] * 8), "X-3"),
    "margin": (
        hot_key(1),
        lambda leaf: leaf._replace(rows=(leaf.rows[0]._replace(initial=0), *leaf.rows[1:])),
        "X-4",
    ),
    "lots": (
        positions_key(1, 0),
        lambda leaf: leaf._replace(
            rows=(leaf.rows[0]._replace(lots=LOTS + 1), *leaf.rows[1:]),
        ),
        "X-1: positions",
    ),
}


@pytest.mark.parametrize(("key", "change", "message"), WRONGS.values(), ids=WRONGS)
def test_audit_of_a_state_that_is_wrong_in_one_place_names_the_invariant(
    key: LeafKey, change: Callable[[Any], Any], message: str
) -> None:
    arena, auditor = trade(), Auditor()
    auditor.audit(arena.state, arena.state)
    arena.state[key] = change(arena.state.get(key))
    with pytest.raises(InvariantViolation, match=f"^{message}"):
        auditor.audit(arena.state, [key])


def test_audit_of_a_hedge_finds_nothing() -> None:
    arena, auditor = hedge(), Auditor()
    auditor.audit(arena.state, arena.state)
    assert arena.leaf(hot_key(1)).rows[ETH].positions == 2


def _with_row(hot: Any, **fields: int) -> Any:
    return hot._replace(rows=(hot.rows[ETH]._replace(**fields), *hot.rows[1:]))


HEDGE_WRONGS: Final[dict[str, tuple[LeafKey, Callable[[Any], Any], str]]] = {
    "gain": (
        account_risk_key(1, ETH),
        lambda leaf: leaf._replace(gains=(leaf.gains[0] + 1, *leaf.gains[1:])),
        "X-24: account 1, underlying 0",
    ),
    "delta": (
        account_risk_key(1, ETH),
        lambda leaf: leaf._replace(deltas=(*leaf.deltas[:7], 1)),
        "X-24: account 1, underlying 0",
    ),
    "charge": (account_risk_key(1, ETH), lambda leaf: leaf._replace(charge=1), "X-24: account 1"),
    "margin": (hot_key(1), lambda leaf: _with_row(leaf, maintenance=1), "X-3: account 1, under"),
    "value": (hot_key(1), lambda leaf: _with_row(leaf, value=1), "X-3: account 1, underlying 0"),
    "fund": (hot_key(1), lambda leaf: leaf._replace(flags=16), "X-24: account 1 of the fund"),
}


@pytest.mark.parametrize(("key", "change", "message"), HEDGE_WRONGS.values(), ids=HEDGE_WRONGS)
def test_audit_of_a_portfolio_that_is_wrong_in_one_place_names_the_invariant(
    key: LeafKey, change: Callable[[Any], Any], message: str
) -> None:
    arena, auditor = hedge(), Auditor()
    auditor.audit(arena.state, arena.state)
    arena.state[key] = change(arena.state.get(key))
    with pytest.raises(InvariantViolation, match=f"^{message}"):
        auditor.audit(arena.state, [key])


def test_audit_of_an_asset_below_zero_names_the_account() -> None:
    arena, auditor = trade(), Auditor()
    for account, by in ((1, -2 * 10**18), (2, 2 * 10**18)):
        leaf: Any = arena.state[balances_key(account)]
        arena.state[balances_key(account)] = Balances(grow(leaf.amounts, 1, by))
    with pytest.raises(InvariantViolation, match=r"^X-2: account 1 lacks an asset"):
        auditor.audit(arena.state, arena.state)
