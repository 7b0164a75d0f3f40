"""The sale of a whole account, and what the insurance fund does with one that nobody wants.

Source: docs/spec.md L-3 to L-6. Twin: contracts/src/core/Auctions.sol.
"""

from typing import Final, NamedTuple

from rollup_node.core.account_leaves import NO_COLD, Cold, Hot, SessionKey
from rollup_node.core.accounts import OPENING_USDC, allocate_account, check_free
from rollup_node.core.authority import admit
from rollup_node.core.cash import add_fees, add_insurance, change_cash, read_pools
from rollup_node.core.events import Liquidated
from rollup_node.core.fixed_point import div_down, div_up
from rollup_node.core.flags import CHILD_FLAG, FUND_FLAG, LIQUIDATING_FLAG, SALE_FLAG
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import Bid, Takeover
from rollup_node.core.kinds import OrderClass, Phase
from rollup_node.core.layout import (
    SESSION_KEYS,
    cold_key,
    hot_key,
    owner_key,
    session_key_key,
)
from rollup_node.core.leaves import Owner, Withdrawal, replace_amount
from rollup_node.core.leaving import check_leaving, find_way_out, go_out
from rollup_node.core.reason import Reason
from rollup_node.core.refresh import begin_refresh
from rollup_node.core.risk import (
    has_collateral,
    is_current,
    read_amounts,
    read_hot,
    read_prices,
)
from rollup_node.core.standing import (
    FUND_OWNER,
    Standing,
    cover,
    find_insurer,
    has_positions,
    is_account,
    read_cold,
    release,
    settle_fund,
    weigh_account,
)
from rollup_node.core.sweeps import ALL, begin_sweep
from rollup_node.core.task_leaves import SweepTask

SALE_MS: Final = 600_000
"""The first part of an auction: the price falls to four fifths, a subsidy rises to its top."""

AUCTION_MS: Final = 7_200_000
"""After this the price of an account is 0, and the fund may take it."""

FIRST_PPM: Final = 980_000
SECOND_PPM: Final = 800_000
_PPM: Final = 1_000_000
_OWNER_ONLY: Final = 0
_NO_ADDRESS: Final = bytes(20)
_OK: Final = Reason.OK


def compute_price_ppm(age_ms: int) -> int:
    """Return what part of its equity an account costs, `age_ms` into its auction; rounded down.

    98 % at first, 80 % after 10 minutes, 0 after 2 hours. Source: docs/spec.md L-3.
    """
    if age_ms <= SALE_MS:
        return FIRST_PPM - div_down((FIRST_PPM - SECOND_PPM) * age_ms, SALE_MS)
    return div_down(SECOND_PPM * max(0, AUCTION_MS - age_ms), AUCTION_MS - SALE_MS)


def compute_price(standing: Standing, age_ms: int, insurance: int) -> int:
    """Return the price of an account, µUSDC; negative: what the insurance adds. Source: L-3.

    Rounded up, in favour of the old owner and of the insurance.
    """
    if standing.equity > 0:
        return div_up(standing.equity * compute_price_ppm(age_ms), _PPM)
    missing = (standing.maintenance - standing.equity) * min(age_ms, SALE_MS)
    return -min(div_down(missing, SALE_MS), insurance)


def apply_bid(frame: Frame, bid: Bid, authority: Authority) -> Reason:
    """Buy a whole account that is for sale, and bring it back to its initial margin.

    Only the owner key bids. An account that is not current is refreshed instead
    (`STALE_ACCOUNT`). Reads owner and hot of the bidder, hot of the target, prices, cold and what
    `weigh_account` reads of the target, pools if it costs nothing, balances of the bidder and what
    M-9 reads, then what changes. Source: docs/spec.md L-4.
    """
    account, key, target, version, limit, nonce = bid
    reason = admit(frame, account, key, nonce, authority, _OWNER_ONLY, OrderClass.LIQUIDATION)
    reason = reason or check_free(read_hot(frame, account))
    if reason is not _OK:
        return reason
    if target == account:
        return Reason.SELF_TRANSFER
    if not is_account(target):
        return Reason.UNKNOWN_ACCOUNT
    hot = read_hot(frame, target)
    if not hot.flags & LIQUIDATING_FLAG:
        return Reason.NOT_LIQUIDATABLE
    if hot.version != version:
        return Reason.WRONG_VERSION
    for number in (account, target):
        if not is_current(read_hot(frame, number), read_prices(frame)):
            begin_refresh(frame, number, Phase.IDLE)
            return Reason.STALE_ACCOUNT
    return _buy(frame, account, target, limit)


