"""Batch bytes in EIP-4844 blobs: 31 bytes per field element. Source: docs/spec.md I-8."""

from collections.abc import Sequence
from typing import Final

from rollup_node.core.layout import BLOB_PAYLOAD_BYTES

BLOB_BYTES: Final = 131_072
_ELEMENT: Final = 32
_LOW: Final = 31


def to_blobs(data: bytes) -> list[bytes]:
    """Return the blobs that hold `data`, the last one filled up with zeros.

    Source: docs/spec.md I-8.
    """
    return [
        _to_blob(data[start : start + BLOB_PAYLOAD_BYTES])
        for start in range(0, len(data), BLOB_PAYLOAD_BYTES)
    ]


def _to_blob(payload: bytes) -> bytes:
    filled = payload.ljust(BLOB_PAYLOAD_BYTES, b"\x00")
    return b"".join(
        b"\x00" + filled[start : start + _LOW] for start in range(0, BLOB_PAYLOAD_BYTES, _LOW)
    )


def blob_payload(blob: bytes) -> bytes:
    """Return the 126,976 bytes that a blob holds; the top byte of each element says nothing."""
    return b"".join(blob[start + 1 : start + _ELEMENT] for start in range(0, BLOB_BYTES, _ELEMENT))


def from_blobs(blobs: Sequence[bytes], byte_length: int) -> bytes:
    """Return the first `byte_length` payload bytes of some blobs, in order."""
    return b"".join(blob_payload(blob) for blob in blobs)[:byte_length]
