"""`public/*` about the markets: instruments, books, trades, prices, funding."""

from typing import Annotated, Any, Literal

import msgspec

from rollup_node.rpc import formats, option_formats, units
from rollup_node.rpc.errors import RpcError
from rollup_node.rpc.market_data import Instrument, InstrumentKind, MarketData
from rollup_node.rpc.session import Session
from rollup_node.rpc.trading_codes import INVALID_INSTRUMENT, NOT_FOUND
from rollup_node.rpc.trading_table import TRADING, Milliseconds, PageSize

Kind = Literal["future", "option", "spot", "any"]
Depth = Annotated[int, msgspec.Meta(ge=1, le=10_000)]


def is_wanted(instrument: Instrument, currency: str, kind: str) -> bool:
    """Tell whether an instrument is of an underlying and a kind, both of which may be `any`."""
    is_kind = kind == "any" or instrument.kind is InstrumentKind(kind)
    return is_kind and currency in {"any", instrument.currency}


def find_instrument(market: MarketData, name: str) -> Instrument:
    """Return an instrument.

    Raises
    ------
    RpcError
        10020 if there is none of that name.
    """
    found = market.instrument(name)
    if found is None:
        text = f"no instrument {name[:40]!r}"
        raise RpcError(
            INVALID_INSTRUMENT, text, reason="UNKNOWN_INSTRUMENT", field="instrument_name"
        )
    return found


@TRADING.add("public/get_instruments")
def get_instruments(
    session: Session,
    currency: str = "any",
    kind: Kind = "any",
    expired: bool = False,
) -> list[dict[str, Any]]:
    """Return the instruments of an underlying, or of all."""
    return [
        formats.format_instrument(instrument)
        for instrument in _matching(session.desk.market, currency, kind)
        if instrument.is_active is not expired
    ]


@TRADING.add("public/get_instrument")
def get_instrument(session: Session, instrument_name: str) -> dict[str, Any]:
    """Return one instrument."""
    return formats.format_instrument(find_instrument(session.desk.market, instrument_name))


@TRADING.add("public/ticker")
def ticker(session: Session, instrument_name: str) -> dict[str, Any]:
    """Return best prices, mark, index, open interest and the last day of one market."""
    market = session.desk.market
    instrument = find_instrument(market, instrument_name)
    return formats.format_ticker(instrument, market.ticker(instrument.series))


@TRADING.add("public/get_order_book")
def get_order_book(session: Session, instrument_name: str, depth: Depth = 5) -> dict[str, Any]:
    """Return the best levels of both sides of a book, and its ticker."""
    market = session.desk.market
    return formats.format_book(market, find_instrument(market, instrument_name), depth)


@TRADING.add("public/get_book_summary_by_currency")
def get_book_summary_by_currency(
    session: Session, currency: str = "any", kind: Kind = "any"
) -> list[dict[str, Any]]:
    """Return best prices, mark, volume and open interest of every open market of an underlying."""
    market = session.desk.market
    return [
        option_formats.format_book_summary(instrument, market.ticker(instrument.series))
        for instrument in _matching(market, currency, kind)
        if instrument.is_active
    ]


@TRADING.add("public/get_book_summary_by_instrument")
def get_book_summary_by_instrument(session: Session, instrument_name: str) -> list[dict[str, Any]]:
    """Return best prices, mark, volume and open interest of one market."""
    market = session.desk.market
    instrument = find_instrument(market, instrument_name)
    ticker_of_it = market.ticker(instrument.series)
    return [option_formats.format_book_summary(instrument, ticker_of_it)]


@TRADING.add("public/get_last_trades_by_instrument")
def get_last_trades(session: Session, instrument_name: str, count: PageSize = 10) -> dict[str, Any]:
    """Return the newest trades of a market, newest first."""
    market = session.desk.market
    instrument = find_instrument(market, instrument_name)
    found = market.trades(instrument.series, count + 1)
    return {
        "trades": [formats.format_trade(instrument, trade) for trade in found[:count]],
        "has_more": len(found) > count,
    }


@TRADING.add("public/get_index_price")
def get_index_price(session: Session, index_name: str) -> dict[str, Any]:
    """Return the index price of an underlying, such as `eth_usdc`."""
    currency = index_name.partition("_")[0].upper()
    price_usdc = session.desk.market.index_price(currency)
    if price_usdc is None:
        text = f"no index price {index_name[:40]!r}"
        raise RpcError(NOT_FOUND, text, reason="UNKNOWN_INDEX", field="index_name")
    price = units.to_usd(price_usdc)
    return {"index_price": price, "estimated_delivery_price": price}


@TRADING.add("public/get_funding_rate_history")
def get_funding_rate_history(
    session: Session,
    instrument_name: str,
    start_timestamp: Milliseconds = 0,
    end_timestamp: Milliseconds = (1 << 48) - 1,
) -> list[dict[str, Any]]:
    """Return the funding of a perpetual by the hour, oldest first."""
    market = session.desk.market
    instrument = find_instrument(market, instrument_name)
    points = market.funding(instrument.series, start_timestamp, end_timestamp)
    return [formats.format_funding(point) for point in points]


def _matching(market: MarketData, currency: str, kind: str) -> list[Instrument]:
    return [
        instrument for instrument in market.instruments() if is_wanted(instrument, currency, kind)
    ]
