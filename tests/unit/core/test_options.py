"""Options from their price to their end: repricing, margins, fees, settlement. V-13, V-14, M-12."""

from math import erf, log, sqrt
from typing import Any, Final

import pytest

from rollup_node.codec.admin import encode_admin
from rollup_node.core.averages import NOTHING_KNOWN, Average
from rollup_node.core.inputs import Leg, Liquidate, Settle, SettlementPrice, SurfaceReport
from rollup_node.core.kinds import Phase
from rollup_node.core.layout import (
    PRICES_KEY,
    board_key,
    expiry_key,
    hot_key,
    series_key,
    series_risk_key,
    terms_key,
)
from rollup_node.core.market_leaves import Prices
from rollup_node.core.markets import SetOptionRules
from rollup_node.core.option_leaves import SeriesRisk
from rollup_node.core.reason import Reason
from rollup_node.core.scenarios import Valuation, shock_deviation, value_linear, value_strike
from rollup_node.core.settlement import compute_payout
from rollup_node.core.surface import SurfaceNode
from rollup_node.devnet.markets import OPTION_RULES, smile
from tests.property.arena import ETH, OPTION_SLOT, OPTIONS, OPTIONS_AT, PERP, PUBLISHERS, USD, Arena
from tests.property.ledger import Ledger

CALL, PUT, HIGH_CALL, _ = OPTIONS
MONTH_MS: Final = 30 * 86_400_000
LOTS: Final = 100


def flat(volatility: int) -> tuple[SurfaceNode, ...]:
    """Return the same volatility everywhere."""
    return tuple(SurfaceNode(10_000 * n, volatility) for n in range(16))


def black(forward: float, strike: float, volatility: float, years: float) -> float:
    """Return the price of a call as the textbook has it."""
    deviation = volatility * sqrt(years)
    d1 = log(forward / strike) / deviation + deviation / 2
    below = [(1 + erf(d / sqrt(2))) / 2 for d in (d1, d1 - deviation)]
    return forward * below[0] - strike * below[1]


def change(arena: Arena, key: Any, **fields: Any) -> None:
    """Change fields of a leaf."""
    arena.state[key] = arena.leaf(key)._replace(**fields)


def reprice(arena: Arena) -> None:
    """Let half a minute pass, so all is repriced; the price is reported anew."""
    arena.seal(30_000)


@pytest.fixture(name="arena")
def _arena() -> Arena:
    arena = Arena()
    for account in range(1, 5):
        arena.deposit(account, 0, 10**6 * USD)
    arena.seal()
    return arena


def test_value_strike_is_black_of_every_scenario() -> None:
    valuation = Valuation(
        3_000 * USD, 3_100 * USD, 100, flat(6_000), MONTH_MS, 160_000, NOTHING_KNOWN
    )
    call, put = value_strike(valuation)
    years = 30 / 365
    now = black(3_000, 3_100, 0.6, years)
    assert call.mark == pytest.approx(now * USD / 100, abs=1)
    assert put.mark == pytest.approx((now + 100) * USD / 100, abs=1)
    volatilities = (0.6 * 0.7, 0.6, 0.6 * 1.5)
    scenarios = [(j * 0.04, v, 1.0) for j in range(-4, 5) for v in volatilities]
    tails = (-0.66, -0.33, 0.5, 1.0, 5.0)
    scenarios += [(move, volatilities[2], min(1.0, 0.12 / abs(move))) for move in tails]
    assert len(scenarios) == len(call.gains) == 32
    for slot, (move, volatility, weight) in enumerate(scenarios):
        then = black(3_000 * (1 + move), 3_100, volatility, years)
        gain = (then - now) * weight * USD / 100
        assert call.gains[slot] == pytest.approx(gain, abs=6), slot
        assert put.gains[slot] == pytest.approx(gain - 3_000 * move * weight * USD / 100, abs=60), (
            slot
        )
    assert call.gains[13] == put.gains[13] == 0
    assert call.delta - put.delta == 10**6


