"""Vectors of the mathematics of options: words in, words out, negative ones in two's complement."""

import random
from typing import Any, Final

from rollup_node.core.surface import (
    Smile,
    check_butterfly,
    check_calendar,
    check_nodes,
    interpolate_variance,
)
from tests.options_points import (
    FUNCTIONS,
    Function,
    random_moneyness,
    random_point,
    random_smile,
    results,
)

_POINTS: Final = 40
_SURFACES: Final = 40
_WORD: Final = 1 << 256


def options() -> dict[str, Any]:
    """Return points of every function and surfaces with their reasons. Source: docs/spec.md F."""
    rng = random.Random(20_261_121)
    return {
        "functions": [_function(rng, function) for function in FUNCTIONS],
        "surfaces": [_surface(rng) for _ in range(_SURFACES)],
    }


def _function(rng: random.Random, function: Function) -> dict[str, Any]:
    points = [random_point(rng, function) for _ in range(_POINTS)]
    return {
        "name": function.name,
        "words": [_word(number) for point in points for number in point],
        "results": [_word(number) for point in points for number in results(function, point)],
    }


def _surface(rng: random.Random) -> dict[str, Any]:
    smile, later = random_smile(rng), random_smile(rng)
    times = [int(10 ** rng.uniform(6, 10.5)) for _ in range(2)]
    if rng.randrange(2):
        later, times = smile, sorted(times)
    places = [random_moneyness(rng, smile) for _ in range(4)]
    return {
        "smile": _numbers(smile),
        "later": _numbers(later),
        "times_ms": times,
        "places": [str(place) for place in places],
        "variances": [_word(interpolate_variance(smile, place)) for place in places],
        "reasons": [
            check_nodes(smile),
            check_butterfly(smile, times[0]),
            check_calendar(smile, times[0], later, times[1]),
        ],
    }


def _numbers(smile: Smile) -> list[int]:
    return [number for node in smile for number in node]


def _word(number: int) -> str:
    return f"{number % _WORD:#x}"
