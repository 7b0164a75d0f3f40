"""Covered sales for random trading: who offers, what is offered already, messages of all sorts."""

import random
from typing import TYPE_CHECKING, Any, Final

from rollup_node.codec.delayed import encode_forced
from rollup_node.core.inputs import DelayedMessage, StartSale
from rollup_node.core.kinds import MessageKind
from rollup_node.core.layout import (
    CURSOR_KEY,
    TOTALS_KEY,
    balances_key,
    expiry_key,
    hot_key,
    owner_key,
    sales_key,
)
from rollup_node.core.leaves import Balances, Owner, Totals, Writes
from rollup_node.core.market_leaves import NO_EXPIRY
from rollup_node.core.option_leaves import NO_PLACE, SalePlace, Sales
from rollup_node.proof.chain_state import ChainState
from tests.contracts.random_world import ADDRESSES

if TYPE_CHECKING:
    from tests.contracts.option_flow import Options

WRITERS: Final = (20, 21, 22, 23)
"""They only offer, so they have no positions but what their sales made."""

_USD: Final = 1_000_000
_ETHER: Final = 10**18
_OPTIONS: Final = (2_048, 2_049, 4_094, 4_095)
_SLOT: Final = 3
_WEEK: Final = 604_800


def open_sales(rng: random.Random, state: ChainState) -> None:
    """Open the writers, and let traders and writers have sales that go on, or are over."""
    totals = list(state.get(TOTALS_KEY).amounts)
    writes: Writes = {}
    for account in WRITERS:
        amounts = (rng.choice([0, 50 * _USD, 10**12]), rng.choice([0, 10**16, 50 * _ETHER]), 0, 0)
        totals = [total + amount for total, amount in zip(totals, amounts, strict=True)]
        writes[owner_key(account)] = Owner(ADDRESSES[account % 4], 0, 0)
        writes[balances_key(account)] = Balances(amounts)
    writes[TOTALS_KEY] = Totals(tuple(totals))
    for series in rng.sample(_OPTIONS, rng.randrange(2, len(_OPTIONS) + 1)):
        writes[sales_key(series)] = Sales(tuple(_place(rng, state) for _ in range(4)))
    state.commit(writes)


def _place(rng: random.Random, state: ChainState) -> SalePlace:
    """Return a place, mostly with a sale that goes on."""
    if rng.random() < 0.2:
        return NO_PLACE
    account: int = rng.choice((*WRITERS, 1, 5, 9))
    hot, now = state.get(hot_key(account)), state.get(CURSOR_KEY).time_ms
    version = (0 if hot is None else hot.version) + (rng.random() < 0.1)
    start = rng.choice([900_000, 1_000_000, 1_010_000, 1_100_000, 10_000_000])
    reserve = rng.choice([start, 800_000, 950_000, 1])
    ends_ms = now + rng.choice([0, 300, 60_000, 10**7])
    lots, cap = rng.choice([1, 30, 400, 5_000]), rng.choice([1_000, 1_000, 99])
    return SalePlace(account, version, lots, now - 500, ends_ms, start, min(reserve, start), cap)


def make_sale(world: "Options") -> DelayedMessage:
    """Return the message of a sale, mostly good, sometimes cut or by somebody else."""
    rng, odd = world.rng, world.odd
    expiry: Any = world.state.get(expiry_key(0, _SLOT)) or NO_EXPIRY
    start = rng.choice([1_000_000, 1_020_000, 1_500_000, 10_000_000])
    sale = StartSale(
        rng.choice(WRITERS) if rng.random() < 0.85 else world.account(),
        odd(0, 1, 7, 8, 255),
        odd(rng.randrange(2), 2, 255),
        odd(expiry.expiry_at, 0, expiry.expiry_at + 86_400, (1 << 64) - 1),
        odd(rng.randrange(1_000_001), 1_000_001, (1 << 32) - 1),
        odd(rng.choice([1, 10, 400, 10**6]), 0, (1 << 32) - 1),
        odd(start, 10_000_001, (1 << 32) - 1),
        odd(rng.choice([start, 900_000, 1]), 0, start + 1),
        odd(rng.choice([1, 30, 3_600, _WEEK]), 0, _WEEK + 1, (1 << 32) - 1),
        odd(1_000, 0, 99, 65_535),
    )
    owner: Owner | None = (
        world.state.get(owner_key(sale.account)) if sale.account < 1 << 22 else None
    )
    sender = owner.address if owner and rng.random() < 0.95 else world.address()
    body = encode_forced(sale)
    if rng.random() < 0.05:
        at = rng.randrange(len(body))
        body = rng.choice(
            [body[:at], body + b"\x00", body[:at] + rng.randbytes(1) + body[at + 1 :]]
        )
    return DelayedMessage(MessageKind.FORCED_TRANSACTION, sender, 0, body)
