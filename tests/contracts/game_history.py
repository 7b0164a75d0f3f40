"""Histories of a toy machine, and what a player who knows one can show of it."""

from collections.abc import Sequence

from tests.contracts.game_edges import NO_PREFIX, Key, Mutual, extend, parent_node
from tests.contracts.game_state import NO_ID, LeafProof, Refutation


class History:
    """A complete binary tree over the states after each segment (docs/spec.md G-2)."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.leaves = tuple(leaves)
        self.height = len(leaves).bit_length() - 1
        self.levels = [list(leaves)]
        for _ in range(self.height):
            below = self.levels[-1]
            pairs = zip(below[::2], below[1::2], strict=True)
            self.levels.append([parent_node(*pair) for pair in pairs])
        self.root = self.levels[-1][0]
        self._keys: dict[tuple[bytes, int, int], Key] = {}

    def node(self, height: int, index: int) -> bytes:
        """Return the node with this place."""
        return self.levels[height][index]

    def halves(self, height: int, index: int) -> tuple[bytes, bytes]:
        """Return what a node is the hash of."""
        below = self.levels[height - 1]
        return below[2 * index], below[2 * index + 1]

    def branch(self, height: int, index: int, up_to: int | None = None) -> list[bytes]:
        """Return the siblings from a node upwards to the level `up_to`, by default the root."""
        top = self.height if up_to is None else up_to
        return [self.levels[level][index >> level - height ^ 1] for level in range(height, top)]

    def prefix(self, height: int, index: int) -> bytes:
        """D-2: the chain of all left siblings on the way down."""
        prefix = NO_PREFIX
        for level in reversed(range(height, self.height)):
            place = index >> level - height
            if place & 1:
                prefix = extend(prefix, self.levels[level][place - 1])
        return prefix

    def key(self, origin: bytes, height: int, index: int) -> Key:
        """Return the edge of a node (D-1)."""
        place = (origin, height, index)
        if place not in self._keys:
            mutual = Mutual(*place, self.prefix(height, index))
            self._keys[place] = Key(mutual, self.node(height, index))
        return self._keys[place]

    def leaf_proof(self, index: int) -> LeafProof:
        """Return what D-9 asks for about the leaf before `index`."""
        if index == 0:
            return LeafProof(NO_PREFIX, NO_PREFIX, NO_PREFIX, [])
        zeros = (index & -index).bit_length() - 1
        absorbed = (index >> zeros) - 1
        return LeafProof(
            self.prefix(zeros, absorbed),
            self.node(zeros, absorbed),
            self.leaves[index - 1],
            self.branch(0, index - 1, zeros),
        )

    def refutation(self, index: int) -> Refutation:
        """Return what D-8 asks for about leaf `index`."""
        leaf, branch = self.leaves[index], self.branch(0, index)
        if index == 0:
            return Refutation(0, NO_ID, [], leaf, branch)
        before = self.branch(0, index - 1)
        return Refutation(index, self.leaves[index - 1], before, leaf, branch)
