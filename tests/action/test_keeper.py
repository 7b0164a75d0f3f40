"""The keeper of a node, alone on a market that crashed: it liquidates, then clears what is left."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from rollup_node.codec.records import decode_fast, decode_record, encode_open
from rollup_node.core.flags import FUND_FLAG, LIQUIDATING_FLAG
from rollup_node.core.inputs import Liquidate, Takeover
from rollup_node.core.layout import hot_key
from rollup_node.core.reason import Reason
from rollup_node.devnet.crash.machine import Machine
from rollup_node.devnet.crash.story import Crash, Spec
from rollup_node.l1.client import RpcError
from rollup_node.node.builder import Builder
from rollup_node.node.keeper import KeeperPlayer
from rollup_node.node.signers import Recovered
from rollup_node.ports import TemporaryError
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.inbox import record_hash
from rollup_node.roles.keeper import Health

ETH_USDC: Final = 1_750_000_000
BTC_USDC: Final = 47_500_000_000
_TAKEN: Final = (Reason.OK, Reason.STALE_ACCOUNT)


class Replica:
    """What a keeper sees of its node: the state after the newest item."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.item_count = machine, 0
        self.state = ChainState()

    def derive(self) -> None:
        """Let an item arrive with all that happened."""
        self.item_count += 1
        self.state = ChainState({})
        self.state.commit(self.machine.state)


class Sequencer:
    """Executes what it is sent at once, and refuses what would come to nothing."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.sent: list[Any] = []

    async def call(self, method: str, body: str) -> None:
        assert method == "rollup_sendTransaction"
        record = decode_record(bytes.fromhex(body[2:]))
        assert isinstance(record, Liquidate | Takeover)
        self.sent.append(record)
        reason = self.machine.open(record)
        if reason not in _TAKEN:
            raise RpcError(method, -32_000, reason.name)


class Silent:
    """A sequencer that does not answer."""

    def __init__(self) -> None:
        self.asked = 0

    async def call(self, _method: str, _body: str) -> None:
        self.asked += 1
        raise TemporaryError("no answer")


class Sender:
    """Sends to L1: remembers what."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def send(self, contract: str, function: str, body: bytes) -> None:
        assert (contract, function) == ("inbox", "sendFast")
        self.bodies.append(body)


