"""The process of the disk says when everything is durable, and what the disk said otherwise."""

import errno
import os
import signal
from pathlib import Path

import pytest

from rollup_node.node.disk import DiskProcess
from rollup_node.ports import CriticalError
from rollup_node.store.log import InputLog, LogDamagedError


async def test_commit_by_the_process_keeps_groups_in_order(tmp_path: Path) -> None:
    log = InputLog(tmp_path / "log")
    disk = DiskProcess(tmp_path / "log")
    await disk.start()
    log.sync_by(disk.sync)
    assert [await log.commit([bytes([n]), b"x"]) for n in range(3)] == [0, 2, 4]
    await disk.stop()
    log.close()
    log = InputLog(tmp_path / "log")
    assert list(log.entries()) == [b"\0", b"x", b"\1", b"x", b"\2", b"x"]
    log.close()


async def test_start_on_what_no_disk_keeps_fails_with_the_reason() -> None:
    disk = DiskProcess(Path("/dev/full"))
    with pytest.raises(CriticalError, match=r"did not start.*Invalid argument"):
        await disk.start()


async def test_commit_after_the_process_died_is_refused_and_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log, disk = InputLog(path), DiskProcess(path)
    await disk.start()
    log.sync_by(disk.sync)
    await log.commit([b"kept"])
    size = log.size
    worker = disk._worker
    assert worker is not None
    assert worker.process.pid
    os.kill(worker.process.pid, signal.SIGKILL)
    with pytest.raises(LogDamagedError, match="the process that waits for the disk is gone"):
        await log.commit([b"lost"])
    assert path.stat().st_size == size
    with pytest.raises(LogDamagedError, match="closed for writing"):
        await log.commit([b"later"])
    await disk.stop()
    log.close()


async def test_sync_before_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="gone") as caught:
        await DiskProcess(tmp_path / "log").sync()
    assert caught.value.errno == errno.EPIPE
