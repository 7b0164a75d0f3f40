"""Leaves of what is in flight: one of each kind at a time. Source: docs/spec.md S-20."""

from typing import Final, NamedTuple

from rollup_node.core.inputs import RfqLeg


class Taker(NamedTuple):
    """The order in flight; `origin` says who made it, `resume` the phase after it (O-7).

    `makers` counts resting orders met, `filled` lots, both since the order began.
    """

    account: int
    series: int
    flags: int
    tick: int
    trigger: int
    remaining: int
    expiry_at: int
    slot: int
    tag: int
    fee_cap_ppm: int
    key: int
    generation: int
    makers: int
    filled: int
    origin: int
    resume: int
    forced: int


class RefreshRow(NamedTuple):
    """What was summed so far of one underlying: number of positions, and µUSDC as in `RiskRow`."""

    positions: int
    value: int
    initial: int
    maintenance: int


class RefreshTask(NamedTuple):
    """The account being revalued: next position number, the sums so far, what comes after."""

    account: int
    next: int
    resume: int
    rows: tuple[RefreshRow, ...]


class QuoteLeg(NamedTuple):
    """One leg of a mass quote: cancel the order in `slot`, then place `lots` (0: nothing)."""

    series: int
    side: int
    slot: int
    tick: int
    lots: int


class QuoteTask(NamedTuple):
    """The mass quote in flight; `next` is the number of its next leg."""

    account: int
    key: int
    fee_cap_ppm: int
    tag: int
    length: int
    next: int
    legs: tuple[QuoteLeg, ...]


class SweepTask(NamedTuple):
    """The cancel-all in flight: client slots from `next` on, of `scope` and `scope_id` (O-9)."""

    account: int
    scope: int
    scope_id: int
    next: int
    reason: int
    resume: int


class PriceTask(NamedTuple):
    """What a block or a report made due, and where the work stands (V-2, V-5, V-8, L-7).

    `due` and `sample` are masks of underlyings to reprice and to sample; `next` counts places of
    the series list of `underlying`, then of its strikes; `drain` is a mask of the places of the
    list with triggers, `drained` how many fired in this block; `impact` keeps the impact bid
    (µUSDC per lot) for the asks; `resume` is the phase after everything.
    """

    due: int
    sample: int
    underlying: int
    next: int
    drain: int
    drained: int
    resume: int
    impact: int


class LeaveTask(NamedTuple):
    """A transfer or withdrawal whose account is refreshed first (M-9).

    `target` is the recipient: an address on L1, or an account number in its last four bytes.
    """

    kind: int
    account: int
    asset: int
    amount: int
    target: bytes


class LiquidationTask(NamedTuple):
    """The account being liquidated, the series that is reduced, and whether it was (L-2)."""

    account: int
    series: int
    reduced: int


class RfqTask(NamedTuple):
    """The combo in flight while an account of it is refreshed (Q-3); lots as the maker gets them.

    The first `length` of the eight legs count.
    """

    taker: int
    taker_key: int
    taker_cap_ppm: int
    maker: int
    maker_key: int
    maker_cap_ppm: int
    length: int
    legs: tuple[RfqLeg, ...]


NO_REFRESH_ROW: Final = RefreshRow(0, 0, 0, 0)
NO_LEG: Final = QuoteLeg(0, 0, 0, 0, 0)
NO_RFQ_LEG: Final = RfqLeg(0, 0, 0)
NO_PRICE_TASK: Final = PriceTask(0, 0, 0, 0, 0, 0, 0, 0)
