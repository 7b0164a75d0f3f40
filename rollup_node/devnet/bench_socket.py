"""A WebSocket that costs the measured machine little: frames made before, answers kept as bytes.

One process with all connections drives either as many requests as stay in flight, or one at each
time of a plan; what an answer says is read when the clock has stopped.
"""

import asyncio
import base64
import os
import time
from collections.abc import Sequence
from struct import Struct
from typing import Any, Final, NamedTuple

import msgspec

from rollup_node.devnet.failure import DevnetError

PATH: Final = "/ws/api/v2"

_TEXT, _PING, _PONG = 0x81, 0x89, 0x8A
_MASKED: Final = 0x80
_NO_MASK: Final = bytes(4)
"""The key that changes nothing: a client has to mask, and may choose how."""
_SHORT, _LONG = 126, 127
_U16, _U64 = Struct(">H"), Struct(">Q")
_ID: Final = b'"id":'
_TICK_SECONDS: Final = 0.002
_CLOSE: Final = bytes((0x88, _MASKED)) + _NO_MASK


class Answer(NamedTuple):
    """One answer: the number of its request, when it came (`perf_counter`), what it says."""

    number: int
    at: float
    body: bytes


class Request(NamedTuple):
    """One request: its number, its connection, the frame that carries it."""

    number: int
    connection: int
    frame: bytes


def make_frame(payload: bytes) -> bytes:
    """Return a text frame of a client, ready to be written."""
    length = len(payload)
    if length < _SHORT:
        head = bytes((_TEXT, _MASKED | length))
    elif length >> 16 == 0:
        head = bytes((_TEXT, _MASKED | _SHORT)) + _U16.pack(length)
    else:
        head = bytes((_TEXT, _MASKED | _LONG)) + _U64.pack(length)
    return head + _NO_MASK + payload


def make_request(number: int, method: str, params: dict[str, Any]) -> bytes:
    """Return the frame of a call."""
    call = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return make_frame(msgspec.json.encode(call))


def split_frames(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Return the whole frames of a server as (first byte, payload), and the bytes that are left."""
    found, at, end = [], 0, len(data)
    while end - at >= 2:  # noqa: PLR2004 - the shortest head
        length, start = data[at + 1], at + 2
        if length == _SHORT:
            start += _U16.size
            length = _U16.unpack_from(data, at + 2)[0] if start <= end else end
        elif length == _LONG:
            start += _U64.size
            length = _U64.unpack_from(data, at + 2)[0] if start <= end else end
        if start + length > end:
            break
        found.append((data[at], data[start : start + length]))
        at = start + length
    return found, data[at:]


def number_of(body: bytes) -> int:
    """Return the id of an answer."""
    start = body.index(_ID) + len(_ID)
    return int(body[start : body.index(b",", start)])


class _Pipe(asyncio.Protocol):
    """One connection; answers go to the load that it belongs to."""

    def __init__(self, load: "_Load") -> None:
        self.load = load
        self.waiting: list[bytes] = []
        self.in_flight = 0
        self.opened = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._left = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows the type
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        data = self._left + data
        if not self.opened.done():
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._left = head
                return
            self._open(head)
        frames, self._left = split_frames(data)
        for first, payload in frames:
            if first == _TEXT:
                self.load.take(self, payload)
            elif first == _PING:
                self.write(bytes((_PONG, _MASKED | len(payload))) + _NO_MASK + payload)
        self.load.fill(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.load.fail(f"the connection was lost: {exc or 'closed by the server'}")

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.write(_CLOSE)
            self._transport.close()

    def _open(self, head: bytes) -> None:
        if b" 101 " not in head.partition(b"\r\n")[0]:
            text = head.decode(errors="replace").splitlines()[0]
            self.opened.set_exception(DevnetError(f"no WebSocket: {text}"))
        else:
            self.opened.set_result(None)


class _Load:
    """Requests on their way over some connections; `window` is how many of one are in flight."""

    def __init__(self, expected: int, window: int) -> None:
        self.answers: list[Answer] = []
        self.done = asyncio.get_running_loop().create_future()
        self._expected, self._window = expected, window

    def take(self, pipe: _Pipe, payload: bytes) -> None:
        if _ID not in payload[:40]:
            return
        pipe.in_flight -= 1
        self.answers.append(Answer(number_of(payload), time.perf_counter(), payload))
        if len(self.answers) == self._expected and not self.done.done():
            self.done.set_result(None)

    def fill(self, pipe: _Pipe) -> None:
        """Send what the window has room for."""
        room = self._window - pipe.in_flight
        if room > 0 and pipe.waiting:
            part, pipe.waiting = pipe.waiting[:room], pipe.waiting[room:]
            pipe.in_flight += len(part)
            pipe.write(b"".join(part))

    def fail(self, text: str) -> None:
        if not self.done.done():
            self.done.set_exception(DevnetError(f"{text} after {len(self.answers)} answers"))


def drive(
    port: int, requests: Sequence[Request], connections: int, window: int
) -> tuple[float, list[Answer]]:
    """Send all requests with `window` of each connection in flight; return when it began, answers.

    Raises
    ------
    DevnetError
        If a connection ends before its answers.
    """
    return asyncio.run(_drive(port, requests, connections, window))


def pace(
    port: int, requests: Sequence[Request], connections: int, per_second: float
) -> tuple[list[float], list[Answer]]:
    """Send requests evenly, whatever comes back; return when each was due, and the answers.

    Latency counts from the due time: a server that is late does not slow its clients down.

    Raises
    ------
    DevnetError
        If a connection ends before its answers.
    """
    return asyncio.run(_pace(port, requests, connections, per_second))


async def _connect(load: _Load, port: int, count: int) -> list[_Pipe]:
    loop = asyncio.get_running_loop()
    pipes = []
    for _ in range(count):
        _, pipe = await loop.create_connection(lambda: _Pipe(load), "127.0.0.1", port)
        await pipe.opened
        pipes.append(pipe)
    return pipes


async def _drive(
    port: int, requests: Sequence[Request], connections: int, window: int
) -> tuple[float, list[Answer]]:
    load = _Load(len(requests), window)
    pipes = await _connect(load, port, connections)
    for request in requests:
        pipes[request.connection].waiting.append(request.frame)
    began = time.perf_counter()
    for pipe in pipes:
        load.fill(pipe)
    return began, await _finish(load, pipes)


async def _pace(
    port: int, requests: Sequence[Request], connections: int, per_second: float
) -> tuple[list[float], list[Answer]]:
    load = _Load(len(requests), len(requests))
    pipes = await _connect(load, port, connections)
    began = time.perf_counter()
    due = [began + number / per_second for number in range(len(requests))]
    sent = 0
    while sent < len(requests) and not load.done.done():
        now = time.perf_counter()
        while sent < len(requests) and due[sent] <= now:
            request = requests[sent]
            pipes[request.connection].write(request.frame)
            sent += 1
        await asyncio.sleep(_TICK_SECONDS)
    return due, await _finish(load, pipes)


async def _finish(load: _Load, pipes: Sequence[_Pipe]) -> list[Answer]:
    try:
        await load.done
    finally:
        for pipe in pipes:
            pipe.close()
    return load.answers
