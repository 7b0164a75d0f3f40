"""The worst steps of settlement, triggers, liquidation and auctions, for the provability gate.

Worst means here: accounts with 128 positions in all eight underlyings, so that the oracle of each
is opened, in debt and with three collaterals; a trigger alone in a corner of its map, whose
position is on the last page; sixty prices of a grid, some of them missing; and a record by a
message of L1, which opens what a record of the sequencer does and the message besides.
"""

from collections.abc import Iterator
from typing import Any, Final

from rollup_node.codec.delayed import encode_forced
from rollup_node.codec.eip712 import digest
from rollup_node.codec.records import encode_open, encode_record
from rollup_node.codec.signature import address_of, sign
from rollup_node.core.account_leaves import NO_COLD, SessionKey
from rollup_node.core.flags import LIQUIDATING_FLAG, REDUCE_ONLY_FLAG, STOP
from rollup_node.core.inputs import (
    Bid,
    DelayedMessage,
    Liquidate,
    Pull,
    PullFast,
    Settle,
    SettlementPrice,
    SignedTransaction,
    Takeover,
)
from rollup_node.core.kinds import MessageKind, Phase, StepKind
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    ASSETS_KEY,
    BRIDGE_ACCOUNT_LIMIT,
    CREDIT_KEY,
    LIQUIDATION_KEY,
    POOLS_KEY,
    PRICE_TASK_KEY,
    PRICES_KEY,
    PUBLISHERS_KEY,
    SWEEP_KEY,
    UNDERLYING_LIMIT,
    balances_key,
    cold_key,
    expiry_key,
    grid_key,
    hot_key,
    owner_key,
    series_key,
    series_list_key,
    session_key_key,
    terms_key,
    underlying_key,
)
from rollup_node.core.leaves import Allocators, Balances, Owner
from rollup_node.core.market_leaves import (
    NO_EXPIRY,
    AssetRow,
    AssetTerms,
    Credit,
    Pools,
    PriceRow,
    Prices,
    Publishers,
    SeriesList,
    SettlementGrid,
    Underlying,
)
from rollup_node.core.task_leaves import LiquidationTask, PriceTask, SweepTask
from tests.contracts.gate import Case, Measure
from tests.contracts.gate_exchange import KEYS, ExchangeGate, by_publishers
from tests.contracts.gate_match import MAKER, TAKER
from tests.unit.core.exchange import (
    BUY,
    FUTURE,
    MARK,
    NOW,
    PRICE,
    SELL,
    STATE,
    TERMS,
    USD,
    Exchange,
)

_KEY: Final = b"\x5a" * 32
_OWNER: Final = address_of(_KEY)
_HIGH: Final = NOW - 3
_USED: Final = (1 << 192) - 1 ^ 1 << 4
_NONCE: Final = NOW - 7
_LONG_AGO: Final = 1
_FUTURE_PLACE: Final = 127
_LATE: Final = 1_800
_LOTS: Final = 9_000
_TICK: Final = 0x2_AAAA
_FAR: Final = 0xF_5555
_DRIFTED: Final = PRICE * 1_007 // 1_000
_ETHER: Final = 10**18
_NUMBER: Final = (1 << 20) | 0x5_5555
_POOR: Final = 3_000 * USD
"""More equity than the interest that is due, and less than the maintenance margin."""

_GONE: Final = -5_000 * USD
_FUNDS: Final = (1 << 100,) * UNDERLYING_LIMIT


