"""Records about accounts: keys, freezing, protection, moving, bids. Source: docs/spec.md R-4.

`encode_*` gives the fields without kind and nonce; `decode_*` reads them and the offset after them.
"""

from typing import Final

from rollup_node.codec.fields import (
    ADDRESS_BYTES,
    U16,
    U32,
    U64,
    read_fixed,
    read_signed,
    write_address,
)
from rollup_node.codec.varint import decode_varint, encode_varint
from rollup_node.core.inputs import (
    Bid,
    Freeze,
    MovePosition,
    OpenAccount,
    SetDeadMan,
    SetGuardian,
    SetKey,
    SetMode,
    SetProtection,
)

_BID_BYTES: Final = 16
_LOTS_BYTES: Final = 4


def encode_bid(record: Bid) -> bytes:
    """Return the fields of a bid."""
    return (
        encode_varint(record.account)
        + record.key.to_bytes(1, "big")
        + encode_varint(record.target)
        + encode_varint(record.version)
        + record.price.to_bytes(_BID_BYTES, "big", signed=True)
    )


def decode_bid(body: bytes, at: int) -> tuple[Bid, int]:
    """Read a bid; its nonce is left 0."""
    account, at = decode_varint(body, at, U32)
    key = body[at]
    target, at = decode_varint(body, at + 1, U32)
    version, at = decode_varint(body, at, U32)
    price, at = read_signed(body, at, _BID_BYTES)
    return Bid(account, key, target, version, price, 0), at


def encode_open_account(record: OpenAccount) -> bytes:
    """Return the fields of the opening of an account."""
    return encode_varint(record.account) + encode_varint(record.series)


def decode_open_account(body: bytes, at: int) -> tuple[OpenAccount, int]:
    """Read the opening of an account; its nonce is left 0."""
    account, at = decode_varint(body, at, U32)
    series, at = decode_varint(body, at, U16)
    return OpenAccount(account, series, 0), at


def encode_set_key(record: SetKey) -> bytes:
    """Return the fields of a session key."""
    return (
        encode_varint(record.account)
        + record.number.to_bytes(1, "big")
        + write_address(record.address)
        + bytes((record.scope, record.markets))
        + encode_varint(record.expiry)
        + encode_varint(record.order_cap)
    )


def decode_set_key(body: bytes, at: int) -> tuple[SetKey, int]:
    """Read a session key; its nonce is left 0."""
    account, at = decode_varint(body, at, U32)
    number = body[at]
    address, at = read_fixed(body, at + 1, ADDRESS_BYTES)
    scope, markets = body[at], body[at + 1]
    expiry, at = decode_varint(body, at + 2, U64)
    order_cap, at = decode_varint(body, at, U64)
    return SetKey(account, number, address, scope, markets, expiry, order_cap, 0), at


def encode_freeze(record: Freeze) -> bytes:
    """Return the fields of a freeze."""
    if record.frozen >> 1:
        raise OverflowError(f"{record}: frozen {record.frozen}, expected 0 or 1")
    return encode_varint(record.account) + bytes((record.key, record.frozen))


def decode_freeze(body: bytes, at: int) -> tuple[Freeze, int]:
    """Read a freeze; its nonce is left 0."""
    account, at = decode_varint(body, at, U32)
    key, frozen = body[at], body[at + 1]
    if frozen >> 1:
        raise ValueError(f"frozen {frozen}, expected 0 or 1")
    return Freeze(account, key, frozen, 0), at + 2


def encode_set_guardian(record: SetGuardian) -> bytes:
    """Return the fields of a guardian."""
    return encode_varint(record.account) + write_address(record.guardian)


def decode_set_guardian(body: bytes, at: int) -> tuple[SetGuardian, int]:
    """Read a guardian; its nonce is left 0."""
    account, at = decode_varint(body, at, U32)
    guardian, at = read_fixed(body, at, ADDRESS_BYTES)
    return SetGuardian(account, guardian, 0), at


def encode_set_protection(record: SetProtection) -> bytes:
    """Return the fields of a market-maker protection."""
    head = encode_varint(record.account) + bytes((record.key, record.underlying))
    return head + encode_varint(record.limit) + encode_varint(record.window_ms)


def decode_set_protection(body: bytes, at: int) -> tuple[SetProtection, int]:
    """Read a market-maker protection; its nonce is left 0."""
    account, at = decode_varint(body, at, U32)
    key, underlying = body[at], body[at + 1]
    limit, at = decode_varint(body, at + 2, U32)
    window_ms, at = decode_varint(body, at, U32)
    return SetProtection(account, key, underlying, limit, window_ms, 0), at


def encode_set_dead_man(record: SetDeadMan) -> bytes:
    """Return the fields of a dead man's switch."""
    head = encode_varint(record.account) + record.key.to_bytes(1, "big")
    return head + encode_varint(record.time_ms)


def decode_set_dead_man(body: bytes, at: int) -> tuple[SetDeadMan, int]:
    """Read a dead man's switch; its nonce is left 0."""
    account, at = decode_varint(body, at, U32)
    key = body[at]
    time_ms, at = decode_varint(body, at + 1, U64)
    return SetDeadMan(account, key, time_ms, 0), at


def encode_set_mode(record: SetMode) -> bytes:
    """Return the fields of a risk model."""
    return encode_varint(record.account) + bytes((record.key, record.mode))


def decode_set_mode(body: bytes, at: int) -> tuple[SetMode, int]:
    """Read a risk model; its nonce is left 0."""
    account, at = decode_varint(body, at, U32)
    return SetMode(account, body[at], body[at + 1], 0), at + 2


def encode_move_position(record: MovePosition) -> bytes:
    """Return the fields of a position's move."""
    return (
        encode_varint(record.account)
        + encode_varint(record.recipient)
        + encode_varint(record.series)
        + record.lots.to_bytes(_LOTS_BYTES, "big", signed=True)
    )


def decode_move_position(body: bytes, at: int) -> tuple[MovePosition, int]:
    """Read a position's move; its nonce is left 0."""
    account, at = decode_varint(body, at, U32)
    recipient, at = decode_varint(body, at, U32)
    series, at = decode_varint(body, at, U16)
    lots, at = read_signed(body, at, _LOTS_BYTES)
    return MovePosition(account, recipient, series, lots, 0), at
