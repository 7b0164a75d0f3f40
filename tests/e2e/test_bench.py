"""Benchmarks on a small load: all that was sent is there, and all roots are equal."""

import pytest

from tests.e2e.conftest import strikenet

pytestmark = pytest.mark.e2e

TRANSFERS = 2_000
BENCH_SECONDS = 540
"""A bench lets its other nodes run only while nobody else wants a processor: here others do."""


def test_bench_spine_json_has_rates_profile_and_lag() -> None:
    words = ("bench", "spine", "--json", "--no-gas", "--transactions", TRANSFERS)
    result = strikenet(*map(str, words), timeout=BENCH_SECONDS).json
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
    result = strikenet(*words, timeout=BENCH_SECONDS).json
    assert result["orders"] == 1_000
    assert result["leaves"] > 5_000
    assert result["snapshot_bytes"] > 100 * result["leaves"]
    assert 0 < result["records_after"] < 3_000
    times = ("write_ms", "confirm_ms", "root_check_seconds", "replica_start_seconds")
    assert all(result[name] > 0 for name in times)


def test_bench_orders_json_has_rates_latency_and_bytes() -> None:
    words = ("--orders", "1000", "--quotes", "40", "--accounts", "50")
    result = strikenet("bench", "orders", "--json", *words, timeout=BENCH_SECONDS).json
    assert result["verifier_agrees"] is True
    assert result["custody_equals_claims"] is True
    assert result["positions_sum_to_zero"] is True
    assert (result["accounts"], result["markets"]) == (50, 4)
    single, quoted = result["orders"], result["quotes"]
    assert result["committed_per_second"] == single["committed_per_second"]
    for flow, count in ((single, 1_000), (quoted, 800)):
        assert flow["orders"] == count
        assert flow["committed"] + sum(flow["refused"].values()) == count
        assert flow["committed"] > 0.99 * count
        ratio = flow["committed_per_second"] / flow["recover_per_second"]
        assert flow["ratio"] == pytest.approx(ratio, abs=0.001)
        stages = {"ingress", "recover", "execute", "log", "markets", "reply"}
        assert all(flow["profile_us"][stage] > 0 for stage in stages)
        assert 0 < flow["latency"]["p50_ms"] <= flow["latency"]["p99_ms"]
    assert single["fills"] > 0
    assert single["bytes_per_order"] <= 100
    assert quoted["bytes_per_order"] <= 12


def test_bench_l1_json_compares_trades_and_gas() -> None:
    result = strikenet("bench", "l1", "--json", "--trades", "100", timeout=BENCH_SECONDS).json
    plain, rollup = result["plain"], result["rollup"]
    assert plain["trades"] == 100
    assert rollup["orders"] == 2 * 100
    assert rollup["trades"] >= 90  # a taker may come before its maker, and take two later
    assert plain["block_per_transaction_per_second"] > 0
    faster = rollup["trades_per_second"] / plain["full_blocks_per_second"]
    assert result["faster"] == pytest.approx(faster, abs=0.1)
    cheaper = plain["gas_per_trade"] / rollup["gas_per_trade"]
    assert result["cheaper"] == pytest.approx(cheaper, abs=0.1)


def test_bench_risk_json_has_rates_beside_numpy_and_orders_beside_options() -> None:
    words = ("--accounts", "50", "--series", "72", "--orders", "500")
    result = strikenet("bench", "risk", "--json", *words, timeout=BENCH_SECONDS).json
    assert (result["accounts"], result["series"]) == (50, 72)
    ratio = result["accounts_per_second"] / result["numpy_accounts_per_second"]
    assert result["ratio"] == pytest.approx(ratio, rel=0.01)
    assert result["series_per_second"] > 0
    assert result["live_series"] >= 72
    sides = result["with_options"], result["without_options"]
    assert [side["committed"] + sum(side["refused"].values()) for side in sides] == [500, 500]
    rates = [side["committed_per_second"] for side in sides]
    names = ("orders_per_second_with_options", "orders_per_second_without_options")
    assert [result[name] for name in names] == rates
    assert result["orders_ratio"] == pytest.approx(rates[0] / rates[1], abs=0.001)
    assert result["reprices_per_second"] > 0
