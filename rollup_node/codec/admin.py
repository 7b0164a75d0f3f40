"""Bodies of admin messages: `op u8`, then fields of fixed width. Source: docs/spec.md V-1."""

from struct import Struct, error
from typing import Any, Final

from rollup_node.codec.leaves import decode_leaf, encode_leaf
from rollup_node.core.layout import ASSETS_KEY, PUBLISHERS_KEY, option_rules_key, terms_key
from rollup_node.core.market_leaves import NO_ASSET, AssetRow, AssetTerms
from rollup_node.core.markets import (
    AdminMessage,
    DelistSeries,
    InsureFees,
    ListSeries,
    PayFees,
    SetAsset,
    SetBorrowCap,
    SetExpiry,
    SetOptionRules,
    SetPublishers,
    SetStatus,
    SetTerms,
    SetUnderlying,
)

_OPS: Final[dict[type, int]] = {
    SetUnderlying: 0x01,
    ListSeries: 0x02,
    SetTerms: 0x03,
    SetStatus: 0x04,
    SetAsset: 0x05,
    SetPublishers: 0x06,
    SetBorrowCap: 0x07,
    DelistSeries: 0x08,
    SetExpiry: 0x09,
    PayFees: 0x0A,
    InsureFees: 0x0B,
    SetOptionRules: 0x0C,
}
_TYPES: Final[dict[int, type]] = {op: kind for kind, op in _OPS.items()}
_PLAIN: Final[dict[type, Struct]] = {
    SetUnderlying: Struct(">BB"),
    SetStatus: Struct(">HB"),
    DelistSeries: Struct(">H"),
    SetExpiry: Struct(">BBQ"),
}
_AMOUNT_BYTES: Final = 16
_ASSET_ROW_BYTES: Final = 22
_AFTER_AMOUNT: Final[dict[type, int]] = {SetBorrowCap: 0, PayFees: 4, InsureFees: 1}
"""How many bytes come before the amount."""


def encode_admin(message: AdminMessage) -> bytes:
    """Return the body of an admin message. Source: docs/spec.md V-1. Vectors: tests/vectors."""
    op = bytes((_OPS[type(message)],))
    plain = _PLAIN.get(type(message))
    if plain is not None:
        return op + plain.pack(*message)
    if isinstance(message, ListSeries | SetTerms):
        return op + message.series.to_bytes(2, "big") + encode_leaf(message.terms)
    if isinstance(message, SetAsset):
        rows = AssetTerms((message.row, NO_ASSET, NO_ASSET, NO_ASSET))
        return op + bytes((message.asset,)) + encode_leaf(rows)[:_ASSET_ROW_BYTES]
    if isinstance(message, SetOptionRules):
        return op + bytes((message.underlying,)) + encode_leaf(message.rules)
    if isinstance(message, SetPublishers):
        return op + encode_leaf(message.publishers)
    head = _AFTER_AMOUNT[type(message)]
    first = message[0].to_bytes(head, "big") if head else b""
    return op + first + message[-1].to_bytes(_AMOUNT_BYTES, "big")


def decode_admin(body: bytes) -> AdminMessage | None:
    """Return the message in `body`, None if it is undecodable.

    Source: docs/spec.md V-1. Twin: contracts/src/core/AdminRecords.sol.
    """
    kind = _TYPES.get(body[0]) if body else None
    if kind is None:
        return None
    try:
        return _decode(kind, body[1:])
    except (ValueError, error):
        return None


def _decode(kind: type, fields: bytes) -> AdminMessage:
    message: Any
    plain = _PLAIN.get(kind)
    if plain is not None:
        message = kind(*plain.unpack(fields))
    elif kind in {ListSeries, SetTerms}:
        terms: Any = decode_leaf(terms_key(1), fields[2:])
        message = kind(int.from_bytes(fields[:2], "big"), terms)
    elif kind is SetAsset:
        message = SetAsset(*_decode_asset(fields))
    elif kind is SetOptionRules:
        rules: Any = decode_leaf(option_rules_key(0), fields[1:])
        message = SetOptionRules(fields[0], rules)
    elif kind is SetPublishers:
        publishers: Any = decode_leaf(PUBLISHERS_KEY, fields)
        message = SetPublishers(publishers)
    else:
        message = _decode_amount(kind, fields)
    decoded: AdminMessage = message
    return decoded


def _decode_asset(fields: bytes) -> tuple[int, AssetRow]:
    if len(fields) != 1 + _ASSET_ROW_BYTES:
        raise ValueError(f"asset: {len(fields)} bytes, expected {1 + _ASSET_ROW_BYTES}")
    decoded: Any = decode_leaf(ASSETS_KEY, fields[1:] + bytes(3 * _ASSET_ROW_BYTES))
    return fields[0], decoded.rows[0]


def _decode_amount(kind: type, fields: bytes) -> Any:  # noqa: ANN401 - one of three messages
    head = _AFTER_AMOUNT[kind]
    if len(fields) != head + _AMOUNT_BYTES:
        raise ValueError(f"amount: {len(fields)} bytes, expected {head + _AMOUNT_BYTES}")
    amount = int.from_bytes(fields[head:], "big")
    return kind(int.from_bytes(fields[:head], "big"), amount) if head else kind(amount)
