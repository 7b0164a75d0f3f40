"""Random trading beside an exact model: money is conserved, rows are what positions make them."""

from fractions import Fraction
from random import Random
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from rollup_node.core.account_leaves import NO_COLD, NO_POSITION, ProtectionRow, RiskRow
from rollup_node.core.book_leaves import Order
from rollup_node.core.events import Fill
from rollup_node.core.families import find_task
from rollup_node.core.kinds import Phase, StepKind
from rollup_node.core.layout import (
    CREDIT_KEY,
    CURSOR_KEY,
    INDEX_BITS,
    ORDERS,
    PRICES_KEY,
    TOTALS_KEY,
    balances_key,
    cold_key,
    directory_key,
    hot_key,
    positions_key,
    series_key,
    terms_key,
)
from rollup_node.core.leaves import Balances, Totals, replace_amount
from rollup_node.core.positions import apply_fill
from rollup_node.core.reason import Reason
from tests.unit.core.exchange import (
    BTC,
    ETH,
    FUTURE,
    IOC,
    MARK,
    PERP,
    SPOT,
    STATE,
    TERMS,
    TICK,
    USD,
    Exchange,
)

ACCOUNTS: Final = (1, 2, 3, 4)
LINEAR: Final = (PERP, FUTURE)
REDUCE_ONLY: Final = 1 << 6


