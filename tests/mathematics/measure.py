"""The error table of docs/mathematics.md: `python -m tests.mathematics.measure [--write]`.

Every row compares the code with the 50-digit reference on many points, from fixed seeds and so the
same on every machine: 100,000 for exp, ln, N and prices. The gas is what forge measured,
contracts/snapshots/options.json.
"""

import argparse
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from mpmath import mp

from rollup_node.core import options_math as om
from rollup_node.core.black76 import MAX_PRICE, black76, compute_deviation
from tests.mathematics import reference

POINTS: Final = 100_000
FEWER_POINTS: Final = 20_000
ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "mathematics.md"
GAS: Final = ROOT / "contracts" / "snapshots" / "options.json"
BEGIN: Final = "<!-- measured: make mathematics -->\n"
END: Final = "<!-- end of what is measured -->\n"
_WAD: Final = om.WAD
_LARGEST_STEP: Final = 8 * _WAD
_EDGE: Final = 12 * _WAD


class Row(NamedTuple):
    """The largest errors of a function; absolute ones where the result is at most 1.

    `relative` counts where the result is at least 0.001: below, half a unit of 1e-18 is more.
    `absolute` and `relative` are plain numbers, None where a row has no such column.
    """

    name: str
    points: int
    absolute: Any
    relative: Any


class Worst:
    """The largest errors so far."""

    def __init__(self, name: str) -> None:
        self.name, self.points = name, 0
        self.absolute, self.relative = mp.mpf(0), mp.mpf(0)

    def add(self, result: Any, exact: Any) -> None:
        """Count a result beside the exact one, both real numbers."""
        self.points += 1
        error = abs(result - exact)
        size = abs(exact)
        if size <= 1 and error > self.absolute:
            self.absolute = error
        if size >= mp.mpf("0.001") and error > self.relative * size:
            self.relative = error / size

    def row(self) -> Row:
        """Return what was found."""
        return Row(self.name, self.points, self.absolute, self.relative)


def rows() -> list[Row]:
    """Return the whole table."""
    with mp.workdps(reference.DIGITS):
        return [
            measure_exp(),
            measure_ln(),
            *measure_normal_and_black76(),
            measure_pdf(),
            measure_deviation(),
            measure_delta(),
        ]


def measure_exp() -> Row:
    """Measure exp_wad on [-45, 100], more densely about 0, and where its branches meet."""
    rng, worst = random.Random(1), Worst("exp_wad")
    for place in _exp_seams():
        worst.add(reference.wad(om.exp_wad(place)), mp.exp(reference.wad(place)))
    for number in range(POINTS):
        high = 100 * _WAD if number & 1 else _WAD
        place = rng.randrange(-45 * _WAD if number & 1 else -7 * _WAD, high)
        worst.add(reference.wad(om.exp_wad(place)), mp.exp(reference.wad(place)))
    return worst.row()


def measure_ln() -> Row:
    """Measure ln_wad from 1e-18 to 2^256 - 1, near 1, and where its branches meet."""
    rng, worst = random.Random(2), Worst("ln_wad")
    for value in _ln_seams():
        worst.add(reference.wad(om.ln_wad(value)), mp.log(reference.wad(value)))
    for number in range(POINTS):
        if number & 1:
            value = rng.getrandbits(rng.randrange(1, 257)) or 1
        else:
            value = _WAD + rng.randrange(-1, 2) * int(10 ** rng.uniform(0, 17.9))
        worst.add(reference.wad(om.ln_wad(value)), mp.log(reference.wad(value)))
    return worst.row()


def measure_pdf() -> Row:
    """Measure normal_pdf on [-12, 12]."""
    rng, worst = random.Random(3), Worst("normal_pdf")
    for _ in range(FEWER_POINTS):
        place = rng.randrange(-_EDGE, _EDGE)
        worst.add(reference.wad(om.normal_pdf(place)), reference.normal_pdf(reference.wad(place)))
    return worst.row()


def measure_normal_and_black76() -> tuple[Row, Row]:
    """Measure normal_cdf and the price on one walk over [-12, 12], whose steps are deviations.

    Each place and its mirror are points of N; each two places near each other are d1 and d2 of an
    option, because d1 - d2 = deviation and ln(forward / strike) = deviation * (d1 + d2) / 2. So the
    exact price is forward * N(d1) - strike * N(d2) without new values of N, and rounding the strike
    to an integer moves it in the second order only. Errors of prices are relative to the forward.
    """
    rng = random.Random(4)
    cdf, price = Worst("normal_cdf"), Worst("black76, price / forward")
    for place in _cdf_seams():
        cdf.add(
            reference.wad(om.normal_cdf(place)),
            reference.normal_cdf(reference.wad(place)),
        )
    walk = [(0, mp.mpf(1) / 2)] * 2
    while price.points < POINTS:
        step = min(int(10 ** rng.uniform(-4, 0.91) * _WAD), _LARGEST_STEP)
        last = walk[-1][0]
        place = last + step if last + step <= _EDGE and rng.random() < 0.5 else last - step
        if place < -_EDGE:
            place = last + step
        value = reference.normal_cdf(reference.wad(place))
        cdf.add(reference.wad(om.normal_cdf(place)), value)
        cdf.add(reference.wad(om.normal_cdf(-place)), 1 - value)
        here = place, value
        for other in walk:
            _add_price(rng, price, max(here, other), min(here, other))
        walk = [walk[-1], here]
    return cdf.row(), price.row()._replace(relative=None)


