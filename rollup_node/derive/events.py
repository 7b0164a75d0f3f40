"""What our contracts said on L1, block by block; plain data, as fetched and not yet believed."""

from dataclasses import dataclass
from enum import IntEnum

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
class FastReceived:
    """Event `FastMessage`: fast message number `index` arrived (docs/spec.md I-6, I-11)."""

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
class AssertionConfirmable:
    """Event `AssertionConfirmable`: from `at` (unix seconds) on the rival delay runs (D-10)."""

    assertion_id: bytes
    at: int


@dataclass(frozen=True, slots=True)
class AssertionRefuted:
    """Event `AssertionRefuted`: a wrong transition was shown by `refuter` (D-8)."""

    assertion_id: bytes
    refuter: bytes


@dataclass(frozen=True, slots=True)
class AssertionDied:
    """Event `AssertionDied`: settled as dead; `dead_root` is its topmost dead ancestor (D-11)."""

    assertion_id: bytes
    dead_root: bytes


@dataclass(frozen=True, slots=True)
class StakeMoved:
    """Events `BondLocked` and `BondMoved`: the stake of `staker` stands behind an assertion."""

    staker: bytes
    assertion_id: bytes


@dataclass(frozen=True, slots=True)
class StakeReleased:
    """Event `BondRefunded`: `staker` has no stake any more and was credited."""

    staker: bytes


@dataclass(frozen=True, slots=True)
class StakeSeized:
    """Event `BondBurned`: `staker` lost its stake in a contest (D-12)."""

    staker: bytes
    contest: bytes


class Service(IntEnum):
    """What a tariff is paid for. Twin: contracts/src/interfaces/IStakePool.sol `Service`."""

    ASSERTION = 0
    BISECTION = 1
    ONE_STEP_PROOF = 2
    REFUTATION = 3
    SETTLEMENT = 4


@dataclass(frozen=True, slots=True)
class TariffPaid:
    """Event `TariffPaid`: `to` was credited `amount` wei out of the pot of a contest (D-12)."""

    contest: bytes
    service: Service
    to: bytes
    amount: int


@dataclass(frozen=True, slots=True)
class EdgeAdded:
    """Event `EdgeAdded` (D-1)."""

    edge_id: bytes
    mutual_id: bytes
    origin_id: bytes


@dataclass(frozen=True, slots=True)
class EdgeBisected:
    """Event `EdgeBisected`: `actor` revealed the nodes of both halves (D-3)."""

    edge_id: bytes
    actor: bytes
    left: bytes
    right: bytes


@dataclass(frozen=True, slots=True)
class EdgeTimerUpdated:
    """Event `EdgeTimerUpdated`: what the edge inherits now, seconds (D-5)."""

    edge_id: bytes
    inherited: int


@dataclass(frozen=True, slots=True)
class EdgeProven:
    """Event `EdgeConfirmedByOneStepProof` (D-9)."""

    edge_id: bytes
    prover: bytes


AssertionEvent = (
    AssertionCreated
    | AssertionConfirmable
    | AssertionConfirmed
    | AssertionRefuted
    | AssertionDied
    | StakeMoved
    | StakeReleased
    | StakeSeized
    | TariffPaid
)
"""What the assertion chain and the stake pool say."""

EdgeEvent = EdgeAdded | EdgeBisected | EdgeTimerUpdated | EdgeProven
"""What the challenge game says."""

ChainEvent = MessageReceived | FastReceived | ItemAppended | AssertionEvent | EdgeEvent
"""Whatever our contracts say that a node follows."""


@dataclass(frozen=True, slots=True)
class L1BlockEvents:
    """One L1 block and its events in the order of their logs."""

    block: L1Block
    events: tuple[ChainEvent, ...] = ()
