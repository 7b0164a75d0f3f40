"""The whole exchange under random users, through the step function; invariants by their ids.

Every step of every record, message and task is followed by all checks of the referee: money,
positions, open interest, rows, books, slots, and each fill against what both sides signed.
"""

from typing import Any, Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from rollup_node.core.inputs import (
    Bid,
    ForwardReport,
    Freeze,
    Leg,
    Liquidate,
    MovePosition,
    OpenAccount,
    Prune,
    SetDeadMan,
    SetKey,
    SetMode,
    SetProtection,
    StartSale,
    Takeover,
    Transfer,
    Trigger,
    Withdraw,
)
from rollup_node.core.layout import ALLOCATORS_KEY, BRIDGE_ACCOUNT_LIMIT, session_key_key
from rollup_node.core.reason import Reason
from tests.property.arena import (
    BTC,
    ETH,
    EXPIRY_AT,
    OPTIONS,
    OPTIONS_AT,
    PERP,
    PUBLISHERS,
    SERIES,
    SPOT,
    USD,
    Arena,
    key_address,
)
from tests.property.ledger import Ledger
from tests.property.referee import Referee

ACCOUNTS = st.integers(1, 6)
SERIES_IDS = st.sampled_from([PERP, PERP, *SERIES, *OPTIONS])
WRITERS = st.sampled_from([*range(7, 13), 1])
STARTS = st.sampled_from([850_000, 950_000, 1_000_000, 1_002_000, 1_300_000])
SIDES = st.integers(0, 1)
AWAY = st.integers(-25, 60)
LOTS = st.sampled_from([1, 2, 7, 40, 40, 300, 2_500, 30_000])
BUYS = st.lists(st.tuples(ACCOUNTS, LOTS, st.integers(0, 700)), min_size=1, max_size=3)
CLIENTS = st.sampled_from([0, 1, 2, 7, 8, 9, 63, 1_023])
FORCES = st.sampled_from([0, 0, 0, 1, 2])
RARELY = st.sampled_from([False, False, False, False, True])
TRADES = st.lists(
    st.tuples(ACCOUNTS, ACCOUNTS, SERIES_IDS, SIDES, AWAY, LOTS, LOTS), min_size=1, max_size=4
)
LEGS = st.lists(st.tuples(SERIES_IDS, SIDES, CLIENTS, AWAY, LOTS), min_size=1, max_size=4)
_CASH: Final = (5_000 * USD, 60_000 * USD, 10**12, 10**12, 400 * USD, 10**13)
_SPENT: Final = {Reason.NONCE_USED, Reason.NONCE_TOO_OLD}


