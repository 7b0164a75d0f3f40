"""Every fault of the catalogue, fought out on a real L1, with its valid mirror."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from rollup_node.devnet.arena_case import Arena, Spec, open_arena
from rollup_node.devnet.faults.catalogue import FAULTS, Fault


class Arenas:
    """One arena for each scene and kind of batch data, opened when it is first needed."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._open: dict[tuple[str, str], Arena] = {}

    def run(self, spec: Spec) -> dict[str, object]:
        return self._runner.run(self._run(spec))

    def close(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()

    async def _run(self, spec: Spec) -> dict[str, object]:
        key = spec.scene, spec.data
        if key not in self._open:
            opened = open_arena(spec.data, scene=spec.scene)
            self._open[key] = await self._stack.enter_async_context(opened)
        return await self._open[key].run(spec)


@pytest.fixture(scope="module")
def arenas() -> Iterator[Arenas]:
    made = Arenas()
    yield made
    made.close()


def _specs() -> list[Spec]:
    """Return every fault by every door that ends it; calldata and blobs take turns.

    What is wrong with a market does not depend on how its batches came to L1: calldata.
    """
    cases = [(fault, door) for fault in FAULTS.values() for door in (fault.doors or (None,))]
    return [
        Spec(fault.name, door, "blob" if number & 1 and fault.scene == "money" else "calldata")
        for number, (fault, door) in enumerate(cases)
    ]


@pytest.mark.parametrize("spec", _specs(), ids=lambda spec: spec.name.replace(" ", "-"))
def test_fault_is_defeated_and_its_mirror_costs_the_attacker(arenas: Arenas, spec: Spec) -> None:
    outcome = arenas.run(spec)
    checks = outcome["checks"]
    assert isinstance(checks, dict)
    assert {name for name, good in checks.items() if not good} == set()
    assert outcome["changed_root"] == FAULTS[spec.fault].changes_root
    assert outcome["winner"] == "honest"
    assert outcome["wrong_claims"] == outcome["bonds_lost"]
    mirror = outcome["mirror"]
    assert isinstance(mirror, dict)
    assert mirror["winner"] == "honest"
    assert int(mirror["attacker_net_wei"]) < 0


@pytest.mark.parametrize("step", [0, 17, 58, 69])
def test_wrong_poststate_at_a_chosen_step_is_found_there(arenas: Arenas, step: int) -> None:
    outcome = arenas.run(Spec("wrong-poststate", "one-shot", "calldata", step=step))
    wrong = outcome["first_wrong"]
    assert isinstance(wrong, dict)
    assert wrong["step_number"] == step
    assert outcome["passed"]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_catalogue_says_of_each_fault_what_it_is(fault: Fault) -> None:
    assert fault.summary
    assert fault.mirror
    assert fault.attacks
    assert all(1 <= number <= 20 for number in fault.attacks)
    assert fault.doors or fault.refused_with
