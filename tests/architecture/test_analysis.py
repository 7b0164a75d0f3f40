"""What `make audit` and `make prove` accept: nothing unknown, nothing stale, nothing cut short."""

from pathlib import Path
from typing import Any

import pytest

from rollup_node.l1.toolchain import ToolchainError
from tests.contracts import audit, prove
from tests.contracts.audit import Finding, Triage

LOOP = Finding("calls-loop", "Game.settle")
EMPTY: dict[Finding, list[str]] = {}


def test_compare_everything_accepted_says_nothing() -> None:
    triage = Triage(frozenset({"timestamp"}), {LOOP: 1})
    found = {LOOP: ["a loop"], Finding("timestamp", "Game.act"): ["a time"]}
    assert audit.compare(found, triage) == []


def test_compare_new_finding_is_shown_with_its_text() -> None:
    assert audit.compare({LOOP: ["a loop"]}, Triage(frozenset(), {})) == [
        "calls-loop in Game.settle: 1 != 0 accepted\na loop"
    ]


def test_compare_second_finding_in_an_accepted_place_is_shown() -> None:
    found = {LOOP: ["a loop", "another"]}
    assert audit.compare(found, Triage(frozenset(), {LOOP: 1})) == [
        "calls-loop in Game.settle: 2 != 1 accepted\na loop\nanother"
    ]


def test_compare_entry_that_matches_nothing_is_stale() -> None:
    assert audit.compare(EMPTY, Triage(frozenset({"timestamp"}), {LOOP: 1})) == [
        "calls-loop in Game.settle: 0 != 1 accepted",
        "timestamp: accepted everywhere, found nowhere",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[finding]]\ndetector = "a"\nwhere = { x = 1 }', "no reason for a"),
        ('[[everywhere]]\ndetector = "a"\nreason = " "', "no reason for a"),
        ('[[everywhere]]\ndetector = "a"\nreason = "r"\n' * 2, "a is listed twice"),
        ('[[finding]]\ndetector = "a"\nreason = "r"\nwhere = { x = 1 }\n' * 2, "a is listed twice"),
    ],
)
def test_read_triage_entry_without_reason_or_twice_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "slither.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=message):
        audit.read_triage(path)


def test_read_triage_of_the_repository_is_well_formed() -> None:
    triage = audit.read_triage()
    assert triage.findings
    assert all(count > 0 for count in triage.findings.values())


def test_collect_names_function_contract_or_file() -> None:
    contract = {"type": "contract", "name": "Game", "type_specific_fields": {}}
    function = {"type": "function", "name": "act", "type_specific_fields": {"parent": contract}}
    node = {"type": "node", "name": "x = 1", "type_specific_fields": {"parent": function}}
    pragma = {"type": "pragma", "source_mapping": {"filename_relative": "src/Game.sol"}}
    elements = [node, contract, pragma]
    report: dict[str, Any] = {
        "results": {
            "detectors": [
                {"check": "odd", "elements": [element], "description": "d"} for element in elements
            ]
        }
    }
    assert audit.collect(report) == {
        Finding("odd", "Game.act"): ["d"],
        Finding("odd", "Game"): ["d"],
        Finding("odd", "src/Game.sol"): ["d"],
    }


def test_run_slither_without_slither_fails_and_names_the_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "SLITHER", tmp_path / "slither")
    with pytest.raises(ToolchainError, match="run `make audit`"):
        audit.run_slither()
    assert audit.main() == 3


def _report(exitcode: int, bounded: int = 0) -> dict[str, Any]:
    result = {
        "name": "check_sum(uint256)",
        "exitcode": exitcode,
        "num_bounded_loops": bounded,
        "num_paths": [2, 2, 0],
        "time": [0.5, 0.5, 0.0],
    }
    return {"test_results": {"test/symbolic/Sum.t.sol:SumProofs": [result]}}


def test_judge_proven_check_passes() -> None:
    lines, proven = prove.judge(_report(0))
    assert proven
    assert lines == ["    proven    0.50 s     2 paths  SumProofs.check_sum"]


@pytest.mark.parametrize(
    ("exitcode", "bounded", "verdict"),
    [
        (0, 1, "cut short by the loop bound"),
        (1, 0, "counterexample"),
        (2, 0, "undecided in time"),
        (3, 0, "stuck"),
        (4, 0, "never passes"),
        (5, 0, "halmos failed"),
        (9, 0, "code 9"),
    ],
)
def test_judge_anything_less_fails(exitcode: int, bounded: int, verdict: str) -> None:
    lines, proven = prove.judge(_report(exitcode, bounded))
    assert not proven
    assert verdict in lines[0]


def test_judge_no_checks_fails() -> None:
    assert prove.judge({"test_results": {}}) == ([], False)


def test_main_without_halmos_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prove, "HALMOS", tmp_path / "halmos")
    assert prove.main() == 3
