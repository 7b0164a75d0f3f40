"""The L1 of a devnet: one anvil process, and the cheats that only anvil answers.

Anvil enforces the limits of a real chain: code size (EIP-170) and gas per transaction (EIP-7825).
"""

import asyncio
import contextlib
import ctypes
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

from rollup_node.l1.toolchain import ToolchainError, find_anvil
from rollup_node.ports import PortInUseError, TemporaryError

L1_CHAIN_ID: Final = 31_337
MNEMONIC: Final = "test test test test test test test test test test test junk"
BLOCK_GAS_LIMIT: Final = 60_000_000
ACCOUNTS: Final = 96
"""How many accounts of the mnemonic have 10,000 ETH."""
OLD_STATES: Final = 2_000
"""Blocks whose state anvil keeps on disk, 0.2 MB and more each, beyond those in memory."""

_LISTENING: Final = re.compile(rb"Listening on [0-9.]+:(\d+)")
_POLL_SECONDS: Final = 0.02
_STOP_SECONDS: Final = 10.0
_CALL_SECONDS: Final = 30.0
_PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True, slots=True)
class AnvilOptions:
    """How to run anvil.

    Attributes
    ----------
    port
        0 picks a free one.
    block_time_seconds
        Interval between blocks; `None` mines one block per transaction only.
    mixed_mining
        With an interval, also mine as soon as a transaction arrives.
    state
        File that is loaded at the start if it exists and written when anvil stops.
    old_states
        Folder for the states of old blocks. Anvil fills it with gigabytes and forgets it when it is
        killed, so it should lie where somebody clears up; `None` is anvil's own, in the home.
    dies_with_parent
        Kill anvil when this process ends in whatever way (Linux only).
    """

    port: int = 0
    host: str = "127.0.0.1"
    block_time_seconds: int | None = None
    mixed_mining: bool = True
    state: Path | None = None
    old_states: Path | None = None
    timestamp: int | None = None
    hardfork: str = "osaka"
    binary: Path | None = None
    dies_with_parent: bool = True
    ready_timeout_seconds: float = 60.0

    def arguments(self) -> list[str]:
        """Return the command line without the program."""
        words = ["--host", self.host, "--port", str(self.port), "--chain-id", str(L1_CHAIN_ID)]
        words += ["--hardfork", self.hardfork, "--enable-tx-gas-limit"]
        words += ["--no-request-size-limit", "--gas-limit", str(BLOCK_GAS_LIMIT)]
        words += ["--mnemonic", MNEMONIC, "--accounts", str(ACCOUNTS)]
        words += ["--order", "fifo", "--color", "never"]
        if self.block_time_seconds is not None:
            words += ["--block-time", str(self.block_time_seconds)]
            words += ["--mixed-mining"] if self.mixed_mining else []
        if self.state is not None:
            words += ["--state", str(self.state)]
        if self.old_states is not None:
            words += ["--cache-path", str(self.old_states)]
        words += ["--max-persisted-states", str(OLD_STATES)]
        if self.timestamp is not None:
            words += ["--timestamp", str(self.timestamp)]
        return words


