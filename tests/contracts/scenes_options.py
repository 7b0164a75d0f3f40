"""Scenes of options: volatilities, dates, strikes, their repricing, trading and settlement."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from rollup_node.core.averages import NOTHING_KNOWN
from rollup_node.core.inputs import (
    DelistStrike,
    Leg,
    Liquidate,
    ListExpiry,
    ListStrike,
    MassQuote,
    Prune,
    Settle,
    SurfaceReport,
)
from rollup_node.core.layout import (
    board_key,
    expiry_key,
    option_dates_key,
    option_rules_key,
    series_key,
    series_risk_key,
    terms_key,
)
from rollup_node.core.market_leaves import NO_EXPIRY
from rollup_node.core.markets import SetExpiry, SetOptionRules
from rollup_node.core.option_leaves import (
    NO_BOARD,
    NO_STRIKE,
    Board,
    OptionDates,
    SeriesRisk,
    StrikeRow,
)
from rollup_node.core.scenarios import Valuation, value_strike
from rollup_node.core.surface import SurfaceNode
from rollup_node.devnet.markets import OPTION_RULES, smile
from tests.contracts.stage import Scene, Stage
from tests.unit.core.exchange import BUY, ETH, MARK, NOW, PRICE, SELL, STATE, TERMS, USD

SLOT: Final = 3
AT: Final = 1_065_600
"""08:00 UTC of the day after that of the stage, 1970-01-13."""

DAY: Final = 86_400
CALL: Final = 2_048
HIGH: Final = 4_094
STRIKES: Final = {CALL: 2_000 * USD, HIGH: 2_100 * USD}
TICK: Final = 100
UNIT: Final = 2_000
_AT: Final = NOW // 1_000
_IOC: Final = {"time_in_force": 2}


def open_options(stage: Stage, *, at: int = AT) -> None:
    """Give the stage rules and a date with two strikes, whose options have a mark."""
    state = stage.state
    state[option_rules_key(ETH)] = OPTION_RULES
    state[expiry_key(ETH, SLOT)] = NO_EXPIRY._replace(expiry_at=at, round=5)
    rows = tuple(StrikeRow(call, strike) for call, strike in STRIKES.items())
    nodes = smile(6_000)
    state[board_key(ETH, SLOT)] = Board(NOW - 1_000, nodes, rows + (NO_STRIKE,) * 30)
    state[option_dates_key(ETH)] = OptionDates(1 << SLOT, 2)
    for call, strike in STRIKES.items():
        for series in (call, call + 1):
            state[terms_key(series)] = TERMS._replace(
                kind=4 + (series & 1), expiry_slot=SLOT, book=series, unit=UNIT, strike=strike,
                taker_fee_ppm=300, maker_fee_ppm=100, band_ppm=50_000,
            )  # fmt: skip
            margins = {"mark": TICK * UNIT, "initial": 3 * USD, "maintenance": USD}
            state[series_key(series)] = STATE._replace(**margins)
            state[series_risk_key(series)] = _risk(series, strike)


def _risk(series: int, strike: int) -> SeriesRisk:
    """Return the risk array of an option at the mark of the stage, a month before its date."""
    found = value_strike(
        Valuation(PRICE, strike, 100, smile(6_000), 30 * DAY * 1_000, 160_000, NOTHING_KNOWN)
    )
    return SeriesRisk(7, *found[series & 1][1:])


def _then_too_late(stage: Stage, post: Callable[[], None]) -> None:
    """Let a taker come, so that the class of what follows is over."""
    stage.send(stage.order(4, BUY))
    post()


# What publishers and anyone may say


def _surface(**fields: Any) -> SurfaceReport:
    return SurfaceReport(ETH, SLOT, AT, 6, NOW, 0, smile(6_200), ())._replace(**fields)


def _surfaces(stage: Stage) -> None:
    open_options(stage)
    for slot, days in ((4, 1), (2, -1)):
        stage.state[expiry_key(ETH, slot)] = NO_EXPIRY._replace(expiry_at=AT + days * DAY // 2)
        stage.state[board_key(ETH, slot)] = NO_BOARD._replace(surface_ms=NOW, nodes=smile(6_000))
    jagged = (*smile(6_000)[:15], SurfaceNode(300_001, 30_000))
    stage.report(_surface(), 0, 0)
    stage.report(_surface(), 0)
    stage.report(_surface(underlying=8))
    stage.report(_surface(expiry_slot=16))
    stage.report(_surface(underlying=3))
    stage.report(_surface(expiry_slot=5))
    stage.report(_surface(round=5))
    stage.report(_surface(time_ms=NOW - 60_001))
    stage.report(_surface(expiry=AT + 1))
    stage.report(_surface(difference=401 * USD))
    stage.report(_surface(difference=-(1 << 63)))
    stage.report(_surface(nodes=smile(6_000)[::-1]))
    stage.report(_surface(nodes=(*smile(6_000)[:15], SurfaceNode(900_000, 0))))
    stage.report(_surface(nodes=jagged))
    stage.report(_surface(nodes=smile(12_000)))
    stage.report(_surface(nodes=smile(3_000)))
    stage.report(_surface(difference=-3 * USD))
    stage.report(_surface(round=7, nodes=smile(6_201)))
    _then_too_late(stage, lambda: stage.report(_surface(round=8)))


def _surface_that_waits(stage: Stage) -> None:
    """Let a first surface make a reprice due a second later, which the seal begins."""
    open_options(stage)
    board: Any = stage.state[board_key(ETH, SLOT)]
    stage.state[board_key(ETH, SLOT)] = board._replace(surface_ms=0)
    stage.report(_surface())
    stage.seal(900)
    stage.seal(110)


def _dates(stage: Stage) -> None:
    open_options(stage)
    stage.state[expiry_key(ETH, 0)] = NO_EXPIRY._replace(expiry_at=_AT - 50)
    for record in (
        ListExpiry(8, 5, AT + DAY),
        ListExpiry(1, 5, AT + DAY),
        ListExpiry(ETH, 16, AT + DAY),
        ListExpiry(ETH, 5, AT + DAY + 1),
        ListExpiry(ETH, 5, (1 << 64) - 1),
        ListExpiry(ETH, 5, AT),
        ListExpiry(ETH, SLOT, AT + DAY),
        ListExpiry(ETH, 0, AT + DAY),
        ListExpiry(ETH, 1, AT + 2 * DAY),
        *(ListExpiry(ETH, 6, AT + days * DAY) for days in range(3, 370, 7)),
    ):
        stage.post(record)
    _then_too_late(stage, lambda: stage.post(ListExpiry(ETH, 7, AT + 2 * DAY)))


def _date_in_use(stage: Stage) -> None:
    open_options(stage, at=_AT - 10)
    stage.post(ListExpiry(ETH, SLOT, AT))
    stage.admin(SetExpiry(ETH, SLOT, AT))


def _strike(**fields: Any) -> ListStrike:
    return ListStrike(ETH, SLOT, 2_050 * USD, 2_060)._replace(**fields)


def _strikes(stage: Stage) -> None:
    open_options(stage)
    stage.state[expiry_key(ETH, 2)] = NO_EXPIRY._replace(expiry_at=_AT + 1_800)
    stage.state[series_key(2_071)] = STATE
    for record in (
        _strike(underlying=8),
        _strike(underlying=1),
        _strike(series=2_061),
        _strike(series=4_096),
        _strike(expiry_slot=2),
        _strike(strike=2_051 * USD),
        _strike(strike=0),
        _strike(strike=3_050 * USD),
        _strike(strike=1 << 63),
        _strike(strike=2_100 * USD),
        _strike(series=HIGH),
        _strike(series=2_070),
        _strike(),
        _strike(strike=1_000 * USD, series=4_092),
    ):
        stage.post(record)
    stage.send(stage.order(2, BUY, TICK, 50, series=2_060))
    stage.seal(30_000)
    stage.post(_strike(strike=2_500 * USD, series=2_080))
    _then_too_late(stage, lambda: stage.post(_strike(strike=2_550 * USD, series=2_082)))


def _strikes_beyond(stage: Stage, *, board: bool) -> None:
    open_options(stage)
    if board:
        rows = tuple(StrikeRow(2_100 + 2 * n, (1_100 + n) * USD) for n in range(32))
        stage.state[board_key(ETH, SLOT)] = NO_BOARD._replace(strikes=rows)
    else:
        stage.state[option_dates_key(ETH)] = OptionDates(1 << SLOT, 128)
    stage.post(_strike())


def _delist(stage: Stage) -> None:
    open_options(stage)
    for series in (CALL + 1, 2_060):
        stage.post(DelistStrike(series))
    stage.post(DelistStrike(CALL))
    _then_too_late(stage, lambda: stage.post(DelistStrike(CALL)))


def _delist_unwanted(stage: Stage) -> None:
    """Take off what nobody held or quoted for a day, and nothing that is younger."""
    open_options(stage, at=AT + 30 * DAY)
    for call, funded_ms in ((CALL, NOW - DAY * 1_000), (HIGH, NOW - DAY * 1_000 + 1)):
        stage.set_series(call, funded_ms=funded_ms)
        stage.post(DelistStrike(call))


def _delist_ordered(stage: Stage, *, is_full: bool) -> None:
    """Take off what only orders keep, prune them, list the numbers again."""
    open_options(stage, at=AT + 30 * DAY)
    stage.set_series(CALL, funded_ms=NOW - DAY * 1_000)
    stage.send(stage.order(1, SELL, TICK, 500, series=CALL))
    stage.send(stage.order(2, BUY, TICK, 500, series=CALL + 1))
    stage.seal()
    if is_full:
        stage.state[option_dates_key(ETH)] = OptionDates(1 << SLOT, 128)
    stage.post(DelistStrike(CALL))
    stage.seal()
    again = _strike(strike=2_150 * USD, series=CALL)
    stage.post(again)
    for order in (1, 2):
        stage.post(Prune(order))
    stage.post(again)


def _delist_after(stage: Stage) -> None:
    open_options(stage, at=_AT - 10)
    stage.set_series(HIGH, open_interest=4)
    for series in (HIGH, CALL, CALL):
        stage.post(DelistStrike(series))
    stage.post(ListStrike(ETH, SLOT, 2_000 * USD, CALL))


def _rules(stage: Stage) -> None:
    for fields in ({}, {"floor_ppm": 1}, {"strike_step": 7}, {"scan_ppm": 0}, {"unit": 0}):
        stage.admin(SetOptionRules(ETH, OPTION_RULES._replace(**fields)))
    stage.admin(SetOptionRules(8, OPTION_RULES))


# Repricing


def _reprice(stage: Stage, change: Callable[[Stage], None] = lambda _stage: None) -> None:
    """Begin an item when the underlying is due."""
    open_options(stage)
    change(stage)
    stage.set_prices(ETH, priced_ms=NOW - 30_000)


def _board(stage: Stage, **fields: Any) -> None:
    leaf: Any = stage.state[board_key(ETH, SLOT)]
    stage.state[board_key(ETH, SLOT)] = leaf._replace(**fields)


def _expiry(stage: Stage, **fields: Any) -> None:
    leaf: Any = stage.state[expiry_key(ETH, SLOT)]
    stage.state[expiry_key(ETH, SLOT)] = leaf._replace(**fields)


def _closed(stage: Stage) -> None:
    stage.state[option_rules_key(ETH)] = OPTION_RULES._replace(status=0, scan_ppm=500_000)


def _two_dates(stage: Stage) -> None:
    stage.state[option_dates_key(ETH)] = OptionDates(1 << SLOT | 1 << 15, 3)
    stage.state[expiry_key(ETH, 15)] = NO_EXPIRY._replace(expiry_at=AT + 200 * DAY, forward=-USD)
    rows = (NO_STRIKE,) * 31 + (StrikeRow(3_000, 2_500 * USD),)
    stage.state[board_key(ETH, 15)] = Board(NOW, smile(9_000), rows)
    for series in (3_000, 3_001):
        stage.state[terms_key(series)] = TERMS._replace(
            kind=4 + (series & 1), expiry_slot=15, book=series, strike=2_500 * USD
        )
        stage.state[series_key(series)] = STATE._replace(status=2)


def _last_minutes(stage: Stage, left_s: int) -> None:
    _expiry(stage, expiry_at=_AT + left_s)


def _known(date: dict[str, int], stage: Stage) -> None:
    """Let rounds of the settlement price be known, some seconds before the date or after it."""
    fields = {"left_s": 600, **date}
    _expiry(stage, expiry_at=_AT + fields.pop("left_s"), **fields)


def _large_lots(stage: Stage) -> None:
    stage.set_terms(CALL, lots_per_unit=1, strike=100 * USD)


def _settled_one(stage: Stage) -> None:
    _expiry(stage, expiry_at=_AT - 5)
    stage.set_series(CALL, status=4)


# Trading


def _trade(stage: Stage) -> None:
    """Rest, take, reserve, refuse: calls and puts in the same book as all else."""
    open_options(stage)
    put = CALL + 1
    stage.open(9, 150 * USD)
    stage.send(stage.order(1, SELL, TICK, 500, series=CALL))
    stage.send(stage.order(2, BUY, TICK - 5, 300, series=CALL, slot=9))
    stage.send(stage.order(3, BUY, TICK + 1, 400, series=CALL, max_fee=300))
    stage.send(stage.order(4, SELL, TICK - 5, 200, series=CALL, **_IOC))
    stage.send(stage.order(9, BUY, TICK, 900, series=CALL, **_IOC))
    stage.send(stage.order(1, BUY, 1, 5_000, series=put))
    stage.send(stage.order(2, SELL, 1, 4_000, series=put, **_IOC))
    for fields in (
        {"kind": 2, "trigger": TICK + 9},
        {"price": 1 << 14},
        {"price": 1 << 19, "series": 1},
        {"price": TICK + 600},
        {"max_fee": 299},
        {"quantity": 1},
        {"reduce_only": 1},
    ):
        stage.send(stage.order(5, BUY, TICK, 50, series=CALL)._replace(**fields))
    legs = tuple(Leg(series, side, 40 + n, TICK + 40 * side - 20, 60) for n, (series, side) in
                 enumerate([(CALL, 0), (CALL, 1), (put, 0), (HIGH, 1)]))  # fmt: skip
    stage.seal()
    stage.send(MassQuote(6, 0, 1_000, legs, stage.nonce()))
    stage.send(stage.order(7, BUY, TICK + 30, 90, series=CALL, time_in_force=2))
    stage.force(stage.order(3, SELL, TICK - 30, 90, series=CALL, time_in_force=2, reduce_only=1))
    stage.force(stage.order(4, BUY, 9, 90, series=CALL + 1))


def _too_late_to_trade(stage: Stage) -> None:
    open_options(stage)
    slot = stage.rest(1, SELL, TICK, 50, series=CALL)
    assert slot == 1
    _expiry(stage, expiry_at=_AT)
    stage.send(stage.order(2, BUY, TICK, 50, series=CALL))


def _liquidate(stage: Stage) -> None:
    """Mark an account that is short of calls, and let it be for sale: no option is traded."""
    open_options(stage)
    stage.open(9, 20 * USD)
    stage.hold(9, -50, -50 * TICK * UNIT, series=CALL)
    stage.hold(1, 50, 50 * TICK * UNIT, series=CALL)
    stage.post(Liquidate(9, CALL))
    stage.post(Liquidate(9, CALL))
    stage.seal(60_000)
    stage.post(Liquidate(9, CALL))


def _refresh(stage: Stage) -> None:
    """Take with accounts that hold longs and shorts of an older epoch, one of them settled."""
    open_options(stage)
    stage.hold(1, 50, 50 * MARK, series=1)
    stage.hold(1, 50, 50 * TICK * UNIT, series=CALL, number=1)
    stage.hold(1, -20, -20 * TICK * UNIT, series=HIGH, number=9)
    stage.hold(1, 30, 30 * TICK * UNIT, series=CALL + 1, number=17)
    stage.set_series(CALL + 1, status=4, initial=0, maintenance=0)
    stage.make_stale(1)
    stage.send(stage.order(1, BUY, TICK, 50, series=CALL))


# The end


def _settle(stage: Stage, *, call: int, price: int, age: int = 1_800) -> None:
    """Settle a call and its put, both sides, after the date; without any price by the reference."""
    open_options(stage, at=_AT - age)
    _expiry(stage, price=price)
    for series in (call, call + 1):
        stage.set_series(series, status=3)
        stage.hold(1, 50, 50 * TICK * UNIT, series=series, number=series & 1)
        stage.hold(2, -50, -50 * TICK * UNIT, series=series, number=series & 1)
    for account, series in ((1, call), (2, call), (2, call + 1), (1, call + 1), (1, call)):
        stage.post(Settle(account, series))
    stage.force(Settle(3, call))
    stage.force(DelistStrike(call))


_ROUNDS: Final[dict[str, dict[str, int]]] = {
    "a few": {"sum": 7 * PRICE + 123, "known": 7, "forward": 7_654_321},
    "nearly all": {"sum": 59 * PRICE - 1_001, "known": 59, "left_s": 1},
    "far higher": {"sum": 40 * 3 * PRICE, "known": 40},
    "far lower": {"sum": 40 * 1_000, "known": 40},
    "the largest": {"sum": 59 * ((1 << 40) - 1), "known": 59},
    "all": {"sum": 60 * PRICE + 6_001 * USD, "known": 60, "left_s": 1},
    "all but one after the date": {"sum": 59 * PRICE, "known": 59, "left_s": -1},
    "all after the date": {"sum": 60 * PRICE - 6_001 * USD, "known": 60, "left_s": -1},
    "some and a fixed price": {"sum": PRICE, "known": 1, "left_s": -9, "price": 2_051 * USD},
}
"""What is known of a settlement price: sum and number of rounds, and seconds to the date."""

SCENES: Final[dict[str, Scene]] = {
    "surface reports": _surfaces,
    "surface that waits": _surface_that_waits,
    "dates of options": _dates,
    "date of options in use": _date_in_use,
    "strikes": _strikes,
    "strikes beyond a board": partial(_strikes_beyond, board=True),
    "strikes beyond all": partial(_strikes_beyond, board=False),
    "delist": _delist,
    "delist after the date": _delist_after,
    "delist what nobody wants": _delist_unwanted,
    "delist what only orders keep": partial(_delist_ordered, is_full=False),
    "delist what only orders keep from others": partial(_delist_ordered, is_full=True),
    "option rules": _rules,
    "strike reprice": _reprice,
    "strike reprice of two dates": partial(_reprice, change=_two_dates),
    "strike reprice without volatilities": partial(
        _reprice, change=lambda stage: _board(stage, surface_ms=0)
    ),
    "strike reprice with old volatilities": partial(
        _reprice, change=lambda stage: _board(stage, surface_ms=NOW - 600_001)
    ),
    "strike reprice without a forward": partial(
        _reprice, change=lambda stage: _expiry(stage, forward=-(1 << 40))
    ),
    "strike reprice with a forward": partial(
        _reprice, change=lambda stage: _expiry(stage, forward=123_456_789)
    ),
    "strike reprice by closed rules": partial(_reprice, change=_closed),
    "strike reprice that does not fit": partial(_reprice, change=_large_lots),
    "strike reprice at the date": partial(_reprice, change=partial(_last_minutes, left_s=0)),
    "strike reprice a second before": partial(_reprice, change=partial(_last_minutes, left_s=1)),
    "strike reprice an hour before": partial(_reprice, change=partial(_last_minutes, left_s=3_600)),
    **{
        f"strike reprice with {name} rounds": partial(_reprice, change=partial(_known, known))
        for name, known in _ROUNDS.items()
    },
    "strike reprice of a settled call": partial(_reprice, change=_settled_one),
    "options trade": _trade,
    "options too late to trade": _too_late_to_trade,
    "options of who is liquidated": _liquidate,
    "options refreshed": _refresh,
    "options settle in the money": partial(_settle, call=CALL, price=2_345_678_901),
    "options settle out of the money": partial(_settle, call=HIGH, price=1_999 * USD),
    "options settle by the reference": partial(_settle, call=CALL, price=0),
    "options settle too early": partial(_settle, call=CALL, price=0, age=100),
}
