"""Records of the order book: order, cancel, cancel all, replace, mass quote. Source: R-4.

`encode_*` gives the fields without kind and nonce; `decode_*` reads them and the offset after them.
"""

from typing import Final

from rollup_node.codec.fields import U16, U32, U64, read_unsigned
from rollup_node.codec.varint import decode_varint, encode_varint
from rollup_node.core.inputs import (
    CancelAll,
    CancelOrder,
    Leg,
    MassQuote,
    PlaceOrder,
    ReplaceOrder,
)

MAX_LEGS: Final = 20

_FLAG_BITS: Final = 9
_LEG_QUANTITY_BITS: Final = 31
"""The quantity of a leg shares its number with the side."""
_STOP: Final = 2
"""Orders of this kind and above have a trigger."""
_GOOD_TILL_TIME: Final = 1
"""Orders of this time in force have an expiry."""


def pack_flags(order: PlaceOrder) -> int:
    """Return the flags of an order as docs/spec.md R-4 packs them.

    Raises
    ------
    OverflowError
        One does not fit its bits.
    """
    _, _, _, side, kind, in_force, post_only, reduce_only, self_trade, _, _, _, _, _, _, _ = order
    if side >> 1 or kind >> 2 or in_force >> 2 or post_only >> 1 or reduce_only >> 1:
        raise OverflowError(f"{order}: a flag is out of range")
    if self_trade >> 2:
        raise OverflowError(f"{order}: self_trade {self_trade}, expected 0 to 3")
    upper = (self_trade << 1 | reduce_only) << 1 | post_only
    return ((upper << 2 | in_force) << 2 | kind) << 1 | side


def encode_order(order: PlaceOrder) -> bytes:
    """Return the fields of an order: a trigger or an expiry only where its flags have one."""
    triggered, expires = order.kind >= _STOP, order.time_in_force == _GOOD_TILL_TIME
    if (order.trigger and not triggered) or (order.expiry and not expires):
        raise OverflowError(f"{order}: a trigger or an expiry that its flags do not have")
    return (
        encode_varint(order.account)
        + order.key.to_bytes(1, "big")
        + encode_varint(order.series)
        + pack_flags(order).to_bytes(2, "big")
        + encode_varint(order.price)
        + encode_varint(order.quantity)
        + (encode_varint(order.trigger) if triggered else b"")
        + (encode_varint(order.expiry) if expires else b"")
        + encode_varint(order.max_fee)
        + encode_varint(order.slot)
    )


def decode_order(body: bytes, at: int) -> tuple[PlaceOrder, int]:
    """Read an order; its nonce is left 0."""
    account, at = decode_varint(body, at, U32)
    key = body[at]
    series, at = decode_varint(body, at + 1, U16)
    flags = body[at] << 8 | body[at + 1]
    if flags >> _FLAG_BITS:
        raise ValueError(f"flags {flags:#x} >= 2^{_FLAG_BITS}")
    kind, in_force = flags >> 1 & 3, flags >> 3 & 3
    price, at = decode_varint(body, at + 2, U32)
    quantity, at = decode_varint(body, at, U32)
    trigger, at = decode_varint(body, at, U32) if kind >= _STOP else (0, at)
    expiry, at = decode_varint(body, at, U64) if in_force == _GOOD_TILL_TIME else (0, at)
    max_fee, at = decode_varint(body, at, U16)
    slot, at = decode_varint(body, at, U16)
    order = PlaceOrder(
        account,
        key,
        series,
        flags & 1,
        kind,
        in_force,
        flags >> 5 & 1,
        flags >> 6 & 1,
        flags >> 7,
        price,
        quantity,
        trigger,
        expiry,
        max_fee,
        slot,
        0,
    )
    return order, at


def _encode_called(record: CancelOrder | ReplaceOrder) -> bytes:
    """Return account, key, and what the order is called: slot and tag."""
    return (
        encode_varint(record.account)
        + record.key.to_bytes(1, "big")
        + encode_varint(record.slot)
        + record.tag.to_bytes(4, "big")
    )


