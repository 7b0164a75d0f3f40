"""Division and root with their direction in the name: the only place of the law that may divide.

`up` and `down` are towards plus and minus infinity, whatever the signs; Solidity's own division is
`to_zero`. Every use is listed in docs/rounding.md. Twin: contracts/src/core/FixedPoint.sol.
"""

from math import isqrt


def div_down(numerator: int, denominator: int) -> int:
    """Return the largest integer not above the quotient; `denominator` is positive."""
    return numerator // denominator


def div_up(numerator: int, denominator: int) -> int:
    """Return the smallest integer not below the quotient; `denominator` is positive."""
    return -(-numerator // denominator)


def div_to_zero(numerator: int, denominator: int) -> int:
    """Return the quotient without its fraction; `denominator` is positive."""
    return numerator // denominator if numerator >= 0 else -(-numerator // denominator)


def modulo(numerator: int, denominator: int) -> int:
    """Return `numerator - denominator * div_down(numerator, denominator)`, never negative."""
    return numerator % denominator


def sqrt_down(value: int) -> int:
    """Return the largest integer whose square is not above `value`, which is not negative."""
    return isqrt(value)
