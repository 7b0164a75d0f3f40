"""What tests of covered sales share: an arena with who sells and who buys."""

from typing import Any

from rollup_node.core.inputs import StartSale
from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import (
    sales_key,
    terms_key,
)
from rollup_node.core.option_leaves import NO_PLACE, SalePlace
from rollup_node.core.positions import find_position
from rollup_node.core.reason import Reason
from rollup_node.core.sale_prices import price_sale
from tests.property.arena import (
    BUY,
    ETH,
    IOC,
    OPTIONS,
    OPTIONS_AT,
    owner_of,
)
from tests.unit.core.pit import RICH, Pit

CALL, PUT, HIGH, HIGH_PUT = OPTIONS
WRITER, TAKER, OTHER = 1, 2, 3
ETHER = 10**18


def sale(account: int = WRITER, **terms: int) -> StartSale:
    """Return a sale of calls near the money from 150 % of the mark to 50 %, in an hour."""
    record = StartSale(account, ETH, 1, OPTIONS_AT, 500_000, 600, 1_500_000, 500_000, 3_600, 1_000)
    return record._replace(**terms)


def offer(pit: Pit, account: int = WRITER, **terms: int) -> Reason:
    """Begin a sale by a message, then a new block."""
    reason = pit.force(sale(account, **terms), owner_of(account))
    assert pit.steps[-1].kind is StepKind.SALE
    pit.seal()
    return reason


def places(pit: Pit, series: int = CALL) -> tuple[SalePlace, ...]:
    leaf = pit.leaf(sales_key(series))
    return leaf.places if leaf is not None else (NO_PLACE,) * 4


def ask(pit: Pit, series: int = CALL, number: int = 0) -> int:
    """Return the tick that a place asks now."""
    found = places(pit, series)[number]
    return price_sale(found, pit.leaf(terms_key(series)), pit.series(series).mark, pit.now())


def buy(pit: Pit, tick: int, lots: int, account: int = TAKER, **terms: int) -> Reason:
    """Buy calls at most at a tick, at once; return the reason of the last step."""
    terms = {"series": CALL, "time_in_force": IOC, **terms}
    assert pit.send(pit.order(account, BUY, tick, lots, **terms)) is Reason.OK
    return pit.steps[-1].reason


def lots_of(pit: Pit, account: int, series: int = CALL) -> int:
    return find_position(pit.state, account, series)[1].lots  # type: ignore[arg-type]


def change(pit: Pit, key: Any, **fields: Any) -> None:
    pit.state[key] = pit.leaf(key)._replace(**fields)


def change_place(pit: Pit, series: int, number: int, **fields: int) -> None:
    found = list(places(pit, series))
    found[number] = found[number]._replace(**fields)
    change(pit, sales_key(series), places=tuple(found))


def open_pit() -> Pit:
    """Return an arena where 1 holds ten ether, and 1, 2, 3 are rich."""
    pit = Pit(a1=RICH, a2=RICH, a3=RICH)
    assert pit.deposit(WRITER, 1, 10 * ETHER) is Reason.OK
    pit.seal()
    return pit
