"""A claimant that only bisects: it answers for its own history and leaves all others alone."""

from dataclasses import dataclass
from typing import Any

from rollup_node.devnet.dispute_ledger import L1Call, LedgerSender
from rollup_node.node.follow import L1Follower
from rollup_node.ports import L1Update, TransactionReverted
from rollup_node.proof.history import HistoryTree
from rollup_node.roles.contest import Contest

_DONE = ("AlreadyBisected", "ContestClosed")


@dataclass
class Revealer:
    """Reveals every rivaled edge of a history below `origin`, as an honest challenger would."""

    follower: L1Follower
    sender: LedgerSender
    origin: bytes
    assertion: bytes
    history: HistoryTree

    def on_l1(self, update: L1Update) -> None:
        """Nothing to remember."""

    def status(self) -> dict[str, Any]:
        """Nothing to say."""
        return {}

    async def act(self) -> bool:
        """Bisect what has a rival."""
        known = self.follower.tree.get(self.assertion)
        if known is None or self.follower.tree.is_lost(self.assertion):
            return False
        children = tuple(self.follower.tree.children(self.origin))
        contest = Contest(self.origin, self.history, self.assertion, None, children)
        splits = contest.to_reveal(self.follower.disputes)
        for edge, left, right in splits:
            if edge.height == self.history.height:
                call = L1Call("challenge_game", "bisectAssertion", (self.assertion, left, right))
            else:
                call = L1Call("challenge_game", "bisect", ((*edge[:4], left, right),))
            try:
                await self.sender.send(call.contract, call.function, *call.arguments)
            except TransactionReverted as error:
                if error.name not in _DONE:
                    raise
        return bool(splits)
