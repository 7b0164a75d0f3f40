"""The worst steps of the match and of the values of accounts, for the provability gate.

Worst means here: everything that a step may read is there and far apart - two debtors with
collateral, positions on their last page, a level that empties and a next one in another corner of
the tick map, protection that is exceeded, and for a refresh 32 series that paid funding.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from rollup_node.core.account_leaves import NO_COLD, ProtectionRow
from rollup_node.core.inputs import ItemHeader
from rollup_node.core.kinds import ItemKind, Phase, RecordKind, StepKind
from rollup_node.core.layout import (
    CREDIT_KEY,
    CURSOR_KEY,
    LEAVE_KEY,
    REFRESH_KEY,
    TOTALS_KEY,
    UNDERLYING_LIMIT,
    cold_key,
    expiry_key,
    hot_key,
    series_key,
    series_risk_key,
    terms_key,
)
from rollup_node.core.leaves import Cursor, Totals
from rollup_node.core.market_leaves import NO_EXPIRY, Credit, PriceRow
from rollup_node.core.task_leaves import NO_REFRESH_ROW, LeaveTask, RefreshRow, RefreshTask
from rollup_node.proof.chain_state import ChainState
from tests.contracts.gate import Case, Gate, Measure
from tests.unit.core.exchange import (
    BUY,
    ETH,
    FUTURE,
    LINEAR_RISK,
    MARK,
    NOW,
    PRICE,
    REDUCE_ONLY_FLAG,
    SELL,
    STATE,
    TERMS,
    USD,
    Exchange,
)

TAKER: Final = 0x15_5555
MAKER: Final = 0x2A_AAAA
_DEBT: Final = -1_000 * USD
_TICK: Final = 0x2_AAAA
_FAR_TICK: Final = 0xF_5555
_LONG_AGO: Final = 1
FRESH: Final = PriceRow(7, NOW, PRICE, PRICE, NOW, 0)


def _exchange(mode: int = 0) -> Exchange:
    """Return an exchange with two debtors and a future."""
    world = Exchange()
    for account in (TAKER, MAKER):
        world.open(account, _DEBT, 100 * 10**18, interest_ms=_LONG_AGO, mode=mode)
    world.state[CREDIT_KEY] = Credit(0, -2 * _DEBT, 10**15)
    world.state[terms_key(FUTURE)] = TERMS._replace(
        kind=3, book=31, expiry_slot=15, maker_fee_ppm=100, unit=MARK // _TICK
    )
    world.state[series_key(FUTURE)] = STATE
    world.state[series_risk_key(FUTURE)] = LINEAR_RISK
    world.state[expiry_key(ETH, 15)] = NO_EXPIRY._replace(expiry_at=NOW)
    return world


def crowded(world: Exchange, account: int, count: int) -> None:
    """Give an account `count` positions in series of their own."""
    for number in range(count):
        series = 4_095 - 31 * number
        world.state[terms_key(series)] = TERMS._replace(underlying=number & 1)
        world.state[series_key(series)] = STATE
        world.state[series_risk_key(series)] = LINEAR_RISK
        world.hold(account, 1, MARK, series=series, number=number)


def take_worst(mode: int = 0) -> Exchange:
    """Let a taker fill the only order of a level, whose owner is swept for it."""
    world = _exchange(mode)
    for account in (TAKER, MAKER):
        crowded(world, account, 120)
    return _meet(world)


def take_reducing(mode: int = 0) -> Exchange:
    """Let both sides close a part of what they hold, which paid funding, and nothing else."""
    world = _exchange(mode)
    for account, lots in ((TAKER, -500), (MAKER, 500)):
        crowded(world, account, 120)
        world.hold(account, lots, lots * MARK, series=FUTURE, number=127)
    world.set_series(FUTURE, funding_index=77)
    return _meet(world, flags=REDUCE_ONLY_FLAG, generation=1)


def _meet(world: Exchange, flags: int = 0, generation: int = 0) -> Exchange:
    """Let the maker have the best level for itself, and protection that one fill exceeds."""
    world.state[hot_key(MAKER)] = world.hot(MAKER)._replace(protected=255)
    world.state[cold_key(MAKER)] = NO_COLD._replace(protections=(ProtectionRow(1, 1, 0, 0),) * 8)
    world.rest(MAKER, SELL, _FAR_TICK, 5, series=FUTURE, slot=9)
    terms = {"series": FUTURE, "generation": generation}
    world.rest(MAKER, SELL, _TICK, 50, slot=1_000, flags=SELL | flags, **terms)
    world.fly(TAKER, BUY, _FAR_TICK, 60, flags=BUY | flags, **terms)
    return world


def take_failing_maker(mode: int = 0) -> Exchange:
    """Let the maker fail, and forfeit its reserve."""
    world = take_worst(mode)
    world.open(MAKER, _DEBT, 1, interest_ms=_LONG_AGO, **_kept(world))
    return world


def _kept(world: Exchange) -> dict[str, Any]:
    hot = world.hot(MAKER)
    names = ("mode", "reserve", "open_orders", "slot_map", "slots", "rows", "protected")
    return {name: getattr(hot, name) for name in names}


def refresh_worst(start: int = 96, apart: int = 1, mode: int = 0) -> Exchange:
    """Revalue the last 32 of an account's positions, all of which paid funding.

    `apart` places from each other, from place `start` on: 4 apart they lie on all sixteen pages.
    Under portfolio margin they are short options in all underlyings, whose sums go on.
    """
    world = _exchange(mode)
    spread = (UNDERLYING_LIMIT if mode else 2) - 1
    for underlying in range(spread + 1):
        world.set_prices(underlying, **FRESH._asdict())
    for number in range(0, 128, apart):
        series = 4_095 - 31 * number
        kind = 4 + (series & 1) if mode else 2
        terms = TERMS._replace(underlying=number >> 2 & spread, kind=kind, expiry_slot=number & 15)
        world.state[terms_key(series)] = terms
        world.state[series_key(series)] = STATE
        world.state[series_risk_key(series)] = LINEAR_RISK
        world.hold(TAKER, 1 - 2 * mode, MARK, series=series, number=number)
        world.set_series(series, funding_index=7 + number)
    world.set_prices(ETH, epoch=8)
    sums = RefreshRow(3, 0, 0, 0) if mode else NO_REFRESH_ROW
    world.state[REFRESH_KEY] = RefreshTask(TAKER, start, Phase.TAKE, (sums,) * 8)
    world.set_phase(Phase.REFRESH)
    return world


def leave_worst() -> Exchange:
    """Withdraw collateral that carries debt, positions and reserves."""
    world = _exchange()
    crowded(world, TAKER, 2)
    world.state[LEAVE_KEY] = LeaveTask(RecordKind.WITHDRAW, TAKER, 1, 10**15, b"\xff" * 20)
    world.set_phase(Phase.LEAVE)
    return world


def leave_cash() -> Exchange:
    """Withdraw cash while there is a deficit, all but what collateral must carry."""
    world = leave_worst()
    world.open(TAKER, 1_000 * USD, 10**17)
    crowded(world, TAKER, 2)
    world.state[hot_key(TAKER)] = world.hot(TAKER)._replace(reserve=100 * USD)
    world.state[CREDIT_KEY] = Credit(1 << 90, 1 << 90, 1 << 94)
    world.state[LEAVE_KEY] = LeaveTask(RecordKind.WITHDRAW, TAKER, 0, 999 * USD, b"\xff" * 20)
    return world


def transfer_worst() -> Exchange:
    """Transfer cash, all but what collateral must carry, to a debtor."""
    world = leave_cash()
    target = MAKER.to_bytes(20, "big")
    world.state[LEAVE_KEY] = LeaveTask(RecordKind.TRANSFER, TAKER, 0, 999 * USD, target)
    return world


def worlds() -> Iterator[tuple[str, Callable[[], Exchange]]]:
    """Yield every worst case by name."""
    yield "fill, swept", take_worst
    yield "fill, swept, reduce-only", take_reducing
    yield "maker fails", take_failing_maker
    yield "32 positions on 4 pages", refresh_worst
    yield "32 positions on 16 pages", lambda: refresh_worst(0, 4)
    for take in (take_worst, take_reducing, take_failing_maker):
        yield f"{take.__name__}, portfolio margin", partial(take, 1)
    yield "32 positions on 4 pages, portfolio margin", partial(refresh_worst, 96, 1, 1)
    yield "32 positions on 16 pages, portfolio margin", partial(refresh_worst, 0, 4, 1)
    yield "withdrawal of collateral", leave_worst
    yield "withdrawal of cash", leave_cash
    yield "transfer to a debtor", transfer_worst


class TaskGate(Gate):
    """The gate for steps of tasks, which read no record."""

    def __init__(self) -> None:
        super().__init__()
        self.world = Exchange()

    def measure_task(self, name: str, world: Exchange) -> Measure:
        """Prove the next step of an exchange whose machine is in the middle of a task."""
        self.world = world
        return self.measure(Case(name, None), ItemKind.CALLDATA)

    def _state(self, _case: Case, header: ItemHeader) -> ChainState:
        cursor: Any = self.world.state[CURSOR_KEY]
        place = Cursor(
            len(self.court.items) - 2,
            header.byte_length,
            header.delayed_count,
            header.fast_count,
            1 << 39,
            cursor.time_ms,
            cursor.phase,
            0,
        )
        state = ChainState()
        state.commit(self.world.state)
        state.commit({CURSOR_KEY: place, TOTALS_KEY: Totals((1 << 95, (1 << 96) - 1, 0, 0))})
        return state


def run() -> dict[StepKind, list[Measure]]:
    """Measure every case."""
    gate = TaskGate()
    found: dict[StepKind, list[Measure]] = {}
    for name, make in worlds():
        measure = gate.measure_task(name, make())
        found.setdefault(measure.kind, []).append(measure)
    return found
