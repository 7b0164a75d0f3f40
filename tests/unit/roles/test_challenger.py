"""What a challenger does: each rule of docs/spec.md D-15, both ways."""

from dataclasses import replace

import pytest

from rollup_node.proof.edges import EdgeKey, edge_id, layer_zero
from rollup_node.roles.challenger import MAX_UPDATES, ChallengerMemory, ChallengerView, decide
from rollup_node.roles.contest import Contest
from rollup_node.roles.dispute_moves import (
    Action,
    Bisect,
    MakeRightClaim,
    MarkConfirmable,
    ProveOneStep,
    ProveSegment,
    Refute,
    ReportStakeElsewhere,
    UpdateTimers,
    find_waves,
)
from rollup_node.roles.proposer import AdvanceStake, Confirm
from tests.unit.roles.stage import (
    DELAY,
    GENESIS,
    HEIGHT,
    MALLORY,
    OWN,
    PERIOD,
    STAKE_WEI,
    SYBIL,
    ZERO,
    Stage,
    claim_of,
    name,
    patched,
    right_history,
)

ORIGIN = GENESIS.assertion_id
RIGHT = right_history()
RIGHT_ID = name(ORIGIN, RIGHT)
WRONG = patched(RIGHT, {2: "wrong"})
WRONG_ID = name(ORIGIN, WRONG)
OTHER = patched(RIGHT, {5: "other"})
CLAIM = claim_of(ORIGIN, RIGHT)


def moves(view: ChallengerView, memory: ChallengerMemory | None = None) -> list[Action]:
    """Return what is decided at a view."""
    return list(decide(view, memory or ChallengerMemory())[1])


def kinds(actions: list[Action]) -> list[str]:
    """Return the names of actions in order."""
    return [type(action).__name__ for action in actions]


def refute(contest: Contest, child: bytes) -> Refute:
    """Return the refutation of a child."""
    return Refute(contest.origin, child, contest.wrong_leaves[child])


def test_decide_without_wrong_children_does_nothing() -> None:
    stage = Stage()
    stage.make(ORIGIN, RIGHT, SYBIL)
    contest = stage.contest(ORIGIN, RIGHT)
    assert moves(stage.view(contest, branch=[RIGHT_ID])) == []


# D-15 (1): the right child is made at once.


def test_decide_withheld_wrong_child_has_the_right_one_made_and_bisected_in_one_turn() -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    view = stage.view(stage.contest(ORIGIN, RIGHT))
    top = RIGHT.edge(ORIGIN, HEIGHT, 0)
    halves = RIGHT.node(HEIGHT - 1, 0), RIGHT.node(HEIGHT - 1, 1)
    assert moves(view) == [MakeRightClaim(CLAIM, STAKE_WEI), Bisect(top, *halves, RIGHT_ID)]


def test_decide_wrong_child_that_one_transaction_kills_is_refuted_and_nothing_else() -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    contest = stage.contest(ORIGIN, RIGHT, published=[WRONG])
    assert moves(stage.view(contest)) == [refute(contest, WRONG_ID)]


def test_decide_refutation_of_several_transactions_has_the_right_child_made_first() -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    contest = stage.contest(ORIGIN, RIGHT, published=[WRONG], transactions=2)
    found = moves(stage.view(contest))
    assert kinds(found) == ["MakeRightClaim", "Bisect", "ProveSegment", "Refute"]
    assert found[2] == ProveSegment(ORIGIN, 2)


def test_decide_one_withheld_among_published_ones_has_the_right_child_made() -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    stage.make(ORIGIN, OTHER, SYBIL)
    contest = stage.contest(ORIGIN, RIGHT, published=[WRONG])
    found = moves(stage.view(contest))
    assert kinds(found) == ["MakeRightClaim", "Bisect", "Refute"]
    assert found[2] == refute(contest, WRONG_ID)


def test_decide_refuted_child_alone_is_no_reason_to_claim() -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    stage.refute(WRONG_ID, OWN)
    assert MakeRightClaim(CLAIM, STAKE_WEI) not in moves(stage.view(stage.contest(ORIGIN, RIGHT)))


def test_decide_child_that_survives_its_refutation_is_fought_by_all_means() -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    view = stage.view(stage.contest(ORIGIN, RIGHT, published=[WRONG]))
    memory, _ = decide(view, ChallengerMemory())
    assert memory.struck == {WRONG_ID}
    assert kinds(moves(view, memory)) == ["MakeRightClaim", "Bisect", "Refute"]


# Stakes: never a second one.


