"""What every test shares: hypothesis profiles. Markers are declared in pyproject.toml."""

from importlib.util import find_spec

from hypothesis import HealthCheck, settings

# `default`: the same examples on every run, so that a red CI means a change of the code.
settings.register_profile("default", deadline=None, derandomize=True, print_blob=True)
# `deep` (make fuzz): fresh examples and many of them.
settings.register_profile(
    "deep", deadline=None, max_examples=5000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("default")


def pytest_report_header() -> str:
    """Say so where the twins cannot meet in this process."""
    if find_spec("pyrevm") is None:
        return (
            "twins: NOT compared here, pyrevm has no wheel for this Python; forge has the vectors"
        )
    return "twins: compared in pyrevm"
