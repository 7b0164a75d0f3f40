"""When a vault's sale is worth sending again: what the law would say of it now."""

from typing import Final

import pytest

from rollup_node.core.flags import LIQUIDATING_FLAG
from rollup_node.core.inputs import Transfer
from rollup_node.core.layout import PRICES_KEY, hot_key
from rollup_node.core.market_leaves import Prices
from rollup_node.core.reason import Reason
from rollup_node.devnet.profiles import profile
from rollup_node.devnet.vaults import COVERED_CALL, vault_terms
from rollup_node.node.vault_sales import can_sell_again, read_sale
from rollup_node.node.vaults import FRESH_MS, STEADY_MS
from rollup_node.proof.chain_state import ChainState
from rollup_node.roles.vault_keeper import VaultEpoch
from tests.property.arena import ETH, OPTIONS_AT, owner_of
from tests.unit.core.pit import Pit
from tests.unit.core.sale_desk import (
    ETHER,
    OTHER,
    WRITER,
    ask,
    buy,
    change,
    lots_of,
    offer,
    open_pit,
    places,
    sale,
)

PLAN: Final = vault_terms(COVERED_CALL, profile("vaults"), {"bridge": b"", COVERED_CALL.coin: b""})
TERMS: Final = PLAN._replace(
    underlying=ETH,
    delta_ppm=500_000,
    max_lots=600,
    start_ppm=1_500_000,
    reserve_ppm=500_000,
    max_fee_ppm=1_000,
)
HOUR: Final = TERMS.sale_seconds * 1_000


@pytest.fixture(name="pit")
def _pit() -> Pit:
    """Return an arena whose options have been listed for a while, with a fresh index."""
    found = open_pit()
    found.seal(STEADY_MS)
    refresh(found)
    return found


def refresh(pit: Pit) -> None:
    """Have index and volatilities said again, and every option repriced by them."""
    price = pit.row(ETH).index_price
    for elapsed_ms in (1_000, 30_000):
        pit.seal(elapsed_ms)
        assert pit.report(ETH, price) is Reason.OK
        assert pit.surface(6_000) is Reason.OK
    pit.seal(30_000)
    assert pit.report(ETH, price) is Reason.OK
    pit.seal()


def again(pit: Pit, ahead_ms: int = 0, *, waiting: int = 0, owner: bytes | None = None) -> bool:
    """Ask whether to send the sale again; L1 is `ahead_ms` of L2, `waiting` messages are queued."""
    state = ChainState({})
    state.commit(pit.state)
    message = pit.cursor().delayed - 1 + waiting
    epoch = VaultEpoch(2, 0, OPTIONS_AT, 0, WRITER, message, *[0] * 9)
    times = (pit.now(), pit.now() + ahead_ms)
    held = epoch._replace(group=WRITER)
    return can_sell_again(state, TERMS, owner or owner_of(WRITER), held, times)


def test_read_sale_is_what_the_vault_sends() -> None:
    epoch = VaultEpoch(2, 0, OPTIONS_AT, 0, WRITER, 7, *[0] * 9)
    assert read_sale(TERMS, epoch) == sale()


def test_can_sell_again_before_anything_was_sold_and_the_law_agrees(pit: Pit) -> None:
    assert again(pit)
    assert offer(pit) is Reason.OK


def test_can_sell_again_not_with_an_account_that_was_lost_though_the_law_would(pit: Pit) -> None:
    assert offer(pit) is Reason.OK
    pit.seal(HOUR)
    refresh(pit)
    assert again(pit)
    pit.state[hot_key(WRITER)] = pit.leaf(hot_key(WRITER))._replace(group=OTHER)
    assert not again(pit), "it was sold to somebody else, and given back"
    assert offer(pit) is Reason.OK


def test_can_sell_again_not_while_the_message_waits(pit: Pit) -> None:
    assert not again(pit, waiting=1)


def test_can_sell_again_not_while_a_sale_runs_but_once_it_is_over(pit: Pit) -> None:
    assert offer(pit) is Reason.OK
    assert not again(pit)
    pit.seal(HOUR)
    refresh(pit)
    assert places(pit)[0].lots == 600
    assert again(pit)


def test_can_sell_again_beside_a_sale_that_is_void_or_of_somebody_else(pit: Pit) -> None:
    assert offer(pit) is Reason.OK
    assert offer(pit, delta_ppm=0, duration_seconds=1) is Reason.OK
    pit.seal(1_000)
    assert pit.deposit(OTHER, 1, ETHER) is Reason.OK
    assert offer(pit, account=OTHER, lots=5) is Reason.OK
    assert [(place.account, place.lots) for place in places(pit)[:2]] == [(WRITER, 600), (OTHER, 5)]
    assert places(pit)[0].version != pit.leaf(hot_key(WRITER)).version
    assert again(pit)
    assert offer(pit) is Reason.OK
    assert not again(pit)


def test_can_sell_again_not_once_a_lot_is_sold(pit: Pit) -> None:
    assert offer(pit) is Reason.OK
    assert buy(pit, ask(pit), 1) is Reason.OK
    assert lots_of(pit, WRITER) == -1
    pit.seal(HOUR)
    refresh(pit)
    assert not again(pit)
    assert offer(pit) is Reason.HAS_POSITIONS


def test_can_sell_again_once_others_have_taken_its_place(pit: Pit) -> None:
    assert offer(pit) is Reason.OK
    for account in (5, 6, 7, 8):
        assert pit.deposit(account, 1, 7 * ETHER) is Reason.OK
        assert offer(pit, account=account, lots=700) is Reason.OK
    assert WRITER not in {place.account for place in places(pit)}
    assert not again(pit), "there is no room"
    pit.seal(HOUR)
    refresh(pit)
    assert again(pit)


def test_can_sell_again_not_at_old_prices(pit: Pit) -> None:
    assert not again(pit, FRESH_MS + 1)
    row = pit.row(ETH)._replace(pending=1)
    prices = pit.leaf(PRICES_KEY)
    pit.state[PRICES_KEY] = Prices(
        (*prices.rows[:ETH], row, *prices.rows[ETH + 1 :]), prices.sampled_ms
    )
    assert offer(pit) is Reason.STALE_PRICE
    assert not again(pit)


def test_can_sell_again_not_without_cover(pit: Pit) -> None:
    assert pit.send(Transfer(WRITER, OTHER, 1, 10 * ETHER, pit.nonce())) is Reason.OK
    pit.seal()
    assert not again(pit)


def test_can_sell_again_not_from_an_account_that_is_lost_or_liquidated(pit: Pit) -> None:
    assert not again(pit, owner=owner_of(OTHER))
    assert offer(pit) is Reason.OK
    change(pit, hot_key(WRITER), flags=LIQUIDATING_FLAG)
    assert not again(pit)
