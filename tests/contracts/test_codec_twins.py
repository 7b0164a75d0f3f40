"""Leaves, records and digests of the exchange: both twins say the same of any bytes."""

import functools
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup_node.codec.delayed import encode_forced
from rollup_node.codec.eip712 import digest, domain_separator, report_digest
from rollup_node.codec.fields import ADDRESS_BYTES
from rollup_node.codec.leaves import encode_leaf
from rollup_node.codec.records import decode_forced, decode_record, encode_record
from rollup_node.core.inputs import (
    Bid,
    CancelAll,
    CancelOrder,
    DelistStrike,
    ExecuteRfq,
    ForwardReport,
    Freeze,
    Liquidate,
    ListExpiry,
    ListStrike,
    MassQuote,
    MovePosition,
    OpenAccount,
    PlaceOrder,
    PriceReport,
    Prune,
    ReplaceOrder,
    SetDeadMan,
    SetGuardian,
    SetKey,
    SetMode,
    SetProtection,
    Settle,
    SettlementPrice,
    SignedTransaction,
    StartSale,
    SurfaceReport,
    Takeover,
    Trigger,
)
from tests import leaf_layouts, record_values
from tests.contracts.codec_chain import CodecChain

_DOMAIN: Final = domain_separator(313_371, bytes(range(20)))
_SPINE: Final = {"Cursor", "Allocators", "Totals", "Owner", "Withdrawal", "Balances"}
_LEAVES: Final = [
    pytest.param(leaf, id=leaf.__name__)
    for leaf in leaf_layouts.LAYOUTS
    if leaf.__name__ not in _SPINE
]
_SIGNED: Final[dict[type, str]] = {
    PlaceOrder: "decodeOrder",
    CancelOrder: "decodeCancel",
    CancelAll: "decodeCancelAll",
    ReplaceOrder: "decodeReplace",
    MassQuote: "decodeQuote",
    Bid: "decodeBid",
    OpenAccount: "decodeOpenAccount",
    SetKey: "decodeSetKey",
    Freeze: "decodeFreeze",
    SetGuardian: "decodeSetGuardian",
    SetProtection: "decodeSetProtection",
    SetDeadMan: "decodeSetDeadMan",
    SetMode: "decodeSetMode",
    MovePosition: "decodeMovePosition",
    ExecuteRfq: "decodeExecuteRfq",
}
_REPORTS: Final[dict[type, str]] = {
    PriceReport: "decodePriceReport",
    ForwardReport: "decodeForwardReport",
    SettlementPrice: "decodeSettlementPrice",
    SurfaceReport: "decodeSurfaceReport",
}
_PLAIN: Final[dict[type, tuple[str, ...]]] = {
    Prune: ("decodePrune", "uint32"),
    Settle: ("decodeSettle", "uint32", "uint16"),
    Liquidate: ("decodeLiquidate", "uint32", "uint16"),
    Trigger: ("decodeTrigger", "uint8"),
    Takeover: ("decodeTakeover", "uint32"),
    ListExpiry: ("decodeListExpiry", "uint8", "uint8", "uint64"),
    ListStrike: ("decodeListStrike", "uint8", "uint8", "uint64", "uint16"),
    DelistStrike: ("decodeDelistStrike", "uint16"),
    StartSale: (
        "decodeStartSale", "uint32", "uint8", "uint8", "uint64", "uint32", "uint32", "uint32",
        "uint32", "uint32", "uint16",
    ),
}  # fmt: skip


@functools.cache
def _chain() -> CodecChain:
    return CodecChain()


def _name(made: type) -> str:
    return made.__name__


def _plain(value: Any) -> Any:
    """Return values in one form: addresses as text, tuples without names."""
    if isinstance(value, bytes) and len(value) == ADDRESS_BYTES:
        return f"0x{value.hex()}"
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value


def _draw_bytes(data: st.DataObject, whole: bytes) -> bytes:
    """Return a body, or one that is cut, longer, or has a changed byte."""
    at = data.draw(st.integers(0, len(whole) - 1))
    change = bytes((whole[at] ^ data.draw(st.integers(1, 255)),))
    choices = [whole, whole[:at], whole + change, whole[:at] + change + whole[at + 1 :]]
    return data.draw(st.sampled_from(choices))


def _decoded_leaf(leaf: type, raw: bytes) -> tuple[Any, ...] | None:
    returned = (leaf_layouts.abi_type(leaf), "bytes")
    return _chain().call("LeafCodec", f"decode{leaf.__name__}(bytes)", (raw,), returned)


@pytest.mark.parametrize("leaf", _LEAVES)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_leaf_decodes_to_the_same_fields_and_encodes_to_the_same_bytes(
    leaf: type, data: st.DataObject
) -> None:
    value = data.draw(leaf_layouts.values(leaf))
    raw = encode_leaf(value)
    assert _decoded_leaf(leaf, raw) == (_plain(leaf_layouts.abi_value(value)), raw)


