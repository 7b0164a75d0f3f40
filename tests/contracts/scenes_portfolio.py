"""Scenes of portfolio margin, for the differential run: trades, refresh, moves, sales, the end."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from rollup_node.core.flags import LIQUIDATING_FLAG, SALE_FLAG
from rollup_node.core.inputs import (
    Bid,
    Leg,
    Liquidate,
    MassQuote,
    MovePosition,
    SetMode,
    Settle,
    Takeover,
)
from rollup_node.core.layout import (
    account_risk_key,
    expiry_key,
    series_key,
    series_list_key,
    series_risk_key,
    terms_key,
)
from rollup_node.core.market_leaves import NO_EXPIRY, SeriesList
from tests.contracts.scenes_options import CALL, HIGH, SLOT, UNIT, open_options
from tests.contracts.stage import Scene, Stage
from tests.unit.core.exchange import (
    BTC,
    BUY,
    ETH,
    FUTURE,
    LINEAR_RISK,
    MARK,
    NOW,
    PERP,
    SELL,
    STATE,
    TERMS,
    TICK,
    USD,
)

_PRICE: Final = 100 * UNIT
_DATED: Final = 5
_IOC: Final = {"time_in_force": 2}
_HOURS: Final = 7_200_000
_Change = Callable[[Stage], None]


def _open(stage: Stage, *accounts: int) -> None:
    """Open options and a future of the same underlying; the accounts are under portfolio margin."""
    open_options(stage)
    stage.state[terms_key(_DATED)] = TERMS._replace(kind=3, book=_DATED, expiry_slot=SLOT)
    stage.state[series_key(_DATED)] = STATE._replace(low=TICK, high=TICK)
    stage.state[series_risk_key(_DATED)] = LINEAR_RISK
    for account in accounts:
        stage.set_hot(account, mode=1)


def _hold_spread(stage: Stage, account: int, *, lots: int = 50) -> None:
    """Hold a spread of calls, hedged by a future, and puts sold naked."""
    stage.hold(account, lots, lots * _PRICE, series=CALL)
    stage.hold(account, -lots, -lots * _PRICE, series=HIGH, number=1)
    stage.hold(account, -lots // 2, -lots // 2 * MARK, series=_DATED, number=9)
    stage.hold(account, -7, -7 * _PRICE, series=CALL + 1, number=17)
    stage.hold(account, 3, 3 * MARK, series=FUTURE, number=18)


def _trade(stage: Stage) -> None:
    """Open, add, reduce, turn and close, against one of each model, then what margin refuses."""
    _open(stage, 1, 2)
    stage.state[account_risk_key(1, ETH)] = stage.state[account_risk_key(2, ETH)] = _garbage(stage)
    for series, tick in ((PERP, TICK), (CALL, 100), (HIGH, 100), (CALL + 1, 100), (_DATED, TICK)):
        for side, lots in ((BUY, 60), (BUY, 40), (SELL, 30), (SELL, 130), (BUY, 60)):
            stage.send(stage.order(2, 1 - side, tick, lots, series=series))
            stage.send(stage.order(1, side, tick, lots, series=series, **_IOC))
        stage.seal()
    stage.send(stage.order(3, SELL, 100, 90, series=CALL))
    stage.send(stage.order(1, BUY, 100, 80, series=CALL, **_IOC))
    stage.open(9, 60 * USD, mode=1)
    stage.send(stage.order(3, BUY, 100, 900, series=HIGH))
    stage.send(stage.order(9, SELL, 100, 900, series=HIGH, **_IOC))
    stage.send(stage.order(9, SELL, 100, 100, series=HIGH))
    stage.send(stage.order(3, BUY, 100, 100, series=HIGH, slot=900, **_IOC))
    legs = tuple(Leg(CALL, side, 40 + side, 100 + 40 * side - 20, 60) for side in (BUY, SELL))
    stage.seal()
    stage.send(MassQuote(1, 0, 1_000, legs, stage.nonce()))
    stage.send(stage.order(3, SELL, 80, 50, series=CALL, **_IOC))


def _garbage(stage: Stage) -> Any:
    """Return a risk leaf of positions long gone: a row that begins anew ignores it."""
    stage.open(10, 10**12, mode=1)
    stage.hold(10, -4_000, -4_000 * MARK)
    return stage.state[account_risk_key(10, ETH)]


def _refresh(stage: Stage) -> None:
    """Take with an account whose rows are of an older epoch, one series settled, one expired."""
    _open(stage, 1)
    _hold_spread(stage, 1)
    stage.set_series(CALL + 1, status=4, initial=0, maintenance=0)
    stage.set_series(_DATED, status=3)
    stage.make_stale(1)
    stage.send(stage.order(1, BUY, TICK, 50))


def _refresh_many(stage: Stage) -> None:
    """Refresh forty positions in two steps; the first of them is settled."""
    _open(stage, 1)
    for number in range(40):
        series = 3_000 + number
        for key in (terms_key, series_key, series_risk_key):
            stage.state[key(series)] = stage.state[key(CALL + (number & 1))]
        stage.hold(1, 5 - number if number != 5 else 9, 7, series=series, number=3 * number)
    stage.set_series(3_000, status=4, initial=0, maintenance=0)
    stage.hold(1, 3, 3 * MARK, series=FUTURE, number=127)
    stage.make_stale(1)
    stage.send(stage.order(1, SELL, TICK, 50))


def _reprice(change: _Change, stage: Stage) -> None:
    """Let a block find prices due, with a perpetual, a spot series and futures listed."""
    _open(stage)
    stage.state[series_list_key(ETH)] = SeriesList((PERP, 2, _DATED, *(0,) * 13))
    stage.state[series_list_key(BTC)] = SeriesList((0, FUTURE, *(0,) * 14))
    stage.set_prices(BTC, index_price=2_100 * USD)
    change(stage)
    stage.seal(31_000)


def _too_large(stage: Stage) -> None:
    stage.set_terms(PERP, lots_per_unit=1)
    stage.set_prices(ETH, index_price=1 << 32)
    stage.state[expiry_key(ETH, SLOT)] = NO_EXPIRY._replace(
        expiry_at=NOW // 1_000 + 10**6, forward=-(1 << 31)
    )
    stage.set_terms(_DATED, lots_per_unit=1)
    for series in (CALL, CALL + 1):
        stage.set_terms(series, lots_per_unit=1)


def _expired(stage: Stage) -> None:
    stage.state[expiry_key(ETH, SLOT)] = NO_EXPIRY._replace(expiry_at=NOW // 1_000)


def _nothing(_stage: Stage) -> None:
    """Leave everything as it is."""


def _move(modes: tuple[int, int], stage: Stage) -> None:
    """Move legs of a hedge between the models: one that eases nothing is refused."""
    _open(stage)
    for account, mode in zip((1, 5), modes, strict=True):
        stage.set_hot(account, mode=mode)
    stage.open(1, 40 * USD, mode=modes[0])
    _hold_spread(stage, 1, lots=400)
    stage.open(5, 800 * USD, mode=modes[1])
    for series, lots in ((HIGH, -10), (_DATED, -50), (CALL, 200), (HIGH, -400), (CALL + 1, -3),
                         (_DATED, -150), (FUTURE, 3), (CALL, 200)):  # fmt: skip
        stage.send(MovePosition(1, 5, series, lots, stage.nonce()))


def _thin(stage: Stage, cash: int) -> None:
    """Let account 3, under portfolio margin, hold what its cash does not maintain."""
    _open(stage)
    stage.open(3, cash, mode=1)
    _hold_spread(stage, 3, lots=2_000)
    stage.hold(3, 100, 100 * MARK, series=PERP, number=2)


def _liquidate(stage: Stage) -> None:
    """Liquidate one that is hedged: its orders go, it is for sale at once, no leg is reduced."""
    _thin(stage, 300 * USD)
    stage.rest(3, BUY, TICK - 50, 9)
    stage.rest(4, BUY, TICK, 100)
    for series in (PERP, CALL, 9):
        stage.post(Liquidate(3, series))
    stage.send(Bid(1, 0, 3, stage.hot(3).version, 10**12, stage.nonce()))


def _sell(stage: Stage, cash: int, change: _Change, *records: Any) -> None:
    _thin(stage, cash)
    stage.rest(4, BUY, TICK, 100)
    stage.set_hot(3, flags=LIQUIDATING_FLAG | SALE_FLAG)
    stage.set_cold(3, liquidated_ms=NOW - _HOURS, auction_ms=NOW - _HOURS)
    change(stage)
    for record in records:
        stage.post(record)


def _takeover(cash: int, change: _Change, stage: Stage) -> None:
    """Let the fund take it: standard and stale, refreshed by who comes next, reduced by legs."""
    _sell(stage, cash, change, Takeover(3), Liquidate(3, PERP), Liquidate(3, PERP), Takeover(3))


def _stale(stage: Stage) -> None:
    stage.make_stale(3)


def _settle(stage: Stage) -> None:
    """Settle a leg of a stale account, then one of a current one, then the last of a row."""
    _open(stage, 1, 2)
    stage.state[expiry_key(ETH, SLOT)] = NO_EXPIRY._replace(
        expiry_at=NOW // 1_000 - 9, price=2_345_678_901
    )
    for account, sign in ((1, 1), (2, -1)):
        for number, series in enumerate((CALL, HIGH, _DATED)):
            stage.hold(account, 50 * sign, 50 * sign * _PRICE, series=series, number=number)
        stage.hold(account, 4 * sign, 4 * sign * MARK, number=9)
    for series in (CALL, HIGH, _DATED):
        stage.set_series(series, status=3)
    stage.post(Settle(1, CALL))
    stage.post(Settle(1, HIGH))
    stage.post(Settle(2, _DATED))
    stage.send(stage.order(1, SELL, TICK, 50))
    stage.seal()
    stage.post(Settle(1, _DATED))
    stage.post(Settle(2, CALL))
    stage.send(stage.order(2, BUY, TICK, 50))
    stage.seal()
    stage.post(Settle(2, HIGH))


def _switch(stage: Stage) -> None:
    """Choose a model, trade, fail to leave it, close, leave it, trade again, come back."""
    _open(stage)
    for mode, lots in ((1, 60), (0, 40), (1, 50)):
        stage.send(SetMode(1, 0, mode, stage.nonce()))
        stage.send(stage.order(2, SELL, TICK, lots))
        stage.send(stage.order(1, BUY, TICK, lots, **_IOC))
        stage.seal()
        stage.send(SetMode(1, 0, 1 - mode, stage.nonce()))
        stage.send(stage.order(2, BUY, TICK, lots))
        stage.send(stage.order(1, SELL, TICK, lots, **_IOC))
        stage.seal()


SCENES: Final[dict[str, Scene]] = {
    "portfolio trades": _trade,
    "portfolio refreshed": _refresh,
    "portfolio of many refreshed": _refresh_many,
    "portfolio repriced": partial(_reprice, _nothing),
    "portfolio repriced too large": partial(_reprice, _too_large),
    "portfolio repriced after a date": partial(_reprice, _expired),
    "portfolio switched": _switch,
    "portfolio moves to a portfolio": partial(_move, (1, 1)),
    "portfolio moves to standard": partial(_move, (1, 0)),
    "standard moves to a portfolio": partial(_move, (0, 1)),
    "portfolio liquidated": _liquidate,
    "portfolio taken": partial(_takeover, -300 * USD, _nothing),
    "portfolio taken that is solvent": partial(_takeover, 1_000 * USD, _nothing),
    "portfolio taken that is stale": partial(_takeover, -300 * USD, _stale),
    "portfolio settled": _settle,
}
