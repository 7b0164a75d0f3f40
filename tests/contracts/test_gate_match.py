"""The provability gate for matches, refreshes and what leaves after one."""

from rollup_node.core.kinds import StepKind
from rollup_node.core.reason import Reason
from tests.contracts.gate import failures
from tests.contracts.gate_match import run


def test_worst_steps_of_the_match_stay_within_bytes_gas_and_weight() -> None:
    found = run()
    assert not failures(found)
    assert {kind: {m.reason for m in measures} for kind, measures in found.items()} == {
        StepKind.TAKE: {Reason.OK, Reason.MAKER_FAILED},
        StepKind.REFRESH: {Reason.OK},
        StepKind.LEAVE: {Reason.OK},
    }
    for kind, measures in found.items():
        for measure in measures:
            print(f"{kind.name:8}{measure.name:14}{measure.witness_bytes:8,}{measure.gas:11,}")