def fallen() -> Crash:
    """Half the price in a minute, and a keeper that slept through it."""
    story = Crash(Spec("linear", 60, 1, 1_000), lambda _text: None)
    story.found()
    story.build()
    for price in range(100, 49, -1):
        story.machine.seal(1_000)
        for underlying, usdc in enumerate((ETH_USDC, BTC_USDC)):
            taken = story.machine.report(underlying, 2 * usdc * price // 100, (0, 1, 2))
            assert taken is Reason.OK
    return story


def pass_time(machine: Machine, seconds: int) -> None:
    """Let time pass at a price that stays, with a report every half a minute."""
    for first in range(0, seconds, 30):
        machine.seal(1_000 * min(30, seconds - first))
        for underlying, usdc in enumerate((ETH_USDC, BTC_USDC)):
            assert machine.report(underlying, usdc, (0, 2, 4)) is Reason.OK


def test_act_after_a_crash_liquidates_all_then_the_fund_takes_over_and_clears() -> None:
    story = fallen()
    machine, desk = story.machine, story.desk
    traders = [trader.party.account for trader in story.crowd.traders]

    def below(least: Callable[[Health], int]) -> set[int]:
        healths = {account: desk.health(account) for account in traders}
        return {account for account, found in healths.items() if found.equity < least(found)}

    low = below(lambda found: found.maintenance)
    replica, sequencer = Replica(machine), Sequencer(machine)
    keeper = KeeperPlayer(replica, sequencer, None)  # type: ignore[arg-type]

    def go_on(seconds: int) -> None:
        pass_time(machine, seconds)
        replica.derive()
        asyncio.run(keeper.act())

    go_on(0)
    assert {record.account for record in sequencer.sent} == low
    assert keeper.status()["keeper"]["in_liquidation"] == 0, "it sees its own work in the next item"
    go_on(30)  # those whose bids the first ones met are below zero now too
    go_on(30)
    ruined = below(lambda _found: 0)
    assert len(ruined) > 5
    assert all(desk.hot(account).flags & LIQUIDATING_FLAG for account in ruined)
    assert keeper.status()["keeper"]["in_liquidation"] >= len(ruined)
    assert keeper.takeovers == 0
    go_on(600)
    go_on(60)
    assert below(lambda _found: 0) == set()
    taken = {account for account in ruined if desk.hot(account).flags & FUND_FLAG}
    assert keeper.takeovers == len(taken) > 3
    assert machine.books.deficit > 0


def test_act_accounts_that_the_market_cured_are_set_free() -> None:
    story = fallen()
    machine, desk = story.machine, story.desk
    replica = Replica(machine)
    keeper = KeeperPlayer(replica, Sequencer(machine), Sender())  # type: ignore[arg-type]
    caught: set[int] = set()
    for percent in (100, 100, *range(101, 201)):
        machine.seal(1_000)
        for underlying, usdc in enumerate((ETH_USDC, BTC_USDC)):
            machine.report(underlying, usdc * percent // 100, (0, 1, 2))
        if percent in {100, 200}:
            replica.derive()
            asyncio.run(keeper.act())
        if percent == 100:
            caught = set(keeper.remains.accounts)
    cured = {a for a in caught if desk.health(a).equity >= desk.health(a).maintenance}
    assert len(cured) > 3
    assert not any(desk.hot(account).flags & LIQUIDATING_FLAG for account in cured)


def test_transact_liquidation_that_only_frees_its_account_is_taken_once() -> None:
    story = fallen()
    machine = story.machine
    account = next(
        trader.party.account
        for trader in story.crowd.traders
        if story.desk.health(trader.party.account).equity < 0
    )
    record = Liquidate(account, story.desk.health(account).series)
    assert machine.open(record) is Reason.OK
    assert story.desk.hot(account).flags & LIQUIDATING_FLAG
    machine.deposit(account, machine.owner_of(account), 0, 10**12)
    machine.seal(20)

    builder, body = Builder(machine.domain), encode_open(record)
    builder.state.commit(machine.state)
    builder.ledger.begin_block(machine.cursor.block, machine.now_ms)
    known = Recovered(record_hash(body), record, None)
    assert builder.transact(body, known, 0) == (True, Reason.OK)
    assert builder.state.get(hot_key(account)).flags == 0
    assert builder.ledger.hashes == [record_hash(body)]
    assert builder.transact(body, known, 1) == (False, Reason.NOT_LIQUIDATABLE)
    assert builder.ledger.hashes == [record_hash(body)], "nothing came of it: no trace"


def test_act_sequencer_that_is_silent_for_long_is_passed_by_through_l1() -> None:
    story = fallen()
    replica, sequencer, sender = Replica(story.machine), Silent(), Sender()
    keeper = KeeperPlayer(replica, sequencer, sender)  # type: ignore[arg-type]
    for seconds in (10, 10, 10):
        story.machine.seal(1_000 * seconds)
        replica.derive()
        asyncio.run(keeper.act())
    assert keeper.forced == len(sender.bodies) > 10
    assert sequencer.asked > keeper.forced
    assert {type(decode_fast(body)) for body in sender.bodies} == {Liquidate}
    assert (keeper.asked, keeper.takeovers) == (0, 0)


def test_act_takeover_that_is_refused_is_tried_again_and_never_forced() -> None:
    story = fallen()
    replica, sender = Replica(story.machine), Sender()
    keeper = KeeperPlayer(replica, Sequencer(story.machine), sender)  # type: ignore[arg-type]
    for seconds in (1, 30):
        pass_time(story.machine, seconds)
        replica.derive()
        asyncio.run(keeper.act())
    pass_time(story.machine, 660)
    sequencer = Silent()
    keeper.sequencer = sequencer  # type: ignore[assignment]
    for _ in range(2):
        sequencer.asked = 0
        pass_time(story.machine, 30)
        replica.derive()
        asyncio.run(keeper.act())
        assert sequencer.asked > 5
    assert keeper.takeovers == 0
