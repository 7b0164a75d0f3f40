"""How covered sales begin. Source: docs/spec.md P-1 to P-4.

Who meets them: test_sale_meetings.py; attacks on them: test_exploits_of_sales.py.
"""

from typing import Any

import pytest

from rollup_node.core.account_leaves import NO_COLD
from rollup_node.core.flags import CHILD_FLAG, FROZEN_FLAG, LIQUIDATING_FLAG
from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import (
    ASSETS_KEY,
    CURSOR_KEY,
    PRICES_KEY,
    balances_key,
    board_key,
    cold_key,
    expiry_key,
    hot_key,
    sales_key,
    series_key,
    series_risk_key,
    terms_key,
)
from rollup_node.core.leaves import Balances
from rollup_node.core.market_leaves import AssetRow, AssetTerms, Prices
from rollup_node.core.option_leaves import NO_PLACE, SalePlace
from rollup_node.core.reason import Reason
from tests.property.arena import (
    ETH,
    OPTION_SLOT,
    OPTIONS,
    OPTIONS_AT,
    PERP,
    USD,
    owner_of,
)
from tests.unit.core.pit import Pit
from tests.unit.core.sale_desk import (
    CALL,
    ETHER,
    HIGH,
    HIGH_PUT,
    OTHER,
    PUT,
    TAKER,
    WRITER,
    ask,
    buy,
    change,
    change_place,
    offer,
    open_pit,
    places,
    sale,
)


@pytest.fixture(name="pit")
def _pit() -> Pit:
    return open_pit()


# What begins a sale


def test_apply_sale_writes_the_place_and_the_version(pit: Pit) -> None:
    version, now = pit.leaf(hot_key(WRITER)), pit.now()
    assert version is None
    assert offer(pit) is Reason.OK
    ends_ms = now + 3_600_000
    expected = SalePlace(WRITER, 1, 600, now, ends_ms, 1_500_000, 500_000, 1_000)
    assert places(pit) == (expected, NO_PLACE, NO_PLACE, NO_PLACE)
    hot = pit.leaf(hot_key(WRITER))
    assert (hot.version, hot.group, hot.reserve, hot.open_orders) == (1, WRITER, 0, 0)
    pit.look().check()


def test_apply_sale_ends_half_an_hour_before_the_date(pit: Pit) -> None:
    assert offer(pit, duration_seconds=604_800) is Reason.OK
    assert places(pit)[0].ends_ms == OPTIONS_AT * 1_000 - 1_800_000


@pytest.mark.parametrize(
    ("call", "wanted", "deltas", "chosen"),
    [
        (1, 300_000, (400_000, 200_000), CALL),
        (1, 300_001, (400_000, 200_000), CALL),
        (1, 299_999, (400_000, 200_000), HIGH),
        (1, 0, (400_000, 200_000), HIGH),
        (1, 1_000_000, (400_000, 200_000), CALL),
        (0, 300_000, (-200_000, -400_000), PUT),
        (0, 300_001, (-200_000, -400_000), HIGH_PUT),
    ],
)
def test_apply_sale_chooses_the_nearest_delta_and_of_equal_ones_the_lowest_strike(
    pit: Pit, call: int, wanted: int, deltas: tuple[int, int], chosen: int
) -> None:
    for series, delta in zip((CALL, HIGH) if call else (PUT, HIGH_PUT), deltas, strict=True):
        change(pit, series_risk_key(series), delta=delta)
    assert offer(pit, call=call, delta_ppm=wanted) is Reason.OK
    assert {s for s in OPTIONS if places(pit, s)[0].lots} == {chosen}


def test_apply_sale_on_a_tie_takes_the_lowest_strike_wherever_it_lies_on_the_board(
    pit: Pit,
) -> None:
    board = pit.leaf(board_key(ETH, OPTION_SLOT))
    rows = (*board.strikes[:2][::-1], *board.strikes[2:])
    change(pit, board_key(ETH, OPTION_SLOT), strikes=rows)
    for series, delta in ((CALL, 400_000), (HIGH, 200_000)):
        change(pit, series_risk_key(series), delta=delta)
    assert offer(pit, delta_ppm=300_000) is Reason.OK
    assert places(pit, CALL)[0].lots == 600


def test_apply_sale_counts_only_strikes_of_the_last_reprice(pit: Pit) -> None:
    risk = pit.leaf(series_risk_key(CALL))
    change(pit, series_risk_key(CALL), epoch=risk.epoch - 1, delta=500_000)
    assert offer(pit) is Reason.OK
    assert places(pit, CALL)[0].lots == 0
    assert places(pit, HIGH)[0].lots == 600


