"""The record of a combo: what the taker asks for, and the signed quote in it. Source: R-4, Q-1.

`encode_*` gives the fields without kind and nonce; `decode_*` reads them and the offset after them.
"""

from typing import Final

from rollup_node.codec.fields import SIGNATURE_BYTES, U16, U32, U64, read_fixed, read_signed
from rollup_node.codec.varint import decode_varint, encode_varint
from rollup_node.core.inputs import ExecuteRfq, RfqLeg, RfqQuote
from rollup_node.core.layout import RFQ_LEGS

_LOTS_BYTES: Final = 4


def encode_execute_rfq(record: ExecuteRfq) -> bytes:
    """Return the fields of an execution, the quote and its signature among them."""
    return (
        encode_varint(record.account)
        + record.key.to_bytes(1, "big")
        + encode_varint(record.max_fee)
        + encode_varint(record.expiry_ms)
        + encode_rfq_quote(record.quote)
    )


def decode_execute_rfq(body: bytes, at: int) -> tuple[ExecuteRfq, int]:
    """Read an execution; its nonce is left 0."""
    account, at = decode_varint(body, at, U32)
    key = body[at]
    max_fee, at = decode_varint(body, at + 1, U16)
    expiry_ms, at = decode_varint(body, at, U64)
    quote, at = decode_rfq_quote(body, at)
    return ExecuteRfq(account, key, max_fee, expiry_ms, quote, 0), at


def encode_rfq_quote(quote: RfqQuote) -> bytes:
    """Return the fields of a quote of 1 to 8 legs, its nonce and its signature.

    Raises
    ------
    OverflowError
        There are none or too many legs, or a field does not fit its width.
    """
    if not 0 < len(quote.legs) <= RFQ_LEGS:
        raise OverflowError(f"quote: {len(quote.legs)} legs, expected 1 to {RFQ_LEGS}")
    if len(quote.signature) != SIGNATURE_BYTES:
        raise OverflowError(f"quote: signature of {len(quote.signature)} bytes")
    return (
        encode_varint(quote.account)
        + quote.key.to_bytes(1, "big")
        + encode_varint(quote.taker)
        + encode_varint(quote.max_fee)
        + encode_varint(quote.expiry_ms)
        + len(quote.legs).to_bytes(1, "big")
        + b"".join(map(_encode_leg, quote.legs))
        + encode_varint(quote.nonce)
        + quote.signature
    )


def decode_rfq_quote(body: bytes, at: int) -> tuple[RfqQuote, int]:
    """Read a quote with its signature."""
    account, at = decode_varint(body, at, U32)
    key = body[at]
    taker, at = decode_varint(body, at + 1, U32)
    max_fee, at = decode_varint(body, at, U16)
    expiry_ms, at = decode_varint(body, at, U64)
    length = body[at]
    if not 0 < length <= RFQ_LEGS:
        raise ValueError(f"quote: {length} legs, expected 1 to {RFQ_LEGS}")
    at += 1
    legs = []
    for _ in range(length):
        series, at = decode_varint(body, at, U16)
        lots, at = read_signed(body, at, _LOTS_BYTES)
        price, at = decode_varint(body, at, U32)
        legs.append(RfqLeg(series, lots, price))
    nonce, at = decode_varint(body, at, U64)
    signature, at = read_fixed(body, at, SIGNATURE_BYTES)
    quote = RfqQuote(account, key, taker, max_fee, expiry_ms, tuple(legs), nonce, signature)
    return quote, at


def _encode_leg(leg: RfqLeg) -> bytes:
    lots = leg.lots.to_bytes(_LOTS_BYTES, "big", signed=True)
    return encode_varint(leg.series) + lots + encode_varint(leg.price)
