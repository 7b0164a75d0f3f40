"""What the story reads of the state on L2, as the verifier derives it from L1."""

from collections.abc import Sequence
from typing import Any, Final

from rollup_node.codec.leaves import decode_leaf
from rollup_node.core.flags import FUND_FLAG, LIQUIDATING_FLAG
from rollup_node.core.kinds import SeriesStatus
from rollup_node.core.layout import (
    CURSOR_KEY,
    EXPIRIES,
    PRICES_KEY,
    LeafKey,
    board_key,
    directory_key,
    expiry_key,
    hot_key,
    option_rules_key,
    sales_key,
    series_key,
    underlying_key,
)
from rollup_node.core.leaves import Cursor
from rollup_node.core.market_leaves import Prices, Underlying
from rollup_node.core.option_leaves import OptionRules
from rollup_node.core.prices import REPRICE_AGE_MS
from rollup_node.core.standing import GRACE_MS
from rollup_node.core.strikes import OLD_SURFACE_MS
from rollup_node.devnet.session import Session

ETH: Final = 0
"""The underlying of both vaults."""
_MS: Final = 1_000


def read_leaf(session: Session, key: LeafKey) -> Any:  # noqa: ANN401 - the key decides
    """Return a leaf of the newest state, `None` if it is empty."""
    return read_leaves(session, [key])[0]


def read_leaves(session: Session, keys: Sequence[LeafKey]) -> list[Any]:
    """Return leaves of the newest state, `None` where one is empty."""
    values = [bytes.fromhex(text[2:]) for text in session.verifier.call("rollup_getLeaves", keys)]
    return [
        decode_leaf(key, value) if value else None for key, value in zip(keys, values, strict=True)
    ]


def has_positions(session: Session, account: int) -> bool:
    """Tell whether an account holds anything that has to be settled."""
    directory = read_leaf(session, directory_key(account))
    return directory is not None and any(directory.series)


def is_liquidated(session: Session, account: int) -> bool:
    """Tell whether an account is being liquidated."""
    return _has_flag(session, account, LIQUIDATING_FLAG)


def is_taken(session: Session, account: int) -> bool:
    """Tell whether an account went to the fund."""
    return _has_flag(session, account, FUND_FLAG)


def _has_flag(session: Session, account: int, flag: int) -> bool:
    hot = read_leaf(session, hot_key(account))
    return hot is not None and bool(hot.flags & flag)


def has_sale(session: Session, account: int, message: int) -> bool:
    """Tell whether a delayed message may have begun a sale that runs, or that was met.

    `True` while the message is on its way. States follow each other: the message is looked for
    before what it led to.
    """
    cursor: Cursor = read_leaf(session, CURSOR_KEY)
    if cursor.delayed <= message or has_positions(session, account):
        return True
    now_ms = session.l1_time() * _MS
    calls = _listed(session)
    keys = [sales_key(series) for call in calls for series in (call, call + 1)]
    return any(
        place.account == account and place.lots and now_ms < place.ends_ms
        for sales in read_leaves(session, keys)
        if sales is not None
        for place in sales.places
    )


def settlement_price(session: Session, expiry_at: int) -> int:
    """Return the settlement price of a date in µUSDC per unit, 0 if it is not fixed."""
    for slot in range(EXPIRIES):
        expiry = read_leaf(session, expiry_key(ETH, slot))
        if expiry is not None and expiry.expiry_at == expiry_at:
            return int(expiry.price)
    return 0


def lots_per_unit(session: Session) -> int:
    """Return how many lots of an option on ETH are one ETH."""
    rules: OptionRules = read_leaf(session, option_rules_key(ETH))
    return rules.lots_per_unit


def seconds_until_priced(session: Session) -> int:
    """Return how far the next reprice is if options wait for it, 0 if none does.

    When time jumps, the first price prices options by volatilities that have become too old, and
    stops them; new volatilities are there in a moment, and count from the next reprice (V-2).
    """
    prices: Prices | None = read_leaf(session, PRICES_KEY)
    now = session.l1_time()
    calls = _listed(session, fresh_ms=now * _MS - OLD_SURFACE_MS)
    states = read_leaves(session, [series_key(call) for call in calls])
    if prices is None or all(state.status != SeriesStatus.REDUCE_ONLY for state in states):
        return 0
    return _seconds_until(prices.rows[ETH].priced_ms + REPRICE_AGE_MS, now)


def seconds_until_liquidations(session: Session) -> int:
    """Return how long nobody is liquidated yet because prices had been gone for long (L-1)."""
    oracle: Underlying = read_leaf(session, underlying_key(ETH))
    return _seconds_until(oracle.resumed_ms + GRACE_MS, session.l1_time())


def _listed(session: Session, fresh_ms: int = 0) -> list[int]:
    """Return the calls on ETH of all dates that have volatilities since then."""
    boards = read_leaves(session, [board_key(ETH, slot) for slot in range(EXPIRIES)])
    return [
        row.series
        for board in boards
        if board is not None and board.surface_ms >= fresh_ms
        for row in board.strikes
        if row.series
    ]


def _seconds_until(time_ms: int, now: int) -> int:
    """Return the whole seconds until a time is over, 0 if it is."""
    return max(0, time_ms // _MS + 1 - now)
