"""One deterministic L1 with our contracts, and nodes that are stepped by hand."""

from dataclasses import dataclass
from pathlib import Path

from rollup_node.codec.delayed import encode_forced
from rollup_node.codec.eip712 import digest
from rollup_node.codec.records import encode_prefix, encode_record, frame
from rollup_node.codec.signature import sign
from rollup_node.core.inputs import SignedTransaction, Transaction, Withdraw
from rollup_node.derive.assertions import AssertionTree
from rollup_node.derive.pipeline import Derivation
from rollup_node.devnet.keys import accounts
from rollup_node.l1.anvil import AnvilProcess
from rollup_node.l1.client import JsonRpcClient
from rollup_node.l1.reader import RpcReader
from rollup_node.l1.sender import RpcSender
from rollup_node.node.claims import Claims, genesis_assertion
from rollup_node.node.config import RollupConfig, load_config
from rollup_node.node.follow import L1Follower
from rollup_node.node.players import BatchPosterPlayer, Player, ProposerPlayer
from rollup_node.node.recovery import recover_in_thread
from rollup_node.node.replica import Replica
from rollup_node.ports import L1Receipt, SequencerBatch
from rollup_node.proof import inbox
from rollup_node.proof.machine import Machine
from rollup_node.roles.disputes import Disputes


class Batches:
    """Batches that a sequencer would have cut."""

    def __init__(self) -> None:
        self.cut: list[SequencerBatch] = []

    async def batches(self, first: int, limit: int) -> list[SequencerBatch]:
        return self.cut[first : first + limit]


@dataclass
class Follower:
    """A node that derives and executes, without a process around it."""

    l1: L1Follower
    replica: Replica
    claims: Claims

    async def catch_up(self, *players: Player) -> None:
        update = await self.l1.follow()
        if update is not None:
            self.replica.rewind(update.kept_items)
            for player in players:
                player.on_l1(update)
        items = self.l1.derivation.items
        while self.replica.item_count < len(items):
            await self.replica.apply(items[self.replica.item_count])


class World:
    """Contracts on one anvil."""

    def __init__(self, anvil: AnvilProcess, rollup: Path) -> None:
        self.anvil = anvil
        self.rollup: RollupConfig = load_config(rollup, RollupConfig)
        self.client = JsonRpcClient(anvil.url)
        addresses = {name: self.rollup.address(name) for name in self.rollup.contracts}
        self.reader = RpcReader(self.client, addresses)
        self.machine = Machine(self.rollup.l2_chain_id, self.rollup.address("bridge"))
        self.batches = Batches()

    def sender(self, name: str) -> RpcSender:
        key = accounts()[name].private_key
        return RpcSender(self.client, self.reader, key, self.rollup.l1_chain_id)

    async def follower(self, machine: Machine | None = None) -> Follower:
        """Return a node that has read nothing yet, with the machine of this world or another."""
        machine = machine or self.machine
        genesis = await self.reader.block_by_number(self.rollup.genesis.l1_block)
        assert genesis is not None
        derivation = Derivation(genesis, inbox)
        root = bytes.fromhex(self.rollup.genesis.state_root[2:])
        tree = AssertionTree(genesis_assertion(root))
        replica = Replica(machine, recover_in_thread(machine.domain), segments=True)
        height = self.rollup.parameters.history_height
        claims = Claims(replica, derivation, tree, height)
        l1 = L1Follower(self.reader, derivation, tree, Disputes(height))
        return Follower(l1, replica, claims)

    def poster(self, follower: Follower) -> BatchPosterPlayer:
        sender = self.sender("batch_poster")
        return BatchPosterPlayer(follower.l1, self.batches, sender, "alternate")

    def proposer(self, follower: Follower) -> ProposerPlayer:
        parameters = self.rollup.parameters
        sender = self.sender("proposer")
        return ProposerPlayer(follower.l1, self.reader, sender, follower.claims, parameters)

    async def pending_count(self) -> int:
        """Return how many transactions wait for the next block."""
        block = await self.client.call("eth_getBlockByNumber", "pending", *(False,))
        return len(block["transactions"])

    async def deposit(self, name: str, amount_wei: int, account: int) -> L1Receipt:
        sender = self.sender(name)
        (count,) = await self.reader.call("bridge", "accountCount")
        if count < account:
            await sender.send("bridge", "openAccount", sender.address)
        return await sender.send("bridge", "depositETH", account, value_wei=amount_wei)

    async def force(self, name: str, withdrawal: Withdraw) -> None:
        sender = self.sender(name)
        await sender.send("inbox", "sendForced", encode_forced(withdrawal))
        await self.anvil.increase_time(self.rollup.parameters.force_after_seconds + 1)
        await sender.send("inbox", "forceInclude")

    def signed(self, name: str, transaction: Transaction) -> bytes:
        key = accounts()[name].private_key
        signature = sign(digest(self.machine.domain, transaction), key)
        return frame(encode_record(SignedTransaction(transaction, signature)))

    def cut(
        self, records: bytes, delayed_count: int, time_ms: int = 0, fast_count: int = 0
    ) -> SequencerBatch:
        number = len(self.batches.cut)
        data = encode_prefix(time_ms + number + 1) + records
        batch = SequencerBatch(number, data, delayed_count, fast_count)
        self.batches.cut.append(batch)
        return batch
