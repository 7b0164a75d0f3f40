"""The sockets between deciding and doing: protocols of L1, clock and sequencer, and shell errors.

No implementation lives here. Bytes are raw, times are unix seconds unless the name says otherwise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

from rollup_node.core.inputs import DelayedMessage
from rollup_node.derive.events import L1Block, L1BlockEvents
from rollup_node.derive.items import DerivedItem


class RollupError(Exception):
    """Something failed in the shell; the subclass says what the loop must do about it.

    `exit_code` is that of the command or process which it ends; the message is one line.
    """

    exit_code = 1


class InputError(RollupError):
    """The user or a configuration file is wrong: tell them and stop."""

    exit_code = 2


class PortInUseError(InputError):
    """A port is taken by another program, or the run directory by another devnet."""

    exit_code = 4


class EnvironmentMissingError(RollupError):
    """The machine lacks what is needed: a tool, a file, permission, space."""

    exit_code = 3


class TemporaryError(RollupError):
    """A peer does not answer or answers late: retry with a deadline."""

    exit_code = 5


class ReorgError(RollupError):
    """L1 no longer contains what a decision was made on: rewind and derive again."""


class CriticalError(RollupError):
    """Going on could do harm: stop the process."""


class TransactionReverted(RollupError):  # noqa: N818 - the word of the field
    """An L1 transaction or call reverted.

    Attributes
    ----------
    name
        Name of the custom error, `Error` for a reason string, or the selector in hex if unknown.
    operands
        Decoded operands of the error, in order.
    """

    exit_code = 7

    def __init__(self, what: str, name: str, operands: tuple[Any, ...] = ()) -> None:
        shown = ", ".join(_show(operand) for operand in operands)
        super().__init__(f"{what} reverted: {name}({shown})")
        self.name = name
        self.operands = operands


def _show(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


@dataclass(frozen=True, slots=True)
class L1Transaction:
    """An L1 transaction as the derivation needs it."""

    hash: bytes
    sender: bytes
    to: bytes | None
    data: bytes
    blob_hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class L1Receipt:
    """What became of an L1 transaction; `logs` are as JSON-RPC gives them."""

    transaction_hash: bytes
    block_number: int
    block_hash: bytes
    gas_used: int
    gas_price_wei: int
    blob_gas_used: int
    blob_gas_price_wei: int
    logs: tuple[Mapping[str, Any], ...] = ()
    contract_address: bytes | None = None

    @property
    def cost_wei(self) -> int:
        """Return what the sender paid for gas and blob gas."""
        return self.gas_used * self.gas_price_wei + self.blob_gas_used * self.blob_gas_price_wei


@dataclass(frozen=True, slots=True)
class L1Update:
    """What changed on L1 between two looks of a node.

    If `kept_items`, `kept_messages` or `kept_fast` are below what the receiver has, L1 was
    reorganised: first drop everything from that index on, then add `items` (starting at
    `kept_items`), `messages` (starting at `kept_messages`) and `fast` (starting at `kept_fast`).

    Attributes
    ----------
    head
        The L1 block up to which everything below is derived.
    reorg
        True if blocks seen before were dropped, even if no item or message was lost.
    items, messages, fast
        New derived inbox items, and new delayed and fast messages whether consumed by an item or
        not.
    """

    head: L1Block
    reorg: bool
    kept_items: int
    kept_messages: int
    kept_fast: int
    items: tuple[DerivedItem, ...]
    messages: tuple[DelayedMessage, ...]
    fast: tuple[DelayedMessage, ...]


@dataclass(frozen=True, slots=True)
class SequencerBatch:
    """One batch that the sequencer has cut, as a batch poster needs it.

    Attributes
    ----------
    number
        Position in the sequencer's log, from 0; batches reach L1 in this order.
    data
        Prefix and framed records (docs/spec.md R-1, R-2): the exact bytes to post.
    delayed_count, fast_count
        Delayed and fast messages consumed when this batch is finished, at least.
    """

    number: int
    data: bytes
    delayed_count: int
    fast_count: int = 0


class L1Reader(Protocol):
    """Reads L1. Everything that feeds a decision is pinned to a block hash.

    Raises `TemporaryError` if the endpoint does not answer in time and `ReorgError` if a block
    that was asked for by hash is gone.
    """

    async def chain_id(self) -> int:
        """Return the chain id of L1."""

    async def head(self) -> L1Block:
        """Return the latest block."""

    async def block_by_number(self, number: int) -> L1Block | None:
        """Return the canonical block of that height, `None` above the head."""

    async def events(self, first: int, last: int) -> list[L1BlockEvents]:
        """Return the blocks `first..last` with what our contracts said in them, data included."""

    async def blobs(self, transaction_hash: bytes) -> list[bytes]:
        """Return the blobs of a transaction, whole: what follows the data of an item included."""

    async def call(
        self, contract: str, function: str, *arguments: object, block_hash: bytes | None = None
    ) -> tuple[Any, ...]:
        """Return what a view of one of our contracts answers, at a block hash or at the head."""

    async def estimate_gas(self, contract: str, function: str, *arguments: object) -> int | None:
        """Return the gas of a transaction at the head, `None` if it would fail or cost too much."""


class L1Sender(Protocol):
    """Sends L1 transactions of one account, each until it is in a block or a deadline passes."""

    @property
    def address(self) -> bytes:
        """Return the account that signs."""

    async def send(
        self,
        contract: str,
        function: str,
        *arguments: object,
        value_wei: int = 0,
        blobs: Sequence[bytes] = (),
    ) -> L1Receipt:
        """Send a call of one of our contracts and wait for its receipt.

        Raises
        ------
        TransactionReverted
            If the call would revert (nothing was sent) or did.
        TemporaryError
            If no receipt came before the deadline.
        """


class GroupCall(NamedTuple):
    """A call of one of our contracts that sends no value."""

    contract: str
    function: str
    arguments: tuple[object, ...]


@runtime_checkable
class GroupSender(L1Sender, Protocol):
    """An `L1Sender` that may have several transactions in the pool at once."""

    async def send_many(self, calls: Sequence[GroupCall]) -> list[L1Receipt | TransactionReverted]:
        """Send calls that do not need each other, then wait; return what became of each, in order.

        Raises
        ------
        TemporaryError
            If one has no receipt before the deadline; others may have been mined.
        """


class Clock(Protocol):
    """Time as a node sees it."""

    def now_ms(self) -> int:
        """Return L1 time in ms: the head's timestamp plus local time since it was seen."""

    def monotonic_ms(self) -> int:
        """Return local milliseconds that never go back; for deadlines only."""


class SequencerService(Protocol):
    """The sequencer inside a node process; the loop starts it, feeds it L1, and stops it."""

    async def start(self) -> None:
        """Open the log, replay it, and start accepting once the first `on_l1` has been handled."""

    async def stop(self) -> None:
        """Stop accepting, commit what was accepted, and close the log."""

    async def on_l1(self, update: L1Update) -> None:
        """Take derived items, new delayed messages and reorgs; called in order, never at once."""

    def batches(self, first: int, limit: int) -> Sequence[SequencerBatch]:
        """Return at most `limit` cut batches from number `first` on."""


class BatchSource(Protocol):
    """Where a batch poster gets batches: the sequencer in its process, or one behind RPC."""

    async def batches(self, first: int, limit: int) -> Sequence[SequencerBatch]:
        """Return at most `limit` cut batches from number `first` on.

        Raises
        ------
        TemporaryError
            If the sequencer does not answer.
        """
