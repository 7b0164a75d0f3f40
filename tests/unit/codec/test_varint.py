"""LEB128: bytes of every length, and nothing for what is negative."""

import pytest

from rollup_node.codec.varint import encode_varint


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "00"),
        (127, "7f"),
        (128, "8001"),
        (16_383, "ff7f"),
        (16_384, "808001"),
        (300_000, "e0a712"),
        ((1 << 63) - 1, "ffffffffffffffff7f"),
    ],
)
def test_encode_varint_is_shortest(value: int, encoded: str) -> None:
    assert encode_varint(value).hex() == encoded


@pytest.mark.parametrize("value", [-1, -128, -(1 << 70)])
def test_encode_varint_negative_is_refused(value: int) -> None:
    with pytest.raises(OverflowError):
        encode_varint(value)
