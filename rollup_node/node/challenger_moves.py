"""Makes a challenger's moves on L1: each action as the transactions that it takes."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from rollup_node.derive.events import Service
from rollup_node.l1.blob_import import import_arguments
from rollup_node.node.claims import RightChild, assertion_input
from rollup_node.node.evidence import Evidence, ProofCall
from rollup_node.node.winnings import Winnings
from rollup_node.ports import GroupCall, GroupSender, L1Receipt, L1Sender, TransactionReverted
from rollup_node.roles.collecting import ClaimTariffs, Collect, EarnedService, Settle, WonContest
from rollup_node.roles.contest import prove_leaf
from rollup_node.roles.dispute_moves import (
    Action,
    Bisect,
    Conclusion,
    MakeRightClaim,
    MarkConfirmable,
    ProveOneStep,
    ProveSegment,
    Refute,
    Release,
    ReportStakeElsewhere,
    UpdateTimers,
    find_waves,
)
from rollup_node.roles.proposer import AdvanceStake, Confirm

_DONE: Final = frozenset(
    [
        "AlreadyBisected",
        "AlreadyConfirmable",
        "AlreadyConfirmed",
        "AlreadyProven",
        "AssertionExists",
        "AssertionLost",
        "ContestClosed",
        "NoStake",
        "NotLost",
        "NothingEarned",
        "NothingToClaim",
        "ParentClosed",
    ]
)
"""Errors that say: somebody has done it already, or it is not needed any more."""

_logger = logging.getLogger(__name__)


@dataclass
class ChallengerMoves:
    """Sends; `children` has the right child of every contest at hand, by origin."""

    sender: L1Sender
    evidence: Evidence
    winnings: Winnings
    children: Mapping[bytes, RightChild] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)
    found_done: int = 0
    spent_wei: int = 0
    earned_wei: int = 0

    async def make_all(self, actions: Iterable[Action]) -> bool:
        """Make moves in this order; tell whether anything was sent.

        A move that L1 refuses does not keep the others from being made: what L1 says next time
        decides whether it is still wanted.
        """
        before = self.made.total()
        for bisects, some in groupby(actions, lambda action: isinstance(action, Bisect)):
            if bisects and isinstance(self.sender, GroupSender):
                found = [action for action in some if isinstance(action, Bisect)]
                await self._bisect_all(self.sender, found)
                continue
            for action in some:
                try:
                    await self._make(action)
                except TransactionReverted as error:
                    self._note_refusal(type(action).__name__, error)
        return self.made.total() > before

    async def _bisect_all(self, sender: GroupSender, actions: Sequence[Bisect]) -> None:
        """Bisect in as few blocks as it takes: a swarm must not be answered one per block."""
        for wave in find_waves(actions):
            calls = [GroupCall("challenge_game", *_bisection(action)) for action in wave]
            for call, result in zip(calls, await sender.send_many(calls), strict=True):
                if isinstance(result, TransactionReverted):
                    self._note_refusal("Bisect", result)
                else:
                    self._note_receipt(call.function, result)

    async def _make(self, action: Action) -> None:
        """Make the moves that claim and show something; hand on those that follow from clocks."""
        match action:
            case ReportStakeElsewhere():
                _logger.critical(
                    "cannot make the right claim: the stake stands elsewhere",
                    extra={"origin": action.origin, "staked_on": action.staked_on},
                )
            case MakeRightClaim():
                given = assertion_input(action.claim)
                await self._chain("createAssertion", given, value_wei=action.value_wei)
            case AdvanceStake():
                await self._chain("advanceStake", action.child)
            case Bisect():
                function, arguments = _bisection(action)
                await self._game(function, *arguments)
            case ProveSegment():
                await self._prove(self.children[action.origin], action.index, leave=1)
            case Refute():
                await self._refute(action)
            case ProveOneStep():
                await self._prove_one_step(action)
            case _:
                await self._conclude(action)

    async def _conclude(self, action: Conclusion) -> None:
        """Make the moves that only state what is so already, on clocks and in money."""
        match action:
            case UpdateTimers():
                edges = ((*edge.key[:4], edge.left, edge.right) for edge in action.edges)
                await self._game("updateTimers", list(edges))
            case MarkConfirmable():
                await self._chain("markConfirmable", action.assertion_id)
            case Confirm():
                await self._chain("confirm", action.assertion_id)
            case Settle():
                await self._chain("settle", list(action.ids), list(action.stakers))
                self.earned_wei += self.winnings.tariffs[Service.SETTLEMENT] * len(action.stakers)
            case ClaimTariffs():
                await self._claim_tariffs(action)
            case Release():
                await self._chain("withdrawStake")
            case Collect():
                await self._send("stake_pool", "claim", self.sender.address)

    async def _refute(self, action: Refute) -> None:
        index, leaf, branch, before, branch_before = action.wrong
        refutation = (action.assertion_id, index, before, list(branch_before), leaf, list(branch))
        calls, transition = await self._prove(self.children[action.origin], index, leave=1)
        if calls:
            await self._game("refuteWithRun", refutation, calls[0])
        else:
            await self._game("refute", refutation, transition)

    async def _prove_one_step(self, action: ProveOneStep) -> None:
        child = self.children[action.contest.origin]
        _, transition = await self._prove(child, action.edge.index, leave=0)
        proof = prove_leaf(action.contest.history, action.edge)
        await self._game("proveOneStep", (*proof[:-1], list(proof.branch)), transition)

    async def _prove(
        self, child: RightChild, index: int, *, leave: int
    ) -> tuple[Sequence[ProofCall], tuple[int, bytes]]:
        """Do what is left of a plan but for the last calls; return those and the transition."""
        plan = await self.evidence.plan(child, index)
        for blob in plan.blobs:
            given = await asyncio.to_thread(import_arguments, blob)
            await self._send("blob_importer", "importBlob", *given)
        first = len(plan.calls) - leave if leave else len(plan.calls)
        for call in plan.calls[: max(first, 0)]:
            await self._send("step_verifier", "prove", call)
        return plan.calls[max(first, 0) :], plan.transition

    async def _claim_tariffs(self, action: ClaimTariffs) -> None:
        """Claim tariffs; what L1 says about one is final unless the pot is too small."""
        for service in action.services:
            try:
                await self._send_claim(action.contest, service)
                self.earned_wei += self.winnings.tariffs[service.service]
            except TransactionReverted as error:
                self._note_refusal("ClaimTariffs", error)
                if error.name not in _DONE:
                    continue
            self.winnings.paid.add(service.subject)

    async def _send_claim(self, contest: WonContest, service: EarnedService) -> None:
        history, origin = contest.history, contest.origin
        height, index = service.height, service.index
        branch = [
            history.node(level, index >> (level - height) ^ 1)
            for level in range(height, history.height)
        ]
        node = history.node(height, index)
        match service.service:
            case Service.ASSERTION:
                await self._game("claimAssertion", origin)
            case Service.BISECTION:
                await self._game("claimBisection", origin, height, index, node, branch)
            case Service.ONE_STEP_PROOF:
                await self._game("claimOneStepProof", origin, index, node, branch)
            case Service.REFUTATION:
                await self._game("claimRefutation", service.subject)

    def _note_refusal(self, what: str, error: TransactionReverted) -> None:
        if error.name in _DONE:
            self.found_done += 1
            _logger.info("%s: done already: %s", what, error)
        else:
            _logger.warning("%s: refused: %s", what, error)

    async def _chain(self, function: str, *arguments: object, value_wei: int = 0) -> None:
        await self._send("assertion_chain", function, *arguments, value_wei=value_wei)

    async def _game(self, function: str, *arguments: object) -> None:
        await self._send("challenge_game", function, *arguments)

    async def _send(
        self, contract: str, function: str, *arguments: object, value_wei: int = 0
    ) -> None:
        receipt = await self.sender.send(contract, function, *arguments, value_wei=value_wei)
        self._note_receipt(function, receipt)

    def _note_receipt(self, function: str, receipt: L1Receipt) -> None:
        self.made[function] += 1
        self.spent_wei += receipt.cost_wei
        fields = {"gas": receipt.gas_used, "transaction": receipt.transaction_hash}
        _logger.info("%s", function, extra=fields)


def _bisection(action: Bisect) -> tuple[str, tuple[object, ...]]:
    """Return the function of the game that makes a bisection, and its arguments."""
    if action.assertion_id is not None:
        return "bisectAssertion", (action.assertion_id, action.left, action.right)
    return "bisect", ((*action.edge[:4], action.left, action.right),)
