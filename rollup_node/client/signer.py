"""Signs what an account says: nonces, digests, the JSON of signed structs. Sends nothing."""

import time
from collections.abc import Callable
from typing import Any, Final

from rollup_node.codec.eip712 import (
    INNER_TYPES,
    QUOTE_FIELDS,
    SIGNED_TYPES,
    digest,
    login_digest,
    quote_digest,
)
from rollup_node.codec.signature import address_of, sign
from rollup_node.core.inputs import (
    CancelAll,
    CancelOrder,
    ExecuteRfq,
    MassQuote,
    PlaceOrder,
    ReplaceOrder,
    RfqQuote,
    SignedContent,
)

_METHODS: Final[dict[type, tuple[str, str]]] = {
    CancelOrder: ("private/cancel", "cancel"),
    CancelAll: ("private/cancel_all", "cancel_all"),
    ReplaceOrder: ("private/edit", "replace"),
    MassQuote: ("private/mass_quote", "quote"),
    ExecuteRfq: ("private/execute_quote", "execution"),
}


def method_of(transaction: SignedContent) -> tuple[str, str]:
    """Return the method that takes a struct, and the name of its parameter."""
    if isinstance(transaction, PlaceOrder):
        return ("private/sell" if transaction.side else "private/buy"), "order"
    found = _METHODS.get(type(transaction))
    if found is not None:
        return found
    name = SIGNED_TYPES[type(transaction)][0]
    snake = "".join("_" + c.lower() if c.isupper() else c for c in name).strip("_")
    return f"private/{snake}", snake


def _same(value: Any) -> Any:  # noqa: ANN401 - JSON
    return value


_Plain = Callable[[Any], Any]


def _members(fields: str) -> list[tuple[str, _Plain]]:
    """Return name of each field, and what makes JSON of its value."""
    pairs = (member.split(" ") for member in fields.split(","))
    return [(name, _PLAIN.get(kind, _same)) for kind, name in pairs]


def _plain(members: list[tuple[str, _Plain]], values: tuple[Any, ...]) -> dict[str, Any]:
    return {name: plain(value) for (name, plain), value in zip(members, values, strict=True)}


def plain_quote(quote: RfqQuote) -> dict[str, Any]:
    """Return a quote, and its signature, as JSON."""
    return _plain(_QUOTE, quote[:-1]) | {"signature": "0x" + quote.signature.hex()}


_PLAIN: Final[dict[str, _Plain]] = {
    "bool": bool,
    "address": lambda address: f"0x{address.hex()}",
    "Leg[]": lambda legs: [_plain(_LEG, leg) for leg in legs],
    "RfqLeg[]": lambda legs: [_plain(_RFQ_LEG, leg) for leg in legs],
    "RfqQuote": plain_quote,
}
_LEG: Final[list[tuple[str, _Plain]]] = _members(INNER_TYPES["Leg"])
_RFQ_LEG: Final[list[tuple[str, _Plain]]] = _members(INNER_TYPES["RfqLeg"])
_QUOTE: Final = _members(QUOTE_FIELDS)
_MEMBERS: Final = {made: _members(fields) for made, (_, fields) in SIGNED_TYPES.items()}


class Signer:
    """One key of one account. `number` 0 is the owner's, 1 to 3 session keys."""

    def __init__(self, private_key: bytes, account: int, domain: bytes, number: int = 0) -> None:
        """Take the key, and the domain separator of the chain (docs/spec.md R-5)."""
        self.account, self.number = account, number
        self.address = address_of(private_key)
        self._key, self._domain = private_key, domain
        self._nonce = 0

    def next_nonce(self) -> int:
        """Return a nonce never given before: unix ms, or one more than the last."""
        self._nonce = max(self._nonce + 1, time.time_ns() // 1_000_000)
        return self._nonce

    def login(self, time_ms: int) -> dict[str, Any]:
        """Return the parameters of `public/auth`; `time_ms` is the time of the node."""
        made = sign(login_digest(self._domain, self.account, self.number, time_ms), self._key)
        return {
            "account": self.account,
            "key": self.number,
            "timeMs": time_ms,
            "signature": "0x" + made.hex(),
        }

    def sign(self, transaction: SignedContent) -> tuple[str, dict[str, Any]]:
        """Return method and parameters that submit a struct."""
        method, parameter = method_of(transaction)
        fields = _plain(_MEMBERS[type(transaction)], transaction)
        made = sign(digest(self._domain, transaction), self._key)
        return method, {parameter: fields, "signature": "0x" + made.hex()}

    def sign_quote(self, quote: RfqQuote) -> RfqQuote:
        """Return a quote for a combo with the signature of its maker."""
        return quote._replace(signature=sign(quote_digest(self._domain, quote), self._key))
