"""Which dates and strikes the board gets, in which order, and when they go."""

from datetime import UTC, datetime
from typing import Final

import pytest

from rollup_node.core.calendar import is_listing_date
from rollup_node.core.inputs import DelistStrike, ListExpiry, ListStrike, Prune
from rollup_node.core.layout import EXPIRIES, FIRST_OPTION, SERIES_LIMIT
from rollup_node.core.listing import LAST_LISTING_MS
from rollup_node.roles.listing import (
    LISTING_LIMIT,
    LISTING_RETRY_MS,
    Change,
    ListedDate,
    ListedStrike,
    ListingPolicy,
    Listings,
    OptionBoard,
    round_spacing,
    wanted_dates,
    wanted_strikes,
)

DAY: Final = 86_400
USD: Final = 1_000_000
POLICY: Final = ListingPolicy()


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


NOW_MS: Final = 1_000 * at("2025-11-18T12:00")
"""A Tuesday."""
DATES: Final = [at(f"2025-11-{day}T08:00") for day in (19, 21, 28)]


def board(
    *dates: ListedDate, index: int = 3_480 * USD, underlying: int = 0, step: int = 50 * USD
) -> OptionBoard:
    known = {date.expiry_slot for date in dates}
    free = [ListedDate(slot, 0, False, ()) for slot in range(EXPIRIES) if slot not in known]  # noqa: FBT003 - as it is made
    return OptionBoard(underlying, index, step, 500_000, (*dates, *free))


def date(slot: int, expiry_at: int, *strikes: int, first: int = FIRST_OPTION) -> ListedDate:
    rows = [
        ListedStrike(first + 2 * place, strike * USD, NOW_MS, is_unused=True)
        for place, strike in enumerate(strikes)
    ]
    return ListedDate(slot, expiry_at, False, rows)  # noqa: FBT003 - as it is made


def strikes_of(changes: list[Change]) -> list[int]:
    return [change.strike // USD for change in changes if isinstance(change, ListStrike)]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2025-11-18T12:00", ("2025-11-19", "2025-11-21", "2025-11-28")),
        ("2025-11-18T03:59", ("2025-11-18", "2025-11-21", "2025-11-28")),
        ("2025-11-18T04:01", ("2025-11-19", "2025-11-21", "2025-11-28")),
        ("2025-11-20T12:00", ("2025-11-21", "2025-11-28", "2025-12-26")),
        ("2025-11-27T12:00", ("2025-11-28", "2025-12-05", "2025-12-26")),
        ("2025-12-24T12:00", ("2025-12-25", "2025-12-26", "2026-01-30")),
    ],
)
def test_wanted_dates_are_the_next_day_friday_and_month(
    now: str, expected: tuple[str, ...]
) -> None:
    now_ms = 1_000 * at(now)
    found = wanted_dates(now_ms, POLICY)
    assert found == [at(f"{day}T08:00") for day in expected]
    assert all(is_listing_date(each, now_ms) for each in found)


def test_wanted_dates_of_every_hour_of_two_years_may_be_listed() -> None:
    for hour in range(0, 2 * 8_766, 5):
        now_ms = NOW_MS + hour * 3_600_000
        found = wanted_dates(now_ms, POLICY)
        assert len(set(found)) == 3
        assert all(is_listing_date(each, now_ms) for each in found)


@pytest.mark.parametrize(
    ("wanted", "spacing"), [(1, 50), (50, 50), (51, 100), (101, 250), (251, 500), (2_501, 5_000)]
)
def test_round_spacing_is_the_next_nice_number_of_steps(wanted: int, spacing: int) -> None:
    assert round_spacing(wanted, 50) == spacing


