"""The history tree: a leaf per segment, then the finished state. Source: docs/spec.md G-2."""

from collections.abc import Sequence
from typing import Final

from rollup_node.proof.edges import EdgeKey, extend_prefix, layer_zero
from rollup_node.proof.hashing import HASH_BYTES, TAG_HISTORY, keccak


class HistoryTree:
    """A complete tree of `2^height` state roots; leaves after `roots` are `finished_root`.

    Twin: contracts/src/proof.

    Raises
    ------
    ValueError
        More roots than leaves, or not a hash.
    """

    def __init__(self, height: int, roots: Sequence[bytes], finished_root: bytes) -> None:
        if len(roots) > 1 << height:
            raise ValueError(f"history: {len(roots)} roots > 2^{height} leaves")
        if any(len(root) != HASH_BYTES for root in (*roots, finished_root)):
            raise ValueError("history: a root is not 32 bytes")
        self.height: Final = height
        self._levels: list[list[bytes]] = [list(roots)]
        self._fill: list[bytes] = [finished_root]
        for _ in range(height):
            level, fill = self._levels[-1], self._fill[-1]
            padded = [*level, fill] if len(level) & 1 else level
            pairs = zip(padded[::2], padded[1::2], strict=True)
            self._levels.append([keccak(TAG_HISTORY + a + b) for a, b in pairs])
            self._fill.append(keccak(TAG_HISTORY + fill + fill))

    @property
    def root(self) -> bytes:
        """The history root that an assertion commits to."""
        return self.node(self.height, 0)

    @property
    def last_leaf(self) -> bytes:
        """The state after the last segment: the after state of an assertion."""
        return self.leaf((1 << self.height) - 1)

    def branch(self, index: int) -> list[bytes]:
        """Return the siblings of leaf `index`, from the leaf upwards."""
        return [self.node(level, index >> level ^ 1) for level in range(self.height)]

    def node(self, height: int, index: int) -> bytes:
        """Return node `index`, from the left, of those `height` levels above the leaves."""
        if index >> (self.height - height):
            raise IndexError(f"history: no node {index} at height {height} of {self.height}")
        nodes = self._levels[height]
        return nodes[index] if index < len(nodes) else self._fill[height]

    def leaf(self, index: int) -> bytes:
        """Return leaf `index`: the state after segment `index + 1`."""
        return self.node(0, index)

    def edge(self, origin: bytes, height: int, index: int) -> EdgeKey:
        """Return a node as an edge of the contest below `origin`. Source: docs/spec.md D-2."""
        found = layer_zero(origin, self.height, self.root)
        prefix = found.prefix
        for level in reversed(range(height, self.height)):
            place = index >> (level - height)
            if place & 1:
                prefix = extend_prefix(prefix, self.node(level, place ^ 1))
        return found._replace(
            height=height, index=index, prefix=prefix, node=self.node(height, index)
        )
