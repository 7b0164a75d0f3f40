"""Transactions of accounts: transfer, withdraw, rotate key. Family ACCOUNT.

Source: docs/spec.md X-8. Twin: contracts/src/steps/AccountSteps.sol.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import RotateKey, Transaction, Transfer, Withdraw
from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import (
    ACCOUNT_LIMIT,
    ASSET_COUNT,
    owner_key,
)
from rollup_node.core.leaves import (
    Owner,
)
from rollup_node.core.leaving import is_frozen, leave_to_account, leave_to_l1
from rollup_node.core.nonces import spend_nonce
from rollup_node.core.reason import Reason
from rollup_node.core.risk import read_hot

ZERO_ADDRESS: Final = bytes(20)

_OK: Final = Reason.OK
_Effect: TypeAlias = Callable[[Frame, Owner, Any], Reason]


def check_transfer(transfer: Transfer) -> Reason:
    """Check a transfer without looking at the state. Source: docs/spec.md X-8.4."""
    sender, recipient, asset, amount, _ = transfer
    if asset >= ASSET_COUNT:
        return Reason.UNKNOWN_ASSET
    if amount == 0:
        return Reason.ZERO_AMOUNT
    if recipient == sender:
        return Reason.SELF_TRANSFER
    if recipient == 0 or recipient >= ACCOUNT_LIMIT:
        return Reason.UNKNOWN_RECIPIENT
    return Reason.OK


def apply_transfer(frame: Frame, _owner: Owner, transfer: Transfer) -> Reason:
    """Move an amount between two open accounts. Source: docs/spec.md X-8.4, M-9."""
    return check_transfer(transfer) or leave_to_account(frame, transfer)


def check_withdraw(withdraw: Withdraw) -> Reason:
    """Check a withdrawal without looking at the state. Source: docs/spec.md X-8.4."""
    if withdraw.asset >= ASSET_COUNT:
        return Reason.UNKNOWN_ASSET
    if withdraw.amount == 0:
        return Reason.ZERO_AMOUNT
    if withdraw.recipient == ZERO_ADDRESS:
        return Reason.ZERO_RECIPIENT
    return Reason.OK


def apply_withdraw(frame: Frame, _owner: Owner, withdraw: Withdraw) -> Reason:
    """Move an amount from an account to the outbox. Source: docs/spec.md X-8.4, M-9."""
    return check_withdraw(withdraw) or leave_to_l1(frame, withdraw)


def apply_rotate_key(frame: Frame, owner: Owner, rotate: RotateKey) -> Reason:
    """Give the account another owner; its nonce window stays. Source: docs/spec.md X-8.4, K-4.

    Reads hot: whoever stole the key of a frozen account cannot rotate its owner away.
    """
    if rotate.new_owner == ZERO_ADDRESS:
        return Reason.ZERO_OWNER
    if is_frozen(read_hot(frame, rotate.account).flags):
        return Reason.FROZEN
    _, high, used = owner
    frame.put(owner_key(rotate.account), Owner(rotate.new_owner, high, used))
    return Reason.OK


_EFFECTS: Final[dict[type, tuple[StepKind, StepKind, _Effect]]] = {
    Transfer: (StepKind.TRANSFER, StepKind.FORCED_TRANSFER, apply_transfer),
    Withdraw: (StepKind.WITHDRAW, StepKind.FORCED_WITHDRAW, apply_withdraw),
    RotateKey: (StepKind.ROTATE_KEY, StepKind.FORCED_ROTATE_KEY, apply_rotate_key),
}


def apply_transaction(
    frame: Frame, transaction: Transaction, authority: Authority
) -> tuple[StepKind, Reason]:
    """Execute a transaction, signed or forced.

    Reads the owner first. Signed: from the nonce on it is spent whatever follows.
    Source: docs/spec.md X-8.
    """
    address, is_forced, *_ = authority
    signed_kind, forced_kind, effect = _EFFECTS[type(transaction)]
    kind = forced_kind if is_forced else signed_kind
    account = transaction[0]
    if account == 0 or account >= ACCOUNT_LIMIT:
        return kind, Reason.UNKNOWN_ACCOUNT
    key = owner_key(account)
    owner: Owner | None = frame.get(key)
    if owner is None:
        return kind, Reason.UNKNOWN_ACCOUNT
    if address != owner[0]:
        return kind, Reason.NOT_OWNER if is_forced else Reason.BAD_SIGNATURE
    if not is_forced:
        reason, owner = spend_nonce(owner, transaction[-1], frame.time_ms)
        if reason is not _OK:
            return kind, reason
        frame.put(key, owner)
    return kind, effect(frame, owner, transaction)
