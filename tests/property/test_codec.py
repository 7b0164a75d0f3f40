"""Round trips: every value has one encoding, and every byte string has at most one meaning."""

from hypothesis import assume, given
from hypothesis import strategies as st

from rollup_node.codec.blob import from_blobs, to_blobs
from rollup_node.codec.delayed import decode_deposit, encode_deposit, encode_forced
from rollup_node.codec.leaves import decode_leaf, encode_leaf
from rollup_node.codec.records import (
    decode_forced,
    decode_prefix,
    decode_record,
    encode_prefix,
    encode_record,
    frame,
    iter_records,
)
from rollup_node.codec.varint import decode_varint, encode_varint
from rollup_node.core.inputs import Deposit, Record, Transaction
from rollup_node.core.layout import LeafKey
from rollup_node.core.leaves import Leaf
from tests.property import values


@given(values.uint(96), st.binary(max_size=3))
def test_varint_round_trip_is_identity(value: int, rest: bytes) -> None:
    encoded = encode_varint(value)
    assert decode_varint(encoded + rest, 0, 1 << 96) == (value, len(encoded))


@given(values.records)
def test_record_round_trip_is_identity(record: Record) -> None:
    assert decode_record(encode_record(record)) == record


@given(st.binary(min_size=1, max_size=140), st.sampled_from([0, 1, 0x10, 0x11, 0x12, 7]))
def test_decode_record_on_random_bytes_is_total_and_canonical(rest: bytes, kind: int) -> None:
    body = bytes((kind,)) + rest
    record = decode_record(body)
    assert record is None or encode_record(record) == body


@given(values.records, st.data())
def test_decode_record_on_a_changed_byte_never_gives_the_same_record(
    record: Record, data: st.DataObject
) -> None:
    body = bytearray(encode_record(record))
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] ^= data.draw(st.integers(1, 255))
    other = decode_record(bytes(body))
    changed = type(other) is not type(record) or other != record
    assert other is None or (changed and encode_record(other) == bytes(body))


@given(values.transactions)
def test_forced_round_trip_drops_only_the_nonce(transaction: Transaction) -> None:
    body = encode_forced(transaction)
    decoded = decode_forced(body)
    assert decoded is not None
    assert decoded[:-1] == transaction[:-1]
    assert decoded[-1] == 0
    assert encode_forced(decoded) == body


@given(values.deposits)
def test_deposit_round_trip_is_identity(deposit: Deposit) -> None:
    assert decode_deposit(encode_deposit(deposit)) == deposit


@given(values.leaves)
def test_leaf_round_trip_is_identity(leaf: tuple[LeafKey, Leaf]) -> None:
    key, value = leaf
    assert decode_leaf(key, encode_leaf(value)) == value


@given(st.lists(values.records, max_size=6), values.uint(48))
def test_batch_round_trip_gives_its_records(records: list[Record], time_ms: int) -> None:
    data = encode_prefix(time_ms) + b"".join(frame(encode_record(record)) for record in records)
    assert decode_prefix(data) == time_ms
    assert [decode_record(body) for _, body in iter_records(data)] == records


@given(st.binary(min_size=1, max_size=100), st.integers(0, 126_976))
def test_blob_round_trip_is_identity(data: bytes, fill: int) -> None:
    assume(fill + len(data) > 0)
    whole = bytes(fill) + data
    assert from_blobs(to_blobs(whole), len(whole)) == whole
