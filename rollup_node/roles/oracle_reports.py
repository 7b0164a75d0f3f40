"""What publishers see and say: reports by feed, the value that most of them see, the policy.

Values are µUSDC for one unit of the underlying: its price, or the forward of a settlement date
minus the price; a date with strikes has volatilities too. Times are unix ms, as the exchange sees
them. Source: docs/spec.md V-3 to V-6, V-13.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from rollup_node.core.fixed_point import div_up, sqrt_down
from rollup_node.core.inputs import ForwardReport, PriceReport, SurfaceReport
from rollup_node.core.surface import Smile, interpolate_variance
from rollup_node.core.surfaces import TRIGGER

PRICE_LIMIT: Final = 1 << 40
PPM: Final = 1_000_000
MAX_CONFIDENCE_PPM: Final = 20_000
FORWARD_LIMIT_PPM: Final = 200_000
"""A forward is at most this far from the price."""

FeedReport: TypeAlias = PriceReport | ForwardReport | SurfaceReport
Feed: TypeAlias = tuple[int, int]
"""Underlying and expiry slot, or `PRICE` for the price itself."""
PRICE: Final = -1


class Observation(NamedTuple):
    """What one publisher sees: a value, when that was made, and of a date its volatilities."""

    publisher: int
    value: int
    time_ms: int
    nodes: Smile = ()


class OraclePolicy(NamedTuple):
    """When to report, what to sign, how long to wait.

    Attributes
    ----------
    quorum
        How many signatures a report needs.
    trigger_ppm
        A move from the last report, in ppm of the price, that makes the next one due early.
    heartbeat_ms, forward_heartbeat_ms
        Longest time between two reports about a price, and about a forward.
    interval_ms, confirm_ms
        Shortest time between two reports of one feed, and to the one that confirms a jump: it must
        come before the price has moved 1 % further (V-4).
    surface_heartbeat_ms, surface_interval_ms
        The same about the volatilities of a date; they are looked at every `surface_look_ms`.
    surface_trigger
        A move of the volatility at the forward, a wad, that makes the next one due early.
    tolerance_ppm, surface_tolerance_ppm
        How far from its own observation a publisher signs: in ppm of the price, and of each
        volatility.
    max_age_ms
        How old an observation may be, and how far a report may be from the publisher's time.
    patience_ms
        How long the exchange may leave out all reports before one is posted on L1.
    repeat_ms
        Time between two posts on L1.
    """

    quorum: int = 3
    trigger_ppm: int = 2_500
    heartbeat_ms: int = 10_000
    forward_heartbeat_ms: int = 60_000
    interval_ms: int = 1_000
    confirm_ms: int = 250
    surface_heartbeat_ms: int = 120_000
    surface_interval_ms: int = 2_000
    surface_look_ms: int = 1_000
    surface_trigger: int = TRIGGER
    tolerance_ppm: int = 5_000
    surface_tolerance_ppm: int = 20_000
    max_age_ms: int = 3_000
    patience_ms: int = 15_000
    repeat_ms: int = 30_000


class Accepted(NamedTuple):
    """The newest value that somebody has: round, time and value are 0 before the first.

    `is_pending`: a jump waits for the next report to confirm it (V-4). `volatility` at the forward,
    a wad, of a date with volatilities.
    """

    round: int = 0
    time_ms: int = 0
    value: int = 0
    is_pending: bool = False
    volatility: int = 0


NOTHING: Final = Accepted()


def feed_of(report: FeedReport) -> Feed:
    """Return which feed a report belongs to."""
    if isinstance(report, PriceReport):
        return report.underlying, PRICE
    return report.underlying, report.expiry_slot


def summary(report: FeedReport) -> Accepted:
    """Return round, time and value of a report, and the volatility if it has one."""
    if isinstance(report, PriceReport):
        return Accepted(report.round, report.time_ms, report.price)
    nodes = report.nodes if isinstance(report, SurfaceReport) else ()
    volatility = forward_volatility(nodes)
    return Accepted(report.round, report.time_ms, report.difference, volatility=volatility)


def forward_volatility(nodes: Smile) -> int:
    """Return the volatility at the forward, a wad, rounded down; 0 without nodes."""
    return sqrt_down(interpolate_variance(nodes, 0))


def median(values: Sequence[int]) -> int:
    """Return the middle value, the lower one of two: always one that somebody saw."""
    return sorted(values)[(len(values) - 1) >> 1]


def distance_ppm(value: int, other: int, price: int) -> int:
    """Return how far two values are apart in ppm of a price, rounded up."""
    return div_up(abs(value - other) * PPM, price)


def consensus(
    observations: Sequence[Observation], time_ms: int, policy: OraclePolicy
) -> tuple[int, list[int]] | None:
    """Return the median of what was seen at a time, and the `quorum` values nearest to it.

    One observation of each publisher counts, if it is recent; `None` if there are too few.
    """
    found: dict[int, int] = {}
    for seen in observations:
        if abs(time_ms - seen.time_ms) <= policy.max_age_ms:
            found.setdefault(seen.publisher, seen.value)
    if len(found) < policy.quorum:
        return None
    middle = median(list(found.values()))
    nearest = sorted(found.values(), key=lambda value: abs(value - middle))
    return middle, nearest[: policy.quorum]


def surface_consensus(
    observations: Sequence[Observation], time_ms: int, policy: OraclePolicy
) -> Observation | None:
    """Return what the publisher with the median volatility sees of a date, whole.

    Not the median of each node: that one may be arbitraged although no publisher's is. `None` if
    too few of them see recent volatilities.
    """
    found: dict[int, Observation] = {}
    for seen in observations:
        if seen.nodes and abs(time_ms - seen.time_ms) <= policy.max_age_ms:
            found.setdefault(seen.publisher, seen)
    if len(found) < policy.quorum:
        return None
    ranked = sorted(found.values(), key=lambda seen: (forward_volatility(seen.nodes), seen))
    return ranked[(len(ranked) - 1) >> 1]


def is_in_range(report: FeedReport, price: int) -> bool:
    """Tell whether the exchange can take the value of a report at this price."""
    if isinstance(report, PriceReport):
        return 0 < report.price < PRICE_LIMIT and report.confidence_ppm <= MAX_CONFIDENCE_PPM
    return abs(report.difference) * PPM <= FORWARD_LIMIT_PPM * price
