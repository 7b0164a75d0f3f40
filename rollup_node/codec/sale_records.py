"""The message of a covered sale. Source: docs/spec.md R-4, P-1.

`encode_*` gives the fields without kind; `decode_*` reads them and the offset after them.
"""

from rollup_node.codec.fields import U16, U32, U64
from rollup_node.codec.varint import decode_varint, encode_varint
from rollup_node.core.inputs import StartSale


def encode_start_sale(record: StartSale) -> bytes:
    """Return the fields of a sale."""
    return (
        encode_varint(record.account)
        + bytes((record.underlying, record.call))
        + encode_varint(record.expiry_at)
        + encode_varint(record.delta_ppm)
        + encode_varint(record.lots)
        + encode_varint(record.start_ppm)
        + encode_varint(record.reserve_ppm)
        + encode_varint(record.duration_seconds)
        + encode_varint(record.max_fee)
    )


def decode_start_sale(body: bytes, at: int) -> tuple[StartSale, int]:
    """Read a sale."""
    account, at = decode_varint(body, at, U32)
    underlying, call = body[at], body[at + 1]
    expiry_at, at = decode_varint(body, at + 2, U64)
    delta_ppm, at = decode_varint(body, at, U32)
    lots, at = decode_varint(body, at, U32)
    start_ppm, at = decode_varint(body, at, U32)
    reserve_ppm, at = decode_varint(body, at, U32)
    seconds, at = decode_varint(body, at, U32)
    max_fee, at = decode_varint(body, at, U16)
    prices = (start_ppm, reserve_ppm, seconds, max_fee)
    return StartSale(account, underlying, call, expiry_at, delta_ppm, lots, *prices), at
