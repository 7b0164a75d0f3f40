"""Time as a node sees it: L1's, carried on by the local clock between two L1 blocks."""

import time

from rollup_node.derive.events import L1Block


class NodeClock:
    """`ports.Clock`; `see` tells it each new L1 head."""

    def __init__(self) -> None:
        self._head: bytes = b""
        self._l1_ms = 0
        self._seen_ms = 0

    def see(self, head: L1Block) -> None:
        """Take the time of a new L1 head."""
        if head.hash != self._head:
            self._head = head.hash
            self._l1_ms = head.timestamp * 1_000
            self._seen_ms = self.monotonic_ms()

    def now_ms(self) -> int:
        """Return L1 time in milliseconds."""
        return self._l1_ms + self.monotonic_ms() - self._seen_ms

    def monotonic_ms(self) -> int:
        """Return local milliseconds that never go back."""
        return time.monotonic_ns() // 1_000_000
