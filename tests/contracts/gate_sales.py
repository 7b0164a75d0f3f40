"""The worst steps of covered sales, for the provability gate.

Worst means here: the date in the last of the sixteen places, a full board of strikes far from each
other whose last one is chosen, four places that are taken, the last asset; two debtors with
collateral and 120 positions each who meet in an option, or part after all that is read.
"""

from collections.abc import Iterator
from typing import Final

from rollup_node.codec.delayed import encode_forced
from rollup_node.codec.eip712 import digest
from rollup_node.codec.records import encode_record
from rollup_node.codec.signature import address_of, sign
from rollup_node.core.account_leaves import NO_COLD, SessionKey
from rollup_node.core.flags import CHILD_FLAG
from rollup_node.core.inputs import (
    DelayedMessage,
    PlaceOrder,
    Pull,
    SignedTransaction,
    StartSale,
)
from rollup_node.core.kinds import MessageKind, StepKind
from rollup_node.core.layout import (
    ASSETS_KEY,
    CREDIT_KEY,
    EXPIRIES,
    STRIKES_PER_EXPIRY,
    balances_key,
    board_key,
    cold_key,
    expiry_key,
    owner_key,
    sales_key,
    series_key,
    series_risk_key,
    session_key_key,
    terms_key,
)
from rollup_node.core.leaves import Balances, Owner
from rollup_node.core.market_leaves import NO_ASSET, NO_EXPIRY, AssetRow, AssetTerms, Credit
from rollup_node.core.option_leaves import Board, SalePlace, Sales, StrikeRow
from rollup_node.devnet.markets import smile
from tests.contracts.gate import Case, Measure
from tests.contracts.gate_exchange import ExchangeGate
from tests.contracts.gate_match import MAKER, TAKER
from tests.unit.core.exchange import (
    BUY,
    ETH,
    LINEAR_RISK,
    MARK,
    NOW,
    SELL,
    STATE,
    TERMS,
    USD,
    Exchange,
)

_KEY: Final = b"\x5a" * 32
_OWNER: Final = address_of(_KEY)
_NONCE: Final = NOW - 7
_USED: Final = (1 << 192) - 1 ^ 1 << 4
_LAST: Final = EXPIRIES - 1
_AT: Final = NOW // 1_000 + 700_000
_CALLS: Final = tuple(2_048 + 66 * n for n in range(STRIKES_PER_EXPIRY))
_CALL: Final = _CALLS[-1]
_UNIT: Final = MARK // 10_000
_LOTS: Final = 50
_OTHERS: Final = tuple(0x3F_0000 + 5 * n for n in range(4))


def _world(mode: int = 0) -> Exchange:
    """Return a full board on the last date, and two debtors with 120 positions."""
    world = Exchange()
    world.state[CREDIT_KEY] = Credit(0, 2_000 * USD, 10**15)
    rows = [AssetRow(ETH, 18, 900_000, 10**21), *(NO_ASSET,) * 2]
    world.state[ASSETS_KEY] = AssetTerms((NO_ASSET, *rows))
    for slot in range(EXPIRIES):
        world.state[expiry_key(ETH, slot)] = NO_EXPIRY._replace(expiry_at=_AT + slot - _LAST)
    strikes = tuple(StrikeRow(call, (2_000 - n) * 100) for n, call in enumerate(_CALLS))
    world.state[board_key(ETH, _LAST)] = Board(NOW, smile(6_000), strikes)
    for place, row in enumerate(strikes):
        for series in (row.series, row.series + 1):
            world.state[terms_key(series)] = TERMS._replace(
                kind=4 + (series & 1), book=series, unit=_UNIT, expiry_slot=_LAST,
                strike=row.strike, maker_fee_ppm=100, min_notional=1, band_ppm=10**9,
            )  # fmt: skip
            world.state[series_key(series)] = STATE._replace(funded_ms=NOW - 10**6)
            delta = (500_000 - 100 * (STRIKES_PER_EXPIRY - place)) * (-1 if series & 1 else 1)
            world.state[series_risk_key(series)] = LINEAR_RISK._replace(delta=delta)
    for account in (TAKER, MAKER):
        world.open(account, -1_000 * USD, 100 * 10**18, interest_ms=1, mode=mode)
        world.state[owner_key(account)] = Owner(_OWNER, NOW - 3, _USED)
        key = SessionKey(_OWNER, 15, 255, NOW + 10**6, (1 << 64) - 1, NOW - 3, _USED)
        world.state[session_key_key(account, 3)] = key
        for number in range(120):
            series = 33 + number
            world.state[terms_key(series)] = TERMS._replace(underlying=1)
            world.state[series_key(series)] = STATE
            world.state[series_risk_key(series)] = LINEAR_RISK
            world.hold(account, 1, MARK, series=series, number=number)
    return world


