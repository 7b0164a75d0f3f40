"""The state of the risk benchmark: strikes of one underlying, and accounts that hold options."""

import random
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rollup_node.core import layout
from rollup_node.core.account_leaves import (
    NO_DIRECTORY,
    NO_HOT,
    NO_POSITION,
    Directory,
    Hot,
    Position,
    Positions,
    RiskRow,
)
from rollup_node.core.inputs import ItemHeader
from rollup_node.core.kinds import Phase, SeriesKind, SeriesStatus
from rollup_node.core.leaves import Balances, Cursor, Writes
from rollup_node.core.market_leaves import (
    NO_PRICES,
    Expiry,
    PriceRow,
    SeriesList,
    SeriesState,
    Underlying,
)
from rollup_node.core.option_leaves import NO_BOARD, Board, OptionDates, StrikeRow
from rollup_node.devnet.markets import ETH, MARKETS, OPTION_RULES, UNDERLYINGS, smile
from rollup_node.proof.chain_state import ChainState

START_MS: Final = 1_763_700_000_000
BLOCK_MS: Final = 1_000
HEADER: Final = ItemHeader(0, 1 << 31, bytes(32), 0, bytes(32), 0, bytes(32), 0, 1 << 38)
LOTS_PER_UNIT: Final = OPTION_RULES.lots_per_unit
DAYS: Final = (1, 7, 30, 90)
"""Strikes are spread over dates so many days away."""
VOLATILITY: Final = 6_000
_PERPETUAL: Final = 2
_INDEX: Final = UNDERLYINGS[ETH].start_usdc
_CASH: Final = (5_000, 100_000)
"""USDC of an account; its positions require some 10,000."""
_FIRST_ACCOUNT: Final = 1_000
_MOST_LOTS: Final = 500
_PORTFOLIO: Final = 1
_DAY_SECONDS: Final = 86_400


class Held(NamedTuple):
    """Who holds what: `lots` has a row for each account and a column for each series.

    `dates` are the places of the dates of the series.
    """

    accounts: list[int]
    series: list[int]
    dates: list[int]
    lots: NDArray[np.float64]


def make_state(accounts: int, series: int, positions: int, seed: int) -> tuple[ChainState, Held]:
    """Return a state with strikes that have no mark yet, and accounts that hold them."""
    leaves, numbers, dates = _markets(series // 2)
    rng = random.Random(seed)  # noqa: S311 - a load, not a secret
    held = Held(
        list(range(_FIRST_ACCOUNT, _FIRST_ACCOUNT + accounts)),
        numbers,
        dates,
        np.zeros((accounts, len(numbers))),
    )
    for place, account in enumerate(held.accounts):
        chosen = sorted(rng.sample(range(len(numbers)), positions))
        for column in chosen:
            held.lots[place, column] = rng.choice((-1, 1)) * rng.randint(1, _MOST_LOTS)
        rows = [
            Position(numbers[column], int(held.lots[place, column]), 0, 0, 1) for column in chosen
        ]
        leaves.update(_account(account, rows, rng.randint(*_CASH) * 10**6))
    state = ChainState()
    state.commit(leaves)
    return state, held


def put_price(state: ChainState, price: int) -> None:
    """Let the index be a price, accepted now."""
    prices, cursor = state.get(layout.PRICES_KEY), state.get(layout.CURSOR_KEY)
    row = prices.rows[ETH]._replace(index_price=price, index_ms=cursor.time_ms)
    rows = (*prices.rows[:ETH], row, *prices.rows[ETH + 1 :])
    state.commit({layout.PRICES_KEY: prices._replace(rows=rows)})


def _markets(strikes: int) -> tuple[Writes, list[int], list[int]]:
    """Return the leaves of a perpetual and of strikes, the options and their dates."""
    price = PriceRow(1, START_MS, _INDEX, _INDEX, START_MS, 0)
    rows = (*NO_PRICES.rows[:ETH], price, *NO_PRICES.rows[ETH + 1 :])
    perpetual = MARKETS[1].terms
    leaves: Writes = {
        layout.CURSOR_KEY: Cursor(0, 0, 0, 0, 0, START_MS, Phase.IDLE, 0),
        layout.PRICES_KEY: NO_PRICES._replace(rows=rows),
        layout.underlying_key(ETH): Underlying(1, 1, 100, 0),
        layout.option_rules_key(ETH): OPTION_RULES,
        layout.series_list_key(ETH): SeriesList((_PERPETUAL, *(0,) * 15)),
        layout.terms_key(_PERPETUAL): perpetual,
        layout.series_key(_PERPETUAL): _fresh(_INDEX // perpetual.lots_per_unit),
        layout.option_dates_key(ETH): OptionDates((1 << len(DAYS)) - 1, strikes),
    }
    numbers: list[int] = []
    dates: list[int] = []
    for slot, days in enumerate(DAYS):
        listed = []
        for number in range(slot, strikes, len(DAYS)):
            call = layout.FIRST_OPTION + 2 * number
            step = number // len(DAYS) - strikes // len(DAYS) // 2
            strike = _INDEX + step * OPTION_RULES.strike_step
            listed.append(StrikeRow(call, strike))
            for series in (call, call + 1):
                kind = SeriesKind.CALL if series == call else SeriesKind.PUT
                leaves[layout.terms_key(series)] = perpetual._replace(
                    kind=kind, expiry_slot=slot, lots_per_unit=LOTS_PER_UNIT, strike=strike
                )
                leaves[layout.series_key(series)] = _fresh(0)
                numbers.append(series)
                dates.append(slot)
        full = (*listed, *NO_BOARD.strikes[len(listed) :])
        leaves[layout.board_key(ETH, slot)] = Board(START_MS, smile(VOLATILITY), full)
        expiry_at = START_MS // 1_000 + days * _DAY_SECONDS
        leaves[layout.expiry_key(ETH, slot)] = Expiry(expiry_at, 0, 1, 0)
    return leaves, numbers, dates


def _fresh(mark: int) -> SeriesState:
    empty = SeriesState(*(0,) * 18)
    return empty._replace(status=SeriesStatus.TRADING, epoch=1, mark=mark)


def _account(account: int, positions: list[Position], cash: int) -> Writes:
    row = RiskRow(0, len(positions), 0, 0, 0)
    listed = [position.series for position in positions]
    pages = (*positions, *(NO_POSITION,) * (layout.POSITIONS_PER_PAGE - len(positions)))
    hot: Hot = NO_HOT._replace(group=account, mode=_PORTFOLIO, rows=(row, *NO_HOT.rows[1:]))
    return {
        layout.hot_key(account): hot,
        layout.balances_key(account): Balances((cash, 0, 0, 0)),
        layout.directory_key(account): Directory((*listed, *NO_DIRECTORY.series[len(listed) :])),
        layout.positions_key(account, 0): Positions(pages),
    }
