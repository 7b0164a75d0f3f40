"""The lies about trading: orders that meet others than they should, for more or less."""

from typing import Final, NamedTuple

from rollup_node.core.account_leaves import Hot
from rollup_node.core.book import next_tick
from rollup_node.core.book_leaves import Level, Order
from rollup_node.core.flags import REDUCE_ONLY_FLAG, SIDE_FLAG
from rollup_node.core.frame import Frame
from rollup_node.core.invariant import InvariantViolation
from rollup_node.core.kinds import Phase
from rollup_node.core.layout import (
    CURSOR_KEY,
    PRICES_KEY,
    TAKER_KEY,
    LeafKey,
    hot_key,
    level_key,
    order_key,
    series_key,
    terms_key,
)
from rollup_node.core.leaves import Cursor, Leaf
from rollup_node.core.market_leaves import SeriesState, SeriesTerms
from rollup_node.core.task_leaves import Taker
from rollup_node.devnet.faults.machine import HonestStep, StepInputs, believing, restore
from rollup_node.proof.machine import StepResult

_OVERCHARGED_PPM: Final = 5_000


class Meeting(NamedTuple):
    """What a TAKE step is about: the order in flight, its market, the head of the best level."""

    taker: Taker
    terms: SeriesTerms
    state: SeriesState
    level: Level
    slot: int
    maker: Order


def wrong_fill_price(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Fill 0.2 % away from the maker's price, as if ticks were larger; both sides still balance."""
    terms = meeting(inputs).terms
    key = terms_key(meeting(inputs).taker.series)
    return believing(honest, inputs, {key: terms._replace(unit=terms.unit + 1)})


def fee_above_signed(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Charge a taker ten times the fee that it has signed."""
    met = meeting(inputs)
    taker, cap = met.taker, met.taker.fee_cap_ppm
    shown: dict[LeafKey, Leaf] = {
        terms_key(taker.series): met.terms._replace(taker_fee_ppm=_OVERCHARGED_PPM),
        TAKER_KEY: taker._replace(fee_cap_ppm=_OVERCHARGED_PPM),
    }
    return believing(honest, inputs, shown, {TAKER_KEY: restore(fee_cap_ppm=cap)})


def skipped_better_maker(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Fill against the level behind the best one."""
    taker, terms, state, *_ = meeting(inputs)
    is_sell = bool(taker.flags & SIDE_FLAG)
    side = "bid" if is_sell else "ask"
    best = getattr(state, side)
    cursor: Cursor = inputs.state.get(CURSOR_KEY)
    worse = next_tick(_look(inputs, cursor), terms.book, best, up=not is_sell)
    if worse == 0:
        return honest(inputs)
    key = series_key(taker.series)
    shown: dict[LeafKey, Leaf] = {key: state._replace(**{side: worse})}
    return believing(honest, inputs, shown, {key: restore(**{side: best})})


def priority_inversion(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Fill against the second order of the best level, past the first one."""
    met = meeting(inputs)
    level, maker = met.level, met.maker
    if maker.next == 0:
        return honest(inputs)
    key = level_key(met.terms.book, maker.tick)
    shown: dict[LeafKey, Leaf] = {key: level._replace(head=maker.next)}
    return believing(honest, inputs, shown, {key: restore(head=level.head)})


def stale_epoch_margin(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Fill for accounts whose rows are of an older epoch, as if they were of now: no refresh."""
    met, prices = meeting(inputs), inputs.state.get(PRICES_KEY)
    shown: dict[LeafKey, Leaf] = {}
    for account in (met.taker.account, met.maker.account):
        hot: Hot = inputs.state.get(hot_key(account))
        rows = [
            row._replace(epoch=price.epoch) if row.positions else row
            for row, price in zip(hot.rows, prices.rows, strict=True)
        ]
        shown[hot_key(account)] = hot._replace(rows=tuple(rows))
    return believing(honest, inputs, shown)


def stripped_reduce_only(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Fill a reduce-only order as if it might open a position."""
    taker = meeting(inputs).taker
    plain = taker._replace(flags=taker.flags & ~REDUCE_ONLY_FLAG)
    return believing(honest, inputs, {TAKER_KEY: plain}, {TAKER_KEY: restore(flags=taker.flags)})


def overfilled_order(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Fill an order with all that the maker has, more than it has left itself."""
    taker, maker = meeting(inputs).taker, meeting(inputs).maker
    if maker.remaining <= taker.remaining:
        return honest(inputs)
    return believing(honest, inputs, {TAKER_KEY: taker._replace(remaining=maker.remaining)})


def self_trade_let_through(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Fill two orders of one owner, as if the maker were a stranger."""
    key = hot_key(meeting(inputs).maker.account)
    hot: Hot = inputs.state.get(key)
    shown: dict[LeafKey, Leaf] = {key: hot._replace(group=0)}
    return believing(honest, inputs, shown, {key: restore(group=hot.group)})


def mmp_ignored(honest: HonestStep, inputs: StepInputs) -> StepResult:
    """Leave the other quotes of a maker in the book when its protection asks to pull them."""
    result = honest(inputs)
    after: Cursor = result.writes[CURSOR_KEY]  # type: ignore[assignment]
    if after.phase != Phase.SWEEP:
        return result
    key = hot_key(meeting(inputs).maker.account)
    hot: Hot = inputs.state.get(key)
    shown: dict[LeafKey, Leaf] = {key: hot._replace(protected=0)}
    return believing(honest, inputs, shown, {key: restore(protected=hot.protected)})


def meeting(inputs: StepInputs) -> Meeting:
    """Return what a TAKE step that meets a maker is about."""
    get = inputs.state.get
    taker: Taker = get(TAKER_KEY)
    terms: SeriesTerms = get(terms_key(taker.series))
    state: SeriesState = get(series_key(taker.series))
    tick = state.bid if taker.flags & SIDE_FLAG else state.ask
    level: Level | None = get(level_key(terms.book, tick))
    if level is None or not level.head:
        raise InvariantViolation(f"series {taker.series}: nobody to meet at tick {tick}")
    return Meeting(taker, terms, state, level, level.head, get(order_key(level.head)))


def _look(inputs: StepInputs, cursor: Cursor) -> Frame:
    """Return a step that only looks around."""
    return Frame(
        inputs.state,
        time_ms=cursor.time_ms,
        block=cursor.block,
        phase=cursor.phase,
        order_class=cursor.order_class,
    )
