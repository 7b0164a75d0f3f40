"""Leaves and records of the exchange: one encoding per value, at most one meaning per bytes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup_node.codec.delayed import encode_forced
from rollup_node.codec.leaves import decode_leaf, encode_leaf
from rollup_node.codec.records import (
    decode_fast,
    decode_forced,
    decode_record,
    encode_open,
    encode_record,
)
from rollup_node.core import layout
from rollup_node.core.inputs import (
    ForwardReport,
    Liquidate,
    PriceReport,
    SettlementPrice,
    SignedTransaction,
    SurfaceReport,
    Trigger,
)
from rollup_node.core.kinds import RecordKind
from rollup_node.core.layout import LeafKey
from tests import leaf_layouts, record_values
from tests.property import values

_KEYS: dict[str, LeafKey] = {
    "Cursor": layout.CURSOR_KEY,
    "Allocators": layout.ALLOCATORS_KEY,
    "Totals": layout.TOTALS_KEY,
    "Owner": layout.owner_key(7),
    "Withdrawal": layout.outbox_key(7),
    "Balances": layout.balances_key(7),
    "Prices": layout.PRICES_KEY,
    "Pools": layout.POOLS_KEY,
    "AssetTerms": layout.ASSETS_KEY,
    "Credit": layout.CREDIT_KEY,
    "Publishers": layout.PUBLISHERS_KEY,
    "SeriesTerms": layout.terms_key(7),
    "SeriesState": layout.series_key(7),
    "Underlying": layout.underlying_key(7),
    "SeriesList": layout.series_list_key(7),
    "Expiry": layout.expiry_key(7, 15),
    "SettlementGrid": layout.grid_key(7, 15),
    "OptionRules": layout.option_rules_key(7),
    "OptionDates": layout.option_dates_key(7),
    "Board": layout.board_key(7, 15),
    "SeriesRisk": layout.series_risk_key(4_095),
    "Sales": layout.sales_key(4_095),
    "Order": layout.order_key(7),
    "Level": layout.level_key(7, 9),
    "TickWord": layout.word_key(7, layout.TOP_WORD),
    "ClientSlots": layout.client_slots_key(7, 1_023),
    "Hot": layout.hot_key(7),
    "Cold": layout.cold_key(7),
    "SessionKey": layout.session_key_key(7, 3),
    "Directory": layout.directory_key(7),
    "AccountRisk": layout.account_risk_key(7, 7),
    "Positions": layout.positions_key(7, 127),
    "Taker": layout.TAKER_KEY,
    "RefreshTask": layout.REFRESH_KEY,
    "QuoteTask": layout.QUOTE_KEY,
    "SweepTask": layout.SWEEP_KEY,
    "PriceTask": layout.PRICE_TASK_KEY,
    "LeaveTask": layout.LEAVE_KEY,
    "LiquidationTask": layout.LIQUIDATION_KEY,
    "RfqTask": layout.RFQ_KEY,
}
_LEAVES = [pytest.param(leaf, id=leaf.__name__) for leaf in leaf_layouts.LAYOUTS]
_FAST = (PriceReport, ForwardReport, SettlementPrice, Liquidate, Trigger)


@pytest.mark.parametrize("leaf", _LEAVES)
@settings(max_examples=25)
@given(st.data())
def test_encode_leaf_gives_the_bytes_that_the_specification_says(
    leaf: type, data: st.DataObject
) -> None:
    value = data.draw(leaf_layouts.values(leaf))
    encoded = encode_leaf(value)
    assert encoded == leaf_layouts.pack(value)
    assert decode_leaf(_KEYS[leaf.__name__], encoded) == value


@pytest.mark.parametrize("leaf", _LEAVES)
@settings(max_examples=10)
@given(st.data())
def test_decode_leaf_on_any_bytes_of_its_length_is_total_and_canonical(
    leaf: type, data: st.DataObject
) -> None:
    size = leaf_layouts.size(leaf)
    raw = data.draw(st.binary(min_size=size, max_size=size))
    assert encode_leaf(decode_leaf(_KEYS[leaf.__name__], raw)) == raw
    with pytest.raises(ValueError, match="bytes"):
        decode_leaf(_KEYS[leaf.__name__], raw + b"\x00")


@given(record_values.account_records, record_values.signatures)
def test_signed_record_round_trip_is_identity(record: Any, signature: bytes) -> None:
    signed = SignedTransaction(record, signature)
    assert decode_record(encode_record(signed)) == signed


@given(
    st.one_of(
        record_values.account_records, record_values.open_records, record_values.forced_records
    )
)
def test_forced_round_trip_drops_only_the_nonce(record: Any) -> None:
    body = encode_forced(record)
    decoded: Any = decode_forced(body)
    if isinstance(record, PriceReport | ForwardReport | SettlementPrice | SurfaceReport):
        assert decoded is None
    elif "nonce" in record._fields:
        assert decoded == record._replace(nonce=0)
    else:
        assert decoded == record


@given(record_values.forced_records)
def test_forced_only_record_means_nothing_in_a_batch_and_in_the_fast_queue(record: Any) -> None:
    body = encode_forced(record)
    assert decode_record(body) is None
    assert decode_record(body + b"\x00" + bytes(64)) is None
    assert decode_fast(body) is None


@given(record_values.forced_records, st.data())
def test_decode_forced_on_a_changed_body_never_gives_the_same_record(
    record: Any, data: st.DataObject
) -> None:
    body = bytearray(encode_forced(record))
    cut = data.draw(st.integers(0, len(body) - 1))
    assert decode_forced(bytes(body[:cut])) is None
    assert decode_forced(bytes(body) + b"\x00") is None
    body[cut] ^= data.draw(st.integers(1, 255))
    other = decode_forced(bytes(body))
    assert other is None or encode_forced(other) == bytes(body)
    assert (type(other), other) != (type(record), record)


@given(record_values.open_records)
def test_open_record_means_the_same_in_a_batch_and_in_the_fast_queue(record: Any) -> None:
    body = encode_open(record)
    assert decode_record(body) == record
    assert decode_fast(body) == (record if isinstance(record, _FAST) else None)


@given(st.one_of(record_values.account_records, record_values.open_records), st.data())
def test_decode_record_on_a_changed_body_never_gives_the_same_record(
    record: Any, data: st.DataObject
) -> None:
    is_open = "nonce" not in record._fields
    whole = record if is_open else SignedTransaction(record, bytes(range(64)))
    body = bytearray(encode_record(whole))
    cut = data.draw(st.integers(0, len(body) - 1))
    assert decode_record(bytes(body[:cut])) is None
    assert decode_record(bytes(body) + b"\x00") is None
    body[cut] ^= data.draw(st.integers(1, 255))
    other = decode_record(bytes(body))
    assert other is None or encode_record(other) == bytes(body)
    assert (type(other), other) != (type(whole), whole)


@given(st.sampled_from(RecordKind), st.binary(max_size=150))
def test_decoders_on_random_bytes_are_total_and_canonical(kind: int, rest: bytes) -> None:
    body = bytes((kind,)) + rest
    record, forced, fast = decode_record(body), decode_forced(body), decode_fast(body)
    assert record is None or encode_record(record) == body
    assert forced is None or encode_forced(forced) == body
    assert fast is None or encode_open(fast) == body


@given(values.uint(16))
def test_decode_record_with_upper_flag_bits_says_nothing(flags: int) -> None:
    fields = b"\x01\x00\x02" + flags.to_bytes(2, "big") + b"\x05\x06"
    fields += b"\x07" * ((flags >> 1 & 3) >= 2) + b"\x08" * ((flags >> 3 & 3) == 1) + b"\x09\x0a"
    decoded = decode_forced(b"\x20" + fields)
    assert (decoded is None) == (flags >= 1 << 9)
