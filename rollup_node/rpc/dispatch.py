"""From request bytes to response bytes: JSON-RPC 2.0 with batches, ids and notifications."""

import logging
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from rollup_node.ports import InputError, TemporaryError
from rollup_node.rpc.backend import Backend
from rollup_node.rpc.errors import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    RESTRICTED,
    RpcError,
    invalid_params,
)
from rollup_node.rpc.stages import StageClock
from rollup_node.rpc.table import TABLE, Described, Method, open_rpc

MAX_BATCH: Final = 200
MAX_DEPTH_HINT: Final = "nested too deeply"

_logger = logging.getLogger(__name__)
_encode: Final = msgspec.json.Encoder().encode
_NULL: Final = msgspec.Raw(b"null")


class _Request(msgspec.Struct):
    jsonrpc: str
    method: str
    id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    params: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_decode_request: Final = msgspec.json.Decoder(_Request).decode
_decode_batch: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_any: Final = msgspec.json.Decoder().decode


class Dispatcher:
    """Answers requests from the method table."""

    def __init__(
        self,
        backend: Backend,
        clock: StageClock | None = None,
        elsewhere: Callable[[], Iterable[Described]] = tuple,
    ) -> None:
        """Take the node; `elsewhere` are methods that other paths of it serve."""
        self._backend = backend
        self._clock = clock or StageClock()
        self._methods = TABLE.methods
        self._elsewhere = elsewhere
        self.requests = 0
        self.errors = 0

    async def answer(self, body: bytes) -> bytes | None:
        """Return the response to a request or batch; `None` if there is nothing to say."""
        if body.lstrip(b" \t\r\n")[:1] != b"[":
            return await self._answer_one(body)
        try:
            requests = _decode_batch(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return _error(_NULL, _parse_error(error))
        if not requests:
            return _error(_NULL, RpcError(INVALID_REQUEST, "empty batch"))
        if len(requests) > MAX_BATCH:
            text = f"{len(requests)} requests in a batch (at most) {MAX_BATCH}"
            return _error(_NULL, RpcError(INVALID_REQUEST, text))
        answers = [await self._answer_one(bytes(request)) for request in requests]
        said = [answer for answer in answers if answer is not None]
        return b"[" + b",".join(said) + b"]" if said else None

    async def _answer_one(self, body: bytes) -> bytes | None:
        self.requests += 1
        self._clock.begin()
        try:
            request = _decode_request(body)
            request_id = _check_id(request.id)
        except msgspec.ValidationError as error:
            return self._failed(_find_id(body), RpcError(INVALID_REQUEST, f"request: {error}"))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return self._failed(_NULL, _parse_error(error))
        except RpcError as error:
            return self._failed(_NULL, error)
        try:
            result = await self._call(request)
        except RpcError as error:
            return self._failed(request_id, error)
        if request_id is None:
            return None
        answer = b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (bytes(request_id), _encode(result))
        self._clock.end("reply")
        return answer

    async def _call(self, request: _Request) -> Any:
        if request.jsonrpc != "2.0":
            raise RpcError(INVALID_REQUEST, 'jsonrpc is not "2.0"', field="jsonrpc")
        if request.method == "rpc.discover":
            return open_rpc([*self._methods.values(), *self._elsewhere()])
        method = self._methods.get(request.method)
        if method is None:
            text = f"no such method: {request.method[:80]!r}"
            raise RpcError(METHOD_NOT_FOUND, text, reason="METHOD_NOT_FOUND", field="method")
        if method.restricted and not self._backend.allows_devnet:
            text = f"{method.name} is not allowed on this node"
            raise RpcError(RESTRICTED, text, reason="RESTRICTED", field="method")
        return await self._run(method, method.bind(_decode_params(request.params)))

    async def _run(self, method: Method, arguments: list[Any]) -> Any:
        try:
            return await method.handler(self._backend, *arguments)
        except RpcError:
            raise
        except InputError as error:
            raise invalid_params(str(error)) from error
        except TemporaryError as error:
            raise RpcError(INTERNAL_ERROR, str(error), reason="TEMPORARY") from error
        except Exception as error:
            _logger.exception("method %s failed", method.name)
            raise RpcError(INTERNAL_ERROR, "internal error", reason="INTERNAL") from error

    def _failed(self, request_id: msgspec.Raw | None, error: RpcError) -> bytes | None:
        self.errors += 1
        return None if request_id is None else _error(request_id, error)


def _error(request_id: msgspec.Raw, error: RpcError) -> bytes:
    return b'{"jsonrpc":"2.0","id":%b,"error":%b}' % (
        bytes(request_id),
        _encode(error.to_object()),
    )


def _parse_error(error: Exception) -> RpcError:
    text = MAX_DEPTH_HINT if isinstance(error, RecursionError) else str(error)
    return RpcError(PARSE_ERROR, f"not JSON: {text[:200]}")


def _check_id(raw: msgspec.Raw | msgspec.UnsetType) -> msgspec.Raw | None:
    """Return the id as it was written, `None` for a notification."""
    if isinstance(raw, msgspec.UnsetType):
        return None
    value = _decode_any(raw)
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        raise RpcError(INVALID_REQUEST, "id is not a string, number or null", field="id")
    return raw


def _find_id(body: bytes) -> msgspec.Raw:
    """Return the id of a request that is JSON but not a request, null if it has none."""
    try:
        value = _decode_any(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _NULL
    found = value.get("id") if isinstance(value, dict) else None
    if isinstance(found, str | int | float) and not isinstance(found, bool):
        return msgspec.Raw(_encode(found))
    return _NULL


def _decode_params(raw: msgspec.Raw | msgspec.UnsetType) -> Any:
    if isinstance(raw, msgspec.UnsetType):
        return []
    try:
        params = _decode_any(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _parse_error(error) from None
    if params is None:
        return []
    if not isinstance(params, list | dict):
        raise RpcError(INVALID_REQUEST, "params is not an array or object", field="params")
    return params
