"""LEB128 of unsigned integers, shortest form only."""

from typing import Final

_MORE: Final = 0x80
_LOW: Final = 0x7F
_TWO_BYTES: Final = 1 << 14
_SHORT: Final = tuple([bytes((value,)) for value in range(_MORE)])


def encode_varint(value: int) -> bytes:
    """Return the shortest LEB128 of a non-negative integer. Source: docs/spec.md R-3.

    Raises
    ------
    OverflowError
        The integer is negative.
    """
    if 0 <= value < _MORE:
        return _SHORT[value]
    if value < _TWO_BYTES:
        return (value >> 7 << 8 | value & _LOW | _MORE).to_bytes(2, "little")
    packed = shift = 0
    while value >= _MORE:
        packed |= (value & _LOW | _MORE) << shift
        value >>= 7
        shift += 8
    return (packed | value << shift).to_bytes((shift >> 3) + 1, "little")


def decode_varint(data: bytes, at: int, limit: int) -> tuple[int, int]:
    """Return the integer at `at` and the offset after it.

    Source: docs/spec.md R-3. Twin: contracts/src/core.

    Raises
    ------
    ValueError
        The integer is not below `limit`, or not in its shortest form.
    IndexError
        The data end inside it.
    """
    byte = data[at]
    at += 1
    if byte < _MORE:
        value = byte
    else:
        value = byte & _LOW
        shift = 7
        while True:
            byte = data[at]
            at += 1
            value |= (byte & _LOW) << shift
            if byte < _MORE:
                break
            shift += 7
        if byte == 0:
            raise ValueError(f"varint before {at}: not the shortest form")
    if value >= limit:
        raise ValueError(f"varint before {at}: {value} >= {limit}")
    return value, at
