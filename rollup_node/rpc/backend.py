"""What the counter needs from the node behind it; the node implements it, tests fake it."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from rollup_node.roles.batch_poster import BatchMode
from rollup_node.rpc.errors import RpcError
from rollup_node.rpc.games import Game, GameLine
from rollup_node.rpc.vaults import VaultsView


class TransactionStatus(NamedTuple):
    """What became of one submitted body.

    `reason` is a number of docs/spec.md X-10; 0 means accepted, `sequence` is then its place in the
    record chain. `field` names the first field at fault where that is known. `refusal` says why a
    call asks for no record at all.
    """

    sequence: int
    record_hash: bytes
    reason: int
    field: str | None = None
    refusal: RpcError | None = None


Call = tuple[str, bytes]
"""Method and parameters of a call that asks for one record, as they came."""
Body = bytes | Call
"""The body of a record, or the call that asks for it: who recovers its signer reads it too."""


class Confirmation(NamedTuple):
    """The sequencer's signature over a link of the record chain (docs/spec.md B-1)."""

    covered: int
    link: bytes
    signature: bytes


class Submitted(NamedTuple):
    """Answer to a submission: one status per body, and the confirmation that covers them."""

    statuses: Sequence[TransactionStatus]
    confirmation: Confirmation | None


class BlockView(NamedTuple):
    """One L2 block (docs/spec.md B-2); `records` are the hashes in order."""

    number: int
    hash: bytes
    parent_hash: bytes
    time_ms: int
    state_root: bytes
    transactions_root: bytes
    records: Sequence[bytes]


class RecordView(NamedTuple):
    """One record or pulled message as the chain holds it; `block_number` < 0 while pending."""

    record_hash: bytes
    sequence: int | None
    kind: str
    reason: int
    block_number: int
    place: int
    sender: bytes
    account: int
    body: bytes


class AccountView(NamedTuple):
    """One account with all its balances in the tokens' smallest units."""

    account: int
    owner: bytes
    nonce_high: int
    nonce_map: int
    balances: Sequence[int]


class WithdrawalView(NamedTuple):
    """One outbox entry."""

    outbox_index: int
    account: int
    asset: int
    amount: int
    recipient: bytes


class WithdrawalProof(NamedTuple):
    """An outbox leaf under the state root of a finished item (36 siblings from the leaf up)."""

    withdrawal: WithdrawalView
    item: int
    state_root: bytes
    branch: Sequence[bytes]


class AssetView(NamedTuple):
    """A token that the bridge knows."""

    asset: int
    symbol: str
    decimals: int
    token: bytes


class Asker(Protocol):
    """Who handed bodies to the sequencer; every body is told or refused once."""

    def tell(
        self, told: Sequence[tuple[int, TransactionStatus]], confirmation: Confirmation | None
    ) -> None:
        """Hear by their places what became of bodies that are durable or were rejected."""

    def refuse(self, failure: RpcError) -> None:
        """Hear that nothing was kept of all others."""


class Backend(Protocol):
    """A node as its users see it. Methods answer from memory unless they are coroutines."""

    @property
    def chain_id(self) -> int:
        """L2 chain id."""

    @property
    def assets(self) -> Sequence[AssetView]:
        """All assets by number."""

    @property
    def allows_devnet(self) -> bool:
        """Whether `devnet_*` and `admin_*` methods may be called."""

    async def submit(self, bodies: Sequence[bytes]) -> Submitted:
        """Have the sequencer take the bodies in order; return after they are durable."""

    def block_number(self) -> int:
        """Return the number of the newest block."""

    def block(self, number: int) -> BlockView | None:
        """Return a block by number."""

    def block_by_hash(self, block_hash: bytes) -> BlockView | None:
        """Return a block by hash."""

    def record(self, record_hash: bytes) -> RecordView | None:
        """Return a record or message by hash."""

    def leaf(self, key: int) -> bytes:
        """Return a leaf of the newest state, nothing where there is none (docs/spec.md T-2, S)."""

    def account(self, account: int) -> AccountView | None:
        """Return an account that is open."""

    def accounts_of(self, owner: bytes) -> Sequence[int]:
        """Return the accounts of an owner, ascending."""

    def withdrawals_of(self, account: int) -> Sequence[WithdrawalView]:
        """Return the outbox entries of an account, ascending."""

    async def withdrawal_proof(self, outbox_index: int, item: int | None) -> WithdrawalProof | None:
        """Prove an entry in the state after `item` items (newest derived if `None`)."""

    def confirmation(self, sequence: int) -> Confirmation | None:
        """Return the first confirmation that covers a sequence number."""

    def batches(self, first: int, limit: int) -> Sequence[tuple[int, bytes, int, int]]:
        """Return number, data, delayed and fast count of cut and durable batches."""

    def log_entries(self, first: int, limit: int) -> Sequence[tuple[int, bytes, bytes]]:
        """Return feed messages (number, entry, signature) from number `first` on."""

    def segment_roots(self, assertion_id: bytes) -> Sequence[bytes] | None:
        """Return the segment roots of an assertion that this node made or checked."""

    def games(self) -> Sequence[GameLine]:
        """Return every contest with rivals in one line."""

    async def game(self, origin: bytes) -> Game:
        """Return the contest below an assertion."""

    def vaults(self) -> VaultsView:
        """Return what this node knows of option vaults."""

    def sync_status(self) -> dict[str, Any]:
        """Return the body of `optimism_syncStatus`."""

    def output_at_block(self, number: int) -> dict[str, Any] | None:
        """Return the body of `optimism_outputAtBlock`."""

    def rollup_config(self) -> dict[str, Any]:
        """Return the body of `optimism_rollupConfig`."""

    def typed_data(self, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the EIP-712 document of a transaction for a wallet to sign."""

    def is_ready(self) -> bool:
        """Tell whether the node has caught up with L1."""

    def is_leader(self) -> bool:
        """Tell whether this node is the active sequencer."""

    async def set_sequencing(self, *, active: bool) -> None:
        """Start or stop sequencing."""

    def set_drop_sender(self, sender: bytes, *, drop: bool) -> None:
        """Silently drop the transactions of an address, as a censoring sequencer would."""

    def set_batch_data(self, mode: BatchMode) -> None:
        """Post batches this way from now until the node restarts."""


class TradingBackend(Backend, Protocol):
    """The node behind the trading interface: a sequencer."""

    async def submit(self, bodies: Sequence[Body]) -> Submitted:
        """Take the bodies in order; return after they are durable."""

    def enter(self, bodies: Sequence[Body], asker: Asker) -> None:
        """Take the bodies in order; `asker` hears of each when it is durable or rejected.

        Raises `RpcError` if none of them is taken.
        """
