"""Records of options that anyone may make: surfaces, dates, strikes. Source: docs/spec.md R-4.

`encode_*` gives the fields without kind; `decode_*` reads them and the offset after them.
"""

from typing import Final

from rollup_node.codec.fields import U16, U64, read_fixed, read_signed
from rollup_node.codec.open_records import decode_signatures, encode_signatures
from rollup_node.codec.option_leaves import decode_nodes, encode_nodes
from rollup_node.codec.varint import decode_varint, encode_varint
from rollup_node.core.inputs import DelistStrike, ListExpiry, ListStrike, SurfaceReport

_DIFFERENCE_BYTES: Final = 8
_NODES_BYTES: Final = 80


def encode_surface_report(record: SurfaceReport) -> bytes:
    """Return the fields of a surface report."""
    return (
        bytes((record.underlying, record.expiry_slot))
        + encode_varint(record.expiry)
        + encode_varint(record.round)
        + encode_varint(record.time_ms)
        + record.difference.to_bytes(_DIFFERENCE_BYTES, "big", signed=True)
        + encode_nodes(record.nodes)
        + encode_signatures(record.signatures)
    )


def decode_surface_report(body: bytes, at: int) -> tuple[SurfaceReport, int]:
    """Read a surface report."""
    underlying, expiry_slot = body[at], body[at + 1]
    expiry, at = decode_varint(body, at + 2, U64)
    number, at = decode_varint(body, at, U64)
    time_ms, at = decode_varint(body, at, U64)
    difference, at = read_signed(body, at, _DIFFERENCE_BYTES)
    packed, at = read_fixed(body, at, _NODES_BYTES)
    signatures, at = decode_signatures(body, at)
    nodes = decode_nodes(packed)
    fields = (underlying, expiry_slot, expiry, number, time_ms, difference, nodes, signatures)
    return SurfaceReport(*fields), at


def encode_list_expiry(record: ListExpiry) -> bytes:
    """Return the fields of the listing of a date."""
    place = bytes((record.underlying, record.expiry_slot))
    return place + encode_varint(record.expiry_at)


def decode_list_expiry(body: bytes, at: int) -> tuple[ListExpiry, int]:
    """Read the listing of a date."""
    underlying, expiry_slot = body[at], body[at + 1]
    expiry_at, at = decode_varint(body, at + 2, U64)
    return ListExpiry(underlying, expiry_slot, expiry_at), at


def encode_list_strike(record: ListStrike) -> bytes:
    """Return the fields of the listing of a strike."""
    place = bytes((record.underlying, record.expiry_slot))
    return place + encode_varint(record.strike) + encode_varint(record.series)


def decode_list_strike(body: bytes, at: int) -> tuple[ListStrike, int]:
    """Read the listing of a strike."""
    underlying, expiry_slot = body[at], body[at + 1]
    strike, at = decode_varint(body, at + 2, U64)
    series, at = decode_varint(body, at, U16)
    return ListStrike(underlying, expiry_slot, strike, series), at


def encode_delist_strike(record: DelistStrike) -> bytes:
    """Return the fields of the delisting of a strike."""
    return encode_varint(record.series)


def decode_delist_strike(body: bytes, at: int) -> tuple[DelistStrike, int]:
    """Read the delisting of a strike."""
    series, at = decode_varint(body, at, U16)
    return DelistStrike(series), at