def _market() -> Exchange:
    """Return eight underlyings that drift, three collaterals, and a future on the last of them."""
    world = Exchange()
    row = PriceRow((1 << 32) - 2, NOW - 999, PRICE, _DRIFTED, NOW - 1, 0)
    world.state[PRICES_KEY] = Prices((row,) * UNDERLYING_LIMIT, 0)
    assets = [AssetRow(n, 18, 300_000, 10**24) for n in (5, 6, 7)]
    world.state[ASSETS_KEY] = AssetTerms((AssetRow(255, 0, 0, 0), *assets))
    world.state[CREDIT_KEY] = Credit(1 << 90, 1 << 92, 1 << 94)
    world.state[POOLS_KEY] = Pools(1 << 100, _FUNDS)
    world.state[ALLOCATORS_KEY] = Allocators(0, _NUMBER, 0, 9)
    for underlying in range(UNDERLYING_LIMIT):
        world.state[underlying_key(underlying)] = Underlying(1, 5, 7, NOW - 60_000)
    terms = TERMS._replace(kind=3, book=31, underlying=7, expiry_slot=15, unit=MARK // _TICK)
    world.state[terms_key(FUTURE)] = terms
    world.state[series_key(FUTURE)] = STATE
    world.state[expiry_key(7, 15)] = NO_EXPIRY._replace(expiry_at=NOW)
    world.state[LIQUIDATION_KEY] = LiquidationTask(9, 9, 1)
    world.state[SWEEP_KEY] = SweepTask(9, 2, 9, 9, 9, Phase.IDLE)
    world.fly(9, BUY, 9, 9)
    world.set_phase(Phase.IDLE)
    return world


def _full(world: Exchange, account: int, cash: int, ether: int) -> None:
    """Open an account with 128 positions in eight underlyings, session keys, and nonces."""
    world.open(account, cash, ether, interest_ms=_LONG_AGO)
    world.state[balances_key(account)] = Balances((cash, ether, ether, ether))
    world.state[owner_key(account)] = Owner(_OWNER, _HIGH, _USED)
    for number in (1, 2, 3):
        key = SessionKey(_OWNER, 15, 255, NOW + 10**6, (1 << 64) - 1, _HIGH, _USED)
        world.state[session_key_key(account, number)] = key
    world.state[cold_key(account)] = NO_COLD._replace(series=FUTURE, guardian=_OWNER)
    for number in range(_FUTURE_PLACE):
        series = 4_095 - 31 * number
        world.state[terms_key(series)] = TERMS._replace(underlying=number & 7)
        world.state[series_key(series)] = STATE
        world.hold(account, 1, MARK, series=series, number=number)
    world.hold(account, _LOTS, _LOTS * MARK, series=FUTURE, number=_FUTURE_PLACE)


def _distressed(*, equity: int, auction_ms: int) -> Exchange:
    """Return an account in liquidation, for sale since `auction_ms`; it owes interest."""
    world = _market()
    collateral = 3 * (100 * PRICE * 3 // 10)
    _full(world, TAKER, equity - collateral, 100 * _ETHER)
    hot = world.hot(TAKER)
    world.state[hot_key(TAKER)] = hot._replace(flags=LIQUIDATING_FLAG, version=(1 << 32) - 1)
    cold: Any = world.state[cold_key(TAKER)]
    sale = cold._replace(liquidated_ms=auction_ms, auction_ms=auction_ms)
    world.state[cold_key(TAKER)] = sale
    return world


def _with_orders(world: Exchange) -> Exchange:
    """Let the account have orders, so that a sweep begins."""
    hot = world.hot(TAKER)
    world.state[hot_key(TAKER)] = hot._replace(slot_map=1, slots=(77,) * 8, open_orders=8)
    return world


def _bidder(world: Exchange) -> Exchange:
    """Open who can pay, but not without all collateral."""
    _full(world, MAKER, 30_000 * USD, 100 * _ETHER)
    hot = world.hot(MAKER)
    world.state[hot_key(MAKER)] = hot._replace(reserve=25_000 * USD, interest_ms=NOW)
    return world


def _bid() -> Bid:
    return Bid(MAKER, 0, TAKER, (1 << 32) - 1, (1 << 100), _NONCE)


def _expired(*, missing: bool) -> Exchange:
    """Return a debtor with a position in a future that is over, and its sixty prices."""
    world = _market()
    _full(world, TAKER, -1_000 * USD, 100 * _ETHER)
    at = NOW // 1_000 - (_LATE if missing else 0)
    world.state[expiry_key(7, 15)] = NO_EXPIRY._replace(expiry_at=at)
    prices = tuple(0 if missing and n & 1 else (1 << 40) - 1 - n for n in range(60))
    world.state[grid_key(7, 15)] = SettlementGrid(at, prices)
    world.set_series(FUTURE, funding_index=9)
    return world


def _waiting(*, alone: bool) -> Exchange:
    """Let a reduce-only stop of a full account be due: alone in its corner, or one of two."""
    world = _market()
    _full(world, TAKER, -1_000 * USD, 100 * _ETHER)
    listed = (*(n for n in range(40, 55)), FUTURE)
    world.state[series_list_key(7)] = SeriesList(listed)
    world.set_series(FUTURE, low=0x1_0000, high=(1 << 20) - 1, status=1)
    flags = SELL | STOP << 1 | REDUCE_ONLY_FLAG
    terms = {"series": FUTURE, "flags": flags, "generation": 1, "fee_cap_ppm": 9_999, "key": 3}
    world.rest(TAKER, SELL, _TICK, 50, slot=1_000, trigger=_FAR - 0x1_0101, **terms)
    if alone:
        world.rest(TAKER, SELL, _TICK, 50, slot=9, trigger=_FAR, **terms)
    else:
        world.rest(TAKER, SELL, _TICK, 50, slot=9, trigger=_FAR - 0x1_0101, **terms)
    task = PriceTask(0, 0, 7, 0, 1 << 15, 9, Phase.IDLE, 0)
    world.state[PRICE_TASK_KEY] = task
    world.set_phase(Phase.DRAIN)
    return world


def _settling() -> Exchange:
    """Let a liquidation be over: the fund settles an account, which owes more than it has."""
    world = _taken()
    world.state[LIQUIDATION_KEY] = LiquidationTask(TAKER, FUTURE, 1)
    world.set_phase(Phase.LIQUIDATE)
    return world


def _taken() -> Exchange:
    world = _distressed(equity=_GONE, auction_ms=NOW - 7_200_000)
    hot = world.hot(TAKER)
    world.state[hot_key(TAKER)] = hot._replace(flags=LIQUIDATING_FLAG | 16)
    return world


def _reducing() -> Exchange:
    """Let the orders of an account be swept, so that the protocol's order comes."""
    world = _distressed(equity=_POOR, auction_ms=0)
    world.state[LIQUIDATION_KEY] = LiquidationTask(TAKER, FUTURE, 0)
    world.set_phase(Phase.LIQUIDATE)
    return world


def _tasks() -> Iterator[tuple[Case, Exchange]]:
    yield Case("trigger alone in its corner", None), _waiting(alone=True)
    yield Case("trigger of two", None), _waiting(alone=False)
    yield Case("the protocol's order", None), _reducing()
    yield Case("the fund settles", None), _settling()


def _open_records() -> Iterator[tuple[str, Any, Exchange]]:
    """Yield records that need no signature of a user."""
    yield "reduces", Liquidate(TAKER, FUTURE), _distressed(equity=_POOR, auction_ms=0)
    sweeping = _with_orders(_distressed(equity=_POOR, auction_ms=0))
    yield "sweeps", Liquidate(TAKER, FUTURE), sweeping
    lost = _with_orders(_distressed(equity=_GONE, auction_ms=NOW - 7_200_000))
    lost.state[POOLS_KEY] = Pools(0, (1,) * UNDERLYING_LIMIT)
    yield "the fund takes it", Takeover(TAKER), lost
    whole = _distressed(equity=_GONE, auction_ms=NOW - 7_200_000)
    whole.state[hot_key(TAKER)] = whole.hot(TAKER)._replace(mode=1)
    yield "the fund takes a portfolio", Takeover(TAKER), whole
    yield "the fund settles", Takeover(TAKER), _taken()
    yield "late prices", Settle(TAKER, FUTURE), _expired(missing=True)
    yield "all prices", Settle(TAKER, FUTURE), _expired(missing=False)


def _by_record_and_message(name: str, record: Any, world: Exchange) -> Iterator[Any]:
    """Yield a record as the sequencer posts it, and as anyone sends it through L1."""
    yield Case(name, encode_open(record)), world
    sent = DelayedMessage(MessageKind.FORCED_TRANSACTION, _OWNER, 9, encode_forced(record))
    yield Case(f"{name}, by force", encode_record(Pull()), sent), world
    if isinstance(record, Liquidate):
        fast = DelayedMessage(MessageKind.FAST, _OWNER, 9, encode_open(record))
        yield Case(f"{name}, by the fast queue", encode_record(PullFast()), fast=fast), world


def _bids(domain: bytes) -> Iterator[tuple[Case, Exchange]]:
    bid = _bid()
    for name, equity, opened in (
        ("pays the owner", _POOR, _NUMBER),
        ("pays the owner on L1", _POOR, BRIDGE_ACCOUNT_LIMIT),
        ("paid by the insurance", _GONE, _NUMBER),
    ):
        world = _bidder(_with_orders(_distressed(equity=equity, auction_ms=NOW - 60_000)))
        allocators: Any = world.state[ALLOCATORS_KEY]
        world.state[ALLOCATORS_KEY] = allocators._replace(next_account=opened)
        signed = SignedTransaction(bid, sign(digest(domain, bid), _KEY))
        yield Case(name, encode_record(signed)), world
        sent = DelayedMessage(MessageKind.FORCED_TRANSACTION, _OWNER, 9, encode_forced(bid))
        yield Case(f"{name}, by force", encode_record(Pull()), sent), world


def _prices(domain: bytes) -> Iterator[tuple[Case, Exchange]]:
    world = _expired(missing=True)
    world.state[PUBLISHERS_KEY] = Publishers(8, tuple(address_of(key) for key in KEYS))
    at = NOW // 1_000 - _LATE + 1
    world.state[expiry_key(7, 15)] = NO_EXPIRY._replace(expiry_at=at)
    grid: Any = world.state[grid_key(7, 15)]
    world.state[grid_key(7, 15)] = grid._replace(expiry_at=at)
    report = SettlementPrice(7, 15, at, 59, (1 << 40) - 1, ())
    body = by_publishers(domain, report)
    yield Case("the last round", body), world
    sent = DelayedMessage(MessageKind.FAST, _OWNER, NOW // 1_000, body)
    yield Case("the last round, by the fast queue", encode_record(PullFast()), fast=sent), world


def cases(domain: bytes) -> Iterator[tuple[Case, Exchange]]:
    """Yield every case with the exchange that it begins in."""
    for name, record, world in _open_records():
        yield from _by_record_and_message(name, record, world)
    yield from _bids(domain)
    yield from _prices(domain)
    yield from _tasks()


def run() -> dict[StepKind, list[Measure]]:
    """Measure every case."""
    gate = ExchangeGate()
    found: dict[StepKind, list[Measure]] = {}
    for case, world in cases(gate.machine.domain):
        measure = gate.prove_case(case, world)
        found.setdefault(measure.kind, []).append(measure)
    return found
