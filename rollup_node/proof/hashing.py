"""The hash and its tags: every preimage begins with one byte that says what it is."""

from typing import Final

from tiny_keccak import keccak256

TAG_LEAF: Final = b"\x00"
TAG_BRANCH: Final = b"\x01"
TAG_HISTORY: Final = b"\x02"
TAG_CHUNK: Final = b"\x03"
TAG_CHUNK_NODE: Final = b"\x04"
TAG_DATA: Final = b"\x05"
TAG_INBOX: Final = b"\x06"
TAG_BLOBS: Final = b"\x07"
TAG_DELAYED: Final = b"\x08"
TAG_MESSAGE: Final = b"\x09"
TAG_ASSERTION: Final = b"\x0a"
TAG_CONFIG: Final = b"\x0b"
TAG_CONTEXT: Final = b"\x0c"
TAG_LINK: Final = b"\x0d"
TAG_BLOB_POINT: Final = b"\x0e"
TAG_BLOCK: Final = b"\x0f"
TAG_MUTUAL: Final = b"\x11"
TAG_EDGE: Final = b"\x12"
TAG_PREFIX: Final = b"\x13"
TAG_FAST: Final = b"\x14"

ZERO: Final = bytes(32)
"""Hash of an empty leaf and of every empty subtree. Source: docs/spec.md T-3."""

HASH_BYTES: Final = 32

keccak: Final = keccak256
"""Keccak-256 of bytes (ADR 10)."""


def leaf_hash(value: bytes) -> bytes:
    """Hash the value of a leaf of the state tree. Source: docs/spec.md T-3."""
    return keccak(TAG_LEAF + value) if value else ZERO


def branch_hash(left: bytes, right: bytes) -> bytes:
    """Hash a branch of the state tree. Source: docs/spec.md T-3."""
    if left == ZERO and right == ZERO:
        return ZERO
    return keccak(TAG_BRANCH + left + right)
