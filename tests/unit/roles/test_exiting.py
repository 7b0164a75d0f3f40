"""What is proven and paid in exit mode, in which order."""

from dataclasses import replace

from rollup_node.roles.exiting import (
    MARKS_PER_CALL,
    ExitView,
    Pay,
    ProveClaim,
    ProveMarks,
    ProveTotals,
    decide_claims,
    decide_payments,
)

VIEW = ExitView(
    has_totals=False,
    marked=frozenset(),
    claimed=frozenset(),
    series={3: [1, 2], 1: [], 2: [2]},
    unpaid={},
)


def test_decide_claims_proves_totals_then_marks_then_each_account() -> None:
    wanted = [ProveTotals(), ProveMarks((1, 2)), ProveClaim(1), ProveClaim(2), ProveClaim(3)]
    assert decide_claims(VIEW) == wanted


def test_decide_claims_leaves_out_what_anybody_proved() -> None:
    view = replace(VIEW, has_totals=True, marked=frozenset([2]), claimed=frozenset([1]))
    assert decide_claims(view) == [ProveMarks((1,)), ProveClaim(2), ProveClaim(3)]
    assert decide_claims(replace(view, claimed=frozenset([1, 2, 3]))) == []


def test_decide_claims_proves_no_mark_that_only_a_finished_claim_needs() -> None:
    view = replace(VIEW, has_totals=True, claimed=frozenset([3]))
    assert decide_claims(view) == [ProveMarks((2,)), ProveClaim(1), ProveClaim(2)]


def test_decide_claims_cuts_many_marks_into_calls() -> None:
    count = 2 * MARKS_PER_CALL + 1
    view = replace(VIEW, has_totals=True, series={1: range(count)})
    calls = [action for action in decide_claims(view) if isinstance(action, ProveMarks)]
    assert [len(call.series) for call in calls] == [MARKS_PER_CALL, MARKS_PER_CALL, 1]
    assert [number for call in calls for number in call.series] == list(range(count))


def test_decide_payments_pays_what_is_due_and_nothing_else() -> None:
    view = replace(VIEW, unpaid={(2, 1): 5, (1, 0): 0, (1, 2): 1})
    assert decide_payments(view) == [Pay(1, 2), Pay(2, 1)]
