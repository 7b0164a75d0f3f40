"""The provability gate as a test; `make gate` prints its table."""

import json

from rollup_node.core.kinds import StepKind
from rollup_node.core.reason import Reason
from tests.contracts.gate import KINDS, SNAPSHOTS, failures, gas_table, run

_NEVER_OK = {StepKind.BAD_LENGTH, StepKind.UNDECODABLE, StepKind.FORCED_UNDECODABLE}


def test_every_step_kind_stays_within_bytes_gas_and_weight() -> None:
    found = run()
    assert not failures(found)
    successes = {kind for kind, measures in found.items() if any(not m.reason for m in measures)}
    assert successes == set(KINDS) - _NEVER_OK
    refunded = {measure.reason for measure in found[StepKind.DEPOSIT]}
    assert Reason.BALANCE_OVERFLOW in refunded
    kept = json.loads((SNAPSHOTS / "steps.json").read_text("utf-8"))
    assert gas_table(found) == kept, "gas of a step changed: `make snapshot` writes it anew"
