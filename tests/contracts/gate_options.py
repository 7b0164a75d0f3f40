"""The worst steps of options, for the provability gate.

Worst means here: eight signatures, all sixteen dates with volatilities so that the dates beside the
one reported are read, a full board and series list; a strike whose date is the last one, far from
the place where the task stands; a taker and a maker in the corners of a book of options.
"""

from collections.abc import Iterator
from typing import Any, Final

from rollup_node.codec.admin import encode_admin
from rollup_node.codec.delayed import encode_forced
from rollup_node.codec.records import encode_open, encode_record
from rollup_node.codec.signature import address_of
from rollup_node.core.inputs import (
    DelayedMessage,
    DelistStrike,
    ListExpiry,
    ListStrike,
    Pull,
    Settle,
    SurfaceReport,
)
from rollup_node.core.kinds import MessageKind, Phase, StepKind
from rollup_node.core.layout import (
    EXPIRIES,
    POOLS_KEY,
    PRICE_TASK_KEY,
    PUBLISHERS_KEY,
    STRIKES_PER_EXPIRY,
    board_key,
    expiry_key,
    grid_key,
    option_dates_key,
    option_rules_key,
    series_key,
    series_list_key,
    series_risk_key,
    terms_key,
    underlying_key,
)
from rollup_node.core.market_leaves import (
    NO_EXPIRY,
    Pools,
    Publishers,
    SeriesList,
    SettlementGrid,
    Underlying,
)
from rollup_node.core.markets import SetExpiry, SetOptionRules
from rollup_node.core.option_leaves import (
    NO_SERIES_RISK,
    NO_STRIKE,
    Board,
    OptionDates,
    OptionRules,
    StrikeRow,
)
from rollup_node.core.task_leaves import PriceTask
from rollup_node.devnet.markets import OPTION_RULES, smile
from tests.contracts.gate import Case, Measure
from tests.contracts.gate_exchange import KEYS, ExchangeGate, by_publishers
from tests.contracts.gate_match import TAKER
from tests.unit.core.exchange import ETH, NOW, PRICE, STATE, TERMS, USD, Exchange

_LAST: Final = EXPIRIES - 1
_DAY: Final = 86_400
_AT: Final = NOW // 1_000 + 10 * _DAY
_OWNER: Final = address_of(KEYS[0])
_FAR_CALL: Final = 4_094
_STRIKE: Final = 2_000 * USD
_RULES: Final[OptionRules] = OPTION_RULES._replace(strike_range_ppm=999_999)
_LIST: Final = tuple(range(16, 32))
_HUGE: Final = (1 << 64) - 1


