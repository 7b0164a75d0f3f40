"""Records of a batch: bodies, frames and the prefix. Source: docs/spec.md R.

Which record has which kind, and who may make it; the fields of each are in `*_records`.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from rollup_node.codec import (
    account_records,
    open_records,
    option_records,
    order_records,
    rfq_records,
    sale_records,
    spine_records,
)
from rollup_node.codec.fields import SIGNATURE_BYTES, U64
from rollup_node.codec.varint import decode_varint, encode_varint
from rollup_node.core.inputs import (
    Bid,
    CancelAll,
    CancelOrder,
    DelistStrike,
    ExecuteRfq,
    ForcedContent,
    ForwardReport,
    Freeze,
    Liquidate,
    ListExpiry,
    ListStrike,
    MassQuote,
    MovePosition,
    OpenAccount,
    OpenRecord,
    PlaceOrder,
    PriceReport,
    Prune,
    Pull,
    PullFast,
    Record,
    ReplaceOrder,
    RotateKey,
    Seal,
    SetDeadMan,
    SetGuardian,
    SetKey,
    SetMode,
    SetProtection,
    Settle,
    SettlementPrice,
    SignedContent,
    SignedTransaction,
    StartSale,
    SurfaceReport,
    Takeover,
    Transfer,
    Trigger,
    Withdraw,
)
from rollup_node.core.kinds import RecordKind
from rollup_node.core.layout import LENGTH_BYTES, MAX_RECORD_BYTES, PREFIX_BYTES, TIME_LIMIT_MS

VERSION: Final = 1

_Encode: TypeAlias = Callable[[Any], bytes]
_Decode: TypeAlias = Callable[[bytes, int], tuple[Any, int]]

_SIGNED: Final[dict[type, tuple[int, _Encode, _Decode]]] = {
    Transfer: (
        RecordKind.TRANSFER,
        spine_records.encode_transfer,
        spine_records.decode_transfer,
    ),
    Withdraw: (
        RecordKind.WITHDRAW,
        spine_records.encode_withdraw,
        spine_records.decode_withdraw,
    ),
    RotateKey: (
        RecordKind.ROTATE_KEY,
        spine_records.encode_rotate_key,
        spine_records.decode_rotate_key,
    ),
    PlaceOrder: (RecordKind.ORDER, order_records.encode_order, order_records.decode_order),
    CancelOrder: (RecordKind.CANCEL, order_records.encode_cancel, order_records.decode_cancel),
    CancelAll: (
        RecordKind.CANCEL_ALL,
        order_records.encode_cancel_all,
        order_records.decode_cancel_all,
    ),
    ReplaceOrder: (RecordKind.REPLACE, order_records.encode_replace, order_records.decode_replace),
    MassQuote: (RecordKind.QUOTE, order_records.encode_quote, order_records.decode_quote),
    ExecuteRfq: (
        RecordKind.EXECUTE_RFQ,
        rfq_records.encode_execute_rfq,
        rfq_records.decode_execute_rfq,
    ),
    Bid: (RecordKind.BID, account_records.encode_bid, account_records.decode_bid),
    OpenAccount: (
        RecordKind.OPEN_ACCOUNT,
        account_records.encode_open_account,
        account_records.decode_open_account,
    ),
    SetKey: (RecordKind.SET_KEY, account_records.encode_set_key, account_records.decode_set_key),
    Freeze: (RecordKind.FREEZE, account_records.encode_freeze, account_records.decode_freeze),
    SetGuardian: (
        RecordKind.SET_GUARDIAN,
        account_records.encode_set_guardian,
        account_records.decode_set_guardian,
    ),
    SetProtection: (
        RecordKind.SET_PROTECTION,
        account_records.encode_set_protection,
        account_records.decode_set_protection,
    ),
    SetDeadMan: (
        RecordKind.SET_DEAD_MAN,
        account_records.encode_set_dead_man,
        account_records.decode_set_dead_man,
    ),
    SetMode: (
        RecordKind.SET_MODE,
        account_records.encode_set_mode,
        account_records.decode_set_mode,
    ),
    MovePosition: (
        RecordKind.MOVE_POSITION,
        account_records.encode_move_position,
        account_records.decode_move_position,
    ),
}
"""What an account signs: after the fields come nonce and signature, unless it is forced."""

_OPEN: Final[dict[type, tuple[int, _Encode, _Decode]]] = {
    Prune: (RecordKind.PRUNE, open_records.encode_prune, open_records.decode_prune),
    PriceReport: (
        RecordKind.PRICE_REPORT,
        open_records.encode_price_report,
        open_records.decode_price_report,
    ),
    ForwardReport: (
        RecordKind.FORWARD_REPORT,
        open_records.encode_forward_report,
        open_records.decode_forward_report,
    ),
    SettlementPrice: (
        RecordKind.SETTLEMENT_PRICE,
        open_records.encode_settlement_price,
        open_records.decode_settlement_price,
    ),
    SurfaceReport: (
        RecordKind.SURFACE_REPORT,
        option_records.encode_surface_report,
        option_records.decode_surface_report,
    ),
    ListExpiry: (
        RecordKind.LIST_EXPIRY,
        option_records.encode_list_expiry,
        option_records.decode_list_expiry,
    ),
    ListStrike: (
        RecordKind.LIST_STRIKE,
        option_records.encode_list_strike,
        option_records.decode_list_strike,
    ),
    DelistStrike: (
        RecordKind.DELIST_STRIKE,
        option_records.encode_delist_strike,
        option_records.decode_delist_strike,
    ),
    Settle: (RecordKind.SETTLE, open_records.encode_position, open_records.decode_settle),
    Liquidate: (RecordKind.LIQUIDATE, open_records.encode_position, open_records.decode_liquidate),
    Trigger: (RecordKind.TRIGGER, open_records.encode_trigger, open_records.decode_trigger),
    Takeover: (RecordKind.TAKEOVER, open_records.encode_takeover, open_records.decode_takeover),
}
"""What anyone may say: the fields are the whole record."""

_FORCED: Final[dict[type, tuple[int, _Encode, _Decode]]] = {
    StartSale: (RecordKind.SALE, sale_records.encode_start_sale, sale_records.decode_start_sale),
}
"""What only a message may ask for: its sender is who wants it, the fields are the whole body."""

_FAST_TYPES: Final = (PriceReport, ForwardReport, SettlementPrice, Liquidate, Trigger)
_NOT_FORCED: Final = (PriceReport, ForwardReport, SettlementPrice, SurfaceReport)

_ENCODERS: Final = {
    made: (bytes((kind,)), encode)
    for made, (kind, encode, _) in (_SIGNED | _OPEN | _FORCED).items()
}
_READ_SIGNED: Final = {kind: decode for kind, _, decode in _SIGNED.values()}
_READ_OPEN: Final = {kind: decode for kind, _, decode in _OPEN.values()}
_READ_FORCED: Final = _READ_SIGNED | {
    kind: decode for made, (kind, _, decode) in (_OPEN | _FORCED).items() if made not in _NOT_FORCED
}
_READ_FAST: Final = {kind: decode for kind, _, decode in (_OPEN[made] for made in _FAST_TYPES)}


def encode_transaction(transaction: SignedContent, *, signed: bool) -> bytes:
    """Return kind and fields, with the nonce if `signed`, never with the signature.

    Raises
    ------
    OverflowError
        A field does not fit its width, or says what the others make impossible.
    """
    kind, encode = _ENCODERS[type(transaction)]
    nonce = encode_varint(transaction[-1]) if signed else b""
    return kind + encode(transaction) + nonce


def encode_open(record: OpenRecord | StartSale) -> bytes:
    """Return a body that is kind and fields: of a record that anyone may make, or of a message."""
    kind, encode = _ENCODERS[type(record)]
    return kind + encode(record)


def encode_record(record: Record) -> bytes:
    """Return the body of a record. Source: docs/spec.md R-4. Vectors: tests/vectors."""
    if isinstance(record, SignedTransaction):
        return encode_transaction(record.transaction, signed=True) + record.signature
    if isinstance(record, Seal):
        return bytes((RecordKind.SEAL,)) + encode_varint(record.delta_ms)
    if isinstance(record, Pull):
        return bytes((RecordKind.PULL,))
    if isinstance(record, PullFast):
        return bytes((RecordKind.PULL_FAST,))
    return encode_open(record)


def decode_record(body: bytes) -> Record | None:
    """Return the record in `body`, None if it is undecodable.

    Source: docs/spec.md R-4. Twin: contracts/src/core.
    """
    if not body:
        return None
    kind = body[0]
    try:
        fields = _READ_SIGNED.get(kind)
        if fields is not None:
            return _decode_signed(fields, body)
        if kind == RecordKind.SEAL:
            return _decode_seal(body)
        if kind == RecordKind.PULL:
            return Pull() if len(body) == 1 else None
        if kind == RecordKind.PULL_FAST:
            return PullFast() if len(body) == 1 else None
        said: OpenRecord | None = _decode_whole(_READ_OPEN, body)
    except (ValueError, IndexError):
        return None
    return said


def decode_forced(body: bytes) -> ForcedContent | None:
    """Return what a forced transaction asks for, None if it is undecodable.

    Source: docs/spec.md R-4. Twin: contracts/src/core.
    """
    try:
        said: ForcedContent | None = _decode_whole(_READ_FORCED, body)
    except (ValueError, IndexError):
        return None
    return said


def decode_fast(body: bytes) -> OpenRecord | None:
    """Return what a message of the fast queue says, None if it is undecodable.

    Source: docs/spec.md R-4. Twin: contracts/src/core.
    """
    try:
        said: OpenRecord | None = _decode_whole(_READ_FAST, body)
    except (ValueError, IndexError):
        return None
    return said


def _decode_signed(fields: _Decode, body: bytes) -> SignedTransaction | None:
    transaction, at = fields(body, 1)
    nonce, at = decode_varint(body, at, U64)
    if at + SIGNATURE_BYTES != len(body):
        return None
    return SignedTransaction(transaction.__class__(*transaction[:-1], nonce), body[at:])


def _decode_whole(table: dict[int, _Decode], body: bytes) -> Any:  # noqa: ANN401 - the table decides
    """Read a body that is nothing but kind and fields."""
    fields = table.get(body[0])
    if fields is None:
        return None
    record, at = fields(body, 1)
    return record if at == len(body) else None


def _decode_seal(body: bytes) -> Seal | None:
    delta_ms, at = decode_varint(body, 1, TIME_LIMIT_MS)
    return Seal(delta_ms) if at == len(body) else None


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
