"""What covered sales ask, and who meets them. Source: docs/spec.md P-5, P-6, O-7."""

from fractions import Fraction
from math import ceil, floor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup_node.core.flags import FROZEN_FLAG, LIQUIDATING_FLAG
from rollup_node.core.inputs import SetMode, SetProtection
from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import (
    POOLS_KEY,
    balances_key,
    cold_key,
    hot_key,
    sales_key,
    terms_key,
)
from rollup_node.core.leaves import Balances
from rollup_node.core.market_leaves import SeriesTerms
from rollup_node.core.option_leaves import NO_PLACE, SalePlace
from rollup_node.core.reason import Reason
from rollup_node.core.sale_prices import price_sale
from tests.property.arena import (
    BUY,
    ETH,
    IOC,
    PERP,
    SELL,
    USD,
    owner_of,
)
from tests.unit.core.pit import RICH, Pit
from tests.unit.core.sale_desk import (
    CALL,
    ETHER,
    OTHER,
    TAKER,
    WRITER,
    ask,
    buy,
    change,
    lots_of,
    offer,
    open_pit,
    places,
    sale,
)


@pytest.fixture(name="pit")
def _pit() -> Pit:
    return open_pit()


# Prices

_TERMS = SeriesTerms(4, *(0,) * 18)


@given(
    st.integers(1, 10_000_000), st.integers(1, 10_000_000), st.integers(1, (1 << 31) - 1),
    st.integers(1, 1 << 17), st.integers(1, 604_800_000), st.data(),
)  # fmt: skip
def test_price_sale_is_the_line_rounded_up_twice_and_never_rises(
    one: int, other: int, mark: int, unit: int, lasts_ms: int, data: st.DataObject
) -> None:
    reserve, start = sorted((one, other))
    place = SalePlace(1, 1, 1, 1_000, 1_000 + lasts_ms, start, reserve, 0)
    terms = _TERMS._replace(unit=unit)
    passed = data.draw(st.integers(0, lasts_ms - 1))
    tick = price_sale(place, terms, mark, 1_000 + passed)
    ppm = start - floor(Fraction((start - reserve) * passed, lasts_ms))
    assert tick == max(1, ceil(Fraction(mark * ppm, 10**6 * unit)))
    exact = Fraction(mark, 10**6) * (start - Fraction((start - reserve) * passed, lasts_ms))
    assert tick * unit >= exact
    assert (tick - 1) * unit < exact + Fraction(mark, 10**6) or tick == 1
    later = data.draw(st.integers(passed, lasts_ms - 1))
    assert price_sale(place, terms, mark, 1_000 + later) <= tick
    assert price_sale(place, terms, mark, 1_000 + passed) >= ceil(
        Fraction(mark * reserve, 10**6 * unit)
    )


def test_find_sale_price_follows_the_mark_and_the_time(pit: Pit) -> None:
    assert offer(pit) is Reason.OK
    high = ask(pit)
    pit.seal(30_000)
    pit.move(ETH, 3_030 * USD)
    assert ask(pit) > high
    pit.seal(1_800_000)
    assert ask(pit) < high


# Meetings


def test_take_meets_a_sale_and_binds_what_is_left_to_the_new_version(pit: Pit) -> None:
    assert offer(pit) is Reason.OK
    cash, tick = pit.cash(WRITER), ask(pit)
    assert buy(pit, tick + 3, 40) is Reason.OK
    fill = pit.fills()[-1]
    assert (fill.taker, fill.maker, fill.tick, fill.lots, fill.maker_slot) == (
        TAKER, WRITER, tick, 40, 0,
    )  # fmt: skip
    assert (lots_of(pit, WRITER), lots_of(pit, TAKER)) == (-40, 40)
    assert pit.cash(WRITER) == cash - fill.maker_fee
    assert (places(pit)[0].lots, places(pit)[0].version) == (560, 2)
    pit.look().check()
    pit.seal()
    assert buy(pit, tick, 560) is Reason.OK
    assert places(pit)[0] == NO_PLACE
    assert lots_of(pit, WRITER) == -600
    pit.look().check()


def test_take_more_than_a_sale_has_lets_the_rest_go_on(pit: Pit) -> None:
    assert offer(pit, lots=50) is Reason.OK
    tick = ask(pit)
    order = pit.order(TAKER, BUY, tick, 80, series=CALL)
    assert pit.send(order) is Reason.OK
    assert pit.series(CALL).bid == tick
    assert (lots_of(pit, TAKER), places(pit)[0]) == (50, NO_PLACE)
    pit.look().check()


