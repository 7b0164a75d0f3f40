"""The customer: signs, sends, subscribes, waits. Imports codec and core only: a user's program.

`AsyncClient` for asyncio, `Client` for everything else. Nothing of a node is imported here, so what
works here works for any program that speaks JSON-RPC over a WebSocket.
"""

from rollup_node.client.async_client import AsyncClient
from rollup_node.client.book import BookGapError, LocalBook
from rollup_node.client.errors import (
    ClientError,
    ConnectionLostError,
    InvalidRequestError,
    NotFoundError,
    RefusedError,
    SlowReaderError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
    WaitError,
)
from rollup_node.client.sync_client import Client
from rollup_node.client.waiting import Inclusion

__all__ = [
    "AsyncClient",
    "BookGapError",
    "Client",
    "ClientError",
    "ConnectionLostError",
    "Inclusion",
    "InvalidRequestError",
    "LocalBook",
    "NotFoundError",
    "RefusedError",
    "SlowReaderError",
    "TooManyRequestsError",
    "UnauthorizedError",
    "UnavailableError",
    "WaitError",
]
