"""Answers of the trading interface as bytes: result or error, and when it came and left."""

from typing import Any, Final

import msgspec

from rollup_node.rpc.errors import RpcError
from rollup_node.rpc.structs import Failed, Id, Succeeded

_encode: Final = msgspec.json.Encoder().encode


def encode_answer(request_id: Id, answer: Any, began_ns: int, ended_ns: int) -> bytes:
    """Return the response to a request, whose answer is a result or an `RpcError`."""
    began, ended = began_ns // 1_000, ended_ns // 1_000
    times = began, ended, ended - began
    if isinstance(answer, RpcError):
        return _encode(Failed("2.0", request_id, answer.to_object(), *times))
    return _encode(Succeeded("2.0", request_id, answer, *times))
