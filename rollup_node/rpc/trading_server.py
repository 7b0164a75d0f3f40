"""The trading interface on the wire: `/ws/api/v2` and `/api/v2`. Sockets; `Gateway` answers."""

import asyncio
import contextlib
import logging
from typing import Final

from aiohttp import ClientConnectionResetError, WSMsgType, web

from rollup_node.rpc.errors import RpcError
from rollup_node.rpc.gateway import Gateway
from rollup_node.rpc.outbox import frame_text
from rollup_node.rpc.session import TRY_AGAIN_LATER, Session

MAX_FRAME_BYTES: Final = 256 * 1024

_logger = logging.getLogger(__name__)
_TICK_SECONDS: Final = 0.1
_CLOSE_SECONDS: Final = 1.0
_UNAUTHORIZED_STATUS: Final = 401
_TEXT: Final = WSMsgType.TEXT
_BINARY: Final = WSMsgType.BINARY


class TradingServer:
    """Serves one gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._ticking: asyncio.Task[None] | None = None
        self._open: set[_Connection] = set()

    def add_routes(self, app: web.Application) -> None:
        """Put the paths of the interface into an application."""
        app.router.add_get("/ws/api/v2", self._socket)
        app.router.add_post("/api/v2", self._post)
        app.router.add_get("/api/v2/{scope}/{method}", self._get)
        app.router.add_post("/api/v2/{scope}/{method}", self._post)

    def start(self) -> None:
        """Begin to tick."""
        self._ticking = asyncio.create_task(self._tick(), name="trading ticks")

    async def stop(self) -> None:
        """Close every connection, wait for what was submitted, also at their end."""
        connections = list(self._open)
        closing = (connection.close(TRY_AGAIN_LATER, "node stops") for connection in connections)
        await asyncio.gather(*closing)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await asyncio.gather(*(connection.ended.wait() for connection in connections))
        await self.gateway.stop()
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            try:
                self.gateway.tick()
            except Exception:  # one channel must not silence the others
                _logger.exception("a tick of the trading interface failed")

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(
            heartbeat=30, max_msg_size=MAX_FRAME_BYTES, compress=False, writer_limit=0
        )
        if not socket.can_prepare(request):
            return web.Response(status=426, text="WebSocket only\n")
        if len(self._open) >= self.gateway.limits.connections:
            return web.Response(status=503, text="too many connections\n")
        connection = _Connection(self.gateway, socket, request)
        self._open.add(connection)
        try:
            await connection.serve(request)
        finally:
            self._open.discard(connection)
        return socket

    async def _post(self, request: web.Request) -> web.Response:
        session = Session(self.gateway.desk, _address(request))
        refused = _resume(session, request)
        if refused is not None:
            return refused
        return _json(await self.gateway.answer(session, await request.read()))

    async def _get(self, request: web.Request) -> web.Response:
        session = Session(self.gateway.desk, _address(request))
        refused = _resume(session, request)
        if refused is not None:
            return refused
        method = f"{request.match_info['scope']}/{request.match_info['method']}"
        query = dict(request.query)
        return _json(await self.gateway.answer_query(session, method, query))


class _Connection:
    """One WebSocket: a reader, a writer, and a way to end both."""

    def __init__(
        self, gateway: Gateway, socket: web.WebSocketResponse, request: web.Request
    ) -> None:
        self._gateway, self._socket = gateway, socket
        self._transport = request.transport
        self._closing: asyncio.Task[None] | None = None
        self.ended = asyncio.Event()
        self.session = gateway.open(_address(request), self._end)

    async def serve(self, request: web.Request) -> None:
        """Read frames until the connection ends."""
        writing = asyncio.create_task(self._write())
        try:
            await self._socket.prepare(request)
            await self._read()
        finally:
            self._gateway.close(self.session)
            self.ended.set()
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            if self._closing is not None:
                await asyncio.gather(self._closing, return_exceptions=True)

    async def close(self, code: int, text: str) -> None:
        """Say goodbye; who does not listen is cut off."""
        with contextlib.suppress(TimeoutError, ConnectionError, RuntimeError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._socket.close(code=code, message=text.encode())
        if self._transport is not None:
            self._transport.abort()

    def _end(self, code: int, text: str) -> None:
        self._closing = asyncio.create_task(self.close(code, text))

    async def _read(self) -> None:
        take, receive, session = self._gateway.take, self._socket.receive, self.session
        most = self._gateway.limits.in_flight
        while True:
            message = await receive()
            if message.type is not _TEXT and message.type is not _BINARY:
                break
            take(session, message.data)
            while session.in_flight >= most:
                session.room.clear()
                await session.room.wait()

    async def _write(self) -> None:
        """Write what there is in one go; the last message waits until there is room again."""
        outbox, socket = self.session.outbox, self._socket
        with contextlib.suppress(ConnectionError, ClientConnectionResetError):
            while True:
                *bodies, last = await outbox.take()
                if bodies and self._transport is not None and not socket.closed:
                    self._transport.write(b"".join(map(frame_text, bodies)))
                await socket.send_frame(last, _TEXT)


def _resume(session: Session, request: web.Request) -> web.Response | None:
    """Log in by the token in the header, if there is one; return the answer if it is not valid."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        return None
    try:
        session.log_in(session.desk.logins.resume(token.strip()))
    except RpcError as error:
        body = {"jsonrpc": "2.0", "id": None, "error": error.to_object()}
        return web.json_response(body, status=_UNAUTHORIZED_STATUS)
    return None


def _address(request: web.Request) -> str:
    return request.remote or "unknown"


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")
