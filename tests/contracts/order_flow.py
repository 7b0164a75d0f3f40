"""Random records of the order family on a small exchange: valid, invalid and garbage."""

import random
from collections.abc import Callable
from typing import Any, Final

from rollup_node.codec.delayed import encode_forced
from rollup_node.codec.records import encode_record
from rollup_node.core.account_leaves import NO_COLD
from rollup_node.core.inputs import (
    CancelAll,
    CancelOrder,
    Leg,
    MassQuote,
    PlaceOrder,
    Prune,
    ReplaceOrder,
)
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    PRICES_KEY,
    balances_key,
    cold_key,
    order_key,
    owner_key,
)
from rollup_node.core.leaves import Allocators, Balances, Owner
from tests.contracts.order_twins import TwinWorld, key_of
from tests.unit.core.exchange_world import EXPIRY_AT, MID, NOW_MS, UNIT

_ACCOUNTS: Final = (1, 2, 3)
_CLIENTS: Final = (0, 1, 7, 8, 9, 15, 500, 1_023)
_PRICES: Final = (MID, MID + 1, MID - 1, MID + 7, MID - 256, MID + 256, 60_000, 72_000)
_ODD_PRICES: Final = (0, 1, 255, 256, 65_535, (1 << 20) - 1, 1 << 20, (1 << 32) - 1)


