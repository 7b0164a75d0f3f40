"""Positions on their way from one account to another of the same owner.

Source: docs/spec.md K-7. Twin: contracts/src/core/Moves.sol.
"""

from typing import NamedTuple, TypeAlias

from rollup_node.core.account_leaves import NO_POSITION, AccountRisk, Hot, Position, RiskRow
from rollup_node.core.accounts import admit_owner, check_free, read_cold
from rollup_node.core.cash import accrued_interest, change_cash
from rollup_node.core.fixed_point import div_down
from rollup_node.core.flags import CHILD_FLAG
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import MovePosition
from rollup_node.core.kinds import SeriesStatus, StepKind
from rollup_node.core.layout import (
    ACCOUNT_LIMIT,
    MAX_LOTS,
    SERIES_LIMIT,
    account_risk_key,
    hot_key,
    owner_key,
    series_key,
    terms_key,
)
from rollup_node.core.leaves import Owner
from rollup_node.core.market_leaves import Prices, SeriesState, SeriesTerms
from rollup_node.core.positions import (
    find_position,
    free_number,
    next_generation,
    replace_contribution,
    store_position,
    with_row,
)
from rollup_node.core.reason import Reason
from rollup_node.core.refresh import begin_refresh
from rollup_node.core.risk import (
    has_margin,
    is_current,
    is_restricted,
    read_amounts,
    read_hot,
    read_prices,
)
from rollup_node.core.standing import note_insurer


def move_position(
    frame: Frame, record: MovePosition, authority: Authority
) -> tuple[StepKind, Reason]:
    """Move lots of a position, with their share of the basis, to another account of the owner.

    An account that is not current is refreshed instead (`STALE_ACCOUNT`): the next try finds it
    so. Reads owner and hot, owner and hot of the recipient, prices, terms, state, then directory,
    page, balances of both. Source: docs/spec.md K-7.
    """
    kind = StepKind.MOVE_POSITION
    account, recipient, series, lots, nonce = record
    reason = admit_owner(frame, account, nonce, authority)
    return kind, reason or _move(frame, account, recipient, series, lots)


def _move(frame: Frame, account: int, recipient: int, series: int, lots: int) -> Reason:
    """Check both accounts, then the market, then hand over."""
    reason = _check_parties(frame, account, recipient, series)
    if reason:
        return reason
    hot, other = read_hot(frame, account), read_hot(frame, recipient)
    prices = read_prices(frame)
    for number, leaf in ((account, hot), (recipient, other)):
        if not is_current(leaf, prices):
            begin_refresh(frame, number, frame.phase)
            return Reason.STALE_ACCOUNT
    terms: SeriesTerms | None = frame.get(terms_key(series)) if series < SERIES_LIMIT else None
    if terms is None:
        return Reason.UNKNOWN_SERIES
    if is_restricted(prices.rows[terms.underlying], frame.time_ms):
        return Reason.STALE_PRICE
    state: SeriesState = frame.get(series_key(series))
    if state.status not in {SeriesStatus.TRADING, SeriesStatus.REDUCE_ONLY}:
        return Reason.SERIES_CLOSED
    market = Transferred(series, terms, state, prices)
    return _hand_over(frame, market, (account, hot), (recipient, other), lots)


def _check_parties(frame: Frame, account: int, recipient: int, series: int) -> Reason:
    """Check that both accounts have one owner, and that the recipient may hold the series.

    Reads owner and hot of the recipient, its cold if it is a child.
    """
    if recipient == account:
        return Reason.SELF_TRANSFER
    is_account = 0 < recipient < ACCOUNT_LIMIT
    receiver: Owner | None = frame.get(owner_key(recipient)) if is_account else None
    if receiver is None:
        return Reason.UNKNOWN_RECIPIENT
    sender: Owner = frame.get(owner_key(account))
    if receiver.address != sender.address:
        return Reason.NOT_SAME_OWNER
    other = read_hot(frame, recipient)
    if other.flags & CHILD_FLAG and read_cold(frame, recipient).series != series:
        return Reason.KEY_MARKET
    return check_free(other)


