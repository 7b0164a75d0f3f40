"""Numbers that both twins write down are the same: kinds, reasons, phases, classes, weights."""

import re
from enum import IntEnum
from typing import Final

import pytest

from rollup_node.core.kinds import ItemKind, MessageKind, OrderClass, Phase, StepKind
from rollup_node.core.layout import DEPTHS
from rollup_node.core.reason import Reason
from rollup_node.core.weights import WEIGHTS
from rollup_node.devnet.deployer import STEP_CONTRACTS
from tests.architecture.source_tree import REPOSITORY

SOURCES: Final = REPOSITORY / "contracts" / "src"
_WEIGHT_UNIT: Final = 100_000


def constants(path: str, library: str) -> dict[str, int]:
    """Return the numbers of a library by name."""
    text = (SOURCES / path).read_text("utf-8")
    body = re.search(rf"^library {library} {{(.*?)^}}", text, re.DOTALL | re.MULTILINE)
    assert body is not None
    found = re.findall(r"constant (\w+) = (\w+);", body[1])
    return {name: int(value, 0) for name, value in found if re.fullmatch(r"[0-9a-fx_]+", value)}


@pytest.mark.parametrize("numbers", [StepKind, Reason])
def test_enum_in_both_twins_has_the_same_names_in_order(numbers: type[IntEnum]) -> None:
    text = (SOURCES / "types" / f"{numbers.__name__}.sol").read_text("utf-8")
    body = text.split(f"enum {numbers.__name__} {{")[1].split("}")[0]
    assert re.findall(r"\w+", body) == [number.name for number in numbers]
    assert [int(number) for number in numbers] == list(range(len(numbers)))


@pytest.mark.parametrize(
    ("path", "numbers"),
    [
        ("types/Inputs.sol", ItemKind),
        ("types/Inputs.sol", MessageKind),
        ("types/Family.sol", Phase),
        ("types/Family.sol", OrderClass),
    ],
)
def test_library_of_numbers_has_those_of_the_python_enum(path: str, numbers: type[IntEnum]) -> None:
    expected = {number.name: int(number) for number in numbers}
    extra = {"BLOCK_BEGIN": 255} if numbers is Phase else {}
    assert constants(path, numbers.__name__) == expected | extra


def test_weights_in_both_twins_are_the_same() -> None:
    table = re.search(r'hex"(\w+)"', (SOURCES / "core" / "Weights.sol").read_text("utf-8"))
    assert table is not None
    assert [units * _WEIGHT_UNIT for units in bytes.fromhex(table[1])] == list(WEIGHTS)
    assert len(WEIGHTS) == len(StepKind)


def test_depths_of_regions_in_both_twins_are_the_same() -> None:
    depths = constants("core/Layout.sol", "Layout")["DEPTHS"].to_bytes(16, "big")
    assert {region: depth for region, depth in enumerate(depths) if depth} == DEPTHS


@pytest.mark.parametrize(("rule", "numbers"), [("X-10", Reason), ("X-11", StepKind)])
def test_list_of_the_specification_is_that_of_the_code(rule: str, numbers: type[IntEnum]) -> None:
    text = (REPOSITORY / "docs" / "spec.md").read_text("utf-8")
    line = next(line for line in text.splitlines() if line.startswith(f"- **{rule} "))
    expected = [(str(int(number)), number.name) for number in numbers]
    assert re.findall(r"(\d+) ([A-Z][A-Z_]+)", line.split("`", 1)[1]) == expected


def test_step_contracts_are_one_for_each_family() -> None:
    families = constants("types/Family.sol", "Family")
    assert len(STEP_CONTRACTS) == families.pop("COUNT")
    assert sorted(families.values()) == list(range(len(STEP_CONTRACTS)))
