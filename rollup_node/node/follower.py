"""What a node that only follows L1 answers its users: what it derived, nothing it hopes for."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from rollup_node.codec.records import decode_record
from rollup_node.codec.typed_data import typed_data
from rollup_node.core.inputs import RotateKey, SignedTransaction, Transaction, Transfer, Withdraw
from rollup_node.core.layout import LeafKey
from rollup_node.derive.events import L1Block
from rollup_node.node.backend import Sync, refuse_batch_data, refuse_games
from rollup_node.node.config import NodeConfig, RollupConfig
from rollup_node.node.games import Games
from rollup_node.node.replica import Block, RecordPlace, Replica
from rollup_node.ports import ReorgError, TemporaryError
from rollup_node.roles.batch_poster import BatchMode
from rollup_node.rpc.backend import (
    AccountView,
    AssetView,
    BlockView,
    Confirmation,
    RecordView,
    Submitted,
    WithdrawalProof,
    WithdrawalView,
)
from rollup_node.rpc.errors import NOT_SEQUENCER, RpcError, invalid_params, not_found
from rollup_node.rpc.games import Game, GameLine
from rollup_node.rpc.vaults import VaultsView

_ZERO_ADDRESS: Final = bytes(20)
_TYPES: Final[Mapping[str, type[Transaction]]] = {
    "transfer": Transfer,
    "withdraw": Withdraw,
    "rotateKey": RotateKey,
}


class FollowerBackend:
    """`rpc.backend.Backend` over a replica.

    Parameters
    ----------
    sync
        Tells how far the node is on L1.
    games
        The contests that the node follows, `None` if it executes nothing.
    """

    def __init__(
        self,
        config: NodeConfig,
        rollup: RollupConfig,
        replica: Replica,
        *,
        sync: Callable[[], Sync],
        segment_roots: Callable[[bytes], Sequence[bytes] | None],
        games: Games | None,
        extra_status: Callable[[], Mapping[str, Any]],
        set_batch_data: Callable[[BatchMode], None] = refuse_batch_data,
    ) -> None:
        self._vaults: VaultsView | None = None
        self.set_batch_data = set_batch_data
        self._config = config
        self._rollup = rollup
        self._replica = replica
        self._sync = sync
        self._segment_roots = segment_roots
        self._games = games
        self._extra_status = extra_status

    @property
    def chain_id(self) -> int:
        """Return the L2 chain id."""
        return self._rollup.l2_chain_id

    @property
    def assets(self) -> Sequence[AssetView]:
        """Return all assets by number."""
        return asset_views(self._rollup)

    @property
    def allows_devnet(self) -> bool:
        """Return whether `devnet_*` and `admin_*` methods may be called."""
        return self._config.devnet

    async def submit(self, bodies: Sequence[bytes]) -> Submitted:
        """Refuse: only the sequencer takes transactions."""
        raise RpcError(
            NOT_SEQUENCER, f"node {self._config.name} is no sequencer: {len(bodies)} bodies refused"
        )

    def block_number(self) -> int:
        """Return the number of the newest derived block."""
        return self._replica.blocks[-1].number

    def block(self, number: int) -> BlockView | None:
        """Return a block by number."""
        blocks = self._replica.blocks
        return self._view(blocks[number]) if 0 <= number < len(blocks) else None

    def block_by_hash(self, block_hash: bytes) -> BlockView | None:
        """Return a block by hash."""
        found = self._replica.block_by_hash(block_hash)
        return None if found is None else self._view(found)

    def record(self, record_hash: bytes) -> RecordView | None:
        """Return a record or message by hash."""
        place = self._replica.place(record_hash)
        return None if place is None else self._record(record_hash, place)

    def leaf(self, key: int) -> bytes:
        """Return a leaf of the newest derived state, nothing where there is none."""
        return self._replica.state.value(LeafKey(key))

    def account(self, account: int) -> AccountView | None:
        """Return an account that is open."""
        owner, balances = self._replica.owner(account), self._replica.balances(account)
        if owner is None or balances is None:
            return None
        return AccountView(
            account, owner.address, owner.nonce_high, owner.nonce_map, balances.amounts
        )

    def accounts_of(self, owner: bytes) -> Sequence[int]:
        """Return the accounts of an owner, ascending."""
        return self._replica.accounts_of(owner)

    def withdrawals_of(self, account: int) -> Sequence[WithdrawalView]:
        """Return the outbox entries of an account, ascending."""
        return [
            WithdrawalView(index, entry.account, entry.asset, entry.amount, entry.recipient)
            for index, entry in self._replica.withdrawals(account)
        ]

    async def withdrawal_proof(self, outbox_index: int, item: int | None) -> WithdrawalProof | None:
        """Prove an entry in the state after `item` items (newest derived if `None`)."""
        found = self._replica.prove_outbox(outbox_index, item)
        if found is None:
            return None
        entry = WithdrawalView(outbox_index, *found.withdrawal)
        return WithdrawalProof(entry, found.item, found.state_root, found.branch)

    def confirmation(self, sequence: int) -> Confirmation | None:  # noqa: ARG002 - protocol
        """Return nothing: only the sequencer confirms."""
        return None

    def batches(self, first: int, limit: int) -> Sequence[tuple[int, bytes, int, int]]:  # noqa: ARG002
        """Return nothing: only the sequencer cuts batches."""
        return ()

    def log_entries(self, first: int, limit: int) -> Sequence[tuple[int, bytes, bytes]]:  # noqa: ARG002
        """Return nothing: only the sequencer has a log."""
        return ()

    def segment_roots(self, assertion_id: bytes) -> Sequence[bytes] | None:
        """Return the segment roots of an assertion that this node made or checked."""
        return self._segment_roots(assertion_id)

    def games(self) -> Sequence[GameLine]:
        """Return every contest with rivals in one line."""
        if self._games is None:
            raise refuse_games(self._config.name)
        return self._games.lines()

    async def game(self, origin: bytes) -> Game:
        """Return the contest below an assertion."""
        if self._games is None:
            raise refuse_games(self._config.name)
        try:
            found = await self._games.show(origin)
        except ReorgError as error:
            raise TemporaryError(f"L1 changed while it was read, ask again: {error}") from error
        if found is None:
            raise not_found("no such assertion", "originId")
        if not found.claims:
            raise not_found("nobody has claimed anything below that assertion", "originId")
        return found

    def follow_vaults(self, vaults: VaultsView) -> None:
        """Answer what a node that executes knows of option vaults."""
        self._vaults = vaults

    def vaults(self) -> VaultsView:
        """Return what this node knows of option vaults."""
        if self._vaults is None:
            raise refuse_games(self._config.name, "vaults")
        return self._vaults

    def sync_status(self) -> dict[str, Any]:
        """Return the body of `optimism_syncStatus`; here unsafe equals safe."""
        newest = self._replica.blocks[-1]
        sync = self._sync()
        finalized = self._replica.block_after(sync.confirmed_items)
        status = sync_status(sync, newest, finalized)
        counts = {
            "items": self._replica.item_count,
            "audited_blocks": self._replica.audited_blocks,
        }
        return {**status, **counts, **self._extra_status()}

    def output_at_block(self, number: int) -> dict[str, Any] | None:
        """Return the body of `optimism_outputAtBlock`."""
        found = self.block(number)
        if found is None:
            return None
        return {
            "version": _hex(bytes(32)),
            "outputRoot": _hex(found.state_root),
            "stateRoot": _hex(found.state_root),
            "blockRef": _reference(self._replica.blocks[number]),
            "syncStatus": self.sync_status(),
        }

    def rollup_config(self) -> dict[str, Any]:
        """Return the body of `optimism_rollupConfig`."""
        return describe_rollup(self._rollup)

    def typed_data(self, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the EIP-712 document of a transaction for a wallet to sign."""
        return describe_typed_data(self._rollup, kind, fields)

    def is_ready(self) -> bool:
        """Tell whether the node has caught up with L1."""
        return self._sync().ready

    def is_leader(self) -> bool:
        """Tell whether this node is the active sequencer: never."""
        return False

    async def set_sequencing(self, *, active: bool) -> None:
        """Refuse: there is no sequencer here."""
        raise RpcError(NOT_SEQUENCER, f"node {self._config.name} cannot sequence ({active=})")

    def set_drop_sender(self, sender: bytes, *, drop: bool) -> None:
        """Refuse: there is no sequencer here."""
        raise RpcError(NOT_SEQUENCER, f"node {self._config.name} drops nobody ({sender=}, {drop=})")

    def _view(self, block: Block) -> BlockView:
        return BlockView(
            block.number,
            block.hash,
            block.parent_hash,
            block.time_ms,
            block.state_root,
            block.transactions_root,
            self._replica.record_hashes(block),
        )

    def _record(self, record_hash: bytes, place: RecordPlace) -> RecordView:
        body = self._replica.body(place, record_hash)
        record = decode_record(body)
        account, sender = 0, _ZERO_ADDRESS
        if isinstance(record, SignedTransaction):
            account = record.transaction[0]
            owner = self._replica.owner(account)
            sender = _ZERO_ADDRESS if owner is None else owner.address
        return RecordView(
            record_hash,
            None,
            place.kind.name,
            place.reason,
            place.block,
            place.index,
            sender,
            account,
            body,
        )


