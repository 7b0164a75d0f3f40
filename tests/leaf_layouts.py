"""The layouts of leaves as docs/spec.md writes them, as lists of field widths, and values of them.

The tests of both twins take widths from the text of the specification, not from the code.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st

from rollup_node.core.account_leaves import (
    AccountRisk,
    Cold,
    Directory,
    Hot,
    Position,
    Positions,
    ProtectionRow,
    RiskRow,
    SessionKey,
)
from rollup_node.core.book_leaves import ClientSlots, Level, Order, TickWord
from rollup_node.core.inputs import RfqLeg
from rollup_node.core.leaves import Allocators, Balances, Cursor, Owner, Totals, Withdrawal
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
from rollup_node.core.option_leaves import (
    Board,
    OptionDates,
    OptionRules,
    SalePlace,
    Sales,
    SeriesRisk,
    StrikeRow,
)
from rollup_node.core.surface import SurfaceNode
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

_SPEC: Final = Path(__file__).parents[1] / "docs" / "spec.md"
_ADDRESS_BITS: Final = 160

_ANCHORS: Final[dict[type, str]] = {
    Cursor: "`0` cursor, 32 bytes: ",
    Allocators: "`2` allocators: ",
    Totals: "`5` totals, 48 bytes: ",
    Owner: "Field `1` owner, 52 bytes: ",
    Withdrawal: "**S-4 Outbox** entry, 37 bytes: ",
    Balances: "**S-19 Balances.** ",
    Prices: "`1` prices: ",
    Pools: "`3` pools: ",
    AssetTerms: "`6` assets: ",
    Credit: "`7` credit: ",
    Publishers: "`8` publishers: ",
    SeriesTerms: "Field `0` terms (70 bytes): ",
    SeriesState: "Field `1` state (89 bytes): ",
    Underlying: "**S-9 Underlying** `u < 8`. Field `0`: ",
    SeriesList: "its live series, ",
    Expiry: "**S-10 Expiry**, field `16 + slot`: ",
    SettlementGrid: "its settlement prices, ",
    OptionRules: "**S-21 Options.** Of an underlying, field `2` rules: ",
    OptionDates: "field `3` dates with strikes: ",
    Board: "field `32 + slot` board: ",
    SeriesRisk: "field `2` risk of a lot: ",
    Sales: "Of an option, field `3` sales (P-4): ",
    Order: "**S-11 Order** slot, 63 bytes: ",
    Level: "both sides share it (a book is never crossed): ",
    ClientSlots: "**S-13 Client slots**: ",
    Hot: "**S-14 Hot**, account field `0`: ",
    Cold: "**S-15 Cold**, field `2`: ",
    SessionKey: "**S-16 Session key** 1-3, fields `4`-`6`: ",
    Directory: "**S-17 Directory**, field `7`: ",
    Positions: "**S-18 Positions**, field `16 + n / 8`: ",
    AccountRisk: "**S-22 Account risk**, field `8 + u`: of the positions in underlying `u` "
    "under portfolio margin, ",
    Taker: "**S-20 Tasks.** Taker: ",
    RefreshTask: "Refresh: ",
    QuoteTask: "Quote: ",
    SweepTask: "Sweep: ",
    PriceTask: "Price: ",
    LeaveTask: "Leave: ",
    LiquidationTask: "Liquidation: ",
    RfqTask: "Combo: ",
}
"""What stands before the layout of each leaf."""

_ROWS: Final[dict[type, type]] = {
    Prices: PriceRow,
    AssetTerms: AssetRow,
    Hot: RiskRow,
    Cold: ProtectionRow,
    Positions: Position,
    RefreshTask: RefreshRow,
    QuoteTask: QuoteLeg,
    RfqTask: RfqLeg,
    Sales: SalePlace,
}
"""What the groups of a leaf are called."""

_BOARD_ROWS: Final = {16: SurfaceNode, 32: StrikeRow}

_AMOUNTS: Final = (Totals, Balances)


class Field(NamedTuple):
    """One field: its width, and whether it is signed or an address."""

    bits: int
    is_signed: bool = False


class Group(NamedTuple):
    """`times` times the same fields; a single one is no tuple of its own."""

    times: int
    fields: tuple[Field, ...]


def _split(text: str) -> list[str]:
    """Cut a layout at the signs of concatenation that stand outside parentheses."""
    parts, depth = [""], 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == "‖" and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts]


def _field(text: str) -> Field:
    width = text.rsplit(" ", 1)[-1]
    if width == "20":
        return Field(_ADDRESS_BITS)
    return Field(int(width[1:]), is_signed=width[0] == "i")


def parse_layout(text: str) -> list[Field | Group]:
    """Return the fields of a layout such as `head u32 ‖ 8 × (lots i32 ‖ value u64)`."""
    layout: list[Field | Group] = []
    for part in _split(text):
        many = re.fullmatch(r"(\d+) × \(?(.*?)\)?", part)
        if many is None:
            layout.append(_field(part))
        else:
            layout.append(Group(int(many[1]), tuple(map(_field, _split(many[2])))))
    return layout


def layout_of(leaf: type) -> list[Field | Group]:
    """Return the layout that the specification gives a leaf."""
    if leaf is TickWord:
        return [Field(256)]
    text = _SPEC.read_text("utf-8")
    anchor = _ANCHORS[leaf]
    assert text.count(anchor + "`") == 1, anchor
    return parse_layout(text.split(anchor + "`", 1)[1].split("`", 1)[0])


LAYOUTS: Final = {leaf: layout_of(leaf) for leaf in (*_ANCHORS, TickWord)}


def widths(leaf: type) -> list[Field]:
    """Return every field of a leaf, one after the other."""
    flat: list[Field] = []
    for item in LAYOUTS[leaf]:
        flat += [item] if isinstance(item, Field) else item.fields * item.times
    return flat


def flatten(value: Any) -> list[int]:
    """Return every number of a leaf, one after the other; addresses as numbers."""
    if isinstance(value, bytes):
        return [int.from_bytes(value, "big")]
    return [value] if isinstance(value, int) else [n for item in value for n in flatten(item)]


def pack(leaf: Any) -> bytes:
    """Return the bytes of a leaf by the text of the specification alone."""
    packed = 0
    for field, value in zip(widths(type(leaf)), flatten(leaf), strict=True):
        packed = packed << field.bits | value & (1 << field.bits) - 1
    return packed.to_bytes(size(type(leaf)), "big")


def size(leaf: type) -> int:
    """Return the bytes of a leaf."""
    return sum(field.bits for field in widths(leaf)) >> 3


def _numbers(field: Field) -> st.SearchStrategy[Any]:
    if field.bits == _ADDRESS_BITS:
        return st.binary(min_size=20, max_size=20)
    low = -(1 << field.bits - 1) if field.is_signed else 0
    high = low + (1 << field.bits) - 1
    return st.one_of(st.integers(low, high), st.sampled_from([low, low + 1, 0, 1, high]))


def _values(leaf: type, item: Field | Group) -> st.SearchStrategy[Any]:
    if isinstance(item, Field):
        return _numbers(item)
    row = st.tuples(*map(_numbers, item.fields))
    if len(item.fields) == 1:
        row = row.map(lambda values: values[0])
    else:
        row = row.map(lambda values: _row(leaf, item.times)(*values))
    return st.lists(row, min_size=item.times, max_size=item.times).map(tuple)


def values(leaf: type) -> st.SearchStrategy[Any]:
    """Values of a leaf, with the limits of every field often among them."""
    fields = st.tuples(*(_values(leaf, item) for item in LAYOUTS[leaf]))
    if leaf is Balances:
        return fields.map(lambda found: Balances((found[0], *found[1])))
    if leaf is Pools:
        return fields.map(lambda found: Pools(found[0], found[1]))
    return fields.map(lambda found: leaf(*found))


def _row(leaf: type, times: int) -> type:
    return _BOARD_ROWS[times] if leaf is Board else _ROWS[leaf]


def _abi(field: Field) -> str:
    if field.bits == _ADDRESS_BITS:
        return "address"
    return f"{'int' if field.is_signed else 'uint'}{field.bits}"


_DYNAMIC: Final = frozenset({AccountRisk, Hot, Positions, Prices, RefreshTask})
"""Structs whose rows are arrays of any length in Solidity, which makes no empty ones then."""


def abi_type(leaf: type) -> str:
    """Return the ABI type of the Solidity struct of a leaf."""
    if leaf is Directory:
        return "(uint256[8])"
    parts = []
    for item in LAYOUTS[leaf]:
        if isinstance(item, Field):
            parts.append(_abi(item))
        else:
            row = ",".join(map(_abi, item.fields))
            is_plain = len(item.fields) == 1
            is_dynamic = leaf in _DYNAMIC and (leaf is AccountRisk or not is_plain)
            parts.append(f"{row if is_plain else f'({row})'}[{'' if is_dynamic else item.times}]")
    return f"({','.join(parts)})"


def abi_value(leaf: Any) -> tuple[Any, ...]:
    """Return a leaf as the ABI takes it: a directory as eight words."""
    if not isinstance(leaf, Directory):
        return tuple(leaf)
    packed = pack(leaf)
    return (tuple(int.from_bytes(packed[at : at + 32], "big") for at in range(0, 256, 32)),)


def build(leaf: type, numbers: Iterator[int]) -> Any:
    """Return the leaf whose fields are the next numbers, cut to their widths."""

    def take(field: Field) -> Any:
        value = next(numbers) & (1 << field.bits) - 1
        if field.bits == _ADDRESS_BITS:
            return value.to_bytes(20, "big")
        return value - (value >> field.bits - 1 << field.bits) if field.is_signed else value

    def group(item: Group) -> tuple[Any, ...]:
        if len(item.fields) == 1:
            return tuple(take(item.fields[0]) for _ in range(item.times))
        return tuple(_row(leaf, item.times)(*map(take, item.fields)) for _ in range(item.times))

    return leaf(*(take(item) if isinstance(item, Field) else group(item) for item in LAYOUTS[leaf]))
