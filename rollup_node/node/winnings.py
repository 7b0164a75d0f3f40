"""What contests that are over owe to an account, as L1 says at one block.

Nothing of it needs to outlive the process: asking L1 again for what it has paid costs nothing.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from rollup_node.derive.assertions import AssertionStatus, KnownAssertion
from rollup_node.derive.events import L1Block, Service
from rollup_node.node.claims import Claims
from rollup_node.node.follow import L1Follower
from rollup_node.ports import L1Reader
from rollup_node.proof.history import HistoryTree
from rollup_node.roles.collecting import EarnedService, WonContest

FindEarned = Callable[[Sequence[KnownAssertion], HistoryTree], tuple[EarnedService, ...]]
"""Returns what an account did in a contest, given its children and the winner's history."""


class Dues(NamedTuple):
    """What is owed to an account: by contests, and by the stake pool already."""

    won: Sequence[WonContest]
    credit_wei: int
    exit_mode: bool


@dataclass
class Winnings:
    """Looks for what is owed to `own`.

    `tariffs` are constants of the stake pool, empty until they were read; `paid` are the subjects
    of services about which L1 has said its last word.
    """

    follower: L1Follower
    reader: L1Reader
    claims: Claims
    confirm_period_seconds: int
    own: bytes
    find_earned: FindEarned
    tariffs: Mapping[Service, int] = field(default_factory=dict)
    paid: set[bytes] = field(default_factory=set)
    _closed: set[bytes] = field(default_factory=set)

    def forget(self) -> None:
        """Forget what a reorg may have undone."""
        self._closed.clear()
        self.paid.clear()

    async def dues(self, right: Sequence[KnownAssertion], head: L1Block) -> Dues:
        """Return what is owed at a block; `right` is the right branch from genesis on."""
        if not self.tariffs:
            self.tariffs = await self._read_tariffs(head)
        (credit,), (entered,) = await asyncio.gather(
            self.reader.call("stake_pool", "claimable", self.own, block_hash=head.hash),
            self.reader.call("exit_mode", "entered", block_hash=head.hash),
        )
        won = await self._won([known for known in right if known.confirmed], head)
        return Dues([contest for contest in won if contest.unpaid], credit, bool(entered))

    async def _won(self, confirmed: Sequence[KnownAssertion], head: L1Block) -> list[WonContest]:
        """Return the contests that are over and may still pay this account."""
        found = []
        for parent, winner in pairwise(confirmed):
            children = self.follower.tree.children(parent.id)
            if parent.id in self._closed or len(children) == 1:
                continue
            child = self.claims.right_child(parent)
            if child is None:
                continue
            earned = self.find_earned(children, child.history)
            unpaid = tuple(service for service in earned if service.subject not in self.paid)
            (pot,) = await self.reader.call("stake_pool", "pot", parent.id, block_hash=head.hash)
            ended = (winner.confirmed_at or 0) + self.confirm_period_seconds
            spent = pot == 0 and ended <= head.timestamp and _is_settled(children)
            if not unpaid or spent:
                self._closed.add(parent.id)
            found.append(WonContest(parent.id, child.history, pot, unpaid))
        return found

    async def _read_tariffs(self, head: L1Block) -> dict[Service, int]:
        tariffs = {}
        for service in Service:
            worth = self.reader.call("stake_pool", "tariff", int(service), block_hash=head.hash)
            (tariffs[service],) = await worth
        return tariffs


def _is_settled(children: Sequence[KnownAssertion]) -> bool:
    """Tell whether all losers are marked: what was not seized yet can still fill a pot."""
    return all(child.confirmed or child.status is AssertionStatus.DEAD for child in children)
