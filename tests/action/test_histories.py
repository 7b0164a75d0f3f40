"""Histories of peers that know, lie, stall, flood or talk nonsense."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from rollup_node.node.histories import PublishedHistories, RpcHistorySource
from rollup_node.proof.hashing import keccak
from rollup_node.proof.history import HistoryTree

HEIGHT = 3
CLAIM = keccak(b"claim")
ROOTS = [keccak(b"root %d" % number) for number in range(5)]
TREE = HistoryTree(HEIGHT, ROOTS, ROOTS[-1])
WANTED = {CLAIM: TREE.root}

STOP = web.AppKey("stop", asyncio.Event)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[Handler], Awaitable[RpcHistorySource]]


@dataclass
class Peer:
    """A peer in this process; counts how often it is asked."""

    roots: Sequence[bytes] | None
    name: str = "peer"
    asked: list[bytes] = field(default_factory=list)

    async def segment_roots(self, assertion_id: bytes, limit: int) -> Sequence[bytes] | None:
        assert limit == 1 << HEIGHT
        self.asked.append(assertion_id)
        return self.roots


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serve a handler on a free port, and return a source that asks it."""
    runners, sources = [], []
    stop = asyncio.Event()

    async def start(handler: Handler) -> RpcHistorySource:
        app = web.Application()
        app[STOP] = stop
        app.router.add_post("/", handler)
        runner = web.AppRunner(app, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        source = RpcHistorySource(f"http://127.0.0.1:{port}/")
        runners.append(runner)
        sources.append(source)
        return source

    yield start
    stop.set()
    for source in sources:
        await source.close()
    for runner in runners:
        await runner.cleanup()


def _answer(result: object) -> Handler:
    async def handle(_request: web.Request) -> web.Response:
        return web.json_response({"jsonrpc": "2.0", "id": 1, "result": result})

    return handle


async def _stall(request: web.Request) -> web.Response:
    await request.app[STOP].wait()
    return web.Response()


async def _flood(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while not request.app[STOP].is_set():
        await response.write(b" " * 65_536)
        await asyncio.sleep(0)
    return response


async def test_seek_believes_what_hashes_to_the_history_root(serve: Serve) -> None:
    source = await serve(_answer(["0x" + root.hex() for root in ROOTS]))
    found = await PublishedHistories([source], HEIGHT).seek(WANTED)
    assert found[CLAIM].root == TREE.root
    assert found[CLAIM].leaf(4) == ROOTS[4]


async def test_seek_does_not_believe_another_history() -> None:
    liar = Peer([*ROOTS[:-1], keccak(b"lie")], "liar")
    knows = Peer(ROOTS, "knows")
    assert await PublishedHistories([liar], HEIGHT).seek(WANTED) == {}
    assert CLAIM in await PublishedHistories([liar, knows], HEIGHT).seek(WANTED)


@pytest.mark.parametrize(
    "handler",
    [
        _stall,
        _flood,
        _answer("nonsense"),
        _answer([1, 2]),
        _answer(["0x" + "00" * 31]),
        _answer(["0x" + "00" * 32] * 9),
    ],
    ids=["stall", "flood", "text", "numbers", "short", "many"],
)
async def test_seek_with_a_bad_peer_is_bounded_and_others_are_heard(
    serve: Serve, handler: Handler
) -> None:
    bad, knows = await serve(handler), Peer(ROOTS)
    histories = PublishedHistories([bad, knows], HEIGHT, timeout_seconds=0.5)
    async with asyncio.timeout(5):
        assert CLAIM in await histories.seek(WANTED)


async def test_seek_leaves_a_peer_alone_that_stalled(serve: Serve) -> None:
    asked = []

    async def stall(request: web.Request) -> web.Response:
        asked.append(request)
        return await _stall(request)

    histories = PublishedHistories([await serve(stall)], HEIGHT, timeout_seconds=0.2)
    for _ in range(3):
        assert await histories.seek(WANTED) == {}
    assert len(asked) == 1


async def test_seek_asks_once_and_forgets_what_is_not_wanted() -> None:
    knows, ignorant = Peer(ROOTS, "knows"), Peer(None, "ignorant")
    histories = PublishedHistories([ignorant, knows], HEIGHT)
    for _ in range(3):
        assert CLAIM in await histories.seek(WANTED)
    assert len(knows.asked) == len(ignorant.asked) == 1
    assert await histories.seek({}) == {}
    assert CLAIM in await histories.seek(WANTED)
    assert len(knows.asked) == 2


async def test_seek_with_a_peer_that_is_down_finds_nothing() -> None:
    source = RpcHistorySource("http://127.0.0.1:1/")
    assert await PublishedHistories([source], HEIGHT).seek(WANTED) == {}
    await source.close()
