"""What the legs of a combo leave of both sides, and whether that may be: M-6 once for all legs.

Source: docs/spec.md Q-5. Twin: contracts/src/core/Combos.sol.
"""

from typing import Final, NamedTuple

from rollup_node.core.account_leaves import Hot
from rollup_node.core.cash import accrued_interest, mark_interest, read_pools, store_cash
from rollup_node.core.combo_checks import Party, check_party, read_markets
from rollup_node.core.events import ComboFill
from rollup_node.core.fills import Market, may_give
from rollup_node.core.frame import Frame
from rollup_node.core.inputs import RfqLeg
from rollup_node.core.layout import MAX_LOTS, POOLS_KEY, account_risk_key, hot_key, series_key
from rollup_node.core.leaves import Amounts
from rollup_node.core.market_leaves import Pools, Prices
from rollup_node.core.option_terms import compute_fee
from rollup_node.core.positions import (
    apply_fill,
    find_position,
    free_number,
    next_generation,
    replace_contribution,
    store_position,
    with_row,
)
from rollup_node.core.reason import Reason
from rollup_node.core.risk import has_margin, read_amounts
from rollup_node.core.standing import note_insurer

_OK: Final = Reason.OK


class Traded(NamedTuple):
    """What the legs did to a party: its fee and the growth of open interest per leg, interest."""

    fees: tuple[int, ...]
    grown: tuple[int, ...]
    interest: int


def trade_combo(
    frame: Frame, taker: Party, maker: Party, legs: tuple[RfqLeg, ...], prices: Prices
) -> Reason:
    """Check the legs, then both parties, move the positions of both. Source: docs/spec.md Q-4.

    What it wrote before it failed its caller takes back.
    """
    reason, markets = read_markets(frame, legs, prices)
    if reason is not _OK:
        return reason
    rates = max(market.terms.taker_fee_ppm for market in markets)
    reason = check_party(frame, taker, legs, markets, rates)
    if reason is not _OK:
        return reason
    rates = max(market.terms.maker_fee_ppm for market in markets)
    if check_party(frame, maker, legs, markets, rates):
        return Reason.MAKER_VOID
    reason, taking = _trade_legs(frame, taker, legs, markets)
    if taking is None:
        return reason
    reason, making = _trade_legs(frame, maker, legs, markets)
    if making is None:
        failed = reason is Reason.INSUFFICIENT_MARGIN
        return Reason.MAKER_FAILED if failed else Reason.MAKER_VOID
    return _settle(frame, (taker, maker), legs, markets, (taking, making))


class _Tally:
    """What the legs change of a party until M-6 is asked; `gain` of its cash, `funding` in it."""

    __slots__ = ("funding", "gain", "hot")

    def __init__(self, hot: Hot) -> None:
        self.hot = hot
        self.gain = 0
        self.funding = 0


def _trade_legs(
    frame: Frame, party: Party, legs: tuple[RfqLeg, ...], markets: list[Market]
) -> tuple[Reason, Traded | None]:
    """Move the positions of a party, then ask M-6 once about all of it. Source: docs/spec.md Q-5.

    Reads what each leg reads, then balances, the asset terms if neither cash nor the second way
    of M-6 does, credit if cash is negative before or after, and what `note_insurer` reads.
    """
    account, before, tally = party.account, party.hot, _Tally(party.hot)
    done: list[tuple[int, int]] = []
    for leg, market in zip(legs, markets, strict=True):
        traded = _trade_leg(frame, party, market, leg.lots, tally)
        if traded is None:
            return Reason.POSITION_LIMIT, None
        done.append(traded)
    amounts = read_amounts(frame, account)
    interest = accrued_interest(amounts[0], before.interest_ms, frame.time_ms)
    settled = (amounts[0] - interest + tally.funding, *amounts[1:])
    cash = amounts[0] - interest + tally.gain
    if not (
        _eases(frame, (before, tally.hot), settled, markets[0], tally.gain - tally.funding)
        or has_margin(frame, tally.hot, (cash, *amounts[1:]), markets[0].prices, 0)
    ):
        return Reason.INSUFFICIENT_MARGIN, None
    store_cash(frame, account, amounts, cash)
    frame.put(hot_key(account), mark_interest(tally.hot, frame.time_ms, amounts[0], cash))
    note_insurer(frame, account, tally.hot, markets[0].terms.underlying)
    fees, grown = zip(*done, strict=True)
    return _OK, Traded(fees, grown, interest)


def _trade_leg(
    frame: Frame, party: Party, market: Market, lots: int, tally: _Tally
) -> tuple[int, int] | None:
    """Move one position by lots of the maker; return fee and growth of the open interest.

    `None` if it would be too large, or there is no place for it. Reads directory and page, under
    portfolio margin the risk of the account, then of the series.
    """
    account, change, terms = party.account, party.sign * lots, market.terms
    number, position = find_position(frame, account, market.series)
    held, index = position.lots, market.state.funding_index
    after = held + change
    if abs(after) > MAX_LOTS or (number is None and free_number(frame, account) is None):
        return None
    rate_ppm = terms.maker_fee_ppm if party.sign > 0 else terms.taker_fee_ppm
    fee = compute_fee(terms, abs(change), market.price, rate_ppm)
    generation = next_generation(tally.hot)
    moved, paid = apply_fill(position, market.series, change, market.price, index, generation)
    store_position(frame, account, number, moved)
    row, risk = replace_contribution(frame, account, tally.hot, market, position, moved)
    if risk is not None:
        frame.put(account_risk_key(account, terms.underlying), risk)
    tally.hot = with_row(tally.hot, terms.underlying, row)
    tally.gain += paid - fee
    tally.funding += held * (position.funding_index - index)
    return fee, max(0, after) - max(0, held)


def _eases(
    frame: Frame, hots: tuple[Hot, Hot], settled: Amounts, market: Market, gain: int
) -> bool:
    """Say whether a party passes by the second way of M-6, which compares before and after.

    `settled` are its balances before, after funding and interest, `gain` what its cash gains.
    """
    old, new = (hot.rows[market.terms.underlying] for hot in hots)
    released = old.maintenance - new.maintenance
    eased = gain + new.value - old.value + released
    if released < 0 or eased < 0:
        return False
    given = released - eased
    return given <= 0 or may_give(
        frame, hots[0], settled, settled[0], market.prices, (given, released)
    )


def _settle(
    frame: Frame,
    parties: tuple[Party, Party],
    legs: tuple[RfqLeg, ...],
    markets: list[Market],
    traded: tuple[Traded, Traded],
) -> Reason:
    """Write the open interest and what the exchange earns. Reads pools. Source: Q-5."""
    taking, making = traded
    fills: list[ComboFill] = []
    pairs = zip(legs, markets, taking.fees, making.fees, strict=True)
    for place, (leg, market, paid, earned) in enumerate(pairs):
        state, grown = market.state, taking.grown[place] + making.grown[place]
        interest = state.open_interest + grown
        if grown > 0 and interest > market.terms.open_interest_cap:
            return Reason.OPEN_INTEREST_CAP
        if grown:
            frame.put(series_key(leg.series), state._replace(open_interest=interest))
        sides = (parties[0].account, parties[1].account, int(leg.lots > 0))
        fills.append(ComboFill(leg.series, *sides, leg.price, abs(leg.lots), paid, earned))
    fees, insurance = read_pools(frame)
    fees += sum(taking.fees) + sum(making.fees)
    insurance = (insurance[0] + taking.interest + making.interest, *insurance[1:])
    frame.put(POOLS_KEY, Pools(fees, insurance))
    frame.events.extend(fills)
    return _OK
