"""The oracle: when to report a price, a forward or volatilities, and which ones.

There is no median on chain: k publishers sign the same bytes. One keeper collects what the
publishers see and proposes what most of them see; `roles.publisher` says when they sign it.
Source: docs/spec.md V-3 to V-6, V-13.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, TypeAlias

from rollup_node.core.inputs import ForwardReport, PriceReport, SurfaceReport
from rollup_node.roles.oracle_reports import (
    NOTHING,
    PPM,
    PRICE,
    Accepted,
    Feed,
    FeedReport,
    Observation,
    OraclePolicy,
    consensus,
    distance_ppm,
    feed_of,
    forward_volatility,
    is_in_range,
    summary,
    surface_consensus,
)

ROUND_BITS: Final = 10
"""Rounds number spans of 2^10 ms: a keeper that forgot everything goes on above all old ones."""


class FeedView(NamedTuple):
    """One feed of the exchange: what it has, and what the publishers see now.

    `price` is what a forward is measured against; the price itself is its own measure. A date with
    strikes wants volatilities; `expiry` is when a date is, unix seconds.
    """

    feed: Feed
    accepted: Accepted
    observations: Sequence[Observation]
    price: int = 0
    has_strikes: bool = False
    expiry: int = 0


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
    surfaces: list[_Surface] = []
    for feed in view.feeds:
        own = _see(feeds.get(feed.feed, FeedMemory()), feed.accepted, view.now_ms)
        report = _next_report(view.now_ms, feed, own, policy)
        if isinstance(report, SurfaceReport):
            surfaces.append(_Surface(feed, report))
        elif report is not None:
            actions.append(Propose(report))
        if report is not None:
            own = replace(own, proposed=summary(report))
        if own.waiting is not None and _is_ignored(own, view.now_ms, policy):
            actions.append(PostReport(own.waiting))
            own = replace(own, posted_ms=view.now_ms)
        feeds[feed.feed] = own
    actions += [Propose(report) for report in _in_order(surfaces)]
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


class _Surface(NamedTuple):
    """A report of volatilities that is due."""

    view: FeedView
    report: SurfaceReport


def _in_order(surfaces: Sequence[_Surface]) -> list[SurfaceReport]:
    """Return reports so that each can be taken: total variance has to grow with the date.

    Where volatility has risen the last date comes first, else the first one: against the old
    volatilities of its neighbours a date would be refused otherwise (V-13).
    """
    rises: dict[int, int] = {}
    for view, report in surfaces:
        rise = forward_volatility(report.nodes) - view.accepted.volatility
        rises[report.underlying] = rises.get(report.underlying, 0) + rise
    ranked = sorted(
        surfaces,
        key=lambda due: (
            due.report.underlying,
            -due.view.expiry if rises[due.report.underlying] > 0 else due.view.expiry,
        ),
    )
    return [due.report for due in ranked]


def _see(own: FeedMemory, accepted: Accepted, now_ms: int) -> FeedMemory:
    """Take note of what the exchange has accepted."""
    if accepted.round < own.seen_round:  # L1 took it back, or the slot has another date now
        return FeedMemory(proposed=own.proposed, seen_round=accepted.round)
    if accepted.round == own.seen_round:
        return own
    own = replace(own, seen_round=accepted.round, waiting_since_ms=now_ms)
    if own.waiting is not None and own.waiting.round <= accepted.round:
        own = replace(own, waiting=None)
    return own


def _next_report(
    now_ms: int, feed: FeedView, own: FeedMemory, policy: OraclePolicy
) -> FeedReport | None:
    """Return the report that is due, `None` if none is or too few publishers see a value."""
    if feed.has_strikes:
        return _next_surface(now_ms, feed, own, policy)
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


def _next_surface(
    now_ms: int, feed: FeedView, own: FeedMemory, policy: OraclePolicy
) -> SurfaceReport | None:
    """Return the volatilities that are due, with the forward that was seen with them."""
    accepted = feed.accepted
    newest = own.said if own.said.round > accepted.round else accepted
    earliest_ms = max(accepted.time_ms, own.proposed.time_ms) + policy.surface_interval_ms
    found = surface_consensus(feed.observations, now_ms, policy)
    if now_ms < earliest_ms or found is None:
        return None
    number = _next_round(now_ms, max(accepted.round, own.proposed.round))
    report = SurfaceReport(*feed.feed, feed.expiry, number, now_ms, found.value, found.nodes, ())
    moved = abs(forward_volatility(found.nodes) - newest.volatility)
    has_moved = (
        moved > policy.surface_trigger
        or abs(found.value - newest.value) * PPM >= policy.trigger_ppm * feed.price
    )
    is_due = has_moved or now_ms - newest.time_ms >= policy.surface_heartbeat_ms
    return report if is_due and is_in_range(report, feed.price) else None


def _next_round(now_ms: int, used_round: int) -> int:
    return max(used_round + 1, now_ms >> ROUND_BITS)


def _make_report(
    now_ms: int, feed: FeedView, used_round: int, found: tuple[int, list[int]]
) -> FeedReport:
    value, nearest = found
    underlying, slot = feed.feed
    number = _next_round(now_ms, used_round)
    if slot != PRICE:
        return ForwardReport(underlying, slot, feed.expiry, number, now_ms, value, ())
    price = max(value, 1)
    confidence_ppm = max(distance_ppm(value, other, price) for other in nearest)
    return PriceReport(underlying, number, now_ms, value, confidence_ppm, ())


def _is_ignored(own: FeedMemory, now_ms: int, policy: OraclePolicy) -> bool:
    """Tell whether the exchange leaves out what it is sent, and L1 was not used lately.

    L1 does not take volatilities (I-11).
    """
    if isinstance(own.waiting, SurfaceReport):
        return False
    waited_ms = now_ms - own.waiting_since_ms
    return waited_ms >= policy.patience_ms and now_ms - own.posted_ms >= policy.repeat_ms
