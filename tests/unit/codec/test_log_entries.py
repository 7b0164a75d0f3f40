"""Entries of the log round-trip; anything else is refused."""

import pytest

from rollup_node.codec.log_entries import (
    CutEntry,
    Entry,
    OpenEntry,
    RecordsEntry,
    decode_entry,
    encode_entry,
)


@pytest.mark.parametrize(
    "entry",
    [
        OpenEntry(1_800_000_000_000),
        RecordsEntry(7, b"\x01" * 32, b"\x02" * 64, b"\x00\x01\x01"),
        RecordsEntry(0, bytes(32), bytes(64), b""),
        CutEntry(3, 0),
        CutEntry(3, 1 << 40),
    ],
)
def test_decode_entry_returns_what_was_encoded(entry: Entry) -> None:
    assert decode_entry(encode_entry(entry)) == entry


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\x01" * 40, b"\x02" + bytes(8), b"\x03" + bytes(16)]
)
def test_decode_entry_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="log entry"):
        decode_entry(data)