def asset_views(rollup: RollupConfig) -> list[AssetView]:
    """Return all assets by number."""
    return [
        AssetView(asset.id, asset.symbol, asset.decimals, bytes.fromhex(asset.token[2:]))
        for asset in rollup.assets
    ]


def sync_status(sync: Sync, newest: Block, finalized: Block) -> dict[str, Any]:
    """Return `optimism_syncStatus` of a node whose unsafe block is the safe one."""
    head, current = _l1(sync.head), _l1(sync.current)
    safe = _reference(newest)
    return {
        "current_l1": current,
        "current_l1_finalized": current,
        "head_l1": head,
        "safe_l1": head,
        "finalized_l1": head,
        "unsafe_l2": safe,
        "safe_l2": safe,
        "finalized_l2": _reference(finalized),
        "pending_safe_l2": safe,
        "cross_unsafe_l2": safe,
        "local_safe_l2": safe,
    }


def describe_rollup(rollup: RollupConfig) -> dict[str, Any]:
    """Return rollup.json in the shape of `optimism_rollupConfig`."""
    plain: dict[str, Any] = msgspec.to_builtins(rollup)
    genesis = {
        "l1": {"number": rollup.genesis.l1_block, "hash": rollup.genesis.l1_hash},
        "l2": {"number": 0, "state_root": rollup.genesis.state_root},
        "l2_time": rollup.genesis.l2_time_ms // 1_000,
    }
    return {
        **plain,
        "genesis": genesis,
        "batch_inbox_address": rollup.contracts.get("inbox"),
        "deposit_contract_address": rollup.contracts.get("bridge"),
    }


