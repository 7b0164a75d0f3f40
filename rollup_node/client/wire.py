"""One WebSocket to the trading interface: calls and their answers, messages and their channels."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import aiohttp
import msgspec

from rollup_node.client.errors import ConnectionLostError, SlowReaderError, make_error

MAX_WAITING: Final = 10_000
"""Messages of one channel that wait to be read."""


class _Error(msgspec.Struct):
    code: int
    message: str
    data: dict[str, Any] | None = None


class _Message(msgspec.Struct):
    id: int | None = None
    result: Any = None
    error: _Error | None = None
    method: str = ""
    params: dict[str, Any] = {}


_decode: Final = msgspec.json.Decoder(_Message).decode
_encode: Final = msgspec.json.Encoder().encode


class Stream:
    """Messages of one channel, in order, as an async iterator."""

    def __init__(self, channel: str) -> None:
        """Begin empty."""
        self.channel = channel
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._failure: Exception | None = None

    def put(self, data: Any) -> None:  # noqa: ANN401 - the channel decides
        """Append a message; too many end the stream."""
        if self._queue.qsize() >= MAX_WAITING:
            self.end(SlowReaderError(f"{self.channel}: {MAX_WAITING} messages were not read"))
        elif self._failure is None:
            self._queue.put_nowait(data)

    def end(self, failure: Exception) -> None:
        """Let the reader fail after what is there."""
        if self._failure is None:
            self._failure = failure
            self._queue.put_nowait(failure)

    async def __anext__(self) -> Any:  # noqa: ANN401 - the channel decides
        """Return the next message.

        Raises
        ------
        SlowReaderError
            If messages were lost.
        ConnectionLostError
            If the connection ended.
        """
        if self._failure is not None and self._queue.empty():
            raise self._failure
        data = await self._queue.get()
        if isinstance(data, Exception):
            raise data
        return data

    def __aiter__(self) -> AsyncIterator[Any]:
        return self


class Wire:
    """Calls by number; answers test requests of heartbeats by itself."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Take an open socket and begin to read."""
        self._socket = socket
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._streams: dict[str, Stream] = {}
        self._number = 0
        self._reading = asyncio.create_task(self._read())

    async def send(self, method: str, params: dict[str, Any]) -> "asyncio.Future[Any]":
        """Send a call and return the future of its result, so that many may be on their way.

        Raises
        ------
        ConnectionLostError
            If the connection ended.
        """
        if self._socket.closed or self._reading.done():
            raise ConnectionLostError("the connection is closed")
        self._number += 1
        number = self._number
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._calls[number] = future
        body = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        try:
            await self._socket.send_frame(_encode(body), aiohttp.WSMsgType.TEXT)
        except (ConnectionError, aiohttp.ClientError) as error:
            self._calls.pop(number, None)
            raise ConnectionLostError(f"the connection was lost: {error}") from error
        return future

    async def call(self, method: str, params: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Send a call and return its result.

        Raises
        ------
        ClientError
            What the answer says went wrong.
        ConnectionLostError
            If the connection ended before the answer.
        """
        return await (await self.send(method, params))

    def open_stream(self, channel: str) -> Stream:
        """Begin to keep the messages of a channel; a stream that was there ends."""
        self.close_stream(channel)
        self._streams[channel] = Stream(channel)
        return self._streams[channel]

    def close_stream(self, channel: str) -> None:
        """Keep the messages of a channel no more."""
        stream = self._streams.pop(channel, None)
        if stream is not None:
            stream.end(ConnectionLostError(f"{channel}: unsubscribed"))

    async def close(self) -> None:
        """Close the connection."""
        await self._socket.close()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        try:
            async for frame in self._socket:
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    break
                await self._take(_decode(frame.data))
        finally:
            failure = ConnectionLostError(f"the connection ended: code {self._socket.close_code}")
            for future in self._calls.values():
                if not future.done():
                    future.set_exception(failure)
                    future.exception()  # nobody may be waiting for it
            for stream in self._streams.values():
                stream.end(failure)

    async def _take(self, message: _Message) -> None:
        if message.id is not None:
            self._answer(message.id, message)
        elif message.method == "subscription":
            stream = self._streams.get(message.params["channel"])
            if stream is not None:
                stream.put(message.params["data"])
        elif message.method == "heartbeat" and message.params.get("type") == "test_request":
            await self.send("public/test", {})
        elif message.method == "unsubscribed":
            for channel in message.params["channels"]:
                stream = self._streams.pop(channel, None)
                if stream is not None:
                    stream.end(SlowReaderError(f"{channel}: the node dropped a slow reader"))

    def _answer(self, number: int, message: _Message) -> None:
        future = self._calls.pop(number, None)
        if future is None or future.done():
            return
        error = message.error
        if error is None:
            future.set_result(message.result)
        else:
            future.set_exception(make_error(error.code, error.message, error.data))
