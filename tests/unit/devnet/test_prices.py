"""The devnet's market: one seed one path, each shock as written, recordings that replay."""

import hashlib
import io
import math
import statistics
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup_node.devnet.price_script import PROFILES, PriceScript, Shock, parse_time
from rollup_node.devnet.price_tape import Line, Recorder, Tape, record
from rollup_node.devnet.price_walk import ONE, exponential, uniform, walk
from rollup_node.devnet.prices import (
    PRICE_LIMIT,
    PriceProcess,
    Quote,
    Walk,
    check_script,
    make_process,
)
from rollup_node.ports import InputError

START_MS = 1_700_000_000_000
TIMES = st.integers(0, 1 << 47)


class Flat:
    """A base without movement."""

    def quote_at(self, symbol: str, time_ms: int) -> Quote:
        assert symbol
        return Quote(1_000_000, time_ms)


def flat(*shocks: str) -> PriceProcess:
    return PriceProcess(Flat(), PriceScript.parse(",".join(shocks)), START_MS)


def prices(process: PriceProcess, *seconds: float, symbol: str = "ETH") -> list[int]:
    return [process.price_at(symbol, START_MS + int(1_000 * at)) for at in seconds]


def test_price_at_same_seed_gives_the_same_prices_on_every_machine() -> None:
    process = make_process("default", 7, START_MS)
    found = [
        process.price_at(symbol, START_MS + 10_007 * number)
        for symbol in ("ETH", "BTC")
        for number in range(500)
    ]
    digest = hashlib.sha256(",".join(map(str, found)).encode()).hexdigest()
    assert digest[:16] == "80cc52b8fee92037"
    assert found[:3] == [3_500_000_000, 3_495_736_853, 3_493_284_031]


def test_price_at_other_seed_gives_other_prices() -> None:
    first, second = (make_process("default", seed, 0) for seed in (1, 2))
    assert first.price_at("ETH", 60_000) != second.price_at("ETH", 60_000)


@given(TIMES, st.integers(0, 1 << 64))
def test_price_at_any_time_fits_the_exchange(time_ms: int, seed: int) -> None:
    price_usdc = make_process("march-2020", seed, 0).price_at("BTC", time_ms)
    assert 0 < price_usdc < PRICE_LIMIT


@given(TIMES, st.sampled_from(["a", "b"]))
def test_walk_neighbours_are_close(time_ms: int, stream: str) -> None:
    here, there = walk(stream, time_ms), walk(stream, time_ms + 16)
    assert abs(here - there) < ONE


def test_walk_begins_at_zero_and_ends_constant() -> None:
    assert walk("a", 0) == walk("a", -5) == 0
    assert walk("a", 1 << 48) == walk("a", 1 << 60)


@given(st.integers(-10 * ONE, 10 * ONE))
def test_exponential_is_that_of_mathematics(value: int) -> None:
    assert math.isclose(exponential(value) / ONE, math.exp(value / ONE), rel_tol=1e-5)


@given(st.text(), st.integers(0, 10**6))
def test_uniform_stays_in_its_span(stream: str, span: int) -> None:
    assert -span <= uniform(stream, span) <= span


def test_returns_have_the_volatility_and_correlation_that_is_configured() -> None:
    process, step_ms = make_process("default", 3, 0), 10_000
    returns = {}
    for symbol in ("ETH", "BTC"):
        path = [process.price_at(symbol, step_ms * number) for number in range(8_000)]
        returns[symbol] = [math.log(after / before) for before, after in pairwise(path)]
    yearly = math.sqrt(31_557_600_000 / step_ms)
    assert 1.1 < statistics.pstdev(returns["ETH"]) * yearly < 1.3
    assert 0.82 < statistics.pstdev(returns["BTC"]) * yearly < 0.98
    assert 0.75 < statistics.correlation(returns["ETH"], returns["BTC"]) < 0.87


def test_price_at_unknown_underlying_is_refused() -> None:
    with pytest.raises(InputError, match="no underlying 'DOGE': one of ETH, BTC"):
        Walk(1).quote_at("DOGE", 0)


def test_gap_stays() -> None:
    process = flat("gap:ETH@10s-20%")
    assert prices(process, 0, 9.999, 10, 3_600) == [1_000_000, 1_000_000, 800_000, 800_000]
    assert prices(process, 10, symbol="BTC") == [1_000_000]


def test_crash_is_even_and_stays() -> None:
    process = flat("crash:ETH@10s-50%/60s")
    assert prices(process, 10, 25, 40, 70, 99) == [
        1_000_000,
        875_000,
        750_000,
        500_000,
        500_000,
    ]


def test_wick_goes_and_comes_back() -> None:
    process = flat("wick:*@10s-30%/4s")
    assert prices(process, 10, 11, 12, 13, 14) == [1_000_000, 850_000, 700_000, 850_000, 1_000_000]


