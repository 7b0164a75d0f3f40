"""How a margin comes about under portfolio margin: scenarios, deltas, charges."""

from typing import Final

from rollup_node.core.account_leaves import Position
from rollup_node.core.fixed_point import div_up
from rollup_node.core.frame import Frame
from rollup_node.core.listing import read_rules
from rollup_node.core.portfolio import (
    BASIS_PPM,
    EXTRA_MAINTENANCE_PPM,
    HEDGED_PPM,
    NET_PPM,
    SCAN_MAINTENANCE_PPM,
)
from rollup_node.core.positions import read_risk
from rollup_node.core.reprice import DEFAULT_SCAN_PPM
from rollup_node.core.scenarios import list_scenarios
from rollup_node.node.margin_scratch import Weighed
from rollup_node.roles.portfolio_sums import sum_portfolio
from rollup_node.rpc.margin_data import PortfolioMargin, PositionRisk, Scenario

VOLATILITIES: Final = ("down", "same", "up")
_PPM: Final = 1_000_000


def explain_position(weighed: Weighed, position: Position) -> PositionRisk:
    """Return what a position adds to the risk of its account: no gains once its date is over."""
    (found,) = sum_portfolio(weighed.frame, [position]).values()
    risk = found.risk
    return PositionRisk(
        gains_usdc=risk.gains,
        delta_usdc=sum(risk.deltas),
        bucket=next((bucket for bucket, delta in enumerate(risk.deltas) if delta), 0),
        charge_usdc=risk.charge,
    )


def explain_risk(frame: Frame, account: int, underlying: int, positions: int) -> PortfolioMargin:
    """Return how the margins of a row with so many positions come about. Source: M-14."""
    risk = read_risk(frame, account, underlying, positions)
    long = sum(delta for delta in risk.deltas if delta > 0)
    short = -sum(delta for delta in risk.deltas if delta < 0)
    net, hedged = abs(long - short), min(long, short)
    worst = risk.gains.index(min(risk.gains))
    worst_usdc = max(0, -risk.gains[worst])
    floor = div_up(NET_PPM * net + HEDGED_PPM * hedged, _PPM)
    scan, basis = max(worst_usdc, floor), div_up(BASIS_PPM * hedged, _PPM)
    return PortfolioMargin(
        scenarios=_scenarios(read_rules(frame, underlying).scan_ppm, risk.gains),
        worst=worst,
        worst_usdc=worst_usdc,
        deltas_usdc=risk.deltas,
        net_usdc=net,
        hedged_usdc=hedged,
        floor_usdc=floor,
        scan_usdc=scan,
        basis_usdc=basis,
        charge_usdc=risk.charge,
        scan_maintenance_usdc=div_up(SCAN_MAINTENANCE_PPM * scan, _PPM),
        extra_maintenance_usdc=div_up(EXTRA_MAINTENANCE_PPM * (basis + risk.charge), _PPM),
    )


def _scenarios(scan_ppm: int, gains: tuple[int, ...]) -> list[Scenario]:
    """Return all scenarios in the order of their slots."""
    slots = [
        (move_ppm, VOLATILITIES[number], weight_ppm)
        for move_ppm, weight_ppm, numbers in list_scenarios(scan_ppm or DEFAULT_SCAN_PPM)
        for number in numbers
    ]
    return [Scenario(*slot, gain) for slot, gain in zip(slots, gains, strict=True)]
