"""Vectors of the exchange: the bytes of leaves and records, and what is signed.

`answer` is the hash of what contracts/test/mocks returns for the bytes: all fields as the ABI
encodes them, and for a leaf its bytes again, for a record its digest.
"""

import itertools
from collections.abc import Iterator
from typing import Any, Final

from eth_abi.abi import encode

from rollup_node.codec.delayed import encode_forced
from rollup_node.codec.eip712 import digest, domain_separator, login_digest, report_digest
from rollup_node.codec.leaves import encode_leaf
from rollup_node.codec.records import encode_open, encode_record
from rollup_node.codec.signature import address_of, sign
from rollup_node.core.inputs import (
    AccountRecord,
    Bid,
    CancelAll,
    CancelOrder,
    ExecuteRfq,
    ForwardReport,
    Freeze,
    Leg,
    Liquidate,
    MassQuote,
    MovePosition,
    OpenAccount,
    PlaceOrder,
    PriceReport,
    Prune,
    ReplaceOrder,
    Report,
    RfqLeg,
    RfqQuote,
    SetDeadMan,
    SetGuardian,
    SetKey,
    SetMode,
    SetProtection,
    Settle,
    SettlementPrice,
    SignedTransaction,
    StartSale,
    Takeover,
    Trigger,
)
from rollup_node.core.leaves import Allocators, Balances, Cursor, Owner, Totals, Withdrawal
from rollup_node.proof.hashing import keccak
from tests import leaf_layouts
from tests.record_values import abi_type, abi_value

CHAIN_ID: Final = 313_371
BRIDGE: Final = bytes.fromhex("b41d9e0000000000000000000000000000000001")
_KEYS: Final = (b"\x11" * 32, b"\x12" * 32)
_SPINE: Final = (Cursor, Allocators, Totals, Owner, Withdrawal, Balances)
_NOW: Final = 1_763_700_000_000
_MAX32: Final = (1 << 32) - 1

_QUOTE: Final = RfqQuote(
    2, 0, 1, 300, _NOW, (RfqLeg(2, -5, 60_000), RfqLeg(2_048, 1 << 30, 1)), 7, b"\x5a" * 64
)

SIGNED: Final[tuple[tuple[str, AccountRecord], ...]] = (
    ("decodeOrder", PlaceOrder(1, 0, 2, 0, 0, 0, 1, 0, 0, 50_000, 100, 0, 0, 500, 3, _NOW)),
    (
        "decodeOrder",
        PlaceOrder(
            *(_MAX32, 255, 65_535, 1, 3, 1, 1, 1, 2, _MAX32, _MAX32, _MAX32),
            *((1 << 64) - 1, 65_535, 65_535, (1 << 64) - 1),
        ),
    ),
    ("decodeCancel", CancelOrder(1, 3, 1_023, 0xDEADBEEF, _NOW)),
    ("decodeCancelAll", CancelAll(1, 0, 2, 300, _NOW)),
    ("decodeReplace", ReplaceOrder(1, 0, 7, 8, 50_001, 99, _NOW)),
    ("decodeQuote", MassQuote(1, 2, 500, (Leg(2, 0, 8, 1, 5), Leg(300, 1, 9, 2, 0)), _NOW)),
    ("decodeQuote", MassQuote(9, 0, 0, (Leg(1, 1, 1, _MAX32, (1 << 31) - 1),) * 20, 1)),
    ("decodeExecuteRfq", ExecuteRfq(1, 2, 500, _NOW, _QUOTE, _NOW)),
    (
        "decodeExecuteRfq",
        ExecuteRfq(_MAX32, 255, 65_535, 1, _QUOTE._replace(legs=_QUOTE.legs * 4, taker=0), 1),
    ),
    ("decodeBid", Bid(1, 0, 77, 5, -(10**18), _NOW)),
    ("decodeOpenAccount", OpenAccount(1, 4_095, _NOW)),
    ("decodeSetKey", SetKey(1, 2, bytes(range(20)), 7, 255, _NOW, 10**12, _NOW)),
    ("decodeFreeze", Freeze(1, 255, 1, _NOW)),
    ("decodeSetGuardian", SetGuardian(1, b"\xee" * 20, _NOW)),
    ("decodeSetProtection", SetProtection(1, 0, 7, 1_000, 60_000, _NOW)),
    ("decodeSetDeadMan", SetDeadMan(1, 1, _NOW + 5_000, _NOW)),
    ("decodeSetMode", SetMode(1, 1, 1, _NOW)),
    ("decodeMovePosition", MovePosition(1, 1 << 21, 2, -5, _NOW)),
)
"""Each with the function of the twin that decodes it."""

