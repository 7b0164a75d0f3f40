"""After a contest: losers settled parents first, own services claimed, stakes and credits home."""

from dataclasses import replace

import pytest

from rollup_node.derive.events import Service
from rollup_node.proof.edges import edge_id
from rollup_node.roles.challenger import ChallengerMemory, ChallengerView, decide
from rollup_node.roles.collecting import (
    MAX_SETTLED,
    ClaimTariffs,
    Collect,
    EarnedService,
    Settle,
    WonContest,
    earned_services,
    find_settlement,
    find_tariffs,
)
from rollup_node.roles.dispute_moves import Action, Release
from tests.unit.roles.stage import (
    GENESIS,
    HEIGHT,
    MALLORY,
    OWN,
    SYBIL,
    TARIFFS,
    Stage,
    name,
    patched,
    right_history,
)

ORIGIN = GENESIS.assertion_id
RIGHT = right_history()
RIGHT_ID = name(ORIGIN, RIGHT)
WRONG = patched(RIGHT, {2: "wrong"})
WRONG_ID = name(ORIGIN, WRONG)


def won_stage() -> Stage:
    """Return a stage on which the right child has won against one that was refuted."""
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    stage.make(ORIGIN, RIGHT, OWN)
    stage.refute(WRONG_ID, OWN)
    stage.confirm(RIGHT_ID)
    return stage


def moves(view: ChallengerView) -> list[Action]:
    """Return what is decided at a view whose right branch begins with its last assertion."""
    return list(decide(replace(view, branch=view.branch[-1:]), ChallengerMemory())[1])


def test_find_settlement_of_a_refuted_child_waits_for_its_parent_only() -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    assert find_settlement(stage.tree) is None
    stage.refute(WRONG_ID, OWN)
    assert find_settlement(stage.tree) == Settle((WRONG_ID,), (MALLORY,))


def test_find_settlement_below_an_unconfirmed_parent_waits() -> None:
    stage = Stage()
    stage.make(ORIGIN, RIGHT, SYBIL)
    wrong = stage.make(RIGHT_ID, WRONG, MALLORY)
    stage.refute(wrong.id, OWN)
    assert find_settlement(stage.tree) is None
    stage.confirm(RIGHT_ID)
    assert find_settlement(stage.tree) == Settle((wrong.id,), (MALLORY,))


def test_find_settlement_of_descendants_marks_parents_first_and_leaves_out_what_is_dead() -> None:
    stage = Stage()
    top = stage.make(ORIGIN, WRONG, SYBIL).id
    middle = stage.make(top, right_history("a"), MALLORY).id
    low = stage.make(middle, right_history("b"), MALLORY).id
    stage.make(top, right_history("no stake"), MALLORY, stake=False)
    stage.make(ORIGIN, RIGHT, OWN)
    stage.confirm(RIGHT_ID)
    found = find_settlement(stage.tree)
    assert found is not None
    assert set(found.stakers) == {SYBIL, MALLORY}
    assert found.ids == (top, middle, low)
    stage.settle(top, top)
    stage.settle(middle, top)
    found = find_settlement(stage.tree)
    assert found is not None
    assert found.ids == (low,)
    assert set(found.stakers) == {SYBIL, MALLORY}


def test_find_settlement_of_a_long_chain_is_paged_and_seizes_at_its_end() -> None:
    stage = Stage()
    parent, ids = ORIGIN, []
    for depth in range(MAX_SETTLED + 5):
        history = WRONG if depth == 0 else right_history(f"{depth} ")
        parent = stage.make(parent, history, MALLORY).id
        ids.append(parent)
    stage.make(ORIGIN, RIGHT, OWN)
    stage.confirm(RIGHT_ID)
    assert find_settlement(stage.tree) == Settle(tuple(ids[:MAX_SETTLED]), ())
    for dead in ids[:MAX_SETTLED]:
        stage.settle(dead, ids[0])
    assert find_settlement(stage.tree) == Settle(tuple(ids[MAX_SETTLED:]), (MALLORY,))


def test_find_settlement_leaves_right_and_open_claims_alone() -> None:
    stage = won_stage()
    stage.settle(WRONG_ID, WRONG_ID)
    stage.make(RIGHT_ID, right_history("next "), SYBIL)
    found = find_settlement(stage.tree)
    assert found == Settle((), (MALLORY,))


