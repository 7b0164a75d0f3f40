"""What a call says is what its record decodes to: whoever has read one need not read the other."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup_node.codec.eip712 import INNER_TYPES, LEG_FIELDS, SIGNED_TYPES
from rollup_node.codec.order_records import MAX_LEGS
from rollup_node.codec.records import decode_record
from rollup_node.core.inputs import SignedTransaction
from rollup_node.core.layout import RFQ_LEGS
from rollup_node.rpc.errors import RpcError
from rollup_node.rpc.signed import SIGNED
from tests.property.values import addresses, uint
from tests.record_values import signatures, sint

_HEX = signatures.map(lambda raw: "0x" + raw.hex())


def _field(kind: str) -> st.SearchStrategy[Any]:
    """Draw what JSON has for a field, as wide as its EIP-712 type: also what no record holds."""
    if kind == "bool":
        return st.booleans()
    if kind == "address":
        return addresses.map(lambda raw: "0x" + raw.hex())
    if kind == "RfqQuote":
        return st.tuples(_struct(INNER_TYPES[kind]), _HEX).map(
            lambda pair: pair[0] | {"signature": pair[1]}
        )
    if kind == "Leg[]":
        return st.lists(_struct(LEG_FIELDS), min_size=1, max_size=MAX_LEGS)
    if kind == "RfqLeg[]":
        return st.lists(_struct(INNER_TYPES["RfqLeg"]), min_size=1, max_size=RFQ_LEGS)
    bits = int(kind.lstrip("uint"))
    wide = uint(bits) if kind.startswith("u") else sint(bits)
    return wide | st.integers(0, 3)  # flags, mostly


def _struct(fields: str) -> st.SearchStrategy[dict[str, Any]]:
    members = (field.split(" ") for field in fields.split(","))
    return st.fixed_dictionaries({name: _field(kind) for kind, name in members})


@pytest.mark.parametrize("made", [pytest.param(t, id=n) for t, (n, _) in SIGNED_TYPES.items()])
@settings(max_examples=200)
@given(data=st.data())
def test_a_call_is_refused_or_what_its_record_decodes_to(made: type, data: st.DataObject) -> None:
    message = data.draw(_struct(SIGNED_TYPES[made][1]))
    signature = data.draw(_HEX)
    kind = SIGNED[made]
    transaction = kind.to_transaction(msgspec.convert(message, kind.fields))
    try:
        body = kind.to_body(transaction, signature)
    except RpcError:
        return
    again = decode_record(body)
    assert again == SignedTransaction(transaction, bytes.fromhex(signature[2:]))
    assert type(again.transaction) is type(transaction)
