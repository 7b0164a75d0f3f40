"""The model of the game itself: D-3, D-5, D-7 to D-9 (docs/spec.md)."""

from collections.abc import Sequence
from dataclasses import replace

from tests.contracts.game_claims import Claims
from tests.contracts.game_edges import MAX_TIMER, Key, Mutual, extend, parent_node, require, root_of
from tests.contracts.game_state import (
    NO_ID,
    NOBODY,
    Assertion,
    LeafProof,
    Refutation,
    Status,
    Transition,
)


class Court(Claims):
    """What can be done about edges and against assertions."""

    def record(self, target: int, start: bytes, steps: int, end: bytes, ended: bool) -> None:
        """G-3: the machine was run from `start`; the entry says what it came to."""
        self.table[target, start, steps] = (end, ended)

    def successor(self, origin: bytes, state: bytes, transition: Transition) -> bytes:
        """D-7."""
        target = self.assertions[origin].next_target
        if transition.finished:
            require(self.machine.position(state) == (target, True), "NotFinished")
            return state
        root, ended = self.table.get((target, state, transition.steps_done), (NO_ID, False))
        require(ended, "SegmentNotProven")
        return root

    def _require_open(self, origin: bytes) -> None:
        require(self.assertions[origin].confirmed_child == NO_ID, "ContestClosed")

    def bisect_assertion(self, who: str, id_: bytes, left: bytes, right: bytes) -> None:
        """D-3 for the layer-zero edge: its time does not count, as if it was born with a rival."""
        node = self.known(id_)
        require(parent_node(left, right) == node.root, "HalvesMismatch")
        self._require_open(node.parent)
        require(len(self.assertions[node.parent].children) > 1, "EdgeUnrivaled")
        key = self.top(id_)
        require(key not in self.edges.edges, "AlreadyBisected")
        self.edges.add_top(key, self.now)
        self.edges.bisect(key, left, right, who, self.now)

    def bisect(self, who: str, mutual: Mutual, left: bytes, right: bytes) -> None:
        """D-3."""
        require(0 < mutual.height <= self.rules.height, "HeightOutOfRange")
        key = Key(mutual, parent_node(left, right))
        require(key in self.edges.edges, "UnknownEdge")
        self._require_open(mutual.origin)
        edge = self.edges.edges[key]
        require(edge.rivaled_at != 0, "EdgeUnrivaled")
        require(edge.actor == NOBODY, "AlreadyBisected")
        self.edges.bisect(key, left, right, who, self.now)

    def update_timers(self, edges: Sequence[tuple[Mutual, bytes, bytes]]) -> None:
        """D-5, in the order given."""
        for mutual, left, right in edges:
            require(0 < mutual.height <= self.rules.height, "HeightOutOfRange")
            key = Key(mutual, parent_node(left, right))
            require(key in self.edges.edges, "UnknownEdge")
            require(self.edges.edges[key].actor != NOBODY, "NotBisected")
            self.edges.update(key, left, right, self.now, self.rules.height)

    def prove_one_step(
        self, who: str, mutual: Mutual, leaf: bytes, proof: LeafProof, transition: Transition
    ) -> None:
        """D-9."""
        key = Key(mutual._replace(height=0), leaf)
        require(key in self.edges.edges, "UnknownEdge")
        self._require_open(mutual.origin)
        edge = self.edges.edges[key]
        require(edge.rivaled_at != 0, "EdgeUnrivaled")
        require(edge.inherited != MAX_TIMER, "AlreadyProven")
        before = self.assertions[mutual.origin].after
        if mutual.index:
            before = _last_absorbed(mutual, proof)
        expected = self.successor(mutual.origin, before, transition)
        require(expected == leaf, "WrongPoststate")
        self.edges.edges[key] = replace(edge, inherited=MAX_TIMER, actor=who)

    def refute(self, who: str, id_: bytes, wrong: Refutation, transition: Transition) -> None:
        """D-8, through the proof table."""
        before = self._open_leaves(id_, wrong)
        origin = self.assertions[id_].parent
        self._kill(who, id_, wrong, self.successor(origin, before, transition))

    def refute_with_run(
        self, who: str, id_: bytes, wrong: Refutation, start: bytes, steps: int
    ) -> None:
        """D-8 in one transaction: the machine is run first."""
        before = self._open_leaves(id_, wrong)
        require(start == before, "WrongRun")
        target = self.assertions[id_].target
        end, ended = self.machine.run(target, start, steps)
        require(ended, "SegmentNotProven")
        self.record(target, start, steps, end, ended)
        self._kill(who, id_, wrong, end)

    def _open_leaves(self, id_: bytes, wrong: Refutation) -> bytes:
        """Return the state before the leaf that is said to be wrong."""
        node = self.known(id_)
        self._require_open(node.parent)
        require(wrong.index < 1 << self.rules.height, "IndexOutOfRange")
        self._check_leaf(node, wrong.index, wrong.leaf, wrong.branch)
        if not wrong.index:
            return self.assertions[node.parent].after
        self._check_leaf(node, wrong.index - 1, wrong.leaf_before, wrong.branch_before)
        return wrong.leaf_before

    def _kill(self, who: str, id_: bytes, wrong: Refutation, expected: bytes) -> None:
        require(expected != wrong.leaf, "TransitionIsValid")
        node = self.contestant(id_)
        parent = self.assertions[node.parent]
        live = tuple(child for child in parent.live if child != id_)
        self.assertions[node.parent] = replace(parent, live=live)
        around = (NO_ID, *parent.live, NO_ID)
        at = around.index(id_)
        self.assertions[id_] = replace(
            node,
            status=Status.REFUTED,
            refuter=who,
            last_neighbours=(around[at - 1], around[at + 1]),
        )

    def _check_leaf(
        self, node: Assertion, index: int, leaf: bytes, branch: Sequence[bytes]
    ) -> None:
        require(len(branch) == self.rules.height, "BranchLengthMismatch")
        require(root_of(leaf, index, branch) == node.root, "LeafNotInHistory")


def _last_absorbed(mutual: Mutual, proof: LeafProof) -> bytes:
    """Return the last leaf of the last left sibling that the prefix absorbed."""
    is_absorbed = extend(proof.previous_prefix, proof.last_left) == mutual.prefix
    require(is_absorbed, "PrefixMismatch")
    height = (mutual.index & -mutual.index).bit_length() - 1
    require(len(proof.branch) == height, "BranchLengthMismatch")
    last = root_of(proof.leaf_before, (1 << height) - 1, proof.branch)
    require(last == proof.last_left, "PrefixMismatch")
    return proof.leaf_before
