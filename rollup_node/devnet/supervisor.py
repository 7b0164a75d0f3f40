"""The process behind `strikenet up`: holds the run directory and watches its children."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from rollup_node.devnet.failure import DevnetError, NotReadyError
from rollup_node.devnet.jsonrpc import Deadline
from rollup_node.devnet.launcher import (
    NODES_READY_SECONDS,
    Devnet,
    crash_error,
    describe_crash,
    is_ready,
)
from rollup_node.devnet.manifest import ORACLE, Manifest
from rollup_node.devnet.process import tail
from rollup_node.devnet.rundir import RunDir
from rollup_node.l1.toolchain import Tool

DETACH_SECONDS: Final = 240
DOWN_SECONDS: Final = 10
_POLL_SECONDS: Final = 0.05

Progress = Callable[[str], None]


@contextlib.contextmanager
def running(
    run_dir: RunDir, manifest: Manifest, anvil: Tool, progress: Progress
) -> Iterator[Devnet]:
    """Run a devnet for the time of the block; every process has ended afterwards.

    Raises
    ------
    PortInUseError
        If a devnet runs in this directory already, or a port is taken.
    NotReadyError
        If it does not get ready.
    """
    with run_dir.hold():
        devnet = Devnet(run_dir, manifest, anvil)
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as Ctrl-C does
        try:
            devnet.start(progress)
            yield devnet
        finally:
            with _deaf():
                devnet.stop()


def watch(devnet: Devnet, progress: Progress) -> None:
    """Report nodes that crash until SIGTERM or Ctrl-C; SIGHUP starts crashed nodes again.

    Raises
    ------
    DevnetError
        If the L1 ends: nothing can go on without it.
    """
    end, restart = threading.Event(), threading.Event()
    with _handlers({signal.SIGTERM: end, signal.SIGINT: end, signal.SIGHUP: restart}):
        while not end.wait(_POLL_SECONDS):
            for process in devnet.crashes():
                if process.name == "l1":
                    raise crash_error(process)
                progress(f"{describe_crash(process)}; `strikenet up --restart` brings it back")
            if restart.is_set():
                restart.clear()
                progress(f"started again: {', '.join(devnet.restart_crashed()) or 'nothing'}")


def detach(run_dir: RunDir, arguments: Sequence[str]) -> dict[str, Any]:
    """Start `strikenet up` in the background, wait until it is ready, and return its state.

    Raises
    ------
    DevnetError
        If it ends instead; with its last line and its exit code.
    NotReadyError
        At the deadline.
    """
    run_dir.prepare()
    log = run_dir.path / "up.log"
    command = [sys.executable, "-m", "rollup_node.cli.main", "up", *arguments]
    with log.open("wb") as output:
        background = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    end = time.monotonic() + DETACH_SECONDS
    while time.monotonic() < end:
        if background.poll() is not None:
            last = (tail(log) or ["no output"])[-1].removeprefix("error: ")
            error = DevnetError(last)
            error.exit_code = background.returncode
            raise error
        if run_dir.running_pid() == background.pid:
            state = run_dir.read_state()
            if state.get("status") == "ready":
                return state
        time.sleep(_POLL_SECONDS)
    background.terminate()
    raise NotReadyError(f"devnet not ready in {DETACH_SECONDS} s; log: {log}")


def bring_down(run_dir: RunDir) -> bool:
    """End the devnet of a run directory and wait until it has; `False` if none was running.

    Raises
    ------
    NotReadyError
        If it still runs at the deadline.
    """
    pid = run_dir.running_pid()
    if not pid:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + DOWN_SECONDS
    while run_dir.running_pid() is not None:
        if time.monotonic() > end:
            raise NotReadyError(f"the devnet (pid {pid}) still runs after {DOWN_SECONDS} s")
        time.sleep(0.01)
    return True


def restart_crashed(run_dir: RunDir) -> list[str]:
    """Have the running devnet start its crashed nodes again, and wait until they are ready.

    Raises
    ------
    NotReadyError
        If no devnet runs here, or a node is not ready at the deadline.
    """
    state = run_dir.running()
    crashed = [node["name"] for node in _restartable(state) if node["exit_code"] is not None]
    pid = run_dir.running_pid()
    if crashed and pid:
        os.kill(pid, signal.SIGHUP)
    for _ in Deadline(NODES_READY_SECONDS, f"ready again: {', '.join(crashed)}"):
        nodes = [node for node in _restartable(run_dir.read_state()) if node["name"] in crashed]
        if all(node["exit_code"] is None and is_ready(node["url"]) for node in nodes):
            return crashed
    raise AssertionError


def _restartable(state: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the processes that may be started again: the nodes, and the oracle if there is one."""
    oracle = state.get("oracle")
    return [*state["nodes"], *([{"name": ORACLE, **oracle}] if oracle else [])]


@contextlib.contextmanager
def _handlers(events: dict[signal.Signals, threading.Event]) -> Iterator[None]:
    def note(number: int, _frame: object) -> None:
        events[signal.Signals(number)].set()

    before = {number: signal.signal(number, note) for number in events}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _deaf() -> contextlib.AbstractContextManager[None]:
    """Let nobody interrupt the stopping of processes."""
    ignored = threading.Event()
    return _handlers({signal.SIGTERM: ignored, signal.SIGINT: ignored})
