"""Portfolio margin as the specification says it, position by position in exact fractions."""

from collections.abc import Iterable
from fractions import Fraction
from math import ceil, floor
from typing import Any, Final, NamedTuple

EXPIRED: Final = 3
SETTLED: Final = 4
PERPETUAL: Final = 2
CALL: Final = 4
_MILLION: Final = 10**6


class Held(NamedTuple):
    """A position: its lots, the leaves of its series, and the reference of its underlying."""

    lots: int
    terms: Any
    state: Any
    risk: Any
    reference: int


def sum_risk(positions: Iterable[Held]) -> tuple[list[int], list[int], int]:
    """Return gains, deltas and charge of positions in one underlying. Source: M-13."""
    gains, deltas, charge = [0] * 32, [0] * 8, 0
    for lots, terms, state, risk, reference in positions:
        if state.status == SETTLED:
            continue
        for slot, gain in enumerate(risk.gains):
            gained = lots * gain if lots > 0 else -abs(lots) * (gain + 1)
            gains[slot] += min(0, gained) if state.status == EXPIRED else gained
        unit = Fraction(reference, _MILLION * terms.lots_per_unit)
        is_option = terms.kind >= CALL
        if not is_option or lots < 0:
            bucket = 0 if terms.kind == PERPETUAL else 1 + terms.expiry_slot % 7
            bound = 2**31 - 1
            deltas[bucket] += lots * max(-bound, min(floor(risk.delta * unit), bound))
        if is_option and lots < 0:
            charge += -lots * ceil(5_000 * unit)
    return gains, deltas, charge


def require(gains: list[int], deltas: list[int], charge: int) -> tuple[int, int]:
    """Return what such a row requires, initially and in maintenance. Source: M-14."""
    worst = max(0, *(-gain for gain in gains))
    long, short = sum(max(0, each) for each in deltas), sum(max(0, -each) for each in deltas)
    net, hedged = abs(long - short), min(long, short)
    scan = max(worst, ceil(Fraction(2 * net + hedged, 100)))
    extra = ceil(Fraction(5 * hedged, 1_000)) + charge
    return scan + extra, ceil(Fraction(4 * scan, 5)) + ceil(Fraction(3 * extra, 5))
