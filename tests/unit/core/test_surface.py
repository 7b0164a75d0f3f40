"""The volatility of an expiry between its nodes, and surfaces that are refused."""

import pytest

from rollup_node.core.options_math import ONE, WAD
from rollup_node.core.surface import (
    MAX_NODES,
    Smile,
    SurfaceNode,
    SurfaceReason,
    check_butterfly,
    check_calendar,
    check_nodes,
    interpolate_variance,
)

_DAY_MS = 86_400_000
_LEFT = SurfaceNode(-200_000, 8_000)
_RIGHT = SurfaceNode(300_000, 6_000)


def _moneyness(millionths: int) -> int:
    return (millionths << 112) // 1_000_000


def _variance(volatility: int) -> int:
    return volatility * volatility * 10**28


def _flat(volatility: int) -> Smile:
    return tuple(SurfaceNode(place * 150_000, volatility) for place in range(-8, 8))


def test_interpolate_variance_between_nodes_is_a_line_in_the_variance() -> None:
    smile = (_LEFT, _RIGHT)
    middle = interpolate_variance(smile, _moneyness(50_000))
    assert 0 <= (_variance(8_000) + _variance(6_000)) // 2 - middle <= 10**18
    fifth = interpolate_variance(smile, _moneyness(-100_000))
    exact = _variance(8_000) - (_variance(8_000) - _variance(6_000)) // 5
    assert abs(exact - fifth) <= 10**18


def test_interpolate_variance_at_nodes_and_beyond_is_that_of_the_node() -> None:
    smile = (_LEFT, SurfaceNode(0, 7_500), _RIGHT)
    assert interpolate_variance(smile, 0) == _variance(7_500)
    for far in (-(1 << 255), -ONE, (_LEFT.moneyness << 112) // 1_000_000):
        assert interpolate_variance(smile, far) == _variance(8_000)
    for far in ((_RIGHT.moneyness << 112) // 1_000_000 + 1, ONE, 1 << 255):
        assert interpolate_variance(smile, far) == _variance(6_000)


def test_interpolate_variance_on_a_falling_line_rounds_down() -> None:
    smile = (SurfaceNode(0, 2), SurfaceNode(3, 1))
    wads = interpolate_variance(smile, _moneyness(1)) // WAD
    assert wads == 3 * 10**10
    assert interpolate_variance(smile, _moneyness(1) + 1) // WAD == 3 * 10**10 - 1


def test_interpolate_variance_without_nodes_or_order_has_an_answer() -> None:
    assert interpolate_variance((), 5) == 0
    assert interpolate_variance((_RIGHT, _LEFT), 0) == _variance(6_000)
    assert interpolate_variance((_RIGHT, _LEFT, _LEFT), ONE) == _variance(8_000)


@pytest.mark.parametrize(
    "smile",
    [
        (),
        (_LEFT,) * 2,
        (_RIGHT, _LEFT),
        (_LEFT, SurfaceNode(0, 0), _RIGHT),
        tuple(SurfaceNode(place, 5_000) for place in range(MAX_NODES + 1)),
    ],
)
def test_check_nodes_wrong_count_order_or_volatility_is_refused(smile: Smile) -> None:
    assert check_nodes(smile) == SurfaceReason.BAD_NODES


def test_check_nodes_one_to_sixteen_in_order_pass() -> None:
    for count in (1, 2, MAX_NODES):
        smile = tuple(SurfaceNode(place, 1) for place in range(-1, count - 1))
        assert check_nodes(smile) == SurfaceReason.OK


@pytest.mark.parametrize("volatility", [1, 100, 3_000, 6_000, 20_000, 65_535])
@pytest.mark.parametrize("days", [0, 1, 30, 365, 3_650])
def test_check_butterfly_flat_smile_passes(volatility: int, days: int) -> None:
    assert check_butterfly(_flat(volatility), days * _DAY_MS) == SurfaceReason.OK


def test_check_butterfly_usual_smile_passes() -> None:
    smile = tuple(
        SurfaceNode(place * 50_000, 6_000 + 15 * place * place - 20 * place)
        for place in range(-8, 8)
    )
    for days in (1, 7, 30, 90):
        assert check_butterfly(smile, days * _DAY_MS) == SurfaceReason.OK


def test_check_butterfly_bump_between_strikes_is_refused() -> None:
    smile = (_LEFT, SurfaceNode(0, 7_000), SurfaceNode(50_000, 12_000), _RIGHT)
    assert check_butterfly(smile, 7 * _DAY_MS) == SurfaceReason.BUTTERFLY_ARBITRAGE


def test_check_butterfly_call_dearer_at_the_higher_strike_is_refused() -> None:
    smile = (SurfaceNode(100_000, 2_000), SurfaceNode(200_000, 20_000))
    assert check_butterfly(smile, 30 * _DAY_MS) == SurfaceReason.BUTTERFLY_ARBITRAGE


def test_check_butterfly_call_falling_faster_than_the_strike_rises_is_refused() -> None:
    smile = (SurfaceNode(-200_000, 20_000), SurfaceNode(-100_000, 500))
    assert check_butterfly(smile, 30 * _DAY_MS) == SurfaceReason.BUTTERFLY_ARBITRAGE


def test_check_calendar_equal_variance_passes_and_less_is_refused() -> None:
    smile = _flat(6_000)
    month = 30 * _DAY_MS
    assert check_calendar(smile, month, smile, month) == SurfaceReason.OK
    assert check_calendar(smile, month, smile, 2 * month) == SurfaceReason.OK
    assert check_calendar(smile, month, smile, month - 1) == SurfaceReason.CALENDAR_ARBITRAGE
    assert check_calendar(smile, month, _flat(5_999), month) == SurfaceReason.CALENDAR_ARBITRAGE
    assert check_calendar(smile, month, _flat(4_243), 2 * month) == SurfaceReason.OK
    assert check_calendar(smile, month, _flat(4_242), 2 * month) == SurfaceReason.CALENDAR_ARBITRAGE


def test_check_calendar_crossing_at_one_node_only_is_refused() -> None:
    month = 30 * _DAY_MS
    dented = (_LEFT, SurfaceNode(10_000, 4_000), _RIGHT)
    usual = (_LEFT, _RIGHT)
    assert check_calendar(usual, month, dented, month) == SurfaceReason.CALENDAR_ARBITRAGE
    assert check_calendar(dented, month, usual, month) == SurfaceReason.OK
