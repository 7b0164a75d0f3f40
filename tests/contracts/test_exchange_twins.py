"""Both twins of the whole exchange on random trading, and that it reaches what it should."""

from typing import Final

from rollup_node.core.kinds import StepKind
from rollup_node.core.reason import Reason
from tests.contracts.exchange_flow import Exchange
from tests.contracts.fuzz import Differential

STEPS: Final = 20_000
SEED: Final = 20

K, R = StepKind, Reason
REACHED: Final[dict[StepKind, set[Reason]]] = {}
"""What 20,000 steps of this seed must meet at least; the fuzz target goes further."""


def test_twins_of_the_exchange_on_random_trading_agree() -> None:
    differential = Differential(SEED, Exchange)
    differential.run(STEPS)
    found: dict[StepKind, set[Reason]] = {}
    for kind, reason in differential.counts:
        found.setdefault(kind, set()).add(reason)
    missing = {
        kind.name: sorted(reason.name for reason in reasons - found.get(kind, set()))
        for kind, reasons in REACHED.items()
        if reasons - found.get(kind, set())
    }
    assert not missing
