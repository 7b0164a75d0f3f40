"""Both sides of a fill: what it would leave, whether that may be, and how it is written.

`weigh_*` reads and decides, `settle_*` writes; a side that fails leaves nothing behind.
Source: docs/spec.md M-2 to M-8. Twin: contracts/src/core/Fills.sol.
"""

from typing import Final, NamedTuple

from rollup_node.core.account_leaves import NO_POSITION, AccountRisk, Hot, Position
from rollup_node.core.cash import accrued_interest, mark_interest, read_credit, store_cash
from rollup_node.core.fixed_point import div_down
from rollup_node.core.flags import FUND_FLAG
from rollup_node.core.frame import Frame
from rollup_node.core.kinds import SeriesKind, SeriesStatus
from rollup_node.core.layout import MAX_BALANCE, MAX_LOTS, account_risk_key, balances_key, hot_key
from rollup_node.core.leaves import Amounts, Balances, replace_amount
from rollup_node.core.market_leaves import Prices, SeriesState, SeriesTerms
from rollup_node.core.positions import (
    apply_fill,
    find_position,
    free_number,
    next_generation,
    replace_contribution,
    store_position,
    with_row,
)
from rollup_node.core.reason import Reason
from rollup_node.core.risk import (
    collateral_usdc,
    has_collateral,
    is_outdated,
    maintenance_margin,
    read_amounts,
    read_assets,
    read_collateral,
    sum_margins,
)
from rollup_node.core.standing import note_insurer

_OK: Final = Reason.OK
_VERSION_MASK: Final = 0xFFFFFFFF

_new: Final = tuple.__new__
"""Makes a tuple without the constructor of its class, in half the time: for the hot path."""


class Market(NamedTuple):
    """Where a fill happens: `price` is µUSDC per lot; `restricted` as M-6 says."""

    series: int
    terms: SeriesTerms
    state: SeriesState
    prices: Prices
    price: int
    restricted: bool


class Side(NamedTuple):
    """What a fill leaves of one side: not written yet.

    `amounts` are the balances before, `cash` that after it; `change` is the change of the open
    interest; `held` the balance of the asset of a spot series after it; `eased` how much equity
    less maintenance margin rose, which for a linear fill M-6 asks about; `risk` the risk leaf of
    the underlying after it, None if the model of the account has none.
    """

    account: int
    hot: Hot
    number: int | None
    position: Position
    amounts: Amounts
    cash: int
    interest: int
    fee: int
    change: int
    held: int
    eased: int
    risk: AccountRisk | None


def read_market(
    series: int,
    terms: SeriesTerms,
    state: SeriesState,
    prices: Prices,
    tick: int,
    time_ms: int,
    *,
    is_protocol: bool,
) -> Market:
    """Return the market of a fill at `tick`; liquidations do not wait for a jump. Source: M-6."""
    price = prices[0][terms[1]]
    restricted = (
        state[0] == SeriesStatus.REDUCE_ONLY
        or (price[5] != 0 and not is_protocol)
        or is_outdated(price, time_ms)
    )
    return _new(Market, (series, terms, state, prices, tick * terms[5], restricted))


def weigh_side(
    frame: Frame, market: Market, account: int, hot: Hot, change: int, fee: int
) -> tuple[Reason, Side | None]:
    """Return what `change` lots (signed, not 0) would leave of an account, or why not.

    The hot leaf is as read in this step. Linear: reads directory, the page of the position,
    balances, under portfolio margin the risk of account and series, and the asset terms if the
    other ways of M-6 do not do. Spot: reads balances, asset
    terms, and credit if it would borrow.
    """
    series, terms, state, prices, price, restricted = market
    underlying = terms.underlying
    if terms.kind == SeriesKind.SPOT:
        return _weigh_spot(frame, market, account, hot, change, fee)
    number, position = find_position(frame, account, series)
    lots = position[1]
    after = lots + change
    if restricted and not (0 <= after < lots or lots < after <= 0):
        return Reason.REDUCE_ONLY, None
    if after > MAX_LOTS or after < -MAX_LOTS:
        return Reason.POSITION_LIMIT, None
    if number is None and free_number(frame, account) is None:
        return Reason.POSITION_LIMIT, None
    index = state.funding_index
    moved, gain = apply_fill(position, series, change, price, index, next_generation(hot))
    amounts = read_amounts(frame, account)
    stored = amounts[0]
    interest = accrued_interest(stored, hot.interest_ms, frame.time_ms) if stored < 0 else 0
    cash = stored - interest + gain - fee
    old = hot.rows[underlying]
    row, risk = replace_contribution(frame, account, hot, market, position, moved)
    eased = gain - fee - lots * (position[3] - index) + row[2] - row[4] - old[2] + old[4]
    changed = with_row(hot, underlying, row)
    released = old[4] - row[4]
    reduces = released >= 0 and eased >= 0
    if reduces and released > eased:
        before = stored - interest + lots * (position[3] - index)
        reduces = may_give(frame, hot, amounts, before, prices, (released - eased, released))
    if not _passes(frame, market, changed, amounts, cash, reduces):
        return Reason.INSUFFICIENT_MARGIN, None
    if stored < 0 or cash < 0:
        changed = mark_interest(changed, frame.time_ms, stored, cash)
    grown = max(0, after) - max(0, lots)
    return _OK, _new(
        Side, (account, changed, number, moved, amounts, cash, interest, fee, grown, 0, eased, risk)
    )


