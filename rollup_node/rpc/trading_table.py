"""The table of trading methods: typed named parameters, decoded in one pass; what a call may be."""

import inspect
import re
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, Final, NamedTuple, get_type_hints

import msgspec

from rollup_node.rpc.backend import Body, Confirmation, TransactionStatus
from rollup_node.rpc.errors import INVALID_PARAMS, PARSE_ERROR, RpcError
from rollup_node.rpc.session import Session
from rollup_node.rpc.table import Parameter

SignatureHex = Annotated[str, msgspec.Meta(min_length=130, max_length=132, title="signature")]
"""0x-hex of 64 (EIP-2098) or 65 bytes; `logins.read_signature` makes bytes of it."""

Account = Annotated[int, msgspec.Meta(ge=1, lt=1 << 22)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, lt=1 << 48)]
PageSize = Annotated[int, msgspec.Meta(ge=1, le=1_000)]

_FIELD: Final = re.compile(r"`\$\.([\w\[\].]+)`|field `(\w+)`")


def required(name: str, kind: Any) -> Parameter:
    """Return a parameter that must be given."""
    return Parameter(name, kind, inspect.Parameter.empty)


class Cost(Enum):
    """Which credits a call takes."""

    READ = "read"
    MATCHING = "matching"


Finish = Callable[[TransactionStatus, Confirmation | None], Any]
"""What to answer to a record."""


class Submission(NamedTuple):
    """A body for the sequencer, and what to answer when it has taken or refused it.

    Attributes
    ----------
    credits
        Matching credits that it takes.
    """

    body: Body
    finish: Finish
    credits: int = 1


class TradingMethod(NamedTuple):
    """One method; the handler returns its result, or a `Submission`. It never waits.

    With `finish` a call asks for one record and needs nothing of the node: it may be handed on as
    it came, and is read where its signer is recovered. `credits_of` says how many credits it takes
    then, one without it.
    """

    name: str
    handler: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    result: Any
    summary: str
    cost: Cost
    kind: type[msgspec.Struct]
    decode: Callable[[bytes | msgspec.Raw], msgspec.Struct]
    finish: Callable[[Session], Finish] | None
    credits_of: Callable[[msgspec.Raw], int] | None

    @property
    def param_structure(self) -> str:
        """How parameters are given."""
        return "by-name"

    @property
    def path(self) -> str:
        """Where it is served; on WebSocket under `/ws`."""
        return "/api/v2"

    def bind(self, raw: bytes | msgspec.Raw) -> tuple[Any, ...]:
        """Return the arguments in the `params` of a request.

        Raises `RpcError` (-32602) that names the parameter at fault.
        """
        try:
            return msgspec.structs.astuple(self.decode(raw))
        except msgspec.ValidationError as error:
            raise at_fault(error) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise RpcError(PARSE_ERROR, f"not JSON: {str(error)[:200]}") from None

    def bind_query(self, query: dict[str, Any]) -> tuple[Any, ...]:
        """Return the arguments in the query of a GET request, where all is text.

        Raises `RpcError` (-32602) that names the parameter at fault.
        """
        try:
            return msgspec.structs.astuple(msgspec.convert(query, self.kind, strict=False))
        except msgspec.ValidationError as error:
            raise at_fault(error) from None


class TradingTable:
    """Trading methods by name, in the order of registration."""

    def __init__(self) -> None:
        self.methods: dict[str, TradingMethod] = {}

    def add(
        self, name: str, cost: Cost = Cost.READ
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register `handler(session, *params)`; its first line is the summary."""

        def register(handler: Callable[..., Any]) -> Callable[..., Any]:
            hints = get_type_hints(handler, include_extras=True)
            first, *rest = inspect.signature(handler).parameters.values()
            if hints[first.name] is not Session:
                raise TypeError(f"{name}: first parameter is not the session")
            parameters = tuple(Parameter(p.name, hints[p.name], p.default) for p in rest)
            summary = (inspect.getdoc(handler) or "").partition("\n")[0]
            self.register(name, handler, parameters, hints["return"], summary, cost)
            return handler

        return register

    def register(
        self,
        name: str,
        handler: Callable[..., Any],
        parameters: tuple[Parameter, ...],
        result: Any,
        summary: str,
        cost: Cost,
        finish: Callable[[Session], Finish] | None = None,
        credits_of: Callable[[msgspec.Raw], int] | None = None,
    ) -> None:
        """Register a handler whose parameters are not those of a function written by hand."""
        kind = msgspec.defstruct(
            name.replace("/", "_"),
            [
                (p.name, p.type) if p.is_required else (p.name, p.type, p.default)
                for p in parameters
            ],
            forbid_unknown_fields=True,
            frozen=True,
        )
        decode = msgspec.json.Decoder(kind).decode
        self.methods[name] = TradingMethod(
            name, handler, parameters, result, summary, cost, kind, decode, finish, credits_of
        )


TRADING: Final = TradingTable()


def at_fault(
    error: msgspec.ValidationError,
    where: str = "params",
    code: int = INVALID_PARAMS,
    reason: str = "INVALID_PARAMS",
) -> RpcError:
    """Return the error for JSON that is not what was asked for, with the field that is wrong."""
    text = str(error)
    found = _FIELD.search(text)
    field = next((group for group in found.groups() if group), None) if found else None
    return RpcError(code, f"{where}: {text}", reason=reason, field=field)
