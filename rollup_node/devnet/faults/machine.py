"""A machine that lies at chosen places and is honest everywhere else, on what its lies left."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from rollup_node.codec.records import decode_record, read_body
from rollup_node.core.inputs import ItemHeader, Messages, SignedTransaction
from rollup_node.core.invariant import InvariantViolation
from rollup_node.core.kinds import Phase
from rollup_node.core.layout import (
    CURSOR_KEY,
    LEAVE_KEY,
    LIQUIDATION_KEY,
    PRICE_TASK_KEY,
    QUOTE_KEY,
    REFRESH_KEY,
    RFQ_KEY,
    SWEEP_KEY,
    TAKER_KEY,
    LeafKey,
)
from rollup_node.core.leaves import Cursor, Leaf, LeafReader
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.machine import (
    BlockInfo,
    ItemResult,
    Machine,
    RecoverSigner,
    StepResult,
)


class StepInputs(NamedTuple):
    """Everything that a step is a function of; a lie changes some of it, or the result."""

    state: LeafReader
    header: ItemHeader
    data: bytes
    messages: Messages
    signers: RecoverSigner


HonestStep = Callable[[StepInputs], StepResult]


class Lie(Protocol):
    """What a dishonest machine does instead of an honest step, with the help of one."""

    def __call__(self, honest: HonestStep, inputs: StepInputs) -> StepResult:
        """Return the false result."""


LieAt = Callable[[LeafReader], Lie | None]
"""The lie at a place, `None` where the machine is honest. It reads cursor and task, no more."""

_TASKS: Final[Mapping[int, LeafKey]] = {
    Phase.TAKE: TAKER_KEY,
    Phase.LEG: QUOTE_KEY,
    Phase.SWEEP: SWEEP_KEY,
    Phase.REFRESH: REFRESH_KEY,
    Phase.REPRICE: PRICE_TASK_KEY,
    Phase.SAMPLE: PRICE_TASK_KEY,
    Phase.DRAIN: PRICE_TASK_KEY,
    Phase.LEAVE: LEAVE_KEY,
    Phase.LIQUIDATE: LIQUIDATION_KEY,
    Phase.STRIKE: PRICE_TASK_KEY,
    Phase.RFQ: RFQ_KEY,
}


def read_task(state: LeafReader, cursor: Cursor) -> Leaf | None:
    """Return what is in flight, `None` if nothing is: what the next step reads first anyway."""
    key = _TASKS.get(cursor.phase)
    task: Leaf | None = None if key is None else state.get(key)
    return task


_Record = TypeVar("_Record")


def read_record(inputs: StepInputs, kind: type[_Record]) -> _Record:
    """Return the record at the cursor, or what is signed in it; another one is a bug."""
    cursor: Cursor = inputs.state.get(CURSOR_KEY)
    body = read_body(inputs.data, cursor.offset, inputs.header.byte_length)
    record: object = None if body is None else decode_record(body)
    if isinstance(record, SignedTransaction):
        record = record[0]
    if not isinstance(record, kind):
        raise InvariantViolation(f"no {kind.__name__} at {cursor.item}:{cursor.offset}")
    return record


class Pretend:
    """A state that shows some leaves as other than they are; each is read all the same."""

    def __init__(self, state: LeafReader, shown: dict[LeafKey, Leaf]) -> None:
        self._state = state
        self._shown = shown

    def get(self, key: LeafKey, /) -> Any:  # noqa: ANN401 - the key decides the type of the leaf
        """Return the leaf that is shown, else the true one."""
        true = self._state.get(key)
        return self._shown.get(key, true)


Mend = Callable[[Leaf], Leaf]
"""Gives a leaf that was written over a false one what is true again."""


def believing(
    honest: HonestStep,
    inputs: StepInputs,
    shown: dict[LeafKey, Leaf],
    mends: Mapping[LeafKey, Mend] | None = None,
) -> StepResult:
    """Return the honest step over leaves as they are shown, and mend what it writes to them."""
    result = honest(inputs._replace(state=Pretend(inputs.state, shown)))
    writes = result.writes
    mended = {key: mend(writes[key]) for key, mend in (mends or {}).items() if key in writes}
    return result._replace(writes={**writes, **mended})


def restore(**fields: object) -> Mend:
    """Return what gives some fields of a leaf their true values back."""
    return lambda leaf: leaf._replace(**fields)  # type: ignore[arg-type]


def with_leaf(result: StepResult, key: LeafKey, leaf: Leaf) -> StepResult:
    """Return a result with another value of one leaf."""
    return result._replace(writes={**result.writes, key: leaf})


class FaultyMachine(Machine):
    """The honest machine with lies; which step is a lie depends on its place alone."""

    def __init__(self, chain_id: int, bridge: bytes, lie_at: LieAt) -> None:
        super().__init__(chain_id, bridge)
        self._lie_at = lie_at

    def step(
        self,
        state: LeafReader,
        header: ItemHeader,
        data: bytes,
        messages: Messages,
        signers: RecoverSigner | None = None,
        target: int | None = None,
    ) -> StepResult:
        """Do the next step, falsely where there is a lie; see `Machine.step`."""
        lie = self._lie_at(state)
        if lie is None:
            return super().step(state, header, data, messages, signers, target)
        inputs = StepInputs(state, header, data, messages, signers or self.recover_signer)
        return lie(self._honest, inputs)

    def run_item(
        self,
        state: ChainState,
        header: ItemHeader,
        data: bytes,
        messages: Messages,
        *,
        signers: Iterable[bytes | None] | None = None,  # noqa: ARG002 - one per honest record
        segment_roots: bool,
        on_block: Callable[[BlockInfo], None] | None = None,
    ) -> ItemResult:
        """Run an item; it recovers signers itself, since lies may read other records."""
        return super().run_item(
            state, header, data, messages, segment_roots=segment_roots, on_block=on_block
        )

    def _honest(self, inputs: StepInputs) -> StepResult:
        return super().step(*inputs)
