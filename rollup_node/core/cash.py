"""Cash of accounts and what is owed on it: interest, the sum of debts, the pools.

Every step that changes cash does it here. Source: docs/spec.md M-1, M-8.
Twin: contracts/src/core/Cash.sol.
"""

from typing import Final

from rollup_node.core.account_leaves import Hot
from rollup_node.core.fixed_point import div_up
from rollup_node.core.frame import Frame
from rollup_node.core.layout import CREDIT_KEY, MAX_BALANCE, POOLS_KEY, balances_key
from rollup_node.core.leaves import Amounts, Balances
from rollup_node.core.market_leaves import NO_CREDIT, NO_POOLS, Credit, Pools
from rollup_node.core.risk import read_amounts

INTEREST_PPM: Final = 100_000
_YEAR: Final = 1_000_000 * 31_536_000_000
"""Millionths times milliseconds of a year."""


def accrued_interest(cash: int, since_ms: int, time_ms: int) -> int:
    """Return the interest on negative cash, µUSDC, rounded up; 0 if there is none. Source: M-8.

    Cut so that cash stays within its bounds.
    """
    if cash >= 0:
        return 0
    return min(div_up(-cash * INTEREST_PPM * (time_ms - since_ms), _YEAR), MAX_BALANCE + cash)


def read_pools(frame: Frame) -> Pools:
    """Return the pools leaf. Source: docs/spec.md S-7."""
    pools: Pools | None = frame.get(POOLS_KEY)
    return NO_POOLS if pools is None else pools


def read_credit(frame: Frame) -> Credit:
    """Return the credit leaf. Source: docs/spec.md S-7."""
    credit: Credit | None = frame.get(CREDIT_KEY)
    return NO_CREDIT if credit is None else credit


def add_fees(frame: Frame, amount: int) -> None:
    """Add to the fees of the exchange; a negative amount never exceeds them."""
    pools = read_pools(frame)
    frame.put(POOLS_KEY, Pools(pools.fees + amount, pools.insurance))


def add_insurance(frame: Frame, underlying: int, amount: int) -> None:
    """Add to the insurance fund of an underlying; a negative amount never exceeds it."""
    fees, insurance = read_pools(frame)
    changed = (
        *insurance[:underlying],
        insurance[underlying] + amount,
        *insurance[underlying + 1 :],
    )
    frame.put(POOLS_KEY, Pools(fees, changed))


def store_cash(frame: Frame, account: int, amounts: Amounts, cash: int) -> None:
    """Write balances whose cash was `amounts[0]`, and keep the sum of debts.

    Reads the credit leaf if cash is negative before or after. Cash beyond its bound, which no
    real amount of money reaches, goes to the fees, or adds to the deficit: nothing is lost.
    """
    before = amounts[0]
    if cash > MAX_BALANCE:
        add_fees(frame, cash - MAX_BALANCE)
        cash = MAX_BALANCE
    if before < 0 or cash < 0:
        deficit, borrowed, cap = read_credit(frame)
        if cash < -MAX_BALANCE:
            deficit -= cash + MAX_BALANCE
            cash = -MAX_BALANCE
        borrowed += max(0, -cash) - max(0, -before)
        frame.put(CREDIT_KEY, Credit(deficit, borrowed, cap))
    stored = (cash, amounts[1], amounts[2], amounts[3])
    frame.put(balances_key(account), tuple.__new__(Balances, (stored,)))


def mark_interest(hot: Hot, time_ms: int, before: int, after: int) -> Hot:
    """Let interest run from now on if cash was or is negative. Source: docs/spec.md M-8."""
    if before >= 0 and after >= 0:
        return hot
    return Hot(*hot[:7], time_ms, *hot[8:])


def change_cash(frame: Frame, account: int, hot: Hot, change: int) -> Hot:
    """Charge interest, then add `change` µUSDC to cash; returns the hot leaf, not yet written.

    Reads balances, pools if there is interest, credit if cash is negative before or after.
    """
    amounts = read_amounts(frame, account)
    before = amounts[0]
    if change == 0 and before >= 0:
        return hot
    interest = accrued_interest(before, hot.interest_ms, frame.time_ms)
    if interest:
        add_insurance(frame, 0, interest)
    after = before - interest + change
    store_cash(frame, account, amounts, after)
    return mark_interest(hot, frame.time_ms, before, after)
