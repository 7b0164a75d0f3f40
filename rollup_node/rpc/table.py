"""The table of methods: name, handler, typed parameters; binding of parameters to them."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final, NamedTuple, Protocol, get_type_hints

import msgspec

from rollup_node.rpc.backend import Backend
from rollup_node.rpc.errors import invalid_params

Data = Annotated[str, msgspec.Meta(pattern="^0x([0-9a-fA-F]{2})*$", title="hex bytes")]
Address = Annotated[str, msgspec.Meta(pattern="^0x[0-9a-fA-F]{40}$", title="address")]
Hash = Annotated[str, msgspec.Meta(pattern="^0x[0-9a-fA-F]{64}$", title="32 bytes")]
BlockTag = Annotated[
    str,
    msgspec.Meta(
        pattern="^(0x(0|[1-9a-fA-F][0-9a-fA-F]{0,15})|latest|earliest|pending|safe|finalized)$",
        title="block number or tag",
    ),
]
Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]

Handler = Callable[..., Awaitable[Any]]


class Parameter(NamedTuple):
    """One parameter of a method."""

    name: str
    type: Any
    default: Any  # inspect.Parameter.empty if it must be given

    @property
    def is_required(self) -> bool:
        """Whether a call without it is refused."""
        return self.default is inspect.Parameter.empty


class Method(NamedTuple):
    """One callable method; `restricted` ones are refused outside a devnet."""

    name: str
    handler: Handler
    parameters: tuple[Parameter, ...]
    result: Any
    summary: str
    restricted: bool

    @property
    def param_structure(self) -> str:
        """How parameters are given."""
        return "either"

    @property
    def path(self) -> str:
        """Where it is served."""
        return "/"

    def bind(self, params: Any) -> list[Any]:
        """Return the arguments for the handler from the `params` of a request.

        Raises `RpcError` (-32602) that names the parameter at fault.
        """
        if isinstance(params, dict):
            params = self._from_names(params)
        if len(params) > len(self.parameters):
            raise invalid_params(
                f"{self.name}: {len(params)} parameters given (at most) {len(self.parameters)}"
            )
        bound = [
            self._convert(parameter, value)
            for parameter, value in zip(self.parameters, params, strict=False)
        ]
        for parameter in self.parameters[len(bound) :]:
            if parameter.is_required:
                raise invalid_params(f"missing parameter: {parameter.name}", parameter.name)
            bound.append(parameter.default)
        return bound

    def _from_names(self, params: dict[str, Any]) -> list[Any]:
        known = {parameter.name for parameter in self.parameters}
        for name in params:
            if name not in known:
                raise invalid_params(f"unknown parameter: {name[:40]!r}", name[:40])
        values = [params.get(p.name, p.default) for p in self.parameters]
        missing = [
            p.name
            for p, value in zip(self.parameters, values, strict=True)
            if value is inspect.Parameter.empty
        ]
        if missing:
            raise invalid_params(f"missing parameter: {missing[0]}", missing[0])
        return values

    @staticmethod
    def _convert(parameter: Parameter, value: Any) -> Any:
        if not parameter.is_required and value == parameter.default:
            return value
        try:
            return msgspec.convert(value, parameter.type)
        except msgspec.ValidationError as error:
            text = f"parameter {parameter.name}: {error}"
            raise invalid_params(text, parameter.name) from None


class MethodTable:
    """Methods by name, in the order of registration."""

    def __init__(self) -> None:
        self.methods: dict[str, Method] = {}

    def add(self, name: str, *, restricted: bool = False) -> Callable[[Handler], Handler]:
        """Register a coroutine `handler(backend, *params)`; its first line is the summary."""

        def register(handler: Handler) -> Handler:
            hints = get_type_hints(handler, include_extras=True)
            signature = list(inspect.signature(handler).parameters.values())
            if hints[signature[0].name] is not Backend:
                raise TypeError(f"{name}: first parameter is not the backend")
            parameters = tuple(Parameter(p.name, hints[p.name], p.default) for p in signature[1:])
            summary = (inspect.getdoc(handler) or "").partition("\n")[0]
            self.methods[name] = Method(
                name, handler, parameters, hints["return"], summary, restricted
            )
            return handler

        return register


TABLE: Final = MethodTable()


class Described(Protocol):
    """A method as the OpenRPC document shows it."""

    @property
    def name(self) -> str:
        """Name of the method."""

    @property
    def summary(self) -> str:
        """One sentence."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Parameters in order."""

    @property
    def result(self) -> Any:
        """Type of the result."""

    @property
    def param_structure(self) -> str:
        """`either` or `by-name`."""

    @property
    def path(self) -> str:
        """Where it is served."""


def open_rpc(methods: Sequence[Described]) -> dict[str, Any]:
    """Return the OpenRPC document of the methods; every schema comes from the handlers' types."""
    return {
        "openrpc": "1.3.2",
        "info": {"title": "Strikenet", "version": "0.1.0", "license": {"name": "MIT"}},
        "methods": [
            {
                "name": method.name,
                "summary": method.summary,
                "paramStructure": method.param_structure,
                "servers": [{"name": "node", "url": method.path}],
                "params": [
                    {
                        "name": parameter.name,
                        "required": parameter.is_required,
                        "schema": msgspec.json.schema(parameter.type),
                    }
                    for parameter in method.parameters
                ],
                "result": {"name": "result", "schema": msgspec.json.schema(method.result)},
            }
            for method in methods
        ],
    }
