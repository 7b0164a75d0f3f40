"""A snapshot on disk is what was written or nothing."""

import os
from pathlib import Path

import pytest

from rollup_node.store.snapshots import SnapshotDamagedError, SnapshotStore

PARTS = [b"first", b"second part", b"x" * 300]


@pytest.fixture
def store(tmp_path: Path) -> SnapshotStore:
    return SnapshotStore(tmp_path)


def _write(store: SnapshotStore, number: int) -> None:
    writer = store.begin(number, b"head of it")
    for part in PARTS:
        writer.add(part)
        writer.sync()
    writer.finish()


def test_read_returns_what_was_written(store: SnapshotStore) -> None:
    _write(store, 7)
    head, parts = store.read(7)
    assert (head, [bytes(part) for part in parts]) == (b"head of it", PARTS)
    assert store.numbers() == [7]


def test_read_of_a_file_cut_anywhere_raises(store: SnapshotStore, tmp_path: Path) -> None:
    _write(store, 7)
    path = next(tmp_path.glob("*.snapshot"))
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(SnapshotDamagedError):
            store.read(7)


def test_read_of_a_file_with_any_byte_changed_raises(store: SnapshotStore, tmp_path: Path) -> None:
    _write(store, 7)
    path = next(tmp_path.glob("*.snapshot"))
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x80]) + whole[at + 1 :])
        with pytest.raises(SnapshotDamagedError):
            store.read(7)


def test_read_of_a_file_without_a_part_raises(store: SnapshotStore, tmp_path: Path) -> None:
    _write(store, 7)
    path = next(tmp_path.glob("*.snapshot"))
    whole = path.read_bytes()
    frame = whole.index(PARTS[1]) - 8
    path.write_bytes(whole[:frame] + whole[frame + 8 + len(PARTS[1]) :])
    with pytest.raises(SnapshotDamagedError):
        store.read(7)


def test_finish_syncs_before_it_names_the_file(
    store: SnapshotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    named: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda _: named.append(len(store.numbers())))
    _write(store, 7)
    assert named == [0, 1]


def test_open_removes_what_was_never_finished(store: SnapshotStore, tmp_path: Path) -> None:
    writer = store.begin(7, b"head")
    writer.add(b"part")
    assert store.numbers() == []
    assert SnapshotStore(tmp_path).numbers() == []
    assert list(tmp_path.iterdir()) == []
    writer.abort()


def test_drop_old_keeps_the_newest_two(store: SnapshotStore) -> None:
    for number in (3, 20, 100):
        _write(store, number)
    store.drop_old()
    assert store.numbers() == [100, 20]
    store.drop_after(20)
    assert store.numbers() == [20]
