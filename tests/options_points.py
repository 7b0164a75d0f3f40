"""Arguments for the mathematics of options: sensible ones and any word; what Python answers."""

import random
from collections.abc import Callable
from typing import Final, NamedTuple

from rollup_node.core import black76, options_math
from rollup_node.core.black76 import MAX_DEVIATION, MAX_PRICE, compute_deviation
from rollup_node.core.fixed_point import div_down
from rollup_node.core.options_math import ONE, WAD, natural_log
from rollup_node.core.surface import Smile, SurfaceNode

_EDGES: Final = (
    *(0, 1, 2, WAD - 1, WAD, WAD + 1, 12 * WAD, 12 * WAD + 1, 100 * WAD, 100 * WAD + 1),
    *(ONE - 1, ONE, ONE + 1, MAX_PRICE, MAX_PRICE + 1, MAX_DEVIATION, MAX_DEVIATION + 1),
    *((1 << bits) + off for bits in (40, 64, 119, 128, 192, 255) for off in (-1, 0, 1)),
    (1 << 256) - 1,
)


class Function(NamedTuple):
    """A function of both twins: `signed` says which arguments may be negative."""

    name: str
    signed: tuple[bool, ...]
    evaluate: Callable[..., int | tuple[int, ...]]


def _log_ratio(left: int, right: int) -> int:
    return natural_log(left) - natural_log(right)


def _quote(forward: int, strike: int, variance: int, time_ms: int) -> tuple[int, ...]:
    return black76.black76(forward, strike, compute_deviation(variance, time_ms))


FUNCTIONS: Final = (
    Function("exp_wad", (True,), options_math.exp_wad),
    Function("ln_wad", (False,), options_math.ln_wad),
    Function("sqrt_wad", (False,), options_math.sqrt_wad),
    Function("normal_cdf", (True,), options_math.normal_cdf),
    Function("normal_pdf", (True,), options_math.normal_pdf),
    Function("compute_deviation", (False, False), compute_deviation),
    Function("log_ratio", (False, False), _log_ratio),
    Function("time_value", (False, False, False), black76.time_value),
    Function("evaluate", (False, False, True, False), black76.evaluate),
    Function("black76", (False, False, False, False), _quote),
)
"""By the numbers that contracts/test/mocks/OptionsBoard.sol gives them; `black76` takes a variance
and a time instead of a deviation."""


def results(function: Function, point: tuple[int, ...]) -> tuple[int, ...]:
    """Return what the Python twin answers, as a tuple."""
    answer = function.evaluate(*point)
    return answer if isinstance(answer, tuple) else (answer,)


def random_point(rng: random.Random, function: Function) -> tuple[int, ...]:
    """Return arguments: a market's, or for one in three any words."""
    if rng.randrange(3) == 0:
        return tuple(any_word(rng, is_signed=is_signed) for is_signed in function.signed)
    forward = int(10 ** rng.uniform(0, 26.4))
    volatility = int(10 ** rng.uniform(-3, 1.2) * WAD)
    time_ms = int(10 ** rng.uniform(0, 12))
    deviation = compute_deviation(volatility * volatility, time_ms)
    strike = min(forward * int(2 ** (20 + rng.gauss(0, 4) * deviation / ONE)) >> 20, MAX_PRICE)
    log_ratio = _log_ratio(forward, strike)
    return {
        "exp_wad": (int(rng.uniform(-50, 101) * WAD),),
        "ln_wad": (int(10 ** rng.uniform(0, 77)),),
        "sqrt_wad": (int(10 ** rng.uniform(0, 57)),),
        "normal_cdf": (int(rng.uniform(-13, 13) * WAD),),
        "normal_pdf": (int(rng.uniform(-13, 13) * WAD),),
        "compute_deviation": (volatility * volatility, time_ms),
        "log_ratio": (forward, strike),
        "time_value": (min(forward, strike), abs(log_ratio), deviation),
        "evaluate": (forward, strike, log_ratio, deviation),
        "black76": (forward, strike, volatility * volatility, time_ms),
    }[function.name]


def any_word(rng: random.Random, *, is_signed: bool) -> int:
    """Return a word of any size, or one at an edge."""
    word = rng.choice(_EDGES) if rng.randrange(2) else rng.getrandbits(rng.randrange(1, 257))
    if not is_signed:
        return word
    word &= (1 << 255) - 1
    return rng.choice((word, -word, ~word))


def random_smile(rng: random.Random) -> Smile:
    """Return a plausible smile, sometimes with an arbitrage, sometimes with nodes of any kind."""
    if rng.randrange(4) == 0:
        return tuple(
            SurfaceNode(rng.randrange(-(1 << 23), 1 << 23), rng.getrandbits(rng.randrange(17)))
            for _ in range(rng.randrange(19))
        )
    count = rng.randrange(1, 17)
    places = sorted(rng.sample(range(-1_500, 1_500), count))
    base, skew, curve = rng.randrange(500, 30_000), rng.randrange(-3, 4), rng.randrange(8)
    bump = rng.choice((0, 0, 50, 2_000))
    return tuple(
        SurfaceNode(
            1_000 * place,
            min(
                max(base + skew * place + (curve * place * place >> 9) + rng.randint(0, bump), 1),
                65_535,
            ),
        )
        for place in places
    )


def random_moneyness(rng: random.Random, smile: Smile) -> int:
    """Return a moneyness in units of 2^-112: at a node, beside one, between them, or any."""
    node = rng.choice(smile) if smile else SurfaceNode(0, 0)
    place = div_down(node.moneyness << 112, 1_000_000)
    return rng.choice(
        (
            place,
            place + 1,
            place - 1,
            place + rng.randrange(-ONE, ONE),
            any_word(rng, is_signed=True),
        )
    )
