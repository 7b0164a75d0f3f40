"""D-15 on the model, against every schedule of a bounded adversary at unit time steps.

Histories are lists of (number, fault): (2, 0) is right at leaf 1, (2, 1) is wrong there. Each
reaction of the honest player costs a second, so `T` must be longer than its `H + 2` reactions.
"""

from dataclasses import replace

import pytest

from tests.contracts.game_edges import Edge, Edges, Key
from tests.contracts.game_search import DelayError, Search, Setting, WrongWinnerError

BOTH_WRONG = [(1, 1), (2, 1)]
WRONG_END = [(1, 0), (2, 1)]
POISONED_MIDDLE = [(1, 2), (2, 0)]

TWO_LIARS = Setting(height=1, period_seconds=5, delay_seconds=1, liars=[BOTH_WRONG, WRONG_END])
ONE_DEEP_LIAR = Setting(height=2, period_seconds=5, delay_seconds=1, liars=[])

# The last liar shares all but the last leaf of two that died before
# (tests/contracts/test_game_decoy.py).
DECOYS = replace(
    TWO_LIARS,
    period_seconds=4,
    liars=[[(1, 1), (2, 9)], [(1, 1), (2, 8)], BOTH_WRONG],
    decoys=(0, 1),
)
DEEP_DECOYS = replace(
    ONE_DEEP_LIAR,
    moves_at_once=1,
    liars=[[(1, 1), (2, 1), (3, 1), (4, fault)] for fault in (9, 8, 1)],
    decoys=(0, 1),
)

SETTINGS = (
    {
        "two liars join a right claim": replace(TWO_LIARS, period_seconds=4),
        "two liars come first": replace(TWO_LIARS, right_first=False),
        "one of them is refuted at sight": replace(TWO_LIARS, published=frozenset({0})),
        "and the right claim comes last": replace(
            TWO_LIARS, published=frozenset({0}), right_first=False
        ),
        "wrong middle, right end": replace(
            TWO_LIARS, liars=[BOTH_WRONG, POISONED_MIDDLE], right_first=False
        ),
        "padding after one segment": replace(
            TWO_LIARS, period_seconds=4, last=1, right_first=False
        ),
        "nobody honest for three seconds": replace(
            TWO_LIARS, right_first=False, can_refute=False, asleep_seconds=3
        ),
        "two deep liars": replace(
            ONE_DEEP_LIAR,
            liars=[[(1, 0), (2, 1), (3, 1), (4, 1)], [(1, 0), (2, 0), (3, 1), (4, 1)]],
            right_first=False,
            can_refute=False,
            moves_at_once=1,
        ),
    }
    | {
        f"decoys, then an heir{', right first' * right_first}, height {setting.height}": replace(
            setting, right_first=right_first
        )
        for setting in (DECOYS, DEEP_DECOYS)
        for right_first in (False, True)
    }
    | {
        f"deep liar at leaf {leaf}{', right first' * right_first}": replace(
            ONE_DEEP_LIAR,
            liars=[[(index + 1, int(index >= leaf)) for index in range(4)]],
            right_first=right_first,
        )
        for leaf in range(4)
        for right_first in (False, True)
    }
)


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS.keys())
def test_search_honest_play_confirms_in_time(setting: Setting) -> None:
    """D-15: the right claim wins every schedule, at most 2T + G and H + 2 reactions after."""
    search = Search(setting)
    search.run()
    states, worst = len(search.worst), search.worst_seconds
    print(f"{states} states, at worst {worst} of {search.bound_seconds} seconds")
    assert states > 100
    assert setting.period_seconds + setting.delay_seconds <= worst <= search.bound_seconds


def test_search_first_liar_dies_late_costs_two_periods() -> None:
    """The bound is sharp: a right claim that came second waits T for nothing, then T again."""
    search = Search(replace(TWO_LIARS, right_first=False))
    search.run()
    assert search.worst_seconds == 2 * TWO_LIARS.period_seconds + TWO_LIARS.delay_seconds


def test_search_nobody_honest_for_too_long_finds_the_loss() -> None:
    """Optimism has an end: what is not answered within T wins."""
    with pytest.raises(WrongWinnerError, match="wrong claim confirmed"):
        Search(replace(TWO_LIARS, right_first=False, can_refute=False, asleep_seconds=4)).run()


@pytest.mark.parametrize("setting", [DECOYS, DEEP_DECOYS], ids=["height 1", "height 2"])
def test_search_honest_who_ignores_the_dead_finds_the_loss(setting: Setting) -> None:
    """D-15 (1) and (2) speak of edges, not only of live claims: with less the decoy wins."""
    with pytest.raises(WrongWinnerError, match="decoys"):
        Search(replace(setting, watches_the_dead=False)).run()


def test_search_clock_that_a_rival_does_not_stop_finds_the_loss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A planted bug against D-4: the search must be able to fail."""

    def add(self: Edges, key: Key, now: int) -> None:
        first = self.first.setdefault(key.mutual, key)
        self.edges.setdefault(key, Edge(now, rivaled_at=0 if first == key else now))

    monkeypatch.setattr(Edges, "add", add)
    with pytest.raises((WrongWinnerError, DelayError)):
        Search(replace(TWO_LIARS, right_first=False)).run()


def test_search_timer_of_the_better_half_finds_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted bug against D-5: the largest timer of the halves instead of the smallest."""

    def update(self: Edges, key: Key, left: bytes, right: bytes, now: int, height: int) -> None:
        best = max(self.timer(half, now, height) for half in key.halves(left, right))
        self.edges[key] = replace(self.edges[key], inherited=best)

    monkeypatch.setattr(Edges, "update", update)
    with pytest.raises(WrongWinnerError):
        Search(replace(TWO_LIARS, liars=[WRONG_END], right_first=False)).run()
