"""The end of futures and options: sixty prices, their average, each position closed at it.

Source: docs/spec.md V-9, V-10. Twin: contracts/src/core/Settlement.sol.
"""

from typing import Final

from rollup_node.core.account_leaves import NO_POSITION, Hot, Position, RiskRow
from rollup_node.core.averages import ROUNDS
from rollup_node.core.cash import change_cash
from rollup_node.core.events import Settled
from rollup_node.core.fixed_point import div_down
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import Settle, SettlementPrice
from rollup_node.core.kinds import SeriesKind, SeriesStatus
from rollup_node.core.layout import (
    ACCOUNT_LIMIT,
    EXPIRIES,
    MAX_LOT_VALUE,
    PRICE_LIMIT,
    PRICES_KEY,
    SERIES_LIMIT,
    UNDERLYING_LIMIT,
    expiry_key,
    grid_key,
    hot_key,
    series_key,
    terms_key,
)
from rollup_node.core.market_leaves import (
    NO_EXPIRY,
    NO_GRID,
    Expiry,
    PriceRow,
    Prices,
    SeriesState,
    SeriesTerms,
    SettlementGrid,
)
from rollup_node.core.positions import (
    apply_fill,
    find_position,
    store_position,
    with_row,
)
from rollup_node.core.prices import check_signers, hasten_reprice, report_clock
from rollup_node.core.reason import Reason
from rollup_node.core.risk import read_hot, read_prices
from rollup_node.core.standing import note_insurer

STEP_SECONDS: Final = 30
LATE_SECONDS: Final = 1_800
"""Prices of the grid are accepted until so long after the settlement date."""

_MS: Final = 1_000
_OK: Final = Reason.OK


def apply_settlement_price(frame: Frame, report: SettlementPrice, authority: Authority) -> Reason:
    """Keep the price of one round before a settlement date; rounds come in any order, each once.

    A reprice is due soon: marks are of what is known. Reads publishers, expiry, grid, prices.
    Source: docs/spec.md V-9.
    """
    underlying, expiry_slot, expiry_at, number, price, _ = report
    reason = check_signers(frame, authority.signers)
    if reason:
        return reason
    if underlying >= UNDERLYING_LIMIT or expiry_slot >= EXPIRIES:
        return Reason.UNKNOWN_UNDERLYING
    at_key = expiry_key(underlying, expiry_slot)
    expiry: Expiry = frame.get(at_key) or NO_EXPIRY
    if expiry_at == 0 or expiry_at != expiry.expiry_at or number >= ROUNDS:
        return Reason.BAD_TIME
    begins_at = expiry_at - STEP_SECONDS * (ROUNDS - 1 - number)
    clock_ms = report_clock(frame, authority)
    if not begins_at * _MS <= clock_ms < (expiry_at + LATE_SECONDS) * _MS:
        return Reason.BAD_TIME
    if not 0 < price < PRICE_LIMIT:
        return Reason.BAD_PRICE
    key = grid_key(underlying, expiry_slot)
    seen = _read_grid(frame, underlying, expiry_slot, expiry_at)
    if expiry.price or seen[number]:
        return Reason.OLD_ROUND
    frame.put(key, SettlementGrid(expiry_at, (*seen[:number], price, *seen[number + 1 :])))
    frame.put(at_key, Expiry(*expiry[:4], expiry.sum + price, expiry.known + 1))
    hasten_reprice(frame, underlying, read_prices(frame))
    return _OK


def _read_grid(frame: Frame, underlying: int, expiry_slot: int, expiry_at: int) -> tuple[int, ...]:
    """Return the sixty prices of a date, 0 where there is none; those of another do not count."""
    grid: SettlementGrid = frame.get(grid_key(underlying, expiry_slot)) or NO_GRID
    return grid.prices if grid.expiry_at == expiry_at else NO_GRID.prices


def average_grid(prices: tuple[int, ...], last: int) -> int:
    """Return the average of the sixty rounds, rounded down; µUSDC per unit.

    A missing round takes the one before it, the first ones the first there is; without any it is
    `last`. Source: docs/spec.md V-9.
    """
    held = next((price for price in prices if price), last)
    total = 0
    for price in prices:
        held = price or held
        total += held
    return div_down(total, ROUNDS)