@pytest.mark.parametrize(
    ("terms", "lots"),
    [
        ({"lots": 600}, 600),
        ({"lots": 1_000}, 1_000),
        ({"lots": (1 << 32) - 1}, 1_000),
        ({"call": 0, "lots": (1 << 32) - 1}, 333_333),
        ({"call": 0, "lots": 7}, 7),
    ],
)
def test_apply_sale_offers_at_most_what_is_covered(
    pit: Pit, terms: dict[str, int], lots: int
) -> None:
    assert offer(pit, **terms) is Reason.OK
    assert [place.lots for s in OPTIONS for place in places(pit, s) if place.lots] == [lots]


def test_apply_sale_offers_at_most_the_largest_position(pit: Pit) -> None:
    pit.state[balances_key(WRITER)] = Balances((0, 10**6 * ETHER, 0, 0))
    assert offer(pit, lots=(1 << 32) - 1) is Reason.OK
    assert places(pit)[0].lots == (1 << 23) - 1


@pytest.mark.parametrize(
    "terms",
    [
        {"call": 2}, {"lots": 0}, {"delta_ppm": 1_000_001}, {"reserve_ppm": 0},
        {"reserve_ppm": 1_500_001}, {"start_ppm": 10_000_001}, {"duration_seconds": 0},
        {"duration_seconds": 604_801},
    ],
)  # fmt: skip
def test_apply_sale_of_a_bad_shape_is_refused(pit: Pit, terms: dict[str, int]) -> None:
    before = dict(pit.state)
    assert pit.force(sale(**terms), owner_of(WRITER)) is Reason.BAD_ORDER
    cursor = {key for key in pit.state if pit.state[key] != before.get(key)}
    assert cursor == {0}


@pytest.mark.parametrize(
    "terms",
    [
        {"start_ppm": 10_000_000}, {"reserve_ppm": 1_500_000}, {"reserve_ppm": 1},
        {"duration_seconds": 604_800}, {"delta_ppm": 1_000_000}, {"delta_ppm": 0},
    ],
)  # fmt: skip
def test_apply_sale_at_the_ends_of_every_range_is_good(pit: Pit, terms: dict[str, int]) -> None:
    assert offer(pit, **terms) is Reason.OK


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"account": 0}, Reason.UNKNOWN_ACCOUNT),
        ({"account": 99}, Reason.UNKNOWN_ACCOUNT),
        ({"account": TAKER}, Reason.NOT_OWNER),
        ({"underlying": 8}, Reason.UNKNOWN_UNDERLYING),
        ({"underlying": 1}, Reason.NOT_FOUND),
        ({"expiry_at": OPTIONS_AT + 1}, Reason.NOT_FOUND),
        ({"underlying": 7}, Reason.STALE_PRICE),
        ({"expiry_at": 0}, Reason.EXPIRED),
        ({"max_fee": 99}, Reason.FEE_ABOVE_CAP),
    ],
)
def test_apply_sale_that_names_something_else_is_refused(
    pit: Pit, terms: dict[str, int], reason: Reason
) -> None:
    assert pit.force(sale(**terms), owner_of(WRITER)) is reason
    assert all(place == NO_PLACE for series in OPTIONS for place in places(pit, series))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"flags": FROZEN_FLAG}, Reason.FROZEN),
        ({"flags": LIQUIDATING_FLAG}, Reason.LIQUIDATING),
        ({"flags": FROZEN_FLAG | LIQUIDATING_FLAG | CHILD_FLAG, "dead_man_ms": 1}, Reason.FROZEN),
        ({"flags": LIQUIDATING_FLAG | CHILD_FLAG, "dead_man_ms": 1}, Reason.LIQUIDATING),
        ({"flags": CHILD_FLAG, "dead_man_ms": 1}, Reason.EXPIRED),
        ({"flags": CHILD_FLAG}, Reason.KEY_MARKET),
    ],
)
def test_apply_sale_of_an_account_that_may_not_trade_is_refused(
    pit: Pit, fields: dict[str, int], reason: Reason
) -> None:
    pit.trade(OTHER, WRITER, 40, series=PERP)
    pit.trade(WRITER, OTHER, 40, series=PERP)
    change(pit, hot_key(WRITER), **fields)
    pit.state[cold_key(WRITER)] = NO_COLD._replace(series=CALL)
    assert offer(pit) is reason


