"""The mathematics of options in both twins: the same integers on markets, seams and any words."""

import random

import pytest

from rollup_node.core.surface import (
    SurfaceReason,
    check_butterfly,
    check_calendar,
    check_nodes,
    interpolate_variance,
)
from tests.contracts.options_chain import OptionsChain
from tests.options_points import (
    FUNCTIONS,
    Function,
    random_moneyness,
    random_point,
    random_smile,
    results,
)

_POINTS = 3_000
_SMILES = 150
_WORD = 1 << 256


@pytest.fixture(scope="module")
def chain() -> OptionsChain:
    return OptionsChain()


@pytest.mark.parametrize("number", range(len(FUNCTIONS)), ids=[f.name for f in FUNCTIONS])
def test_functions_of_both_twins_give_the_same_integers(chain: OptionsChain, number: int) -> None:
    function: Function = FUNCTIONS[number]
    rng = random.Random(number)
    points = [random_point(rng, function) for _ in range(_POINTS)]
    expected = [tuple(word % _WORD for word in results(function, point)) for point in points]
    words = chain.evaluate(number, points)
    width = len(expected[0])
    found = [tuple(words[i : i + width]) for i in range(0, len(words), width)]
    for point, left, right in zip(points, expected, found, strict=True):
        assert left == right, point
    assert len(set(expected)) > _POINTS // 3


def test_surfaces_of_both_twins_have_the_same_reasons_and_variances(chain: OptionsChain) -> None:
    rng = random.Random(99)
    seen = set()
    for _ in range(_SMILES):
        smile, later = random_smile(rng), random_smile(rng)
        times = [int(10 ** rng.uniform(0, 13)) for _ in range(2)]
        if rng.randrange(2):
            later, times = smile, sorted(times)
        reasons = check_nodes(smile), check_butterfly(smile, times[0])
        assert chain.check_smile(smile, times[0]) == reasons
        calendar = check_calendar(smile, times[0], later, times[1])
        assert chain.check_calendar(smile, times[0], later, times[1]) == calendar
        for _ in range(4):
            moneyness = random_moneyness(rng, smile)
            variance = interpolate_variance(smile, moneyness)
            assert chain.interpolate_variance(smile, moneyness) == variance
        seen |= {*reasons, calendar}
    assert seen == set(SurfaceReason)
