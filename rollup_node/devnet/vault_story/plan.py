"""Who wants what in which week, and what happens to the market: decided before anything runs."""

import random
from dataclasses import dataclass
from typing import Final

CALLS: Final = "covered-call"
PUTS: Final = "cash-secured-put"
VAULTS: Final = (CALLS, PUTS)
PEOPLE: Final = ("alice", "bob", "carol", "dave")
STAYS: Final = "dave"
"""Who keeps his shares in the end; everybody else leaves."""
CRASH: Final = "crash:ETH@0s-40%/10s"
MOON: Final = "gap:ETH@0s+1050%"
"""More than ten times the price: beyond what collateral covers of a call, and short of what a put
that is worth nothing still requires (docs/vaults.md)."""
WORDS: Final = {
    "": "nothing happens",
    CRASH: "ETH falls by 40 %",
    MOON: "ETH is worth 11.5 times as much",
}
ALL: Final = 1_000_000
_CALM_FIRST: Final = 4
"""With so many epochs the first one is calm."""
_LEAST: Final = {CALLS: 10**18, PUTS: 4_000 * 10**6}


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody queues assets (`amount` > 0) or a part of the shares that are there by then."""

    who: str
    vault: str
    amount: int = 0
    part_ppm: int = 0


@dataclass(frozen=True, slots=True)
class Week:
    """An epoch: what is queued while it runs, what happens, and what comes after the cutoff."""

    number: int
    shock: str
    wishes: tuple[Wish, ...]
    late: tuple[Wish, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The first deposits, then the weeks."""

    opening: tuple[Wish, ...]
    weeks: tuple[Week, ...]


def make_plan(epochs: int, seed: int) -> Plan:
    """Return what happens in so many epochs; the same for the same seed."""
    rng = random.Random(f"{seed}/vaults")  # noqa: S311 - replayable
    opening = tuple(_enter(rng, who, name) for name in VAULTS for who in PEOPLE[:3])
    crash = 2 if epochs >= _CALM_FIRST else 1
    shocks = {crash: CRASH, crash + 1: MOON}
    weeks = []
    for number in range(1, epochs + 1):
        shock = shocks.get(number, "")
        is_last = number == epochs
        wishes = _leave_all() if is_last else _wishes(rng)
        if shock == MOON:
            wishes = (*wishes, _enter(rng, STAYS, CALLS))
        late = () if is_last else (_leave(rng, rng.choice(PEOPLE), rng.choice(VAULTS)),)
        weeks.append(Week(number, shock, wishes, late))
    return Plan(opening, tuple(weeks))


def _wishes(rng: random.Random) -> tuple[Wish, ...]:
    """Return what people want in a usual week: in each vault one enters and another leaves."""
    found: list[Wish] = []
    for vault in VAULTS:
        enters, leaves = rng.sample(PEOPLE, 2)
        found += (_enter(rng, enters, vault), _leave(rng, leaves, vault))
    return tuple(found)


def _leave_all() -> tuple[Wish, ...]:
    return tuple(
        Wish(who, vault, part_ppm=ALL) for vault in VAULTS for who in PEOPLE if who != STAYS
    )


def _enter(rng: random.Random, who: str, vault: str) -> Wish:
    """Return a deposit that is no round number: roundings have to show."""
    least = _LEAST[vault]
    return Wish(who, vault, amount=rng.randrange(least, 4 * least))


def _leave(rng: random.Random, who: str, vault: str) -> Wish:
    return Wish(who, vault, part_ppm=rng.randrange(ALL // 10, ALL // 2))
