"""What the counter shows of options: volatilities, sensitivities, surfaces, what dates paid.

In the integers of the law, as `rpc.market_data`; volatilities in millionths (600,000 is 60 %).
"""

from collections.abc import Sequence
from typing import NamedTuple


class OptionTicker(NamedTuple):
    """An option beside its price, as of the reprice that made its mark.

    Attributes
    ----------
    forward_usdc
        Of the underlying for its date, per unit.
    mark_ppm
        The volatility of the surface at its strike; `bid_ppm` and `ask_ppm` are what the best
        prices imply, `None` where there is none or no volatility explains it.
    delta, gamma, vega, theta
        Of one unit bought, in wads: per 1.0 of the forward, of that, of volatility, and per day.
    """

    forward_usdc: int
    mark_ppm: int
    bid_ppm: int | None
    ask_ppm: int | None
    delta: int
    gamma: int
    vega: int
    theta: int


class Exposure(NamedTuple):
    """How an account moves with one underlying: sums over its positions, in wads.

    `delta` is in units of the underlying, `options_delta` the part of options in it; `gamma`,
    `vega` and `theta` are those of options, in the units of `OptionTicker`.
    """

    currency: str
    index_usdc: int
    delta: int
    options_delta: int
    gamma: int
    vega: int
    theta: int


class SurfaceNode(NamedTuple):
    """A point of a surface: ln(strike / forward) in millionths, the strike per unit."""

    moneyness_ppm: int
    strike_usdc: int
    volatility_ppm: int


class SurfaceDate(NamedTuple):
    """The volatilities of one date; `at_forward_ppm` where the strike is the forward."""

    expires_ms: int
    published_ms: int
    forward_usdc: int
    at_forward_ppm: int
    nodes: Sequence[SurfaceNode]


class Delivery(NamedTuple):
    """How a series ended: price of the underlying per unit, and what a long lot is worth then.

    The instrument is described here as well: the series may be another one by now.
    """

    name: str
    kind: str
    currency: str
    lots_per_unit: int
    expires_ms: int
    price_usdc: int
    payout_usdc: int


class Settlement(NamedTuple):
    """A position that was paid: lots, and what it gained since it was opened, in µUSDC."""

    delivery: Delivery
    lots: int
    profit_usdc: int
