"""The contest of a fight as `dispute_getGame` tells it, and which step was a lie."""

from typing import Any

import msgspec

from rollup_node.devnet.arena import Fight
from rollup_node.devnet.failure import DevnetError
from rollup_node.l1.journal import JournalReader
from rollup_node.node.games import Games
from rollup_node.proof.machine import Machine


async def tell_game(fight: Fight) -> dict[str, Any]:
    """Return the whole contest as plain data.

    Raises
    ------
    DevnetError
        If nobody has claimed anything below the origin.
    """
    world, desk = fight.world, fight.watch
    await desk.catch_up()

    def liar_of(claim: bytes) -> Machine | None:
        known = desk.l1.tree.get(claim)
        for party in fight.adversaries:
            if known and party.history and party.history.root == known.created.history_root:
                return party.desk.machine
        return None

    addresses = {name: world.rollup.address(name) for name in world.rollup.contracts}
    games = Games(
        desk.l1,
        desk.replica,
        fight.honest_claims,
        JournalReader(world.client, addresses),
        world.machine,
        world.rollup,
        liar_of,
    )
    game = await games.show(fight.ground.origin)
    if game is None:
        raise DevnetError("the contest of this fight is gone")
    plain: dict[str, Any] = msgspec.to_builtins(game)
    return plain
