"""The liquidation of an account: its orders go, then one position shrinks a little per call.

Source: docs/spec.md L-1, L-2. Twin: contracts/src/core/Liquidation.sol.
"""

from typing import Final

from rollup_node.core.account_leaves import Cold, Hot, Position
from rollup_node.core.events import Liquidated
from rollup_node.core.fixed_point import div_down, div_up
from rollup_node.core.flags import (
    CANCEL_OLDEST,
    FUND_FLAG,
    IMMEDIATE_OR_CANCEL,
    IN_FORCE_SHIFT,
    LIQUIDATING_FLAG,
    REDUCE_ONLY_FLAG,
    SALE_FLAG,
    SELF_TRADE_SHIFT,
    SIDE_FLAG,
)
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import Liquidate
from rollup_node.core.kinds import Phase, SeriesKind
from rollup_node.core.layout import (
    LIQUIDATION_KEY,
    SERIES_LIMIT,
    TAKER_KEY,
    cold_key,
    hot_key,
    series_key,
    terms_key,
)
from rollup_node.core.market_leaves import SeriesState, SeriesTerms
from rollup_node.core.order_checks import PROTOCOL
from rollup_node.core.positions import find_position
from rollup_node.core.reason import Reason
from rollup_node.core.refresh import begin_refresh
from rollup_node.core.risk import find_model, is_current, read_hot, read_prices
from rollup_node.core.standing import (
    Standing,
    is_account,
    read_cold,
    release,
    settle_fund,
    weigh_account,
)
from rollup_node.core.sweeps import ALL, begin_sweep
from rollup_node.core.task_leaves import LiquidationTask, SweepTask, Taker
from rollup_node.core.void import is_closed

IDLE_MS: Final = 60_000
"""An account that nothing reduces for so long is for sale. Source: docs/spec.md L-1."""

REDUCE_DIVISOR: Final = 5
REDUCE_USDC: Final = 10_000_000_000
"""One call reduces a fifth of a position, or this much of it if that is more. Source: L-2."""

MAX_FEE_PPM: Final = 10_000
_PPM: Final = 1_000_000
_REDUCE_FLAGS: Final = (
    IMMEDIATE_OR_CANCEL << IN_FORCE_SHIFT | REDUCE_ONLY_FLAG | CANCEL_OLDEST << SELF_TRADE_SHIFT
)
_OK: Final = Reason.OK


def apply_liquidate(frame: Frame, record: Liquidate, _authority: Authority) -> Reason:
    """Begin to liquidate an account, or go on; anyone may.

    Reads hot, prices, the task, then the refresh, or what `liquidate` reads. Source: L-2.
    """
    account, series = record
    if not is_account(account):
        return Reason.UNKNOWN_ACCOUNT
    hot = read_hot(frame, account)
    prices = read_prices(frame)
    frame.get(LIQUIDATION_KEY)
    task = LiquidationTask(account, series, 0)
    if is_current(hot, prices):
        return _judge(frame, task)
    frame.put(LIQUIDATION_KEY, task)
    begin_refresh(frame, account, Phase.LIQUIDATE)
    return _OK


def liquidate(frame: Frame) -> Reason:
    """Go on with the liquidation in flight: its account is current, as nothing interleaves.

    Reads the task, hot, prices, balances, asset terms, underlyings, cold; then the sweep, or
    terms, series, expiry, directory, page and the taker. Source: docs/spec.md L-2.
    """
    return _judge(frame, frame.get(LIQUIDATION_KEY))


def _judge(frame: Frame, task: LiquidationTask) -> Reason:
    account, series, reduced = task
    frame.phase = Phase.IDLE
    hot = read_hot(frame, account)
    reason, standing = weigh_account(frame, account, hot)
    if reason is not _OK:
        return reason
    cold = read_cold(frame, account)
    if reduced:
        return _finish(frame, account, hot, cold, standing)
    if not hot.flags & FUND_FLAG:
        if standing.equity >= standing.maintenance:
            release(frame, account, hot, cold)
            return Reason.NOT_LIQUIDATABLE
        hot = _mark(frame, account, hot, cold, standing)
    if hot.slot_map:
        frame.put(LIQUIDATION_KEY, task)
        begin_sweep(frame, SweepTask(account, ALL, 0, 0, Reason.LIQUIDATING, Phase.LIQUIDATE))
        return _OK
    return _OK if is_whole(hot) else _reduce(frame, account, series, hot, standing)


def is_whole(hot: Hot) -> bool:
    """Say whether an account is sold as a whole: the legs of a hedge are not reduced one by one.

    So one under portfolio margin; the fund has none, its accounts are standard. Source: L-1.
    """
    return find_model(hot.mode).weigh is not None


