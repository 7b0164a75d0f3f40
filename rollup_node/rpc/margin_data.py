"""How the margin of an account comes about, in µUSDC; every sum is that of the law, to the unit."""

from collections.abc import Sequence

import msgspec


class PositionRisk(msgspec.Struct, frozen=True):
    """What a position adds to the risk of its account under portfolio margin.

    `gains_usdc` by scenario; `delta_usdc` what counts of its delta, in `bucket` (0: without a
    date, or nothing counts); `charge_usdc` of its short options.
    """

    gains_usdc: tuple[int, ...]
    delta_usdc: int
    bucket: int
    charge_usdc: int


class Scenario(msgspec.Struct, frozen=True):
    """One of 32 scenarios: a move of the price, a volatility, what part of the outcome counts.

    `volatility` is `down`, `same` or `up`; `gain_usdc` what all positions of the row gain.
    """

    move_ppm: int
    volatility: str
    weight_ppm: int
    gain_usdc: int


class PortfolioMargin(msgspec.Struct, frozen=True):
    """How the margins of a row come about under portfolio margin (docs/spec.md M-13, M-14).

    `worst_usdc` is the largest loss, that of scenario number `worst`; `floor_usdc` what net and
    hedged deltas require at least; `scan_usdc` the larger of both. `basis_usdc` and `charge_usdc`
    come on top.
    """

    scenarios: Sequence[Scenario]
    worst: int
    worst_usdc: int
    deltas_usdc: tuple[int, ...]
    net_usdc: int
    hedged_usdc: int
    floor_usdc: int
    scan_usdc: int
    basis_usdc: int
    charge_usdc: int
    scan_maintenance_usdc: int
    extra_maintenance_usdc: int


class PositionMargin(msgspec.Struct, frozen=True):
    """One position: `value_usdc` is lots * mark - basis; `mark_usdc` per lot.

    `initial_usdc` and `maintenance_usdc` are what it adds to those of its row, before the factor;
    under portfolio margin what it would require alone, for there the row is weighed as a whole,
    and `risk` is what it adds to that.
    """

    series: int
    name: str
    lots: int
    lots_per_unit: int
    mark_usdc: int
    basis_usdc: int
    value_usdc: int
    initial_usdc: int
    maintenance_usdc: int
    risk: PositionRisk | None = None


class RowMargin(msgspec.Struct, frozen=True):
    """The positions in one underlying.

    Attributes
    ----------
    drift_ppm, factor_ppm
        How far the index is from the reference of the marks, and what that makes of `initial_usdc`:
        `required_usdc`, rounded up.
    """

    currency: str
    index_usdc: int
    reference_usdc: int
    positions: Sequence[PositionMargin]
    value_usdc: int
    initial_usdc: int
    maintenance_usdc: int
    drift_ppm: int
    factor_ppm: int
    required_usdc: int
    portfolio: PortfolioMargin | None = None


class Collateral(msgspec.Struct, frozen=True):
    """A balance besides cash: what it is worth, and what of it counts (the weight, up to a cap)."""

    symbol: str
    decimals: int
    amount: int
    counted: int
    price_usdc: int
    weight_ppm: int
    value_usdc: int


class MarginReport(msgspec.Struct, frozen=True):
    """An account weighed at the marks of now, after its funding and interest were settled.

    `equity` = `cash` + collateral + values of rows; `initial` = required of rows; `maintenance` =
    that of rows. `funding_usdc` and `interest_usdc` are what settling moved, part of `cash_usdc`.
    """

    account: int
    model: str
    time_ms: int
    cash_usdc: int
    funding_usdc: int
    interest_usdc: int
    collateral: Sequence[Collateral]
    rows: Sequence[RowMargin]
    equity_usdc: int
    initial_usdc: int
    maintenance_usdc: int
    reserve_usdc: int

    @property
    def available_usdc(self) -> int:
        """What is left for further risk, negative if it is too much already."""
        return self.equity_usdc - self.initial_usdc - self.reserve_usdc