def test_decide_right_child_that_exists_is_not_made_again_whoever_made_it() -> None:
    for staker in (OWN, SYBIL):
        stage = Stage()
        stage.make(ORIGIN, WRONG, MALLORY)
        stage.make(ORIGIN, RIGHT, staker)
        found = moves(stage.view(stage.contest(ORIGIN, RIGHT), branch=[RIGHT_ID]))
        assert kinds(found) == ["Bisect"]


def test_decide_stake_behind_a_confirmed_assertion_moves() -> None:
    stage = Stage()
    stage.make(ORIGIN, RIGHT, OWN)
    stage.confirm(RIGHT_ID)
    right, wrong = right_history("next "), patched(right_history("next "), {0: "wrong"})
    stage.make(RIGHT_ID, wrong, MALLORY)
    view = stage.view(stage.contest(RIGHT_ID, right), branch=[RIGHT_ID])
    found = moves(replace(view, branch=view.branch[1:]))
    assert found[0] == MakeRightClaim(claim_of(RIGHT_ID, right), 0)


def test_decide_stake_behind_an_ancestor_advances_along_the_branch_and_moves() -> None:
    stage = Stage()
    histories = [right_history(f"{depth} ") for depth in range(3)]
    ids, parent = [], ORIGIN
    for depth, history in enumerate(histories):
        parent = stage.make(parent, history, OWN if depth == 0 else SYBIL).id
        ids.append(parent)
    right = right_history("last ")
    stage.make(parent, patched(right, {0: "wrong"}), MALLORY)
    found = moves(stage.view(stage.contest(parent, right), branch=ids))
    assert found[:3] == [
        AdvanceStake(ids[1]),
        AdvanceStake(ids[2]),
        MakeRightClaim(claim_of(parent, right), 0),
    ]


def test_decide_stake_on_another_branch_is_reported_once_and_not_paid_again() -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, OWN)
    view = stage.view(stage.contest(ORIGIN, RIGHT))
    memory, found = decide(view, ChallengerMemory())
    assert found[0] == ReportStakeElsewhere(ORIGIN, WRONG_ID)
    assert "MakeRightClaim" not in kinds(list(found))
    assert "ReportStakeElsewhere" not in kinds(moves(view, memory))


# D-15 (2): every rivaled edge is bisected at once.


def test_decide_rival_that_bisects_ahead_is_answered_to_the_leaf_in_one_turn() -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    stage.make(ORIGIN, RIGHT, OWN)
    stage.dissect(ORIGIN, WRONG, 2, MALLORY)
    contest = replace(stage.contest(ORIGIN, RIGHT), transactions={2: 3})
    found = moves(stage.view(contest, branch=[RIGHT_ID]))
    bisected = [move for move in found if isinstance(move, Bisect)]
    assert [move.edge.height for move in bisected] == [3, 2, 1]
    assert [move.assertion_id for move in bisected] == [RIGHT_ID, None, None]
    assert kinds(found)[3:] == ["ProveSegment", "Refute"]


def test_decide_bisected_edges_are_left_alone() -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    stage.make(ORIGIN, RIGHT, OWN)
    stage.bisect(ORIGIN, RIGHT, HEIGHT, 0, SYBIL)
    assert moves(stage.view(stage.contest(ORIGIN, RIGHT), branch=[RIGHT_ID])) == []


def test_decide_refuted_rivals_only_needs_no_bisection() -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    stage.make(ORIGIN, RIGHT, OWN)
    stage.refute(WRONG_ID, OWN)
    assert "Bisect" not in kinds(moves(stage.view(stage.contest(ORIGIN, RIGHT), branch=[RIGHT_ID])))


# D-15 (3): every wrong child whose wrong transition is known is refuted.


def test_decide_sybils_at_one_leaf_share_the_proof_of_its_segment() -> None:
    stage = Stage()
    wrongs = [patched(RIGHT, {2: "wrong", 7: number}) for number in range(3)]
    for number, wrong in enumerate(wrongs):
        stage.make(ORIGIN, wrong, bytes([0x70 + number]) * 20)
    contest = stage.contest(ORIGIN, RIGHT, published=wrongs, transactions=2)
    found = moves(stage.view(contest))
    assert kinds(found) == ["MakeRightClaim", "Bisect", "ProveSegment", *["Refute"] * 3]


def test_decide_quick_refutations_go_first() -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    stage.make(ORIGIN, OTHER, SYBIL)
    contest = stage.contest(ORIGIN, RIGHT, published=[WRONG, OTHER])
    contest = replace(contest, transactions={2: 4, 5: 1})
    found = [move for move in moves(stage.view(contest)) if isinstance(move, Refute)]
    assert [move.wrong.index for move in found] == [5, 2]


