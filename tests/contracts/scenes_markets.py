"""Scenes of prices, settlement, triggers and the governor, for the differential run."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from rollup_node.core.flags import STOP
from rollup_node.core.inputs import (
    ForwardReport,
    PriceReport,
    Settle,
    SettlementPrice,
    Trigger,
)
from rollup_node.core.layout import (
    MAX_BALANCE,
    POOLS_KEY,
    PRICES_KEY,
    balances_key,
    expiry_key,
    series_list_key,
)
from rollup_node.core.leaves import Balances
from rollup_node.core.market_leaves import NO_EXPIRY, Pools, SeriesList
from rollup_node.core.markets import (
    DelistSeries,
    ListSeries,
    PayFees,
    SetStatus,
    SetTerms,
    SetUnderlying,
)
from tests.contracts.stage import EXPIRY_AT, Scene, Stage
from tests.unit.core.exchange import (
    BTC,
    BUY,
    ETH,
    FUTURE,
    MARK,
    NOW,
    PERP,
    PRICE,
    TERMS,
    TICK,
)

_BELOW: Final = TICK - 100
_AT: Final = NOW // 1_000
_LATE: Final = 1_800


def _then_too_late(stage: Stage, post: Callable[[], None]) -> None:
    """Let a taker come, so that the class of what follows is over."""
    stage.send(stage.order(4, BUY, _BELOW))
    post()


# Prices


def _price(**fields: Any) -> PriceReport:
    return PriceReport(ETH, 6, NOW + 1, PRICE, 100, ())._replace(**fields)


def _price_reports(stage: Stage) -> None:
    """Report prices that are refused, one that waits, one that counts, one too late."""
    stage.report(_price(), 0, 0)
    stage.report(_price(), 0)
    stage.report(_price(underlying=8))
    stage.report(_price(round=5))
    stage.report(_price(time_ms=NOW))
    stage.report(_price(price=0))
    stage.report(_price(price=2 * PRICE))
    stage.report(_price(round=7))
    _then_too_late(stage, lambda: stage.report(_price(round=8)))


def _forward(**fields: Any) -> ForwardReport:
    return ForwardReport(BTC, 0, EXPIRY_AT, 1, NOW, 10**6, ())._replace(**fields)


def _forward_reports(stage: Stage) -> None:
    stage.report(_forward(), 0, 0)
    stage.report(_forward(), 0)
    stage.report(_forward(underlying=8))
    stage.report(_forward(underlying=3))
    stage.report(_forward(expiry_slot=5))
    stage.report(_forward(round=0))
    stage.report(_forward(time_ms=NOW - 60_001))
    stage.report(_forward(expiry=EXPIRY_AT - 1))
    stage.report(_forward(difference=PRICE))
    stage.report(_forward())
    _then_too_late(stage, lambda: stage.report(_forward(round=2)))


def _settlement(**fields: Any) -> SettlementPrice:
    return SettlementPrice(BTC, 0, _AT + 10, 0, PRICE, ())._replace(**fields)


def _settlement_prices(stage: Stage) -> None:
    stage.state[expiry_key(BTC, 0)] = NO_EXPIRY._replace(expiry_at=_AT + 10)
    stage.report(_settlement(), 0, 0)
    stage.report(_settlement(), 0)
    stage.report(_settlement(underlying=8))
    stage.report(_settlement(number=59))
    stage.report(_settlement(price=0))
    stage.report(_settlement())
    stage.report(_settlement())
    _then_too_late(stage, lambda: stage.report(_settlement(number=1)))


def _settle(age: int, stage: Stage) -> None:
    """Settle a future `age` seconds after its date, and what cannot be settled."""
    stage.hold(1, 5, 5 * MARK, series=FUTURE)
    stage.hold(2, -5, -5 * MARK, series=FUTURE)
    stage.state[expiry_key(BTC, 0)] = NO_EXPIRY._replace(expiry_at=_AT - age)
    stage.set_series(FUTURE, status=3 if age >= 0 else 1)
    for account, series in ((0, FUTURE), (1, 9), (1, PERP), (4, FUTURE), (1, FUTURE), (2, FUTURE)):
        stage.post(Settle(account, series))
    _then_too_late(stage, lambda: stage.post(Settle(1, FUTURE)))


def _settle_into_debt(stage: Stage) -> None:
    """Settle the last position of who cannot pay for it, and the last but one."""
    for account in (1, 2):
        stage.hold(account, 50, 60 * MARK, series=FUTURE)
        stage.state[balances_key(account)] = Balances((MARK, 0, 0, 0))
    stage.hold(2, 5, 5 * MARK)
    stage.state[expiry_key(BTC, 0)] = NO_EXPIRY._replace(expiry_at=_AT - _LATE, price=PRICE)
    stage.set_series(FUTURE, status=3)
    for account in (1, 2):
        stage.post(Settle(account, FUTURE))


def _samples(stage: Stage, *, empty: bool) -> None:
    """Begin an item when samples are due."""
    stage.state[series_list_key(ETH)] = SeriesList((PERP, *(0,) * 15))
    prices: Any = stage.state[PRICES_KEY]
    stage.state[PRICES_KEY] = prices._replace(sampled_ms=0)
    if not empty:
        stage.rest(1, BUY, _BELOW, 5_000)


def _reprice(stage: Stage) -> None:
    stage.state[series_list_key(ETH)] = SeriesList((PERP, *(0,) * 15))
    stage.set_prices(ETH, priced_ms=NOW - 30_000)


def _future_reprice(
    left_s: int, change: Callable[[Stage], None], date: dict[str, int], stage: Stage
) -> None:
    """Reprice a future `left_s` before its date, of whose price some rounds may be known."""
    stage.state[series_list_key(BTC)] = SeriesList((FUTURE, *(0,) * 15))
    stage.state[expiry_key(BTC, 0)] = NO_EXPIRY._replace(expiry_at=_AT + left_s, **date)
    stage.set_series(FUTURE, low=5, high=9)
    change(stage)
    stage.set_prices(BTC, priced_ms=NOW - 30_000)


def _tiny_index(stage: Stage) -> None:
    stage.set_prices(BTC, index_price=9, reference=9)


def _settled(stage: Stage) -> None:
    stage.set_series(FUTURE, status=4)


def _as_it_is(_stage: Stage) -> None:
    """Change nothing."""


_DATES: Final[dict[str, tuple[int, Callable[[Stage], None], dict[str, int]]]] = {
    "a day before": (86_400, _as_it_is, {"forward": 1_234_567}),
    "without a price": (86_400, _as_it_is, {"forward": -(1 << 60)}),
    "with half of its price": (
        900,
        _as_it_is,
        {"forward": -7_654_321, "sum": 30 * PRICE + 77, "known": 30},
    ),
    "with high rounds": (30, _as_it_is, {"sum": 59 * ((1 << 40) - 1), "known": 59}),
    "with a tiny index": (30, _tiny_index, {"sum": 40 * PRICE, "known": 40}),
    "after its date": (-1, _as_it_is, {"forward": 9 * 10**6, "sum": 11 * PRICE, "known": 11}),
    "after its date with a tiny index": (-1, _tiny_index, {"sum": PRICE, "known": 1}),
    "with all of its price": (-1, _as_it_is, {"sum": 61 * PRICE, "known": 60}),
    "with a price that is fixed": (-99, _as_it_is, {"sum": 5, "known": 2, "price": PRICE + 7}),
    "that is settled": (-99, _settled, {"price": PRICE + 7}),
}


# Triggers


def _stop(stage: Stage, change: Callable[[Stage], None], **fields: int) -> None:
    """Let the stop of account 1 be due, after a change, and anyone call for it."""
    stage.state[series_list_key(ETH)] = SeriesList((PERP, *(0,) * 15))
    terms = {"flags": BUY | STOP << 1, "trigger": TICK + 5, "reserve": 0, **fields}
    stage.rest(1, BUY, terms.pop("tick", TICK), 5, **terms)
    stage.set_series(PERP, low=TICK - 10, high=TICK + 10)
    change(stage)
    stage.post(Trigger(ETH))


def _triggers(stage: Stage) -> None:
    stage.post(Trigger(8))
    stage.post(Trigger(ETH))
    _then_too_late(stage, lambda: stage.post(Trigger(ETH)))


# The governor


def _governor(stage: Stage) -> None:
    """Send what the governor may not say, or not now, and one change that holds."""
    stage.set_series(FUTURE, status=3)
    stage.state[balances_key(4)] = Balances((MAX_BALANCE, 0, 0, 0))
    stage.state[POOLS_KEY] = Pools(10, (0,) * 8)
    stage.hold(1, 5, 5 * MARK)
    messages = (
        SetUnderlying(8, 1),
        SetTerms(9, TERMS),
        SetTerms(PERP, TERMS._replace(unit=7)),
        ListSeries(PERP, TERMS),
        DelistSeries(PERP),
        SetStatus(FUTURE, 1),
        PayFees(1, 11),
        PayFees(99, 1),
        PayFees(4, 1),
        PayFees(1, 1),
    )
    for message in messages:
        stage.admin(message)


SCENES: Final[dict[str, Scene]] = {
    "price reports": _price_reports,
    "forward reports": _forward_reports,
    **{
        f"reprice of a future {name}": partial(_future_reprice, *date)
        for name, date in _DATES.items()
    },
    "settlement prices": _settlement_prices,
    "settle before the date": partial(_settle, -100),
    "settle while prices may come": partial(_settle, 1),
    "settle": partial(_settle, _LATE),
    "settle into debt": _settle_into_debt,
    "samples": partial(_samples, empty=False),
    "samples of an empty book": partial(_samples, empty=True),
    "reprice": _reprice,
    "stop": partial(_stop, change=lambda _stage: None),
    "stop that is void": partial(_stop, change=lambda stage: stage.set_hot(1, dead_man_ms=NOW)),
    "stop above its fee": partial(_stop, change=lambda _stage: None, fee_cap_ppm=0),
    "stop out of the band": partial(_stop, change=lambda _stage: None, tick=2 * TICK),
    "stop of a series that reduces": partial(
        _stop, change=lambda stage: stage.set_series(PERP, status=2)
    ),
    "triggers": _triggers,
    "governor": _governor,
}
