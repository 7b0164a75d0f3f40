"""One user of the trading interface: login, channels, heartbeat, credits. Decides nothing else."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from rollup_node.ports import Clock
from rollup_node.rpc.backend import Backend
from rollup_node.rpc.channels import Channel, parse_channel
from rollup_node.rpc.credits import Bucket, Payers, Purse, charge
from rollup_node.rpc.errors import invalid_params
from rollup_node.rpc.hub import Hub
from rollup_node.rpc.limits import TradingLimits
from rollup_node.rpc.logins import Login, Logins
from rollup_node.rpc.market_data import MarketData
from rollup_node.rpc.outbox import Outbox
from rollup_node.rpc.rfq_desk import RfqDesk
from rollup_node.rpc.trading_codes import must_be_websocket, unauthorized

POLICY_VIOLATION: Final = 1008
TRY_AGAIN_LATER: Final = 1013

_HEARTBEAT: Final = b'{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"heartbeat"}}'
_TEST_REQUEST: Final = b'{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}'

End = Callable[[int, str], None]


class Desk:
    """What all sessions share: the node, the markets, the channels, open requests, who pays."""

    def __init__(
        self, backend: Backend, market: MarketData, limits: TradingLimits, clock: Clock
    ) -> None:
        self.backend, self.market = backend, market
        self.limits, self.clock = limits, clock
        self.hub = Hub(market)
        self.logins = Logins(market, clock)
        self.payers = Payers(limits)
        self.rfqs = RfqDesk(clock, self.hub.on_rfq)


class Session:
    """A WebSocket, or one request over HTTP (`end` is `None`: nothing can be sent later).

    `finishes` is what answers the records of each method here.
    """

    def __init__(self, desk: Desk, address: str, end: End | None = None) -> None:
        """Begin without login; `end(code, text)` closes the connection."""
        self.desk = desk
        self.outbox = Outbox()
        self.login: Login | None = None
        self.after: list[Callable[[], None]] = []
        self.in_flight = 0
        self.room = asyncio.Event()
        self.last_words: list[bytes] = []
        self.finishes: dict[str, Any] = {}
        self._address, self._end = address, end
        self._is_ended = False
        self._channels: dict[str, Channel] = {}
        self._interval_ms = 0
        self._beat_ms = 0
        self._is_asked = False
        now_ms = desk.clock.monotonic_ms()
        limits = desk.limits
        self._reads = Bucket(limits.connection_reads, now_ms)
        self._matching = Bucket(limits.connection_matching, now_ms)
        self._purse = desk.payers.purse(f"address {address}", now_ms)

    @property
    def purse(self) -> Purse:
        """What the account pays from, or the address of who is not logged in."""
        return self._purse

    @property
    def account(self) -> int:
        """The account that is logged in.

        Raises
        ------
        RpcError
            13009 if none is.
        """
        if self.login is None:
            raise unauthorized("call public/auth first")
        if self.login.until_ms <= self.desk.clock.now_ms():
            self.log_in(self.desk.logins.renew(self.login))
        return self.login.account

    def log_in(self, login: Login) -> None:
        """See an account from now on; channels of another one are left."""
        if self.login is not None and self.login.account != login.account:
            self._leave_private()
        self.login = login
        now_ms = self.desk.clock.monotonic_ms()
        self._purse = self.desk.payers.purse(f"account {login.account}", now_ms)

    def log_out(self) -> None:
        """See no account any more."""
        if self.login is not None:
            self._leave_private()
            self.desk.logins.logout(self.login.token)
            self.login = None

    def charge_read(self) -> None:
        """Pay for a request that reads.

        Raises
        ------
        RpcError
            10028 without credits.
        """
        charge(self._reads, self._purse.reads, 1, self.desk.clock.monotonic_ms())

    def charge_matching(self, credits_due: int) -> None:
        """Pay for a request that may change a book.

        Raises
        ------
        RpcError
            10028 without credits.
        """
        now_ms = self.desk.clock.monotonic_ms()
        charge(self._matching, self._purse.matching, credits_due, now_ms)

    def need_websocket(self, method: str) -> None:
        """Refuse what makes no sense over HTTP.

        Raises
        ------
        RpcError
            10030 over HTTP.
        """
        if self._end is None:
            raise must_be_websocket(method)

    # Channels

    def subscribe(self, names: list[str]) -> list[str]:
        """Read channels; what they begin with comes after the answer. Returns all names.

        Raises
        ------
        RpcError
            -32602 for a wrong name or too many, 13009 for a private one without login; then none
            is read that was not before.
        """
        found = [parse_channel(name, self.desk.market) for name in names]
        if any(channel.topic.is_private for channel in found):
            self.account  # noqa: B018 - refuses who is not logged in
        fresh = {c.name: c for c in found if c.name not in self._channels}
        most = self.desk.limits.channels
        if len(self._channels) + len(fresh) > most:
            raise invalid_params(f"more than {most} channels on one connection", "channels")
        self._channels |= fresh
        account = self.login.account if self.login is not None else None
        for channel in fresh.values():
            self.after.append(lambda c=channel: self._join(c, account))  # type: ignore[misc]
        return [channel.name for channel in found]

    def unsubscribe(self, names: list[str] | None = None) -> list[str]:
        """Read channels no more, all if none is named; return those that were read."""
        left = list(self._channels) if names is None else [n for n in names if n in self._channels]
        account = self.login.account if self.login is not None else None
        for name in left:
            self.desk.hub.leave(self, self._channels.pop(name), account)
        return left

    def tell(self, message: bytes, *, is_book: bool) -> None:
        """Send a message of a channel: a slow connection loses its books, then itself.

        What counts is the backlog before it: one long image is no sign of slowness.
        """
        is_slow = self.outbox.size_bytes > self.desk.limits.slow_bytes
        self.outbox.put(message, is_book=is_book)
        if is_slow:
            self.give_way()

    def _join(self, channel: Channel, account: int | None) -> None:
        if self._channels.get(channel.name) is channel:
            self.desk.hub.join(self, channel, account)

    def _leave_private(self) -> None:
        self.unsubscribe([c.name for c in self._channels.values() if c.topic.is_private])

    def give_way(self) -> None:
        """Shorten the outbox: books first; if that is not enough, the connection."""
        books = [c.name for c in self._channels.values() if c.topic.is_book]
        if books:
            self.unsubscribe(books)
            self.outbox.drop_books()
            names = b",".join(b'"%b"' % name.encode() for name in books)
            self.outbox.put(
                b'{"jsonrpc":"2.0","method":"unsubscribed","params":{"channels":[%b],'
                b'"reason":"SLOW_READER","action":"subscribe again for a new image"}}' % names
            )
        if self.outbox.size_bytes > self.desk.limits.most_bytes:
            self.end(TRY_AGAIN_LATER, "reads too slowly")

    # Heartbeat

    def set_heartbeat(self, interval_ms: int) -> None:
        """Ask the client for a sign of life once per interval; 0 asks no more."""
        self._interval_ms, self._is_asked = interval_ms, False
        self._beat_ms = self.desk.clock.monotonic_ms()
        if interval_ms:
            self.after.append(lambda: self.outbox.put(_HEARTBEAT))

    def answer_test(self) -> None:
        """Take the sign of life."""
        self._is_asked = False

    def tick(self, now_ms: int) -> None:
        """Beat if it is time; who did not answer the last test request is disconnected."""
        if not self._interval_ms or now_ms - self._beat_ms < self._interval_ms:
            return
        if self._is_asked:
            self.end(POLICY_VIOLATION, "no public/test after a test_request")
            return
        self._beat_ms, self._is_asked = now_ms, True
        self.outbox.put(_TEST_REQUEST)

    def end(self, code: int, text: str) -> None:
        """Close the connection."""
        if self._end is not None and not self._is_ended:
            self._is_ended = True
            self.unsubscribe()
            self._end(code, text)

    def leave(self) -> None:
        """Take note that the connection is gone."""
        self._is_ended = True
        self.finishes = {}
        self.unsubscribe()
