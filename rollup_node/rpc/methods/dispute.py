"""`dispute_*`: the contests between rival claims, as this node follows them."""

from rollup_node.rpc.backend import Backend
from rollup_node.rpc.games import Game, GameLine
from rollup_node.rpc.table import TABLE, Hash


@TABLE.add("dispute_getGames")
async def get_games(backend: Backend) -> list[GameLine]:
    """Return every contest with rivals in one line each, in order of creation of their origins."""
    return list(backend.games())


@TABLE.add("dispute_getGame")
async def get_game(backend: Backend, originId: Hash) -> Game:
    """Return the contest below an assertion: claims, edges, clocks, money, moves, disputed steps.

    `originId` is the parent whose children compete. Moves are read from L1 for each call.
    """
    return await backend.game(bytes.fromhex(originId[2:]))
