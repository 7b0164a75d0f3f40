"""The bytes of the leaves of options. Source: docs/spec.md S-21."""

from collections.abc import Callable
from struct import Struct
from typing import Any, Final

from rollup_node.core.layout import STRIKES_PER_EXPIRY
from rollup_node.core.option_leaves import (
    SALE_PLACES,
    SCENARIOS,
    Board,
    OptionDates,
    OptionRules,
    SalePlace,
    Sales,
    SeriesRisk,
    StrikeRow,
)
from rollup_node.core.surface import MAX_NODES, Smile, SurfaceNode

_RULES: Final = Struct(">BIIQIHHIIQIIIII")
_DATES: Final = Struct(">HH")
_SALES: Final = Struct(">" + "IIIQQIIH" * SALE_PLACES)
_NODE_BYTES: Final = 5
_MONEYNESS_BYTES: Final = 3
_VOLATILITY_BITS: Final = 16
_BOARD: Final = Struct(f">Q{MAX_NODES * _NODE_BYTES}s{'HQ' * STRIKES_PER_EXPIRY}")
_RISK: Final = Struct(f">Ii{SCENARIOS}i")


def pack_node(node: SurfaceNode) -> int:
    """Return a node as one number: `moneyness i24 ‖ volatility u16`."""
    moneyness = int.from_bytes(node.moneyness.to_bytes(3, "big", signed=True), "big")
    if node.volatility >> _VOLATILITY_BITS:
        raise OverflowError(f"volatility {node.volatility} >= 2^{_VOLATILITY_BITS}")
    return moneyness << _VOLATILITY_BITS | node.volatility


def encode_nodes(nodes: Smile) -> bytes:
    """Return the bytes of the 16 volatilities of a date. Source: docs/spec.md S-21."""
    if len(nodes) != MAX_NODES:
        raise OverflowError(f"{len(nodes)} nodes, expected {MAX_NODES}")
    return b"".join(pack_node(node).to_bytes(_NODE_BYTES, "big") for node in nodes)


def decode_nodes(value: bytes) -> Smile:
    """Return the volatilities in 80 bytes."""
    rows = (value[at : at + _NODE_BYTES] for at in range(0, len(value), _NODE_BYTES))
    return tuple(
        SurfaceNode(
            int.from_bytes(row[:_MONEYNESS_BYTES], "big", signed=True),
            int.from_bytes(row[_MONEYNESS_BYTES:], "big"),
        )
        for row in rows
    )


def _encode_rules(leaf: OptionRules) -> bytes:
    return _RULES.pack(*leaf)


def _decode_rules(value: bytes) -> OptionRules:
    return OptionRules(*_RULES.unpack(value))


def _encode_dates(leaf: OptionDates) -> bytes:
    return _DATES.pack(*leaf)


def _decode_dates(value: bytes) -> OptionDates:
    return OptionDates(*_DATES.unpack(value))


def _encode_board(leaf: Board) -> bytes:
    nodes = encode_nodes(leaf.nodes)
    return _BOARD.pack(leaf.surface_ms, nodes, *(field for row in leaf.strikes for field in row))


def _decode_board(value: bytes) -> Board:
    surface_ms, nodes, *fields = _BOARD.unpack(value)
    pairs = zip(fields[::2], fields[1::2], strict=True)
    return Board(surface_ms, decode_nodes(nodes), tuple(StrikeRow(*pair) for pair in pairs))


def _encode_risk(leaf: SeriesRisk) -> bytes:
    return _RISK.pack(leaf.epoch, leaf.delta, *leaf.gains)


def _decode_risk(value: bytes) -> SeriesRisk:
    epoch, delta, *gains = _RISK.unpack(value)
    return SeriesRisk(epoch, delta, tuple(gains))


def _encode_sales(leaf: Sales) -> bytes:
    a, b, c, d = leaf.places
    return _SALES.pack(*a, *b, *c, *d)


def _decode_sales(value: bytes) -> Sales:
    fields = _SALES.unpack(value)
    return Sales(tuple(SalePlace(*fields[at : at + 8]) for at in range(0, 32, 8)))


OPTION_LEAVES: Final[dict[type, tuple[int, Callable[[Any], bytes], Callable[[bytes], Any]]]] = {
    OptionRules: (_RULES.size, _encode_rules, _decode_rules),
    OptionDates: (_DATES.size, _encode_dates, _decode_dates),
    Board: (_BOARD.size, _encode_board, _decode_board),
    SeriesRisk: (_RISK.size, _encode_risk, _decode_risk),
    Sales: (_SALES.size, _encode_sales, _decode_sales),
}
"""Per leaf its length, its encoder and decoder. Twin: contracts/src/core/OptionLeaves.sol."""
