"""The challenger at work: sees every contest at one L1 block, decides, and makes the moves."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from rollup_node.derive.assertions import KnownAssertion
from rollup_node.derive.events import L1Block
from rollup_node.node.challenger_moves import ChallengerMoves
from rollup_node.node.claims import Claims, RightChild
from rollup_node.node.config import Parameters, RollupConfig
from rollup_node.node.evidence import Evidence
from rollup_node.node.follow import L1Follower
from rollup_node.node.histories import HistorySource, PublishedHistories
from rollup_node.node.replica import Replica
from rollup_node.node.winnings import Winnings
from rollup_node.ports import L1Reader, L1Sender, L1Update
from rollup_node.proof.history import HistoryTree
from rollup_node.proof.machine import Machine
from rollup_node.roles.challenger import ChallengerMemory, ChallengerView, decide
from rollup_node.roles.collecting import earned_services
from rollup_node.roles.contest import (
    Contest,
    WrongLeaf,
    find_wrong_leaf,
    reveal_bisected,
    reveal_published,
)

_SHOWN: Final = (
    "createAssertion",
    "advanceStake",
    "bisectAssertion",
    "bisect",
    "importBlob",
    "prove",
    "refute",
    "refuteWithRun",
    "proveOneStep",
    "updateTimers",
    "markConfirmable",
    "confirm",
    "settle",
)

_logger = logging.getLogger(__name__)


@dataclass
class ChallengerPlayer:
    """Defends the right branch with one L1 account.

    `releases`: whether it takes a stake back that it does not need; not if another role of this
    account needs it.
    """

    follower: L1Follower
    reader: L1Reader
    sender: L1Sender
    claims: Claims
    parameters: Parameters
    evidence: Evidence
    histories: PublishedHistories
    releases: bool = True
    memory: ChallengerMemory = field(default_factory=ChallengerMemory)
    contests: int = 0
    _moves: ChallengerMoves = field(init=False)
    _idle_at: bytes = b""
    _wrong_leaves: dict[tuple[bytes, bytes], WrongLeaf] = field(default_factory=dict)
    _lost: bool = False

    def __post_init__(self) -> None:
        own, disputes = self.sender.address, self.follower.disputes
        winnings = Winnings(
            self.follower,
            self.reader,
            self.claims,
            self.parameters.confirm_period_seconds,
            own,
            lambda children, history: earned_services(own, children, history, disputes),
        )
        self._moves = ChallengerMoves(self.sender, self.evidence, winnings)

    def on_l1(self, update: L1Update) -> None:
        """Forget what may have been undone."""
        if update.reorg:
            self._moves.winnings.forget()

    async def act(self) -> bool:
        """Make all moves that the newest block asks for."""
        head = self.follower.derivation.head
        if head.hash == self._idle_at:
            return False
        view = await self._view(head)
        if view is None:
            return False
        self.memory, actions = decide(view, self.memory)
        busy = await self._moves.make_all(actions)
        self._idle_at = b"" if actions or view.contests else head.hash
        return busy

    def status(self) -> dict[str, Any]:
        """Return what this process did."""
        moves = self._moves
        return {
            "challenger": {
                "contests": self.contests,
                "moves": {kind: moves.made.get(kind, 0) for kind in _SHOWN},
                "found_done": moves.found_done,
                "spent_wei": moves.spent_wei,
                "earned_wei": moves.earned_wei,
                "lost": self._lost,
            }
        }

    async def _view(self, head: L1Block) -> ChallengerView | None:
        """Return everything as it is at a block; `None` if a wrong claim was confirmed."""
        right = self.claims.right_branch()
        confirmed = self._check_confirmed(right)
        if confirmed is None:
            return None
        branch = right[confirmed:]
        contests = await self._contests(branch, head)
        self.contests = len(contests)
        dues = await self._moves.winnings.dues(right, head)
        return ChallengerView(
            l1_time=head.timestamp,
            history_height=self.parameters.history_height,
            confirm_period_seconds=self.parameters.confirm_period_seconds,
            rival_delay_seconds=self.parameters.rival_delay_seconds,
            stake_wei=self.parameters.stake_wei,
            tariffs=self._moves.winnings.tariffs,
            tree=self.follower.tree,
            disputes=self.follower.disputes,
            branch=branch,
            contests=contests,
            own=self.sender.address,
            won=dues.won,
            releases=self.releases,
            credit_wei=dues.credit_wei,
            exit_mode=dues.exit_mode,
        )

    def _check_confirmed(self, right: list[KnownAssertion]) -> int | None:
        """Return the place of the last confirmed assertion on the right branch."""
        latest = self.follower.tree.latest_confirmed()
        places = [place for place, known in enumerate(right) if known.confirmed]
        if right[places[-1]].id == latest.id:
            self._lost = False
            return places[-1]
        if not self._lost:
            _logger.critical("a wrong assertion is confirmed", extra={"assertion": latest.id})
        self._lost = True
        return None

    async def _contests(self, branch: list[KnownAssertion], head: L1Block) -> list[Contest]:
        """Return the contests below the open branch with a live wrong child, or with edges."""
        found = []
        for parent in branch:
            children = tuple(self.follower.tree.children(parent.id))
            child = self.claims.right_child(parent) if children else None
            if child is not None:
                right_id = child.assertion_id
                contest = Contest(parent.id, child.history, right_id, None, children)
                if contest.live_wrong or self.follower.disputes.edges(parent.id):
                    found.append((contest, child))
        self._moves.children = {child.parent_id: child for _, child in found}
        wanted = {
            known.id: known.created.history_root
            for contest, _ in found
            for known in contest.live_wrong
        }
        self._wrong_leaves = {k: leaf for k, leaf in self._wrong_leaves.items() if k[1] in wanted}
        published = await self.histories.seek(wanted)
        return [await self._complete(contest, child, published, head) for contest, child in found]

    async def _complete(
        self,
        contest: Contest,
        child: RightChild,
        published: Mapping[bytes, HistoryTree],
        head: L1Block,
    ) -> Contest:
        """Add to a contest what is known of the wrong histories, and the claim to make."""
        exists = self.follower.tree.get(child.assertion_id) is not None
        leaves = {
            known.id: leaf
            for known in contest.live_wrong
            if (leaf := self._wrong_leaf(child, known, published)) is not None
        }
        transactions = {}
        for index in {leaf.index for leaf in leaves.values()}:
            plan = await self.evidence.plan(child, index, head.hash)
            transactions[index] = plan.transactions
        claim = None if exists else self.claims.next_claim()
        return replace(contest, claim=claim, wrong_leaves=leaves, transactions=transactions)

    def _wrong_leaf(
        self, child: RightChild, known: KnownAssertion, published: Mapping[bytes, HistoryTree]
    ) -> WrongLeaf | None:
        key = (child.assertion_id, known.id)
        if key not in self._wrong_leaves:
            tree = published.get(known.id)
            bisected = reveal_bisected(self.follower.disputes)
            reveal = bisected if tree is None else reveal_published(tree)
            history_root = known.created.history_root
            leaf = find_wrong_leaf(child.parent_id, child.history, history_root, reveal)
            if leaf is None:
                return None
            self._wrong_leaves[key] = leaf
        return self._wrong_leaves[key]


def make_challenger(  # noqa: PLR0913 - all that a node knows
    follower: L1Follower,
    replica: Replica,
    claims: Claims,
    reader: L1Reader,
    sender: L1Sender,
    machine: Machine,
    rollup: RollupConfig,
    sources: Sequence[HistorySource],
    *,
    releases: bool = True,
) -> ChallengerPlayer:
    """Return a challenger over the parts of a node; `sources` may publish histories."""
    config_hash = bytes.fromhex(rollup.config_hash.removeprefix("0x"))
    return ChallengerPlayer(
        follower,
        reader,
        sender,
        claims,
        rollup.parameters,
        Evidence(replica, machine, reader, config_hash),
        PublishedHistories(sources, rollup.parameters.history_height),
        releases,
    )
