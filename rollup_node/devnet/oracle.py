"""The oracle process of the devnet: a scripted market, five publishers, one keeper, a small door.

A real network would run the publishers apart, each with its own sources and the same rules; what
is scripted here is only what they see. `/readyz` answers 200 once the exchange has answered;
a price script that is posted to `/shocks` happens from now on, so a story can begin its crash
when its accounts are ready.
"""

import asyncio
import contextlib
import errno
import logging
import signal
import time
from typing import Final, TextIO

import msgspec
from aiohttp import web

from rollup_node.devnet.keys import PUBLISHERS, accounts
from rollup_node.devnet.oracle_config import OracleConfig
from rollup_node.devnet.oracle_feeds import PublisherFeed
from rollup_node.devnet.price_script import PriceScript, Shock
from rollup_node.devnet.price_tape import Recorder, Tape
from rollup_node.devnet.prices import UNDERLYINGS, PriceProcess, PriceSource, Walk
from rollup_node.devnet.volatility import VolatilityProcess
from rollup_node.l1.client import JsonRpcClient
from rollup_node.l1.reader import RpcReader
from rollup_node.l1.sender import RpcSender
from rollup_node.node.clock import NodeClock
from rollup_node.node.config import RollupConfig, load_config
from rollup_node.node.logs import set_up_logging
from rollup_node.node.oracle_keeper import OracleKeeper
from rollup_node.node.oracle_state import RpcExchange
from rollup_node.node.publishers import LocalPublisher
from rollup_node.ports import InputError, PortInUseError, RollupError, TemporaryError
from rollup_node.proof.machine import Machine

_BEGAN_FILE: Final = "began_ms"
_SHOCKS_FILE: Final = "shocks.jsonl"
_TAPE_FILE: Final = "prices.jsonl"
_RECORD_EVERY_MS: Final = 250
_EXCHANGE_SECONDS: Final = 2.0
"""How long the keeper waits for the sequencer before it goes on without it."""

_logger = logging.getLogger(__name__)


class OracleProcess:
    """Everything in one process; `start`, then `turn` again and again, then `stop`."""

    def __init__(self, config: OracleConfig, rollup: RollupConfig) -> None:
        """Take configuration and rollup.json.

        Raises
        ------
        InputError
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
        self.process.add(self._read_shocks())
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
        except InputError:
            raise
        except RollupError as error:
            _logger.warning("a turn failed: %s", error)

    async def run_until(self, stop: asyncio.Event) -> None:
        """Take turns until told to stop."""
        while not stop.is_set():
            await self.turn()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self.config.poll_interval_ms / 1_000)

    def add_shocks(self, text: str) -> tuple[int, int]:
        """Let the shocks of a script happen from now on, and after a restart too.

        Returns
        -------
        tuple
            How many there are, and when the last one is over that ends: unix ms.

        Raises
        ------
        InputError
            If the text cannot be read.
        """
        script = _check(PriceScript.parse(text))
        if self.process is None:
            raise InputError("the market has not begun")
        shocks = script.later(self.clock.now_ms() - self.process.start_ms).shocks
        self.process.add(shocks)
        with (self.config.data_dir / _SHOCKS_FILE).open("ab") as file:
            file.writelines(msgspec.json.encode(shock) + b"\n" for shock in shocks)
        _logger.info("the market gets %d shocks", len(shocks), extra={"script": text})
        last_ms = max((shock.at_ms + shock.duration_ms for shock in shocks), default=0)
        return len(shocks), self.process.start_ms + last_ms

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
        keeper, volatility = self.keeper, VolatilityProcess(process)
        return [
            LocalPublisher(
                number,
                accounts()[name].private_key,
                keeper.domain,
                PublisherFeed(number, self.config.seed, process, source, volatility=volatility),
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

    def _read_shocks(self) -> list[Shock]:
        """Return what a previous process was told."""
        path = self.config.data_dir / _SHOCKS_FILE
        lines = path.read_bytes().splitlines() if path.is_file() else []
        return [msgspec.json.decode(line, type=Shock) for line in lines]

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
        app.router.add_post("/shocks", self._shocks)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        host, port = self.config.host, self.config.port
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            kind = PortInUseError if error.errno == errno.EADDRINUSE else InputError
            raise kind(f"cannot listen on {host}:{port}: {error.strerror}") from error
        self.port = int(self._runner.addresses[0][1])

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _request: web.Request) -> web.Response:
        if self.keeper.has_heard:
            return web.Response(text="ready\n")
        return web.Response(status=503, text="the exchange has not answered yet\n")

    async def _shocks(self, request: web.Request) -> web.Response:
        try:
            count, over_ms = self.add_shocks(await request.text())
        except (InputError, UnicodeDecodeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"shocks": count, "over_ms": over_ms})

    async def _status(self, _request: web.Request) -> web.Response:
        now_ms = self.clock.now_ms()
        process = self.process
        prices = {
            known.symbol: None if process is None else process.price_at(known.symbol, now_ms)
            for known in UNDERLYINGS
        }
        found = {"time_ms": now_ms, "prices_usdc": prices, **self.keeper.status()}
        return web.json_response(found)


def run_oracle(config: OracleConfig) -> None:
    """Run the oracle until SIGTERM or SIGINT; errors as `OracleProcess` says."""
    set_up_logging(config.name, config.log_format)
    config.data_dir.mkdir(parents=True, exist_ok=True)
    asyncio.run(_main(OracleProcess(config, load_config(config.rollup, RollupConfig))))


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
    script = _check(PriceScript.parse(config.prices))
    for number in config.lying:
        script = script.with_liar(number)
    return script


def _check(script: PriceScript) -> PriceScript:
    """Return a script whose underlyings all exist."""
    script.check_underlyings(known.symbol for known in UNDERLYINGS)
    return script
