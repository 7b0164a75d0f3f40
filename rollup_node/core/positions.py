"""Positions of accounts: where they are, what a fill makes of one, what they add to a row.

Source: docs/spec.md M-2, M-4, M-13, S-17, S-18, S-22. Twin: contracts/src/core/Positions.sol.
"""

from typing import Final, Protocol, TypeVar

from rollup_node.core.account_leaves import (
    NO_ACCOUNT_RISK,
    NO_DIRECTORY,
    NO_POSITION,
    NO_POSITIONS,
    AccountRisk,
    Directory,
    Hot,
    Position,
    Positions,
    RiskRow,
)
from rollup_node.core.fixed_point import div_down
from rollup_node.core.frame import Frame
from rollup_node.core.layout import (
    POSITIONS_PER_PAGE,
    Opaque,
    account_risk_key,
    directory_key,
    positions_key,
    series_risk_key,
)
from rollup_node.core.market_leaves import Prices, SeriesState, SeriesTerms
from rollup_node.core.option_leaves import NO_SERIES_RISK, SeriesRisk
from rollup_node.core.portfolio import keep_losses, measure_lot, replace_lots
from rollup_node.core.risk import find_model

BUY: Final = 0
SELL: Final = 1
_ROW_MASK: Final = POSITIONS_PER_PAGE - 1
_EXPIRED: Final = 3
_SETTLED: Final = 4
_GENERATIONS: Final = (1 << 16) - 1

_Item = TypeVar("_Item")

_new: Final = tuple.__new__
"""Makes a tuple without the constructor of its class, in half the time: for the hot path."""


def replace_item(items: tuple[_Item, ...], place: int, item: _Item) -> tuple[_Item, ...]:
    """Return a tuple with one item replaced, by a list: faster than by stars or sums."""
    changed = list(items)
    changed[place] = item
    return tuple(changed)


def read_directory(frame: Frame, account: int) -> Directory:
    """Return the list of an account's positions. Source: docs/spec.md S-17."""
    directory: Directory | None = frame.get(directory_key(account))
    return NO_DIRECTORY if directory is None else directory


def read_page(frame: Frame, account: int, number: int) -> Positions:
    """Return the page that holds position `number`. Source: docs/spec.md S-18."""
    page: Positions | None = frame.get(positions_key(account, number))
    return NO_POSITIONS if page is None else page


def find_position(frame: Frame, account: int, series: int) -> tuple[int | None, Position]:
    """Return number and position of an account in a series; (None, empty) if it has none.

    Reads the directory, then the page if there is a position.
    """
    places = read_directory(frame, account)[0]
    if series not in places:
        return None, NO_POSITION
    number = places.index(series)
    return number, read_page(frame, account, number)[0][number & _ROW_MASK]


def free_number(frame: Frame, account: int) -> int | None:
    """Return the first free position number, None if all 128 are taken. Reads the directory."""
    places = read_directory(frame, account)[0]
    return places.index(0) if 0 in places else None


def closable_lots(position: Position, side: int) -> int:
    """Return how many lots an order of `side` may close: a buy closes shorts. Source: O-7."""
    lots = position[1]
    return max(0, -lots) if side == BUY else max(0, lots)


def next_generation(hot: Hot) -> int:
    """Return the generation of a position that opens with the next version of its account.

    Versions count fills, so an older order never matches a newer position (M-2).
    """
    return hot.version + 1 & _GENERATIONS


def apply_fill(
    position: Position, series: int, change: int, price: int, funding_index: int, generation: int
) -> tuple[Position, int]:
    """Return the position after `change` lots (signed, not 0) at `price` µUSDC, and its cash flow.

    Funding is settled first. What closes releases its share of the basis, rounded down; the sum
    of cash and position is exact. A position that opens or changes its sign takes `generation`;
    a closed one is all zero. Source: docs/spec.md M-2.
    """
    _, lots, basis, settled_at, old_generation = position
    cash = lots * (settled_at - funding_index)
    after = lots + change
    if lots == 0 or (lots > 0) == (change > 0):
        kept = old_generation if lots else generation
        basis += change * price
        return _new(Position, (series, after, basis, funding_index, kept)), cash
    size = lots if lots > 0 else -lots
    turned = change if change > 0 else -change
    if turned < size:
        released = div_down(basis * turned, size)
        cash -= change * price + released
        basis -= released
        return _new(Position, (series, after, basis, funding_index, old_generation)), cash
    cash += lots * price - basis
    if after == 0:
        return NO_POSITION, cash
    return _new(Position, (series, after, after * price, funding_index, generation)), cash