def _add_price(
    rng: random.Random, worst: Worst, first: tuple[int, Any], second: tuple[int, Any]
) -> None:
    (d1, n1), (d2, n2) = first, second
    spread = reference.wad(d1 - d2)
    logarithm = spread * reference.wad(d1 + d2) / 2
    if not 0 < d1 - d2 <= _LARGEST_STEP or abs(logarithm) > 19:
        return
    high = int(10 ** rng.uniform(18.1 + abs(float(logarithm)) / 2.302, 26.4)) + rng.getrandbits(50)
    low = int(mp.nint(high * mp.exp(-abs(logarithm))))
    forward, strike = (high, low) if logarithm > 0 else (low, high)
    quote = black76(forward, strike, int(mp.floor(spread * om.ONE)))
    exact = forward * n1 - strike * n2
    worst.add(mp.mpf(quote.call) / forward, exact / forward)


def measure_deviation() -> Row:
    """Measure compute_deviation for volatilities of 1 % to 1,000 % and 1 ms to 30 years."""
    rng, worst = random.Random(5), Worst("compute_deviation")
    for _ in range(FEWER_POINTS):
        volatility = int(10 ** rng.uniform(-2, 1) * _WAD)
        time_ms = int(10 ** rng.uniform(0, 11.9))
        exact = reference.deviation(reference.wad(volatility), time_ms)
        if exact < 8:
            result = compute_deviation(volatility * volatility, time_ms)
            worst.add(mp.mpf(result) / om.ONE, exact)
    return worst.row()


def measure_delta() -> Row:
    """Measure the delta for volatilities of 1 % to 1,000 % and a second to three years."""
    rng, worst = random.Random(6), Worst("black76, delta")
    for _ in range(FEWER_POINTS):
        volatility = int(10 ** rng.uniform(-2, 1) * _WAD)
        time_ms = int(10 ** rng.uniform(3, 10.97))
        spread = reference.deviation(reference.wad(volatility), time_ms)
        forward = int(10 ** rng.uniform(18, 24))
        strike = int(forward * mp.exp(spread * rng.gauss(0, 2))) + 1
        if spread < 8 and strike <= MAX_PRICE:
            quote = black76(forward, strike, compute_deviation(volatility * volatility, time_ms))
            worst.add(reference.wad(quote.delta), reference.call_delta(forward, strike, spread))
    return worst.row()


def _exp_seams() -> Iterator[int]:
    """Yield neighbours of the places where the number of halvings changes."""
    for number in range(-60, 144):
        middle = int((number + mp.mpf(1) / 2) * mp.log(2) * _WAD)
        yield from range(middle - 3, middle + 4)


def _ln_seams() -> Iterator[int]:
    """Yield neighbours of the powers of two and of their middles in logarithm, and of 1."""
    for power in range(1, 256):
        for middle in (1 << power, int(mp.sqrt(2) * (1 << power))):
            yield from range(max(middle - 3, 1), middle + 4)
    yield from range(_WAD - 50, _WAD + 51)


def _cdf_seams() -> Iterator[int]:
    """Yield neighbours of 0, of the ends, and of where the exponential changes its halvings."""
    for number in range(104):
        middle = int(mp.sqrt((2 * number + 1) * mp.log(2)) * _WAD)
        for side in (middle, -middle):
            yield from range(side - 3, side + 4)
    for middle in (0, _EDGE, -_EDGE):
        yield from range(middle - 3, middle + 4)


def table(measured: list[Row]) -> str:
    """Return the table of errors and that of gas as Markdown."""
    lines = [
        "| function | points | largest error, result at most 1 | relative, at least 0.001 |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {row.name} | {row.points:,} | {_number(row.absolute)} | {_number(row.relative)} |"
        for row in measured
    ]
    lines += ["", "| Solidity | gas |", "|---|---|"]
    gas = json.loads(GAS.read_text("utf-8"))
    lines += [f"| {name} | {int(units):,} |" for name, units in gas.items()]
    return "\n".join(lines) + "\n"


def _number(value: Any) -> str:
    return "-" if value is None else mp.nstr(value, 2, min_fixed=1, max_fixed=0)


def page(measured: list[Row]) -> str:
    """Return docs/mathematics.md with the tables in it."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    return before + BEGIN + table(measured) + END + rest.partition(END)[2]


def main(arguments: list[str] | None = None) -> int:
    """Print the tables; `--write` puts them into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(arguments)
    measured = rows()
    print(table(measured), end="")
    if options.write:
        PAGE.write_text(page(measured), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
