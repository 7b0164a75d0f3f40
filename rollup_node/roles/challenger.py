"""The challenger: has the right claim win every contest, and never makes a move that can lose.

Everything is found again on L1: a process that was killed after any action goes on where it was,
and a move that somebody else has made already is made.

Source: docs/spec.md D-15.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from rollup_node.derive.assertions import AssertionTree, KnownAssertion
from rollup_node.derive.events import Service
from rollup_node.proof.edges import edge_id, layer_zero
from rollup_node.roles.collecting import Collect, WonContest, find_payments, find_settlement
from rollup_node.roles.contest import Contest
from rollup_node.roles.dispute_moves import (
    Action,
    Bisect,
    MakeRightClaim,
    MarkConfirmable,
    ProveOneStep,
    ProveSegment,
    Refute,
    Release,
    ReportStakeElsewhere,
    UpdateTimers,
)
from rollup_node.roles.disputes import Disputes
from rollup_node.roles.proposer import AdvanceStake, Confirm

MAX_UPDATES: Final = 100
"""Edges in one update of timers: about 30,000 gas each."""


@dataclass(frozen=True, slots=True)
class ChallengerView:
    """L1 at one block, times in unix seconds.

    Attributes
    ----------
    branch
        The last confirmed assertion and its right descendants, as far as L1 has them.
    contests
        Below those: the contests that have a wrong child and no winner, parents first.
    won
        Contests that ended right and may still owe this account something.
    own
        The account of this role.
    releases
        Whether a stake that is not needed is taken back; not if another role uses it.
    credit_wei
        What the stake pool owes to the account.
    exit_mode
        Whether nothing is confirmed any more (docs/spec.md E-2).
    """

    l1_time: int
    history_height: int
    confirm_period_seconds: int
    rival_delay_seconds: int
    stake_wei: int
    tariffs: Mapping[Service, int]
    tree: AssertionTree
    disputes: Disputes
    branch: Sequence[KnownAssertion]
    contests: Sequence[Contest]
    own: bytes
    won: Sequence[WonContest] = ()
    releases: bool = True
    credit_wei: int = 0
    exit_mode: bool = False


@dataclass(frozen=True, slots=True)
class ChallengerMemory:
    """What L1 does not tell; a process that forgets it plays one turn slower, no worse.

    Attributes
    ----------
    struck
        Wrong assertions that one transaction should have killed: if one lives, its contest is
        fought by all means.
    reported
        Origins whose right child cannot be made, because the stake stands elsewhere.
    """

    struck: frozenset[bytes] = field(default_factory=frozenset)
    reported: frozenset[bytes] = field(default_factory=frozenset)


def decide(
    view: ChallengerView, memory: ChallengerMemory
) -> tuple[ChallengerMemory, tuple[Action, ...]]:
    """Return all that is to be done at this block, the most urgent first."""
    moves: list[Action] = []
    if not view.exit_mode:
        for contest in view.contests:
            moves += _fight(contest, view, memory)
        moves += _confirm(view)
    moves += _clean_up(view)
    struck = {move.assertion_id for move in moves if isinstance(move, Refute)}
    reported = {move.origin for move in moves if isinstance(move, ReportStakeElsewhere)}
    return ChallengerMemory(frozenset(struck), memory.reported | reported), tuple(moves)


def _fight(contest: Contest, view: ChallengerView, memory: ChallengerMemory) -> Iterator[Action]:
    """Yield the moves of one contest. Source: docs/spec.md D-15 (1) to (3)."""
    live = contest.live_wrong
    touched = bool(view.disputes.edges(contest.origin))  # clocks of edges outlive their claims
    stays = [
        child for child in live if not contest.dies_at_once(child.id) or child.id in memory.struck
    ]
    if stays or touched:
        yield from _make(contest, view, memory)
        yield from _reveal(contest, view)
    yield from _refute(contest, live)
    if stays:
        dying = {
            wrong.index
            for child in live
            if child.id not in memory.struck
            and (wrong := contest.wrong_leaves.get(child.id)) is not None
        }
        for edge in contest.unproven_leaves(view.disputes):
            if edge.index not in dying:
                yield ProveOneStep(contest, edge)


def _make(contest: Contest, view: ChallengerView, memory: ChallengerMemory) -> Iterator[Action]:
    """Yield what makes the right claim, if L1 does not have it."""
    claim = contest.claim
    if claim is None:
        return
    staked = view.tree.stakes.get(view.own)
    if staked is None:
        yield MakeRightClaim(claim, view.stake_wei)
        return
    behind = view.tree.get(staked)
    ids = [known.id for known in view.branch]
    if behind is not None and behind.confirmed:
        yield MakeRightClaim(claim, 0)
    elif staked in ids:
        for child in ids[ids.index(staked) + 1 : ids.index(contest.origin) + 1]:
            yield AdvanceStake(child)
        yield MakeRightClaim(claim, 0)
    elif contest.origin not in memory.reported:
        yield ReportStakeElsewhere(contest.origin, staked)


def _reveal(contest: Contest, view: ChallengerView) -> Iterator[Action]:
    """Yield bisections of all rivaled edges on the right history."""
    for edge, left, right in contest.to_reveal(view.disputes):
        whole = contest.right_id if edge.height == contest.history.height else None
        yield Bisect(edge, left, right, whole)


def _refute(contest: Contest, live: Sequence[KnownAssertion]) -> Iterator[Action]:
    """Yield the refutations of all wrong children whose wrong leaf is known, quick ones first."""
    known = [
        (contest.transactions[wrong.index], child.id, wrong)
        for child in live
        if (wrong := contest.wrong_leaves.get(child.id)) is not None
    ]
    proven: set[int] = set()
    for transactions, child, wrong in sorted(known, key=lambda found: found[0]):
        if transactions > 1 and wrong.index not in proven:
            proven.add(wrong.index)
            yield ProveSegment(contest.origin, wrong.index)
        yield Refute(contest.origin, child, wrong)


def _confirm(view: ChallengerView) -> Iterator[Action]:
    """Yield marks and confirmations on the right branch. Source: docs/spec.md D-10, D-15 (4).

    Claims without rivals are the proposer's; they are confirmed here if a contest or the own stake
    waits for them.
    """
    needed = _last_needed(view)
    parent_confirmed = True
    for parent, child in pairwise(view.branch[: needed + 1]):
        confirms = False
        if len(view.tree.children(parent.id)) == 1:
            confirms = view.tree.live_own(child.id, view.l1_time) >= view.confirm_period_seconds
        elif child.confirmable_at is None:
            yield from _mark(parent, child, view)
        else:
            confirms = child.confirmable_at + view.rival_delay_seconds <= view.l1_time
        parent_confirmed = parent_confirmed and confirms
        if parent_confirmed:
            yield Confirm(child.id)


def _last_needed(view: ChallengerView) -> int:
    """Return the place on the branch of the last claim to see confirmed."""
    staked = view.tree.stakes.get(view.own)
    needed = 0
    for place, (parent, child) in enumerate(pairwise(view.branch), start=1):
        if len(view.tree.children(parent.id)) > 1 or child.id == staked:
            needed = place
        if any(contest.origin == child.id for contest in view.contests):
            needed = place
    return needed


def _mark(parent: KnownAssertion, child: KnownAssertion, view: ChallengerView) -> Iterator[Action]:
    """Yield what marks a rivaled claim, once its time is there."""
    period, now = view.confirm_period_seconds, view.l1_time
    if view.tree.live_own(child.id, now) >= period:
        yield MarkConfirmable(child.id)
        return
    history_root = child.created.history_root
    whole = edge_id(layer_zero(parent.id, view.history_height, history_root))
    if view.disputes.due_timer(whole, now) < period:
        return
    if view.disputes.stored_timer(whole, now) < period:
        edges = view.disputes.updates(whole, now)
        for first in range(0, len(edges), MAX_UPDATES):
            yield UpdateTimers(tuple(edges[first : first + MAX_UPDATES]))
    yield MarkConfirmable(child.id)


def _clean_up(view: ChallengerView) -> Iterator[Action]:
    """Yield settlements and what brings the own money home."""
    settlement = find_settlement(view.tree)
    if settlement is not None:
        yield settlement
    claimed = find_payments(view.won, view.tariffs)
    yield from claimed
    if view.contests and not view.exit_mode:
        return
    staked = view.tree.get(view.tree.stakes.get(view.own, b""))
    free = staked is not None and (staked.confirmed or _exits(view, staked))
    if view.releases and free:
        yield Release()
    elif view.credit_wei and settlement is None and not claimed:
        yield Collect(view.credit_wei)


def _exits(view: ChallengerView, staked: KnownAssertion) -> bool:
    """Tell whether exit mode releases a stake. Source: docs/spec.md G-8."""
    return view.exit_mode and not view.tree.is_lost(staked.id)
