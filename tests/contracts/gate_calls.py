"""What calls of the verifier cost as transactions: a match, a refresh of 64 positions, a strike.

The gas of a transaction is what EIP-7623 says: 21,000, calldata at 4 or 16 per byte, and the
execution with storage and contracts cold - or calldata at 10 or 40 per byte, if that is more.
Measured in a tree without an empty sibling, and in one that holds these accounts and a few hundred.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from rollup_node.core.inputs import ItemHeader
from rollup_node.core.layout import balances_key, owner_key, series_key, series_risk_key, terms_key
from rollup_node.core.leaves import Balances, Owner
from rollup_node.proof.chain_state import ChainState
from tests.contracts.gate import Case
from tests.contracts.gate_match import MAKER, TAKER, TaskGate, crowded, refresh_worst
from tests.contracts.gate_options import reprice_worst
from tests.unit.core.exchange import (
    BUY,
    FUTURE,
    LINEAR_RISK,
    MARK,
    SELL,
    STATE,
    TERMS,
    USD,
    Exchange,
)

MATCH_LIMIT: Final = 500_000
REFRESH_LIMIT: Final = 1_700_000
STRIKE_LIMIT: Final = 300_000
_TICK: Final = 0x2_AAAA
_FAR_TICK: Final = 0xF_5555
_NEIGHBOURS: Final = 300
_CASH: Final = 100_000 * USD


class Transaction(NamedTuple):
    """Gas of a call in both trees, and what it is held to."""

    name: str
    full: int
    some: int
    limit: int


def match_current(mode: int = 0) -> Exchange:
    """Let a taker fill a part of a resting order; both accounts are current and hold positions."""
    world = Exchange()
    for account in (TAKER, MAKER):
        world.open(account, _CASH, 0, mode=mode)
        crowded(world, account, 8)
    world.state[terms_key(FUTURE)] = TERMS._replace(book=31, maker_fee_ppm=100, unit=MARK // _TICK)
    world.state[series_key(FUTURE)] = STATE
    world.state[series_risk_key(FUTURE)] = LINEAR_RISK
    world.rest(MAKER, SELL, _TICK, 50, slot=1_000, series=FUTURE)
    world.rest(MAKER, SELL, _FAR_TICK, 50, slot=9, series=FUTURE)
    world.fly(TAKER, BUY, _FAR_TICK, 20, series=FUTURE, flags=BUY)
    return world


def calls() -> Iterator[tuple[str, Exchange, int, int]]:
    """Yield name, world, steps and limit of each call."""
    for mode, margin in enumerate(("standard", "portfolio")):
        yield f"match, {margin} margin", match_current(mode), 1, MATCH_LIMIT
        yield f"refresh of 64, {margin} margin", refresh_worst(64, 1, mode), 2, REFRESH_LIMIT
    yield "reprice of a strike, call and put", reprice_worst(), 1, STRIKE_LIMIT


class CallGate(TaskGate):
    """The gate for calls of several steps, with neighbours in the tree."""

    def _state(self, case: Case, header: ItemHeader) -> ChainState:
        state = super()._state(case, header)
        for account in range(1, _NEIGHBOURS + 1):
            owner = account.to_bytes(20, "big")
            state.commit(
                {owner_key(account): Owner(owner, 0, 0), balances_key(account): Balances((1,) * 4)}
            )
        return state

    def price(self, name: str, world: Exchange, steps: int, limit: int) -> Transaction:
        """Measure a call in both trees."""
        self.steps = steps
        self.is_full = True
        full = self.measure_task(name, world).transaction
        self.is_full = False
        return Transaction(name, full, self.measure_task(name, world).transaction, limit)


def run() -> list[Transaction]:
    """Measure every call."""
    gate = CallGate()
    return [gate.price(*call) for call in calls()]
