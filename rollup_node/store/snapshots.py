"""Snapshots on disk: whole or not there at all; what they say stays opaque here.

A file is `magic 8`, then frames `length u32 ‖ crc32 u32 ‖ bytes`: the head, then the parts. The
last frame has no bytes and the checksum of all checksums before it, so a file that was cut shows
it, even between two frames. It is written under another name, synced, and then renamed.
"""

import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple

_MAGIC: Final = b"SNSTATE\x01"
_FRAME: Final = Struct(">II")  # length, checksum
_SUM: Final = Struct(">I")
_SUFFIX: Final = ".snapshot"
_KEPT: Final = 2
"""A snapshot that cannot be used costs a longer replay, not all of it."""


class SnapshotDamagedError(ValueError):
    """The file is torn, changed, or of another version."""


class Saved(NamedTuple):
    """A snapshot as it was written."""

    head: bytes
    parts: Sequence[memoryview]


class SnapshotStore:
    """The newest snapshots of one state, by number; only the owner of the folder may write."""

    def __init__(self, folder: Path) -> None:
        """Make the folder and remove what was never finished."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for torn in folder.glob("*.part"):
            torn.unlink()

    def numbers(self) -> list[int]:
        """Return the numbers of all finished snapshots, the newest first."""
        names = (path.stem for path in self._folder.glob("*" + _SUFFIX))
        return sorted((int(name) for name in names if name.isdecimal()), reverse=True)

    def read(self, number: int) -> Saved:
        """Return a snapshot.

        Raises
        ------
        SnapshotDamagedError
            If it is not what was written.
        OSError
            If it is not there or cannot be read.
        """
        path = self._path(number)
        frames = _split(path, memoryview(path.read_bytes()))
        return Saved(bytes(frames[0]), frames[1:])

    def begin(self, number: int, head: bytes) -> "SnapshotWriter":
        """Begin to write a snapshot."""
        return SnapshotWriter(self._path(number), head)

    def drop_after(self, number: int) -> None:
        """Remove all snapshots with a greater number."""
        for found in self.numbers():
            if found > number:
                self.drop(found)

    def drop_old(self) -> None:
        """Remove all but the newest two."""
        for found in self.numbers()[_KEPT:]:
            self.drop(found)

    def drop(self, number: int) -> None:
        """Remove a snapshot."""
        self._path(number).unlink(missing_ok=True)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:020}{_SUFFIX}"


class SnapshotWriter:
    """A snapshot in the making. `sync` and `finish` wait for the disk: call them in a thread."""

    def __init__(self, path: Path, head: bytes) -> None:
        self._path = path
        self._part = path.with_suffix(".part")
        self._file = self._part.open("wb", buffering=0)
        self._sums = 0
        self.size = 0
        try:
            self._write(_MAGIC)
            self.add(head)
        except BaseException:
            self.abort()
            raise

    def add(self, part: bytes) -> None:
        """Write the next part; it need not be on disk yet."""
        checksum = zlib.crc32(part)
        self._sums = zlib.crc32(_SUM.pack(checksum), self._sums)
        self._write(_FRAME.pack(len(part), checksum) + part)

    def sync(self) -> None:
        """Put what was written on disk, so that the end does not have to write everything."""
        os.fdatasync(self._file.fileno())

    def finish(self) -> None:
        """Make the snapshot durable and give it its name."""
        self._write(_FRAME.pack(0, self._sums))
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def abort(self) -> None:
        """Remove what was written."""
        self._file.close()
        self._part.unlink(missing_ok=True)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = self._file.write(view) or 0
            self.size += written
            view = view[written:]


def _split(path: Path, data: memoryview) -> list[memoryview]:
    """Return the frames of a file without the last one, which must be there."""
    if bytes(data[: len(_MAGIC)]) != _MAGIC:
        raise SnapshotDamagedError(f"not a snapshot of this version: {path}")
    frames: list[memoryview] = []
    at, sums = len(_MAGIC), 0
    while at + _FRAME.size <= len(data):
        length, checksum = _FRAME.unpack_from(data, at)
        at += _FRAME.size
        if not length and frames:
            if checksum != sums or at != len(data):
                break
            return frames
        frame = data[at : at + length]
        if len(frame) != length or zlib.crc32(frame) != checksum:
            break
        sums = zlib.crc32(_SUM.pack(checksum), sums)
        frames.append(frame)
        at += length
    raise SnapshotDamagedError(f"snapshot is damaged near byte {at} of {len(data)}: {path}")
