"""What steps are fed: headers of inbox items, records, delayed messages. Values, no layout."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from rollup_node.core.surface import Smile


class ItemHeader(NamedTuple):
    """What the inbox commits of an item; times in seconds. Source: docs/spec.md I-1 to I-5."""

    kind: int
    byte_length: int
    data_root: bytes
    delayed_count: int
    delayed_acc: bytes
    fast_count: int
    fast_acc: bytes
    min_time: int
    max_time: int


class Seal(NamedTuple):
    """Begin the next L2 block, `delta_ms` later. Source: docs/spec.md R-4."""

    delta_ms: int


class Pull(NamedTuple):
    """Execute the next delayed message here. Source: docs/spec.md R-4."""


class PullFast(NamedTuple):
    """Execute the next fast message here. Source: docs/spec.md R-4."""


class Transfer(NamedTuple):
    """Move `amount` between two accounts; `nonce` is 0 if forced. Source: docs/spec.md R-4."""

    sender: int
    recipient: int
    asset: int
    amount: int
    nonce: int


class Withdraw(NamedTuple):
    """Move `amount` to an address on L1; `nonce` is 0 if forced. Source: docs/spec.md R-4."""

    account: int
    asset: int
    amount: int
    recipient: bytes
    nonce: int


class RotateKey(NamedTuple):
    """Give an account another owner; `nonce` is 0 if forced. Source: docs/spec.md R-4."""

    account: int
    new_owner: bytes
    nonce: int


class PlaceOrder(NamedTuple):
    """An order as it is signed; `price` and `trigger` in ticks, `quantity` in lots.

    `key` 0 is the owner's, 1 to 3 a session key; `expiry` unix seconds or 0; `max_fee` in
    millionths of the notional; `slot` is the client slot; `nonce` is 0 if forced. Source: O-2.
    """

    account: int
    key: int
    series: int
    side: int
    kind: int
    time_in_force: int
    post_only: int
    reduce_only: int
    self_trade: int
    price: int
    quantity: int
    trigger: int
    expiry: int
    max_fee: int
    slot: int
    nonce: int


class CancelOrder(NamedTuple):
    """Take the order in client slot `slot` out of the book, if it carries `tag`. Source: O-8."""

    account: int
    key: int
    slot: int
    tag: int
    nonce: int


class CancelAll(NamedTuple):
    """Cancel all orders (`scope` 0), those of an underlying (1), of a series (2). Source: O-9."""

    account: int
    key: int
    scope: int
    scope_id: int
    nonce: int


class ReplaceOrder(NamedTuple):
    """Give the order (slot, tag) another price and quantity; its new tag is of this nonce. O-10."""

    account: int
    key: int
    slot: int
    tag: int
    price: int
    quantity: int
    nonce: int


class Leg(NamedTuple):
    """One leg of a mass quote: quantity 0 only cancels what `slot` holds. Source: O-11."""

    series: int
    side: int
    slot: int
    price: int
    quantity: int


class MassQuote(NamedTuple):
    """Up to 20 post-only legs under one signature. Source: O-11."""

    account: int
    key: int
    max_fee: int
    legs: tuple[Leg, ...]
    nonce: int


class RfqLeg(NamedTuple):
    """One leg of a combo: signed lots as the maker gets them, at `price` ticks. Source: Q-1."""

    series: int
    lots: int
    price: int


class RfqQuote(NamedTuple):
    """What a maker offers to `taker` (0: to anyone) until `expiry_ms`: all legs or none.

    `signature` is the maker's, over all other fields. Source: docs/spec.md Q-1.
    """

    account: int
    key: int
    taker: int
    max_fee: int
    expiry_ms: int
    legs: tuple[RfqLeg, ...]
    nonce: int
    signature: bytes


class ExecuteRfq(NamedTuple):
    """Take a quote whole; the taker signs the struct of the maker. Source: docs/spec.md Q-2."""

    account: int
    key: int
    max_fee: int
    expiry_ms: int
    quote: RfqQuote
    nonce: int


class StartSale(NamedTuple):
    """Offer options that the account covers, at a falling price; by message only. Source: P-1.

    `call` 1 or 0, put; the strike is the one of `expiry_at` with the delta nearest to `delta_ppm`;
    at most `lots`; prices in millionths of the mark; `max_fee` in millionths of the notional.
    """

    account: int
    underlying: int
    call: int
    expiry_at: int
    delta_ppm: int
    lots: int
    start_ppm: int
    reserve_ppm: int
    duration_seconds: int
    max_fee: int


class OpenAccount(NamedTuple):
    """Open a further account of the same owner; `series` is 0, or the only one it may trade."""

    account: int
    series: int
    nonce: int


class SetKey(NamedTuple):
    """Register session key `number`, 1 to 3, or clear it (zero address). Source: K-3."""

    account: int
    number: int
    address: bytes
    scope: int
    markets: int
    expiry: int
    order_cap: int
    nonce: int


class Freeze(NamedTuple):
    """Freeze an account (1) or end it (0); `key` 255: the guardian signs. Source: K-4."""

    account: int
    key: int
    frozen: int
    nonce: int


class SetGuardian(NamedTuple):
    """Name the address that may freeze the account. Source: K-4."""

    account: int
    guardian: bytes
    nonce: int


class SetProtection(NamedTuple):
    """Market-maker protection in one underlying: `limit` lots in `window_ms`, 0: off. K-5."""

    account: int
    key: int
    underlying: int
    limit: int
    window_ms: int
    nonce: int


class SetDeadMan(NamedTuple):
    """Orders of the account are void from `time_ms` on; 0: never. Source: K-6."""

    account: int
    key: int
    time_ms: int
    nonce: int


class SetMode(NamedTuple):
    """Choose the risk model of an account that has no position: 0 standard, 1 portfolio. K-8."""

    account: int
    key: int
    mode: int
    nonce: int


class MovePosition(NamedTuple):
    """Move `lots` (signed) of a position to another account of the same owner. Source: K-7."""

    account: int
    recipient: int
    series: int
    lots: int
    nonce: int


class Prune(NamedTuple):
    """Unlink the void order in slot `order`; anyone may. Source: O-12."""

    order: int


class PriceReport(NamedTuple):
    """What the publishers say of an underlying: µUSDC per unit at `time_ms`. Source: V-4."""

    underlying: int
    round: int
    time_ms: int
    price: int
    confidence_ppm: int
    signatures: tuple[bytes, ...]


class ForwardReport(NamedTuple):
    """Forward minus index of a settlement date, signed µUSDC per unit. Source: V-6.

    The date is said as well as its place, which another one may have by then.
    """

    underlying: int
    expiry_slot: int
    expiry: int
    round: int
    time_ms: int
    difference: int
    signatures: tuple[bytes, ...]


class SettlementPrice(NamedTuple):
    """The price of one grid round (0 to 59) of a settlement date. Source: V-9."""

    underlying: int
    expiry_slot: int
    expiry: int
    number: int
    price: int
    signatures: tuple[bytes, ...]


class SurfaceReport(NamedTuple):
    """Forward minus index of a date (signed µUSDC per unit) and its volatilities. Source: V-13."""

    underlying: int
    expiry_slot: int
    expiry: int
    round: int
    time_ms: int
    difference: int
    nodes: Smile
    signatures: tuple[bytes, ...]


class ListExpiry(NamedTuple):
    """Give a free place a settlement date by the calendar; anyone may. Source: V-11."""

    underlying: int
    expiry_slot: int
    expiry_at: int


class ListStrike(NamedTuple):
    """Begin to trade call `series` and put `series + 1` at a strike; anyone may. Source: V-12."""

    underlying: int
    expiry_slot: int
    strike: int
    series: int


class DelistStrike(NamedTuple):
    """Take call `series` and its put, which nobody holds, off their date. Source: V-12."""

    series: int


class Settle(NamedTuple):
    """Settle the position of an account in an expired series; anyone may. Source: V-10."""

    account: int
    series: int


class Liquidate(NamedTuple):
    """Begin or continue the liquidation of an account, reducing `series`. Source: L-2."""

    account: int
    series: int


class Bid(NamedTuple):
    """Offer to take over account `target`, at version `version`, for at most `price`. L-4."""

    account: int
    key: int
    target: int
    version: int
    price: int
    nonce: int


class Trigger(NamedTuple):
    """Make the machine look at an underlying: a due reprice or drain happens. Source: V-7."""

    underlying: int


class Takeover(NamedTuple):
    """Let the insurance fund take an account that nobody bid for. Source: L-5."""

    account: int


AccountRecord: TypeAlias = (
    PlaceOrder
    | CancelOrder
    | CancelAll
    | ReplaceOrder
    | MassQuote
    | ExecuteRfq
    | OpenAccount
    | SetKey
    | Freeze
    | SetGuardian
    | SetProtection
    | SetDeadMan
    | SetMode
    | MovePosition
    | Bid
)
"""What an account signs on the exchange: the first field is the account, the last one the nonce."""

OpenRecord: TypeAlias = (
    Prune
    | PriceReport
    | ForwardReport
    | SettlementPrice
    | SurfaceReport
    | ListExpiry
    | ListStrike
    | DelistStrike
    | Settle
    | Liquidate
    | Trigger
    | Takeover
)
"""Records that anyone may make: no nonce, and no signature of the sender."""

Transaction: TypeAlias = Transfer | Withdraw | RotateKey
"""The first field is the account that pays and signs, the last one the nonce."""


SignedContent: TypeAlias = Transaction | AccountRecord
"""Whatever an account signs."""

ForcedContent: TypeAlias = Transaction | AccountRecord | OpenRecord | StartSale
"""What a forced transaction may ask for; the codec knows which open records do not count."""


class SignedTransaction(NamedTuple):
    """What was signed with its 64-byte EIP-2098 signature, good or bad. Source: R-5."""

    transaction: SignedContent
    signature: bytes


class Deposit(NamedTuple):
    """Credit `amount` to an account, opened for `owner` if it is new. Source: docs/spec.md X-7."""

    account: int
    owner: bytes
    asset: int
    amount: int


class DelayedMessage(NamedTuple):
    """A message that entered through L1; `timestamp` in unix seconds. Source: docs/spec.md I-6."""

    kind: int
    sender: bytes
    timestamp: int
    body: bytes


class Messages(NamedTuple):
    """Messages of both queues, each in order: what an item consumes, or all that there are."""

    delayed: Sequence[DelayedMessage] = ()
    fast: Sequence[DelayedMessage] = ()


IndexReport: TypeAlias = PriceReport | ForwardReport | SettlementPrice
"""What publishers say of the price of an underlying."""

Report: TypeAlias = IndexReport | SurfaceReport
"""What publishers sign, each with a signature of its own."""

Record: TypeAlias = Seal | Pull | PullFast | SignedTransaction | OpenRecord