class ExchangeMachine(RuleBasedStateMachine):
    """Six accounts of four owners, rich and poor, in four linear series and four options."""

    def __init__(self) -> None:
        super().__init__()
        self.arena = Arena()
        self.referee = Referee(self.arena)
        self.past: list[tuple[Any, bytes, Reason]] = []

    @initialize()
    def fund(self) -> None:
        """Give money to everybody, coins to some."""
        for account, cash in enumerate(_CASH, 1):
            assert self.arena.deposit(account, 0, cash) is Reason.OK
            if account % 2:
                assert self.arena.deposit(account, 1, 10**19) is Reason.OK
        for writer in range(7, 13):
            assert self.arena.deposit(writer, 0, 10**10) is Reason.OK
            assert self.arena.deposit(writer, 1, 10**20) is Reason.OK
        self.arena.seal()
        for account in (2, 3, 6):
            assert self.send(SetMode(account, 0, 1, self.arena.nonce())) is Reason.OK
        for account in (3, 4, 6):
            legs = [(s, side, 4 * s + side, 10 * account, 200) for s in SERIES for side in (0, 1)]
            self.quote(account, legs)
            for number, series in enumerate(OPTIONS):
                clients = 40 + 2 * number
                legs = [(series, side, clients + side, account, 300) for side in (0, 1)]
                self.quote(account, legs)

    def send(self, record: Any, signer: bytes | None = None) -> Reason:
        """Send a record in a block of its own, mostly, and remember it for a replay."""
        if self.arena.cursor().order_class > 2:
            self.arena.seal()
        key = getattr(record, "key", 0)
        by = signer or (key_address(record[0], key) if key else self.arena.owner(record[0]))
        reason = self.arena.send(record, by)
        self.past.append((record, by, reason))
        return reason

    def price(self, series: int, side: int, away: int) -> int:
        """Return a tick `away` from the mark, on the passive side of it."""
        tick = self.arena.tick(series)
        return max(1, tick + away if side else tick - away)

    @rule(account=ACCOUNTS, series=SERIES_IDS, side=SIDES, away=AWAY, lots=LOTS, client=CLIENTS,
          in_force=FORCES, post_only=st.booleans(), reduce_only=RARELY,
          self_trade=st.integers(0, 2), key=st.sampled_from([0, 0, 0, 1]))  # fmt: skip
    def place(self, account: int, away: int, lots: int, client: int, **terms: Any) -> None:
        """Place an order of any sort."""
        in_force = terms["in_force"]
        order = self.arena.order(
            account,
            terms["side"],
            self.price(terms["series"], terms["side"], away),
            lots,
            series=terms["series"],
            slot=client,
            time_in_force=in_force,
            expiry=self.arena.now() // 1_000 + 30 if in_force == 1 else 0,
            post_only=int(terms["post_only"] and in_force != 2),
            reduce_only=int(terms["reduce_only"] and terms["series"] != SPOT),
            self_trade=terms["self_trade"],
            key=terms["key"],
        )
        self.referee.remember(order, order.nonce & 0xFFFFFFFF)
        self.send(order)

    @rule(account=ACCOUNTS, series=SERIES_IDS, side=SIDES, lots=LOTS, reduce_only=RARELY,
          self_trade=st.integers(0, 2))  # fmt: skip
    def take(self, account: int, series: int, side: int, lots: int, **terms: Any) -> None:
        """Take what there is, within the band."""
        order = self.arena.order(
            account,
            side,
            self.price(series, side, -3_000 if series != 3 else -8_000),
            lots,
            series=series,
            kind=1,
            time_in_force=2,
            reduce_only=int(terms["reduce_only"] and series != SPOT),
            self_trade=terms["self_trade"],
        )
        self.referee.remember(order, order.nonce & 0xFFFFFFFF)
        self.send(order)

    @rule(trades=TRADES)
    def trade(self, trades: list[tuple[int, int, int, int, int, int, int]]) -> None:
        """Let one account rest an order and another one take, a few times."""
        for maker, taker, series, side, away, resting, taking in trades:
            self.quote(maker, [(series, side, 30, away, resting)])
            self.take(taker, series, 1 - side, taking, reduce_only=False, self_trade=1)

    @rule(account=ACCOUNTS, legs=LEGS)
    def quote(self, account: int, legs: list[tuple[int, int, int, int, int]]) -> None:
        """Quote both sides of several series."""
        rows = [
            Leg(series, side, client, self.price(series, side, away), lots)
            for series, side, client, away, lots in legs
        ]
        quote = self.arena.quote(account, *rows)
        for row in rows:
            order = self.arena.order(
                account, row.side, row.price, row.quantity, series=row.series, slot=row.slot
            )
            self.referee.remember(order, quote.nonce & 0xFFFFFFFF)
        self.send(quote)

    @precondition(lambda self: self.referee.resting())
    @rule(choice=st.integers(0, 1 << 16), away=AWAY, lots=LOTS, wrong=st.booleans())
    def replace(self, choice: int, away: int, lots: int, wrong: bool) -> None:
        """Replace a resting order."""
        order = self.pick(choice)
        price = self.price(order.series, order.flags & 1, away)
        wanted = self.arena.order(
            order.account, order.flags & 1, price, lots, slot=order.slot, max_fee=order.fee_cap_ppm
        )
        self.referee.remember(wanted, wanted.nonce & 0xFFFFFFFF)
        record = self.arena.replace(wanted, price, lots)
        self.send(record._replace(tag=order.tag + wrong, nonce=wanted.nonce))

    @precondition(lambda self: self.referee.resting())
    @rule(choice=st.integers(0, 1 << 16), forced=st.booleans())
    def cancel(self, choice: int, forced: bool) -> None:
        """Cancel a resting order: it is gone whatever else is going on."""
        order = self.pick(choice)
        wanted = self.arena.order(order.account, 0, 1, 1, slot=order.slot)
        record = self.arena.cancel(wanted, tag=order.tag)
        if forced:
            reason = self.arena.force(record, self.arena.owner(order.account))
        else:
            reason = self.send(record)
        assert reason is Reason.OK, f"O-8: {order} cannot be cancelled: {reason}"

    def pick(self, choice: int) -> Any:
        """Return some resting order."""
        resting = list(self.referee.resting().values())
        return resting[choice % len(resting)]

    @rule(account=ACCOUNTS, scope=st.integers(0, 2), scope_id=st.integers(0, 4))
    def cancel_all(self, account: int, scope: int, scope_id: int) -> None:
        """Cancel what is in a scope; nothing of it is left."""
        assert self.send(self.arena.cancel_all(account, scope, scope_id)) is Reason.OK
        for order in self.referee.resting().values():
            underlying = {3: BTC}.get(order.series, ETH)
            inside = (True, underlying == scope_id, order.series == scope_id)[scope]
            assert order.account != account or not inside, f"O-9: {order} survived"

    @rule(slot=st.integers(1, 40))
    def prune(self, slot: int) -> None:
        """Prune what may be pruned."""
        self.arena.open_record(Prune(slot))

    @rule(account=ACCOUNTS, series=SERIES_IDS, side=SIDES, kind=st.integers(2, 3), lots=LOTS,
          away=st.integers(1, 900), client=CLIENTS, reduce_only=RARELY)  # fmt: skip
    def wait_for(self, account: int, series: int, side: int, kind: int, **terms: Any) -> None:
        """Place a stop or a take-profit, on the side of the mark where it waits."""
        above = (side == 0) == (kind == 2)
        tick = self.arena.tick(series)
        order = self.arena.order(
            account,
            side,
            self.price(series, side, -2_000),
            terms["lots"],
            series=series,
            kind=kind,
            trigger=max(1, tick + terms["away"] if above else tick - terms["away"]),
            slot=terms["client"],
            reduce_only=int(terms["reduce_only"]),
        )
        self.referee.remember(order, order.nonce & 0xFFFFFFFF)
        self.send(order)

    @rule(account=ACCOUNTS, series=SERIES_IDS, crash=st.sampled_from([0, 1, -1]))
    def liquidate(self, account: int, series: int, crash: int) -> None:
        """Liquidate an account, perhaps after a crash; then offer for it, or take it over."""
        if crash:
            underlying = BTC if series == 3 else ETH
            price = self.arena.row(underlying).index_price
            self.arena.seal(1_000)
            self.arena.report(underlying, price + crash * price * 49 // 1_000)
        self.arena.seal()
        self.arena.open_record(Liquidate(account, series))
        self.arena.open_record(Takeover(account))
        look = Ledger(self.arena.state, self.arena.now())
        for bidder in range(1, 7):
            version, nonce = look.hot(account).version, self.arena.nonce()
            self.arena.send(Bid(bidder, 0, account, version, 10**12, nonce))

    @rule(account=ACCOUNTS, recipient=ACCOUNTS, series=SERIES_IDS, part=st.sampled_from([1, 2]))
    def move(self, account: int, recipient: int, series: int, part: int) -> None:
        """Move a position to another account."""
        lots = Ledger(self.arena.state, self.arena.now()).lots(account, series)
        lots = lots if part == 1 else lots >> 1
        self.send(MovePosition(account, recipient, series, lots, self.arena.nonce()))

    @rule(underlying=st.integers(0, 1), permille=st.sampled_from([-90, -40, -12, -3, 1, 8, 30, 70]))
    def report(self, underlying: int, permille: int) -> None:
        """Move the price."""
        self.arena.seal(1_000)
        price = self.arena.row(underlying).index_price
        self.arena.report(underlying, price + price * permille // 1_000)

    @rule(delta_ms=st.sampled_from([0, 19, 20, 1_000, 5_000, 31_000, 61_000]))
    def seal(self, delta_ms: int) -> None:
        """Let time pass."""
        self.arena.seal(delta_ms)

    @rule(difference=st.integers(-(10**8), 10**8))
    def forward(self, difference: int) -> None:
        """Let the future differ from the index."""
        self.arena.rounds += 1
        report = ForwardReport(
            ETH, 0, EXPIRY_AT, self.arena.rounds, self.arena.now(), difference, ()
        )
        self.arena.open_record(report, PUBLISHERS[:3])

    @rule(account=WRITERS, call=st.integers(0, 1), delta=st.integers(0, 10**6), lots=LOTS,
          start=STARTS, fall=st.integers(0, 300_000), seconds=st.sampled_from([1, 60, 604_800]),
          leaves=RARELY, again=st.booleans(), buys=BUYS)  # fmt: skip
    def offer(self, account: int, call: int, delta: int, lots: int, **terms: Any) -> None:
        """Offer options for sale, perhaps let the cover leave; others buy; offer again."""
        prices = (terms["start"], max(1, terms["start"] - terms["fall"]), terms["seconds"], 1_000)
        record = StartSale(account, ETH, call, OPTIONS_AT, delta, lots, *prices)
        if not self.force_sale(record):
            return
        self.arena.seal()
        if terms["leaves"]:
            ether = Ledger(self.arena.state, self.arena.now()).amounts(account)[1]
            self.send(Transfer(account, 1, 1, ether, self.arena.nonce()))
        series = self.referee.sales.offered[account].series
        for buyer, wanted, above in terms["buys"]:
            self.buy_options(buyer, series, above, wanted, in_force=2, self_trade=1)
        if terms["again"]:
            self.force_sale(record)

    def force_sale(self, record: StartSale) -> bool:
        """Send a sale by a message; tell whether it began."""
        before = dict(self.arena.state)
        if self.arena.force(record, self.arena.owner(record.account)) is not Reason.OK:
            return False
        self.referee.sales.check_offer(record, before)
        return True

    @rule(account=ACCOUNTS, series=st.sampled_from(OPTIONS), above=st.integers(-20, 700),
          lots=LOTS, in_force=st.sampled_from([0, 2]), self_trade=st.integers(0, 2))  # fmt: skip
    def buy_options(self, account: int, series: int, above: int, lots: int, **terms: int) -> None:
        """Buy options up to the band above their mark: the book first, or who offers them."""
        price = max(1, self.arena.tick(series) + above)
        order = self.arena.order(
            account, 0, price, lots, series=series, slot=99, time_in_force=terms["in_force"],
            self_trade=terms["self_trade"],
        )  # fmt: skip
        self.referee.remember(order, order.nonce & 0xFFFFFFFF)
        self.send(order)

    @rule(volatility=st.sampled_from([3_000, 5_900, 6_000, 6_050, 9_000, 20_000]),
          difference=st.integers(-(10**8), 10**8))  # fmt: skip
    def surface(self, volatility: int, difference: int) -> None:
        """Say volatilities: a reprice follows within a second if they moved."""
        self.arena.seal()
        assert self.arena.surface(volatility, difference) is Reason.OK

    @rule(underlying=st.integers(0, 2))
    def trigger(self, underlying: int) -> None:
        """Ask for a reprice."""
        self.arena.open_record(Trigger(underlying))

    @rule(account=ACCOUNTS, asset=st.integers(0, 1), forced=st.booleans(),
          part=st.sampled_from([1, 2, 3]))  # fmt: skip
    def withdraw(self, account: int, asset: int, forced: bool, part: int) -> None:
        """Take money out: what stays covers the margin (X-10)."""
        look = Ledger(self.arena.state, self.arena.now())
        amount = max(1, look.amounts(account)[asset]) // part or 1
        record = Withdraw(account, asset, amount, bytes(19) + b"\1", self.arena.nonce())
        before = look.amounts(account)[asset]
        if forced:
            self.arena.force(record._replace(nonce=0), self.arena.owner(account))
        else:
            self.send(record)
        self.check_left(account, asset, before)

    @rule(account=ACCOUNTS, recipient=ACCOUNTS, asset=st.integers(0, 1),
          part=st.sampled_from([1, 2, 3]))  # fmt: skip
    def transfer(self, account: int, recipient: int, asset: int, part: int) -> None:
        """Send money to another account: what stays covers the margin (X-10)."""
        before = Ledger(self.arena.state, self.arena.now()).amounts(account)[asset]
        amount = max(1, before) // part or 1
        self.send(Transfer(account, recipient, asset, amount, self.arena.nonce()))
        self.check_left(account, asset, before)

    def check_left(self, account: int, asset: int, before: int) -> None:
        """Check what an account has that something left. Invariant X-10."""
        look = Ledger(self.arena.state, self.arena.now())
        if look.amounts(account)[asset] >= before:
            return
        equity, initial, _ = look.margins(account)
        reserve = look.hot(account).reserve
        slack = 6 + initial / 100_000
        rows = any(row.positions for row in look.hot(account).rows)
        cash = look.amounts(account)[0]
        if rows or reserve or cash < 0:
            assert equity - reserve >= initial - slack, f"X-10: account {account}"
            assert cash >= 0 or -2 * cash <= look.collateral(account), f"X-10: account {account}"

    @rule(account=ACCOUNTS, frozen=st.integers(0, 1))
    def freeze(self, account: int, frozen: int) -> None:
        """Freeze an account, or end it."""
        self.send(Freeze(account, 0, frozen, self.arena.nonce()))
        if frozen:
            self.send(Freeze(account, 0, 0, self.arena.nonce()))

    @rule(account=ACCOUNTS, limit=st.sampled_from([0, 10, 500]))
    def protect(self, account: int, limit: int) -> None:
        """Set market-maker protection."""
        window = 10_000 if limit else 0
        self.send(SetProtection(account, 0, ETH, limit, window, self.arena.nonce()))

    @rule(account=ACCOUNTS, ahead_ms=st.sampled_from([0, 0, 500, 60_000]))
    def dead_man(self, account: int, ahead_ms: int) -> None:
        """Set the dead-man time."""
        at = self.arena.now() + ahead_ms if ahead_ms else 0
        self.send(SetDeadMan(account, 0, at, self.arena.nonce()))

    @rule(account=ACCOUNTS, mode=st.sampled_from([0, 1, 1, 1, 2]))
    def set_mode(self, account: int, mode: int) -> None:
        """Choose a risk model."""
        self.send(SetMode(account, 0, mode, self.arena.nonce()))

    @rule(account=ACCOUNTS, scope=st.sampled_from([1, 4, 7]))
    def set_key(self, account: int, scope: int) -> None:
        """Register a session key."""
        expiry = self.arena.now() + 10**6
        address = key_address(account, 1)
        record = SetKey(account, 1, address, scope, 3, expiry, 10**10, self.arena.nonce())
        self.send(record)

    @rule(account=ACCOUNTS, series=st.sampled_from([0, PERP]))
    def open_account(self, account: int, series: int) -> None:
        """Open a further account and give it money."""
        child = BRIDGE_ACCOUNT_LIMIT + self.arena.leaf(ALLOCATORS_KEY).next_account
        if self.send(OpenAccount(account, series, self.arena.nonce())) is Reason.OK:
            self.send(Transfer(account, child, 0, 10**9, self.arena.nonce()))
            order = self.arena.order(child, 0, self.arena.tick(), 40)
            self.referee.remember(order, order.nonce & 0xFFFFFFFF)
            self.send(order, self.arena.owner(account))

    @precondition(lambda self: self.past)
    @rule(choice=st.integers(0, 1 << 16))
    def replay(self, choice: int) -> None:
        """Send something again: a nonce that counted never counts again (L-5)."""
        record, signer, reason = self.past[choice % len(self.past)]
        if self.is_stopped(reason):
            return
        key = getattr(record, "key", 0)
        if key and self.arena.leaf(session_key_key(record[0], key)) is None:
            return
        self.arena.seal()
        again = self.arena.send(record, signer)
        before_nonce = {Reason.BAD_SIGNATURE, Reason.KEY_EXPIRED, Reason.KEY_SCOPE}
        assert again in _SPENT | before_nonce, f"L-5: {record} again: {again}"

    def is_stopped(self, reason: Reason) -> bool:
        """Say whether a record never got as far as its nonce."""
        return reason in {
            Reason.OUT_OF_CLASS,
            Reason.BAD_SIGNATURE,
            Reason.KEY_EXPIRED,
            Reason.KEY_SCOPE,
            Reason.NONCE_TOO_NEW,
            Reason.NONCE_TOO_OLD,
            Reason.UNKNOWN_ACCOUNT,
        }


TestExchange = ExchangeMachine.TestCase
TestExchange.settings = settings(max_examples=80, stateful_step_count=60, deadline=None)