def test_apply_sale_of_an_account_with_positions_there_is_refused(pit: Pit) -> None:
    pit.trade(WRITER, OTHER, 40, series=PERP)
    assert offer(pit) is Reason.HAS_POSITIONS
    pit.trade(OTHER, WRITER, 40, series=PERP)
    assert offer(pit) is Reason.OK


def test_apply_sale_with_positions_of_another_underlying_is_good(pit: Pit) -> None:
    pit.trade(WRITER, OTHER, 40, series=3)
    assert offer(pit) is Reason.OK


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        ({"pending": 1}, Reason.STALE_PRICE),
        ({"index_ms": 0}, Reason.STALE_PRICE),
        ({"priced_ms": 0}, Reason.STALE_PRICE),
        ({"index_price": 3_061 * USD}, Reason.STALE_PRICE),
        ({"index_price": 3_060 * USD}, Reason.OK),
    ],
)
def test_apply_sale_waits_for_prices_that_are_good(
    pit: Pit, price: dict[str, int], reason: Reason
) -> None:
    prices = pit.leaf(PRICES_KEY)
    rows = (prices.rows[ETH]._replace(**price), *prices.rows[1:])
    pit.state[PRICES_KEY] = Prices(rows, prices.sampled_ms)
    assert pit.force(sale(), owner_of(WRITER)) is reason


@pytest.mark.parametrize(("left_ms", "reason"), [(0, Reason.EXPIRED), (1, Reason.OK)])
def test_apply_sale_needs_more_than_half_an_hour_to_the_date(
    pit: Pit, left_ms: int, reason: Reason
) -> None:
    at = pit.now() // 1_000 + 1_801
    change(pit, expiry_key(ETH, OPTION_SLOT), expiry_at=at)
    change(pit, CURSOR_KEY, time_ms=at * 1_000 - 1_800_000 - left_ms)
    assert pit.force(sale(expiry_at=at), owner_of(WRITER)) is reason


@pytest.mark.parametrize(
    ("key", "fields", "reason"),
    [
        (series_key(CALL), {"status": 2}, Reason.SERIES_CLOSED),
        (series_key(CALL), {"status": 3}, Reason.SERIES_CLOSED),
        (series_key(CALL), {"mark": 0}, Reason.STALE_PRICE),
        (terms_key(CALL), {"min_notional": 600 * 30 * USD + 1}, Reason.BELOW_MIN_NOTIONAL),
        (terms_key(CALL), {"min_notional": 600 * 30 * USD}, Reason.OK),
        (terms_key(CALL), {"maker_fee_ppm": -100}, Reason.OK),
    ],
)
def test_apply_sale_asks_the_series(
    pit: Pit, key: Any, fields: dict[str, int], reason: Reason
) -> None:
    change(pit, key, **fields)
    assert offer(pit, max_fee=100) is reason


def test_apply_sale_in_the_millisecond_of_the_listing_is_refused(pit: Pit) -> None:
    change(pit, series_key(CALL), funded_ms=pit.now())
    assert pit.force(sale(), owner_of(WRITER)) is Reason.SERIES_CLOSED
    change(pit, series_key(CALL), funded_ms=pit.now() - 1)
    assert pit.force(sale(), owner_of(WRITER)) is Reason.OK


def test_apply_sale_without_strikes_finds_none(pit: Pit) -> None:
    del pit.state[board_key(ETH, OPTION_SLOT)]
    assert offer(pit) is Reason.NOT_FOUND


@pytest.mark.parametrize(
    ("rows", "reason", "lots"),
    [
        ((None, 0, 0), Reason.UNKNOWN_ASSET, 0),
        ((None, 1, None), Reason.UNKNOWN_ASSET, 0),
        ((0, 0, 0), Reason.OK, 1_000),
        ((None, 0, None), Reason.INSUFFICIENT_BALANCE, 0),
    ],
)
def test_apply_sale_covers_calls_with_the_first_asset_that_the_underlying_prices(
    pit: Pit, rows: tuple[int | None, ...], reason: Reason, lots: int
) -> None:
    """`None` is a row of no underlying; a row of exponent 37 is none either."""
    exponent = 37 if reason is Reason.UNKNOWN_ASSET else 18
    found = [AssetRow(255 if row is None else row, exponent, 900_000, 0) for row in rows]
    pit.state[ASSETS_KEY] = AssetTerms((AssetRow(255, 0, 0, 0), *found))
    assert offer(pit, lots=(1 << 32) - 1) is reason
    assert places(pit)[0].lots == lots


