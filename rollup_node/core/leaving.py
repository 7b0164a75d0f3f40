"""What leaves an account, by transfer or withdrawal: down to its initial margin, not further.

Source: docs/spec.md M-9, X-8. Twin: contracts/src/core/Leaving.sol.
"""

from typing import Final, NamedTuple

from rollup_node.core.account_leaves import Hot
from rollup_node.core.cash import accrued_interest, change_cash, read_credit
from rollup_node.core.fixed_point import div_down
from rollup_node.core.flags import FROZEN_FLAG, GUARDIAN_FLAG, LIQUIDATING_FLAG
from rollup_node.core.frame import Frame
from rollup_node.core.inputs import Transfer, Withdraw
from rollup_node.core.kinds import Phase, RecordKind, StepKind
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    CREDIT_KEY,
    LEAVE_KEY,
    MAX_BALANCE,
    OUTBOX_WITHDRAWAL_LIMIT,
    TOTALS_KEY,
    UNDERLYING_LIMIT,
    balances_key,
    hot_key,
    outbox_key,
)
from rollup_node.core.leaves import (
    NO_AMOUNTS,
    Allocators,
    Amounts,
    Balances,
    Totals,
    Withdrawal,
    replace_amount,
)
from rollup_node.core.market_leaves import NO_CREDIT, NO_PRICES, AssetTerms, Credit, Prices
from rollup_node.core.reason import Reason
from rollup_node.core.refresh import begin_refresh
from rollup_node.core.risk import (
    collateral_usdc,
    has_collateral,
    is_current,
    is_restricted,
    read_amounts,
    read_assets,
    read_hot,
    read_prices,
    sum_margins,
)
from rollup_node.core.task_leaves import LeaveTask

_OK: Final = Reason.OK


def leave(frame: Frame) -> tuple[StepKind, Reason]:
    """Go on with the transfer or withdrawal whose account was refreshed. Source: M-9."""
    kind, account, asset, amount, target = frame.get(LEAVE_KEY)
    frame.phase = Phase.IDLE
    if kind == RecordKind.TRANSFER:
        recipient = int.from_bytes(target, "big")
        reason = leave_to_account(frame, Transfer(account, recipient, asset, amount, 0))
    else:
        reason = leave_to_l1(frame, Withdraw(account, asset, amount, target, 0))
    return StepKind.LEAVE, reason


def leave_to_account(frame: Frame, transfer: Transfer) -> Reason:
    """Move an amount between two accounts; the transfer passed its static checks.

    Reads hot of the sender (if it has one: prices), the balances of the sender, then of the
    recipient; asset terms if the margin needs them; hot, pools and credit of a recipient in debt.
    `REFRESH`: the account is refreshed first, then phase LEAVE goes on. Source: X-8.4, M-9.
    """
    sender, recipient, asset, amount, _ = transfer
    reason, hot, prices = _enter(frame, sender)
    if reason is Reason.REFRESH:
        _wait(frame, RecordKind.TRANSFER, sender, asset, amount, recipient.to_bytes(20, "big"))
    if reason is not _OK:
        return reason
    paid = read_amounts(frame, sender)
    leaf: Balances | None = frame.get(balances_key(recipient))
    if leaf is None:
        return Reason.UNKNOWN_RECIPIENT
    received = leaf[0]
    rest = paid[asset] - amount
    if rest < 0:
        return Reason.INSUFFICIENT_BALANCE
    if received[asset] + amount > MAX_BALANCE:
        return Reason.BALANCE_OVERFLOW
    left = replace_amount(paid, asset, rest)
    reason = check_leaving(frame, hot, left, prices)
    if reason is not _OK:
        return reason
    frame.put(balances_key(sender), Balances(left))
    credit_balance(frame, recipient, received, asset, amount)
    return _OK


def leave_to_l1(frame: Frame, withdraw: Withdraw) -> Reason:
    """Move an amount to the outbox; the withdrawal passed its static checks.

    Reads hot (if there is one: prices), balances, allocators, totals, for USDC credit, asset terms
    if the margin needs them, the outbox slot. `REFRESH` as in `leave_to_account`. A withdrawal of
    USDC bears its part of the deficit. Source: X-8.4, M-9.
    """
    account, asset, amount, recipient, _ = withdraw
    reason, hot, prices = _enter(frame, account)
    if reason is Reason.REFRESH:
        _wait(frame, RecordKind.WITHDRAW, account, asset, amount, recipient)
    if reason is not _OK:
        return reason
    amounts = read_amounts(frame, account)
    rest = amounts[asset] - amount
    if rest < 0:
        return Reason.INSUFFICIENT_BALANCE
    reason, way_out = find_way_out(frame, asset, amount)
    if reason is not _OK:
        return reason
    left = replace_amount(amounts, asset, rest)
    reason = check_leaving(frame, hot, left, prices)
    if reason is not _OK:
        return reason
    frame.put(balances_key(account), Balances(left))
    go_out(frame, way_out, Withdrawal(account, asset, amount, recipient))
    return _OK


class WayOut(NamedTuple):
    """What the outbox, custody and credit are before an amount leaves, and what of it is paid."""

    allocators: Allocators
    totals: Totals
    credit: Credit
    paid: int