def test_take_below_the_price_of_a_sale_does_not_meet_it(pit: Pit) -> None:
    assert offer(pit) is Reason.OK
    tick = ask(pit) - 1
    order = pit.order(TAKER, BUY, tick, 80, series=CALL, time_in_force=IOC)
    assert pit.send(order) is Reason.REMAINDER_CANCELLED
    assert places(pit)[0].lots == 600


@pytest.mark.parametrize(("better", "by_sale"), [(1, True), (0, False), (-1, False)])
def test_take_prefers_the_book_at_the_same_tick(pit: Pit, better: int, by_sale: bool) -> None:
    assert offer(pit) is Reason.OK
    tick = ask(pit) + better
    assert pit.send(pit.order(OTHER, SELL, tick, 50, series=CALL)) is Reason.OK
    assert buy(pit, tick + 5, 20) is Reason.OK
    assert (pit.fills()[-1].maker == WRITER) is by_sale


def test_take_walks_book_and_sales_by_price(pit: Pit) -> None:
    assert pit.deposit(OTHER, 1, ETHER) is Reason.OK
    pit.seal()
    assert offer(pit, lots=50, start_ppm=1_200_000) is Reason.OK
    assert offer(pit, account=OTHER, lots=50, start_ppm=1_100_000) is Reason.OK
    dear, cheap = ask(pit), ask(pit, number=1)
    order = pit.order(4, SELL, cheap + 1, 50, series=CALL)
    assert pit.deposit(4, 0, RICH) is Reason.OK
    pit.seal()
    assert pit.send(order._replace(nonce=pit.nonce())) is Reason.OK
    assert buy(pit, dear, 150) is Reason.OK
    assert [(fill.maker, fill.tick) for fill in pit.fills()] == [
        (OTHER, cheap), (4, cheap + 1), (WRITER, dear),
    ]  # fmt: skip
    pit.look().check()


def test_take_of_equal_sales_meets_the_first_place(pit: Pit) -> None:
    assert pit.deposit(OTHER, 1, ETHER) is Reason.OK
    assert pit.force(sale(account=OTHER, lots=50), owner_of(OTHER)) is Reason.OK
    assert pit.force(sale(lots=50), owner_of(WRITER)) is Reason.OK
    pit.seal()
    assert ask(pit) == ask(pit, number=1)
    assert buy(pit, ask(pit), 60) is Reason.OK
    assert [(fill.maker, fill.lots) for fill in pit.fills()] == [(OTHER, 50), (WRITER, 10)]


def test_post_only_and_replaced_orders_do_not_see_sales(pit: Pit) -> None:
    assert offer(pit) is Reason.OK
    tick = ask(pit)
    order = pit.order(TAKER, BUY, tick, 30, series=CALL, post_only=1)
    assert pit.send(order) is Reason.OK
    assert pit.series(CALL).bid == tick
    assert pit.send(pit.replace(order, tick + 2, 30)) is Reason.OK
    assert pit.series(CALL).bid == tick + 2
    assert not pit.fills()
    assert places(pit)[0].lots == 600


def test_sellers_do_not_see_sales_and_resting_bids_are_not_taken_by_them(pit: Pit) -> None:
    assert offer(pit) is Reason.OK
    tick = ask(pit)
    assert pit.send(pit.order(TAKER, BUY, tick - 1, 30, series=CALL)) is Reason.OK
    pit.seal(20_000)
    assert ask(pit) <= tick - 1
    assert pit.series(CALL).bid == tick - 1
    assert pit.send(pit.order(OTHER, SELL, tick - 1, 10, series=CALL)) is Reason.OK
    assert [(fill.maker, fill.tick) for fill in pit.fills()] == [(TAKER, tick - 1)]


def test_reduce_only_taker_buys_back_at_most_what_it_is_short(pit: Pit) -> None:
    pit.trade(OTHER, TAKER, 30, series=CALL)
    assert offer(pit) is Reason.OK
    assert buy(pit, ask(pit), 80, reduce_only=1) is Reason.NO_POSITION
    assert (lots_of(pit, TAKER), places(pit)[0].lots) == (0, 570)


class _Watched(dict[Any, Any]):
    """A state that knows what was asked of it."""

    def __init__(self, state: dict[Any, Any]) -> None:
        super().__init__(state)
        self.asked: set[int] = set()

    def get(self, key: Any, default: Any = None, /) -> Any:
        self.asked.add(key)
        return super().get(key, default)


@pytest.mark.parametrize(
    ("series", "side", "post_only", "reads"),
    [(PERP, BUY, 0, False), (CALL, SELL, 0, False), (CALL, BUY, 1, False), (CALL, BUY, 0, True)],
)
def test_only_who_buys_options_and_may_take_reads_sales(
    pit: Pit, series: int, side: int, post_only: int, reads: bool
) -> None:
    tick, away = pit.tick(series), 3 if side else -3
    assert pit.send(pit.order(OTHER, 1 - side, tick, 50, series=series)) is Reason.OK
    watched = _Watched(pit.state)
    pit.state = watched
    for price in (tick, tick + away):
        pit.seal()
        order = pit.order(TAKER, side, price, 40, series=series, post_only=post_only)
        assert pit.send(order) is Reason.OK
    assert (sales_key(series) in watched.asked) is reads


