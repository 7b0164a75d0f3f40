"""`private/*` that read: orders, positions, fills and the worth of the account logged in."""

from typing import Any, Literal

from rollup_node.rpc import formats, option_formats
from rollup_node.rpc.errors import RpcError
from rollup_node.rpc.market_data import MarketData
from rollup_node.rpc.methods.markets import Kind, find_instrument, is_wanted
from rollup_node.rpc.session import Session
from rollup_node.rpc.structs import OrderBody
from rollup_node.rpc.trading_codes import NOT_FOUND, ORDER_NOT_FOUND
from rollup_node.rpc.trading_table import TRADING, PageSize


@TRADING.add("private/get_account_summary")
def get_account_summary(session: Session, currency: Literal["USDC"] = "USDC") -> dict[str, Any]:  # noqa: ARG001 - all is kept in USDC
    """Return cash, equity, margins and balances of the account."""
    account = session.account
    summary = session.desk.market.summary(account)
    if summary is None:
        raise RpcError(NOT_FOUND, f"account {account} is not open", reason="UNKNOWN_ACCOUNT")
    return formats.format_summary(summary)


@TRADING.add("private/get_positions")
def get_positions(
    session: Session, currency: str = "any", kind: Kind = "any"
) -> list[dict[str, Any]]:
    """Return the positions of the account that are not zero, with their greeks."""
    market = session.desk.market
    return [
        formats.format_position(instrument, position)
        | option_formats.format_exposure(instrument, position, market.option(position.series))
        for position in market.positions(session.account)
        if _matches(market, position.series, currency, kind)
        for instrument in (market.instrument_of(position.series),)
    ]


@TRADING.add("private/get_open_orders")
def get_open_orders(session: Session, currency: str = "any", kind: Kind = "any") -> list[OrderBody]:
    """Return the orders of the account that rest or wait for their trigger."""
    market = session.desk.market
    return [
        formats.format_order(market.instrument_of(order.series), order)
        for order in market.open_orders(session.account)
        if _matches(market, order.series, currency, kind)
    ]


@TRADING.add("private/get_open_orders_by_instrument")
def get_open_orders_by_instrument(session: Session, instrument_name: str) -> list[OrderBody]:
    """Return the orders of the account that rest or wait in one market."""
    market = session.desk.market
    instrument = find_instrument(market, instrument_name)
    return [
        formats.format_order(instrument, order)
        for order in market.open_orders(session.account)
        if order.series == instrument.series
    ]


@TRADING.add("private/get_order_state")
def get_order_state(session: Session, order_id: str) -> OrderBody:
    """Return an order of the account, also one that is no longer open."""
    market = session.desk.market
    order = market.order(session.account, order_id)
    if order is None:
        text = "order_not_found"
        raise RpcError(ORDER_NOT_FOUND, text, reason="ORDER_NOT_FOUND", field="order_id")
    return formats.format_order(market.instrument_of(order.series), order)


@TRADING.add("private/get_user_trades_by_instrument")
def get_user_trades(session: Session, instrument_name: str, count: PageSize = 10) -> dict[str, Any]:
    """Return the newest fills of the account in one market, newest first."""
    market = session.desk.market
    instrument = find_instrument(market, instrument_name)
    found = market.user_trades(session.account, instrument.series, count + 1)
    return {
        "trades": [formats.format_user_trade(instrument, fill) for fill in found[:count]],
        "has_more": len(found) > count,
    }


def _matches(market: MarketData, series: int, currency: str, kind: str) -> bool:
    return is_wanted(market.instrument_of(series), "any" if currency == "USDC" else currency, kind)
