"""What transfer, withdraw and rotate key do to a known sender. Twin: contracts/src/steps."""

from typing import Final

from rollup_node.core.inputs import RotateKey, Transfer, Withdraw
from rollup_node.core.layout import (
    ACCOUNT_LIMIT,
    ALLOCATORS_KEY,
    ASSET_COUNT,
    MAX_BALANCE,
    OUTBOX_WITHDRAWAL_LIMIT,
    TOTALS_KEY,
    balances_key,
    outbox_key,
    owner_key,
)
from rollup_node.core.leaves import (
    Allocators,
    Balances,
    LeafReader,
    Owner,
    Totals,
    Withdrawal,
    Writes,
    replace_amount,
)
from rollup_node.core.reason import Reason

ZERO_ADDRESS: Final = bytes(20)


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


def apply_transfer(state: LeafReader, _owner: Owner, transfer: Transfer, writes: Writes) -> Reason:
    """Move an amount between two open accounts; adds to `writes` only if it succeeds.

    Reads the balances of the sender, then of the recipient. Source: docs/spec.md X-8.4.
    """
    reason = check_transfer(transfer)
    if reason:
        return reason
    sender, recipient, asset, amount, _ = transfer
    sender_key, recipient_key = balances_key(sender), balances_key(recipient)
    paid = state.get(sender_key)[0]
    leaf: Balances | None = state.get(recipient_key)
    if leaf is None:
        return Reason.UNKNOWN_RECIPIENT
    received = leaf[0]
    rest = paid[asset] - amount
    if rest < 0:
        return Reason.INSUFFICIENT_BALANCE
    credited = received[asset] + amount
    if credited > MAX_BALANCE:
        return Reason.BALANCE_OVERFLOW
    writes[sender_key] = Balances(replace_amount(paid, asset, rest))
    writes[recipient_key] = Balances(replace_amount(received, asset, credited))
    return Reason.OK


def check_withdraw(withdraw: Withdraw) -> Reason:
    """Check a withdrawal without looking at the state. Source: docs/spec.md X-8.4."""
    if withdraw.asset >= ASSET_COUNT:
        return Reason.UNKNOWN_ASSET
    if withdraw.amount == 0:
        return Reason.ZERO_AMOUNT
    if withdraw.recipient == ZERO_ADDRESS:
        return Reason.ZERO_RECIPIENT
    return Reason.OK


def apply_withdraw(state: LeafReader, _owner: Owner, withdraw: Withdraw, writes: Writes) -> Reason:
    """Move an amount from an account to the outbox; adds to `writes` only if it succeeds.

    Reads balances, allocators, totals, the outbox slot. Source: docs/spec.md X-8.4.
    """
    reason = check_withdraw(withdraw)
    if reason:
        return reason
    account, asset, amount, recipient, _ = withdraw
    key = balances_key(account)
    balances: Balances = state.get(key)
    rest = balances.amounts[asset] - amount
    if rest < 0:
        return Reason.INSUFFICIENT_BALANCE
    slot = state.get(ALLOCATORS_KEY).outbox_next
    if slot >= OUTBOX_WITHDRAWAL_LIMIT:
        return Reason.OUTBOX_FULL
    totals: Totals = state.get(TOTALS_KEY)
    slot_key = outbox_key(slot)
    state.get(slot_key)
    writes[key] = Balances(replace_amount(balances.amounts, asset, rest))
    writes[TOTALS_KEY] = Totals(
        replace_amount(totals.amounts, asset, totals.amounts[asset] - amount)
    )
    writes[slot_key] = Withdrawal(account, asset, amount, recipient)
    writes[ALLOCATORS_KEY] = Allocators(slot + 1)
    return Reason.OK


def apply_rotate_key(_state: LeafReader, owner: Owner, rotate: RotateKey, writes: Writes) -> Reason:
    """Give the account another owner; its nonce window stays. Source: docs/spec.md X-8.4."""
    if rotate.new_owner == ZERO_ADDRESS:
        return Reason.ZERO_OWNER
    _, high, used = owner
    writes[owner_key(rotate.account)] = Owner(rotate.new_owner, high, used)
    return Reason.OK
