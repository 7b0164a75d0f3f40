"""What steps are fed: headers of inbox items, records, delayed messages. Values, no layout."""

from typing import NamedTuple, TypeAlias


class ItemHeader(NamedTuple):
    """What the inbox commits of an item; times in seconds. Source: docs/spec.md I-1 to I-5."""

    kind: int
    byte_length: int
    data_root: bytes
    delayed_count: int
    delayed_acc: bytes
    min_time: int
    max_time: int


class Seal(NamedTuple):
    """Begin the next L2 block, `delta_ms` later. Source: docs/spec.md R-4."""

    delta_ms: int


class Pull(NamedTuple):
    """Execute the next delayed message here. Source: docs/spec.md R-4."""


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


Transaction: TypeAlias = Transfer | Withdraw | RotateKey
"""The first field is the account that pays and signs, the last one the nonce."""


class SignedTransaction(NamedTuple):
    """A transaction with its 64-byte EIP-2098 signature, good or bad. Source: docs/spec.md R-5."""

    transaction: Transaction
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


Record: TypeAlias = Seal | Pull | SignedTransaction
