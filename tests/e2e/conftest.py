"""A devnet of real processes on free ports, and the command line as users call it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rollup_node.devnet.jsonrpc import Deadline
from rollup_node.devnet.rundir import RunDir
from rollup_node.devnet.session import Session

REPOSITORY = Path(__file__).resolve().parents[2]
STRIKENET = [sys.executable, "-m", "rollup_node.cli.main"]


@dataclass(frozen=True)
class Ran:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def strikenet(*words: str | Path, code: int | None = 0, timeout: float = 300, **env: str) -> Ran:
    """Run the command line in a process of its own; `code=None` accepts any exit code.

    `timeout` is beyond the deadlines of the commands: what fails says itself what it waited for.
    """
    done = subprocess.run(
        [*STRIKENET, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
        cwd=REPOSITORY,
        env={**os.environ, **env},
    )
    assert code is None or done.returncode == code, f"{words}: {done.returncode}\n{done.stderr}"
    return Ran(done.returncode, done.stdout, done.stderr)


def up(run_dir: Path, *words: str, code: int | None = 0) -> Ran:
    """Start a devnet on free ports in the background."""
    ports = ("--l1-port", "0", "--port", "0")
    return strikenet("up", "--detach", "--run-dir", run_dir, *ports, *words, code=code)


@dataclass
class Stage:
    """A running devnet and the way to hurt it."""

    run_dir: RunDir
    sessions: list[Session] = field(default_factory=list)

    @classmethod
    def at(cls, path: Path) -> "Stage":
        return cls(RunDir(path))

    def wait_gone(self, pids: list[int]) -> None:
        """Wait until none of these processes exists."""
        for _ in Deadline(10, f"processes {pids} are gone"):
            if not any(is_alive(pid) for pid in pids):
                return

    @property
    def session(self) -> Session:
        self.sessions.append(Session(self.run_dir))
        return self.sessions[-1]

    def pids(self) -> dict[str, int]:
        return {node["name"]: node["pid"] for node in self.run_dir.read_state()["nodes"]}

    def kill(self, name: str) -> None:
        """Kill a node as the kernel does when memory runs out, and see that it is gone."""
        pid = self.pids()[name]
        os.kill(pid, 9)
        for _ in Deadline(10, f"the supervisor notices that {name} ended"):
            nodes = self.run_dir.read_state()["nodes"]
            if any(node["pid"] == pid and node["exit_code"] == -9 for node in nodes):
                return

    def restart(self) -> None:
        """Bring killed nodes back and wait until all are ready."""
        strikenet("up", "--restart", "--run-dir", self.run_dir.path)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; a dead one that nobody waited for does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextmanager
def devnet(run_dir: Path, *words: str) -> Iterator[Stage]:
    """Start a devnet that ends with the block, and leaves its logs if something failed."""
    running = Stage.at(run_dir)
    purge: tuple[str, ...] = ()
    try:
        up(run_dir, *words)
        yield running
        purge = ("--purge",)
    finally:
        for session in running.sessions:
            session.close()
        strikenet("down", *purge, "--run-dir", run_dir, code=None)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One devnet for all tests of a module."""
    path = tmp_path_factory.mktemp("run") / "devnet"
    with devnet(path, "--profile", "ci", "--batch-data", "alternate") as running:
        children = [*running.pids().values(), running.run_dir.read_state()["l1"]["pid"]]
        yield running
    assert not [pid for pid in children if is_alive(pid)]
