"""What accounts hold and are worth, read from the state with the functions of the law."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from rollup_node.core.account_leaves import Position, RiskRow, SessionKey
from rollup_node.core.layout import balances_key, owner_key, series_key, session_key_key, terms_key
from rollup_node.core.leaves import NO_AMOUNTS, LeafReader, Owner
from rollup_node.core.market_leaves import SeriesState, SeriesTerms
from rollup_node.core.risk import equity_usdc, find_model, initial_margin, maintenance_margin
from rollup_node.node.exposures import read_exposures
from rollup_node.node.margin_report import MODELS
from rollup_node.node.margin_scratch import Weighed, held_positions, weigh_account, weigh_position
from rollup_node.rpc.backend import AssetView
from rollup_node.rpc.market_data import AccountSummary
from rollup_node.rpc.market_data import Position as PositionView

Get = Callable[[Any], Any]

_STATUSES: Final = ((1, "frozen"), (2, "liquidating"), (4, "isolated"))


def may_login(get: Get, account: int, key: int, signer: bytes, time_ms: int) -> bool:
    """Tell whether `signer` is key number `key` of an account now."""
    if key == 0:
        owner: Owner | None = get(owner_key(account))
        return owner is not None and owner.address == signer
    session: SessionKey | None = get(session_key_key(account, key))
    return session is not None and session.address == signer and time_ms < session.expiry_ms


def read_positions(state: LeafReader, account: int, time_ms: int) -> list[PositionView]:
    """Return the positions of an account that are not zero; funding that is due is told apart."""
    unsettled = {position.series: position for position in held_positions(state, account)}
    weighed = weigh_account(state, account, time_ms)
    return [_view(weighed, account, held, unsettled[held.series]) for held in weighed.positions]


def _view(weighed: Weighed, account: int, position: Position, unsettled: Position) -> PositionView:
    get = weighed.frame.get
    terms: SeriesTerms = get(terms_key(position.series))
    state: SeriesState = get(series_key(position.series))
    price = weighed.prices.rows[terms.underlying]
    value, initial, maintenance = weigh_position(weighed, position)
    require = find_model(weighed.hot.mode).require
    return PositionView(
        account=account,
        series=position.series,
        lots=position.lots,
        basis_usdc=position.basis,
        mark_usdc=state.mark,
        index_usdc=price.index_price,
        floating_usdc=value,
        funding_usdc=-position.lots * (position.funding_index - unsettled.funding_index),
        initial_margin_usdc=require(RiskRow(0, 1, value, initial, maintenance), price),
        maintenance_margin_usdc=maintenance,
    )


def read_summary(
    state: LeafReader,
    account: int,
    time_ms: int,
    assets: Sequence[AssetView],
    symbol: Callable[[int], str],
) -> AccountSummary | None:
    """Return what an open account is worth at the marks of now: the numbers of the law."""
    owner: Owner | None = state.get(owner_key(account))
    if owner is None:
        return None
    balances = state.get(balances_key(account))
    amounts = NO_AMOUNTS if balances is None else balances.amounts
    weighed = weigh_account(state, account, time_ms)
    hot, prices = weighed.hot, weighed.prices
    value = sum(row.value for row in hot.rows if row.positions)
    return AccountSummary(
        account=account,
        owner=owner.address,
        model=MODELS[hot.mode],
        cash_usdc=amounts[0],
        equity_usdc=equity_usdc(weighed.frame, hot, weighed.amounts, prices),
        floating_usdc=value + weighed.settled,
        initial_margin_usdc=initial_margin(hot, prices),
        maintenance_margin_usdc=maintenance_margin(hot),
        reserve_usdc=hot.reserve,
        open_orders=hot.open_orders,
        status=" ".join(word for flag, word in _STATUSES if hot.flags & flag) or "open",
        balances=[(a.symbol, a.decimals, amounts[a.asset]) for a in assets],
        exposures=read_exposures(state, weighed.positions, prices, symbol),
    )
