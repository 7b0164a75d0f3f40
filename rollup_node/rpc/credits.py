"""Credits: what one connection, account or address has left to ask with; knows no methods."""

from collections import OrderedDict
from typing import Final, NamedTuple

from rollup_node.rpc.errors import RpcError
from rollup_node.rpc.limits import Rate, TradingLimits

TOO_MANY_REQUESTS: Final = 10028
MAX_PAYERS: Final = 65_536
"""Payers that are remembered; the one that asked least recently is forgotten first, and full."""


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
        rate = self._rate
        if now_ms > self._at_ms:  # not for each of the requests of one millisecond
            filled = (now_ms - self._at_ms) * rate.per_second / 1_000
            self._credits = min(self._credits + filled, float(rate.burst))
            self._at_ms = now_ms
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
