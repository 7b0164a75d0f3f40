"""What the order benchmark sends to L1 before it begins, on an L1 that mines as a devnet's does."""

import asyncio
from pathlib import Path

import pytest

from rollup_node.devnet.bench_parties import send_calls
from rollup_node.devnet.failure import DevnetError
from rollup_node.devnet.jsonrpc import Deadline, JsonRpc
from rollup_node.l1.anvil import AnvilOptions, AnvilProcess
from tests.action.l1_world import World

GAS = 30_000
NOBODY = "0x" + "77" * 20


async def test_send_calls_on_a_devnet_mines_all_and_leaves_the_interval_on(tmp_path: Path) -> None:
    async with AnvilProcess(AnvilOptions(block_time_seconds=1), tmp_path / "log") as anvil:
        l1 = JsonRpc(anvil.url)
        await asyncio.to_thread(send_calls, l1, NOBODY, [(b"", 1, GAS)] * 450)
        assert int(l1.call("eth_getBalance", NOBODY, "latest"), 16) == 450
        before = int(l1.call("eth_blockNumber"), 16)
        for _ in Deadline(10, "a block without transactions"):
            if int(l1.call("eth_blockNumber"), 16) > before:
                break


async def test_send_calls_one_that_reverts_is_named_with_its_gas_and_reason(world: World) -> None:
    pool = "0x" + world.rollup.address("stake_pool").hex()
    l1 = JsonRpc(world.anvil.url)
    text = r"transaction 0 of 0x[0-9a-fA-F]+ reverted with [0-9,]+ of 30,000 gas: eth_call failed: "
    with pytest.raises(DevnetError, match=text):
        await asyncio.to_thread(send_calls, l1, pool, [(b"\x12\x34\x56\x78", 0, GAS)])
