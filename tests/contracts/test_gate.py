"""The provability gate as a test; `make gate` prints its table."""

import json
from typing import Final

import pytest

from rollup_node.core.kinds import StepKind
from rollup_node.core.reason import Reason
from tests.contracts import gate_calls
from tests.contracts.gate import Measure
from tests.contracts.gate_calls import Transaction
from tests.contracts.gate_table import SNAPSHOTS, calls_table, failures, gas_table, run

_NEVER_OK: Final = {StepKind.BAD_LENGTH, StepKind.UNDECODABLE, StepKind.FORCED_UNDECODABLE}


@pytest.fixture(scope="module", name="found")
def _found() -> dict[StepKind, list[Measure]]:
    return run()


def test_every_step_kind_stays_within_bytes_gas_and_weight(
    found: dict[StepKind, list[Measure]],
) -> None:
    assert not failures(found)


def test_every_step_kind_has_a_case_that_succeeds(found: dict[StepKind, list[Measure]]) -> None:
    """So no kind can be added without its worst case, nor be measured by a refusal alone."""
    successes = {kind for kind, measures in found.items() if any(not m.reason for m in measures)}
    assert successes == set(StepKind) - _NEVER_OK
    assert {kind for kind, measures in found.items() if measures} == set(StepKind)


def test_gate_knows_the_ends_that_cost_most_besides_success(
    found: dict[StepKind, list[Measure]],
) -> None:
    ends = {(m.kind, m.reason) for measures in found.values() for m in measures}
    assert ends >= {
        (StepKind.DEPOSIT, Reason.BALANCE_OVERFLOW),
        (StepKind.TAKE, Reason.MAKER_FAILED),
        (StepKind.PRICE_REPORT, Reason.PRICE_PENDING),
        (StepKind.TRANSFER, Reason.REFRESH),
        (StepKind.WITHDRAW, Reason.REFRESH),
    }


def test_gas_of_every_step_kind_is_what_was_kept(found: dict[StepKind, list[Measure]]) -> None:
    kept = json.loads((SNAPSHOTS / "steps.json").read_text("utf-8"))
    assert gas_table(found) == kept, "gas of a step changed: `make snapshot` writes it anew"


@pytest.fixture(scope="module", name="priced")
def _priced() -> list[Transaction]:
    return gate_calls.run()


def test_calls_stay_within_their_limits_as_transactions(
    priced: list[Transaction],
) -> None:
    for call in priced:
        assert call.some <= call.limit, call
        assert call.some < call.full


def test_gas_of_the_calls_is_what_was_kept(priced: list[Transaction]) -> None:
    kept = json.loads((SNAPSHOTS / "calls.json").read_text("utf-8"))
    assert calls_table(priced) == kept, "gas of a call changed: `make snapshot` writes it anew"
