"""What is left to do when a contest is over: settle the losers, and take what one's work earned.

Whatever L1 refuses because it was done or paid already needs no memory: asking again costs nothing.
Source: docs/spec.md D-11 to D-13.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rollup_node.derive.assertions import AssertionStatus, AssertionTree, KnownAssertion
from rollup_node.derive.events import Service
from rollup_node.proof.edges import edge_id
from rollup_node.proof.history import HistoryTree
from rollup_node.roles.disputes import Disputes, KnownEdge

MAX_SETTLED: Final = 64
"""Assertions in one settlement: about 40,000 gas each."""


class EarnedService(NamedTuple):
    """Something useful that this account did, and that the pot of its contest pays for.

    `subject` is the edge or the assertion that it was done to.
    """

    service: Service
    subject: bytes
    height: int = 0
    index: int = 0  # type: ignore[assignment] # shadows tuple.index, which nobody calls


@dataclass(frozen=True, slots=True)
class WonContest:
    """A contest with rivals that the right child has won.

    `history` is that of the winner, `pot_wei` what its pot holds, `unpaid` what this account has
    done in it and not been told to be paid for.
    """

    origin: bytes
    history: HistoryTree
    pot_wei: int
    unpaid: tuple[EarnedService, ...]


@dataclass(frozen=True, slots=True)
class Settle:
    """Mark lost assertions, parents before children, and seize the stakes behind them."""

    ids: tuple[bytes, ...]
    stakers: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ClaimTariffs:
    """Be credited for own services in a contest."""

    contest: WonContest
    services: tuple[EarnedService, ...]


@dataclass(frozen=True, slots=True)
class Collect:
    """Have the stake pool pay what it owes."""

    amount_wei: int


def find_settlement(tree: AssertionTree) -> Settle | None:
    """Return the lost assertions that hold stakes, at most `MAX_SETTLED` of them.

    A stake is in it only if every assertion above it is settled by then.
    """
    ids: dict[bytes, None] = {}
    stakers = []
    for staker, behind in tree.stakes.items():
        path = _lost_path(tree, behind)
        if path is None:
            continue
        left = MAX_SETTLED - len(ids)
        missing = [found for found in path if found not in ids]
        ids |= dict.fromkeys(missing[:left])
        if len(missing) > left:
            break
        stakers.append(staker)
    return Settle(tuple(ids), tuple(stakers)) if ids or stakers else None


def earned_services(
    own: bytes, children: Sequence[KnownAssertion], history: HistoryTree, disputes: Disputes
) -> tuple[EarnedService, ...]:
    """Return what an account did in a contest that has been won, dearest first.

    Parameters
    ----------
    children
        All of them, in order of creation; one is confirmed.
    history
        Of the confirmed one: only what was done on it is paid for.
    """
    winner = next(child for child in children if child.confirmed)
    origin = winner.created.parent_id
    refuted = [
        EarnedService(Service.REFUTATION, child.id) for child in children if child.refuter == own
    ]
    edges = [edge for edge in _edges_of(origin, history, disputes) if edge.actor == own]
    steps = [
        EarnedService(Service.ONE_STEP_PROOF, edge.id, 0, edge.key.index)
        for edge in edges
        if edge.key.height == 0
    ]
    bisections = [
        EarnedService(Service.BISECTION, edge.id, edge.key.height, edge.key.index)
        for edge in edges
        if edge.key.height
    ]
    return (*refuted, *earned_by_claiming(own, children), *steps, *bisections)


def earned_by_claiming(own: bytes, children: Sequence[KnownAssertion]) -> tuple[EarnedService, ...]:
    """Return the service of making the winner of a contest with rivals, if this account did it."""
    winner = next(child for child in children if child.confirmed)
    if winner.created.staker != own or len(children) == 1:
        return ()
    return (EarnedService(Service.ASSERTION, winner.id),)


def find_tariffs(contest: WonContest, tariffs: Mapping[Service, int]) -> ClaimTariffs | None:
    """Return the services that the pot of a contest can pay for now."""
    left, chosen = contest.pot_wei, []
    for service in contest.unpaid:
        if tariffs[service.service] <= left:
            left -= tariffs[service.service]
            chosen.append(service)
    return ClaimTariffs(contest, tuple(chosen)) if chosen else None


def find_payments(
    won: Sequence[WonContest], tariffs: Mapping[Service, int]
) -> tuple[ClaimTariffs, ...]:
    """Return all that pots can pay for now."""
    return tuple(found for contest in won if (found := find_tariffs(contest, tariffs)) is not None)


def _lost_path(tree: AssertionTree, behind: bytes) -> list[bytes] | None:
    """Return what is not settled on the way to a lost assertion; `None` if it cannot be settled.

    Nothing below a parent that is not confirmed can be settled yet, unless it is dead.
    """
    if not tree.is_lost(behind):
        return None
    path: list[bytes] = []
    known = tree.get(behind)
    while known is not None and not known.confirmed:
        if known.status is AssertionStatus.DEAD:
            return path
        path.insert(0, known.id)
        known = tree.get(known.created.parent_id)
    if known is None or not path:
        return None
    top = tree.get(path[0])
    decided = any(child.confirmed for child in tree.children(known.id))
    return path if decided or (top is not None and not top.live) else None


def _edges_of(origin: bytes, history: HistoryTree, disputes: Disputes) -> Iterator[KnownEdge]:
    """Yield the edges that L1 has of a history, from the top."""
    waiting = [edge_id(history.edge(origin, history.height, 0))]
    while waiting:
        known = disputes.edge(waiting.pop())
        if known is None:
            continue
        yield known
        waiting += [child.id for child in disputes.children(known.id) or ()]
