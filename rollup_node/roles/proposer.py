"""The proposer: claims what it has executed itself, and confirms claims whose time has come.

Everything is found again on L1: a right child that exists already, whoever made it, is done, so a
proposer that was killed after any action neither claims nor pays twice. It leaves contests to the
challenger and goes on below a right claim that has rivals; what its own claims earn by winning, it
takes itself, for nobody else would (docs/spec.md D-12).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rollup_node.derive.events import Service
from rollup_node.roles.collecting import ClaimTariffs, Collect, WonContest, find_payments


@dataclass(frozen=True, slots=True)
class RightClaim:
    """What this node's own execution says about the next claim (docs/spec.md G-2 to G-5)."""

    assertion_id: bytes
    parent_id: bytes
    target: int
    history_root: bytes
    after_state_root: bytes
    last_leaf_branch: tuple[bytes, ...]
    cursor: bytes
    cursor_branch: tuple[bytes, ...]
    segment_roots: tuple[bytes, ...]
    finished: bool


@dataclass(frozen=True, slots=True)
class PendingClaim:
    """An unconfirmed assertion on the branch that this node holds to be right.

    Attributes
    ----------
    live_own_seconds
        How long it was the only live child of its parent (docs/spec.md D-6).
    rivaled
        Whether its parent ever had another child.
    confirmable_at
        When it was marked, unix seconds (docs/spec.md D-10).
    """

    assertion_id: bytes
    parent_confirmed: bool
    live_own_seconds: int
    rivaled: bool
    confirmable_at: int | None


@dataclass(frozen=True, slots=True)
class ProposerView:
    """L1 at one block.

    Attributes
    ----------
    l1_time
        Timestamp of that block, seconds.
    next_claim
        The claim that follows the last right assertion; `None` if the inbox has not reached its
        target, this node has not executed it, or it exists.
    pending
        Right assertions that are not confirmed, parents first.
    stake_wei
        What a new stake costs; 0 if this account's stake stands behind the parent of `next_claim`
        or behind a confirmed assertion, so that it moves.
    stake_path
        Right assertions that others made below the one behind which the stake stands, parents
        first: it has to move along before a claim.
    stake_locked
        True if this account's stake stands elsewhere: it cannot claim now.
    won
        Contests that a claim of this account has won and that may still owe it the tariff.
    credit_wei
        What the stake pool owes to the account.
    exit_mode
        Whether nothing is claimed or confirmed any more (docs/spec.md E-2).
    """

    l1_time: int
    confirm_period_seconds: int
    rival_delay_seconds: int
    next_claim: RightClaim | None
    pending: Sequence[PendingClaim]
    stake_wei: int
    stake_path: Sequence[bytes]
    stake_locked: bool
    won: Sequence[WonContest] = ()
    tariffs: Mapping[Service, int] = field(default_factory=dict)
    credit_wei: int = 0
    exit_mode: bool = False


@dataclass(frozen=True, slots=True)
class ProposerMemory:
    """When this process last claimed, in L1 seconds; only paces it, L1 knows the rest."""

    claimed_at: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """Create an assertion, with a new stake if `value_wei` is not 0."""

    claim: RightClaim
    value_wei: int


@dataclass(frozen=True, slots=True)
class Confirm:
    """Confirm an assertion."""

    assertion_id: bytes


@dataclass(frozen=True, slots=True)
class AdvanceStake:
    """Move the own stake to a child of the assertion behind which it stands."""

    child: bytes


ChainMove = Claim | Confirm | AdvanceStake
"""Moves that say what is right."""

Income = ClaimTariffs | Collect
"""Moves that only bring home what is owed."""

Action = ChainMove | Income


def decide(
    view: ProposerView, memory: ProposerMemory, interval_seconds: int = 0
) -> tuple[ProposerMemory, tuple[Action, ...]]:
    """Return what to do: confirm what can be confirmed, else claim what is right, one thing.

    Money comes last: it waits, and must keep nobody from saying what is right.

    Parameters
    ----------
    interval_seconds
        Shortest L1 time between two claims of this process. An unfinished claim is continued at
        once.
    """
    income = _income(view)
    if view.exit_mode:
        return memory, income
    memory, moves = _say(view, memory, interval_seconds)
    return memory, (*moves, *income)


def _income(view: ProposerView) -> tuple[Income, ...]:
    """Return what brings money home: tariffs first, so that one payment takes all."""
    claimed = find_payments(view.won, view.tariffs)
    if claimed or not view.credit_wei:
        return claimed
    return (Collect(view.credit_wei),)


def _say(
    view: ProposerView, memory: ProposerMemory, interval_seconds: int
) -> tuple[ProposerMemory, tuple[ChainMove, ...]]:
    """Return at most one confirmation or claim."""
    for pending in view.pending:
        if pending.parent_confirmed and _is_over(pending, view):
            return memory, (Confirm(pending.assertion_id),)
    claim = view.next_claim
    if claim is None or view.stake_locked:
        return memory, ()
    if claim.finished and view.l1_time - memory.claimed_at < interval_seconds:
        return memory, ()
    if view.stake_path:
        return memory, (AdvanceStake(view.stake_path[0]),)
    return ProposerMemory(view.l1_time), (Claim(claim, view.stake_wei),)


def _is_over(pending: PendingClaim, view: ProposerView) -> bool:
    """Tell whether the time of a claim has come. Source: docs/spec.md D-10."""
    if not pending.rivaled:
        return pending.live_own_seconds >= view.confirm_period_seconds
    marked = pending.confirmable_at
    return marked is not None and marked + view.rival_delay_seconds <= view.l1_time
