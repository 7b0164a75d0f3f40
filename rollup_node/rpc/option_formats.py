"""What options have beside other instruments, as the interface shows it: names of the field."""

from collections.abc import Sequence
from typing import Any, Final

from rollup_node.rpc import units
from rollup_node.rpc.market_data import Instrument, Position, Ticker
from rollup_node.rpc.option_data import Delivery, Exposure, OptionTicker, Settlement, SurfaceDate

_MONTH_YEAR = -2
"""Parts of the name of an option behind that of the future of its date."""
_DIGITS: Final = {"delta": 5, "gamma": 7, "vega": 5, "theta": 5}


def format_terms(instrument: Instrument) -> dict[str, Any]:
    """Return what `public/get_instruments` says of options only."""
    if instrument.strike_usdc is None:
        return {}
    return {
        "strike": units.to_usd(instrument.strike_usdc),
        "option_type": "put" if instrument.is_put else "call",
    }


def format_option(instrument: Instrument, option: OptionTicker | None) -> dict[str, Any]:
    """Return what the ticker says of options only; without a price there is little of it.

    Volatilities in per cent, vega per point of it, theta per day. Prices are not discounted: so
    the interest rate is 0, and nothing depends on it.
    """
    future = "-".join(instrument.name.split("-")[:_MONTH_YEAR])
    body: dict[str, Any] = {"underlying_index": f"SYN.{future}", "interest_rate": 0.0}
    if option is None:
        return body | {"underlying_price": None, "mark_iv": None, "bid_iv": None, "ask_iv": None}
    return body | {
        "underlying_price": units.to_usd(option.forward_usdc),
        "mark_iv": units.to_percent(option.mark_ppm),
        "bid_iv": _percent(option.bid_ppm),
        "ask_iv": _percent(option.ask_ppm),
        "greeks": format_greeks(option),
    }


def format_greeks(option: OptionTicker, size: float = 1.0) -> dict[str, float]:
    """Return the sensitivities of so many units."""
    greeks = {name: _greek(name, getattr(option, name), size) for name in _DIGITS}
    return greeks | {"rho": 0.0}


def format_exposure(
    instrument: Instrument, position: Position, option: OptionTicker | None
) -> dict[str, float]:
    """Return the sensitivities of a position; what is no option has its size as delta."""
    size = units.to_amount(instrument, position.lots)
    if option is not None:
        return format_greeks(option, size)
    return {} if instrument.strike_usdc is not None else {"delta": size}


def format_exposures(exposures: Sequence[Exposure]) -> dict[str, Any]:
    """Return the sensitivities of an account: over all underlyings, and in maps by index.

    Of delta and gamma the sum over all adds units of different underlyings, as the field does;
    `total_delta_total_usd` is the delta of each at its index.
    """
    values = (units.to_greek(one.delta) * units.to_usd(one.index_usdc) for one in exposures)
    body: dict[str, Any] = {
        "delta_total": _total("delta", exposures),
        "total_delta_total_usd": round(sum(values), 5),
        "options_delta": _greek("delta", sum(one.options_delta for one in exposures)),
        "delta_total_map": _by_index("delta", exposures),
    }
    for name in ("gamma", "vega", "theta"):
        body[f"options_{name}"] = _total(name, exposures)
        body[f"options_{name}_map"] = _by_index(name, exposures)
    return body


def format_book_summary(instrument: Instrument, ticker: Ticker) -> dict[str, Any]:
    """Return one entry of `public/get_book_summary_by_currency`."""

    def price(ticks: int | None) -> float | None:
        return None if ticks is None else units.to_price(instrument, ticks)

    bid, ask = (level and price(level[0]) for level in (ticker.best_bid, ticker.best_ask))
    mark = ticker.mark_usdc
    body = {
        "instrument_name": instrument.name,
        "base_currency": instrument.currency,
        "quote_currency": "USDC",
        "creation_timestamp": ticker.time_ms,
        "bid_price": bid,
        "ask_price": ask,
        "mid_price": None if bid is None or ask is None else (bid + ask) / 2,
        "mark_price": None if mark is None else units.to_price_of_lot(instrument, mark),
        "last": price(ticker.last_ticks),
        "high": price(ticker.high_ticks),
        "low": price(ticker.low_ticks),
        "volume": units.to_amount(instrument, ticker.volume_lots),
        "open_interest": units.to_amount(instrument, ticker.open_interest_lots),
        "estimated_delivery_price": units.to_usd(ticker.expected_usdc or ticker.index_usdc or 0),
    }
    if instrument.strike_usdc is not None:
        body |= format_option(instrument, ticker.option)
        body.pop("greeks", None)
    return body


def format_surface(date: SurfaceDate) -> dict[str, Any]:
    """Return one date of `public/get_volatility_surface`."""
    return {
        "expiration_timestamp": date.expires_ms,
        "timestamp": date.published_ms,
        "underlying_price": units.to_usd(date.forward_usdc),
        "atm_iv": units.to_percent(date.at_forward_ppm),
        "nodes": [
            {
                "log_moneyness": units.to_commission(node.moneyness_ppm),
                "strike": round(units.to_usd(node.strike_usdc), 2),
                "iv": units.to_percent(node.volatility_ppm),
            }
            for node in date.nodes
        ],
    }


def format_delivery(delivery: Delivery) -> dict[str, Any]:
    """Return one entry of `public/get_last_settlements_by_instrument`."""
    return {
        "type": "delivery",
        "timestamp": delivery.expires_ms,
        "instrument_name": delivery.name,
        "kind": delivery.kind,
        "index_price": units.to_usd(delivery.price_usdc),
        "mark_price": units.to_usd(delivery.payout_usdc * delivery.lots_per_unit),
    }


def format_settlement(settlement: Settlement) -> dict[str, Any]:
    """Return one entry of `private/get_settlement_history_by_instrument`."""
    return format_delivery(settlement.delivery) | {
        "position": settlement.lots / settlement.delivery.lots_per_unit,
        "profit_loss": units.to_usd(settlement.profit_usdc),
    }


def _total(name: str, exposures: Sequence[Exposure]) -> float:
    return _greek(name, sum(getattr(one, name) for one in exposures))


def _by_index(name: str, exposures: Sequence[Exposure]) -> dict[str, float]:
    return {f"{one.currency.lower()}_usdc": _greek(name, getattr(one, name)) for one in exposures}


def _greek(name: str, wad: int, size: float = 1.0) -> float:
    """Return a sensitivity of so many units as the field writes it: vega is per point."""
    scale = 100 if name == "vega" else 1
    return round(size * units.to_greek(wad) / scale, _DIGITS[name])


def _percent(ppm: int | None) -> float | None:
    return None if ppm is None else units.to_percent(ppm)
