"""Options come and go by rule: dates of the calendar, strikes around the index. V-11, V-12."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from rollup_node.codec.admin import encode_admin
from rollup_node.core.calendar import is_listing_date, month_of
from rollup_node.core.inputs import DelistStrike, ListExpiry, ListStrike
from rollup_node.core.layout import (
    board_key,
    expiry_key,
    option_dates_key,
    option_rules_key,
    series_key,
    terms_key,
)
from rollup_node.core.market_leaves import Expiry
from rollup_node.core.markets import SetExpiry, SetOptionRules
from rollup_node.core.option_leaves import NO_BOARD, OptionDates, OptionRules
from rollup_node.core.reason import Reason
from rollup_node.devnet.markets import OPTION_RULES
from tests.property.arena import (
    ETH,
    OPTION_SLOT,
    OPTIONS,
    OPTIONS_AT,
    START_MS,
    STRIKES,
    USD,
    Arena,
)

DAY: Final = 86_400


def strike(arena: Arena, at: int, series: int, **fields: int) -> Reason:
    """List a strike, in dollars."""
    arena.seal()
    record = ListStrike(ETH, OPTION_SLOT, at * USD, series)._replace(**fields)
    return arena.open_record(record)


def change(arena: Arena, key: Any, **fields: Any) -> None:
    """Change fields of a leaf."""
    arena.state[key] = arena.leaf(key)._replace(**fields)


def test_month_of_every_day_of_two_centuries_is_that_of_the_calendar() -> None:
    day = datetime(1970, 1, 1, tzinfo=UTC)
    for number in range(200 * 366):
        assert month_of(number) == day.month, day
        day += timedelta(days=1)


def test_is_listing_date_is_what_the_rule_says_of_every_day_of_a_year() -> None:
    now = datetime.fromtimestamp(START_MS // 1_000, UTC)
    listed = []
    for ahead in range(-2, 500):
        date = datetime(now.year, now.month, now.day, 8, tzinfo=UTC) + timedelta(days=ahead)
        at = int(date.timestamp())
        is_friday = date.weekday() == 4
        is_last = is_friday and (date + timedelta(days=7)).month != date.month
        reach = 3
        if is_friday:
            reach = 28
        if is_last:
            reach = 366 if date.month % 3 == 0 else 92
        expected = timedelta() < date - now <= timedelta(days=reach)
        assert is_listing_date(at, START_MS) is expected, date
        assert not is_listing_date(at + 3_600, START_MS)
        listed += [date] * expected
    assert 8 <= len(listed) <= 16


def test_list_expiry_takes_a_free_place_for_a_date_that_no_other_has() -> None:
    arena = Arena()
    arena.seal()
    tomorrow = OPTIONS_AT + DAY
    for record, reason in (
        (ListExpiry(8, 5, tomorrow), Reason.UNKNOWN_UNDERLYING),
        (ListExpiry(ETH, 16, tomorrow), Reason.UNKNOWN_UNDERLYING),
        (ListExpiry(2, 5, tomorrow), Reason.UNKNOWN_UNDERLYING),
        (ListExpiry(ETH, 5, tomorrow + 1), Reason.BAD_TIME),
        (ListExpiry(ETH, 5, OPTIONS_AT), Reason.SERIES_EXISTS),
        (ListExpiry(ETH, OPTION_SLOT, tomorrow), Reason.SERIES_IN_USE),
        (ListExpiry(ETH, 0, tomorrow), Reason.SERIES_IN_USE),
        (ListExpiry(ETH, 5, tomorrow), Reason.OK),
    ):
        assert arena.open_record(record) is reason, record
    assert arena.leaf(expiry_key(ETH, 5)) == Expiry(tomorrow, 0, 0, 0)


def test_list_expiry_in_a_place_with_a_future_that_is_over_but_open_is_refused() -> None:
    arena = Arena()
    change(arena, expiry_key(ETH, 0), expiry_at=START_MS // 1_000 - 5)
    arena.seal()
    assert arena.open_record(ListExpiry(ETH, 0, OPTIONS_AT + DAY)) is Reason.SERIES_IN_USE


def test_list_expiry_in_a_place_with_strikes_is_refused_and_a_new_board_is_empty() -> None:
    arena = Arena()
    change(arena, expiry_key(ETH, OPTION_SLOT), expiry_at=START_MS // 1_000 - 5)
    arena.seal()
    record = ListExpiry(ETH, OPTION_SLOT, OPTIONS_AT)
    assert arena.open_record(record) is Reason.SERIES_IN_USE
    for call in OPTIONS[::2]:
        assert arena.open_record(DelistStrike(call)) is Reason.OK
    assert arena.open_record(record) is Reason.OK
    assert arena.leaf(board_key(ETH, OPTION_SLOT)) == NO_BOARD
    assert arena.leaf(option_dates_key(ETH)) == OptionDates(0, 0)


def test_set_expiry_of_a_date_with_strikes_is_refused() -> None:
    arena = Arena()
    assert arena.admin(encode_admin(SetExpiry(ETH, OPTION_SLOT, OPTIONS_AT + 1))) is (
        Reason.SERIES_IN_USE
    )


def test_list_strike_makes_a_call_and_a_put_by_the_rules() -> None:
    arena = Arena()
    assert strike(arena, 3_150, 2_060) is Reason.OK
    for series, kind in ((2_060, 4), (2_061, 5)):
        terms = arena.leaf(terms_key(series))
        assert (terms.kind, terms.book, terms.strike) == (kind, series, 3_150 * USD)
        assert (terms.unit, terms.taker_fee_ppm) == (OPTION_RULES.unit, OPTION_RULES.taker_fee_ppm)
        state = arena.leaf(series_key(series))
        assert (state.status, state.mark, state.epoch) == (1, 0, 0)
    assert arena.leaf(option_dates_key(ETH)) == OptionDates(1 << OPTION_SLOT, 3)
    order = arena.order(1, 0, 10, 5, series=2_060)
    arena.deposit(1, 0, 10**12)
    arena.seal()
    assert arena.send(order) is Reason.STALE_PRICE
    arena.seal(30_000)
    assert arena.series(2_060).mark > 0


@pytest.mark.parametrize(
    ("at", "series", "fields", "reason"),
    [
        (3_150, 2_060, {"underlying": 8}, Reason.UNKNOWN_UNDERLYING),
        (3_150, 2_060, {"underlying": 2}, Reason.UNKNOWN_UNDERLYING),
        (3_150, 2_060, {"expiry_slot": 16}, Reason.UNKNOWN_UNDERLYING),
        (3_150, 2_061, {}, Reason.BAD_PARAMETERS),
        (3_150, 2_046, {}, Reason.BAD_PARAMETERS),
        (3_150, 4_096, {}, Reason.BAD_PARAMETERS),
        (3_150, 2_060, {"expiry_slot": 5}, Reason.EXPIRED),
        (3_160, 2_060, {}, Reason.PRICE_OUT_OF_RANGE),
        (0, 2_060, {}, Reason.PRICE_OUT_OF_RANGE),
        (1_450, 2_060, {}, Reason.PRICE_OUT_OF_RANGE),
        (4_550, 2_060, {}, Reason.PRICE_OUT_OF_RANGE),
        (4_500, 2_060, {}, Reason.OK),
        (1_500, 4_092, {}, Reason.OK),
        (3_000, 2_060, {}, Reason.SERIES_EXISTS),
        (3_150, OPTIONS[0], {}, Reason.SERIES_EXISTS),
    ],
)
def test_list_strike_checks_date_strike_and_number(
    at: int, series: int, fields: dict[str, int], reason: Reason
) -> None:
    assert strike(Arena(), at, series, **fields) is reason


def test_list_strike_in_the_last_half_hour_is_refused() -> None:
    arena = Arena()
    change(arena, expiry_key(ETH, OPTION_SLOT), expiry_at=(arena.now() + 1_800_020) // 1_000)
    assert strike(arena, 3_150, 2_060) is Reason.EXPIRED


def test_list_strike_beyond_the_places_of_a_date_or_an_underlying_is_refused() -> None:
    arena = Arena()
    for number in range(30):
        assert strike(arena, 1_500 + 50 * number, 2_100 + 2 * number) is Reason.OK
    assert strike(arena, 3_500, 2_200) is Reason.BOOK_FULL
    other = Arena()
    change(other, option_dates_key(ETH), strikes=128)
    assert strike(other, 3_150, 2_060) is Reason.BOOK_FULL


def test_delist_strike_frees_number_and_place_once_nobody_holds_it() -> None:
    arena = Arena()
    arena.seal()
    call = OPTIONS[0]
    for series, reason in ((call + 1, Reason.BAD_PARAMETERS), (2_060, Reason.UNKNOWN_SERIES)):
        assert arena.open_record(DelistStrike(series)) is reason
    assert arena.open_record(DelistStrike(call)) is Reason.NOT_EXPIRED
    change(arena, expiry_key(ETH, OPTION_SLOT), expiry_at=START_MS // 1_000 - 5)
    for field in ("open_interest", "orders"):
        change(arena, series_key(call + 1), **{field: 1})
        assert arena.open_record(DelistStrike(call)) is Reason.SERIES_IN_USE
        change(arena, series_key(call + 1), **{field: 0})
    assert arena.open_record(DelistStrike(call)) is Reason.OK
    assert arena.open_record(DelistStrike(call)) is Reason.UNKNOWN_SERIES
    assert arena.leaf(option_dates_key(ETH)) == OptionDates(1 << OPTION_SLOT, 1)
    change(arena, expiry_key(ETH, OPTION_SLOT), expiry_at=OPTIONS_AT)
    assert strike(arena, STRIKES[0] // USD, call) is Reason.OK


def test_delist_strike_that_nobody_wants_a_day_after_it_was_listed() -> None:
    arena = Arena()
    call = OPTIONS[0]
    later = OPTIONS_AT + 30 * DAY
    change(arena, expiry_key(ETH, OPTION_SLOT), expiry_at=later)
    listed_ms = arena.series(call).funded_ms
    arena.seal(listed_ms + DAY * 1_000 - 1 - arena.now())
    assert arena.open_record(DelistStrike(call)) is Reason.NOT_EXPIRED
    arena.seal(1)
    change(arena, series_key(call), orders=1)
    assert arena.open_record(DelistStrike(call)) is Reason.SERIES_IN_USE
    change(arena, series_key(call), orders=0)
    assert arena.open_record(DelistStrike(call)) is Reason.OK
    assert arena.leaf(option_dates_key(ETH)) == OptionDates(1 << OPTION_SLOT, 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"status": 2},
        {"unit": 0},
        {"unit": 1 << 17},
        {"lots_per_unit": 0},
        {"strike_step": 0},
        {"strike_step": 1 << 40},
        {"strike_step": 50 * USD + 1},
        {"strike_range_ppm": 10**6},
        {"maker_fee_ppm": 301},
        {"taker_fee_ppm": 10_001},
        {"band_ppm": 10**6 + 1},
        {"max_order_lots": 1 << 23},
        {"open_interest_cap": 1 << 31},
        {"initial_ppm": 99_999},
        {"initial_ppm": 10**6 + 1},
        {"floor_ppm": 74_999},
        {"maintenance_ppm": 0},
        {"scan_ppm": 0},
        {"scan_ppm": 500_001},
    ],
)
def test_option_rules_out_of_range_are_refused(fields: dict[str, int]) -> None:
    arena = Arena()
    rules: OptionRules = OPTION_RULES._replace(**fields)
    assert arena.admin(encode_admin(SetOptionRules(ETH, rules))) is Reason.BAD_PARAMETERS
    assert arena.admin(encode_admin(SetOptionRules(8, OPTION_RULES))) is Reason.BAD_PARAMETERS
    assert arena.leaf(option_rules_key(ETH)) == OPTION_RULES
