"""`private/*` that write: order entry by signed struct; the signature says whose it is.

Each takes the fields of one EIP-712 struct of docs/spec.md R-5 under their names, and `signature`.
The answer comes when the record is durable and its confirmation signed.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from rollup_node.core.inputs import (
    CancelAll,
    CancelOrder,
    ExecuteRfq,
    MassQuote,
    PlaceOrder,
    ReplaceOrder,
    SignedContent,
)
from rollup_node.rpc import formats
from rollup_node.rpc.backend import Confirmation, TransactionStatus
from rollup_node.rpc.errors import invalid_params
from rollup_node.rpc.market_data import MarketData, RecordOutcome, Side
from rollup_node.rpc.session import Session
from rollup_node.rpc.signed import SIGNED, SignedKind
from rollup_node.rpc.trading_codes import rejection
from rollup_node.rpc.trading_table import TRADING, Cost, Finish, SignatureHex, Submission, required

_Answer = Callable[[MarketData, RecordOutcome], dict[str, Any]]


class _Entry(NamedTuple):
    """One method: its parameter, the struct in it, what it answers beside the receipt."""

    method: str
    parameter: str
    kind: SignedKind
    answer: _Answer
    summary: str
    side: Side | None = None


_READERS: Final[dict[str, Callable[[msgspec.Struct, str], tuple[SignedContent, bytes]]]] = {}


def read_call(method: str, params: bytes) -> tuple[SignedContent, bytes]:
    """Return what a call asks for, and the body of its record: what that decodes to again.

    Raises
    ------
    RpcError
        -32602 if its parameters are not what the method takes.
    """
    return _READERS[method](*TRADING.methods[method].bind(params))


def _register(entry: _Entry) -> None:
    def read(fields: msgspec.Struct, signature: str) -> tuple[SignedContent, bytes]:
        transaction = entry.kind.to_transaction(fields)
        if isinstance(transaction, PlaceOrder) and transaction.side != entry.side:
            raise invalid_params(f"side {transaction.side} is not that of {entry.method}", "side")
        return transaction, entry.kind.to_body(transaction, signature)

    def handler(session: Session, fields: msgspec.Struct, signature: str) -> Submission:
        transaction, body = read(fields, signature)
        return Submission(body, _finish(session, entry.answer), count_credits(transaction))

    def finish(session: Session) -> Finish:
        return _finish(session, entry.answer)

    _READERS[entry.method] = read
    TRADING.register(
        entry.method,
        handler,
        (required(entry.parameter, entry.kind.fields), required("signature", SignatureHex)),
        dict[str, Any],
        entry.summary,
        Cost.MATCHING,
        finish,
        count_legs if entry.kind.made is MassQuote else None,
    )


def count_credits(transaction: SignedContent) -> int:
    """Return the credits that a record takes: one, or one for each leg of a quote."""
    return len(transaction.legs) if isinstance(transaction, MassQuote) else 1


class _Legs(msgspec.Struct):
    legs: list[msgspec.Raw]


class _QuoteCall(msgspec.Struct):
    quote: _Legs


_decode_quote_call: Final = msgspec.json.Decoder(_QuoteCall).decode


def count_legs(params: msgspec.Raw) -> int:
    """Return how many credits the call of a mass quote takes, before anybody reads its legs.

    One if it has none that can be counted: it is refused where it is read.
    """
    try:
        return len(_decode_quote_call(params).quote.legs) or 1
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 1


def _finish(session: Session, answer: _Answer) -> Finish:
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


def _order_and_trades(market: MarketData, outcome: RecordOutcome) -> dict[str, Any]:
    of = market.instrument_of
    last = outcome.orders[-1] if outcome.orders else None
    return {
        "order": None if last is None else formats.format_order(of(last.series), last),
        "trades": [formats.format_user_trade(of(f.trade.series), f) for f in outcome.fills],
    }


def _orders(market: MarketData, outcome: RecordOutcome) -> dict[str, Any]:
    of = market.instrument_of
    return {"orders": [formats.format_order(of(o.series), o) for o in outcome.orders]}


def _quotes(market: MarketData, outcome: RecordOutcome) -> dict[str, Any]:
    legs = [{"leg": number, "reason": reason} for number, reason in enumerate(outcome.legs)]
    return {"legs": legs, **_orders(market, outcome)}


def _cancelled(market: MarketData, outcome: RecordOutcome) -> dict[str, Any]:
    return {"cancelled": len(outcome.orders), **_orders(market, outcome)}


def _trades(market: MarketData, outcome: RecordOutcome) -> dict[str, Any]:
    of = market.instrument_of
    return {
        "trades": [formats.format_user_trade(of(f.trade.series), f) for f in outcome.fills],
    }


def finish_trades(session: Session) -> Finish:
    """Return what answers a record with the fills that it made."""
    return _finish(session, _trades)


def _nothing(market: MarketData, outcome: RecordOutcome) -> dict[str, Any]:  # noqa: ARG001 - as the others
    return {}


_ENTRIES: Final = (
    _Entry(
        "private/buy",
        "order",
        SIGNED[PlaceOrder],
        _order_and_trades,
        "Place a signed order to buy; return it and its fills.",
        Side.BUY,
    ),
    _Entry(
        "private/sell",
        "order",
        SIGNED[PlaceOrder],
        _order_and_trades,
        "Place a signed order to sell; return it and its fills.",
        Side.SELL,
    ),
    _Entry(
        "private/edit",
        "replace",
        SIGNED[ReplaceOrder],
        _order_and_trades,
        "Give an order another price and quantity; it gets the tag, and so the id, of this record.",
    ),
    _Entry(
        "private/cancel",
        "cancel",
        SIGNED[CancelOrder],
        _order_and_trades,
        "Take one order out of the book.",
    ),
    _Entry(
        "private/cancel_all",
        "cancel_all",
        SIGNED[CancelAll],
        _cancelled,
        "Cancel all orders, or those of an underlying or a series.",
    ),
    _Entry(
        "private/mass_quote",
        "quote",
        SIGNED[MassQuote],
        _quotes,
        "Replace up to 20 quotes under one signature; return the legs' reasons and orders.",
    ),
)
_TAKEN: Final = {entry.kind.name for entry in _ENTRIES} | {SIGNED[ExecuteRfq].name}
"""Structs with methods of their own."""

for _entry in _ENTRIES:
    _register(_entry)
for _kind in SIGNED.values():
    if _kind.name not in _TAKEN:
        _name = "".join("_" + c.lower() if c.isupper() else c for c in _kind.name).strip("_")
        _register(
            _Entry(
                f"private/{_name}",
                _name,
                _kind,
                _nothing,
                f"Submit a signed {_kind.name}.",
            )
        )


@TRADING.add("private/enable_cancel_on_disconnect")
def enable_cancel_on_disconnect(
    session: Session, cancel_all: dict[str, Any], signature: SignatureHex
) -> str:
    """Keep a signed `CancelAll` and submit it when this connection ends.

    Its nonce must still be good then: sign it with a session key that signs nothing else, whose
    nonce window nobody moves, at most one day ahead. Calling again replaces it.
    """
    session.need_websocket("private/enable_cancel_on_disconnect")
    kind = SIGNED[CancelAll]
    try:
        fields = msgspec.convert(cancel_all, kind.fields)
    except msgspec.ValidationError as error:
        raise invalid_params(f"cancel_all: {error}", "cancel_all") from None
    session.last_words = [kind.to_body(kind.to_transaction(fields), signature)]
    return "ok"


@TRADING.add("private/disable_cancel_on_disconnect")
def disable_cancel_on_disconnect(session: Session) -> str:
    """Forget the record that was kept for the end of this connection."""
    session.last_words = []
    return "ok"


@TRADING.add("private/get_cancel_on_disconnect")
def get_cancel_on_disconnect(session: Session) -> dict[str, Any]:
    """Tell whether this connection has a record for its end."""
    return {"scope": "connection", "enabled": bool(session.last_words)}
