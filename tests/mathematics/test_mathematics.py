"""Errors against 50 digits stay in their bounds, and the page and both twins say what is true."""

import re
from typing import Any

import pytest
from mpmath import mp

from rollup_node.core import black76, options_math
from tests.mathematics import measure
from tests.mathematics.coefficients import coefficients
from tests.mathematics.measure import Row


@pytest.fixture(scope="module")
def table() -> dict[str, Row]:
    return {row.name: row for row in measure.rows()}


@pytest.mark.slow
def test_errors_over_random_points_and_seams_stay_in_their_bounds(table: dict[str, Row]) -> None:
    at_most: dict[str, tuple[float, Any]] = {
        "exp_wad": (1e-18, 1e-15),
        "ln_wad": (1e-18, 1e-15),
        "normal_cdf": (1e-15, None),
        "normal_pdf": (1e-15, None),
        "black76, price / forward": (1e-14, None),
        "black76, delta": (1e-15, None),
        "compute_deviation": (1e-18, 1e-18),
    }
    assert table.keys() == at_most.keys()
    for name, (absolute, relative) in at_most.items():
        assert table[name].absolute <= absolute, name
        assert relative is None or table[name].relative <= relative, name


@pytest.mark.slow
def test_points_are_a_hundred_thousand_for_each_bound_of_the_mathematics(
    table: dict[str, Row],
) -> None:
    for name in ("exp_wad", "ln_wad", "normal_cdf", "black76, price / forward"):
        assert table[name].points >= 100_000, name


@pytest.mark.slow
def test_page_of_the_mathematics_has_the_figures_that_are_measured(table: dict[str, Row]) -> None:
    page = measure.page(list(table.values()))
    assert measure.PAGE.read_text("utf-8") == page, "run `make mathematics`"


def test_measure_wrong_function_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    right = options_math.exp_wad
    monkeypatch.setattr(measure, "POINTS", 50)
    monkeypatch.setattr(options_math, "exp_wad", lambda x: right(x) + (right(x) >> 49))
    with mp.workdps(50):
        assert measure.measure_exp().relative > 1e-15


def test_coefficients_of_the_python_twin_are_those_of_the_fit() -> None:
    written = {**vars(options_math), **vars(black76)}
    assert {name: written[name] for name in coefficients()} == coefficients()


def test_coefficients_of_the_solidity_twin_are_those_of_the_fit() -> None:
    sources = measure.ROOT / "contracts" / "src" / "core"
    text = "".join(
        (sources / f"{name}.sol").read_text("utf-8") for name in ("OptionsMath", "Black76")
    )
    found = re.findall(r"constant (\w+) = (-?)(?:(0x\w+)|(\d+) << (\d+));", text)
    written = {
        name: int(sign + digits, 16) if digits else int(factor) << int(bits)
        for name, sign, digits, factor, bits in found
    }
    assert {name: written[name] for name in coefficients()} == coefficients()
