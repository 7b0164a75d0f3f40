"""The oracle process of the devnet: a scripted market, five publishers, one keeper, a small door.

A real network would run the publishers apart, each with its own sources and the same rules; what
is scripted here is only what they see. `/readyz` answers 200 once the exchange has answered.
"""

import asyncio
import contextlib
import errno
import logging
import signal
import time
from pathlib import Path
from typing import Final, Literal, TextIO

import msgspec
from aiohttp import web

from rollup_node.devnet.failure import PortBusyError, UsageError
from rollup_node.devnet.keys import PUBLISHERS, accounts
from rollup_node.devnet.oracle_feeds import PublisherFeed
from rollup_node.devnet.price_script import PriceScript
from rollup_node.devnet.price_tape import Recorder, Tape
from rollup_node.devnet.prices import UNDERLYINGS, PriceProcess, PriceSource, Walk
from rollup_node.l1.client import JsonRpcClient, RpcError
from rollup_node.l1.reader import RpcReader
from rollup_node.l1.sender import RpcSender
from rollup_node.node.clock import NodeClock
from rollup_node.node.config import RollupConfig, load_rollup_config
from rollup_node.node.logs import set_up_logging
from rollup_node.node.oracle_keeper import OracleKeeper
from rollup_node.node.oracle_state import RpcExchange
from rollup_node.node.publishers import LocalPublisher
from rollup_node.ports import RollupError, TemporaryError
from rollup_node.proof.machine import Machine

_BEGAN_FILE: Final = "began_ms"
_TAPE_FILE: Final = "prices.jsonl"
_RECORD_EVERY_MS: Final = 250
_EXCHANGE_SECONDS: Final = 2.0
"""How long the keeper waits for the sequencer before it goes on without it."""

_logger = logging.getLogger(__name__)


class OracleConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What the oracle process is told.

    Attributes
    ----------
    private_key
        Key (hex) of the L1 account that pays for reports posted on L1; `None`: it posts none.
    prices
        A price script, as `price_script` reads it.
    tape
        Recorded prices to replay in place of the seeded walk; the script's shocks come on top.
    lying
        Numbers of publishers that lie about everything, always.
    record
        Whether the quotes that were looked at are recorded in `data_dir`.
    """

    l1_url: str
    sequencer_url: str
    rollup: Path
    data_dir: Path
    port: int
    name: str = "oracle"
    host: str = "127.0.0.1"
    private_key: str | None = None
    prices: str = "default"
    tape: Path | None = None
    seed: int = 0
    lying: tuple[int, ...] = ()
    record: bool = True
    poll_interval_ms: int = 100
    start_timeout_seconds: int = 30
    log_format: Literal["json", "text"] = "json"


class OracleProcess:
    """Everything in one process; `start`, then `turn` again and again, then `stop`."""

    def __init__(self, config: OracleConfig, rollup: RollupConfig) -> None:
        """Take configuration and rollup.json.

        Raises
        ------
        UsageError
            If the price script, the tape or a liar's number is wrong.
        """
        self.config = config
        self.clock = NodeClock()
        self._script = _read_script(config)
        self._tape = None if config.tape is None else Tape.read(config.tape)
        self._l1 = JsonRpcClient(config.l1_url)
        addresses = {name: rollup.address(name) for name in rollup.contracts}
        self._reader = RpcReader(self._l1, addresses)
        self._sequencer = JsonRpcClient(config.sequencer_url, _EXCHANGE_SECONDS)
        self._sender = None
        if config.private_key is not None:
            key = bytes.fromhex(config.private_key.removeprefix("0x"))
            self._sender = RpcSender(self._l1, self._reader, key, rollup.l1_chain_id)
        domain = Machine(rollup.l2_chain_id, rollup.address("bridge")).domain
        exchange = RpcExchange(self._sequencer)
        self.keeper = OracleKeeper(domain, [], exchange, self._sender, self.clock)
        self.process: PriceProcess | None = None
        self.port = 0
        self._out: TextIO | None = None
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Wait for L1, begin the market or go on with it, and open the door.

        Raises
        ------
        TemporaryError
            If L1 does not answer before the deadline.
        """
        await self._see_l1()
        if self._sender is not None:
            await self._sender.recover()
        base = self._tape or Walk(self.config.seed, self._script.activity_bps)
        self.process = PriceProcess(base, self._script, self._began_ms())
        self.keeper.publishers = self._make_publishers(self.process)
        await self._listen()

    async def turn(self) -> None:
        """Look at L1's time and let the keeper act once."""
        try:
            self.clock.see(await self._reader.head())
        except TemporaryError as error:
            _logger.debug("L1 does not answer: %s", error)
        try:
            await self.keeper.act()
        except (RollupError, RpcError) as error:
            _logger.warning("a turn failed: %s", error)

    async def run_until(self, stop: asyncio.Event) -> None:
        """Take turns until told to stop."""
        while not stop.is_set():
            await self.turn()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self.config.poll_interval_ms / 1_000)

    async def stop(self) -> None:
        """Close everything."""
        await self.keeper.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._out is not None:
            self._out.close()
        await self._l1.close()
        await self._sequencer.close()

    def _make_publishers(self, process: PriceProcess) -> list[LocalPublisher]:
        source: PriceSource = process
        if self.config.record:
            self._out = (self.config.data_dir / _TAPE_FILE).open("a", encoding="utf-8")
            source = Recorder(process, self._out, process.start_ms, _RECORD_EVERY_MS)
        keeper = self.keeper
        return [
            LocalPublisher(
                number,
                accounts()[name].private_key,
                keeper.domain,
                PublisherFeed(number, self.config.seed, process, source),
                keeper.expiry_of,
                self.clock,
                keeper.policy,
            )
            for number, name in enumerate(PUBLISHERS)
        ]

    def _began_ms(self) -> int:
        """Return when the market began in L1 time: now, or as a previous process wrote down."""
        path = self.config.data_dir / _BEGAN_FILE
        if path.is_file():
            return int(path.read_text("ascii"))
        began_ms = self.clock.now_ms()
        path.write_text(str(began_ms), "ascii")
        return began_ms

    async def _see_l1(self) -> None:
        deadline = time.monotonic() + self.config.start_timeout_seconds
        while True:
            try:
                self.clock.see(await self._reader.head())
            except TemporaryError as error:
                if time.monotonic() >= deadline:
                    seconds = self.config.start_timeout_seconds
                    raise TemporaryError(f"L1 not reachable for {seconds} s: {error}") from error
                await asyncio.sleep(self.config.poll_interval_ms / 1_000)
            else:
                return

    async def _listen(self) -> None:
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/status", self._status)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        host, port = self.config.host, self.config.port
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            kind = PortBusyError if error.errno == errno.EADDRINUSE else UsageError
            raise kind(f"cannot listen on {host}:{port}: {error.strerror}") from error
        self.port = int(self._runner.addresses[0][1])

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _request: web.Request) -> web.Response:
        if self.keeper.has_heard:
            return web.Response(text="ready\n")
        return web.Response(status=503, text="the exchange has not answered yet\n")

    async def _status(self, _request: web.Request) -> web.Response:
        now_ms = self.clock.now_ms()
        process = self.process
        prices = {
            known.symbol: None if process is None else process.price_at(known.symbol, now_ms)
            for known in UNDERLYINGS
        }
        found = {"time_ms": now_ms, "prices_usdc": prices, **self.keeper.status()}
        return web.json_response(found)


def load_oracle_config(path: Path) -> OracleConfig:
    """Read the configuration file.

    Raises
    ------
    UsageError
        If it cannot be read or a field is missing or ill-typed.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=OracleConfig, dec_hook=_decode_path)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise UsageError(f"{path}: {error}") from error


def run_oracle(config: OracleConfig) -> None:
    """Run the oracle until SIGTERM or SIGINT; errors as `OracleProcess` says."""
    set_up_logging(config.name, config.log_format)
    config.data_dir.mkdir(parents=True, exist_ok=True)
    asyncio.run(_main(OracleProcess(config, load_rollup_config(config.rollup))))


async def _main(oracle: OracleProcess) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await oracle.start()
        await oracle.run_until(stop)
    finally:
        await oracle.stop()


def _read_script(config: OracleConfig) -> PriceScript:
    script = PriceScript.parse(config.prices)
    script.check_underlyings(known.symbol for known in UNDERLYINGS)
    for number in config.lying:
        script = script.with_liar(number)
    return script


def _decode_path(kind: type, value: object) -> Path:
    """Let msgspec read a path from text."""
    if kind is not Path or not isinstance(value, str):
        raise NotImplementedError
    return Path(value)
