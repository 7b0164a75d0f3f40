"""Portfolio margin: the risk of an account in an underlying, added up over scenarios.

Arithmetic of one leaf, no reads. Source: docs/spec.md M-13 to M-15.
Twin: contracts/src/core/Portfolio.sol.
"""

from typing import Final, NamedTuple

from rollup_node.core.account_leaves import AccountRisk
from rollup_node.core.fixed_point import div_down, div_up, modulo
from rollup_node.core.kinds import SeriesKind
from rollup_node.core.layout import MAX_LOT_VALUE
from rollup_node.core.market_leaves import SeriesTerms
from rollup_node.core.option_leaves import SeriesRisk

NET_PPM: Final = 20_000
"""What the net delta requires at least, of its value: hedges in scenarios are not perfect."""

HEDGED_PPM: Final = 10_000
"""What the delta that another date hedges requires at least."""

BASIS_PPM: Final = 5_000
"""What the delta that another date hedges requires on top: the dates may part."""

SHORT_PPM: Final = 5_000
"""What a short lot of an option requires on top, of the underlying it is on; nothing nets it."""

SCAN_MAINTENANCE_PPM: Final = 800_000
EXTRA_MAINTENANCE_PPM: Final = 600_000
DATED_BUCKETS: Final = 7

_PPM: Final = 1_000_000


class LotRisk(NamedTuple):
    """What a lot of a series adds to the risk of an account, µUSDC.

    `gains` of a long lot, rounded down; `delta` counts in `bucket`, of an option only if it is
    short; `charge` of a short lot.
    """

    gains: tuple[int, ...]
    delta: int
    bucket: int
    charge: int
    is_option: bool


def measure_lot(terms: SeriesTerms, risk: SeriesRisk, reference: int) -> LotRisk:
    """Return what a lot adds, at a reference price in µUSDC per unit. Source: docs/spec.md M-13.

    A delta is at most 2^31 - 1 either way, which only a series that has no price any more reaches:
    sums stay in their fields.
    """
    parts = _PPM * terms.lots_per_unit
    delta = div_down(risk.delta * reference, parts)
    delta = max(-MAX_LOT_VALUE, min(delta, MAX_LOT_VALUE))
    is_option = terms.kind >= SeriesKind.CALL
    charge = div_up(SHORT_PPM * reference, parts) if is_option else 0
    bucket = 1 + modulo(terms.expiry_slot, DATED_BUCKETS) if terms.kind >= SeriesKind.FUTURE else 0
    return LotRisk(risk.gains, delta, bucket, charge, is_option)


def replace_lots(risk: AccountRisk, before: int, after: int, lot: LotRisk) -> AccountRisk:
    """Return the risk of an account whose lots of a series were `before` and are `after`.

    What a short lot loses is rounded up: a gain is a floor, so it counts for one more. The new
    contribution less the old one, so nothing is left of a closed position. Source: M-13.
    """
    gains, delta, bucket, charge, is_option = lot
    change = after - before
    short = min(after, 0) - min(before, 0)
    counted = short if is_option else change
    deltas = list(risk.deltas)
    deltas[bucket] += counted * delta
    summed = tuple(
        [total + change * gain + short for total, gain in zip(risk.gains, gains, strict=True)]
    )
    return AccountRisk(summed, tuple(deltas), risk.charge - short * charge)


def keep_losses(before: AccountRisk, after: AccountRisk) -> AccountRisk:
    """Return `after` without what any slot gained: a series that is over is a hedge no more.

    Its price is being made already, and what it does not lose in a move it may not lend to what
    still moves. Source: docs/spec.md M-13.
    """
    return after._replace(gains=tuple(map(min, before.gains, after.gains)))


def weigh_risk(risk: AccountRisk) -> tuple[int, int]:
    """Return (initial, maintenance) of a row, µUSDC, each part rounded up. Source: M-14."""
    worst = max(0, -min(risk.gains))
    long = sum(delta for delta in risk.deltas if delta > 0)
    short = -sum(delta for delta in risk.deltas if delta < 0)
    hedged = min(long, short)
    floor = div_up(NET_PPM * abs(long - short) + HEDGED_PPM * hedged, _PPM)
    scan = max(worst, floor)
    extra = div_up(BASIS_PPM * hedged, _PPM) + risk.charge
    maintenance = div_up(SCAN_MAINTENANCE_PPM * scan, _PPM) + div_up(
        EXTRA_MAINTENANCE_PPM * extra, _PPM
    )
    return scan + extra, maintenance
