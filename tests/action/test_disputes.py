"""A contest on a real L1: a node knows the edges, clocks and lives that the contracts have."""

from dataclasses import dataclass

import pytest

from rollup_node.derive.assertions import AssertionStatus
from rollup_node.proof.assertions import assertion_id
from rollup_node.proof.edges import EdgeKey, edge_id, halves, layer_zero
from rollup_node.proof.hashing import keccak
from rollup_node.proof.history import HistoryTree
from rollup_node.roles.disputes import MAX_TIMER, KnownEdge
from rollup_node.roles.proposer import RightClaim
from tests.action.l1_world import Follower, World

ETH = 1
HEIGHT = 3
LIE = 5
"""Leaf of the first difference; the right history has one segment and then repeats its end."""

pytestmark = pytest.mark.parametrize("world", [{"history_height": HEIGHT}], indirect=True)


@dataclass
class Contest:
    """Two rivals below genesis that differ from leaf `LIE` on, except in the last leaf."""

    world: World
    follower: Follower
    claim: RightClaim
    right: HistoryTree
    wrong: HistoryTree

    @classmethod
    async def begin(cls, world: World) -> "Contest":
        await world.deposit("alice", 1_000, 1)
        world.cut(b"", 1)
        follower = await world.follower()
        poster = world.poster(follower)
        await follower.catch_up(poster)
        while await poster.act():
            await follower.catch_up(poster)
        claim = follower.claims.next_claim()
        assert claim is not None
        leaves = [claim.after_state_root] * (1 << HEIGHT)
        right = HistoryTree(HEIGHT, leaves, leaves[0])
        assert right.root == claim.history_root
        wrong = HistoryTree(HEIGHT, [*leaves[:LIE], keccak(b"lie"), *leaves[LIE + 1 :]], leaves[0])
        return cls(world, follower, claim, right, wrong)

    @property
    def origin(self) -> bytes:
        return self.claim.parent_id

    def id_of(self, tree: HistoryTree) -> bytes:
        accumulator = self.follower.l1.derivation.accumulator(self.claim.target)
        return assertion_id(self.origin, tree.root, accumulator)

    def root_edge(self, tree: HistoryTree) -> bytes:
        return edge_id(layer_zero(self.origin, HEIGHT, tree.root))

    async def send(self, name: str, contract: str, function: str, *arguments: object) -> None:
        await self.world.sender(name).send(contract, function, *arguments)

    async def claim_it(self, name: str, tree: HistoryTree) -> None:
        branch = tree.branch((1 << HEIGHT) - 1)
        cursor = self.claim.cursor + b"".join(self.claim.cursor_branch)
        fields = (self.origin, self.id_of(tree), tree.root, tree.last_leaf, branch, cursor)
        stake = self.world.rollup.parameters.stake_wei
        sender = self.world.sender(name)
        await sender.send("assertion_chain", "createAssertion", fields, value_wei=stake)

    async def bisect(self, name: str, tree: HistoryTree, height: int) -> None:
        index = LIE >> height
        nodes = [tree.node(height - 1, 2 * index + side) for side in (0, 1)]
        if height == HEIGHT:
            await self.send(name, "challenge_game", "bisectAssertion", self.id_of(tree), *nodes)
        else:
            place = tree.edge(self.origin, height, index)
            await self.send(name, "challenge_game", "bisect", (*place[:4], *nodes))

    async def play_down(self) -> None:
        """Let both sides reveal the way to the leaf in question, an hour between the moves."""
        for height in range(HEIGHT, 0, -1):
            await self.bisect("challenger", self.right, height)
            await self.world.anvil.increase_time(3_600)
            await self.bisect("dave", self.wrong, height)
            await self.compare()

    async def compare(self) -> None:
        """Hold what the node knows against what the contracts answer at the same block."""
        await self.follower.catch_up()
        l1 = self.follower.l1
        head = l1.derivation.head
        edges = l1.disputes.edges(self.origin)
        for known in edges:
            (timer,) = await self.world.reader.call(
                "challenge_game", "timer", known.id, block_hash=head.hash
            )
            assert l1.disputes.stored_timer(known.id, head.timestamp) == timer, known
        for known_assertion in l1.tree.children(self.origin):
            (own,) = await self.world.reader.call(
                "assertion_chain", "liveOwn", known_assertion.id, block_hash=head.hash
            )
            assert l1.tree.live_own(known_assertion.id, head.timestamp) == own

    async def update(self, tree: HistoryTree) -> list[KnownEdge]:
        """Send the updates that are due, and see that the timer is what was foretold."""
        await self.follower.catch_up()
        l1 = self.follower.l1
        needed = l1.disputes.updates(self.root_edge(tree), l1.derivation.head.timestamp)
        sent = [(*known.key[:4], known.left, known.right) for known in needed]
        await self.send("challenger", "challenge_game", "updateTimers", sent)
        await self.compare()
        now = l1.derivation.head.timestamp
        stored = l1.disputes.stored_timer(self.root_edge(tree), now)
        (timer,) = await self.world.reader.call(
            "challenge_game", "assertionTimer", self.origin, tree.root
        )
        assert stored == l1.disputes.due_timer(self.root_edge(tree), now) == timer
        return needed

    async def prove(self) -> EdgeKey:
        """Prove the right leaf: the state before is finished and repeats itself."""
        parent = self.right.edge(self.origin, 1, LIE >> 1)
        before, leaf = (self.right.leaf(LIE - 1), self.right.leaf(LIE))
        _, edge = halves(parent, before, leaf)
        branch: list[bytes] = []
        fields = (self.origin, LIE, edge.prefix, leaf, parent.prefix, before, before, branch)
        proof = self.claim.cursor + b"".join(self.claim.cursor_branch)
        await self.send("challenger", "challenge_game", "proveOneStep", fields, (0, proof))
        return edge


