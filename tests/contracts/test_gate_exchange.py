"""The provability gate for the records and tasks of the exchange."""

from rollup_node.core.kinds import StepKind
from tests.contracts.gate import failures
from tests.contracts.gate_exchange import run

ELSEWHERE = {
    *(kind for kind in StepKind if kind <= StepKind.CLOSE_ITEM),
    StepKind.TAKE,
    StepKind.REFRESH,
    StepKind.LEAVE,
    StepKind.SETTLEMENT_PRICE,
    StepKind.SETTLE,
    StepKind.DRAIN,
    StepKind.LIQUIDATE,
    StepKind.BID,
    StepKind.TAKEOVER,
}
"""Kinds whose worst cases other gates know."""


def test_worst_steps_of_the_exchange_stay_within_bytes_gas_and_weight() -> None:
    found = run()
    assert not failures(found)
    assert {kind for kind, measures in found.items() if any(not m.reason for m in measures)} == {
        kind for kind in StepKind if kind not in ELSEWHERE
    }
