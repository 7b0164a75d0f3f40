"""Runs the roles: builds a role's view at one L1 block, lets it decide, does what it decided."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Protocol

from rollup_node.codec.blob import to_blobs
from rollup_node.derive.assertions import KnownAssertion
from rollup_node.derive.events import Service
from rollup_node.l1.client import JsonRpcClient, RpcError
from rollup_node.node.claims import Claims
from rollup_node.node.config import BatchData, Parameters
from rollup_node.node.follow import L1Follower
from rollup_node.node.replica import Replica
from rollup_node.node.winnings import Dues, Winnings
from rollup_node.ports import (
    BatchSource,
    L1Reader,
    L1Sender,
    L1Update,
    TemporaryError,
    TransactionReverted,
)
from rollup_node.roles import batch_poster, proposer, verifier
from rollup_node.roles.batch_poster import CutBatch, PostBatch, PosterMemory, PosterView
from rollup_node.roles.collecting import ClaimTariffs, Collect, earned_by_claiming
from rollup_node.roles.proposer import (
    ChainMove,
    Claim,
    Confirm,
    Income,
    ProposerMemory,
    ProposerView,
    RightClaim,
)
from rollup_node.roles.verifier import VerifierMemory, VerifierView

_WINDOW: Final = 16
_CLAIM_INTERVAL_SECONDS: Final = 2
_DONE: Final = frozenset(["AlreadyConfirmed", "AssertionExists", "ParentClosed"])
"""Errors that say that somebody was faster."""

_PAID: Final = frozenset(["NothingEarned", "NothingToClaim"])
"""Errors that say that the money was paid already."""

_logger = logging.getLogger(__name__)


class Player(Protocol):
    """A role at work."""

    async def act(self) -> bool:
        """Decide once and do it; tell whether anything was done."""

    def on_l1(self, update: L1Update) -> None:
        """Take note of what changed on L1."""

    def status(self) -> dict[str, Any]:
        """Return what `optimism_syncStatus` says about this role."""


@dataclass
class BatchPosterPlayer:
    """Posts the sequencer's batches with one L1 account."""

    follower: L1Follower
    source: BatchSource
    sender: L1Sender
    mode: BatchData
    memory: PosterMemory = field(default_factory=PosterMemory)
    posted: int = 0
    backlog: int = 0
    _kept: int = 0

    def on_l1(self, update: L1Update) -> None:
        """Remember from which item on L1 changed since the last decision."""
        self._kept = min(self._kept, update.kept_items)

    async def act(self) -> bool:
        """Post the next batch if there is one."""
        first = min(self.memory.next_batch, self._first_kept_batch())
        window = await self.source.batches(first, _WINDOW)
        ours = self.follower.derivation
        view = PosterView(
            l1_time=ours.head.timestamp,
            kept_items=self._kept,
            items=[item.data for item in ours.items],
            accumulator=ours.accumulator(len(ours.items)),
            consumed=ours.consumed,
            received=len(ours.messages),
            delayed_accumulator=ours.delayed_accumulator,
            fast_consumed=ours.fast_consumed,
            fast_received=len(ours.fast),
            fast_accumulator=ours.fast_accumulator,
            first_batch=first,
            batches=[CutBatch(b.number, b.data, b.delayed_count, b.fast_count) for b in window],
            complete=len(window) < _WINDOW,
        )
        self.memory, actions = batch_poster.decide(view, self.memory, self.mode)
        self._kept = len(view.items)
        self.backlog = max(first + len(window) - self.memory.next_batch, 0)
        for action in actions:
            await self._post(action)
        return bool(actions) or self.memory.scanned < len(view.items)

    def status(self) -> dict[str, Any]:
        """Return how many batches are on L1 and how many fetched ones are not."""
        memory, backlog = self.memory, self.backlog
        found = {"next_batch": memory.next_batch, "posted": self.posted, "backlog": backlog}
        return {"batch_poster": found}

    def _first_kept_batch(self) -> int:
        kept = sum(index < self._kept for index in self.memory.matches)
        return self.memory.forgotten + kept

    async def _post(self, action: PostBatch) -> None:
        delayed = (action.delayed_count, action.expected_delayed_accumulator)
        fast = (action.fast_count, action.expected_fast_accumulator)
        tail = (*delayed, *fast)
        expected = action.expected_accumulator
        if action.as_blobs:
            blobs = to_blobs(action.data)
            receipt = await self.sender.send(
                "inbox", "appendBlobBatch", expected, len(action.data), *tail, blobs=blobs
            )
        else:
            receipt = await self.sender.send("inbox", "appendBatch", expected, action.data, *tail)
        self.posted += 1
        fields = {
            "batch": action.number,
            "bytes": len(action.data),
            "blobs": action.as_blobs,
            "gas": receipt.gas_used,
            "transaction": receipt.transaction_hash,
        }
        _logger.info("posted batch %d", action.number, extra=fields)


