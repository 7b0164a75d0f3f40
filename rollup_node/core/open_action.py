"""Records that anyone may make: they stand in the order of classes, and nobody signs them."""

from collections.abc import Callable
from typing import Any

from rollup_node.core.frame import Authority, Frame
from rollup_node.core.kinds import OrderClass, StepKind
from rollup_node.core.reason import Reason


def open_action(
    kind: StepKind,
    order_class: OrderClass,
    effect: Callable[[Frame, Any, Authority], Reason],
) -> Callable[[Frame, Any, Authority], tuple[StepKind, Reason]]:
    """Return `effect` as an action of `kind`, which raises the class of the block if it succeeds.

    A message stands outside of the order of classes. Reasons: `OUT_OF_CLASS` and those of the
    effect. Source: docs/spec.md O-1. Twin: contracts/src/steps/OpenAction.sol.
    """

    def act(frame: Frame, record: Any, authority: Authority) -> tuple[StepKind, Reason]:  # noqa: ANN401 - the effect knows its type
        if authority.forced:
            return kind, effect(frame, record, authority)
        if order_class < frame.order_class:
            return kind, Reason.OUT_OF_CLASS
        reason = effect(frame, record, authority)
        if reason is Reason.OK or reason is Reason.PRICE_PENDING:
            frame.order_class = order_class
        return kind, reason

    return act
