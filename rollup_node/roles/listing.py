"""Which dates and strikes of options to list, and which to take off, by what the board lacks.

Anyone may list what the rules allow (docs/spec.md V-11, V-12); this is one who does it for a
modest board: the next day, Friday and month, and a few strikes around the index of each.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

from rollup_node.core.calendar import DAY_SECONDS, HOUR_OF_DAY_SECONDS, is_listing_date, month_of
from rollup_node.core.fixed_point import div_down, div_up, modulo
from rollup_node.core.inputs import DelistStrike, ListExpiry, ListStrike, Prune
from rollup_node.core.layout import EXPIRIES, FIRST_OPTION, SERIES_LIMIT, STRIKE_LIMIT
from rollup_node.core.listing import LAST_LISTING_MS, PPM, UNWANTED_MS

LISTING_LIMIT: Final = 16
"""So many records are sent in one turn; the rest follows in the next ones."""

LISTING_RETRY_MS: Final = 10_000
"""What was sent is sent again after this time: it was refused, or lost."""

_MS: Final = 1_000
_WEEK: Final = 7
_FRIDAY: Final = 1
"""1970-01-01 was a Thursday: day 1 was a Friday."""
_LOOK_AHEAD_DAYS: Final = 64
_NICE: Final = (1, 2, 5)


class Spacing(NamedTuple):
    """How far apart strikes are listed, at least, up to so many seconds before a date."""

    until_seconds: int
    apart_ppm: int


class ListingPolicy(NamedTuple):
    """How large the board is.

    Attributes
    ----------
    least_seconds
        A date that is nearer gets no first strike any more.
    strikes_each_side
        So many strikes on either side of the one next to the index.
    most_strikes
        A date gets no more of them, however far the index runs.
    spacings
        The first one that reaches to a date counts for it.
    """

    least_seconds: int = 14_400
    strikes_each_side: int = 2
    most_strikes: int = 24
    spacings: tuple[Spacing, ...] = (
        Spacing(4 * DAY_SECONDS, 20_000),
        Spacing(14 * DAY_SECONDS, 40_000),
        Spacing(366 * DAY_SECONDS, 80_000),
    )


VAULT_BOARD: Final = ListingPolicy(
    strikes_each_side=4,
    spacings=(Spacing(9 * DAY_SECONDS, 20_000), Spacing(366 * DAY_SECONDS, 80_000)),
)
"""Where vaults sell for a week: strikes so close that one has about the delta that they want."""


class ListedStrike(NamedTuple):
    """A strike on a board by its call: when it was listed, and if nobody holds or wants it."""

    series: int
    strike: int
    listed_ms: int
    is_unused: bool


class ListedDate(NamedTuple):
    """A place for a date, unix seconds (0: none). `is_taken`: a future is listed for it.

    `orders` are those that still rest on strikes of a date that is over.
    """

    expiry_slot: int
    expiry_at: int
    is_taken: bool
    strikes: Sequence[ListedStrike]
    orders: Sequence[int] = ()


class OptionBoard(NamedTuple):
    """The options of an underlying; prices in µUSDC per unit."""

    underlying: int
    index_price: int
    strike_step: int
    strike_range_ppm: int
    dates: Sequence[ListedDate]


Change: TypeAlias = Prune | DelistStrike | ListExpiry | ListStrike


class Listings:
    """Remembers what was sent, as long as it may be on its way."""

    def __init__(self, policy: ListingPolicy | None = None) -> None:
        self._policy = policy or ListingPolicy()
        self._again: dict[Change, int] = {}

    def decide(self, boards: Sequence[OptionBoard], now_ms: int) -> list[Change]:
        """Return what to send now: what is over goes first, then dates, then strikes."""
        self._again = {sent: at_ms for sent, at_ms in self._again.items() if at_ms > now_ms}
        numbers = _Numbers(boards, self._again)
        found: list[Change] = []
        for board in boards:
            found += find_over(board, now_ms, self._policy)
        for board in boards:
            found += find_dates(board, now_ms, self._policy)
        for board in boards:
            found += self._find_strikes(board, numbers, now_ms)
        due = [change for change in found if change not in self._again][:LISTING_LIMIT]
        self._again.update(dict.fromkeys(due, now_ms + LISTING_RETRY_MS))
        return due

    def _find_strikes(
        self, board: OptionBoard, numbers: "_Numbers", now_ms: int
    ) -> Iterable[ListStrike]:
        """Yield the strikes that dates lack, the nearest date first."""
        pending = {sent[:3] for sent in self._again if isinstance(sent, ListStrike)}
        room = STRIKE_LIMIT - sum(len(date.strikes) for date in board.dates)
        new = wanted_dates(now_ms, self._policy)
        for date in sorted(board.dates, key=lambda date: date.expiry_at):
            if not date.strikes and date.expiry_at not in new:
                continue
            known = {listed.strike for listed in date.strikes}
            for strike in wanted_strikes(board, date.expiry_at, now_ms, self._policy):
                wanted = board.underlying, date.expiry_slot, strike
                is_full = len(known) >= self._policy.most_strikes or room <= 0
                if strike in known or wanted in pending or is_full:
                    continue
                number = numbers.take()
                if number is None:
                    return
                known.add(strike)
                room -= 1
                yield ListStrike(*wanted, number)


class _Numbers:
    """Numbers of calls that no board has, and that were not sent lately, in ascending order."""

    def __init__(self, boards: Sequence[OptionBoard], sent: Iterable[Change]) -> None:
        self._used = {
            listed.series for board in boards for date in board.dates for listed in date.strikes
        }
        self._used.update(change.series for change in sent if isinstance(change, ListStrike))
        self._next = FIRST_OPTION

    def take(self) -> int | None:
        """Return the lowest one that is free, `None` if there is none left."""
        while self._next in self._used:
            self._next += 2
        if self._next >= SERIES_LIMIT:
            return None
        self._used.add(self._next)
        return self._next


def find_over(board: OptionBoard, now_ms: int, policy: ListingPolicy) -> Iterable[Change]:
    """Yield what takes strikes off: orders that can never trade, then strikes nobody has.

    A strike goes when its date is over, or a day after it was listed if others are wanted now.
    """
    for date in board.dates:
        is_over = date.expiry_at * _MS <= now_ms
        yield from (Prune(order) for order in date.orders)
        wanted = set(wanted_strikes(board, date.expiry_at, now_ms, policy))
        for listed in date.strikes:
            is_old = now_ms >= listed.listed_ms + UNWANTED_MS
            is_spare = is_old and wanted and listed.strike not in wanted
            if listed.is_unused and (is_over or is_spare):
                yield DelistStrike(listed.series)


def find_dates(board: OptionBoard, now_ms: int, policy: ListingPolicy) -> Iterable[ListExpiry]:
    """Yield the dates that no place has; each takes the place that was free for longest."""
    known = {date.expiry_at for date in board.dates}
    held = {date.expiry_slot for date in board.dates if _is_held(date, now_ms)}
    ended = {date.expiry_slot: date.expiry_at for date in board.dates}
    free = sorted(set(range(EXPIRIES)) - held, key=lambda slot: (ended.get(slot, 0), slot))
    missing = [at for at in wanted_dates(now_ms, policy) if at not in known]
    for expiry_at, slot in zip(missing, free, strict=False):
        yield ListExpiry(board.underlying, slot, expiry_at)


def _is_held(date: ListedDate, now_ms: int) -> bool:
    return date.expiry_at * _MS > now_ms or date.is_taken or bool(date.strikes)


def wanted_dates(now_ms: int, policy: ListingPolicy) -> list[int]:
    """Return the next date, the next Friday and the next last Friday of a month: unix seconds."""
    now_at = div_up(now_ms, _MS)
    first = div_up(now_at + policy.least_seconds - HOUR_OF_DAY_SECONDS, DAY_SECONDS)
    found: list[int] = []
    for is_kind in (_is_any, _is_friday, _is_last_friday):
        for day in range(first, first + _LOOK_AHEAD_DAYS):
            expiry_at = day * DAY_SECONDS + HOUR_OF_DAY_SECONDS
            if is_kind(day) and expiry_at not in found and is_listing_date(expiry_at, now_ms):
                found.append(expiry_at)
                break
    return found


def _is_any(_day: int) -> bool:
    return True


def _is_friday(day: int) -> bool:
    return modulo(day, _WEEK) == _FRIDAY


def _is_last_friday(day: int) -> bool:
    return _is_friday(day) and month_of(day + _WEEK) != month_of(day)


def wanted_strikes(
    board: OptionBoard, expiry_at: int, now_ms: int, policy: ListingPolicy
) -> list[int]:
    """Return the strikes that a date should have, the nearest to the index first.

    None without an index, in the last half hour, and for a date that is not one of options.
    """
    left_ms = expiry_at * _MS - now_ms
    is_near = left_ms <= LAST_LISTING_MS
    if not board.index_price or is_near or not is_listing_date(expiry_at, now_ms):
        return []
    apart_ppm = next(
        (each.apart_ppm for each in policy.spacings if left_ms <= each.until_seconds * _MS),
        policy.spacings[-1].apart_ppm,
    )
    apart = round_spacing(div_up(board.index_price * apart_ppm, PPM), board.strike_step)
    middle = div_down(2 * board.index_price + apart, 2 * apart)
    side = policy.strikes_each_side
    strikes = [number * apart for number in range(middle - side, middle + side + 1)]
    reach = board.index_price * board.strike_range_ppm
    ranked = sorted((abs(strike - board.index_price), strike) for strike in strikes)
    return [strike for away, strike in ranked if strike > 0 and away * PPM <= reach]


def round_spacing(wanted: int, step: int) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50, ... steps that is at least `wanted`."""
    scale = step
    while True:
        for nice in _NICE:
            if nice * scale >= wanted:
                return nice * scale
        scale *= 10
