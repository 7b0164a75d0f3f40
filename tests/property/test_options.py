"""What holds of prices and surfaces for any arguments: parity, bounds, and what never falls."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from rollup_node.core.black76 import MAX_PRICE, MAX_TIME_MS, black76, compute_deviation
from rollup_node.core.options_math import (
    MAX_WORD,
    WAD,
    exp_wad,
    ln_wad,
    natural_log,
    normal_cdf,
    sqrt_wad,
)
from rollup_node.core.surface import (
    Smile,
    SurfaceNode,
    SurfaceReason,
    check_butterfly,
    check_calendar,
    interpolate_variance,
)

_PLACES = st.integers(-13 * WAD, 13 * WAD)
_WORDS = st.integers(0, MAX_WORD)
_PRICES = st.integers(1, MAX_PRICE - 1) | st.integers(0, 87).map(lambda bits: 1 << bits)
_VOLATILITIES = st.integers(WAD // 1_000, 20 * WAD)
_TIMES = st.integers(1, MAX_TIME_MS - 1) | st.integers(0, 39).map(lambda bits: 1 << bits)
_NODES = st.builds(SurfaceNode, st.integers(-(1 << 23), (1 << 23) - 1), st.integers(1, 65_535))


@st.composite
def _smiles(draw: st.DrawFn) -> Smile:
    nodes = draw(st.lists(_NODES, min_size=1, max_size=16, unique_by=lambda node: node.moneyness))
    return tuple(sorted(nodes))


@st.composite
def _options(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """Draw forward, strike (within some deviations), volatility and time."""
    forward, volatility, time_ms = draw(_PRICES), draw(_VOLATILITIES), draw(_TIMES)
    deviation = compute_deviation(volatility * volatility, time_ms)
    ratio = exp_wad(draw(st.integers(-6, 6)) * (deviation * WAD >> 112) + draw(_PLACES) // 100)
    return forward, min(max(forward * ratio // WAD, 1), MAX_PRICE - 1), volatility, time_ms


@given(_options())
def test_black76_neighbouring_integers_move_prices_the_right_way(
    option: tuple[int, int, int, int],
) -> None:
    forward, strike, volatility, time_ms = option
    deviation = compute_deviation(volatility * volatility, time_ms)
    here = black76(forward, strike, deviation)
    next_forward = black76(forward + 1, strike, deviation)
    assert 0 <= next_forward.call - here.call <= 1
    assert 0 <= here.put - next_forward.put <= 1
    next_strike = black76(forward, strike + 1, deviation)
    assert 0 <= here.call - next_strike.call <= 1
    assert 0 <= next_strike.put - here.put <= 1
    later = black76(forward, strike, compute_deviation(volatility * volatility, time_ms + 1))
    wilder = black76(forward, strike, compute_deviation((volatility + 1) ** 2, time_ms))
    assert here.call <= min(later.call, wilder.call)
    assert here.put <= min(later.put, wilder.put)


@given(_WORDS, _WORDS, _WORDS)
def test_black76_any_words_keep_parity_and_bounds(
    forward: int, strike: int, deviation: int
) -> None:
    call, put, delta = black76(forward, strike, deviation)
    forward, strike = min(forward, MAX_PRICE), min(strike, MAX_PRICE)
    assert call - put == forward - strike
    assert max(forward - strike, 0) <= call <= forward
    assert 0 <= delta <= WAD


@given(_options(), st.integers(1, 1 << 80))
def test_black76_far_apart_forwards_and_volatilities_keep_their_order(
    option: tuple[int, int, int, int], step: int
) -> None:
    forward, strike, volatility, time_ms = option
    deviation = compute_deviation(volatility * volatility, time_ms)
    wider = compute_deviation((volatility + step) ** 2, time_ms)
    higher = min(forward + step, MAX_PRICE)
    here = black76(forward, strike, deviation)
    assert here.call <= black76(higher, strike, deviation).call <= here.call + higher - forward
    assert here.call <= black76(forward, strike, wider).call


@given(_PLACES, st.integers(0, 1 << 60))
def test_exp_cdf_and_roots_never_fall(place: int, step: int) -> None:
    assert normal_cdf(place) <= normal_cdf(place + 1) <= normal_cdf(place + 1 + step)
    assert exp_wad(place) <= exp_wad(place + 1) <= exp_wad(place + 1 + step)
    assert sqrt_wad(abs(place)) <= sqrt_wad(abs(place) + step)
    assert normal_cdf(place) + normal_cdf(-place) == WAD


@given(_WORDS.filter(bool), _WORDS)
def test_logarithms_never_fall_and_add_up(value: int, step: int) -> None:
    assert ln_wad(value) <= ln_wad(value + 1) <= ln_wad(value + 1 + step)
    assert natural_log(value) <= natural_log(value + 1)
    root = 1 << (value.bit_length() >> 1)
    together = natural_log(value >> 128 or 1) + natural_log(root)
    assert abs(natural_log((value >> 128 or 1) * root) - together) <= 1 << 10


@given(st.integers(0, 1 << 191))
def test_sqrt_wad_is_the_floor(value: int) -> None:
    root = sqrt_wad(value)
    assert root * root <= value * WAD < (root + 1) ** 2


@given(_smiles(), st.integers(-(9 << 112), 9 << 112))
def test_interpolate_variance_is_the_floor_of_the_line(smile: Smile, moneyness: int) -> None:
    place = Fraction(moneyness * 10**6, 1 << 112)
    inside = [node for node in smile if node.moneyness >= place]
    before = [node for node in smile if node.moneyness < place]
    left = before[-1] if before else inside[0]
    right = inside[0] if inside else left
    width = right.moneyness - left.moneyness
    share = (place - left.moneyness) / width if width else Fraction(0)
    line = left.volatility**2 + share * (right.volatility**2 - left.volatility**2)
    assert interpolate_variance(smile, moneyness) == line * 10**10 // 1 * WAD


@given(_smiles(), st.integers(1, 1 << 36), st.integers(0, 1 << 36))
def test_check_calendar_of_one_smile_depends_on_the_order_of_times_only(
    smile: Smile, time_ms: int, more_ms: int
) -> None:
    assert check_calendar(smile, time_ms, smile, time_ms + more_ms) == SurfaceReason.OK


@given(st.integers(1, 65_535), st.integers(0, MAX_TIME_MS), _smiles())
def test_check_butterfly_flat_smile_at_any_strikes_passes(
    volatility: int, time_ms: int, smile: Smile
) -> None:
    flat = tuple(SurfaceNode(node.moneyness, volatility) for node in smile)
    assert check_butterfly(flat, time_ms) == SurfaceReason.OK
