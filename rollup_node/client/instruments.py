"""What a client knows of an instrument: how prices and amounts become ticks and lots."""

from decimal import Decimal
from typing import Any, Final, NamedTuple

Number = int | float | str | Decimal
"""A price or an amount; text and `Decimal` are exact, a `float` counts to twelve digits."""

_MICRO: Final = 1_000_000


class Instrument(NamedTuple):
    """One instrument.

    `unit_usdc` µUSDC per tick and lot; `lots_per_unit` lots make one unit of the underlying; fees
    in millionths.
    """

    name: str
    series: int
    unit_usdc: int
    lots_per_unit: int
    taker_fee_ppm: int
    maker_fee_ppm: int

    def to_ticks(self, price: Number) -> int:
        """Return a price as ticks.

        Raises
        ------
        ValueError
            If it lies between two ticks.
        """
        tick = Decimal(self.unit_usdc * self.lots_per_unit) / _MICRO
        return _whole(_exact(price) / tick, f"{self.name}: price {price} (multiple of) {tick}")

    def to_lots(self, amount: Number) -> int:
        """Return an amount of the underlying as lots.

        Raises
        ------
        ValueError
            If it is not a whole number of lots.
        """
        lot = f"1/{self.lots_per_unit}"
        lots = _exact(amount) * self.lots_per_unit
        return _whole(lots, f"{self.name}: amount {amount} (multiple of) {lot}")


def read_instrument(found: dict[str, Any]) -> Instrument:
    """Return an instrument from an entry of `public/get_instruments`."""
    return Instrument(
        found["instrument_name"],
        found["series"],
        found["unit_usdc"],
        found["lots_per_unit"],
        round(found["taker_commission"] * _MICRO),
        round(found["maker_commission"] * _MICRO),
    )


def _exact(number: Number) -> Decimal:
    return Decimal(f"{number:.12g}" if isinstance(number, float) else number)


def _whole(number: Decimal, what: str) -> int:
    whole = number.to_integral_value()
    if whole != number:
        raise ValueError(what)
    return int(whole)
