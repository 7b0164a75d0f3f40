"""What the leaves of the state and their fields are called where a person reads of them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from rollup_node.codec.leaves import decode_leaf
from rollup_node.core.layout import (
    ACCOUNT_FIELD_BITS,
    ACCOUNTS,
    ALLOCATORS_KEY,
    ASSETS_KEY,
    BALANCES_FIELD,
    BOARD_FIELD,
    CLIENT_SLOTS,
    COLD_FIELD,
    CREDIT_KEY,
    CURSOR_KEY,
    DIRECTORY_FIELD,
    EXPIRY_FIELD,
    FIRST_OPTION,
    GRID_FIELD,
    HOT_FIELD,
    INDEX_BITS,
    LEAVE_KEY,
    LEVELS,
    LIQUIDATION_KEY,
    OPTION_DATES_FIELD,
    OPTION_RULES_FIELD,
    OPTION_TICK_BITS,
    ORDERS,
    OUTBOX,
    OWNER_FIELD,
    POOLS_KEY,
    POSITIONS_FIELD,
    PRICE_TASK_KEY,
    PRICES_KEY,
    PUBLISHERS_KEY,
    QUOTE_KEY,
    REFRESH_KEY,
    RFQ_KEY,
    RISK_FIELD,
    SALES_FIELD,
    SERIES,
    SERIES_FIELD_BITS,
    SERIES_LIST_FIELD,
    SERIES_RISK_FIELD,
    SESSION_KEY_FIELD,
    SESSION_KEYS,
    SWEEP_KEY,
    TAKER_KEY,
    TICK_BITS,
    TICK_MAP,
    TOTALS_KEY,
    TRIGGER_LEVELS,
    TRIGGER_MAP,
    UNDERLYING_LEAVES_BITS,
    UNDERLYINGS,
    LeafKey,
)

_GLOBALS: Final[Mapping[LeafKey, str]] = {
    CURSOR_KEY: "cursor",
    PRICES_KEY: "prices",
    ALLOCATORS_KEY: "allocators",
    POOLS_KEY: "pools",
    TAKER_KEY: "order in flight",
    TOTALS_KEY: "totals",
    ASSETS_KEY: "assets",
    CREDIT_KEY: "credit",
    PUBLISHERS_KEY: "publishers",
    REFRESH_KEY: "refresh in flight",
    QUOTE_KEY: "mass quote in flight",
    SWEEP_KEY: "sweep in flight",
    PRICE_TASK_KEY: "price work in flight",
    LEAVE_KEY: "transfer in flight",
    LIQUIDATION_KEY: "liquidation in flight",
    RFQ_KEY: "combo in flight",
}
_OF_ACCOUNT: Final[Mapping[int, str]] = {
    HOT_FIELD: "margin",
    OWNER_FIELD: "owner",
    COLD_FIELD: "settings",
    BALANCES_FIELD: "balances",
    DIRECTORY_FIELD: "directory",
}
_OF_SERIES: Final[Mapping[int, str]] = {
    0: "terms",
    1: "state",
    SERIES_RISK_FIELD: "risk array",
    SALES_FIELD: "sales",
}
_OF_UNDERLYING: Final[Mapping[int, str]] = {
    0: "oracle",
    SERIES_LIST_FIELD: "series list",
    OPTION_RULES_FIELD: "rules of options",
    OPTION_DATES_FIELD: "dates of options",
}
_DATES: Final[Mapping[int, str]] = {
    GRID_FIELD: "settlement prices",
    BOARD_FIELD: "board",
    EXPIRY_FIELD: "expiry",
}
"""Leaves of dates by their first field, the highest first."""

_INDEXED: Final[Mapping[int, str]] = {
    TICK_MAP: "tick map",
    ORDERS: "order",
    CLIENT_SLOTS: "client slots",
    OUTBOX: "outbox",
    TRIGGER_MAP: "trigger map",
}
_LEVELS: Final[Mapping[int, str]] = {LEVELS: "level", TRIGGER_LEVELS: "trigger level"}


def name_leaf(key: LeafKey) -> str:
    """Return what a leaf is called: `balances of account 2`, `order 7`, `cursor`."""
    region, index = key >> INDEX_BITS, key & ((1 << INDEX_BITS) - 1)
    if region == ACCOUNTS:
        return _name_field(index)
    if region == SERIES:
        kind = _OF_SERIES.get(index & ((1 << SERIES_FIELD_BITS) - 1), "unknown leaf")
        return f"{kind} of series {index >> SERIES_FIELD_BITS}"
    if region == UNDERLYINGS:
        return _name_underlying(index)
    if region in _LEVELS:
        bits = OPTION_TICK_BITS if index >> OPTION_TICK_BITS >= FIRST_OPTION else TICK_BITS
        book, tick = index >> bits, index & ((1 << bits) - 1)
        return f"{_LEVELS[region]} {tick} of book {book}"
    if region in _INDEXED:
        return f"{_INDEXED[region]} {index}"
    return _GLOBALS.get(key, f"leaf 0x{key:010x}")


def _name_field(index: int) -> str:
    account, field = index >> ACCOUNT_FIELD_BITS, index & ((1 << ACCOUNT_FIELD_BITS) - 1)
    number = field - SESSION_KEY_FIELD + 1
    if 0 < number <= SESSION_KEYS:
        return f"session key {number} of account {account}"
    if RISK_FIELD <= field < POSITIONS_FIELD:
        return f"risk in underlying {field - RISK_FIELD} of account {account}"
    kind = "positions" if field >= POSITIONS_FIELD else _OF_ACCOUNT[field]
    return f"{kind} of account {account}"


def _name_underlying(index: int) -> str:
    number, field = (
        index >> UNDERLYING_LEAVES_BITS,
        index & ((1 << UNDERLYING_LEAVES_BITS) - 1),
    )
    for first, name in _DATES.items():
        if field >= first:
            return f"{name} {field - first} of underlying {number}"
    return f"{_OF_UNDERLYING.get(field, 'unknown leaf')} of underlying {number}"


class FieldChange(NamedTuple):
    """One field that differs: its path, such as `rows 0 lots`, and both values as text."""

    field: str
    expected: str
    claimed: str


def name_changes(key: LeafKey, expected: bytes, claimed: bytes) -> list[FieldChange]:
    """Return the fields in which two encoded leaves differ; none if one of them is empty."""
    if not (expected and claimed):
        return []
    return list(_changes("", decode_leaf(key, expected), decode_leaf(key, claimed)))


def _changes(path: str, expected: Any, claimed: Any) -> Iterator[FieldChange]:  # noqa: ANN401 - any field
    if expected == claimed:
        return
    if not isinstance(expected, tuple):
        yield FieldChange(path.strip(), _text(expected), _text(claimed))
        return
    names = getattr(expected, "_fields", range(len(expected)))
    for name, ours, theirs in zip(names, expected, claimed, strict=True):
        yield from _changes(f"{path} {name}", ours, theirs)


def _text(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
