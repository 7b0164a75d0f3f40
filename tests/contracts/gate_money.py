"""The worst transfers, withdrawals and deposits of accounts that trade, for the provability gate.

Worst means here: who leaves has positions and collateral that its orders need, who receives is in
debt and pays interest first, and the insurance lacks something of what cash is worth.
"""

from collections.abc import Iterator
from typing import Any, Final

from rollup_node.codec.delayed import encode_deposit, encode_forced
from rollup_node.codec.eip712 import digest
from rollup_node.codec.records import encode_record
from rollup_node.codec.signature import address_of, sign
from rollup_node.core.inputs import (
    DelayedMessage,
    Deposit,
    Pull,
    RotateKey,
    SignedTransaction,
    Transfer,
    Withdraw,
)
from rollup_node.core.kinds import MessageKind, StepKind
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    CREDIT_KEY,
    POOLS_KEY,
    PRICES_KEY,
    UNDERLYING_LIMIT,
    hot_key,
    owner_key,
)
from rollup_node.core.leaves import Allocators, Owner
from rollup_node.core.market_leaves import Credit, Pools, PriceRow, Prices
from tests.contracts.gate import Case, Measure
from tests.contracts.gate_exchange import ExchangeGate
from tests.unit.core.exchange import MARK, NOW, PERP, PRICE, USD, Exchange

_KEY: Final = b"\x5a" * 32
_OWNER: Final = address_of(_KEY)
_RICH: Final = 0x15_5555
_DEBTOR: Final = 0x0A_AAAA
_NONCE: Final = NOW - 7
_CASH: Final = 1_000 * USD
_PAID: Final = 999 * USD
_OUTBOX: Final = (1 << 31) - 2


def _world() -> Exchange:
    """Return who needs its collateral for its orders, and a debtor."""
    world = Exchange()
    row = PriceRow(7, NOW - 999, PRICE, PRICE * 1_007 // 1_000, NOW - 1, 0)
    world.state[PRICES_KEY] = Prices((row,) * UNDERLYING_LIMIT, 0)
    world.state[CREDIT_KEY] = Credit(1 << 90, 1 << 90, 1 << 94)
    world.state[POOLS_KEY] = Pools(1 << 100, (1 << 100,) * UNDERLYING_LIMIT)
    world.state[ALLOCATORS_KEY] = Allocators(_OUTBOX, 0, 0, 0)
    for account, cash in ((_RICH, _CASH), (_DEBTOR, -9_000 * USD)):
        world.open(account, cash, 10**18, interest_ms=1, reserve=100 * USD)
        used = (1 << 192) - 1 ^ 1 << 4
        world.state[owner_key(account)] = Owner(_OWNER, NOW - 3, used)
        world.hold(account, 1, MARK, series=PERP, number=127)
    stale = world.hot(_DEBTOR).rows[0]._replace(epoch=6)
    rows = (stale, *world.hot(_DEBTOR).rows[1:])
    world.state[hot_key(_DEBTOR)] = world.hot(_DEBTOR)._replace(rows=rows)
    return world


def _transactions() -> Iterator[tuple[str, Any]]:
    yield "cash to a debtor", Transfer(_RICH, _DEBTOR, 0, _PAID, _NONCE)
    yield "collateral", Transfer(_RICH, _DEBTOR, 1, 1, _NONCE)
    yield "of a stale account", Transfer(_DEBTOR, _RICH, 1, 1, _NONCE)
    yield "cash with a deficit", Withdraw(_RICH, 0, _PAID, b"\xff" * 20, _NONCE)
    yield "collateral", Withdraw(_RICH, 1, 1, b"\xff" * 20, _NONCE)
    yield "of a stale account", Withdraw(_DEBTOR, 1, 1, b"\xff" * 20, _NONCE)
    yield "of a trader", RotateKey(_RICH, b"\xff" * 20, _NONCE)


def cases(domain: bytes) -> Iterator[Case]:
    """Yield every case: by record, by force, and deposits."""
    for name, transaction in _transactions():
        signed = SignedTransaction(transaction, sign(digest(domain, transaction), _KEY))
        yield Case(name, encode_record(signed))
        body = encode_forced(transaction)
        yield Case(
            name,
            encode_record(Pull()),
            DelayedMessage(MessageKind.FORCED_TRANSACTION, _OWNER, 9, body),
        )
    body = encode_deposit(Deposit(_DEBTOR, _OWNER, 0, 1 << 90))
    yield Case(
        "of a debtor", encode_record(Pull()), DelayedMessage(MessageKind.DEPOSIT, _OWNER, 9, body)
    )


def run() -> dict[StepKind, list[Measure]]:
    """Measure every case."""
    gate = ExchangeGate()
    found: dict[StepKind, list[Measure]] = {}
    for case in cases(gate.machine.domain):
        measure = gate.prove_case(case, _world())
        found.setdefault(measure.kind, []).append(measure)
    return found
