"""The coefficients of options_math in both twins, computed anew: `python -m ...` prints them.

Every fit interpolates at Chebyshev-Lobatto points, which include both ends of its range: so the
error is near the least possible, and where two branches of a function meet both are exact, which
keeps them monotone there. 90 digits.
"""

from collections.abc import Callable
from typing import Any, Final

from mpmath import mp

SCALE: Final = 112
POLYNOMIAL_SCALE: Final = 100
TAIL_END: Final = 20
"""The largest argument of the scaled tail: 12 + 8, the cut and the largest deviation."""
TAIL_DEGREE: Final = 10
EXP_DEGREE: Final = 7
LN_DEGREE: Final = 9
_DIGITS: Final = 90
_YEAR_MS: Final = 31_536_000_000


def coefficients() -> dict[str, int]:
    """Return every number that the code writes down, by the name it has in both twins."""
    with mp.workdps(_DIGITS):
        half = mp.log(2) / 2
        edge = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)
        numerator, denominator = _fit_tail()
        return {
            "LN2": _scaled(mp.log(2), SCALE),
            "LOG2E": _scaled(1 / mp.log(2), SCALE),
            "SQRT2": _scaled(mp.sqrt(2), SCALE),
            "LN_WAD": _scaled(mp.log(10**18), SCALE),
            "INV_SQRT_2PI": _scaled(1 / mp.sqrt(2 * mp.pi), SCALE),
            "PER_MS": int(mp.floor(mp.mpf(2) ** 240 / (mp.mpf(10) ** 36 * _YEAR_MS))),
            **_named("C", _fit(_coth, half**2, EXP_DEGREE), SCALE),
            **_named("A", _fit(_artanh, edge**2, LN_DEGREE), SCALE),
            **_named("P", numerator, POLYNOMIAL_SCALE),
            **_named("Q", denominator, POLYNOMIAL_SCALE),
        }


def scaled_tail(x: Any) -> Any:
    """Return exp(x^2 / 2) * N(-x)."""
    return mp.exp(x * x / 2) * mp.erfc(x / mp.sqrt(2)) / 2


def _coth(square: Any) -> Any:
    """Return r * coth(r / 2) at r^2: with it, exp(r) = (c + r) / (c - r)."""
    r = mp.sqrt(square)
    return r / mp.tanh(r / 2) if r else mp.mpf(2)


def _artanh(square: Any) -> Any:
    """Return 2 * artanh(z) / z at z^2: ln((1 + z) / (1 - z)) is z times it."""
    z = mp.sqrt(square)
    return 2 * mp.atanh(z) / z if z else mp.mpf(2)


def _fit(function: Callable[[Any], Any], end: Any, degree: int) -> list[Any]:
    """Return the polynomial that meets the function at the Chebyshev points of [0, end]."""
    points = [end * (1 - mp.cos(mp.pi * i / degree)) / 2 for i in range(degree + 1)]
    rows = [[x**power for power in range(degree + 1)] for x in points]
    return list(mp.lu_solve(mp.matrix(rows), mp.matrix([function(x) for x in points])))


def _fit_tail() -> tuple[list[Any], list[Any]]:
    """Return P and Q, in powers of x / 4: P / Q meets the scaled tail at the chosen points.

    They are Chebyshev points of (x - 4) / (x + 4): the tail is like 1 / x, most curved near 0.
    """
    count = 2 * TAIL_DEGREE + 2
    end = mp.mpf(TAIL_END - 4) / (TAIL_END + 4)
    places = [(end - 1) / 2 - (end + 1) / 2 * mp.cos(mp.pi * i / (count - 1)) for i in range(count)]
    rows, values = [], []
    for place in places:
        u = (1 + place) / (1 - place)
        value = scaled_tail(4 * u)
        above = [u**power for power in range(TAIL_DEGREE + 1)]
        rows.append([*above, *(-value * u**power for power in range(1, TAIL_DEGREE + 2))])
        values.append(value)
    solved = list(mp.lu_solve(mp.matrix(rows), mp.matrix(values)))
    return solved[: TAIL_DEGREE + 1], [mp.mpf(1), *solved[TAIL_DEGREE + 1 :]]


def _scaled(value: Any, bits: int) -> int:
    return int(mp.nint(value * 2**bits))


def _named(letter: str, values: list[Any], bits: int) -> dict[str, int]:
    return {f"{letter}{power}": _scaled(value, bits) for power, value in enumerate(values)}


if __name__ == "__main__":
    for name, number in coefficients().items():
        print(f"{name} = {number:#x}")
