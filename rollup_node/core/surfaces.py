"""The volatilities of a date, as the publishers say them. Source: docs/spec.md V-13.

Twin: contracts/src/core/Surfaces.sol.
"""

from typing import Final, NamedTuple

from rollup_node.core.fixed_point import div_down, sqrt_down
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import SurfaceReport
from rollup_node.core.layout import (
    EXPIRIES,
    UNDERLYING_LIMIT,
    board_key,
    expiry_key,
    underlying_key,
)
from rollup_node.core.market_leaves import (
    NO_EXPIRY,
    NO_UNDERLYING,
    Expiry,
    Underlying,
)
from rollup_node.core.option_leaves import NO_BOARD, Board
from rollup_node.core.prices import (
    FORWARD_DIVISOR,
    OPEN,
    check_signers,
    hasten_reprice,
    is_timely,
    report_clock,
)
from rollup_node.core.reason import Reason
from rollup_node.core.risk import read_prices
from rollup_node.core.surface import (
    MAX_NODES,
    Smile,
    SurfaceReason,
    check_butterfly,
    check_calendar,
    check_nodes,
    interpolate_variance,
)

TRIGGER: Final = 10**16
"""A reprice is due when the volatility at the forward moved by more than one point, a wad."""


def apply_surface_report(frame: Frame, report: SurfaceReport, authority: Authority) -> Reason:
    """Take forward and volatilities of a date; they count from the next reprice.

    Reads publishers, underlying, prices, expiry, board, then what no-arbitrage needs.
    """
    underlying, expiry_slot = report.underlying, report.expiry_slot
    reason = check_signers(frame, authority.signers)
    if reason:
        return reason
    if underlying >= UNDERLYING_LIMIT or expiry_slot >= EXPIRIES:
        return Reason.UNKNOWN_UNDERLYING
    oracle: Underlying = frame.get(underlying_key(underlying)) or NO_UNDERLYING
    if oracle.status != OPEN:
        return Reason.UNKNOWN_UNDERLYING
    prices = read_prices(frame)
    index = prices.rows[underlying].index_price
    key = expiry_key(underlying, expiry_slot)
    expiry: Expiry = frame.get(key) or NO_EXPIRY
    reason = _check_report(frame, report, expiry, index, report_clock(frame, authority))
    if reason:
        return reason
    board: Board = frame.get(board_key(underlying, expiry_slot)) or NO_BOARD
    left_ms = expiry.expiry_at * 1_000 - frame.time_ms
    if check_butterfly(report.nodes, left_ms):
        return Reason.ARBITRAGE_BUTTERFLY
    reason = _check_calendar(frame, underlying, report.nodes, left_ms)
    if reason:
        return reason
    frame.put(key, Expiry(expiry.expiry_at, report.difference, report.round, *expiry[3:]))
    key = board_key(underlying, expiry_slot)
    frame.put(key, Board(report.time_ms, report.nodes, board.strikes))
    if _has_moved(board, report.nodes):
        hasten_reprice(frame, underlying, prices)
    return Reason.OK


def _check_report(
    frame: Frame, report: SurfaceReport, expiry: Expiry, index: int, clock_ms: int
) -> Reason:
    """Check time and ranges of a report. Source: docs/spec.md V-13."""
    if expiry.expiry_at * 1_000 <= frame.time_ms:
        return Reason.EXPIRED
    if report.round <= expiry.round:
        return Reason.OLD_ROUND
    if report.expiry != expiry.expiry_at or not is_timely(clock_ms, report.time_ms):
        return Reason.BAD_TIME
    if index == 0 or abs(report.difference) > div_down(index, FORWARD_DIVISOR):
        return Reason.BAD_PRICE
    if len(report.nodes) != MAX_NODES or check_nodes(report.nodes):
        return Reason.BAD_PARAMETERS
    return Reason.OK


class _Neighbour(NamedTuple):
    """The date next to one, on either side: its place, and ms to it."""

    expiry_slot: int
    left_ms: int


def _check_calendar(frame: Frame, underlying: int, nodes: Smile, left_ms: int) -> Reason:
    """Check that total variance grows from the date before to this one, and to the next.

    A neighbour that is over or has no volatilities does not count. Reads the expiries of all
    places, then the boards of the two dates next to this one.
    """
    others = [_Neighbour(slot, _left_ms(frame, underlying, slot)) for slot in range(EXPIRIES)]
    before = [other for other in others if 0 < other.left_ms < left_ms]
    after = [other for other in others if other.left_ms > left_ms]
    found = SurfaceReason.OK
    if before:
        slot, earlier_ms = max(before, key=_by_time)
        earlier = _read_nodes(frame, underlying, slot)
        if earlier:
            found = check_calendar(earlier, earlier_ms, nodes, left_ms)
    if after:
        slot, later_ms = min(after, key=_by_time)
        later = _read_nodes(frame, underlying, slot)
        if later:
            found = found or check_calendar(nodes, left_ms, later, later_ms)
    return Reason.ARBITRAGE_CALENDAR if found else Reason.OK


def _by_time(neighbour: _Neighbour) -> int:
    return neighbour.left_ms


def _left_ms(frame: Frame, underlying: int, expiry_slot: int) -> int:
    expiry: Expiry = frame.get(expiry_key(underlying, expiry_slot)) or NO_EXPIRY
    return expiry.expiry_at * 1_000 - frame.time_ms


def _read_nodes(frame: Frame, underlying: int, expiry_slot: int) -> Smile:
    """Return the volatilities of a date, none if it has none."""
    board: Board = frame.get(board_key(underlying, expiry_slot)) or NO_BOARD
    return board.nodes if board.surface_ms else ()


def _has_moved(board: Board, nodes: Smile) -> bool:
    """Say whether the volatility at the forward is another than the marks rest on."""
    if board.surface_ms == 0:
        return True
    now, then = (sqrt_down(interpolate_variance(smile, 0)) for smile in (nodes, board.nodes))
    return abs(now - then) > TRIGGER
