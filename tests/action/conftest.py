"""A fresh anvil with the contracts deployed, mining one block per transaction."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from rollup_node.devnet.deployer import deploy
from rollup_node.devnet.jsonrpc import JsonRpc
from rollup_node.devnet.manifest import Manifest
from rollup_node.devnet.profiles import profile
from rollup_node.devnet.rundir import RunDir
from rollup_node.l1.anvil import AnvilOptions, AnvilProcess
from tests.action.l1_world import World


@pytest.fixture
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """Deploy with the constants of profile `ci`, but for those that the parameter names."""
    chosen = replace(profile("ci"), **getattr(request, "param", {}))
    manifest = Manifest(chosen, seed=1, l1_port=0, nodes=(), batch_data="calldata")
    run_dir = RunDir(tmp_path / "run")
    run_dir.prepare()
    async with AnvilProcess(AnvilOptions(), tmp_path / "anvil.log") as anvil:
        await asyncio.to_thread(deploy, JsonRpc(anvil.url), manifest, run_dir)
        made = World(anvil, run_dir.rollup)
        yield made
        await made.client.close()
