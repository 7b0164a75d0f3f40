"""How the option bots make a market: a strategy in numbers, without an exchange. Replace it.

Fair value is the mark, which rests on the publishers' surface. The spread is in points of
volatility, so that an option is quoted the wider the more it moves with it; the quotes of all
options lean against the vega that is held, and what delta remains is hedged in the perpetual.
`option_traders.OptionMaker` asks `make_quote` for each option, and `hedge_size` twice a second.
"""

from typing import Final, NamedTuple

HALF_SPREAD_POINTS: Final = 1.0
"""Points of volatility between the fair value and each side."""
VEGA_LIMIT_USD: Final = 200.0
"""The vega, per point, at which quotes have moved by `SKEW_POINTS`."""
SKEW_POINTS: Final = 0.75
MOST_LEAN: Final = 2.0
"""At so many times the limit only what reduces the vega is quoted."""
SIZE_USD: Final = 3_000.0
"""What each side of an option is on."""
DELTA_BAND_USD: Final = 1_000.0
"""Delta that is left unhedged either way, as its value."""


class Option(NamedTuple):
    """One option: fair value and tick in USD per unit, vega in USD per point of volatility.

    `forward` is the price of the underlying for its date.
    """

    fair: float
    tick: float
    vega: float
    forward: float


class Held(NamedTuple):
    """What is held in one underlying: delta in units (the perpetual counts), vega in USD."""

    delta: float
    vega: float


class Quote(NamedTuple):
    """Prices in USD per unit and sizes in units; size 0: nothing on this side."""

    bid: float
    bid_size: float
    ask: float
    ask_size: float


def make_quote(option: Option, held: Held) -> Quote:
    """Return what to quote for an option."""
    lean = held.vega / VEGA_LIMIT_USD
    middle = option.fair - lean * SKEW_POINTS * option.vega
    half = max(HALF_SPREAD_POINTS * option.vega, option.tick)
    size = SIZE_USD / option.forward
    bid, ask = middle - half, max(middle + half, 2 * option.tick)
    wants_more = lean < MOST_LEAN and bid >= option.tick
    return Quote(bid, size if wants_more else 0.0, ask, size if lean > -MOST_LEAN else 0.0)


def hedge_size(held: Held, price: float) -> float:
    """Return how much of the underlying to buy (negative: sell) at a price in USD."""
    return 0.0 if abs(held.delta) * price <= DELTA_BAND_USD else -held.delta
