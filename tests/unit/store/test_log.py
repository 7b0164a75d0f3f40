"""The input log keeps what it confirmed and nothing else."""

import asyncio
import errno
import logging
import os
from pathlib import Path

import pytest

from rollup_node.ports import InputError
from rollup_node.store.log import InputLog, LogDamagedError, LogFullError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store" / "input.log"


def _commit(log: InputLog, group: list[bytes]) -> int:
    return asyncio.run(log.commit(group))


def _fill(path: Path, groups: list[list[bytes]]) -> list[int]:
    """Write the groups and return the size of the file after each."""
    log = InputLog(path)
    sizes = []
    for group in groups:
        _commit(log, group)
        sizes.append(log.size)
    log.close()
    return sizes


def _read(path: Path) -> list[bytes]:
    log = InputLog(path)
    entries = list(log.entries())
    log.close()
    return entries


async def test_commit_returns_numbers_and_reopening_reads_the_same(path: Path) -> None:
    log = InputLog(path)
    assert await log.commit([b"a", b""]) == 0
    assert await log.commit([b"ccc"]) == 2
    assert log.read(1, 5) == [b"", b"ccc"]
    log.close()
    assert _read(path) == [b"a", b"", b"ccc"]


async def test_commit_syncs_before_it_returns(path: Path) -> None:
    synced: list[int] = []
    log = InputLog(path, sync=lambda fd: synced.append(os.fstat(fd).st_size))
    await log.commit([b"x" * 100])
    assert synced == [log.size]
    log.close()


async def test_commit_cancelled_leaves_whole_groups(path: Path) -> None:
    log = InputLog(path)
    task = asyncio.create_task(log.commit([b"first"]))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await log.commit([b"second"])
    log.close()
    assert _read(path)[-1] == b"second"


def test_open_every_torn_length_keeps_the_confirmed_groups(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    groups = [[b"one", b"two"], [b"three"], [b"four" * 9]]
    sizes = _fill(path, groups)
    whole = path.read_bytes()
    for length in range(sizes[1], sizes[2]):
        path.write_bytes(whole[:length])
        assert _read(path) == [b"one", b"two", b"three"]
        assert path.stat().st_size == sizes[1]
    assert "cut 1 bytes of an unfinished group off the log after entry 2" in caplog.text


def test_open_after_cut_appends_in_place(path: Path) -> None:
    sizes = _fill(path, [[b"one"], [b"two"]])
    with path.open("r+b") as file:
        file.truncate(sizes[1] - 1)
    log = InputLog(path)
    assert _commit(log, [b"three"]) == 1
    log.close()
    assert _read(path) == [b"one", b"three"]


def test_open_flipped_bit_in_the_last_group_cuts_it_off(path: Path) -> None:
    _fill(path, [[b"one"], [b"two"]])
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert _read(path) == [b"one"]


def test_open_flipped_bit_before_good_groups_is_refused(path: Path) -> None:
    sizes = _fill(path, [[b"one"], [b"two"], [b"three"]])
    data = bytearray(path.read_bytes())
    data[sizes[1] - 1] ^= 1
    path.write_bytes(data)
    with pytest.raises(LogDamagedError, match=f"damaged at byte {sizes[0]}"):
        InputLog(path)
    assert path.read_bytes() == data


def test_open_foreign_file_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"something else entirely")
    with pytest.raises(LogDamagedError, match="not a log"):
        InputLog(path)


def test_open_twice_names_the_other_process(path: Path) -> None:
    log = InputLog(path)
    with pytest.raises(InputError, match="in use by another process"):
        InputLog(path)
    log.close()
    InputLog(path).close()


def test_commit_disk_full_keeps_confirmed_groups_and_recovers(path: Path) -> None:
    full = False

    def sync(_: int) -> None:
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")

    log = InputLog(path, sync=sync)
    _commit(log, [b"kept"])
    full = True
    with pytest.raises(LogFullError, match=r"No space left on device.*all 1 entries"):
        _commit(log, [b"lost" * 100])
    assert path.stat().st_size == log.size
    full = False
    assert _commit(log, [b"later"]) == 1
    log.close()
    assert _read(path) == [b"kept", b"later"]


def test_commit_disk_failure_stops_the_log(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    def sync(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    log = InputLog(path, sync=sync)
    with pytest.raises(LogDamagedError, match="Input/output"):
        _commit(log, [b"a"])
    with pytest.raises(LogDamagedError, match="closed for writing"):
        _commit(log, [b"b"])
    log.close()
    assert _read(path) == []


def test_commit_short_writes_are_completed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: real(fd, bytes(data)[:7], at))
    _fill(path, [[b"one" * 50], [b"two"]])
    monkeypatch.undo()
    assert _read(path) == [b"one" * 50, b"two"]
