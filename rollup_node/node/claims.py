"""What the next right claim is, from this node's own execution; and what others claimed.

Segments end with each item and an unfinished claim ends with a segment, so the segments of a claim
are a slice of all segments since genesis (docs/spec.md G-1, G-2).
"""

from dataclasses import dataclass
from itertools import pairwise

from rollup_node.codec.leaves import encode_leaf
from rollup_node.core.invariant import InvariantViolation
from rollup_node.derive.assertions import AssertionTree, KnownAssertion
from rollup_node.derive.events import AssertionCreated
from rollup_node.derive.pipeline import Derivation
from rollup_node.node.replica import ExecutedItem, Replica
from rollup_node.proof.assertions import assertion_id
from rollup_node.proof.history import HistoryTree
from rollup_node.roles.proposer import PendingClaim, RightClaim
from rollup_node.roles.verifier import CheckedAssertion

_ZERO = bytes(32)
_KEPT_CHILDREN = 32


def genesis_assertion(state_root: bytes) -> AssertionCreated:
    """Return the assertion that every chain begins with (docs/spec.md G-4)."""
    return AssertionCreated(
        assertion_id=assertion_id(_ZERO, state_root, _ZERO),
        parent_id=_ZERO,
        after_state_root=state_root,
        history_root=state_root,
        accumulator=_ZERO,
        target=0,
        next_target=1,
        item=0,
        finished=True,
        staker=bytes(20),
        created_at=0,
    )