def _mark(frame: Frame, account: int, hot: Hot, cold: Cold, standing: Standing) -> Hot:
    """Note that an account is in liquidation, and since when it is for sale. Source: L-1, L-3."""
    now = frame.time_ms
    since_ms = cold.liquidated_ms if hot.flags & LIQUIDATING_FLAG else now
    auction_ms = cold.auction_ms if hot.flags & LIQUIDATING_FLAG else 0
    is_deep = is_whole(hot) or 3 * standing.equity < 2 * standing.maintenance
    if auction_ms == 0 and (is_deep or now >= since_ms + IDLE_MS):
        auction_ms = now
    flags = hot.flags | LIQUIDATING_FLAG | (SALE_FLAG if auction_ms else 0)
    hot = hot._replace(flags=flags)
    frame.put(hot_key(account), hot)
    frame.put(cold_key(account), cold._replace(liquidated_ms=since_ms, auction_ms=auction_ms))
    frame.events.append(Liquidated(account, 0, 2 if auction_ms else 1))
    return hot


def _finish(frame: Frame, account: int, hot: Hot, cold: Cold, standing: Standing) -> Reason:
    """End a call: who is cured is free, a fill is noted, the fund settles its accounts."""
    if hot.flags & FUND_FLAG:
        frame.put(hot_key(account), settle_fund(frame, account, hot, cold, standing))
        return _OK
    if standing.equity >= standing.maintenance:
        release(frame, account, hot, cold)
        return _OK
    taker: Taker = frame.get(TAKER_KEY)
    if taker.filled:
        frame.put(cold_key(account), cold._replace(liquidated_ms=frame.time_ms))
    return _OK


def _reduce(frame: Frame, account: int, series: int, hot: Hot, standing: Standing) -> Reason:
    """Let the protocol reduce one position, of a linear series. Source: docs/spec.md L-2."""
    terms: SeriesTerms | None = None
    if 0 < series < SERIES_LIMIT:
        terms = frame.get(terms_key(series))
    if terms is None:
        return Reason.UNKNOWN_SERIES
    if terms.kind >= SeriesKind.CALL:
        return Reason.SERIES_CLOSED
    state: SeriesState = frame.get(series_key(series))
    if is_closed(frame, terms, state) or state.mark == 0:
        return Reason.SERIES_CLOSED
    number, position = find_position(frame, account, series)
    if number is None:
        return Reason.NO_POSITION
    frame.get(TAKER_KEY)
    frame.get(LIQUIDATION_KEY)
    frame.put(LIQUIDATION_KEY, LiquidationTask(account, series, 1))
    frame.put(TAKER_KEY, _make_order(account, position, terms, state, hot, standing))
    frame.events.append(Liquidated(account, series, 1))
    frame.phase = Phase.TAKE
    return _OK


def _make_order(
    account: int,
    position: Position,
    terms: SeriesTerms,
    state: SeriesState,
    hot: Hot,
    standing: Standing,
) -> Taker:
    """Return the protocol order that reduces a position at the fillable price. Source: L-2."""
    size, mark = abs(position.lots), state.mark
    lots = min(size, max(div_up(size, REDUCE_DIVISOR), div_down(REDUCE_USDC, mark)))
    discount, fee_ppm = state.maintenance, 0
    if not hot.flags & FUND_FLAG:
        discount, fee_ppm = compute_concession(
            mark, state.maintenance, standing.equity, standing.maintenance
        )
    if position.lots > 0:
        side, tick = SIDE_FLAG, max(1, div_up(mark - discount, terms.unit))
    else:
        side, tick = 0, div_down(mark + discount, terms.unit)
    return Taker(
        account, position.series, side | _REDUCE_FLAGS, tick, 0, lots, 0, 0, 0, fee_ppm, 0,
        position.generation, 0, 0, PROTOCOL, Phase.LIQUIDATE, 0,
    )  # fmt: skip


def compute_concession(
    mark: int, maintenance_per_lot: int, equity: int, maintenance: int
) -> tuple[int, int]:
    """Return how far from the mark a lot may trade (µUSDC), and the fee rate on top (ppm).

    dYdX's fillable price: one and a half times the maintenance of a lot, times the part of MM that
    equity lacks. Both together give away at most the part of the maintenance of a lot that equity
    covers, so neither price nor fee lowers equity / MM, nor ever makes equity negative.
    `equity < maintenance`. Rounded down: the account gives less. Source: docs/spec.md L-2.
    """
    if equity <= 0:
        return 0, 0
    room = div_down(maintenance_per_lot * equity, maintenance)
    wanted = div_down(3 * maintenance_per_lot * (maintenance - equity), 2 * maintenance)
    discount = min(room, wanted)
    return discount, min(MAX_FEE_PPM, div_down((room - discount) * _PPM, mark + discount))
