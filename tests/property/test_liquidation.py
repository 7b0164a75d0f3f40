"""Random distress: liquidations, auctions, takeovers and settlements lose and make no money."""

from random import Random
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from rollup_node.core.account_leaves import NO_COLD, RiskRow
from rollup_node.core.book_leaves import Order
from rollup_node.core.events import Fill
from rollup_node.core.families import ACTIONS, find_task
from rollup_node.core.flags import FUND_FLAG, LIQUIDATING_FLAG, SALE_FLAG, STOP, TAKE_PROFIT
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import Bid, Liquidate, Settle, Takeover, Trigger
from rollup_node.core.kinds import Phase, StepKind
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    BRIDGE_ACCOUNT_LIMIT,
    CREDIT_KEY,
    CURSOR_KEY,
    PRICE_TASK_KEY,
    PRICES_KEY,
    TAKER_KEY,
    balances_key,
    cold_key,
    directory_key,
    expiry_key,
    hot_key,
    owner_key,
    positions_key,
    series_key,
    series_list_key,
    terms_key,
)
from rollup_node.core.leaves import Balances, Owner
from rollup_node.core.market_leaves import Expiry, SeriesList
from rollup_node.core.order_checks import PROTOCOL
from rollup_node.core.reason import Reason
from rollup_node.core.task_leaves import PriceTask
from tests.unit.core.exchange import (
    BTC,
    ETH,
    FUTURE,
    IOC,
    MARK,
    NOW,
    PERP,
    STATE,
    TERMS,
    TICK,
    USD,
    Exchange,
)

SERIES: Final = (PERP, FUTURE)
SETTLED: Final = 4
EXPIRY_AT: Final = NOW // 1_000 + 3_000


