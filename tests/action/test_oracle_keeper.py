"""The oracle keeper with five publishers, a scripted market and an exchange that can be silent."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from rollup_node.codec.eip712 import domain_separator, report_digest
from rollup_node.codec.leaves import encode_leaf
from rollup_node.codec.records import decode_fast, decode_record, encode_open
from rollup_node.codec.signature import recover
from rollup_node.core.inputs import ForwardReport, PriceReport, Report, SettlementPrice
from rollup_node.core.layout import PRICES_KEY, PUBLISHERS_KEY, expiry_key, grid_key, underlying_key
from rollup_node.core.market_leaves import (
    NO_PRICE,
    Expiry,
    PriceRow,
    Prices,
    Publishers,
    SettlementGrid,
    Underlying,
)
from rollup_node.devnet.keys import PUBLISHERS, accounts
from rollup_node.devnet.oracle_feeds import PublisherFeed
from rollup_node.devnet.prices import PriceProcess, make_process
from rollup_node.l1.client import RpcError
from rollup_node.node.oracle_keeper import OracleKeeper
from rollup_node.node.oracle_state import FeedState, OracleState, RpcExchange
from rollup_node.node.publishers import LocalPublisher
from rollup_node.ports import InputError, L1Receipt, TemporaryError
from rollup_node.roles.oracle_reports import (
    PRICE,
    Accepted,
    Observation,
    OraclePolicy,
)
from rollup_node.roles.oracle_settlement import ExpiryView
from rollup_node.roles.publisher import Objection
from tests.action.sequencing import FixedClock

START_MS = 1_700_000_000_000
DOMAIN = domain_separator(313_371, bytes(20))
NAMES = PUBLISHERS[::-1]
LISTED = Publishers(3, tuple(accounts()[name].address for name in NAMES))
"""The exchange lists the publishers in another order than they are numbered."""
RECEIPT = L1Receipt(b"h", 1, b"b", 21_000, 1, 0, 0)


class Exchange:
    """What the exchange does with reports, in short (V-4, V-6, V-9), for ETH and one expiry."""

    def __init__(self, expiry: int = 0) -> None:
        self.price = Accepted()
        self.pending = 0
        self.forward = Accepted()
        self.expiry = expiry
        self.samples: dict[int, int] = {}
        self.taken: list[Report] = []
        self.listed = LISTED
        self.silent = False
        self.full = False

    async def read(self) -> OracleState:
        if self.silent:
            raise TemporaryError("silent")
        price = self.price._replace(is_pending=self.pending > 0)
        feeds = [FeedState((0, PRICE), price, price.value)]
        if not self.expiry:
            return OracleState(feeds, (), self.listed)
        rounds = sum(1 << number for number in self.samples)
        feeds.append(FeedState((0, 2), self.forward, price.value))
        return OracleState(feeds, [ExpiryView(0, 2, self.expiry, rounds)], self.listed)

    async def submit(self, report: Report) -> None:
        if self.silent:
            raise TemporaryError("silent")
        if self.full:
            raise InputError("full")
        self.take(report)

    def take(self, report: Report) -> None:
        self._check_signatures(report)
        self.taken.append(report)
        if isinstance(report, SettlementPrice):
            self.samples.setdefault(report.number, report.price)
        elif isinstance(report, ForwardReport):
            assert report.round > self.forward.round
            self.forward = Accepted(report.round, 0, report.difference)
        elif isinstance(report, PriceReport):
            self._take_price(report)

    def _take_price(self, report: PriceReport) -> None:
        assert report.round > self.price.round
        assert report.time_ms > self.price.time_ms
        old = self.price.value
        jumps = old and abs(report.price - old) * 20 > old
        if jumps and abs(report.price - self.pending) * 100 > self.pending:
            self.pending = report.price
            self.price = self.price._replace(round=report.round)
            return
        self.pending = 0
        self.price = Accepted(report.round, report.time_ms, report.price)

    def _check_signatures(self, report: Report) -> None:
        digest = report_digest(DOMAIN, report)
        known = LISTED.addresses
        places = [known.index(recover(digest, each) or b"") for each in report.signatures]
        assert places == sorted(set(places))
        assert len(places) == self.listed.threshold
        assert decode_record(encode_open(report)) == report


@dataclass
class L1:
    """Posts on L1; what is posted reaches the exchange at once."""

    exchange: Exchange
    posts: list[Report] = field(default_factory=list)
    address: bytes = bytes(20)

    async def send(self, contract: str, function: str, body: bytes) -> L1Receipt:
        assert (contract, function) == ("inbox", "sendFast")
        report = decode_fast(body)
        assert isinstance(report, PriceReport | ForwardReport | SettlementPrice)
        self.posts.append(report)
        self.exchange.take(report)
        return RECEIPT


class World:
    """A keeper whose seconds are made by hand."""

    def __init__(self, script: str = "calm", exchange: Exchange | None = None) -> None:
        self.clock = FixedClock()
        self.clock.time_ms = START_MS
        self.process: PriceProcess = make_process(script, 5, START_MS)
        self.exchange = exchange or Exchange()
        self.l1 = L1(self.exchange)
        policy = OraclePolicy()
        self.keeper = OracleKeeper(DOMAIN, [], self.exchange, self.l1, self.clock)  # type: ignore[arg-type]
        self.publishers = [
            LocalPublisher(
                number,
                accounts()[name].private_key,
                DOMAIN,
                PublisherFeed(number, 5, self.process),
                self.keeper.expiry_of,
                self.clock,
                policy,
            )
            for number, name in enumerate(PUBLISHERS)
        ]
        self.keeper.publishers = self.publishers

    async def run(self, seconds: float, step_ms: int = 250) -> None:
        for _ in range(int(seconds * 1_000) // step_ms):
            await self.keeper.act()
            self.clock.time_ms += step_ms
        await self.keeper.stop()

    def reports(self) -> list[PriceReport]:
        return [report for report in self.exchange.taken if isinstance(report, PriceReport)]

    def price(self) -> int:
        return self.process.price_at("ETH", self.clock.time_ms)

    def error_ppm(self) -> int:
        return abs(self.exchange.price.value - self.price()) * 1_000_000 // self.price()


async def test_keeper_calm_market_reports_every_heartbeat() -> None:
    world = World()
    await world.run(61)
    times = [report.time_ms - START_MS for report in world.reports()]
    assert times == list(range(0, 61_000, 10_000))
    assert world.error_ppm() < 3_000
    assert all(report.confidence_ppm <= 600 for report in world.reports())


async def test_keeper_crash_reports_every_second_and_keeps_up() -> None:
    world = World("march-2020-60s")
    await world.run(71)
    assert world.error_ppm() < 20_000
    times = [report.time_ms for report in world.reports()]
    crash = [at for at in times if 11_000 <= at - START_MS < 70_000]
    assert len(crash) == 59
    assert world.exchange.price.value < 1_900_000_000


async def test_keeper_gap_is_confirmed_by_the_next_round() -> None:
    world = World("calm,gap:ETH@5s-20%")
    await world.run(7)
    times = [report.time_ms - START_MS for report in world.reports()]
    assert times == [0, 5_000, 5_250]
    assert world.exchange.pending == 0
    assert world.error_ppm() < 3_000


async def test_keeper_outage_in_a_crash_is_caught_up_although_the_price_still_falls() -> None:
    world = World("march-2020-60s")
    await world.run(40)
    world.exchange.full = True
    await world.run(6)
    world.exchange.full = False
    await world.run(2)
    assert world.exchange.pending == 0
    assert world.error_ppm() < 30_000


async def test_keeper_wick_is_followed_down_and_up() -> None:
    world = World("calm,wick:ETH@5s-20%/8s")
    await world.run(20)
    seen = [report.price for report in world.reports()]
    assert min(seen) < 3_000_000_000
    assert world.error_ppm() < 5_000


async def test_keeper_stale_feed_gives_no_reports() -> None:
    world = World("calm,stale:*@15s/60s")
    await world.run(90)
    times = [report.time_ms - START_MS for report in world.reports()]
    assert not [at for at in times if 18_000 < at < 75_000]
    assert [at for at in times if at >= 75_000]


@pytest.mark.parametrize("lie", ["+3%", "-50%", "+900%"])
async def test_keeper_one_lying_publisher_changes_nothing(lie: str) -> None:
    honest, lied = World(), World(f"calm,lie:*@0s{lie}:publisher-1")
    await honest.run(40)
    await lied.run(40)
    assert len(lied.reports()) == len(honest.reports())
    for told, right in zip(lied.reports(), honest.reports(), strict=True):
        assert abs(told.price - right.price) * 1_000_000 <= 600 * right.price
    assert lied.publishers[1].refused[Objection.TOO_FAR] == len(lied.reports())
    assert sum(publisher.refused.get(Objection.TOO_FAR, 0) for publisher in lied.publishers) == len(
        lied.reports()
    )


async def test_keeper_three_lying_publishers_stop_the_oracle_but_move_no_price() -> None:
    lies = ",".join(f"lie:*@20s+{n}%:publisher-{n}" for n in (2, 3, 4))
    world = World(f"calm,{lies}")
    await world.run(40)
    assert max(report.time_ms for report in world.reports()) < START_MS + 20_000
    assert world.keeper.counters.unsigned > 0


async def test_keeper_lie_of_a_silent_or_forging_publisher_is_survived() -> None:
    world = World()

    class Forger:
        """Says the right thing, signs nonsense, and speaks for somebody else."""

        number, address = 0, bytes(20)

        async def observe(self, feed: tuple[int, int], time_ms: int) -> Observation | None:
            assert feed == (0, PRICE)
            return Observation(1, 1, time_ms)

        async def sign(self, report: Report) -> bytes | None:
            assert report.signatures == ()
            return bytes(64)

    class Silent(Forger):
        """Does not answer."""

        number = 4

        async def observe(self, feed: tuple[int, int], time_ms: int) -> Observation | None:
            raise TemporaryError(f"{feed} {time_ms}")

        async def sign(self, report: Report) -> bytes | None:
            raise TemporaryError(str(report))

    world.keeper.publishers = [Forger(), *world.publishers[1:4], Silent()]
    await world.run(15)
    assert len(world.reports()) == 2
    assert world.keeper.counters.bad_signatures == 2


async def test_keeper_takes_as_many_signatures_as_the_exchange_wants() -> None:
    world = World()
    world.exchange.listed = LISTED._replace(threshold=4)
    await world.run(1)
    assert [len(report.signatures) for report in world.reports()] == [4]


async def test_keeper_silent_sequencer_is_passed_by_on_l1() -> None:
    world = World()
    await world.run(5)
    world.exchange.silent = True
    await world.run(60)
    assert len(world.l1.posts) == 2
    first, second = (report for report in world.l1.posts if isinstance(report, PriceReport))
    assert second.time_ms - first.time_ms >= 29_000
    world.exchange.silent = False
    await world.run(30)
    assert len(world.l1.posts) == 2
    assert world.exchange.price.time_ms >= START_MS + 85_000


async def test_keeper_sequencer_that_refuses_is_passed_by_with_a_fresh_report() -> None:
    world = World()
    await world.run(1)
    world.exchange.full = True
    await world.run(40)
    (post,) = world.l1.posts[:1]
    assert isinstance(post, PriceReport)
    assert world.keeper.counters.refused > 10
    assert post.time_ms - START_MS > 20_000


async def test_keeper_settlement_is_sampled_on_the_grid_without_gaps() -> None:
    world = World(exchange=Exchange(START_MS // 1_000 + 1_860))
    await world.run(1_900, step_ms=1_000)
    exchange = world.exchange
    assert sorted(exchange.samples) == list(range(60))
    for number, price in exchange.samples.items():
        at_ms = (exchange.expiry - 30 * (59 - number)) * 1_000
        right = world.process.price_at("ETH", at_ms)
        assert abs(price - right) * 1_000_000 <= 301 * right
    samples = [report for report in exchange.taken if isinstance(report, SettlementPrice)]
    assert len(samples) == 60
    forwards = [report for report in exchange.taken if isinstance(report, ForwardReport)]
    assert 30 <= len(forwards) <= 32
    assert forwards[0].difference > forwards[-1].difference >= 0


async def test_keeper_started_late_fills_the_rounds_that_were_missed() -> None:
    world = World(exchange=Exchange(START_MS // 1_000 + 1_800))
    world.clock.time_ms = START_MS + 1_805_000
    await world.run(5)
    assert sorted(world.exchange.samples) == list(range(60))
    assert not [report for report in world.exchange.taken if isinstance(report, ForwardReport)]


async def test_keeper_status_tells_what_was_said() -> None:
    world = World()
    await world.run(1)
    status = world.keeper.status()["oracle"]
    assert (status["signed"], status["refused"]) == (1, 0)
    assert status["feeds"]["0/price"]["value"] == world.exchange.price.value


class Rpc:
    """An endpoint with leaves."""

    url = "http://here"

    def __init__(self, leaves: dict[int, bytes], error: Exception | None = None) -> None:
        self.leaves = leaves
        self.error = error
        self.sent: list[object] = []

    async def call(self, method: str, *parameters: object) -> object:
        if self.error is not None:
            raise self.error
        if method == "rollup_sendTransaction":
            self.sent.append(parameters[0])
            return {}
        (keys,) = parameters
        assert method == "rollup_getLeaves"
        assert isinstance(keys, Sequence)
        assert len(keys) <= 256
        return ["0x" + self.leaves.get(key, b"").hex() for key in keys]


async def test_rpc_exchange_reads_open_feeds_and_unsettled_dates() -> None:
    rows = [PriceRow(1, 2, 3, 900, 70, 1_000)] + [NO_PRICE] * 7
    leaves = {
        PUBLISHERS_KEY: encode_leaf(Publishers(3, (*LISTED.addresses, *(bytes(20),) * 3))),
        PRICES_KEY: encode_leaf(Prices(tuple(rows), 0)),
        underlying_key(0): encode_leaf(Underlying(1, 6, 10, 0)),
        underlying_key(1): encode_leaf(Underlying(1, 0, 0, 0)),
        underlying_key(2): encode_leaf(Underlying(0, 0, 0, 0)),
        expiry_key(0, 3): encode_leaf(Expiry(2_000, -7, 4, 0)),
        grid_key(0, 3): encode_leaf(SettlementGrid(2_000, (9, 0, 9, *(0,) * 57))),
        expiry_key(0, 4): encode_leaf(Expiry(1_000, 0, 4, 55)),
    }
    state = await RpcExchange(Rpc(leaves)).read()  # type: ignore[arg-type]
    assert list(state.feeds) == [
        FeedState((0, PRICE), Accepted(6, 70, 900, is_pending=True), 900),
        FeedState((1, PRICE), Accepted(), 0),
        FeedState((0, 3), Accepted(4, 0, -7), 900),
    ]
    assert list(state.expiries) == [ExpiryView(0, 3, 2_000, 0b101)]
    assert state.publishers.threshold == 3
    assert state.publishers.addresses[:5] == LISTED.addresses


async def test_rpc_exchange_genesis_has_no_feeds() -> None:
    assert await RpcExchange(Rpc({})).read() == OracleState([], [])  # type: ignore[arg-type]


async def test_rpc_exchange_errors_are_those_of_the_port() -> None:
    report = PriceReport(0, 1, 2, 3, 4, (bytes(64),) * 3)
    refusing = Rpc({}, RpcError("rollup_sendTransaction", 3_001, "OLD_ROUND"))
    with pytest.raises(InputError, match="OLD_ROUND"):
        await RpcExchange(refusing).submit(report)  # type: ignore[arg-type]
    with pytest.raises(TemporaryError):
        await RpcExchange(refusing).read()  # type: ignore[arg-type]
    broken = Rpc({PRICES_KEY: b"\1"})
    with pytest.raises(TemporaryError, match="leaves at http://here"):
        await RpcExchange(broken).read()  # type: ignore[arg-type]
    taking = Rpc({})
    await RpcExchange(taking).submit(report)  # type: ignore[arg-type]
    assert taking.sent == ["0x" + encode_open(report).hex()]
