"""Records of a batch: bodies, frames and the prefix. Source: docs/spec.md R."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from rollup_node.codec.varint import decode_varint, encode_varint
from rollup_node.core.inputs import (
    Pull,
    Record,
    RotateKey,
    Seal,
    SignedTransaction,
    Transaction,
    Transfer,
    Withdraw,
)
from rollup_node.core.kinds import RecordKind
from rollup_node.core.layout import LENGTH_BYTES, MAX_RECORD_BYTES, PREFIX_BYTES, TIME_LIMIT_MS

VERSION: Final = 1
SIGNATURE_BYTES: Final = 64

_U32: Final = 1 << 32
_U64: Final = 1 << 64
_U96: Final = 1 << 96
_ADDRESS_BYTES: Final = 20
_KINDS: Final[dict[type, int]] = {
    Transfer: RecordKind.TRANSFER,
    Withdraw: RecordKind.WITHDRAW,
    RotateKey: RecordKind.ROTATE_KEY,
}


def encode_transaction(transaction: Transaction, *, signed: bool) -> bytes:
    """Return kind and fields, with the nonce if `signed`, never with the signature."""
    kind = bytes((_KINDS[type(transaction)],))
    nonce = encode_varint(transaction[-1]) if signed else b""
    account = encode_varint(transaction[0])
    if isinstance(transaction, RotateKey):
        return kind + account + transaction.new_owner + nonce
    amount = bytes((transaction.asset,)) + encode_varint(transaction.amount)
    if isinstance(transaction, Withdraw):
        return kind + account + amount + transaction.recipient + nonce
    return kind + account + encode_varint(transaction.recipient) + amount + nonce


def encode_record(record: Record) -> bytes:
    """Return the body of a record. Source: docs/spec.md R-4. Vectors: tests/vectors."""
    if isinstance(record, SignedTransaction):
        return encode_transaction(record.transaction, signed=True) + record.signature
    if isinstance(record, Seal):
        return bytes((RecordKind.SEAL,)) + encode_varint(record.delta_ms)
    return bytes((RecordKind.PULL,))


def decode_record(body: bytes) -> Record | None:
    """Return the record in `body`, None if it is undecodable.

    Source: docs/spec.md R-4. Twin: contracts/src/core.
    """
    decode = _DECODERS.get(body[0]) if body else None
    if decode is None:
        return None
    try:
        return decode(body)
    except (ValueError, IndexError):
        return None


def decode_forced(body: bytes) -> Transaction | None:
    """Return the forced transaction in `body`, None if it is undecodable.

    Source: docs/spec.md R-4. Twin: contracts/src/core.
    """
    decode = _FIELDS.get(body[0]) if body else None
    if decode is None:
        return None
    try:
        transaction, at = decode(body, signed=False)
    except (ValueError, IndexError):
        return None
    return transaction if at == len(body) else None


def _transfer(body: bytes, *, signed: bool) -> tuple[Transfer, int]:
    sender, at = decode_varint(body, 1, _U32)
    recipient, at = decode_varint(body, at, _U32)
    asset = body[at]
    amount, at = decode_varint(body, at + 1, _U96)
    nonce, at = decode_varint(body, at, _U64) if signed else (0, at)
    return Transfer(sender, recipient, asset, amount, nonce), at


def _withdraw(body: bytes, *, signed: bool) -> tuple[Withdraw, int]:
    account, at = decode_varint(body, 1, _U32)
    asset = body[at]
    amount, at = decode_varint(body, at + 1, _U96)
    recipient, at = _address(body, at)
    nonce, at = decode_varint(body, at, _U64) if signed else (0, at)
    return Withdraw(account, asset, amount, recipient, nonce), at


def _rotate_key(body: bytes, *, signed: bool) -> tuple[RotateKey, int]:
    account, at = decode_varint(body, 1, _U32)
    new_owner, at = _address(body, at)
    nonce, at = decode_varint(body, at, _U64) if signed else (0, at)
    return RotateKey(account, new_owner, nonce), at


def _address(body: bytes, at: int) -> tuple[bytes, int]:
    end = at + _ADDRESS_BYTES
    if end > len(body):
        raise IndexError(at)
    return body[at:end], end


def _signed(fields: Callable[..., tuple[Any, int]]) -> Callable[[bytes], Record | None]:
    def decode(body: bytes) -> Record | None:
        transaction, at = fields(body, signed=True)
        if at + SIGNATURE_BYTES != len(body):
            return None
        return SignedTransaction(transaction, body[at:])

    return decode


def _seal(body: bytes) -> Seal | None:
    delta_ms, at = decode_varint(body, 1, TIME_LIMIT_MS)
    return Seal(delta_ms) if at == len(body) else None


def _pull(body: bytes) -> Pull | None:
    return Pull() if len(body) == 1 else None


_FIELDS: Final[dict[int, Callable[..., tuple[Transaction, int]]]] = {
    RecordKind.TRANSFER: _transfer,
    RecordKind.WITHDRAW: _withdraw,
    RecordKind.ROTATE_KEY: _rotate_key,
}
_DECODERS: Final[dict[int, Callable[[bytes], Record | None]]] = {
    RecordKind.SEAL: _seal,
    RecordKind.PULL: _pull,
    **{kind: _signed(fields) for kind, fields in _FIELDS.items()},
}


def frame(body: bytes) -> bytes:
    """Return a body with its length before it. Source: docs/spec.md R-2.

    Raises
    ------
    ValueError
        The body is empty or longer than a record may be.
    """
    if not 0 < len(body) <= MAX_RECORD_BYTES:
        raise ValueError(f"record: {len(body)} bytes, expected 1 to {MAX_RECORD_BYTES}")
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def read_body(data: bytes, offset: int, end: int) -> bytes | None:
    """Return the body of the record at `offset`, None at a bad length. Source: docs/spec.md R-2."""
    start = offset + LENGTH_BYTES
    if start > end:
        return None
    length = data[offset] << 8 | data[offset + 1]
    if not 0 < length <= MAX_RECORD_BYTES or start + length > end:
        return None
    return data[start : start + length]


def encode_prefix(time_ms: int) -> bytes:
    """Return the first seven bytes of a batch. Source: docs/spec.md R-1."""
    return (VERSION << 48 | time_ms).to_bytes(PREFIX_BYTES, "big")


def decode_prefix(data: bytes) -> int | None:
    """Return the time (ms) a batch begins with, None if it is void. Source: docs/spec.md R-1."""
    if len(data) < PREFIX_BYTES or data[0] != VERSION:
        return None
    return int.from_bytes(data[1:PREFIX_BYTES], "big")


def iter_records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield offset and body of every record of a batch, up to its end or its first bad length."""
    offset = PREFIX_BYTES
    if decode_prefix(data) is None:
        return
    while body := read_body(data, offset, len(data)):
        yield offset, body
        offset += LENGTH_BYTES + len(body)
