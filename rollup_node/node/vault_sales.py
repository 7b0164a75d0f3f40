"""Whether the sale of a vault, sent again, would begin: tried on the newest state of this node."""

from collections.abc import Iterator

from rollup_node.core.account_leaves import NO_HOT, Hot
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import StartSale
from rollup_node.core.kinds import Phase
from rollup_node.core.layout import (
    CURSOR_KEY,
    FIRST_OPTION,
    SERIES_LIMIT,
    hot_key,
    sales_key,
    series_key,
)
from rollup_node.core.leaves import Cursor
from rollup_node.core.option_leaves import NO_SALES, SalePlace
from rollup_node.core.reason import Reason
from rollup_node.core.sale_prices import is_live, is_over
from rollup_node.core.sales import apply_sale
from rollup_node.node.vaults import VaultTerms, can_sell, find_group
from rollup_node.proof.chain_state import ChainState
from rollup_node.roles.vault_keeper import VaultEpoch


def can_sell_again(
    state: ChainState, terms: VaultTerms, owner: bytes, epoch: VaultEpoch, times_ms: tuple[int, int]
) -> bool:
    """Tell whether nothing of an epoch is sold or for sale, and its sale would begin by now.

    All that the law asks for is asked of the law itself: no position, a strike, prices, cover, a
    place. With an account that was lost, and given back, nothing is sold. `owner` is the vault;
    `times_ms` are those of the state and of L1.
    """
    cursor: Cursor | None = state.get(CURSOR_KEY)
    if cursor is None or cursor.delayed <= epoch.last_message:
        return False
    if find_group(epoch.account, state.get(hot_key(epoch.account))) != epoch.group:
        return False
    if not can_sell(state, terms, epoch.expiry_at, times_ms):
        return False
    time_ms, _ = times_ms
    if any(_is_running(state, sale, time_ms) for sale in _sales_of(state, epoch.account)):
        return False
    frame = Frame(state, time_ms, cursor.block, Phase.IDLE, cursor.order_class)
    authority = Authority(owner, forced=True, tag=cursor.delayed)
    return apply_sale(frame, read_sale(terms, epoch), authority) is Reason.OK


def read_sale(terms: VaultTerms, epoch: VaultEpoch) -> StartSale:
    """Return what the vault sends: twin of `VaultRecords.encodeSale`."""
    return StartSale(
        epoch.account,
        terms.underlying,
        int(terms.is_call),
        epoch.expiry_at,
        terms.delta_ppm,
        terms.max_lots,
        terms.start_ppm,
        terms.reserve_ppm,
        terms.sale_seconds,
        terms.max_fee_ppm,
    )


def _sales_of(state: ChainState, account: int) -> Iterator[tuple[int, SalePlace]]:
    """Yield the places of an account, with the number of their option."""
    for series in range(FIRST_OPTION, SERIES_LIMIT):
        for sale in (state.get(sales_key(series)) or NO_SALES).places:
            if sale.lots and sale.account == account:
                yield series, sale


def _is_running(state: ChainState, place: tuple[int, SalePlace], time_ms: int) -> bool:
    """Tell whether buyers may still meet a sale."""
    series, sale = place
    hot: Hot = state.get(hot_key(sale.account)) or NO_HOT
    return is_live(sale, state.get(series_key(series)), time_ms) and not is_over(sale, hot, time_ms)