def encode_cancel(record: CancelOrder) -> bytes:
    """Return the fields of a cancel."""
    return _encode_called(record)


def decode_cancel(body: bytes, at: int) -> tuple[CancelOrder, int]:
    """Read a cancel; its nonce is left 0."""
    account, at = decode_varint(body, at, U32)
    key = body[at]
    slot, at = decode_varint(body, at + 1, U16)
    tag, at = read_unsigned(body, at, 4)
    return CancelOrder(account, key, slot, tag, 0), at


def encode_cancel_all(record: CancelAll) -> bytes:
    """Return the fields of a cancel of many orders."""
    head = encode_varint(record.account) + bytes((record.key, record.scope))
    return head + encode_varint(record.scope_id)


def decode_cancel_all(body: bytes, at: int) -> tuple[CancelAll, int]:
    """Read a cancel of many orders; its nonce is left 0."""
    account, at = decode_varint(body, at, U32)
    key, scope = body[at], body[at + 1]
    scope_id, at = decode_varint(body, at + 2, U16)
    return CancelAll(account, key, scope, scope_id, 0), at


def encode_replace(record: ReplaceOrder) -> bytes:
    """Return the fields of a replacement."""
    return _encode_called(record) + encode_varint(record.price) + encode_varint(record.quantity)


def decode_replace(body: bytes, at: int) -> tuple[ReplaceOrder, int]:
    """Read a replacement; its nonce is left 0."""
    account, at = decode_varint(body, at, U32)
    key = body[at]
    slot, at = decode_varint(body, at + 1, U16)
    tag, at = read_unsigned(body, at, 4)
    price, at = decode_varint(body, at, U32)
    quantity, at = decode_varint(body, at, U32)
    return ReplaceOrder(account, key, slot, tag, price, quantity, 0), at


def _encode_leg(leg: Leg) -> bytes:
    if leg.side >> 1:
        raise OverflowError(f"{leg}: side {leg.side}, expected 0 or 1")
    if leg.quantity >> _LEG_QUANTITY_BITS:
        raise OverflowError(f"{leg}: quantity {leg.quantity} >= 2^{_LEG_QUANTITY_BITS}")
    return (
        encode_varint(leg.series)
        + encode_varint(leg.slot)
        + encode_varint(leg.price)
        + encode_varint(leg.quantity << 1 | leg.side)
    )


def encode_quote(record: MassQuote) -> bytes:
    """Return the fields of a mass quote of 1 to 20 legs."""
    if not 0 < len(record.legs) <= MAX_LEGS:
        raise OverflowError(f"mass quote: {len(record.legs)} legs, expected 1 to {MAX_LEGS}")
    return (
        encode_varint(record.account)
        + record.key.to_bytes(1, "big")
        + encode_varint(record.max_fee)
        + len(record.legs).to_bytes(1, "big")
        + b"".join(map(_encode_leg, record.legs))
    )


def decode_quote(body: bytes, at: int) -> tuple[MassQuote, int]:
    """Read a mass quote; its nonce is left 0."""
    account, at = decode_varint(body, at, U32)
    key = body[at]
    max_fee, at = decode_varint(body, at + 1, U16)
    length = body[at]
    if not 0 < length <= MAX_LEGS:
        raise ValueError(f"mass quote: {length} legs, expected 1 to {MAX_LEGS}")
    at += 1
    legs = []
    for _ in range(length):
        series, at = decode_varint(body, at, U16)
        slot, at = decode_varint(body, at, U16)
        price, at = decode_varint(body, at, U32)
        doubled, at = decode_varint(body, at, U32)
        legs.append(Leg(series, doubled & 1, slot, price, doubled >> 1))
    return MassQuote(account, key, max_fee, tuple(legs), 0), at