def test_shock_deviation_is_larger_the_nearer_the_date_and_at_least_forty_percent() -> None:
    day = 86_400_000
    for days, factor in ((1, 30**0.3), (10, 3**0.3), (30, 1), (60, 0.5**0.13), (400, 0.72265)):
        down, same, up = shock_deviation(10**35, days * day)
        assert same == 10**35
        assert up / 10**35 == pytest.approx(1 + 0.5 * factor, rel=1e-5)
        assert down / 10**35 == pytest.approx(1 - 0.3 * factor, rel=1e-5)
    low = shock_deviation(1, MONTH_MS)
    assert low[2] / 2**112 == pytest.approx(0.4 * sqrt(30 / 365), rel=1e-9)
    hours = [shock_deviation(10**35, hour * 3_600_000)[2] for hour in range(1, 9_000)]
    assert hours == sorted(hours, reverse=True)


def test_reprice_gives_call_and_put_mark_requirement_and_risk_of_the_epoch(arena: Arena) -> None:
    reprice(arena)
    row = arena.row(ETH)
    call, put = arena.series(CALL), arena.series(PUT)
    risk: SeriesRisk = arena.leaf(series_risk_key(CALL))
    assert call.epoch == put.epoch == risk.epoch == row.epoch
    # strike 3,000 at the forward: call and put are worth the same
    assert call.mark == put.mark > 0
    assert call.initial == put.initial == 3_000 * USD * 15 // 100 // LOTS
    assert call.maintenance == 3_000 * USD * 75 // 1_000 // LOTS
    high, low = arena.series(HIGH_CALL), arena.series(HIGH_CALL + 1)
    assert high.initial == (450 - 100) * USD // LOTS
    assert low.initial == 450 * USD // LOTS
    assert low.mark - high.mark == pytest.approx(100 * USD // LOTS, abs=1)
    assert 0 < risk.delta < 10**6
    assert arena.leaf(series_risk_key(PUT)).delta == risk.delta - 10**6


def test_reprice_of_far_options_requires_the_floor(arena: Arena) -> None:
    arena.move(ETH, 2_100 * USD)
    reprice(arena)
    assert arena.series(CALL).initial == 210 * USD // LOTS


def test_reprice_without_volatilities_or_rules_or_news_only_reduces(arena: Arena) -> None:
    reprice(arena)
    marked = arena.series(CALL).mark
    change(arena, board_key(ETH, OPTION_SLOT), surface_ms=0)
    reprice(arena)
    stopped = arena.series(CALL)
    assert (stopped.status, stopped.mark, stopped.epoch) == (2, marked, arena.row(ETH).epoch)
    assert arena.surface(6_000) is Reason.OK
    reprice(arena)
    assert arena.series(CALL).status == 1
    change(arena, board_key(ETH, OPTION_SLOT), surface_ms=arena.now() + 30_000 - 600_001)
    reprice(arena)
    assert arena.series(CALL).status == 2
    change(arena, board_key(ETH, OPTION_SLOT), surface_ms=arena.now())
    arena.admin(encode_admin(SetOptionRules(ETH, OPTION_RULES._replace(status=0))))
    reprice(arena)
    assert arena.series(CALL).status == 2


def test_reprice_of_a_gain_that_does_not_fit_keeps_mark_and_only_reduces(arena: Arena) -> None:
    for series in (CALL, PUT):
        change(arena, terms_key(series), lots_per_unit=1)
    marked = arena.series(CALL).mark
    change(arena, terms_key(CALL), strike=1 << 38)
    reprice(arena)
    assert (arena.series(PUT).status, arena.series(CALL).mark) == (2, marked)


def test_reprice_at_the_date_expires_call_and_put_at_what_the_index_would_pay(arena: Arena) -> None:
    reprice(arena)
    before = arena.series(CALL)
    arena.seal(OPTIONS_AT * 1_000 - arena.now())
    call, put = arena.series(CALL), arena.series(PUT)
    index = arena.row(ETH).index_price
    assert (call.status, call.mark) == (3, max(1, (index - 3_000 * USD) // 100))
    assert (put.status, put.mark) == (3, max(1, (3_000 * USD - index) // 100))
    assert call.initial == before.initial
    assert call.epoch == arena.row(ETH).epoch
    gains = arena.leaf(series_risk_key(CALL)).gains
    assert gains[12:15] == (0, 0, 0), "volatilities are over"
    assert gains[24:27] == ((index * 16 // 100) // 100,) * 3


@pytest.mark.parametrize("known", [1, 30, 59])
def test_value_strike_of_known_rounds_is_a_part_of_an_option_at_another_strike(known: int) -> None:
    """What is left of the sixty rounds has to make up for those that are known."""
    left = 60 - known
    strike, lots, at = 3_010 * USD, 100, 3_005 * USD
    whole = Valuation(3_000 * USD, strike, lots, flat(6_000), 10**6, 160_000, NOTHING_KNOWN)
    found = value_strike(whole._replace(average=Average(known * at, left)))
    moved = (60 * strike - known * at) // left
    parts = value_strike(whole._replace(strike=moved))
    for part, all_of_it in zip(found, parts, strict=True):
        numbers = zip((part.mark, *part.gains), (all_of_it.mark, *all_of_it.gains), strict=True)
        for mine, scaled in numbers:
            assert mine == pytest.approx(scaled * left / 60, abs=2)
        assert part.delta == pytest.approx(all_of_it.delta * left / 60, abs=2)
    sums = [call - put for call, put in zip(found[0].gains, found[1].gains, strict=True)]
    for gain, linear in zip(
        sums, value_linear(3_000 * USD * left, 60 * lots, 160_000), strict=True
    ):
        assert abs(gain - linear) <= 1, "parity, whatever is known"


def test_value_strike_that_is_reached_gains_what_is_left_and_nothing_without_rounds() -> None:
    lots = 100
    whole = Valuation(3_000 * USD, 1_000 * USD, lots, flat(6_000), 10**6, 160_000, NOTHING_KNOWN)
    call, put = value_strike(whole._replace(average=Average(40 * 3_000 * USD, 20)))
    assert (call.mark, put.mark) == (2_000 * USD // lots, 1)
    assert (call.delta, put.delta, put.gains) == (333_333, 0, (0,) * 32)
    assert call.gains == value_linear(3_000 * USD * 20, 60 * lots, 160_000)
    for strike, marks in ((2_900 * USD, (USD, 1)), (3_100 * USD, (1, USD)), (3_000 * USD, (1, 1))):
        known = whole._replace(strike=strike, average=Average(60 * 3_000 * USD, 0))
        found = value_strike(known)
        assert tuple(moves.mark for moves in found) == marks
        assert all(moves.gains == (0,) * 32 and moves.delta == 0 for moves in found)


def report(arena: Arena, **fields: Any) -> Reason:
    """Report volatilities of the options' date."""
    arena.rounds += 1
    arena.seal()
    record = SurfaceReport(
        ETH, OPTION_SLOT, OPTIONS_AT, arena.rounds, arena.now(), 0, smile(6_000), ()
    )._replace(**fields)
    return arena.open_record(record, PUBLISHERS[:3])


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, Reason.OK),
        ({"underlying": 8}, Reason.UNKNOWN_UNDERLYING),
        ({"underlying": 2}, Reason.UNKNOWN_UNDERLYING),
        ({"expiry_slot": 16}, Reason.UNKNOWN_UNDERLYING),
        ({"expiry_slot": 7}, Reason.EXPIRED),
        ({"round": 0}, Reason.OLD_ROUND),
        ({"time_ms": 0}, Reason.BAD_TIME),
        ({"expiry": OPTIONS_AT - 86_400}, Reason.BAD_TIME),
        ({"difference": 600 * USD + 1}, Reason.BAD_PRICE),
        ({"difference": -600 * USD}, Reason.OK),
        ({"nodes": smile(6_000)[:15]}, Reason.BAD_PARAMETERS),
        ({"nodes": smile(6_000)[::-1]}, Reason.BAD_PARAMETERS),
        ({"nodes": (*smile(6_000)[:15], SurfaceNode(900_000, 0))}, Reason.BAD_PARAMETERS),
        ({"nodes": (*smile(6_000)[:15], SurfaceNode(300_001, 30_000))}, Reason.ARBITRAGE_BUTTERFLY),
    ],
)
def test_surface_report_checks_time_forward_and_volatilities(
    arena: Arena, fields: dict[str, Any], reason: Reason
) -> None:
    assert report(arena, **fields) is reason
    if reason is Reason.OK:
        expiry = arena.leaf(expiry_key(ETH, OPTION_SLOT))
        assert (expiry.round, expiry.forward) == (arena.rounds, fields.get("difference", 0))
        assert arena.leaf(board_key(ETH, OPTION_SLOT)).nodes == smile(6_000)


def test_surface_report_against_the_dates_beside_it(arena: Arena) -> None:
    for slot, days in ((9, 1), (2, -1)):
        at = OPTIONS_AT + days * 86_400
        arena.state[expiry_key(ETH, slot)] = arena.leaf(expiry_key(ETH, 0))._replace(expiry_at=at)
    now_s, later = arena.now() // 1_000, OPTIONS_AT + 86_400
    assert report(arena, expiry_slot=9, expiry=later, nodes=flat(6_000)) is Reason.OK
    ratio = sqrt((OPTIONS_AT + 86_400 - now_s) / (OPTIONS_AT - now_s))
    assert report(arena, nodes=flat(int(6_000 * ratio) - 5)) is Reason.OK
    assert report(arena, nodes=flat(int(6_000 * ratio) + 5)) is Reason.ARBITRAGE_CALENDAR
    low = report(arena, expiry_slot=9, expiry=later, nodes=flat(4_000))
    assert low is Reason.ARBITRAGE_CALENDAR
    # the date before has none yet, so it says nothing
    assert report(arena, nodes=flat(6_000)) is Reason.OK


def test_surface_report_that_moves_makes_a_reprice_due_in_a_second(arena: Arena) -> None:
    reprice(arena)
    arena.seal(2_000)
    epoch = arena.row(ETH).epoch
    assert report(arena, nodes=smile(6_050)) is Reason.OK
    arena.seal(2_000)
    assert arena.row(ETH).epoch == epoch
    assert report(arena, nodes=smile(6_200)) is Reason.OK
    assert report(arena, nodes=smile(6_400)) is Reason.OK
    arena.seal(900)
    assert arena.row(ETH).epoch == epoch
    arena.seal(80)
    assert arena.row(ETH).epoch == epoch + 1


def deal(arena: Arena, series: int, buyer: int, seller: int, lots: int) -> int:
    """Let one account buy lots of another at the tick of the mark; return the tick."""
    reprice(arena)
    arena.report(ETH, arena.row(ETH).index_price)
    arena.seal()
    tick = arena.tick(series)
    quote = arena.quote(seller, Leg(series, 1, 30, tick, lots))
    assert arena.send(quote) is Reason.OK
    arena.seal()
    order = arena.order(buyer, 0, tick, lots, series=series, time_in_force=2)
    assert arena.send(order) is Reason.OK
    return tick


def test_fill_of_an_option_moves_no_cash_but_fees_and_margins_each_side(arena: Arena) -> None:
    tick = deal(arena, CALL, 1, 2, 50)
    look = Ledger(arena.state, arena.now())
    look.check()
    assert look.lots(1, CALL) == 50 == -look.lots(2, CALL)
    notional = 50 * 30 * USD
    assert look.amounts(1)[0] == 10**6 * USD - notional * 300 // 10**6
    assert look.amounts(2)[0] == 10**6 * USD - notional * 100 // 10**6
    state = arena.series(CALL)
    bought, sold = (look.hot(account).rows[ETH] for account in (1, 2))
    assert bought.initial == bought.maintenance == 50 * state.mark
    assert bought.value == 50 * state.mark - 50 * tick * 2_000
    assert (sold.initial, sold.maintenance) == (50 * state.initial, 50 * state.maintenance)


def test_fee_of_a_cheap_option_is_an_eighth_of_the_premium(arena: Arena) -> None:
    change(arena, expiry_key(ETH, OPTION_SLOT), expiry_at=arena.now() // 1_000 + 7_200)
    tick = deal(arena, HIGH_CALL, 1, 2, 50)
    look = Ledger(arena.state, arena.now())
    assert 50 * tick * 2_000 // 8 < 50 * 31 * USD * 300 // 10**6
    assert look.amounts(1)[0] == 10**6 * USD - 50 * tick * 2_000 // 8


def test_long_option_whose_premium_an_account_cannot_pay_is_refused(arena: Arena) -> None:
    arena.deposit(7, 0, 100 * USD)
    reprice(arena)
    arena.report(ETH, arena.row(ETH).index_price)
    mark = arena.series(CALL).mark
    affordable = int(100 * USD / (mark * 1.02 + 30 * USD * 300 / 10**6))
    for lots, done in ((affordable + 3, False), (affordable - 3, True)):
        arena.seal()
        assert arena.send(arena.quote(3, Leg(CALL, 1, 30, arena.tick(CALL), lots))) is Reason.OK
        arena.seal()
        arena.send(arena.order(7, 0, arena.tick(CALL), lots, series=CALL, time_in_force=2))
        assert (Ledger(arena.state, arena.now()).lots(7, CALL) == lots) is done


def test_resting_orders_of_options_reserve_premium_or_a_part_of_the_strike(arena: Arena) -> None:
    reprice(arena)
    arena.report(ETH, arena.row(ETH).index_price)
    arena.seal()
    tick = arena.tick(CALL)
    assert arena.send(arena.quote(1, Leg(CALL, 0, 1, tick - 20, 50))) is Reason.OK
    assert arena.leaf(hot_key(1)).reserve == 50 * (tick - 20) * 2_000
    assert arena.send(arena.quote(2, Leg(CALL, 1, 1, tick + 20, 50))) is Reason.OK
    assert arena.leaf(hot_key(2)).reserve == 50 * 30 * USD // 100


def test_option_orders_have_no_trigger_a_band_of_the_strike_and_few_ticks(arena: Arena) -> None:
    reprice(arena)
    arena.report(ETH, arena.row(ETH).index_price)
    tick = arena.tick(CALL)
    band = 30 * USD * 50_000 // 10**6 // 2_000
    for fields, reason in (
        ({"kind": 2, "trigger": tick + 9}, Reason.BAD_ORDER),
        ({"price": 1 << 14}, Reason.PRICE_OUT_OF_RANGE),
        ({"price": tick + band + 2}, Reason.PRICE_BAND),
        ({"price": tick + band}, Reason.OK),
    ):
        arena.seal()
        order = arena.order(1, 0, tick, 50, series=CALL)._replace(**fields)
        assert arena.send(order) is reason, fields


def test_liquidate_does_not_trade_options_but_sells_the_account(arena: Arena) -> None:
    arena.deposit(7, 0, 4_000 * USD)
    deal(arena, CALL, 1, 7, 600)
    arena.move(ETH, 3_500 * USD)
    reprice(arena)
    arena.report(ETH, arena.row(ETH).index_price)
    arena.seal()
    assert arena.open_record(Liquidate(7, CALL)) is Reason.OK
    assert arena.leaf(hot_key(7)).flags & 2
    arena.seal()
    assert arena.open_record(Liquidate(7, CALL)) is Reason.SERIES_CLOSED
    assert Ledger(arena.state, arena.now()).lots(7, CALL) == -600


@pytest.mark.parametrize(
    ("kind", "price", "payout"),
    [
        (3, 3_100 * USD + 99, 31 * USD),
        (4, 3_000 * USD, 0),
        (4, 2_000 * USD, 0),
        (4, 3_000 * USD + 99, 0),
        (4, 3_100 * USD + 199, USD + 1),
        (5, 3_000 * USD, 0),
        (5, 2_900 * USD - 199, USD + 1),
        (5, 3_100 * USD, 0),
    ],
)
def test_compute_payout_is_what_the_option_ends_in_rounded_down(
    arena: Arena, kind: int, price: int, payout: int
) -> None:
    terms = arena.leaf(terms_key(CALL))._replace(kind=kind)
    assert compute_payout(terms, price) == payout


def expire(arena: Arena, price: int | None) -> None:
    """Let the date be over, with its sixty prices all the same, or none at all."""
    arena.seal(OPTIONS_AT * 1_000 - arena.now())
    for number in range(60) if price else ():
        record = SettlementPrice(ETH, OPTION_SLOT, OPTIONS_AT, number, price or 0, ())
        assert arena.open_record(record, PUBLISHERS[:3]) is Reason.OK


def test_settle_pays_calls_and_puts_and_everybody_exactly(arena: Arena) -> None:
    deal(arena, CALL, 1, 2, 50)
    deal(arena, PUT, 3, 1, 40)
    deal(arena, HIGH_CALL, 4, 3, 7)
    arena.seal()
    assert arena.open_record(Settle(1, CALL)) is Reason.NOT_EXPIRED
    expire(arena, 3_060 * USD)
    arena.watch = lambda _step: Ledger(arena.state, arena.now()).check(
        rows=arena.cursor().phase not in {Phase.REPRICE, Phase.STRIKE}
    )
    assert arena.open_record(Settle(4, CALL)) is Reason.NO_POSITION
    for account, series in ((2, CALL), (1, CALL), (1, PUT), (3, PUT), (3, HIGH_CALL)):
        assert arena.open_record(Settle(account, series)) is Reason.OK
    assert arena.open_record(Settle(4, HIGH_CALL)) is Reason.OK
    marks = [arena.series(series).mark for series in OPTIONS[:3]]
    assert marks == [60 * USD // LOTS, 0, 0]
    look = Ledger(arena.state, arena.now())
    assert not any(look.positions(account) for account in range(1, 5))
    assert arena.series(CALL).open_interest == 0


def test_settle_without_any_price_takes_the_reference(arena: Arena) -> None:
    deal(arena, CALL, 1, 2, 50)
    arena.move(ETH, 3_030 * USD)
    expire(arena, None)
    arena.seal()
    assert arena.open_record(Settle(1, CALL)) is Reason.NOT_SETTLED
    arena.seal(1_800_000)
    arena.seal()
    reference = arena.leaf(PRICES_KEY).rows[ETH].reference
    assert arena.open_record(Settle(1, CALL)) is Reason.OK
    assert arena.leaf(expiry_key(ETH, OPTION_SLOT)).price == reference == 3_030 * USD
    assert arena.series(CALL).mark == 30 * USD // LOTS


def test_settled_long_requires_nothing(arena: Arena) -> None:
    deal(arena, CALL, 1, 2, 50)
    expire(arena, 3_060 * USD)
    assert arena.open_record(Settle(2, CALL)) is Reason.OK
    arena.seal()
    prices: Prices = arena.leaf(PRICES_KEY)
    assert arena.leaf(hot_key(1)).rows[ETH].epoch != prices.rows[ETH].epoch
    order = arena.order(1, 0, arena.tick(PERP) - 900, 40)
    arena.report(ETH, 3_000 * USD)
    arena.seal()
    assert arena.send(order) is Reason.OK
    row = arena.leaf(hot_key(1)).rows[ETH]
    assert (row.positions, row.initial, row.maintenance) == (1, 0, 0)
    assert row.value == Ledger(arena.state, arena.now()).rows(1)[ETH].value


def test_option_is_closed_at_its_date_before_any_reprice(arena: Arena) -> None:
    change(arena, expiry_key(ETH, OPTION_SLOT), expiry_at=arena.now() // 1_000)
    arena.seal()
    order = arena.order(1, 0, arena.tick(CALL), 5, series=CALL)
    assert arena.leaf(series_key(CALL)).status == 1
    assert arena.send(order) is Reason.SERIES_CLOSED
