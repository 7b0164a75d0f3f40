"""The largest step of every kind and reason that a crash takes, in the real verifier."""

from rollup_node.core.kinds import StepKind
from rollup_node.devnet.crash.story import Crash, Spec
from tests.contracts.gate import Measure
from tests.contracts.gate_crash import CrashGate
from tests.contracts.gate_table import failures


def test_largest_steps_of_a_crash_cost_no_more_than_their_weight() -> None:
    story = Crash(Spec("linear", 200, 1, 10_000), lambda _text: None)
    assert story.run()["passed"]
    gate = CrashGate()
    found: dict[StepKind, list[Measure]] = {}
    for (kind, reason), step in story.machine.bounds.worst.items():
        if kind is StepKind.OPEN_ITEM:
            continue
        measure = gate.prove_step(step)
        assert (measure.kind, measure.reason) == (kind, reason)
        assert measure.witness_bytes <= step.witness_bytes, kind.name
        found.setdefault(kind, []).append(measure)
    assert not failures(found)
    assert {StepKind.LIQUIDATE, StepKind.BID, StepKind.TAKEOVER, StepKind.DRAIN} <= set(found)
    for kind, measures in found.items():
        for measure in measures:
            name, size = measure.reason.name, measure.witness_bytes
            print(f"{kind.name:16}{name:24}{size:8,}{measure.gas:11,}")
