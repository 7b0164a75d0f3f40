"""The oracle keeper against the law itself: every report goes through the step function."""

from collections.abc import Sequence

import pytest

from rollup_node.codec.eip712 import domain_separator, report_digest
from rollup_node.codec.records import decode_record, encode_open
from rollup_node.codec.signature import recover
from rollup_node.core import step
from rollup_node.core.frame import Frame
from rollup_node.core.inputs import ItemHeader, Report, SurfaceReport
from rollup_node.core.kinds import ItemKind, Phase, SeriesStatus
from rollup_node.core.layout import (
    CURSOR_KEY,
    PRICES_KEY,
    PUBLISHERS_KEY,
    LeafKey,
    board_key,
    expiry_key,
    option_dates_key,
    option_rules_key,
    series_key,
    underlying_key,
)
from rollup_node.core.leaves import Cursor
from rollup_node.core.market_leaves import (
    NO_EXPIRY,
    NO_UNDERLYING,
    Expiry,
    PriceRow,
    Publishers,
)
from rollup_node.core.reason import Reason
from rollup_node.devnet.keys import PUBLISHERS, accounts
from rollup_node.devnet.markets import OPTION_RULES
from rollup_node.devnet.oracle_feeds import PublisherFeed
from rollup_node.devnet.prices import PriceProcess, make_process
from rollup_node.l1.client import RpcError
from rollup_node.node.listing import Lister
from rollup_node.node.oracle_keeper import OracleKeeper
from rollup_node.node.oracle_state import RpcExchange
from rollup_node.node.publishers import LocalPublisher
from rollup_node.proof.chain_state import ChainState
from rollup_node.roles.oracle_reports import OraclePolicy
from rollup_node.roles.publisher import Objection
from tests.action.sequencing import FixedClock

START_MS = 1_700_000_000_000
EXPIRY = START_MS // 1_000 + 1_800
DOMAIN = domain_separator(313_371, bytes(20))
HEADER = ItemHeader(
    ItemKind.CALLDATA, 1 << 31, bytes(32), 0, bytes(32), 0, bytes(32), 0, (1 << 40) - 1
)
TAKEN = (Reason.OK, Reason.PRICE_PENDING)


class Law:
    """An endpoint whose state only the step function changes; a block lasts 250 ms."""

    url = "http://law"

    def __init__(self, expiry: int) -> None:
        self.state = ChainState()
        addresses = tuple(accounts()[name].address for name in PUBLISHERS)
        self.state.commit(
            {
                PUBLISHERS_KEY: Publishers(3, (*addresses, *(bytes(20),) * 3)),
                underlying_key(0): NO_UNDERLYING._replace(status=1),
                underlying_key(1): NO_UNDERLYING._replace(status=1),
                expiry_key(0, 4): NO_EXPIRY._replace(expiry_at=expiry),
                option_rules_key(0): OPTION_RULES,
            }
        )
        self.reasons: list[Reason] = []
        self.surfaces: list[SurfaceReport] = []
        self._take(step.open_item(self.state, HEADER, START_MS))

    def seal(self, time_ms: int) -> None:
        """Begin the block of a time and do what is due in it."""
        cursor: Cursor = self.state.get(CURSOR_KEY)
        self._take(step.apply_seal(self.state, HEADER, time_ms - cursor.time_ms, 3))
        self._finish()

    async def call(self, method: str, *parameters: object) -> object:
        (parameter,) = parameters
        if method == "rollup_getLeaves":
            assert isinstance(parameter, Sequence)
            return ["0x" + self.state.value(LeafKey(key)).hex() for key in parameter]
        assert isinstance(parameter, str)
        return self._submit(bytes.fromhex(parameter[2:]))

    def frame(self) -> Frame:
        """Return a frame to read the state with."""
        cursor: Cursor = self.state.get(CURSOR_KEY)
        return Frame(self.state, cursor.time_ms, cursor.block, Phase.IDLE, cursor.order_class)

    def row(self, underlying: int) -> PriceRow:
        found: PriceRow = self.state.get(PRICES_KEY).rows[underlying]
        return found

    def _submit(self, body: bytes) -> dict[str, int]:
        record = decode_record(body)
        signers: tuple[bytes | None, ...] = ()
        if isinstance(record, Report):
            assert encode_open(record) == body
            digest = report_digest(DOMAIN, record)
            signers = tuple(recover(digest, signature) for signature in record.signatures)
        outcome = step.apply_record(self.state, record, None, len(body), signers)
        self.reasons.append(outcome.reason)
        if outcome.reason not in TAKEN:
            raise RpcError("rollup_sendTransaction", -32_000, outcome.reason.name)
        if isinstance(record, SurfaceReport):
            self.surfaces.append(record)
        self._take(outcome)
        self._finish()
        return {}

    def _finish(self) -> None:
        while self.state.get(CURSOR_KEY).phase != Phase.IDLE:
            self._take(step.run_task(self.state))

    def _take(self, outcome: step.Outcome) -> None:
        self.state.commit(outcome.writes)


