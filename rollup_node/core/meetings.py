"""The fill of a meeting: both sides are weighed before anything moves.

The maker is an order of the book or a sale (`core.sale_prices.as_order`); what becomes of its
place is for `core.matching`. Source: docs/spec.md O-7 (5), M-2 to M-8, K-5. Twin:
contracts/src/core/Meetings.sol.
"""

from typing import Final

from rollup_node.core.account_leaves import NO_COLD, Cold, Hot, ProtectionRow
from rollup_node.core.book_leaves import Order
from rollup_node.core.cash import add_insurance, change_cash, read_pools
from rollup_node.core.events import Fill
from rollup_node.core.fills import Market, Side, charge_protocol, settle_side, weigh_side
from rollup_node.core.flags import REDUCE_ONLY_FLAG, SIDE_FLAG
from rollup_node.core.frame import Frame
from rollup_node.core.layout import POOLS_KEY, TAKER_KEY, Opaque, cold_key, hot_key, series_key
from rollup_node.core.market_leaves import Pools, SeriesState
from rollup_node.core.option_terms import compute_fee
from rollup_node.core.order_checks import PROTOCOL
from rollup_node.core.positions import closable_lots, find_position
from rollup_node.core.reason import Reason
from rollup_node.core.risk import read_hot
from rollup_node.core.sweeps import UNDERLYING, begin_sweep
from rollup_node.core.task_leaves import SweepTask, Taker

FILLED: Final = 0
TAKER_ENDS: Final = 1
MAKER_LEAVES: Final = 2
"""What a meeting comes to."""

_U32: Final = (1 << 32) - 1
_OK: Final = Reason.OK

_new: Final = tuple.__new__
"""Makes a tuple without the constructor of its class, in half the time: for the hot path."""

_MONEY_REASONS: Final = frozenset(
    [Reason.INSUFFICIENT_MARGIN, Reason.INSUFFICIENT_BALANCE, Reason.BORROW_LIMIT]
)
"""A maker that fails for one of these forfeits its reserve: it could not pay for its order."""


def meet(
    frame: Frame, market: Market, taker: Taker, hots: tuple[Hot, Hot], slot: int, order: Order
) -> tuple[int, Reason, Reason, Fill | None]:
    """Fill the order in flight against one maker, if both sides may. Source: docs/spec.md O-7.

    `hots` are the hot leaves of taker and maker, `slot` is that of the maker in the book, 0 for a
    sale. A protocol order has a fee of its own and earns the maker no rebate. Returns what it
    came to, the reason of the step, why the maker leaves, the fill.
    """
    terms, flags = market[1], taker[2]
    is_protocol = taker.origin == PROTOCOL
    if taker.fee_cap_ppm < terms.taker_fee_ppm and not is_protocol:
        return TAKER_ENDS, Reason.FEE_ABOVE_CAP, _OK, None
    lots = _matching_lots(frame, taker, order)
    if lots == 0:
        return TAKER_ENDS, Reason.NO_POSITION, _OK, None
    change = -lots if flags & SIDE_FLAG else lots
    taker_rate, maker_rate = (0, max(0, terms[10])) if is_protocol else (terms[9], terms[10])
    fee = compute_fee(terms, lots, market[4], taker_rate)
    reason, taking = weigh_side(frame, market, taker[0], hots[0], change, fee)
    if taking is None:
        return TAKER_ENDS, reason, _OK, None
    if order.fee_cap_ppm < terms.maker_fee_ppm:
        return MAKER_LEAVES, Reason.MAKER_VOID, Reason.MAKER_VOID, None
    fee = compute_fee(terms, lots, market[4], maker_rate)
    reason, making = weigh_side(frame, market, order[0], hots[1], -change, fee)
    if making is None:
        return MAKER_LEAVES, _fail_maker(frame, market, order, reason), reason, None
    if _is_over_cap(market, taking[8] + making[8]):
        return TAKER_ENDS, Reason.OPEN_INTEREST_CAP, _OK, None
    if is_protocol:
        fee = compute_fee(terms, lots, market[4], taker[9])
        taking = charge_protocol(taking, fee, frame.time_ms)
    _settle(frame, market, taking, making, is_protocol=is_protocol)
    sides = (taker[0], order[0], flags & SIDE_FLAG)
    fill = _new(Fill, (taker[1], *sides, order[3], lots, taking[7], making[7], slot))
    frame.events.append(fill)
    _count_fill(frame, taker, lots)
    _protect(frame, fill, making[1], terms[1])
    return FILLED, _OK, _OK, fill


