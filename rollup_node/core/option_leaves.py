"""Leaves of options as values: rules, dates, boards, risk arrays, sales. Source: S-21."""

from typing import Final, NamedTuple

from rollup_node.core.layout import STRIKES_PER_EXPIRY
from rollup_node.core.surface import MAX_NODES, Smile, SurfaceNode

SCENARIOS: Final = 32
"""An option is revalued in so many scenarios. Source: docs/spec.md V-14."""

SALE_PLACES: Final = 4
"""An option has room for so many sales. Source: docs/spec.md P-4."""


class OptionRules(NamedTuple):
    """How options of an underlying are listed and margined; from the governor.

    `status` 1: open. Sizes, fees and bounds become the terms of a series when it is listed.
    `strike_step` µUSDC per unit, `strike_range_ppm` how far from the index strikes are listed;
    `initial_ppm`, `floor_ppm` and `maintenance_ppm` of the index are what a short lot requires;
    `scan_ppm` is the largest ordinary move of the scenarios.
    """

    status: int
    unit: int
    lots_per_unit: int
    strike_step: int
    strike_range_ppm: int
    taker_fee_ppm: int
    maker_fee_ppm: int
    band_ppm: int
    max_order_lots: int
    min_notional: int
    open_interest_cap: int
    initial_ppm: int
    floor_ppm: int
    maintenance_ppm: int
    scan_ppm: int


class OptionDates(NamedTuple):
    """Which dates have strikes, as a mask of their places, and how many strikes there are."""

    dates: int
    strikes: int


class StrikeRow(NamedTuple):
    """A strike (µUSDC per unit) and its call, whose number plus one is the put; 0: free place."""

    series: int
    strike: int


class Board(NamedTuple):
    """The volatilities of a date, and its strikes.

    `surface_ms` is the time of the newest surface, 0 if there is none.
    """

    surface_ms: int
    nodes: Smile
    strikes: tuple[StrikeRow, ...]


class SeriesRisk(NamedTuple):
    """What one long lot of an option gains (µUSDC, rounded down) in each scenario, as of `epoch`.

    `delta` is the change of its value per change of the underlying, in millionths of a unit.
    """

    epoch: int
    delta: int
    gains: tuple[int, ...]


class SalePlace(NamedTuple):
    """What is left of a covered sale: lots at a price that falls from `start_ppm` of the mark.

    It reaches `reserve_ppm` at `ends_ms`. It is that of `account` at `version`; without lots the
    place is free. Source: docs/spec.md P-4.
    """

    account: int
    version: int
    lots: int
    started_ms: int
    ends_ms: int
    start_ppm: int
    reserve_ppm: int
    fee_cap_ppm: int


class Sales(NamedTuple):
    """The covered sales in an option. Source: docs/spec.md S-21."""

    places: tuple[SalePlace, ...]


NO_RULES: Final = OptionRules(*(0,) * 15)
NO_DATES: Final = OptionDates(0, 0)
NO_NODE: Final = SurfaceNode(0, 0)
NO_STRIKE: Final = StrikeRow(0, 0)
NO_BOARD: Final = Board(0, (NO_NODE,) * MAX_NODES, (NO_STRIKE,) * STRIKES_PER_EXPIRY)
NO_SERIES_RISK: Final = SeriesRisk(0, 0, (0,) * SCENARIOS)
NO_PLACE: Final = SalePlace(*(0,) * 8)
NO_SALES: Final = Sales((NO_PLACE,) * SALE_PLACES)
