"""The HTTP and WebSocket server of a node: JSON-RPC, health, metrics, the feed of the sequencer."""

import asyncio
import errno
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import WSCloseCode, WSMsgType, web

from rollup_node.ports import InputError, PortInUseError
from rollup_node.rpc import methods
from rollup_node.rpc.backend import Backend
from rollup_node.rpc.dispatch import Dispatcher
from rollup_node.rpc.gateway import Gateway
from rollup_node.rpc.stages import StageClock
from rollup_node.rpc.trading_server import TradingServer
from rollup_node.rpc.trading_table import TRADING

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
MAX_IN_FLIGHT: Final = 64
"""Requests of one WebSocket that may run at the same time; further frames wait in the socket."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RpcServer:
    """Serves one backend on one port, loopback unless told otherwise."""

    def __init__(
        self,
        backend: Backend,
        *,
        metrics: Callable[[], bytes] = bytes,
        routes: Mapping[str, Handler] | None = None,
        clock: StageClock | None = None,
        gateway: Gateway | None = None,
    ) -> None:
        """Take what to serve; `routes` are further GET paths, such as the feed.

        `clock` is told how long requests take to read and answers to write. With a `gateway` the
        trading interface is served too.
        """
        methods.load()
        self._backend = backend
        self._metrics = metrics
        self._routes = routes or {}
        trading = TRADING.methods.values if gateway is not None else tuple
        self.dispatcher = Dispatcher(backend, clock, trading)
        self._trading = None if gateway is None else TradingServer(gateway)
        self._runner: web.AppRunner | None = None
        self._sockets: set[web.WebSocketResponse] = set()

    async def start(self, host: str, port: int) -> int:
        """Listen and return the port (port 0 picks a free one).

        Raises `InputError` (`PortInUseError`) if the port cannot be had.
        """
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_post("/", self._post)
        app.router.add_get("/", self._root)
        app.router.add_get("/ws", self._socket)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/leader", self._leader)
        app.router.add_get("/metrics", self._serve_metrics)
        for path, handler in self._routes.items():
            app.router.add_get(path, handler)
        if self._trading is not None:
            self._trading.add_routes(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        try:
            await site.start()
        except OSError as error:
            await self.stop()
            kind = PortInUseError if error.errno == errno.EADDRINUSE else InputError
            raise kind(f"cannot listen on {host}:{port}: {error.strerror}") from error
        if self._trading is not None:
            self._trading.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._trading is not None:
            await self._trading.stop()
        for socket in list(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"node stops")
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _post(self, request: web.Request) -> web.Response:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return _json(
                b'{"jsonrpc":"2.0","id":null,"error":{"code":-32012,'
                b'"message":"request body over %d bytes","data":{"reason":"TOO_LARGE",'
                b'"field":null}}}' % MAX_BODY_BYTES,
                413,
            )
        answer = await self.dispatcher.answer(body)
        return web.Response(status=204) if answer is None else _json(answer)

    async def _root(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._socket(request)
        return web.Response(
            text="Strikenet node: POST JSON-RPC 2.0 here; rpc.discover lists the methods; "
            "GET /ws /healthz /readyz /leader /metrics\n"
        )

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=MAX_BODY_BYTES)
        if not socket.can_prepare(request):
            return web.Response(status=426, text="WebSocket only\n")
        await socket.prepare(request)
        self._sockets.add(socket)
        slots = asyncio.Semaphore(MAX_IN_FLIGHT)
        try:
            async with asyncio.TaskGroup() as tasks:
                async for message in socket:
                    if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                        break
                    data = message.data
                    body = data.encode() if isinstance(data, str) else data
                    await slots.acquire()
                    tasks.create_task(self._reply(socket, body, slots))
        finally:
            self._sockets.discard(socket)
        return socket

    async def _reply(
        self, socket: web.WebSocketResponse, body: bytes, slots: asyncio.Semaphore
    ) -> None:
        try:
            answer = await self.dispatcher.answer(body)
            if answer is not None and not socket.closed:
                await socket.send_str(answer.decode())
        except (ConnectionError, RuntimeError):
            await socket.close()
        finally:
            slots.release()

    async def _healthz(self, _: web.Request) -> web.Response:
        return _json(b'{"status":"ok"}')

    async def _readyz(self, _: web.Request) -> web.Response:
        if self._backend.is_ready():
            return _json(b'{"status":"ready"}')
        return _json(b'{"status":"not ready"}', 503)

    async def _leader(self, _: web.Request) -> web.Response:
        if self._backend.is_leader():
            return _json(b'{"leader":true}')
        return _json(b'{"leader":false}', 503)

    async def _serve_metrics(self, _: web.Request) -> web.Response:
        return web.Response(
            body=self._metrics(),
            headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
        )


def _json(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")
