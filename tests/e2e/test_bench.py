"""`bench spine` on a small load: every transfer committed, every node level, all roots equal."""

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
