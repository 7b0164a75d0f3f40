"""Fights a fault out on a real L1: honest nodes against dishonest ones, until all is settled.

All parties are objects of this process that are stepped in turn: the real follower, replica and
players over real contracts, but no processes between them. So a case takes seconds, its order of
moves is always the same, and time passes only when every party is idle.
"""

from dataclasses import dataclass, field
from typing import Final

from rollup_node.derive.assertions import AssertionStatus, KnownAssertion
from rollup_node.devnet.arena_desk import Desk
from rollup_node.devnet.arena_ground import Field
from rollup_node.devnet.arena_parties import Adversary, HonestParty, Party
from rollup_node.devnet.arena_world import ArenaWorld
from rollup_node.devnet.failure import DevnetError
from rollup_node.devnet.faults.catalogue import Fault
from rollup_node.devnet.faults.plan import Choice
from rollup_node.node.claims import Claims
from rollup_node.node.config import BatchData
from rollup_node.proof.edges import edge_id, layer_zero
from rollup_node.proof.history import HistoryTree

HONEST_NODE: Final = "honest"
HONEST: Final = ("proposer", "challenger")
"""The roles of the honest node; both act with one account."""
_LAST_SECONDS: Final = 3
_MOST_ROUNDS: Final = 600
_FALLBACK_PARTS: Final = 24


@dataclass(frozen=True, slots=True)
class Case:
    """One fight: a fault, the door that is to end it, how batches were posted, or its mirror."""

    fault: Fault
    choice: Choice
    data: BatchData


@dataclass
class Fight:
    """A case while it is fought."""

    world: ArenaWorld
    ground: Field
    case: Case
    watch: Desk
    honest_claims: Claims
    honest: HonestParty | None = None
    adversaries: list[Adversary] = field(default_factory=list)
    published: list[Claims] = field(default_factory=list)
    stays_rivaled: bool = False
    """Whether no rival ever shows what refutes it: live time stands still for good then."""
    rounds: int = 0

    @property
    def right(self) -> KnownAssertion | None:
        """Return the right child, `None` while L1 does not have it."""
        return self.watch.l1.tree.get(self.ground.right.assertion_id)

    async def run(self) -> None:
        """Step all parties until the contest is confirmed and settled and everybody is idle."""
        for self.rounds in range(1, _MOST_ROUNDS + 1):
            if await self._round():
                continue
            await self.watch.catch_up()
            if self._is_over():
                return
            await self.world.warp(self._seconds_to_wait())
        raise DevnetError(f"{self.case.fault.name}: not decided after {_MOST_ROUNDS} rounds")

    async def _round(self) -> bool:
        busy = False
        parties: list[Party] = [*self.adversaries, *([self.honest] if self.honest else [])]
        for party in parties:
            busy = await party.step() or busy
        return busy

    def _is_over(self) -> bool:
        right = self.right
        if right is None or not right.confirmed:
            return False
        losers = self.watch.l1.tree.losers(self.ground.origin)
        return all(loser.status is AssertionStatus.DEAD for loser in losers)

    def time_of(self, block: int) -> int:
        """Return the time of an L1 block that the node has seen, 0 for another one."""
        found = self.watch.l1.derivation.block_at(block)
        return 0 if found is None else found.timestamp

    def clock_left(self) -> int | None:
        """Return in how many seconds the right claim is confirmable, `None` without a clock."""
        right, l1 = self.right, self.watch.l1
        if right is None or not right.live or right.confirmed or right.confirmable_at is not None:
            return None
        now = l1.derivation.head.timestamp
        period = self.world.rollup.parameters.confirm_period_seconds
        others = [child for child in l1.tree.children(self.ground.origin) if child.live]
        own = l1.tree.live_own(right.id, now)
        if self.stays_rivaled and own < period and len(others) > 1:
            own = 0
        edge = layer_zero(self.ground.origin, self.height, self.ground.right.history_root)
        due = l1.disputes.due_timer(edge_id(edge), now)
        return max(period - max(own, due), 0)

    @property
    def height(self) -> int:
        """Return the height of histories."""
        return self.world.rollup.parameters.history_height

    @property
    def right_history(self) -> HistoryTree:
        """Return the history of the right child."""
        right = self.ground.right
        return HistoryTree(self.height, right.segment_roots, right.after_state_root)

    def accounts(self) -> dict[tuple[str, bytes], bytes]:
        """Return all accounts that take part, by party and address."""
        parties: list[Party] = [*self.adversaries, *([self.honest] if self.honest else [])]
        return {(party.name, address): address for party in parties for address in party.addresses}

    @property
    def accumulator(self) -> bytes:
        """Return the accumulator of the inbox at the target of the contest."""
        return self.watch.l1.derivation.accumulator(self.ground.right.target)

    @property
    def stake_wei(self) -> int:
        """Return the price of a claim."""
        return self.world.rollup.parameters.stake_wei

    async def is_won(self) -> bool:
        """Tell whether the right claim is confirmed."""
        await self.watch.catch_up()
        return self.right is not None and self.right.confirmed

    async def always(self) -> bool:
        """Tell that now is as good as ever."""
        return True

    async def is_last_second(self) -> bool:
        """Tell whether the clock of the right claim has all but run out."""
        await self.watch.catch_up()
        left = self.clock_left()
        return left is not None and left <= _LAST_SECONDS

    async def is_rivalable(self) -> bool:
        """Tell whether the right claim is on L1."""
        await self.watch.catch_up()
        return self.right is not None

    def _seconds_to_wait(self) -> int:
        parameters = self.world.rollup.parameters
        now = self.watch.l1.derivation.head.timestamp
        left, right = self.clock_left(), self.right
        if right is not None and right.confirmable_at is not None and not right.confirmed:
            return right.confirmable_at + parameters.rival_delay_seconds - now
        if left:
            return left - _LAST_SECONDS if left > _LAST_SECONDS else left
        return parameters.confirm_period_seconds // _FALLBACK_PARTS
