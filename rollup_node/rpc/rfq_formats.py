"""Requests for combos and their quotes as the interface shows them. No rule."""

from typing import Any

from rollup_node.codec.typed_data import quote_message
from rollup_node.rpc import units
from rollup_node.rpc.formats import direction
from rollup_node.rpc.market_data import SIDES, MarketData
from rollup_node.rpc.rfq_desk import Offer, OpenRfq, Wanted


def format_rfq(market: MarketData, rfq: OpenRfq, viewer: int | None) -> dict[str, Any]:
    """Return a request: the taker sees all quotes, a maker its own, everybody else none."""
    offers = [offer for maker, offer in rfq.offers.items() if viewer in {maker, rfq.account}]
    return {
        "rfq_id": rfq.rfq_id,
        "account": rfq.account,
        "state": rfq.state,
        "creation_timestamp": rfq.created_ms,
        "expiration_timestamp": rfq.expires_ms,
        "legs": [_format_leg(market, leg) for leg in rfq.legs],
        "quotes": [format_offer(market, offer) for offer in sorted(offers, key=_cost_of(market))],
    }


def format_offer(market: MarketData, offer: Offer) -> dict[str, Any]:
    """Return a quote; `net_price` is what the taker pays for all legs, below 0: gets. USDC."""
    quote = offer.quote
    return {
        "quote_id": offer.quote_id,
        "account": quote.account,
        "creation_timestamp": offer.received_ms,
        "expiration_timestamp": quote.expiry_ms,
        "net_price": units.to_usd(cost_usdc(market, offer)),
        "legs": [
            _format_leg(market, Wanted(leg.series, -leg.lots))
            | {"price": units.to_price(market.instrument_of(leg.series), leg.price)}
            for leg in quote.legs
        ],
        "quote": quote_message(quote) | {"signature": f"0x{quote.signature.hex()}"},
    }


def cost_usdc(market: MarketData, offer: Offer) -> int:
    """Return what the taker pays for all legs, µUSDC, without fees."""
    of = market.instrument_of
    return -sum(leg.lots * leg.price * of(leg.series).unit_usdc for leg in offer.quote.legs)


def _cost_of(market: MarketData) -> Any:
    return lambda offer: cost_usdc(market, offer)


def _format_leg(market: MarketData, leg: Wanted) -> dict[str, Any]:
    instrument = market.instrument_of(leg.series)
    return {
        "instrument_name": instrument.name,
        "direction": direction(SIDES[leg.lots < 0]),
        "amount": units.to_amount(instrument, abs(leg.lots)),
        "series": leg.series,
        "lots": leg.lots,
    }
