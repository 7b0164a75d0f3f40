"""Values of the markets as the interface shows them: names and numbers of the field, no rule."""

from collections.abc import Sequence
from typing import Any, Final

from rollup_node.rpc import option_formats, units
from rollup_node.rpc.market_data import (
    AccountSummary,
    BookChange,
    BookImage,
    FundingPoint,
    Instrument,
    LevelChange,
    MarketData,
    OrderState,
    Position,
    Side,
    Ticker,
    Trade,
    UserTrade,
)
from rollup_node.rpc.structs import OrderBody

_NEVER_MS: Final = 32_503_708_800_000  # 1 January 3000: how the field writes "does not expire"


def direction(side: Side) -> str:
    """Return `buy` or `sell`."""
    return "sell" if side else "buy"


def format_instrument(instrument: Instrument) -> dict[str, Any]:
    """Return one entry of `public/get_instruments`."""
    return {
        "instrument_name": instrument.name,
        "instrument_id": instrument.series,
        "kind": instrument.kind.value,
        "instrument_type": "linear",
        "base_currency": instrument.currency,
        "quote_currency": "USDC",
        "counter_currency": "USDC",
        "settlement_currency": "USDC",
        "settlement_period": instrument.settlement_period,
        "price_index": f"{instrument.currency.lower()}_usdc",
        "tick_size": units.to_price(instrument, 1),
        "contract_size": units.to_amount(instrument, 1),
        "min_trade_amount": units.to_amount(instrument, instrument.min_lots),
        "maker_commission": units.to_commission(instrument.maker_fee_ppm),
        "taker_commission": units.to_commission(instrument.taker_fee_ppm),
        "max_leverage": instrument.max_leverage,
        "is_active": instrument.is_active,
        "creation_timestamp": instrument.created_ms,
        "expiration_timestamp": instrument.expires_ms or _NEVER_MS,
        "series": instrument.series,
        "unit_usdc": instrument.unit_usdc,
        "lots_per_unit": instrument.lots_per_unit,
        **option_formats.format_terms(instrument),
    }


def format_levels(instrument: Instrument, levels: Sequence[tuple[int, int]]) -> list[list[float]]:
    """Return levels as [price, amount]."""
    price, amount = units.to_price, units.to_amount
    return [[price(instrument, ticks), amount(instrument, lots)] for ticks, lots in levels]


def format_image(instrument: Instrument, image: BookImage) -> dict[str, Any]:
    """Return the first message of a book channel."""
    return {
        "type": "snapshot",
        "timestamp": image.time_ms,
        "instrument_name": instrument.name,
        "change_id": image.change_id,
        "bids": [["new", *level] for level in format_levels(instrument, image.bids)],
        "asks": [["new", *level] for level in format_levels(instrument, image.asks)],
    }


def format_change(instrument: Instrument, change: BookChange, prev_change_id: int) -> Any:
    """Return a further message of a book channel."""
    return {
        "type": "change",
        "timestamp": change.time_ms,
        "instrument_name": instrument.name,
        "change_id": change.change_id,
        "prev_change_id": prev_change_id,
        "bids": [_level(instrument, c) for c in change.levels if not c.side],
        "asks": [_level(instrument, c) for c in change.levels if c.side],
    }


def _level(instrument: Instrument, change: LevelChange) -> list[Any]:
    word = "delete" if not change.lots else "change" if change.lots_before else "new"
    price = units.to_price(instrument, change.ticks)
    return [word, price, units.to_amount(instrument, change.lots)]


def format_trade(instrument: Instrument, trade: Trade) -> dict[str, Any]:
    """Return one public trade."""
    return {
        "trade_id": str(trade.trade_id),
        "trade_seq": trade.trade_id,
        "timestamp": trade.time_ms,
        "instrument_name": instrument.name,
        "direction": direction(trade.side),
        "price": units.to_price(instrument, trade.ticks),
        "amount": units.to_amount(instrument, trade.lots),
        "mark_price": units.to_price_of_lot(instrument, trade.mark_usdc),
        "index_price": units.to_usd(trade.index_usdc),
        **({"liquidation": "T"} if trade.is_liquidation else {}),
    }


def format_user_trade(instrument: Instrument, fill: UserTrade) -> dict[str, Any]:
    """Return one fill of an account."""
    return {
        **format_trade(instrument, fill.trade),
        "direction": direction(fill.side),
        "order_id": fill.order_id,
        "liquidity": "M" if fill.is_maker else "T",
        "fee": units.to_usd(fill.fee_usdc),
        "fee_currency": "USDC",
        "account": fill.account,
    }


def format_order(instrument: Instrument, order: OrderState) -> OrderBody:
    """Return an order."""
    lots, filled, trigger = order.lots, order.filled_lots, order.trigger_ticks
    return OrderBody(
        order.order_id,
        order.account,
        instrument.name,
        direction(order.side),
        order.kind,
        order.time_in_force,
        units.to_price(instrument, order.ticks),
        units.to_amount(instrument, lots),
        units.to_amount(instrument, filled),
        units.to_average_price(instrument, order.filled_usdc, filled) if filled else 0.0,
        order.state,
        order.post_only,
        order.reduce_only,
        str(order.tag),
        order.client_slot,
        order.tag,
        order.created_ms,
        order.updated_ms,
        "0x" + order.record_hash.hex(),
        units.to_price(instrument, trigger) if trigger else None,
        order.reason,
    )