def _offers(world: Exchange, *accounts: int, series: int = _CALL, lots: int = _LOTS) -> Exchange:
    """Let accounts have sales at half of the mark."""
    places = [
        SalePlace(account, 0, lots, NOW - 10**5, NOW + 10**5, 600_001, 400_000, 9_999)
        for account in accounts
    ]
    world.state[sales_key(series)] = Sales(tuple(places))
    return world


def _sale(**fields: int) -> StartSale:
    sale = StartSale(MAKER, ETH, 1, _AT, 500_000, (1 << 32) - 1, 10**7, 1, 604_800, 9_999)
    return sale._replace(**fields)


def _sales() -> Iterator[tuple[Case, Exchange]]:
    """Yield sales of calls and of puts, and those that end after most of the reading."""
    for name, call, lots in (("call", 1, 1), ("put", 0, 1), ("no place", 1, (1 << 32) - 1)):
        series = _CALL if call else _CALL + 1
        world = _offers(_world(), *_OTHERS, series=series, lots=lots)
        if not call:
            world.state[balances_key(MAKER)] = Balances((10**12, 10**18, 0, 0))
        sent = DelayedMessage(
            MessageKind.FORCED_TRANSACTION, _OWNER, 9, encode_forced(_sale(call=call))
        )
        yield Case(name, encode_record(Pull()), sent), world


def _meetings() -> Iterator[tuple[Case, Exchange]]:
    """Yield meetings of debtors with a book behind the sale, in both models."""
    for mode in (0, 1):
        yield Case(f"a sale, mode {mode}", None), _fly(_world(mode))
        world = _fly(_world(mode))
        rows = world.hot(MAKER).rows
        world.open(MAKER, -100_000 * USD, 1, interest_ms=1, mode=mode, rows=rows)
        yield Case(f"a sale that fails, mode {mode}", None), world


def _fly(world: Exchange) -> Exchange:
    _offers(world, MAKER, MAKER, MAKER, MAKER)
    world.rest(TAKER, SELL, 12_000, 5, series=_CALL, slot=9)
    world.fly(TAKER, BUY, 16_000, _LOTS - 9, series=_CALL)
    return world


def _order(domain: bytes) -> tuple[Case, Exchange]:
    """Let a child rest an order below four sales, alone in its corner of the book."""
    world = _offers(_world(), *_OTHERS)
    world.open(TAKER, 10**12, 10**18, flags=CHILD_FLAG, rows=world.hot(TAKER).rows)
    world.state[owner_key(TAKER)] = Owner(_OWNER, NOW - 3, _USED)
    world.state[cold_key(TAKER)] = NO_COLD._replace(series=_CALL)
    world.rest(MAKER, BUY, 1, 5, series=_CALL, slot=9)
    order = PlaceOrder(
        account=TAKER, key=3, series=_CALL, side=BUY, kind=0, time_in_force=1, post_only=0,
        reduce_only=0, self_trade=0, price=4_999, quantity=50, trigger=0, expiry=NOW // 1_000 + 9,
        max_fee=9_999, slot=1_000, nonce=_NONCE,
    )  # fmt: skip
    signed = SignedTransaction(order, sign(digest(domain, order), _KEY))
    return Case("an order below four sales", encode_record(signed)), world


def run() -> dict[StepKind, list[Measure]]:
    """Measure every case."""
    gate = ExchangeGate()
    found: dict[StepKind, list[Measure]] = {}
    for case, world in (*_sales(), *_meetings(), _order(gate.machine.domain)):
        measure = gate.prove_case(case, world)
        found.setdefault(measure.kind, []).append(measure)
    return found
