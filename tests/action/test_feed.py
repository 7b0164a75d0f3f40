"""The feed gives every durable entry once, in order, signed; readers may start anywhere."""

import asyncio
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from rollup_node.codec.log_entries import OpenEntry, RecordsEntry, decode_entry
from rollup_node.codec.signature import address_of
from rollup_node.core.inputs import Transfer
from rollup_node.feed.client import read_feed
from rollup_node.feed.message import FeedMessage, decode_message, encode_message
from rollup_node.feed.server import FeedServer
from rollup_node.ports import TemporaryError
from tests.action.sequencing import DOMAIN, START_MS, FakeL1, FixedClock, make_sequencer, signed

SEQUENCER = address_of(b"\x33" * 32)


async def _collect(url: str, first: int, count: int) -> list[FeedMessage]:
    found = []
    async with asyncio.timeout(5):
        async for message in read_feed(url, DOMAIN, SEQUENCER, first):
            found.append(message)
            if len(found) == count:
                break
    return found


async def test_feed_gives_backlog_then_news(tmp_path: Path) -> None:
    clock = FixedClock()
    l1 = FakeL1(clock)
    l1.deposit(1)
    l1.deposit(2)
    sequencer = make_sequencer(tmp_path, clock)
    feed = FeedServer(
        lambda first, limit: [FeedMessage(*m) for m in sequencer.feed_messages(first, limit)]
    )
    sequencer.on_durable = lambda _number, _entries: feed.notify()
    await sequencer.start()
    await sequencer.on_l1(l1.update(0, 0))
    body = signed(Transfer(1, 2, 0, 1, START_MS))
    await sequencer.submit([body])
    app = web.Application()
    app.router.add_get("/feed", feed.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    known = sequencer.log.next_number
    reading = asyncio.create_task(_collect(url, 0, known + 1))
    await _collect(url, known - 1, 1)
    await sequencer.submit([signed(Transfer(1, 2, 0, 1, START_MS + 1))])
    messages = await reading
    entries = [decode_entry(message.entry) for message in messages]
    assert isinstance(entries[0], OpenEntry)
    frames = b"".join(e.frames for e in entries if isinstance(e, RecordsEntry))
    assert len(body).to_bytes(2, "big") + body in frames
    assert [m.number for m in messages] == list(range(known + 1))
    async with aiohttp.ClientSession() as session:
        for bad in ("x", "-1", "9" * 30):
            async with session.get(f"{url}/feed?from={bad}") as answer:
                assert answer.status == 400
    await runner.cleanup()
    await sequencer.stop()


@pytest.mark.parametrize("place", [0, 7, 20, 71, 72, 80])
def test_decode_message_flipped_bit_is_refused(place: int) -> None:
    from rollup_node.codec.log_entries import feed_preimage
    from rollup_node.codec.signature import sign
    from rollup_node.proof.hashing import keccak

    entry = b"some entry"
    signature = sign(keccak(feed_preimage(DOMAIN, 4, entry)), b"\x33" * 32)
    data = bytearray(encode_message(FeedMessage(4, entry, signature)))
    assert decode_message(bytes(data), DOMAIN, SEQUENCER, 4).entry == entry
    data[place] ^= 1
    with pytest.raises(TemporaryError, match="feed: message"):
        decode_message(bytes(data), DOMAIN, SEQUENCER, 4)
