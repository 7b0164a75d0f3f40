"""Answers of the trading interface as bytes: result or error, and when it came and left."""

from typing import Any, Final

import msgspec

from rollup_node.rpc.errors import RpcError

_encode: Final = msgspec.json.Encoder().encode

Id = int | float | str | None


class _Result(msgspec.Struct, rename="camel", gc=False):
    jsonrpc: str
    id: Id
    result: Any
    us_in: int
    us_out: int
    us_diff: int
    testnet: bool = True


class _Error(msgspec.Struct, rename="camel", gc=False):
    jsonrpc: str
    id: Id
    error: dict[str, Any]
    us_in: int
    us_out: int
    us_diff: int
    testnet: bool = True


def encode_answer(request_id: Id, answer: Any, began_ns: int, ended_ns: int) -> bytes:
    """Return the response to a request, whose answer is a result or an `RpcError`."""
    began, ended = began_ns // 1_000, ended_ns // 1_000
    times = began, ended, ended - began
    if isinstance(answer, RpcError):
        return _encode(_Error("2.0", request_id, answer.to_object(), *times))
    return _encode(_Result("2.0", request_id, answer, *times))
