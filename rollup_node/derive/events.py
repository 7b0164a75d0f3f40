"""What our contracts said on L1, block by block; plain data, as fetched and not yet believed."""

from dataclasses import dataclass

from rollup_node.core.inputs import DelayedMessage, ItemHeader


@dataclass(frozen=True, slots=True)
class L1Block:
    """Identity and time (unix seconds) of an L1 block."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """Event `DelayedMessage`: delayed message number `index` arrived (docs/spec.md I-6)."""

    index: int
    accumulator: bytes
    message: DelayedMessage


@dataclass(frozen=True, slots=True)
class ItemAppended:
    """Event `BatchPosted`: inbox item number `index` (docs/spec.md I-5) and the data behind it.

    `data` are the batch bytes: calldata, the payload of blobs whose commitments were checked
    against `blob_hashes`, or nothing for a forced item.
    """

    index: int
    accumulator: bytes
    header: ItemHeader
    data: bytes
    blob_hashes: tuple[bytes, ...]
    poster: bytes
    transaction_hash: bytes


@dataclass(frozen=True, slots=True)
class AssertionCreated:
    """Event `AssertionCreated` (docs/spec.md G-4, G-5); `created_at` is its block's timestamp."""

    assertion_id: bytes
    parent_id: bytes
    after_state_root: bytes
    history_root: bytes
    accumulator: bytes
    target: int
    next_target: int
    item: int
    finished: bool
    staker: bytes
    created_at: int


@dataclass(frozen=True, slots=True)
class AssertionConfirmed:
    """Event `AssertionConfirmed`."""

    assertion_id: bytes


@dataclass(frozen=True, slots=True)
class L1BlockEvents:
    """One L1 block and its events in the order of their logs."""

    block: L1Block
    events: tuple[MessageReceived | ItemAppended | AssertionCreated | AssertionConfirmed, ...] = ()
