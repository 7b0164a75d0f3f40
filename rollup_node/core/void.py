"""Which resting orders never trade although they are still linked. Source: docs/spec.md O-6.

Twin: contracts/src/core/Void.sol.
"""

from typing import Final

from rollup_node.core.account_leaves import Hot
from rollup_node.core.book_leaves import Order
from rollup_node.core.flags import FROZEN_FLAG, LIQUIDATING_FLAG, REDUCE_ONLY_FLAG, SIDE_FLAG
from rollup_node.core.frame import Frame
from rollup_node.core.kinds import SeriesKind, SeriesStatus
from rollup_node.core.layout import expiry_key, series_key, terms_key
from rollup_node.core.market_leaves import Expiry, SeriesState, SeriesTerms
from rollup_node.core.positions import closable_lots, find_position

_OPEN: Final = frozenset([SeriesStatus.TRADING, SeriesStatus.REDUCE_ONLY])
_MS: Final = 1_000
_STOPPED: Final = FROZEN_FLAG | LIQUIDATING_FLAG


def is_closed(frame: Frame, terms: SeriesTerms, state: SeriesState) -> bool:
    """Say whether nothing trades in a series: by its status, or because its date is over.

    Reads the expiry of a future or an option. Source: docs/spec.md O-2.
    """
    if state.status not in _OPEN:
        return True
    if terms.kind < SeriesKind.FUTURE:
        return False
    expiry: Expiry | None = frame.get(expiry_key(terms.underlying, terms.expiry_slot))
    return expiry is None or expiry.expiry_at * _MS <= frame.time_ms


def is_dead(hot: Hot, time_ms: int) -> bool:
    """Say whether the dead-man time of an account is over. Source: docs/spec.md K-6."""
    return 0 < hot.dead_man_ms <= time_ms


def is_void(frame: Frame, order: Order, hot: Hot) -> bool:
    """Say whether a linked order of the account behind `hot` never trades again.

    Reads terms and series, the expiry of what has one, and for a reduce-only order the directory
    and the page of its position. Source: docs/spec.md O-6.
    """
    if 0 < order.expiry_at * _MS <= frame.time_ms or is_dead(hot, frame.time_ms):
        return True
    series, reduces = order.series, order.flags & REDUCE_ONLY_FLAG
    if hot.flags & _STOPPED and not reduces:
        return True
    if is_closed(frame, frame.get(terms_key(series)), frame.get(series_key(series))):
        return True
    if not reduces:
        return False
    _, position = find_position(frame, order.account, order.series)
    if position.generation != order.generation:
        return True
    return closable_lots(position, order.flags & SIDE_FLAG) == 0
