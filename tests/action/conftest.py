"""A fresh anvil with the contracts deployed, mining one block per transaction."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rollup_node.devnet.deployer import deploy
from rollup_node.devnet.jsonrpc import JsonRpc
from rollup_node.devnet.manifest import Manifest
from rollup_node.devnet.profiles import profile
from rollup_node.devnet.rundir import RunDir
from rollup_node.l1.anvil import AnvilOptions, AnvilProcess
from tests.action.l1_world import World

_MANIFEST = Manifest(profile("ci"), seed=1, l1_port=0, nodes=(), batch_data="calldata")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    run_dir = RunDir(tmp_path / "run")
    run_dir.prepare()
    async with AnvilProcess(AnvilOptions(), tmp_path / "anvil.log") as anvil:
        await asyncio.to_thread(deploy, JsonRpc(anvil.url), _MANIFEST, run_dir)
        made = World(anvil, run_dir.rollup)
        yield made
        await made.client.close()
