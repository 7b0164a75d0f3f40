"""The process that waits for the disk.

A thread would do, but beside a busy Python thread it waits for the interpreter lock too, before and
after the disk, and that took ten times as long as the disk.
"""

import asyncio
import errno
import os
import socket
from pathlib import Path
from typing import Final

from rollup_node.node.workers import Worker, answer_frames, start_worker
from rollup_node.ports import CriticalError

_START_SECONDS: Final = 60


class DiskProcess:
    """Makes durable what others wrote to one file; one question at a time."""

    def __init__(self, path: Path) -> None:
        """Take a file that is there when `start` is called, and stays."""
        self._path = path
        self._worker: Worker | None = None

    async def start(self) -> None:
        """Start the process and wait until it has answered.

        Raises `CriticalError` if it does not answer in time.
        """
        self._worker = await start_worker(_serve, str(self._path))
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self.sync()
        except (TimeoutError, OSError) as error:
            await self.stop()
            raise CriticalError(f"the process of the disk did not start: {error}") from error

    async def sync(self) -> None:
        """Wait until everything that was written is on the disk.

        Raises `OSError` if the disk failed, or if the process is gone: then nobody knows.
        """
        if self._worker is None:
            raise _gone()
        self._worker.send(None)
        try:
            number = await self._worker.receive()
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise _gone() from error
        if number:
            raise OSError(number, os.strerror(number))

    async def stop(self) -> None:
        """End the process."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.stop()


def _gone() -> OSError:
    return OSError(errno.EPIPE, "the process that waits for the disk is gone")


def _serve(connection: socket.socket, path: str) -> None:
    """Answer each question with 0 once the disk has everything, or with the number of its error."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def answer(_question: None) -> int:
        try:
            os.fdatasync(fd)
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    answer_frames(connection, answer, nicer=0)
