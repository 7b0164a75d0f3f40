"""What a connection is sent when it reads late: all of it, in order, no more than it takes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.action.trading_world import Wire, World, make_world

_BODIES = 3_000
_BODY_BYTES = 10_000


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with make_world(tmp_path) as made:
        yield made


@pytest.fixture
async def wire(world: World) -> AsyncIterator[Wire]:
    wire = await world.connect()
    yield wire
    await wire.socket.close()


async def test_answers_of_many_requests_come_in_order(wire: Wire) -> None:
    numbers = [await wire.send("public/test") for _ in range(200)]
    assert [(await wire.read())["id"] for _ in numbers] == numbers


async def test_backlog_of_who_does_not_read_stays_in_the_outbox(world: World, wire: Wire) -> None:
    await wire.call("public/test")
    (session,) = world.gateway.sessions
    for number in range(_BODIES):
        session.outbox.put(b'{"n":%d,"x":"%b"}' % (number, b"y" * _BODY_BYTES))
    everything, left = session.outbox.size_bytes, -1
    while left != session.outbox.size_bytes:  # until the sockets have what they hold
        left = session.outbox.size_bytes
        await asyncio.sleep(0.2)
    assert everything // 2 < left < everything
    assert [(await wire.read())["n"] for _ in range(_BODIES)] == list(range(_BODIES))
    assert session.outbox.size_bytes == 0