class AnvilProcess:
    """A running anvil; `async with AnvilProcess.start(...)`-like use through `__aenter__`.

    Its output goes to `log`. Cheats raise `TemporaryError` when anvil does not answer.
    """

    def __init__(self, options: AnvilOptions, log: Path) -> None:
        folder = options.old_states or log.parent / "old-states"
        self._options = replace(options, old_states=folder)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._port = options.port

    @property
    def url(self) -> str:
        """Return the HTTP endpoint."""
        return f"http://{self._options.host}:{self._port}"

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return self._port

    @property
    def pid(self) -> int:
        """Return the process id, 0 if not started."""
        return self._process.pid if self._process else 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start anvil and wait until it answers.

        Raises
        ------
        ToolchainError
            If there is no anvil, or it does not start.
        PortInUseError
            If a fixed port is taken.
        TemporaryError
            If it does not answer before the deadline.
        """
        tool = await asyncio.to_thread(find_anvil, self._options.binary)
        if tool is None:
            raise ToolchainError("anvil not found: run `strikenet doctor --fix`")
        check_port_free(self._options.host, self._options.port)
        self._log.parent.mkdir(parents=True, exist_ok=True)
        offset = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
                [tool.path, *self._options.arguments()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent if self._options.dies_with_parent else None,  # noqa: PLW1509
            )
        try:
            await self._wait_ready(offset)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop anvil; it writes its state file first. Killed if that takes longer than 10 s."""
        process = self._process
        if process is None:
            return
        self._process = None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, _STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)
        if self._options.old_states is not None:
            shutil.rmtree(self._options.old_states, ignore_errors=True)

    async def call(self, method: str, *parameters: object) -> Any:  # noqa: ANN401 - JSON
        """Return the result of one JSON-RPC call.

        Raises
        ------
        TemporaryError
            If anvil does not answer or answers with an error.
        """
        return await call_rpc(self.url, method, *parameters)

    async def mine(self, blocks: int = 1) -> None:
        """Mine that many blocks now."""
        for _ in range(blocks):
            await self.call("evm_mine")

    async def increase_time(self, seconds: int) -> None:
        """Move L1 time forward and mine one block at the new time."""
        await self.call("evm_increaseTime", seconds)
        await self.mine()

    async def timestamp(self) -> int:
        """Return the time of the latest block in unix seconds."""
        block = await self.call("eth_getBlockByNumber", "latest", *(False,))
        return int(block["timestamp"], 16)

    async def set_automine(self, *, on: bool) -> None:
        """Mine one block per transaction, or only when told."""
        await self.call("evm_setAutomine", on)

    async def snapshot(self) -> str:
        """Return the id of a snapshot of the whole chain."""
        return str(await self.call("evm_snapshot"))

    async def revert(self, snapshot: str) -> None:
        """Go back to a snapshot, which is used up."""
        await self.call("evm_revert", snapshot)

    async def reorg(self, depth: int, transactions: Sequence[tuple[bytes, int]] = ()) -> None:
        """Replace the last `depth` blocks by empty ones, with raw transactions put into some.

        Parameters
        ----------
        transactions
            Pairs of a signed transaction and the new block (0 = the first replaced) it goes into.
        """
        pairs = [["0x" + raw.hex(), block] for raw, block in transactions]
        await self.call("anvil_reorg", depth, pairs)

    async def _wait_ready(self, offset: int) -> None:
        deadline = time.monotonic() + self._options.ready_timeout_seconds
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise self._explain_exit(offset)
            found = _LISTENING.search(self._output(offset))
            if found:
                self._port = int(found.group(1))
                with contextlib.suppress(TemporaryError):
                    await self.call("eth_chainId")
                    return
            await asyncio.sleep(_POLL_SECONDS)
        seconds = self._options.ready_timeout_seconds
        raise TemporaryError(f"anvil not ready after {seconds:g} s, see {self._log}")

    def _explain_exit(self, offset: int) -> Exception:
        text = self._output(offset).decode(errors="replace")
        if "in use" in text:
            return PortInUseError(f"port {self._options.port} is in use")
        lines = [line for line in text.splitlines() if line.strip()] or ["no output"]
        return ToolchainError(f"anvil did not start: {lines[-1].strip()}")

    def _output(self, offset: int) -> bytes:
        with self._log.open("rb") as log:
            log.seek(offset)
            return log.read()


def check_port_free(host: str, port: int) -> None:
    """Do nothing if a server could listen on that port now; port 0 always can.

    Raises
    ------
    PortInUseError
        If something else listens there.
    """
    if port == 0:
        return
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortInUseError(f"port {port} on {host} is not free: {error.strerror}") from error


async def call_rpc(url: str, method: str, *parameters: object) -> Any:  # noqa: ANN401 - JSON
    """Return the result of one JSON-RPC call on a connection of its own; for tools, not hot paths.

    Raises
    ------
    TemporaryError
        If the endpoint does not answer or answers with an error.
    """
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
    timeout = aiohttp.ClientTimeout(total=_CALL_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, json=body) as response,
        ):
            answer = json.loads(await response.read())
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise TemporaryError(f"{method} at {url}: {_reason(error)}") from error
    if "error" in answer:
        raise TemporaryError(f"{method} at {url}: {answer['error'].get('message')}")
    return answer.get("result")


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends; runs in the child before exec."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
