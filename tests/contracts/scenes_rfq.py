"""Scenes of combos, for the differential run: quotes, what refuses them, refreshes, both models."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from rollup_node.codec.records import encode_record
from rollup_node.core.account_leaves import Directory
from rollup_node.core.flags import CHILD_FLAG, FROZEN_FLAG, LIQUIDATING_FLAG
from rollup_node.core.inputs import Pull, RfqLeg
from rollup_node.core.layout import (
    MAX_LOTS,
    NONCE_LEAD_MS,
    RFQ_LEGS,
    directory_key,
    series_key,
    series_risk_key,
    terms_key,
)
from tests.contracts.random_world import KEYS
from tests.contracts.scenes_options import CALL, HIGH, SLOT, UNIT, open_options
from tests.contracts.stage import Scene, Stage
from tests.unit.core.exchange import (
    ETH,
    FUTURE,
    LINEAR_RISK,
    MARK,
    NOW,
    PERP,
    SPOT,
    STATE,
    TERMS,
    TICK,
    USD,
)

_DATED: Final = 5
_LEG: Final = RfqLeg(PERP, 50, TICK)
_SPREAD: Final = (_LEG, RfqLeg(_DATED, -50, TICK + 5))
_STRADDLE: Final = (RfqLeg(CALL, -60, 100), RfqLeg(CALL + 1, -60, 101))
_Change = Callable[[Stage], Any]


def _open(stage: Stage, *portfolio: int) -> None:
    """Open a dated future beside the perpetual, and options; `portfolio` are accounts of mode 1."""
    open_options(stage)
    stage.state[terms_key(_DATED)] = TERMS._replace(kind=3, book=_DATED, expiry_slot=SLOT)
    stage.state[series_key(_DATED)] = STATE._replace(low=TICK, high=TICK)
    stage.state[series_risk_key(_DATED)] = LINEAR_RISK
    for account in portfolio:
        stage.set_hot(account, mode=1)


def _trade(modes: tuple[int, ...], stage: Stage) -> None:
    """Open, add, turn and close by combos of several sizes."""
    _open(stage, *modes)
    for sign in (1, 1, -1, -1, -1, 1):
        for legs in (_SPREAD, (*_SPREAD, *_STRADDLE), _STRADDLE):
            stage.send(stage.combo(*[leg._replace(lots=sign * leg.lots) for leg in legs]))
        stage.seal()
    stage.set_key(1, 1, scope=1)
    stage.set_key(2, 2, scope=1)
    stage.send(stage.combo(quote=stage.quote(*_SPREAD, key=2, taker=1), key=1))
    stage.force(stage.combo(*_SPREAD, nonce=0))


def _largest(modes: tuple[int, ...], stage: Stage) -> None:
    """Trade as many legs as a combo has, on pages of their own, each side stale."""
    _open(stage, *modes)
    series = (PERP, *range(3_000, 3_000 + RFQ_LEGS - 1))
    for number in series[1:]:
        for key in (terms_key, series_key, series_risk_key):
            stage.state[key(number)] = stage.state[key(HIGH)]
    for place, number in enumerate(series):
        tick = MARK if number == PERP else 100 * UNIT
        stage.hold(1, -40, -40 * tick, series=number, number=9 * place)
        stage.hold(2, 40, 40 * tick, series=number, number=9 * place + 1)
    for account in (1, 2):
        stage.make_stale(account)
    legs = [RfqLeg(number, 50, TICK if number == PERP else 100) for number in series]
    for _ in range(2):
        stage.send(stage.combo(*legs))


def _stale(which: tuple[int, ...], stage: Stage) -> None:
    """Let one side, or both, be refreshed first; one of them shows a loss then."""
    _open(stage)
    stage.hold(1, 30, 30 * MARK)
    stage.hold(2, -30, -30 * MARK)
    for account in which:
        stage.make_stale(account)
    stage.send(stage.combo(*_SPREAD))
    stage.hold(3, 90, 200 * MARK)
    stage.make_stale(3)
    stage.open(9, 60 * USD)
    stage.hold(9, -9, -9 * MARK)
    stage.make_stale(9)
    stage.send(stage.combo(*_SPREAD, account=9))
    stage.send(stage.combo(quote=stage.quote(*_SPREAD, account=9)))


def _quotes(stage: Stage) -> None:
    """Execute quotes that do not stand, then one that does, twice."""
    _open(stage)
    stage.set_key(2, 1, scope=14)
    stage.set_key(2, 2, expiry_ms=NOW)
    quote = stage.quote
    for bad in (
        quote(*_SPREAD, account=1),
        quote(*_SPREAD, account=99),
        quote(*_SPREAD, account=0),
        quote(*_SPREAD, taker=3),
        quote(*_SPREAD, expiry_ms=NOW),
        quote(*_SPREAD, nonce=NOW + NONCE_LEAD_MS + 1_000),
        *(quote(*_SPREAD, key=key) for key in (1, 2, 3, 4)),
        quote(*_SPREAD)._replace(signature=bytes(64)),
        quote(*_SPREAD)._replace(max_fee=999),
        quote(*_SPREAD)._replace(legs=_SPREAD[:1]),
    ):
        stage.send(stage.combo(quote=bad))
    stage.send(stage.combo(*_SPREAD, expiry_ms=NOW))
    stage.send(stage.combo(*_SPREAD), KEYS[2])
    good = quote(*_SPREAD)
    for _ in range(2):
        stage.send(stage.combo(quote=good))
    forced = quote(*_SPREAD)
    for _ in range(2):
        stage.force(stage.combo(quote=forced, nonce=0))


def _legs(stage: Stage) -> None:
    """Send legs that are none, each in a combo with a good one if it may come second."""
    _open(stage)
    stage.set_series(HIGH, status=3)
    stage.set_series(HIGH + 1, mark=0)
    stage.set_terms(CALL + 1, min_notional=1 << 40)
    far = TICK * 11 // 10 + 1
    for legs in (
        (_LEG, _LEG),
        (RfqLeg(PERP, 0, TICK),),
        (RfqLeg(0, 5, TICK),),
        (RfqLeg(4_096, 5, TICK),),
        (_LEG, RfqLeg(9, 5, TICK)),
        (RfqLeg(PERP, 5, 0),),
        (RfqLeg(PERP, 5, 1 << 20),),
        (RfqLeg(CALL, 5, 1 << 14),),
        (RfqLeg(SPOT, 50, TICK),),
        (_LEG, RfqLeg(FUTURE, 50, TICK)),
        (_LEG, RfqLeg(HIGH, 50, 100)),
        (_LEG, RfqLeg(HIGH + 1, 50, 100)),
        (_LEG, RfqLeg(CALL + 1, 50, 100)),
        (RfqLeg(PERP, 1_000_001, TICK),),
        (RfqLeg(PERP, -(1 << 31), TICK),),
        *((RfqLeg(PERP, lots, tick),) for lots in (50, -50) for tick in (far, 2 * TICK - far)),
        (_LEG, RfqLeg(CALL, 50, 7_000)),
    ):
        stage.send(stage.combo(*legs))


def _stopped(change: _Change, stage: Stage) -> None:
    """Let something be wrong with the taker, then the same with the maker, then with a third."""
    _open(stage)
    for account in (1, 2):
        stage.hold(account, 20, 20 * MARK)
    change(stage)
    for legs in (_SPREAD, _SPREAD[:1]):
        stage.send(stage.combo(*legs, quote=stage.quote(*legs, account=3)))
        stage.send(stage.combo(*legs, account=3))


def _each(**hot: Any) -> _Change:
    """Give both sides another hot leaf."""

    def change(stage: Stage) -> None:
        for account in (1, 2):
            stage.set_hot(account, **hot)
            stage.set_cold(account, series=PERP)

    return change


def _poor(stage: Stage) -> None:
    for account in (1, 2):
        stage.open(account, USD, rows=stage.hot(account).rows)


def _in_debt(stage: Stage) -> None:
    """Owe less than the ether and the positions are worth; nobody's interest is paid yet."""
    for account in (1, 2):
        rows = stage.hot(account).rows
        stage.open(account, -300 * USD, 10**18, rows=rows, interest_ms=NOW - 10**9)


