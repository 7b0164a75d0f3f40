"""Combos for the client: ask for quotes, quote, execute. What is signed is in ticks and lots."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from rollup_node.client.instruments import Instrument, Number
from rollup_node.client.signer import Signer, plain_quote
from rollup_node.core.inputs import ExecuteRfq, RfqLeg, RfqQuote, SignedContent

QUOTE_MS: Final = 5_000
"""How long a quote is good unless something else is said."""

LIFE_MS: Final = 30_000
"""How long a request is open unless something else is said."""


class Caller(Protocol):
    """What combos need of a client."""

    @property
    def signer(self) -> Signer:
        """The key of the account."""

    async def call(self, method: str, **params: Any) -> Any:  # noqa: ANN401 - JSON
        """Call a method."""

    async def instrument(self, name: str) -> Instrument:
        """Return an instrument."""

    async def submit(self, transaction: SignedContent) -> Any:  # noqa: ANN401 - JSON
        """Sign any struct, submit it, return the answer."""


class ComboCalls:
    """The calls of a client about combos; legs are `(instrument, "buy" or "sell", amount)`."""

    async def send_rfq(
        self: Caller, legs: Sequence[tuple[str, str, float]], valid_ms: int = LIFE_MS
    ) -> Any:  # noqa: ANN401 - JSON
        """Ask makers for quotes; return the open request. Raises `ClientError`."""
        wanted = [
            {"instrument_name": name, "direction": direction, "amount": amount}
            for name, direction, amount in legs
        ]
        return await self.call("private/send_rfq", legs=wanted, valid_ms=valid_ms)

    async def get_rfqs(self: Caller, currency: str = "any") -> Any:  # noqa: ANN401 - JSON
        """Return the open requests, each with the quotes that this account may see."""
        return await self.call("private/get_rfqs", currency=currency)

    async def cancel_rfq(self: Caller, rfq: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Close a request of this account."""
        return await self.call("private/cancel_rfq", rfq_id=rfq["rfq_id"])

    async def quote_rfq(
        self: Caller,
        rfq: Mapping[str, Any],
        prices: Mapping[str, Number],
        valid_ms: int = QUOTE_MS,
        max_fee_ppm: int | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        """Sign a price for each leg of a request, for its taker alone; return the quote.

        Raises
        ------
        ClientError
            The request is over, or the quote does not fit it.
        ValueError
            A price lies between two ticks.
        """
        signer, legs, fee = self.signer, [], 0
        for leg in rfq["legs"]:
            instrument = await self.instrument(leg["instrument_name"])
            price = instrument.to_ticks(prices[instrument.name])
            legs.append(RfqLeg(instrument.series, -leg["lots"], price))
            fee = max(fee, instrument.maker_fee_ppm)
        now_ms = await self.call("public/get_time")
        quote = RfqQuote(
            account=signer.account,
            key=signer.number,
            taker=rfq["account"],
            max_fee=fee if max_fee_ppm is None else max_fee_ppm,
            expiry_ms=now_ms + valid_ms,
            legs=tuple(legs),
            nonce=signer.next_nonce(),
            signature=b"",
        )
        signed = plain_quote(signer.sign_quote(quote))
        return await self.call("private/send_quote", rfq_id=rfq["rfq_id"], quote=signed)

    async def execute_quote(
        self: Caller, offer: Mapping[str, Any], max_fee_ppm: int | None = None
    ) -> Any:  # noqa: ANN401 - JSON
        """Take a quote whole; return the fills. Raises `RefusedError`: nothing was traded."""
        signer, quote, fee = self.signer, read_quote(offer["quote"]), 0
        for leg in offer["legs"]:
            fee = max(fee, (await self.instrument(leg["instrument_name"])).taker_fee_ppm)
        cap = fee if max_fee_ppm is None else max_fee_ppm
        head = (signer.account, signer.number, cap, quote.expiry_ms)
        return await self.submit(ExecuteRfq(*head, quote, signer.next_nonce()))


def read_quote(told: Mapping[str, Any]) -> RfqQuote:
    """Return a signed quote from its JSON."""
    legs = tuple(RfqLeg(leg["series"], leg["lots"], leg["price"]) for leg in told["legs"])
    return RfqQuote(
        account=told["account"],
        key=told["key"],
        taker=told["taker"],
        max_fee=told["maxFee"],
        expiry_ms=int(told["expiryMs"]),
        legs=legs,
        nonce=int(told["nonce"]),
        signature=bytes.fromhex(told["signature"].removeprefix("0x")),
    )
