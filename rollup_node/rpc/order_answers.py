"""What answers order entry: the receipt of a record, and what it did to orders and fills.

Apart from the methods, whose signatures are read at run time, so that it can be compiled.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from rollup_node.rpc import formats
from rollup_node.rpc.backend import Confirmation, TransactionStatus
from rollup_node.rpc.market_data import MarketData, RecordOutcome
from rollup_node.rpc.session import Session
from rollup_node.rpc.trading_codes import rejection
from rollup_node.rpc.trading_table import Finish

Answer = Callable[[MarketData, RecordOutcome], dict[str, Any]]


def make_finish(session: Session, answer: Answer) -> Finish:
    """Return what answers the records of one method on one connection."""

    def finish(status: TransactionStatus, confirmation: Confirmation | None) -> dict[str, Any]:
        if status.reason:
            raise rejection(status)
        market = session.desk.market
        body = answer(market, market.outcome(status.record_hash))
        body["hash"] = "0x" + status.record_hash.hex()
        body["sequence"] = status.sequence
        body["confirmation"] = _format_confirmation(confirmation)
        return body

    return finish


@lru_cache(maxsize=4)
def _format_confirmation(confirmation: Confirmation | None) -> msgspec.Raw:
    """Return a confirmation as JSON, once for all records that it covers."""
    if confirmation is None:
        return msgspec.Raw(b"null")
    told = {
        "count": confirmation.covered,
        "link": "0x" + confirmation.link.hex(),
        "signature": "0x" + confirmation.signature.hex(),
    }
    return msgspec.Raw(msgspec.json.encode(told))


def answer_order(market: MarketData, outcome: RecordOutcome) -> dict[str, Any]:
    """Return the order that a record is about, and the fills of who signed it."""
    of = market.instrument_of
    last = outcome.orders[-1] if outcome.orders else None
    return {
        "order": None if last is None else formats.format_order(of(last.series), last),
        "trades": [formats.format_user_trade(of(f.trade.series), f) for f in outcome.fills],
    }


def _orders(market: MarketData, outcome: RecordOutcome) -> dict[str, Any]:
    of = market.instrument_of
    return {"orders": [formats.format_order(of(o.series), o) for o in outcome.orders]}


def answer_quotes(market: MarketData, outcome: RecordOutcome) -> dict[str, Any]:
    """Return what became of the legs of a mass quote, and their orders."""
    legs = [{"leg": number, "reason": reason} for number, reason in enumerate(outcome.legs)]
    return {"legs": legs, **_orders(market, outcome)}


def answer_cancelled(market: MarketData, outcome: RecordOutcome) -> dict[str, Any]:
    """Return how many orders were taken out of the book, and which."""
    return {"cancelled": len(outcome.orders), **_orders(market, outcome)}


def _trades(market: MarketData, outcome: RecordOutcome) -> dict[str, Any]:
    of = market.instrument_of
    return {
        "trades": [formats.format_user_trade(of(f.trade.series), f) for f in outcome.fills],
    }


def finish_trades(session: Session) -> Finish:
    """Return what answers a record with the fills that it made."""
    return make_finish(session, _trades)


def answer_nothing(market: MarketData, outcome: RecordOutcome) -> dict[str, Any]:  # noqa: ARG001 - as the others
    """Return nothing but the receipt."""
    return {}