class Transferred(NamedTuple):
    """The series of a position that moves, and the prices of its underlying."""

    series: int
    terms: SeriesTerms
    state: SeriesState
    prices: Prices


def _hand_over(
    frame: Frame,
    market: Transferred,
    sender: tuple[int, Hot],
    recipient: tuple[int, Hot],
    lots: int,
) -> Reason:
    """Weigh both sides, then write both, or nothing."""
    account, hot = sender
    number, held = find_position(frame, account, market.series)
    size = abs(lots)
    if number is None or not lots or (lots > 0) != (held.lots > 0) or size > abs(held.lots):
        return Reason.NO_POSITION
    basis = div_down(held.basis * size, abs(held.lots))
    index = market.state.funding_index
    paid = held.lots * (index - held.funding_index)
    rest = held._replace(lots=held.lots - lots, basis=held.basis - basis, funding_index=index)
    left = _Holding(account, hot, number, held, rest if rest.lots else NO_POSITION, -paid)

    other, theirs = recipient
    place, old = find_position(frame, other, market.series)
    if old.lots and (old.lots > 0) != (lots > 0):
        return Reason.NO_POSITION
    merged = old.lots + lots
    if abs(merged) > MAX_LOTS or (place is None and free_number(frame, other) is None):
        return Reason.POSITION_LIMIT
    generation = old.generation if old.lots else next_generation(theirs)
    grown = Position(market.series, merged, old.basis + basis, index, generation)
    owed = old.lots * (index - old.funding_index)
    right = _Holding(other, theirs, place, old, grown, -owed)
    leaving = _weigh_holding(frame, market, left, must_cover=False)
    arriving = _weigh_holding(frame, market, right, must_cover=True) if leaving else None
    if leaving is None or arriving is None:
        return Reason.INSUFFICIENT_MARGIN
    _store_holding(frame, market, left, leaving)
    _store_holding(frame, market, right, arriving)
    return Reason.OK


class _Holding(NamedTuple):
    """One side of a move: its position before and after, and the funding it is paid."""

    account: int
    hot: Hot
    number: int | None
    before: Position
    after: Position
    cash: int


_Weighed: TypeAlias = tuple[RiskRow, AccountRisk | None]
"""The row of a side after a move, and its risk leaf if its model has one."""


def _weigh_holding(
    frame: Frame, market: Transferred, side: _Holding, *, must_cover: bool
) -> _Weighed | None:
    """Return what a side holds after a move, None unless it may.

    It covers its initial margin, or, if it need not, only eases its own.
    """
    underlying = market.terms.underlying
    row, risk = replace_contribution(frame, side.account, side.hot, market, side.before, side.after)
    old = side.hot.rows[underlying]
    moved = with_row(side.hot, underlying, row)
    amounts = read_amounts(frame, side.account)
    interest = accrued_interest(amounts[0], side.hot.interest_ms, frame.time_ms)
    settled = (amounts[0] - interest + side.cash, *amounts[1:])
    eases = not must_cover and row.maintenance <= old.maintenance and row.value >= old.value
    if has_margin(frame, moved, settled, market.prices, 0) or eases:
        return row, risk
    return None


def _store_holding(frame: Frame, market: Transferred, side: _Holding, weighed: _Weighed) -> None:
    underlying = market.terms.underlying
    row, risk = weighed
    store_position(frame, side.account, side.number, side.after)
    hot = with_row(side.hot, underlying, row)
    hot = change_cash(frame, side.account, hot, side.cash)
    frame.put(hot_key(side.account), hot)
    note_insurer(frame, side.account, hot, underlying)
    if risk is not None:
        frame.put(account_risk_key(side.account, underlying), risk)
