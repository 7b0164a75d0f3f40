"""The bytes of the leaves of what is in flight. Source: docs/spec.md S-20."""

from collections.abc import Callable
from struct import Struct
from typing import Any, Final

from rollup_node.core.inputs import RfqLeg
from rollup_node.core.task_leaves import (
    LeaveTask,
    LiquidationTask,
    PriceTask,
    QuoteLeg,
    QuoteTask,
    RefreshRow,
    RefreshTask,
    RfqTask,
    SweepTask,
    Taker,
)

_TAKER: Final = Struct(">IHHIIIQHIHBHHIBBB")
_REFRESH: Final = Struct(">IBB" + "BqQQ" * 8)
_QUOTE: Final = Struct(">IBHIBB" + "HBHII" * 20)
_SWEEP: Final = Struct(">IBHHBB")
_PRICE: Final = Struct(">BBBHHBBI")
_LEAVE: Final = Struct(">BIBIQ20s")
_LIQUIDATION: Final = Struct(">IHB")
_RFQ: Final = Struct(">IBHIBHB" + "HiI" * 8)
_ADDRESS_BYTES: Final = 20
_U64: Final = (1 << 64) - 1


def _encode_taker(leaf: Taker) -> bytes:
    return _TAKER.pack(*leaf)


def _decode_taker(value: bytes) -> Taker:
    return Taker(*_TAKER.unpack(value))


def _encode_refresh(leaf: RefreshTask) -> bytes:
    a, b, c, d, e, f, g, h = leaf.rows
    return _REFRESH.pack(*leaf[:3], *a, *b, *c, *d, *e, *f, *g, *h)


def _decode_refresh(value: bytes) -> RefreshTask:
    fields = _REFRESH.unpack(value)
    rows = tuple(RefreshRow(*fields[at : at + 4]) for at in range(3, 35, 4))
    return RefreshTask._make((*fields[:3], rows))


def _encode_quote(leaf: QuoteTask) -> bytes:
    return _QUOTE.pack(*leaf[:6], *(field for leg in leaf.legs for field in leg))


def _decode_quote(value: bytes) -> QuoteTask:
    fields = _QUOTE.unpack(value)
    legs = tuple(QuoteLeg(*fields[at : at + 5]) for at in range(6, 106, 5))
    return QuoteTask._make((*fields[:6], legs))


def _encode_sweep(leaf: SweepTask) -> bytes:
    return _SWEEP.pack(*leaf)


def _decode_sweep(value: bytes) -> SweepTask:
    return SweepTask(*_SWEEP.unpack(value))


def _encode_price(leaf: PriceTask) -> bytes:
    return _PRICE.pack(*leaf)


def _decode_price(value: bytes) -> PriceTask:
    return PriceTask(*_PRICE.unpack(value))


def _encode_leave(leaf: LeaveTask) -> bytes:
    kind, account, asset, amount, target = leaf
    if len(target) != _ADDRESS_BYTES:
        raise OverflowError(f"address: {len(target)} bytes, expected {_ADDRESS_BYTES}")
    return _LEAVE.pack(kind, account, asset, amount >> 64, amount & _U64, target)


def _decode_leave(value: bytes) -> LeaveTask:
    kind, account, asset, high, low, target = _LEAVE.unpack(value)
    return LeaveTask(kind, account, asset, high << 64 | low, target)


def _encode_liquidation(leaf: LiquidationTask) -> bytes:
    return _LIQUIDATION.pack(*leaf)


def _decode_liquidation(value: bytes) -> LiquidationTask:
    return LiquidationTask(*_LIQUIDATION.unpack(value))


def _encode_rfq(leaf: RfqTask) -> bytes:
    return _RFQ.pack(*leaf[:7], *(field for leg in leaf.legs for field in leg))


def _decode_rfq(value: bytes) -> RfqTask:
    fields = _RFQ.unpack(value)
    legs = tuple(RfqLeg(*fields[at : at + 3]) for at in range(7, 31, 3))
    return RfqTask._make((*fields[:7], legs))


TASK_LEAVES: Final[dict[type, tuple[int, Callable[[Any], bytes], Callable[[bytes], Any]]]] = {
    Taker: (_TAKER.size, _encode_taker, _decode_taker),
    RefreshTask: (_REFRESH.size, _encode_refresh, _decode_refresh),
    QuoteTask: (_QUOTE.size, _encode_quote, _decode_quote),
    SweepTask: (_SWEEP.size, _encode_sweep, _decode_sweep),
    PriceTask: (_PRICE.size, _encode_price, _decode_price),
    LeaveTask: (_LEAVE.size, _encode_leave, _decode_leave),
    LiquidationTask: (_LIQUIDATION.size, _encode_liquidation, _decode_liquidation),
    RfqTask: (_RFQ.size, _encode_rfq, _decode_rfq),
}
"""Per leaf its length, its encoder and decoder. Twin: contracts/src/core/TaskLeaves.sol."""
