"""The order of records inside a block: a cancel beats the taker of the same block, none is lost."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from rollup_node.client import AsyncClient, RefusedError
from rollup_node.core.kinds import StepKind
from tests.action.exchange_node import MID_PRICE, PERP, ExchangeNode


async def test_cancel_beats_the_taker_that_came_before_it(
    alice: AsyncClient, bob: AsyncClient
) -> None:
    resting = (await alice.sell(PERP, "0.5", MID_PRICE + 5, post_only=True))["order"]
    taking = asyncio.create_task(
        bob.buy(PERP, "0.5", MID_PRICE + 9, time_in_force="immediate_or_cancel")
    )
    await asyncio.sleep(0)
    await alice.cancel(resting)
    with pytest.raises(RefusedError) as refused:
        await taking
    assert refused.value.reason == "REMAINDER_CANCELLED"


async def test_takers_and_makers_of_both_are_all_answered(
    node: ExchangeNode, alice: AsyncClient, bob: AsyncClient
) -> None:
    calls = []
    for number in range(20):
        calls.append(alice.sell(PERP, "0.05", MID_PRICE + 5, post_only=True, slot=number))
        calls.append(bob.buy(PERP, "0.05", MID_PRICE + 5, slot=number))
    answers = await asyncio.gather(*calls)
    assert len(answers) == 40
    assert sum(len(answer["trades"]) for answer in answers) > 0
    sold = await alice.call("private/get_positions", currency="any")
    bought = await bob.call("private/get_positions", currency="any")
    assert sold[0]["size"] == -bought[0]["size"]
    assert node.sequencer.counters.rejected == 0


async def test_classes_never_go_back_inside_a_block(
    node: ExchangeNode, alice: AsyncClient, bob: AsyncClient
) -> None:
    for number in range(6):
        await asyncio.gather(
            bob.buy(PERP, "0.05", MID_PRICE + 5, slot=number),
            alice.sell(PERP, "0.05", MID_PRICE + 5, post_only=True, slot=number),
        )
    entries = node.sequencer.builder.ledger.entries.values()
    placed = [entry.reason.name for entry in entries if entry.kind is StepKind.PLACE]
    assert placed == ["OK"] * 12


async def test_makers_are_answered_while_the_takers_of_their_group_wait(
    node: ExchangeNode, alice: AsyncClient, bob: AsyncClient
) -> None:
    answered: list[str] = []
    commits = node.sequencer.counters.groups

    async def call(name: str, call: Coroutine[Any, Any, Any]) -> None:
        await call
        answered.append(name)

    taker = call("taker", bob.buy(PERP, "0.05", MID_PRICE - 5, slot=1))
    maker = call("maker", alice.sell(PERP, "0.05", MID_PRICE + 5, post_only=True, slot=1))
    await asyncio.gather(taker, maker)
    assert answered == ["maker", "taker"]
    assert node.sequencer.counters.groups >= commits + 2
