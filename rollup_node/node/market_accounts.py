"""What accounts hold and are worth, read from the state with the functions of the law."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from rollup_node.core.account_leaves import NO_HOT, Directory, Hot, Position, RiskRow, SessionKey
from rollup_node.core.layout import (
    ASSETS_KEY,
    PRICES_KEY,
    balances_key,
    directory_key,
    hot_key,
    owner_key,
    positions_key,
    series_key,
    session_key_key,
    terms_key,
)
from rollup_node.core.leaves import NO_AMOUNTS, Owner
from rollup_node.core.market_leaves import NO_ASSETS, NO_PRICES, SeriesState, SeriesTerms
from rollup_node.core.risk import collateral_usdc, find_model
from rollup_node.rpc.backend import AssetView
from rollup_node.rpc.market_data import AccountSummary
from rollup_node.rpc.market_data import Position as PositionView

Get = Callable[[Any], Any]

_PAGE_MASK: Final = 7
_STATUSES: Final = ((1, "frozen"), (2, "liquidating"), (4, "isolated"))


def may_login(get: Get, account: int, key: int, signer: bytes, time_ms: int) -> bool:
    """Tell whether `signer` is key number `key` of an account now."""
    if key == 0:
        owner: Owner | None = get(owner_key(account))
        return owner is not None and owner.address == signer
    session: SessionKey | None = get(session_key_key(account, key))
    return session is not None and session.address == signer and time_ms < session.expiry_ms


def read_positions(get: Get, account: int) -> list[PositionView]:
    """Return the positions of an account that are not zero."""
    directory: Directory | None = get(directory_key(account))
    if directory is None:
        return []
    hot: Hot = get(hot_key(account)) or NO_HOT
    found = []
    for number, series in enumerate(directory.series):
        if series:
            page = get(positions_key(account, number))
            found.append(_view(get, account, hot, page.rows[number & _PAGE_MASK]))
    return [view for view in found if view.lots]


def _view(get: Get, account: int, hot: Hot, position: Position) -> PositionView:
    terms: SeriesTerms = get(terms_key(position.series))
    state: SeriesState = get(series_key(position.series))
    price = (get(PRICES_KEY) or NO_PRICES).rows[terms.underlying]
    model = find_model(hot.mode)
    value, initial, maintenance = model.contribute(position, state)
    return PositionView(
        account=account,
        series=position.series,
        lots=position.lots,
        basis_usdc=position.basis,
        mark_usdc=state.mark,
        index_usdc=price.index_price,
        floating_usdc=value,
        funding_usdc=-position.lots * (state.funding_index - position.funding_index),
        initial_margin_usdc=model.require(RiskRow(0, 1, value, initial, maintenance), price),
        maintenance_margin_usdc=maintenance,
    )


def read_summary(get: Get, account: int, assets: Sequence[AssetView]) -> AccountSummary | None:
    """Return what an open account is worth at the marks of now.

    Margins are summed over positions, each rounded up: at most a few µUSDC more than by rows.
    """
    owner: Owner | None = get(owner_key(account))
    if owner is None:
        return None
    hot: Hot = get(hot_key(account)) or NO_HOT
    balances = get(balances_key(account))
    amounts = NO_AMOUNTS if balances is None else balances.amounts
    positions = read_positions(get, account)
    floating = sum(p.floating_usdc + p.funding_usdc for p in positions)
    terms, prices = get(ASSETS_KEY) or NO_ASSETS, get(PRICES_KEY) or NO_PRICES
    return AccountSummary(
        account=account,
        owner=owner.address,
        cash_usdc=amounts[0],
        equity_usdc=amounts[0] + collateral_usdc(amounts, terms, prices) + floating,
        floating_usdc=floating,
        initial_margin_usdc=sum(p.initial_margin_usdc for p in positions),
        maintenance_margin_usdc=sum(p.maintenance_margin_usdc for p in positions),
        reserve_usdc=hot.reserve,
        open_orders=hot.open_orders,
        status=" ".join(word for flag, word in _STATUSES if hot.flags & flag) or "open",
        balances=[(a.symbol, a.decimals, amounts[a.asset]) for a in assets],
    )
