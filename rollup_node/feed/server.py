"""Serves the feed: everything from a number on, then whatever comes, to any number of readers."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from aiohttp import WSMsgType, web

from rollup_node.feed.message import FeedMessage, encode_message

MAX_READERS: Final = 64
_CHUNK: Final = 64

Read = Callable[[int, int], Sequence[tuple[int, bytes, bytes]]]


class FeedServer:
    """`GET /feed?from=N` upgrades to a WebSocket that sends binary messages from number N on.

    A slow reader holds up nobody: each reads the log at its own pace.
    """

    def __init__(self, read: Read) -> None:
        """Take a function that returns durable messages from a number on."""
        self._read = read
        self._news = asyncio.Event()
        self._readers = 0

    def notify(self) -> None:
        """Tell readers that there is more to read."""
        self._news.set()
        self._news = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one reader until it leaves; 400 for a bad number, 503 beyond 64 readers."""
        text = request.query.get("from", "0")
        if not text.isascii() or not text.isdecimal() or len(text) > 18:  # noqa: PLR2004 - < 2^63
            return web.Response(status=400, text="from is not a number\n")
        socket = web.WebSocketResponse(heartbeat=15, max_msg_size=1_024)
        if not socket.can_prepare(request):
            return web.Response(status=426, text="WebSocket only\n")
        if self._readers >= MAX_READERS:
            return web.Response(status=503, text="too many readers\n")
        self._readers += 1
        try:
            await socket.prepare(request)
            await self._serve(socket, int(text))
        finally:
            self._readers -= 1
        return socket

    async def _serve(self, socket: web.WebSocketResponse, number: int) -> None:
        sending = asyncio.create_task(self._send(socket, number))
        try:
            async for message in socket:
                if message.type is not WSMsgType.PING:  # readers have nothing to say
                    break
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await socket.close()

    async def _send(self, socket: web.WebSocketResponse, number: int) -> None:
        while not socket.closed:
            news = self._news
            messages = self._read(number, _CHUNK)
            for message in messages:
                await socket.send_bytes(encode_message(FeedMessage(*message)))
            number += len(messages)
            if not messages:
                await news.wait()
