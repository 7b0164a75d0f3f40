"""Worker processes: each question is one frame `length u32 ‖ marshal` over a socket pair.

Threads would do for what releases the interpreter lock, but beside a busy Python thread each call
then waits for it.
"""

import asyncio
import marshal
import multiprocessing
import os
import signal
import socket
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from struct import Struct
from typing import Any, Final

from rollup_node.native import law

_LENGTH: Final = Struct(">I")
_JOIN_SECONDS: Final = 2
_LIMIT_BYTES: Final = 1 << 22
_STAND_BACK: Final = 5
"""By how much workers are nicer than who asks them: there is one of those and it orders everything,
so it must not wait for a processor while they work ahead. On two it waited for a fifth of the time
of an order, and then they for it. Not nicer: beside other busy programs they would get too little.
"""


class Worker:
    """One process with its end of the socket pair."""

    def __init__(
        self, process: BaseProcess, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.process = process
        self.writer = writer
        self._reader = reader

    def send(self, content: Any) -> None:  # noqa: ANN401 - what marshal carries
        """Send what marshal can carry; it is on its way when this returns."""
        frame = marshal.dumps(content)
        self.writer.write(_LENGTH.pack(len(frame)) + frame)

    async def receive(self) -> Any:  # noqa: ANN401 - what marshal carries
        """Wait for the next answer.

        Raises `asyncio.IncompleteReadError` or `ConnectionError` when the process is gone.
        """
        (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
        return marshal.loads(await self._reader.readexactly(length))  # noqa: S302 - our own child

    async def stop(self) -> None:
        """End the process."""
        self.writer.close()
        await asyncio.to_thread(self.process.join, _JOIN_SECONDS)
        if self.process.is_alive():
            self.process.kill()
            await asyncio.to_thread(self.process.join)


async def start_worker(serve: Callable[..., None], *arguments: object) -> Worker:
    """Start a process that runs `serve(connection, *arguments)`, under the law of this one."""
    ours, theirs = socket.socketpair()
    context = multiprocessing.get_context("spawn")
    begin = (law.choice_of_child(), serve.__module__, serve.__name__, theirs, *arguments)
    process = context.Process(target=law.call, args=begin, daemon=True)
    await asyncio.to_thread(process.start)
    theirs.close()
    reader, writer = await asyncio.open_connection(sock=ours, limit=_LIMIT_BYTES)
    return Worker(process, reader, writer)


def answer_frames(
    connection: socket.socket, answer: Callable[[Any], Any], *, nicer: int = _STAND_BACK
) -> None:
    """Answer each frame until the other end closes: in the worker, where Ctrl-C means nothing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(nicer)
    with connection, connection.makefile("rb") as stream:
        while len(head := stream.read(_LENGTH.size)) == _LENGTH.size:
            content = marshal.loads(stream.read(*_LENGTH.unpack(head)))  # noqa: S302 - our parent
            frame = marshal.dumps(answer(content))
            connection.sendall(_LENGTH.pack(len(frame)) + frame)
