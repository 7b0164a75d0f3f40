"""Derivation, posting and claiming on a real L1: garbage, force, reorgs, and crashes."""

import pytest

from rollup_node.core.inputs import Transfer, Withdraw
from rollup_node.core.kinds import ItemKind, Phase
from rollup_node.core.reason import Reason
from rollup_node.ports import TransactionReverted
from tests.action.l1_world import Follower, World

ETH = 1


def _balance(follower: Follower, account: int) -> int:
    leaf = follower.replica.balances(account)
    return 0 if leaf is None else leaf.amounts[ETH]


async def _post_all(world: World, follower: Follower) -> None:
    poster = world.poster(follower)
    await follower.catch_up(poster)
    while await poster.act():
        await follower.catch_up(poster)


async def _open_two(world: World) -> None:
    await world.deposit("alice", 1_000, 1)
    await world.deposit("bob", 1, 2)


async def test_derive_calldata_blob_void_and_garbage_batches(world: World) -> None:
    await _open_two(world)
    world.cut(b"", 2)
    world.cut(world.signed("alice", Transfer(1, 2, ETH, 100, 1)), 2)
    world.cut(b"\x00\x03\x99\x99\x99" + b"\xff", 2)
    follower = await world.follower()
    await _post_all(world, follower)
    poster = world.sender("batch_poster")
    expected = follower.l1.derivation.accumulator(3)
    delayed = follower.l1.derivation.delayed_accumulator(2)
    queues = 2, delayed, 0, bytes(32)
    await poster.send("inbox", "appendBatch", expected, b"\x07void", *queues)
    await follower.catch_up()
    kinds = [executed.item.header.kind for executed in follower.replica.items]
    assert kinds == [ItemKind.CALLDATA, ItemKind.BLOB, ItemKind.CALLDATA, ItemKind.CALLDATA]
    reasons = [[r.reason for r in executed.receipts] for executed in follower.replica.items]
    assert reasons[1] == [Reason.OK, Reason.OK, Reason.OK]
    assert reasons[2] == [Reason.OK, Reason.UNDECODABLE, Reason.BAD_LENGTH, Reason.OK]
    assert reasons[3] == [Reason.VOID_BATCH, Reason.OK]
    assert (_balance(follower, 1), _balance(follower, 2)) == (900, 101)


async def test_forced_withdrawal_lands_in_the_outbox(world: World) -> None:
    await world.deposit("alice", 1_000, 1)
    await world.force("alice", Withdraw(1, ETH, 300, b"\x11" * 20, 0))
    follower = await world.follower()
    await follower.catch_up()
    assert follower.replica.items[0].item.header.kind == ItemKind.FORCED
    assert [w.amount for _, w in follower.replica.withdrawals(1)] == [300]
    assert _balance(follower, 1) == 700


async def test_reorg_that_drops_a_deposit_and_a_batch_equals_scratch(world: World) -> None:
    await _open_two(world)
    world.cut(b"", 2)
    follower = await world.follower()
    await _post_all(world, follower)
    before = follower.replica.state.root()
    base = await world.reader.head()
    await world.deposit("alice", 5_000, 1)
    world.cut(b"", 3)
    await _post_all(world, follower)
    assert _balance(follower, 1) == 6_000
    changed = follower.replica.state.root()
    head = await world.reader.head()
    await world.anvil.reorg(head.number - base.number)
    await follower.catch_up()
    assert follower.l1.reorgs == 1
    assert follower.replica.state.root() == before != changed
    await world.anvil.call("anvil_dropAllTransactions")
    await world.deposit("alice", 7_000, 1)
    await _post_all(world, follower)
    scratch = await world.follower()
    await scratch.catch_up()
    assert _balance(follower, 1) == 8_000
    assert scratch.replica.blocks == follower.replica.blocks
    assert scratch.replica.segment_roots == follower.replica.segment_roots


@pytest.mark.parametrize("crash_after", [1, 2, 3])
async def test_batch_poster_crash_after_an_action_posts_nothing_twice(
    world: World, crash_after: int
) -> None:
    await _open_two(world)
    for _ in range(3):
        world.cut(b"", 2)
    follower = await world.follower()
    poster = world.poster(follower)
    await follower.catch_up(poster)
    for _ in range(crash_after):
        await poster.act()
        await follower.catch_up(poster)
    fresh = await world.follower()
    await _post_all(world, fresh)
    posted = [item.data for item in fresh.l1.derivation.items]
    assert posted == [batch.data for batch in world.batches.cut]


async def test_batch_poster_with_a_stale_view_is_refused_by_the_inbox(world: World) -> None:
    await _open_two(world)
    world.cut(b"", 2)
    stale, follower = await world.follower(), await world.follower()
    late = world.poster(stale)
    await stale.catch_up(late)
    await _post_all(world, follower)
    with pytest.raises(TransactionReverted) as caught:
        await late.act()
    assert caught.value.name == "AccumulatorMismatch"


async def test_proposer_crash_after_each_action_claims_and_pays_once(world: World) -> None:
    await _open_two(world)
    world.cut(world.signed("alice", Transfer(1, 2, ETH, 100, 1)), 2)
    follower = await world.follower()
    await _post_all(world, follower)
    actions = 0
    for _ in range(6):
        fresh = await world.follower()
        await fresh.catch_up()
        if await world.proposer(fresh).act():
            actions += 1
        else:
            await world.anvil.increase_time(world.rollup.parameters.confirm_period_seconds + 1)
    (locked,) = await world.reader.call("stake_pool", "locked")
    assert actions == 2
    assert locked == world.rollup.parameters.stake_wei
    await follower.catch_up()
    made = follower.l1.tree.all()[1:]
    assert [(found.confirmed, found.created.finished) for found in made] == [(True, True)]
    assert all(found.is_right for found in follower.claims.checked())


async def test_claims_of_a_short_history_continue_inside_an_item(world: World) -> None:
    await _open_two(world)
    transfers = [world.signed("alice", Transfer(1, 2, ETH, 1, n)) for n in range(1, 151)]
    world.cut(b"".join(transfers), 2)
    follower = await world.follower()
    await _post_all(world, follower)
    assert len(follower.replica.segment_roots) >= 3
    follower.claims._height = 1
    first = follower.claims.next_claim()
    assert first is not None
    assert not first.finished
    assert first.after_state_root == follower.replica.segment_roots[1]
    state = follower.replica.state.root()
    assert first.cursor[:5] == bytes(5)
    assert first.cursor[-2] == Phase.IDLE
    assert follower.replica.state.root() == state
