"""Sending on a real L1: fees rise while a transaction waits, and it lands once."""

import asyncio

from rollup_node.devnet.keys import accounts
from rollup_node.l1.sender import MAX_GROUP, RpcSender, SendPolicy
from rollup_node.ports import GroupCall, L1Receipt, TransactionReverted
from tests.action.l1_world import World


async def test_send_raises_the_fee_until_mined_and_lands_once(world: World) -> None:
    key = accounts()["alice"].private_key
    policy = SendPolicy(bump_after_seconds=0.2, deadline_seconds=20)
    sender = RpcSender(world.client, world.reader, key, world.rollup.l1_chain_id, policy)
    await world.anvil.set_automine(on=False)
    sending = asyncio.ensure_future(sender.send("bridge", "openAccount", sender.address))
    async with asyncio.timeout(15):
        first = await _pending_fee(world)
        while await _pending_fee(world) <= first:
            pass
        while not sending.done():
            await world.anvil.mine()
    assert sending.result().gas_used > 0
    (count,) = await world.reader.call("bridge", "accountCount")
    assert count == 1


async def test_send_many_shares_a_block_and_a_refused_call_leaves_no_gap(world: World) -> None:
    sender = world.sender("alice")
    await sender.send("bridge", "openAccount", sender.address)
    opens = GroupCall("bridge", "openAccount", (sender.address,))
    refused = GroupCall("stake_pool", "claim", (sender.address,))
    before = await _nonce(world, sender)
    await world.anvil.set_automine(on=False)
    sending = asyncio.ensure_future(sender.send_many([opens, refused, opens, opens]))
    async with asyncio.timeout(15):
        while await world.pending_count() < 3:
            pass
        await world.anvil.mine()
        found = await sending
    receipts = [result for result in found if isinstance(result, L1Receipt)]
    assert [isinstance(result, L1Receipt) for result in found] == [True, False, True, True]
    assert isinstance(found[1], TransactionReverted)
    assert found[1].name == "NothingToClaim"
    assert len({receipt.block_number for receipt in receipts}) == 1
    assert await _nonce(world, sender) == before + 3


async def test_send_many_call_that_loses_a_race_in_the_pool_is_a_refusal_of_its_own(
    world: World,
) -> None:
    append = GroupCall("inbox", "appendBatch", (bytes(32), bytes(8), 0, bytes(32), 0, bytes(32)))
    await world.anvil.set_automine(on=False)
    sending = asyncio.ensure_future(world.sender("batch_poster").send_many([append, append]))
    async with asyncio.timeout(15):
        while await world.pending_count() < 2:
            pass
        await world.anvil.mine()
        first, second = await sending
    assert isinstance(first, L1Receipt)
    assert isinstance(second, TransactionReverted)


async def test_send_many_more_than_a_pool_keeps_are_all_mined(world: World) -> None:
    sender = world.sender("alice")
    before = await _nonce(world, sender)
    call = GroupCall("bridge", "openAccount", (sender.address,))
    found = await sender.send_many([call] * (MAX_GROUP + 2))
    assert all(isinstance(result, L1Receipt) for result in found)
    assert await _nonce(world, sender) == before + MAX_GROUP + 2


async def _nonce(world: World, sender: RpcSender) -> int:
    address = "0x" + sender.address.hex()
    return int(await world.client.call("eth_getTransactionCount", address, "latest"), 16)


async def _pending_fee(world: World) -> int:
    while True:
        block = await world.client.call("eth_getBlockByNumber", "pending", *(True,))
        if block["transactions"]:
            return int(block["transactions"][0]["maxFeePerGas"], 16)
        await asyncio.sleep(0.02)
