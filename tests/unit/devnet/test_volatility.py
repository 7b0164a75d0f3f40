"""The volatilities of the devnet: never to be arbitraged, high after moves, the same every time."""

from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup_node.core.surface import (
    MAX_NODES,
    SurfaceReason,
    check_butterfly,
    check_calendar,
    check_nodes,
)
from rollup_node.devnet.price_script import PROFILES
from rollup_node.devnet.prices import make_process
from rollup_node.devnet.volatility import (
    LEAST_PPM,
    MOST_PPM,
    MOST_USUAL_PPM,
    PPM,
    Level,
    VolatilityProcess,
    make_smile,
)

DAY_MS: Final = 86_400_000
START_MS: Final = 1_700_000_000_000
LEVELS: Final = st.builds(
    Level, st.integers(LEAST_PPM // 2, MOST_PPM), st.integers(LEAST_PPM // 2, MOST_USUAL_PPM)
)


def market(script: str) -> VolatilityProcess:
    return VolatilityProcess(make_process(script, 3, START_MS))


def level(script: str, seconds: int, symbol: str = "ETH") -> Level:
    return market(script).level_at(symbol, START_MS + 1_000 * seconds)


@given(LEVELS, st.integers(1, 366 * DAY_MS))
def test_make_smile_of_any_level_and_time_has_no_butterfly(level: Level, left_ms: int) -> None:
    smile = make_smile(level, left_ms)
    assert len(smile) == MAX_NODES
    assert check_nodes(smile) is SurfaceReason.OK
    assert check_butterfly(smile, left_ms) is SurfaceReason.OK


@given(LEVELS, st.integers(1, 365 * DAY_MS), st.integers(DAY_MS, 7 * DAY_MS))
def test_make_smile_of_two_dates_at_least_a_day_apart_has_no_calendar(
    level: Level, left_ms: int, apart_ms: int
) -> None:
    later_ms = left_ms + apart_ms
    early, late = make_smile(level, left_ms), make_smile(level, later_ms)
    assert check_calendar(early, left_ms, late, later_ms) is SurfaceReason.OK


def test_make_smile_puts_cost_more_than_calls_and_wings_more_than_the_middle() -> None:
    smile = {node.moneyness: node.volatility for node in make_smile(Level(PPM, PPM), DAY_MS)}
    assert smile[0] == 10_000
    assert smile[-100_000] > smile[100_000]
    assert smile[-500_000] > smile[-200_000] > smile[0] < smile[500_000]


def test_make_smile_high_level_falls_back_with_the_time_to_the_date() -> None:
    volatilities = [
        make_smile(Level(2 * PPM, PPM), days * DAY_MS)[8].volatility for days in (1, 3, 7, 30, 300)
    ]
    assert all(early > late for early, late in pairwise(volatilities))
    assert volatilities[0] > 19_000
    assert volatilities[-1] < 10_300


def test_level_at_same_question_gives_the_same_answer_whatever_was_asked_before() -> None:
    asked = market("default")
    for seconds in (9_000, 5, 4_000):
        asked.level_at("BTC", START_MS + 1_000 * seconds)
    found = asked.level_at("BTC", START_MS + 7_000_000)
    assert found == level("default", 7_000, "BTC")
    assert found != level("default", 7_000)


@pytest.mark.parametrize("profile", PROFILES)
def test_level_at_is_in_its_range_throughout_every_profile(profile: str) -> None:
    asked = market(profile)
    for seconds in range(0, 1_800, 45):
        now_ppm, usual_ppm = asked.level_at("ETH", START_MS + 1_000 * seconds)
        assert LEAST_PPM - 1 <= now_ppm <= MOST_PPM
        assert LEAST_PPM <= usual_ppm <= MOST_PPM


def test_level_at_quiet_market_is_the_usual_one() -> None:
    now_ppm, usual_ppm = level("calm", 3_600)
    assert usual_ppm == 300_000
    assert abs(now_ppm - usual_ppm) < 20_000


def test_level_at_move_raises_it_at_once_and_an_hour_later_it_is_forgotten() -> None:
    script = "linear,wick:ETH@600s-10%/2s"
    assert level(script, 3, "BTC").now_ppm < 300_000
    gap = "calm,gap:ETH@600s-10%"
    before, after, later, forgotten = (level(gap, at).now_ppm for at in (599, 601, 2_400, 4_300))
    assert before < 320_000
    assert after > 1_800_000
    assert before < later < after
    assert forgotten < 320_000
    assert level(gap, 601, "BTC").now_ppm < 320_000


def test_level_at_panic_of_the_script_fades() -> None:
    script = "linear,vol:ETH@60s+100%/100s"
    found = [level(script, at).usual_ppm for at in (59, 60, 110, 160, 9_000)]
    assert found == [LEAST_PPM, 2 * LEAST_PPM, LEAST_PPM * 3 // 2, LEAST_PPM, LEAST_PPM]
    assert level(script, 60, "BTC").usual_ppm == LEAST_PPM
    assert level("linear,vol:*@60s-50%", 90_000).usual_ppm == LEAST_PPM // 2


def test_level_at_shock_that_comes_later_changes_what_was_remembered() -> None:
    process = make_process("calm", 3, START_MS)
    asked = VolatilityProcess(process)
    before = asked.level_at("ETH", START_MS + 900_000)
    process.add(make_process("gap:ETH@600s-10%", 3, 0).script.shocks)
    assert asked.level_at("ETH", START_MS + 900_000).now_ppm > 5 * before.now_ppm


def test_level_at_panic_leaves_prices_alone() -> None:
    calm, panic = (make_process(f"calm{more}", 3, START_MS) for more in ("", ",vol:*@5s+90%"))
    times = [START_MS + 1_000 * second for second in range(20)]
    assert [calm.quote_at("ETH", at) for at in times] == [panic.quote_at("ETH", at) for at in times]
