"""The fields of which records are made, each read at an offset. Source: docs/spec.md R-3, R-4.

A reader raises ValueError or IndexError where the bytes say nothing; `records` turns both to None.
"""

from typing import Final

ADDRESS_BYTES: Final = 20
SIGNATURE_BYTES: Final = 64
U16: Final = 1 << 16
U32: Final = 1 << 32
U64: Final = 1 << 64
U96: Final = 1 << 96


def read_fixed(body: bytes, at: int, size: int) -> tuple[bytes, int]:
    """Return `size` bytes and the offset after them."""
    end = at + size
    if end > len(body):
        raise IndexError(at)
    return body[at:end], end


def read_unsigned(body: bytes, at: int, size: int) -> tuple[int, int]:
    """Return a big-endian number of `size` bytes and the offset after it."""
    raw, end = read_fixed(body, at, size)
    return int.from_bytes(raw, "big"), end


def read_signed(body: bytes, at: int, size: int) -> tuple[int, int]:
    """Return a two's complement number of `size` bytes and the offset after it."""
    raw, end = read_fixed(body, at, size)
    return int.from_bytes(raw, "big", signed=True), end


def write_address(address: bytes) -> bytes:
    """Return an address as it is, or raise OverflowError if it is none."""
    if len(address) != ADDRESS_BYTES:
        raise OverflowError(f"address: {len(address)} bytes, expected {ADDRESS_BYTES}")
    return address
