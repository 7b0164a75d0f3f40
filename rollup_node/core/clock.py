"""The beginning of a block: its time, its order class, and what falls due. Family PRICE."""

from rollup_node.core.frame import Frame
from rollup_node.core.kinds import OrderClass
from rollup_node.core.layout import CLASS_RESET_MS
from rollup_node.core.prices import begin_due_work


def advance_clock(frame: Frame, time_ms: int) -> None:
    """Begin the next block at `time_ms`, which is not before the last one.

    The order classes start over only if at least 20 ms passed, so that a sequencer cannot start
    them over without giving up time. Source: docs/spec.md X-3.
    Twin: contracts/src/core/CursorRules.sol.
    """
    if time_ms - frame.time_ms >= CLASS_RESET_MS:
        frame.order_class = OrderClass.ORACLE
    frame.block += 1
    frame.time_ms = time_ms


def begin_block(frame: Frame) -> None:
    """Do what every block begins with; may begin a task. Without prices nothing is due.

    Reads what `begin_due_work` reads. Source: docs/spec.md X-13.
    Twin: contracts/src/steps/PriceSteps.sol.
    """
    begin_due_work(frame)