def test_shocks_multiply() -> None:
    assert prices(flat("gap:ETH@1s-50%", "gap:ETH@2s+100%"), 3) == [1_000_000]


def test_stale_feed_keeps_the_old_quote_and_its_time() -> None:
    process = flat("crash:ETH@0s-50%/100s", "stale:ETH@10s/20s")
    frozen = Quote(950_000, START_MS + 10_000)
    assert process.quote_at("ETH", START_MS + 10_000) == frozen
    assert process.quote_at("ETH", START_MS + 29_999) == frozen
    assert process.quote_at("ETH", START_MS + 30_000) == Quote(850_000, START_MS + 30_000)
    assert process.quote_at("BTC", START_MS + 20_000).time_ms == START_MS + 20_000
    assert process.price_at("ETH", START_MS + 20_000) == 900_000


def test_lie_is_told_by_one_publisher_for_a_while() -> None:
    process = flat("lie:ETH@10s+5%/20s:publisher-2")
    told = [process.lie("ETH", 2, START_MS + at, 100) for at in (9_999, 10_000, 29_999, 30_000)]
    assert told == [None, 105, 105, None]
    assert process.lie("ETH", 3, START_MS + 15_000, 100) is None
    assert process.lie("BTC", 2, START_MS + 15_000, 100) is None


def test_with_liar_lies_about_everything_for_ever() -> None:
    process = PriceProcess(Flat(), PriceScript().with_liar(3, -1_000), START_MS)
    assert process.lie("BTC", 3, START_MS + (1 << 47), 100) == 90
    assert process.lie("BTC", 4, START_MS, 100) is None
    with pytest.raises(InputError, match="no publisher-5"):
        PriceScript().with_liar(5)


@pytest.mark.parametrize(
    ("name", "symbol", "lowest", "last"),
    [
        ("march-2020", "BTC", (0.45, 0.55), (0.45, 0.60)),
        ("march-2020-60s", "ETH", (0.48, 0.52), (0.48, 0.52)),
        ("october-2025", "ETH", (0.70, 0.80), (0.86, 0.96)),
    ],
)
def test_profile_falls_as_far_as_its_day_did(
    name: str, symbol: str, lowest: tuple[float, float], last: tuple[float, float]
) -> None:
    process = PriceProcess(Flat(), PriceScript.parse(name), START_MS)
    path = [price / 1_000_000 for price in prices(process, *range(1_000), symbol=symbol)]
    assert lowest[0] < min(path) < lowest[1]
    assert last[0] < path[-1] < last[1]


def test_parse_reads_profiles_shocks_and_both() -> None:
    shock = Shock("crash", "ETH", 10_000, -5_000, 60_000)
    assert PriceScript.parse("crash:ETH@10s-50%/60s") == PriceScript(10_000, (shock,))
    assert PriceScript.parse("calm, crash:ETH@10s-50%/60s") == PriceScript(2_500, (shock,))
    assert PriceScript.parse("") == PROFILES["default"]
    late = PriceScript.parse("march-2020-60s@1m")
    assert late.shocks == (Shock("crash", "*", 70_000, -5_000, 60_000),)


def test_parse_orders_shocks_by_time() -> None:
    script = PriceScript.parse("gap:ETH@2m+1%,stale:*@500ms/1h,lie:BTC@1s-25bps:publisher-0")
    assert script.shocks == (
        Shock("stale", "*", 500, 0, 3_600_000),
        Shock("lie", "BTC", 1_000, -25, 0, 0),
        Shock("gap", "ETH", 120_000, 100),
    )
    panic = PriceScript.parse("vol:ETH@10s+40%/10m,vol:*@20s-30%")
    assert panic.shocks == (
        Shock("vol", "ETH", 10_000, 4_000, 600_000),
        Shock("vol", "*", 20_000, -3_000),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("boom", "no price profile 'boom': one of calm, default, march-2020"),
        ("calm,default", "more than one profile"),
        ("fall:ETH@10s", "no kind 'fall': one of gap, crash, wick, stale, lie, vol"),
        ("crash:ETH", "expected KIND:UNDERLYING@AT"),
        ("crash:ETH@10-50%/60s", "expected KIND:UNDERLYING@AT"),
        ("crash:eth@10s-50%/60s", "expected KIND:UNDERLYING@AT"),
        ("crash:ETH@10s/60s", "crash needs a size, such as -50%"),
        ("crash:ETH@10s-50%", "crash needs a duration, such as /60s"),
        ("crash:ETH@10s-50%/0s", "longer than 0"),
        ("wick:ETH@10s-50%", "wick needs a duration"),
        ("gap:ETH@10s-50%/60s", "gap happens at once"),
        ("gap:ETH@10s-100%", "above -100%"),
        ("gap:ETH@10s+0%", "whole number of bps, not 0"),
        ("gap:ETH@10s+0.001%", "whole number of bps"),
        ("gap:ETH@10s+10001%", "at most 10000%"),
        ("gap:ETH@10s+1%:publisher-1", "only a lie has a publisher"),
        ("stale:ETH@10s-1%/5s", "stale has no size"),
        ("stale:ETH@10s", "stale needs a duration"),
        ("lie:ETH@10s", "lie needs a size"),
        ("lie:ETH@10s+1%:publisher-5", "no publisher-5"),
        ("vol:ETH@10s/60s", "vol needs a size"),
        ("vol:ETH@10s+1%:publisher-1", "only a lie has a publisher"),
    ],
)
def test_parse_bad_text_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message.replace("+", r"\+")):
        PriceScript.parse(text)


