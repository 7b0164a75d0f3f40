"""Sending on a real L1: fees rise while a transaction waits, and it lands once."""

import asyncio

from rollup_node.devnet.keys import accounts
from rollup_node.l1.sender import RpcSender, SendPolicy
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


async def _pending_fee(world: World) -> int:
    while True:
        block = await world.client.call("eth_getBlockByNumber", "pending", *(True,))
        if block["transactions"]:
            return int(block["transactions"][0]["maxFeePerGas"], 16)
        await asyncio.sleep(0.02)
