"""Child processes: each has its own log, hears no Ctrl-C, and dies with its parent."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from rollup_node.ports import EnvironmentMissingError

_SET_PARENT_DEATH_SIGNAL: Final = 1
_POLL_SECONDS: Final = 0.01


class Process:
    """One running program."""

    def __init__(self, name: str, popen: "subprocess.Popen[bytes]", log: Path) -> None:
        self.name = name
        self.log = log
        self._popen = popen

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """Return `None` while it runs, else the exit code; negative: the signal that killed it."""
        return self._popen.poll()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens if the process has ended."""
        with contextlib.suppress(ProcessLookupError):
            self._popen.send_signal(number)

    def last_line(self) -> str:
        """Return the last line of the log, or nothing."""
        lines = tail(self.log)
        return lines[-1] if lines else ""


def spawn(
    name: str, command: Sequence[str | Path], log: Path, *, mercy: bool = False, idle: bool = False
) -> Process:
    """Start a program with both outputs appended to `log`.

    With `mercy` it gets SIGTERM instead of SIGKILL when its parent dies, to save its state.
    With `idle` it runs only while the others leave a processor free (Linux).

    Raises
    ------
    EnvironmentMissingError
        If the program or the log cannot be opened.
    """
    last_wish = signal.SIGTERM if mercy else signal.SIGKILL
    try:
        with log.open("ab") as output:
            popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,  # no Ctrl-C; one session, or `idle` would be between sessions
                preexec_fn=_prepare_child(last_wish, idle=idle),  # noqa: PLW1509 - starts before any thread
            )
    except OSError as error:
        raise EnvironmentMissingError(f"cannot start {name}: {error}") from error
    return Process(name, popen, log)


def stop(processes: Iterable[Process], deadline_seconds: float = 3.0) -> None:
    """Ask all of them to end, kill those that have not at the deadline, and wait."""
    running = [process for process in processes if process.exit_code is None]
    for process in running:
        process.signal(signal.SIGTERM)
    end = time.monotonic() + deadline_seconds
    while time.monotonic() < end and any(process.exit_code is None for process in running):
        time.sleep(_POLL_SECONDS)
    for process in running:
        process.signal(signal.SIGKILL)
    while any(process.exit_code is None for process in running):
        time.sleep(_POLL_SECONDS)


def tail(path: Path, count: int = 1, window_bytes: int = 8192) -> list[str]:
    """Return the last lines of a file that may be large or absent."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - window_bytes))
            return file.read().decode("utf-8", "replace").splitlines()[-count:]
    except OSError:
        return []


def _prepare_child(number: signal.Signals, *, idle: bool) -> Callable[[], None] | None:
    """Return what a child does before its program starts; Linux only."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def prepare() -> None:
        libc.prctl(_SET_PARENT_DEATH_SIGNAL, int(number), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
        if idle:
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))

    return prepare
