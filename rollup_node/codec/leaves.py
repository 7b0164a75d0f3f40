"""The bytes of each leaf of the state: fixed layouts, big-endian. Source: docs/spec.md S."""

import struct
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from rollup_node.codec.account_leaves import ACCOUNT_LEAVES
from rollup_node.codec.book_leaves import BOOK_LEAVES
from rollup_node.codec.market_leaves import MARKET_LEAVES
from rollup_node.codec.option_leaves import OPTION_LEAVES
from rollup_node.codec.task_leaves import TASK_LEAVES
from rollup_node.core import layout
from rollup_node.core.account_leaves import AccountRisk, Cold, Directory, Hot, Positions, SessionKey
from rollup_node.core.book_leaves import ClientSlots, Level, Order, TickWord
from rollup_node.core.layout import LeafKey, Opaque
from rollup_node.core.leaves import (
    Allocators,
    Amounts,
    Balances,
    Cursor,
    Leaf,
    Owner,
    Totals,
    Withdrawal,
)
from rollup_node.core.market_leaves import (
    AssetTerms,
    Credit,
    Expiry,
    Pools,
    Prices,
    Publishers,
    SeriesList,
    SeriesState,
    SeriesTerms,
    SettlementGrid,
    Underlying,
)
from rollup_node.core.option_leaves import Board, OptionDates, OptionRules, Sales, SeriesRisk
from rollup_node.core.task_leaves import (
    LeaveTask,
    LiquidationTask,
    PriceTask,
    QuoteTask,
    RefreshTask,
    RfqTask,
    SweepTask,
    Taker,
)

AMOUNTS_BYTES: Final = 48

_CURSOR: Final = struct.Struct(">BIIBIBIBIHIBB")
_ALLOCATORS: Final = struct.Struct(">BIIII")
_OWNER: Final = struct.Struct(">20sQQQQ")
_WITHDRAWAL: Final = struct.Struct(">IBIQ20s")
_AMOUNT_MASK: Final = (1 << 96) - 1
_U32: Final = (1 << 32) - 1
_U64: Final = (1 << 64) - 1
_ADDRESS_BYTES: Final = 20


def _encode_cursor(leaf: Cursor) -> bytes:
    item, offset, delayed, fast, block, time_ms, phase, order_class = leaf
    return _CURSOR.pack(
        *(item >> 32, item & _U32, offset, delayed >> 32, delayed & _U32, fast >> 32, fast & _U32),
        *(block >> 32, block & _U32, time_ms >> 32, time_ms & _U32, phase, order_class),
    )


def _encode_allocators(leaf: Allocators) -> bytes:
    outbox_next, next_account, order_free, order_next = leaf
    high, low = outbox_next >> 32, outbox_next & _U32
    return _ALLOCATORS.pack(high, low, next_account, order_free, order_next)


def _decode_allocators(value: bytes) -> Allocators:
    high, low, *others = _ALLOCATORS.unpack(value)
    return Allocators(high << 32 | low, *others)


def _encode_totals(leaf: Totals) -> bytes:
    first, second, third, fourth = leaf[0]
    if (first | second | third | fourth) >> 96:
        raise OverflowError(f"amounts {leaf[0]}: one is not below 2^96")
    packed = ((first << 96 | second) << 96 | third) << 96 | fourth
    return packed.to_bytes(AMOUNTS_BYTES, "big")


def _encode_balances(leaf: Balances) -> bytes:
    cash, second, third, fourth = leaf[0]
    if (second | third | fourth) >> 96:
        raise OverflowError(f"amounts {leaf[0]}: one is not below 2^96")
    packed = ((cash << 96 | second) << 96 | third) << 96 | fourth
    return packed.to_bytes(AMOUNTS_BYTES, "big", signed=True)


def _encode_owner(leaf: Owner) -> bytes:
    address, high, used = leaf
    return _OWNER.pack(_check(address), high, used >> 128, used >> 64 & _U64, used & _U64)


