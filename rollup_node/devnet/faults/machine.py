"""A machine that lies at chosen places and is honest everywhere else, on what its lies left."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from rollup_node.core.inputs import ItemHeader, Messages
from rollup_node.core.layout import CURSOR_KEY, LeafKey
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


LieAt = Callable[[Cursor], Lie | None]
"""The lie at a cursor, `None` where the machine is honest."""


class Pretend:
    """A state that shows some leaves as other than they are; each is read all the same."""

    def __init__(self, state: LeafReader, shown: dict[LeafKey, Leaf]) -> None:
        self._state = state
        self._shown = shown

    def get(self, key: LeafKey, /) -> Any:  # noqa: ANN401 - the key decides the type of the leaf
        """Return the leaf that is shown, else the true one."""
        true = self._state.get(key)
        return self._shown.get(key, true)


class FaultyMachine(Machine):
    """The honest machine with lies; which step is a lie depends on the cursor alone."""

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
        lie = self._lie_at(state.get(CURSOR_KEY))
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
