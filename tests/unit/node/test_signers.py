"""What a worker process answers for a body, and what the node makes of it."""

import marshal

import pytest

from rollup_node.codec.eip712 import digest, domain_separator, report_digest
from rollup_node.codec.records import encode_record
from rollup_node.codec.signature import address_of, sign
from rollup_node.core.inputs import (
    CancelOrder,
    Leg,
    MassQuote,
    PriceReport,
    Prune,
    SignedContent,
    SignedTransaction,
)
from rollup_node.node.signers import Recovered, recover_one, unpack
from rollup_node.proof.hashing import keccak

DOMAIN = domain_separator(313_371, bytes(range(20)))
KEYS = [bytes([n]) * 32 for n in (1, 2, 3)]


def recovered(body: bytes) -> Recovered:
    """Send a body through a worker's answer, as marshal carries it."""
    return unpack(marshal.loads(marshal.dumps(recover_one(DOMAIN, body))))  # noqa: S302 - our own


@pytest.mark.parametrize(
    "content",
    [
        CancelOrder(1, 0, 2, 3, 4),
        MassQuote(1, 2, 500, (Leg(1, 0, 2, 3, 4), Leg(1, 1, 5, 6, 0)), 9),
    ],
)
def test_recover_one_of_a_signed_record_finds_its_signer(content: SignedContent) -> None:
    body = encode_record(SignedTransaction(content, sign(digest(DOMAIN, content), KEYS[0])))
    found = recovered(body)
    assert found == Recovered(keccak(body), content, address_of(KEYS[0]))
    assert type(found.transaction) is type(content)
    if isinstance(found.transaction, MassQuote):
        assert type(found.transaction.legs[0]) is Leg


def test_recover_one_of_a_report_finds_each_signer() -> None:
    report = PriceReport(0, 1, 2, 3, 4, ())
    signatures = tuple(sign(report_digest(DOMAIN, report), key) for key in KEYS)
    whole = report._replace(signatures=(*signatures[:2], bytes(64)))
    found = recovered(encode_record(whole))
    assert (found.transaction, found.signer) == (whole, None)
    assert found.signers == (address_of(KEYS[0]), address_of(KEYS[1]), None)


def test_recover_one_of_an_open_record_has_no_signer() -> None:
    found = recovered(encode_record(Prune(7)))
    assert (found.transaction, found.signer, found.signers) == (Prune(7), None, ())


@pytest.mark.parametrize("body", [b"", b"\x00\x05", b"\x01", b"\xff" * 90])
def test_recover_one_of_what_nobody_signs_says_nothing(body: bytes) -> None:
    assert recovered(body) == Recovered(keccak(body), None, None)