def test_earned_services_are_own_ones_on_the_winners_history_dearest_first() -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    stage.make(ORIGIN, RIGHT, OWN)
    stage.dissect(ORIGIN, WRONG, 2, OWN)
    stage.bisect(ORIGIN, RIGHT, HEIGHT, 0, OWN)
    stage.bisect(ORIGIN, RIGHT, 2, 0, MALLORY)
    stage.bisect(ORIGIN, RIGHT, 1, 1, OWN)
    stage.prove(ORIGIN, RIGHT, 2, OWN)
    stage.refute(WRONG_ID, OWN)
    stage.confirm(RIGHT_ID)
    children = stage.tree.children(ORIGIN)
    found = earned_services(OWN, children, RIGHT, stage.disputes)
    assert [(s.service, s.height, s.index) for s in found] == [
        (Service.REFUTATION, 0, 0),
        (Service.ASSERTION, 0, 0),
        (Service.ONE_STEP_PROOF, 0, 2),
        (Service.BISECTION, 3, 0),
        (Service.BISECTION, 1, 1),
    ]
    assert [s.subject for s in found[:2]] == [WRONG_ID, RIGHT_ID]
    assert found[3].subject == edge_id(RIGHT.edge(ORIGIN, 3, 0))
    assert earned_services(SYBIL, children, RIGHT, stage.disputes) == ()


@pytest.mark.parametrize(
    ("pot_wei", "expected"),
    [
        (0, []),
        (99, [Service.BISECTION]),
        (100, [Service.ASSERTION]),
        (1_000, [Service.REFUTATION, Service.ASSERTION]),
    ],
)
def test_find_tariffs_takes_what_the_pot_can_pay(pot_wei: int, expected: list[Service]) -> None:
    unpaid = tuple(
        EarnedService(service, bytes([service]))
        for service in (Service.REFUTATION, Service.ASSERTION, Service.BISECTION)
    )
    found = find_tariffs(WonContest(ORIGIN, RIGHT, pot_wei, unpaid), TARIFFS)
    assert [s.service for s in (found.services if found else ())] == expected


def test_decide_settles_then_claims_then_releases_then_collects() -> None:
    stage = won_stage()
    service = EarnedService(Service.REFUTATION, WRONG_ID)
    won = WonContest(ORIGIN, RIGHT, 0, (service,))
    view = replace(stage.view(branch=[RIGHT_ID]), won=[won], releases=False)
    assert moves(view) == [Settle((WRONG_ID,), (MALLORY,))]
    paid = replace(won, pot_wei=1_500)
    assert moves(replace(view, won=[paid], credit_wei=15))[1:] == [ClaimTariffs(paid, (service,))]


def test_decide_stake_that_is_not_needed_is_released_and_its_credit_collected() -> None:
    stage = Stage()
    stage.make(ORIGIN, RIGHT, OWN)
    view = stage.view(branch=[RIGHT_ID])
    assert moves(replace(view, credit_wei=0)) == []
    stage.confirm(RIGHT_ID)
    assert moves(stage.view(branch=[RIGHT_ID])) == [Release()]
    kept = replace(stage.view(branch=[RIGHT_ID]), releases=False)
    assert moves(kept) == []
    assert moves(replace(kept, credit_wei=7)) == [Collect(7)]


def test_decide_stake_stays_while_anything_is_contested() -> None:
    stage = Stage()
    stage.make(ORIGIN, RIGHT, OWN)
    stage.confirm(RIGHT_ID)
    right = right_history("next ")
    stage.make(RIGHT_ID, right, SYBIL)
    stage.make(RIGHT_ID, patched(right, {0: "wrong"}), MALLORY)
    contest = stage.contest(RIGHT_ID, right)
    view = replace(stage.view(contest, branch=[RIGHT_ID]), credit_wei=7)
    assert {type(move).__name__ for move in moves(view)} == {"Bisect"}


def test_decide_exit_mode_releases_a_stake_unless_it_is_lost() -> None:
    stage = Stage()
    stage.make(ORIGIN, RIGHT, OWN)
    view = replace(stage.view(branch=[RIGHT_ID]), exit_mode=True)
    assert moves(view) == [Release()]
    lost = Stage()
    lost.make(ORIGIN, RIGHT, OWN)
    lost.make(ORIGIN, WRONG, MALLORY)
    lost.confirm(WRONG_ID)
    view = replace(lost.view(branch=[RIGHT_ID]), exit_mode=True)
    assert Release() not in moves(view)
