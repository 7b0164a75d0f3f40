"""The keeper looks at whom it must, and hardly ever at the others."""

import random
from typing import Final

import pytest

from rollup_node.core.auctions import AUCTION_MS, SALE_MS
from rollup_node.core.flags import FUND_FLAG, LIQUIDATING_FLAG
from rollup_node.core.inputs import Liquidate, Takeover
from rollup_node.roles.keeper import (
    CLEAR_MS,
    PPM,
    RETRY_MS,
    RUINED_RETRY_MS,
    TIERS,
    Health,
    Remains,
    Watch,
)

NONE: Final = (0,) * 8
USD: Final = 1_000_000


def health(equity: int, maintenance: int = 3 * USD, exposure: int = 100 * USD) -> Health:
    return Health(equity, maintenance, (exposure, *NONE[1:]), 2)


def prices(price: int) -> tuple[int, ...]:
    return (price, *NONE[1:])


def test_note_below_maintenance_liquidates_the_largest_position_once_a_second() -> None:
    watch = Watch()
    bad = health(2 * USD)
    assert watch.note(7, bad, prices(3_000), 0) == Liquidate(7, 2)
    assert watch.due(prices(3_000), 0) == [7]
    assert watch.note(7, bad, prices(3_000), 999) is None
    assert watch.note(7, bad, prices(3_000), 1_000) == Liquidate(7, 2)


def test_note_without_equity_is_asked_for_rarely() -> None:
    watch = Watch()
    for equity in (0, -5 * USD):
        account = 7 + abs(equity)
        assert watch.note(account, health(equity), prices(3_000), 0) == Liquidate(account, 2)
        assert watch.note(account, health(equity), prices(3_000), RUINED_RETRY_MS - 1) is None
        again = watch.note(account, health(equity), prices(3_000), RUINED_RETRY_MS)
        assert again == Liquidate(account, 2)


@pytest.mark.parametrize("spare_percent", [30, 10, 5, 3])
def test_due_comes_before_the_room_is_used_up(spare_percent: int) -> None:
    watch = Watch()
    stood = health((3 + spare_percent) * USD)
    watch.note(1, stood, prices(1_000_000), 0)
    for direction in (1, -1):
        gone = 1_000_000 + direction * stood.room_ppm
        assert watch.due(prices(gone), 0) == [1]
        watch.note(1, stood, prices(1_000_000), 0)


def test_account_without_positions_is_left_alone() -> None:
    watch = Watch()
    watch.note(1, Health(0, 0, NONE, 0), prices(100), 0)
    assert watch.due(prices(1), 10**9) == []


def test_note_debt_without_a_position_is_put_up_for_sale() -> None:
    watch = Watch()
    assert watch.note(7, Health(-USD, 0, NONE, 0), prices(3_000), 0) == Liquidate(7, 0)
    covered = Health(4 * USD, 0, (5 * USD, *NONE[1:]), 0)
    assert watch.note(8, covered, prices(3_000), 0) is None
    assert watch.due(prices(3_000), TIERS[0].interval_ms) == [7]


def test_note_options_alone_are_put_up_for_sale_and_watched_until_then() -> None:
    watch = Watch()
    exposures = (10 * USD, *NONE[1:])
    assert watch.note(7, Health(2 * USD, USD, exposures, 0), prices(1_000), 0) is None
    assert watch.due(prices(1_051), 1) == [7]
    below = Health(USD, 2 * USD, exposures, 0)
    assert watch.note(7, below, prices(1_051), 1) == Liquidate(7, 0)
    assert watch.note(7, below, prices(1_051), 1 + RETRY_MS) == Liquidate(7, 0)


def test_newer_look_replaces_the_older() -> None:
    watch = Watch()
    watch.note(1, health(4 * USD), prices(1_000_000), 0)
    watch.note(1, health(90 * USD), prices(1_000_000), 0)
    assert watch.due(prices(980_000), 10_000) == []


def test_tiers_escalate_as_an_account_nears_maintenance() -> None:
    assert [tier.room_ppm for tier in TIERS] == sorted(
        (tier.room_ppm for tier in TIERS), reverse=True
    )
    assert [tier.interval_ms for tier in TIERS] == sorted(
        (tier.interval_ms for tier in TIERS), reverse=True
    )