@pytest.mark.parametrize(
    ("expiry", "expected"),
    [
        (DATES[0], [3_500, 3_400, 3_600, 3_300, 3_700]),
        (DATES[2], [3_500, 3_250, 3_750, 3_000, 4_000]),
        (at("2026-03-27T08:00"), [3_500, 3_000, 4_000, 2_500, 4_500]),
        (DATES[0] + 3_600, []),
        (at("2026-03-28T08:00"), []),
    ],
)
def test_wanted_strikes_are_next_to_the_index_and_wider_for_later_dates(
    expiry: int, expected: list[int]
) -> None:
    found = wanted_strikes(board(), expiry, NOW_MS, POLICY)
    assert [strike // USD for strike in found] == expected


def test_wanted_strikes_without_a_price_or_shortly_before_the_date_are_none() -> None:
    assert wanted_strikes(board(index=0), DATES[0], NOW_MS, POLICY) == []
    near_ms = DATES[0] * 1_000 - LAST_LISTING_MS
    assert wanted_strikes(board(), DATES[0], near_ms - 1, POLICY)
    assert wanted_strikes(board(), DATES[0], near_ms, POLICY) == []


def test_wanted_strikes_stay_within_the_range_of_the_rules() -> None:
    narrow = board()._replace(strike_range_ppm=30_000)
    found = wanted_strikes(narrow, DATES[0], NOW_MS, POLICY)
    assert [strike // USD for strike in found] == [3_500, 3_400]
    penny = board(index=60 * USD)
    assert all(strike > 0 for strike in wanted_strikes(penny, DATES[0], NOW_MS, POLICY))


def test_decide_empty_board_gets_dates_in_the_places_that_are_free() -> None:
    future = ListedDate(0, DATES[2], True, ())  # noqa: FBT003 - as it is made
    found = Listings().decide([board(future)], NOW_MS)
    assert found == [ListExpiry(0, 1, DATES[0]), ListExpiry(0, 2, DATES[1]), *found[2:]]
    assert strikes_of(found) == [3_500, 3_250, 3_750, 3_000, 4_000]
    assert all(change.expiry_slot == 0 for change in found[2:] if isinstance(change, ListStrike))


def test_decide_date_goes_where_one_was_over_for_longest_and_nothing_is_left() -> None:
    past = [
        ListedDate(slot, NOW_MS // 1_000 - DAY * (slot + 1), slot == 15, ())
        for slot in range(EXPIRIES)
    ]
    held = date(14, NOW_MS // 1_000 - 99 * DAY, 3_000)
    found = Listings().decide([board(*past[:14], held, past[15])], NOW_MS)
    dates = [change for change in found if isinstance(change, ListExpiry)]
    assert [change.expiry_slot for change in dates] == [13, 12, 11]


def test_decide_lists_a_few_at_a_time_nearest_first_and_says_nothing_twice() -> None:
    dates = [date(slot, each) for slot, each in enumerate(DATES)]
    boards = [board(*dates), board(*dates, index=94_100 * USD, underlying=1, step=500 * USD)]
    listings, sent = Listings(), []
    for turn in range(3):
        found = listings.decide(boards, NOW_MS + turn)
        assert len(found) == (LISTING_LIMIT, 30 - LISTING_LIMIT, 0)[turn]
        sent += found
    assert strikes_of(sent)[:5] == [3_500, 3_400, 3_600, 3_300, 3_700]
    numbers = [change.series for change in sent if isinstance(change, ListStrike)]
    assert numbers == list(range(FIRST_OPTION, FIRST_OPTION + 60, 2))
    again = listings.decide(boards, NOW_MS + LISTING_RETRY_MS)
    assert set(again) == set(sent[:LISTING_LIMIT])


def test_decide_complete_board_is_left_alone_until_the_index_moves() -> None:
    near, far = [3_300, 3_400, 3_500, 3_600, 3_700], [3_000, 3_250, 3_500, 3_750, 4_000]
    dates = [
        date(slot, each, *strikes, first=FIRST_OPTION + 10 * slot)
        for slot, (each, strikes) in enumerate(zip(DATES, (near, near, far), strict=True))
    ]
    listings = Listings()
    assert listings.decide([board(*dates)], NOW_MS) == []
    moved = listings.decide([board(*dates, index=3_560 * USD)], NOW_MS)
    assert moved == [
        ListStrike(0, 0, 3_800 * USD, FIRST_OPTION + 30),
        ListStrike(0, 1, 3_800 * USD, FIRST_OPTION + 32),
    ]


def test_decide_date_is_full_at_the_bound_of_the_policy() -> None:
    strikes = range(5_000, 5_000 + 50 * POLICY.most_strikes, 50)
    dates = [date(slot, each, *strikes) for slot, each in enumerate(DATES)]
    assert Listings().decide([board(*dates)], NOW_MS) == []


def test_decide_without_a_free_number_lists_nothing_more() -> None:
    count = (SERIES_LIMIT - FIRST_OPTION) // 2
    elsewhere = [date(5, NOW_MS // 1_000 + DAY, *range(1, count))]
    boards = [board(*elsewhere, underlying=1, index=0), board(date(0, DATES[0]))]
    found = Listings().decide(boards, NOW_MS)
    numbers = [change.series for change in found if isinstance(change, ListStrike)]
    assert numbers == [SERIES_LIMIT - 2]


def test_decide_what_is_over_goes_orders_first_and_what_is_held_stays() -> None:
    over = date(3, NOW_MS // 1_000, 3_500, 3_600)
    held = over.strikes[1]._replace(is_unused=False)
    over = over._replace(strikes=[over.strikes[0], held], orders=[7, 8])
    found = Listings().decide([board(over)], NOW_MS)
    assert found[:3] == [Prune(7), Prune(8), DelistStrike(over.strikes[0].series)]
    assert not any(isinstance(change, DelistStrike) for change in found[3:])


def test_decide_date_that_is_near_gets_no_first_strike_but_follows_the_index() -> None:
    near_ms = DATES[0] * 1_000 - 3_600_000
    empty, listed = date(0, DATES[0]), date(0, DATES[0], 3_500)
    later = [date(slot, each) for slot, each in ((1, DATES[1]), (2, DATES[2]))]
    found = Listings().decide([board(empty, *later)], near_ms)
    assert not any(isinstance(change, ListStrike) and not change.expiry_slot for change in found)
    found = Listings().decide([board(listed, *later)], near_ms)
    near = [change for change in found if isinstance(change, ListStrike) and not change.expiry_slot]
    assert strikes_of([*near]) == [3_400, 3_600, 3_300, 3_700]


def test_decide_strike_of_a_date_that_is_about_to_end_stays() -> None:
    last = date(0, DATES[0], 9_000)
    old = [last.strikes[0]._replace(listed_ms=NOW_MS - 2_000 * DAY)]
    for left_ms, goes in ((LAST_LISTING_MS, False), (LAST_LISTING_MS + 1, True), (0, True)):
        now_ms = DATES[0] * 1_000 - left_ms
        found = Listings().decide([board(last._replace(strikes=old))], now_ms)
        assert (DelistStrike(FIRST_OPTION) in found) is goes


def test_decide_strike_that_nobody_wants_goes_after_a_day() -> None:
    far = date(0, DATES[2], 3_500, 9_000)
    day_ms = 1_000 * DAY
    for now_ms, index, goes in (
        (NOW_MS + day_ms - 1, 3_480 * USD, False),
        (NOW_MS + day_ms, 3_480 * USD, True),
        (NOW_MS + day_ms, 0, False),
    ):
        found = Listings().decide([board(far, index=index)], now_ms)
        gone = [change for change in found if isinstance(change, DelistStrike)]
        assert gone == [DelistStrike(far.strikes[1].series)] * goes
