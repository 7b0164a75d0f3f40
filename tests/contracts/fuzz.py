"""Both twins on the same random steps: `python -m tests.contracts.fuzz --steps 100000 --seed 7`.

Each call of the verifier must give the root, weight, end, kinds and reasons of the machine; and
the machine run item by item must give the same segment roots as the calls. `--exchange` trades,
and plays the scenes, which reach every reason that each kind of step can have.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import Final

from rollup_node.core.inputs import ItemHeader, Messages
from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import CURSOR_KEY
from rollup_node.core.reason import Reason
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.chunks import chunk_root
from rollup_node.proof.machine import Machine
from rollup_node.proof.witness import BlobData, build_call
from tests.contracts.court import BRIDGE, CHAIN_ID, Court
from tests.contracts.crash_flow import Crash
from tests.contracts.exchange_flow import Exchange
from tests.contracts.option_flow import Options
from tests.contracts.random_world import World
from tests.contracts.scenes import SCENES
from tests.contracts.stage import Scene, Stage, StagedWorld
from tests.contracts.unreachable_cells import UNREACHABLE, reachable_cells

TRADING: Final[tuple[type[World], ...]] = (Exchange, Crash, Options)
"""Worlds of the exchange, of which a run takes one after the other by chance."""

_STEPS_PER_PLAY: Final = 100_000
"""Random steps after which the scenes are played again, cut into other calls."""


class Differential:
    """One run of the comparison; `counts` is how often each kind had each reason."""

    def __init__(self, seed: int, *worlds: type[World]) -> None:
        self.rng = random.Random(seed)
        self.worlds = worlds or (World,)
        self.court = Court()
        self.machine = Machine(CHAIN_ID, BRIDGE)
        self.counts: Counter[tuple[StepKind, Reason]] = Counter()

    @property
    def steps(self) -> int:
        """How many steps were compared."""
        return self.counts.total()

    def play(self, scenes: Mapping[str, Scene]) -> None:
        """Compare what every scene does, each on a stage of its own, in random order."""
        court, names = self.court, sorted(scenes)
        self.rng.shuffle(names)
        for name in names:
            stage = Stage(self.machine)
            scenes[name](stage)
            world = StagedWorld(stage, len(court.items) - 1, court.messages, court.fast)
            replica = ChainState()
            replica.commit(world.initial)
            self._item(world, replica)

    def run(self, steps: int) -> None:
        """Compare at least `steps` steps."""
        while self.steps < steps:
            court = self.court
            world = self.rng.choice(self.worlds)(
                self.rng, self.machine, len(court.items) - 1, court.messages, court.fast
            )
            replica = ChainState()
            replica.commit(world.initial)
            for _ in range(world.items):
                self._item(world, replica)

    def _item(self, world: World | StagedWorld, replica: ChainState) -> None:
        header, data, messages, blobs = world.item()
        for message in messages.delayed:
            self.court.add_message(message)
        for message in messages.fast:
            self.court.add_fast(message)
        self.court.add_item(header)
        if blobs is not None:
            self.court.import_blob(blobs.versioned_hashes[0], chunk_root(blobs.payload))
        roots, ended = [], False
        item = world.state.get(CURSOR_KEY).item
        while world.state.get(CURSOR_KEY).item == item:
            roots.append(self._segment(world, header, data, messages, blobs))
            ended = True
        assert ended
        result = self.machine.run_item(replica, header, data, messages, segment_roots=True)
        assert result.segment_roots == roots, f"item {item}: run_item and calls differ"
        assert result.blocks[-1].state_root == roots[-1]

    def _segment(
        self,
        world: World | StagedWorld,
        header: ItemHeader,
        data: bytes,
        messages: Messages,
        blobs: BlobData | None,
    ) -> bytes:
        state, start = world.state, world.state.root()
        done, weight, is_ended = 0, 0, False
        while not is_ended:
            call = build_call(
                self.machine,
                state,
                header,
                data,
                messages,
                self.rng.choice([1, 2, 7, 20, 64, 64]),
                steps_done=done,
                weight_done=weight,
                blobs=blobs,
            )
            weight, is_ended = weight + call.weight, call.is_ended
            encoded = self.court.call_data(call, start_root=start, steps_done=done)
            verdict = self.court.simulate(encoded)
            done += call.steps
            expected = (call.end_root, weight, is_ended, call.kinds, call.reasons)
            assert verdict[:5] == expected, (
                f"cursor {state.get(CURSOR_KEY)}: {verdict} != {expected}"
            )
            if not is_ended:
                encoded = self.court.call_data(
                    call, name="prove", start_root=start, steps_done=done - call.steps
                )
                proven = self.court.prove(encoded)
                assert proven == (call.end_root, weight, is_ended)
                assert self.court.entry(start, done) == (call.end_root, weight, is_ended)
            for result in call.results:
                state.commit(result.writes)
            assert state.root() == call.end_root
            self.counts.update(zip(call.kinds, call.reasons, strict=True))
        return state.root()


def print_cells(counts: Counter[tuple[StepKind, Reason]], *, is_whole: bool) -> None:
    """Print how often each kind had each reason; of a whole exchange also what it never can."""
    cells = {
        cell for kind, reasons in reachable_cells().items() for cell in ((kind, r) for r in reasons)
    }
    for kind, reason in sorted({*counts, *(cells if is_whole else ())}):
        print(f"{kind.name:20} {reason.name:22} {counts[kind, reason]:8}")
    if not is_whole:
        return
    empty = sorted(cell for cell in cells if not counts[cell])
    print(f"{len(cells)} reachable cells, {len(empty)} of them empty")
    for words, declared in UNREACHABLE.items():
        for kind, reasons in sorted(declared.items()):
            names = ", ".join(sorted(reason.name for reason in reasons))
            print(f"never: {kind.name} {names}: {words}")


def main(arguments: list[str] | None = None) -> int:
    """Run the comparison and print seed, speed and counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--exchange", action="store_true", help="random trading")
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().getrandbits(32) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    differential = Differential(seed, *(TRADING if options.exchange else (World,)))
    start = time.perf_counter()
    while differential.steps < options.steps:
        if options.exchange:
            differential.play(SCENES)
        differential.run(min(options.steps, differential.steps + _STEPS_PER_PLAY))
        print(f"{differential.steps} steps", flush=True)
    elapsed = time.perf_counter() - start
    print_cells(differential.counts, is_whole=options.exchange)
    print(
        f"{differential.steps} steps equal, {differential.steps / elapsed:.0f} steps/s, seed {seed}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