def _matching_lots(frame: Frame, taker: Taker, order: Order) -> int:
    """Return the smaller quantity; a reduce-only order has at most what closes. Source: O-7 (5).

    0 if the taker has nothing to close; the maker has, or it were void.
    """
    lots = min(taker[5], order[5])
    if taker[2] & REDUCE_ONLY_FLAG:
        lots = min(lots, _closable(frame, taker[0], taker[1], taker[2], taker.generation))
    if order[2] & REDUCE_ONLY_FLAG:
        lots = min(lots, _closable(frame, order[0], order[1], order[2], order[15]))
    return lots


def _closable(frame: Frame, account: int, series: int, flags: int, generation: int) -> int:
    """Return how many lots a reduce-only order may close: none of a newer position."""
    _, position = find_position(frame, account, series)
    return closable_lots(position, flags & SIDE_FLAG) if position[4] == generation else 0


def _is_over_cap(market: Market, grown: int) -> bool:
    """Say whether the open interest would grow beyond its cap. Source: docs/spec.md M-6."""
    return grown > 0 and market[2].open_interest + grown > market[1].open_interest_cap


def _fail_maker(frame: Frame, market: Market, order: Order, reason: Reason) -> Reason:
    """Let a maker that cannot pay forfeit its reserve. Source: docs/spec.md O-7 (5)."""
    if reason not in _MONEY_REASONS:
        return Reason.MAKER_VOID
    if order.reserve:
        add_insurance(frame, market.terms.underlying, order.reserve)
        hot = read_hot(frame, order.account)
        hot = change_cash(frame, order.account, hot, -order.reserve)
        frame.put(hot_key(order.account), hot)
    return Reason.MAKER_FAILED


def _settle(frame: Frame, market: Market, taking: Side, making: Side, *, is_protocol: bool) -> None:
    """Write both sides, what the exchange earns, and the open interest. Source: M-2, M-3, M-8.

    Reads credit if cash is negative, then pools.
    """
    settle_side(frame, market, taking)
    settle_side(frame, market, making)
    fees, insurance = read_pools(frame)
    interest = taking[6] + making[6]
    if interest:
        insurance = (insurance[0] + interest, *insurance[1:])
    earned = making[7]
    if is_protocol:
        paid_to = market[1][1]
        insured = insurance[paid_to] + taking[7]
        insurance = (*insurance[:paid_to], insured, *insurance[paid_to + 1 :])
    else:
        earned += taking[7]
    frame.put(POOLS_KEY, _new(Pools, (fees + earned, insurance)))
    grown = taking[8] + making[8]
    if grown:
        state: list[Opaque] = list(market[2])
        state[4] += grown
        frame.put(series_key(market[0]), _new(SeriesState, state))


def _count_fill(frame: Frame, taker: Taker, lots: int) -> None:
    """Take the lots of a fill off the order in flight, which is done when nothing remains."""
    flying: list[Opaque] = list(taker)
    flying[5] -= lots
    flying[12] += 1
    flying[13] += lots
    frame.put(TAKER_KEY, _new(Taker, flying))
    if not flying[5]:
        frame.phase = taker.resume


def _protect(frame: Frame, fill: Fill, hot: Hot, underlying: int) -> None:
    """Count the lots of a maker with protection; beyond its limit its orders are swept first.

    Not those of a sale. Reads the cold leaf only if the account is protected here, the sweep only
    if it begins. Source: docs/spec.md K-5, P-6.
    """
    if not hot.protected >> underlying & 1 or not fill.maker_slot:
        return
    account = fill.maker
    cold: Cold = frame.get(cold_key(account)) or NO_COLD
    limit, window_ms, started_ms, filled = cold.protections[underlying]
    if frame.time_ms - started_ms >= window_ms:
        started_ms, filled = frame.time_ms, 0
    filled += fill.lots
    if filled > limit:
        after = frame.phase
        begin_sweep(frame, SweepTask(account, UNDERLYING, underlying, 0, Reason.PROTECTED, after))
        started_ms, filled = 0, 0
    row = ProtectionRow(limit, window_ms, started_ms, min(filled, _U32))
    rows = (*cold.protections[:underlying], row, *cold.protections[underlying + 1 :])
    frame.put(cold_key(account), cold._replace(protections=rows))