def _keys(fields: dict[str, int], stage: Stage) -> None:
    """Sign with session keys of narrow bounds, on both sides."""
    _open(stage)
    for account in (1, 2, 3):
        stage.set_key(account, 1, **fields)
    stage.send(stage.combo(*_SPREAD, key=1))
    stage.send(stage.combo(quote=stage.quote(*_SPREAD, key=1)))


def _limits(stage: Stage) -> None:
    """Meet the limits of positions and of open interest."""
    _open(stage)
    stage.hold(1, -MAX_LOTS, -MAX_LOTS * MARK)
    stage.hold(2, MAX_LOTS, MAX_LOTS * MARK)
    stage.send(stage.combo(_LEG))
    stage.send(stage.combo(quote=stage.quote(_LEG, account=2), account=3))
    stage.set_terms(_DATED, open_interest_cap=49)
    stage.send(stage.combo(quote=stage.quote(*_SPREAD, account=3), account=4))
    stage.hold(6, 50, 50 * MARK)
    stage.state[directory_key(6)] = Directory((PERP, *range(100, 227)))
    stage.send(stage.combo(quote=stage.quote(_SPREAD[1], account=6), account=4))
    stage.send(stage.combo(quote=stage.quote(_LEG._replace(lots=-50), *_STRADDLE[:1], account=6)))


