"""A fault and its valid mirror as one case with one verdict."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rollup_node.devnet.arena import Case
from rollup_node.devnet.arena_build import seat
from rollup_node.devnet.arena_game import tell_game
from rollup_node.devnet.arena_ground import Field, prepare
from rollup_node.devnet.arena_outcome import judge, note_start
from rollup_node.devnet.arena_scenes import SCENES
from rollup_node.devnet.arena_timeline import tell_timeline
from rollup_node.devnet.arena_world import ArenaWorld, new_world
from rollup_node.devnet.faults.catalogue import (
    FAULTS,
    ONE_SHOT,
    Door,
    Fault,
    SceneName,
    find_fault,
)
from rollup_node.devnet.faults.plan import Choice
from rollup_node.node.config import BatchData
from rollup_node.ports import InputError

DATA: Final[tuple[BatchData, ...]] = ("calldata", "blob")
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Spec:
    """What to fight out; `door` is `None` for a fault that L1 refuses before there is a contest."""

    fault: str
    door: Door | None
    data: BatchData
    step: int | None = None
    sybils: int | None = None

    @property
    def scene(self) -> SceneName:
        """Return the scene of the arena that it needs."""
        return find_fault(self.fault).scene

    @property
    def name(self) -> str:
        """Return how a line names it."""
        return f"{self.fault} {self.door or 'refused'} {self.data}"

    def choice(self, *, mirror: bool) -> Choice:
        """Return it as a fault plan is asked for."""
        return Choice(self.door or ONE_SHOT, mirror, self.step, self.sybils)


def make_spec(
    what: str, door: str | None, data: BatchData, step: int | None, sybils: int | None
) -> Spec:
    """Return a spec; without a door the first one that ends the fault.

    Raises
    ------
    InputError
        If there is no such fault, or it does not end by that door.
    """
    fault = find_fault(what)
    if door is not None and door not in fault.doors:
        ends = f"ends by {', '.join(fault.doors)}" if fault.doors else "is refused by L1 at once"
        raise InputError(f"{fault.name} {ends}, not by {door}")
    chosen = next((found for found in fault.doors if door in (None, found)), None)
    return Spec(fault.name, chosen, data, step, sybils)


def all_specs(data: Sequence[BatchData] = DATA) -> list[Spec]:
    """Return the whole matrix: every fault by every door that ends it, with every kind of data."""
    return [
        Spec(fault.name, door, kind)
        for kind in data
        for fault in FAULTS.values()
        for door in (fault.doors or (None,))
    ]


class Arena:
    """A prepared world in which one case after another is fought."""

    def __init__(self, world: ArenaWorld, field: Field) -> None:
        self._world = world
        self._field = field

    async def run(self, spec: Spec, tell: Tell | None = None) -> dict[str, Any]:
        """Fight a fault and its mirror and return what that has shown.

        With `tell` the outcome also has the whole contest, as `dispute_getGame` returns it.
        """
        fault = find_fault(spec.fault)
        attack = await self._fight(spec, fault, mirror=False, tell=tell)
        mirror = await self._fight(spec, fault, mirror=True, tell=tell)
        checks = check_outcomes(fault, attack, mirror, self._world.rollup.parameters.stake_wei)
        came = {attack["wrong_claims"], mirror["wrong_claims"]}
        checks["all_rivals_came"] = spec.sybils is None or came == {spec.sybils}
        claims = attack.pop("claims")
        mirror.pop("claims")
        return {
            "fault": fault.name,
            "layer": fault.layer,
            "door": spec.door or "none",
            "data": spec.data,
            "attacks": list(fault.attacks),
            **{key: value for key, value in attack.items() if key not in ("ledger", "game")},
            "first_wrong": next((found for found in claims if found["changed_root"]), None),
            "mirror": mirror,
            "checks": checks,
            "passed": all(checks.values()),
            "ledger": attack["ledger"],
            **({"game": attack["game"]} if "game" in attack else {}),
        }

    async def _fight(
        self, spec: Spec, fault: Fault, *, mirror: bool, tell: Tell | None
    ) -> dict[str, Any]:
        await self._world.reset()
        case = Case(fault, spec.choice(mirror=mirror), spec.data)
        fight = await seat(self._world, self._field, case)
        start = await note_start(fight)
        await fight.run()
        outcome = await judge(fight, start)
        if tell is not None:
            outcome["game"] = await tell_game(fight)
            tell(f"{fault.name}: {'its mirror, ' + fault.mirror if mirror else fault.summary}")
            for line in tell_timeline(fight, start.l1_time):
                tell(line)
        return outcome


@asynccontextmanager
async def open_arena(
    data: BatchData, anvil: Path | None = None, scene: SceneName = "money"
) -> AsyncIterator[Arena]:
    """Open an arena on an anvil of its own, for the faults of one scene."""
    played = SCENES[scene]()
    async with new_world(data, anvil, markets=played.markets) as world:
        yield Arena(world, await prepare(world, played))


def check_outcomes(
    fault: Fault, attack: dict[str, Any], mirror: dict[str, Any], stake_wei: int
) -> dict[str, bool]:
    """Return everything that must hold, by name."""
    named = not fault.refused_with or fault.refused_with in attack["refused"]
    lost = -mirror["attacker_net_wei"]
    return {
        "honest_won": attack["winner"] == "honest",
        "no_wrong_assertion_confirmed": not attack["wrong_assertion_confirmed"],
        "honest_lost_nothing": attack["honest_net_wei"] >= 0,
        "custody_equals_claims": attack["custody_equals_claims"],
        "rederived": attack["rederived"],
        "money_conserved": attack["ledger"]["pool"]["conserved"],
        "within_bound": attack["within_bound"] and mirror["within_bound"],
        "root_changed_as_said": attack["changed_root"] == fault.changes_root,
        "refused_as_said": named,
        "bonds_moved": attack["bonds_lost"] == attack["wrong_claims"],
        "mirror_won": mirror["winner"] == "honest" and not mirror["wrong_assertion_confirmed"],
        "mirror_cost_honest_nothing": mirror["honest_net_wei"] >= 0,
        "mirror_cost_attacker": lost > 0 and lost >= mirror["wrong_claims"] * (stake_wei // 2),
        "mirror_custody": mirror["custody_equals_claims"] and mirror["rederived"],
    }
