"""Hypothesis strategies for what accounts and others ask of the exchange, and their ABI types."""

from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st

from rollup_node.codec.eip712 import INNER_TYPES, REPORT_TYPES, SIGNED_TYPES, pack_nodes
from rollup_node.core.inputs import (
    Bid,
    CancelAll,
    CancelOrder,
    DelistStrike,
    ExecuteRfq,
    ForwardReport,
    Freeze,
    Leg,
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
    RfqLeg,
    RfqQuote,
    SetDeadMan,
    SetGuardian,
    SetKey,
    SetMode,
    SetProtection,
    Settle,
    SettlementPrice,
    StartSale,
    SurfaceReport,
    Takeover,
    Trigger,
)
from rollup_node.core.surface import SurfaceNode
from tests.property.values import addresses, uint

SPEC: Final = Path(__file__).parents[1] / "docs" / "spec.md"


def sint(bits: int) -> st.SearchStrategy[int]:
    """Signed integers of a width, with its boundaries often among them."""
    return uint(bits).map(lambda value: value - (1 << bits - 1))


def _order(values: tuple[int, ...]) -> PlaceOrder:
    """Drop the trigger and the expiry where the flags have none."""
    order = PlaceOrder(*values)
    trigger = order.trigger if order.kind >= 2 else 0
    expiry = order.expiry if order.time_in_force == 1 else 0
    return order._replace(trigger=trigger, expiry=expiry)


signatures = st.binary(min_size=64, max_size=64)
_bit, _two, _u8, _u16, _u32, _u64 = (uint(bits) for bits in (1, 2, 8, 16, 32, 64))
_head = (_u32, _u8)
_flags = (_bit, _two, _two, _bit, _bit, _two)
_several = st.lists(signatures, min_size=1, max_size=8).map(tuple)
_nodes = st.lists(st.builds(SurfaceNode, sint(24), _u16), min_size=16, max_size=16).map(tuple)
_legs = st.lists(st.builds(Leg, _u16, _bit, _u16, _u32, uint(31)), min_size=1, max_size=20)

orders = st.tuples(*_head, _u16, *_flags, _u32, _u32, _u32, _u64, _u16, _u16, _u64).map(_order)
quotes = st.builds(MassQuote, *_head, _u16, _legs.map(tuple), _u64)

_rfq_legs = st.lists(st.builds(RfqLeg, _u16, sint(32), _u32), min_size=1, max_size=8).map(tuple)
rfq_quotes = st.builds(RfqQuote, *_head, _u32, _u16, _u64, _rfq_legs, _u64, signatures)

