"""The folder of a run: where every file lies, and who runs it.

A lock held by the supervising process says that a devnet runs; a pid in a file never does, so a
file left by a crash is known to be stale.
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rollup_node.devnet.failure import NotReadyError
from rollup_node.ports import EnvironmentMissingError, PortInUseError


class RunDir:
    """Paths and small JSON files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.shown = path
        self.lock = self.path / "lock"
        self.state = self.path / "devnet.json"
        self.addresses = self.path / "addresses.json"
        self.rollup = self.path / "rollup.json"
        self.accounts = self.path / "accounts.json"
        self.l1_state = self.path / "l1" / "state.json"
        self.l1_old_states = self.path / "l1" / "old-states"

    def log(self, name: str) -> Path:
        """Return the log of a process: JSON lines."""
        return self.path / "logs" / f"{name}.jsonl"

    def node(self, name: str) -> Path:
        """Return the folder of a node: its configuration and its store."""
        return self.path / "nodes" / name

    def prepare(self) -> None:
        """Create the folders.

        Raises
        ------
        EnvironmentMissingError
            If the place cannot be written.
        """
        try:
            for folder in ("logs", "nodes", "l1"):
                (self.path / folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EnvironmentMissingError(
                f"cannot write run directory {self.shown}: {error.strerror}"
            ) from error

    def running_pid(self) -> int | None:
        """Return the pid of the process that runs a devnet here, `None` if none does."""
        try:
            with self.lock.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    return int(file.read() or b"0")
        except OSError:
            pass
        return None

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Be the one that runs a devnet here.

        Raises
        ------
        PortInUseError
            If another process is.
        """
        self.prepare()
        with self.lock.open("a+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise PortInUseError(self.occupied()) from None
            # One that was killed left a state that says ready: nobody may read it as that of this.
            self.state.unlink(missing_ok=True)
            file.truncate(0)
            file.write(str(os.getpid()).encode())
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)

    def occupied(self) -> str:
        """Say what is running here."""
        state = self.read_state()
        nodes = ", ".join(f"{node['name']} {node['url']}" for node in state.get("nodes", []))
        l1_url = state.get("l1", {}).get("url", "starting")
        return (
            f"a devnet is already running in {self.shown} (pid {self.running_pid()}): "
            f"L1 {l1_url}{', ' if nodes else ''}{nodes}; see `strikenet status`, `strikenet down`"
        )

    def read_state(self) -> dict[str, Any]:
        """Return what the supervising process wrote last, empty if there is nothing."""
        return read_json(self.state) if self.state.is_file() else {}

    def running(self) -> dict[str, Any]:
        """Return the state of the devnet that runs here.

        Raises
        ------
        NotReadyError
            If none does, or it is not ready.
        """
        if self.running_pid() is None:
            raise NotReadyError(f"no devnet runs in {self.shown}: start one with `strikenet up`")
        state = self.read_state()
        if state.get("status") != "ready":
            raise NotReadyError(
                f"the devnet in {self.shown} is {state.get('status', 'starting')}, not ready"
            )
        return state

    def purge(self) -> None:
        """Delete everything of the run; keeps a folder that holds other files."""
        for name in ("logs", "nodes", "l1"):
            shutil.rmtree(self.path / name, ignore_errors=True)
        for file in (self.state, self.addresses, self.rollup, self.accounts, self.lock):
            file.unlink(missing_ok=True)
        (self.path / "up.log").unlink(missing_ok=True)
        if self.path.is_dir() and not any(self.path.iterdir()):
            self.path.rmdir()


@contextmanager
def temporary_run(tell: Callable[[str], None]) -> Iterator[RunDir]:
    """Yield a run directory that is deleted afterwards; of a run that fails the logs stay."""
    folder = Path(tempfile.mkdtemp(prefix="strikenet-"))
    run_dir = RunDir(folder / "run")
    has_logs = False
    try:
        yield run_dir
    except Exception:
        has_logs = any(log.stat().st_size for log in run_dir.path.glob("logs/*"))
        if has_logs:
            tell(f"the logs stay in {run_dir.path / 'logs'}")
            shutil.rmtree(run_dir.path / "nodes")
            shutil.rmtree(run_dir.path / "l1")
        raise
    finally:
        if not has_logs:
            shutil.rmtree(folder)


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file.

    Raises
    ------
    EnvironmentMissingError
        If the file is missing or damaged.
    """
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise EnvironmentMissingError(f"cannot read {path}: {error}") from error
    if not isinstance(value, dict):
        raise EnvironmentMissingError(f"cannot read {path}: not a JSON object")
    return value


def write_json(path: Path, value: Mapping[str, Any], *, private: bool = False) -> None:
    """Replace a JSON file in one move, so that a reader never sees half of it."""
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(value, indent=2) + "\n", "utf-8")
    if private:
        draft.chmod(0o600)
    draft.replace(path)
