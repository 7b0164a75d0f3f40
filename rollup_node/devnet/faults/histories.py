"""Histories that are honest but for some leaves, and the claims that a node makes of them."""

from collections.abc import Mapping

from rollup_node.derive.assertions import AssertionTree
from rollup_node.derive.pipeline import Derivation
from rollup_node.node.claims import Claims, _Span
from rollup_node.node.replica import Replica
from rollup_node.proof.hashing import keccak
from rollup_node.proof.history import HistoryTree

Patches = Mapping[int, bytes]
"""False leaves by index."""


def patched(honest: HistoryTree, patches: Patches) -> HistoryTree:
    """Return an honest history with some leaves replaced; the last one stays, L1 asks for it."""
    return HistoryTree(honest.height, patched_roots(honest, patches, 0), honest.last_leaf)


def patched_roots(honest: HistoryTree, patches: Patches, count: int) -> list[bytes]:
    """Return the first `count` leaves, or more if more differ; the last one is the finished state.

    All leaves after those that are returned repeat the last one.
    """
    roots = [patches.get(index, honest.leaf(index)) for index in range(1 << honest.height)]
    while len(roots) > max(count, 1) and roots[-2] == honest.last_leaf:
        roots.pop()
    return roots


def no_state(number: int) -> bytes:
    """Return a root that no state has; different for each number."""
    return keccak(b"no state" + number.to_bytes(8, "big"))


class PatchedClaims(Claims):
    """Claims of a node that believes in a patched history below one assertion, and nowhere else.

    Parameters
    ----------
    start
        Segments from genesis to that assertion.
    """

    def __init__(
        self,
        replica: Replica,
        derivation: Derivation,
        tree: AssertionTree,
        height: int,
        *,
        start: int,
        patches: Patches,
    ) -> None:
        super().__init__(replica, derivation, tree, height)
        self._start = start
        self._patches = patches

    def segment_roots(self, wanted: bytes) -> tuple[bytes, ...] | None:
        """Return the segment roots of an assertion that this node believes in, patched ones too."""
        roots = super().segment_roots(wanted)
        known = self._tree.get(wanted)
        if roots is None or known is None:
            return None
        span = self._span(known.created)
        if span.start != self._start:
            return roots
        return tuple(patched_roots(super()._history(span), self._patches, len(roots)))

    def _history(self, span: _Span) -> HistoryTree:
        honest = super()._history(span)
        return patched(honest, self._patches) if span.start == self._start else honest