REPORTS: Final[tuple[tuple[str, Report], ...]] = (
    ("decodePriceReport", PriceReport(0, 9, _NOW, 50_000_000_000, 250, ())),
    ("decodeForwardReport", ForwardReport(1, 15, 1_764_000_000, 9, _NOW, -7_000_000, ())),
    ("decodeSettlementPrice", SettlementPrice(1, 15, 1_764_000_000, 59, 1 << 39, ())),
)
PLAIN: Final = (
    ("decodePrune", Prune(1 << 24)),
    ("decodeSettle", Settle(7, 300)),
    ("decodeLiquidate", Liquidate(7, 2)),
    ("decodeTrigger", Trigger(7)),
    ("decodeTakeover", Takeover(1 << 21)),
    (
        "decodeStartSale",
        StartSale(7, 0, 1, 1_764_000_000, 250_000, 600, 1_500_000, 800_000, 3_600, 300),
    ),
    ("decodeStartSale", StartSale(_MAX32, 255, 255, (1 << 64) - 1, *(_MAX32,) * 5, 65_535)),
)


def exchange() -> dict[str, Any]:
    """Leaves, records and digests of the exchange. Source: docs/spec.md S-7 to S-20, R-4, R-5."""
    domain = domain_separator(CHAIN_ID, BRIDGE)
    return {
        "chain_id": CHAIN_ID,
        "bridge": BRIDGE,
        "signers": [address_of(key) for key in _KEYS],
        "leaves": list(_leaves()),
        "signed": [_signed(domain, *case) for case in SIGNED],
        "reports": [_report(domain, *case) for case in REPORTS],
        "plain": [_plain(*case) for case in PLAIN],
        "login": {
            "account": 5,
            "key": 2,
            "time_ms": _NOW,
            "digest": login_digest(domain, 5, 2, _NOW),
        },
    }


def _leaves() -> Iterator[dict[str, Any]]:
    """Yield two values of each leaf: fields that differ from each other, and the largest ones."""
    for leaf in leaf_layouts.LAYOUTS:
        if leaf in _SPINE:
            continue
        for numbers in (
            itertools.count(-9, 0x0123_4567_89AB_CDF1),
            itertools.repeat((1 << 256) - 1),
        ):
            value = leaf_layouts.build(leaf, iter(numbers))
            encoded = encode_leaf(value)
            answer = encode(
                (leaf_layouts.abi_type(leaf), "bytes"), (leaf_layouts.abi_value(value), encoded)
            )
            yield {
                "function": f"decode{leaf.__name__}(bytes)",
                "fields": ",".join(map(str, leaf_layouts.flatten(value))),
                "value": encoded,
                "answer": keccak(answer),
            }


def _answer(kind: str, values: tuple[Any, ...], signatures: Any, digest_: bytes) -> bytes:
    several = "[]" if isinstance(signatures, list) else ""
    return keccak(
        encode(
            ("bool", kind, f"(bytes32,bytes32){several}", "bytes32"),
            (True, values, signatures, digest_),
        )
    )


def _halves(signature: bytes) -> tuple[bytes, bytes]:
    return signature[:32], signature[32:]


def _signed(domain: bytes, function: str, record: AccountRecord) -> dict[str, Any]:
    made, forced = abi_type(type(record)), record._replace(nonce=0)
    signature = sign(digest(domain, record), _KEYS[0])
    return {
        "function": f"{function}(bytes,bool,bytes32)",
        "record": record,
        "digest": digest(domain, record),
        "signature": signature,
        "body": encode_record(SignedTransaction(record, signature)),
        "answer": _answer(made, abi_value(record), _halves(signature), digest(domain, record)),
        "forced_body": encode_forced(record),
        "forced_answer": _answer(
            made, abi_value(forced), (bytes(32), bytes(32)), digest(domain, forced)
        ),
    }


def _report(domain: bytes, function: str, report: Report) -> dict[str, Any]:
    signed = report_digest(domain, report)
    whole = report._replace(signatures=tuple(sign(signed, key) for key in _KEYS))
    halves = [_halves(signature) for signature in whole.signatures]
    return {
        "function": f"{function}(bytes,bytes32)",
        "record": whole,
        "digest": signed,
        "body": encode_open(whole),
        "answer": _answer(abi_type(type(report)), abi_value(report), halves, signed),
    }


def _plain(function: str, record: Any) -> dict[str, Any]:
    numbers = [*record]
    return {
        "function": f"{function}(bytes)",
        "record": record,
        "body": encode_open(record),
        "answer": keccak(encode(("uint256",) * (1 + len(numbers)), (1, *numbers))),
    }
