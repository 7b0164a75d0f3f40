"""Messages on their way to one WebSocket: bounded, and books give way first. Knows no content."""

import asyncio
from collections import deque
from struct import Struct
from typing import Final, NamedTuple

_TEXT: Final = 0x81
"""First byte of a text frame that is whole, as RFC 6455 has it; a server masks nothing."""
_SHORT: Final = 126
_LONG: Final = 127
_HEAD: Final = Struct(">BB").pack
_HEAD_U16: Final = Struct(">BBH").pack
_HEAD_U64: Final = Struct(">BBQ").pack
_PART_BYTES: Final = 1 << 16
"""What is taken at once, unless one message alone is longer."""


class _Message(NamedTuple):
    body: bytes
    is_book: bool


class Outbox:
    """Queue of one connection. `size_bytes` counts what was not taken for sending yet."""

    def __init__(self) -> None:
        self.size_bytes = 0
        self._messages: deque[_Message] = deque()
        self._news = asyncio.Event()

    def put(self, body: bytes, *, is_book: bool = False) -> None:
        """Append a message."""
        self._messages.append(_Message(body, is_book))
        self.size_bytes += len(body)
        self._news.set()

    def drop_books(self) -> None:
        """Forget all messages of book channels."""
        self._messages = deque(message for message in self._messages if not message.is_book)
        self.size_bytes = sum(len(message.body) for message in self._messages)

    async def take(self) -> list[bytes]:
        """Wait for messages and take them, in order: as many as are written in one go."""
        while not self._messages:
            self._news.clear()
            await self._news.wait()
        bodies: list[bytes] = []
        size = 0
        while self._messages and size < _PART_BYTES:
            body = self._messages.popleft().body
            size += len(body)
            bodies.append(body)
        self.size_bytes -= size
        return bodies

    def __len__(self) -> int:
        return len(self._messages)


def frame_text(body: bytes) -> bytes:
    """Return the frame in which a server sends a message."""
    length = len(body)
    if length < _SHORT:
        return _HEAD(_TEXT, length) + body
    if length >> 16 == 0:
        return _HEAD_U16(_TEXT, _SHORT, length) + body
    return _HEAD_U64(_TEXT, _LONG, length) + body
