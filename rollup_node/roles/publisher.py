"""A publisher of prices: what it signs, and why it refuses.

It signs what is close to what it sees itself, now, and newer than all it signed. So a publisher
that lies signs nothing that others sign, and a keeper that lies gets no signatures.
"""

from enum import IntEnum

from rollup_node.core.averages import ROUNDS
from rollup_node.core.inputs import PriceReport, SettlementPrice, SurfaceReport
from rollup_node.core.settlement import LATE_SECONDS
from rollup_node.core.surface import SurfaceReason, check_butterfly, check_nodes
from rollup_node.roles.oracle_reports import (
    PPM,
    PRICE_LIMIT,
    Accepted,
    FeedReport,
    Observation,
    OraclePolicy,
    distance_ppm,
    is_in_range,
    summary,
)
from rollup_node.roles.oracle_settlement import Slot


class Objection(IntEnum):
    """Why a publisher does not sign."""

    NONE = 0
    OUT_OF_RANGE = 1
    """No report may say that."""
    BLIND = 2
    """It sees nothing recent itself."""
    WRONG_TIME = 3
    """The report is not from about now."""
    NOT_NEW = 4
    """It has signed that round or time, or a later one."""
    TOO_FAR = 5
    """It sees another value."""
    TOO_UNSURE = 6
    """The keeper says that publishers are further apart than they can be and still sign."""
    ARBITRAGE = 7
    """Who trades at these volatilities can win without risk."""


def check_report(
    report: FeedReport,
    own: Observation | None,
    price: int,
    last: Accepted,
    now_ms: int,
    policy: OraclePolicy,
) -> Objection:
    """Check a report as a publisher does before it signs.

    Parameters
    ----------
    own
        What it sees itself of this feed, `None` if nothing.
    price
        The price of the underlying as it sees it: what distances are measured against.
    last
        The newest report of this feed that it signed.
    """
    found = summary(report)
    if own is None or price <= 0 or abs(found.time_ms - own.time_ms) > policy.max_age_ms:
        return Objection.BLIND
    if not is_in_range(report, price):
        return Objection.OUT_OF_RANGE
    if abs(found.time_ms - now_ms) > policy.max_age_ms:
        return Objection.WRONG_TIME
    if found.round <= last.round or found.time_ms <= last.time_ms:
        return Objection.NOT_NEW
    if distance_ppm(own.value, found.value, price) > policy.tolerance_ppm:
        return Objection.TOO_FAR
    if isinstance(report, PriceReport) and report.confidence_ppm > 2 * policy.tolerance_ppm:
        return Objection.TOO_UNSURE
    return Objection.NONE


def check_smile(
    report: SurfaceReport, own: Observation, left_ms: int, policy: OraclePolicy
) -> Objection:
    """Check the volatilities of a date `left_ms` ahead, as `check_report` checks the forward.

    Each has to be near its own at the same place, and together they must leave no butterfly.
    """
    said = report.nodes
    if [node.moneyness for node in said] != [node.moneyness for node in own.nodes]:
        return Objection.TOO_FAR
    for node, seen in zip(said, own.nodes, strict=True):
        apart = abs(node.volatility - seen.volatility)
        if apart * PPM > policy.surface_tolerance_ppm * seen.volatility:
            return Objection.TOO_FAR
    found = check_nodes(said) or check_butterfly(said, left_ms)
    return Objection.ARBITRAGE if found is not SurfaceReason.OK else Objection.NONE


def check_sample(
    sample: SettlementPrice, own: Observation | None, now_ms: int, policy: OraclePolicy
) -> Objection:
    """Check a sample as a publisher does before it signs; `own` is what it saw at that time."""
    if not (0 < sample.price < PRICE_LIMIT and 0 <= sample.number < ROUNDS):
        return Objection.OUT_OF_RANGE
    at_ms = Slot(*sample[:4]).time_ms
    if own is None or own.value <= 0 or abs(at_ms - own.time_ms) > policy.max_age_ms:
        return Objection.BLIND
    if not at_ms <= now_ms < (sample.expiry + LATE_SECONDS) * 1_000:
        return Objection.WRONG_TIME
    if distance_ppm(own.value, sample.price, own.value) > policy.tolerance_ppm:
        return Objection.TOO_FAR
    return Objection.NONE
