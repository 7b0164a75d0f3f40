"""What the oracle says, and what a block finds due. Source: docs/spec.md V-2 to V-7.

Twin: contracts/src/core/PriceRules.sol.
"""

from typing import Final

from rollup_node.core.fixed_point import div_down
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import ForwardReport, PriceReport
from rollup_node.core.kinds import Phase
from rollup_node.core.layout import (
    EXPIRIES,
    PRICE_LIMIT,
    PRICE_TASK_KEY,
    PRICES_KEY,
    PUBLISHERS_KEY,
    UNDERLYING_LIMIT,
    expiry_key,
    underlying_key,
)
from rollup_node.core.market_leaves import (
    NO_EXPIRY,
    NO_PRICES,
    NO_PUBLISHERS,
    NO_UNDERLYING,
    Expiry,
    PriceRow,
    Prices,
    Publishers,
    Underlying,
)
from rollup_node.core.reason import Reason
from rollup_node.core.task_leaves import PriceTask

REPRICE_AGE_MS: Final = 30_000
REPRICE_GAP_MS: Final = 1_000
DRIFT_DIVISOR: Final = 400
"""A reprice is due when the index is more than 1/400, 25 bps, away from the reference."""
SAMPLE_GAP_MS: Final = 1_000
REPORT_LEAD_MS: Final = 1_000
REPORT_AGE_MS: Final = 60_000
GAP_MS: Final = 300_000
"""After a longer gap between reports liquidations wait. Source: docs/spec.md L-1."""

MAX_CONFIDENCE_PPM: Final = 20_000
JUMP_DIVISOR: Final = 20
"""A price more than 1/20 away from the index waits for a second one."""
CONFIRM_DIVISOR: Final = 100
FORWARD_DIVISOR: Final = 5
OPEN: Final = 1
NO_ADDRESS: Final = bytes(20)


def is_due(row: PriceRow, time_ms: int) -> bool:
    """Say whether an underlying has to be repriced now. Source: docs/spec.md V-2."""
    if not row.index_price:
        return False
    age_ms = time_ms - row.priced_ms
    if age_ms >= REPRICE_AGE_MS:
        return True
    drift = abs(row.index_price - row.reference)
    return age_ms >= REPRICE_GAP_MS and drift * DRIFT_DIVISOR > row.reference


def begin_due_work(frame: Frame) -> None:
    """Begin to reprice and to sample what a new block finds due.

    Reads the prices, then the price task if anything is due. Source: docs/spec.md V-2.
    """
    prices: Prices | None = frame.get(PRICES_KEY)
    if prices is None:
        return
    due = sample = 0
    is_sampled = frame.time_ms - prices.sampled_ms >= SAMPLE_GAP_MS
    for underlying, row in enumerate(prices.rows):
        if is_due(row, frame.time_ms):
            due |= 1 << underlying
        if is_sampled and row.epoch:
            sample |= 1 << underlying
    if not due | sample:
        return
    frame.get(PRICE_TASK_KEY)
    if sample:
        frame.put(PRICES_KEY, Prices(prices.rows, frame.time_ms))
    continue_work(frame, PriceTask(due, sample, 0, 0, 0, 0, frame.phase, 0))


def begin_reprice(frame: Frame, underlying: int) -> None:
    """Begin to reprice one underlying now, then come back to the phase that is.

    Reads the price task. Source: docs/spec.md V-4.
    """
    frame.get(PRICE_TASK_KEY)
    continue_work(frame, PriceTask(1 << underlying, 0, 0, 0, 0, 0, frame.phase, 0))


def hasten_reprice(frame: Frame, underlying: int, prices: Prices) -> None:
    """Make a reprice due one second from now at the latest: what else is said meanwhile joins it.

    The prices were read. Source: docs/spec.md V-9, V-13.
    """
    row = prices.rows[underlying]
    priced_ms = min(row.priced_ms, max(0, frame.time_ms - REPRICE_AGE_MS + REPRICE_GAP_MS))
    row = PriceRow(row.epoch, priced_ms, *row[2:])
    rows = (*prices.rows[:underlying], row, *prices.rows[underlying + 1 :])
    frame.put(PRICES_KEY, Prices(rows, prices.sampled_ms))


def continue_work(frame: Frame, task: PriceTask) -> None:
    """Go on with the lowest underlying that is due, else to be sampled, else be done.

    Reprices come first, so samples see fresh marks. Source: docs/spec.md V-5.
    """
    due, sample, _, _, _, drained, resume, _ = task
    phase, underlying = resume, 0
    if due:
        phase, underlying = Phase.REPRICE, lowest_bit(due)
    elif sample:
        phase, underlying = Phase.SAMPLE, lowest_bit(sample)
    frame.phase = phase
    frame.put(PRICE_TASK_KEY, PriceTask(due, sample, underlying, 0, 0, drained, resume, 0))


def lowest_bit(mask: int) -> int:
    """Return the number of the lowest bit of a mask that is not zero."""
    return (mask & -mask).bit_length() - 1


