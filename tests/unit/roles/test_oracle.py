"""When the oracle reports, what, what publishers sign, and when L1 is used."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup_node.core.inputs import ForwardReport, PriceReport
from rollup_node.roles.oracle import (
    ROUND_BITS,
    FeedView,
    OracleMemory,
    OracleView,
    PostReport,
    Propose,
    decide,
    note_refused,
    note_signed,
)
from rollup_node.roles.oracle_reports import (
    NOTHING,
    PRICE,
    PRICE_LIMIT,
    Accepted,
    FeedReport,
    Observation,
    OraclePolicy,
    consensus,
    median,
)
from rollup_node.roles.publisher import Objection, check_report

POLICY = OraclePolicy()
NOW = 1_700_000_000_000
ETH = (0, PRICE)
FORWARD = (0, 3)
P = 3_000_000_000


DATE = NOW // 1_000 + 86_400
"""When the date of the forward is."""


def seen(values: Sequence[int], at_ms: int = NOW) -> list[Observation]:
    return [Observation(number, value, at_ms) for number, value in enumerate(values)]


def run(
    accepted: Accepted,
    values: Sequence[int],
    now_ms: int = NOW,
    memory: OracleMemory | None = None,
    feed: tuple[int, int] = ETH,
) -> tuple[OracleMemory, list[FeedReport], list[FeedReport]]:
    """Decide once; give the memory, what is proposed and what is posted."""
    view = OracleView(now_ms, [FeedView(feed, accepted, seen(values, now_ms), P, expiry=DATE)])
    memory, actions = decide(view, memory or OracleMemory(), POLICY)
    proposed = [action.report for action in actions if isinstance(action, Propose)]
    posted = [action.report for action in actions if isinstance(action, PostReport)]
    return memory, proposed, posted


def accepted(value: int, ago_ms: int, round_number: int = 5, *, pending: bool = False) -> Accepted:
    return Accepted(round_number, NOW - ago_ms, value, pending)


def test_decide_first_report_is_made_at_once_from_the_median() -> None:
    _, proposed, _ = run(NOTHING, [P, P + 3_000_000, P + 1_500_000, P - 1_500_000, P + 600_000])
    report = PriceReport(0, NOW >> ROUND_BITS, NOW, P + 600_000, 300, ())
    assert proposed == [report]


@pytest.mark.parametrize(
    ("ago_ms", "move_ppm", "pending", "is_due"),
    [
        (9_999, 0, False, False),
        (10_000, 0, False, True),
        (1_000, 2_499, False, False),
        (1_000, 2_500, False, False),
        (1_000, 2_507, False, True),
        (1_000, -2_500, False, True),
        (999, 50_000, False, False),
        (250, 0, True, True),
        (249, 0, True, False),
    ],
)
def test_decide_is_due_by_heartbeat_move_or_pending_jump(
    ago_ms: int, move_ppm: int, pending: bool, is_due: bool
) -> None:
    moved = P + P * move_ppm // 1_000_000
    _, proposed, _ = run(accepted(P, ago_ms, pending=pending), [moved] * 5)
    assert bool(proposed) is is_due


@pytest.mark.parametrize("values", [[], [P, P], [0] * 5, [PRICE_LIMIT] * 5, [P, 2 * P, 3 * P]])
def test_decide_too_few_bad_or_scattered_observations_give_no_report(values: list[int]) -> None:
    assert run(NOTHING, values)[1] == []


def test_decide_stale_observations_do_not_count() -> None:
    old = seen([P] * 5, NOW - POLICY.max_age_ms - 1)
    view = OracleView(NOW, [FeedView(ETH, NOTHING, old)])
    assert decide(view, OracleMemory(), POLICY)[1] == ()


def test_decide_one_publisher_counts_once() -> None:
    twice = [Observation(1, P, NOW)] * 3 + [Observation(2, P, NOW)]
    assert consensus(twice, NOW, POLICY) is None


def test_decide_failed_proposal_is_repeated_with_a_new_round_after_the_interval() -> None:
    memory, first, _ = run(NOTHING, [P] * 5)
    memory, early, _ = run(NOTHING, [P] * 5, NOW + 999, memory)
    assert early == []
    _, second, _ = run(NOTHING, [P] * 5, NOW + 1_000, memory)
    assert second[0].round > first[0].round
    assert second[0].time_ms > first[0].time_ms


def test_decide_signed_report_on_its_way_is_the_reference() -> None:
    memory, (report,), _ = run(NOTHING, [P] * 5)
    memory = note_signed(memory, report, NOW)
    memory, again, _ = run(NOTHING, [P] * 5, NOW + 9_999, memory)
    assert again == []
    assert run(NOTHING, [P] * 5, NOW + 10_000, memory)[1]


def test_decide_refused_report_is_replaced_after_the_interval() -> None:
    memory, (report,), _ = run(NOTHING, [P] * 5)
    memory = note_refused(note_signed(memory, report, NOW), report)
    assert run(NOTHING, [P] * 5, NOW + 999, memory)[1] == []
    assert run(NOTHING, [P] * 5, NOW + 1_000, memory)[1]
    assert memory.feeds[ETH].waiting == report


def test_decide_forgotten_keeper_goes_on_above_old_rounds() -> None:
    memory, (report,), _ = run(NOTHING, [P] * 5)
    _, (later,), _ = run(NOTHING, [P] * 5, NOW + 1_100)
    assert later.round > report.round
    _, (above,), _ = run(Accepted(1 << 39, NOW - 20_000, P), [P] * 5)
    assert above.round == (1 << 39) + 1
    assert memory.feeds[ETH].proposed.round == report.round


def test_decide_silent_exchange_leads_to_one_post_on_l1_at_a_time() -> None:
    memory, posts = OracleMemory(), []
    for second in range(120):
        now_ms = NOW + second * 1_000
        memory, proposed, posted = run(NOTHING, [P] * 5, now_ms, memory)
        for report in proposed:
            memory = note_signed(memory, report._replace(signatures=(b"s",) * 3), now_ms)
        posts += [(second, report.time_ms - NOW) for report in posted]
    assert [second for second, _ in posts] == [15, 45, 75, 105]
    assert all(1_000 * second - made_ms < 10_000 for second, made_ms in posts)


def test_decide_exchange_that_moves_on_needs_no_l1() -> None:
    memory, state = OracleMemory(), NOTHING
    for second in range(120):
        now_ms = NOW + second * 1_000
        memory, proposed, posted = run(state, [P] * 5, now_ms, memory)
        assert posted == []
        for report in proposed:
            memory = note_signed(memory, report, now_ms)
            state = Accepted(report.round, report.time_ms, P)


def test_decide_forward_has_its_own_heartbeat_and_measure() -> None:
    memory, (report,), _ = run(NOTHING, [-9_000_000] * 4, feed=FORWARD)
    assert report == ForwardReport(0, 3, DATE, NOW >> ROUND_BITS, NOW, -9_000_000, ())
    memory = note_signed(memory, report, NOW)
    state = Accepted(report.round, 0, -9_000_000)
    later = NOW + 59_999
    assert run(state, [-9_000_000] * 4, later, memory, FORWARD)[1] == []
    assert run(state, [-9_000_000] * 4, later + 1, memory, FORWARD)[1]
    moved = -9_000_000 + P * 25 // 10_000
    assert run(state, [moved] * 4, NOW + 1_000, memory, FORWARD)[1]


@pytest.mark.parametrize(("forward", "is_due"), [(P // 5, True), (P // 5 + 1, False)])
def test_decide_forward_stays_within_a_fifth_of_the_price(forward: int, is_due: bool) -> None:
    assert bool(run(NOTHING, [forward] * 5, feed=FORWARD)[1]) is is_due


@given(st.lists(st.integers(-(1 << 40), 1 << 40), min_size=1))
def test_median_is_a_value_with_half_on_each_side(values: list[int]) -> None:
    middle = median(values)
    assert middle in values
    assert 2 * sum(value < middle for value in values) <= len(values)
    assert 2 * sum(value > middle for value in values) <= len(values)


@given(
    st.integers(1_000_000, 1 << 39),
    st.lists(st.integers(-1_000, 1_000), min_size=3, max_size=3),
    st.lists(st.integers(1, 1 << 40), min_size=2, max_size=2),
    st.randoms(use_true_random=False),
)
def test_consensus_with_two_liars_of_five_is_within_what_honest_ones_saw(
    price: int, noise_ppm: list[int], lies: list[int], order: object
) -> None:
    honest = [price + price * ppm // 1_000_000 for ppm in noise_ppm]
    observations = seen([*honest, *lies])
    order.shuffle(observations)  # type: ignore[attr-defined]
    found = consensus(observations, NOW, POLICY)
    assert found is not None
    assert min(honest) <= found[0] <= max(honest)


@given(
    st.lists(
        st.tuples(st.integers(0, 4_000), st.integers(1, 1 << 40), st.booleans(), st.booleans()),
        max_size=40,
    )
)
def test_decide_rounds_and_times_only_rise_whatever_happens(
    story: list[tuple[int, int, bool, bool]],
) -> None:
    memory, state, now_ms = OracleMemory(), NOTHING, NOW
    last_round, last_ms = 0, 0
    for wait_ms, value, is_signed, is_accepted in story:
        now_ms += wait_ms
        memory, proposed, _ = run(state, [value] * 4, now_ms, memory)
        for report in proposed:
            assert report.round > last_round
            assert report.time_ms - last_ms >= POLICY.interval_ms
            last_round, last_ms = report.round, report.time_ms
            if is_signed:
                memory = note_signed(memory, report, now_ms)
                if is_accepted:
                    state = Accepted(report.round, report.time_ms, value)


REPORT = PriceReport(0, NOW >> ROUND_BITS, NOW, P, 100, ())


@pytest.mark.parametrize(
    ("change", "objection"),
    [
        (lambda report: report, Objection.NONE),
        (lambda report: report._replace(price=P + P // 200), Objection.NONE),
        (lambda report: report._replace(price=P - P // 200 - 1), Objection.TOO_FAR),
        (lambda report: report._replace(price=P + P // 200 + 1), Objection.TOO_FAR),
        (lambda report: report._replace(price=0), Objection.OUT_OF_RANGE),
        (lambda report: report._replace(price=PRICE_LIMIT), Objection.OUT_OF_RANGE),
        (lambda report: report._replace(confidence_ppm=20_001), Objection.OUT_OF_RANGE),
        (lambda report: report._replace(confidence_ppm=10_001), Objection.TOO_UNSURE),
        (lambda report: report._replace(time_ms=NOW + 3_001), Objection.BLIND),
        (lambda report: report._replace(round=7), Objection.NOT_NEW),
        (lambda report: report._replace(time_ms=NOW - 2_000), Objection.NOT_NEW),
    ],
)
def test_check_report_signs_only_what_it_sees_itself(
    change: Callable[[PriceReport], PriceReport], objection: Objection
) -> None:
    own, last = Observation(1, P, NOW), Accepted(7, NOW - 2_000, P)
    assert check_report(change(REPORT), own, P, last, NOW, POLICY) == objection


def test_check_report_blind_or_late_publisher_does_not_sign() -> None:
    assert check_report(REPORT, None, P, NOTHING, NOW, POLICY) == Objection.BLIND
    old = Observation(1, P, NOW - 3_001)
    assert check_report(REPORT, old, P, NOTHING, NOW, POLICY) == Objection.BLIND
    own = Observation(1, P, NOW)
    late = check_report(REPORT, own, P, NOTHING, NOW + 3_001, POLICY)
    assert late == Objection.WRONG_TIME


@pytest.mark.parametrize(
    ("difference", "objection"),
    [
        (-P // 100, Objection.NONE),
        (-P // 100 - P // 200, Objection.NONE),
        (-P // 100 - P // 200 - 1, Objection.TOO_FAR),
        (P // 4, Objection.OUT_OF_RANGE),
    ],
)
def test_check_report_measures_forwards_against_the_price(
    difference: int, objection: Objection
) -> None:
    report = ForwardReport(0, 3, DATE, NOW >> ROUND_BITS, NOW, difference, ())
    own = Observation(1, -P // 100, NOW)
    assert check_report(report, own, P, NOTHING, NOW, POLICY) == objection


@given(st.integers(1, 1 << 40), st.integers(0, 4))
def test_check_report_lying_publisher_never_signs_with_honest_ones(lie: int, liar: int) -> None:
    """A report of a liar gets its own signature alone, unless it is hardly a lie."""
    report = REPORT._replace(price=lie)
    values = [lie if number == liar else P for number in range(5)]
    signers = [
        number
        for number, value in enumerate(values)
        if not check_report(report, Observation(number, value, NOW), value, NOTHING, NOW, POLICY)
    ]
    is_close = abs(lie - P) * 200 <= P
    assert len(signers) == 5 if is_close else set(signers) <= {liar}
