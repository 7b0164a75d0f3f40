"""When a vault may roll: every option of its date is listed and priced, and the index is fresh."""

from typing import Any, Final

import pytest

from rollup_node.core.kinds import SeriesStatus
from rollup_node.core.layout import PRICES_KEY, LeafKey, board_key, expiry_key, series_key
from rollup_node.core.leaves import Leaf
from rollup_node.core.market_leaves import Expiry, PriceRow, Prices
from rollup_node.core.option_leaves import NO_BOARD, NO_STRIKE, StrikeRow
from rollup_node.devnet.profiles import profile
from rollup_node.devnet.vaults import CASH_SECURED_PUT, COVERED_CALL, VaultPlan, vault_terms
from rollup_node.node.vaults import FRESH_MS, STEADY_MS, can_sell, settle_keys, share_price
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.multiproof import sort_keys
from tests.unit.core.exchange import STATE

SLOT: Final = 4
EXPIRY_AT: Final = 1_795_766_400
NOW_MS: Final = (EXPIRY_AT - 500_000) * 1_000
CALLS: Final = (2_048, 2_050)
PUTS: Final = tuple(call + 1 for call in CALLS)


def leaves() -> dict[LeafKey, Leaf]:
    """Return a board of two strikes, priced and known for a while."""
    index = PriceRow(1, NOW_MS, 3_000_000_000, 3_000_000_000, NOW_MS, 0)
    rows = tuple(StrikeRow(call, 3_000_000_000 + call) for call in CALLS)
    strikes = (*rows, *(NO_STRIKE,) * (32 - len(rows)))
    priced = STATE._replace(status=SeriesStatus.TRADING, mark=500_000, funded_ms=NOW_MS - STEADY_MS)
    return {
        PRICES_KEY: Prices((index,) * 8, 0),
        expiry_key(0, SLOT): Expiry(EXPIRY_AT, 0, 0, 0, 0, 0),
        board_key(0, SLOT): NO_BOARD._replace(strikes=strikes),
        **{series_key(series): priced for series in (*CALLS, *PUTS)},
    }


def sells(found: dict[LeafKey, Leaf], plan: VaultPlan = COVERED_CALL, **changes: Any) -> bool:
    terms = vault_terms(plan, profile("vaults"), {"bridge": b"", plan.coin: b""})
    state = ChainState({})
    state.commit(found)
    times = changes.get("times", (NOW_MS, NOW_MS))
    return can_sell(state, terms, changes.get("expiry_at", EXPIRY_AT), times)


@pytest.mark.parametrize("plan", [COVERED_CALL, CASH_SECURED_PUT])
def test_can_sell_with_a_board_that_is_listed_and_priced(plan: VaultPlan) -> None:
    assert sells(leaves(), plan)


@pytest.mark.parametrize(
    ("plan", "series"), [(COVERED_CALL, CALLS[1]), (CASH_SECURED_PUT, PUTS[0])]
)
@pytest.mark.parametrize(
    "change",
    [
        {"mark": 0},
        {"status": SeriesStatus.REDUCE_ONLY},
        {"funded_ms": NOW_MS - STEADY_MS + 1},
    ],
)
def test_can_sell_not_while_one_option_is_new_or_unpriced(
    plan: VaultPlan, series: int, change: dict[str, int]
) -> None:
    found = leaves()
    other = CASH_SECURED_PUT if plan is COVERED_CALL else COVERED_CALL
    found[series_key(series)] = found[series_key(series)]._replace(**change)  # type: ignore[arg-type]
    assert not sells(found, plan)
    assert sells(found, other)


def test_can_sell_not_without_prices_or_board_or_date() -> None:
    for missing in (PRICES_KEY, board_key(0, SLOT), expiry_key(0, SLOT)):
        found = leaves()
        del found[missing]
        assert not sells(found)
    assert not sells(leaves(), expiry_at=EXPIRY_AT + 604_800)


def test_can_sell_not_on_prices_that_are_old_by_either_clock() -> None:
    old = NOW_MS + FRESH_MS + 1
    assert sells(leaves(), times=(NOW_MS, NOW_MS + FRESH_MS))
    assert not sells(leaves(), times=(NOW_MS, old))
    assert not sells(leaves(), times=(old, NOW_MS))


@pytest.mark.parametrize(("plan", "count"), [(COVERED_CALL, 7), (CASH_SECURED_PUT, 5)])
def test_settle_keys_are_as_many_as_the_contract_opens(plan: VaultPlan, count: int) -> None:
    terms = vault_terms(plan, profile("vaults"), {"bridge": b"", plan.coin: b""})
    assert len(sort_keys(settle_keys(terms, 9))) == count


def test_share_price_at_par_is_ten_to_the_eighteenth() -> None:
    assert share_price(0, 0) == 10**18
    assert share_price(5 * 10**18, 5 * 10**24) == 10**18
    assert share_price(4 * 10**18, 5 * 10**24) == 8 * 10**17