def check_signers(frame: Frame, signers: tuple[bytes | None, ...]) -> Reason:
    """Check that enough publishers signed, each once, in their order.

    Reads the publishers. Source: docs/spec.md V-3.
    """
    publishers: Publishers = frame.get(PUBLISHERS_KEY) or NO_PUBLISHERS
    place = 0
    for signer in signers:
        while place < len(publishers.addresses) and publishers.addresses[place] != signer:
            place += 1
        if signer is None or signer == NO_ADDRESS or place == len(publishers.addresses):
            return Reason.BAD_PUBLISHERS
        place += 1
    enough = publishers.threshold and len(signers) >= publishers.threshold
    return Reason.OK if enough else Reason.TOO_FEW_SIGNATURES


def apply_price_report(frame: Frame, report: PriceReport, authority: Authority) -> Reason:
    """Take a price, or keep a jump for its confirmation; may begin to reprice.

    Reads publishers, underlying, prices, then the price task if a reprice is due.
    Source: docs/spec.md V-4.
    """
    underlying = report.underlying
    reason = check_signers(frame, authority.signers)
    if reason:
        return reason
    if underlying >= UNDERLYING_LIMIT:
        return Reason.UNKNOWN_UNDERLYING
    key = underlying_key(underlying)
    oracle: Underlying = frame.get(key) or NO_UNDERLYING
    prices: Prices = frame.get(PRICES_KEY) or NO_PRICES
    row = prices.rows[underlying]
    reason = _check_report(report_clock(frame, authority), report, oracle, row)
    if reason:
        return reason
    price, resumed_ms = report.price, oracle.resumed_ms
    epoch, priced_ms, reference, index, index_ms, pending = row
    is_pending = _is_jump(price, index) and not _confirms(price, pending)
    if is_pending:
        row = PriceRow(epoch, priced_ms, reference, index, index_ms, price)
    else:
        if index and report.time_ms - index_ms > GAP_MS:
            resumed_ms = frame.time_ms
        row = PriceRow(epoch, priced_ms, reference, price, report.time_ms, 0)
    frame.put(key, Underlying(OPEN, report.round, report.confidence_ppm, resumed_ms))
    rows = (*prices.rows[:underlying], row, *prices.rows[underlying + 1 :])
    frame.put(PRICES_KEY, Prices(rows, prices.sampled_ms))
    if is_pending:
        return Reason.PRICE_PENDING
    if is_due(row, frame.time_ms):
        begin_reprice(frame, underlying)
    return Reason.OK


def _check_report(clock_ms: int, report: PriceReport, oracle: Underlying, row: PriceRow) -> Reason:
    if oracle.status != OPEN:
        return Reason.UNKNOWN_UNDERLYING
    if report.round <= oracle.round:
        return Reason.OLD_ROUND
    if report.time_ms <= row.index_ms or not is_timely(clock_ms, report.time_ms):
        return Reason.BAD_TIME
    is_good = 0 < report.price < PRICE_LIMIT and report.confidence_ppm <= MAX_CONFIDENCE_PPM
    return Reason.OK if is_good else Reason.BAD_PRICE


def is_timely(clock_ms: int, time_ms: int) -> bool:
    """Say whether a report of `time_ms` may be used at `clock_ms`. Source: docs/spec.md V-4."""
    return clock_ms - REPORT_AGE_MS <= time_ms <= clock_ms + REPORT_LEAD_MS


def report_clock(frame: Frame, authority: Authority) -> int:
    """Return what a report is held against: the time of the block, or of the L1 block (ms).

    While a sequencer is silent the time of L2 stands still, so a message has a clock of its own.
    """
    return authority.sent_ms if authority.forced else frame.time_ms


def _is_jump(price: int, index_price: int) -> bool:
    return index_price != 0 and abs(price - index_price) * JUMP_DIVISOR > index_price


def _confirms(price: int, pending: int) -> bool:
    return pending != 0 and abs(price - pending) * CONFIRM_DIVISOR <= pending


def apply_forward_report(frame: Frame, report: ForwardReport, authority: Authority) -> Reason:
    """Take the forward of a settlement date; it counts from the next reprice.

    Reads publishers, underlying, prices, expiry. Source: docs/spec.md V-6.
    """
    underlying = report.underlying
    reason = check_signers(frame, authority.signers)
    if reason:
        return reason
    if underlying >= UNDERLYING_LIMIT or report.expiry_slot >= EXPIRIES:
        return Reason.UNKNOWN_UNDERLYING
    oracle: Underlying = frame.get(underlying_key(underlying)) or NO_UNDERLYING
    if oracle.status != OPEN:
        return Reason.UNKNOWN_UNDERLYING
    prices: Prices = frame.get(PRICES_KEY) or NO_PRICES
    key = expiry_key(underlying, report.expiry_slot)
    expiry: Expiry = frame.get(key) or NO_EXPIRY
    if expiry.expiry_at * 1_000 <= frame.time_ms:
        return Reason.EXPIRED
    if report.round <= expiry.round:
        return Reason.OLD_ROUND
    is_its_own = report.expiry == expiry.expiry_at
    if not (is_its_own and is_timely(report_clock(frame, authority), report.time_ms)):
        return Reason.BAD_TIME
    if abs(report.difference) > div_down(prices.rows[underlying].index_price, FORWARD_DIVISOR):
        return Reason.BAD_PRICE
    frame.put(key, Expiry(expiry.expiry_at, report.difference, report.round, *expiry[3:]))
    return Reason.OK
