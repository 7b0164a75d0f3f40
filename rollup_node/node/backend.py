"""The node behind its counter: `rpc.backend.Backend` over the sequencer."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from rollup_node.codec.typed_data import typed_data
from rollup_node.core.inputs import RotateKey, Transaction, Transfer, Withdraw
from rollup_node.derive.events import L1Block
from rollup_node.node.config import NodeConfig, RollupConfig
from rollup_node.node.sequencer import Sequencer
from rollup_node.node.views import SequencerView
from rollup_node.roles.batch_poster import BatchMode
from rollup_node.rpc.backend import (
    AccountView,
    Asker,
    AssetView,
    BlockView,
    Body,
    Confirmation,
    RecordView,
    Submitted,
    WithdrawalProof,
    WithdrawalView,
)
from rollup_node.rpc.errors import NOT_BATCH_POSTER, NOT_FOLLOWER, RpcError, invalid_params
from rollup_node.rpc.games import Game, GameLine
from rollup_node.rpc.vaults import VaultsView

_TRANSACTIONS: Final[Mapping[str, type[Transaction]]] = {
    "transfer": Transfer,
    "withdraw": Withdraw,
    "rotateKey": RotateKey,
}
_ZERO_HASH: Final = "0x" + "00" * 32


class Sync(NamedTuple):
    """How far a node is: L1 block it has derived up to, newest one, confirmed items, readiness."""

    current: L1Block | None
    head: L1Block | None
    confirmed_items: int
    ready: bool


def refuse_batch_data(mode: BatchMode) -> None:
    """Refuse to post batches in any way: for a node that posts none."""
    raise RpcError(
        NOT_BATCH_POSTER, f"this node posts no batches as {mode}", reason="NOT_BATCH_POSTER"
    )


def refuse_games(name: str, what: str = "contests") -> RpcError:
    """Return the error of a node that does not execute what L1 says, so knows no contests."""
    text = f"node {name} follows no {what}: ask a verifier, proposer or challenger"
    return RpcError(NOT_FOLLOWER, text, reason="NOT_FOLLOWER")


class SequencerBackend:
    """Answers the counter of the node that sequences."""

    def __init__(
        self,
        config: NodeConfig,
        rollup: RollupConfig,
        sync: Callable[[], Sync],
        sequencer: Sequencer,
        set_batch_data: Callable[[BatchMode], None] = refuse_batch_data,
    ) -> None:
        """Take the sequencer and a function that tells how far the node is."""
        self.set_batch_data = set_batch_data
        self._config, self._rollup, self._sync = config, rollup, sync
        self._sequencer = sequencer
        self._view = SequencerView(sequencer)
        self.assets = [
            AssetView(a.id, a.symbol, a.decimals, bytes.fromhex(a.token.removeprefix("0x")))
            for a in rollup.assets
        ]

    @property
    def chain_id(self) -> int:
        """L2 chain id."""
        return self._rollup.l2_chain_id

    @property
    def allows_devnet(self) -> bool:
        """Whether `devnet_*` and `admin_*` methods may be called."""
        return self._config.devnet

    async def submit(self, bodies: Sequence[Body]) -> Submitted:
        """Have the sequencer take the bodies."""
        clock = self._sequencer.clock
        clock.end("ingress")
        answer = await self._sequencer.submit(bodies)
        clock.begin()
        return answer

    def enter(self, bodies: Sequence[Body], asker: Asker) -> None:
        """Have the sequencer take the bodies and tell of each."""
        self._sequencer.enter(bodies, asker)

    def block_number(self) -> int:
        """Return the number of the newest block."""
        return self._view.newest()

    def block(self, number: int) -> BlockView | None:
        """Return a block by number."""
        return self._view.block(number)

    def block_by_hash(self, block_hash: bytes) -> BlockView | None:
        """Return a block by hash."""
        return self._view.block_by_hash(block_hash)

    def record(self, record_hash: bytes) -> RecordView | None:
        """Return a record or message by hash."""
        return self._view.record(record_hash)

    def leaf(self, key: int) -> bytes:
        """Return a leaf of the newest state, nothing where there is none."""
        return self._view.leaf(key)

    def account(self, account: int) -> AccountView | None:
        """Return an account that is open."""
        return self._view.account(account)

    def accounts_of(self, owner: bytes) -> Sequence[int]:
        """Return the accounts of an owner."""
        return self._view.accounts_of(owner)

    def withdrawals_of(self, account: int) -> Sequence[WithdrawalView]:
        """Return the outbox entries of an account."""
        return self._view.withdrawals_of(account)

    async def withdrawal_proof(self, outbox_index: int, item: int | None) -> WithdrawalProof | None:
        """Prove an entry in the state after `item` items."""
        return await self._view.withdrawal_proof(outbox_index, item)

    def confirmation(self, sequence: int) -> Confirmation | None:
        """Return the first confirmation that covers a sequence number."""
        confirmations = self._sequencer.durable_confirmations()
        at = bisect_right(confirmations, sequence, key=lambda c: c.covered)
        return confirmations[at] if at < len(confirmations) else None

    def batches(self, first: int, limit: int) -> Sequence[tuple[int, bytes, int, int]]:
        """Return cut and durable batches."""
        found = self._sequencer.batches(first, limit)
        return [(b.number, b.data, b.delayed_count, b.fast_count) for b in found]

    def log_entries(self, first: int, limit: int) -> Sequence[tuple[int, bytes, bytes]]:
        """Return feed messages."""
        return self._sequencer.feed_messages(first, limit)

    def segment_roots(self, assertion_id: bytes) -> Sequence[bytes] | None:  # noqa: ARG002 - protocol
        """Return nothing: proposers and verifiers know assertions."""
        return None

    def games(self) -> Sequence[GameLine]:
        """Refuse: only nodes that execute what L1 says follow contests."""
        raise refuse_games(self._config.name)

    async def game(self, origin: bytes) -> Game:  # noqa: ARG002 - protocol
        """Refuse, as `games` does."""
        raise refuse_games(self._config.name)

    def vaults(self) -> VaultsView:
        """Refuse, as `games` does."""
        raise refuse_games(self._config.name, "vaults")

    def sync_status(self) -> dict[str, Any]:
        """Return the body of `optimism_syncStatus`."""
        sync = self._sync()
        unsafe, safe = self._reference(self._view.newest()), self._reference(self._view.safe())
        finalized = min(self._view.end_of_item(sync.confirmed_items), self._view.safe())
        return {
            "current_l1": _l1_reference(sync.current),
            "current_l1_finalized": _l1_reference(sync.current),
            "head_l1": _l1_reference(sync.head),
            "safe_l1": _l1_reference(sync.head),
            "finalized_l1": _l1_reference(sync.head),
            "unsafe_l2": unsafe,
            "safe_l2": safe,
            "finalized_l2": self._reference(finalized),
            "pending_safe_l2": safe,
            "cross_unsafe_l2": unsafe,
            "local_safe_l2": safe,
        }

    def output_at_block(self, number: int) -> dict[str, Any] | None:
        """Return the body of `optimism_outputAtBlock`."""
        block = self._view.block(number)
        if block is None:
            return None
        root = "0x" + block.state_root.hex()
        return {
            "version": _ZERO_HASH,
            "outputRoot": root,
            "blockRef": self._reference(number),
            "withdrawalStorageRoot": root,
            "stateRoot": root,
            "syncStatus": self.sync_status(),
        }

    def rollup_config(self) -> dict[str, Any]:
        """Return the body of `optimism_rollupConfig`."""
        rollup = self._rollup
        genesis = self._view.block(0)
        return {
            "genesis": {
                "l1": {"number": rollup.genesis.l1_block, "hash": rollup.genesis.l1_hash},
                "l2": {"number": 0, "hash": "0x" + genesis.hash.hex() if genesis else None},
                "l2_time": rollup.genesis.l2_time_ms // 1_000,
            },
            "block_time": max(self._config.block_interval_ms // 1_000, 1),
            "max_sequencer_drift": rollup.parameters.max_future_seconds,
            "seq_window_size": rollup.parameters.force_after_seconds,
            "channel_timeout": 0,
            "l1_chain_id": rollup.l1_chain_id,
            "l2_chain_id": rollup.l2_chain_id,
            "batch_inbox_address": rollup.contracts.get("inbox"),
            "deposit_contract_address": rollup.contracts.get("bridge"),
            "contracts": rollup.contracts,
            "config_hash": rollup.config_hash,
        }

    def typed_data(self, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the EIP-712 document of a transaction."""
        made = _TRANSACTIONS.get(kind)
        if made is None:
            raise invalid_params(f"kind is one of {', '.join(_TRANSACTIONS)}", "kind")
        names = {"sender": "from", "recipient": "to"} if made is Transfer else {}
        names |= {"new_owner": "newOwner"}
        values = [_field(fields, names.get(name, name)) for name in made._fields]
        return typed_data(self.chain_id, self._rollup.address("bridge"), made(*values))

    def is_ready(self) -> bool:
        """Tell whether the node has caught up with L1."""
        return self._sync().ready and self._sequencer.ready

    def is_leader(self) -> bool:
        """Tell whether this node sequences."""
        return self._sequencer.active and self._sequencer.ready

    async def set_sequencing(self, *, active: bool) -> None:
        """Start or stop sequencing."""
        self._sequencer.active = active

    def set_drop_sender(self, sender: bytes, *, drop: bool) -> None:
        """Drop the transactions of an address."""
        (self._sequencer.dropped.add if drop else self._sequencer.dropped.discard)(sender)

    def _reference(self, number: int) -> dict[str, Any]:
        block = self._view.block(number)
        if block is None:
            return {"number": number, "hash": _ZERO_HASH, "parentHash": _ZERO_HASH, "timestamp": 0}
        return {
            "number": block.number,
            "hash": "0x" + block.hash.hex(),
            "parentHash": "0x" + block.parent_hash.hex(),
            "timestamp": block.time_ms // 1_000,
        }


def _l1_reference(block: L1Block | None) -> dict[str, Any]:
    if block is None:
        return {"number": 0, "hash": _ZERO_HASH, "parentHash": _ZERO_HASH, "timestamp": 0}
    return {
        "number": block.number,
        "hash": "0x" + block.hash.hex(),
        "parentHash": "0x" + block.parent_hash.hex(),
        "timestamp": block.timestamp,
    }


def _field(fields: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - an integer or an address
    if name not in fields:
        raise invalid_params(f"missing field: {name}", name)
    value = fields[name]
    try:
        if isinstance(value, str) and name in {"recipient", "newOwner"}:
            return bytes.fromhex(value.removeprefix("0x"))
        return int(value, 0) if isinstance(value, str) else int(value)
    except (TypeError, ValueError):
        raise invalid_params(f"field {name} is not a number or address", name) from None
