"""The state tree: regions of fixed depth under one root, flushed in batches.

A region is kept in pages of five levels. A page is a list of 32 children and the 31 nodes above
them, numbered as in a heap: its root is 1, the children of node `n` are `2n` and `2n + 1`. Its root
is a child of a page further up. So a path through five levels stays in one list, which is faster
than a table of nodes, and a leaf that stands alone costs one short list for every five levels: its
index may be anything. A flush hashes each branch above the changed leaves once, however many of
them lie below it (ADR 1).
"""

from collections.abc import Iterable, Sequence
from typing import Final

from rollup_node.core.layout import (
    DEPTHS,
    INDEX_BITS,
    POSITION_BITS,
    REGION_BITS,
    LeafKey,
    position,
)
from rollup_node.proof.hashing import TAG_BRANCH, TAG_LEAF, ZERO, branch_hash, keccak
from rollup_node.proof.multiproof import Multiproof, plan_siblings, sort_keys

_INDEX_MASK: Final = (1 << INDEX_BITS) - 1
_PAGE_LEVELS: Final = 5
"""Four are as fast and take more memory in dense regions, six take twice as much in sparse ones."""

_Page = list[bytes]


class StateTree:
    """A Merkle tree of leaf values. Source: docs/spec.md T. Twin: contracts/src/proof."""

    def __init__(self) -> None:
        self._regions = {region: _Region(depth - REGION_BITS) for region, depth in DEPTHS.items()}
        self._changes: dict[int, dict[int, bytes]] = {region: {} for region in DEPTHS}
        self._top: list[bytes] = [ZERO] * (2 << REGION_BITS)
        self._is_flushed = True

    def put(self, key: LeafKey, value: bytes) -> None:
        """Set the value at `key`; the empty value clears the leaf."""
        self.put_all([(key, value)])

    def put_all(self, values: Iterable[tuple[LeafKey, bytes]]) -> None:
        """Set values; an empty one clears its leaf."""
        tag, changes = TAG_LEAF, self._changes
        for key, value in values:
            node = keccak(tag + value) if value else ZERO
            changes[key >> INDEX_BITS][key & _INDEX_MASK] = node
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
        region = self._regions.get(index >> (depth - REGION_BITS))
        if region is None:
            return ZERO
        return region.node(depth - REGION_BITS, index & ((1 << (depth - REGION_BITS)) - 1))

    def _flush(self) -> None:
        for region, changes in self._changes.items():
            if changes:
                self._top[(1 << REGION_BITS) + region] = self._regions[region].flush(changes)
                self._changes[region] = {}
        for node in range((1 << REGION_BITS) - 1, 0, -1):
            self._top[node] = branch_hash(self._top[2 * node], self._top[2 * node + 1])


class _Region:
    """The pages of one region, in layers from its leaves to its root; a missing page is zero."""

    def __init__(self, height: int) -> None:
        self._layers: list[tuple[int, dict[int, _Page]]] = []
        self._by_depth: list[tuple[int, dict[int, _Page]]] = []
        for below in range(height, 0, -_PAGE_LEVELS):
            levels, pages = min(_PAGE_LEVELS, below), dict[int, _Page]()
            self._layers.append((levels, pages))
            self._by_depth[:0] = [(depth, pages) for depth in range(1, levels + 1)]

    def node(self, depth: int, index: int) -> bytes:
        """Return the node at a depth below the root of the region, from 1 to its height."""
        depth_in_page, pages = self._by_depth[depth - 1]
        page = pages.get(index >> depth_in_page)
        return page[1 << depth_in_page | index & (1 << depth_in_page) - 1] if page else ZERO

    def flush(self, changes: dict[int, bytes]) -> bytes:
        """Set leaves by their index, at least one, and return the root of the region."""
        for levels, pages in self._layers:
            touched = _write(levels, pages, changes)
            changes = {}
            for number, (page, places) in touched.items():
                _hash_page(page, places)
                changes[number] = page[1]
        return changes[0]


def _write(
    levels: int, pages: dict[int, _Page], changes: dict[int, bytes]
) -> dict[int, tuple[_Page, set[int]]]:
    """Write nodes at the foot of their pages; return each page with the parents to hash again."""
    first = 1 << levels
    mask = first - 1
    touched: dict[int, tuple[_Page, set[int]]] = {}
    for index, node in changes.items():
        number, place = index >> levels, first | index & mask
        found = touched.get(number)
        if found is None:
            page = pages.get(number)
            if page is None:
                page = pages[number] = [ZERO] * (2 * first)
            touched[number] = page, {place >> 1}
        else:
            page = found[0]
            found[1].add(place >> 1)
        page[place] = node
    return touched


def _hash_page(page: _Page, places: set[int]) -> None:
    """Hash nodes of one level of a page, and all above them."""
    hash_of, tag, zero = keccak, TAG_BRANCH, ZERO
    while len(places) > 1:
        for place in places:
            left, right = page[2 * place], page[2 * place + 1]
            is_empty = left is zero and right is zero
            page[place] = zero if is_empty else hash_of(tag + left + right)
        places = {place >> 1 for place in places}
    (place,) = places
    while place:
        left, right = page[2 * place], page[2 * place + 1]
        is_empty = left is zero and right is zero
        page[place] = zero if is_empty else hash_of(tag + left + right)
        place >>= 1
