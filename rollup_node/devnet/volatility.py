"""The volatilities of the devnet: a smile for every date, made of the scripted prices.

The level of now is the usual one of the market with what prices moved in the last hour on top: an
hour's squared moves count as those of a day. With the time to a date it falls back to the usual
level. Smiles are those of Gatheral and Jacquier (SSVI, "Arbitrage-free SVI volatility surfaces",
2014, theorems 4.1 and 4.2): one skew for all dates, total variance that only grows with time, and a
curvature below their bound; so neither butterflies nor calendars can be arbitraged.
"""

import functools
import math
from typing import Final, NamedTuple

from rollup_node.core.surface import Smile, SurfaceNode
from rollup_node.devnet.price_script import BPS
from rollup_node.devnet.price_walk import ONE, REMEMBERED, exponential
from rollup_node.devnet.prices import UNDERLYINGS, PriceProcess, Underlying

PPM: Final = 1_000_000
CELL_MS: Final = 30_000
CELLS: Final = 120
"""Moves are measured over so many spans of 30 s; the older one is, the less it counts."""
DAYS_PER_YEAR: Final = 365
YEAR_MS: Final = 31_536_000_000
FADING_MS: Final = 432_000_000
"""What the level is above the usual one has fallen to 1/e of it after five days."""

LEAST_PPM: Final = 200_000
MOST_USUAL_PPM: Final = 1_500_000
MOST_PPM: Final = 2_500_000
"""Levels: a market without moves has 20 %, its usual one is at most 150 %, panic ends at 250 %."""

SKEW: Final = -ONE >> 2
"""The correlation of price and volatility: -1/4."""
CURVATURE: Final = 6 * ONE // 10
LEAST_DEVIATION: Final = 8 * ONE // 100
"""Smiles of dates with a smaller deviation have the curvature of this one."""

MONEYNESS: Final = (
    *(-1_200_000, -800_000, -500_000, -300_000, -200_000, -100_000, -50_000, -20_000),
    *(0, 20_000, 50_000, 100_000, 200_000, 300_000, 500_000, 800_000),
)
"""Nodes of every date, in 1e-6: so the order of dates at the nodes is that between them too."""


class Level(NamedTuple):
    """Yearly volatility in ppm: of now, and the one that it falls back to."""

    now_ppm: int
    usual_ppm: int

    def scaled(self, factor_ppm: int) -> "Level":
        """Return this level times a factor, within the bounds."""
        return Level(*(min(max(each * factor_ppm // PPM, 1), MOST_PPM) for each in self))


class VolatilityProcess:
    """The volatility of a market with a script; times are unix ms."""

    def __init__(
        self, process: PriceProcess, underlyings: tuple[Underlying, ...] = UNDERLYINGS
    ) -> None:
        self._process = process
        self._known = {known.symbol: known for known in underlyings}
        self._script = process.script
        self._squares: dict[tuple[str, int], int] = {}

    def level_at(self, symbol: str, time_ms: int) -> Level:
        """Return the level at a time; the same answer for the same question."""
        script = self._process.script
        usual_bps = self._known[symbol].volatility_bps * script.activity_bps // BPS
        usual_ppm = min(max(usual_bps * (PPM // BPS), LEAST_PPM), MOST_USUAL_PPM)
        usual = usual_ppm * ONE // PPM
        variance = (usual * usual >> 32) + DAYS_PER_YEAR * self._realised(symbol, time_ms)
        level = Level(min(math.isqrt(variance << 32) * PPM // ONE, MOST_PPM), usual_ppm)
        passed_ms = time_ms - self._process.start_ms
        for shock in script.shocks:
            if shock.concerns(symbol):
                part, whole = shock.panic(passed_ms)
                level = level.scaled(PPM + shock.size_bps * (PPM // BPS) * part // whole)
        return level

    def _realised(self, symbol: str, time_ms: int) -> int:
        """Return the weighted sum of squared moves of the last hour, fixed point."""
        if self._process.script is not self._script:
            self._script = self._process.script
            self._squares.clear()
        cell = (time_ms - self._process.start_ms) // CELL_MS
        total = CELLS * self._square(symbol, cell, time_ms)
        for age in range(1, CELLS):
            key = symbol, cell - age
            if key not in self._squares:
                self._squares[key] = self._square(symbol, cell - age, time_ms)
            total += (CELLS - age) * self._squares[key]
        self._squares.pop((symbol, cell - CELLS), None)
        return total // CELLS

    def _square(self, symbol: str, cell: int, time_ms: int) -> int:
        """Return the squared move over a span, as far as it has come, fixed point."""
        first_ms = self._process.start_ms + cell * CELL_MS
        before = self._process.price_at(symbol, first_ms)
        after = self._process.price_at(symbol, min(first_ms + CELL_MS, time_ms))
        move = (after - before) * ONE // before
        return move * move >> 32


@functools.lru_cache(REMEMBERED)
def make_smile(level: Level, left_ms: int) -> Smile:
    """Return the smile of a date `left_ms` (positive) ahead."""
    mean = _mean_variance(level, left_ms)
    deviation = max(math.isqrt((mean * left_ms // YEAR_MS) << 32), LEAST_DEVIATION)
    total = deviation * deviation >> 32
    bend = CURVATURE * ONE // math.isqrt(total * (ONE + total))
    rest = ONE * ONE - SKEW * SKEW
    nodes = []
    for moneyness in MONEYNESS:
        place = bend * moneyness // PPM
        root = math.isqrt((place + SKEW) ** 2 + rest)
        share = (ONE + (SKEW * place >> 32) + root) >> 1
        nodes.append(SurfaceNode(moneyness, _in_units(mean * share >> 32)))
    return tuple(nodes)


def _mean_variance(level: Level, left_ms: int) -> int:
    """Return the mean variance of a year until a date, fixed point."""
    now, usual = (each * each * ONE // (PPM * PPM) for each in level)
    passed = left_ms * ONE // FADING_MS
    if passed < ONE >> 10:
        part = ONE - (passed >> 1)
    else:
        part = (ONE - exponential(-min(passed, 20 * ONE))) * ONE // passed
    return usual + ((now - usual) * part >> 32)


def _in_units(variance: int) -> int:
    """Return the volatility of a variance (fixed point) in 1e-4, to the nearest."""
    volatility = math.isqrt(variance << 32)
    return max(1, (volatility * BPS + (ONE >> 1)) >> 32)