def test_decide_wrong_leaf_known_from_l1_alone_is_refuted() -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    stage.dissect(ORIGIN, WRONG, 2, MALLORY)
    contest = stage.contest(ORIGIN, RIGHT)
    found = moves(stage.view(contest))
    assert kinds(found) == ["MakeRightClaim", *["Bisect"] * (len(found) - 2), "Refute"]
    assert found[-1] == refute(contest, WRONG_ID)


def test_decide_edges_of_dead_claims_are_answered_though_no_wrong_claim_lives() -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    stage.dissect(ORIGIN, WRONG, 2, MALLORY)
    stage.refute(WRONG_ID, MALLORY)
    found = moves(stage.view(stage.contest(ORIGIN, RIGHT)))
    assert found[0] == MakeRightClaim(CLAIM, STAKE_WEI)
    assert "Bisect" in kinds(found)


# One-step proofs: only where nobody is left to refute.


def _leaf_with_a_dead_rival(stage: Stage) -> Contest:
    stage.make(ORIGIN, WRONG, MALLORY)
    stage.make(ORIGIN, RIGHT, OWN)
    for history in (WRONG, RIGHT):
        stage.dissect(ORIGIN, history, 2, MALLORY)
    stage.refute(WRONG_ID, OWN)
    return stage.contest(ORIGIN, RIGHT)


def test_decide_leaf_of_a_dead_rival_is_proven_while_another_rival_lives() -> None:
    stage = Stage()
    stage.make(ORIGIN, OTHER, SYBIL)
    contest = _leaf_with_a_dead_rival(stage)
    found = moves(stage.view(contest, branch=[RIGHT_ID]))
    assert found[0] == ProveOneStep(contest, RIGHT.edge(ORIGIN, 0, 2))
    assert kinds(found[1:]) == ["Settle"]


def test_decide_leaf_of_a_dead_rival_is_not_proven_without_other_rivals() -> None:
    stage = Stage()
    contest = _leaf_with_a_dead_rival(stage)
    assert "ProveOneStep" not in kinds(moves(stage.view(contest, branch=[RIGHT_ID])))


def test_decide_leaf_of_a_live_rival_is_refuted_and_not_proven() -> None:
    stage = Stage()
    stage.make(ORIGIN, OTHER, SYBIL)
    stage.make(ORIGIN, WRONG, MALLORY)
    stage.make(ORIGIN, RIGHT, OWN)
    for history in (WRONG, RIGHT):
        stage.dissect(ORIGIN, history, 2, MALLORY)
    found = kinds(moves(stage.view(stage.contest(ORIGIN, RIGHT), branch=[RIGHT_ID])))
    assert found == ["Refute"]


def test_decide_proven_leaf_is_left_alone() -> None:
    stage = Stage()
    stage.make(ORIGIN, OTHER, SYBIL)
    contest = _leaf_with_a_dead_rival(stage)
    stage.prove(ORIGIN, RIGHT, 2, SYBIL)
    assert kinds(moves(stage.view(contest, branch=[RIGHT_ID]))) == ["Settle"]


# D-15 (4): marked and confirmed as soon as D-10 allows.


@pytest.mark.parametrize(("wait", "marks"), [(PERIOD - 1, False), (PERIOD, True)])
def test_decide_live_time_is_marked_at_the_second_it_is_due(wait: int, marks: bool) -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    stage.make(ORIGIN, RIGHT, OWN)
    stage.refute(WRONG_ID, OWN)
    stage.now += wait
    found = moves(stage.view(stage.contest(ORIGIN, RIGHT), branch=[RIGHT_ID]))
    assert (MarkConfirmable(RIGHT_ID) in found) == marks


@pytest.mark.parametrize(("wait", "marks"), [(PERIOD - 1, False), (PERIOD, True)])
def test_decide_silent_rival_loses_by_timers_that_are_updated_first(wait: int, marks: bool) -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    stage.make(ORIGIN, RIGHT, OWN)
    stage.bisect(ORIGIN, RIGHT, HEIGHT, 0, OWN)
    stage.now += wait
    found = moves(stage.view(stage.contest(ORIGIN, RIGHT), branch=[RIGHT_ID]))
    if not marks:
        assert found == []
        return
    top = edge_id(layer_zero(ORIGIN, HEIGHT, RIGHT.root))
    assert isinstance(found[0], UpdateTimers)
    assert [edge.id for edge in found[0].edges] == [top]
    assert found[1:] == [MarkConfirmable(RIGHT_ID)]
    stage.update(top, PERIOD)
    assert moves(stage.view(stage.contest(ORIGIN, RIGHT), branch=[RIGHT_ID])) == [
        MarkConfirmable(RIGHT_ID)
    ]


