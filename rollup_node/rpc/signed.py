"""Signed structs in JSON to bodies of records: the fields of EIP-712, no opinion on their values.

The types of the fields are those that wallets sign (`codec.eip712.SIGNED_TYPES`): one list for the
digest, for `eth_signTypedData_v4` and for what the interface accepts.
"""

from collections.abc import Callable
from types import GenericAlias
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from rollup_node.codec.eip712 import INNER_TYPES, LEG_FIELDS, QUOTE_FIELDS, SIGNED_TYPES
from rollup_node.codec.order_records import MAX_LEGS
from rollup_node.codec.records import encode_transaction
from rollup_node.core.inputs import Leg, RfqLeg, RfqQuote, SignedContent
from rollup_node.core.layout import RFQ_LEGS
from rollup_node.rpc.errors import invalid_params
from rollup_node.rpc.logins import read_signature
from rollup_node.rpc.table import Address

_EXACT_BITS: Final = 32
"""Wider numbers may also come as decimal text: JavaScript has no exact ones beyond 2^53."""
_WIDE: Final = int | Annotated[str, msgspec.Meta(pattern="^-?[0-9]{1,40}$", title="integer")]


_CONVERTED: Final[dict[str, Callable[[Any], Any]]] = {
    "bool": int,
    "address": lambda text: bytes.fromhex(text[2:]),
    "bytes64": read_signature,
}
"""What becomes of fields that are no numbers."""


class SignedKind(NamedTuple):
    """One signed struct: its name, the tuple it becomes, its fields in JSON.

    `conversions` are for fields whose JSON is not always what the tuple holds: place, the numbers
    from `low` up to before `high` that are taken as they are, and what makes of the rest.
    """

    name: str
    made: type[Any]
    fields: type[msgspec.Struct]
    conversions: tuple[tuple[int, int, int, Callable[[Any], Any]], ...]

    def to_transaction(self, fields: msgspec.Struct) -> Any:
        """Return what was signed.

        Raises
        ------
        RpcError
            -32602 if a wide number is out of its range.
        """
        values = list(msgspec.structs.astuple(fields))
        for place, low, high, convert in self.conversions:
            value = values[place]
            if type(value) is not int or not low <= value < high:
                values[place] = convert(value)
        return tuple.__new__(self.made, values)

    def to_body(self, transaction: SignedContent, signature: str) -> bytes:
        """Return the body of the record.

        Raises
        ------
        RpcError
            -32602 if the signature is none, or the record cannot hold the struct, such as an
            expiry on an order without one.
        """
        raw = read_signature(signature)
        try:
            return encode_transaction(transaction, signed=True) + raw
        except OverflowError as error:
            raise invalid_params(str(error)[-200:]) from None


def _members(fields: str) -> list[tuple[str, str]]:
    pairs = (member.split(" ") for member in fields.split(","))
    return [(name, kind) for kind, name in pairs]


def _field_type(kind: str) -> Any:
    if kind == "bool":
        return bool
    if kind == "address":
        return Address
    if kind == "RfqQuote":
        return QUOTE.fields
    if kind == "bytes64":
        return str
    if kind in _ROWS:
        rows, _, most = _ROWS[kind]
        return Annotated[GenericAlias(list, (rows,)), msgspec.Meta(min_length=1, max_length=most)]
    low, high = _bounds(kind)
    if high > 1 << _EXACT_BITS:
        return _WIDE
    return Annotated[int, msgspec.Meta(ge=low, lt=high)]


def _bounds(kind: str) -> tuple[int, int]:
    bits = int(kind.lstrip("uint"))
    return (0, 1 << bits) if kind[0] == "u" else (-(1 << bits - 1), 1 << bits - 1)


def _conversion(name: str, kind: str) -> tuple[int, int, Callable[[Any], Any]] | None:
    if kind in _CONVERTED:
        return 0, 0, _CONVERTED[kind]
    if kind == "RfqQuote":
        return 0, 0, QUOTE.to_transaction
    if kind in _ROWS:
        made = _ROWS[kind][1]
        return 0, 0, lambda rows: tuple(made(*msgspec.structs.astuple(row)) for row in rows)
    low, high = _bounds(kind)
    if high <= 1 << _EXACT_BITS:
        return None

    def convert(value: int | str) -> int:
        number = int(value)
        if not low <= number < high:
            raise invalid_params(f"{name} is not a {kind}: {str(value)[:50]}", name)
        return number

    return low, high, convert


def _make_fields(name: str, fields: str) -> type[msgspec.Struct]:
    members = [(member, _field_type(kind)) for member, kind in _members(fields)]
    return msgspec.defstruct(name, members, forbid_unknown_fields=True, frozen=True, gc=False)


def _make_kind(made: type, name: str, fields: str) -> SignedKind:
    found = ((n, _conversion(*member)) for n, member in enumerate(_members(fields)))
    conversions = tuple((n, *conversion) for n, conversion in found if conversion is not None)
    return SignedKind(name, made, _make_fields(name, fields), conversions)


_ROWS: Final[dict[str, tuple[type[msgspec.Struct], Callable[..., Any], int]]] = {}
"""The types of arrays: the fields of a row, what it becomes, how many there may be."""

_ROWS["Leg[]"] = _make_fields("Leg", LEG_FIELDS), Leg, MAX_LEGS
_ROWS["RfqLeg[]"] = _make_fields("RfqLeg", INNER_TYPES["RfqLeg"]), RfqLeg, RFQ_LEGS

QUOTE: Final = _make_kind(RfqQuote, "RfqQuote", QUOTE_FIELDS + ",bytes64 signature")
"""What a maker signs of a combo, with its signature."""

SIGNED: Final[dict[type, SignedKind]] = {
    made: _make_kind(made, name, fields) for made, (name, fields) in SIGNED_TYPES.items()
}
"""Every struct that an account signs, by the type of its tuple."""

KINDS: Final[dict[str, SignedKind]] = {kind.name: kind for kind in SIGNED.values()}
"""The same by the name of the struct."""
