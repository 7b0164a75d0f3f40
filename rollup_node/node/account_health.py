"""How an account stands at the newest marks, whatever its rows say: what a keeper looks at."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from rollup_node.core.account_leaves import Position
from rollup_node.core.fixed_point import div_up
from rollup_node.core.frame import Frame
from rollup_node.core.kinds import SeriesKind
from rollup_node.core.layout import UNDERLYING_LIMIT, series_key, terms_key
from rollup_node.core.market_leaves import Prices, SeriesState, SeriesTerms
from rollup_node.core.positions import read_directory, read_page
from rollup_node.core.risk import (
    RiskModel,
    find_model,
    read_amounts,
    read_assets,
    read_hot,
    read_prices,
    value_asset,
)
from rollup_node.roles.keeper import Health
from rollup_node.roles.portfolio_sums import sum_portfolio

_ASSETS: Final = (1, 2, 3)
_PAGE_MASK: Final = 7


class _Held(NamedTuple):
    """What positions are worth and require, and the one to reduce: that which requires most."""

    value: int
    maintenance: int
    exposures: Sequence[int]
    series: int


def read_health(frame: Frame, account: int) -> Health:
    """Return equity, MM, how much either moves with each price, and a series to reduce.

    An account that is sold as a whole has none.
    """
    hot = read_hot(frame, account)
    prices, amounts, assets = read_prices(frame), read_amounts(frame, account), read_assets(frame)
    model = find_model(hot.mode)
    has_positions = any(row.positions for row in hot.rows)
    positions = _read_positions(frame, account) if has_positions else []
    weigh = _weigh_standard if model.weigh is None else _weigh_portfolio
    held = weigh(frame, model, positions)
    equity, exposures = amounts[0] + held.value, list(held.exposures)
    for asset in _ASSETS:
        value = value_asset(asset, amounts[asset], assets, prices)
        equity += value
        if value:
            exposures[assets.rows[asset].underlying] += value
    return Health(equity, held.maintenance, tuple(exposures), held.series)


def _read_positions(frame: Frame, account: int) -> list[Position]:
    return [
        read_page(frame, account, number).rows[number & _PAGE_MASK]
        for number, series in enumerate(read_directory(frame, account).series)
        if series
    ]


def _weigh_standard(frame: Frame, model: RiskModel, positions: Sequence[Position]) -> _Held:
    """Add up positions one by one; options are not reduced (L-2)."""
    value, maintenance, exposures, largest = 0, 0, [0] * UNDERLYING_LIMIT, (0, 0)
    for position in positions:
        state: SeriesState = frame.get(series_key(position.series))
        terms: SeriesTerms = frame.get(terms_key(position.series))
        gained, _, needed = model.contribute(position, state)
        value += gained
        maintenance += needed
        most = _most_per_lot(terms, state, read_prices(frame))
        exposures[terms.underlying] += abs(position.lots) * most + needed
        if terms.kind < SeriesKind.CALL:
            largest = max(largest, (needed, position.series))
    return _Held(value, maintenance, exposures, largest[1])


def _weigh_portfolio(frame: Frame, model: RiskModel, positions: Sequence[Position]) -> _Held:
    """Weigh positions together: hedged or not, each may move as what it is on does."""
    exposures = [0] * UNDERLYING_LIMIT
    for position in positions:
        state: SeriesState = frame.get(series_key(position.series))
        terms: SeriesTerms = frame.get(terms_key(position.series))
        most = _most_per_lot(terms, state, read_prices(frame))
        exposures[terms.underlying] += abs(position.lots) * most
    value = maintenance = 0
    for underlying, found in sum_portfolio(frame, positions).items():
        needed = model.weigh(found.risk)[1] if model.weigh is not None else 0
        value += found.value
        maintenance += needed
        exposures[underlying] += needed
    return _Held(value, maintenance, exposures, 0)


def _most_per_lot(terms: SeriesTerms, state: SeriesState, prices: Prices) -> int:
    """Return what a lot loses at most if the price moves by 100 %: an option what it is on."""
    if terms.kind < SeriesKind.CALL:
        return state.mark
    return div_up(prices.rows[terms.underlying].index_price, terms.lots_per_unit)