@dataclass(frozen=True, slots=True)
class RightChild:
    """What the children of a right assertion should claim.

    Attributes
    ----------
    target, accumulator
        Inbox items that it is about, and the inbox's accumulator there.
    history
        The right history; leaves from `segments` on repeat the finished state.
    first_segment
        How many segments there are from genesis to the assertion.
    """

    assertion_id: bytes
    parent_id: bytes
    target: int
    accumulator: bytes
    history: HistoryTree
    first_segment: int
    segments: int


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a claim is among all segments: `start..end` of `[start, all]`."""

    start: int
    end: int
    all: int


class Claims:
    """Right claims over a replica that computes segments."""

    def __init__(
        self, replica: Replica, derivation: Derivation, tree: AssertionTree, height: int
    ) -> None:
        self._replica = replica
        self._derivation = derivation
        self._tree = tree
        self._height = height
        self._middle: dict[bytes, tuple[bytes, tuple[bytes, ...]]] = {}
        self._histories: dict[tuple[bytes, bytes], tuple[bytes, bytes]] = {}
        self._verdicts: dict[bytes, bool] = {}
        self._children: dict[tuple[bytes, bytes], RightChild] = {}

    def right_branch(self) -> list[KnownAssertion]:
        """Return genesis and its right descendants as far as this node can tell."""
        branch = [self._tree.genesis]
        while True:
            right = [child for child in self._tree.children(branch[-1].id) if self._is_right(child)]
            if not right:
                return branch
            branch.append(right[0])

    def next_claim(self) -> RightClaim | None:
        """Return the claim to make, `None` if the inbox or the execution is not there yet."""
        parent = self.right_branch()[-1].created
        target = parent.next_target
        if min(len(self._derivation.items), self._replica.item_count) < target:
            return None
        return self._claim(parent, target)

    def right_child(self, parent: KnownAssertion) -> RightChild | None:
        """Return what the children of a right assertion should claim.

        `None` if the inbox or the execution is not there yet.
        """
        target = parent.created.next_target
        if min(len(self._derivation.items), self._replica.item_count) < target:
            return None
        accumulator = self._derivation.accumulator(target)
        key = (parent.id, accumulator)
        if key not in self._children:
            while len(self._children) >= _KEPT_CHILDREN:
                del self._children[next(iter(self._children))]
            span = self._span_after(parent.created, target)
            history = self._history(span)
            self._children[key] = RightChild(
                assertion_id(parent.id, history.root, accumulator),
                parent.id,
                target,
                accumulator,
                history,
                span.start,
                span.end - span.start,
            )
        return self._children[key]

    def pending(self, now: int) -> list[PendingClaim]:
        """Return the right assertions that are not confirmed, parents first; `now` is L1 time."""
        return [
            PendingClaim(
                assertion_id=child.id,
                parent_confirmed=parent.confirmed,
                live_own_seconds=self._tree.live_own(child.id, now),
                rivaled=len(self._tree.children(parent.id)) > 1,
                confirmable_at=child.confirmable_at,
            )
            for parent, child in pairwise(self.right_branch())
            if not child.confirmed
        ]

    def checked(self) -> list[CheckedAssertion]:
        """Return all assertions whose target this node has executed, held against its own."""
        found = []
        for known in self._tree.all()[1:]:
            made = known.created
            if made.target > self._replica.item_count:
                continue
            history, after = self._expected(made) or (None, None)
            found.append(
                CheckedAssertion(known.id, made.history_root, made.after_state_root, history, after)
            )
        return found

    def segment_roots(self, wanted: bytes) -> tuple[bytes, ...] | None:
        """Return the segment roots of a right assertion, `None` if it is unknown or wrong."""
        known = self._tree.get(wanted)
        if known is None or known.created.target > self._replica.item_count:
            return None
        if not self._is_right(known):
            return None
        span = self._span(known.created)
        return tuple(self._replica.segment_roots[span.start : span.end])

    def _is_right(self, known: KnownAssertion) -> bool:
        """Tell whether an assertion is right. Its id commits to all of it, so a verdict is final.

        Callers go from parents to children: then the verdict on the parent is there already.
        """
        made = known.created
        if made.target > self._replica.item_count:
            return False
        if known.id not in self._verdicts:
            right = self._expected(made) == (made.history_root, made.after_state_root)
            self._verdicts[known.id] = right
        return self._verdicts[known.id]

    def _expected(self, made: AssertionCreated) -> tuple[bytes, bytes] | None:
        """Return right history root and after state for a claim, `None` if its parent is wrong."""
        parent = self._tree.get(made.parent_id)
        if parent is None or (parent.id != self._tree.genesis.id and not self._is_right(parent)):
            return None
        if self._derivation.accumulator(made.target) != made.accumulator:
            return None
        key = (made.parent_id, made.accumulator)
        if key not in self._histories:
            tree = self._history(self._span(made))
            self._histories[key] = (tree.root, tree.last_leaf)
        return self._histories[key]

    def _history(self, span: _Span) -> HistoryTree:
        roots = self._replica.segment_roots
        return HistoryTree(self._height, roots[span.start : span.end], roots[span.end - 1])

    def _span(self, made: AssertionCreated) -> _Span:
        parent = self._tree.get(made.parent_id)
        if parent is None:
            raise InvariantViolation(f"claim with unknown parent 0x{made.parent_id.hex()}")
        return self._span_after(parent.created, made.target)

    def _span_after(self, parent: AssertionCreated, target: int) -> _Span:
        start = self._position(parent)
        last = self._replica.items[target - 1].segments
        return _Span(start, min(last, start + (1 << self._height)), last)

    def _position(self, made: AssertionCreated) -> int:
        """Return how many segments there are from genesis to the after state of a right claim."""
        if made.finished:
            return self._replica.items[made.item - 1].segments if made.item else 0
        return self._span(made).end

    def _claim(self, parent: AssertionCreated, target: int) -> RightClaim:
        span = self._span_after(parent, target)
        history = self._history(span)
        accumulator = self._derivation.accumulator(target)
        cursor, branch = self._cursor(span.end)
        return RightClaim(
            assertion_id=assertion_id(parent.assertion_id, history.root, accumulator),
            parent_id=parent.assertion_id,
            target=target,
            history_root=history.root,
            after_state_root=history.last_leaf,
            last_leaf_branch=tuple(history.branch((1 << self._height) - 1)),
            cursor=cursor,
            cursor_branch=branch,
            segment_roots=tuple(self._replica.segment_roots[span.start : span.end]),
            finished=span.end == span.all,
        )

    def _cursor(self, segment: int) -> tuple[bytes, tuple[bytes, ...]]:
        """Return the cursor leaf and its branch after `segment` segments."""
        executed = self._item_of(segment)
        if executed.segments == segment:
            return encode_leaf(executed.cursor), executed.cursor_branch
        root = self._replica.segment_roots[segment - 1]
        if root not in self._middle:
            done = executed.item.index
            before = self._replica.items[done - 1].segments if done else 0
            self._middle[root] = self._replica.cursor_inside(done, segment - before)
        return self._middle[root]

    def _item_of(self, segment: int) -> ExecutedItem:
        items = self._replica.items
        low, high = 0, len(items) - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if items[middle].segments >= segment else (middle + 1, high)
        return items[low]


def assertion_input(claim: RightClaim) -> tuple[object, ...]:
    """Return a claim as `createAssertion` takes it (docs/spec.md G-5)."""
    return (
        claim.parent_id,
        claim.assertion_id,
        claim.history_root,
        claim.after_state_root,
        list(claim.last_leaf_branch),
        claim.cursor + b"".join(claim.cursor_branch),
    )
