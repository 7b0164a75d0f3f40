"""What a proposer does: one claim at a time, confirmations first, never without its stake."""

from dataclasses import replace

from rollup_node.roles.proposer import (
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
    next_claim=CLAIM,
    pending=(),
    stake_wei=7,
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


def test_decide_period_over_confirms_first() -> None:
    over = PendingClaim(b"old", parent_confirmed=True, created_at=900, rivals=0)
    assert decide(replace(VIEW, pending=(over,)), ProposerMemory())[1] == (Confirm(b"old"),)


def test_decide_does_not_confirm_early_rivaled_or_before_the_parent() -> None:
    pending = (
        PendingClaim(b"early", parent_confirmed=True, created_at=901, rivals=0),
        PendingClaim(b"rivaled", parent_confirmed=True, created_at=800, rivals=1),
        PendingClaim(b"orphan", parent_confirmed=False, created_at=800, rivals=0),
    )
    view = replace(VIEW, pending=pending, next_claim=None)
    assert decide(view, ProposerMemory())[1] == ()
