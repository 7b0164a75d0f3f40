"""The worst records and tasks of the exchange, for the provability gate.

Worst means here: an order that stands alone on its level, in a word of its own, whose
neighbour is in another corner of the book; a session key; a child account; a debtor with collateral
and a position on its last page; a future; client slots in a leaf of their own; 8 signatures.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from rollup_node.codec.admin import encode_admin
from rollup_node.codec.delayed import encode_forced
from rollup_node.codec.eip712 import digest, report_digest
from rollup_node.codec.records import encode_open, encode_record
from rollup_node.codec.signature import address_of, sign
from rollup_node.core.account_leaves import NO_COLD, SessionKey
from rollup_node.core.accounts import OPENING_USDC
from rollup_node.core.flags import CHILD_FLAG, POST_ONLY_FLAG, REDUCE_ONLY_FLAG
from rollup_node.core.inputs import (
    CancelAll,
    CancelOrder,
    DelayedMessage,
    ForwardReport,
    Freeze,
    ItemHeader,
    Leg,
    MassQuote,
    MovePosition,
    OpenAccount,
    PlaceOrder,
    PriceReport,
    Prune,
    Pull,
    PullFast,
    ReplaceOrder,
    SetDeadMan,
    SetGuardian,
    SetKey,
    SetMode,
    SetProtection,
    SignedTransaction,
    Trigger,
)
from rollup_node.core.kinds import ItemKind, MessageKind, Phase, StepKind
from rollup_node.core.layout import (
    CREDIT_KEY,
    CURSOR_KEY,
    MAX_FORCED_BYTES,
    POOLS_KEY,
    PRICE_TASK_KEY,
    PUBLISHERS_KEY,
    QUOTE_KEY,
    SWEEP_KEY,
    TOTALS_KEY,
    balances_key,
    cold_key,
    expiry_key,
    hot_key,
    owner_key,
    series_key,
    series_list_key,
    series_risk_key,
    session_key_key,
    terms_key,
    underlying_key,
)
from rollup_node.core.leaves import Balances, Cursor, Owner, Totals
from rollup_node.core.market_leaves import (
    NO_EXPIRY,
    Credit,
    Pools,
    Publishers,
    SeriesList,
    Underlying,
)
from rollup_node.core.markets import DelistSeries, ListSeries, PayFees, SetExpiry, SetTerms
from rollup_node.core.task_leaves import NO_LEG, PriceTask, QuoteLeg, QuoteTask, SweepTask
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.hashing import keccak
from tests.contracts.gate import Case, Gate, Measure
from tests.contracts.gate_match import MAKER, TAKER
from tests.unit.core.exchange import (
    BUY,
    ETH,
    FUTURE,
    LINEAR_RISK,
    MARK,
    NOW,
    PERP,
    SELL,
    STATE,
    TERMS,
    USD,
    Exchange,
)

_KEY: Final = b"\x5a" * 32
_OWNER: Final = address_of(_KEY)
KEYS: Final = tuple(sorted((keccak(bytes((n,))) for n in range(8)), key=address_of))
_NONCE: Final = NOW - 7
_HIGH: Final = NOW - 3
_USED: Final = (1 << 192) - 1 ^ 1 << 4
_FAR: Final = 0xF_5555
_TICK: Final = 0x2_AAAA
_SLOT: Final = 1_000
_TAG: Final = 9
_OLDER: Final = {"generation": 2}
_TYPICAL: Final = {"fee_cap_ppm": 9_999, "tag": _TAG}


def _world(mode: int = 0) -> Exchange:
    """Return debtors of one owner, with positions on their last page, and a future of wide band."""
    world = Exchange()
    world.state[CREDIT_KEY] = Credit(0, 2_000 * USD, 10**15)
    terms = TERMS._replace(
        kind=3, book=31, expiry_slot=15, unit=MARK // _TICK, band_ppm=(1 << 32) - 1
    )
    world.state[terms_key(FUTURE)] = terms
    world.state[series_key(FUTURE)] = STATE
    world.state[series_risk_key(FUTURE)] = LINEAR_RISK
    world.state[expiry_key(ETH, 15)] = NO_EXPIRY._replace(expiry_at=NOW)
    world.state[PUBLISHERS_KEY] = Publishers(8, tuple(address_of(key) for key in KEYS))
    for account in (TAKER, MAKER):
        world.open(account, -1_000 * USD, 100 * 10**18, interest_ms=1, mode=mode)
        world.state[owner_key(account)] = Owner(_OWNER, _HIGH, _USED)
        key = SessionKey(_OWNER, 15, 255, NOW + 10**6, (1 << 64) - 1, _HIGH, _USED)
        world.state[session_key_key(account, 3)] = key
        world.state[cold_key(account)] = NO_COLD._replace(series=FUTURE, guardian=_OWNER)
        for number in range(120):
            series = 4_095 - 31 * number
            world.state[terms_key(series)] = TERMS
            world.state[series_key(series)] = STATE
            world.state[series_risk_key(series)] = LINEAR_RISK
            world.hold(account, 1, MARK, series=series, number=number)
        world.hold(account, 9_000, 9_000 * MARK, series=FUTURE, number=127)
        world.state[hot_key(account)] = world.hot(account)._replace(flags=CHILD_FLAG)
    return world


def _alone(world: Exchange, slot: int = _SLOT, **fields: Any) -> int:
    """Let an order stand alone in its corner of the book, another one in the other corner."""
    world.rest(MAKER, SELL, _FAR, 5, series=FUTURE, slot=9, **_TYPICAL)
    fields = {"flags": SELL | REDUCE_ONLY_FLAG, "generation": 1, "key": 3, **_TYPICAL, **fields}
    return world.rest(TAKER, SELL, _TICK, 50, series=FUTURE, slot=slot, **fields)


def _order(**terms: int) -> PlaceOrder:
    order = PlaceOrder(
        account=TAKER, key=3, series=FUTURE, side=SELL, kind=0, time_in_force=1, post_only=1,
        reduce_only=0, self_trade=0, price=_TICK + 0x1_1111, quantity=50, trigger=0,
        expiry=NOW // 1_000 + 9, max_fee=9_999, slot=_SLOT + 10, nonce=_NONCE,
    )  # fmt: skip
    return order._replace(**terms)


def _quote() -> MassQuote:
    legs = tuple(Leg(FUTURE, SELL, 1_023 - n, _FAR - n, 1 << 20) for n in range(20))
    return MassQuote(TAKER, 3, 9_999, legs, _NONCE)


def _signed_records() -> Iterator[tuple[str, Any, bool | dict[str, int]]]:
    """Yield records of accounts, and whether an order stands alone before, or as what."""
    yield "rests", _order(), True
    yield "rests, reduce-only", _order(reduce_only=1), True
    yield "trigger", _order(kind=2, trigger=0xA_AAAA, side=BUY, post_only=0, price=0xB_AAAA), True
    yield "crosses", _order(side=BUY, post_only=0, price=_FAR), True
    yield "alone", CancelOrder(TAKER, 3, _SLOT, _TAG, _NONCE), True
    yield "sweep", CancelAll(TAKER, 3, 2, FUTURE, _NONCE), True
    yield "moves", ReplaceOrder(TAKER, 3, _SLOT, _TAG, 0xA_AAAA, 400, _NONCE), True
    moved = ReplaceOrder(TAKER, 3, _SLOT, _TAG, 0xA_AAAA, 400, _NONCE)
    yield "moves, reduce-only", moved, {"flags": SELL | REDUCE_ONLY_FLAG, "generation": 1}
    yield "20 legs", _quote(), True
    yield "child", OpenAccount(TAKER, FUTURE, _NONCE), False
    yield "key", SetKey(TAKER, 3, _OWNER, 15, 255, NOW + 10**9, (1 << 64) - 1, _NONCE), False
    yield "owner", Freeze(TAKER, 0, 1, _NONCE), False
    yield "by the guardian", Freeze(TAKER, 255, 1, _NONCE), False
    yield "guardian", SetGuardian(TAKER, b"\xff" * 20, _NONCE), False
    yield "limit", SetProtection(TAKER, 3, 7, (1 << 32) - 1, 86_400_000, _NONCE), False
    yield "time", SetDeadMan(TAKER, 3, (1 << 48) - 1, _NONCE), False
    yield "half", MovePosition(TAKER, MAKER, FUTURE, 4_000, _NONCE), False
    yield "whole", MovePosition(TAKER, MAKER, FUTURE, 9_000, _NONCE), False
    yield "model", SetMode(TAKER, 3, 1, _NONCE), False
    yield "to a child", MovePosition(TAKER, MAKER, FUTURE, 8_999, _NONCE), True


def _free(world: Exchange) -> Exchange:
    """Let the accounts be no children, so that they may move and open."""
    for account in (TAKER, MAKER):
        world.state[hot_key(account)] = world.hot(account)._replace(flags=0)
    return world


def _report_cases(domain: bytes) -> Iterator[tuple[str, bytes, Exchange]]:
    for name, price, lead in (("reprice", 2_050, 0), ("jump", 4_000, 1)):
        world = _world()
        world.state[underlying_key(ETH)] = Underlying(1, 5, 7, 0)
        world.set_prices(ETH, priced_ms=NOW - 1_000, index_ms=NOW - 1)
        report = PriceReport(ETH, (1 << 64) - 1, NOW + lead, price * USD, 20_000, ())
        yield name, by_publishers(domain, report), world
    world = _world()
    world.state[underlying_key(ETH)] = Underlying(1, 5, 7, 0)
    report_f = ForwardReport(ETH, 15, NOW, (1 << 64) - 1, NOW, 10**6, ())
    world.state[expiry_key(ETH, 15)] = NO_EXPIRY._replace(expiry_at=NOW)
    yield "forward", by_publishers(domain, report_f), world


def by_publishers(domain: bytes, report: Any) -> bytes:
    hashed = report_digest(domain, report)
    signatures = tuple(sign(hashed, key) for key in KEYS)
    return encode_open(report._replace(signatures=signatures))


def _tasks() -> Iterator[tuple[str, Callable[[], Exchange]]]:
    yield "leg moves", _leg
    yield "sweep alone", _sweep
    yield "sample, 16 levels", _sample
    yield "reprice", _reprice
    yield "end of an epoch", _end_of_epoch


def _leg() -> Exchange:
    world = _world()
    _alone(world)
    legs = (QuoteLeg(FUTURE, SELL, _SLOT, 0xA_AAAA, 400), *(NO_LEG,) * 19)
    world.state[QUOTE_KEY] = QuoteTask(TAKER, 3, 9_999, 5, 1, 0, legs)
    world.set_phase(Phase.LEG)
    return world


def _sweep() -> Exchange:
    world = _world()
    _alone(world)
    world.rest(TAKER, SELL, 0xC_CCCC, 50, series=FUTURE, slot=1_023)
    world.state[SWEEP_KEY] = SweepTask(TAKER, 1, ETH, 16, 0, Phase.IDLE)
    world.set_phase(Phase.SWEEP)
    return world


def _listed(world: Exchange, *series: int) -> Exchange:
    world.state[series_list_key(ETH)] = SeriesList((*(0,) * (16 - len(series)), *series))
    return world


def _sample() -> Exchange:
    """Look for the perpetual behind 15 futures, then walk 16 levels, all far from each other."""
    others = tuple(range(17, 32))
    world = _listed(_world(), *others, PERP)
    for series in others:
        world.state[terms_key(series)] = TERMS._replace(kind=3, book=series)
    world.set_terms(PERP, unit=1, impact_notional=(1 << 64) - 1, book=1)
    for number in range(16):
        tick = 0x1_0000 * number + 0x0_AAAA + 0x111 * number
        world.rest(TAKER, BUY, tick, 10, slot=100 + 8 * number)
    world.state[PRICE_TASK_KEY] = PriceTask(0, 1, ETH, 0, 0, 0, Phase.IDLE, 0)
    world.set_phase(Phase.SAMPLE)
    return world


def _reprice() -> Exchange:
    world = _listed(_world(), FUTURE)
    world.state[PRICE_TASK_KEY] = PriceTask(255, 255, ETH, 0, 0, 0, Phase.IDLE, 0)
    world.set_phase(Phase.REPRICE)
    return world


def _end_of_epoch() -> Exchange:
    world = _listed(_world(), FUTURE)
    world.state[PRICE_TASK_KEY] = PriceTask(255, 255, ETH, 16, 0, 0, Phase.IDLE, 0)
    world.set_phase(Phase.REPRICE)
    return world


def _left_over() -> Exchange:
    """Let a drain have stopped in the last of sixteen series."""
    world = _listed(_world(), *range(16, 32))
    for series in range(16, 32):
        world.state[terms_key(series)] = TERMS._replace(book=series)
        world.state[series_key(series)] = STATE._replace(triggers=9, low=5, high=5)
    world.set_series(31, high=6)
    return world


def _admin() -> Iterator[tuple[str, Any]]:
    terms = TERMS._replace(book=20)
    yield "list", ListSeries(20, terms)
    yield "terms", SetTerms(PERP, TERMS._replace(taker_fee_ppm=600))
    yield "delist", DelistSeries(PERP)
    yield "pay a debtor", PayFees(TAKER, 1)
    yield "date beside 16 series", SetExpiry(ETH, 15, (1 << 40) - 1)


class ExchangeGate(Gate):
    """The gate for states of the exchange."""

    def __init__(self) -> None:
        super().__init__()
        self.world = Exchange()

    def prove_case(self, case: Case, world: Exchange) -> Measure:
        """Prove one case, in the dearer kind of data."""
        self.world = world
        kinds = (ItemKind.CALLDATA, ItemKind.BLOB) if case.record else (ItemKind.CALLDATA,)
        return max((self.measure(case, kind) for kind in kinds), key=lambda m: m.gas)

    def _state(self, case: Case, header: ItemHeader) -> ChainState:
        state = super()._state(case, header)
        base: Any = state.get(CURSOR_KEY)
        old: Any = self.world.state[CURSOR_KEY]
        offset = header.byte_length if case.record is None else base.offset
        state = ChainState()
        state.commit(self.world.state)
        cursor = Cursor(
            base.item, offset, base.delayed, base.fast, 1 << 39, old.time_ms, old.phase, 0
        )
        state.commit({CURSOR_KEY: cursor, TOTALS_KEY: Totals((1 << 95, (1 << 96) - 1, 0, 0))})
        return state


def _record_cases(gate: ExchangeGate) -> Iterator[tuple[Case, Exchange]]:
    domain = gate.machine.domain
    for name, record, alone in _signed_records():
        world = _world() if alone else _free(_world())
        if alone:
            post_only = {"flags": SELL | POST_ONLY_FLAG, "generation": 0}
            _alone(world, **(alone if isinstance(alone, dict) else post_only))
        if isinstance(record, SetMode):
            world.open(TAKER, 0)
            world.state[owner_key(TAKER)] = Owner(_OWNER, _HIGH, _USED)
        if isinstance(record, OpenAccount):
            world.state[balances_key(TAKER)] = Balances((OPENING_USDC, 100 * 10**18, 0, 0))
        signed = SignedTransaction(record, sign(digest(domain, record), _KEY))
        yield Case(name, encode_record(signed)), world
        body = encode_forced(record)
        if len(body) <= MAX_FORCED_BYTES:
            yield _forced(name, body), world
    record = MovePosition(TAKER, MAKER, FUTURE, 8_999, _NONCE)
    signed = SignedTransaction(record, sign(digest(domain, record), _KEY))
    yield Case("of a portfolio to a portfolio", encode_record(signed)), _free(_world(1))
    for name, body, world in _report_cases(domain):
        yield Case(name, body), world
        yield _fast(name, body), world
    for name, fields in (("expired", {"expiry_at": 1}), ("of an older position", _OLDER)):
        world = _world()
        prune = encode_open(Prune(_alone(world, **fields)))
        yield Case(name, prune), world
        yield _forced(name, prune), world
    trigger = encode_open(Trigger(ETH))
    yield Case("left over", trigger), _left_over()
    yield _fast("left over", trigger), _left_over()


def _forced(name: str, body: bytes) -> Case:
    """Return the case of a message of the delayed queue."""
    message = DelayedMessage(MessageKind.FORCED_TRANSACTION, _OWNER, 9, body)
    return Case(f"{name}, by force", encode_record(Pull()), message)


def _fast(name: str, body: bytes) -> Case:
    """Return the case of a message of the fast queue."""
    message = DelayedMessage(MessageKind.FAST, _OWNER, NOW // 1_000, body)
    return Case(f"{name}, by the fast queue", encode_record(PullFast()), fast=message)


def _message_cases() -> Iterator[tuple[Case, Exchange]]:
    for name, message in _admin():
        others = range(16, 31) if isinstance(message, SetExpiry) else ()
        world = _free(_listed(_world(), *others, PERP))
        for series in others:
            world.state[terms_key(series)] = TERMS._replace(book=series)
        world.state[underlying_key(ETH)] = Underlying(1, 5, 7, 0)
        world.state[POOLS_KEY] = Pools(1 << 100, (1 << 100,) * 8)
        sent = DelayedMessage(MessageKind.ADMIN, _OWNER, 9, encode_admin(message))
        yield Case(name, encode_record(Pull()), sent), world


def run() -> dict[StepKind, list[Measure]]:
    """Measure every case."""
    gate = ExchangeGate()
    found: dict[StepKind, list[Measure]] = {}
    cases = [*_record_cases(gate), *_message_cases()]
    cases += [(Case(name, None), make()) for name, make in _tasks()]
    for case, world in cases:
        measure = gate.prove_case(case, world)
        found.setdefault(measure.kind, []).append(measure)
    return found
