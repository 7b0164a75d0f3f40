"""The bytes of the leaves of a trading account. Source: docs/spec.md S-14 to S-18, S-22."""

from collections.abc import Callable
from struct import Struct
from typing import Any, Final

from rollup_node.core.account_leaves import (
    NO_POSITION,
    NO_RISK,
    AccountRisk,
    Cold,
    Directory,
    Hot,
    Position,
    Positions,
    ProtectionRow,
    RiskRow,
    SessionKey,
)
from rollup_node.core.layout import Opaque

_HOT: Final = Struct(">QIBBBHQQIQQ8I" + "IBqQQ" * 8)
_HOT_HEAD: Final = Struct(">QIBBBHQQIQQ8I")
_RISK_ROW: Final = Struct(">IBqQQ")
_NO_RISK_BYTES: Final = bytes(_RISK_ROW.size)
_COLD: Final = Struct(">20sQIHQQB" + "IIQI" * 8)
_SESSION_KEY: Final = Struct(">20sBBQQQQQQ")
_DIRECTORY: Final = Struct(">128H")
_POSITIONS: Final = Struct(">" + "HiqqH" * 8)
_POSITION: Final = Struct(">HiqqH")
_NO_POSITION_BYTES: Final = bytes(_POSITION.size)

_RISK: Final = Struct(">32q8qq")

_pack_head: Final = _HOT_HEAD.pack
_pack_row: Final = _RISK_ROW.pack
_ROWS: Final = 8
_SCENARIOS: Final = 32
_LOW: Final = (1 << 64) - 1
_ADDRESS_BYTES: Final = 20


def _encode_hot(leaf: Opaque) -> bytes:
    (
        reserve, group, flags, mode, protected, orders, dead_ms, interest_ms, version,
        slot_map, slots, rows,
    ) = leaf  # fmt: skip
    if len(rows) != _ROWS or len(slots) != _ROWS:  # each row is packed by itself
        raise OverflowError(f"{len(rows)} rows, {len(slots)} slots, expected {_ROWS} of each")
    a, b, c, d, e, f, g, h = slots
    head: bytes = _pack_head(
        reserve, group, flags, mode, protected, orders, dead_ms, interest_ms, version,
        slot_map >> 64, slot_map & _LOW, a, b, c, d, e, f, g, h,
    )  # fmt: skip
    pack = _pack_row
    return head + b"".join([_NO_RISK_BYTES if row is NO_RISK else pack(*row) for row in rows])


def _decode_hot(value: bytes) -> Hot:
    fields = _HOT.unpack(value)
    rows = tuple(RiskRow(*fields[at : at + 5]) for at in range(19, 59, 5))
    return Hot._make((*fields[:9], fields[9] << 64 | fields[10], fields[11:19], rows))


def _check_address(address: bytes) -> None:
    """Raise what a field that does not fit raises: `20s` would pad or cut."""
    if len(address) != _ADDRESS_BYTES:
        raise OverflowError(f"address: {len(address)} bytes, expected {_ADDRESS_BYTES}")


def _encode_cold(leaf: Cold) -> bytes:
    *fields, rows = leaf
    _check_address(leaf.guardian)
    a, b, c, d, e, f, g, h = rows
    return _COLD.pack(*fields, *a, *b, *c, *d, *e, *f, *g, *h)


def _decode_cold(value: bytes) -> Cold:
    fields = _COLD.unpack(value)
    rows = tuple(ProtectionRow(*fields[at : at + 4]) for at in range(7, 39, 4))
    return Cold._make((*fields[:7], rows))


def _encode_session_key(leaf: SessionKey) -> bytes:
    used = leaf.nonce_map
    _check_address(leaf.address)
    return _SESSION_KEY.pack(*leaf[:6], used >> 128, used >> 64 & _LOW, used & _LOW)


def _decode_session_key(value: bytes) -> SessionKey:
    *fields, high, middle, low = _SESSION_KEY.unpack(value)
    return SessionKey._make((*fields, (high << 64 | middle) << 64 | low))


def _encode_directory(leaf: Directory) -> bytes:
    return _DIRECTORY.pack(*leaf.series)


def _decode_directory(value: bytes) -> Directory:
    return Directory(_DIRECTORY.unpack(value))


def _encode_positions(leaf: Positions) -> bytes:
    rows = leaf.rows
    if len(rows) != _ROWS:  # each is packed by itself
        raise OverflowError(f"{len(rows)} rows, expected {_ROWS}")
    pack = _POSITION.pack
    return b"".join([_NO_POSITION_BYTES if row is NO_POSITION else pack(*row) for row in rows])


def _decode_positions(value: bytes) -> Positions:
    fields = _POSITIONS.unpack(value)
    return Positions(tuple(Position(*fields[at : at + 5]) for at in range(0, 40, 5)))


def _encode_risk(leaf: AccountRisk) -> bytes:
    gains, deltas, charge = leaf
    if len(deltas) != _ROWS:
        raise OverflowError(f"{len(deltas)} deltas, expected {_ROWS}")
    return _RISK.pack(*gains, *deltas, charge)


def _decode_risk(value: bytes) -> AccountRisk:
    fields = _RISK.unpack(value)
    return AccountRisk(fields[:_SCENARIOS], fields[_SCENARIOS:-1], fields[-1])


ACCOUNT_LEAVES: Final[dict[type, tuple[int, Callable[[Any], bytes], Callable[[bytes], Any]]]] = {
    Hot: (_HOT.size, _encode_hot, _decode_hot),
    Cold: (_COLD.size, _encode_cold, _decode_cold),
    SessionKey: (_SESSION_KEY.size, _encode_session_key, _decode_session_key),
    Directory: (_DIRECTORY.size, _encode_directory, _decode_directory),
    Positions: (_POSITIONS.size, _encode_positions, _decode_positions),
    AccountRisk: (_RISK.size, _encode_risk, _decode_risk),
}
"""Per leaf its length, and its encoder and decoder. Twin: contracts/src/core/AccountLeaves.sol."""