def format_position(instrument: Instrument, position: Position) -> dict[str, Any]:
    """Return a position."""
    lots = position.lots
    size = units.to_amount(instrument, lots)
    return {
        "instrument_name": instrument.name,
        "kind": instrument.kind.value,
        "direction": "zero" if not lots else "buy" if lots > 0 else "sell",
        "size": size,
        "size_currency": size,
        "average_price": units.to_average_price(instrument, position.basis_usdc, lots),
        "mark_price": units.to_price_of_lot(instrument, position.mark_usdc),
        "index_price": units.to_usd(position.index_usdc),
        "floating_profit_loss": units.to_usd(position.floating_usdc),
        "realized_funding": units.to_usd(position.funding_usdc),
        "initial_margin": units.to_usd(position.initial_margin_usdc),
        "maintenance_margin": units.to_usd(position.maintenance_margin_usdc),
    }


def format_summary(summary: AccountSummary) -> dict[str, Any]:
    """Return `private/get_account_summary` and the message of `user.portfolio`."""
    free = summary.equity_usdc - summary.initial_margin_usdc - summary.reserve_usdc
    return {
        "id": summary.account,
        "owner": "0x" + summary.owner.hex(),
        "currency": "USDC",
        "margin_model": summary.model,
        "balance": units.to_usd(summary.cash_usdc),
        "equity": units.to_usd(summary.equity_usdc),
        "margin_balance": units.to_usd(summary.equity_usdc),
        "floating_profit_loss": units.to_usd(summary.floating_usdc),
        "initial_margin": units.to_usd(summary.initial_margin_usdc),
        "maintenance_margin": units.to_usd(summary.maintenance_margin_usdc),
        "open_orders_margin": units.to_usd(summary.reserve_usdc),
        "available_funds": units.to_usd(max(free, 0)),
        "open_orders": summary.open_orders,
        "status": summary.status,
        "balances": {
            symbol: units.to_tokens(amount, decimals)
            for symbol, decimals, amount in summary.balances
        },
        **option_formats.format_exposures(summary.exposures),
    }


def format_ticker(instrument: Instrument, ticker: Ticker) -> dict[str, Any]:
    """Return `public/ticker` and the message of a ticker channel."""

    def price(ticks: int | None) -> float | None:
        return None if ticks is None else units.to_price(instrument, ticks)

    def usd(amount_usdc: int | None) -> float | None:
        return None if amount_usdc is None else units.to_usd(amount_usdc)

    def of_lot(lot_usdc: int | None) -> float | None:
        return None if lot_usdc is None else units.to_price_of_lot(instrument, lot_usdc)

    bid, ask = ticker.best_bid, ticker.best_ask
    body = {
        "timestamp": ticker.time_ms,
        "instrument_name": instrument.name,
        "state": "open" if instrument.is_active else "closed",
        "best_bid_price": price(bid[0] if bid else None),
        "best_bid_amount": units.to_amount(instrument, bid[1]) if bid else 0.0,
        "best_ask_price": price(ask[0] if ask else None),
        "best_ask_amount": units.to_amount(instrument, ask[1]) if ask else 0.0,
        "last_price": price(ticker.last_ticks),
        "mark_price": of_lot(ticker.mark_usdc),
        "index_price": usd(ticker.index_usdc),
        "settlement_price": of_lot(ticker.settlement_usdc),
        "open_interest": units.to_amount(instrument, ticker.open_interest_lots),
        "min_price": price(ticker.min_ticks),
        "max_price": price(ticker.max_ticks),
        "stats": {
            "volume": units.to_amount(instrument, ticker.volume_lots),
            "high": price(ticker.high_ticks),
            "low": price(ticker.low_ticks),
        },
    }
    if ticker.expected_usdc is not None:
        body["estimated_delivery_price"] = units.to_usd(ticker.expected_usdc)
    if ticker.delivery_usdc is not None:
        body["delivery_price"] = units.to_usd(ticker.delivery_usdc)
    if instrument.strike_usdc is not None:
        body |= option_formats.format_option(instrument, ticker.option)
    if ticker.funding_ppb is not None:
        body["current_funding"] = body["funding_8h"] = units.to_rate(ticker.funding_ppb)
    return body


def format_funding(point: FundingPoint) -> dict[str, Any]:
    """Return one entry of `public/get_funding_rate_history`."""
    return {
        "timestamp": point.time_ms,
        "index_price": units.to_usd(point.index_usdc),
        "interest_1h": units.to_rate(point.rate_ppb),
        "interest_8h": units.to_rate(point.rate_ppb * 8),
    }


def format_book(market: MarketData, instrument: Instrument, depth: int) -> dict[str, Any]:
    """Return `public/get_order_book`."""
    image = market.book(instrument.series)
    return {
        **format_ticker(instrument, market.ticker(instrument.series)),
        "change_id": image.change_id,
        "bids": format_levels(instrument, image.bids[:depth]),
        "asks": format_levels(instrument, image.asks[:depth]),
    }
