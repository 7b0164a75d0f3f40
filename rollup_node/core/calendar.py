"""On which days options end: 08:00 UTC, the nearer the more often. Pure numbers, no clock.

Source: docs/spec.md V-11. Twin: contracts/src/core/Calendar.sol.
"""

from typing import Final

from rollup_node.core.fixed_point import div_down, modulo

DAY_SECONDS: Final = 86_400
HOUR_OF_DAY_SECONDS: Final = 28_800
DAILY_DAYS: Final = 3
WEEKLY_DAYS: Final = 28
MONTHLY_DAYS: Final = 92
QUARTERLY_DAYS: Final = 366
"""How far ahead dates are listed: every day, Fridays, last Fridays, those of a quarter."""

_WEEK: Final = 7
_FRIDAY: Final = 1
"""1970-01-01 was a Thursday: day 1 was a Friday."""


def is_listing_date(expiry_at: int, time_ms: int) -> bool:
    """Say whether options may be listed for a date (unix seconds) at `time_ms`."""
    if modulo(expiry_at, DAY_SECONDS) != HOUR_OF_DAY_SECONDS:
        return False
    ahead_ms = expiry_at * 1_000 - time_ms
    day = div_down(expiry_at, DAY_SECONDS)
    return 0 < ahead_ms <= _reach_days(day) * DAY_SECONDS * 1_000


def _reach_days(day: int) -> int:
    """Return how many days ahead a day is listed."""
    if modulo(day, _WEEK) != _FRIDAY:
        return DAILY_DAYS
    month = month_of(day)
    if month_of(day + _WEEK) == month:
        return WEEKLY_DAYS
    return QUARTERLY_DAYS if modulo(month, 3) == 0 else MONTHLY_DAYS


def month_of(day: int) -> int:
    """Return the month (1 to 12) of a day since 1970-01-01, `day >= 0`.

    Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`: years
    that begin on 1 March, in eras of 400 years.
    """
    of_era = modulo(day + 719_468, 146_097)
    leaps = div_down(of_era, 36_524) - div_down(of_era, 1_460) - div_down(of_era, 146_096)
    year = div_down(of_era + leaps, 365)
    of_year = of_era - (365 * year + div_down(year, 4) - div_down(year, 100))
    from_march = div_down(5 * of_year + 2, 153)
    return from_march + 3 if from_march < 10 else from_march - 9  # noqa: PLR2004 - January follows
