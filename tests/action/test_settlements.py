"""The keeper on a day of settlement: a future ends, its prices come in, everybody is paid."""

import asyncio
from typing import Any, Final

import pytest

from rollup_node.codec.records import decode_record
from rollup_node.core.auctions import SALE_MS
from rollup_node.core.flags import LIQUIDATING_FLAG
from rollup_node.core.inputs import Liquidate, Settle, SettlementPrice, Takeover
from rollup_node.core.kinds import Phase, SeriesStatus
from rollup_node.core.layout import balances_key, directory_key, hot_key, positions_key, terms_key
from rollup_node.core.reason import Reason
from rollup_node.core.settlement import LATE_SECONDS
from rollup_node.derive.events import L1Block
from rollup_node.l1.client import RpcError
from rollup_node.node.builder import Builder
from rollup_node.node.keeper import KeeperPlayer
from rollup_node.node.signers import Recovered
from rollup_node.ports import L1Update, TemporaryError
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.inbox import record_hash
from rollup_node.roles.auditor import Auditor
from rollup_node.roles.keeper import RUINED_RETRY_MS
from rollup_node.roles.settlements import SETTLE_LIMIT, SETTLE_RETRY_MS
from tests.property.arena import (
    BTC,
    BUY,
    ETH,
    EXPIRY_AT,
    FUTURE,
    IOC,
    PERP,
    PRICES,
    PUBLISHERS,
    SELL,
    USD,
    Arena,
    Step,
)

