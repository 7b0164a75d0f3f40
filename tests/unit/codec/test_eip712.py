"""Every digest of the exchange against a wallet's, and the documents that wallets are given."""

import json
from typing import Any

import pytest
from eth_account.messages import encode_typed_data
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup_node.codec.eip712 import (
    REPORT_TYPES,
    SIGNED_TYPES,
    digest,
    domain_separator,
    login_digest,
    report_digest,
)
from rollup_node.codec.typed_data import login_typed_data, report_typed_data, typed_data
from rollup_node.core.inputs import Freeze, Leg, MassQuote, SetKey, Transfer
from rollup_node.proof.hashing import keccak
from tests import record_values

CHAIN_ID = 313_371
BRIDGE = bytes(range(20))
DOMAIN = domain_separator(CHAIN_ID, BRIDGE)


def wallet_digest(document: dict[str, Any]) -> bytes:
    """Return what a wallet signs that was sent the document as JSON."""
    message = encode_typed_data(full_message=json.loads(json.dumps(document)))
    return keccak(b"\x19" + message.version + message.header + message.body)


@pytest.mark.parametrize("made", record_values.ACCOUNT_RECORDS, ids=lambda made: made.__name__)
@settings(max_examples=20)
@given(st.data())
def test_digest_equals_that_of_a_wallet(made: type, data: st.DataObject) -> None:
    record = data.draw(record_values.ACCOUNT_RECORDS[made])
    assert digest(DOMAIN, record) == wallet_digest(typed_data(CHAIN_ID, BRIDGE, record))


@pytest.mark.parametrize("made", record_values.REPORTS, ids=lambda made: made.__name__)
@settings(max_examples=20)
@given(st.data())
def test_report_digest_equals_that_of_a_wallet_whoever_signed(
    made: type, data: st.DataObject
) -> None:
    report = data.draw(record_values.REPORTS[made])
    wanted = wallet_digest(report_typed_data(CHAIN_ID, BRIDGE, report))
    assert report_digest(DOMAIN, report) == wanted
    assert report_digest(DOMAIN, report._replace(signatures=())) == wanted


def test_login_digest_equals_that_of_a_wallet() -> None:
    document = login_typed_data(CHAIN_ID, BRIDGE, 5, 2, 1_800_000_000_000)
    assert login_digest(DOMAIN, 5, 2, 1_800_000_000_000) == wallet_digest(document)


def test_typed_data_nests_legs_and_shows_booleans_and_exact_numbers() -> None:
    quote = MassQuote(1, 0, 500, (Leg(2, 1, 3, 4, 5),), 1_800_000_000_000)
    document = typed_data(CHAIN_ID, BRIDGE, quote)
    assert document["message"]["legs"] == [
        {"series": 2, "side": 1, "slot": 3, "price": 4, "quantity": 5}
    ]
    assert [member["name"] for member in document["types"]["Leg"]] == [*Leg._fields]
    assert typed_data(CHAIN_ID, BRIDGE, Freeze(1, 0, 1, 9))["message"]["frozen"] is True
    large = typed_data(CHAIN_ID, BRIDGE, Transfer(1, 2, 0, 1 << 53, 9))["message"]
    assert (large["amount"], large["nonce"]) == (str(1 << 53), 9)
    key = SetKey(1, 2, b"\xab" * 20, 1, 2, 3, 4, 5)
    assert typed_data(CHAIN_ID, BRIDGE, key)["message"]["keyAddress"] == "0x" + "ab" * 20


@given(record_values.account_records)
def test_digest_changes_with_every_field(record: Any) -> None:
    digests = {digest(DOMAIN, record)}
    for name, value in record._asdict().items():
        if isinstance(value, int):
            digests.add(digest(DOMAIN, record._replace(**{name: value ^ 1})))
    numbers = sum(isinstance(value, int) for value in record)
    assert len(digests) == 1 + numbers


def test_types_of_the_specification_are_those_that_are_signed() -> None:
    text = (record_values.SPEC).read_text("utf-8")
    for name, fields in (SIGNED_TYPES | REPORT_TYPES).values():
        assert f"`{name}({fields})" in text, name
