"""What users sign as their wallets show it: JSON for `eth_signTypedData_v4`. Source: EIP-712."""

from typing import Any, Final

from rollup_node.codec.eip712 import (
    DOMAIN_FIELDS,
    LEG_FIELDS,
    LOGIN_FIELDS,
    NAME,
    REPORT_TYPES,
    SIGNED_TYPES,
    VERSION,
    pack_nodes,
)
from rollup_node.core.inputs import Report, SignedContent, SurfaceReport

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


def login_typed_data(
    chain_id: int, bridge: bytes, account: int, key: int, time_ms: int
) -> dict[str, Any]:
    """Return what is signed to open a connection for an account, in the same form."""
    return _typed_data(chain_id, bridge, "Login", LOGIN_FIELDS, (account, key, time_ms))


def _typed_data(
    chain_id: int, bridge: bytes, name: str, fields: str, values: tuple[Any, ...]
) -> dict[str, Any]:
    types = {"EIP712Domain": _members(DOMAIN_FIELDS), name: _members(fields)}
    if "Leg[]" in fields:
        types["Leg"] = _members(LEG_FIELDS)
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
    if kind == "Leg[]":
        return [_message(LEG_FIELDS, leg) for leg in value]
    if kind.endswith("]"):
        return [_plain(kind.split("[", maxsplit=1)[0], item) for item in value]
    if kind == "address":
        return f"0x{value.hex()}"
    if kind == "bool":
        return bool(value)
    return value if -_EXACT < value < _EXACT else str(value)
