"""Plans of weeks of vaults: the same for a seed, with both losses, and nobody is left out."""

import pytest

from rollup_node.core.option_leaves import SalePlace
from rollup_node.devnet.price_script import PriceScript
from rollup_node.devnet.vault_story.market import seconds_until_fair
from rollup_node.devnet.vault_story.plan import (
    ALL,
    CALLS,
    CRASH,
    MOON,
    PEOPLE,
    STAYS,
    VAULTS,
    WORDS,
    make_plan,
)


@pytest.mark.parametrize(
    ("epochs", "crash", "moon"), [(1, 1, None), (2, 1, 2), (3, 1, 2), (4, 2, 3), (9, 2, 3)]
)
def test_make_plan_has_both_losses_as_soon_as_there_is_time(
    epochs: int, crash: int, moon: int | None
) -> None:
    weeks = make_plan(epochs, 1).weeks
    assert [week.number for week in weeks] == list(range(1, epochs + 1))
    assert [week.number for week in weeks if week.shock == CRASH] == [crash]
    assert [week.number for week in weeks if week.shock == MOON] == ([moon] if moon else [])


def test_make_plan_is_that_of_its_seed() -> None:
    assert make_plan(6, 3) == make_plan(6, 3)
    assert make_plan(6, 3) != make_plan(6, 4)


@pytest.mark.parametrize("seed", range(20))
def test_make_plan_somebody_waits_in_the_call_vault_when_all_is_lost(seed: int) -> None:
    for epochs in (2, 3, 4, 8):
        (week,) = [week for week in make_plan(epochs, seed).weeks if week.shock == MOON]
        assert any(wish.vault == CALLS and wish.amount for wish in week.wishes)


@pytest.mark.parametrize("seed", range(20))
def test_make_plan_everybody_but_one_leaves_in_the_end(seed: int) -> None:
    plan = make_plan(4, seed)
    leaving = {(w.who, w.vault) for w in plan.weeks[-1].wishes if w.part_ppm == ALL}
    assert leaving == {(who, vault) for who in PEOPLE if who != STAYS for vault in VAULTS}
    assert plan.weeks[-1].late == ()
    assert {wish.vault for wish in plan.opening} == set(VAULTS)


def test_make_plan_shocks_can_be_read_and_are_told() -> None:
    for script in (CRASH, MOON):
        PriceScript.parse(script).check_underlyings(["ETH"])
        assert WORDS[script]


@pytest.mark.parametrize(
    ("now_ms", "seconds"), [(1_000, 1_000), (501_000, 500), (1_000_500, 1), (1_001_000, 0)]
)
def test_seconds_until_fair_is_when_the_price_is_down_at_the_mark(
    now_ms: int, seconds: int
) -> None:
    place = SalePlace(1, 1, 10, 1_000, 2_001_000, 1_100_000, 900_000, 0)
    assert seconds_until_fair(place, now_ms) == seconds


@pytest.mark.parametrize(("start", "reserve"), [(1_000_000, 900_000), (1_200_000, 1_000_001)])
def test_seconds_until_fair_what_begins_fair_or_never_is_does_not_wait(
    start: int, reserve: int
) -> None:
    place = SalePlace(1, 1, 10, 1_000, 2_001_000, start, reserve, 0)
    assert seconds_until_fair(place, 1_000) == 0
