"""The families of steps, registered in one place: which function executes what.

A family is one module of `core` and one contract of contracts/src/steps. Source: docs/spec.md X-12.
Twin: contracts/src/types/Family.sol.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from rollup_node.core.deposits import apply_deposit
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import Deposit, RotateKey, Transfer, Withdraw
from rollup_node.core.kinds import Phase, StepKind
from rollup_node.core.reason import Reason
from rollup_node.core.transactions import apply_transaction

Action: TypeAlias = Callable[[Frame, Any, Authority], tuple[StepKind, Reason]]
"""Executes the content of a record or message: authenticates, checks, does its first thing."""

Task: TypeAlias = Callable[[Frame], tuple[StepKind, Reason]]
"""Executes one step of what is in flight, and sets the phase that follows."""

ACTIONS: Final[dict[type, Action]] = {
    Transfer: apply_transaction,
    Withdraw: apply_transaction,
    RotateKey: apply_transaction,
    Deposit: apply_deposit,
}
"""By the type of a decoded record or message."""

TASKS: Final[dict[int, Task]] = {}
"""By phase."""


def find_task(phase: int) -> Task:
    """Return what executes a phase. Total: a phase that nobody knows ends. Source: X-12."""
    return TASKS.get(phase, _end_task)


def _end_task(frame: Frame) -> tuple[StepKind, Reason]:
    """End a task that no family knows; no step begins one."""
    frame.phase = Phase.IDLE
    return StepKind.UNDECODABLE, Reason.UNDECODABLE
