"""Records that anyone may make: reports, settling, liquidating, pruning. Source: docs/spec.md R-4.

`encode_*` gives the fields without kind; `decode_*` reads them and the offset after them.
"""

from typing import Final

from rollup_node.codec.fields import (
    SIGNATURE_BYTES,
    U16,
    U32,
    U64,
    read_fixed,
    read_signed,
)
from rollup_node.codec.varint import decode_varint, encode_varint
from rollup_node.core.inputs import (
    ForwardReport,
    Liquidate,
    PriceReport,
    Prune,
    Settle,
    SettlementPrice,
    Takeover,
    Trigger,
)

MAX_SIGNATURES: Final = 8
_DIFFERENCE_BYTES: Final = 8


def encode_signatures(signatures: tuple[bytes, ...]) -> bytes:
    """Return 1 to 8 signatures with their number before them."""
    joined = b"".join(signatures)
    count = len(signatures)
    if not 0 < count <= MAX_SIGNATURES or len(joined) != count * SIGNATURE_BYTES:
        raise OverflowError(f"{count} signatures of {len(joined)} bytes, expected 1 to 8 of 64")
    return count.to_bytes(1, "big") + joined


def decode_signatures(body: bytes, at: int) -> tuple[tuple[bytes, ...], int]:
    """Read the signatures of a report."""
    count = body[at]
    if not 0 < count <= MAX_SIGNATURES:
        raise ValueError(f"{count} signatures, expected 1 to {MAX_SIGNATURES}")
    joined, end = read_fixed(body, at + 1, count * SIGNATURE_BYTES)
    starts = range(0, len(joined), SIGNATURE_BYTES)
    return tuple(joined[start : start + SIGNATURE_BYTES] for start in starts), end


def encode_price_report(record: PriceReport) -> bytes:
    """Return the fields of a price report."""
    return (
        record.underlying.to_bytes(1, "big")
        + encode_varint(record.round)
        + encode_varint(record.time_ms)
        + encode_varint(record.price)
        + encode_varint(record.confidence_ppm)
        + encode_signatures(record.signatures)
    )


def decode_price_report(body: bytes, at: int) -> tuple[PriceReport, int]:
    """Read a price report."""
    underlying = body[at]
    number, at = decode_varint(body, at + 1, U64)
    time_ms, at = decode_varint(body, at, U64)
    price, at = decode_varint(body, at, U64)
    confidence_ppm, at = decode_varint(body, at, U32)
    signatures, at = decode_signatures(body, at)
    return PriceReport(underlying, number, time_ms, price, confidence_ppm, signatures), at


def encode_forward_report(record: ForwardReport) -> bytes:
    """Return the fields of a forward report."""
    return (
        bytes((record.underlying, record.expiry_slot))
        + encode_varint(record.expiry)
        + encode_varint(record.round)
        + encode_varint(record.time_ms)
        + record.difference.to_bytes(_DIFFERENCE_BYTES, "big", signed=True)
        + encode_signatures(record.signatures)
    )


def decode_forward_report(body: bytes, at: int) -> tuple[ForwardReport, int]:
    """Read a forward report."""
    underlying, expiry_slot = body[at], body[at + 1]
    expiry, at = decode_varint(body, at + 2, U64)
    number, at = decode_varint(body, at, U64)
    time_ms, at = decode_varint(body, at, U64)
    difference, at = read_signed(body, at, _DIFFERENCE_BYTES)
    signatures, at = decode_signatures(body, at)
    fields = (underlying, expiry_slot, expiry, number, time_ms, difference, signatures)
    return ForwardReport(*fields), at


def encode_settlement_price(record: SettlementPrice) -> bytes:
    """Return the fields of a settlement price."""
    return (
        bytes((record.underlying, record.expiry_slot))
        + encode_varint(record.expiry)
        + record.number.to_bytes(1, "big")
        + encode_varint(record.price)
        + encode_signatures(record.signatures)
    )


def decode_settlement_price(body: bytes, at: int) -> tuple[SettlementPrice, int]:
    """Read a settlement price."""
    underlying, expiry_slot = body[at], body[at + 1]
    expiry, at = decode_varint(body, at + 2, U64)
    number = body[at]
    price, at = decode_varint(body, at + 1, U64)
    signatures, at = decode_signatures(body, at)
    return SettlementPrice(underlying, expiry_slot, expiry, number, price, signatures), at


def encode_position(record: Settle | Liquidate) -> bytes:
    """Return account and series: the fields of a settlement or a liquidation."""
    return encode_varint(record.account) + encode_varint(record.series)


def decode_settle(body: bytes, at: int) -> tuple[Settle, int]:
    """Read a settlement."""
    account, at = decode_varint(body, at, U32)
    series, at = decode_varint(body, at, U16)
    return Settle(account, series), at


def decode_liquidate(body: bytes, at: int) -> tuple[Liquidate, int]:
    """Read a liquidation."""
    account, at = decode_varint(body, at, U32)
    series, at = decode_varint(body, at, U16)
    return Liquidate(account, series), at


def encode_prune(record: Prune) -> bytes:
    """Return the fields of a pruning."""
    return encode_varint(record.order)


def decode_prune(body: bytes, at: int) -> tuple[Prune, int]:
    """Read a pruning."""
    order, at = decode_varint(body, at, U32)
    return Prune(order), at


def encode_trigger(record: Trigger) -> bytes:
    """Return the fields of a trigger."""
    return record.underlying.to_bytes(1, "big")


def decode_trigger(body: bytes, at: int) -> tuple[Trigger, int]:
    """Read a trigger."""
    return Trigger(body[at]), at + 1


def encode_takeover(record: Takeover) -> bytes:
    """Return the fields of a takeover."""
    return encode_varint(record.account)


def decode_takeover(body: bytes, at: int) -> tuple[Takeover, int]:
    """Read a takeover."""
    account, at = decode_varint(body, at, U32)
    return Takeover(account), at
