"""Measures every step against what it may cost: weight, witness, leaves; keeps the worst ones."""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, Final, NamedTuple

from rollup_node.codec.leaves import encode_leaf
from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import (
    CURSOR_KEY,
    DEPTHS,
    INDEX_BITS,
    POSITION_BITS,
    LeafKey,
    position,
)
from rollup_node.core.leaves import Leaf
from rollup_node.core.reason import Reason
from rollup_node.core.weights import (
    MAX_STEP_WEIGHT,
    SEGMENT_WEIGHT,
    WEIGHTS,
    is_segment_end,
)
from rollup_node.devnet.crash.books import demand

MAX_WITNESS_BYTES: Final = 65_536
"""The limit of the provability gate for a call of one step."""

_HASH_BYTES: Final = 32
_LEAF_BYTES: Final = 7
"""Key and length of a leaf in a witness. Source: docs/spec.md W-4."""
_INDEX_BYTES: Final = 2
_FIXED_BYTES: Final = 121 + 3 + 3 * (1_024 + 7 * _HASH_BYTES) + 1 + 2 + 1
"""Item, three chunks of a blob with their branches, and the counts: more than any record needs."""


class Opened(NamedTuple):
    """A step and what it opened: enough to prove it again.

    `source` is the record, message or block that it executed, None for a task; `leaves` are the
    leaves that it read as they were before it, the cursor among them.
    """

    kind: StepKind
    reason: Reason
    source: Any
    leaves: dict[LeafKey, Leaf | None]
    witness_bytes: int


class Bounds:
    """The largest step of each kind and reason, and the largest segment and task of all."""

    def __init__(self) -> None:
        self.counts: Counter[StepKind] = Counter()
        self.reasons: Counter[tuple[StepKind, Reason]] = Counter()
        self.worst: dict[tuple[StepKind, Reason], Opened] = {}
        self.most_leaves = self.longest_task = 0
        self.segments = self.heaviest_segment = 0
        self._sizes: dict[type, int] = {}
        self._segment_steps = self._segment_weight = self._task = 0

    @property
    def heaviest(self) -> StepKind:
        """The kind of the heaviest step that was taken."""
        return max(self.counts, key=lambda kind: WEIGHTS[kind])

    @property
    def largest_by_kind(self) -> list[Opened]:
        """The step with the largest witness of each kind, the largest one first."""
        found: dict[StepKind, Opened] = {}
        for step in sorted(self.worst.values(), key=lambda step: -step.witness_bytes):
            found.setdefault(step.kind, step)
        return list(found.values())

    @property
    def largest(self) -> Opened:
        """The step with the largest witness."""
        return max(self.worst.values(), key=lambda step: step.witness_bytes)

    def note(
        self,
        kind: StepKind,
        reason: Reason,
        source: Any,  # noqa: ANN401 - a record, a message, a block
        keys: Iterable[LeafKey],
        state: Mapping[LeafKey, Leaf],
    ) -> None:
        """Take down a step before its writes are kept; `keys` are those of the leaves it read.

        Raises
        ------
        InvariantViolation
            If it is larger than a step may be.
        """
        self.counts[kind] += 1
        self.reasons[kind, reason] += 1
        opened = {key: state.get(key) for key in (CURSOR_KEY, *keys)}
        size = self.witness_bytes(opened)
        worst = self.worst.get((kind, reason))
        if worst is None or size > worst.witness_bytes:
            self.worst[kind, reason] = Opened(kind, reason, source, opened, size)
            demand(size <= MAX_WITNESS_BYTES, f"G-1: {kind.name} needs {size} bytes of witness")
            demand(WEIGHTS[kind] <= MAX_STEP_WEIGHT, f"G-1: {kind.name} is too heavy")
        self.most_leaves = max(self.most_leaves, len(opened))
        self._task = self._task + 1 if source is None else 0
        self.longest_task = max(self.longest_task, self._task)
        self._count_segment(kind)

    def _count_segment(self, kind: StepKind) -> None:
        self._segment_steps += 1
        self._segment_weight += WEIGHTS[kind]
        self.heaviest_segment = max(self.heaviest_segment, self._segment_weight)
        if is_segment_end(kind, self._segment_steps, self._segment_weight):
            most = SEGMENT_WEIGHT + MAX_STEP_WEIGHT
            demand(self._segment_weight < most, f"G-1: a segment weighs {self._segment_weight}")
            self.segments += 1
            self._segment_steps = self._segment_weight = 0

    def witness_bytes(self, opened: Mapping[LeafKey, Leaf | None]) -> int:
        """Return what the witness of a call with this one step has at most (docs/spec.md W)."""
        values = sum(self._size(leaf) for leaf in opened.values() if leaf is not None)
        per_leaf = (_LEAF_BYTES + _INDEX_BYTES) * len(opened)
        return _FIXED_BYTES + values + per_leaf + _HASH_BYTES * count_siblings(opened)

    def _size(self, leaf: Leaf) -> int:
        """Return the encoded length of a leaf, which its type decides (docs/spec.md S)."""
        found = self._sizes.get(type(leaf))
        if found is None:
            found = self._sizes[type(leaf)] = len(encode_leaf(leaf))
        return found


def count_siblings(keys: Iterable[LeafKey]) -> int:
    """Return how many siblings a proof of these leaves has. Source: docs/spec.md T-4.

    Every leaf climbs up to its meeting with the next one, the last one to the root, and takes a
    sibling each level, but where two climbs meet.
    """
    places = sorted((position(key), DEPTHS[key >> INDEX_BITS]) for key in keys)
    climbed = sum(depth for _, depth in places)
    for (left, _), (right, _) in pairwise(places):
        climbed -= POSITION_BITS - (left ^ right).bit_length() + 1
    return climbed - (len(places) - 1)
