"""The fast queue and the governor on a real L1: who may send, what comes first, and reorgs."""

import pytest

from rollup_node.core.inputs import Withdraw
from rollup_node.core.kinds import ItemKind, MessageKind, StepKind
from rollup_node.ports import TransactionReverted
from tests.action.l1_world import Follower, World

ETH = 1
REPORT = b"\x30report"


async def _send(world: World, body: bytes, name: str = "carol") -> None:
    await world.sender(name).send("inbox", "sendFast", body)


async def _post_all(world: World, follower: Follower) -> None:
    poster = world.poster(follower)
    await follower.catch_up(poster)
    while await poster.act():
        await follower.catch_up(poster)


async def test_send_fast_by_anyone_is_posted_and_executed_before_the_deposit(world: World) -> None:
    await world.deposit("alice", 1_000, 1)
    await _send(world, REPORT, "alice")
    await _send(world, b"\x42trigger", "bob")
    world.cut(b"", 1, fast_count=2)
    follower = await world.follower()
    await _post_all(world, follower)
    (executed,) = follower.replica.items
    kinds = [receipt.kind for receipt in executed.receipts]
    assert kinds[1:-1] == [*[StepKind.FORCED_UNDECODABLE] * 2, StepKind.DEPOSIT]
    assert [message.body for message in executed.item.messages.fast] == [REPORT, b"\x42trigger"]
    assert {message.kind for message in executed.item.messages.fast} == {MessageKind.FAST}
    (consumed,) = await world.reader.call("inbox", "fastConsumed")
    assert consumed == 2


@pytest.mark.parametrize("first", [0x00, 0x10, 0x2F, 0x33, 0x41, 0x43, 0xFF])
async def test_send_fast_of_another_kind_is_refused(world: World, first: int) -> None:
    with pytest.raises(TransactionReverted) as caught:
        await _send(world, bytes((first, 1)))
    assert (caught.value.name, caught.value.operands) == ("NotFast", (first,))


async def test_send_admin_by_a_stranger_is_refused(world: World) -> None:
    sender = world.sender("alice")
    with pytest.raises(TransactionReverted) as caught:
        await sender.send("inbox", "sendAdmin", b"\x60")
    assert (caught.value.name, caught.value.operands) == ("NotGovernor", (sender.address,))


async def test_governor_message_arrives_as_a_delayed_message_after_its_delay(world: World) -> None:
    owner = world.sender("deployer")
    body, salt = b"\x60change", b"\x01" * 32
    before = int((await world.reader.call("inbox", "delayedCount"))[0])
    await owner.send("governor", "schedule", body, salt)
    with pytest.raises(TransactionReverted) as caught:
        await world.sender("bob").send("governor", "execute", body, salt)
    assert caught.value.name == "TooEarly"
    (delay,) = await world.reader.call("governor", "DELAY_SECONDS")
    await world.anvil.increase_time(delay)
    await world.sender("bob").send("governor", "execute", body, salt)
    follower = await world.follower()
    await follower.catch_up()
    message = follower.l1.derivation.messages[before]
    assert (message.kind, message.body) == (MessageKind.ADMIN, body)


async def test_force_include_fast_needs_a_minute_and_nobody_in_particular(world: World) -> None:
    period = world.rollup.parameters.force_fast_after_seconds
    await _send(world, REPORT)
    with pytest.raises(TransactionReverted) as caught:
        await world.sender("bob").send("inbox", "forceIncludeFast")
    assert caught.value.name == "NothingToForce"
    await world.anvil.increase_time(period)
    await world.sender("bob").send("inbox", "forceIncludeFast")
    follower = await world.follower()
    await follower.catch_up()
    (executed,) = follower.replica.items
    assert executed.item.header.kind == ItemKind.FORCED
    assert executed.item.messages.fast[0].body == REPORT
    assert follower.replica.state.root() == executed.state_root


async def test_flood_of_fast_messages_blocks_no_forced_withdrawal(world: World) -> None:
    await world.deposit("alice", 1_000, 1)
    for number in range(120):
        await _send(world, b"\x40" + bytes([number]) * 200)
    await world.force("alice", Withdraw(1, ETH, 300, b"\x11" * 20, 0))
    follower = await world.follower()
    await follower.catch_up()
    (executed,) = follower.replica.items
    assert len(executed.item.messages.fast) == 120
    assert [w.amount for _, w in follower.replica.withdrawals(1)] == [300]


async def test_reorg_that_turns_the_fast_queue_equals_scratch(world: World) -> None:
    await _send(world, b"\x30zero")
    base = await world.reader.head()
    follower = await world.follower()
    await _send(world, b"\x30one")
    await _send(world, b"\x30two")
    world.cut(b"", 0, fast_count=3)
    await _post_all(world, follower)
    root = follower.replica.state.root()
    head = await world.reader.head()
    await world.anvil.reorg(head.number - base.number)
    await world.anvil.call("anvil_dropAllTransactions")
    await _send(world, b"\x30two")
    await world.deposit("alice", 7, 1)
    await _send(world, b"\x30one")
    await _post_all(world, follower)
    (executed,) = follower.replica.items
    bodies = [message.body for message in executed.item.messages.fast]
    assert bodies == [b"\x30zero", b"\x30two", b"\x30one"]
    scratch = await world.follower()
    await scratch.catch_up()
    assert scratch.replica.state.root() == follower.replica.state.root()
    assert scratch.l1.derivation.fast == follower.l1.derivation.fast
    assert root != bytes(32)


async def test_append_batch_on_a_reorged_fast_queue_is_refused(world: World) -> None:
    await _send(world, REPORT)
    poster = world.sender("batch_poster")
    stale = b"\x99" * 32
    with pytest.raises(TransactionReverted) as caught:
        await poster.send("inbox", "appendBatch", bytes(32), b"", 0, bytes(32), 1, stale)
    assert caught.value.name == "FastAccumulatorMismatch"
