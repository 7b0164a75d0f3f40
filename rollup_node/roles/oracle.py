"""The oracle: when to report a price or a forward, and which one.

There is no median on chain: k publishers sign the same bytes. One keeper collects what the
publishers see and proposes the median; `roles.publisher` says when they sign it.

Values are µUSDC for one unit of the underlying: its price, or the forward of a settlement date
minus the price. Times are unix ms, as the exchange sees them. Source: docs/spec.md V-3 to V-6.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, TypeAlias

from rollup_node.core.fixed_point import div_up
from rollup_node.core.inputs import ForwardReport, PriceReport

PRICE_LIMIT: Final = 1 << 40
PPM: Final = 1_000_000
MAX_CONFIDENCE_PPM: Final = 20_000
FORWARD_LIMIT_PPM: Final = 200_000
"""A forward is at most this far from the price."""
ROUND_BITS: Final = 10
"""Rounds number spans of 2^10 ms: a keeper that forgot everything goes on above all old ones."""

FeedReport: TypeAlias = PriceReport | ForwardReport
Feed: TypeAlias = tuple[int, int]
"""Underlying and expiry slot, or `PRICE` for the price itself."""
PRICE: Final = -1


class Observation(NamedTuple):
    """What one publisher sees: a value, and when that value was made."""

    publisher: int
    value: int
    time_ms: int


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
    tolerance_ppm
        How far from its own observation, in ppm of the price, a publisher signs.
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
    tolerance_ppm: int = 5_000
    max_age_ms: int = 3_000
    patience_ms: int = 15_000
    repeat_ms: int = 30_000


class Accepted(NamedTuple):
    """The newest value that somebody has: round, time and value are 0 before the first.

    `is_pending`: a jump waits for the next report to confirm it (V-4).
    """

    round: int = 0
    time_ms: int = 0
    value: int = 0
    is_pending: bool = False


NOTHING: Final = Accepted()


class FeedView(NamedTuple):
    """One feed of the exchange: what it has, and what the publishers see now.

    `price` is what a forward is measured against; the price itself is its own measure.
    """

    feed: Feed
    accepted: Accepted
    observations: Sequence[Observation]
    price: int = 0


class OracleView(NamedTuple):
    """Everything the keeper decides on."""

    now_ms: int
    feeds: Sequence[FeedView]


@dataclass(frozen=True, slots=True)
class FeedMemory:
    """What the keeper did for one feed.

    Attributes
    ----------
    proposed
        Newest report that publishers were asked to sign.
    said
        Newest report that enough of them signed.
    waiting
        The same with its signatures, until the exchange has it or a newer one.
    seen_round
        Round of the newest report that the exchange had.
    waiting_since_ms
        Since when it accepted nothing although something waits.
    posted_ms
        When a report was last posted on L1.
    """

    proposed: Accepted = NOTHING
    said: Accepted = NOTHING
    waiting: FeedReport | None = None
    seen_round: int = 0
    waiting_since_ms: int = 0
    posted_ms: int = 0


@dataclass(frozen=True, slots=True)
class OracleMemory:
    """What the keeper did, by feed."""

    feeds: Mapping[Feed, FeedMemory] = field(default_factory=dict)


class Propose(NamedTuple):
    """Ask the publishers to sign this report; with enough signatures, submit it."""

    report: FeedReport


class PostReport(NamedTuple):
    """Post a signed report on L1: the sequencer does not include any."""

    report: FeedReport


Action: TypeAlias = Propose | PostReport


def decide(
    view: OracleView, memory: OracleMemory, policy: OraclePolicy
) -> tuple[OracleMemory, tuple[Action, ...]]:
    """Return what to remember and what to do; at most one proposal for each feed."""
    feeds = dict(memory.feeds)
    actions: list[Action] = []
    for feed in view.feeds:
        own = _see(feeds.get(feed.feed, FeedMemory()), feed.accepted, view.now_ms)
        report = _next_report(view.now_ms, feed, own, policy)
        if report is not None:
            own = replace(own, proposed=summary(report))
            actions.append(Propose(report))
        if own.waiting is not None and _is_ignored(own, view.now_ms, policy):
            actions.append(PostReport(own.waiting))
            own = replace(own, posted_ms=view.now_ms)
        feeds[feed.feed] = own
    return OracleMemory(feeds), tuple(actions)


def note_signed(memory: OracleMemory, signed: FeedReport, now_ms: int) -> OracleMemory:
    """Remember a report that has its signatures and goes to the exchange now."""
    own = memory.feeds.get(feed_of(signed), FeedMemory())
    since = now_ms if own.waiting is None else own.waiting_since_ms
    own = replace(own, said=summary(signed), waiting=signed, waiting_since_ms=since)
    return OracleMemory({**memory.feeds, feed_of(signed): own})


def note_refused(memory: OracleMemory, report: FeedReport) -> OracleMemory:
    """Forget that a report was said: the sequencer did not take it, so the next one is due soon.

    It keeps waiting; if the sequencer takes nothing for long, L1 will.
    """
    own = memory.feeds[feed_of(report)]
    if own.said == summary(report):
        own = replace(own, said=NOTHING)
    return OracleMemory({**memory.feeds, feed_of(report): own})


def feed_of(report: FeedReport) -> Feed:
    """Return which feed a report belongs to."""
    if isinstance(report, ForwardReport):
        return report.underlying, report.expiry_slot
    return report.underlying, PRICE


def summary(report: FeedReport) -> Accepted:
    """Return round, time and value of a report."""
    value = report.difference if isinstance(report, ForwardReport) else report.price
    return Accepted(report.round, report.time_ms, value)


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


def is_in_range(report: FeedReport, price: int) -> bool:
    """Tell whether the exchange can take the value of a report at this price."""
    if isinstance(report, ForwardReport):
        return abs(report.difference) * PPM <= FORWARD_LIMIT_PPM * price
    return 0 < report.price < PRICE_LIMIT and report.confidence_ppm <= MAX_CONFIDENCE_PPM


def _see(own: FeedMemory, accepted: Accepted, now_ms: int) -> FeedMemory:
    """Take note of what the exchange has accepted."""
    if accepted.round <= own.seen_round:
        return own
    own = replace(own, seen_round=accepted.round, waiting_since_ms=now_ms)
    if own.waiting is not None and own.waiting.round <= accepted.round:
        own = replace(own, waiting=None)
    return own


def _next_report(
    now_ms: int, feed: FeedView, own: FeedMemory, policy: OraclePolicy
) -> FeedReport | None:
    """Return the report that is due, `None` if none is or too few publishers see a value."""
    accepted = feed.accepted
    newest = own.said if own.said.round > accepted.round else accepted
    interval_ms = policy.confirm_ms if accepted.is_pending else policy.interval_ms
    earliest_ms = max(accepted.time_ms, own.proposed.time_ms) + interval_ms
    found = consensus(feed.observations, now_ms, policy)
    if now_ms < earliest_ms or found is None:
        return None
    report = _make_report(now_ms, feed, max(accepted.round, own.proposed.round), found)
    price = feed.price if isinstance(report, ForwardReport) else found[0]
    if not is_in_range(report, price):
        return None
    is_forward = isinstance(report, ForwardReport)
    heartbeat_ms = policy.forward_heartbeat_ms if is_forward else policy.heartbeat_ms
    spoken_ms = max(newest.time_ms, own.said.time_ms)
    has_moved = abs(found[0] - newest.value) * PPM >= policy.trigger_ppm * price
    is_due = has_moved or accepted.is_pending or now_ms - spoken_ms >= heartbeat_ms
    return report if is_due else None


def _make_report(
    now_ms: int, feed: FeedView, used_round: int, found: tuple[int, list[int]]
) -> FeedReport:
    value, nearest = found
    underlying, slot = feed.feed
    number = max(used_round + 1, now_ms >> ROUND_BITS)
    if slot != PRICE:
        return ForwardReport(underlying, slot, number, now_ms, value, ())
    price = max(value, 1)
    confidence_ppm = max(distance_ppm(value, other, price) for other in nearest)
    return PriceReport(underlying, number, now_ms, value, confidence_ppm, ())


def _is_ignored(own: FeedMemory, now_ms: int, policy: OraclePolicy) -> bool:
    """Tell whether the exchange leaves out what it is sent, and L1 was not used lately."""
    waited_ms = now_ms - own.waiting_since_ms
    return waited_ms >= policy.patience_ms and now_ms - own.posted_ms >= policy.repeat_ms