def find_way_out(frame: Frame, asset: int, amount: int) -> tuple[Reason, WayOut]:
    """Return how an amount may leave for L1: `OUTBOX_FULL`, `INSUFFICIENT_BALANCE` if it may not.

    Reads allocators, totals, and for USDC credit. Source: docs/spec.md X-8.4, M-9.
    """
    allocators: Allocators = frame.get(ALLOCATORS_KEY)
    if allocators[0] >= OUTBOX_WITHDRAWAL_LIMIT:
        return Reason.OUTBOX_FULL, WayOut(allocators, Totals(NO_AMOUNTS), NO_CREDIT, 0)
    totals: Totals = frame.get(TOTALS_KEY)
    credit = read_credit(frame) if asset == 0 else NO_CREDIT
    paid = share_of_custody(totals[0][asset], credit[0], amount)
    return (_OK if paid else Reason.INSUFFICIENT_BALANCE), WayOut(allocators, totals, credit, paid)


def go_out(frame: Frame, way_out: WayOut, wanted: Withdrawal) -> None:
    """Write the withdrawal with what is paid of its amount; the rest lowers the deficit.

    Reads the outbox slot. Source: docs/spec.md S-4, M-9.
    """
    allocators, totals, credit, paid = way_out
    account, asset, amount, recipient = wanted
    if paid < amount:
        frame.put(CREDIT_KEY, Credit(credit[0] - (amount - paid), credit[1], credit[2]))
    slot = allocators[0]
    frame.get(outbox_key(slot))
    total = totals[0][asset] - paid
    frame.put(TOTALS_KEY, Totals(replace_amount(totals[0], asset, total)))
    frame.put(outbox_key(slot), Withdrawal(account, asset, paid, recipient))
    frame.put(ALLOCATORS_KEY, Allocators(slot + 1, *allocators[1:]))


def check_leaving(frame: Frame, hot: Hot | None, left: Amounts, prices: Prices) -> Reason:
    """Check that an account may be left with `left`. Source: docs/spec.md M-9.

    No loss that is known but not booked is left behind: prices must not be restricted (M-6).
    Collateral counts, and its prices must not be restricted, only if cash and positions do not
    do; reads the asset terms then. An account without a hot leaf may leave altogether.
    """
    if hot is None:
        return _OK
    now = frame.time_ms
    for row, price in zip(hot[11], prices[0], strict=True):
        if row[1] and is_restricted(price, now):
            return Reason.STALE_PRICE
    cash = left[0]
    value, initial = sum_margins(hot, prices)
    free = cash + value - initial - hot[0] - accrued_interest(cash, hot[7], now)
    if free >= 0 and cash >= 0:
        return _OK
    collateral = 0
    if has_collateral(left):
        assets = read_assets(frame)
        if _is_any_restricted(left, assets, prices, now):
            return Reason.STALE_PRICE
        collateral = collateral_usdc(left, assets, prices)
    if -2 * cash > collateral:
        return Reason.BORROW_LIMIT
    return _OK if free + collateral >= 0 else Reason.INSUFFICIENT_MARGIN


def credit_balance(frame: Frame, account: int, amounts: Amounts, asset: int, amount: int) -> None:
    """Add to a balance that was read and does not overflow; repays debt, after its interest.

    Reads hot, pools and credit only if the account is in debt. Source: docs/spec.md M-8.
    """
    if asset or amounts[0] >= 0:
        changed = replace_amount(amounts, asset, amounts[asset] + amount)
        frame.put(balances_key(account), Balances(changed))
    else:
        hot = read_hot(frame, account)
        frame.put(hot_key(account), change_cash(frame, account, hot, amount))


def is_frozen(flags: int) -> bool:
    """Say whether an account is frozen, by its owner or its guardian. Source: docs/spec.md K-4."""
    return bool(flags & (FROZEN_FLAG | GUARDIAN_FLAG))


def check_flags(flags: int) -> Reason:
    """Say whether the flags of an account let anything leave. Source: docs/spec.md K-4, M-9."""
    if is_frozen(flags):
        return Reason.FROZEN
    return Reason.LIQUIDATING if flags & LIQUIDATING_FLAG else _OK


def _enter(frame: Frame, account: int) -> tuple[Reason, Hot | None, Prices]:
    """Read who wants to leave: an account that never traded has no hot leaf and no margin."""
    hot: Hot | None = frame.get(hot_key(account))
    if hot is None:
        return _OK, None, NO_PRICES
    reason = check_flags(hot.flags)
    if reason is not _OK:
        return reason, hot, NO_PRICES
    prices = read_prices(frame)
    return (_OK if is_current(hot, prices) else Reason.REFRESH), hot, prices


def _wait(frame: Frame, kind: int, account: int, asset: int, amount: int, target: bytes) -> None:
    """Refresh the account, then go on. Source: docs/spec.md M-9."""
    frame.get(LEAVE_KEY)
    frame.put(LEAVE_KEY, LeaveTask(kind, account, asset, amount, target))
    begin_refresh(frame, account, Phase.LEAVE)


def share_of_custody(custody: int, deficit: int, amount: int) -> int:
    """Return what is paid for `amount`: its share if there is a deficit, 0 if it cannot leave.

    Rounded down, in favour of who stays. More than custody and deficit cannot leave before debtors
    pay what they owe. Source: docs/spec.md M-9.
    """
    if amount > custody + deficit:
        return 0
    return div_down(amount * custody, custody + deficit) if deficit else amount


def _is_any_restricted(left: Amounts, assets: AssetTerms, prices: Prices, time_ms: int) -> bool:
    """Say whether the price of any asset held as collateral is too old, or drifts, to leave."""
    for amount, row in zip(left[1:], assets[0][1:], strict=True):
        underlying = row[0]
        if (
            amount
            and underlying < UNDERLYING_LIMIT
            and is_restricted(prices[0][underlying], time_ms)
        ):
            return True
    return False