class Market:
    """A keeper beside the law, and one who lists options if `lists`."""

    def __init__(self, script: str, expiry: int = 0, *, lists: bool = False) -> None:
        self.clock = FixedClock()
        self.clock.time_ms = START_MS
        self.process: PriceProcess = make_process(script, 9, START_MS)
        self.law = Law(expiry)
        self.lister = Lister(self.law) if lists else None  # type: ignore[arg-type]
        self.restart()

    def restart(self) -> None:
        """Begin with a keeper and publishers that remember nothing."""
        exchange = RpcExchange(self.law)  # type: ignore[arg-type]
        self.keeper = OracleKeeper(DOMAIN, [], exchange, None, self.clock)
        self.publishers = [
            LocalPublisher(
                number,
                accounts()[name].private_key,
                DOMAIN,
                PublisherFeed(number, 9, self.process),
                self.keeper.expiry_of,
                self.clock,
                OraclePolicy(),
            )
            for number, name in enumerate(PUBLISHERS)
        ]
        self.keeper.publishers = self.publishers

    async def run(self, seconds: int, step_ms: int = 250) -> None:
        for _ in range(seconds * 1_000 // step_ms):
            self.law.seal(self.clock.time_ms)
            await self.keeper.act()
            if self.lister is not None:
                await self.lister.act(self.law.frame())
            self.clock.time_ms += step_ms

    def error_ppm(self, underlying: int) -> int:
        price = self.process.price_at(("ETH", "BTC")[underlying], self.clock.time_ms)
        return abs(self.law.row(underlying).index_price - price) * 1_000_000 // price


async def test_law_takes_every_report_of_a_liars_worst_day() -> None:
    market = Market("march-2020-60s,wick:ETH@75s-15%/4s,lie:*@0s+40%:publisher-3")
    await market.run(90)
    assert set(market.law.reasons) <= set(TAKEN)
    assert max(market.error_ppm(0), market.error_ppm(1)) < 6_000
    assert market.law.row(0).epoch >= 60


async def test_law_keeps_a_gap_pending_until_the_next_round() -> None:
    market = Market("calm,gap:ETH@5s-20%")
    await market.run(6)
    assert market.law.reasons.count(Reason.PRICE_PENDING) == 1
    assert set(market.law.reasons) <= set(TAKEN)
    assert market.law.row(0).pending == 0
    assert market.error_ppm(0) < 3_000


async def test_law_takes_the_forward_of_a_settlement_date() -> None:
    market = Market("default", EXPIRY)
    await market.run(25)
    expiry: Expiry = market.law.state.get(expiry_key(0, 4))
    assert expiry.round > 0
    assert 0 < expiry.forward < market.law.row(0).index_price
    assert set(market.law.reasons) == {Reason.OK}


def marks(law: Law) -> dict[int, int]:
    """Return the marks of all options on ETH that are traded."""
    found: dict[int, int] = {}
    for slot in range(16):
        leaf = law.state.get(board_key(0, slot))
        for call, _ in leaf.strikes if leaf else ():
            for series in (call, call + 1) if call else ():
                state = law.state.get(series_key(series))
                assert state.status == SeriesStatus.TRADING
                found[series] = state.mark
    return found


async def test_law_lists_and_prices_options_that_nobody_can_arbitrage() -> None:
    market = Market("default", lists=True)
    await market.run(20)
    law = market.law
    assert set(law.reasons) <= set(TAKEN)
    dates = law.state.get(option_dates_key(0))
    assert (dates.dates.bit_count(), dates.strikes) == (3, 15)
    assert len(marks(law)) == 30
    assert all(mark > 1 for mark in marks(law).values())
    assert law.state.get(option_dates_key(1)) is None, "its rules are not open"
    assert len(law.surfaces) == 3


@pytest.mark.parametrize("script", ["crash:ETH@10s-30%/20s", "vol:ETH@10s+80%/30s", "march-2020"])
async def test_law_takes_every_surface_of_a_panic_although_one_publisher_lies(script: str) -> None:
    market = Market(f"{script},lie:*@0s-5%:publisher-2", lists=True)
    await market.run(60)
    law = market.law
    assert set(law.reasons) <= set(TAKEN), "dates are reported in an order that can be taken"
    levels = [report.nodes[8].volatility for report in law.surfaces]
    assert max(levels) > 1.3 * min(levels) or script == "march-2020"
    liar = accounts()[PUBLISHERS[2]].address
    for report in law.surfaces:
        digest = report_digest(DOMAIN, report)
        assert liar not in [recover(digest, each) for each in report.signatures]
    refused = [publisher.refused for publisher in market.publishers]
    assert refused[2][Objection.TOO_FAR] >= len(law.surfaces)


async def test_law_keeper_that_begins_anew_says_no_surface_twice() -> None:
    market = Market("calm", lists=True)
    await market.run(20)
    before = len(market.law.surfaces)
    market.restart()
    await market.run(60)
    assert len(market.law.surfaces) == before
    await market.run(60)
    assert len(market.law.surfaces) == 2 * before, "each date has its next heartbeat"
