"""Contests over real sockets: results of the documented types, and errors with reasons."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from rollup_node.node.backend import Sync
from rollup_node.node.config import NodeConfig
from rollup_node.node.follower import FollowerBackend
from rollup_node.node.games import Games
from rollup_node.rpc.games import Game, GameLine
from rollup_node.rpc.server import RpcServer
from tests.action.dispute_world import Court
from tests.action.l1_world import World


class Counter:
    """A running node's counter and the contest behind it."""

    def __init__(self, court: Court, session: aiohttp.ClientSession) -> None:
        self.court = court
        self.session = session
        self.ports: dict[str, int] = {}

    async def serve(self, name: str, games: Games | None) -> RpcServer:
        court, world = self.court, self.court.world
        config = NodeConfig(
            name=name, roles=("verifier",), l1_url="", port=0, data_dir=Path(), rollup=Path()
        )
        head = court.honest.l1.derivation.head
        backend = FollowerBackend(
            config,
            world.rollup,
            court.honest.replica,
            sync=lambda: Sync(head, head, 0, ready=True),
            segment_roots=court.honest.claims.segment_roots,
            games=games,
            extra_status=dict,
        )
        server = RpcServer(backend, metrics=lambda: b"")
        self.ports[name] = await server.start("127.0.0.1", 0)
        return server

    async def call(self, name: str, method: str, *params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        url = f"http://127.0.0.1:{self.ports[name]}"
        async with self.session.post(url, json=body) as answer:
            return await answer.json()


@pytest.fixture
async def counter(world: World) -> AsyncIterator[Counter]:
    court = await Court.open(world)
    await court.claim_right()
    await court.claim(court.adversary(), await court.wrong_claim())
    await court.play(court.challenger())
    async with aiohttp.ClientSession() as session:
        made = Counter(court, session)
        servers = [await made.serve("verifier", court.games()), await made.serve("poster", None)]
        yield made
        for server in servers:
            await server.stop()


async def test_get_games_lists_contests_with_rivals(counter: Counter) -> None:
    answer = await counter.call("verifier", "dispute_getGames")
    (line,) = msgspec.convert(answer["result"], list[GameLine])
    genesis = counter.court.tree.genesis.id
    assert (line.origin, line.status, line.wrong) == ("0x" + genesis.hex(), "open", 1)
    assert line.leader_verdict == "right"
    assert line.seconds_left is not None
    assert line.seconds_left <= counter.court.period + counter.court.delay


async def test_get_game_returns_the_whole_contest(counter: Counter) -> None:
    genesis = "0x" + counter.court.tree.genesis.id.hex()
    answer = await counter.call("verifier", "dispute_getGame", genesis)
    game = msgspec.convert(answer["result"], Game)
    assert [claim.verdict for claim in game.claims] == ["right", "wrong"]
    assert [move.action for move in game.moves] == ["assert", "assert", "bisect"]
    assert game.edges[0].id == game.claims[0].edge
    stake = counter.court.world.rollup.parameters.stake_wei
    assert answer["result"]["rules"]["stakeWei"] == str(stake)


@pytest.mark.parametrize(
    ("params", "code", "words"),
    [
        (["0x" + "11" * 32], -32001, "no such assertion"),
        (["0x11"], -32602, "originId"),
        ([], -32602, "missing parameter: originId"),
        (["0x" + "11" * 32, 1], -32602, "at most"),
    ],
)
async def test_get_game_of_a_bad_id_says_what_is_wrong(
    counter: Counter, params: list[Any], code: int, words: str
) -> None:
    error = (await counter.call("verifier", "dispute_getGame", *params))["error"]
    assert error["code"] == code
    assert words in error["message"]


async def test_get_game_below_a_claim_without_children_says_so(counter: Counter) -> None:
    child = counter.court.tree.children(counter.court.tree.genesis.id)[0]
    answer = await counter.call("verifier", "dispute_getGame", "0x" + child.id.hex())
    assert answer["error"]["data"] == {"reason": "NOT_FOUND", "field": "originId"}
    assert answer["error"]["message"] == "nobody has claimed anything below that assertion"


async def test_node_that_follows_no_contests_names_those_that_do(counter: Counter) -> None:
    for method, params in (("dispute_getGames", []), ("dispute_getGame", ["0x" + "11" * 32])):
        error = (await counter.call("poster", method, *params))["error"]
        assert error["code"] == -32016
        assert error["data"]["reason"] == "NOT_FOLLOWER"
        assert "ask a verifier" in error["message"]


async def test_discover_describes_contests_by_their_types(counter: Counter) -> None:
    document = (await counter.call("verifier", "rpc.discover"))["result"]
    methods = {method["name"]: method for method in document["methods"]}
    schema = methods["dispute_getGame"]["result"]["schema"]
    assert set(schema["$defs"]) >= {"Game", "Claim", "Edge", "Move", "Money", "Dispute"}
    claim = schema["$defs"]["Claim"]["properties"]
    assert claim["verdict"]["enum"] == ["right", "unknown", "wrong"]
    assert "liveOwnSeconds" in claim
    assert methods["dispute_getGames"]["result"]["schema"]["type"] == "array"
