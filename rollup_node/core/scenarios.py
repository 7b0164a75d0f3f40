"""What an option is worth, and what it and a linear series would gain in 32 scenarios.

A slot is a move of the forward and a volatility: slots 0 to 26 are nine moves from minus to plus
the scan range, each with the volatility down, as it is, and up; slots 27 to 31 are crashes and
rallies with the volatility up, of whose outcome only a part counts. Source: docs/spec.md V-14.
Twin: contracts/src/core/Scenarios.sol.
"""

from typing import Final, NamedTuple

from rollup_node.core.averages import ROUNDS, Average
from rollup_node.core.black76 import black76, compute_deviation, time_value
from rollup_node.core.fixed_point import div_down, div_to_zero
from rollup_node.core.options_math import WAD, natural_log
from rollup_node.core.surface import Smile, interpolate_variance

MOVES: Final = 4
"""So many moves up, as many down, and none: quarters of the scan range."""

TAILS_PPM: Final = (-660_000, -330_000, 500_000, 1_000_000, 5_000_000)
TAIL_WEIGHT_PPM: Final = 750_000
"""What counts of a tail: this part of the scan range divided by the size of the move."""

ATTO: Final = 10**12
"""A µUSDC in the unit of option prices, 1e-18 USDC."""

UP_PPM: Final = 500_000
DOWN_PPM: Final = 300_000
"""A month before its date an option is revalued with half more and with 30 % less volatility."""

LEAST_VARIANCE: Final = 16 * 10**34
"""A shocked-up volatility is at least 40 %: its square in units of 1e-36."""

_PPM: Final = 1_000_000
_HOUR_MS: Final = 3_600_000
_FACTORS_PPM: Final = (
    (48, 2_774_192),
    (72, 2_253_344),
    (96, 1_995_263),
    (120, 1_830_284),
    (168, 1_711_770),
    (240, 1_547_416),
    (336, 1_390_390),
    (504, 1_256_893),
    (720, 1_112_938),
    (1_080, 1_000_000),
    (1_440, 948_655),
    (2_160, 913_832),
    (4_320, 866_911),
    (8_760, 792_211),
)
"""Below so many hours a shock is so much larger: (30 / days)^0.30 under 30 days, else ^0.13.

Of the first day of each row, so never too small; one day at least.
"""
_LAST_FACTOR_PPM: Final = 722_650


class Moves(NamedTuple):
    """What one long lot of an option gains in each scenario (µUSDC, down), and its delta (ppm)."""

    mark: int
    delta: int
    gains: tuple[int, ...]


class Valuation(NamedTuple):
    """What a strike is valued by: forward and strike in µUSDC per unit, ms to the date.

    `average` is what is known of the price that call and put will be paid by.
    """

    forward: int
    strike: int
    lots_per_unit: int
    smile: Smile
    left_ms: int
    scan_ppm: int
    average: Average


def value_strike(valuation: Valuation) -> tuple[Moves, Moves]:
    """Return what call and put of a strike are worth per lot, and their gains.

    With `left` of the sixty rounds to come they are `left / 60` options on the forward, at the
    strike that the average of these rounds has to reach. A mark is rounded down and at least 1,
    which tells it from none. `forward` and `strike` are positive, `left_ms` is not negative.
    """
    forward, strike, lots, smile, left_ms, scan_ppm, (total, left) = valuation
    rest = strike * ROUNDS - total
    if rest <= 0 or left == 0:
        return _value_known(valuation, rest)
    forward, strike = forward * ATTO, div_down(rest * ATTO, left)
    parts = lots * ATTO * ROUNDS
    log_strike = natural_log(strike)
    variance = interpolate_variance(smile, log_strike - natural_log(forward))
    deviations = shock_deviation(compute_deviation(variance, left_ms), left_ms)
    now = black76(forward, strike, deviations[1])
    calls: list[int] = []
    puts: list[int] = []
    for move_ppm, weight_ppm, numbers in list_scenarios(scan_ppm):
        moved = div_down(forward * (_PPM + move_ppm), _PPM)
        low, distance = min(moved, strike), abs(natural_log(moved) - log_strike)
        for number in numbers:
            value = time_value(low, distance, deviations[number])
            call = value + max(0, moved - strike)
            put = value + max(0, strike - moved)
            calls.append(div_down((call - now.call) * weight_ppm * left, parts * _PPM))
            puts.append(div_down((put - now.put) * weight_ppm * left, parts * _PPM))
    deltas = [div_down(delta * left, ATTO * ROUNDS) for delta in (now.delta, now.delta - WAD)]
    call_moves = Moves(_mark(now.call * left, parts), deltas[0], tuple(calls))
    return call_moves, Moves(_mark(now.put * left, parts), deltas[1], tuple(puts))


def _value_known(valuation: Valuation, rest: int) -> tuple[Moves, Moves]:
    """Return the same where no round that is left can change who is in the money.

    `rest` µUSDC of sixty strikes are not reached yet: if none are, the call gains what the rounds
    that are left do and the put is worth nothing; without rounds that are left nothing moves.
    """
    forward, left = valuation.forward, valuation.average.left
    parts = valuation.lots_per_unit * ROUNDS
    worth = forward * left - rest
    gains = value_linear(forward * left, parts, valuation.scan_ppm)
    call = Moves(_mark(max(0, worth), parts), div_down(_PPM * left, ROUNDS), gains)
    return call, Moves(_mark(max(0, -worth), parts), 0, (0,) * len(gains))


def value_linear(worth: int, parts: int, scan_ppm: int) -> tuple[int, ...]:
    """Return what `worth / parts` µUSDC gain in each scenario, rounded down.

    They move as the forward does, whatever the volatility. Source: docs/spec.md V-5.
    """
    gains: list[int] = []
    for move_ppm, weight_ppm, numbers in list_scenarios(scan_ppm):
        gains += [div_down(worth * move_ppm * weight_ppm, parts * _PPM * _PPM)] * len(numbers)
    return tuple(gains)


def shock_deviation(deviation: int, left_ms: int) -> tuple[int, int, int]:
    """Return a deviation with the volatility down, as it is, and up, `left_ms` before the date.

    Rounded down; up at least that of a volatility of 40 %.
    """
    hours = div_down(left_ms, _HOUR_MS)
    factor = next((ppm for below, ppm in _FACTORS_PPM if hours < below), _LAST_FACTOR_PPM)
    down = div_down(deviation * (_PPM * _PPM - DOWN_PPM * factor), _PPM * _PPM)
    up = div_down(deviation * (_PPM * _PPM + UP_PPM * factor), _PPM * _PPM)
    return down, deviation, max(up, compute_deviation(LEAST_VARIANCE, left_ms))


def _mark(worth: int, parts: int) -> int:
    return max(1, div_down(worth, parts))


_ALL: Final = (0, 1, 2)
_UP: Final = (2,)


def list_scenarios(scan_ppm: int) -> list[tuple[int, int, tuple[int, ...]]]:
    """Return move, weight (ppm) and volatilities of all scenarios in the order of their slots."""
    found: list[tuple[int, int, tuple[int, ...]]] = [
        (div_to_zero(scan_ppm * step, MOVES), _PPM, _ALL) for step in range(-MOVES, MOVES + 1)
    ]
    for move in TAILS_PPM:
        weight = min(_PPM, div_down(TAIL_WEIGHT_PPM * scan_ppm, abs(move)))
        found.append((move, weight, _UP))
    return found
