"""One anvil with the contracts and an L2 to fight about; goes back to that moment between cases.

Everything is the real thing but the processes: nodes are objects of this process, stepped in turn,
so that a case is fast and always the same.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rollup_node.codec.delayed import encode_forced
from rollup_node.codec.records import encode_prefix
from rollup_node.core.inputs import Withdraw
from rollup_node.devnet import arena_story as story
from rollup_node.devnet.deployer import deploy
from rollup_node.devnet.dispute_ledger import Journal, LedgerSender
from rollup_node.devnet.jsonrpc import JsonRpc
from rollup_node.devnet.keys import accounts
from rollup_node.devnet.manifest import Manifest
from rollup_node.devnet.profiles import profile
from rollup_node.devnet.rundir import RunDir
from rollup_node.l1.anvil import AnvilOptions, AnvilProcess
from rollup_node.l1.client import JsonRpcClient
from rollup_node.l1.reader import RpcReader
from rollup_node.l1.sender import RpcSender
from rollup_node.node.config import BatchData, RollupConfig, load_config
from rollup_node.ports import SequencerBatch
from rollup_node.proof.machine import Machine

START_WEI: Final = 1_000 * 10**18
_GENESIS_TIME: Final = 1_800_000_000


class CutBatches:
    """Batches as a sequencer would have cut them."""

    def __init__(self) -> None:
        self.cut: list[SequencerBatch] = []

    def add(self, data: bytes, delayed_count: int) -> None:
        """Cut one more."""
        self.cut.append(SequencerBatch(len(self.cut), data, delayed_count))

    async def batches(self, first: int, limit: int) -> list[SequencerBatch]:
        """Return cut batches; see `BatchSource`."""
        return self.cut[first : first + limit]


@dataclass
class ArenaWorld:
    """L1, contracts and the data of an L2; `journal` has what every account does."""

    anvil: AnvilProcess
    rollup: RollupConfig
    data: BatchData
    journal: Journal = field(default_factory=Journal)
    batches: CutBatches = field(default_factory=CutBatches)
    _snapshot: str = ""

    def __post_init__(self) -> None:
        self.client = JsonRpcClient(self.anvil.url)
        addresses = {name: self.rollup.address(name) for name in self.rollup.contracts}
        self.reader = RpcReader(self.client, addresses)
        self.machine = Machine(self.rollup.l2_chain_id, self.rollup.address("bridge"))

    async def fund(self, address: bytes) -> None:
        """Give an account the ether that every party begins with."""
        await self.anvil.call("anvil_setBalance", "0x" + address.hex(), hex(START_WEI))

    def sender(self, name: str, key: bytes, *, pays_refusals: bool = False) -> LedgerSender:
        """Return a sender whose receipts are in the journal under `name`."""
        inner = RpcSender(self.client, self.reader, key, self.rollup.l1_chain_id)
        return LedgerSender(
            inner, self.client, self.reader, self.journal, name, key, pays_refusals=pays_refusals
        )

    def user(self, name: str) -> LedgerSender:
        """Return the sender of a named account."""
        return self.sender(name, accounts()[name].private_key)

    async def now(self) -> int:
        """Return the time of L1."""
        return (await self.reader.head()).timestamp

    async def warp(self, seconds: int) -> None:
        """Move L1 time forward by mining one block then; at least a second."""
        await self.anvil.call("evm_setNextBlockTimestamp", await self.now() + max(seconds, 1))
        await self.anvil.mine()

    async def keep(self) -> None:
        """Make this the moment that `reset` goes back to."""
        self._snapshot = await self.anvil.snapshot()

    async def reset(self) -> None:
        """Go back to the moment of `keep`."""
        await self.anvil.revert(self._snapshot)
        self._snapshot = await self.anvil.snapshot()
        self.journal.clear()

    async def close(self) -> None:
        """Close connections."""
        await self.client.close()


async def open_accounts(world: ArenaWorld) -> None:
    """Cut the first item: three accounts with money."""
    for name, account, amount in (
        ("alice", story.ALICE, 10_000),
        ("bob", story.BOB, 500),
        ("carol", story.CAROL, 2_000),
    ):
        sender = world.user(name)
        await sender.send("bridge", "openAccount", sender.address)
        await sender.send("bridge", "depositETH", account, value_wei=amount)
    world.batches.add(encode_prefix(await _now_ms(world)), 3)


async def cut_everything(world: ArenaWorld) -> None:
    """Cut the items that the contest is about, and the delayed messages that they consume."""
    signer = story.Signer(world.machine.domain)
    alice, bob, carol = (world.user(name) for name in ("alice", "bob", "carol"))
    await alice.send("bridge", "depositETH", story.ALICE, value_wei=500)
    await _force(alice, story.ALICE, 40)
    await _force(bob, story.BOB, 1)
    world.batches.add(story.everything(signer, await _now_ms(world)), 6)
    await bob.send("bridge", "depositETH", story.BOB, value_wei=77)
    await carol.send("bridge", "depositETH", story.CAROL, value_wei=33)
    world.batches.add(story.garbage(signer, await _now_ms(world)), 8)
    world.batches.add(story.cut_short(signer, await _now_ms(world)), 8)


async def append_forced(world: ArenaWorld) -> None:
    """Have alice withdraw past the sequencer: an item of its own."""
    alice = world.user("alice")
    await _force(alice, story.ALICE, 20)
    await world.warp(world.rollup.parameters.force_after_seconds + 1)
    await alice.send("inbox", "forceInclude")


@asynccontextmanager
async def new_world(
    data: BatchData, anvil: Path | None = None, *, markets: bool = False, vaults: bool = False
) -> AsyncIterator[ArenaWorld]:
    """Deploy the contracts with profile `ci` on an anvil of its own."""
    options = AnvilOptions(binary=anvil, timestamp=_GENESIS_TIME)
    with tempfile.TemporaryDirectory(prefix="strikenet-arena-") as folder:
        run_dir = RunDir(Path(folder) / "run")
        run_dir.prepare()
        manifest = Manifest(
            profile("ci"),
            seed=1,
            l1_port=0,
            nodes=(),
            batch_data=data,
            markets=markets,
            vaults=vaults,
        )
        async with AnvilProcess(options, Path(folder) / "anvil.log") as process:
            await process.call("anvil_setBlockTimestampInterval", 1)
            await asyncio.to_thread(deploy, JsonRpc(process.url), manifest, run_dir)
            world = ArenaWorld(process, load_config(run_dir.rollup, RollupConfig), data)
            try:
                yield world
            finally:
                await world.close()


async def _force(sender: LedgerSender, account: int, amount: int) -> None:
    body = encode_forced(Withdraw(account, story.ETH, amount, story.PAYEE, 0))
    await sender.send("inbox", "sendForced", body)


async def _now_ms(world: ArenaWorld) -> int:
    return await world.now() * 1_000
