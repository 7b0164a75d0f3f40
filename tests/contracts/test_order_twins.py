"""The order family in both twins on random flow; tests/contracts/order_twins.py runs more."""

import random

import pytest

from rollup_node.codec.leaves import encode_leaf
from rollup_node.core.kinds import StepKind
from rollup_node.core.reason import Reason
from tests.contracts.order_flow import OrderFlow
from tests.contracts.order_twins import OrderChain, TwinWorld

_REACHED = {
    StepKind.PLACE: 24,
    StepKind.CANCEL: 9,
    StepKind.CANCEL_ALL: 6,
    StepKind.REPLACE: 16,
    StepKind.QUOTE: 7,
    StepKind.PRUNE: 3,
    StepKind.LEG: 10,
    StepKind.SWEEP: 1,
}
"""How many reasons each kind shows at least on the flow of the test."""


@pytest.fixture(scope="module")
def chain() -> OrderChain:
    return OrderChain()


def test_order_steps_random_flow_equals_the_twin_step_by_step(chain: OrderChain) -> None:
    rng = random.Random(20_261_121)
    reasons: dict[StepKind, set[Reason]] = {kind: set() for kind in _REACHED}
    for _ in range(25):
        flow = OrderFlow(rng, TwinWorld(chain))
        flow.run(400)
        for kind, reason in flow.world.counts:
            reasons.setdefault(kind, set()).add(reason)
    assert {kind: len(reasons[kind]) >= least for kind, least in _REACHED.items()} == dict.fromkeys(
        _REACHED, True
    )


@pytest.mark.parametrize("size", [0, 1, 2, 3, 63, 100])
def test_order_steps_random_bytes_are_undecodable_in_both_twins(
    chain: OrderChain, size: int
) -> None:
    rng = random.Random(size)
    for kind in range(0x20, 0x30):
        world = TwinWorld(chain)
        body = bytes((kind,)) + rng.randbytes(size)
        before = {key: encode_leaf(leaf) for key, leaf in world.leaves.items()}
        world.run_body(body)
        world.run_forced(body, bytes(20), 3)
        assert {key: encode_leaf(leaf) for key, leaf in world.leaves.items()}.items() >= (
            before.items()
        )