@dataclass
class ProposerPlayer:
    """Claims, confirms, and takes what its claims have won, with one L1 account."""

    follower: L1Follower
    reader: L1Reader
    sender: L1Sender
    claims: Claims
    parameters: Parameters
    memory: ProposerMemory = field(default_factory=ProposerMemory)
    claimed: int = 0
    confirmed: int = 0
    earned_wei: int = 0
    _winnings: Winnings = field(init=False)
    _dues: tuple[bytes, Dues] | None = None

    def __post_init__(self) -> None:
        own = self.sender.address
        self._winnings = Winnings(
            self.follower,
            self.reader,
            self.claims,
            self.parameters.confirm_period_seconds,
            own,
            lambda children, _history: earned_by_claiming(own, children),
        )

    def on_l1(self, update: L1Update) -> None:
        """Forget what may have been undone; everything is found on L1 again."""
        if update.reorg:
            self._winnings.forget()

    async def act(self) -> bool:
        """Confirm or claim, one thing, then collect; what somebody else has done is done."""
        view = await self._view(self.claims.next_claim())
        memory, actions = proposer.decide(view, self.memory, _CLAIM_INTERVAL_SECONDS)
        for action in actions:
            if isinstance(action, ClaimTariffs | Collect):
                self._forget_dues()
                await self._take(action)
                continue
            try:
                await self._do(action)
            except TransactionReverted as error:
                if error.name not in _DONE:
                    raise
                _logger.info("%s: done already: %s", type(action).__name__, error)
        self.memory = memory
        return bool(actions)

    def status(self) -> dict[str, Any]:
        """Return what this process did."""
        found = {
            "claimed": self.claimed,
            "confirmed": self.confirmed,
            "earned_wei": self.earned_wei,
        }
        return {"proposer": found}

    async def _owed(self, right: Sequence[KnownAssertion]) -> Dues:
        """Return what is owed to this account, asking L1 once for each of its blocks."""
        head = self.follower.derivation.head
        if self._dues is None or self._dues[0] != head.hash:
            self._dues = head.hash, await self._winnings.dues(right, head)
        return self._dues[1]

    def _forget_dues(self) -> None:
        """Ask for money once in each block of L1, whatever comes of it."""
        if self._dues is not None:
            head, dues = self._dues
            self._dues = head, dues._replace(won=(), credit_wei=0)

    async def _view(self, claim: RightClaim | None) -> ProposerView:
        head, tree = self.follower.derivation.head, self.follower.tree
        staked = tree.stakes.get(self.sender.address)
        right = self.claims.right_branch()
        dues = await self._owed(right)
        branch = [known.id for known in right]
        behind = None if staked is None else tree.get(staked)
        free = behind is not None and behind.confirmed
        path = branch[branch.index(staked) + 1 :] if staked in branch and not free else []
        moves = free or staked in branch
        return ProposerView(
            l1_time=head.timestamp,
            confirm_period_seconds=self.parameters.confirm_period_seconds,
            rival_delay_seconds=self.parameters.rival_delay_seconds,
            next_claim=claim,
            pending=self.claims.pending(head.timestamp),
            stake_wei=0 if moves else self.parameters.stake_wei,
            stake_path=path,
            stake_locked=staked is not None and not moves,
            won=dues.won,
            tariffs=self._winnings.tariffs,
            credit_wei=dues.credit_wei,
            exit_mode=dues.exit_mode,
        )

    async def _take(self, action: Income) -> None:
        """Bring money home; a refusal is no reason to stop."""
        try:
            if isinstance(action, Collect):
                await self.sender.send("stake_pool", "claim", self.sender.address)
                return
            await self.sender.send("challenge_game", "claimAssertion", action.contest.origin)
            self.earned_wei += self._winnings.tariffs[Service.ASSERTION]
        except TransactionReverted as error:
            _logger.info("%s: refused: %s", type(action).__name__, error)
            if error.name not in _PAID:
                return
        if isinstance(action, ClaimTariffs):
            self._winnings.paid.update(service.subject for service in action.services)

    async def _do(self, action: ChainMove) -> None:
        if isinstance(action, Claim):
            await self._claim(action)
        elif isinstance(action, Confirm):
            await self._confirm(action)
        else:
            await self.sender.send("assertion_chain", "advanceStake", action.child)

    async def _claim(self, action: Claim) -> None:
        claim = action.claim
        arguments = (
            claim.parent_id,
            claim.assertion_id,
            claim.history_root,
            claim.after_state_root,
            list(claim.last_leaf_branch),
            claim.cursor + b"".join(claim.cursor_branch),
        )
        receipt = await self.sender.send(
            "assertion_chain", "createAssertion", arguments, value_wei=action.value_wei
        )
        self.claimed += 1
        fields = {
            "assertion": claim.assertion_id,
            "target": claim.target,
            "segments": len(claim.segment_roots),
            "gas": receipt.gas_used,
        }
        _logger.info("claimed the state after item %d", claim.target, extra=fields)

    async def _confirm(self, action: Confirm) -> None:
        receipt = await self.sender.send("assertion_chain", "confirm", action.assertion_id)
        self.confirmed += 1
        fields = {"assertion": action.assertion_id, "gas": receipt.gas_used}
        _logger.info("confirmed an assertion", extra=fields)


