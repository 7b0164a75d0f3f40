"""Append-only log of groups of entries: a group is durable as a whole before anyone is told of it.

The file is `magic 8` and then frames: `length u32 ‖ crc32 u32 ‖ first entry number u64 ‖ count u32
‖ (length u32 ‖ bytes) * count`; the checksum covers everything after itself. A group is written
only after the group before it is on disk, so a bad frame at the very end was never confirmed and is
cut off at start, and a bad frame before a good one is damage that nobody may paper over. Entries
are opaque.
"""

import asyncio
import errno
import fcntl
import logging
import os
import time
import zlib
from array import array
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from struct import Struct
from typing import Final, NoReturn

from rollup_node.ports import CriticalError, InputError, TemporaryError

_MAGIC: Final = b"SNLOG\x00\x00\x01"
_FRAME: Final = Struct(">II")  # length of the rest, checksum of the rest
_GROUP: Final = Struct(">QI")  # number of the first entry, count
_LENGTH: Final = Struct(">I")
_FULL: Final = frozenset([errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
MAX_FRAME_BYTES: Final = 1 << 30

_logger = logging.getLogger(__name__)


class LogFullError(TemporaryError):
    """The disk took no more bytes: the group was not kept, all groups before it were."""


class LogDamagedError(CriticalError):
    """Bytes that were confirmed cannot be read back, or the disk failed while syncing."""


class InputLog:
    """The log of one node, held open and locked by one process.

    `next_number` is the number of the next entry; all entries below it are durable.
    `cpu_seconds` adds up what appending took of the processor, not the wait for the disk.
    """

    def __init__(self, path: Path, *, sync: Callable[[int], None] = os.fdatasync) -> None:
        """Open or create the log, check every frame and cut a torn last group off.

        Raises `InputError` if another process holds the log, `LogDamagedError` if confirmed
        entries are unreadable, `LogFullError` if there is no room for an empty log.
        """
        self._path = path
        self._sync = sync
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="log")
        self._wait: Callable[[], Awaitable[None]] = self._wait_in_thread
        self._lock = asyncio.Lock()
        self._offsets = array("Q")
        self._lengths = array("L")
        self._broken: str | None = None
        self.cpu_seconds = 0.0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._claim()
            self._end = self._recover()
        except BaseException:
            os.close(self._fd)
            raise

    @property
    def next_number(self) -> int:
        """Number of the next entry."""
        return len(self._offsets)

    @property
    def size(self) -> int:
        """Bytes of the file that are confirmed."""
        return self._end

    async def commit(self, entries: Sequence[bytes]) -> int:
        """Append the entries as one group and return the number of the first once all are durable.

        Raises `LogFullError` when the disk is full (nothing of the group stays in the file and
        later commits may succeed) and `LogDamagedError` for any other failure of the disk, after
        which the log refuses to write.
        """
        async with self._lock:
            # A cancelled caller must not leave a group half done that the next one would cut into.
            return await _finish(asyncio.ensure_future(self._commit(entries)))

    def sync_by(self, wait: Callable[[], Awaitable[None]]) -> None:
        """Have `commit` wait by another way than in a thread until what it wrote is on the disk.

        `wait` raises `OSError` if the disk failed.
        """
        self._wait = wait

    def read(self, first: int, limit: int) -> list[bytes]:
        """Return at most `limit` durable entries from number `first` on."""
        numbers = range(max(first, 0), min(max(first, 0) + limit, self.next_number))
        return [os.pread(self._fd, self._lengths[n], self._offsets[n]) for n in numbers]

    def entries(self, first: int = 0) -> Iterator[bytes]:
        """Iterate over all durable entries from number `first` on."""
        for start in range(first, self.next_number, 256):
            yield from self.read(start, 256)

    def close(self) -> None:
        """Wait for a running commit, release the lock and close the file."""
        self._thread.shutdown(wait=True)
        self._broken = "closed"
        os.close(self._fd)

    async def _commit(self, entries: Sequence[bytes]) -> int:
        try:
            size = self._write(entries)
            await self._wait()
        except OSError as error:
            self._fail(error)
        first = self.next_number
        self._index(self._end, entries)
        self._end += size
        return first

    async def _wait_in_thread(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._sync, self._fd)

    def _write(self, entries: Sequence[bytes]) -> int:
        """Write a group after the last one, for the disk to take when it likes; return its size."""
        if self._broken is not None:
            raise LogDamagedError(f"log is closed for writing: {self._broken} ({self._path})")
        began = time.thread_time()
        rest = _GROUP.pack(self.next_number, len(entries))
        rest += b"".join([part for entry in entries for part in (_LENGTH.pack(len(entry)), entry)])
        frame = _FRAME.pack(len(rest), zlib.crc32(rest)) + rest
        _write_all(self._fd, frame, self._end)
        self.cpu_seconds += time.thread_time() - began
        return len(frame)

    def _claim(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"log is in use by another process: {self._path}") from None

    def _fail(self, error: OSError) -> NoReturn:
        """Take the unconfirmed bytes away again and raise what the caller must know."""
        try:
            os.ftruncate(self._fd, self._end)
        except OSError as second:
            self._broken = f"cannot cut off an unfinished group: {second.strerror}"
        if error.errno in _FULL and self._broken is None:
            raise LogFullError(
                f"append to the log failed: {error.strerror} ({self._path}); "
                f"all {self.next_number} entries confirmed before are kept"
            ) from error
        self._broken = self._broken or f"write failed: {error.strerror}"
        raise LogDamagedError(f"append to the log failed: {error} ({self._path})") from error

    def _index(self, start: int, entries: Sequence[bytes]) -> None:
        offset = start + _FRAME.size + _GROUP.size
        for entry in entries:
            offset += _LENGTH.size
            self._offsets.append(offset)
            self._lengths.append(len(entry))
            offset += len(entry)

    def _recover(self) -> int:
        """Index all whole frames and return the offset after the last one."""
        size = os.fstat(self._fd).st_size
        if size < len(_MAGIC):
            return self._create(size)
        if os.pread(self._fd, len(_MAGIC), 0) != _MAGIC:
            raise LogDamagedError(f"not a log of this version: {self._path}")
        offset = len(_MAGIC)
        while offset < size:
            entries = self._read_frame(offset, size, self.next_number)
            if entries is None:
                self._check_tail(offset, size)
                self._cut(offset, size)
                break
            self._index(offset, entries)
            offset += _frame_size(entries)
        return offset

    def _create(self, size: int) -> int:
        """Write the magic and make the name durable; a torn magic holds no entries."""
        if size:
            _logger.warning("log had a torn header of %d bytes: %s", size, self._path)
        try:
            _write_all(self._fd, _MAGIC, 0)
            os.fsync(self._fd)
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            if error.errno in _FULL:
                message = f"cannot create the log: {error.strerror} ({self._path})"
                raise LogFullError(message) from error
            raise
        return len(_MAGIC)

    def _read_frame(self, offset: int, size: int, number: int) -> list[bytes] | None:
        """Return the entries of a whole frame that starts with entry `number`, else `None`."""
        if offset + _FRAME.size + _GROUP.size > size:
            return None
        length, checksum = _FRAME.unpack(os.pread(self._fd, _FRAME.size, offset))
        end = offset + _FRAME.size + length
        if length < _GROUP.size or length > MAX_FRAME_BYTES or end > size:
            return None
        rest = os.pread(self._fd, length, offset + _FRAME.size)
        first, count = _GROUP.unpack_from(rest)
        if zlib.crc32(rest) != checksum or first != number:
            return None
        return _split(rest, count)

    def _check_tail(self, offset: int, size: int) -> None:
        """Raise if a good frame follows the bad one, which must then have been confirmed.

        Only a damaged body is found this way: a damaged length hides what follows.
        """
        if offset + _FRAME.size + _GROUP.size > size:
            return
        length, _ = _FRAME.unpack(os.pread(self._fd, _FRAME.size, offset))
        following = offset + _FRAME.size + length
        if following + _FRAME.size + _GROUP.size > size:
            return
        first, _ = _GROUP.unpack(os.pread(self._fd, _GROUP.size, following + _FRAME.size))
        if self._read_frame(following, size, first) is not None:
            raise LogDamagedError(
                f"log is damaged at byte {offset}, before good entries from number {first}: "
                f"{self._path}"
            )

    def _cut(self, offset: int, size: int) -> None:
        _logger.warning(
            "cut %d bytes of an unfinished group off the log after entry %d: %s",
            size - offset,
            self.next_number - 1,
            self._path,
        )
        os.ftruncate(self._fd, offset)
        os.fsync(self._fd)


async def _finish(future: asyncio.Future[int]) -> int:
    """Await a future to its end even if the caller is cancelled meanwhile."""
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        raise


def _frame_size(entries: Sequence[bytes]) -> int:
    return _FRAME.size + _GROUP.size + sum(_LENGTH.size + len(entry) for entry in entries)


def _split(rest: bytes, count: int) -> list[bytes]:
    entries = []
    offset = _GROUP.size
    for _ in range(count):
        (length,) = _LENGTH.unpack_from(rest, offset)
        offset += _LENGTH.size
        entries.append(rest[offset : offset + length])
        offset += length
    return entries


def _write_all(fd: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        offset += written
        view = view[written:]
