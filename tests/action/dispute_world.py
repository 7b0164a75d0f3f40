"""Liars and defenders on one L1: both are the parts of a node, the liar's machine lies once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from rollup_node.codec.records import encode_record, frame
from rollup_node.core.inputs import Pull, Transfer, Withdraw
from rollup_node.core.layout import balances_key
from rollup_node.core.leaves import Balances, LeafReader, Writes, replace_amount
from rollup_node.derive.assertions import AssertionStatus, AssertionTree, KnownAssertion
from rollup_node.devnet.faults.machine import FaultyMachine, HonestStep, Lie, StepInputs
from rollup_node.devnet.keys import accounts, adversary
from rollup_node.l1.journal import JournalReader
from rollup_node.l1.sender import RpcSender
from rollup_node.node.challenger import ChallengerPlayer, make_challenger
from rollup_node.node.claims import assertion_input
from rollup_node.node.config import BatchData
from rollup_node.node.games import Games
from rollup_node.ports import RollupError, TransactionReverted
from rollup_node.proof.assertions import assertion_id
from rollup_node.proof.history import HistoryTree
from rollup_node.proof.machine import Machine, StepResult
from rollup_node.roles.proposer import RightClaim
from rollup_node.rpc.games import Game
from tests.action.l1_world import Follower, World

ETH = 1
BOB = 2
PAYEE = b"\x11" * 20
GRAVE = bytes.fromhex("000000000000000000000000000000000000dead")
HONEST = ("challenger", "proposer")


def besides(state: LeafReader, result: StepResult, false: Writes) -> StepResult:
    """Return a step that writes more, or something else."""
    for key in false:
        state.get(key)  # what is written must have been read, or no witness can be made
    return result._replace(writes={**result.writes, **false})


def one_more_for(amount: int) -> Lie:
    """Credit account 2 with one wei too much when it gets `amount`."""
    key = balances_key(BOB)

    def lie(honest: HonestStep, inputs: StepInputs) -> StepResult:
        result = honest(inputs)
        before, after = inputs.state.get(key), result.writes.get(key)
        if before is None or not isinstance(after, Balances):
            return result
        held = after.amounts[ETH]
        if held - before.amounts[ETH] != amount:
            return result
        more = Balances(replace_amount(after.amounts, ETH, held + 1))
        return besides(inputs.state, result, {key: more})

    return lie


def liar(lie: Lie, chain_id: int = 1, bridge: bytes = bytes(20)) -> FaultyMachine:
    """Return a machine that may lie at every step; the lie looks at what is honest first."""
    return FaultyMachine(chain_id, bridge, lambda _state: lie)


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
    async def open(cls, world: World, extra: bytes = b"", data: BatchData = "calldata") -> "Court":
        """Post one item of several segments; nobody claims anything yet.

        Account 1 sends 10, 11, .. 99 wei to account 2; then come `extra` records and a withdrawal.
        """
        await world.deposit("alice", 100_000, 1)
        await world.deposit("bob", 1, 2)
        transfers = [Transfer(1, 2, ETH, 10 + n, n) for n in range(90)]
        records = [frame(encode_record(Pull()))] * 2
        records += [world.signed("alice", transfer) for transfer in transfers]
        records += [extra, world.signed("alice", Withdraw(1, ETH, 200, PAYEE, 190))]
        world.cut(b"".join(records), 2)
        honest = await world.follower()
        court = cls(world, honest)
        await court.post(data)
        return court

    async def post(self, data: BatchData = "calldata") -> None:
        """Post all batches that were cut."""
        poster = self.world.poster(self.honest)
        poster.mode = data
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

    def liar_machine(self, lie: Lie | None = None) -> FaultyMachine:
        rollup = self.world.rollup
        return liar(lie or one_more_for(60), rollup.l2_chain_id, rollup.address("bridge"))

    async def liar(self, machine: Machine) -> Follower:
        """Return a node whose machine is another one."""
        follower = await self.world.follower(machine)
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
        right = self.honest.claims._claim(self.tree.genesis.created, 1)
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

    async def claim_right(self, name: str = "proposer") -> bytes:
        """Make the right claim with an honest account."""
        await self.honest.catch_up()
        right = self.honest.claims.next_claim()
        assert right is not None
        return await self.claim(self.world.sender(name), right)

    async def party(self, number: int, machine: Machine) -> "Party":
        """Return a node with another machine, and a challenger that fights for what it believes."""
        node, world = await self.liar(machine), self.world
        sender = self.adversary(number)
        player = make_challenger(
            node.l1, node.replica, node.claims, world.reader, sender, machine, world.rollup, []
        )
        return Party(node, player)

    async def play(self, player: ChallengerPlayer, turns: int = 60) -> None:
        """Let a challenger make all moves that it wants to make now."""
        for _ in range(turns):
            await self.honest.catch_up(player)
            if not await player.act():
                return
        raise AssertionError("the challenger does not come to rest")

    async def finish(
        self, player: ChallengerPlayer, liars: "Sequence[Party]" = (), rounds: int = 300
    ) -> None:
        """Let all play, a proposer too, and time pass while nobody moves, until all is settled."""
        proposer = self.world.proposer(self.honest)
        for _ in range(rounds):
            busy = False
            for liar in liars:
                busy = await liar.turn() or busy
            for honest in (player, proposer):
                await self.honest.catch_up(player, proposer)
                busy = await honest.act() or busy
            if busy:
                continue
            await self.honest.catch_up()
            if self.is_over():
                return
            await self.wait(self._due())
        raise AssertionError(f"not settled after {rounds} rounds")

    def is_over(self) -> bool:
        """Tell whether a claim below genesis is confirmed and all others are settled."""
        children = self.tree.children(self.tree.genesis.id)
        states = [child.status for child in children]
        return AssertionStatus.CONFIRMED in states and all(
            state in (AssertionStatus.CONFIRMED, AssertionStatus.DEAD) for state in states
        )

    def _due(self) -> int:
        """Return how long it is until the right claim can be marked or confirmed."""
        desk = self.games()._desk()
        right = [c for c in desk.claims(self.tree.genesis.id, {}) if c.verdict == "right"]
        if not right or (right[0].marked_at is None and right[0].clock_ends_at is None):
            return self.period // 6
        until = right[0].clock_ends_at if right[0].marked_at is None else right[0].confirmable_at
        return max((until or 0) - desk.now, 1)

    async def purses(self, *addresses: bytes) -> int:
        """Return what accounts have: ether, credits and stakes."""
        world, total = self.world, 0
        for address in addresses:
            balance = await world.client.call("eth_getBalance", "0x" + address.hex(), "latest")
            (credit_wei,) = await world.reader.call("stake_pool", "claimable", address)
            (staked,) = await world.reader.call("assertion_chain", "stakedOn", address)
            total += int(balance, 16) + credit_wei
            total += world.rollup.parameters.stake_wei if staked != bytes(32) else 0
        return total

    def honest_addresses(self) -> list[bytes]:
        return [accounts()[name].address for name in HONEST]

    async def check_won(self, honest_before: int, slack_wei: int = 0) -> Game:
        """Check that the right claim won in time, that it cost nothing, and that sums hold."""
        await self.honest.catch_up()
        await self.check_pool()
        checked = {found.assertion_id: found.is_right for found in self.honest.claims.checked()}
        children = self.tree.children(self.tree.genesis.id)
        assert [checked[child.id] for child in children if child.confirmed] == [True]
        for child in children:
            assert child.confirmed or child.status is AssertionStatus.DEAD
        assert await self.purses(*self.honest_addresses()) >= honest_before - slack_wei
        game = await self.games().show(self.tree.genesis.id)
        assert game is not None
        winner = next(claim for claim in game.claims if claim.id == game.winner)
        assert winner.confirmed_at is not None
        if game.deadline_at is not None:
            assert winner.confirmed_at <= game.deadline_at + 60
        return game

    async def check_pool(self) -> None:
        """Check that the pool holds what it owes, and that what is burnt is gone."""
        reader, client = self.world.reader, self.world.client
        sums = {}
        for name in ("locked", "pots", "owed", "burnt"):
            (sums[name],) = await reader.call("stake_pool", name)
        pool = self.world.rollup.address("stake_pool")
        balance = int(await client.call("eth_getBalance", "0x" + pool.hex(), "latest"), 16)
        assert balance == sums["locked"] + sums["pots"] + sums["owed"]
        gone = int(await client.call("eth_getBalance", "0x" + GRAVE.hex(), "latest"), 16)
        assert gone == sums["burnt"]

    async def refusal(self, contract: str, function: str, *arguments: object) -> str:
        """Return the error with which L1 refuses a call from nobody in particular."""
        with pytest.raises(TransactionReverted) as refused:
            await self.world.reader.call(contract, function, *arguments)
        return refused.value.name

    async def at(self, timestamp: int) -> bytes:
        """Mine a block at a time and return its hash."""
        await self.world.anvil.call("evm_setNextBlockTimestamp", timestamp)
        await self.world.anvil.mine()
        head = await self.world.reader.head()
        assert head.timestamp == timestamp
        return head.hash

    async def wait(self, seconds: int) -> None:
        """Let time pass on L1."""
        await self.world.anvil.increase_time(seconds)
        await self.honest.catch_up()

    def known(self, made: bytes) -> KnownAssertion:
        found = self.tree.get(made)
        assert found is not None
        return found


@dataclass
class Party:
    """A node that believes its own machine, and fights for it."""

    node: Follower
    player: ChallengerPlayer

    @property
    def claim(self) -> RightClaim:
        found = self.node.claims.next_claim()
        assert found is not None
        return found

    async def turn(self) -> bool:
        """Make the moves that it wants to make; L1 refuses what is not so."""
        await self.node.catch_up(self.player)
        try:
            return await self.player.act()
        except (RollupError, ValueError, LookupError):
            return False