class _Sale(NamedTuple):
    """A sale that both sides can afford: `price` and `top_up` are what the bidder pays, µUSDC."""

    hot: Hot
    cold: Cold
    insurer: int
    price: int
    top_up: int


def _buy(frame: Frame, account: int, target: int, limit: int) -> Reason:
    """Check the price and the bidder's money, then hand over. Source: docs/spec.md L-4."""
    hot, cold = read_hot(frame, target), read_cold(frame, target)
    if cold.auction_ms == 0:
        return Reason.NOT_LIQUIDATABLE
    reason, standing = weigh_account(frame, target, hot)
    if reason is not _OK:
        return reason
    if standing.equity >= standing.maintenance and not hot.flags & FUND_FLAG:
        return Reason.NOT_LIQUIDATABLE
    insurer = find_insurer(hot, cold)
    insurance = read_pools(frame).insurance[insurer] if standing.equity <= 0 else 0
    price = compute_price(standing, frame.time_ms - cold.auction_ms, insurance)
    if price > limit:
        return Reason.BID_TOO_LOW
    top_up = max(0, standing.initial - standing.equity + min(price, 0))
    reason = _check_payment(frame, account, max(price, 0) + top_up, standing)
    if reason is not _OK:
        return reason
    return _sell(frame, account, target, _Sale(hot, cold, insurer, price, top_up))


def _sell(frame: Frame, account: int, target: int, sale: _Sale) -> Reason:
    """Let money and account change hands: nothing is left to check but how the proceeds go.

    Reads what the proceeds need, hot, balances, pools and credit as money moves, owner and session
    keys. Source: docs/spec.md L-4.
    """
    hot, cold, insurer, price, top_up = sale
    pays_owner = price > 0 and not hot.flags & FUND_FLAG
    if pays_owner:
        reason = _pay_owner(frame, target, hot.group, price)
        if reason is not _OK:
            return reason
    payer = read_hot(frame, account)
    frame.put(hot_key(account), change_cash(frame, account, payer, -max(price, 0) - top_up))
    if price and not pays_owner:
        add_insurance(frame, insurer, price)
    hot = change_cash(frame, target, hot, top_up - min(price, 0))
    owner: Owner = frame.get(owner_key(account))
    kept = hot._replace(group=payer.group, flags=hot.flags & CHILD_FLAG)
    _hand_over(frame, target, owner.address, kept, cold, account)
    frame.events.append(Liquidated(target, 0, 2))
    return _OK


def _check_payment(frame: Frame, account: int, total: int, standing: Standing) -> Reason:
    """Check that an account may part with cash, as if it left. Source: docs/spec.md M-9."""
    amounts = read_amounts(frame, account)
    rest = amounts[0] - total
    if rest < 0:
        return Reason.INSUFFICIENT_BALANCE
    left = replace_amount(amounts, 0, rest)
    return check_leaving(frame, read_hot(frame, account), left, standing.prices)


def _pay_owner(frame: Frame, target: int, group: int, price: int) -> Reason:
    """Pay the old owner into a fresh account, which costs what K-7 asks; on L1 if none is left.

    A price that is not more than that goes to the fees. Reads the owner of the account that is
    sold, then allocators and the leaves of the new one and pools, or what leaves for L1 reads.
    Reasons: those of a withdrawal, if no number is left. Source: docs/spec.md L-4.
    """
    owner: Owner = frame.get(owner_key(target))
    proceeds = price - OPENING_USDC
    if proceeds <= 0:
        add_fees(frame, price)
        return _OK
    if allocate_account(frame, owner.address, group, 0, proceeds):
        add_fees(frame, OPENING_USDC)
        return _OK
    reason, way_out = find_way_out(frame, 0, price)
    if reason is _OK:
        go_out(frame, way_out, Withdrawal(target, 0, price, owner.address))
    return reason


