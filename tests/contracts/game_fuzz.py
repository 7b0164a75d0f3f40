"""Contracts and model on random schedules: `python -m tests.contracts.game_fuzz --schedules 5000`.

After every command both agree on success or the name of the error, on every assertion, the list
of live siblings, every edge and timer, every stake, pot and credit, and the balance of the pool.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import Final

from rollup_node.l1.shipped import Artifact
from tests.contracts.game_chain import START_AT, Chain
from tests.contracts.game_edges import Rejected
from tests.contracts.game_model import Game
from tests.contracts.game_observe import differences
from tests.contracts.game_schedule import PEOPLE, Command, Schedule, described
from tests.contracts.game_state import Rules

PERIOD_SECONDS: Final = 60
DELAY_SECONDS: Final = 10
STAKE_WEI: Final = 3 * 10**18
GAS_PRICE_WEI: Final = 30 * 10**9
COMMANDS: Final = 100


class DisagreementError(AssertionError):
    """The contracts did something else than the model."""


class Differential:
    """One run of the comparison; `counts` is how often each command had each outcome."""

    def __init__(self, seed: int, artifacts: Mapping[str, Artifact] | None = None) -> None:
        self.rng = random.Random(seed)
        self.artifacts = artifacts
        self.counts: Counter[tuple[str, str]] = Counter()
        self.chains: dict[tuple[int, int], Chain] = {}

    def run(self, schedules: int) -> None:
        """Compare so many schedules, each with a height and a machine of its own."""
        for _ in range(schedules):
            height = self.rng.randint(1, 3)
            self._schedule(height, self.rng.choice(((1 << height) + 1, max(1 << height >> 1, 1))))

    def _chain(self, height: int, item_segments: int) -> Chain:
        key = (height, item_segments)
        if key in self.chains:
            self.chains[key].reset()
        else:
            rules = Rules(height, PERIOD_SECONDS, DELAY_SECONDS, STAKE_WEI, GAS_PRICE_WEI)
            self.chains[key] = Chain(rules, item_segments, PEOPLE, self.artifacts)
        return self.chains[key]

    def _schedule(self, height: int, item_segments: int) -> None:
        chain = self._chain(height, item_segments)
        machine = chain.machine
        game = Game(chain.rules, machine, machine.genesis, START_AT)
        assert game.genesis == chain.genesis
        schedule = Schedule(self.rng, chain.rules, machine)
        history: list[Command] = []
        for _ in range(COMMANDS):
            command = schedule.next(game)
            history.append(command)
            expected, game = _on_model(game, command)
            actual = _on_chain(chain, command)
            self.counts[command.name, expected] += 1
            wrong = list(differences(game, chain)) if expected == actual else []
            if expected != actual or wrong:
                raise DisagreementError(
                    f"{described(history)}\nmodel {expected}, contracts {actual}, height {height}, "
                    f"{item_segments} segments\n" + "\n".join(wrong)
                )


def _on_model(game: Game, command: Command) -> tuple[str, Game]:
    try:
        return "done", game.after(command.name, *command.arguments)
    except Rejected as rejection:
        return rejection.name, game


def _on_chain(chain: Chain, command: Command) -> str:
    try:
        getattr(chain, command.name)(*command.arguments)
    except Rejected as rejection:
        return rejection.name
    return "done"


def main(arguments: list[str] | None = None) -> int:
    """Run the comparison and print seed, speed and counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().getrandbits(32) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    differential = Differential(seed)
    start = time.perf_counter()
    differential.run(options.schedules)
    elapsed = time.perf_counter() - start
    for (name, outcome), count in sorted(differential.counts.items()):
        print(f"{name:22} {outcome:24} {count:8}")
    total = differential.counts.total()
    print(f"{options.schedules} schedules, {total} commands equal, {elapsed:.0f} s, seed {seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