@pytest.mark.parametrize(("cash", "reason"), [
    (30 * USD - 1, Reason.INSUFFICIENT_BALANCE), (30 * USD, Reason.OK),
    (0, Reason.INSUFFICIENT_BALANCE), (-30 * USD, Reason.INSUFFICIENT_BALANCE),
])  # fmt: skip
def test_apply_sale_covers_puts_with_cash(pit: Pit, cash: int, reason: Reason) -> None:
    pit.state[balances_key(WRITER)] = Balances((cash, 0, 0, 0))
    change(pit, series_risk_key(PUT), delta=-500_000)
    assert offer(pit, call=0) is reason
    assert places(pit, PUT)[0].lots == (reason is Reason.OK)


# Places


def test_apply_sale_again_replaces_the_last_one(pit: Pit) -> None:
    assert offer(pit) is Reason.OK
    assert offer(pit, lots=7) is Reason.OK
    assert [(place.lots, place.version) for place in places(pit)] == [
        (7, 2), (0, 0), (0, 0), (0, 0),
    ]  # fmt: skip


def test_apply_sale_in_another_series_makes_the_last_one_void(pit: Pit) -> None:
    assert offer(pit) is Reason.OK
    assert offer(pit, delta_ppm=0) is Reason.OK
    assert (places(pit, CALL)[0].version, places(pit, HIGH)[0].version) == (1, 2)
    assert buy(pit, ask(pit), 40) is Reason.REMAINDER_CANCELLED
    takes = [step.reason for step in pit.steps if step.kind is StepKind.TAKE]
    assert takes[0] is Reason.MAKER_VOID
    assert places(pit)[0] == NO_PLACE


def test_apply_sale_takes_its_own_place_before_a_free_one(pit: Pit) -> None:
    assert offer(pit, account=OTHER, call=0, delta_ppm=500_000, lots=5) is Reason.OK
    series = next(s for s in OPTIONS if places(pit, s)[0].lots)
    assert offer(pit, call=0, delta_ppm=500_000, lots=6) is Reason.OK
    change_place(pit, series, 0, ends_ms=pit.now())
    assert offer(pit, call=0, delta_ppm=500_000, lots=7) is Reason.OK
    assert [place.lots for place in places(pit, series)] == [5, 7, 0, 0]


@pytest.mark.parametrize(
    ("number", "fields"),
    [(2, {"lots": 0}), (1, {"ends_ms": 0}), (3, {"started_ms": 0})],
)
def test_apply_sale_takes_a_place_that_is_over_or_of_an_earlier_listing(
    pit: Pit, number: int, fields: dict[str, int]
) -> None:
    fill_places(pit)
    change_place(pit, CALL, number, **fields)
    assert offer(pit, lots=1) is Reason.OK
    assert [place.account == WRITER for place in places(pit)] == [n == number for n in range(4)]


def fill_places(pit: Pit, *lots: int) -> None:
    """Let the places of the call be taken by accounts 5 to 8, 600 lots each."""
    assert offer(pit) is Reason.OK
    whole = places(pit)[0]
    taken = lots or (600,) * 4
    found = [whole._replace(account=5 + n, lots=taken[n]) for n in range(4)]
    change(pit, sales_key(CALL), places=tuple(found))


@pytest.mark.parametrize(
    ("taken", "lots", "expected"),
    [
        ((9, 8, 7, 7), 8, 2),
        ((9, 8, 7, 7), 7, None),
        ((600, 600, 600, 600), 601, 0),
        ((600, 600, 600, 600), 600, None),
        ((600, 600, 600, 599), 600, 3),
    ],
)
def test_apply_sale_where_all_places_are_taken_puts_out_the_smallest_if_it_is_larger(
    pit: Pit, taken: tuple[int, ...], lots: int, expected: int | None
) -> None:
    fill_places(pit, *taken)
    before = places(pit)
    version = pit.leaf(hot_key(WRITER)).version
    assert offer(pit, lots=lots) is (Reason.BOOK_FULL if expected is None else Reason.OK)
    now = places(pit)
    assert [n for n in range(4) if now[n] != before[n]] == ([] if expected is None else [expected])
    assert pit.leaf(hot_key(WRITER)).version == version + (expected is not None)
