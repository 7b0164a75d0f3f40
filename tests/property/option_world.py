"""One underlying with its perpetual, futures and options, each valued twice.

Once by the law: mark, delta and 32 gains of a lot in integers. Once in full, in floating point and
straight from the textbook: what a lot gains at 40 points, eight moves of the price from -70 % to
+500 % by five volatilities from half to double. A move counts as the law's tails do: wholly up to
the scan range, beyond it by 0.75 times the range through its size.
"""

from bisect import bisect_left
from math import erfc, exp, log, sqrt
from random import Random
from typing import Final, NamedTuple

from rollup_node.core.averages import NOTHING_KNOWN
from rollup_node.core.market_leaves import SeriesTerms
from rollup_node.core.option_leaves import SeriesRisk
from rollup_node.core.options_math import ONE
from rollup_node.core.portfolio import LotRisk, measure_lot
from rollup_node.core.scenarios import Valuation, shock_deviation, value_linear, value_strike
from rollup_node.core.surface import Smile, SurfaceNode, SurfaceReason, check_butterfly
from rollup_node.devnet.markets import MARKETS

INDEX: Final = 3_000 * 10**6
LOTS_PER_UNIT: Final = 100
SCAN_PPM: Final = 160_000
MOVES: Final = (-0.70, -0.30, -0.14, -0.06, 0.06, 0.14, 1.50, 5.00)
VOLATILITIES: Final = (0.5, 0.7, 1.0, 1.5, 2.0)
POINTS: Final = tuple((move, factor) for move in MOVES for factor in VOLATILITIES)
LOWEST: Final = 2_000
HIGHEST: Final = 10_000
"""Volatilities at the money, in basis points, for which bounds are stated: 20 % to 100 %."""
HOUR_MS: Final = 3_600_000
HOURS: Final = (1, 6, 24, 72, 168, 720, 2_160, 4_320, 8_760)
"""From a series that is nearly over to one of a year."""
PERPETUAL, FUTURE, CALL, PUT = 2, 3, 4, 5

_STEP: Final = 10 * 10**6
_YEAR_HOURS: Final = 8_760
_TERMS: Final = MARKETS[1].terms._replace(lots_per_unit=LOTS_PER_UNIT)


class Date(NamedTuple):
    """A settlement date: its place, hours until then, forward (µUSDC) and volatilities."""

    slot: int
    hours: int
    forward: int
    smile: Smile


class Series(NamedTuple):
    """A series; `full` is what a long lot gains at the 40 points, µUSDC, weights included."""

    terms: SeriesTerms
    mark: int
    risk: SeriesRisk
    full: tuple[float, ...]

    @property
    def is_option(self) -> bool:
        """Tell whether it is a call or a put."""
        return self.terms.kind >= CALL

    @property
    def lot(self) -> LotRisk:
        """Return what a lot adds to a risk leaf."""
        return measure_lot(self.terms, self.risk, INDEX)


def linear(date: Date | None = None) -> Series:
    """Return the perpetual, or the future of a date."""
    slot, forward = (0, INDEX) if date is None else (date.slot, date.forward)
    mark = forward // LOTS_PER_UNIT
    kind = PERPETUAL if date is None else FUTURE
    terms = _TERMS._replace(kind=kind, expiry_slot=slot)
    full = tuple(forward * move * weight_of(move) / LOTS_PER_UNIT for move, _ in POINTS)
    return Series(terms, mark, SeriesRisk(1, 10**6, value_linear(mark, 1, SCAN_PPM)), full)


