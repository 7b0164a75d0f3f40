"""How an account moves with each underlying: the sensitivities of its positions, added up."""

from collections.abc import Callable, Iterable
from itertools import groupby

from rollup_node.core.account_leaves import Position
from rollup_node.core.fixed_point import div_to_zero
from rollup_node.core.kinds import SeriesKind
from rollup_node.core.layout import terms_key
from rollup_node.core.leaves import LeafReader
from rollup_node.core.market_leaves import Prices, SeriesTerms
from rollup_node.core.options_math import WAD
from rollup_node.node.option_views import read_option
from rollup_node.rpc.option_data import Exposure

_NOTHING = (0, 0, 0, 0, 0)


def read_exposures(
    state: LeafReader,
    positions: Iterable[Position],
    prices: Prices,
    symbol: Callable[[int], str],
) -> list[Exposure]:
    """Return the exposure to each underlying that positions name, by number.

    What is no option moves as its underlying does; an option that nothing prices counts nothing.
    """

    def underlying(position: Position) -> int:
        terms: SeriesTerms = state.get(terms_key(position.series))
        return terms.underlying

    found = []
    for number, held in groupby(sorted(positions, key=underlying), underlying):
        parts = [_read_part(state, position) for position in held]
        totals = [sum(part[place] for part in parts) for place in range(len(_NOTHING))]
        found.append(Exposure(symbol(number), prices.rows[number].index_price, *totals))
    return found


def _read_part(state: LeafReader, position: Position) -> tuple[int, int, int, int, int]:
    """Return delta, delta of options, gamma, vega, theta of a position, towards zero."""
    terms: SeriesTerms = state.get(terms_key(position.series))
    if terms.kind < SeriesKind.CALL:
        return (div_to_zero(position.lots * WAD, terms.lots_per_unit), 0, 0, 0, 0)
    option = read_option(state, position.series, None, None)
    if option is None:
        return _NOTHING
    greeks = (option.delta, option.delta, option.gamma, option.vega, option.theta)
    delta, of_options, gamma, vega, theta = (
        div_to_zero(position.lots * greek, terms.lots_per_unit) for greek in greeks
    )
    return (delta, of_options, gamma, vega, theta)
