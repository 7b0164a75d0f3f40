"""What a node knows, without a process around it: L1 as it follows it, the L2 it derives."""

from collections.abc import Callable
from dataclasses import dataclass, field

from rollup_node.derive.assertions import AssertionTree
from rollup_node.derive.pipeline import Derivation
from rollup_node.devnet.arena_world import ArenaWorld
from rollup_node.devnet.failure import DevnetError
from rollup_node.node.claims import Claims, genesis_assertion
from rollup_node.node.follow import L1Follower
from rollup_node.node.players import Player
from rollup_node.node.recovery import recover_in_thread
from rollup_node.node.replica import Replica
from rollup_node.proof import inbox
from rollup_node.proof.machine import Machine
from rollup_node.roles.disputes import Disputes

MakeClaims = Callable[[Replica, Derivation, AssertionTree, int], Claims]


@dataclass
class Desk:
    """One node's knowledge; several players may sit at it."""

    l1: L1Follower
    replica: Replica
    machine: Machine
    height: int
    players: list[Player] = field(default_factory=list)

    def claims(self, make: MakeClaims = Claims) -> Claims:
        """Return what a node at this desk claims."""
        return make(self.replica, self.l1.derivation, self.l1.tree, self.height)

    async def catch_up(self) -> None:
        """Follow L1 to its head, execute what is new, and tell the players."""
        update = await self.l1.follow()
        if update is not None:
            self.replica.rewind(update.kept_items)
            for player in self.players:
                player.on_l1(update)
        items = self.l1.derivation.items
        while self.replica.item_count < len(items):
            await self.replica.apply(items[self.replica.item_count])


async def open_desk(world: ArenaWorld, machine: Machine | None = None) -> Desk:
    """Return a desk that knows nothing yet; `machine` is that of the world if it is not given."""
    genesis = await world.reader.block_by_number(world.rollup.genesis.l1_block)
    if genesis is None:
        raise DevnetError("the genesis block of the rollup is gone")
    derivation = Derivation(genesis, inbox)
    root = bytes.fromhex(world.rollup.genesis.state_root.removeprefix("0x"))
    tree = AssertionTree(genesis_assertion(root))
    height = world.rollup.parameters.history_height
    runs = machine or world.machine
    replica = Replica(runs, recover_in_thread(runs.domain), segments=True)
    follower = L1Follower(world.reader, derivation, tree, Disputes(height))
    return Desk(follower, replica, runs, height)
