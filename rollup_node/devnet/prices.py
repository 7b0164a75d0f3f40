"""The market of the devnet: what every underlying costs at every time, the same for one seed.

A base (a seeded walk, or a recorded tape) and a script of shocks give the price; a `PriceSource`
is what publishers look at, and shows no newer price while the script says that the feed is stale.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, Protocol

from rollup_node.devnet.keys import PUBLISHERS
from rollup_node.devnet.price_script import BPS, PriceScript, Shock
from rollup_node.devnet.price_walk import ONE, exponential, log_return
from rollup_node.ports import InputError

PRICE_LIMIT: Final = 1 << 40
"""Prices in µUSDC for one unit of the underlying stay below this."""


@dataclass(frozen=True, slots=True)
class Underlying:
    """Something with a price.

    Attributes
    ----------
    number
        The exchange's number of it.
    first_usdc
        Price in µUSDC of one unit when the devnet begins.
    volatility_bps
        Standard deviation of a year's return in a market of usual activity.
    correlation_bps
        Correlation with the walk that all underlyings share.
    """

    number: int
    symbol: str
    first_usdc: int
    volatility_bps: int
    correlation_bps: int


UNDERLYINGS: Final = (
    Underlying(0, "ETH", 3_500_000_000, 12_000, 8_500),
    Underlying(1, "BTC", 95_000_000_000, 9_000, 9_500),
)


class Quote(NamedTuple):
    """A price in µUSDC and the time (ms) at which it was made."""

    price_usdc: int
    time_ms: int


class PriceSource(Protocol):
    """What a publisher looks at."""

    def quote_at(self, symbol: str, time_ms: int) -> Quote:
        """Return the newest quote at a time in ms; the same answer for the same question."""


class Base(Protocol):
    """Prices before the shocks; times in ms since the devnet began."""

    def quote_at(self, symbol: str, time_ms: int) -> Quote:
        """Return the newest quote at a time."""


@dataclass(frozen=True, slots=True)
class Walk:
    """The base that a seed gives."""

    seed: int
    activity_bps: int = BPS
    underlyings: Mapping[str, Underlying] = field(
        default_factory=lambda: {known.symbol: known for known in UNDERLYINGS}
    )

    def quote_at(self, symbol: str, time_ms: int) -> Quote:
        """Return the price at a time, made at that time.

        Raises
        ------
        InputError
            If there is no such underlying.
        """
        known = self.underlyings.get(symbol)
        if known is None:
            raise InputError(f"no underlying {symbol!r}: one of {', '.join(self.underlyings)}")
        volatility_bps = known.volatility_bps * self.activity_bps // BPS
        exponent = log_return(self.seed, symbol, time_ms, volatility_bps, known.correlation_bps)
        factor = exponential(min(max(exponent, -20 * ONE), 20 * ONE))
        return Quote(_in_range(known.first_usdc * factor // ONE), time_ms)


@dataclass(slots=True)
class PriceProcess:
    """A base with a script; `start_ms` is when, in unix ms, the devnet began."""

    base: Base
    script: PriceScript
    start_ms: int = 0

    def add(self, shocks: Iterable[Shock]) -> None:
        """Let more happen; what lies in the past changes past prices too."""
        found = sorted((*self.script.shocks, *shocks), key=lambda shock: shock.at_ms)
        self.script = replace(self.script, shocks=tuple(found))

    def price_at(self, symbol: str, time_ms: int) -> int:
        """Return the price in µUSDC of one unit, shocks included, at a unix time in ms."""
        return self._shocked(symbol, time_ms - self.start_ms).price_usdc

    def quote_at(self, symbol: str, time_ms: int) -> Quote:
        """Return what publishers see at a unix time in ms: an old quote while the feed is stale."""
        seen_ms = time_ms - self.start_ms
        for shock in reversed(self.script.shocks):
            if shock.kind == "stale" and shock.concerns(symbol) and shock.is_on(seen_ms):
                seen_ms = shock.at_ms
        price_usdc, made_ms = self._shocked(symbol, seen_ms)
        return Quote(price_usdc, made_ms + self.start_ms)

    def lie(self, symbol: str, publisher: int, time_ms: int, price_usdc: int) -> int | None:
        """Return what a publisher says in place of a price, `None` if it is honest now."""
        for shock in self.script.shocks:
            is_liar = shock.kind == "lie" and shock.publisher == publisher
            if is_liar and shock.concerns(symbol) and shock.is_on(time_ms - self.start_ms):
                return _in_range(price_usdc * (BPS + shock.size_bps) // BPS)
        return None

    def _shocked(self, symbol: str, time_ms: int) -> Quote:
        price_usdc, made_ms = self.base.quote_at(symbol, time_ms)
        for shock in self.script.shocks:
            if shock.concerns(symbol):
                part, whole = shock.strength(time_ms)
                price_usdc += price_usdc * shock.size_bps * part // (BPS * whole)
        return Quote(_in_range(price_usdc), made_ms)


def check_script(text: str, liar: str | None = None) -> str:
    """Return a script that can be read, in which one publisher lies always if it is named.

    Raises
    ------
    InputError
        If it cannot be read, or nobody has the liar's name.
    """
    if liar is not None:
        if liar not in PUBLISHERS:
            raise InputError(f"no publisher {liar!r}: one of {', '.join(PUBLISHERS)}")
        text = f"{text},lie:*@0s+5%:{liar}"
    PriceScript.parse(text).check_underlyings(known.symbol for known in UNDERLYINGS)
    return text


def make_process(
    text: str, seed: int, start_ms: int, underlyings: Sequence[Underlying] = UNDERLYINGS
) -> PriceProcess:
    """Return the market that a script's text and a seed describe.

    Raises
    ------
    InputError
        If the text cannot be read.
    """
    script = PriceScript.parse(text)
    known = {underlying.symbol: underlying for underlying in underlyings}
    script.check_underlyings(known)
    return PriceProcess(Walk(seed, script.activity_bps, known), script, start_ms)


def _in_range(price_usdc: int) -> int:
    return min(max(price_usdc, 1), PRICE_LIMIT - 1)
