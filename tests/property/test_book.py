"""Random records of the order book against plain lists; invariants docs/invariants.md BK."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rollup_node.core.book import next_tick, shrink_order
from rollup_node.core.inputs import Leg
from rollup_node.core.kinds import Phase
from rollup_node.core.orders import apply_cancel, apply_place, apply_replace
from rollup_node.core.reason import Reason
from rollup_node.core.sweeps import apply_cancel_all, apply_prune, apply_quote, leg, sweep
from tests.unit.core.book_audit import audit
from tests.unit.core.exchange_world import BTC_PERP, BUY, MID, NOW_MS, PERP, SELL, World

ACCOUNTS = st.integers(1, 3)
SERIES = st.sampled_from([PERP, BTC_PERP])
CLIENTS = st.sampled_from([0, 1, 7, 8, 9, 500, 1_023])
EDGES = st.sampled_from([1, 2, 255, 256, 257, 65_535, 65_536, 131_071, (1 << 20) - 1])
NEAR = st.integers(MID - 6, MID + 6)
PRICES = NEAR | EDGES | st.integers(1, (1 << 20) - 1)
LOTS = st.integers(1, 50) | st.just((1 << 32) - 1)
LEGS = st.lists(
    st.tuples(SERIES, st.integers(0, 1), CLIENTS, NEAR, st.integers(0, 9)), min_size=1, max_size=5
)


class Resting:
    """An order of the model."""

    def __init__(self, order: Any, tag: int) -> None:
        self.account, self.series, self.side = order.account, order.series, order.side
        self.price, self.trigger, self.lots = order.price, order.trigger, order.quantity
        self.client, self.tag = order.slot, tag
        self.expiry = order.expiry


class BookMachine(RuleBasedStateMachine):
    """Orders in the order in which they joined; takers never trade here, they only knock."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        for series in (PERP, BTC_PERP):
            self.world.set_terms(
                series, unit=1, min_notional=0, max_order_lots=(1 << 32) - 1, band_ppm=1 << 31
            )
            self.world.set_state(series, mark=1_000)
        for account in range(1, 4):
            self.world.leaves[(6 << 32) + account * 32 + 3] = ((1 << 90, 0, 0, 0),)  # type: ignore[index,assignment]
        self.model: list[Resting] = []

    def find(self, account: int, client: int) -> Resting | None:
        """Return the order of a client slot."""
        for resting in self.model:
            if (resting.account, resting.client) == (account, client):
                return resting
        return None

    def crosses(self, series: int, side: int, price: int) -> bool:
        """Say whether the model has an order on the other side at or beyond a price."""
        return any(
            other.series == series
            and other.side != side
            and other.trigger == 0
            and (other.price <= price if side == BUY else other.price >= price)
            for other in self.model
        )

    def knocks(self, expected: bool) -> None:
        """Let an order that crosses go without a trade."""
        assert (self.world.phase == Phase.TAKE) == expected
        self.world.phase = Phase.IDLE

    @rule(account=ACCOUNTS, series=SERIES, side=st.sampled_from([BUY, SELL]), price=PRICES,
          lots=LOTS, client=CLIENTS, trigger=st.just(0) | EDGES, expires=st.booleans())  # fmt: skip
    def place(self, **choice: Any) -> None:
        """Place an order of any sort that may rest."""
        expires, trigger = choice["expires"], choice["trigger"]
        order = self.world.order(
            choice["account"],
            choice["side"],
            choice["price"],
            choice["lots"],
            series=choice["series"],
            slot=choice["client"],
            trigger=trigger,
            kind=2 if trigger else 0,
            time_in_force=int(expires),
            expiry=self.world.time_ms // 1_000 + 60 if expires else 0,
        )
        taken = self.find(order.account, order.slot) is not None
        reason = self.world.act(apply_place, order)
        passed = trigger and (trigger <= MID if order.side == BUY else trigger >= MID)
        if passed or taken:
            assert reason is (Reason.PRICE_OUT_OF_RANGE if passed else Reason.SLOT_TAKEN)
            return
        assert reason is Reason.OK
        crosses = trigger == 0 and self.crosses(order.series, order.side, order.price)
        self.knocks(crosses)
        if not crosses:
            self.model.append(Resting(order, order.nonce))

    @rule(account=ACCOUNTS, client=CLIENTS, wrong=st.booleans())
    def cancel(self, account: int, client: int, wrong: bool) -> None:
        """Cancel by client slot, sometimes with another tag."""
        resting = self.find(account, client)
        order = self.world.order(account, 0, 1, 1, slot=client)
        tag = resting.tag + wrong if resting else 0
        reason = self.world.act(apply_cancel, self.world.cancel(order, tag=tag))
        if resting is None or wrong:
            assert reason is Reason.NOT_FOUND
        else:
            assert reason is Reason.OK
            self.model.remove(resting)

    @rule(account=ACCOUNTS, client=CLIENTS, price=PRICES, lots=LOTS, same=st.booleans())
    def replace(self, account: int, client: int, price: int, lots: int, same: bool) -> None:
        """Replace an order, often at its price."""
        resting = self.find(account, client)
        order = self.world.order(account, 0, 1, 1, slot=client)
        if resting is None:
            record = self.world.replace(order, price, lots)
            assert self.world.act(apply_replace, record) is Reason.NOT_FOUND
            return
        price = resting.price if same else price
        record = self.world.replace(order, price, lots, tag=resting.tag)
        reason = self.world.act(apply_replace, record)
        if 0 < resting.expiry * 1_000 <= self.world.time_ms:
            assert reason is Reason.NOT_FOUND
            return
        in_place = price == resting.price and lots <= resting.lots
        crosses = resting.trigger == 0 and self.crosses(resting.series, resting.side, price)
        if crosses and not in_place:
            assert reason is Reason.POST_ONLY_CROSS
            return
        assert reason is Reason.OK
        resting.price, resting.lots, resting.tag = price, lots, record.nonce
        if not in_place:
            self.model.remove(resting)
            self.model.append(resting)

    @rule(account=ACCOUNTS, scope=st.integers(0, 2), scope_id=st.integers(0, 4))
    def cancel_all(self, account: int, scope: int, scope_id: int) -> None:
        """Cancel what is in a scope."""
        record = self.world.cancel_all(account, scope, scope_id)
        assert self.world.act(apply_cancel_all, record) is Reason.OK
        steps = 0
        while self.world.phase == Phase.SWEEP:
            assert self.world.step(sweep) is Reason.OK
            steps += 1
        assert steps == sum(resting.account == account for resting in self.model)
        underlyings = {PERP: 0, BTC_PERP: 1}
        self.model = [
            resting
            for resting in self.model
            if resting.account != account
            or (scope == 1 and underlyings[resting.series] != scope_id)
            or (scope == 2 and resting.series != scope_id)
        ]

    @rule(account=ACCOUNTS, legs=LEGS)
    def quote(self, account: int, legs: list[tuple[int, int, int, int, int]]) -> None:
        """Quote on several legs."""
        record = self.world.quote(account, *(Leg(*fields) for fields in legs))
        assert self.world.act(apply_quote, record) is Reason.OK
        for series, side, client, price, lots in legs:
            assert self.world.phase == Phase.LEG
            assert self.world.step(leg) is Reason.OK
            old = self.find(account, client)
            if old is not None:
                self.model.remove(old)
            crosses = lots > 0 and self.crosses(series, side, price)
            following = Phase.LEG
            if crosses:
                taker: Any = self.world.leaves[4]  # type: ignore[index]
                assert self.world.phase == Phase.TAKE
                following = taker.resume
                self.world.phase = following
            elif lots:
                order = self.world.order(account, side, price, lots, series=series, slot=client)
                self.model.append(Resting(order, record.nonce))
        assert self.world.phase == Phase.IDLE

    @precondition(lambda self: self.model)
    @rule(choice=st.integers(0, 1 << 30), lots=st.integers(1, 20))
    def fill(self, choice: int, lots: int) -> None:
        """Take some lots off an order, as a fill does."""
        resting = self.model[choice % len(self.model)]
        if lots < resting.lots:
            hot: Any = self.world.hot(resting.account)
            slot = self.slots()[resting.account, resting.client]
            assert hot.open_orders
            self.world.step(shrink_order, slot, lots)
            resting.lots -= lots

    @rule(choice=st.integers(0, 40))
    def prune(self, choice: int) -> None:
        """Prune a slot, void or not."""
        by_slot = {slot: name for name, slot in self.slots().items()}
        resting = self.find(*by_slot[choice]) if choice in by_slot else None
        reason = self.world.prune(apply_prune, choice)
        if resting is None:
            assert reason is Reason.NOT_FOUND
        elif 0 < resting.expiry * 1_000 <= self.world.time_ms:
            assert reason is Reason.OK
            self.model.remove(resting)
        else:
            assert reason is Reason.NOT_VOID

    @rule(seconds=st.integers(1, 50))
    def wait(self, seconds: int) -> None:
        """Let time pass; prices stay fresh."""
        self.world.time_ms += seconds * 1_000
        prices: Any = self.world.leaves[1]  # type: ignore[index]
        now = self.world.time_ms
        rows = tuple(row._replace(priced_ms=now, index_ms=now) for row in prices.rows)
        self.world.leaves[1] = prices._replace(rows=rows)  # type: ignore[index]
        assert now > NOW_MS

    def slots(self) -> dict[tuple[int, int], int]:
        """Return the order slots by account and client slot."""
        orders = audit(self.world.leaves).orders
        return {(order.account, order.slot): slot for slot, order in orders.items()}

    @invariant()
    def state_is_the_model(self) -> None:
        """Every queue has the orders of the model in the order in which they joined."""
        found = audit(self.world.leaves)
        assert len(found.orders) == len(self.model), "BK-8"
        for series in (PERP, BTC_PERP):
            for triggers in (False, True):
                self.check_queues(found, series, triggers)

    def check_queues(self, found: Any, series: int, triggers: bool) -> None:
        """Compare the queues of one book."""
        here = [
            resting
            for resting in self.model
            if resting.series == series and (resting.trigger != 0) == triggers
        ]
        ticks = sorted({resting.trigger or resting.price for resting in here})
        for tick in ticks:
            slots = found.queue(series, tick, triggers=triggers)
            actual = [
                (order.account, order.slot, order.tag, order.remaining, order.tick)
                for order in (found.orders[slot] for slot in slots)
            ]
            expected = [
                (resting.account, resting.client, resting.tag, resting.lots, resting.price)
                for resting in here
                if (resting.trigger or resting.price) == tick
            ]
            assert actual == expected, f"BK-8: series {series}, tick {tick}"
        for low, high in zip([0, *ticks], [*ticks, 0], strict=True):
            if low:
                assert self.walk(series, low, triggers, up=True) == high, "BK-3"
            if high:
                assert self.walk(series, high, triggers, up=False) == low, "BK-3"

    def walk(self, series: int, tick: int, triggers: bool, *, up: bool) -> int:
        """Return the next tick of a book."""
        found: int = self.world.step(
            lambda frame: next_tick(frame, series, tick, up=up, triggers=triggers)
        )
        return found


TestBook = BookMachine.TestCase
TestBook.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
