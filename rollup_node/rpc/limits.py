"""Credits: how much one connection, account or address may ask for; counts, knows no methods."""

from collections import OrderedDict
from typing import Final, NamedTuple

import msgspec

from rollup_node.rpc.errors import RpcError

TOO_MANY_REQUESTS: Final = 10028
MAX_PAYERS: Final = 65_536
"""Payers that are remembered; the one that asked least recently is forgotten first, and full."""


class Rate(msgspec.Struct, frozen=True):
    """A bucket of `burst` credits that fills by `per_second`."""

    burst: int
    per_second: int


class TradingLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one user of the trading interface may take. Bytes are of messages not yet sent.

    Attributes
    ----------
    reads, matching
        Per account, or per address for who is not logged in: requests that only read, and those
        that may change a book (a mass quote counts its legs).
    connection_reads, connection_matching
        The same for one connection.
    slow_bytes
        Beyond that a connection loses its book channels; beyond `most_bytes` it is closed.
    in_flight
        Requests of one connection that wait for the sequencer; then its socket is not read.
    """

    reads: Rate = Rate(20_000, 10_000)
    matching: Rate = Rate(100_000, 100_000)
    connection_reads: Rate = Rate(10_000, 5_000)
    connection_matching: Rate = Rate(50_000, 50_000)
    slow_bytes: int = 1 << 20
    most_bytes: int = 4 << 20
    channels: int = 500
    connections: int = 1_000
    in_flight: int = 4_000
    heartbeat_seconds: int = 10


class Bucket:
    """Credits of one payer for one kind of request."""

    __slots__ = ("_at_ms", "_credits", "_rate")

    def __init__(self, rate: Rate, now_ms: int) -> None:
        """Begin full."""
        self._rate = rate
        self._credits = float(rate.burst)
        self._at_ms = now_ms

    def missing_ms(self, cost: int, now_ms: int) -> int:
        """Return how long to wait until `cost` credits are there, 0 if they are."""
        elapsed = max(now_ms - self._at_ms, 0)
        self._at_ms = now_ms
        rate = self._rate
        self._credits = min(self._credits + elapsed * rate.per_second / 1_000, rate.burst)
        if self._credits >= cost:
            return 0
        return int((cost - self._credits) * 1_000 / rate.per_second) + 1

    def spend(self, cost: int) -> None:
        """Take credits that are there."""
        self._credits -= cost


class Purse(NamedTuple):
    """The two buckets of one payer."""

    reads: Bucket
    matching: Bucket


class Payers:
    """The purses of all accounts and addresses."""

    def __init__(self, limits: TradingLimits) -> None:
        self._limits = limits
        self._purses: OrderedDict[str, Purse] = OrderedDict()

    def purse(self, payer: str, now_ms: int) -> Purse:
        """Return the purse of a payer, full if it is new."""
        purse = self._purses.get(payer)
        if purse is None:
            limits = self._limits
            purse = Purse(Bucket(limits.reads, now_ms), Bucket(limits.matching, now_ms))
            self._purses[payer] = purse
            if len(self._purses) > MAX_PAYERS:
                self._purses.popitem(last=False)
        self._purses.move_to_end(payer)
        return purse


def charge(first: Bucket, second: Bucket, cost: int, now_ms: int) -> None:
    """Take credits from both buckets or from none.

    Raises
    ------
    RpcError
        10028 with `data.retry_after_ms` if one of them has too few.
    """
    wait_ms = max(first.missing_ms(cost, now_ms), second.missing_ms(cost, now_ms))
    if wait_ms:
        raise RpcError(
            TOO_MANY_REQUESTS,
            "too_many_requests",
            reason="TOO_MANY_REQUESTS",
            extra={"retry_after_ms": wait_ms},
        )
    first.spend(cost)
    second.spend(cost)