MAKER: Final = 1
TAKERS: Final = tuple(range(2, 3 * SETTLE_LIMIT // 2))
ROUNDS: Final = 60


class Replica:
    """What a keeper sees of its node: one state, to which items add what has changed."""

    def __init__(self, arena: Arena) -> None:
        self.arena, self.item_count = arena, 0
        self.state = ChainState({})

    def derive(self) -> None:
        """Let an item arrive with all that happened."""
        self.item_count += 1
        known = self.state.get
        news = {key: leaf for key, leaf in self.arena.state.items() if known(key) is not leaf}
        self.state.commit(news)


class Sequencer:
    """Executes what it is sent at once, and refuses what would come to nothing."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.sent: list[Any] = []
        self.refused: list[Reason] = []
        self.is_silent = False

    async def call(self, method: str, body: str) -> None:
        assert method == "rollup_sendTransaction"
        record = decode_record(bytes.fromhex(body[2:]))
        self.sent.append(record)
        if self.is_silent:
            raise TemporaryError("no answer")
        reason = self.arena.open_record(record)
        if reason is not Reason.OK:
            self.refused.append(reason)
            raise RpcError(method, -32_000, reason.name)


class Day:
    """An exchange with a future, a maker, many takers long and short, and a keeper."""

    def __init__(self) -> None:
        self.arena = Arena()
        self.watch()
        assert self.arena.deposit(MAKER, 0, 10**6 * USD) is Reason.OK
        for account in TAKERS:
            assert self.arena.deposit(account, 0, 5_000 * USD) is Reason.OK
        self.arena.seal()
        for account in TAKERS:
            side = SELL if account % 3 == 0 else BUY
            self.trade(account, side, 10 + account, FUTURE)
        self.trade(TAKERS[0], BUY, 7, PERP)
        self.replica, self.sequencer = Replica(self.arena), Sequencer(self.arena)
        self.keeper = KeeperPlayer(self.replica, self.sequencer, None)  # type: ignore[arg-type]

    def watch(self) -> None:
        """Have the auditor look at the state after each record and each task, from now on."""
        auditor, changed = Auditor(), set(self.arena.state)

        def see(step: Step) -> None:
            changed.update(step.replaced)
            if self.arena.cursor().phase == Phase.IDLE:
                auditor.audit(self.arena.state, changed)
                changed.clear()

        self.arena.watch = see

    def trade(self, account: int, side: int, lots: int, series: int) -> None:
        """Let an account take an order of the maker, three ticks from the mark."""
        price = self.arena.tick(series) + (3 if side == BUY else -3)
        maker = self.arena.order(MAKER, 1 - side, price, lots, series=series)
        taker = self.arena.order(account, side, price, lots, series=series, time_in_force=IOC)
        for order in (maker, taker):
            self.arena.seal()
            assert self.arena.send(order) is Reason.OK

    def pass_time(self, until: int) -> None:
        """Let time pass with reports, until so many seconds after the date (negative: before)."""
        while (left_ms := (EXPIRY_AT + until) * 1_000 - self.arena.now()) > 0:
            self.arena.seal(min(left_ms, 50_000))
            for underlying in (ETH, BTC):
                assert self.arena.report(underlying, PRICES[underlying]) is Reason.OK

    def say(self, numbers: range, first: int = PRICES[ETH]) -> None:
        """Let the publishers say prices of the grid: each round a dollar more."""
        self.arena.seal()
        for number in numbers:
            price = first + number * USD
            record = SettlementPrice(ETH, 0, EXPIRY_AT, number, price, ())
            assert self.arena.open_record(record, PUBLISHERS[:3]) is Reason.OK

    def turn(self, *, derive: bool = True) -> bool:
        """Let the keeper take a turn, after an item unless told otherwise."""
        if derive:
            self.arena.seal()
            self.replica.derive()
        return asyncio.run(self.keeper.act())

    def settled(self) -> list[Settle]:
        """Return the settlements that the keeper asked for."""
        return [record for record in self.sequencer.sent if isinstance(record, Settle)]

    def position(self, account: int) -> tuple[int, int]:
        """Return lots and basis of an account in the future."""
        directory = self.arena.leaf(directory_key(account))
        if directory is None or FUTURE not in directory.series:
            return 0, 0
        number = directory.series.index(FUTURE)
        row = self.arena.leaf(positions_key(account, number)).rows[number & 7]
        return row.lots, row.basis

    def cash(self, account: int) -> int:
        return int(self.arena.leaf(balances_key(account)).amounts[0])


@pytest.fixture
def day() -> Day:
    return Day()


def test_act_after_the_date_settles_everybody_exactly_and_then_rests(day: Day) -> None:
    everybody = (MAKER, *TAKERS)
    day.pass_time(-1)
    day.turn()
    day.pass_time(1)
    day.turn()
    day.say(range(ROUNDS - 1))
    day.turn()
    assert day.settled() == [], "a round is missing, and may still come"
    day.say(range(ROUNDS - 1, ROUNDS))

    held = {account: day.position(account) for account in everybody}
    cash = {account: day.cash(account) for account in everybody}
    assert all(lots for lots, _ in held.values())
    assert day.turn()
    assert len(day.settled()) == SETTLE_LIMIT
    assert day.turn(derive=False), "it goes on without waiting for an item"
    assert not day.turn(derive=False)
    assert day.settled() == [Settle(account, FUTURE) for account in everybody]
    assert day.sequencer.refused == []

    lots_per_unit = day.arena.leaf(terms_key(FUTURE)).lots_per_unit
    payout = (60 * PRICES[ETH] + sum(range(ROUNDS)) * USD) // ROUNDS // lots_per_unit
    for account, (lots, basis) in held.items():
        assert day.cash(account) - cash[account] == lots * payout - basis
        assert day.position(account) == (0, 0)
    paid = sum(day.cash(account) - cash[account] for account in everybody)
    assert paid == -sum(basis for _, basis in held.values()), "nothing is left over or short"
    future = day.arena.series(FUTURE)
    assert (future.status, future.open_interest) == (SeriesStatus.SETTLED, 0)

    day.arena.seal(2 * SETTLE_RETRY_MS)
    assert not day.turn()
    assert day.keeper.status()["keeper"]["settled"] == len(day.settled()) == len(everybody)


def test_act_without_all_rounds_settles_when_no_more_can_come(day: Day) -> None:
    day.pass_time(0)
    day.say(range(0, ROUNDS, 2))
    day.pass_time(LATE_SECONDS - 1)
    assert not day.turn()
    day.pass_time(LATE_SECONDS)
    assert day.turn()
    assert day.arena.series(FUTURE).status == SeriesStatus.SETTLED
    assert day.sequencer.refused == []


def test_act_settled_by_others_is_not_asked_for(day: Day) -> None:
    day.pass_time(1)
    day.say(range(ROUNDS))
    for account in TAKERS:
        assert day.arena.open_record(Settle(account, FUTURE)) is Reason.OK
    day.turn()
    assert day.settled() == [Settle(MAKER, FUTURE)]


def test_act_sequencer_that_is_silent_is_asked_again_when_its_time_goes_on(day: Day) -> None:
    day.pass_time(1)
    day.say(range(ROUNDS))
    day.sequencer.is_silent = True
    assert day.turn()
    assert not day.turn(derive=False)
    assert len(day.settled()) == SETTLE_LIMIT, "no more is sent into the silence"
    day.sequencer.is_silent = False
    while day.turn():
        pass
    assert day.arena.series(FUTURE).open_interest > 0, "what was asked for is waited for"
    day.arena.seal(SETTLE_RETRY_MS)
    while day.turn():
        pass
    assert day.arena.series(FUTURE).open_interest == 0


def test_act_after_a_reorg_settles_what_l1_took_back(day: Day) -> None:
    day.pass_time(1)
    day.say(range(ROUNDS))
    day.arena.seal()
    day.replica.derive()
    mark, before = day.replica.state.mark(), dict(day.arena.state)
    while day.turn(derive=False):
        pass
    day.turn()
    assert day.arena.series(FUTURE).open_interest == 0
    day.replica.state.rewind(mark)
    day.arena.state.clear()
    day.arena.state.update(before)
    day.watch()
    head = L1Block(1, bytes(32), bytes(32), EXPIRY_AT)
    day.keeper.on_l1(L1Update(head, True, 0, 0, 0, (), (), ()))  # noqa: FBT003 - as it is made
    assert not day.turn(derive=False), "most of it is only on its way once more"
    day.arena.seal(SETTLE_RETRY_MS)
    while day.turn():
        pass
    assert day.arena.series(FUTURE).open_interest == 0
    assert day.sequencer.refused == []


class Strict(Sequencer):
    """Asks a real builder first, as the sequencer does: what leaves no trace is not executed."""

    def __init__(self, arena: Arena) -> None:
        super().__init__(arena)
        self.taken: list[Any] = []

    async def call(self, method: str, body: str) -> None:
        raw = bytes.fromhex(body[2:])
        record: Any = decode_record(raw)
        builder = Builder(bytes(32))
        builder.state.commit(self.arena.state)
        builder.ledger.begin_block(self.arena.cursor().block, self.arena.now())
        known = Recovered(record_hash(raw), record, None)
        is_taken, reason = builder.transact(raw, known, 0)
        if not is_taken:
            raise RpcError(method, -32_000, reason.name)
        self.taken.append(record)
        self.arena.open_record(record)


def test_act_debt_that_a_settlement_left_is_made_good_by_the_insurance(day: Day) -> None:
    debtor = TAKERS[1]
    day.trade(debtor, SELL, 1_000, FUTURE)
    day.keeper.sequencer = sequencer = Strict(day.arena)  # type: ignore[assignment]
    day.pass_time(1)
    day.say(range(ROUNDS), 2 * PRICES[ETH])
    while day.turn():
        pass
    day.turn()
    assert day.cash(debtor) < 0
    assert day.arena.leaf(hot_key(debtor)).flags & LIQUIDATING_FLAG
    for wait_ms in (RUINED_RETRY_MS, RUINED_RETRY_MS, SALE_MS):
        day.arena.seal(wait_ms)
        day.turn()
    rest = [record for record in sequencer.taken if not isinstance(record, Settle)]
    assert rest == [Liquidate(debtor, 0), Takeover(debtor)], "each once"
    assert day.cash(debtor) == 0
    assert not day.arena.leaf(hot_key(debtor)).flags & LIQUIDATING_FLAG
