"""The oracle keeper: asks publishers, has them sign, hands reports to the exchange, or to L1.

It holds no key of its own but that of the L1 account which pays for posts: whatever it does,
a price needs the signatures of enough publishers.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from rollup_node.codec.eip712 import report_digest
from rollup_node.codec.records import encode_open
from rollup_node.codec.signature import recover
from rollup_node.core.inputs import Report
from rollup_node.node.oracle_state import FeedState, OracleExchange, OracleState
from rollup_node.ports import Clock, InputError, L1Sender, RollupError, TemporaryError
from rollup_node.roles import oracle, oracle_settlement
from rollup_node.roles.oracle import FeedView, OracleMemory, OracleView, PostReport
from rollup_node.roles.oracle_reports import PRICE, Feed, FeedReport, Observation, OraclePolicy
from rollup_node.roles.oracle_settlement import (
    Collect,
    SettlementMemory,
    SettlementView,
    Slot,
    compute_sample,
)

_ANSWER_SECONDS: Final = 0.5
"""How long a publisher may take: a slow one is like one that is down."""

_logger = logging.getLogger(__name__)
_T = TypeVar("_T")


class Publisher(Protocol):
    """One publisher, here or elsewhere. Its methods may raise `TemporaryError`."""

    number: int
    address: bytes

    async def observe(self, feed: Feed, time_ms: int) -> Observation | None:
        """Return what it sees of a feed at a time, `None` if nothing."""

    async def sign(self, report: Report) -> bytes | None:
        """Return its signature, `None` if it objects."""


@dataclass
class OracleCounters:
    """What the keeper did."""

    signed: int = 0
    unsigned: int = 0
    refused: int = 0
    posted: int = 0
    bad_signatures: int = 0


@dataclass
class OracleKeeper:
    """Keeps the prices of the exchange fresh; call `act` a few times a second, then `stop`."""

    domain: bytes
    publishers: Sequence[Publisher]
    exchange: OracleExchange
    sender: L1Sender | None
    clock: Clock
    policy: OraclePolicy = field(default_factory=OraclePolicy)
    memory: OracleMemory = field(default_factory=OracleMemory)
    settlements: SettlementMemory = field(default_factory=SettlementMemory)
    counters: OracleCounters = field(default_factory=OracleCounters)
    state: OracleState = field(default_factory=OracleState)
    has_heard: bool = False
    """Whether the exchange ever answered."""
    _hears: bool = True
    _looked_ms: int = 0
    """When volatilities were looked at last."""
    _posts: set[asyncio.Task[None]] = field(default_factory=set)

    def expiry_of(self, feed: Feed) -> int:
        """Return the settlement date (unix seconds) of a feed, 0 if it has none."""
        dates = (date for date in self.state.expiries if date[:2] == feed)
        return next((date.expiry for date in dates), 0)

    async def act(self) -> bool:
        """Report what is due; tell whether anything was. An exchange that is silent is no end."""
        try:
            self.state = await self.exchange.read()
            self._hears = self.has_heard = True
            threshold = self.state.publishers.threshold
            self.policy = self.policy._replace(quorum=threshold or self.policy.quorum)
        except TemporaryError as error:
            if self._hears:
                _logger.warning("exchange does not answer: %s", error)
            self._hears = False
        reports = await self._report()
        return await self._settle() or reports

    async def stop(self) -> None:
        """Give up posts that are not mined yet."""
        for post in self._posts:
            post.cancel()
        await self.drain()

    async def drain(self) -> None:
        """Wait until every post on L1 is mined or has failed."""
        await asyncio.gather(*self._posts, return_exceptions=True)

    def status(self) -> dict[str, Any]:
        """Return what was done, and by feed what was said last."""
        feeds = {
            f"{feed[0]}/{'price' if feed[1] == PRICE else feed[1]}": {
                "round": own.said.round,
                "time_ms": own.said.time_ms,
                "value": own.said.value,
                "is_waiting": own.waiting is not None,
            }
            for feed, own in self.memory.feeds.items()
        }
        return {"oracle": {**vars(self.counters), "feeds": feeds}}

    async def _report(self) -> bool:
        now_ms = self.clock.now_ms()
        wanted = self._wanted(now_ms)
        seen = await asyncio.gather(*(self._observe(state.feed, now_ms) for state in wanted))
        feeds = [
            FeedView(
                state.feed,
                state.accepted,
                observations,
                state.price,
                state.has_strikes,
                self.expiry_of(state.feed),
            )
            for state, observations in zip(wanted, seen, strict=True)
        ]
        view = OracleView(now_ms, feeds)
        self.memory, actions = oracle.decide(view, self.memory, self.policy)
        for action in actions:
            if isinstance(action, PostReport):
                self._post(action.report)
            else:
                await self._propose(action.report)
        return bool(actions)

    async def _settle(self) -> bool:
        view = SettlementView(self.clock.now_ms(), self.state.expiries)
        self.settlements, actions = oracle_settlement.decide(view, self.settlements, self.policy)
        for action in actions:
            if isinstance(action, Collect):
                await self._collect(action.slot)
            else:
                self._post(action.sample)
        return bool(actions)

    def _wanted(self, now_ms: int) -> list[FeedState]:
        """Return the feeds to look at now: those of dates to come, volatilities not every time."""
        looks = now_ms - self._looked_ms >= self.policy.surface_look_ms
        if looks:
            self._looked_ms = now_ms
        return [
            state
            for state in self.state.feeds
            if self._is_alive(state.feed, now_ms) and (looks or not state.has_strikes)
        ]

    def _is_alive(self, feed: Feed, now_ms: int) -> bool:
        return feed[1] == PRICE or now_ms < self.expiry_of(feed) * 1_000

    async def _propose(self, report: FeedReport) -> None:
        signatures = await self._sign(report)
        if not signatures:
            return
        signed = report._replace(signatures=signatures)
        self.memory = oracle.note_signed(self.memory, signed, self.clock.now_ms())
        if not await self._submit(signed):
            self.memory = oracle.note_refused(self.memory, signed)

    async def _collect(self, slot: Slot) -> None:
        observations = await self._observe((slot.underlying, PRICE), slot.time_ms)
        sample = compute_sample(slot, observations, self.policy)
        signatures = () if sample is None else await self._sign(sample)
        if sample is None or not signatures:
            return
        signed = sample._replace(signatures=signatures)
        self.settlements = oracle_settlement.note_signed(self.settlements, signed)
        await self._submit(signed)

    async def _observe(self, feed: Feed, time_ms: int) -> list[Observation]:
        calls = (_ask(publisher.observe(feed, time_ms)) for publisher in self.publishers)
        answers = await asyncio.gather(*calls)
        numbered = zip(self.publishers, answers, strict=True)
        return [seen for publisher, seen in numbered if seen and seen.publisher == publisher.number]

    async def _sign(self, report: Report) -> tuple[bytes, ...]:
        """Return as many signatures as a report needs, by place, or none if too few sign."""
        answers = await asyncio.gather(*(_ask(p.sign(report)) for p in self.publishers))
        digest = report_digest(self.domain, report)
        places = self.state.publishers.addresses
        found: dict[int, bytes] = {}
        for publisher, signature in zip(self.publishers, answers, strict=True):
            if signature is None:
                continue
            if recover(digest, signature) == publisher.address and publisher.address in places:
                found[places.index(publisher.address)] = signature
            else:
                self.counters.bad_signatures += 1
        if len(found) < self.policy.quorum:
            self.counters.unsigned += 1
            fields = {"report": type(report).__name__, "signers": sorted(found)}
            _logger.warning("%d of %d signatures", len(found), self.policy.quorum, extra=fields)
            return ()
        self.counters.signed += 1
        return tuple(found[place] for place in sorted(found)[: self.policy.quorum])

    async def _submit(self, report: Report) -> bool:
        try:
            await self.exchange.submit(report)
        except (InputError, TemporaryError) as error:
            self.counters.refused += 1
            level = logging.WARNING if self._hears else logging.DEBUG
            _logger.log(level, "%s not taken: %s", type(report).__name__, error)
            return False
        return True

    def _post(self, report: Report) -> None:
        """Post on L1 in the background: reports to the sequencer go on meanwhile."""
        if self.sender is None:
            return
        post = asyncio.ensure_future(self._send(self.sender, report))
        self._posts.add(post)
        post.add_done_callback(self._posts.discard)

    async def _send(self, sender: L1Sender, report: Report) -> None:
        kind = type(report).__name__
        try:
            receipt = await sender.send("inbox", "sendFast", encode_open(report))
        except RollupError as error:
            _logger.warning("%s not posted on L1: %s", kind, error)
            return
        self.counters.posted += 1
        fields = {"gas": receipt.gas_used, "transaction": receipt.transaction_hash}
        _logger.info("posted a %s on L1", kind, extra=fields)


async def _ask(answer: Coroutine[Any, Any, _T | None]) -> _T | None:
    """Wait for a publisher; one that fails or is slow says nothing."""
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            return await answer
    except (TimeoutError, TemporaryError):
        return None
