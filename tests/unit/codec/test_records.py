"""Bodies that say nothing, frames that end a batch, and the prefix."""

import pytest

from rollup_node.codec.records import (
    decode_forced,
    decode_prefix,
    decode_record,
    encode_prefix,
    encode_record,
    encode_transaction,
    frame,
    read_body,
)
from rollup_node.core.inputs import Pull, Seal, SignedTransaction, Transfer

TRANSFER = Transfer(1, 300, 2, 10**18, 1_763_700_000_000)
BODY = encode_record(SignedTransaction(TRANSFER, b"s" * 64))


def test_encode_transfer_gives_the_golden_bytes() -> None:
    fields = "10" + "01" + "ac02" + "02" + "808090bbbad6adf00d" + "808ad9a5aa33"
    assert encode_transaction(TRANSFER, signed=True).hex() == fields
    assert bytes.fromhex(fields) + b"s" * 64 == BODY
    assert len(frame(BODY)) <= 90


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x02\x00",
        b"\x13" + BODY[1:],
        BODY[:-1],
        BODY + b"\x00",
        b"\x01\x00",
        b"\x00",
        b"\x00\x80",
        b"\x00\x80\x00",
        b"\x00\x81\x80\x00",
        b"\x00\x05\x00",
        b"\x00\x80\x80\x80\x80\x80\x80\x40",
        b"\x10\x80\x80\x80\x80\x10" + BODY[2:],
        b"\x12\x01" + b"a" * 19,
        b"\x11\x01\x00\x01" + b"a" * 20,
    ],
)
def test_decode_record_on_anything_else_says_nothing(body: bytes) -> None:
    assert decode_record(body) is None


def test_decode_record_accepts_the_boundaries() -> None:
    assert decode_record(b"\x01") == Pull()
    assert decode_record(b"\x00\xff\xff\xff\xff\xff\xff\x3f") == Seal((1 << 48) - 1)
    assert decode_record(b"\x00\x80\x01") == Seal(128)


def test_decode_forced_takes_no_nonce_and_no_signature() -> None:
    body = encode_transaction(TRANSFER, signed=False)
    assert decode_forced(body) == TRANSFER._replace(nonce=0)
    assert decode_forced(encode_transaction(TRANSFER, signed=True)) is None
    assert decode_forced(b"") is None
    assert decode_forced(b"\x01") is None


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"\x00\x01a", b"a"),
        (b"\x00\x01ab", b"a"),
        (b"\x00\x02a", None),
        (b"\x00\x00a", None),
        (b"\x00", None),
        (b"", None),
        (b"\x04\x00" + b"x" * 1024, b"x" * 1024),
        (b"\x04\x01" + b"x" * 1025, None),
    ],
)
def test_read_body_ends_at_a_bad_length(data: bytes, body: bytes | None) -> None:
    assert read_body(data, 0, len(data)) == body


def test_read_body_never_reads_beyond_the_end() -> None:
    assert read_body(b"\x00\x02ab", 0, 3) is None


@pytest.mark.parametrize("size", [0, 1025])
def test_frame_on_a_length_out_of_range_raises(size: int) -> None:
    with pytest.raises(ValueError, match="record"):
        frame(bytes(size))


def test_decode_prefix_voids_on_version_and_length() -> None:
    assert decode_prefix(encode_prefix(77) + b"rest") == 77
    assert decode_prefix(encode_prefix(77)[:6]) is None
    assert decode_prefix(b"\x02" + encode_prefix(77)[1:]) is None
    assert decode_prefix(b"") is None
