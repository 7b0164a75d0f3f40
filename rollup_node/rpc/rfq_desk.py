"""Open requests for combos and the quotes for them: what a node remembers, no part of the state.

What is agreed here binds nobody: a trade is the record that carries both signatures.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from rollup_node.core.inputs import RfqQuote
from rollup_node.ports import Clock
from rollup_node.rpc.errors import RpcError, invalid_params
from rollup_node.rpc.trading_codes import NOT_FOUND, QUEUE_FULL

MAX_OPEN: Final = 1_000
"""Requests that are open at a time."""
MAX_OPEN_OF_ONE: Final = 10
MAX_QUOTES: Final = 32
"""Makers that may quote one request; each has one quote, the newest."""

OPEN, FILLED, CANCELLED, EXPIRED = "open", "filled", "cancelled", "expired"


class Wanted(NamedTuple):
    """One leg as the taker wants it: signed lots."""

    series: int
    lots: int


class Offer(NamedTuple):
    """A signed quote for a request."""

    quote_id: str
    quote: RfqQuote
    received_ms: int


@dataclass(slots=True)
class OpenRfq:
    """A request: who asks for what, until when, and who has quoted it."""

    rfq_id: str
    account: int
    legs: tuple[Wanted, ...]
    created_ms: int
    expires_ms: int
    state: str = OPEN
    offers: dict[int, Offer] = field(default_factory=dict)
    """By the account of the maker."""


Listener = Callable[[OpenRfq], None]
"""Hears of a request whenever something about it changed."""


class RfqDesk:
    """All requests that are open; the listener hears of every change, the last one included."""

    def __init__(self, clock: Clock, listener: Listener) -> None:
        self._clock, self._tell = clock, listener
        self._open: dict[str, OpenRfq] = {}
        self._last = 0

    def ask(self, account: int, legs: tuple[Wanted, ...], valid_ms: int) -> OpenRfq:
        """Open a request.

        Raises
        ------
        RpcError
            10047 if too many are open.
        """
        mine = sum(rfq.account == account for rfq in self._open.values())
        if len(self._open) >= MAX_OPEN or mine >= MAX_OPEN_OF_ONE:
            raise RpcError(QUEUE_FULL, "too many open requests", reason="TOO_MANY_RFQS")
        now_ms = self._clock.now_ms()
        rfq = OpenRfq(self._next_id("R"), account, legs, now_ms, now_ms + valid_ms)
        self._open[rfq.rfq_id] = rfq
        self._tell(rfq)
        return rfq

    def offer(self, rfq_id: str, quote: RfqQuote) -> tuple[OpenRfq, Offer]:
        """Add the quote of a maker, in place of the one it gave before; its signature is good.

        Raises
        ------
        RpcError
            13020 if the request is not open, -32602 if the quote is for something else, or over,
            10047 if it has enough quotes.
        """
        rfq = self.find(rfq_id)
        if quote.account == rfq.account:
            raise invalid_params("the taker cannot quote", "quote.account")
        if quote.taker not in (0, rfq.account):
            raise invalid_params(f"for taker {quote.taker}, not {rfq.account}", "quote.taker")
        if tuple(Wanted(leg.series, -leg.lots) for leg in quote.legs) != rfq.legs:
            raise invalid_params("not the legs of the request, turned around", "quote.legs")
        now_ms = self._clock.now_ms()
        if quote.expiry_ms <= now_ms:
            raise invalid_params(f"expired: {quote.expiry_ms} <= {now_ms}", "quote.expiryMs")
        if quote.account not in rfq.offers and len(rfq.offers) >= MAX_QUOTES:
            raise RpcError(QUEUE_FULL, "too many quotes", reason="TOO_MANY_QUOTES")
        offer = Offer(self._next_id("Q"), quote, now_ms)
        rfq.offers[quote.account] = offer
        self._tell(rfq)
        return rfq, offer

    def find(self, rfq_id: str) -> OpenRfq:
        """Return an open request.

        Raises
        ------
        RpcError
            13020 if there is none.
        """
        rfq = self._open.get(rfq_id)
        if rfq is None:
            raise RpcError(NOT_FOUND, "no such open request", reason="NOT_FOUND", field="rfq_id")
        return rfq

    def cancel(self, account: int, rfq_id: str) -> OpenRfq:
        """Close a request of an account; raises as `find` does, also for somebody else's."""
        rfq = self.find(rfq_id)
        if rfq.account != account:
            raise RpcError(NOT_FOUND, "no such open request", reason="NOT_FOUND", field="rfq_id")
        self._close(rfq, CANCELLED)
        return rfq

    def fill(self, quote: RfqQuote) -> None:
        """Close the request that a quote was for, if there is one: the quote was executed."""
        for rfq in list(self._open.values()):
            offer = rfq.offers.get(quote.account)
            if offer is not None and offer.quote == quote:
                self._close(rfq, FILLED)

    def all(self) -> Sequence[OpenRfq]:
        """Return the open requests, the oldest first."""
        return list(self._open.values())

    def tick(self) -> None:
        """Close what is over, forget quotes that are."""
        now_ms = self._clock.now_ms()
        for rfq in list(self._open.values()):
            if rfq.expires_ms <= now_ms:
                self._close(rfq, EXPIRED)
                continue
            over = [who for who, offer in rfq.offers.items() if offer.quote.expiry_ms <= now_ms]
            for account in over:
                del rfq.offers[account]
            if over:
                self._tell(rfq)

    def _close(self, rfq: OpenRfq, state: str) -> None:
        del self._open[rfq.rfq_id]
        rfq.state = state
        self._tell(rfq)

    def _next_id(self, prefix: str) -> str:
        self._last += 1
        return f"{prefix}-{self._last}"
