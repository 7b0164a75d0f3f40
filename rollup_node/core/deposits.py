"""What a deposit does: credit, open and credit, or refund. No deposit is ever lost.

Family DEPOSIT. Source: docs/spec.md X-7. Twin: contracts/src/steps/DepositSteps.sol.
"""

from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import Deposit
from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    ASSET_COUNT,
    BRIDGE_ACCOUNT_LIMIT,
    MAX_BALANCE,
    TOTAL_LIMIT,
    TOTALS_KEY,
    balances_key,
    outbox_key,
    owner_key,
)
from rollup_node.core.leaves import (
    NO_AMOUNTS,
    Allocators,
    Balances,
    Owner,
    Totals,
    Withdrawal,
    replace_amount,
)
from rollup_node.core.leaving import credit_balance
from rollup_node.core.reason import Reason
from rollup_node.core.standing import FUND_OWNER
from rollup_node.core.transactions import ZERO_ADDRESS


def apply_deposit(frame: Frame, deposit: Deposit, authority: Authority) -> tuple[StepKind, Reason]:
    """Credit a deposit, or give it back to its sender through the outbox.

    Reasons: `ZERO_AMOUNT` without effect; `UNKNOWN_ACCOUNT`, `UNKNOWN_ASSET`, `ZERO_OWNER`,
    `BALANCE_OVERFLOW` with a refund. Source: docs/spec.md X-7.
    """
    if deposit.amount == 0:
        return StepKind.DEPOSIT, Reason.ZERO_AMOUNT
    reason = _credit(frame, deposit)
    if reason:
        _refund(frame, deposit, authority.address or ZERO_ADDRESS)
    return StepKind.DEPOSIT, reason


def _credit(frame: Frame, deposit: Deposit) -> Reason:
    """Credit the account. Reads totals, owner, balances; of an account in debt as M-8 says."""
    account, address, asset, amount = deposit
    if account == 0 or account >= BRIDGE_ACCOUNT_LIMIT:
        return Reason.UNKNOWN_ACCOUNT
    if asset >= ASSET_COUNT:
        return Reason.UNKNOWN_ASSET
    totals: Totals = frame.get(TOTALS_KEY)
    owner: Owner | None = frame.get(owner_key(account))
    balances: Balances | None = frame.get(balances_key(account))
    if owner is None and address == ZERO_ADDRESS:
        return Reason.ZERO_OWNER
    if owner is not None and owner.address == FUND_OWNER:
        return Reason.UNKNOWN_ACCOUNT
    held = NO_AMOUNTS if balances is None else balances.amounts
    total = totals.amounts[asset] + amount
    credited = held[asset] + amount
    if total >= TOTAL_LIMIT or credited > MAX_BALANCE:
        return Reason.BALANCE_OVERFLOW
    if owner is None:
        frame.put(owner_key(account), Owner(address, 0, 0))
    frame.put(TOTALS_KEY, Totals(replace_amount(totals.amounts, asset, total)))
    credit_balance(frame, account, held, asset, amount)
    return Reason.OK


def _refund(frame: Frame, deposit: Deposit, depositor: bytes) -> None:
    """Append to the outbox. Reads allocators, then the outbox slot."""
    allocators: Allocators = frame.get(ALLOCATORS_KEY)
    slot = allocators.outbox_next
    key = outbox_key(slot)
    frame.get(key)
    frame.put(key, Withdrawal(deposit.account, deposit.asset, deposit.amount, depositor))
    frame.put(ALLOCATORS_KEY, allocators._replace(outbox_next=slot + 1))
