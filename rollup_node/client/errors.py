"""What can go wrong for a client, by what it should do about it."""

from typing import Any, Final


class ClientError(Exception):
    """A call failed. `code` is that of the answer, `reason` a name, `field` what was wrong."""

    def __init__(self, code: int, message: str, data: dict[str, Any] | None = None) -> None:
        """Take the `error` of an answer."""
        self.data = data or {}
        self.code = code
        self.reason: str = self.data.get("reason") or ""
        self.field: str | None = self.data.get("field")
        what = f"{message} ({self.reason})" if self.reason else message
        super().__init__(f"{what}, code {code}" + (f", field {self.field}" if self.field else ""))


class InvalidRequestError(ClientError):
    """The request is malformed: mend the program."""


class UnauthorizedError(ClientError):
    """Not logged in, or signed by a key that may not."""


class NotFoundError(ClientError):
    """There is no such order, instrument, record or account."""


class RefusedError(ClientError):
    """The exchange refuses it; `reason` is a name of docs/spec.md X-10."""


class TooManyRequestsError(ClientError):
    """Out of credits: wait `retry_after_ms`, then try again."""

    @property
    def retry_after_ms(self) -> int:
        """How long to wait."""
        return int(self.data.get("retry_after_ms", 0))


class UnavailableError(ClientError):
    """The sequencer stands still or is full: try later."""


class ConnectionLostError(Exception):
    """The connection ended; calls without an answer may or may not have been executed."""


class SlowReaderError(Exception):
    """Messages of a channel were lost because this program read too slowly: subscribe again."""


class WaitError(Exception):
    """What was waited for did not happen before the deadline."""


_UNAVAILABLE: Final = (10047, 11051)
_NOT_FOUND: Final = (10004, 10020, 13020, -32001)
_UNAUTHORIZED: Final = (10000, 13004, 13009, 13021)
_TOO_MANY: Final = 10028
_REFUSED: Final = range(10_000, 14_000)
_REJECTED: Final = range(3_000, 4_000)


def make_error(code: int, message: str, data: dict[str, Any] | None) -> ClientError:
    """Return the error for the `error` of an answer."""
    if code == _TOO_MANY:
        return TooManyRequestsError(code, message, data)
    for kind, codes in (
        (UnavailableError, _UNAVAILABLE),
        (NotFoundError, _NOT_FOUND),
        (UnauthorizedError, _UNAUTHORIZED),
        (RefusedError, (*_REFUSED, *_REJECTED)),
    ):
        if code in codes:
            return kind(code, message, data)
    return InvalidRequestError(code, message, data)
