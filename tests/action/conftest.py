"""What several files act on: an L1 with the contracts, and a sequencer that one can trade on."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from rollup_node.client import AsyncClient
from rollup_node.devnet.deployer import deploy
from rollup_node.devnet.jsonrpc import JsonRpc
from rollup_node.devnet.manifest import Manifest
from rollup_node.devnet.profiles import profile
from rollup_node.devnet.rundir import RunDir
from rollup_node.l1.anvil import AnvilOptions, AnvilProcess
from tests.action.exchange_node import ExchangeNode, make_node
from tests.action.l1_world import World


@pytest.fixture
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """Deploy on a fresh anvil that mines a block per transaction.

    The constants are those of profile `ci`, but for those that the parameter names.
    """
    chosen = replace(profile("ci"), **getattr(request, "param", {}))
    manifest = Manifest(chosen, seed=1, l1_port=0, nodes=(), batch_data="calldata")
    run_dir = RunDir(tmp_path / "run")
    run_dir.prepare()
    async with AnvilProcess(AnvilOptions(), tmp_path / "anvil.log") as anvil:
        await asyncio.to_thread(deploy, JsonRpc(anvil.url), manifest, run_dir)
        made = World(anvil, run_dir.rollup)
        yield made
        await made.client.close()


@pytest.fixture
async def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ExchangeNode]:
    """Serve the exchange without an L1; clients live at the time of the node."""
    async with make_node(tmp_path) as made:
        monkeypatch.setattr("time.time_ns", lambda: made.clock.now_ms() * 1_000_000)
        yield made


@pytest.fixture
async def alice(node: ExchangeNode) -> AsyncIterator[AsyncClient]:
    async with node.client(1) as client:
        yield client


@pytest.fixture
async def bob(node: ExchangeNode) -> AsyncIterator[AsyncClient]:
    async with node.client(2) as client:
        yield client