@dataclass
class VerifierPlayer:
    """Compares; `sequencer` is the node whose blocks are checked, `None` to check claims only."""

    follower: L1Follower
    replica: Replica
    claims: Claims
    sequencer: JsonRpcClient | None
    memory: VerifierMemory = field(default_factory=VerifierMemory)

    def on_l1(self, update: L1Update) -> None:
        """Nothing to remember."""

    async def act(self) -> bool:
        """Compare what others say with the own derivation and log what is wrong."""
        block = self.replica.blocks[-1]
        view = VerifierView(
            l1_time=self.follower.derivation.head.timestamp,
            block_number=block.number,
            block_hash=block.hash,
            reported=await self._reported(block.number),
            assertions=self.claims.checked(),
        )
        self.memory, actions = verifier.decide(view, self.memory)
        for action in actions:
            _logger.error("%s", type(action).__name__, extra=asdict(action))
        return False

    def status(self) -> dict[str, Any]:
        """Return the findings."""
        memory = self.memory
        return {
            "verifier": {
                "agrees": memory.agrees,
                "agreed_block": memory.agreed_block,
                "checked_assertions": memory.checked_assertions,
                "wrong_assertions": ["0x" + found.hex() for found in memory.wrong_assertions],
            }
        }

    async def _reported(self, number: int) -> bytes | None:
        if self.sequencer is None:
            return None
        try:
            block = await self.sequencer.call("eth_getBlockByNumber", hex(number), *(False,))
            return None if block is None else bytes.fromhex(block["hash"][2:])
        except (RpcError, TemporaryError, KeyError, TypeError, ValueError):
            return None


def collect_status(players: Sequence[Player]) -> dict[str, Any]:
    """Return what all roles of a node say."""
    found: dict[str, Any] = {}
    for player in players:
        found |= player.status()
    return found