def test_decide_updates_go_in_batches_children_first() -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    stage.make(ORIGIN, RIGHT, OWN)
    for history in (WRONG, RIGHT):
        stage.dissect(ORIGIN, history, 2, MALLORY)
    stage.prove(ORIGIN, RIGHT, 2, OWN)
    stage.now += PERIOD
    contest = stage.contest(ORIGIN, RIGHT)
    updates = [
        move
        for move in moves(stage.view(contest, branch=[RIGHT_ID]))
        if isinstance(move, UpdateTimers)
    ]
    heights = [edge.key.height for update in updates for edge in update.edges]
    assert heights == [1, 2, 3]
    assert all(len(update.edges) <= MAX_UPDATES for update in updates)


@pytest.mark.parametrize(("wait", "confirms"), [(DELAY - 1, False), (DELAY, True)])
def test_decide_marked_claim_is_confirmed_after_the_rival_delay(wait: int, confirms: bool) -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    stage.make(ORIGIN, RIGHT, OWN)
    stage.mark(RIGHT_ID)
    stage.now += wait
    found = moves(stage.view(branch=[RIGHT_ID]))
    assert found == ([Confirm(RIGHT_ID)] if confirms else [])


def test_decide_rivaled_claim_is_marked_but_not_confirmed_before_its_parent() -> None:
    stage = Stage()
    stage.make(ORIGIN, RIGHT, SYBIL)
    stage.now += PERIOD - 1
    right, wrong = right_history("next "), patched(right_history("next "), {0: "wrong"})
    child = stage.make(RIGHT_ID, right, OWN).id
    stage.refute(stage.make(RIGHT_ID, wrong, MALLORY).id, OWN)
    view = stage.view(branch=[RIGHT_ID, child])
    assert moves(view) == []
    stage.now += 1
    assert moves(stage.view(branch=[RIGHT_ID, child])) == [Confirm(RIGHT_ID)]
    stage.now += PERIOD
    late = moves(stage.view(branch=[RIGHT_ID, child]))
    assert late == [Confirm(RIGHT_ID), MarkConfirmable(child)]
    stage.mark(child)
    stage.now += DELAY
    assert moves(stage.view(branch=[RIGHT_ID, child])) == [Confirm(RIGHT_ID), Confirm(child)]


def test_decide_claims_without_rivals_are_left_to_the_proposer() -> None:
    stage = Stage()
    stage.make(ORIGIN, RIGHT, SYBIL)
    stage.now += PERIOD
    assert moves(stage.view(branch=[RIGHT_ID])) == []


def test_decide_own_claim_without_rivals_is_confirmed() -> None:
    stage = Stage()
    stage.make(ORIGIN, RIGHT, OWN)
    stage.now += PERIOD
    assert moves(stage.view(branch=[RIGHT_ID])) == [Confirm(RIGHT_ID)]


# Nothing that could lose, and nothing in exit mode.


def test_decide_in_exit_mode_makes_no_move_in_any_contest() -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    contest = stage.contest(ORIGIN, RIGHT, published=[WRONG])
    assert moves(replace(stage.view(contest), exit_mode=True)) == []


def test_decide_twice_at_one_view_decides_the_same() -> None:
    stage = Stage()
    stage.make(ORIGIN, WRONG, MALLORY)
    stage.make(ORIGIN, OTHER, SYBIL)
    stage.dissect(ORIGIN, OTHER, 5, SYBIL)
    view = stage.view(stage.contest(ORIGIN, RIGHT))
    assert moves(view) == moves(view) != []


def test_find_waves_bisections_wait_for_those_of_their_parents_only() -> None:
    def bisect(origin: bytes, height: int, index: int) -> Bisect:
        return Bisect(EdgeKey(origin, height, index, ZERO, ZERO), ZERO, ZERO)

    top, left, right = bisect(ZERO, 3, 0), bisect(ZERO, 2, 0), bisect(ZERO, 2, 1)
    low, known, other = bisect(ZERO, 1, 3), bisect(ZERO, 1, 9), bisect(OWN, 2, 0)
    moves = [top, left, right, low, known, other]
    assert find_waves(moves) == [[top, known, other], [left, right], [low]]
    assert find_waves([]) == []
