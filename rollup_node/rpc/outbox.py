"""Messages on their way to one WebSocket: bounded, and books give way first. Knows no content."""

import asyncio
from collections import deque
from typing import NamedTuple


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

    async def take(self) -> bytes:
        """Wait for a message and take it."""
        while not self._messages:
            self._news.clear()
            await self._news.wait()
        message = self._messages.popleft()
        self.size_bytes -= len(message.body)
        return message.body

    def __len__(self) -> int:
        return len(self._messages)