def _late(stage: Stage) -> None:
    """Trade with one's own group, then after a message of the same block."""
    _open(stage)
    stage.set_hot(2, group=stage.hot(1).group)
    stage.send(stage.combo(*_SPREAD))
    stage.deposit(3, 0, 5)
    stage.bodies.append(encode_record(Pull()))
    stage.send(stage.combo(quote=stage.quote(*_SPREAD, account=4)))


def _dear(stage: Stage, **fees: int) -> None:
    stage.set_terms(PERP, **fees)


def _pending(stage: Stage) -> None:
    stage.set_prices(ETH, pending=1)


SCENES: Final[dict[str, Scene]] = {
    "combos": partial(_trade, ()),
    "combos of a portfolio": partial(_trade, (1,)),
    "combos of two portfolios": partial(_trade, (1, 2)),
    "largest combo": partial(_largest, ()),
    "largest combo of portfolios": partial(_largest, (1, 2)),
    "combo of a stale taker": partial(_stale, (1,)),
    "combo of a stale maker": partial(_stale, (2,)),
    "combo of two stale accounts": partial(_stale, (1, 2)),
    "combos: quotes": _quotes,
    "combos: legs": _legs,
    "combo while frozen": partial(_stopped, _each(flags=FROZEN_FLAG)),
    "combo in liquidation": partial(_stopped, _each(flags=LIQUIDATING_FLAG)),
    "combo after the dead man": partial(_stopped, _each(dead_man_ms=NOW)),
    "combo of a child": partial(_stopped, _each(flags=CHILD_FLAG)),
    "combo of the poor": partial(_stopped, _poor),
    "combo of debtors": partial(_stopped, _in_debt),
    "combos: class and group": _late,
    "combo at a drifted price": partial(_stopped, Stage.restrict),
    "combo while a jump waits": partial(_stopped, _pending),
    "combo above the fee": partial(_stopped, partial(_dear, taker_fee_ppm=1_001)),
    "combo above the maker's fee": partial(_stopped, partial(_dear, maker_fee_ppm=1_001)),
    "combo above the cap of a key": partial(_keys, {"order_cap": 100 * MARK}),
    "combo beyond the markets of a key": partial(_keys, {"markets": 254}),
    "combos at their limits": _limits,
}