def describe_typed_data(rollup: RollupConfig, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the EIP-712 document of a transaction.

    Raises
    ------
    RpcError
        If the kind is unknown or a field is missing or ill-typed.
    """
    made = _TYPES.get(kind)
    if made is None:
        raise invalid_params(f"kind {kind}: expected one of {', '.join(_TYPES)}", "kind")
    values = [_field(fields, name) for name in made._fields]
    transaction: Transaction = made(*values)
    return typed_data(rollup.l2_chain_id, rollup.address("bridge"), transaction)


def _field(fields: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - a number or an address
    names = {"sender": "from", "recipient": "to", "new_owner": "newOwner"}
    value = fields.get(name, fields.get(names.get(name, name)))
    if value is None:
        raise invalid_params(f"field {names.get(name, name)} is missing", name)
    if isinstance(value, str):
        raw = value.removeprefix("0x")
        try:
            return bytes.fromhex(raw) if len(raw) == 40 else int(value, 0)  # noqa: PLR2004
        except ValueError as error:
            raise invalid_params(
                f"field {name}: {value!r} is no number or address", name
            ) from error
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid_params(f"field {name}: {value!r} is no number or address", name)
    return value


def _l1(block: L1Block | None) -> dict[str, Any]:
    if block is None:
        return {"number": 0, "hash": _hex(bytes(32)), "timestamp": 0}
    return {
        "number": block.number,
        "hash": _hex(block.hash),
        "parentHash": _hex(block.parent_hash),
        "timestamp": block.timestamp,
    }


def _reference(block: Block) -> dict[str, Any]:
    return {
        "number": block.number,
        "hash": _hex(block.hash),
        "parentHash": _hex(block.parent_hash),
        "timestamp": block.time_ms // 1_000,
        "stateRoot": _hex(block.state_root),
    }


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
