"""How much portfolio margin can lack: `python -m tests.mathematics.margins [--write]`.

What an account would lose at the 40 points of a full revaluation (tests/property/option_world.py),
less its initial margin, per unit of the underlying that its options are on, long and short. Random
portfolios of 1 to 12 series first, then a climb from the worst of each world: a fixed seed, so the
same table on every machine.
"""

import argparse
import sys
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.property.option_world import HOURS, INDEX, LOTS_PER_UNIT, Series, draw_world

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "mathematics.md"
BEGIN: Final = "<!-- measured: make mathematics, margins -->\n"
END: Final = "<!-- end of the margins -->\n"
WORLDS: Final = 40
DRAWS: Final = 2_000
BOUNDS_PPM: Final = {
    24: 15_000,
    72: 15_000,
    168: 15_000,
    720: 65_000,
    2_160: 170_000,
    4_320: 280_000,
    8_760: 370_000,
}
"""What is stated to be lacking at most, by hours to the longest date; the others are nearer."""
MOST_SERIES: Final = 12
_MOST_LOTS: Final = 50
_CLIMB_STEPS: Final = 120
_NEIGHBOURS: Final = 64
_IM_PERCENT: Final = 102
_PPM: Final = 10**6

Lots = NDArray[np.int64]
Reals = NDArray[np.float64]


class Row(NamedTuple):
    """The worst that was found with dates up to `hours`, in millionths of the index.

    `inside_ppm` with no other volatilities than between the law's own shocks.
    """

    hours: int
    portfolios: int
    worst_ppm: int
    inside_ppm: int


class Market:
    """The series of a world as matrices; portfolios are rows of lots, one column a series."""

    def __init__(self, world: list[Series]) -> None:
        lots = [series.lot for series in world]
        self.world = world
        self.is_option = np.array([lot.is_option for lot in lots])
        self._gains = np.array([lot.gains for lot in lots], dtype=np.int64)
        self._full = np.array([series.full for series in world])
        self._charges = np.array([lot.charge for lot in lots], dtype=np.int64)
        self._deltas = np.zeros((len(lots), 8), dtype=np.int64)
        for place, lot in enumerate(lots):
            self._deltas[place, lot.bucket] = lot.delta

    def require(self, held: Lots) -> Lots:
        """Return the initial margin of portfolios without drift, µUSDC (M-5, M-13, M-14)."""
        short = np.minimum(held, 0)
        gains = held @ self._gains + short.sum(1)[:, None]
        deltas = np.where(self.is_option, short, held) @ self._deltas
        long_usdc = np.maximum(deltas, 0).sum(1)
        short_usdc = -np.minimum(deltas, 0).sum(1)
        hedged = np.minimum(long_usdc, short_usdc)
        net = np.abs(long_usdc - short_usdc)
        scan = np.maximum(0, -gains.min(1))
        scan = np.maximum(scan, -(-(20_000 * net + 10_000 * hedged) // _PPM))
        extra = -(-5_000 * hedged // _PPM) - short @ self._charges
        found: Lots = -(-(scan + extra) * _IM_PERCENT // 100)
        return found

    def lose(self, held: Lots) -> Reals:
        """Return the largest loss over the 40 points, µUSDC."""
        found: Reals = -(held @ self._full).min(1)
        return found

    def lack(self, held: Lots) -> Reals:
        """Return what the margin lacks per unit of options, as a part of the index."""
        units = (np.abs(held) * self.is_option).sum(1) / LOTS_PER_UNIT
        lacking = (self.lose(held) - self.require(held)) / (np.maximum(units, 1e-9) * INDEX)
        return np.where(units > 0, lacking, -1.0)

    def draw(self, rng: np.random.Generator) -> Lots:
        """Return random portfolios: any, one option, one date, hedged, and calendars."""
        count = len(self.world)
        held = np.zeros((DRAWS, count), dtype=np.int64)
        dates = np.array([series.terms.expiry_slot for series in self.world])
        options = np.flatnonzero(self.is_option)
        for row in held:
            kind = int(rng.integers(5))
            if kind == 0:
                chosen = rng.choice(count, int(rng.integers(1, MOST_SERIES + 1)), replace=False)
            elif kind == 1:
                chosen = rng.choice(options, 1)
            elif kind == 2:
                same = np.flatnonzero(dates == dates[rng.choice(options)])
                chosen = rng.choice(same, min(len(same), int(rng.integers(2, 7))), replace=False)
            else:
                chosen = rng.choice(options, int(rng.integers(2, 5)), replace=False)
            row[chosen] = rng.integers(-10, 11, len(chosen))
            if kind == 3:
                row[0] = rng.integers(-10, 11)
        return held

    def climb(self, held: Lots, rng: np.random.Generator) -> float:
        """Return the most that is lacking on a walk uphill from a portfolio."""
        best = float(self.lack(held[None])[0])
        for _ in range(_CLIMB_STEPS):
            near = np.repeat(held[None], _NEIGHBOURS, 0)
            for row in near:
                kept = np.flatnonzero(row)
                is_old = len(kept) > 0 and rng.random() < 0.6
                place = rng.choice(kept) if is_old else rng.integers(len(row))
                is_less = rng.random() < 0.2
                moved = 0 if is_less else row[place] + rng.integers(-5, 6)
                row[place] = np.clip(moved, -_MOST_LOTS, _MOST_LOTS)
            near = near[(near != 0).sum(1) <= MOST_SERIES]
            lacking = self.lack(near)
            top = int(lacking.argmax())
            if lacking[top] > best:
                best, held = float(lacking[top]), near[top]
        return best


def measure(hours: int, worlds: int = WORLDS) -> Row:
    """Return the worst over worlds whose longest date is `hours` away."""
    tried = worlds * (DRAWS + _CLIMB_STEPS * _NEIGHBOURS)
    worst, inside = (search(hours, worlds, inside=inside) for inside in (False, True))
    return Row(hours, tried, round(worst * _PPM), round(inside * _PPM))


def search(hours: int, worlds: int, *, inside: bool) -> float:
    """Return the worst that is lacking, as a part of the index."""
    rng, numbers = Random(hours), np.random.default_rng(hours)
    nearer = [known for known in HOURS if known < hours]
    worst = -1.0
    for _ in range(worlds):
        dates = (*sorted(rng.sample(nearer, min(3, len(nearer)))), hours)
        market = Market(draw_world(rng, dates, inside=inside))
        held = market.draw(numbers)
        start = held[int(market.lack(held).argmax())]
        worst = max(worst, market.climb(start, numbers))
    return worst


def table(rows: list[Row]) -> str:
    """Return the table as Markdown."""
    lines = [
        "| longest date | portfolios | worst that was found | bound | inside the shocks of V-14 |",
        "|---|---|---|---|---|",
    ]
    for hours, tried, worst_ppm, inside_ppm in rows:
        name = f"{hours // 24} days" if hours > 24 else f"{hours} hours"
        bound = BOUNDS_PPM[hours] / 10**4
        worst, inside = worst_ppm / 10**4, inside_ppm / 10**4
        lines.append(f"| {name} | {tried:,} | {worst:.2f} % | {bound:.1f} % | {inside:.2f} % |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Print the table; `--write` puts it into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(arguments)
    found = table([measure(hours) for hours in BOUNDS_PPM])
    print(found, end="")
    if options.write:
        before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
        PAGE.write_text(before + BEGIN + found + END + rest.partition(END)[2], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
