"""What users are told of random trading adds up to the state: books, orders, positions."""

import random
from typing import Any

import pytest

from rollup_node.core.book_leaves import Level, Order
from rollup_node.core.families import ACTIONS, TASKS
from rollup_node.core.flags import SIDE_FLAG
from rollup_node.core.frame import Authority
from rollup_node.core.inputs import Leg, PlaceOrder
from rollup_node.core.kinds import Phase
from rollup_node.core.layout import INDEX_BITS, LEVELS, ORDERS, TICK_BITS
from rollup_node.node.instruments import Instruments
from rollup_node.node.market_accounts import read_positions
from rollup_node.node.market_group import Followed, MarketGroup
from rollup_node.node.tape import Heard
from rollup_node.rpc.market_data import MarketEvents
from tests.unit.core.exchange_world import MID, NOW_MS, PERP, World, owner_of

STEPS = 300
ACCOUNTS = (1, 2, 3, 4)


class Floor:
    """Random traders in a world, and a follower that hears of their records in groups."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.world = World()
        instruments = Instruments(("ETH", "BTC"))
        instruments.read(self.world.leaves, NOW_MS)
        self.followed = Followed(instruments, self.world.leaves.get)
        self.placed: list[PlaceOrder] = []
        self.bought: dict[int, int] = dict.fromkeys(ACCOUNTS, 0)
        self.books: dict[tuple[int, int], int] = {}

    def trade(self) -> None:
        """Let some records happen, and tell of them together."""
        group = MarketGroup(self.followed)
        for _ in range(self.rng.randint(1, 5)):
            record = self._record()
            events = self._execute(record)
            if events:
                source = self.world.nonce.to_bytes(32, "big")
                group.hear(Heard(source, record, NOW_MS, events))
        self._add_up(group.finish(NOW_MS))

    def check(self) -> None:
        """Compare what was told with the leaves."""
        image = self.followed.books.image(PERP)
        told = dict([*image.bids, *image.asks])
        leaves: dict[int, Any] = self.world.leaves  # type: ignore[assignment]
        base = LEVELS << INDEX_BITS | PERP << TICK_BITS
        levels: dict[int, Level] = {
            key - base: leaf for key, leaf in leaves.items() if 0 <= key - base < 1 << TICK_BITS
        }
        assert told == {tick: level.lots for tick, level in levels.items() if level.lots}
        assert {(t, lots) for (_, t), lots in self.books.items()} == set(told.items())
        orders: list[Order] = [
            leaf for key, leaf in leaves.items() if key >> INDEX_BITS == ORDERS and leaf.account
        ]
        for account in ACCOUNTS:
            mine = {
                (o.slot, o.tag, o.flags & SIDE_FLAG, o.remaining)
                for o in orders
                if o.account == account
            }
            shown = {
                (o.client_slot, o.tag, int(o.side), o.lots - o.filled_lots)
                for o in self.followed.orders.open_of(account)
            }
            assert shown == mine, account
            held = {p.series: p.lots for p in read_positions(self.world.leaves, account, NOW_MS)}
            assert held.get(PERP, 0) == self.bought[account]

    def _record(self) -> Any:
        rng, world = self.rng, self.world
        account = rng.choice(ACCOUNTS)
        known = rng.choice(self.placed) if self.placed else None
        kind = rng.random()
        if known is not None and kind < 0.15:
            return world.cancel(known)
        if known is not None and kind < 0.3:
            return world.replace(known, MID + rng.randint(-4, 4), rng.randint(20, 60))
        if kind < 0.33:
            return world.cancel_all(account)
        if kind < 0.45:
            sides = ((0, -1), (1, 1), (0, 2))
            legs = [
                Leg(PERP, side, 1_000 + n, MID + sign * rng.randint(1, 4), rng.choice((0, 30, 50)))
                for n, (side, sign) in enumerate(sides)
            ]
            return world.quote(account, *legs)
        terms = rng.choice(({}, {}, {"post_only": 1}, {"time_in_force": 2}, {"self_trade": 1}))
        price = MID + rng.randint(-4, 4)
        order = world.order(account, rng.randint(0, 1), price, rng.randint(20, 60), **terms)
        self.placed.append(order)
        return order

    def _execute(self, record: Any) -> tuple[Any, ...]:
        world = self.world
        world.order_class = 0
        authority = Authority(owner_of(record.account), forced=False, tag=0)
        world.step(ACTIONS[type(record)], record, authority)
        events = list(world.events)
        while world.phase > Phase.IDLE:
            world.step(TASKS[world.phase])
            events += world.events
        return tuple(events)

    def _add_up(self, events: MarketEvents) -> None:
        """Add up what readers of channels are told."""
        for change in events.books:
            for side, ticks, before, after in change.levels:
                assert self.books.get((side, ticks), 0) == before
                self.books[side, ticks] = after
                if not after:
                    del self.books[side, ticks]
        for fill in events.fills:
            self.bought[fill.account] += -fill.trade.lots if fill.side else fill.trade.lots


@pytest.mark.parametrize("seed", range(4))
def test_follow_random_trading_tells_what_the_state_says(seed: int) -> None:
    floor = Floor(seed)
    for _ in range(STEPS):
        floor.trade()
        floor.check()
    assert floor.followed.stats.trades(PERP, 10), "nothing traded"
