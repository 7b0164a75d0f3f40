"""When volatilities are reported, whose, in which order, and what publishers sign."""

from collections.abc import Callable
from typing import Final

import pytest

from rollup_node.core.inputs import SurfaceReport
from rollup_node.core.surface import Smile
from rollup_node.devnet.volatility import Level, make_smile
from rollup_node.roles.oracle import (
    ROUND_BITS,
    FeedView,
    OracleMemory,
    OracleView,
    Propose,
    decide,
    note_refused,
    note_signed,
)
from rollup_node.roles.oracle_reports import (
    NOTHING,
    Accepted,
    Observation,
    OraclePolicy,
    forward_volatility,
    summary,
    surface_consensus,
)
from rollup_node.roles.publisher import Objection, check_smile

POLICY: Final = OraclePolicy()
NOW: Final = 1_700_000_000_000
P: Final = 3_000_000_000
DAY_MS: Final = 86_400_000
FEED: Final = (0, 3)
POINT: Final = 10**16


def smile(points: int, days: int = 1) -> Smile:
    """Return the smile of a level in hundredths of a point."""
    return make_smile(Level(points * 100, points * 100), days * DAY_MS)


def view(
    points: int, accepted: Accepted = NOTHING, now_ms: int = NOW, days: int = 1, slot: int = 3
) -> FeedView:
    """Return a feed of which five publishers see levels a tenth of a point apart."""
    seen = [
        Observation(number, 5_000_000, now_ms, smile(points + 10 * number, days))
        for number in range(5)
    ]
    return FeedView((0, slot), accepted, seen, P, has_strikes=True, expiry=NOW // 1_000 + days)


def run(
    *feeds: FeedView, now_ms: int = NOW, memory: OracleMemory | None = None
) -> tuple[OracleMemory, list[SurfaceReport]]:
    memory, actions = decide(OracleView(now_ms, feeds), memory or OracleMemory(), POLICY)
    assert all(isinstance(action, Propose) for action in actions)
    reports = [action.report for action in actions]
    assert all(isinstance(report, SurfaceReport) for report in reports)
    return memory, reports  # type: ignore[return-value]


def has(points: int, ago_ms: int) -> Accepted:
    found = forward_volatility(smile(points))
    return Accepted(5, NOW - ago_ms, 5_000_000, volatility=found)


def test_decide_first_surface_is_that_of_the_publisher_in_the_middle() -> None:
    _, reports = run(view(8_000))
    nodes = smile(8_020)
    assert reports == [
        SurfaceReport(0, 3, NOW // 1_000 + 1, NOW >> ROUND_BITS, NOW, 5_000_000, nodes, ())
    ]


@pytest.mark.parametrize(
    ("points", "ago_ms", "is_due"),
    [
        (8_000, POLICY.surface_heartbeat_ms - 1, False),
        (8_000, POLICY.surface_heartbeat_ms, True),
        (8_100, 2_000, False),
        (8_101, 2_000, True),
        (7_900, 2_000, False),
        (7_899, 2_000, True),
        (9_000, 1_999, False),
    ],
)
def test_decide_surface_is_due_by_heartbeat_or_a_move_of_a_point(
    points: int, ago_ms: int, is_due: bool
) -> None:
    assert bool(run(view(points - 20, has(8_000, ago_ms)))[1]) is is_due


def test_decide_surface_of_a_forward_that_moved_is_due() -> None:
    feed = view(7_980, has(8_000, 2_000))
    moved = [seen._replace(value=5_000_000 + P // 400) for seen in feed.observations]
    assert run(feed._replace(observations=moved))[1]


def test_decide_too_few_old_or_blind_publishers_give_no_surface() -> None:
    feed = view(8_000)
    old = [seen._replace(time_ms=NOW - POLICY.max_age_ms - 1) for seen in feed.observations]
    blind = [seen._replace(nodes=()) for seen in feed.observations]
    twice = [feed.observations[0]] * 3 + [feed.observations[1]]
    for observations in (feed.observations[:2], old, blind, twice):
        assert run(feed._replace(observations=observations))[1] == []
        assert surface_consensus(observations, NOW, POLICY) is None


def test_decide_refused_surface_is_said_anew_and_a_taken_one_is_not() -> None:
    memory, (report,) = run(view(8_000))
    memory = note_signed(memory, report, NOW)
    later = NOW + POLICY.surface_interval_ms
    assert run(view(8_000, now_ms=later), now_ms=later, memory=memory)[1] == []
    memory = note_refused(memory, report)
    assert run(view(8_000, now_ms=later - 1), now_ms=later - 1, memory=memory)[1] == []
    _, (again,) = run(view(8_000, now_ms=later), now_ms=later, memory=memory)
    assert again.round > report.round


def test_decide_surface_that_is_ignored_is_not_posted_on_l1() -> None:
    memory = OracleMemory()
    for second in range(60):
        now_ms = NOW + 1_000 * second
        memory, reports = run(view(8_000, now_ms=now_ms), now_ms=now_ms, memory=memory)
        for report in reports:
            memory = note_signed(memory, report, now_ms)
    assert memory.feeds[FEED].waiting is not None


@pytest.mark.parametrize(("points", "order"), [(9_000, [5, 4, 3]), (6_000, [3, 4, 5])])
def test_decide_dates_are_reported_so_that_none_is_refused(points: int, order: list[int]) -> None:
    feeds = [view(points, has(8_000, 2_000), days=slot, slot=slot) for slot in (4, 3, 5)]
    assert [report.expiry_slot for report in run(*feeds)[1]] == order


def test_decide_slot_with_another_date_is_reported_at_once() -> None:
    memory, (report,) = run(view(8_000))
    memory = note_signed(memory, report, NOW)
    later = NOW + POLICY.surface_interval_ms
    taken = summary(report)
    memory, none = run(view(8_000, taken, later), now_ms=later, memory=memory)
    assert none == []
    _, reports = run(view(8_000, now_ms=later), now_ms=later, memory=memory)
    assert reports
    assert reports[0].round > report.round


REPORT: Final = SurfaceReport(0, 3, NOW // 1_000, 9, NOW, 5_000_000, smile(8_000), ())
OWN: Final = Observation(1, 5_000_000, NOW, smile(8_000))


def change_node(report: SurfaceReport, place: int, **fields: int) -> SurfaceReport:
    nodes = list(report.nodes)
    nodes[place] = nodes[place]._replace(**fields)
    return report._replace(nodes=tuple(nodes))


@pytest.mark.parametrize(
    ("change", "objection"),
    [
        (lambda report: report, Objection.NONE),
        (lambda report: report._replace(nodes=smile(8_150)), Objection.NONE),
        (lambda report: report._replace(nodes=smile(8_170)), Objection.TOO_FAR),
        (lambda report: report._replace(nodes=smile(7_830)), Objection.TOO_FAR),
        (lambda report: report._replace(nodes=report.nodes[1:]), Objection.TOO_FAR),
        (lambda report: change_node(report, 3, moneyness=-300_001), Objection.TOO_FAR),
    ],
)
def test_check_smile_signs_only_what_it_sees_itself(
    change: Callable[[SurfaceReport], SurfaceReport], objection: Objection
) -> None:
    assert check_smile(change(REPORT), OWN, DAY_MS, POLICY) == objection


def test_check_smile_does_not_sign_what_can_be_arbitraged() -> None:
    days = 90
    nodes = smile(8_000, days)
    own, report = OWN._replace(nodes=nodes), REPORT._replace(nodes=nodes)
    assert check_smile(report, own, days * DAY_MS, POLICY) == Objection.NONE
    dented = change_node(report, 8, volatility=nodes[8].volatility - 150)
    assert check_smile(dented, own, days * DAY_MS, POLICY) == Objection.ARBITRAGE


def test_check_smile_blind_publisher_does_not_sign() -> None:
    assert check_smile(REPORT, OWN._replace(nodes=()), DAY_MS, POLICY) == Objection.TOO_FAR
