"""The moves that a challenger may decide on, as plain data."""

from collections.abc import Iterable
from dataclasses import dataclass

from rollup_node.proof.edges import EdgeKey
from rollup_node.roles.collecting import ClaimTariffs, Collect, Settle
from rollup_node.roles.contest import Contest, WrongLeaf
from rollup_node.roles.disputes import KnownEdge
from rollup_node.roles.proposer import AdvanceStake, Confirm, RightClaim


@dataclass(frozen=True, slots=True)
class ReportStakeElsewhere:
    """Tell the operator: the stake stands where it cannot move from, so a claim is not made."""

    origin: bytes
    staked_on: bytes


@dataclass(frozen=True, slots=True)
class MakeRightClaim:
    """Create the right assertion, with a new stake if `value_wei` is not 0."""

    claim: RightClaim
    value_wei: int


@dataclass(frozen=True, slots=True)
class Bisect:
    """Reveal the halves of an edge; of a whole history if `assertion_id` is given."""

    edge: EdgeKey
    left: bytes
    right: bytes
    assertion_id: bytes | None = None


def find_waves(bisections: Iterable[Bisect]) -> list[list[Bisect]]:
    """Return bisections, parents first, such that none needs another one of its wave."""
    waves: list[list[Bisect]] = []
    waves_at: dict[tuple[bytes, int, int], int] = {}
    for move in bisections:
        origin, height, index = move.edge[:3]
        wave = waves_at.get((origin, height + 1, index >> 1), -1) + 1
        waves_at[origin, height, index] = wave
        if wave == len(waves):
            waves.append([])
        waves[wave].append(move)
    return waves


@dataclass(frozen=True, slots=True)
class ProveSegment:
    """Bring the proof table to where one transaction proves the rest of a segment."""

    origin: bytes
    index: int


@dataclass(frozen=True, slots=True)
class Refute:
    """Kill an assertion by its first wrong leaf."""

    origin: bytes
    assertion_id: bytes
    wrong: WrongLeaf


@dataclass(frozen=True, slots=True)
class ProveOneStep:
    """Prove a rivaled leaf of the right history."""

    contest: Contest
    edge: EdgeKey


@dataclass(frozen=True, slots=True)
class UpdateTimers:
    """Have edges inherit from their halves, in this order."""

    edges: tuple[KnownEdge, ...]


@dataclass(frozen=True, slots=True)
class MarkConfirmable:
    """Store that an assertion has won enough time."""

    assertion_id: bytes


@dataclass(frozen=True, slots=True)
class Release:
    """Take the own stake back."""


Conclusion = UpdateTimers | MarkConfirmable | Confirm | Settle | ClaimTariffs | Release | Collect
"""Moves that only state what is so already, on clocks and in money."""

Action = (
    ReportStakeElsewhere
    | MakeRightClaim
    | AdvanceStake
    | Bisect
    | ProveSegment
    | Refute
    | ProveOneStep
    | Conclusion
)
