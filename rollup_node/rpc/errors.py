"""What a caller is told when a call fails: code, message and, where known, reason and field."""

from collections.abc import Mapping
from typing import Any, Final

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
RESTRICTED: Final = -32604
RESOURCE_NOT_FOUND: Final = -32001
NOT_SEQUENCER: Final = -32010
BUSY: Final = -32011
TOO_LARGE: Final = -32012
STORE_FULL: Final = -32013
SEQUENCER_STOPPED: Final = -32014
NOT_BATCH_POSTER: Final = -32015
NOT_FOLLOWER: Final = -32016
REJECTED: Final = 3000  # plus the reason of docs/spec.md X-10
"""Transactions that the step function rejects answer with `REJECTED + reason`."""


class RpcError(Exception):
    """A failure that the caller caused or can act on.

    `data` carries `reason` (a name) and `field` (the offending one) where they are known, and
    whatever `extra` adds.
    """

    def __init__(
        self,
        code: int,
        message: str,
        *,
        reason: str | None = None,
        field: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason
        self.field = field
        self.extra = extra or {}

    def to_object(self) -> dict[str, Any]:
        """Return the `error` member of a JSON-RPC response."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.reason is not None or self.field is not None:
            body["data"] = {"reason": self.reason, "field": self.field, **self.extra}
        return body


def invalid_params(message: str, field: str | None = None) -> RpcError:
    """Return the error for a parameter that is missing, too many or malformed."""
    return RpcError(INVALID_PARAMS, message, reason="INVALID_PARAMS", field=field)


def not_found(message: str, field: str | None = None) -> RpcError:
    """Return the error for something that this node does not have."""
    return RpcError(RESOURCE_NOT_FOUND, message, reason="NOT_FOUND", field=field)
