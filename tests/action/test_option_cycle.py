"""The whole life of options on a real L1, with and without a lie about how they end."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from rollup_node.core.kinds import SeriesStatus, StepKind
from rollup_node.core.layout import directory_key, expiry_key, hot_key, owner_key, series_key
from rollup_node.core.reason import Reason
from rollup_node.devnet.arena import Case
from rollup_node.devnet.arena_build import seat
from rollup_node.devnet.arena_desk import open_desk
from rollup_node.devnet.arena_ground import Field, prepare
from rollup_node.devnet.arena_money import custody_equals_claims
from rollup_node.devnet.arena_settlement import (
    CALL,
    DAVE,
    HIGH_CALL,
    PERPETUAL,
    PRICES,
    PUT,
    SLOT,
    WITHDRAWN_USDC,
    SettlementScene,
)
from rollup_node.devnet.arena_world import ArenaWorld, new_world
from rollup_node.devnet.faults.catalogue import INTERACTIVE, find_fault
from rollup_node.devnet.faults.machine import FaultyMachine
from rollup_node.devnet.faults.places import find_lie
from rollup_node.devnet.faults.plan import Choice
from rollup_node.devnet.keys import accounts
from rollup_node.devnet.markets import ETH
from rollup_node.node.margin_report import MODELS
from rollup_node.ports import TransactionReverted
from tests.action.payee import pay_first_entry

_ACCOUNTS = range(1, DAVE + 1)
_AVERAGE = sum(PRICES) // len(PRICES)


class Stage(NamedTuple):
    """A world whose inbox holds the life of a date, and what there is to fight about."""

    world: ArenaWorld
    field: Field


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with new_world("calldata", markets=True) as world:
        yield Stage(world, await prepare(world, SettlementScene()))


async def test_scene_has_every_part_of_the_life_of_a_date(stage: Stage) -> None:
    done = {step.kind for step in stage.field.ground.steps if step.reason is Reason.OK}
    assert done >= {
        StepKind.STRIKE,
        StepKind.LIQUIDATE,
        StepKind.BID,
        StepKind.SETTLEMENT_PRICE,
        StepKind.SETTLE,
        StepKind.LEAVE,
    }
    desk = await open_desk(stage.world)
    await desk.catch_up()
    state = desk.replica.state
    assert state.get(expiry_key(ETH, SLOT)).price == _AVERAGE
    for series in (CALL, PUT, HIGH_CALL):
        settled = state.get(series_key(series))
        assert (settled.status, settled.open_interest) == (SeriesStatus.SETTLED, 0)
    assert state.get(hot_key(DAVE)).mode == MODELS.index("portfolio"), "sold off as a whole"
    assert state.get(owner_key(DAVE)).address == accounts()["bob"].address
    for account in _ACCOUNTS:
        assert set(state.get(directory_key(account)).series) <= {0, PERPETUAL}


async def test_lying_settlement_price_is_defeated_and_the_true_one_is_paid(
    stage: Stage,
) -> None:
    world, field = stage
    case = Case(find_fault("wrong-settlement-price"), Choice(INTERACTIVE), "calldata")
    fight = await seat(world, field, case)
    await fight.run()
    right = fight.right
    assert right is not None
    assert right.confirmed
    (liar,) = fight.adversaries
    lied = liar.desk.replica.state.get(expiry_key(ETH, SLOT)).price
    assert lied == PRICES[-1] != _AVERAGE
    wrong = next(
        child for child in fight.watch.l1.tree.children(field.origin) if child.id != right.id
    )
    with pytest.raises(TransactionReverted) as refused:
        await pay_first_entry(world, liar.desk, wrong.id)
    assert refused.value.name == "NotConfirmed"
    assert await custody_equals_claims(world, fight.watch)
    assert await pay_first_entry(world, fight.watch, right.id) == WITHDRAWN_USDC


@pytest.mark.parametrize(
    ("fault", "adds_up"),
    [
        ("wrong-settlement-price", True),
        ("wrong-payout-rounding", True),
        ("underpriced-takeover", True),
        ("early-takeover", True),
        ("double-settle", False),
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
