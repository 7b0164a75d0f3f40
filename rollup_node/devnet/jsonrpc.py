"""A small JSON-RPC client over one kept-alive connection, for commands and deployment."""
# ruff: noqa: ANN401 - JSON values have any type

import http.client
import itertools
import json
import time
from typing import Any, Final
from urllib.parse import urlsplit

from rollup_node.devnet.failure import DevnetError, NotReadyError
from rollup_node.rpc.errors import BUSY, NOT_SEQUENCER, SEQUENCER_STOPPED, STORE_FULL

_POLL_SECONDS: Final = 0.02
_EXIT_CODES: Final = {NOT_SEQUENCER: 5, BUSY: 5, SEQUENCER_STOPPED: 5, STORE_FULL: 3}


class RpcError(DevnetError):
    """The server answered with an error object."""

    exit_code = 7

    def __init__(self, method: str, error: dict[str, Any]) -> None:
        self.code = int(error.get("code", 0))
        self.data = error.get("data")
        self.reason = self.data.get("reason") if isinstance(self.data, dict) else None
        self.exit_code = _EXIT_CODES.get(self.code, self.exit_code)
        super().__init__(f"{method} failed: {error.get('message', 'no message')}")


class JsonRpc:
    """Calls methods of one server; reconnects when the server closed an idle connection."""

    def __init__(self, url: str, timeout_seconds: float = 30) -> None:
        parts = urlsplit(url)
        self.url = url
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._path = parts.path or "/"
        self._timeout = timeout_seconds
        self._ids = itertools.count(1)
        self._connection: http.client.HTTPConnection | None = None

    def call(self, method: str, *params: Any) -> Any:
        """Call a method and return its result.

        Raises
        ------
        RpcError
            If the server answers with an error.
        NotReadyError
            If nothing answers at the address, or not with JSON-RPC.
        """
        request = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        status, body = self.request("POST", self._path, json.dumps(request))
        try:
            answer = json.loads(body)
        except ValueError:
            raise NotReadyError(f"{self.url} answered {method} with HTTP {status}") from None
        if not isinstance(answer, dict) or ("result" not in answer and "error" not in answer):
            raise NotReadyError(f"{self.url} does not speak JSON-RPC")
        if "error" in answer:
            raise RpcError(method, answer["error"])
        return answer["result"]

    def request(self, verb: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        """Send one HTTP request and return status and body."""
        headers = {"Content-Type": "application/json"}
        while True:
            fresh = self._connection is None
            connection = self._connection or self._connect()
            try:
                connection.request(verb, path, body, headers)
                response = connection.getresponse()
                return response.status, response.read()
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if fresh or isinstance(error, TimeoutError):
                    raise NotReadyError(f"no answer from {self.url}: {_text(error)}") from error

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __del__(self) -> None:
        self.close()

    def _connect(self) -> http.client.HTTPConnection:
        self._connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        return self._connection


class Deadline:
    """A wait with an end: `for _ in Deadline(5, "what"):` polls until the body breaks out."""

    def __init__(self, seconds: float, what: str) -> None:
        self._end = time.monotonic() + seconds
        self._seconds = seconds
        self._what = what
        self._pause = 0.0

    def __iter__(self) -> "Deadline":
        return self

    def __next__(self) -> float:
        if time.monotonic() >= self._end:
            raise NotReadyError(f"not within {self._seconds:g} s: {self._what}")
        time.sleep(self._pause)
        self._pause = min(self._pause + _POLL_SECONDS, 0.2)
        return self._end - time.monotonic()


def _text(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
