"""Requests for combos: ask, quote, execute. Only the execution is a record; the rest is talk."""

from fractions import Fraction
from typing import Annotated, Any, Final, Literal

import msgspec

from rollup_node.codec.eip712 import quote_digest
from rollup_node.codec.signature import recover
from rollup_node.core.inputs import ExecuteRfq, RfqQuote
from rollup_node.core.layout import RFQ_LEGS
from rollup_node.rpc.backend import Confirmation, TransactionStatus
from rollup_node.rpc.errors import RpcError, invalid_params
from rollup_node.rpc.market_data import Instrument, InstrumentKind
from rollup_node.rpc.methods.markets import find_instrument
from rollup_node.rpc.order_answers import finish_trades
from rollup_node.rpc.rfq_desk import Wanted
from rollup_node.rpc.rfq_formats import format_offer, format_rfq
from rollup_node.rpc.session import Session
from rollup_node.rpc.signed import QUOTE, SIGNED
from rollup_node.rpc.trading_codes import INVALID_CREDENTIALS
from rollup_node.rpc.trading_table import TRADING, Cost, SignatureHex, Submission, required

LIFE_MS: Final = 30_000
_Life = Annotated[int, msgspec.Meta(ge=1_000, le=60_000)]


class WantedLeg(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A leg as the taker wants it."""

    instrument_name: str
    direction: Literal["buy", "sell"]
    amount: float | int


Legs = Annotated[list[WantedLeg], msgspec.Meta(min_length=1, max_length=RFQ_LEGS)]


@TRADING.add("private/send_rfq")
def send_rfq(session: Session, legs: Legs, valid_ms: _Life = LIFE_MS) -> dict[str, Any]:
    """Ask makers for quotes for up to eight legs of one underlying; return the open request."""
    account, market = session.account, session.desk.market
    found = [(find_instrument(market, leg.instrument_name), leg) for leg in legs]
    if len({instrument.series for instrument, _ in found}) < len(found):
        raise invalid_params("an instrument comes twice", "legs")
    if len({instrument.currency for instrument, _ in found}) > 1:
        raise invalid_params("legs are of one underlying", "legs")
    if any(instrument.kind is InstrumentKind.SPOT for instrument, _ in found):
        raise invalid_params("spot has no combos", "legs")
    wanted = sorted(Wanted(instrument.series, _lots(instrument, leg)) for instrument, leg in found)
    rfq = session.desk.rfqs.ask(account, tuple(wanted), valid_ms)
    return format_rfq(market, rfq, account)


def _lots(instrument: Instrument, leg: WantedLeg) -> int:
    """Return signed lots; an amount that is no whole number of lots is refused."""
    lots = Fraction(str(leg.amount)) * instrument.lots_per_unit
    if lots.denominator != 1 or lots < instrument.min_lots:
        least = Fraction(instrument.min_lots, instrument.lots_per_unit)
        text = f"{instrument.name}: amount {leg.amount}, expected a multiple of {float(least)}"
        raise invalid_params(text, "legs.amount")
    return int(lots) if leg.direction == "buy" else -int(lots)


@TRADING.add("private/cancel_rfq")
def cancel_rfq(session: Session, rfq_id: str) -> dict[str, Any]:
    """Close a request of the account; quotes that were given stay good until they expire."""
    rfq = session.desk.rfqs.cancel(session.account, rfq_id)
    return format_rfq(session.desk.market, rfq, session.account)


@TRADING.add("private/get_rfqs")
def get_rfqs(session: Session, currency: str = "any") -> list[dict[str, Any]]:
    """Return the open requests, the cheapest quote first; a maker sees its own quotes only."""
    account, market = session.account, session.desk.market
    return [
        format_rfq(market, rfq, account)
        for rfq in session.desk.rfqs.all()
        if currency in {"any", market.instrument_of(rfq.legs[0].series).currency}
    ]


def send_quote(session: Session, rfq_id: str, quote: msgspec.Struct) -> dict[str, Any]:
    """Answer a request with a signed quote; the newest one of a maker counts."""
    offered: RfqQuote = QUOTE.to_transaction(quote)
    if offered.account != session.account:
        raise invalid_params(f"account {offered.account} is not logged in", "quote.account")
    desk = session.desk
    signer = recover(quote_digest(desk.market.domain, offered), offered.signature)
    now_ms = desk.clock.now_ms()
    if signer is None or not desk.market.may_login(offered.account, offered.key, signer, now_ms):
        text = "not signed by a key of the account"
        raise RpcError(INVALID_CREDENTIALS, text, reason="BAD_SIGNATURE", field="quote.signature")
    _, offer = desk.rfqs.offer(rfq_id, offered)
    return format_offer(desk.market, offer)


TRADING.register(
    "private/send_quote",
    send_quote,
    (required("rfq_id", str), required("quote", QUOTE.fields)),
    dict[str, Any],
    "Answer a request with a signed quote; the newest one of a maker counts.",
    Cost.READ,
)


def execute_quote(session: Session, execution: msgspec.Struct, signature: str) -> Submission:
    """Take a quote whole: both sides signed the legs, and all of them trade in one step."""
    kind = SIGNED[ExecuteRfq]
    record: ExecuteRfq = kind.to_transaction(execution)
    finish = finish_trades(session)

    def done(status: TransactionStatus, confirmation: Confirmation | None) -> dict[str, Any]:
        answer: dict[str, Any] = finish(status, confirmation)
        session.desk.rfqs.fill(record.quote)
        return answer

    return Submission(kind.to_body(record, signature), done, len(record.quote.legs))


TRADING.register(
    "private/execute_quote",
    execute_quote,
    (required("execution", SIGNED[ExecuteRfq].fields), required("signature", SignatureHex)),
    dict[str, Any],
    "Take a quote whole: all its legs in one step, or none; return the fills.",
    Cost.MATCHING,
)
