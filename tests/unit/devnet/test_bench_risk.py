"""The risk benchmark: law and NumPy agree, and a difference is an error."""

import pytest

from rollup_node.core.layout import account_risk_key, hot_key, series_key
from rollup_node.core.risk import read_prices
from rollup_node.devnet import bench_risk
from rollup_node.devnet.bench_risk import run_bench
from rollup_node.devnet.bench_risk_state import START_MS, make_state, put_price
from rollup_node.devnet.failure import DevnetError
from rollup_node.devnet.markets import ETH


def test_run_bench_weighs_every_account_as_numpy_does() -> None:
    result = run_bench(40, 16, 3)
    assert (result.accounts, result.series, result.positions) == (40, 16, 8)
    rates = result.accounts_per_second, result.numpy_accounts_per_second, result.series_per_second
    assert min(rates) > 0
    assert result.ratio == pytest.approx(rates[0] / rates[1], rel=0.01)
    assert set(result.to_dict()) >= {"accounts_per_second", "numpy_accounts_per_second", "ratio"}


def test_run_bench_other_arithmetic_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    weigh = bench_risk._Arrays.weigh
    monkeypatch.setattr(bench_risk._Arrays, "weigh", lambda self, held: weigh(self, held) + 1)
    with pytest.raises(DevnetError, match="40 of 40 accounts"):
        run_bench(40, 16, 3)


def test_reprice_and_refresh_leave_every_series_marked_and_every_account_current() -> None:
    state, held = make_state(5, 16, 8, 1)
    assert not any(state.get(series_key(series)).mark for series in held.series)
    put_price(state, 3_010 * 10**6)
    bench_risk._reprice(state)
    assert all(state.get(series_key(series)).mark for series in held.series)
    bench_risk._refresh_all(state, held.accounts)
    epoch = read_prices(bench_risk._frame(state)).rows[ETH].epoch
    for account in held.accounts:
        row = state.get(hot_key(account)).rows[ETH]
        assert (row.epoch, row.positions) == (epoch, 8)
        assert row.initial > row.maintenance > 0
        assert any(state.get(account_risk_key(account, ETH)).gains)
    assert bench_risk._frame(state).time_ms > START_MS
