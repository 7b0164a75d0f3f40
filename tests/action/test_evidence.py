"""Evidence for L1 from own execution, in calls that fit, resumed where others stopped."""

import asyncio

from rollup_node.codec.blob import to_blobs
from rollup_node.core.inputs import Transfer, Withdraw
from rollup_node.core.kinds import ItemKind
from rollup_node.l1.blob_import import import_arguments
from rollup_node.node.claims import RightChild
from rollup_node.node.evidence import Evidence, Plan
from rollup_node.proof.history import HistoryTree
from tests.action.l1_world import Follower, World

ETH = 1
_GAS_CAP = 14_000_000
_CALLDATA_CAP = 120 << 10


async def _post_all(world: World, follower: Follower) -> None:
    poster = world.poster(follower)
    await follower.catch_up(poster)
    while await poster.act():
        await follower.catch_up(poster)


async def _follower_of_long_items(world: World) -> Follower:
    """Return a follower of: a small item, a blob of several segments, a forced item."""
    await world.deposit("alice", 10_000, 1)
    await world.deposit("bob", 1, 2)
    world.cut(b"", 2)
    transfers = (Transfer(1, 2, ETH, 10 + nonce, nonce) for nonce in range(90))
    world.cut(b"".join(world.signed("alice", t) for t in transfers), 2)
    follower = await world.follower()
    await _post_all(world, follower)
    await world.force("alice", Withdraw(1, ETH, 200, b"\x11" * 20, 0))
    await follower.catch_up()
    return follower


def _whole(follower: Follower, height: int = 8) -> RightChild:
    """Return a history of everything since genesis."""
    items, roots = follower.replica.items, follower.replica.segment_roots
    history = HistoryTree(height, roots, roots[-1])
    accumulator = items[-1].item.accumulator
    return RightChild(bytes(32), bytes(32), len(items), accumulator, history, 0, len(roots))


def _evidence(world: World, follower: Follower) -> Evidence:
    config_hash = bytes.fromhex(world.rollup.config_hash[2:])
    return Evidence(follower.replica, world.machine, world.reader, config_hash)


async def _prove(world: World, plan: Plan, most: int | None = None) -> list[int]:
    """Send what a plan says, at most some calls; return the gas of the calls."""
    sender, gas = world.sender("verifier"), []
    for blob in plan.blobs:
        arguments = await asyncio.to_thread(import_arguments, blob)
        await sender.send("blob_importer", "importBlob", *arguments)
    for call in plan.calls[:most]:
        receipt = await sender.send("step_verifier", "prove", call)
        assert len(call.witness) <= _CALLDATA_CAP
        gas.append(receipt.gas_used)
    return gas


async def _end(world: World, child: RightChild, plan: Plan, index: int) -> bytes:
    """Return the root that the proof table has for the end of segment `index`."""
    config_hash = bytes.fromhex(world.rollup.config_hash[2:])
    (ctx,) = await world.reader.call("step_verifier", "context", child.target, config_hash)
    start = child.history.leaf(index - 1) if index else _genesis_root(world)
    root, _, ended = await world.reader.call("step_verifier", "entry", ctx, start, plan.steps)
    assert ended
    return bytes(root)


def _genesis_root(world: World) -> bytes:
    return bytes.fromhex(world.rollup.genesis.state_root[2:])


async def test_plan_of_every_segment_brings_its_leaf_into_the_proof_table(world: World) -> None:
    follower = await _follower_of_long_items(world)
    kinds = [executed.item.header.kind for executed in follower.replica.items]
    assert kinds == [ItemKind.CALLDATA, ItemKind.BLOB, ItemKind.FORCED]
    child, evidence = _whole(follower), _evidence(world, follower)
    assert child.segments > len(kinds)
    several = imported = 0
    for index in range(child.segments):
        plan = await evidence.plan(child, index)
        several += len(plan.calls) > 1
        imported += len(plan.blobs)
        assert plan.transactions == len(plan.blobs) + len(plan.calls)
        assert all(used < _GAS_CAP for used in await _prove(world, plan))
        done = await evidence.plan(child, index)
        assert (done.calls, done.blobs, done.transactions) == ((), (), 1)
        assert done.transition == (plan.steps, b"")
        assert await _end(world, child, done, index) == child.history.leaf(index)
    assert several
    assert imported == 1


async def test_plan_goes_on_where_somebody_else_stopped(world: World) -> None:
    follower = await _follower_of_long_items(world)
    child = _whole(follower)
    first = await _evidence(world, follower).plan(child, 1)
    await _prove(world, first, most=1)
    fresh = await _evidence(world, follower).plan(child, 1)
    assert fresh.blobs == ()
    assert fresh.calls[0].steps_done == first.calls[0].steps
    assert [call.steps for call in fresh.calls] == [fresh.steps - first.calls[0].steps]
    assert len(first.calls) > 2  # by weight; what it really costs fits one
    await _prove(world, fresh)
    assert await _end(world, child, fresh, 1) == child.history.leaf(1)


async def test_plan_at_an_older_block_does_not_see_what_came_later(world: World) -> None:
    follower = await _follower_of_long_items(world)
    child, evidence = _whole(follower), _evidence(world, follower)
    head = await world.reader.head()
    plan = await evidence.plan(child, 0)
    await _prove(world, plan)
    assert (await evidence.plan(child, 0)).calls == ()
    assert await evidence.plan(child, 0, head.hash) == plan


async def test_plan_of_a_segment_older_than_the_kept_marks_is_the_same(world: World) -> None:
    follower = await _follower_of_long_items(world)
    child = _whole(follower)
    expected = await _evidence(world, follower).plan(child, 1)
    follower.replica.state.prune(follower.replica.items[-1].mark)
    assert await _evidence(world, follower).plan(child, 1) == expected


async def test_plan_reads_a_blob_whose_rest_and_top_bytes_are_garbage(world: World) -> None:
    await world.deposit("alice", 10_000, 1)
    await world.deposit("bob", 1, 2)
    batch = world.cut(world.signed("alice", Transfer(1, 2, ETH, 100, 1)), 2)
    clean = to_blobs(batch.data)[0]
    garbage = bytearray(clean)
    garbage[-31:] = b"\xff" * 31
    garbage[0] = 0x30
    follower = await world.follower()
    await follower.catch_up()
    expected = follower.l1.derivation.accumulator(0)
    delayed = follower.l1.derivation.delayed_accumulator(2)
    await world.sender("batch_poster").send(
        "inbox",
        "appendBlobBatch",
        expected,
        len(batch.data),
        2,
        delayed,
        0,
        bytes(32),
        blobs=[bytes(garbage)],
    )
    await follower.catch_up()
    assert follower.replica.items[0].item.data == batch.data
    child = _whole(follower)
    plan = await _evidence(world, follower).plan(child, 0)
    assert plan.blobs == (bytes(garbage),)
    await _prove(world, plan)
    assert await _end(world, child, plan, 0) == child.history.leaf(0)