@pytest.mark.parametrize(
    "fields", [{"flags": FROZEN_FLAG}, {"flags": LIQUIDATING_FLAG}, {"dead_man_ms": 1}]
)
def test_take_clears_the_sale_of_an_account_that_may_not_trade(
    pit: Pit, fields: dict[str, int]
) -> None:
    assert offer(pit) is Reason.OK
    change(pit, hot_key(WRITER), **fields)
    assert buy(pit, ask(pit), 40) is Reason.REMAINDER_CANCELLED
    assert places(pit)[0] == NO_PLACE
    assert not pit.fills()


def test_take_clears_a_sale_whose_fee_cap_is_too_low_now(pit: Pit) -> None:
    assert offer(pit, max_fee=100) is Reason.OK
    change(pit, terms_key(CALL), maker_fee_ppm=101)
    assert buy(pit, ask(pit), 40) is Reason.REMAINDER_CANCELLED
    assert places(pit)[0] == NO_PLACE


def test_take_clears_a_sale_that_lacks_margin_and_takes_nothing_else(pit: Pit) -> None:
    assert offer(pit) is Reason.OK
    pit.state[balances_key(WRITER)] = Balances((0, 0, 0, 0))
    hot, pools = pit.leaf(hot_key(WRITER)), pit.leaf(POOLS_KEY)
    assert buy(pit, ask(pit), 40) is Reason.REMAINDER_CANCELLED
    takes = [step.reason for step in pit.steps if step.kind is StepKind.TAKE]
    assert takes[-2] is Reason.MAKER_FAILED
    assert (places(pit)[0], pit.leaf(hot_key(WRITER)), pit.leaf(POOLS_KEY)) == (
        NO_PLACE,
        hot,
        pools,
    )


def test_take_beyond_the_open_interest_ends_the_taker_and_keeps_the_sale(pit: Pit) -> None:
    change(pit, terms_key(CALL), open_interest_cap=39)
    assert offer(pit) is Reason.OK
    assert buy(pit, ask(pit), 40) is Reason.OPEN_INTEREST_CAP
    assert places(pit)[0].lots == 600


def test_take_refreshes_the_seller_first(pit: Pit) -> None:
    pit.trade(WRITER, OTHER, 40, series=3)
    assert offer(pit) is Reason.OK
    hot = pit.leaf(hot_key(WRITER))
    rows = (hot.rows[0], hot.rows[1]._replace(epoch=hot.rows[1].epoch - 1), *hot.rows[2:])
    change(pit, hot_key(WRITER), rows=rows)
    assert buy(pit, ask(pit), 40) is Reason.OK
    kinds = [step.kind for step in pit.steps[-4:]]
    assert kinds[1:] == [StepKind.TAKE, StepKind.REFRESH, StepKind.TAKE]
    assert places(pit)[0].lots == 560
    pit.look().check()


def test_take_by_force_meets_sales_too(pit: Pit) -> None:
    assert offer(pit) is Reason.OK
    order = pit.order(TAKER, BUY, ask(pit), 40, series=CALL, time_in_force=IOC)
    assert pit.force(order, owner_of(TAKER)) is Reason.OK
    assert lots_of(pit, TAKER) == 40


def test_a_sale_of_a_portfolio_account_is_weighed_by_its_model(pit: Pit) -> None:
    assert pit.send(SetMode(WRITER, 0, 1, pit.nonce())) is Reason.OK
    assert offer(pit) is Reason.OK
    assert buy(pit, ask(pit), 40) is Reason.OK
    assert lots_of(pit, WRITER) == -40
    pit.look().check()


def test_a_sale_is_not_swept_and_no_order_of_its_account(pit: Pit) -> None:
    assert offer(pit) is Reason.OK
    assert pit.send(pit.cancel_all(WRITER)) is Reason.OK
    assert places(pit)[0].lots == 600


def test_market_maker_protection_does_not_count_sales(pit: Pit) -> None:
    assert pit.send(SetProtection(WRITER, 0, ETH, 10, 60_000, pit.nonce())) is Reason.OK
    assert offer(pit) is Reason.OK
    assert buy(pit, ask(pit), 40) is Reason.OK
    assert buy(pit, ask(pit), 40) is Reason.OK
    assert pit.leaf(cold_key(WRITER)).protections[ETH].filled == 0
