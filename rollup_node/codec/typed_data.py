"""What users sign as their wallets show it: JSON for `eth_signTypedData_v4`. Source: EIP-712."""

from typing import Any, Final

from rollup_node.codec.eip712 import (
    DOMAIN_FIELDS,
    INNER_TYPES,
    LOGIN_FIELDS,
    NAME,
    QUOTE_FIELDS,
    QUOTE_NAME,
    REPORT_TYPES,
    SIGNED_TYPES,
    VERSION,
    inner_types,
    pack_nodes,
)
from rollup_node.core.inputs import Report, RfqQuote, SignedContent, SurfaceReport

_EXACT: Final = 1 << 53
"""From here on JavaScript loses digits of a JSON number; wallets take decimal strings as well."""


def typed_data(chain_id: int, bridge: bytes, transaction: SignedContent) -> dict[str, Any]:
    """Return a transaction as wallets want it for `eth_signTypedData_v4`."""
    name, fields = SIGNED_TYPES[type(transaction)]
    return _typed_data(chain_id, bridge, name, fields, transaction)


def report_typed_data(chain_id: int, bridge: bytes, report: Report) -> dict[str, Any]:
    """Return what publishers sign of a report, in the same form."""
    name, fields = REPORT_TYPES[type(report)]
    values: tuple[Any, ...] = report[:-1]
    if isinstance(report, SurfaceReport):
        values = (*values[:-1], pack_nodes(report))
    return _typed_data(chain_id, bridge, name, fields, values)


def quote_typed_data(chain_id: int, bridge: bytes, quote: RfqQuote) -> dict[str, Any]:
    """Return what the maker of a combo signs, in the same form."""
    return _typed_data(chain_id, bridge, QUOTE_NAME, QUOTE_FIELDS, quote[:-1])


def quote_message(quote: RfqQuote) -> dict[str, Any]:
    """Return the fields that the maker of a combo signs, as JSON."""
    return _message(QUOTE_FIELDS, quote[:-1])


def login_typed_data(
    chain_id: int, bridge: bytes, account: int, key: int, time_ms: int
) -> dict[str, Any]:
    """Return what is signed to open a connection for an account, in the same form."""
    return _typed_data(chain_id, bridge, "Login", LOGIN_FIELDS, (account, key, time_ms))


def _typed_data(
    chain_id: int, bridge: bytes, name: str, fields: str, values: tuple[Any, ...]
) -> dict[str, Any]:
    types = {"EIP712Domain": _members(DOMAIN_FIELDS), name: _members(fields)}
    types |= {inner: _members(INNER_TYPES[inner]) for inner in inner_types(fields)}
    return {
        "types": types,
        "primaryType": name,
        "domain": {
            "name": NAME,
            "version": VERSION,
            "chainId": chain_id,
            "verifyingContract": f"0x{bridge.hex()}",
        },
        "message": _message(fields, values),
    }


def _members(fields: str) -> list[dict[str, str]]:
    pairs = (field.split(" ") for field in fields.split(","))
    return [{"type": kind, "name": name} for kind, name in pairs]


def _message(fields: str, values: tuple[Any, ...]) -> dict[str, Any]:
    pairs = zip(_members(fields), values, strict=True)
    return {member["name"]: _plain(member["type"], value) for member, value in pairs}


def _plain(kind: str, value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a field as JSON holds it without loss."""
    if kind.endswith("]"):
        return [_plain(kind.split("[", maxsplit=1)[0], item) for item in value]
    if kind in INNER_TYPES:
        signed = value[:-1] if isinstance(value, RfqQuote) else value
        return _message(INNER_TYPES[kind], signed)
    if kind == "address":
        return f"0x{value.hex()}"
    if kind == "bool":
        return bool(value)
    return value if -_EXACT < value < _EXACT else str(value)
