"""What a proposer does: one claim at a time, confirmations first, never without its stake."""

from dataclasses import replace

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
