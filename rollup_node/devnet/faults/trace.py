"""Every step of a range of items, one by one: where lies can be put, and where two parties part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import CURSOR_KEY, LeafKey
from rollup_node.core.leaves import Cursor, Leaf
from rollup_node.core.reason import Reason
from rollup_node.core.weights import is_segment_end
from rollup_node.derive.items import DerivedItem
from rollup_node.devnet.faults.leaf_names import name_changes, name_leaf
from rollup_node.devnet.faults.machine import read_task
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.machine import Machine, StepResult


class TraceStep(NamedTuple):
    """One step. `number` counts from the start of the range, `place` from that of its segment.

    `task` is what is in flight before it, `None` for a step of its own.
    """

    number: int
    segment: int
    place: int
    cursor: Cursor
    task: Leaf | None
    kind: StepKind
    reason: Reason
    is_void: bool
    touched: frozenset[LeafKey]
    root: bytes


def walk(machine: Machine, state: ChainState, items: Sequence[DerivedItem]) -> Iterator[TraceStep]:
    """Yield every step of `items` on `state`, which moves along."""
    number = segment = place = weight = 0
    for item in items:
        void = False
        while state.get(CURSOR_KEY).item == item.index:
            cursor: Cursor = state.get(CURSOR_KEY)
            task = read_task(state, cursor)
            result: StepResult = machine.step(state, item.header, item.data, item.messages)
            void = void or result.reason is Reason.VOID_BATCH
            state.commit(result.writes)
            yield TraceStep(
                number,
                segment,
                place,
                cursor,
                task,
                result.kind,
                result.reason,
                void,
                frozenset(result.writes),
                state.root(),
            )
            number, place, weight = number + 1, place + 1, weight + result.weight
            if is_segment_end(result.kind, place, weight):
                segment, place, weight = segment + 1, 0, 0


@dataclass(frozen=True, slots=True)
class Ground:
    """What a plan is made for: the honest steps and items of a contest, its segments, its start.

    `state` is the snapshot before the first step, and `machine` the honest one.
    """

    steps: Sequence[TraceStep]
    items: Sequence[DerivedItem]
    segments: int
    height: int
    machine: Machine
    state: bytes

    def state_at_start(self) -> ChainState:
        """Return a state of its own to walk on."""
        return ChainState.from_bytes(self.state)


@dataclass(frozen=True, slots=True)
class Difference:
    """The first step after which two states differ, and the first leaf that does, encoded."""

    right: TraceStep
    wrong: TraceStep
    leaf: LeafKey
    expected: bytes
    claimed: bytes

    def to_dict(self) -> dict[str, Any]:
        """Return in the rollup's words what a false step claims, as plain data."""
        return {
            "segment": self.right.segment,
            "step": self.right.place,
            "step_number": self.right.number,
            "item": self.right.cursor.item,
            "offset": self.right.cursor.offset,
            "kind": self.right.kind.name,
            "reason": self.right.reason.name,
            "claimed_reason": self.wrong.reason.name,
            "leaf": name_leaf(self.leaf),
            "expected_value": "0x" + self.expected.hex(),
            "claimed_value": "0x" + self.claimed.hex(),
            "fields": [
                change._asdict() for change in name_changes(self.leaf, self.expected, self.claimed)
            ],
        }


def first_difference(
    honest: Machine, liar: Machine, start: ChainState, items: Sequence[DerivedItem]
) -> Difference | None:
    """Return where two machines part on their way from `start`, `None` if they never do."""
    snapshot = start.to_bytes()
    ours, theirs = ChainState.from_bytes(snapshot), ChainState.from_bytes(snapshot)
    pairs = zip(walk(honest, ours, items), walk(liar, theirs, items), strict=False)
    for right, wrong in pairs:
        if right.root == wrong.root:
            continue
        touched = sorted(right.touched | wrong.touched)
        leaf = next(key for key in touched if ours.value(key) != theirs.value(key))
        return Difference(right, wrong, leaf, ours.value(leaf), theirs.value(leaf))
    return None