def store_position(frame: Frame, account: int, number: int | None, position: Position) -> None:
    """Write a position: in its place, in the first free one if it is new, out if it is closed.

    `number` is None for a new position; there is a free place then (`free_number`).
    """
    closed = position[1] == 0
    if number is None or closed:
        places = read_directory(frame, account)[0]
        number = places.index(0) if number is None else number
        listed = replace_item(places, number, position[0])
        frame.put(directory_key(account), _new(Directory, (listed,)))
    rows = read_page(frame, account, number)[0]
    changed = replace_item(rows, number & _ROW_MASK, position)
    frame.put(positions_key(account, number), _new(Positions, (changed,)))


class Valued(Protocol):
    """A series and the prices it is valued at: what a fill, or a move, knows anyway."""

    @property
    def series(self) -> int:
        """Return its number."""

    @property
    def terms(self) -> SeriesTerms:
        """Return what it is."""

    @property
    def state(self) -> SeriesState:
        """Return what it is worth."""

    @property
    def prices(self) -> Prices:
        """Return the prices of now."""


def replace_contribution(
    frame: Frame,
    account: int,
    hot: Hot,
    market: Valued,
    old: Position,
    new: Position,
) -> tuple[RiskRow, AccountRisk | None]:
    """Return the row of an underlying with one contribution replaced, and its risk leaf.

    Both are valued at the state of the series, which a current row was summed at. A model without
    risk leaf has none (None); else reads the risk of the account, then of the series.
    Source: docs/spec.md M-4, M-13.
    """
    state, prices, underlying = market.state, market.prices, market.terms[1]
    contribute, _, weigh = find_model(hot[3])
    value, initial, maintenance = contribute(new, state)
    old_value, old_initial, old_maintenance = contribute(old, state)
    epoch, count, row_value, row_initial, row_maintenance = hot[11][underlying]
    row = _new(
        RiskRow,
        (
            epoch if count else prices[0][underlying][0],
            count + (new[1] != 0) - (old[1] != 0),
            row_value + value - old_value,
            row_initial + initial - old_initial,
            row_maintenance + maintenance - old_maintenance,
        ),
    )
    if weigh is None:
        return row, None
    risk = read_risk(frame, account, underlying, count)
    risk = shift_risk(frame, market, risk, (old.lots, new.lots))
    return RiskRow(*row[:3], *weigh(risk)), risk


def read_risk(frame: Frame, account: int, underlying: int, positions: int) -> AccountRisk:
    """Return the risk leaf of a row with so many positions: without any it begins anew. S-22."""
    risk: AccountRisk | None = frame.get(account_risk_key(account, underlying))
    return NO_ACCOUNT_RISK if risk is None or positions == 0 else risk


def shift_risk(
    frame: Frame, market: Valued, risk: AccountRisk, lots: tuple[int, int]
) -> AccountRisk:
    """Return the risk of an account whose lots of a series change; reads the risk of the series.

    What is settled moves no more: it adds nothing, and nothing is read. Source: docs/spec.md M-13.
    """
    if market.state.status == _SETTLED:
        return risk
    found: SeriesRisk = frame.get(series_risk_key(market.series)) or NO_SERIES_RISK
    reference = market.prices.rows[market.terms.underlying].reference
    moved = replace_lots(risk, *lots, measure_lot(market.terms, found, reference))
    return keep_losses(risk, moved) if market.state.status == _EXPIRED else moved


def with_row(hot: Opaque, underlying: int, row: RiskRow) -> Hot:
    """Return the hot leaf with another row, and its version one higher. Source: M-4, O-7."""
    (
        reserve, group, flags, mode, protected, orders, dead_ms, interest_ms,
        version, slot_map, slots, rows,
    ) = hot  # fmt: skip
    changed = (
        reserve, group, flags, mode, protected, orders, dead_ms, interest_ms,
        version + 1 & 0xFFFFFFFF, slot_map, slots, replace_item(rows, underlying, row),
    )  # fmt: skip
    return _new(Hot, changed)
