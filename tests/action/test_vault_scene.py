"""Accounts that speak through L1 alone: a sale that is met, a withdrawal, a message forced in.

What a contract would rely on is what L1 confirms, whatever an operator claims meanwhile.
"""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest

from rollup_node.core.frame import Frame
from rollup_node.core.kinds import ItemKind, StepKind
from rollup_node.core.layout import sales_key
from rollup_node.core.positions import find_position
from rollup_node.core.reason import Reason
from rollup_node.devnet.arena import Case
from rollup_node.devnet.arena_build import seat
from rollup_node.devnet.arena_desk import open_desk
from rollup_node.devnet.arena_ground import Field, prepare
from rollup_node.devnet.arena_money import custody_equals_claims
from rollup_node.devnet.arena_story import ALICE, CAROL, PAYEE
from rollup_node.devnet.arena_vault import CALL, DAVE, WITHDRAWN_USDC, VaultScene
from rollup_node.devnet.arena_world import ArenaWorld, new_world
from rollup_node.devnet.faults.catalogue import INTERACTIVE, find_fault
from rollup_node.devnet.faults.machine import FaultyMachine
from rollup_node.devnet.faults.places import find_lie
from rollup_node.devnet.faults.plan import Choice
from rollup_node.ports import TransactionReverted
from tests.action.payee import pay_first_entry

_SOLD = 400
"""What alice buys of the six hundred lots that are offered."""


class Stage(NamedTuple):
    """A world whose inbox holds the scene, and what there is to fight about."""

    world: ArenaWorld
    field: Field


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with new_world("calldata", markets=True) as world:
        yield Stage(world, await prepare(world, VaultScene()))


async def test_scene_sells_at_a_falling_price_and_executes_what_was_forced_in(
    stage: Stage,
) -> None:
    steps = [step for step in stage.field.ground.steps if step.reason is Reason.OK]
    sales = [step for step in steps if step.kind is StepKind.SALE]
    assert [stage.field.items[step.cursor.item - 1].header.kind for step in sales] == [
        ItemKind.CALLDATA,
        ItemKind.FORCED,
    ]
    desk = await open_desk(stage.world)
    await desk.catch_up()
    state: Any = desk.replica.state
    frame = Frame(state, 0, 0, 1, 0)
    held = find_position(frame, CAROL, CALL)[1]
    assert held.lots == -_SOLD
    bought = find_position(frame, ALICE, CALL)[1]
    assert (bought.lots, bought.basis) == (_SOLD, -held.basis)
    assert [place.lots for place in state.get(sales_key(CALL)).places] == [600 - _SOLD, 0, 0, 0]
    puts = [state.get(sales_key(put)) for put in (CALL + 1, CALL + 3, CALL + 5)]
    assert [leaf.places[0].account for leaf in puts if leaf is not None] == [DAVE]
    assert await custody_equals_claims(stage.world, desk)


async def test_stolen_withdrawal_is_defeated_and_the_recipient_is_paid(
    stage: Stage,
) -> None:
    world, field = stage
    case = Case(find_fault("stolen-premium"), Choice(INTERACTIVE), "calldata")
    fight = await seat(world, field, case)
    await fight.run()
    right = fight.right
    assert right is not None
    assert right.confirmed
    (liar,) = fight.adversaries
    proof = liar.desk.replica.prove_outbox(0)
    assert proof is not None
    assert proof.withdrawal.recipient != PAYEE
    wrong = next(
        child for child in fight.watch.l1.tree.children(field.origin) if child.id != right.id
    )
    with pytest.raises(TransactionReverted) as refused:
        await pay_first_entry(world, liar.desk, wrong.id)
    assert refused.value.name == "NotConfirmed"
    assert await pay_first_entry(world, fight.watch, right.id) == WITHDRAWN_USDC


@pytest.mark.parametrize(
    ("fault", "adds_up"),
    [
        ("wrong-sale-price", True),
        ("wrong-strike-choice", True),
        ("stolen-premium", True),
        ("censored-roll", True),
        ("vault-nav-lie", False),
    ],
)
async def test_sums_alone_notice_only_money_from_nothing(
    stage: Stage, fault: str, adds_up: bool
) -> None:
    world, field = stage
    machine = FaultyMachine(
        world.rollup.l2_chain_id, world.rollup.address("bridge"), find_lie(fault, field.ground)
    )
    desk = await open_desk(world, machine)
    await desk.catch_up()
    assert desk.replica.segment_roots[-1] != field.right.after_state_root
    assert await custody_equals_claims(world, desk) is adds_up


async def test_censored_message_is_the_one_that_was_forced_in(stage: Stage) -> None:
    lie_at = find_lie("censored-roll", stage.field.ground)
    machine = FaultyMachine(
        stage.world.rollup.l2_chain_id, stage.world.rollup.address("bridge"), lie_at
    )
    desk = await open_desk(stage.world, machine)
    await desk.catch_up()
    state = desk.replica.state
    assert state.get(sales_key(CALL)).places[0].account == CAROL
    assert [state.get(sales_key(CALL + put)) for put in (1, 3, 5)] == [None] * 3
