"""Error codes of the trading interface: those of Deribit where one fits, and who they speak of."""

from typing import Final

from rollup_node.core.reason import Reason
from rollup_node.rpc.backend import TransactionStatus
from rollup_node.rpc.errors import (
    BUSY,
    RESOURCE_NOT_FOUND,
    SEQUENCER_STOPPED,
    STORE_FULL,
    TOO_LARGE,
    RpcError,
)

ORDER_NOT_FOUND: Final = 10004
NOT_ENOUGH_FUNDS: Final = 10009
INVALID_INSTRUMENT: Final = 10020
MUST_BE_WEBSOCKET: Final = 10030
QUEUE_FULL: Final = 10047
TOO_MANY_CONNECTIONS: Final = 10066
OTHER_REJECT: Final = 11030
BAD_REQUEST: Final = 11050
SYSTEM_MAINTENANCE: Final = 11051
INVALID_CREDENTIALS: Final = 13004
UNAUTHORIZED: Final = 13009
NOT_FOUND: Final = 13020
FORBIDDEN: Final = 13021

_WORDS: Final[dict[int, str]] = {
    ORDER_NOT_FOUND: "order_not_found",
    NOT_ENOUGH_FUNDS: "not_enough_funds",
    OTHER_REJECT: "other_reject",
    BAD_REQUEST: "bad_request",
    INVALID_CREDENTIALS: "invalid_credentials",
    NOT_FOUND: "not_found",
}
_CODE_OF_REASON: Final[dict[str, int]] = {
    "UNDECODABLE": BAD_REQUEST,
    "UNKNOWN_ACCOUNT": NOT_FOUND,
    "BAD_SIGNATURE": INVALID_CREDENTIALS,
    "NOT_OWNER": INVALID_CREDENTIALS,
    "INSUFFICIENT_BALANCE": NOT_ENOUGH_FUNDS,
}
"""By name; every other reason is `other_reject`, and `data.reason` says which."""

_CODE_OF_CODE: Final[dict[int, int]] = {
    BUSY: QUEUE_FULL,
    SEQUENCER_STOPPED: SYSTEM_MAINTENANCE,
    STORE_FULL: SYSTEM_MAINTENANCE,
    TOO_LARGE: BAD_REQUEST,
    RESOURCE_NOT_FOUND: NOT_FOUND,
}


def rejection(status: TransactionStatus) -> RpcError:
    """Return the error for a transaction that the step function rejects."""
    if status.reason < 0:
        return RpcError(BAD_REQUEST, "bad_request", reason="TOO_LARGE")
    name = Reason(status.reason).name
    code = _CODE_OF_REASON.get(name, OTHER_REJECT)
    extra = {"hash": "0x" + status.record_hash.hex()}
    return RpcError(code, _WORDS[code], reason=name, field=status.field, extra=extra)


def translate(error: RpcError) -> RpcError:
    """Return an error of the node under the code that the field has for it."""
    code = _CODE_OF_CODE.get(error.code)
    if code is None:
        return error
    return RpcError(code, error.message, reason=error.reason, field=error.field, extra=error.extra)


def unauthorized(why: str) -> RpcError:
    """Return the error for a private call of a connection that is not logged in."""
    return RpcError(UNAUTHORIZED, "unauthorized", reason="UNAUTHORIZED", extra={"why": why})


def must_be_websocket(method: str) -> RpcError:
    """Return the error for a call over HTTP that needs a connection."""
    text = f"{method} needs a WebSocket"
    return RpcError(MUST_BE_WEBSOCKET, text, reason="MUST_BE_WEBSOCKET", field="method")
