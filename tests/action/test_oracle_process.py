"""The oracle process beside a real L1 and the counter of a real sequencer."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import msgspec
import pytest

from rollup_node.codec.records import decode_fast
from rollup_node.core.inputs import PriceReport
from rollup_node.core.layout import PRICES_KEY, PUBLISHERS_KEY, underlying_key
from rollup_node.core.leaves import Writes
from rollup_node.core.market_leaves import PriceRow, Publishers, Underlying
from rollup_node.derive.events import FastReceived, L1Block
from rollup_node.devnet.keys import PUBLISHERS, accounts
from rollup_node.devnet.oracle import OracleProcess
from rollup_node.devnet.oracle_config import OracleConfig
from rollup_node.devnet.price_tape import Line, Tape
from rollup_node.node.backend import SequencerBackend, Sync
from rollup_node.node.config import load_config
from rollup_node.node.sequencer import Sequencer
from rollup_node.ports import InputError, PortInUseError
from rollup_node.roles.sequencer import SequencerPolicy
from rollup_node.rpc.server import RpcServer
from tests.action.configs import make_configs
from tests.action.l1_world import World
from tests.action.sequencing import FakeL1, FixedClock


class Served(NamedTuple):
    """A sequencer and its counter."""

    sequencer: Sequencer
    clock: FixedClock
    url: str

    def price(self) -> PriceRow:
        """Return what it has of the first underlying."""
        found: PriceRow = self.sequencer.builder.state.get(PRICES_KEY).rows[0]
        return found


@pytest.fixture
async def served(world: World, tmp_path: Path) -> AsyncIterator[Served]:
    """Serve a sequencer whose state has one open underlying; a deposit comes before any report."""
    clock = FixedClock()
    clock.time_ms = await world.anvil.timestamp() * 1_000
    sequencer = Sequencer(
        log=tmp_path / "input.log",
        key=accounts()["sequencer"].private_key,
        domain=world.machine.domain,
        policy=SequencerPolicy(100_000, 5_000, 1_000),
        clock=clock,
        workers=1,
    )
    await sequencer.start()
    l1 = FakeL1(clock)
    l1.deposit(1)
    await sequencer.on_l1(l1.update(0, 0))
    addresses = tuple(accounts()[name].address for name in PUBLISHERS)
    leaves: Writes = {
        PUBLISHERS_KEY: Publishers(3, (*addresses, *(bytes(20),) * 3)),
        underlying_key(0): Underlying(1, 0, 0, 0),
    }
    sequencer.builder.state.commit(leaves)
    config, rollup = make_configs(tmp_path, devnet=True)
    head = L1Block(1, bytes(32), bytes(32), 1)
    backend = SequencerBackend(config, rollup, lambda: Sync(head, head, 0, ready=True), sequencer)
    server = RpcServer(backend)
    port = await server.start("127.0.0.1", 0)
    yield Served(sequencer, clock, f"http://127.0.0.1:{port}")
    await server.stop()
    await sequencer.stop()


def configure(world: World, sequencer: str, folder: Path, **changes: Any) -> OracleConfig:
    folder.mkdir(exist_ok=True)
    config = OracleConfig(
        l1_url=world.anvil.url,
        sequencer_url=sequencer,
        rollup=folder,
        data_dir=folder,
        port=0,
        record=False,
        private_key=accounts()["oracle"].private_key.hex(),
    )
    return msgspec.structs.replace(config, **changes)


@asynccontextmanager
async def started(
    world: World, sequencer: str, folder: Path, **changes: Any
) -> AsyncIterator[OracleProcess]:
    oracle = OracleProcess(configure(world, sequencer, folder, **changes), world.rollup)
    try:
        await oracle.start()
        yield oracle
    finally:
        await oracle.stop()


async def get(oracle: OracleProcess, path: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{oracle.port}/{path}") as answer,
    ):
        return answer.status, await answer.text()


async def post(oracle: OracleProcess, script: str) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://127.0.0.1:{oracle.port}/shocks", data=script) as answer,
    ):
        return answer.status, await answer.json()


async def test_oracle_process_hears_the_exchange_signs_and_records(
    world: World, served: Served, tmp_path: Path
) -> None:
    async with started(world, served.url, tmp_path / "oracle", record=True) as oracle:
        assert (await get(oracle, "healthz"))[0] == 200
        assert (await get(oracle, "readyz"))[0] == 503
        served.clock.time_ms = oracle.clock.now_ms()
        await oracle.turn()
        assert (await get(oracle, "readyz"))[0] == 200
        await oracle.turn()
        status = json.loads((await get(oracle, "status"))[1])
    assert (status["oracle"]["signed"], status["oracle"]["refused"]) == (1, 0)
    assert not status["oracle"]["feeds"]["0/price"]["is_waiting"]
    assert served.price().index_price == status["oracle"]["feeds"]["0/price"]["value"]
    assert served.price().epoch == 1
    assert list(status["oracle"]["feeds"]) == ["0/price"]
    assert abs(status["prices_usdc"]["ETH"] - 3_500_000_000) < 35_000_000
    tape = Tape.read(tmp_path / "oracle/prices.jsonl")
    assert tape.symbols == ("ETH",)


async def turn_after(seconds: int, world: World, served: Served, oracle: OracleProcess) -> None:
    """Let time pass for everybody, then let the oracle act."""
    await world.anvil.increase_time(seconds)
    served.clock.time_ms = await world.anvil.timestamp() * 1_000
    await oracle.turn()


async def test_oracle_process_gap_waits_and_is_confirmed(
    world: World, served: Served, tmp_path: Path
) -> None:
    async with started(world, served.url, tmp_path / "oracle", prices="calm") as oracle:
        await turn_after(1, world, served, oracle)
        before = served.price().index_price
        oracle.add_shocks("gap:ETH@0s-20%")
        await turn_after(2, world, served, oracle)
        assert served.price().index_price == before
        await turn_after(2, world, served, oracle)
        assert abs(served.price().index_price * 100 - before * 80) < before
        assert oracle.keeper.counters.refused == 0


async def test_oracle_process_silent_sequencer_is_passed_by_through_the_inbox(
    world: World, served: Served, tmp_path: Path
) -> None:
    async with started(world, served.url, tmp_path / "oracle") as oracle:
        await turn_after(1, world, served, oracle)
        served.sequencer.active = False
        for _ in range(3):
            await turn_after(11, world, served, oracle)
        await oracle.keeper.drain()
        assert oracle.keeper.counters.posted == 1
    assert await world.reader.call("inbox", "fastCount") == (1,)
    logs = await world.reader.events(0, (await world.reader.head()).number)
    (sent,) = [event for block in logs for event in block.events if isinstance(event, FastReceived)]
    report = decode_fast(sent.message.body)
    assert isinstance(report, PriceReport)
    assert report.time_ms > served.price().index_ms


async def test_oracle_process_heartbeats_are_taken_one_after_another(
    world: World, served: Served, tmp_path: Path
) -> None:
    async with started(world, served.url, tmp_path / "oracle") as oracle:
        for _ in range(5):
            await turn_after(11, world, served, oracle)
        assert (oracle.keeper.counters.refused, oracle.keeper.counters.signed) == (0, 5)
        assert served.clock.time_ms - served.price().index_ms < 1_000


async def test_oracle_process_restarted_goes_on_with_its_market(
    world: World, served: Served, tmp_path: Path
) -> None:
    async with started(world, served.url, tmp_path / "oracle") as first:
        pass
    await world.anvil.increase_time(1_000)
    async with started(world, served.url, tmp_path / "oracle") as second:
        assert first.process == second.process
        assert second.clock.now_ms() - first.clock.now_ms() >= 999_000


async def test_oracle_process_takes_shocks_that_outlive_it(
    world: World, served: Served, tmp_path: Path
) -> None:
    async with started(world, served.url, tmp_path / "oracle", prices="calm") as first:
        assert first.process is not None
        now_ms = first.clock.now_ms()
        status, answer = await post(first, "gap:ETH@0s-50%,crash:BTC@1h+10%/60s")
        assert (status, answer["shocks"]) == (200, 2)
        assert 3_660_000 <= answer["over_ms"] - now_ms < 3_720_000
        assert first.process.price_at("ETH", first.clock.now_ms()) < 1_800_000_000
        refused = await post(first, "gap:DOGE@0s-50%")
        assert refused == (400, {"error": "no underlying 'DOGE': one of *, BTC, ETH"})
    async with started(world, served.url, tmp_path / "oracle", prices="calm") as second:
        assert second.process == first.process
        assert len(second.process.script.shocks) == 2


async def test_oracle_process_tape_without_a_market_of_the_exchange_ends_it(
    world: World, served: Served, tmp_path: Path
) -> None:
    tape = tmp_path / "tape.jsonl"
    tape.write_bytes(msgspec.json.encode(Line(0, "BTC", 60_000_000_000)))
    async with started(world, served.url, tmp_path / "oracle", tape=tape) as oracle:
        with pytest.raises(InputError, match="no 'ETH' on the tape: one of BTC"):
            await turn_after(1, world, served, oracle)


async def test_oracle_process_silent_sequencer_is_not_ready(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "oracle"
    async with started(world, "http://127.0.0.1:1", folder, private_key=None) as oracle:
        await oracle.turn()
        assert (await get(oracle, "readyz"))[0] == 503
        config = configure(world, "http://127.0.0.1:1", folder, port=oracle.port)
        other = OracleProcess(config, world.rollup)
        with pytest.raises(PortInUseError):
            await other.start()
        await other.stop()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prices": "boom"}, "no price profile 'boom'"),
        ({"prices": "gap:DOGE@1s+1%"}, "no underlying 'DOGE'"),
        ({"lying": (5,)}, "no publisher-5"),
        ({"tape": Path("none.jsonl")}, "cannot read the tape"),
    ],
)
async def test_oracle_process_wrong_script_is_refused_before_the_start(
    world: World, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        OracleProcess(configure(world, "http://x", tmp_path / "oracle", **changes), world.rollup)


def test_oracle_config_reads_back_as_written(tmp_path: Path) -> None:
    path = tmp_path / "oracle.json"
    config = OracleConfig(
        l1_url="http://l1",
        sequencer_url="http://l2",
        rollup=Path("rollup.json"),
        data_dir=tmp_path,
        port=1,
        prices="calm,crash:ETH@10s-50%/60s",
        lying=(3,),
    )
    path.write_bytes(msgspec.json.encode(config, enc_hook=str))
    assert load_config(path, OracleConfig) == config
    path.write_text("{}", "utf-8")
    with pytest.raises(InputError, match="missing required field"):
        load_config(path, OracleConfig)
    with pytest.raises(InputError, match="cannot read"):
        load_config(tmp_path / "none", OracleConfig)
