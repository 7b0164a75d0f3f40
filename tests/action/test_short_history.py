"""Items longer than a history: unfinished claims, their continuation, and crashes in between."""

from itertools import pairwise

import pytest

from rollup_node.core.inputs import Transfer, Withdraw
from rollup_node.core.kinds import StepKind
from rollup_node.core.weights import SEGMENT_WEIGHT, WEIGHTS
from rollup_node.derive.assertions import KnownAssertion
from rollup_node.ports import TransactionReverted
from tests.action.l1_world import Follower, World

ETH = 1
_HEIGHT = {"history_height": 1}
_LEAVES = 2
_TRANSFERS = 2 * _LEAVES * (SEGMENT_WEIGHT // WEIGHTS[StepKind.TRANSFER]) + 10
"""Five segments (docs/spec.md G-1), the last one short: more than two histories."""

pytestmark = pytest.mark.parametrize("world", [_HEIGHT], indirect=True)


async def _post(world: World, *records: bytes) -> None:
    """Cut a batch and post it with a batch poster that knows only L1."""
    world.cut(b"".join(records), 2)
    follower = await world.follower()
    poster = world.poster(follower)
    await follower.catch_up(poster)
    while await poster.act():
        await follower.catch_up(poster)


async def _long_item(world: World) -> None:
    await world.deposit("alice", 10_000, 1)
    await world.deposit("bob", 1, 2)
    await _post(world)
    transfers = (Transfer(1, 2, ETH, 1, nonce) for nonce in range(_TRANSFERS))
    signed = [world.signed("alice", transfer) for transfer in transfers]
    withdrawal = Withdraw(1, ETH, 300, b"\x11" * 20, _TRANSFERS)
    await _post(world, *signed, world.signed("alice", withdrawal))


async def _look(world: World) -> Follower:
    """Return a node that has just derived everything from L1."""
    follower = await world.follower()
    await follower.catch_up()
    return follower


async def _turn(world: World) -> bool:
    """Let a proposer that was just started do one thing; tell whether there was any."""
    return await world.proposer(await _look(world)).act()


async def _claim_all(world: World) -> list[KnownAssertion]:
    while await _turn(world):
        pass
    return (await _look(world)).l1.tree.all()[1:]


async def test_long_item_is_claimed_in_histories_that_continue_each_other(world: World) -> None:
    await _long_item(world)
    made = await _claim_all(world)
    assert [claim.created.target for claim in made] == [1, 2, 2, 2]
    assert [claim.created.finished for claim in made] == [True, False, False, True]
    assert [claim.created.item for claim in made] == [1, 1, 1, 2]
    for parent, child in pairwise(made):
        assert child.created.parent_id == parent.id
    follower = await _look(world)
    roots = follower.replica.segment_roots
    assert len(roots) == 1 + 2 * _LEAVES + 1
    assert [claim.created.after_state_root for claim in made] == [roots[i] for i in (0, 2, 4, 5)]
    assert [follower.claims.segment_roots(claim.id) for claim in made] == [
        tuple(roots[start:end]) for start, end in ((0, 1), (1, 3), (3, 5), (5, 6))
    ]
    assert all(found.is_right for found in follower.claims.checked())


async def test_continuations_confirm_in_order_on_one_stake(world: World) -> None:
    await _long_item(world)
    made = await _claim_all(world)
    await world.anvil.increase_time(world.rollup.parameters.confirm_period_seconds + 1)
    stranger = world.sender("carol")
    with pytest.raises(TransactionReverted) as caught:
        await stranger.send("assertion_chain", "confirm", made[-1].id)
    assert caught.value.name == "ParentNotConfirmed"
    for count in range(1, len(made) + 1):
        assert await _turn(world)
        follower = await _look(world)
        confirmed = [claim.confirmed for claim in follower.l1.tree.all()[1:]]
        assert confirmed == [True] * count + [False] * (len(made) - count)
    assert not await _turn(world)
    (locked,) = await world.reader.call("stake_pool", "locked")
    assert locked == world.rollup.parameters.stake_wei
    (latest,) = await world.reader.call("assertion_chain", "latestConfirmed")
    assert latest == made[-1].id


async def test_inbox_that_grows_meanwhile_does_not_move_the_target(world: World) -> None:
    await _long_item(world)
    for _ in range(2):
        assert await _turn(world)
    await _post(world)
    await _post(world)
    made = await _claim_all(world)
    assert [claim.created.target for claim in made] == [1, 2, 2, 2, 4]
    assert [claim.created.finished for claim in made] == [True, False, False, True, True]
    assert made[-2].created.next_target == 4


async def test_withdrawal_is_proven_by_the_claim_that_finishes_its_item(world: World) -> None:
    await _long_item(world)
    made = await _claim_all(world)
    follower = await _look(world)
    proof = follower.replica.prove_outbox(0, made[-1].created.item)
    assert proof is not None
    assert proof.state_root == made[-1].created.after_state_root
    withdrawal = tuple(proof.withdrawal)
    await world.anvil.mine()
    alice = world.sender("alice")
    for claim in made[:-1]:
        with pytest.raises(TransactionReverted):
            await alice.send(
                "bridge", "proveWithdrawal", claim.id, withdrawal, 0, list(proof.branch)
            )
    receipt = await alice.send(
        "bridge", "proveWithdrawal", made[-1].id, withdrawal, 0, list(proof.branch)
    )
    assert receipt.gas_used > 0
