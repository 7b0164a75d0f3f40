"""Liars and defenders on one L1: both are the parts of a node, the liar's machine lies once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from rollup_node.codec.records import encode_record, frame
from rollup_node.core.inputs import DelayedMessage, ItemHeader, Pull, Transfer, Withdraw
from rollup_node.core.layout import balances_key
from rollup_node.core.leaves import Balances, LeafReader, replace_amount
from rollup_node.derive.assertions import AssertionTree, KnownAssertion
from rollup_node.derive.pipeline import Derivation
from rollup_node.devnet.keys import adversary
from rollup_node.l1.journal import JournalReader
from rollup_node.l1.sender import RpcSender
from rollup_node.node.challenger import ChallengerPlayer, make_challenger
from rollup_node.node.claims import Claims, assertion_input, genesis_assertion
from rollup_node.node.follow import L1Follower
from rollup_node.node.games import Games
from rollup_node.node.recovery import recover_in_thread
from rollup_node.node.replica import Replica
from rollup_node.proof import inbox
from rollup_node.proof.assertions import assertion_id
from rollup_node.proof.history import HistoryTree
from rollup_node.proof.machine import Machine, RecoverSigner, StepResult
from rollup_node.roles.disputes import Disputes
from rollup_node.roles.proposer import RightClaim
from tests.action.l1_world import Follower, World

ETH = 1
BOB = 2


class LyingMachine(Machine):
    """Credits account 2 with one wei too much whenever it gets `amount`."""

    def __init__(self, chain_id: int, bridge: bytes, amount: int) -> None:
        super().__init__(chain_id, bridge)
        self._amount = amount

    def step(
        self,
        state: LeafReader,
        header: ItemHeader,
        data: bytes,
        messages: Sequence[DelayedMessage],
        signers: RecoverSigner | None = None,
        target: int | None = None,
    ) -> StepResult:
        result = super().step(state, header, data, messages, signers, target)
        key = balances_key(BOB)
        before = state.get(key)
        after = result.writes.get(key)
        if not isinstance(after, Balances) or before is None:
            return result
        gained = after.amounts[ETH] - before.amounts[ETH]
        if gained != self._amount:
            return result
        more = Balances(replace_amount(after.amounts, ETH, after.amounts[ETH] + 1))
        return result._replace(writes={**result.writes, key: more})


@dataclass
class Publisher:
    """A peer that serves what it is given."""

    name: str = "publisher"
    histories: dict[bytes, Sequence[bytes]] = field(default_factory=dict)

    async def segment_roots(self, assertion_id: bytes, limit: int) -> Sequence[bytes] | None:
        roots = self.histories.get(assertion_id)
        return None if roots is None else roots[:limit]


@dataclass
class Court:
    """A world with an honest node, and everything needed to lie in it."""

    world: World
    honest: Follower
    publisher: Publisher = field(default_factory=Publisher)

    @property
    def tree(self) -> AssertionTree:
        return self.honest.l1.tree

    @property
    def period(self) -> int:
        return self.world.rollup.parameters.confirm_period_seconds

    @property
    def delay(self) -> int:
        return self.world.rollup.parameters.rival_delay_seconds

    @classmethod
    async def open(cls, world: World) -> "Court":
        """Post one item of several segments; nobody claims anything yet."""
        await world.deposit("alice", 100_000, 1)
        await world.deposit("bob", 1, 2)
        transfers = [Transfer(1, 2, ETH, 10 + n, n) for n in range(90)]
        records = [frame(encode_record(Pull()))] * 2
        records += [world.signed("alice", transfer) for transfer in transfers]
        records.append(world.signed("alice", Withdraw(1, ETH, 200, b"\x11" * 20, 190)))
        world.cut(b"".join(records), 2)
        honest = await world.follower()
        court = cls(world, honest)
        await court.post()
        return court

    async def post(self) -> None:
        """Post all batches that were cut."""
        poster = self.world.poster(self.honest)
        await self.honest.catch_up(poster)
        while await poster.act():
            await self.honest.catch_up(poster)

    def adversary(self, number: int = 0) -> RpcSender:
        """Return the sender of an account that no honest node knows."""
        key = adversary(number).private_key
        chain_id = self.world.rollup.l1_chain_id
        return RpcSender(self.world.client, self.world.reader, key, chain_id)

    def challenger(self, name: str = "challenger") -> ChallengerPlayer:
        """Return an honest challenger that asks the publisher."""
        node = self.honest
        return make_challenger(
            node.l1,
            node.replica,
            node.claims,
            self.world.reader,
            self.world.sender(name),
            self.world.machine,
            self.world.rollup,
            [self.publisher],
        )

    def games(self, liar: Machine | None = None) -> Games:
        """Return what a node answers about contests; `liar` is behind every wrong claim."""
        addresses = {name: self.world.rollup.address(name) for name in self.world.rollup.contracts}
        return Games(
            self.honest.l1,
            self.honest.replica,
            self.honest.claims,
            JournalReader(self.world.client, addresses),
            self.world.machine,
            self.world.rollup,
            lambda _claim: liar,
        )

    def liar_machine(self, amount: int = 60) -> LyingMachine:
        rollup = self.world.rollup
        return LyingMachine(rollup.l2_chain_id, rollup.address("bridge"), amount)

    async def liar(self, machine: Machine) -> Follower:
        """Return a node whose machine is another one."""
        world = self.world
        genesis = await world.reader.block_by_number(world.rollup.genesis.l1_block)
        assert genesis is not None
        derivation = Derivation(genesis, inbox)
        root = bytes.fromhex(world.rollup.genesis.state_root[2:])
        tree = AssertionTree(genesis_assertion(root))
        replica = Replica(machine, recover_in_thread(machine.domain), segments=True)
        height = world.rollup.parameters.history_height
        claims = Claims(replica, derivation, tree, height)
        follower = Follower(
            L1Follower(world.reader, derivation, tree, Disputes(height)), replica, claims
        )
        await follower.catch_up()
        return follower

    async def wrong_claim(self, machine: Machine | None = None) -> RightClaim:
        """Return what a liar would claim next."""
        claim = (await self.liar(machine or self.liar_machine())).claims.next_claim()
        assert claim is not None
        return claim

    async def patched(self, change: Callable[[list[bytes]], None]) -> RightClaim:
        """Return the right claim with a history whose leaves were changed, but the last one."""
        await self.honest.catch_up()
        right = self.honest.claims.next_claim()
        assert right is not None
        height = self.world.rollup.parameters.history_height
        last = right.segment_roots[-1]
        leaves = [*right.segment_roots, *[last] * ((1 << height) - len(right.segment_roots))]
        change(leaves)
        history = HistoryTree(height, leaves, last)
        return replace(
            right,
            history_root=history.root,
            last_leaf_branch=tuple(history.branch((1 << height) - 1)),
            segment_roots=tuple(leaves),
        )

    async def claim(self, sender: RpcSender, claim: RightClaim, *, publish: bool = False) -> bytes:
        """Make a claim with a new stake and return its id."""
        given = list(assertion_input(claim))
        parent = self.tree.get(claim.parent_id)
        assert parent is not None
        accumulator = self.honest.l1.derivation.accumulator(claim.target)
        made = assertion_id(claim.parent_id, claim.history_root, accumulator)
        given[1] = made
        stake = self.world.rollup.parameters.stake_wei
        await sender.send("assertion_chain", "createAssertion", tuple(given), value_wei=stake)
        if publish:
            self.publisher.histories[made] = claim.segment_roots
        await self.honest.catch_up()
        return made

    async def play(self, player: ChallengerPlayer, turns: int = 60) -> None:
        """Let a challenger make all moves that it wants to make now."""
        for _ in range(turns):
            await self.honest.catch_up(player)
            if not await player.act():
                return
        raise AssertionError("the challenger does not come to rest")

    async def wait(self, seconds: int) -> None:
        """Let time pass on L1."""
        await self.world.anvil.increase_time(seconds)
        await self.honest.catch_up()

    def known(self, made: bytes) -> KnownAssertion:
        found = self.tree.get(made)
        assert found is not None
        return found
