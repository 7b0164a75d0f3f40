"""Integers of the law to numbers of the interface: the only place that does it.

Integer by integer division in Python is the nearest double, so a price prints as it is written.
There is no way back: what is signed is in ticks and lots, and clients sign what they mean.
"""

from typing import Final

from rollup_node.rpc.market_data import Instrument

_MICRO: Final = 1_000_000
_NANO: Final = 1_000_000_000
_WAD: Final = 10**18
_PPM_PER_CENT: Final = 10_000


def to_usd(amount_usdc: int) -> float:
    """Return µUSDC as USDC."""
    return amount_usdc / _MICRO


def to_price(instrument: Instrument, ticks: int) -> float:
    """Return ticks as USDC per unit of the underlying."""
    return ticks * instrument.unit_usdc * instrument.lots_per_unit / _MICRO


def to_price_of_lot(instrument: Instrument, lot_usdc: int) -> float:
    """Return µUSDC per lot as USDC per unit of the underlying."""
    return lot_usdc * instrument.lots_per_unit / _MICRO


def to_amount(instrument: Instrument, lots: int) -> float:
    """Return lots as units of the underlying."""
    return lots / instrument.lots_per_unit


def to_average_price(instrument: Instrument, value_usdc: int, lots: int) -> float:
    """Return the price of `lots` that cost `value_usdc` together, 0 without lots."""
    if not lots:
        return 0.0
    return abs(value_usdc) * instrument.lots_per_unit / (abs(lots) * _MICRO)


def to_rate(rate_ppb: int) -> float:
    """Return billionths as a fraction."""
    return rate_ppb / _NANO


def to_commission(fee_ppm: int) -> float:
    """Return millionths as a fraction."""
    return fee_ppm / _MICRO


def to_tokens(amount: int, decimals: int) -> float:
    """Return smallest units of a token as tokens."""
    return float(amount / 10**decimals)


def to_percent(ppm: int) -> float:
    """Return millionths as per cent, to a hundredth: how the field writes volatilities."""
    return round(ppm / _PPM_PER_CENT, 2)


def to_greek(wad: int) -> float:
    """Return a wad as a number."""
    return wad / _WAD
