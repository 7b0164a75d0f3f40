"""Entries of the sequencer's log and feed: open, records, cut. Source: docs/spec.md B-4."""

from struct import Struct
from typing import Final, NamedTuple, TypeAlias

_OPEN: Final = Struct(">BQ")
_RECORDS: Final = Struct(">BQ32s64s")
_CUT: Final = Struct(">BQQ")


class OpenEntry(NamedTuple):
    """A batch begins; `time_ms` is the time of its prefix."""

    time_ms: int


class RecordsEntry(NamedTuple):
    """Framed records that were accepted together, and the confirmation of all records so far."""

    covered: int
    link: bytes
    signature: bytes
    frames: bytes


class CutEntry(NamedTuple):
    """The open batch ends and consumes each queue up to a count."""

    delayed_count: int
    fast_count: int


Entry: TypeAlias = OpenEntry | RecordsEntry | CutEntry


def encode_entry(entry: Entry) -> bytes:
    """Return kind byte and fields."""
    if isinstance(entry, OpenEntry):
        return _OPEN.pack(0, entry.time_ms)
    if isinstance(entry, RecordsEntry):
        return _RECORDS.pack(1, entry.covered, entry.link, entry.signature) + entry.frames
    return _CUT.pack(2, entry.delayed_count, entry.fast_count)


def decode_entry(data: bytes) -> Entry:
    """Return the entry.

    Raises
    ------
    ValueError
        If the bytes are no entry.
    """
    kind = data[0] if data else -1
    if kind == 0 and len(data) == _OPEN.size:
        return OpenEntry(_OPEN.unpack(data)[1])
    if kind == 1 and len(data) >= _RECORDS.size:
        _, covered, link, signature = _RECORDS.unpack_from(data)
        return RecordsEntry(covered, link, signature, data[_RECORDS.size :])
    if kind == 2 and len(data) == _CUT.size:  # noqa: PLR2004 - the third kind
        _, delayed_count, fast_count = _CUT.unpack(data)
        return CutEntry(delayed_count, fast_count)
    raise ValueError(f"log entry: kind {kind} with {len(data)} bytes")


def feed_preimage(domain: bytes, number: int, entry: bytes) -> bytes:
    """Return what is hashed and signed for entry `number` of the feed. Source: docs/spec.md B-4."""
    return b"\x10" + domain + number.to_bytes(8, "big") + entry