def apply_settle(frame: Frame, settle: Settle, _authority: Authority) -> Reason:
    """Close a position of an expired future or option at the settlement price; anyone may.

    The first one fixes the price of the date and the payout of the series. Reads terms, state,
    directory, page, then, unless the series is settled, expiry and grid; hot, prices, and what a
    change of cash reads. Source: docs/spec.md V-10.
    """
    account, series = settle
    if not 0 < series < SERIES_LIMIT:
        return Reason.UNKNOWN_SERIES
    terms: SeriesTerms | None = frame.get(terms_key(series))
    if terms is None:
        return Reason.UNKNOWN_SERIES
    if not 0 < account < ACCOUNT_LIMIT:
        return Reason.UNKNOWN_ACCOUNT
    if terms.kind < SeriesKind.FUTURE:
        return Reason.NOT_EXPIRED
    state: SeriesState = frame.get(series_key(series))
    number, position = find_position(frame, account, series)
    if number is None:
        return Reason.NO_POSITION
    if state.status != SeriesStatus.SETTLED:
        reason, price = _fix_price(frame, terms, state)
        if reason is not _OK:
            return reason
        state = _settle_series(frame, terms, state, price)
    hot = read_hot(frame, account)
    _close(frame, account, hot, terms, (number, position), state)
    left = state.open_interest - abs(position.lots)
    frame.put(series_key(series), state._replace(open_interest=left))
    frame.events.append(Settled(account, series, position.lots, position.basis, state.mark))
    return _OK


def _fix_price(frame: Frame, terms: SeriesTerms, state: SeriesState) -> tuple[Reason, int]:
    """Return the settlement price of a date, µUSDC per unit, which the first settlement fixes."""
    key = expiry_key(terms.underlying, terms.expiry_slot)
    expiry: Expiry = frame.get(key) or NO_EXPIRY
    at = expiry.expiry_at
    if expiry.price:
        return _OK, expiry.price
    if at * _MS > frame.time_ms:
        return Reason.NOT_EXPIRED, 0
    prices = _read_grid(frame, terms.underlying, terms.expiry_slot, at)
    if 0 in prices and frame.time_ms < (at + LATE_SECONDS) * _MS:
        return Reason.NOT_SETTLED, 0
    price = average_grid(prices, _last_price(frame, terms, state))
    if price == 0:
        return Reason.NOT_SETTLED, 0
    frame.put(key, expiry._replace(price=price))
    return _OK, price


def _settle_series(frame: Frame, terms: SeriesTerms, state: SeriesState, price: int) -> SeriesState:
    """Return a series at its payout, and make every row that holds it stale: a new epoch.

    Its open interest counts the lots of both sides from now on: both settle one by one.
    """
    prices = read_prices(frame)
    underlying = terms.underlying
    row = prices.rows[underlying]
    row = PriceRow(row.epoch + 1, *row[1:])
    rows = (*prices.rows[:underlying], row, *prices.rows[underlying + 1 :])
    frame.put(PRICES_KEY, Prices(rows, prices.sampled_ms))
    payout = compute_payout(terms, price)
    return state._replace(
        status=SeriesStatus.SETTLED,
        mark=payout,
        initial=0,
        maintenance=0,
        epoch=row.epoch,
        open_interest=2 * state.open_interest,
    )


def compute_payout(terms: SeriesTerms, price: int) -> int:
    """Return what a lot is paid at a settlement price, µUSDC, rounded down. Source: V-10."""
    worth = price
    if terms.kind >= SeriesKind.CALL:
        gain = price - terms.strike
        worth = max(0, gain if terms.kind == SeriesKind.CALL else -gain)
    return min(div_down(worth, terms.lots_per_unit), MAX_LOT_VALUE)


def _last_price(frame: Frame, terms: SeriesTerms, state: SeriesState) -> int:
    """Return the price of a date without any: the last mark of a future, else the reference.

    Reads the prices for an option. Source: docs/spec.md V-9.
    """
    if terms.kind >= SeriesKind.CALL:
        return read_prices(frame).rows[terms.underlying].reference
    return state.mark * terms.lots_per_unit


def _close(
    frame: Frame,
    account: int,
    hot: Hot,
    terms: SeriesTerms,
    held: tuple[int, Position],
    state: SeriesState,
) -> None:
    """Turn a position into cash at the payout."""
    number, position = held
    lots = position.lots
    _, cash = apply_fill(position, position.series, -lots, state.mark, state.funding_index, 0)
    epoch = read_prices(frame).rows[terms.underlying].epoch
    row = _without(hot.rows[terms.underlying], epoch, position, state.mark)
    store_position(frame, account, number, NO_POSITION)
    hot = with_row(hot, terms.underlying, row)
    hot = change_cash(frame, account, hot, cash)
    frame.put(hot_key(account), hot)
    note_insurer(frame, account, hot, terms.underlying)


def _without(row: RiskRow, epoch: int, position: Position, mark: int) -> RiskRow:
    """Return a row without a position: exact if it is current, else only its count is.

    Such a position requires nothing, and has no part in the risk leaf of its account.
    """
    left = row.positions - 1
    if row.epoch == epoch:
        return row._replace(positions=left, value=row.value - position.lots * mark + position.basis)
    return row._replace(positions=left) if left else RiskRow(row.epoch, 0, 0, 0, 0)
