"""`private/*` that write: order entry by signed struct; the signature says whose it is.

Each takes the fields of one EIP-712 struct of docs/spec.md R-5 under their names, and `signature`.
The answer comes when the record is durable and its confirmation signed.
"""

from collections.abc import Callable
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
from rollup_node.rpc.errors import invalid_params
from rollup_node.rpc.market_data import Side
from rollup_node.rpc.order_answers import (
    Answer,
    answer_cancelled,
    answer_nothing,
    answer_order,
    answer_quotes,
    make_finish,
)
from rollup_node.rpc.session import Session
from rollup_node.rpc.signed import SIGNED, SignedKind
from rollup_node.rpc.trading_table import TRADING, Cost, Finish, SignatureHex, Submission, required


class _Entry(NamedTuple):
    """One method: its parameter, the struct in it, what it answers beside the receipt."""

    method: str
    parameter: str
    kind: SignedKind
    answer: Answer
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
        return Submission(body, make_finish(session, entry.answer), count_credits(transaction))

    def finish(session: Session) -> Finish:
        return make_finish(session, entry.answer)

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


_ENTRIES: Final = (
    _Entry(
        "private/buy",
        "order",
        SIGNED[PlaceOrder],
        answer_order,
        "Place a signed order to buy; return it and its fills.",
        Side.BUY,
    ),
    _Entry(
        "private/sell",
        "order",
        SIGNED[PlaceOrder],
        answer_order,
        "Place a signed order to sell; return it and its fills.",
        Side.SELL,
    ),
    _Entry(
        "private/edit",
        "replace",
        SIGNED[ReplaceOrder],
        answer_order,
        "Give an order another price and quantity; it gets the tag, and so the id, of this record.",
    ),
    _Entry(
        "private/cancel",
        "cancel",
        SIGNED[CancelOrder],
        answer_order,
        "Take one order out of the book.",
    ),
    _Entry(
        "private/cancel_all",
        "cancel_all",
        SIGNED[CancelAll],
        answer_cancelled,
        "Cancel all orders, or those of an underlying or a series.",
    ),
    _Entry(
        "private/mass_quote",
        "quote",
        SIGNED[MassQuote],
        answer_quotes,
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
                answer_nothing,
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
