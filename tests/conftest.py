"""What every test shares: hypothesis profiles, and the law. Markers: see pyproject.toml."""

import os
from importlib.util import find_spec

import pytest
from hypothesis import HealthCheck, settings

from rollup_node.native import law

# Tests are about the sources, whatever lies in build/native; `STRIKENET_LAW=compiled` asks for it.
law.activate(os.environ.setdefault("STRIKENET_LAW", law.INTERPRETED))

# `default`: the same examples on every run, so that a red CI means a change of the code.
settings.register_profile("default", deadline=None, derandomize=True, print_blob=True)
# `deep` (make fuzz): fresh examples and many of them.
settings.register_profile(
    "deep", deadline=None, max_examples=5000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what lasts longest; leave out what reads the sources where the law is compiled.

    Tests of real processes mostly wait: meanwhile the other workers have the processors. Begun
    last, one of them would run alone.
    """
    items.sort(key=_place)
    if law.running() == law.COMPILED:
        for item in items:
            if item.get_closest_marker("sources"):
                item.add_marker(pytest.mark.skip(reason="needs the sources of the law"))


def _place(item: pytest.Item) -> int:
    """Return what a test is sorted by: marks say how long it lasts; the rest stays in order."""
    is_slow = item.get_closest_marker("slow") is not None
    if item.get_closest_marker("e2e") is not None:
        return 0 if is_slow else 1
    return 2 if is_slow else 3


def pytest_report_header() -> list[str]:
    """Say which law is tested, and so where the twins cannot meet in this process."""
    twins = (
        "NOT compared here, pyrevm has no wheel for this Python; forge has the vectors"
        if find_spec("pyrevm") is None
        else "compared in pyrevm"
    )
    return [f"law: {law.running()}", f"twins: {twins}"]
