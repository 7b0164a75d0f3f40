"""What the markets are told of executed steps: one line per record, message or begin of a block."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from rollup_node.core.reason import Reason


class Heard(NamedTuple):
    """What one record and the tasks after it did.

    Attributes
    ----------
    source
        Hash of the record or message, empty for what the begin of a block set off.
    content
        The record, or what the message asked for; `None` if there is none.
    events
        Values of `core.events`, in order.
    legs
        What became of the legs of a mass quote, in order.
    is_repriced
        Whether prices, marks or the list of series may have changed.
    """

    source: bytes
    content: Any
    time_ms: int
    events: Sequence[Any]
    legs: Sequence[Reason] = ()
    is_repriced: bool = False


class TapeReader(Protocol):
    """Who follows the tape of a sequencer."""

    def reset(self) -> None:
        """Begin anew with the state as it is."""

    def hear(self, lines: Sequence[Heard]) -> None:
        """Take lines that are durable."""


class Tape:
    """Lines since they were last taken. Kept only while somebody follows (`is_followed`).

    When the state goes back the lines no longer tell how it came to be: the tape ends, and who
    follows begins anew.
    """

    def __init__(self) -> None:
        self.is_followed = False
        self._lines: list[Heard] = []

    def begin(self) -> None:
        """Begin to keep lines."""
        self.is_followed = True
        self._lines = []

    def end(self) -> None:
        """Keep no lines until the next `begin`."""
        self.is_followed = False
        self._lines = []

    def add(self, line: Heard) -> None:
        """Append a line."""
        if self.is_followed:
            self._lines.append(line)

    def take(self) -> list[Heard]:
        """Take the lines since the last call."""
        lines, self._lines = self._lines, []
        return lines