def may_give(
    frame: Frame, hot: Hot, amounts: Amounts, cash: int, prices: Prices, terms: tuple[int, int]
) -> bool:
    """Say whether an account may give away equity for the maintenance it releases. Source: M-6.

    `terms` are both, the gift not above the release. Who covers the maintenance may; who does not
    may give the part of the release that equity covers, so equity / MM does not fall and nobody
    hands what the insurance would have to pay to an accomplice. The fund gives what it must.
    `hot` and `cash` are those before. Reads the asset terms if cash does not cover it.
    """
    maintenance = maintenance_margin(hot)
    equity = cash + sum_margins(hot, prices)[0]
    if equity >= maintenance or hot[2] & FUND_FLAG:
        return True
    equity += read_collateral(frame, amounts, prices)
    given, released = terms
    return given * maintenance <= released * max(0, equity)


def _passes(
    frame: Frame, market: Market, hot: Hot, amounts: Amounts, cash: int, reduces: bool
) -> bool:
    """Say whether a side of a linear fill passes; `reduces`: by the second way. Source: M-6.

    Collateral is the same before and after, so only the first way needs it, and only if neither
    cash nor the second way does.
    """
    if market[5] or reduces:
        return reduces
    value, initial = sum_margins(hot, market[3])
    free = cash + value - initial
    return free >= 0 or (
        has_collateral(amounts) and free + read_collateral(frame, amounts, market[3]) >= 0
    )


def _weigh_spot(
    frame: Frame, market: Market, account: int, hot: Hot, change: int, fee: int
) -> tuple[Reason, Side | None]:
    """Exchange an asset for cash. Source: docs/spec.md M-6, M-8."""
    _, terms, _, prices, price, restricted = market
    if restricted:
        return Reason.REDUCE_ONLY, None
    amounts = read_amounts(frame, account)
    assets = read_assets(frame)
    asset = terms[2]
    lot_amount = div_down(10 ** assets[0][asset][1], terms[6])
    held = amounts[asset] + change * lot_amount
    if held < 0:
        return Reason.INSUFFICIENT_BALANCE, None
    if held > MAX_BALANCE:
        return Reason.BALANCE_OVERFLOW, None
    interest = accrued_interest(amounts[0], hot[7], frame.time_ms)
    settled = amounts[0] - interest
    cash = settled - change * price - fee
    counted = collateral_usdc(replace_amount(amounts, asset, held), assets, prices)
    if is_over_limit(frame, settled, cash, amounts[0], counted):
        return Reason.BORROW_LIMIT, None
    value, initial = sum_margins(hot, prices)
    if cash + counted + value < initial and cash + counted < settled + collateral_usdc(
        amounts, assets, prices
    ):
        return Reason.INSUFFICIENT_MARGIN, None
    row = hot[11][terms[1]]
    changed = mark_interest(with_row(hot, terms[1], row), frame.time_ms, amounts[0], cash)
    side = (account, changed, None, NO_POSITION, amounts, cash, interest, fee, 0, held, 0, None)
    return _OK, _new(Side, side)


def is_over_limit(frame: Frame, settled: int, cash: int, stored: int, collateral: int) -> bool:
    """Say whether a voluntary step borrows too much. Source: docs/spec.md M-8.

    `settled` is the cash after interest, `stored` the one the credit leaf counts, `cash` what the
    step leaves. Reads credit if the step makes cash negative or more so.
    """
    if cash >= 0 or cash >= settled:
        return False
    if -2 * cash > collateral:
        return True
    _, borrowed, cap = read_credit(frame)
    return borrowed - cash - max(0, -stored) > cap


def charge_protocol(side: Side, fee: int, time_ms: int) -> Side:
    """Return the side of a protocol order with its fee, at most what M-6 leaves it.

    So the fee never makes a liquidation fail; the order carries its rate as its fee cap. The
    version stays: whoever reduces an account for sale must not make a bid for it miss.
    Source: docs/spec.md L-2, L-4, M-3.
    """
    fee = min(fee, max(0, side.eased))
    cash = side.cash - fee
    hot = mark_interest(side.hot, time_ms, side.amounts[0], cash)
    hot = hot._replace(version=hot.version - 1 & _VERSION_MASK)
    return side._replace(cash=cash, fee=fee, hot=hot)


def settle_side(frame: Frame, market: Market, side: Side) -> None:
    """Write one side of a fill: position or asset, cash, hot leaf, risk leaf.

    Reads credit if cash is negative before or after, and what `note_insurer` reads if it is after.
    """
    account, hot, number, position, amounts, cash, _, _, _, held, _, risk = side
    if market[1][0] == SeriesKind.SPOT:
        amounts = replace_amount(amounts, market[1][2], held)
        frame.put(balances_key(account), _new(Balances, (amounts,)))
    else:
        store_position(frame, account, number, position)
    store_cash(frame, account, amounts, cash)
    frame.put(hot_key(account), hot)
    if cash < 0 and market[1][0] != SeriesKind.SPOT:
        note_insurer(frame, account, hot, market[1][1])
    if risk is not None:
        frame.put(account_risk_key(account, market[1][1]), risk)
