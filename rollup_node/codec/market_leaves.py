"""The bytes of the leaves of markets and of the exchange as a whole. Source: docs/spec.md S."""

from collections.abc import Callable
from struct import Struct
from typing import Any, Final

from rollup_node.core.market_leaves import (
    AssetRow,
    AssetTerms,
    Credit,
    Expiry,
    Pools,
    PriceRow,
    Prices,
    Publishers,
    SeriesList,
    SeriesState,
    SeriesTerms,
    SettlementGrid,
    Underlying,
)

_PRICES: Final = Struct(">" + "IQQQQQ" * 8 + "Q")
_POOLS: Final = Struct(">" + "QQ" * 9)
_ASSETS: Final = Struct(">" + "BBIQQ" * 4)
_CREDIT: Final = Struct(">QQQQQQ")
_UNDERLYING: Final = Struct(">BQIQ")
_SERIES_LIST: Final = Struct(">16H")
_EXPIRY: Final = Struct(">QqQQQB")
_GRID: Final = Struct(">61Q")
_TERMS: Final = Struct(">BBBBHIIIIHhIIQIQIiQ")
_SERIES: Final = Struct(">BIIQIIIIIIqqqIQIII")

_LOW: Final = (1 << 64) - 1
_ADDRESS_BYTES: Final = 20
_PUBLISHERS: Final = 8
_PUBLISHERS_BYTES: Final = 1 + _PUBLISHERS * _ADDRESS_BYTES


def _encode_prices(leaf: Prices) -> bytes:
    a, b, c, d, e, f, g, h = leaf.rows
    return _PRICES.pack(*a, *b, *c, *d, *e, *f, *g, *h, leaf.sampled_ms)


def _decode_prices(value: bytes) -> Prices:
    fields = _PRICES.unpack(value)
    return Prices(tuple(PriceRow(*fields[at : at + 6]) for at in range(0, 48, 6)), fields[48])


def _halves(amounts: tuple[int, ...]) -> list[int]:
    """Return each 128-bit amount as its upper and its lower 64 bits."""
    return [half for amount in amounts for half in (amount >> 64, amount & _LOW)]


def _wholes(halves: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(high << 64 | low for high, low in zip(halves[::2], halves[1::2], strict=True))


def _encode_pools(leaf: Pools) -> bytes:
    return _POOLS.pack(*_halves((leaf.fees, *leaf.insurance)))


def _decode_pools(value: bytes) -> Pools:
    fees, *insurance = _wholes(_POOLS.unpack(value))
    return Pools(fees, tuple(insurance))


def _encode_assets(leaf: AssetTerms) -> bytes:
    a, b, c, d = ((*row[:3], row.cap >> 64, row.cap & _LOW) for row in leaf.rows)
    return _ASSETS.pack(*a, *b, *c, *d)


def _decode_assets(value: bytes) -> AssetTerms:
    fields = _ASSETS.unpack(value)
    rows = (fields[at : at + 5] for at in range(0, 20, 5))
    return AssetTerms(tuple(AssetRow._make((*row[:3], row[3] << 64 | row[4])) for row in rows))


def _encode_credit(leaf: Credit) -> bytes:
    return _CREDIT.pack(*_halves(leaf))


def _decode_credit(value: bytes) -> Credit:
    return Credit(*_wholes(_CREDIT.unpack(value)))


def _encode_publishers(leaf: Publishers) -> bytes:
    value = leaf.threshold.to_bytes(1, "big") + b"".join(leaf.addresses)
    if len(leaf.addresses) != _PUBLISHERS or len(value) != _PUBLISHERS_BYTES:
        raise OverflowError(f"publishers: {len(value)} bytes, expected {_PUBLISHERS_BYTES}")
    return value


def _decode_publishers(value: bytes) -> Publishers:
    starts = range(1, _PUBLISHERS_BYTES, _ADDRESS_BYTES)
    return Publishers(value[0], tuple(value[at : at + _ADDRESS_BYTES] for at in starts))


def _encode_underlying(leaf: Underlying) -> bytes:
    return _UNDERLYING.pack(*leaf)


def _decode_underlying(value: bytes) -> Underlying:
    return Underlying(*_UNDERLYING.unpack(value))


def _encode_series_list(leaf: SeriesList) -> bytes:
    return _SERIES_LIST.pack(*leaf.series)


def _decode_series_list(value: bytes) -> SeriesList:
    return SeriesList(_SERIES_LIST.unpack(value))


def _encode_expiry(leaf: Expiry) -> bytes:
    return _EXPIRY.pack(*leaf)


def _decode_expiry(value: bytes) -> Expiry:
    return Expiry(*_EXPIRY.unpack(value))


def _encode_grid(leaf: SettlementGrid) -> bytes:
    return _GRID.pack(leaf.expiry_at, *leaf.prices)


def _decode_grid(value: bytes) -> SettlementGrid:
    expiry_at, *prices = _GRID.unpack(value)
    return SettlementGrid(expiry_at, tuple(prices))


def _encode_terms(leaf: SeriesTerms) -> bytes:
    return _TERMS.pack(*leaf)


def _decode_terms(value: bytes) -> SeriesTerms:
    return SeriesTerms(*_TERMS.unpack(value))


def _encode_series(leaf: SeriesState) -> bytes:
    return _SERIES.pack(*leaf)


def _decode_series(value: bytes) -> SeriesState:
    return SeriesState(*_SERIES.unpack(value))


MARKET_LEAVES: Final[dict[type, tuple[int, Callable[[Any], bytes], Callable[[bytes], Any]]]] = {
    Prices: (_PRICES.size, _encode_prices, _decode_prices),
    Pools: (_POOLS.size, _encode_pools, _decode_pools),
    AssetTerms: (_ASSETS.size, _encode_assets, _decode_assets),
    Credit: (_CREDIT.size, _encode_credit, _decode_credit),
    Publishers: (_PUBLISHERS_BYTES, _encode_publishers, _decode_publishers),
    Underlying: (_UNDERLYING.size, _encode_underlying, _decode_underlying),
    SeriesList: (_SERIES_LIST.size, _encode_series_list, _decode_series_list),
    Expiry: (_EXPIRY.size, _encode_expiry, _decode_expiry),
    SettlementGrid: (_GRID.size, _encode_grid, _decode_grid),
    SeriesTerms: (_TERMS.size, _encode_terms, _decode_terms),
    SeriesState: (_SERIES.size, _encode_series, _decode_series),
}
"""Per leaf its length, its encoder and decoder. Twin: contracts/src/core/MarketLeaves.sol."""
