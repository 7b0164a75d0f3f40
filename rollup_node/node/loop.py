"""The loop of a node: read one L1 block, let the roles decide, do it; four kinds of errors.

Crash-only: starting is deriving everything from L1 again, so there is nothing to repair. A snapshot
spares executing again what it holds, if L1 still says the same.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from aiohttp import web

from rollup_node.derive.assertions import AssertionTree
from rollup_node.derive.events import L1Block
from rollup_node.derive.pipeline import Derivation
from rollup_node.feed.server import FeedServer
from rollup_node.l1.client import JsonRpcClient
from rollup_node.l1.journal import JournalReader
from rollup_node.l1.reader import RpcReader
from rollup_node.l1.sender import RpcSender
from rollup_node.node import gauges
from rollup_node.node.backend import SequencerBackend, Sync, refuse_batch_data
from rollup_node.node.batch_source import LocalBatches, RemoteBatches
from rollup_node.node.challenger import make_challenger
from rollup_node.node.claims import Claims, genesis_assertion
from rollup_node.node.clock import NodeClock
from rollup_node.node.config import NodeConfig, RollupConfig
from rollup_node.node.follow import L1Follower
from rollup_node.node.follower import FollowerBackend
from rollup_node.node.games import Games
from rollup_node.node.histories import RpcHistorySource
from rollup_node.node.keeper import KeeperPlayer
from rollup_node.node.listing import Lister
from rollup_node.node.market_data import NodeMarkets
from rollup_node.node.metrics import NodeMetrics, Sample
from rollup_node.node.players import (
    BatchPosterPlayer,
    Player,
    ProposerPlayer,
    VerifierPlayer,
    collect_status,
)
from rollup_node.node.recovery import recover_in_thread
from rollup_node.node.replica import Replica
from rollup_node.node.replica_resume import ReplicaResume
from rollup_node.node.sequencer import Sequencer
from rollup_node.node.snapshots import SnapshotPolicy, Snapshots
from rollup_node.node.vault_room import VaultRoom
from rollup_node.ports import (
    CriticalError,
    InputError,
    L1Update,
    ReorgError,
    TemporaryError,
    TransactionReverted,
)
from rollup_node.proof import inbox
from rollup_node.proof.machine import Machine
from rollup_node.roles.batch_poster import BatchMode
from rollup_node.roles.disputes import Disputes
from rollup_node.roles.listing import VAULT_BOARD, Listings
from rollup_node.roles.sequencer import SequencerPolicy
from rollup_node.rpc.gateway import Gateway
from rollup_node.rpc.server import RpcServer

_RETRY_SECONDS: Final = 0.5
_SENDERS: Final = frozenset(["batch_poster", "proposer", "challenger", "keeper", "vault_keeper"])
"""Roles that send to L1."""
_GRACE_SECONDS: Final = 2.0
"""How long a turn may go on after SIGTERM."""

_logger = logging.getLogger(__name__)


class Node:
    """One node process; `start`, then `run_until` something says stop, then `stop`."""

    def __init__(self, config: NodeConfig, rollup: RollupConfig) -> None:
        self.config = config
        self.rollup = rollup
        self.clock = NodeClock()
        self.ready = False
        self.port = 0
        self._client = JsonRpcClient(config.l1_url)
        addresses = {name: rollup.address(name) for name in rollup.contracts}
        self.reader = RpcReader(self._client, addresses)
        self._journal = JournalReader(self._client, addresses)
        self.machine = Machine(rollup.l2_chain_id, rollup.address("bridge"))
        self.sequencer: Sequencer | None = None
        self.players: list[Player] = []
        self._remote = JsonRpcClient(config.sequencer_url) if config.sequencer_url else None
        self._peers = [RpcHistorySource(url) for url in config.peers]
        self._server: RpcServer | None = None
        self._gateway: Gateway | None = None
        follows = any(role in config.roles for role in ("proposer", "verifier", "challenger"))
        recover = recover_in_thread(self.machine.domain)
        self.replica = Replica(self.machine, recover, segments=follows, audits=config.audits)
        self._executes = follows
        self._vaults = VaultRoom(rollup, self._client, self.reader, self.replica)
        self._resume: ReplicaResume | None = None
        self.follower: L1Follower
        self._backend: SequencerBackend | FollowerBackend
        self.claims: Claims

    async def start(self) -> None:
        """Wait for L1, set up the roles, serve RPC.

        Raises
        ------
        TemporaryError
            If L1 does not answer before the deadline.
        InputError
            If L1 is another chain than the rollup's, or the port is taken.
        """
        genesis = await self._wait_l1()
        derivation = Derivation(genesis, inbox)
        root = bytes.fromhex(self.rollup.genesis.state_root.removeprefix("0x"))
        tree = AssertionTree(genesis_assertion(root))
        height = self.rollup.parameters.history_height
        self.follower = L1Follower(self.reader, derivation, tree, Disputes(height))
        self.claims = Claims(self.replica, derivation, tree, height)
        self._backend = self._make_backend()
        if self._executes:
            folder = self.config.data_dir / "replica"
            snapshots = Snapshots(folder, self.machine.domain, self._snapshot_policy())
            self._resume = ReplicaResume(self.replica, snapshots)
        self._gateway = self._make_gateway()
        self._server = RpcServer(
            self._backend,
            metrics=NodeMetrics(self._samples).render,
            routes=self._routes(),
            clock=self.sequencer.clock if self.sequencer is not None else None,
            gateway=self._gateway,
        )
        self.port = await self._server.start(self.config.host, self.config.port)
        if self.sequencer is not None:
            await self.sequencer.start()
        await self._make_players()
        _logger.info("listening on port %d", self.port, extra={"roles": list(self.config.roles)})

    async def run_until(self, stop: asyncio.Event) -> None:
        """Follow L1 and act until `stop` is set.

        Raises
        ------
        CriticalError, InputError
            If going on could do harm, or the configuration is wrong.
        """
        pause = self.config.poll_interval_ms / 1_000
        stopping = asyncio.ensure_future(stop.wait())
        while not stop.is_set():
            turn = asyncio.ensure_future(self._turn(self._cycle, pause))
            await asyncio.wait({turn, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not turn.done():  # crash-only: what is cut short here is found again on L1
                await asyncio.wait({turn}, timeout=_GRACE_SECONDS)
                turn.cancel()
                await asyncio.wait({turn})
                break
            if (delay := turn.result()) > 0:
                await asyncio.wait({stopping}, timeout=delay)
        stopping.cancel()

    async def stop(self) -> None:
        """Stop serving, close the log and all connections."""
        self.ready = False
        if self.sequencer is not None:
            await self.sequencer.stop()
        if self._resume is not None:
            await self._resume.close()
        if self._server is not None:
            await self._server.stop()
        await self._client.close()
        if self._remote is not None:
            await self._remote.close()
        for peer in self._peers:
            await peer.close()

    async def _turn(self, cycle: Callable[[], Awaitable[bool]], pause: float) -> float:
        """Run one cycle and return how long to wait; the four error branches are here."""
        try:
            return 0.0 if await cycle() else pause
        except (InputError, CriticalError):
            raise
        except ReorgError as error:
            _logger.warning("L1 was reorganised: %s", error)
            return 0.0
        except (TemporaryError, TransactionReverted) as error:
            _logger.warning("%s", error)
            return _RETRY_SECONDS

    async def _cycle(self) -> bool:
        """Follow L1, then let every role act; tell whether to go on at once."""
        update = await self.follower.follow()
        if self.follower.head is not None:
            self.clock.see(self.follower.head)
        if update is not None:
            await self._take(update)
        if self._resume is not None:
            await self._execute(self._resume)
        if self.sequencer is not None and self.sequencer.failure is not None:
            raise CriticalError(f"sequencer: {self.sequencer.failure}")
        self.ready = True
        busy = False
        for player in self.players:
            busy = await player.act() or busy
        return busy

    async def _take(self, update: L1Update) -> None:
        if update.reorg:
            _logger.warning("L1 reorg: kept %d items", update.kept_items)
            self.replica.rewind(update.kept_items)
            self._vaults.rewind(update.kept_items)
            if self._resume is not None:
                self._resume.forget(update.kept_items)
        for player in self.players:
            player.on_l1(update)
        if self.sequencer is not None:
            await self.sequencer.on_l1(update)

    async def _execute(self, resume: ReplicaResume) -> None:
        items = self.follower.derivation.items
        if items and not self.replica.item_count:
            resume.start(items)
        while self.replica.item_count < len(items):
            await self.replica.apply(items[self.replica.item_count])
            self._vaults.see()
            await asyncio.sleep(0)
        resume.save_if_due()

    async def _wait_l1(self) -> L1Block:
        """Return the rollup's genesis block as soon as L1 answers."""
        deadline = time.monotonic() + self.config.start_timeout_seconds
        while True:
            try:
                return await self._check_l1()
            except TemporaryError as error:
                if time.monotonic() >= deadline:
                    seconds = self.config.start_timeout_seconds
                    raise TemporaryError(f"L1 not reachable for {seconds} s: {error}") from error
                await asyncio.sleep(self.config.poll_interval_ms / 1_000)

    async def _check_l1(self) -> L1Block:
        number = self.rollup.genesis.l1_block
        chain_id = await self.reader.chain_id()
        block = await self.reader.block_by_number(number)
        if chain_id != self.rollup.l1_chain_id:
            raise InputError(f"L1 chain id: {chain_id} != {self.rollup.l1_chain_id}")
        expected = bytes.fromhex(self.rollup.genesis.l1_hash.removeprefix("0x"))
        if block is None or block.hash != expected:
            raise InputError(f"L1 block {number} is not the one that the rollup began with")
        return block

    def _routes(self) -> dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]]:
        """Return the further paths of the server: the feed of a sequencer."""
        if self.sequencer is None:
            return {}
        feed = FeedServer(self.sequencer.feed_messages)
        self.sequencer.on_durable = lambda _number, _entries: feed.notify()
        return {"/feed": feed.handle}

    def _make_gateway(self) -> Gateway | None:
        """Return the trading interface of a sequencer, over markets that follow its steps."""
        sequencer, backend = self.sequencer, self._backend
        if sequencer is None or not isinstance(backend, SequencerBackend):
            return None
        markets = NodeMarkets(
            lambda: sequencer.builder.state,
            self.machine.domain,
            self.rollup.underlyings,
            backend.assets,
        )
        sequencer.markets = markets
        limits = self.config.trading
        return Gateway(backend, markets, self.clock, limits, sequencer.clock)

    def _make_backend(self) -> SequencerBackend | FollowerBackend:
        if "sequencer" in self.config.roles:
            self.sequencer = Sequencer(
                log=self.config.data_dir / "log",
                key=self.config.key(),
                domain=self.machine.domain,
                policy=SequencerPolicy(
                    self.config.batch.max_bytes,
                    self.config.batch.max_age_ms,
                    self.config.block_interval_ms,
                ),
                clock=self.clock,
                snapshots=self._snapshot_policy(),
            )
            return SequencerBackend(
                self.config, self.rollup, self._sync, self.sequencer, self._set_batch_data
            )
        backend = FollowerBackend(
            self.config,
            self.rollup,
            self.replica,
            sync=self._sync,
            segment_roots=self.claims.segment_roots,
            games=self._games() if self._executes else None,
            extra_status=lambda: collect_status(self.players),
            set_batch_data=self._set_batch_data,
        )
        if self._executes:
            backend.follow_vaults(self._vaults.desk(self.follower))
        return backend

    def _snapshot_policy(self) -> SnapshotPolicy:
        config = self.config.snapshot
        return SnapshotPolicy(config.every_records, config.kept_records)

    def _games(self) -> Games:
        return Games(
            self.follower, self.replica, self.claims, self._journal, self.machine, self.rollup
        )

    async def _make_players(self) -> None:
        roles = self.config.roles
        if "verifier" in roles:
            self.players.append(
                VerifierPlayer(self.follower, self.replica, self.claims, self._remote)
            )
        if not _SENDERS & set(roles):
            return
        sender = RpcSender(self._client, self.reader, self.config.key(), self.rollup.l1_chain_id)
        await sender.recover()
        if "keeper" in roles and self._remote is not None:
            lister = Lister(self._remote, Listings(VAULT_BOARD if self._vaults else None))
            self.players.append(KeeperPlayer(self.replica, self._remote, sender, lister=lister))
        if "vault_keeper" in roles and self._executes:
            self.players.append(self._vaults.keeper(self.follower, self.claims, sender))
        if "batch_poster" in roles:
            mode = self.config.batch.data
            self.players.append(
                BatchPosterPlayer(self.follower, self._batch_source(), sender, mode)
            )
        if "proposer" in roles:
            parameters = self.rollup.parameters
            self.players.append(
                ProposerPlayer(self.follower, self.reader, sender, self.claims, parameters)
            )

        if "challenger" in roles:
            self.players.append(
                make_challenger(
                    self.follower,
                    self.replica,
                    self.claims,
                    self.reader,
                    sender,
                    self.machine,
                    self.rollup,
                    self._peers,
                    releases="proposer" not in roles,
                )
            )

    def _set_batch_data(self, mode: BatchMode) -> None:
        posters = [player for player in self.players if isinstance(player, BatchPosterPlayer)]
        if not posters:
            refuse_batch_data(mode)
        for poster in posters:
            poster.mode = mode

    def _batch_source(self) -> LocalBatches | RemoteBatches:
        if self.sequencer is not None:
            return LocalBatches(self.sequencer)
        if self._remote is None:
            raise InputError(f"node {self.config.name}: sequencer_url is missing")
        return RemoteBatches(self._remote)

    def _sync(self) -> Sync:
        current = self.follower.derivation.head if self.ready else None
        confirmed = self.follower.tree.latest_confirmed().created.item
        return Sync(current, self.follower.head, confirmed, self.ready)

    def _samples(self) -> Iterator[Sample]:
        """Return what `/metrics` says."""
        status = self._backend.sync_status()
        yield from gauges.read_node(self.config.roles, status, ready=self.ready)
        yield from gauges.read_derivation(self.follower)
        if self._executes:
            yield from gauges.read_replica(self.replica)
        yield from gauges.read_players(self.players)
        if self.sequencer is not None:
            yield from gauges.read_sequencer(self.sequencer)
        if self._gateway is not None:
            yield from gauges.read_gateway(self._gateway)