def _encode_withdrawal(leaf: Withdrawal) -> bytes:
    account, asset, amount, recipient = leaf
    return _WITHDRAWAL.pack(account, asset, amount >> 64, amount & _U64, _check(recipient))


def _check(address: bytes) -> bytes:
    """Return an address, or raise what a field that does not fit raises: `20s` would pad or cut."""
    if len(address) != _ADDRESS_BYTES:
        raise OverflowError(f"address: {len(address)} bytes, expected {_ADDRESS_BYTES}")
    return address


def _decode_cursor(value: bytes) -> Cursor:
    a, item, offset, b, delayed, c, fast, d, block, e, time_ms, *rest = _CURSOR.unpack(value)
    counts = (a << 32 | item, offset, b << 32 | delayed, c << 32 | fast, d << 32 | block)
    return Cursor(*counts, e << 32 | time_ms, *rest)


def _decode_totals(value: bytes) -> Totals:
    return Totals(_amounts(int.from_bytes(value, "big")))


def _decode_balances(value: bytes) -> Balances:
    return Balances(_amounts(int.from_bytes(value, "big", signed=True)))


def _amounts(packed: int) -> Amounts:
    return (
        packed >> 288,
        packed >> 192 & _AMOUNT_MASK,
        packed >> 96 & _AMOUNT_MASK,
        packed & _AMOUNT_MASK,
    )


def _decode_owner(value: bytes) -> Owner:
    address, high, first, second, third = _OWNER.unpack(value)
    return Owner(address, high, (first << 64 | second) << 64 | third)


def _decode_withdrawal(value: bytes) -> Withdrawal:
    account, asset, high, low, recipient = _WITHDRAWAL.unpack(value)
    return Withdrawal(account, asset, high << 64 | low, recipient)


_Codec: TypeAlias = tuple[int, Callable[[Any], bytes], Callable[[bytes], Any]]

_LEAVES: Final[dict[type, _Codec]] = {
    Cursor: (_CURSOR.size, _encode_cursor, _decode_cursor),
    Allocators: (_ALLOCATORS.size, _encode_allocators, _decode_allocators),
    Totals: (AMOUNTS_BYTES, _encode_totals, _decode_totals),
    Owner: (_OWNER.size, _encode_owner, _decode_owner),
    Balances: (AMOUNTS_BYTES, _encode_balances, _decode_balances),
    Withdrawal: (_WITHDRAWAL.size, _encode_withdrawal, _decode_withdrawal),
    **MARKET_LEAVES,
    **OPTION_LEAVES,
    **BOOK_LEAVES,
    **ACCOUNT_LEAVES,
    **TASK_LEAVES,
}
_ENCODERS: Final[dict[type, Callable[[Any], bytes]]] = {
    kind: encode for kind, (_, encode, _) in _LEAVES.items()
} | {type(None): lambda _: b""}

_ANY: Final = 0
_Fields: TypeAlias = tuple[int, dict[int, type]]
_NOTHING: Final[_Fields] = (0, {})
_PAGES: Final = layout.POSITION_LIMIT >> 3
_UNDERLYINGS: Final = layout.UNDERLYING_LIMIT