@pytest.fixture
async def contest(world: World) -> Contest:
    """Let the liar be first; the right claim comes an hour later."""
    made = await Contest.begin(world)
    await made.claim_it("dave", made.wrong)
    await world.anvil.increase_time(3_600)
    await made.claim_it("challenger", made.right)
    return made


async def test_clocks_of_a_contest_are_those_of_the_contract(contest: Contest) -> None:
    await contest.play_down()
    disputes = contest.follower.l1.disputes
    places = [edge.key.height for edge in disputes.edges(contest.origin)]
    assert [places.count(height) for height in range(HEIGHT + 1)] == [3, 4, 3, 2]
    assert disputes.is_rivaled(contest.root_edge(contest.right))
    await contest.world.anvil.increase_time(7_200)
    await contest.world.anvil.mine()
    await contest.compare()
    needed = await contest.update(contest.right)
    assert [known.key.height for known in needed] == [1, 2, 3]


async def test_proven_side_is_confirmed_and_the_other_settled(contest: Contest) -> None:
    await contest.play_down()
    edge = await contest.prove()
    parameters = contest.world.rollup.parameters
    await contest.world.anvil.increase_time(parameters.confirm_period_seconds)
    await contest.update(contest.right)
    known = contest.follower.l1.disputes.edge(edge_id(edge))
    assert known is not None
    assert known.inherited == MAX_TIMER
    right, wrong = contest.id_of(contest.right), contest.id_of(contest.wrong)
    await contest.send("challenger", "assertion_chain", "markConfirmable", right)
    await contest.world.anvil.increase_time(parameters.rival_delay_seconds)
    await contest.send("alice", "assertion_chain", "confirm", right)
    tree = contest.follower.l1.tree
    dave = contest.world.sender("dave").address
    await contest.follower.catch_up()
    assert tree.latest_confirmed().id == right
    assert [loser.id for loser in tree.losers(contest.origin)] == [wrong]
    assert tree.stakes[dave] == wrong
    await contest.send("alice", "assertion_chain", "settle", [wrong], [dave])
    await contest.follower.catch_up()
    dead = tree.get(wrong)
    assert dead is not None
    assert (dead.status, dead.dead_root) == (AssertionStatus.DEAD, wrong)
    assert dave not in tree.stakes
    (burnt,) = await contest.world.reader.call("stake_pool", "burnt")
    assert burnt == parameters.stake_wei - parameters.stake_wei // 2


async def test_refuted_rival_leaves_the_live_ones(contest: Contest) -> None:
    wrong = contest.id_of(contest.wrong)
    branches = [contest.wrong.branch(index) for index in (LIE - 1, LIE)]
    leaves = [contest.wrong.leaf(index) for index in (LIE - 1, LIE)]
    refutation = (wrong, LIE, leaves[0], branches[0], leaves[1], branches[1])
    proof = contest.claim.cursor + b"".join(contest.claim.cursor_branch)
    await contest.send("carol", "challenge_game", "refute", refutation, (0, proof))
    await contest.world.anvil.increase_time(3_600)
    await contest.world.anvil.mine()
    await contest.compare()
    l1 = contest.follower.l1
    known = l1.tree.get(wrong)
    assert known is not None
    assert known.refuter == contest.world.sender("carol").address
    assert l1.tree.is_lost(wrong)
    now = l1.derivation.head.timestamp
    assert l1.tree.live_own(contest.id_of(contest.right), now) >= 3_600


async def test_reorg_that_drops_moves_equals_scratch(contest: Contest) -> None:
    await contest.bisect("challenger", contest.right, HEIGHT)
    await contest.follower.catch_up()
    base = contest.follower.l1.derivation.head
    await contest.bisect("dave", contest.wrong, HEIGHT)
    await contest.bisect("challenger", contest.right, HEIGHT - 1)
    await contest.follower.catch_up()
    head = contest.follower.l1.derivation.head
    assert len(contest.follower.l1.disputes.edges(contest.origin)) == 7
    await contest.world.anvil.reorg(head.number - base.number)
    await contest.compare()
    assert contest.follower.l1.reorgs == 1
    scratch = await contest.world.follower()
    await scratch.catch_up()
    for origin in (contest.origin, contest.id_of(contest.right)):
        ours = contest.follower.l1.disputes.edges(origin)
        assert ours == scratch.l1.disputes.edges(origin)
    assert len(scratch.l1.disputes.edges(contest.origin)) == 3
    assert contest.follower.l1.tree.all() == scratch.l1.tree.all()
