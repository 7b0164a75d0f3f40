"""What a covered sale asks now, and which one a taker meets.

Source: docs/spec.md P-5, P-6. Twin: contracts/src/core/SalePrices.sol.
"""

from typing import Final, NamedTuple

from rollup_node.core.account_leaves import Hot
from rollup_node.core.book_leaves import Order
from rollup_node.core.fixed_point import div_down, div_up
from rollup_node.core.flags import FROZEN_FLAG, LIQUIDATING_FLAG, POST_ONLY_FLAG, SIDE_FLAG
from rollup_node.core.frame import Frame
from rollup_node.core.kinds import SeriesStatus
from rollup_node.core.layout import FIRST_OPTION, OPTION_TICK_LIMIT, sales_key
from rollup_node.core.market_leaves import Prices, SeriesState, SeriesTerms
from rollup_node.core.option_leaves import NO_SALES, SalePlace, Sales
from rollup_node.core.order_checks import REPLACEMENT
from rollup_node.core.risk import is_restricted
from rollup_node.core.task_leaves import Taker
from rollup_node.core.void import is_dead

_PPM: Final = 1_000_000
_STOPPED: Final = FROZEN_FLAG | LIQUIDATING_FLAG
_HIDING: Final = SIDE_FLAG | POST_ONLY_FLAG


class FoundSale(NamedTuple):
    """A sale that an order meets: its place, and the tick at which it sells."""

    number: int
    tick: int


def may_meet(taker: Taker) -> bool:
    """Say whether an order looks for sales: one to buy an option, which may take. Source: P-5."""
    return (
        taker.series >= FIRST_OPTION and not taker.flags & _HIDING and taker.origin != REPLACEMENT
    )


def read_sales(frame: Frame, series: int) -> Sales:
    """Return the sales of a series. Source: docs/spec.md S-21."""
    sales: Sales | None = frame.get(sales_key(series))
    return NO_SALES if sales is None else sales


def find_sale(
    frame: Frame, taker: Taker, terms: SeriesTerms, state: SeriesState, prices: Prices
) -> FoundSale | None:
    """Return the sale that an order meets before the book, `None` if there is none.

    The cheapest, of equal ones the first; at the same tick the book comes first. Reads the sales,
    whatever the order finds then. Source: docs/spec.md P-5, O-7 (2).
    """
    sales = read_sales(frame, taker.series)
    if sales is NO_SALES or state.status != SeriesStatus.TRADING or state.mark == 0:
        return None
    if is_restricted(prices.rows[terms.underlying], frame.time_ms):
        return None
    limit = min(taker.tick, OPTION_TICK_LIMIT - 1, state.ask - 1 if state.ask else taker.tick)
    found: FoundSale | None = None
    for number, sale in enumerate(sales.places):
        if is_live(sale, state, frame.time_ms):
            tick = price_sale(sale, terms, state.mark, frame.time_ms)
            if tick <= limit:
                found, limit = FoundSale(number, tick), tick - 1
    return found


def is_live(sale: SalePlace, state: SeriesState, time_ms: int) -> bool:
    """Say whether a place holds a sale that goes on, and of this listing. Source: P-4, P-5.

    `funded_ms` of an option is the time of its listing.
    """
    is_open = state.funded_ms < sale.started_ms <= time_ms < sale.ends_ms
    return is_open and sale.lots > 0


def price_sale(sale: SalePlace, terms: SeriesTerms, mark: int, time_ms: int) -> int:
    """Return the tick that a live sale asks at a time, rounded up for its seller. Source: P-5."""
    fall, elapsed_ms = sale.start_ppm - sale.reserve_ppm, time_ms - sale.started_ms
    ppm = sale.start_ppm - div_down(fall * elapsed_ms, sale.ends_ms - sale.started_ms)
    return max(1, div_up(mark * ppm, _PPM * terms.unit))


def is_over(sale: SalePlace, hot: Hot, time_ms: int) -> bool:
    """Say whether a live sale of the account behind `hot` never trades again. Source: P-6."""
    return hot.version != sale.version or bool(hot.flags & _STOPPED) or is_dead(hot, time_ms)


def as_order(sale: SalePlace, series: int, tick: int) -> Order:
    """Return a sale as a fill knows makers: an order to sell that reserves nothing. P-6."""
    rest = (0, 0, 0, 0, 0, 0, 0, sale.fee_cap_ppm, 0, 0)
    return Order(sale.account, series, SIDE_FLAG, tick, 0, sale.lots, *rest)
