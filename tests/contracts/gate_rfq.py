"""The worst combos, for the provability gate.

Worst means here: eight options of eight dates, far from each other; two debtors with collateral,
session keys and all other positions taken, under portfolio margin; new positions on eight pages
of their own, or old ones that close, after funding. A combo by force has as many legs as fit.
"""

from collections.abc import Iterator
from typing import Any, Final

from rollup_node.codec.delayed import encode_forced
from rollup_node.codec.eip712 import digest, quote_digest
from rollup_node.codec.records import encode_record
from rollup_node.codec.signature import address_of, sign
from rollup_node.core.account_leaves import SessionKey
from rollup_node.core.inputs import (
    DelayedMessage,
    ExecuteRfq,
    Pull,
    RfqLeg,
    RfqQuote,
    SignedTransaction,
)
from rollup_node.core.kinds import MessageKind, Phase, StepKind
from rollup_node.core.layout import (
    CREDIT_KEY,
    RFQ_KEY,
    RFQ_LEGS,
    expiry_key,
    hot_key,
    owner_key,
    series_key,
    series_risk_key,
    session_key_key,
    terms_key,
)
from rollup_node.core.leaves import Owner
from rollup_node.core.market_leaves import NO_EXPIRY, Credit
from rollup_node.core.task_leaves import RfqTask
from tests.contracts.gate import Case, Measure
from tests.contracts.gate_exchange import ExchangeGate
from tests.contracts.gate_match import MAKER, TAKER
from tests.unit.core.exchange import ETH, LINEAR_RISK, MARK, NOW, STATE, TERMS, USD, Exchange

_KEY: Final = b"\x5a" * 32
_OWNER: Final = address_of(_KEY)
_NONCE: Final = NOW - 7
_USED: Final = (1 << 192) - 1 ^ 1 << 4
_TICK: Final = 10_000
_UNIT: Final = MARK // _TICK
_LOTS: Final = 50
_SERIES: Final = tuple(2_100 + 271 * n for n in range(RFQ_LEGS))
_FREE: Final = tuple(16 * n + 5 for n in range(RFQ_LEGS))
"""Places of positions on every other page."""
_LATE: Final = (1 << 63) + 5


def _world(*, mode: int, held: int = 0) -> Exchange:
    """Return two debtors with 120 positions; `held` lots of each leg, bought by the taker."""
    world = Exchange()
    world.state[CREDIT_KEY] = Credit(0, 2_000 * USD, 10**15)
    for place, series in enumerate(_SERIES):
        strike = 2_000 * USD
        world.state[terms_key(series)] = TERMS._replace(
            kind=4, book=series, unit=_UNIT, expiry_slot=2 * place, strike=strike, maker_fee_ppm=100
        )
        world.state[series_key(series)] = STATE
        world.state[series_risk_key(series)] = LINEAR_RISK
        world.state[expiry_key(ETH, 2 * place)] = NO_EXPIRY._replace(expiry_at=NOW)
    others = [n for n in range(128) if n not in _FREE]
    for account, sign_of in ((TAKER, 1), (MAKER, -1)):
        world.open(account, -1_000 * USD, 1_000 * 10**18, interest_ms=1, mode=mode)
        world.state[owner_key(account)] = Owner(_OWNER, NOW - 3, _USED)
        key = SessionKey(_OWNER, 15, 255, NOW + 10**6, (1 << 64) - 1, NOW - 3, _USED)
        world.state[session_key_key(account, 3)] = key
        for number in others:
            series = 32 + number
            world.state[terms_key(series)] = TERMS
            world.state[series_key(series)] = STATE
            world.state[series_risk_key(series)] = LINEAR_RISK
            world.hold(account, 1, MARK, series=series, number=number)
        for series, number in zip(_SERIES, _FREE, strict=True) if held else ():
            lots = held * sign_of
            world.hold(account, lots, lots * MARK, series=series, number=number)
    if held:
        for series in _SERIES:
            world.set_series(series, funding_index=77)
    return world


def _legs(count: int = RFQ_LEGS) -> tuple[RfqLeg, ...]:
    return tuple(RfqLeg(series, _LOTS, _TICK) for series in _SERIES[:count])


def _record(domain: bytes, count: int = RFQ_LEGS) -> ExecuteRfq:
    quote = RfqQuote(MAKER, 3, TAKER, 9_999, _LATE, _legs(count), _NONCE, b"")
    quote = quote._replace(signature=sign(quote_digest(domain, quote), _KEY))
    return ExecuteRfq(TAKER, 3, 9_999, _LATE, quote, _NONCE)


def _task(world: Exchange) -> Exchange:
    """Let the combo come after the refresh of its maker."""
    world.state[RFQ_KEY] = RfqTask(TAKER, 3, 9_999, MAKER, 3, 9_999, RFQ_LEGS, _legs())
    world.set_phase(Phase.RFQ)
    return world


def _stale(world: Exchange) -> Exchange:
    """Let the last row of the maker be of another epoch."""
    hot: Any = world.hot(MAKER)
    rows = (*hot.rows[:7], hot.rows[0]._replace(epoch=1))
    world.state[hot_key(MAKER)] = hot._replace(rows=rows)
    return world


def _poor(world: Exchange) -> Exchange:
    """Let the maker fail after all that it reads."""
    rows = world.hot(MAKER).rows
    world.open(MAKER, -100_000 * USD, 1, interest_ms=1, mode=world.hot(MAKER).mode, rows=rows)
    world.state[owner_key(MAKER)] = Owner(_OWNER, NOW - 3, _USED)
    return world


def _cases(domain: bytes) -> Iterator[tuple[Case, Exchange]]:
    record = _record(domain)
    signature = sign(digest(domain, record), _KEY)
    body = encode_record(SignedTransaction(record, signature))
    for mode in (0, 1):
        yield Case(f"new positions, mode {mode}", body), _world(mode=mode)
        yield Case(f"closes, mode {mode}", body), _world(mode=mode, held=_LOTS)
        yield Case(f"turns, mode {mode}", body), _world(mode=mode, held=_LOTS // 2)
        yield Case(f"maker fails, mode {mode}", body), _poor(_world(mode=mode))
        yield Case(f"after a refresh, mode {mode}", None), _task(_world(mode=mode))
    yield Case("stale maker", body), _stale(_world(mode=1))
    forced = encode_forced(_record(domain)._replace(nonce=0))
    sent = DelayedMessage(MessageKind.FORCED_TRANSACTION, _OWNER, 9, forced)
    yield Case("by force", encode_record(Pull()), sent), _world(mode=1)


def run() -> dict[StepKind, list[Measure]]:
    """Measure every case."""
    gate = ExchangeGate()
    found: dict[StepKind, list[Measure]] = {}
    for case, world in _cases(gate.machine.domain):
        measure = gate.prove_case(case, world)
        found.setdefault(measure.kind, []).append(measure)
    return found
