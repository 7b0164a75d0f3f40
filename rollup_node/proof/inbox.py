"""Accumulators of inbox items and of both queues of messages; links of the record chain."""

from collections.abc import Sequence
from typing import Final

from rollup_node.core.inputs import DelayedMessage, ItemHeader
from rollup_node.proof.chunks import chunk_root
from rollup_node.proof.hashing import (
    TAG_BLOBS,
    TAG_DATA,
    TAG_DELAYED,
    TAG_FAST,
    TAG_INBOX,
    TAG_LINK,
    TAG_MESSAGE,
    keccak,
)

_U40: Final = 5


def calldata_root(data: bytes) -> bytes:
    """Return the data root of a calldata batch. Source: docs/spec.md I-3."""
    return chunk_root(data)


def blobs_root(versioned_hashes: Sequence[bytes]) -> bytes:
    """Return the data root of a blob batch. Source: docs/spec.md I-3."""
    return keccak(TAG_BLOBS + bytes((len(versioned_hashes),)) + b"".join(versioned_hashes))


def data_hash(header: ItemHeader) -> bytes:
    """Hash kind, length and root of an item's data. Source: docs/spec.md I-4."""
    length = header.byte_length.to_bytes(4, "big")
    return keccak(TAG_DATA + bytes((header.kind,)) + length + header.data_root)


def next_accumulator(accumulator: bytes, header: ItemHeader) -> bytes:
    """Return the inbox accumulator after an item. Source: docs/spec.md I-5."""
    return keccak(
        TAG_INBOX
        + accumulator
        + header.delayed_count.to_bytes(_U40, "big")
        + header.delayed_acc
        + header.fast_count.to_bytes(_U40, "big")
        + header.fast_acc
        + header.min_time.to_bytes(_U40, "big")
        + header.max_time.to_bytes(_U40, "big")
        + data_hash(header)
    )


def message_hash(message: DelayedMessage) -> bytes:
    """Hash a delayed or a fast message. Source: docs/spec.md I-6."""
    kind, sender, timestamp, body = message
    return keccak(TAG_MESSAGE + bytes((kind,)) + sender + timestamp.to_bytes(_U40, "big") + body)


def next_delayed_accumulator(accumulator: bytes, message: DelayedMessage) -> bytes:
    """Return the accumulator of delayed messages after one more. Source: docs/spec.md I-6."""
    return keccak(TAG_DELAYED + accumulator + message_hash(message))


def next_fast_accumulator(accumulator: bytes, message: DelayedMessage) -> bytes:
    """Return the accumulator of fast messages after one more. Source: docs/spec.md I-6."""
    return keccak(TAG_FAST + accumulator + message_hash(message))


def record_hash(body: bytes) -> bytes:
    """Return the transaction hash of a record. Source: docs/spec.md B-1."""
    return keccak(body)


def next_link(link: bytes, number: int, record: bytes) -> bytes:
    """Return the head of the record chain after record `number` with hash `record`.

    Source: docs/spec.md B-1.
    """
    return keccak(TAG_LINK + link + number.to_bytes(8, "big") + record)