def _hand_over(
    frame: Frame, target: int, address: bytes, hot: Hot, cold: Cold, parent: int
) -> None:
    """Give an account another owner: keys, guardian, protection, dead man and orders go.

    `hot` has its new flags and group. Reads owner, the session keys, and the sweep if there are
    orders; nonce windows stay. Source: docs/spec.md L-4.
    """
    key = owner_key(target)
    owner: Owner = frame.get(key)
    frame.put(key, Owner(address, owner.nonce_high, owner.nonce_map))
    for number in range(1, SESSION_KEYS + 1):
        place = session_key_key(target, number)
        session: SessionKey | None = frame.get(place)
        if session is not None:
            window = session.nonce_high, session.nonce_map
            frame.put(place, SessionKey(_NO_ADDRESS, 0, 0, 0, 0, *window))
    version = hot.version + 1 & 0xFFFFFFFF
    frame.put(hot_key(target), hot._replace(protected=0, dead_man_ms=0, version=version))
    auction_ms = frame.time_ms if hot.flags & FUND_FLAG else 0
    frame.put(
        cold_key(target),
        NO_COLD._replace(
            guardian_nonce=cold.guardian_nonce,
            parent=parent,
            series=cold.series,
            liquidated_ms=auction_ms,
            auction_ms=auction_ms,
        ),
    )
    if hot.slot_map:
        begin_sweep(frame, SweepTask(target, ALL, 0, 0, Reason.LIQUIDATING, Phase.IDLE))


def apply_takeover(frame: Frame, record: Takeover, _authority: Authority) -> Reason:
    """Let the insurance fund take what nobody bought, or settle what it took; anyone may.

    Reads hot, prices, cold and what `weigh_account` reads, then pools and credit if the insurance
    pays, then what changes hands. Source: docs/spec.md L-5.
    """
    (account,) = record
    if not is_account(account):
        return Reason.UNKNOWN_ACCOUNT
    hot = read_hot(frame, account)
    if not hot.flags & LIQUIDATING_FLAG:
        return Reason.NOT_LIQUIDATABLE
    if not is_current(hot, read_prices(frame)):
        begin_refresh(frame, account, Phase.IDLE)
        return Reason.STALE_ACCOUNT
    cold = read_cold(frame, account)
    reason, standing = weigh_account(frame, account, hot)
    if reason is not _OK:
        return reason
    age_ms = frame.time_ms - cold.auction_ms
    if hot.flags & FUND_FLAG:
        return _settle_taken(frame, account, hot, cold, standing)
    reason = _check_takeover(standing, cold, age_ms)
    if reason is Reason.NOT_LIQUIDATABLE and cold.auction_ms:
        release(frame, account, hot, cold)
    elif reason is _OK:
        _take(frame, account, hot, cold, standing)
    return reason


def _settle_taken(frame: Frame, account: int, hot: Hot, cold: Cold, standing: Standing) -> Reason:
    """Settle an account that the fund has, and begin a new auction if one is over."""
    if frame.time_ms - cold.auction_ms >= AUCTION_MS:
        frame.put(cold_key(account), cold._replace(auction_ms=frame.time_ms))
    frame.put(hot_key(account), settle_fund(frame, account, hot, cold, standing))
    return _OK


def _check_takeover(standing: Standing, cold: Cold, age_ms: int) -> Reason:
    """Check that an account is not cured, and that bidders had their time. Source: L-5."""
    if standing.equity >= standing.maintenance or cold.auction_ms == 0:
        return Reason.NOT_LIQUIDATABLE
    is_early = age_ms < (SALE_MS if standing.equity < 0 else AUCTION_MS)
    return Reason.COOLING_DOWN if is_early else _OK


def _take(frame: Frame, account: int, hot: Hot, cold: Cold, standing: Standing) -> None:
    """Pay what the account owes; what still holds something goes to the fund. Source: L-5."""
    insurer = find_insurer(hot, cold)
    if standing.equity < 0:
        hot = cover(frame, account, hot, -standing.equity, insurer)
    frame.events.append(Liquidated(account, 0, 3))
    if not has_positions(hot) and not has_collateral(standing.amounts):
        release(frame, account, hot, cold)
        return
    flags = hot.flags & CHILD_FLAG | LIQUIDATING_FLAG | FUND_FLAG | SALE_FLAG
    taken = _make_standard(hot)._replace(group=0, flags=flags)
    _hand_over(frame, account, FUND_OWNER, taken, cold, insurer)


def _make_standard(hot: Hot) -> Hot:
    """Return an account under the standard model, so that the fund may reduce it leg by leg.

    Its rows become stale, whoever touches it next refreshes them; no epoch is 0. Source: L-5.
    """
    if hot.mode == 0:
        return hot
    rows = tuple(row._replace(epoch=0) if row.positions else row for row in hot.rows)
    return hot._replace(mode=0, rows=rows)
