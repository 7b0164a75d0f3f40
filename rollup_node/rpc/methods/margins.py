"""`private/simulate_margin`: what an account would be worth and require with other positions."""

from typing import Any, Literal

from rollup_node.rpc import units
from rollup_node.rpc.errors import RpcError, invalid_params
from rollup_node.rpc.margin_data import MarginReport, PositionMargin
from rollup_node.rpc.market_data import Instrument, InstrumentKind, MarketData
from rollup_node.rpc.methods.markets import find_instrument
from rollup_node.rpc.session import Session
from rollup_node.rpc.trading_codes import BOOK_CLOSED, NOT_FOUND
from rollup_node.rpc.trading_table import TRADING, Cost

_MAX_LOTS = 1 << 31
_FIELD = "simulated_positions"
_TINY = 1e-6
"""How far an amount may be from whole lots: it is a number in JSON."""


@TRADING.add("private/simulate_margin", Cost.READ)
def simulate_margin(
    session: Session,
    simulated_positions: dict[str, float] | None = None,
    add_positions: bool = True,
    currency: str = "any",
    margin_model: Literal["standard", "portfolio"] | None = None,
) -> dict[str, Any]:
    """Return worth and margins if the account traded these amounts at their marks, without fees.

    With `add_positions` they come on top of its positions, else in place of those in `currency`.
    With `margin_model` they are weighed by it, whatever the account is margined by.
    """
    market, account = session.desk.market, session.account
    wanted = simulated_positions or {}
    if market.summary(account) is None:
        raise RpcError(NOT_FOUND, f"account {account} is not open", reason="UNKNOWN_ACCOUNT")
    changes: dict[int, int] = {}
    if not add_positions:
        for held in market.positions(account):
            if currency in {"any", "USDC", market.instrument_of(held.series).currency}:
                changes[held.series] = -held.lots
    for name, amount in wanted.items():
        instrument = find_instrument(market, name)
        lots = _lots(market, instrument, amount)
        changes[instrument.series] = changes.get(instrument.series, 0) + lots
    try:
        simulated = market.margin(account, changes, margin_model)
    except ValueError as error:
        raise invalid_params(str(error), _FIELD) from None
    now = market.margin(account, {})
    return {
        "margin_model": simulated.model,
        "currency": "USDC",
        **_totals(simulated),
        "positions": [
            _position(market.instrument_of(position.series), position)
            for row in simulated.rows
            for position in row.positions
        ],
        "current": _totals(now),
    }


def _lots(market: MarketData, instrument: Instrument, amount: float) -> int:
    """Return an amount of the underlying as lots of a market that has a mark."""
    if instrument.kind is InstrumentKind.SPOT:
        raise invalid_params(f"{instrument.name}: nobody has positions in spot", _FIELD)
    if not instrument.is_active:
        raise RpcError(BOOK_CLOSED, "book_closed", reason="SERIES_CLOSED", field=_FIELD)
    scaled = amount * instrument.lots_per_unit
    if not abs(scaled) < _MAX_LOTS or abs(scaled - round(scaled)) > _TINY * max(1, abs(scaled)):
        text = f"{instrument.name}: amount {amount} (multiple of) 1/{instrument.lots_per_unit}"
        raise invalid_params(text, _FIELD)
    if market.ticker(instrument.series).mark_usdc is None:
        raise invalid_params(f"{instrument.name} has no mark yet", _FIELD)
    return round(scaled)


def _totals(report: MarginReport) -> dict[str, float]:
    usd = units.to_usd
    return {
        "balance": usd(report.cash_usdc),
        "equity": usd(report.equity_usdc),
        "initial_margin": usd(report.initial_usdc),
        "maintenance_margin": usd(report.maintenance_usdc),
        "open_orders_margin": usd(report.reserve_usdc),
        "available_funds": usd(report.available_usdc),
    }


def _position(instrument: Instrument, position: PositionMargin) -> dict[str, Any]:
    return {
        "instrument_name": instrument.name,
        "size": units.to_amount(instrument, position.lots),
        "mark_price": units.to_price_of_lot(instrument, position.mark_usdc),
        "initial_margin": units.to_usd(position.initial_usdc),
        "maintenance_margin": units.to_usd(position.maintenance_usdc),
    }