class Market:
    """A random market that checks every invariant after every step."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.exchange = exchange = Exchange()
        exchange.state[terms_key(FUTURE)] = TERMS._replace(book=FUTURE, underlying=BTC)
        exchange.state[series_key(FUTURE)] = STATE
        for account in ACCOUNTS:
            exchange.open(account, random.randrange(4_000) * USD, random.randrange(2 * 10**18))
        exchange.state[hot_key(4)] = exchange.hot(4)._replace(group=3)
        exchange.state[hot_key(2)] = exchange.hot(2)._replace(protected=1 << ETH)
        row = ProtectionRow(500, 10_000, 0, 0)
        exchange.state[cold_key(2)] = NO_COLD._replace(protections=(row, *NO_COLD.protections[1:]))
        self.unexplained = 0
        self.fills = 0
        self.reasons: set[Reason] = set()
        self.kinds: set[StepKind] = set()

    def act(self) -> None:
        """Do one random thing."""
        choice = self.random.randrange(22)
        if choice < 8:
            self.rest()
        elif choice < 17:
            self.take()
        elif choice < 19:
            self.reprice()
        elif choice < 20:
            self.wait()
        else:
            self.deposit()

    def rest(self) -> None:
        """Let an order rest where it does not cross."""
        random, exchange = self.random, self.exchange
        account, side = random.choice(ACCOUNTS), random.randrange(2)
        series = random.choice((PERP, SPOT, FUTURE))
        tick = TICK + random.randrange(-300, 300)
        state = exchange.series(series)
        crosses = tick <= state.bid if side else 0 < state.ask <= tick
        client = [k for k in range(8) if not exchange.hot(account).slots[k]]
        if crosses or not client:
            return
        flags = side | (REDUCE_ONLY if series != SPOT and random.random() < 0.2 else 0)
        generation = exchange.position(account, series).generation
        exchange.rest(
            account,
            side,
            tick,
            random.randrange(1, 400),
            series=series,
            flags=flags,
            slot=client[0],
            generation=generation,
        )

    def take(self) -> None:
        """Let an order take until the machine is idle again."""
        random, exchange = self.random, self.exchange
        account, side = random.choice(ACCOUNTS), random.randrange(2)
        series = random.choice((PERP, SPOT, FUTURE))
        flags = side | IOC | random.randrange(3) << 7
        if series != SPOT and random.random() < 0.2:
            flags |= REDUCE_ONLY
        tick = TICK + (-500 if side else 500)
        generation = exchange.position(account, series).generation
        lots = random.randrange(1, 800)
        fields = {"flags": flags, "generation": generation, **self.wild_taker(account, side)}
        exchange.fly(account, side, tick, lots, series=series, **fields)
        flags = fields["flags"]
        while exchange.phase() != Phase.IDLE:
            before = {a: self.snapshot(a) for a in ACCOUNTS}
            lots_before = {a: exchange.position(a, series).lots for a in ACCOUNTS}
            exchange.events.clear()
            kind, reason = exchange.run(find_task(exchange.phase()))
            self.reasons.add(reason)
            self.kinds.add(kind)
            self.check_fills(before, lots_before, flags)
            self.check()

    def wild_taker(self, _account: int, _side: int) -> dict[str, int]:
        """Return what else is special about an order in flight."""
        return {}

    def reprice(self) -> None:
        """Move marks, funding and the epoch, as the reprice of an underlying does."""
        random, exchange = self.random, self.exchange
        underlying = random.choice((ETH, BTC))
        mark = MARK + random.randrange(-MARK // 10, MARK // 10)
        exchange.set_prices(
            underlying,
            epoch=exchange.epoch(underlying) + 1,
            reference=mark * 100,
            index_price=mark * 100,
        )
        series = PERP if underlying == ETH else FUTURE
        exchange.set_series(
            series,
            mark=mark,
            initial=-(-mark // 20),
            maintenance=-(-mark // 40),
            funding_index=exchange.series(series).funding_index + random.randrange(-1_000, 1_000),
        )

    def wait(self) -> None:
        """Let time pass, with fresh prices or not, and let the index drift or not."""
        cursor: Any = self.exchange.state[CURSOR_KEY]
        now = cursor.time_ms + self.random.randrange(100_000)
        self.exchange.state[CURSOR_KEY] = cursor._replace(time_ms=now)
        for underlying in (ETH, BTC):
            if self.random.random() < 0.8:
                self.exchange.set_prices(underlying, priced_ms=now, index_ms=now)
            prices: Any = self.exchange.state[PRICES_KEY]
            reference = prices.rows[underlying].reference
            drift = self.random.randrange(-22, 22)
            self.exchange.set_prices(underlying, index_price=reference + reference * drift // 1_000)

    def deposit(self) -> None:
        """Let money in: to an account without debt its balances, and custody."""
        exchange, account = self.exchange, self.random.choice(ACCOUNTS)
        cash, ether, third, fourth = exchange.amounts(account)
        if 0 <= cash < 10**18:
            more = self.random.randrange(1_000) * USD
            exchange.state[balances_key(account)] = Balances((cash + more, ether, third, fourth))
            totals = exchange.totals()
            exchange.state[TOTALS_KEY] = Totals(replace_amount(totals, 0, totals[0] + more))

    def positions(self, account: int) -> list[Any]:
        """Return the open positions of an account."""
        directory: Any = self.exchange.state.get(directory_key(account))
        if directory is None:
            return []
        found = []
        for number, series in enumerate(directory.series):
            if series:
                page: Any = self.exchange.state[positions_key(account, number)]
                position = page.rows[number & 7]
                assert position.series == series
                assert position.lots
                found.append(position)
        return found

    def recomputed(self, account: int) -> list[RiskRow]:
        """Return the rows that the positions make."""
        exchange = self.exchange
        rows = [[0, 0, 0, 0] for _ in range(8)]
        for position in self.positions(account):
            terms: Any = exchange.state[terms_key(position.series)]
            state = exchange.series(position.series)
            row = rows[terms.underlying]
            row[0] += 1
            row[1] += position.lots * state.mark - position.basis
            row[2] += abs(position.lots) * state.initial
            row[3] += abs(position.lots) * state.maintenance
        return [RiskRow(exchange.epoch(u), *row) for u, row in enumerate(rows)]

    def snapshot(self, account: int) -> tuple[Fraction, Fraction, int]:
        """Return equity (funding settled), IM and MM of an account, exact."""
        exchange = self.exchange
        prices: Any = exchange.state[PRICES_KEY]
        amounts = exchange.amounts(account)
        equity = Fraction(amounts[0])
        equity += Fraction(amounts[1] * prices.rows[ETH].reference * 9, 10 * 10**18)
        for position in self.positions(account):
            state = exchange.series(position.series)
            due = position.lots * (state.funding_index - position.funding_index)
            equity += position.lots * state.mark - position.basis - due
        initial, maintenance = Fraction(0), 0
        for row, price in zip(self.recomputed(account), prices.rows, strict=True):
            if row.positions:
                drift = Fraction(abs(price.index_price - price.reference), price.reference)
                initial += row.initial * (Fraction(102, 100) + 8 * drift)
                maintenance += row.maintenance
        return equity, initial, maintenance

    def check_fills(
        self,
        before: dict[int, tuple[Fraction, Fraction, int]],
        lots_before: dict[int, int],
        flags: int,
    ) -> None:
        """Check that a side that filled has its margin, or less risk than before. Source: M-6."""
        for fill in self.exchange.events:
            if not isinstance(fill, Fill):
                continue
            self.fills += 1
            groups = {self.exchange.hot(a).group for a in (fill.taker, fill.maker)}
            assert len(groups) == 2
            for account in (fill.taker, fill.maker):
                equity, initial, maintenance = self.snapshot(account)
                was, _, had = before[account]
                # what is rounded: collateral (1), the factor of two rows (1 each), drift (1 ppm)
                slack = 4 + initial / 100_000
                eased = maintenance <= had and equity - maintenance >= was - had - slack
                assert equity >= initial - slack or eased
            if flags & REDUCE_ONLY:
                was_lots = lots_before[fill.taker]
                lots = self.exchange.position(fill.taker, fill.series).lots
                assert 0 <= lots < was_lots or was_lots < lots <= 0

    def check(self) -> None:
        """Check what must hold after every step."""
        exchange = self.exchange
        held = {account: self.positions(account) for account in ACCOUNTS}
        everything = [position for found in held.values() for position in found]
        for series in LINEAR:
            lots = [position.lots for position in everything if position.series == series]
            assert sum(lots) == 0
            assert sum(q for q in lots if q > 0) == exchange.series(series).open_interest
        cash = [exchange.cash(account) for account in ACCOUNTS]
        pools, credit = exchange.pools(), exchange.state[CREDIT_KEY]
        pending = sum(p.lots * p.funding_index - p.basis for p in everything)
        custody = sum(cash) + pending + pools.fees + sum(pools.insurance)
        totals = exchange.totals()
        assert custody == totals[0] + credit.deficit + self.unexplained  # type: ignore[union-attr]
        assert sum(exchange.amounts(account)[1] for account in ACCOUNTS) == totals[1]
        assert credit.borrowed == sum(max(0, -c) for c in cash)  # type: ignore[union-attr]
        assert pools.fees >= 0
        self.check_accounts()

    def check_accounts(self) -> None:
        """Check hot leaves against positions and orders."""
        exchange = self.exchange
        prices: Any = exchange.state[PRICES_KEY]
        reserves = dict.fromkeys(ACCOUNTS, 0)
        for key, leaf in exchange.state.items():
            if key >> INDEX_BITS == ORDERS and isinstance(leaf, Order) and leaf.account:
                reserves[leaf.account] += leaf.reserve
        for account in ACCOUNTS:
            hot = exchange.hot(account)
            assert hot.reserve == reserves[account]
            rows = zip(hot.rows, self.recomputed(account), prices.rows, strict=True)
            for row, expected, price in rows:
                assert row.positions == expected.positions
                assert row.maintenance <= row.initial
                if row.positions and row.epoch == price.epoch:
                    assert row == expected


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_random_trading_keeps_every_invariant(seed: int) -> None:
    market = Market(Random(seed))
    for _ in range(60):
        market.act()
        market.check()


def test_random_trading_fills_and_fails_in_many_ways() -> None:
    market = Market(Random(7))
    for _ in range(4_000):
        market.act()
    assert market.fills > 250
    assert market.kinds == {StepKind.TAKE, StepKind.REFRESH, StepKind.SWEEP}
    assert market.reasons >= {
        Reason.OK,
        Reason.REFRESH,
        Reason.SELF_TRADE,
        Reason.REDUCE_ONLY,
        Reason.NO_POSITION,
        Reason.MAKER_VOID,
        Reason.MAKER_FAILED,
        Reason.BORROW_LIMIT,
        Reason.INSUFFICIENT_MARGIN,
        Reason.INSUFFICIENT_BALANCE,
        Reason.REMAINDER_CANCELLED,
    }


@given(st.lists(st.tuples(st.integers(-50, 50).filter(bool), st.integers(1, 10**6)), min_size=1))
def test_apply_fill_beside_exact_fractions_differs_by_less_than_one_unit_per_fill(
    fills: list[tuple[int, int]],
) -> None:
    position, cash = NO_POSITION, 0
    lots, basis, exact = 0, Fraction(0), Fraction(0)
    paid = 0
    for count, (change, price) in enumerate(fills, 1):
        position, gain = apply_fill(position, 1, change, price, 0, count)
        cash += gain
        paid += change * price
        closed = min(abs(change), abs(lots)) if lots * change < 0 else 0
        if closed:
            share = basis * closed / abs(lots)
            exact += (1 if lots > 0 else -1) * closed * price - share
            basis -= share
        opened = (abs(change) - closed) * (1 if change > 0 else -1)
        basis += opened * price
        lots += change
        assert position.lots == lots
        assert cash - position.basis == -paid
        assert abs(cash - exact) < count
        if lots == 0:
            assert position == NO_POSITION
        else:
            assert abs(position.basis) <= abs(lots) * 10**6
