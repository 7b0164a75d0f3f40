"""Prepares a world: a confirmed claim, and below it the items that all cases fight about."""

from collections.abc import Sequence
from dataclasses import dataclass

from rollup_node.derive.items import DerivedItem
from rollup_node.devnet.arena_desk import Desk, open_desk
from rollup_node.devnet.arena_scenes import Scene
from rollup_node.devnet.arena_world import ArenaWorld
from rollup_node.devnet.failure import DevnetError
from rollup_node.devnet.faults.trace import Ground, walk
from rollup_node.node.players import BatchPosterPlayer, ProposerPlayer
from rollup_node.proof.chain_state import ChainState
from rollup_node.roles.proposer import RightClaim

_MOST_TURNS = 20


@dataclass(frozen=True, slots=True)
class Field:
    """Where a contest takes place.

    Attributes
    ----------
    origin
        The confirmed assertion whose children compete.
    start
        Segments from genesis to its after state.
    right
        The child that an honest node claims.
    """

    origin: bytes
    start: int
    right: RightClaim
    ground: Ground

    @property
    def items(self) -> Sequence[DerivedItem]:
        """Return the items that the children are about."""
        return self.ground.items

    def state_at_start(self) -> ChainState:
        """Return a state of its own to walk on."""
        return self.ground.state_at_start()


async def prepare(world: ArenaWorld, scene: Scene) -> Field:
    """Fill the inbox, confirm the claim about its first item, and keep that moment."""
    desk = await open_desk(world)
    poster = BatchPosterPlayer(desk.l1, world.batches, world.user("batch_poster"), world.data)
    desk.players.append(poster)
    await scene.open(world)
    await _post(desk, poster)
    await scene.cut(world)
    await _post(desk, poster)
    await scene.append(world)
    await _confirm_first(world, desk)
    field = _describe(world, desk)
    await world.keep()
    return field


async def _post(desk: Desk, poster: BatchPosterPlayer) -> None:
    await desk.catch_up()
    while await poster.act():
        await desk.catch_up()


async def _confirm_first(world: ArenaWorld, desk: Desk) -> None:
    claims = desk.claims()
    parameters = world.rollup.parameters
    proposer = ProposerPlayer(desk.l1, world.reader, world.user("proposer"), claims, parameters)
    for _ in range(_MOST_TURNS):
        await desk.catch_up()
        tree = desk.l1.tree
        if tree.latest_confirmed().id != tree.genesis.id:
            return
        if tree.children(tree.genesis.id):
            await world.warp(parameters.confirm_period_seconds)
            await desk.catch_up()
        await proposer.act()
    raise DevnetError("the first claim of the arena was not confirmed")


def _describe(world: ArenaWorld, desk: Desk) -> Field:
    claims = desk.claims()
    right = claims.next_claim()
    if right is None:
        raise DevnetError("the arena has nothing to fight about")
    replica = desk.replica
    first = replica.items[0]
    start = replica.state.copy_at(replica.items[1].mark)
    snapshot = start.to_bytes()
    items = desk.l1.derivation.items[1:]
    steps = list(walk(world.machine, start, items))
    height, segments = world.rollup.parameters.history_height, len(right.segment_roots)
    ground = Ground(steps, items, segments, height, world.machine, snapshot)
    return Field(right.parent_id, first.segments, right, ground)
