"""What options_math and black76 approximate, to 50 digits, by mpmath; arguments are real."""

from typing import Any, Final

from mpmath import mp

DIGITS: Final = 50
WAD: Final = 10**18


def wad(value: int) -> Any:
    """Return the real number that a wad stands for."""
    return mp.mpf(value) / WAD


def normal_cdf(x: Any) -> Any:
    """Return N(x); exact in the lower tail too."""
    return mp.erfc(-x / mp.sqrt(2)) / 2


def normal_pdf(x: Any) -> Any:
    """Return the density of a standard normal variable."""
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def deviation(volatility: Any, time_ms: int) -> Any:
    """Return volatility * sqrt(time), with a year of 365 days."""
    return volatility * mp.sqrt(mp.mpf(time_ms) / (365 * 86_400_000))


def call_delta(forward: Any, strike: Any, spread: Any) -> Any:
    """Return N(d1) at a deviation `spread`."""
    return normal_cdf(mp.log(mp.mpf(forward) / strike) / spread + spread / 2)