def strike(date: Date, price: int, *, inside: bool = False) -> tuple[Series, Series]:
    """Return call and put at a strike in µUSDC per unit; `inside` as in `factors_of`."""
    points = tuple((move, factor) for move in MOVES for factor in factors_of(date, inside=inside))
    left_ms = date.hours * HOUR_MS
    valuation = Valuation(
        date.forward, price, LOTS_PER_UNIT, date.smile, left_ms, SCAN_PPM, NOTHING_KNOWN
    )
    spread = volatility_at(date, price) * sqrt(date.hours / _YEAR_HOURS)
    now = price_call(date.forward, price, spread)
    calls = tuple(
        price_call(date.forward * (1 + move), price, spread * factor) - now
        for move, factor in points
    )
    found = []
    for kind, moves in zip((CALL, PUT), value_strike(valuation), strict=True):
        terms = _TERMS._replace(kind=kind, expiry_slot=date.slot, strike=price)
        full = tuple(
            (gain - (kind == PUT) * date.forward * move) * weight_of(move) / LOTS_PER_UNIT
            for gain, (move, _) in zip(calls, points, strict=True)
        )
        found.append(Series(terms, moves.mark, SeriesRisk(1, moves.delta, moves.gains), full))
    return found[0], found[1]


def factors_of(date: Date, *, inside: bool) -> tuple[float, ...]:
    """Return what the volatility is multiplied by; `inside`: no more than the law does itself."""
    if not inside:
        return VOLATILITIES
    down, _, up = (part / ONE for part in shock_deviation(ONE, date.hours * HOUR_MS))
    return down, (1 + down) / 2, 1.0, (1 + up) / 2, up


def weight_of(move: float) -> float:
    """Return what part of a move counts."""
    scan = SCAN_PPM / 10**6
    return 1.0 if abs(move) <= scan else 0.75 * scan / abs(move)


def price_call(forward: float, price: float, spread: float) -> float:
    """Return a call by Black (1976) in floating point; `spread` is volatility * sqrt(time)."""
    place = log(forward / price) / spread + spread / 2
    return forward * _cdf(place) - price * _cdf(place - spread)


def volatility_at(date: Date, price: int) -> float:
    """Return the volatility of a strike: total variance is a straight line between nodes."""
    place, nodes = log(price / date.forward) * 10**6, date.smile
    number = bisect_left([node.moneyness for node in nodes], place)
    left, right = nodes[max(number - 1, 0)], nodes[min(number, len(nodes) - 1)]
    share = (place - left.moneyness) / (right.moneyness - left.moneyness) if left != right else 0
    return sqrt(left.volatility**2 * (1 - share) + right.volatility**2 * share) / 10**4


def draw_date(rng: Random, slot: int, hours: int, *, flat: bool) -> Date:
    """Return a date whose surface would be accepted."""
    drift = 0.03 * min(1.0, hours / 2_160)
    forward = round(INDEX * (1 + rng.uniform(-drift, drift)))
    middle = rng.randint(LOWEST, HIGHEST)
    span = max(0.05, min(1.5, 4 * middle / 10**4 * sqrt(hours / _YEAR_HOURS)))
    skew, wings = (0.0, 0.0) if flat else (rng.uniform(-0.4, 0.2), rng.uniform(0, 0.6))
    while True:
        nodes = tuple(
            SurfaceNode(round(span * x * 10**6), round(middle * (1 + skew * x + wings * x * x)))
            for x in (n / 15 for n in range(-15, 16, 2))
        )
        if check_butterfly(nodes, hours * HOUR_MS) is SurfaceReason.OK:
            return Date(slot, hours, forward, nodes)
        skew, wings = skew / 2, wings / 2


def draw_world(rng: Random, hours: tuple[int, ...], *, inside: bool = False) -> list[Series]:
    """Return a perpetual, and for each date its future and some twelve strikes, near and far.

    `inside` as in `factors_of`.
    """
    found = [linear()]
    flat = rng.random() < 0.3
    for slot, left in enumerate(hours):
        date = draw_date(rng, slot, left, flat=flat)
        spread = volatility_at(date, date.forward) * sqrt(left / _YEAR_HOURS)
        near = [exp(place * spread) for place in (-3, -1.5, -0.5, 0, 0.5, 1.5, 3)]
        ratios = (*near, 0.3, 0.6, 0.84, 1.16, 1.6, 2.5, 4)
        prices = {round(date.forward * ratio / _STEP) * _STEP for ratio in ratios}
        found.append(linear(date))
        for price in sorted(prices):
            if 0.29 <= price / date.forward <= 4.01:
                found += strike(date, price, inside=inside)
    return found


def _cdf(place: float) -> float:
    return erfc(-place / sqrt(2)) / 2