def _world() -> Exchange:
    """Return sixteen dates with volatilities, the last of them with a full board but one."""
    world = Exchange()
    state = world.state
    state[PUBLISHERS_KEY] = Publishers(8, tuple(address_of(key) for key in KEYS))
    state[POOLS_KEY] = Pools(1 << 100, (1 << 100,) * 8)
    state[underlying_key(ETH)] = Underlying(1, 5, 7, 0)
    state[option_rules_key(ETH)] = _RULES
    state[series_list_key(ETH)] = SeriesList(_LIST)
    for series in _LIST:
        state[terms_key(series)] = TERMS._replace(kind=3, book=series, expiry_slot=1)
    for slot in range(EXPIRIES):
        at = _AT + (slot - _LAST // 2) * _DAY
        state[expiry_key(ETH, slot)] = NO_EXPIRY._replace(expiry_at=at, forward=USD)
        row = StrikeRow(3_000 + 2 * slot, _STRIKE)
        state[board_key(ETH, slot)] = Board(NOW, smile(6_000), (NO_STRIKE,) * 31 + (row,))
    rows = tuple(StrikeRow(2_100 + 2 * n, (1_050 + n) * USD) for n in range(31))
    state[board_key(ETH, _LAST)] = Board(NOW, smile(6_000), (*rows, NO_STRIKE))
    state[option_dates_key(ETH)] = OptionDates((1 << EXPIRIES) - 1, 46)
    world.open(TAKER, 10**12)
    return world


def _with_pair(world: Exchange, **state: int) -> Exchange:
    """Let call and put of the far strike exist, with a risk array of an older epoch."""
    for series in (_FAR_CALL, _FAR_CALL + 1):
        kind = 4 + (series & 1)
        terms = TERMS._replace(kind=kind, expiry_slot=_LAST, book=series, strike=_STRIKE)
        world.state[terms_key(series)] = terms
        world.state[series_key(series)] = STATE._replace(**state)
        world.state[series_risk_key(series)] = NO_SERIES_RISK._replace(epoch=3)
    return world


def _surface(domain: bytes) -> tuple[bytes, Exchange]:
    """Report the date in the midst, all of whose neighbours have volatilities."""
    middle = EXPIRIES // 2
    world = _world()
    board: Any = world.state[board_key(ETH, middle)]
    world.state[board_key(ETH, middle)] = board._replace(surface_ms=0)
    report = SurfaceReport(
        ETH, middle, _AT + (middle - _LAST // 2) * _DAY, _HUGE, NOW, -USD, smile(6_000), ()
    )
    return by_publishers(domain, report), world


def _records() -> Iterator[tuple[str, Any, Exchange]]:
    world = _world()
    world.state[expiry_key(ETH, 0)] = NO_EXPIRY._replace(expiry_at=NOW // 1_000 - 9)
    board: Any = world.state[board_key(ETH, 0)]
    world.state[board_key(ETH, 0)] = board._replace(strikes=(NO_STRIKE,) * STRIKES_PER_EXPIRY)
    yield "date", ListExpiry(ETH, 0, 1_065_600), world
    world = _with_pair(_world(), status=0)
    yield "last place", ListStrike(ETH, _LAST, 2_050 * USD, _FAR_CALL), world
    world = _with_pair(_world())
    board = world.state[board_key(ETH, _LAST)]
    rows = (*board.strikes[:31], StrikeRow(_FAR_CALL, _STRIKE))
    world.state[board_key(ETH, _LAST)] = board._replace(strikes=rows)
    world.state[expiry_key(ETH, _LAST)] = NO_EXPIRY._replace(expiry_at=NOW // 1_000)
    yield "delist", DelistStrike(_FAR_CALL), world


def reprice_worst() -> Exchange:
    """Stand after the last strike of a date: the next one is the last place of the last date."""
    world = _with_pair(_world())
    row = StrikeRow(_FAR_CALL, _STRIKE)
    world.state[board_key(ETH, _LAST)] = Board(NOW, smile(6_000), (NO_STRIKE,) * 31 + (row,))
    world.state[option_dates_key(ETH)] = OptionDates(1 | 1 << _LAST, 2)
    world.state[board_key(ETH, 0)] = Board(NOW, smile(6_000), (NO_STRIKE,) * 32)
    world.state[PRICE_TASK_KEY] = PriceTask(255, 255, ETH, 1, 0, 0, Phase.IDLE, 0)
    world.set_phase(Phase.STRIKE)
    return world


def _end() -> Exchange:
    world = _world()
    world.state[PRICE_TASK_KEY] = PriceTask(255, 255, ETH, 512, 1, 0, Phase.IDLE, 0)
    world.set_phase(Phase.STRIKE)
    return world


def _settle() -> Exchange:
    """Settle the put of an account on its last page, by sixty prices."""
    world = _with_pair(_world(), status=3)
    world.state[expiry_key(ETH, _LAST)] = NO_EXPIRY._replace(expiry_at=NOW // 1_000 - 1_800)
    prices = tuple(PRICE - n if n % 3 else 0 for n in range(60))
    world.state[grid_key(ETH, _LAST)] = SettlementGrid(NOW // 1_000 - 1_800, prices)
    world.hold(TAKER, 9_000, 9_000 * USD, series=_FAR_CALL + 1, number=127)
    return world


def _by_force(name: str, record: Any) -> Case:
    message = DelayedMessage(MessageKind.FORCED_TRANSACTION, _OWNER, 9, encode_forced(record))
    return Case(f"{name}, by force", encode_record(Pull()), message)


def _governor(name: str, message: Any) -> Case:
    sent = DelayedMessage(MessageKind.ADMIN, _OWNER, 9, encode_admin(message))
    return Case(name, encode_record(Pull()), sent)


def _cases(gate: ExchangeGate) -> Iterator[tuple[Case, Exchange]]:
    body, world = _surface(gate.machine.domain)
    yield Case("surface", body), world
    settle = Settle(TAKER, _FAR_CALL + 1)
    for name, record, world in (*_records(), ("put", settle, _settle())):
        yield Case(name, encode_open(record)), world
        yield _by_force(name, record), world
    yield _governor("rules", SetOptionRules(ETH, _RULES)), _world()
    yield _governor("date beside a full board", SetExpiry(ETH, _LAST, 1 << 40)), _world()
    yield Case("strike", None), reprice_worst()
    yield Case("end of the strikes", None), _end()


def run() -> dict[StepKind, list[Measure]]:
    """Measure every case."""
    gate = ExchangeGate()
    found: dict[StepKind, list[Measure]] = {}
    for case, world in _cases(gate):
        measure = gate.prove_case(case, world)
        found.setdefault(measure.kind, []).append(measure)
    return found
