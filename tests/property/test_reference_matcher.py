"""The book in state and the plain lists of the reference agree on every fill and every queue."""

import random
from typing import Any

import pytest

from rollup_node.core.events import Fill
from rollup_node.core.families import find_task
from rollup_node.core.kinds import Phase
from rollup_node.core.layout import PRICES_KEY
from rollup_node.core.orders import apply_cancel, apply_place, apply_replace
from rollup_node.core.positions import find_position
from rollup_node.core.reason import Reason
from rollup_node.core.sweeps import apply_cancel_all
from tests.property.reference_matcher import Reference
from tests.unit.core.book_audit import audit
from tests.unit.core.exchange_world import BUY, MID, PERP, SELL, World

ACCOUNTS = (1, 2, 3, 4, 5)


class Pair:
    """One flow of records into both books."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.world = World()
        self.world.set_terms(PERP, min_notional=0)
        self.world.set_hot(2, group=1)
        self.world.set_hot(1, group=1)
        self.reference = Reference({1: 1, 2: 1, 3: 3, 4: 4, 5: 5})
        self.reference.now = self.world.time_ms // 1_000
        self.fills: list[tuple[int, int, int, int]] = []

    def act(self, rule: Any, record: Any) -> Reason:
        """Run a record of the real book to its end, and keep its fills."""
        reason = self.world.act(rule, record)
        events = list(self.world.events)
        while self.world.phase != Phase.IDLE:
            self.world.step(find_task(self.world.phase))
            events += self.world.events
        for event in events:
            if isinstance(event, Fill):
                self.fills.append((event.taker, event.maker, event.tick, event.lots))
        return reason

    def place(self) -> None:
        """Place an order of any sort."""
        rng = self.rng
        kind = rng.choices((0, 1), (9, 1))[0]
        in_force = 2 if kind else rng.choices((0, 1, 2), (7, 2, 1))[0]
        side = rng.choice([BUY, SELL])
        drift = rng.choice([-1, -2, -3, -300, 0, 0, 1, 2, 3, 4])
        order = self.world.order(
            rng.choice(ACCOUNTS),
            side,
            MID + (drift if side == BUY else -drift),
            rng.choice([1, 2, 5, 20, 21, 60]),
            kind=kind,
            time_in_force=in_force,
            expiry=self.reference.now + rng.choice([1, 5, 30]) if in_force == 1 else 0,
            post_only=int(kind == 0 and in_force != 2 and rng.random() < 0.2),
            reduce_only=int(rng.random() < 0.25),
            self_trade=rng.randrange(3),
            slot=rng.randrange(12),
        )
        reason = self.act(apply_place, order)
        refused = {Reason.SLOT_TAKEN, Reason.NO_POSITION, Reason.EXPIRED}
        assert self.reference.place(order) == (reason not in refused)

    def change(self) -> None:
        """Cancel, replace, cancel all, let time pass, or let an account lapse for a while."""
        rng, reference = self.rng, self.reference
        account, client = rng.choice(ACCOUNTS), rng.randrange(12)
        found = reference.find(account, client)
        record = self.world.order(account, BUY, MID, 1, slot=client)
        tag = found.tag if found else 0
        roll = rng.random()
        if roll < 0.4:
            self.act(apply_cancel, self.world.cancel(record, tag=tag))
            reference.cancel(account, client)
        elif roll < 0.8:
            price, lots = MID + rng.randrange(-4, 5), rng.choice([1, 3, 20, 50])
            if found and rng.random() < 0.5:
                price = found.price
            replacing = self.world.replace(record, price, lots, tag=tag)
            self.act(apply_replace, replacing)
            if account not in reference.dead:
                reference.replace(replacing)
        elif roll < 0.83:
            self.act(apply_cancel_all, self.world.cancel_all(account))
            reference.orders = [one for one in reference.orders if one.account != account]
        elif roll < 0.95:
            self.wait(rng.choice([1, 2, 10]))
        else:
            self.lapse(next(iter(reference.dead), account))

    def lapse(self, account: int) -> None:
        """Let the dead-man time of an account be over, or let it go on."""
        dead = self.reference.dead
        if account in dead:
            dead.remove(account)
            self.world.set_hot(account, dead_man_ms=0)
        else:
            dead.add(account)
            self.world.set_hot(account, dead_man_ms=self.world.time_ms)

    def wait(self, seconds: int) -> None:
        """Let time pass; prices stay fresh."""
        self.world.time_ms += seconds * 1_000
        self.reference.now = self.world.time_ms // 1_000
        prices: Any = self.world.leaves[PRICES_KEY]
        now = self.world.time_ms
        rows = tuple(row._replace(priced_ms=now, index_ms=now) for row in prices.rows)
        self.world.leaves[PRICES_KEY] = prices._replace(rows=rows)

    def compare(self) -> None:
        """Compare fills, positions, and the orders at each tick in their order."""
        assert self.fills == self.reference.fills
        for account in ACCOUNTS:
            _, position = self.world.step(find_position, account, PERP)
            assert position.lots == self.reference.lots.get(account, 0)
        found = audit(self.world.leaves)
        ticks = {order.price for order in self.reference.orders}
        assert len(found.orders) == len(self.reference.orders)
        for tick in ticks:
            queue = [found.orders[slot] for slot in found.queue(PERP, tick)]
            assert [(one.account, one.slot, one.tag, one.remaining) for one in queue] == [
                (one.account, one.client, one.tag, one.lots)
                for one in self.reference.orders
                if one.price == tick
            ]


@pytest.mark.parametrize("seed", range(12))
def test_book_and_reference_agree_on_random_order_flow(seed: int) -> None:
    pair = Pair(seed)
    for _ in range(400):
        if pair.rng.random() < 0.7:
            pair.place()
        else:
            pair.change()
        pair.compare()
    assert len(pair.fills) > 40
    assert sum(pair.reference.lots.values()) == 0
