"""Whom to liquidate and whom to look at: accounts near maintenance often, others hardly ever.

After a look an account is left alone until some price has moved so far that it could have lost its
room, or until the interval of its tier is over, since funding and interest nibble at it too. So
the work of a block grows with the accounts near maintenance, not with their number.
"""

from heapq import heappop, heappush
from typing import Final, NamedTuple

from rollup_node.core.auctions import AUCTION_MS, SALE_MS
from rollup_node.core.fixed_point import div_down
from rollup_node.core.flags import FUND_FLAG, LIQUIDATING_FLAG
from rollup_node.core.inputs import Liquidate, Takeover

PPM: Final = 1_000_000
RETRY_MS: Final = 1_000
"""A liquidation that was asked for is asked for again after this time."""
RUINED_RETRY_MS: Final = 10_000
"""The same of an account without equity: nothing but bids above the mark can reduce it (L-2), and
it waits for a buyer or the insurance, so asking often would only fill blocks."""

CLEAR_MS: Final = 5_000
"""An account of the fund is reduced, and a takeover that failed tried again, after this time."""


class Tier(NamedTuple):
    """Accounts with at least this much room are looked at after this time at the latest."""

    room_ppm: int
    interval_ms: int


TIERS: Final = (
    Tier(160_000, 64_000),
    Tier(80_000, 32_000),
    Tier(40_000, 8_000),
    Tier(20_000, 2_000),
    Tier(0, 0),
)
"""The last one: every time."""


class Health(NamedTuple):
    """How an account stood when it was looked at, in µUSDC.

    `exposures` is what equity less maintenance could lose per underlying if its price moved by
    100 %; `series` the largest position that can be reduced, 0 if there is none: options are not
    (L-2), nor is what is sold as a whole.
    """

    equity: int
    maintenance: int
    exposures: tuple[int, ...]
    series: int

    @property
    def has_no_risk(self) -> bool:
        """Tell whether no position requires anything, and no debt is beyond its collateral."""
        return not self.series and not self.maintenance and self.equity >= 0

    @property
    def room_ppm(self) -> int:
        """How far all prices may move against the account before it is at maintenance."""
        total = sum(self.exposures)
        spare = max(self.equity - self.maintenance, 0)
        return min(div_down(spare * PPM, total), PPM) if total else PPM


class Watch:
    """Remembers when to look at whom; `looks` counts what came of it."""

    def __init__(self) -> None:
        self._versions: dict[int, int] = {}
        self._above: dict[int, list[tuple[int, int, int]]] = {}
        self._below: dict[int, list[tuple[int, int, int]]] = {}
        self._later: list[tuple[int, int, int]] = []
        self._asked: dict[int, int] = {}
        self.looks = 0

    def due(self, prices: tuple[int, ...], now_ms: int) -> list[int]:
        """Return the accounts to look at now, in ascending order; they are forgotten here."""
        found: set[int] = set()
        for underlying, price in enumerate(prices):
            self._pop(self._above.get(underlying, []), price, found)
            self._pop(self._below.get(underlying, []), -price, found)
        self._pop(self._later, now_ms, found)
        return sorted(found)

    def note(
        self, account: int, health: Health, prices: tuple[int, ...], now_ms: int
    ) -> Liquidate | None:
        """Take down a look at an account; return the liquidation that it calls for.

        One of which nothing can be reduced - a debt without a position, after a settlement perhaps,
        or options alone - is called for with series 0: that puts it up for sale.
        """
        self.looks += 1
        version = self._versions.get(account, 0) + 1
        self._versions[account] = version
        if health.has_no_risk:
            return None
        room = health.room_ppm
        if room:
            self._watch_prices(account, version, health, prices)
        wait_ms = next(tier.interval_ms for tier in TIERS if room >= tier.room_ppm)
        heappush(self._later, (now_ms + wait_ms, version, account))
        if health.equity >= health.maintenance or self._asked.get(account, 0) > now_ms:
            return None
        self._asked[account] = now_ms + (RETRY_MS if health.equity > 0 else RUINED_RETRY_MS)
        return Liquidate(account, health.series)

    def _watch_prices(
        self, account: int, version: int, health: Health, prices: tuple[int, ...]
    ) -> None:
        """Come back when a price has moved half of what the account can bear."""
        for underlying, exposure in enumerate(health.exposures):
            if exposure:
                step = div_down(prices[underlying] * health.room_ppm, 2 * PPM)
                above = self._above.setdefault(underlying, [])
                below = self._below.setdefault(underlying, [])
                heappush(above, (prices[underlying] + step + 1, version, account))
                heappush(below, (-(prices[underlying] - step - 1), version, account))

    def _pop(self, heap: list[tuple[int, int, int]], limit: int, found: set[int]) -> None:
        """Take out what has come true; entries of older looks are void."""
        while heap and heap[0][0] <= limit:
            _, version, account = heappop(heap)
            if self._versions.get(account) == version:
                found.add(account)


class Remains:
    """Accounts in liquidation: who is for the fund now, and how the fund gets rid of what it took.

    Bidders have their time first (docs/spec.md L-5): ten minutes if an account owes more than it
    has, two hours else. The fund reduces its accounts; what is without positions gives its cash to
    the insurance, and what has collateral left stays for sale.
    """

    def __init__(self) -> None:
        self._next: dict[int, int] = {}
        self._cleared: set[int] = set()

    @property
    def accounts(self) -> list[int]:
        """All of them, in ascending order."""
        return sorted(self._next)

    def note(self, account: int, flags: int) -> None:
        """Take down what the flags of an account say, when they may have changed."""
        if not flags & FUND_FLAG:
            self._cleared.discard(account)
        if not flags & LIQUIDATING_FLAG:
            self._next.pop(account, None)
        elif account not in self._cleared:
            self._next.setdefault(account, 0)

    def due(self, now_ms: int) -> list[int]:
        """Return the accounts to decide about now, in ascending order."""
        return sorted(account for account, at_ms in self._next.items() if at_ms <= now_ms)

    def decide(
        self, account: int, flags: int, auction_ms: int, health: Health, now_ms: int
    ) -> Liquidate | Takeover | None:
        """Return what is to be done about an account that is due, and when to look again.

        Who is cured is free in the next step that finds it so (L-2): a liquidation does.
        """
        self._next[account] = now_ms + CLEAR_MS
        if flags & FUND_FLAG:
            return self._clear(account, health, now_ms)
        if health.equity >= health.maintenance:
            return Liquidate(account, health.series)
        if not auction_ms:
            return None
        first_ms = auction_ms + (SALE_MS if health.equity < 0 else AUCTION_MS)
        if now_ms >= first_ms:
            return Takeover(account)
        return None

    def _clear(self, account: int, health: Health, now_ms: int) -> Liquidate | Takeover:
        if health.series:
            return Liquidate(account, health.series)
        if any(health.exposures):
            self._next[account] = now_ms + SALE_MS
        else:
            del self._next[account]
            self._cleared.add(account)
        return Takeover(account)
