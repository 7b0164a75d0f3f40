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

QTY_TOO_LOW: Final = 10002
ORDER_OVERLAP: Final = 10003
ORDER_NOT_FOUND: Final = 10004
NOT_ENOUGH_FUNDS: Final = 10009
PRICE_NOT_ALLOWED: Final = 10011
BOOK_CLOSED: Final = 10012
INVALID_INSTRUMENT: Final = 10020
INVALID_QUANTITY: Final = 10022
INVALID_PRICE: Final = 10023
MUST_BE_WEBSOCKET: Final = 10030
RETRY: Final = 10040
QUEUE_FULL: Final = 10047
OTHER_REJECT: Final = 11030
BAD_ARGUMENTS: Final = 11049
BAD_REQUEST: Final = 11050
SYSTEM_MAINTENANCE: Final = 11051
POST_ONLY_REJECT: Final = 11054
INVALID_CREDENTIALS: Final = 13004
UNAUTHORIZED: Final = 13009
NOT_FOUND: Final = 13020
FORBIDDEN: Final = 13021

_WORDS: Final[dict[int, str]] = {
    QTY_TOO_LOW: "qty_too_low",
    ORDER_OVERLAP: "order_overlap",
    ORDER_NOT_FOUND: "order_not_found",
    NOT_ENOUGH_FUNDS: "not_enough_funds",
    PRICE_NOT_ALLOWED: "price_not_allowed",
    BOOK_CLOSED: "book_closed",
    INVALID_INSTRUMENT: "invalid_or_unsupported_instrument",
    INVALID_QUANTITY: "invalid_quantity",
    INVALID_PRICE: "invalid_price",
    RETRY: "retry",
    OTHER_REJECT: "other_reject",
    BAD_ARGUMENTS: "bad_arguments",
    BAD_REQUEST: "bad_request",
    POST_ONLY_REJECT: "post_only_reject",
    INVALID_CREDENTIALS: "invalid_credentials",
    NOT_FOUND: "not_found",
    FORBIDDEN: "forbidden",
}
_REASONS: Final[dict[int, tuple[Reason, ...]]] = {
    QTY_TOO_LOW: (Reason.BELOW_MIN_NOTIONAL,),
    ORDER_OVERLAP: (Reason.SLOT_TAKEN,),
    ORDER_NOT_FOUND: (Reason.NOT_FOUND,),
    NOT_ENOUGH_FUNDS: (
        Reason.INSUFFICIENT_BALANCE,
        Reason.INSUFFICIENT_MARGIN,
        Reason.BORROW_LIMIT,
    ),
    PRICE_NOT_ALLOWED: (Reason.PRICE_BAND,),
    BOOK_CLOSED: (Reason.SERIES_CLOSED,),
    INVALID_INSTRUMENT: (Reason.UNKNOWN_SERIES,),
    INVALID_QUANTITY: (Reason.ABOVE_MAX_ORDER,),
    INVALID_PRICE: (Reason.PRICE_OUT_OF_RANGE,),
    RETRY: (Reason.OUT_OF_CLASS, Reason.STALE_PRICE),
    BAD_ARGUMENTS: (Reason.BAD_ORDER,),
    BAD_REQUEST: (Reason.UNDECODABLE,),
    POST_ONLY_REJECT: (Reason.POST_ONLY_CROSS,),
    INVALID_CREDENTIALS: (
        Reason.BAD_SIGNATURE,
        Reason.NOT_OWNER,
        Reason.BAD_KEY_NUMBER,
        Reason.KEY_EXPIRED,
    ),
    NOT_FOUND: (Reason.UNKNOWN_ACCOUNT,),
    FORBIDDEN: (Reason.FROZEN, Reason.KEY_SCOPE, Reason.KEY_CAP, Reason.KEY_MARKET),
}
_CODE_OF_REASON: Final = {reason: code for code, some in _REASONS.items() for reason in some}
"""Every other reason is `other_reject`; `data.reason` says which in any case."""

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
    reason = Reason(status.reason)
    code = _CODE_OF_REASON.get(reason, OTHER_REJECT)
    extra = {"hash": "0x" + status.record_hash.hex()}
    return RpcError(code, _WORDS[code], reason=reason.name, field=status.field, extra=extra)


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
