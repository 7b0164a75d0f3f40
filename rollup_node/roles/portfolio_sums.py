"""Rows of an account under portfolio margin, summed anew from its positions alone.

Not by the way of the law, which replaces one contribution at a fill. Source: docs/spec.md M-13.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from rollup_node.core.account_leaves import NO_ACCOUNT_RISK, AccountRisk, Position
from rollup_node.core.kinds import SeriesStatus
from rollup_node.core.layout import PRICES_KEY, series_key, series_risk_key, terms_key
from rollup_node.core.leaves import LeafReader
from rollup_node.core.market_leaves import Prices, SeriesState, SeriesTerms
from rollup_node.core.option_leaves import NO_SERIES_RISK, SeriesRisk
from rollup_node.core.portfolio import keep_losses, measure_lot, replace_lots


class PortfolioSum(NamedTuple):
    """The positions of an account in one underlying: their number, value in µUSDC, and risk."""

    positions: int
    value: int
    risk: AccountRisk


NO_SUM: Final = PortfolioSum(0, 0, NO_ACCOUNT_RISK)


def sum_portfolio(state: LeafReader, positions: Iterable[Position]) -> dict[int, PortfolioSum]:
    """Return what positions add up to, by underlying; funding is no part of it."""
    prices: Prices = state.get(PRICES_KEY)
    sums: dict[int, PortfolioSum] = {}
    for series, lots, basis, _, _ in positions:
        terms: SeriesTerms = state.get(terms_key(series))
        now: SeriesState = state.get(series_key(series))
        count, value, risk = sums.get(terms.underlying, NO_SUM)
        if now.status != SeriesStatus.SETTLED:
            found: SeriesRisk = state.get(series_risk_key(series)) or NO_SERIES_RISK
            lot = measure_lot(terms, found, prices.rows[terms.underlying].reference)
            added = replace_lots(risk, 0, lots, lot)
            risk = keep_losses(risk, added) if now.status == SeriesStatus.EXPIRED else added
        sums[terms.underlying] = PortfolioSum(count + 1, value + lots * now.mark - basis, risk)
    return sums