def _looks(healthy: int, blocks: int) -> int:
    """Walk a price and count the looks at accounts, twenty of them near maintenance."""
    rng, watch, price = random.Random(5), Watch(), 1_000_000
    rooms = {n: PPM // 10 + 37 * n % 400_000 for n in range(healthy)}
    rooms.update({healthy + n: 15_000 + 100 * n for n in range(20)})

    def look(account: int, now_ms: int) -> None:
        equity = 3 * USD + rooms[account] * 100
        watch.note(account, health(equity), prices(price), now_ms)

    for account in rooms:
        look(account, 0)
    first = watch.looks
    for block in range(1, blocks):
        price += rng.randrange(-300, 301)
        for account in watch.due(prices(price), block * 250):
            look(account, block * 250)
    return watch.looks - first


def test_looks_grow_slower_than_healthy_accounts() -> None:
    blocks = 120
    counts = [_looks(healthy, blocks) for healthy in (0, 100, 1_000, 10_000)]
    assert counts[0] > 0
    assert counts[3] - counts[0] < 10_000 * blocks // 20
    assert counts[3] < 4 * counts[0]


FUND: Final = FUND_FLAG | LIQUIDATING_FLAG
SOLD_MS: Final = 1_000_000


@pytest.mark.parametrize(
    ("equity", "wait_ms"), [(-USD, SALE_MS), (0, AUCTION_MS), (USD, AUCTION_MS)]
)
def test_decide_bidders_have_their_time_then_the_fund_takes_it(equity: int, wait_ms: int) -> None:
    remains, stood, late_ms = Remains(), health(equity), SOLD_MS + wait_ms
    for now_ms in (SOLD_MS, late_ms - 1):
        assert remains.decide(7, LIQUIDATING_FLAG, SOLD_MS, stood, now_ms) is None
    assert remains.decide(7, LIQUIDATING_FLAG, SOLD_MS, stood, late_ms) == Takeover(7)
    assert remains.due(late_ms + CLEAR_MS - 1) == []
    assert remains.due(late_ms + CLEAR_MS) == [7]


def test_decide_who_is_not_for_sale_stays() -> None:
    late_ms = SOLD_MS + AUCTION_MS
    assert Remains().decide(7, LIQUIDATING_FLAG, 0, health(-USD), late_ms) is None


def test_decide_who_is_cured_is_set_free() -> None:
    remains = Remains()
    remains.note(7, LIQUIDATING_FLAG)
    for auction_ms in (0, SOLD_MS):
        asked = remains.decide(7, LIQUIDATING_FLAG, auction_ms, health(3 * USD), 2 * SOLD_MS)
        assert asked == Liquidate(7, 2)
    assert remains.due(2 * SOLD_MS + CLEAR_MS) == [7], "until it is seen to be free"
    assert remains.decide(7, LIQUIDATING_FLAG, 0, Health(0, 0, NONE, 0), 0) == Liquidate(7, 0)


def test_decide_what_the_fund_took_is_reduced_then_emptied_and_forgotten() -> None:
    remains = Remains()
    remains.note(7, FUND)
    assert remains.decide(7, FUND, 1, health(USD), 10) == Liquidate(7, 2)
    assert remains.accounts == [7]
    assert remains.decide(7, FUND, 1, Health(USD, 0, NONE, 0), 20_000) == Takeover(7)
    assert remains.accounts == []
    remains.note(7, FUND)
    assert remains.accounts == [], "its takeover is no reason to begin again"
    remains.note(7, 0)
    remains.note(7, LIQUIDATING_FLAG)
    assert remains.accounts == [7], "somebody bought it, and lost"


def test_decide_collateral_of_the_fund_stays_for_sale() -> None:
    remains = Remains()
    remains.note(7, FUND)
    left = Health(0, 0, (5 * USD, *NONE[1:]), 0)
    assert remains.decide(7, FUND, 1, left, 100) == Takeover(7)
    assert remains.due(100 + SALE_MS) == [7]


def test_note_who_is_cured_is_forgotten() -> None:
    remains = Remains()
    remains.note(7, LIQUIDATING_FLAG)
    assert remains.due(0) == [7]
    remains.note(7, 0)
    assert remains.accounts == []
