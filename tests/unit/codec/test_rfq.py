"""Quotes and executions of combos: what their signatures cover, and their bytes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup_node.codec.eip712 import digest, quote_digest
from rollup_node.codec.inner_signers import recover_inner
from rollup_node.codec.records import (
    decode_forced,
    decode_record,
    encode_record,
    encode_transaction,
)
from rollup_node.codec.signature import address_of, sign
from rollup_node.codec.typed_data import quote_typed_data, typed_data
from rollup_node.core.inputs import ExecuteRfq, RfqLeg, RfqQuote, SignedTransaction
from rollup_node.core.layout import MAX_FORCED_BYTES, RFQ_LEGS

KEY = b"\x07" * 32
DOMAIN = b"\x11" * 32
LEGS = (RfqLeg(1, 5, 60_000), RfqLeg(3, -5, 60_010))
QUOTE = RfqQuote(2, 0, 1, 300, 9_000, LEGS, 77, bytes(64))
RECORD = ExecuteRfq(1, 0, 500, 9_000, QUOTE, 78)


def _with(quote: RfqQuote, name: str, value: Any) -> RfqQuote:
    return quote._replace(**{name: value})


def _changes(quote: RfqQuote) -> dict[str, RfqQuote]:
    """Return the quote with each of its fields, and each field of a leg, changed by itself."""
    numbers = {name: value for name, value in quote._asdict().items() if isinstance(value, int)}
    changed = {name: _with(quote, name, value + 1) for name, value in numbers.items()}
    for name, value in LEGS[1]._asdict().items():
        leg = LEGS[1]._replace(**{name: value + 1})
        changed[f"leg {name}"] = quote._replace(legs=(LEGS[0], leg))
    changed["a leg less"] = quote._replace(legs=LEGS[:1])
    changed["legs turned"] = quote._replace(legs=LEGS[::-1])
    return changed


@pytest.mark.parametrize("change", _changes(QUOTE))
def test_every_field_of_a_quote_is_under_both_signatures(change: str) -> None:
    other = _changes(QUOTE)[change]
    assert quote_digest(DOMAIN, other) != quote_digest(DOMAIN, QUOTE)
    assert digest(DOMAIN, RECORD._replace(quote=other)) != digest(DOMAIN, RECORD)


def test_recover_inner_finds_the_maker_of_the_quote_alone() -> None:
    signed = QUOTE._replace(signature=sign(quote_digest(DOMAIN, QUOTE), KEY))
    record = RECORD._replace(quote=signed)
    assert recover_inner(DOMAIN, record) == (address_of(KEY),)
    assert recover_inner(DOMAIN, RECORD) == (None,)
    for other in _changes(signed).values():
        assert recover_inner(DOMAIN, RECORD._replace(quote=other)) != (address_of(KEY),)


def test_typed_data_of_an_execution_shows_the_legs_to_the_taker() -> None:
    shown = typed_data(7, b"\x01" * 20, RECORD)
    assert shown["primaryType"] == "RfqExecution"
    assert set(shown["types"]) == {"EIP712Domain", "RfqExecution", "RfqLeg", "RfqQuote"}
    assert shown["message"]["quote"]["legs"][1] == {"series": 3, "lots": -5, "price": 60_010}
    assert "signature" not in shown["message"]["quote"]
    alone = quote_typed_data(7, b"\x01" * 20, QUOTE)
    assert alone["message"] == shown["message"]["quote"]


def test_decode_record_largest_execution_fits_a_record_and_a_forced_message() -> None:
    largest: Any = (1 << 32) - 1
    leg = RfqLeg((1 << 16) - 1, -(1 << 31), largest)
    high = (1 << 64) - 1
    quote = RfqQuote(largest, 255, largest, 65_535, high, (leg,) * RFQ_LEGS, high, b"\xff" * 64)
    record = ExecuteRfq(largest, 255, 65_535, high, quote, high)
    signed = SignedTransaction(record, b"\xee" * 64)
    assert decode_record(encode_record(signed)) == signed
    forced = encode_transaction(record, signed=False)
    assert len(forced) <= MAX_FORCED_BYTES
    assert decode_forced(forced) == record._replace(nonce=0)


@given(st.integers(0, 400))
def test_decode_record_with_no_or_too_many_legs_is_none(count: int) -> None:
    body = bytearray(encode_record(SignedTransaction(RECORD, bytes(64))))
    place = 1 + 1 + 1 + 2 + 2 + 1 + 1 + 1 + 2 + 2
    assert body[place] == len(LEGS)
    body[place] = count & 0xFF
    expected = count & 0xFF == len(LEGS)
    assert (decode_record(bytes(body)) is not None) == expected
