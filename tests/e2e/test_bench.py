"""Benchmarks on a small load: all that was sent is there, and all roots are equal."""

import pytest

from tests.e2e.conftest import strikenet

pytestmark = pytest.mark.e2e

TRANSFERS = 2_000


def test_bench_spine_json_has_rates_profile_and_lag() -> None:
    words = ("bench", "spine", "--json", "--no-gas", "--transactions", TRANSFERS)
    result = strikenet(*map(str, words), timeout=120).json
    assert result["transactions"] == result["committed"] == TRANSFERS
    assert result["verifier_agrees"] is True
    limits = (result["recover_before"], result["recover_after"])
    assert result["disturbed"] is (max(limits) - min(limits) > 0.1 * sum(limits) / 2)
    ratio = result["committed_per_second"] / result["recover_per_second"]
    assert result["ratio"] == pytest.approx(ratio, abs=0.001)
    stages = {"ingress", "recover", "execute", "root", "log", "reply"}
    assert all(result["profile_us"][stage] > 0 for stage in stages)
    assert result["root_us_per_transaction"] == result["profile_us"]["root"]
    assert set(result["lag"]) == {"batch_poster", "proposer", "verifier"}
    assert all(lag["seconds_to_catch_up"] > 0 for lag in result["lag"].values())
    assert 0 < result["bytes_per_transfer"] <= 90


def test_bench_restart_json_has_sizes_and_times() -> None:
    words = ("bench", "restart", "--json", "--orders", "1000", "--records", "1000")
    result = strikenet(*words, timeout=120).json
    assert result["orders"] == 1_000
    assert result["leaves"] > 5_000
    assert result["snapshot_bytes"] > 100 * result["leaves"]
    assert 0 < result["records_after"] < 3_000
    times = ("write_ms", "confirm_ms", "root_check_seconds", "replica_start_seconds")
    assert all(result[name] > 0 for name in times)
