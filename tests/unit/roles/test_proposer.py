"""What a proposer does: one claim at a time, confirmations first, never without its stake."""

from dataclasses import replace

import pytest

from rollup_node.derive.events import Service
from rollup_node.roles.collecting import (
    ClaimTariffs,
    Collect,
    EarnedService,
    WonContest,
    earned_by_claiming,
)
from rollup_node.roles.proposer import (
    AdvanceStake,
    Claim,
    Confirm,
    PendingClaim,
    ProposerMemory,
    ProposerView,
    RightClaim,
    decide,
)
from tests.unit.roles.stage import (
    GENESIS,
    MALLORY,
    OWN,
    SYBIL,
    TARIFFS,
    Stage,
    name,
    patched,
    right_history,
)

CLAIM = RightClaim(b"id", b"parent", 3, b"h", b"s", (), b"c", (), (b"s",), finished=True)
VIEW = ProposerView(
    l1_time=1_000,
    confirm_period_seconds=100,
    rival_delay_seconds=20,
    next_claim=CLAIM,
    pending=(),
    stake_wei=7,
    stake_path=(),
    stake_locked=False,
)


def test_decide_right_claim_is_made_with_a_stake() -> None:
    memory, actions = decide(VIEW, ProposerMemory())
    assert actions == (Claim(CLAIM, 7),)
    assert memory.claimed_at == 1_000


def test_decide_nothing_to_claim_does_nothing() -> None:
    assert decide(replace(VIEW, next_claim=None), ProposerMemory())[1] == ()


def test_decide_stake_elsewhere_does_not_claim() -> None:
    assert decide(replace(VIEW, stake_locked=True), ProposerMemory())[1] == ()


def test_decide_too_soon_waits_but_continues_an_unfinished_claim() -> None:
    memory = ProposerMemory(claimed_at=999)
    assert decide(VIEW, memory, 2)[1] == ()
    unfinished = replace(CLAIM, finished=False)
    assert decide(replace(VIEW, next_claim=unfinished), memory, 2)[1] == (Claim(unfinished, 7),)


PENDING = PendingClaim(
    b"old", parent_confirmed=True, live_own_seconds=100, rivaled=False, confirmable_at=None
)
MARKED = replace(PENDING, rivaled=True, confirmable_at=980)


def _actions(pending: PendingClaim) -> tuple[object, ...]:
    return decide(replace(VIEW, pending=(pending,), next_claim=None), ProposerMemory())[1]


def test_decide_period_over_confirms_first() -> None:
    assert decide(replace(VIEW, pending=(PENDING,)), ProposerMemory())[1] == (Confirm(b"old"),)


def test_decide_does_not_confirm_early_or_before_the_parent() -> None:
    assert _actions(replace(PENDING, live_own_seconds=99)) == ()
    assert _actions(replace(PENDING, parent_confirmed=False)) == ()


def test_decide_rivaled_claim_is_confirmed_only_after_its_mark_and_the_delay() -> None:
    assert _actions(MARKED) == (Confirm(b"old"),)
    assert _actions(replace(MARKED, confirmable_at=981)) == ()
    assert _actions(replace(MARKED, confirmable_at=None)) == ()
    assert _actions(replace(MARKED, parent_confirmed=False)) == ()


def test_decide_stake_behind_an_ancestor_moves_one_child_at_a_time_before_the_claim() -> None:
    view = replace(VIEW, stake_wei=0, stake_path=(b"child", b"grandchild"))
    memory, actions = decide(view, ProposerMemory(claimed_at=5))
    assert actions == (AdvanceStake(b"child"),)
    assert memory.claimed_at == 5


def test_decide_rivals_of_the_last_claim_do_not_stop_the_next_one() -> None:
    waiting = replace(MARKED, confirmable_at=None)
    assert decide(replace(VIEW, pending=(waiting,)), ProposerMemory())[1] == (Claim(CLAIM, 7),)


ORIGIN = GENESIS.assertion_id
RIGHT = right_history()
MADE = EarnedService(Service.ASSERTION, name(ORIGIN, RIGHT))
IDLE = replace(VIEW, next_claim=None, tariffs=TARIFFS)


def _won(pot_wei: int) -> WonContest:
    return WonContest(ORIGIN, RIGHT, pot_wei, (MADE,))


def test_decide_tariff_is_claimed_once_the_pot_holds_it() -> None:
    enough, too_small = _won(TARIFFS[Service.ASSERTION]), _won(TARIFFS[Service.ASSERTION] - 1)
    claimed = ClaimTariffs(enough, (MADE,))
    assert decide(replace(IDLE, won=(too_small, enough)), ProposerMemory())[1] == (claimed,)
    assert decide(replace(IDLE, won=(too_small,)), ProposerMemory())[1] == ()


def test_decide_credit_is_collected_after_the_tariffs_that_add_to_it() -> None:
    won = _won(1_000)
    view = replace(IDLE, won=(won,), credit_wei=5)
    assert decide(view, ProposerMemory())[1] == (ClaimTariffs(won, (MADE,)),)
    assert decide(replace(view, won=()), ProposerMemory())[1] == (Collect(5),)


@pytest.mark.parametrize("pending", [(), (PENDING,)])
def test_decide_money_comes_after_what_is_right(pending: tuple[PendingClaim, ...]) -> None:
    view = replace(VIEW, pending=pending, credit_wei=5)
    first = Confirm(b"old") if pending else Claim(CLAIM, 7)
    assert decide(view, ProposerMemory())[1] == (first, Collect(5))


def test_decide_in_exit_mode_only_brings_money_home() -> None:
    view = replace(VIEW, pending=(PENDING,), exit_mode=True)
    assert decide(view, ProposerMemory()) == (ProposerMemory(), ())
    assert decide(replace(view, credit_wei=5), ProposerMemory())[1] == (Collect(5),)


def test_earned_by_claiming_is_for_the_maker_of_a_winner_with_rivals() -> None:
    alone, contested = Stage(), Stage()
    contested.make(ORIGIN, patched(RIGHT, {2: "wrong"}), MALLORY)
    for stage in (alone, contested):
        stage.make(ORIGIN, RIGHT, OWN)
        stage.confirm(name(ORIGIN, RIGHT))
    children = contested.tree.children(ORIGIN)
    assert earned_by_claiming(OWN, children) == (MADE,)
    for nobody in (SYBIL, MALLORY):
        assert earned_by_claiming(nobody, children) == ()
    assert earned_by_claiming(OWN, alone.tree.children(ORIGIN)) == ()