@pytest.mark.parametrize("leaf", _LEAVES)
def test_empty_leaf_is_all_zeros_and_a_wrong_length_reverts(leaf: type) -> None:
    size = leaf_layouts.size(leaf)
    zeros = bytes(size)
    if leaf.__name__ == "AssetTerms":
        zeros = (b"\xff" + bytes(21)) * 4
    assert _decoded_leaf(leaf, b"") == _decoded_leaf(leaf, zeros)
    for length in (1, size - 1, size + 1, size + 32):
        assert _decoded_leaf(leaf, bytes(length)) is None


@pytest.mark.parametrize("made", _SIGNED, ids=_name)
@settings(max_examples=80, deadline=None)
@given(st.data())
def test_signed_record_decodes_alike_and_has_the_same_digest(
    made: type, data: st.DataObject
) -> None:
    record = data.draw(record_values.ACCOUNT_RECORDS[made])
    signed = data.draw(st.booleans())
    whole = encode_forced(record)
    if signed:
        whole = encode_record(SignedTransaction(record, data.draw(record_values.signatures)))
    body = _draw_bytes(data, whole)
    returned = ("bool", record_values.abi_type(made), "(bytes32,bytes32)", "bytes32")
    call = f"{_SIGNED[made]}(bytes,bool,bytes32)"
    answer = _chain().call("RecordCodec", call, (body, signed, _DOMAIN), returned)
    assert answer is not None
    ours: Any = decode_record(body) if signed else decode_forced(body)
    found = ours.transaction if isinstance(ours, SignedTransaction) else ours
    assert answer[0] == (type(found) is made)
    if answer[0]:
        assert answer[1] == _plain(record_values.abi_value(found))
        assert b"".join(answer[2]) == (ours.signature if signed else bytes(64))
        assert answer[3] == digest(_DOMAIN, found)


@pytest.mark.parametrize("made", _REPORTS, ids=_name)
@settings(max_examples=80, deadline=None)
@given(st.data())
def test_report_decodes_alike_and_has_the_same_digest(made: type, data: st.DataObject) -> None:
    body = _draw_bytes(data, encode_record(data.draw(record_values.REPORTS[made])))
    returned = ("bool", record_values.abi_type(made), "(bytes32,bytes32)[]", "bytes32")
    call = f"{_REPORTS[made]}(bytes,bytes32)"
    answer = _chain().call("RecordCodec", call, (body, _DOMAIN), returned)
    assert answer is not None
    ours: Any = decode_record(body)
    assert answer[0] == (type(ours) is made)
    if answer[0]:
        assert answer[1] == _plain(record_values.abi_value(ours))
        assert tuple(b"".join(pair) for pair in answer[2]) == ours.signatures
        assert answer[3] == report_digest(_DOMAIN, ours)


def _read_plain(made: type, body: bytes) -> Any:
    """Return what is in the body of a record, or of a message if only one may say it."""
    return decode_forced(body) if made in record_values.FORCED else decode_record(body)


@pytest.mark.parametrize("made", _PLAIN, ids=_name)
@settings(max_examples=80, deadline=None)
@given(st.data())
def test_plain_record_decodes_alike(made: type, data: st.DataObject) -> None:
    values = record_values.PLAIN | record_values.FORCED
    body = _draw_bytes(data, encode_forced(data.draw(values[made])))
    function, *types = _PLAIN[made]
    answer = _chain().call("RecordCodec", f"{function}(bytes)", (body,), ("bool", *types))
    assert answer is not None
    ours: Any = _read_plain(made, body)
    assert answer[0] == (type(ours) is made)
    if answer[0]:
        assert answer[1:] == tuple(ours)


@pytest.mark.parametrize("made", [*_SIGNED, *_REPORTS, *_PLAIN], ids=_name)
@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200))
def test_record_of_random_bytes_is_decodable_in_both_twins_or_in_none(
    made: type, rest: bytes
) -> None:
    kind = record_values.KINDS[made]
    body = bytes((kind,)) + rest
    if made in _PLAIN:
        function, *types = _PLAIN[made]
        answer = _chain().call("RecordCodec", f"{function}(bytes)", (body,), ("bool", *types))
        ours: Any = _read_plain(made, body)
    elif made in _REPORTS:
        returned = ("bool", record_values.abi_type(made), "(bytes32,bytes32)[]", "bytes32")
        call = f"{_REPORTS[made]}(bytes,bytes32)"
        answer = _chain().call("RecordCodec", call, (body, _DOMAIN), returned)
        ours = decode_record(body)
    else:
        returned = ("bool", record_values.abi_type(made), "(bytes32,bytes32)", "bytes32")
        call = f"{_SIGNED[made]}(bytes,bool,bytes32)"
        answer = _chain().call("RecordCodec", call, (body, False, _DOMAIN), returned)
        ours = decode_forced(body)
    assert answer is not None
    assert answer[0] == (ours is not None)
