"""Whom to liquidate and whom to look at: accounts near maintenance often, others hardly ever.

After a look an account is left alone until some price has moved so far that it could have lost its
room, or until the interval of its tier is over, since funding and interest nibble at it too. So
the work of a block grows with the accounts near maintenance, not with their number.
"""

from heapq import heappop, heappush
from typing import Final, NamedTuple

from rollup_node.core.fixed_point import div_down
from rollup_node.core.inputs import Liquidate

PPM: Final = 1_000_000
RETRY_MS: Final = 1_000
"""A liquidation that was asked for is asked for again after this time."""
RUINED_RETRY_MS: Final = 10_000
"""The same of an account without equity: nothing but bids above the mark can reduce it (L-2), and
it waits for a buyer or the insurance, so asking often would only fill blocks."""


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
    100 %; `series` its largest position, 0 if it has none.
    """

    equity: int
    maintenance: int
    exposures: tuple[int, ...]
    series: int

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
        """Take down a look at an account; return the liquidation that it calls for."""
        self.looks += 1
        version = self._versions.get(account, 0) + 1
        self._versions[account] = version
        if not health.series:
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
