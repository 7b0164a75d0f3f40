"""A publisher of prices in this process: it looks at a source and signs with its own key."""

from collections.abc import Callable
from typing import Protocol

from rollup_node.codec.eip712 import report_digest
from rollup_node.codec.signature import address_of, sign
from rollup_node.core.inputs import PriceReport, Report, SettlementPrice, SurfaceReport
from rollup_node.core.surface import Smile
from rollup_node.ports import Clock
from rollup_node.roles.oracle_reports import (
    NOTHING,
    PRICE,
    Accepted,
    Feed,
    Observation,
    OraclePolicy,
    feed_of,
    summary,
)
from rollup_node.roles.oracle_settlement import Slot
from rollup_node.roles.publisher import Objection, check_report, check_sample, check_smile


class FeedSource(Protocol):
    """Where a publisher sees values; µUSDC for one unit, times in unix ms."""

    def value_at(self, feed: Feed, expiry: int, time_ms: int) -> tuple[int, int] | None:
        """Return the newest value of a feed at a time and when it was made, `None` if unknown.

        `expiry` is the settlement date of a forward in unix seconds, 0 for a price.
        """

    def smile_at(self, feed: Feed, expiry: int, time_ms: int) -> Smile:
        """Return the volatilities of a date at a time, none if they are unknown."""


class LocalPublisher:
    """One key and what it signs; `refused` counts by objection."""

    def __init__(
        self,
        number: int,
        key: bytes,
        domain: bytes,
        source: FeedSource,
        expiry_of: Callable[[Feed], int],
        clock: Clock,
        policy: OraclePolicy,
    ) -> None:
        """Take the place in the exchange's list, and a function that tells the date of a slot."""
        self.number = number
        self.address = address_of(key)
        self.refused: dict[Objection, int] = {}
        self._key, self._domain = key, domain
        self._source, self._expiry_of = source, expiry_of
        self._clock, self._policy = clock, policy
        self._signed: dict[Feed, Accepted] = {}

    async def observe(self, feed: Feed, time_ms: int) -> Observation | None:
        """Return what it sees of a feed at a time."""
        return self._see(feed, time_ms)

    async def sign(self, report: Report) -> bytes | None:
        """Return its signature, `None` if it objects."""
        objection = self._object(report)
        if objection:
            self.refused[objection] = self.refused.get(objection, 0) + 1
            return None
        if not isinstance(report, SettlementPrice):
            self._signed[feed_of(report)] = summary(report)
        return sign(report_digest(self._domain, report), self._key)

    def _object(self, report: Report) -> Objection:
        now_ms = self._clock.now_ms()
        price_feed = (report.underlying, PRICE)
        if isinstance(report, SettlementPrice):
            seen = self._see(price_feed, Slot(*report[:4]).time_ms)
            return check_sample(report, seen, now_ms, self._policy)
        feed = feed_of(report)
        if not isinstance(report, PriceReport) and report.expiry != self._expiry_of(feed):
            return Objection.WRONG_TIME
        seen, price = self._see(feed, report.time_ms), self._see(price_feed, report.time_ms)
        last = self._signed.get(feed, NOTHING)
        measure = 0 if price is None else price.value
        objection = check_report(report, seen, measure, last, now_ms, self._policy)
        if objection or seen is None or not isinstance(report, SurfaceReport):
            return objection
        left_ms = self._expiry_of(feed) * 1_000 - report.time_ms
        return check_smile(report, seen, left_ms, self._policy)

    def _see(self, feed: Feed, time_ms: int) -> Observation | None:
        expiry = 0 if feed[1] == PRICE else self._expiry_of(feed)
        found = self._source.value_at(feed, expiry, time_ms)
        if found is None:
            return None
        nodes = self._source.smile_at(feed, expiry, time_ms) if expiry else ()
        return Observation(self.number, *found, nodes)
