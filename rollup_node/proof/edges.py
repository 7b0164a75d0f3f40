"""Edges of the challenge game: their coordinates, names and halves; no clocks, no money.

Source: docs/spec.md D-1, D-2. Twin: contracts/src/proof/Edges.sol.
Vectors: tests/vectors/edges.json.
"""

from typing import Final, NamedTuple

from rollup_node.proof.hashing import (
    TAG_EDGE,
    TAG_HISTORY,
    TAG_MUTUAL,
    TAG_PREFIX,
    ZERO,
    keccak,
)

NO_PREFIX: Final = ZERO
"""Prefix of an edge with nothing on its left."""


class EdgeKey(NamedTuple):
    """A node of a history in a contest, and what stands on its left (docs/spec.md D-1).

    Attributes
    ----------
    origin
        Id of the assertion whose children compete.
    height
        Levels below the edge; a leaf has 0.
    index
        Place among the nodes of that height, from the left.
    prefix
        Chain of all left siblings on the way down from the history root.
    node
        Hash of the node.
    """

    origin: bytes
    height: int
    index: int  # type: ignore[assignment] # shadows tuple.index, which nobody calls
    prefix: bytes
    node: bytes


def mutual_id(edge: EdgeKey) -> bytes:
    """Return what an edge shares with its rivals: all but the node. Source: docs/spec.md D-1."""
    place = edge.height.to_bytes(1, "big") + edge.index.to_bytes(8, "big")
    return keccak(TAG_MUTUAL + edge.origin + place + edge.prefix)


def edge_id(edge: EdgeKey) -> bytes:
    """Return the id of an edge. Source: docs/spec.md D-1."""
    return keccak(TAG_EDGE + mutual_id(edge) + edge.node)


def extend_prefix(prefix: bytes, left: bytes) -> bytes:
    """Return the prefix of a right half whose left sibling is `left`. Source: docs/spec.md D-2."""
    return keccak(TAG_PREFIX + prefix + left)


def layer_zero(origin: bytes, height: int, history_root: bytes) -> EdgeKey:
    """Return the edge of a whole history; `height` is that of all histories of the chain."""
    return EdgeKey(origin, height, 0, NO_PREFIX, history_root)


def halves(edge: EdgeKey, left: bytes, right: bytes) -> tuple[EdgeKey, EdgeKey]:
    """Return the left and the right half of an edge. Source: docs/spec.md D-2.

    Raises
    ------
    ValueError
        If the edge is a leaf, or its node is not the hash of both halves.
    """
    if edge.height == 0:
        raise ValueError("halves: a leaf has none")
    if keccak(TAG_HISTORY + left + right) != edge.node:
        raise ValueError(f"halves: they do not hash to the node 0x{edge.node.hex()}")
    height, first = edge.height - 1, 2 * edge.index
    prefix = extend_prefix(edge.prefix, left)
    return (
        EdgeKey(edge.origin, height, first, edge.prefix, left),
        EdgeKey(edge.origin, height, first + 1, prefix, right),
    )