_REGIONS: Final[dict[int, _Fields]] = {
    layout.GLOBALS: (
        (1 << layout.INDEX_BITS) - 1,
        {
            layout.CURSOR_KEY: Cursor,
            layout.PRICES_KEY: Prices,
            layout.ALLOCATORS_KEY: Allocators,
            layout.POOLS_KEY: Pools,
            layout.TAKER_KEY: Taker,
            layout.TOTALS_KEY: Totals,
            layout.ASSETS_KEY: AssetTerms,
            layout.CREDIT_KEY: Credit,
            layout.PUBLISHERS_KEY: Publishers,
            layout.REFRESH_KEY: RefreshTask,
            layout.QUOTE_KEY: QuoteTask,
            layout.SWEEP_KEY: SweepTask,
            layout.PRICE_TASK_KEY: PriceTask,
            layout.LEAVE_KEY: LeaveTask,
            layout.LIQUIDATION_KEY: LiquidationTask,
            layout.RFQ_KEY: RfqTask,
        },
    ),
    layout.UNDERLYINGS: (
        (1 << layout.UNDERLYING_LEAVES_BITS) - 1,
        {
            0: Underlying,
            layout.SERIES_LIST_FIELD: SeriesList,
            layout.OPTION_RULES_FIELD: OptionRules,
            layout.OPTION_DATES_FIELD: OptionDates,
        }
        | {layout.BOARD_FIELD + slot: Board for slot in range(layout.EXPIRIES)}
        | {layout.EXPIRY_FIELD + slot: Expiry for slot in range(layout.EXPIRIES)}
        | {layout.GRID_FIELD + slot: SettlementGrid for slot in range(layout.EXPIRIES)},
    ),
    layout.SERIES: (
        (1 << layout.SERIES_FIELD_BITS) - 1,
        {
            0: SeriesTerms,
            1: SeriesState,
            layout.SERIES_RISK_FIELD: SeriesRisk,
            layout.SALES_FIELD: Sales,
        },
    ),
    layout.LEVELS: (_ANY, {0: Level}),
    layout.TICK_MAP: (_ANY, {0: TickWord}),
    layout.ORDERS: (_ANY, {0: Order}),
    layout.ACCOUNTS: (
        (1 << layout.ACCOUNT_FIELD_BITS) - 1,
        {
            layout.HOT_FIELD: Hot,
            layout.OWNER_FIELD: Owner,
            layout.COLD_FIELD: Cold,
            layout.BALANCES_FIELD: Balances,
            layout.DIRECTORY_FIELD: Directory,
        }
        | {layout.SESSION_KEY_FIELD + number: SessionKey for number in range(layout.SESSION_KEYS)}
        | {layout.RISK_FIELD + underlying: AccountRisk for underlying in range(_UNDERLYINGS)}
        | {layout.POSITIONS_FIELD + page: Positions for page in range(_PAGES)},
    ),
    layout.CLIENT_SLOTS: (_ANY, {0: ClientSlots}),
    layout.OUTBOX: (_ANY, {0: Withdrawal}),
    layout.TRIGGER_LEVELS: (_ANY, {0: Level}),
    layout.TRIGGER_MAP: (_ANY, {0: TickWord}),
}
"""Per region which bits of a key name its field, and what lives in each field."""


def encode_leaf(leaf: Leaf) -> bytes:
    """Return the value of a leaf. Source: docs/spec.md S. Twin: contracts/src/core.

    Raises
    ------
    OverflowError
        A field does not fit its width: a step wrote what it must not.
    """
    try:
        return _ENCODERS[type(leaf)](leaf)
    except struct.error as error:
        raise OverflowError(f"{leaf}: {error}") from error


def encode_leaves(leaves: Iterable[tuple[Opaque, Leaf | None]]) -> list[tuple[LeafKey, bytes]]:
    """Return the value of each leaf, empty bytes for None; raises as `encode_leaf` does."""
    encoders = _ENCODERS
    try:
        return [(key, encoders[type(leaf)](leaf)) for key, leaf in leaves]
    except struct.error as error:
        raise OverflowError(f"one of the leaves: {error}") from error


def leaf_type(key: LeafKey) -> type[Leaf] | None:
    """Return the type of the leaf that lives at a key, None if none does."""
    bits, fields = _REGIONS.get(key >> layout.INDEX_BITS, _NOTHING)
    return fields.get(key & bits)


def decode_leaf(key: LeafKey, value: bytes) -> Leaf:
    """Return the leaf that `value` encodes at `key`; the value is not empty.

    Raises
    ------
    ValueError
        No leaf lives at this key, or the length is wrong.
    """
    kind = leaf_type(key)
    if kind is None:
        raise ValueError(f"key {key:#x}: no leaf lives here")
    length, _, decode = _LEAVES[kind]
    if len(value) != length:
        raise ValueError(f"leaf {key:#x}: {len(value)} bytes, expected {length}")
    leaf: Leaf = decode(value)
    return leaf