ACCOUNT_RECORDS: Final[dict[type, st.SearchStrategy[Any]]] = {
    PlaceOrder: orders,
    CancelOrder: st.builds(CancelOrder, *_head, _u16, _u32, _u64),
    CancelAll: st.builds(CancelAll, *_head, _u8, _u16, _u64),
    ReplaceOrder: st.builds(ReplaceOrder, *_head, _u16, _u32, _u32, _u32, _u64),
    MassQuote: quotes,
    ExecuteRfq: st.builds(ExecuteRfq, *_head, _u16, _u64, rfq_quotes, _u64),
    Bid: st.builds(Bid, *_head, _u32, _u32, sint(128), _u64),
    OpenAccount: st.builds(OpenAccount, _u32, _u16, _u64),
    SetKey: st.builds(SetKey, *_head, addresses, _u8, _u8, _u64, _u64, _u64),
    Freeze: st.builds(Freeze, *_head, _bit, _u64),
    SetGuardian: st.builds(SetGuardian, _u32, addresses, _u64),
    SetProtection: st.builds(SetProtection, *_head, _u8, _u32, _u32, _u64),
    SetDeadMan: st.builds(SetDeadMan, *_head, _u64, _u64),
    SetMode: st.builds(SetMode, *_head, _u8, _u64),
    MovePosition: st.builds(MovePosition, _u32, _u32, _u16, sint(32), _u64),
}
REPORTS: Final[dict[type, st.SearchStrategy[Any]]] = {
    PriceReport: st.builds(PriceReport, _u8, _u64, _u64, _u64, _u32, _several),
    ForwardReport: st.builds(ForwardReport, _u8, _u8, _u64, _u64, _u64, sint(64), _several),
    SettlementPrice: st.builds(SettlementPrice, _u8, _u8, _u64, _u8, _u64, _several),
    SurfaceReport: st.builds(SurfaceReport, _u8, _u8, _u64, _u64, _u64, sint(64), _nodes, _several),
}
PLAIN: Final[dict[type, st.SearchStrategy[Any]]] = {
    Prune: st.builds(Prune, _u32),
    Settle: st.builds(Settle, _u32, _u16),
    ListExpiry: st.builds(ListExpiry, _u8, _u8, _u64),
    ListStrike: st.builds(ListStrike, _u8, _u8, _u64, _u16),
    DelistStrike: st.builds(DelistStrike, _u16),
    Liquidate: st.builds(Liquidate, _u32, _u16),
    Trigger: st.builds(Trigger, _u8),
    Takeover: st.builds(Takeover, _u32),
}
FORCED: Final[dict[type, st.SearchStrategy[Any]]] = {
    StartSale: st.builds(StartSale, _u32, _u8, _u8, _u64, _u32, _u32, _u32, _u32, _u32, _u16),
}
KINDS: Final[dict[type, int]] = {
    PlaceOrder: 0x20,
    CancelOrder: 0x21,
    CancelAll: 0x22,
    ReplaceOrder: 0x23,
    MassQuote: 0x24,
    Prune: 0x25,
    ExecuteRfq: 0x26,
    StartSale: 0x27,
    PriceReport: 0x30,
    ForwardReport: 0x31,
    SettlementPrice: 0x32,
    Settle: 0x33,
    SurfaceReport: 0x34,
    ListExpiry: 0x35,
    ListStrike: 0x36,
    DelistStrike: 0x37,
    Liquidate: 0x40,
    Bid: 0x41,
    Trigger: 0x42,
    Takeover: 0x43,
    OpenAccount: 0x50,
    SetKey: 0x51,
    Freeze: 0x52,
    SetGuardian: 0x53,
    SetProtection: 0x54,
    SetDeadMan: 0x55,
    SetMode: 0x57,
    MovePosition: 0x56,
}
"""First byte of each record. Source: docs/spec.md R-4."""

account_records = st.one_of(*ACCOUNT_RECORDS.values())
reports = st.one_of(*REPORTS.values())
forced_records = st.one_of(*FORCED.values())
open_records = st.one_of(*REPORTS.values(), *PLAIN.values())


def abi_type(made: type) -> str:
    """Return the ABI type of the Solidity struct of a signed type, read off its EIP-712 fields."""
    _, fields = (SIGNED_TYPES | REPORT_TYPES)[made]
    return _abi_tuple(fields)


def _abi_tuple(fields: str) -> str:
    return f"({','.join(_abi_kind(field.split(' ')[0]) for field in fields.split(','))})"


def _abi_kind(kind: str) -> str:
    """Return the type of a field; the signature of a quote lies with it."""
    if kind == "RfqQuote":
        return f"{_abi_tuple(INNER_TYPES[kind])[:-1]},(bytes32,bytes32))"
    name = kind.removesuffix("[]")
    return f"{_abi_tuple(INNER_TYPES[name])}[]" if name in INNER_TYPES else kind


def abi_value(record: Any) -> tuple[Any, ...]:
    """Return a signed record, or a report without its signatures, as the ABI takes it."""
    values = record[:-1] if type(record) in REPORT_TYPES else tuple(record)
    if isinstance(record, MassQuote):
        return values
    if isinstance(record, ExecuteRfq):
        *quote, signature = record.quote
        return (*values[:4], (*quote, (signature[:32], signature[32:])), record.nonce)
    kinds = abi_type(type(record))[1:-1].split(",")
    if isinstance(record, SurfaceReport):
        return (*values[:-1], tuple(pack_nodes(record)))
    pairs = zip(kinds, values, strict=True)
    return tuple(bool(value) if kind == "bool" else value for kind, value in pairs)
