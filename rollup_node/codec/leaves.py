"""The bytes of each leaf of the state: fixed layouts, big-endian. Source: docs/spec.md S."""

from collections.abc import Callable
from typing import Any, Final

from rollup_node.core.layout import (
    ACCOUNT_FIELD_BITS,
    ACCOUNTS,
    ALLOCATORS_KEY,
    BALANCES_FIELD,
    CURSOR_KEY,
    INDEX_BITS,
    OUTBOX,
    OWNER_FIELD,
    TOTALS_KEY,
    LeafKey,
)
from rollup_node.core.leaves import (
    Allocators,
    Amounts,
    Balances,
    Cursor,
    Leaf,
    Owner,
    Totals,
    Withdrawal,
)

CURSOR_BYTES: Final = 32
ALLOCATORS_BYTES: Final = 5
AMOUNTS_BYTES: Final = 48
OWNER_BYTES: Final = 52
WITHDRAWAL_BYTES: Final = 37

_AMOUNT_MASK: Final = (1 << 96) - 1
_ADDRESS_BYTES: Final = 20


def _encode_cursor(leaf: Cursor) -> bytes:
    item, offset, delayed, fast, block, time_ms, phase, order_class = leaf
    place = ((item << 32 | offset) << 40 | delayed) << 40 | fast
    packed = (((place << 40 | block) << 48 | time_ms) << 8 | phase) << 8 | order_class
    return packed.to_bytes(CURSOR_BYTES, "big")


def _encode_allocators(leaf: Allocators) -> bytes:
    return leaf.outbox_next.to_bytes(ALLOCATORS_BYTES, "big")


def _encode_amounts(leaf: Totals | Balances) -> bytes:
    first, second, third, fourth = leaf[0]
    if (first | second | third | fourth) >> 96:
        raise OverflowError(f"amounts {leaf[0]}: one is not below 2^96")
    packed = ((first << 96 | second) << 96 | third) << 96 | fourth
    return packed.to_bytes(AMOUNTS_BYTES, "big")


def _encode_owner(leaf: Owner) -> bytes:
    address, high, used = leaf
    return address + (high << 192 | used).to_bytes(32, "big")


def _encode_withdrawal(leaf: Withdrawal) -> bytes:
    account, asset, amount, recipient = leaf
    return ((account << 8 | asset) << 96 | amount).to_bytes(17, "big") + recipient


_ENCODERS: Final[dict[type, Callable[[Any], bytes]]] = {
    Cursor: _encode_cursor,
    Allocators: _encode_allocators,
    Totals: _encode_amounts,
    Owner: _encode_owner,
    Balances: _encode_amounts,
    Withdrawal: _encode_withdrawal,
}


def encode_leaf(leaf: Leaf) -> bytes:
    """Return the value of a leaf. Source: docs/spec.md S-1 to S-4. Twin: contracts/src/types.

    Raises
    ------
    OverflowError
        A field does not fit its width: a step wrote what it must not.
    """
    return _ENCODERS[type(leaf)](leaf)


def _decode_cursor(value: bytes) -> Cursor:
    item, offset, delayed, fast = value[:5], value[5:9], value[9:14], value[14:19]
    block, time_ms, phase, order_class = value[19:24], value[24:30], value[30:31], value[31:]
    fields = (item, offset, delayed, fast, block, time_ms, phase, order_class)
    return Cursor(*(int.from_bytes(field, "big") for field in fields))


def _decode_amounts(value: bytes) -> Amounts:
    packed = int.from_bytes(value, "big")
    return (
        packed >> 288,
        packed >> 192 & _AMOUNT_MASK,
        packed >> 96 & _AMOUNT_MASK,
        packed & _AMOUNT_MASK,
    )


def _decode_owner(value: bytes) -> Owner:
    return Owner(
        value[:_ADDRESS_BYTES],
        int.from_bytes(value[20:28], "big"),
        int.from_bytes(value[28:], "big"),
    )


def _decode_withdrawal(value: bytes) -> Withdrawal:
    account, amount = int.from_bytes(value[:4], "big"), int.from_bytes(value[5:17], "big")
    return Withdrawal(account, value[4], amount, value[17:])


_Decoder = tuple[int, Callable[[bytes], Leaf]]

_GLOBAL_DECODERS: Final[dict[int, _Decoder]] = {
    CURSOR_KEY: (CURSOR_BYTES, _decode_cursor),
    ALLOCATORS_KEY: (ALLOCATORS_BYTES, lambda value: Allocators(int.from_bytes(value, "big"))),
    TOTALS_KEY: (AMOUNTS_BYTES, lambda value: Totals(_decode_amounts(value))),
}
_ACCOUNT_DECODERS: Final[dict[int, _Decoder]] = {
    OWNER_FIELD: (OWNER_BYTES, _decode_owner),
    BALANCES_FIELD: (AMOUNTS_BYTES, lambda value: Balances(_decode_amounts(value))),
}


def _decoder(key: LeafKey) -> _Decoder | None:
    region = key >> INDEX_BITS
    if region == ACCOUNTS:
        return _ACCOUNT_DECODERS.get(key & (1 << ACCOUNT_FIELD_BITS) - 1)
    return (WITHDRAWAL_BYTES, _decode_withdrawal) if region == OUTBOX else _GLOBAL_DECODERS.get(key)


def decode_leaf(key: LeafKey, value: bytes) -> Leaf:
    """Return the leaf that `value` encodes at `key`; the value is not empty.

    Raises
    ------
    ValueError
        No leaf lives at this key, or the length is wrong.
    """
    decoder = _decoder(key)
    if decoder is None:
        raise ValueError(f"key {key:#x}: no leaf lives here")
    length, decode = decoder
    if len(value) != length:
        raise ValueError(f"leaf {key:#x}: {len(value)} bytes, expected {length}")
    return decode(value)
