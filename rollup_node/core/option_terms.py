"""What the terms of a series make of lots and ticks: notionals, fees, reserves, bands.

A linear series counts what its lots are worth, an option what it is on: its strike.
Source: docs/spec.md M-3, M-7, M-12, O-2. Twin: contracts/src/core/OptionTerms.sol.
"""

from typing import Final

from rollup_node.core.fixed_point import div_down, div_up
from rollup_node.core.flags import REDUCE_ONLY_FLAG, SIDE_FLAG
from rollup_node.core.kinds import SeriesKind
from rollup_node.core.market_leaves import SeriesTerms

RESERVE_DIVISOR: Final = 100
"""A resting order reserves this part of its notional. Source: docs/spec.md M-7."""

MIN_RESERVE_USDC: Final = 10_000
"""Every order reserves this much, so that the slots of the book cannot be had for nothing."""

PREMIUM_DIVISOR: Final = 8
"""A fee on an option is at most this part of its premium. Source: docs/spec.md M-12."""

_PPM: Final = 1_000_000


def lot_strike(terms: SeriesTerms) -> int:
    """Return the strike of an option in µUSDC per lot, exact by listing. Source: V-12."""
    return div_down(terms.strike, terms.lots_per_unit)


def compute_fee(terms: SeriesTerms, lots: int, price: int, rate_ppm: int) -> int:
    """Return the fee on a fill at `price` (µUSDC per lot), rounded up: a rebate's size down. M-3.

    That of an option is on its strike, and at most an eighth of the premium.
    """
    if terms[0] >= SeriesKind.CALL:
        fee = div_up(lots * lot_strike(terms) * rate_ppm, _PPM)
        return min(fee, div_up(lots * price, PREMIUM_DIVISOR))
    return div_up(lots * price * rate_ppm, _PPM)


def compute_reserve(terms: SeriesTerms, flags: int, tick: int, lots: int) -> int:
    """Return the µUSDC that an order reserves while it rests or waits for its trigger.

    1 % of its notional, rounded up; who buys options the whole premium. Never less than a cent,
    which is all for reduce-only orders. Source: docs/spec.md M-7.
    """
    if flags & REDUCE_ONLY_FLAG:
        return MIN_RESERVE_USDC
    if terms[0] < SeriesKind.CALL:
        reserve = div_up(lots * tick * terms[5], RESERVE_DIVISOR)
    elif flags & SIDE_FLAG:
        reserve = div_up(lots * lot_strike(terms), RESERVE_DIVISOR)
    else:
        reserve = lots * tick * terms[5]
    return max(MIN_RESERVE_USDC, reserve)


def band_usdc(terms: SeriesTerms, mark: int) -> int:
    """Return what the band is a part of, µUSDC per lot: the mark, of an option its strike. O-2."""
    return lot_strike(terms) if terms[0] >= SeriesKind.CALL else mark
