"""Chunk trees: how an item commits to its bytes, 1,024 at a time. Source: docs/spec.md I-2."""

from typing import Final

from rollup_node.proof.hashing import TAG_CHUNK, TAG_CHUNK_NODE, ZERO, keccak

CHUNK_BITS: Final = 10
CHUNK_BYTES: Final = 1 << CHUNK_BITS


def split_chunks(data: bytes) -> list[bytes]:
    """Cut data into chunks, the last one shorter."""
    return [data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES)]


def chunk_hash(chunk: bytes) -> bytes:
    """Hash one chunk. Source: docs/spec.md I-2."""
    return keccak(TAG_CHUNK + chunk)


def chunk_levels(data: bytes) -> list[list[bytes]]:
    """Return the chunk tree of non-empty data, from its leaves to its root."""
    level = [chunk_hash(chunk) for chunk in split_chunks(data)]
    level += [ZERO] * ((1 << (len(level) - 1).bit_length()) - len(level))
    levels = [level]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [keccak(TAG_CHUNK_NODE + left + right) for left, right in pairs]
        levels.append(level)
    return levels


def chunk_root(data: bytes) -> bytes:
    """Return the chunk root of data, zero if there are none. Twin: contracts/src/proof."""
    return chunk_levels(data)[-1][0] if data else ZERO


def chunk_branch(levels: list[list[bytes]], index: int) -> list[bytes]:
    """Return the siblings of chunk `index`, from the leaf upwards."""
    return [level[index >> depth ^ 1] for depth, level in enumerate(levels[:-1])]
