"""Options of the state as their users see them: volatilities, sensitivities, surfaces.

All of an option is as of the reprice that made its mark: the same index and time to the date.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from rollup_node.core.averages import ROUNDS
from rollup_node.core.fixed_point import div_to_zero, sqrt_down
from rollup_node.core.greeks import compute_greeks
from rollup_node.core.kinds import SeriesKind
from rollup_node.core.layout import (
    EXPIRIES,
    PRICES_KEY,
    board_key,
    expiry_key,
    grid_key,
    terms_key,
)
from rollup_node.core.leaves import LeafReader
from rollup_node.core.market_leaves import (
    NO_EXPIRY,
    NO_GRID,
    NO_PRICES,
    Expiry,
    PriceRow,
    Prices,
    SeriesTerms,
    SettlementGrid,
)
from rollup_node.core.option_leaves import NO_BOARD, Board
from rollup_node.core.options_math import WAD, decay, natural_log
from rollup_node.core.scenarios import ATTO
from rollup_node.core.surface import MONEYNESS_UNITS, Smile, interpolate_variance
from rollup_node.node.volatility import implied_volatility
from rollup_node.rpc.option_data import OptionTicker, SurfaceDate, SurfaceNode

_PPM: Final = 1_000_000
_NODE_PPM: Final = 100
"""A unit of volatility of a node, 1e-4, in millionths."""
_YEAR_MS: Final = 31_536_000_000
_MS: Final = 1_000

Level = tuple[int, int] | None
"""The best level of a side as (ticks, lots)."""


class _Valued(NamedTuple):
    """What the mark of an option rests on: forward in µUSDC, volatility a wad, ms to the date."""

    forward: int
    volatility: int
    left_ms: int


def read_option(state: LeafReader, series: int, bid: Level, ask: Level) -> OptionTicker | None:
    """Return an option beside its price, `None` of other series and where nothing prices it."""
    terms: SeriesTerms = state.get(terms_key(series))
    valued = _value(state, terms) if terms.kind >= SeriesKind.CALL else None
    if valued is None:
        return None
    forward, volatility, left_ms = valued
    greeks = compute_greeks(forward * ATTO, terms.strike * ATTO, volatility, left_ms)
    is_call = terms.kind == SeriesKind.CALL
    return OptionTicker(
        forward_usdc=forward,
        mark_ppm=volatility // ATTO,
        bid_ppm=_implied_ppm(terms, valued, bid, is_call=is_call),
        ask_ppm=_implied_ppm(terms, valued, ask, is_call=is_call),
        delta=greeks.delta if is_call else greeks.delta - WAD,
        gamma=greeks.gamma,
        vega=greeks.vega,
        theta=greeks.theta,
    )


def read_surface(state: LeafReader, underlying: int) -> list[SurfaceDate]:
    """Return the volatilities of all dates that are ahead and have any, the next date first."""
    prices: Prices = state.get(PRICES_KEY) or NO_PRICES
    row = prices.rows[underlying]
    found = [_date(state, underlying, slot, row) for slot in range(EXPIRIES)]
    return sorted(date for date in found if date is not None)


def expected_usdc(state: LeafReader, terms: SeriesTerms, index: int) -> int:
    """Return what the price of a date would be if the index stayed where it is, per unit.

    Of the rounds of the last half hour those that are known count as they are.
    """
    expiry: Expiry = state.get(expiry_key(terms.underlying, terms.expiry_slot)) or NO_EXPIRY
    grid: SettlementGrid = state.get(grid_key(terms.underlying, terms.expiry_slot)) or NO_GRID
    if grid.expiry_at != expiry.expiry_at:
        return index
    return sum(price or index for price in grid.prices) // ROUNDS


def _value(state: LeafReader, terms: SeriesTerms) -> _Valued | None:
    expiry: Expiry = state.get(expiry_key(terms.underlying, terms.expiry_slot)) or NO_EXPIRY
    board: Board = state.get(board_key(terms.underlying, terms.expiry_slot)) or NO_BOARD
    prices: Prices = state.get(PRICES_KEY) or NO_PRICES
    row = prices.rows[terms.underlying]
    forward, left_ms = row.reference + expiry.forward, expiry.expiry_at * _MS - row.priced_ms
    if not board.surface_ms or not row.reference or min(forward, left_ms) <= 0 or expiry.price:
        return None
    distance = natural_log(terms.strike * ATTO) - natural_log(forward * ATTO)
    return _Valued(forward, sqrt_down(interpolate_variance(board.nodes, distance)), left_ms)


def _implied_ppm(terms: SeriesTerms, valued: _Valued, level: Level, *, is_call: bool) -> int | None:
    if level is None:
        return None
    price = level[0] * terms.unit * terms.lots_per_unit
    scaled = (valued.forward / _PPM, terms.strike / _PPM, price / _PPM, valued.left_ms / _YEAR_MS)
    found = implied_volatility(*scaled, is_call=is_call)
    return None if found is None else round(found * _PPM)


def _date(state: LeafReader, underlying: int, slot: int, row: PriceRow) -> SurfaceDate | None:
    expiry: Expiry = state.get(expiry_key(underlying, slot)) or NO_EXPIRY
    board: Board = state.get(board_key(underlying, slot)) or NO_BOARD
    forward = row.index_price + expiry.forward
    if not board.surface_ms or expiry.expiry_at * _MS <= row.index_ms or forward <= 0:
        return None
    at_forward = sqrt_down(interpolate_variance(board.nodes, 0)) // ATTO
    nodes = list(_nodes(board.nodes, forward))
    return SurfaceDate(expiry.expiry_at * _MS, board.surface_ms, forward, at_forward, nodes)


def _nodes(smile: Smile, forward: int) -> Iterator[SurfaceNode]:
    for moneyness, volatility in smile:
        mantissa, halvings = decay(-div_to_zero(moneyness << 112, MONEYNESS_UNITS))
        strike = forward * mantissa >> (112 + halvings)
        yield SurfaceNode(moneyness, strike, volatility * _NODE_PPM)