@given(st.text(alphabet="crashgapwickstalelie:*ETHBTC@0159msh%+-/bp,.", max_size=40))
def test_parse_any_text_is_read_or_refused(text: str) -> None:
    try:
        script = PriceScript.parse(text)
    except InputError:
        return
    assert list(script.shocks) == sorted(script.shocks, key=lambda shock: shock.at_ms)


def test_make_process_refuses_shocks_to_unknown_underlyings() -> None:
    with pytest.raises(InputError, match=r"no underlying 'DOGE': one of \*, BTC, ETH"):
        make_process("gap:DOGE@1s+1%", 0, 0)


def test_check_script_adds_a_liar_and_refuses_what_nobody_can_play() -> None:
    assert check_script("calm") == "calm"
    script = PriceScript.parse(check_script("calm", "publisher-3"))
    assert script.shocks == (Shock("lie", "*", 0, 500, 0, 3),)
    with pytest.raises(InputError, match="no publisher 'bob': one of publisher-0"):
        check_script("calm", "bob")
    with pytest.raises(InputError, match="no price profile"):
        check_script("boom")
    with pytest.raises(InputError, match="no underlying"):
        check_script("gap:DOGE@1s+1%")


def test_parse_time_refuses_what_is_none() -> None:
    assert [parse_time(text) for text in ("0ms", "2s", "3m", "1h")] == [
        0,
        2_000,
        180_000,
        3_600_000,
    ]
    with pytest.raises(InputError, match="not a time"):
        parse_time("1d")


def test_tape_replays_what_was_recorded(tmp_path: Path) -> None:
    process = make_process("october-2025,stale:BTC@5s/4s", 11, START_MS)
    path = tmp_path / "tape.jsonl"
    lines = list(record(process, ("ETH", "BTC"), START_MS, START_MS + 60_000, 500))
    path.write_text("".join(lines), "utf-8")
    replay = PriceProcess(Tape.read(path), PriceScript(), START_MS + 1)
    for time_ms in range(START_MS, START_MS + 60_000, 500):
        for symbol in ("ETH", "BTC"):
            price_usdc, made_ms = process.quote_at(symbol, time_ms)
            assert replay.quote_at(symbol, time_ms + 1) == (price_usdc, made_ms + 1)


def test_tape_holds_the_last_quote_and_begins_with_the_first() -> None:
    tape = Tape([Line(5, "ETH", 10), Line(9, "ETH", 12)])
    assert [tape.quote_at("ETH", at) for at in (0, 5, 8, 9, 99)] == [
        Quote(10, 5),
        Quote(10, 5),
        Quote(10, 5),
        Quote(12, 9),
        Quote(12, 9),
    ]
    assert tape.symbols == ("ETH",)
    with pytest.raises(InputError, match="no 'BTC' on the tape: one of ETH"):
        tape.quote_at("BTC", 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"time_ms": 1}', "line 1: .*missing required field"),
        ('{"time_ms":1,"symbol":"A","price_usdc":1}\nx', "line 2"),
        ('{"time_ms":1,"symbol":"A","price_usdc":0}', "line 1: price 0 out of range"),
        ('{"time_ms":-1,"symbol":"A","price_usdc":1}', "line 1: time -1"),
        ('{"time_ms":1,"symbol":"A","price_usdc":1}\n' * 2, "line 2: time 1, expected 2"),
    ],
)
def test_tape_bad_file_names_the_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "tape.jsonl"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=message):
        Tape.read(path)


def test_tape_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the tape"):
        Tape.read(tmp_path / "none")


def test_recorder_writes_each_new_quote_once() -> None:
    out = io.StringIO()
    recorder = Recorder(flat("stale:ETH@2s/2s"), out, START_MS)
    for at in (0, 0, 1_000, 500, 2_000, 3_000, 4_000):
        recorder.quote_at("ETH", START_MS + at)
    recorder.quote_at("BTC", START_MS)
    lines = out.getvalue().splitlines()
    assert [line.partition(",")[0] for line in lines] == [
        '{"time_ms":0',
        '{"time_ms":1000',
        '{"time_ms":2000',
        '{"time_ms":4000',
        '{"time_ms":0',
    ]
