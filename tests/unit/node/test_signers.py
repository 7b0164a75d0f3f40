"""What a worker process answers for a body, and what the node makes of it."""

import marshal

import msgspec
import pytest

from rollup_node.codec.eip712 import digest, domain_separator, quote_digest, report_digest
from rollup_node.codec.records import encode_record
from rollup_node.codec.signature import address_of, sign
from rollup_node.codec.typed_data import typed_data
from rollup_node.core.inputs import (
    CancelOrder,
    ExecuteRfq,
    Leg,
    MassQuote,
    PriceReport,
    Prune,
    RfqLeg,
    RfqQuote,
    SignedContent,
    SignedTransaction,
)
from rollup_node.node.signers import Recovered, recover_asked, unpack
from rollup_node.proof.hashing import keccak
from rollup_node.rpc.backend import Body
from rollup_node.rpc.errors import INVALID_PARAMS

DOMAIN = domain_separator(313_371, bytes(range(20)))
KEYS = [bytes([n]) * 32 for n in (1, 2, 3)]


def recovered(asked: Body) -> Recovered:
    """Send a body through a worker's answer, as marshal carries it."""
    answer = marshal.loads(marshal.dumps(recover_asked(DOMAIN, asked)))  # noqa: S302 - our own
    return unpack(asked, answer)


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
    assert found == Recovered(keccak(body), content, address_of(KEYS[0]), body=body)
    assert type(found.transaction) is type(content)
    if isinstance(found.transaction, MassQuote):
        assert type(found.transaction.legs[0]) is Leg


def test_recover_one_of_an_execution_finds_taker_and_maker() -> None:
    quote = RfqQuote(2, 0, 1, 300, 9_000, (RfqLeg(1, -5, 6), RfqLeg(3, 5, 7)), 8, b"")
    quote = quote._replace(signature=sign(quote_digest(DOMAIN, quote), KEYS[1]))
    record = ExecuteRfq(1, 0, 500, 9_000, quote, 9)
    signed = SignedTransaction(record, sign(digest(DOMAIN, record), KEYS[0]))
    body = encode_record(signed)
    found = recovered(body)
    signers = (address_of(KEYS[1]),)
    assert found == Recovered(keccak(body), record, address_of(KEYS[0]), signers, body)
    made = found.transaction
    assert isinstance(made, ExecuteRfq)
    assert type(made.quote.legs[0]) is RfqLeg


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
    assert recovered(body) == Recovered(keccak(body), None, None, body=body)


def _call(**changed: object) -> tuple[str, bytes]:
    cancel = CancelOrder(1, 0, 2, 3, 4)
    signature = "0x" + sign(digest(DOMAIN, cancel), KEYS[0]).hex()
    params = {"cancel": typed_data(1, bytes(20), cancel)["message"], "signature": signature}
    return "private/cancel", msgspec.json.encode(params | changed)


def test_recover_asked_of_a_call_finds_the_record_and_its_signer() -> None:
    found = recovered(_call())
    assert (found.transaction, found.signer) == (CancelOrder(1, 0, 2, 3, 4), address_of(KEYS[0]))
    assert found == recovered(found.body)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"signature": "0x" + "zz" * 64}, "signature"),
        ({"cancel": {"account": 1}}, "key"),
        ({"more": 1}, "more"),
    ],
)
def test_recover_asked_of_a_call_without_a_record_says_why(
    changed: dict[str, object], field: str
) -> None:
    refusal = recovered(_call(**changed)).refusal
    assert refusal is not None
    assert refusal.code == INVALID_PARAMS
    assert field in (refusal.field or refusal.message)