class OrderFlow:
    """Makes records for the state of a world, and runs them in both twins."""

    def __init__(self, rng: random.Random, world: TwinWorld) -> None:
        self.rng = rng
        self.world = world
        self.nonce = 0
        for account in _ACCOUNTS:
            world.leaves[owner_key(account)] = Owner(world.address(account), 0, 0)
            world.leaves[balances_key(account)] = Balances((rng.choice([10**8, 10**12]), 0, 0, 0))
            for number in (1, 2, 3):
                world.set_key(
                    account,
                    number,
                    address=world.address(account, number) if rng.random() < 0.8 else bytes(20),
                    scope=rng.choice([1, 2, 4, 7, 15, 15, 0]),
                    markets=rng.choice([255, 255, 1, 2, 0]),
                    expiry_ms=NOW_MS + rng.choice([0, 10**9, 10**9]),
                    order_cap=rng.choice([10**6, 10**10, (1 << 64) - 1]),
                )
        world.leaves[balances_key(3)] = Balances((10**7, 10**18, 5, 0))
        if rng.random() < 0.1:
            world.leaves[ALLOCATORS_KEY] = Allocators(5, 6, 0, (1 << 24) - 4)
        world.set_state(3, low=7, high=9, premium_sum=-5, funding_index=-6, funding_rest=7)

    def run(self, steps: int) -> None:
        """Run records until `steps` were compared."""
        while self.world.counts.total() < steps:
            self.disturb()
            self.act()
            self.world.finish_tasks()

    def disturb(self) -> None:
        """Let time pass, or change what an order looks at."""
        rng, world = self.rng, self.world
        if rng.random() < 0.8:
            world.order_class = 0
        if rng.random() < 0.2:
            self.heal()
        harm = rng.choices((None, *self._harms()), (84, 5, 5, 3, 3, 1, 1))[0]
        if harm is not None:
            harm()

    def _harms(self) -> tuple[Callable[[], None], ...]:
        """Return what may happen to an order from outside."""
        rng, world = self.rng, self.world
        return (
            self._wait,
            self._stop,
            lambda: self._set_position(rng.choice(_ACCOUNTS)),
            lambda: world.set_state(rng.choice([1, 2, 3, 4]), status=rng.choice([1, 2, 3, 0])),
            lambda: world.set_state(1, mark=0),
            lambda: world.set_terms(1, maker_fee_ppm=rng.choice([-100, 300])),
        )

    def _wait(self) -> None:
        """Let time pass, prices move, or nothing be heard of them."""
        self.world.time_ms += self.rng.choice([1, 1_000, 30_000])
        late_ms = self.rng.choice([0, 0, 0, 70_000])
        price = self.rng.choice([MID, MID, MID * 103 // 100])
        self._set_price(price, self.world.time_ms, late_ms)

    def _stop(self) -> None:
        """Freeze an account, liquidate it, let it lapse, or make it a child."""
        rng, world = self.rng, self.world
        account = rng.choice(_ACCOUNTS)
        dead_ms = rng.choice([0, 0, 0, world.time_ms, world.time_ms + 5_000])
        world.set_hot(account, flags=rng.choice([0, 0, 0, 1, 2, 3, 4, 8]), dead_man_ms=dead_ms)
        if rng.random() < 0.7:
            world.leaves[cold_key(account)] = NO_COLD._replace(series=rng.choice([0, 1, 3]))

    def heal(self) -> None:
        """Let everything be as it should."""
        world = self.world
        self._set_price(MID, world.time_ms, late_ms=0)
        for account in _ACCOUNTS:
            world.set_hot(account, flags=0, dead_man_ms=0)
        for series in (1, 2, 3, 4):
            world.set_state(series, status=1, mark=MID * UNIT)

    def _set_position(self, account: int) -> None:
        rng = self.rng
        lots, generation = rng.choice([-50, -1, 1, 50, 300]), rng.randrange(3)
        self.world.set_position(account, lots, generation=generation)
        if rng.random() < 0.2:
            rows = self.world.hot(account).rows
            stale = rows[0]._replace(epoch=rng.choice([0, 1]))
            self.world.set_hot(account, rows=(stale, *rows[1:]))

    def _set_price(self, price: int, time_ms: int, late_ms: int) -> None:
        prices: Any = self.world.leaves[PRICES_KEY]
        rows = tuple(
            row._replace(
                index_price=price * UNIT * 1_000, index_ms=time_ms, priced_ms=time_ms - late_ms
            )
            for row in prices.rows[:2]
        )
        self.world.leaves[PRICES_KEY] = prices._replace(rows=(*rows, *prices.rows[2:]))

    def act(self) -> None:
        """Run one record of any sort."""
        rng, world = self.rng, self.world
        roll = rng.random()
        if roll < 0.06:
            world.run_body(self.garbage())
            return
        if roll < 0.12:
            world.run_body(encode_record(Prune(rng.choice([*range(12), 1 << 24, (1 << 32) - 1]))))
            return
        record = self.record()
        number = record[1] if 0 < record[1] < 4 else 0
        if roll < 0.2:
            sender = world.address(record[0], number)
            if rng.random() < 0.1:
                sender = rng.choice([bytes(20), world.address(9)])
            forced = encode_forced(record._replace(nonce=0))
            world.order_class = 5
            world.run_forced(forced, sender, rng.choice([0, 7, (1 << 32) + 5, (1 << 40) - 1]))
            return
        key = key_of(record[0], number) if rng.random() < 0.97 else key_of(9)
        world.run_body(world.signed(record, key))

    def garbage(self) -> bytes:
        """Return a body of the family that mostly does not decode."""
        rng = self.rng
        body = bytearray(self.world.signed(self.record(), key_of(1)))
        for _ in range(rng.randrange(1, 3)):
            body[rng.randrange(1, len(body))] = rng.choice(
                [0, 0x7F, 0x80, 0xFF, rng.randrange(256)]
            )
        if rng.random() < 0.3:
            body = body[: rng.randrange(1, len(body))]
        if rng.random() < 0.2:
            body[0] = rng.choice([0x26, 0x2F, *range(0x20, 0x26)])
        return bytes(body)

    def record(self) -> Any:
        """Return a record with fields of all sorts."""
        makers = (self._place, self._place, self._cancel, self._replace, self._quote, self._all)
        return self.rng.choices(makers, (30, 15, 20, 20, 10, 5))[0]()

    def _who(self) -> tuple[int, int, int]:
        """Return account, key and nonce."""
        rng = self.rng
        self.nonce += rng.choice([1, 1, 1, 2])
        account = rng.choice(_ACCOUNTS) if rng.random() < 0.97 else rng.choice([0, 9, 1 << 22])
        key = 0 if rng.random() < 0.75 else rng.choice([1, 2, 3, 4])
        odd = (0, max(self.nonce - 3, 0), (1 << 64) - 1)
        return account, key, self.nonce if rng.random() < 0.97 else rng.choice(odd)

    def _price(self) -> int:
        return self.rng.choice(_PRICES if self.rng.random() < 0.93 else _ODD_PRICES)

    def _lots(self) -> int:
        common = (1, 10, 20, 50, 100)
        return self.rng.choice(
            common if self.rng.random() < 0.93 else (0, 10**6 + 1, (1 << 31) - 1)
        )

    def _client(self) -> int:
        return self.rng.choice(_CLIENTS if self.rng.random() < 0.97 else (1_024, 65_535))

    def _place(self) -> PlaceOrder:
        rng = self.rng
        account, key, nonce = self._who()
        kind = rng.choices((0, 1, 2, 3), (80, 5, 10, 5))[0]
        in_force = (
            2 if kind == 1 and rng.random() < 0.9 else rng.choices((0, 1, 2, 3), (70, 20, 8, 2))[0]
        )
        soon = self.world.time_ms // 1_000
        return PlaceOrder(
            account,
            key,
            rng.choices((1, 2, 3, 4, 0, 5, 4_096), (50, 12, 15, 15, 1, 1, 1))[0],
            rng.randrange(2),
            kind,
            in_force,
            int(kind == 0 and rng.random() < 0.3),
            int(rng.random() < 0.15),
            rng.choices((0, 1, 2, 3), (60, 20, 18, 2))[0],
            self._price(),
            self._lots(),
            self._price() if kind >= 2 else 0,
            rng.choice([soon, soon + 20, EXPIRY_AT + 50]) if in_force == 1 else 0,
            rng.choice([1_000, 1_000, 500, 499, 0, 65_535]),
            self._client(),
            nonce,
        )

    def _called(self) -> tuple[int, int, int, int, int]:
        """Return account, key, client slot, tag and nonce, mostly of a resting order."""
        account, key, nonce = self._who()
        slots = [slot for slot in range(1, 60) if order_key(slot) in self.world.leaves]
        if slots and self.rng.random() < 0.85:
            order = self.world.resting(self.rng.choice(slots))
            tag = order.tag if self.rng.random() < 0.95 else order.tag + 1 & 0xFFFFFFFF
            return order.account, key, order.slot, tag, nonce
        return account, key, self._client(), 1, nonce

    def _cancel(self) -> CancelOrder:
        return CancelOrder(*self._called())

    def _replace(self) -> ReplaceOrder:
        account, key, client, tag, nonce = self._called()
        return ReplaceOrder(account, key, client, tag, self._price(), self._lots(), nonce)

    def _all(self) -> CancelAll:
        account, key, nonce = self._who()
        return CancelAll(
            account, key, self.rng.randrange(4), self.rng.choice([0, 1, 2, 65_535]), nonce
        )

    def _quote(self) -> MassQuote:
        rng = self.rng
        account, key, nonce = self._who()
        legs = tuple(
            Leg(
                rng.choice([1, 1, 1, 2, 2, 3, 3, 4, 4, 0]),
                rng.randrange(2),
                self._client(),
                self._price(),
                self._lots(),
            )
            for _ in range(rng.choice([1, 2, 5, 20]))
        )
        return MassQuote(account, key, rng.choice([1_000, 0]), legs, nonce)
