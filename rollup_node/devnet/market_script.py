"""Batches of an exchange written by hand: blocks, signed records and reports, at times we choose.

A script is a sequencer that never decides: what it is told is what it writes, good or bad.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rollup_node.codec.eip712 import digest, quote_digest, report_digest
from rollup_node.codec.records import encode_open, encode_prefix, encode_record, frame
from rollup_node.codec.signature import sign
from rollup_node.core.flags import GOOD_TILL_CANCELLED, IMMEDIATE_OR_CANCEL, LIMIT
from rollup_node.core.inputs import (
    ExecuteRfq,
    Leg,
    ListExpiry,
    MassQuote,
    OpenRecord,
    PlaceOrder,
    PriceReport,
    Pull,
    RfqLeg,
    RfqQuote,
    Seal,
    SettlementPrice,
    SignedContent,
    SignedTransaction,
    SurfaceReport,
)
from rollup_node.core.surface import Smile
from rollup_node.devnet.keys import PUBLISHERS, accounts
from rollup_node.devnet.markets import PUBLISHER_THRESHOLD

BUY: Final = 0
SELL: Final = 1
MAX_FEE_PPM: Final = 500
QUOTE_MS: Final = 5_000
"""A quote for a combo is good for so long."""

BLOCK_MS: Final = 25
"""Between two blocks, if nothing else is said: enough for the order of classes to start over."""


@dataclass
class Script:
    """What a market is told: nonces and rounds go on from item to item; times in ms of L2."""

    domain: bytes
    time_ms: int
    nonce: int = 0
    round: int = 0
    _parts: list[bytes] = field(default_factory=list)
    _dates: dict[tuple[int, int], int] = field(default_factory=dict)

    def cut(self) -> bytes:
        """Return the batch as it is, and begin the next one."""
        data, self._parts = b"".join(self._parts), []
        return data

    def begin(self, delta_ms: int = BLOCK_MS) -> None:
        """Begin a block: the first of a batch, else by a seal."""
        self.time_ms += delta_ms
        if self._parts:
            self._parts.append(frame(encode_record(Seal(delta_ms))))
        else:
            self._parts.append(encode_prefix(self.time_ms))

    def pull(self, count: int = 1) -> None:
        """Pull delayed messages."""
        self._parts += [frame(encode_record(Pull()))] * count

    def open(self, record: OpenRecord) -> None:
        """Say what anyone may say."""
        if isinstance(record, ListExpiry):
            self._dates[record[:2]] = record.expiry_at
        self._parts.append(frame(encode_open(record)))

    def next_nonce(self) -> int:
        """Return a nonce that nobody used."""
        self.nonce += 1
        return self.nonce

    def sign(self, content: SignedContent, key: bytes) -> None:
        """Say something signed with a private key; its nonce is the last one given out."""
        signature = sign(digest(self.domain, content), key)
        self._parts.append(frame(encode_record(SignedTransaction(content, signature))))

    def act(self, name: str, kind: Any, *fields: Any) -> None:  # noqa: ANN401 - a signed record
        """Have a named user sign a record of a kind, made of its fields but the nonce."""
        self.sign(kind(*fields, self.next_nonce()), accounts()[name].private_key)

    def report(
        self,
        underlying: int,
        price_usdc: int,
        *,
        age_ms: int = 0,
        publishers: int = PUBLISHER_THRESHOLD,
    ) -> None:
        """Say the price of an underlying, signed by the first publishers."""
        self.round += 1
        said = PriceReport(underlying, self.round, self.time_ms - age_ms, price_usdc, 100, ())
        self._sign_report(said, publishers)

    def surface(self, underlying: int, expiry_slot: int, nodes: Smile) -> None:
        """Say the volatilities of a date that was listed, signed by the first publishers."""
        self.round += 1
        date = self._dates[underlying, expiry_slot]
        said = SurfaceReport(underlying, expiry_slot, date, self.round, self.time_ms, 0, nodes, ())
        self._sign_report(said, PUBLISHER_THRESHOLD)

    def settlement(
        self, underlying: int, expiry_slot: int, expiry_at: int, prices: Sequence[int]
    ) -> None:
        """Say the prices of a settlement date, one a round, each signed by the first publishers."""
        for number, price in enumerate(prices):
            said = SettlementPrice(underlying, expiry_slot, expiry_at, number, price, ())
            self._sign_report(said, PUBLISHER_THRESHOLD)

    def _sign_report(self, said: Any, publishers: int) -> None:  # noqa: ANN401 - any report
        hashed = report_digest(self.domain, said)
        keys = [accounts()[name].private_key for name in PUBLISHERS[:publishers]]
        self.open(said._replace(signatures=tuple(sign(hashed, key) for key in keys)))

    def order(
        self, name: str, account: int, series: int, terms: tuple[int, int, int], **options: int
    ) -> None:
        """Place an order; `terms` are side, tick and lots.

        Options: `slot`, `rests` (post-only), `immediate`, `reduces`, `fee` and `self_trade`.
        """
        self.sign(self.make_order(account, series, terms, **options), accounts()[name].private_key)

    def make_order(
        self, account: int, series: int, terms: tuple[int, int, int], **options: int
    ) -> PlaceOrder:
        """Return an order; see `order`. `key` is the number of a session key."""
        side, tick, lots = terms
        in_force = IMMEDIATE_OR_CANCEL if options.get("immediate") else GOOD_TILL_CANCELLED
        return PlaceOrder(
            account=account,
            key=options.get("key", 0),
            series=series,
            side=side,
            kind=options.get("kind", LIMIT),
            time_in_force=in_force,
            post_only=options.get("rests", 0),
            reduce_only=options.get("reduces", 0),
            self_trade=options.get("self_trade", 0),
            price=tick,
            quantity=lots,
            trigger=options.get("trigger", 0),
            expiry=0,
            max_fee=options.get("fee", MAX_FEE_PPM),
            slot=options.get("slot", 0),
            nonce=self.next_nonce(),
        )

    def quote(self, name: str, account: int, legs: tuple[Leg, ...]) -> None:
        """Place a mass quote."""
        self.act(name, MassQuote, account, 0, MAX_FEE_PPM, legs)

    def combo(
        self, taker: tuple[str, int], maker: tuple[str, int], legs: tuple[RfqLeg, ...]
    ) -> None:
        """Have a named user and its account execute the quote of another one."""
        until, (name, account) = self.time_ms + QUOTE_MS, maker
        quote = RfqQuote(account, 0, 0, MAX_FEE_PPM, until, legs, self.next_nonce(), b"")
        signature = sign(quote_digest(self.domain, quote), accounts()[name].private_key)
        quote = quote._replace(signature=signature)
        self.act(taker[0], ExecuteRfq, taker[1], 0, MAX_FEE_PPM, until, quote)
