"""Parties of a contest: a liar that answers every bisection, and a process that is killed."""

from collections.abc import Sequence
from dataclasses import dataclass

from rollup_node.l1.sender import RpcSender
from rollup_node.ports import L1Receipt, L1Sender
from rollup_node.proof.history import HistoryTree
from rollup_node.roles.contest import Contest
from rollup_node.roles.proposer import RightClaim
from tests.action.dispute_world import Court


@dataclass
class Bisector:
    """A liar that withholds its history and answers every bisection."""

    court: Court
    sender: RpcSender
    claim: bytes
    history: HistoryTree

    @classmethod
    async def enter(cls, court: Court, claim: RightClaim, number: int = 0) -> "Bisector":
        sender = court.adversary(number)
        made = await court.claim(sender, claim)
        height = court.world.rollup.parameters.history_height
        roots = claim.segment_roots
        return cls(court, sender, made, HistoryTree(height, roots, roots[-1]))

    async def act(self) -> bool:
        """Reveal everything that the contest asks for; tell whether there was anything."""
        await self.court.honest.catch_up()
        known = self.court.known(self.claim)
        if not known.live:
            return False
        origin = known.created.parent_id
        children = tuple(self.court.tree.children(origin))
        contest = Contest(origin, self.history, self.claim, None, children)
        splits = contest.to_reveal(self.court.honest.l1.disputes)
        for edge, left, right in splits:
            if edge.height == self.history.height:
                await self.sender.send("challenge_game", "bisectAssertion", self.claim, left, right)
            else:
                await self.sender.send("challenge_game", "bisect", (*edge[:4], left, right))
        return bool(splits)


class Crash(Exception):  # noqa: N818 - not an error
    """The process was killed."""


class DyingSender:
    """Sends one transaction; the process is killed before it hears of a second."""

    def __init__(self, sender: L1Sender) -> None:
        self.address = sender.address
        self._sender = sender
        self._sent = False

    async def send(
        self,
        contract: str,
        function: str,
        *arguments: object,
        value_wei: int = 0,
        blobs: Sequence[bytes] = (),
    ) -> L1Receipt:
        if self._sent:
            raise Crash
        sent = self._sender.send(contract, function, *arguments, value_wei=value_wei, blobs=blobs)
        receipt = await sent
        self._sent = True
        return receipt
