"""docs/security.md promises tests by name and figures by profile: all of them must be there."""

import re
from pathlib import Path

import pytest

from rollup_node.devnet.profiles import profiles

REPOSITORY = Path(__file__).resolve().parents[2]
TEXT = (REPOSITORY / "docs/security.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`([\w/.]+\.(?:py|sol))::(\w+)`", TEXT)))


def _defines(path: Path, name: str) -> bool:
    keyword = "function" if path.suffix == ".sol" else "def"
    return re.search(rf"\b{keyword} {name}\(", path.read_text("utf-8")) is not None


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_security_doc_names_tests_that_exist(file: str, name: str) -> None:
    path = REPOSITORY / file
    assert path.is_file(), f"{file} is gone"
    assert _defines(path, name), f"{file} has no {name}"


def test_security_doc_names_a_test_for_each_class_and_attack() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ")]
    table = TEXT[TEXT.index("| Class |") : TEXT.index("## Twenty attacks")]
    classes = [row for row in table.splitlines()[2:] if row.startswith("| ")]
    assert len(classes) >= 20
    assert all("::" in row for row in classes)
    attacks = [row for row in rows if re.match(r"\| \d+ \|", row)]
    numbers = [int(row.split("|")[1]) for row in attacks]
    assert numbers == list(range(1, 21))
    assert all(f"test_attack_{number:02}_" in row for number, row in enumerate(attacks, start=1))


def test_security_doc_names_a_test_for_each_attack_on_the_exchange() -> None:
    table = TEXT[TEXT.index("## Attacks on the exchange") :]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 30
    assert all("::" in row for row in rows)


@pytest.mark.parametrize("path", sorted(REPOSITORY.glob("tests/unit/core/test_exploits*.py")))
def test_security_doc_names_every_exploit_that_is_tried(path: Path) -> None:
    tests = re.findall(r"^def (test_\w+)\(", path.read_text("utf-8"), re.MULTILINE)
    named = {name for file, name in NAMED if REPOSITORY / file == path}
    assert tests
    assert named == set(tests)


def test_security_doc_has_the_times_of_the_profiles() -> None:
    for name, profile in profiles().items():
        period, delay = profile.confirm_period_seconds, profile.rival_delay_seconds
        allowed = period // (4 * (profile.history_height + 6))
        row = (
            f"| `{name}` | {period:,} s | {delay:,} s | {allowed:,} s | {2 * period + delay:,} s |"
        )
        assert row in TEXT
        assert allowed >= 8, "an L1 block and a restart of a node must fit"
