"""What happens to prices on the devnet, as data: shocks, profiles, and how both are written.

A script is written as parts with commas between them: `NAME`, `NAME@60s` (a profile, its shocks
so much later), or a shock, `KIND:UNDERLYING@AT[SIZE][/DURATION][:PUBLISHER]`:

    calm,crash:ETH@10s-50%/60s,lie:*@1m+3%/30s:publisher-2
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal, Self, get_args

from rollup_node.devnet import keys
from rollup_node.ports import InputError

Kind = Literal["gap", "crash", "wick", "stale", "lie", "vol"]

EVERY: Final = "*"
"""Stands for every underlying."""
BPS: Final = 10_000
DEFAULT_PROFILE: Final = "default"
PUBLISHERS: Final = len(keys.PUBLISHERS)

_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_UNITS_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
_TIME: Final = r"[0-9]+(?:ms|s|m|h)"
_SHOCK: Final = re.compile(
    rf"(?P<underlying>[A-Z0-9]+|\*)@(?P<at>{_TIME})"
    r"(?:(?P<size>[+-][0-9]+(?:\.[0-9]+)?)(?P<unit>%|bps))?"
    rf"(?:/(?P<duration>{_TIME}))?(?::publisher-(?P<publisher>[0-9]+))?"
)
_PROFILE: Final = re.compile(rf"(?P<name>[a-z0-9-]+)(?:@(?P<at>{_TIME}))?")
_FORM: Final = "KIND:UNDERLYING@AT[SIZE][/DURATION], such as crash:ETH@10s-50%/60s"
_NEEDS: Final[dict[Kind, tuple[bool, bool]]] = {
    "gap": (True, False),
    "crash": (True, True),
    "wick": (True, True),
    "stale": (False, True),
    "lie": (True, False),
    "vol": (True, False),
}
"""Whether a kind needs a size, and a duration."""
_MAY_LAST: Final = ("crash", "wick", "stale", "lie", "vol")


@dataclass(frozen=True, slots=True)
class Shock:
    """One event; times in ms since the devnet began.

    Attributes
    ----------
    kind
        `gap`: the price is multiplied at once, for ever. `crash`: the same, evenly over the
        duration. `wick`: there and back within the duration. `stale`: publishers see nothing
        newer. `lie`: what one publisher says is multiplied, for the duration or, if that is 0,
        for ever. `vol`: the volatility of options is multiplied, evenly less over the duration
        or, if that is 0, for ever.
    underlying
        A symbol, or `EVERY`.
    size_bps
        What is added to the price or volatility, in 1/100 %; above -10,000.
    publisher
        Who lies.
    """

    kind: Kind
    underlying: str
    at_ms: int
    size_bps: int = 0
    duration_ms: int = 0
    publisher: int = PUBLISHERS - 1

    def concerns(self, symbol: str) -> bool:
        """Tell whether it happens to this underlying."""
        return self.underlying in {EVERY, symbol}

    def strength(self, time_ms: int) -> tuple[int, int]:
        """Return which part of `size_bps` is in the price at `time_ms`, as a fraction."""
        passed = time_ms - self.at_ms
        if passed < 0:
            return 0, 1
        if self.kind == "gap":
            return 1, 1
        if self.kind == "crash":
            return min(passed, self.duration_ms), self.duration_ms
        if self.kind == "wick" and passed < self.duration_ms:
            return min(passed, self.duration_ms - passed) * 2, self.duration_ms
        return 0, 1

    def panic(self, time_ms: int) -> tuple[int, int]:
        """Return which part of `size_bps` is in the volatility at `time_ms`, as a fraction."""
        passed = time_ms - self.at_ms
        if self.kind != "vol" or passed < 0:
            return 0, 1
        return (max(self.duration_ms - passed, 0), self.duration_ms) if self.duration_ms else (1, 1)

    def is_on(self, time_ms: int) -> bool:
        """Tell whether a stale feed or a lie lasts at `time_ms`."""
        passed = time_ms - self.at_ms
        forever = self.kind == "lie" and self.duration_ms == 0
        return passed >= 0 and (forever or passed < self.duration_ms)


@dataclass(frozen=True, slots=True)
class PriceScript:
    """How lively the market is (10,000 is as usual) and what happens to it."""

    activity_bps: int = BPS
    shocks: tuple[Shock, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a script; without a profile in it the market is as in `default`.

        Raises
        ------
        InputError
            If it cannot be read; the message names the part and what is wrong with it.
        """
        activities: list[int] = []
        shocks: list[Shock] = []
        for part in filter(None, (part.strip() for part in text.split(","))):
            if ":" in part:
                shocks.append(parse_shock(part))
            else:
                found = _parse_profile(part)
                activities.append(found.activity_bps)
                shocks += found.shocks
        if len(activities) > 1:
            raise InputError(f"price script {text!r}: names more than one profile")
        if not activities:
            activities = [PROFILES[DEFAULT_PROFILE].activity_bps]
        return cls(activities[0], tuple(sorted(shocks, key=lambda shock: shock.at_ms)))

    def with_liar(self, publisher: int, size_bps: int = 500) -> Self:
        """Return this script with one publisher that lies about everything, always."""
        lie = Shock("lie", EVERY, 0, size_bps, publisher=check_publisher(publisher))
        return replace(self, shocks=(lie, *self.shocks))

    def later(self, late_ms: int) -> Self:
        """Return this script with all its shocks so much later."""
        shocks = (replace(shock, at_ms=shock.at_ms + late_ms) for shock in self.shocks)
        return replace(self, shocks=tuple(shocks))

    def check_underlyings(self, symbols: Iterable[str]) -> None:
        """Refuse shocks to underlyings that do not exist.

        Raises
        ------
        InputError
            If there is one.
        """
        known = {*symbols, EVERY}
        for shock in self.shocks:
            if shock.underlying not in known:
                listed = ", ".join(sorted(known))
                raise InputError(f"no underlying {shock.underlying!r}: one of {listed}")