class Distress:
    """A market of thin accounts whose prices jump; every invariant after every step."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.exchange = exchange = Exchange()
        future = TERMS._replace(kind=3, book=FUTURE, underlying=BTC, maker_fee_ppm=0)
        exchange.state[terms_key(FUTURE)] = future
        exchange.state[series_key(FUTURE)] = STATE
        exchange.state[expiry_key(BTC, 0)] = Expiry(EXPIRY_AT, 0, 0, 0)
        for underlying, series in ((ETH, PERP), (BTC, FUTURE)):
            listed = (series, *(0,) * 15)
            exchange.state[series_list_key(underlying)] = SeriesList(listed)
            exchange.set_series(series, low=TICK, high=TICK)
        for account in range(1, 6):
            ether = random.randrange(10**17) if random.random() < 0.5 else 0
            exchange.open(account, random.randrange(30, 200) * USD, ether)
        exchange.open(6, 10**7 * USD)
        for account in range(1, 7):
            exchange.state[owner_key(account)] = Owner(bytes((account,)) * 20, 0, 0)
        self.custody = exchange.totals()
        self.nonce = 0
        self.reasons: dict[str, set[Reason]] = {}
        self.kinds: set[StepKind] = set()

    @property
    def accounts(self) -> list[int]:
        """Return the accounts that exist: those of the proceeds too."""
        leaf: Any = self.exchange.state[ALLOCATORS_KEY]
        return [
            *range(1, 7),
            *range(BRIDGE_ACCOUNT_LIMIT, BRIDGE_ACCOUNT_LIMIT + leaf.next_account),
        ]

    def now(self) -> int:
        """Return the time of the block."""
        cursor: Any = self.exchange.state[CURSOR_KEY]
        return int(cursor.time_ms)

    def step(self) -> None:
        """Do one random thing, and run the machine until it is idle."""
        weights = (5, 4, 3, 4, 1, 1, 1, 1, 1, 1)
        (action,) = self.random.choices(
            (
                self.rest,
                self.take,
                self.reprice,
                self.liquidate,
                self.bid,
                self.take_over,
                self.settle,
                self.wait,
                self.deposit,
                self.trigger,
            ),
            weights,
        )
        action()
        self.check_triggers()

    def check_triggers(self) -> None:
        """Check that no trigger is inside the range of its series but what is left to drain."""
        for order in self.exchange.state.values():
            if isinstance(order, Order) and order.account and order.trigger:
                state = self.exchange.series(order.series)
                assert not state.low <= order.trigger <= state.high or state.low < state.high

    def trigger(self) -> None:
        """Let anyone look at an underlying."""
        self.act(Trigger(self.random.choice((ETH, BTC, ETH, 8))))

    def liquidate(self) -> None:
        """Let anyone liquidate somebody."""
        self.act(Liquidate(self.victim(), self.random.choice(SERIES)))

    def take_over(self) -> None:
        """Let the fund take somebody."""
        self.act(Takeover(self.victim()))

    def settle(self) -> None:
        """Settle a position of anyone."""
        self.act(Settle(self.random.choice(self.accounts), self.random.choice(SERIES)))

    def rest(self) -> None:
        """Let an order rest near the mark if it may."""
        random, exchange = self.random, self.exchange
        account, side, series = random.randrange(1, 7), random.randrange(2), random.choice(SERIES)
        state = exchange.series(series)
        mark = state.mark // 100
        tick = max(2, mark + random.randrange(0, 60) * (1 if side else -1))
        crosses = tick <= state.bid if side else 0 < state.ask <= tick
        client = [k for k in range(8) if not exchange.hot(account).slots[k]]
        if not crosses and client and state.status < 3:
            lots = random.randrange(1, 400)
            if random.random() < 0.3:
                self.wait_for_trigger(account, side, lots, series, client[0])
            else:
                exchange.rest(account, side, tick, lots, series=series, slot=client[0])

    def wait_for_trigger(self, account: int, side: int, lots: int, series: int, slot: int) -> None:
        """Let an order wait where O-2 allows it, with a bound inside or outside of the band."""
        random, state = self.random, self.exchange.series(series)
        kind = random.choice((STOP, TAKE_PROFIT))
        waits_above = (kind == STOP) != bool(side)
        trigger = (
            state.high + random.randrange(1, 600)
            if waits_above
            else max(1, state.low - random.randrange(1, 600))
        )
        if waits_above or trigger < state.low:
            tick = max(1, trigger + random.randrange(-30_000, 30_000))
            flags = side | kind << 1 | random.choice((0, IOC))
            self.exchange.rest(
                account, side, tick, lots, series=series, slot=slot, flags=flags, trigger=trigger,
                reserve=0,
            )  # fmt: skip

    def take(self) -> None:
        """Let an order take at any price."""
        random, exchange = self.random, self.exchange
        account, side, series = random.randrange(1, 7), random.randrange(2), random.choice(SERIES)
        if exchange.series(series).status < 3:
            tick = 1 if side else 900_000
            lots = random.randrange(1, 600)
            exchange.fly(account, side, tick, lots, flags=side | IOC, series=series)
            self.run()

    def reprice(self) -> None:
        """Move a mark by up to a tenth, as the reprice of its underlying does."""
        random, exchange = self.random, self.exchange
        underlying, series = random.choice(((ETH, PERP), (BTC, FUTURE)))
        state, now = exchange.series(series), self.now()
        jump = MARK // random.choice((12, 25, 60))
        mark = max(MARK // 3, state.mark + random.randrange(-jump, jump))
        epoch = exchange.epoch(underlying) + 1
        exchange.set_prices(
            underlying, epoch=epoch, reference=mark * 100, index_price=mark * 100, priced_ms=now,
            index_ms=now,
        )  # fmt: skip
        if state.status == SETTLED:
            return
        is_over = series == FUTURE and now >= EXPIRY_AT * 1_000
        tick = mark // 100
        exchange.set_series(
            series,
            status=3 if is_over else state.status,
            mark=state.mark if is_over else mark,
            initial=state.initial if is_over else -(-mark // 20),
            maintenance=state.maintenance if is_over else -(-mark // 40),
            funding_index=state.funding_index
            + (random.randrange(-1_000, 1_000) if series == PERP else 0),
            low=min(state.low, tick) if state.triggers else tick,
            high=max(state.high, tick) if state.triggers else tick,
        )
        if state.triggers:
            task = PriceTask(0, 0, underlying, 0, 1, random.choice((0, 0, 62)), Phase.IDLE, 0)
            exchange.state[PRICE_TASK_KEY] = task
            exchange.set_phase(Phase.DRAIN)
            self.run()

    def wait(self) -> None:
        """Let time pass; prices stay fresh but for once in a while."""
        now = self.now() + self.random.choice((1_000, 70_000, 300_000, 700_000, 7_300_000))
        cursor: Any = self.exchange.state[CURSOR_KEY]
        self.exchange.state[CURSOR_KEY] = cursor._replace(time_ms=now)
        if self.random.random() < 0.9:
            for underlying in (ETH, BTC):
                self.exchange.set_prices(underlying, priced_ms=now, index_ms=now)

    def deposit(self) -> None:
        """Let cash in, as a transfer would: debts are for the insurance, or for takeovers."""
        exchange, account = self.exchange, self.random.randrange(1, 6)
        cash, ether, third, fourth = exchange.amounts(account)
        if cash >= 0:
            more = self.random.randrange(200) * USD
            exchange.state[balances_key(account)] = Balances((cash + more, ether, third, fourth))
            self.custody = (self.custody[0] + more, *self.custody[1:])

    def victim(self) -> int:
        """Return an account in liquidation if there is one, now and then any."""
        found = [a for a in self.accounts if self.has_hot(a)]
        victims = [a for a in found if self.exchange.hot(a).flags & LIQUIDATING_FLAG]
        return self.random.choice(victims if victims and self.random.random() < 0.8 else found)

    def bid(self) -> None:
        """Let somebody bid for an account, most often as much as it takes: twice, for a refresh."""
        self.bid_once()
        self.bid_once()

    def bid_once(self) -> None:
        """Let somebody bid for an account."""
        account, target = self.random.choice((1, 2, 3, 4, 5, 6, 6, 6, 6)), self.victim()
        version = self.exchange.hot(target).version if self.has_hot(target) else 0
        self.nonce += 1
        limit = self.random.choice((-(10**8), 0, 10**12, 10**12))
        self.act(Bid(account, 0, target, version, limit, self.nonce))

    def has_hot(self, account: int) -> bool:
        """Say whether an account has a hot leaf."""
        return hot_key(account) in self.exchange.state

    def act(self, record: Any) -> None:
        """Execute a record by who may make it, then what it began."""
        exchange = self.exchange
        authority = Authority(self.sender(record), forced=False, tag=0)
        cursor: Any = exchange.state[CURSOR_KEY]
        exchange.state[CURSOR_KEY] = cursor._replace(order_class=0)

        def execute(frame: Frame) -> Any:
            return ACTIONS[type(record)](frame, record, authority)

        kind, reason = exchange.run(execute)
        self.note(kind, reason)
        self.check()
        self.run()

    def sender(self, record: Any) -> bytes:
        """Return who signs a record."""
        owner: Any = self.exchange.state.get(owner_key(record[0]))
        return bytes(owner.address) if owner else bytes(20)

    def note(self, kind: StepKind, reason: Reason) -> None:
        """Remember what happened."""
        self.kinds.add(kind)
        self.reasons.setdefault(kind.name, set()).add(reason)

    def run(self) -> None:
        """Run the machine until it is idle; a fill of the protocol never makes things worse."""
        exchange, steps = self.exchange, 0
        while exchange.phase() != Phase.IDLE:
            taker: Any = exchange.state.get(TAKER_KEY)
            is_protocol = exchange.phase() == Phase.TAKE and taker.origin == PROTOCOL
            before = self.weigh(taker.account) if is_protocol else None
            exchange.events.clear()
            kind, reason = exchange.run(find_task(exchange.phase()))
            self.note(kind, reason)
            if before is not None and any(isinstance(e, Fill) for e in exchange.events):
                self.check_reduced(taker, before)
            self.check()
            steps += 1
            assert steps < 500

    def check_reduced(self, taker: Any, before: tuple[int, int]) -> None:
        """Check a fill of the protocol: MM less, deficit not more, no new insolvency (L-2)."""
        equity, maintenance = self.weigh(taker.account)
        was, had = before
        assert maintenance < had
        assert equity - maintenance >= was - had
        if not self.exchange.hot(taker.account).flags & FUND_FLAG:
            assert equity >= min(was, 0) - 1
            assert equity * had >= was * maintenance - 2 * had or was < 0

    def positions(self, account: int) -> list[Any]:
        """Return the open positions of an account."""
        directory: Any = self.exchange.state.get(directory_key(account))
        found = []
        for number, series in enumerate(directory.series if directory else ()):
            if series:
                page: Any = self.exchange.state[positions_key(account, number)]
                found.append(page.rows[number & 7])
        return found

    def weigh(self, account: int) -> tuple[int, int]:
        """Return equity without collateral and MM, at the marks of now."""
        exchange, cash, maintenance = self.exchange, self.exchange.cash(account), 0
        for position in self.positions(account):
            state = exchange.series(position.series)
            due = position.lots * (state.funding_index - position.funding_index)
            cash += position.lots * state.mark - position.basis - due
            maintenance += abs(position.lots) * state.maintenance
        amounts = exchange.amounts(account)
        prices: Any = exchange.state[PRICES_KEY]
        return cash + amounts[1] * prices.rows[ETH].reference * 9 // 10**19, maintenance

    def check(self) -> None:
        """Check what must hold after every step."""
        exchange = self.exchange
        held = {account: self.positions(account) for account in self.accounts}
        everything = [position for found in held.values() for position in found]
        unpaid = 0
        for series in SERIES:
            state = exchange.series(series)
            lots = [position.lots for position in everything if position.series == series]
            if state.status == SETTLED:
                unpaid += sum(lots) * state.mark
                assert sum(map(abs, lots)) == state.open_interest
            else:
                assert sum(lots) == 0
                assert sum(q for q in lots if q > 0) == state.open_interest
        cash = [exchange.cash(account) for account in self.accounts]
        pools, credit = exchange.pools(), exchange.state[CREDIT_KEY]
        pending = sum(p.lots * p.funding_index - p.basis for p in everything)
        claims = sum(cash) + pending + unpaid + pools.fees + sum(pools.insurance)
        assert claims == self.custody[0] + credit.deficit  # type: ignore[union-attr]
        assert sum(exchange.amounts(a)[1] for a in self.accounts) == self.custody[1]
        assert credit.borrowed == sum(max(0, -c) for c in cash)  # type: ignore[union-attr]
        assert min(pools.insurance) >= 0
        for account in self.accounts:
            self.check_rows(account, held[account])

    def check_rows(self, account: int, held: list[Any]) -> None:
        """Check rows against positions, and the flags of the fund."""
        if not self.has_hot(account) or self.exchange.phase() == Phase.REPRICE:
            return  # marks move one series a step, the epoch after the last one
        exchange, hot = self.exchange, self.exchange.hot(account)
        prices: Any = exchange.state[PRICES_KEY]
        for underlying, series in ((ETH, PERP), (BTC, FUTURE)):
            row = hot.rows[underlying]
            mine = [position for position in held if position.series == series]
            assert row.positions == len(mine)
            if mine and row.epoch == prices.rows[underlying].epoch:
                (position,), state = mine, exchange.series(series)
                size = abs(position.lots)
                value = position.lots * state.mark - position.basis
                margins = size * state.initial, size * state.maintenance
                assert row == RiskRow(row.epoch, 1, value, *margins)
        owner: Any = exchange.state[owner_key(account)]
        is_fund = bool(hot.flags & FUND_FLAG)
        assert is_fund == (owner.address == bytes(19) + b"\x01")
        assert not is_fund or hot.flags & LIQUIDATING_FLAG
        cold: Any = exchange.state.get(cold_key(account), NO_COLD)
        assert bool(hot.flags & SALE_FLAG) == bool(cold.auction_ms)
        assert not hot.flags & SALE_FLAG or hot.flags & LIQUIDATING_FLAG


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_random_distress_keeps_every_invariant(seed: int) -> None:
    market = Distress(Random(seed))
    for _ in range(120):
        market.step()


def test_random_distress_reaches_every_end() -> None:
    reasons: dict[str, set[Reason]] = {}
    for seed in range(60):
        market = Distress(Random(seed))
        for _ in range(300):
            market.step()
        for name, found in market.reasons.items():
            reasons.setdefault(name, set()).update(found)
    assert reasons["LIQUIDATE"] >= {
        Reason.OK,
        Reason.NOT_LIQUIDATABLE,
        Reason.STALE_PRICE,
        Reason.NO_POSITION,
        Reason.SERIES_CLOSED,
    }
    assert reasons["BID"] >= {
        Reason.OK,
        Reason.BID_TOO_LOW,
        Reason.INSUFFICIENT_BALANCE,
        Reason.LIQUIDATING,
        Reason.STALE_ACCOUNT,
    }
    assert reasons["TAKEOVER"] >= {
        Reason.OK,
        Reason.COOLING_DOWN,
        Reason.NOT_LIQUIDATABLE,
        Reason.STALE_ACCOUNT,
    }
    assert reasons["TRIGGER"] >= {Reason.OK, Reason.NOTHING_DUE, Reason.UNKNOWN_UNDERLYING}
    assert reasons["DRAIN"] >= {Reason.OK, Reason.MAKER_VOID, Reason.PRICE_BAND}
    assert reasons["SETTLE"] >= {
        Reason.OK,
        Reason.NOT_EXPIRED,
        Reason.NOT_SETTLED,
        Reason.NO_POSITION,
    }
