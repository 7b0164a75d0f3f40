"""Messages of one connection: taken in order, in parts, and framed as clients read them."""

import asyncio

import pytest

from rollup_node.devnet.bench_socket import split_frames
from rollup_node.rpc.outbox import Outbox, frame_text


def test_take_returns_all_that_is_there_in_order() -> None:
    outbox = Outbox()
    for body in (b"one", b"two", b"three"):
        outbox.put(body)
    assert asyncio.run(outbox.take()) == [b"one", b"two", b"three"]
    assert (len(outbox), outbox.size_bytes) == (0, 0)


def test_take_leaves_what_is_beyond_one_part() -> None:
    outbox = Outbox()
    bodies = [bytes([n]) * 30_000 for n in range(5)]
    for body in bodies:
        outbox.put(body)
    assert asyncio.run(outbox.take()) == bodies[:3]
    assert (len(outbox), outbox.size_bytes) == (2, 60_000)
    assert asyncio.run(outbox.take()) == bodies[3:]


def test_take_returns_one_message_that_is_longer_than_a_part() -> None:
    outbox = Outbox()
    outbox.put(b"x" * 1_000_000, is_book=True)
    outbox.put(b"y")
    assert [len(body) for body in asyncio.run(outbox.take())] == [1_000_000]
    assert asyncio.run(outbox.take()) == [b"y"]


def test_take_waits_for_a_message() -> None:
    async def talk() -> list[bytes]:
        outbox = Outbox()
        taking = asyncio.create_task(outbox.take())
        await asyncio.sleep(0)
        outbox.put(b"late")
        return await taking

    assert asyncio.run(talk()) == [b"late"]


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_frame_text_is_one_whole_frame_without_a_mask(length: int) -> None:
    body = b"m" * length
    frames, left = split_frames(frame_text(body) + frame_text(b"next"))
    assert (frames, left) == ([(0x81, body), (0x81, b"next")], b"")