def parse_shock(text: str) -> Shock:
    """Read one shock.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    name, _, rest = text.partition(":")
    kind = next((kind for kind in _KINDS if kind == name), None)
    if kind is None:
        raise InputError(f"shock {text!r}: no kind {name!r}: one of {', '.join(_KINDS)}")
    found = _SHOCK.fullmatch(rest)
    if found is None:
        raise InputError(f"shock {text!r}: expected {_FORM}")
    _check_parts(text, kind, found)
    shock = Shock(kind, found["underlying"], parse_time(found["at"]), _size_bps(text, found))
    if found["duration"] is not None:
        shock = replace(shock, duration_ms=parse_time(found["duration"]))
    if found["publisher"] is not None:
        shock = replace(shock, publisher=check_publisher(int(found["publisher"])))
    if kind in {"crash", "wick", "stale"} and shock.duration_ms == 0:
        raise InputError(f"shock {text!r}: the duration must be longer than 0")
    return shock


def parse_time(text: str) -> int:
    """Return a time such as `500ms`, `10s`, `2m` or `1h` in ms.

    Raises
    ------
    InputError
        If it is none.
    """
    if not re.fullmatch(_TIME, text):
        raise InputError(f"not a time: {text!r}, expected such as 500ms, 10s, 2m or 1h")
    digits = text.rstrip("msh")
    return int(digits) * _UNITS_MS[text[len(digits) :]]


def check_publisher(number: int) -> int:
    """Return the number of a publisher.

    Raises
    ------
    InputError
        If there is no such publisher.
    """
    if not 0 <= number < PUBLISHERS:
        raise InputError(f"no publisher-{number}: there are publisher-0 to -{PUBLISHERS - 1}")
    return number


def _check_parts(text: str, kind: Kind, found: re.Match[str]) -> None:
    """Refuse a shock that lacks a part, or has one that its kind cannot use."""
    needs_size, needs_duration = _NEEDS[kind]
    if needs_size and found["size"] is None:
        raise InputError(f"shock {text!r}: {kind} needs a size, such as -50%")
    if not needs_size and found["size"] is not None:
        raise InputError(f"shock {text!r}: {kind} has no size")
    if needs_duration and found["duration"] is None:
        raise InputError(f"shock {text!r}: {kind} needs a duration, such as /60s")
    if kind not in _MAY_LAST and found["duration"] is not None:
        raise InputError(f"shock {text!r}: {kind} happens at once, without a duration")
    if kind != "lie" and found["publisher"] is not None:
        raise InputError(f"shock {text!r}: only a lie has a publisher")


def _size_bps(text: str, found: re.Match[str]) -> int:
    if found["size"] is None:
        return 0
    size = Decimal(found["size"]) * (100 if found["unit"] == "%" else 1)
    if size != size.to_integral_value() or size == 0:
        raise InputError(f"shock {text!r}: the size must be a whole number of bps, not 0")
    if not -BPS < size <= 100 * BPS:
        raise InputError(f"shock {text!r}: the size must be above -100% and at most 10000%")
    return int(size)


def _parse_profile(text: str) -> PriceScript:
    found = _PROFILE.fullmatch(text)
    if found is None or found["name"] not in PROFILES:
        known = ", ".join(PROFILES)
        raise InputError(f"no price profile {text!r}: one of {known}; or a shock, {_FORM}")
    return PROFILES[found["name"]].later(parse_time(found["at"]) if found["at"] else 0)


def _shocks(*texts: str) -> tuple[Shock, ...]:
    return tuple(parse_shock(text) for text in texts)


PROFILES: Final[dict[str, PriceScript]] = {
    "calm": PriceScript(activity_bps=2_500),
    "default": PriceScript(),
    # 12 March 2020: Bitcoin 7,900 to 3,900 within a day, in three legs, twelve minutes here.
    "march-2020": PriceScript(
        30_000,
        _shocks(
            "crash:*@30s-12%/2m",
            "crash:*@180s+4%/60s",
            "crash:*@270s-28%/3m",
            "crash:*@480s+6%/60s",
            "crash:*@570s-25%/2m",
            "wick:*@690s-10%/10s",
            "crash:*@720s+8%/3m",
            "vol:*@270s+40%/20m",
        ),
    ),
    "march-2020-60s": PriceScript(20_000, _shocks("crash:*@10s-50%/60s")),
    # 10 October 2025: leveraged longs cascade within 40 minutes, with a wick, and half comes back.
    "october-2025": PriceScript(
        25_000,
        _shocks(
            "crash:BTC@20s-13%/40s",
            "crash:ETH@20s-19%/40s",
            "wick:BTC@50s-8%/6s",
            "wick:ETH@50s-15%/6s",
            "crash:BTC@65s+7%/90s",
            "crash:ETH@65s+12%/90s",
            "vol:*@20s+30%/10m",
        ),
    ),
    # Half the price in a minute, in a straight line.
    "linear": PriceScript(0, _shocks("crash:*@10s-50%/60s")),
}
"""Markets by name."""
