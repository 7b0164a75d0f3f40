"""How an account stands against its maintenance margin, and what the insurance does about it.

Source: docs/spec.md L-1, L-5, L-6. Twin: contracts/src/core/Standing.sol.
"""

from typing import Final, NamedTuple

from rollup_node.core.account_leaves import NO_COLD, Cold, Hot
from rollup_node.core.cash import (
    accrued_interest,
    add_insurance,
    change_cash,
    read_credit,
    read_pools,
)
from rollup_node.core.flags import FUND_FLAG, LIQUIDATING_FLAG, SALE_FLAG
from rollup_node.core.frame import Frame
from rollup_node.core.layout import (
    ACCOUNT_LIMIT,
    CREDIT_KEY,
    UNDERLYING_LIMIT,
    cold_key,
    hot_key,
    underlying_key,
)
from rollup_node.core.leaves import Amounts
from rollup_node.core.market_leaves import (
    NO_ASSETS,
    NO_UNDERLYING,
    AssetTerms,
    Credit,
    Prices,
    Underlying,
)
from rollup_node.core.reason import Reason
from rollup_node.core.risk import (
    collateral_usdc,
    has_collateral,
    is_stale,
    maintenance_margin,
    read_amounts,
    read_assets,
    read_prices,
    sum_margins,
)

GRACE_MS: Final = 60_000
"""No liquidation in so long a time after reports came back from a gap. Source: L-1."""


FUND_OWNER: Final = bytes(19) + b"\x01"
"""Owns what the fund took; nobody can sign for this address, nor send from it. Source: L-5."""


class Standing(NamedTuple):
    """An account at the prices of now, µUSDC; `cash` and `equity` after the interest due."""

    prices: Prices
    amounts: Amounts
    cash: int
    equity: int
    initial: int
    maintenance: int


def weigh_account(frame: Frame, account: int, hot: Hot) -> tuple[Reason, Standing]:
    """Return how an account whose rows are current stands, and whether that may be acted on.

    Reasons: `STALE_PRICE`, `COOLING_DOWN`. Reads prices, balances, the asset terms if there is a
    balance besides cash, then each underlying that counts. Source: docs/spec.md L-1.
    """
    prices = read_prices(frame)
    amounts = read_amounts(frame, account)
    assets = read_assets(frame) if has_collateral(amounts) else NO_ASSETS
    cash = amounts[0] - accrued_interest(amounts[0], hot.interest_ms, frame.time_ms)
    value, initial = sum_margins(hot, prices)
    equity = cash + value + collateral_usdc(amounts, assets, prices)
    standing = Standing(prices, amounts, cash, equity, initial, maintenance_margin(hot))
    return _check_prices(frame, hot, standing, assets), standing


def _check_prices(frame: Frame, hot: Hot, standing: Standing, assets: AssetTerms) -> Reason:
    """Check that each price that counts is fresh, and was not gone for long until just now."""
    counted = [row.positions != 0 for row in hot.rows]
    for amount, row in zip(standing.amounts[1:], assets.rows[1:], strict=True):
        if amount and row.underlying < UNDERLYING_LIMIT:
            counted[row.underlying] = True
    for underlying in range(UNDERLYING_LIMIT):
        if not counted[underlying]:
            continue
        if is_stale(standing.prices.rows[underlying], frame.time_ms):
            return Reason.STALE_PRICE
        oracle: Underlying = frame.get(underlying_key(underlying)) or NO_UNDERLYING
        if oracle.resumed_ms and frame.time_ms < oracle.resumed_ms + GRACE_MS:
            return Reason.COOLING_DOWN
    return Reason.OK


def is_account(account: int) -> bool:
    """Say whether a number may be that of an account."""
    return 0 < account < ACCOUNT_LIMIT


def has_positions(hot: Hot) -> bool:
    """Say whether an account has any position."""
    return any(row.positions for row in hot.rows)


def find_insurer(hot: Hot, cold: Cold) -> int:
    """Return the underlying whose insurance stands behind an account.

    That of the largest maintenance margin, the lowest of equal ones; without positions that of the
    last one (`note_insurer`); of an account of the fund the one that was noted when the fund took
    it. Source: docs/spec.md L-5.
    """
    if hot.flags & FUND_FLAG:
        return cold.parent
    if not has_positions(hot):
        return cold.insurer
    found = 0
    for underlying, row in enumerate(hot.rows):
        best = hot.rows[found]
        if row.positions and row.maintenance > (best.maintenance if best.positions else 0):
            found = underlying
    return found


def note_insurer(frame: Frame, account: int, hot: Hot, underlying: int) -> None:
    """Note whose insurance stands behind an account whose last position left it with a debt.

    Whoever takes a position of an account calls this, `hot` and balances are those after it. Reads
    balances, then, if there is such a debt, the cold leaf. Source: docs/spec.md L-5.
    """
    if read_amounts(frame, account)[0] >= 0 or has_positions(hot) or hot.flags & FUND_FLAG:
        return
    cold = read_cold(frame, account)
    frame.put(cold_key(account), cold._replace(insurer=underlying))


def read_cold(frame: Frame, account: int) -> Cold:
    """Return the cold leaf of an account. Source: docs/spec.md S-15."""
    cold: Cold | None = frame.get(cold_key(account))
    return NO_COLD if cold is None else cold


def release(frame: Frame, account: int, hot: Hot, cold: Cold) -> None:
    """Let an account that is cured go; the cold leaf was read. Source: docs/spec.md L-2."""
    if hot.flags & LIQUIDATING_FLAG:
        flags = hot.flags & ~(LIQUIDATING_FLAG | SALE_FLAG)
        frame.put(hot_key(account), hot._replace(flags=flags))
        frame.put(cold_key(account), cold._replace(liquidated_ms=0, auction_ms=0))


def cover(frame: Frame, account: int, hot: Hot, missing: int, insurer: int) -> Hot:
    """Pay `missing` > 0 µUSDC to an account: from the insurance, what it lacks is deficit.

    Returns the hot leaf, not yet written. Reads pools, credit, then what a change of cash reads.
    Source: docs/spec.md L-6.
    """
    paid = min(missing, read_pools(frame).insurance[insurer])
    deficit, borrowed, cap = read_credit(frame)
    if paid:
        add_insurance(frame, insurer, -paid)
    if missing > paid:
        frame.put(CREDIT_KEY, Credit(deficit + missing - paid, borrowed, cap))
    return change_cash(frame, account, hot, missing)


def settle_fund(frame: Frame, account: int, hot: Hot, cold: Cold, standing: Standing) -> Hot:
    """Let the insurance pay what an account of the fund owes, or take what it has left.

    Returns the hot leaf, not yet written. Reads pools, credit and what a change of cash reads, if
    money moves. Source: docs/spec.md L-5.
    """
    insurer = find_insurer(hot, cold)
    if standing.equity < 0:
        return cover(frame, account, hot, -standing.equity, insurer)
    if standing.cash > 0 and not has_positions(hot):
        add_insurance(frame, insurer, standing.cash)
        return change_cash(frame, account, hot, -standing.cash)
    return hot
