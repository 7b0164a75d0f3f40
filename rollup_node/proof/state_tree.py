"""The state tree: regions of fixed depth under one root, flushed in batches.

Each region keeps one table per level, from its leaves to its root; a missing entry is zero. A flush
hashes each branch above the changed leaves once, however many of them lie below it (ADR 1).
"""

from collections.abc import Iterable, Sequence
from typing import Final

import sha3

from rollup_node.core.layout import (
    DEPTHS,
    INDEX_BITS,
    POSITION_BITS,
    REGION_BITS,
    LeafKey,
    position,
)
from rollup_node.proof.hashing import TAG_BRANCH, TAG_LEAF, ZERO, branch_hash
from rollup_node.proof.multiproof import Multiproof, plan_siblings, sort_keys

_INDEX_MASK: Final = (1 << INDEX_BITS) - 1
_Level = dict[int, bytes]


class StateTree:
    """A Merkle tree of leaf values. Source: docs/spec.md T. Twin: contracts/src/proof."""

    def __init__(self) -> None:
        self._levels: dict[int, list[_Level]] = {
            region: [{} for _ in range(depth - REGION_BITS + 1)] for region, depth in DEPTHS.items()
        }
        self._dirty: dict[int, set[int]] = {region: set() for region in DEPTHS}
        self._top: list[bytes] = [ZERO] * (2 << REGION_BITS)
        self._is_flushed = True

    def fill(self, values: Iterable[tuple[LeafKey, bytes]]) -> None:
        """Set many values of a tree that is empty, none of them empty: at the lowest price."""
        found: dict[int, _Level] = {region: {} for region in DEPTHS}
        keccak, tag = sha3.keccak_256, TAG_LEAF
        for key, value in values:
            found[key >> INDEX_BITS][key & _INDEX_MASK] = keccak(tag + value).digest()
        for region, leaves in found.items():
            if leaves:
                levels = _build_levels(leaves, DEPTHS[region] - REGION_BITS)
                self._levels[region] = levels
                self._top[(1 << REGION_BITS) + region] = levels[-1][0]
        self._is_flushed = False

    def put(self, key: LeafKey, value: bytes) -> None:
        """Set the value at `key`; the empty value clears the leaf."""
        region, index = key >> INDEX_BITS, key & _INDEX_MASK
        leaves = self._levels[region][0]
        if value:
            leaves[index] = sha3.keccak_256(TAG_LEAF + value).digest()
        else:
            leaves.pop(index, None)
        self._dirty[region].add(index)
        self._is_flushed = False

    def root(self) -> bytes:
        """Return the root over everything put so far."""
        if not self._is_flushed:
            self._flush()
            self._is_flushed = True
        return self._top[1]

    def prove(self, keys: Sequence[LeafKey]) -> Multiproof:
        """Return the proof that opens `keys` at the root. Source: docs/spec.md T-4."""
        self.root()
        table = sort_keys(keys)
        return Multiproof(table, tuple(self._node(d, i) for d, i in plan_siblings(table)))

    def branch(self, key: LeafKey) -> list[bytes]:
        """Return the siblings of one leaf, from the leaf upwards."""
        self.root()
        depth, place = DEPTHS[key >> INDEX_BITS], position(key)
        return [
            self._node(level, place >> (POSITION_BITS - level) ^ 1) for level in range(depth, 0, -1)
        ]

    def _node(self, depth: int, index: int) -> bytes:
        if depth <= REGION_BITS:
            return self._top[(1 << depth) + index]
        region = index >> (depth - REGION_BITS)
        local = index & ((1 << (depth - REGION_BITS)) - 1)
        levels = self._levels.get(region)
        return levels[DEPTHS[region] - depth].get(local, ZERO) if levels else ZERO

    def _flush(self) -> None:
        for region, dirty in self._dirty.items():
            if dirty:
                levels = self._levels[region]
                _flush_levels(levels, dirty)
                self._top[(1 << REGION_BITS) + region] = levels[-1].get(0, ZERO)
                self._dirty[region] = set()
        for node in range((1 << REGION_BITS) - 1, 0, -1):
            self._top[node] = branch_hash(self._top[2 * node], self._top[2 * node + 1])


def _flush_levels(levels: list[_Level], dirty: set[int]) -> None:
    keccak, tag, zero = sha3.keccak_256, TAG_BRANCH, ZERO
    for level in range(len(levels) - 1):
        get, parents = levels[level].get, levels[level + 1]
        dirty = {index >> 1 for index in dirty}
        for index in dirty:
            left, right = get(2 * index, zero), get(2 * index + 1, zero)
            if left is zero and right is zero:
                parents.pop(index, None)
            else:
                parents[index] = keccak(tag + left + right).digest()


def _build_levels(leaves: _Level, height: int) -> list[_Level]:
    """Return leaves, none empty, and all levels above, each made in one pass."""
    keccak, tag, zero = sha3.keccak_256, TAG_BRANCH, ZERO
    levels = [leaves]
    indices = sorted(leaves)
    nodes = [leaves[index] for index in indices]
    for _ in range(height):
        parents: list[int] = []
        hashes: list[bytes] = []
        at, end = 0, len(indices)
        while at < end:
            index, node = indices[at], nodes[at]
            at += 1
            if index & 1:
                preimage = tag + zero + node
            elif at < end and indices[at] == index + 1:
                preimage = tag + node + nodes[at]
                at += 1
            else:
                preimage = tag + node + zero
            parents.append(index >> 1)
            hashes.append(keccak(preimage).digest())
        indices, nodes = parents, hashes
        levels.append(dict(zip(indices, nodes, strict=True)))
    return levels
