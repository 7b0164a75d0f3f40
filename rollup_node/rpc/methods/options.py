"""`public/*` about options and dates: volatilities, what series were paid, prices of delivery."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, NamedTuple

from rollup_node.rpc import option_formats, units
from rollup_node.rpc.errors import invalid_params
from rollup_node.rpc.methods.markets import find_instrument
from rollup_node.rpc.option_data import Delivery, Settlement
from rollup_node.rpc.session import Session
from rollup_node.rpc.trading_table import TRADING, Milliseconds, PageSize

_LATEST: Final = (1 << 48) - 1
SettlementType = Literal["delivery", "settlement", "bankruptcy"]
"""Series end by delivery; the other two are names of the field for what does not happen here."""


class _Entry(NamedTuple):
    """One settlement: how the series ended, and what is shown of it."""

    end: Delivery
    shown: dict[str, Any]


@TRADING.add("public/get_volatility_surface")
def get_volatility_surface(session: Session, currency: str) -> list[dict[str, Any]]:
    """Return the volatilities that publishers signed for an underlying, by date."""
    return [option_formats.format_surface(date) for date in session.desk.market.surface(currency)]


@TRADING.add("public/get_last_settlements_by_instrument")
def get_last_settlements_by_instrument(
    session: Session,
    instrument_name: str,
    type: SettlementType = "delivery",
    count: PageSize = 20,
    continuation: str = "",
    search_start_timestamp: Milliseconds = _LATEST,
) -> dict[str, Any]:
    """Return how a future or an option ended, nothing before that."""
    market = session.desk.market
    found = [item for item in market.deliveries() if item.name == instrument_name]
    if not found:
        find_instrument(market, instrument_name)
    return _page(_public(found), type, count, continuation, search_start_timestamp)


@TRADING.add("public/get_last_settlements_by_currency")
def get_last_settlements_by_currency(
    session: Session,
    currency: str = "any",
    type: SettlementType = "delivery",
    count: PageSize = 20,
    continuation: str = "",
    search_start_timestamp: Milliseconds = _LATEST,
) -> dict[str, Any]:
    """Return how the futures and options of an underlying ended, the newest date first."""
    deliveries = session.desk.market.deliveries()
    found = [item for item in deliveries if currency in {"any", item.currency}]
    return _page(_public(found), type, count, continuation, search_start_timestamp)


@TRADING.add("private/get_settlement_history_by_instrument")
def get_settlement_history_by_instrument(
    session: Session,
    instrument_name: str,
    type: SettlementType = "delivery",
    count: PageSize = 20,
    continuation: str = "",
    search_start_timestamp: Milliseconds = _LATEST,
) -> dict[str, Any]:
    """Return what the account was paid for its position in a future or an option that ended."""
    found = session.desk.market.settlements(session.account)
    mine = [item for item in found if item.delivery.name == instrument_name]
    return _page(_own(mine), type, count, continuation, search_start_timestamp)


@TRADING.add("private/get_settlement_history_by_currency")
def get_settlement_history_by_currency(
    session: Session,
    currency: str = "any",
    type: SettlementType = "delivery",
    count: PageSize = 20,
    continuation: str = "",
    search_start_timestamp: Milliseconds = _LATEST,
) -> dict[str, Any]:
    """Return what the account was paid for its positions that ended, the newest first."""
    found = session.desk.market.settlements(session.account)
    mine = [item for item in found if currency in {"any", item.delivery.currency}]
    return _page(_own(mine), type, count, continuation, search_start_timestamp)


@TRADING.add("public/get_delivery_prices")
def get_delivery_prices(
    session: Session, index_name: str, offset: int = 0, count: PageSize = 10
) -> dict[str, Any]:
    """Return the settlement prices of an underlying, such as `eth_usdc`, by date, newest first."""
    currency = index_name.partition("_")[0].upper()
    prices = {
        item.expires_ms: item.price_usdc
        for item in session.desk.market.deliveries()
        if item.currency == currency
    }
    found = [
        {"timestamp": expires_ms, "delivery_price": units.to_usd(price_usdc)}
        for expires_ms, price_usdc in prices.items()
    ]
    first = max(offset, 0)
    return {"data": found[first : first + count], "records_total": len(found)}


def _public(found: Iterable[Delivery]) -> list[_Entry]:
    return [_Entry(item, option_formats.format_delivery(item)) for item in found]


def _own(found: Iterable[Settlement]) -> list[_Entry]:
    return [_Entry(item.delivery, option_formats.format_settlement(item)) for item in found]


def _page(
    found: Sequence[_Entry], wanted: str, count: int, continuation: str, latest_ms: int
) -> dict[str, Any]:
    """Return `count` entries from the one that `continuation` names on, and where to go on."""
    kept = [item for item in found if wanted == "delivery" and item.end.expires_ms <= latest_ms]
    names = [item.end.name for item in kept]
    if continuation and continuation not in names:
        raise invalid_params(f"no such page: {continuation[:40]!r}", "continuation")
    first = names.index(continuation) if continuation else 0
    rest = names[first + count : first + count + 1]
    return {
        "settlements": [item.shown for item in kept[first : first + count]],
        "continuation": rest[0] if rest else "none",
    }
